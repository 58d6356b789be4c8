//===- LowerMath.h - Functions that the GPU has, and polynomials -*- C++
//-*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_CUDA_LOWERMATH_H
#define OCKHAM_LIB_TARGET_CUDA_LOWERMATH_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace ockham::cuda {

/// Makes of math ops what needs no library of the CUDA toolkit: instructions
/// for powers and logarithms of 2, polynomials for what has none. An op that
/// has neither is an error.
llvm::LogicalResult lowerMath(mlir::gpu::GPUModuleOp device);

} // namespace ockham::cuda

#endif // OCKHAM_LIB_TARGET_CUDA_LOWERMATH_H
