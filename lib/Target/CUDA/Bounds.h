//===- Bounds.h - How small and how large places are ------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elements outside of a view are not touched, which takes a comparison for each
// of them unless it is known where a block lies. That follows from constants,
// from loops with known ends, and from the grid: its extents are part of all
// launches, or they are not negative at least.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_CUDA_BOUNDS_H
#define OCKHAM_LIB_TARGET_CUDA_BOUNDS_H

#include "dialects/Tile/TileDialect.h"

#include <limits>
#include <optional>

namespace ockham::cuda {

/// The least and the most that a number may be.
struct Bounds {
  static constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
  static constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  int64_t least = kLeast, most = kMost;

  bool isNeverNegative() const { return least >= 0; }
};

/// The extents of a kernel's grid, as far as all launches agree on them.
using GridExtents = llvm::SmallVector<std::optional<int64_t>>;

/// What a condition says of a number; null: nothing.
struct Assumption {
  mlir::Value number;
  int64_t most = Bounds::kMost;
};
Assumption getAssumption(mlir::Value condition);

/// Bounds of an index in a staged kernel, where the assumption holds.
Bounds getBounds(mlir::Value index, llvm::ArrayRef<std::optional<int64_t>> grid,
                 const Assumption &assumption = Assumption());

} // namespace ockham::cuda

#endif // OCKHAM_LIB_TARGET_CUDA_BOUNDS_H
