//===- CUDADialect.h - Kernels of thread blocks -----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TARGET_CUDA_CUDADIALECT_H
#define OCKHAM_TARGET_CUDA_CUDADIALECT_H

#include "dialects/Tile/TileDialect.h"

#include "ockham/Target/CUDA/CUDADialect.h.inc"

#include "ockham/Target/CUDA/CUDAEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ockham/Target/CUDA/CUDAAttrs.h.inc"

#define GET_TYPEDEF_CLASSES
#include "ockham/Target/CUDA/CUDATypes.h.inc"

#define GET_OP_CLASSES
#include "ockham/Target/CUDA/CUDAOps.h.inc"

namespace ockham::cuda {

/// Bytes of shared memory that a thread block may have.
int64_t getMostSharedBytes(int64_t arch);
/// Registers of a thread that blocks may take; addresses need others.
constexpr int64_t kMostRegisters = 224;

/// Of a block or window that products read.
mlir::Type getFactorElement(mlir::Value factor);
/// Contracted positions of a product.
int64_t getDepth(tile::DotOp dot);
/// True if mma.sync can do the product.
bool isForTensorCores(tile::DotOp dot);
/// The same for f32 that is rounded to tf32.
bool isForTF32(tile::DotOp dot);

} // namespace ockham::cuda

#endif // OCKHAM_TARGET_CUDA_CUDADIALECT_H
