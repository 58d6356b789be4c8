//===- DeviceLoops.h - Loops that become kernels ----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_CUDA_HOST_DEVICELOOPS_H
#define OCKHAM_LIB_TARGET_CUDA_HOST_DEVICELOOPS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace ockham {

/// Lowers a reduction of integers to one element to a parallel loop with an
/// atomic operation. False for anything else.
bool lowerToAtomics(mlir::linalg::LinalgOp op);

/// Indices that are elements are checked only when the call is over: until then
/// what lies outside is not written, and read as zero.
void guardAccesses(mlir::scf::ParallelOp loop);

} // namespace ockham

#endif // OCKHAM_LIB_TARGET_CUDA_HOST_DEVICELOOPS_H
