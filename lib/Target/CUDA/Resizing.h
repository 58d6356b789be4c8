//===- Resizing.h - Which blocks may have another size ----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The size of a block is part of what a kernel means where steps do not end
// with a matrix, or where something is computed of a whole block. Elsewhere the
// target chooses it.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_CUDA_RESIZING_H
#define OCKHAM_LIB_TARGET_CUDA_RESIZING_H

#include "dialects/Tile/BlockSizes.h"

namespace ockham::cuda {

/// True if a kernel does the same with blocks of another size, as far as types
/// and constants tell. What they leave open is the kernel's word: a grid goes
/// as far as the matrices that are stored.
bool canResize(tile::KernelOp kernel, llvm::ArrayRef<tile::LaunchOp> launches,
               const tile::BlockSizes &sizes, unsigned cls, int64_t size);

/// True if a product is added to what a loop carries, from zero on, and is used
/// for nothing else.
bool isRunningSum(tile::DotOp dot);

} // namespace ockham::cuda

#endif // OCKHAM_LIB_TARGET_CUDA_RESIZING_H
