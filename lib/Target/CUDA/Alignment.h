//===- Alignment.h - Where rows of views begin ------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Pieces of 16 bytes may be moved at once only if they begin at a multiple of
// 16 bytes. What is known of that follows from extents, steps of grids and
// loops, and from the buffers of all launches; arguments begin at a multiple of
// 16 bytes, which is part of the launch contract (docs/cuda.md).
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_CUDA_ALIGNMENT_H
#define OCKHAM_LIB_TARGET_CUDA_ALIGNMENT_H

#include "dialects/Tile/TileDialect.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"

namespace ockham::cuda {

/// What all launches pass for a view.
struct ArgumentLayout {
  bool hasStride = false; ///< Rows do not simply follow each other.
  int64_t stride = 1;     ///< Rows are a multiple of so many elements apart,
  int64_t offset = 0;     ///< and the first begins at a multiple of so many.
};

using LaunchMap =
    llvm::DenseMap<mlir::StringAttr, llvm::SmallVector<tile::LaunchOp>>;
LaunchMap findLaunches(mlir::ModuleOp module);

/// Fails, with an error, for a buffer that is no view.
llvm::FailureOr<llvm::SmallVector<ArgumentLayout>>
getArgumentLayouts(tile::KernelOp kernel,
                   llvm::ArrayRef<tile::LaunchOp> launches);

/// A number that divides an index in a kernel; 0 is divided by all.
int64_t getKnownFactor(mlir::Value index);

class Alignment {
public:
  Alignment(tile::KernelOp kernel, llvm::ArrayRef<ArgumentLayout> layouts)
      : kernel(kernel), layouts(layouts) {}

  /// Bytes, a power of two up to 16, at a multiple of which each row of a
  /// window at column `col` begins.
  int64_t getBytes(mlir::Value view, mlir::Value col) const;
  /// The same for pieces of a row, each of which lies in one panel.
  int64_t getPieceBytes(mlir::Value view, mlir::Value col) const;

private:
  /// Elements that divide the place of element (0, 0), and the distance of
  /// rows.
  std::pair<int64_t, int64_t> getFactors(mlir::Value view) const;

  mutable tile::KernelOp kernel;
  llvm::ArrayRef<ArgumentLayout> layouts;
};

} // namespace ockham::cuda

#endif // OCKHAM_LIB_TARGET_CUDA_ALIGNMENT_H
