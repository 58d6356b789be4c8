//===- ArenaLayout.h - Offsets of buffers of symbolic sizes -----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TRANSFORMS_ARENALAYOUT_H
#define OCKHAM_LIB_TRANSFORMS_ARENALAYOUT_H

#include "ExtentFormulas.h"

namespace ockham {

/// A sum of sizes: how often each occurs, by its number.
using SizeSum = std::map<unsigned, unsigned>;

/// The largest of some sums; none of them for 0. Kept short: no sum is in it
/// that is known to be at most another one.
using SizeMaximum = std::vector<SizeSum>;

/// A buffer to place.
struct ArenaItem {
  unsigned size;               ///< Number of its size.
  int64_t firstStep, lastStep; ///< When its memory is in use, inclusive.
};

/// Where everything lies (docs/memory.md). Right for all values of the sizes:
/// buffers that are in use at one time do not overlap.
struct ArenaLayout {
  /// The sizes that were given, then shared parts of formulas that would
  /// become too long, which are maxima of what stands before them.
  std::vector<Polynomial> sizes;
  std::vector<SizeMaximum> shared;
  std::vector<SizeMaximum> offsets; ///< One per item.
  SizeMaximum total;
  /// The most that is in use at one time; nothing where that is too long.
  std::optional<SizeMaximum> lowerBound;
  /// Total and lower bound at some values of the extents, for reports: the mean
  /// and the largest ratio.
  double meanRatio = 1.0, worstRatio = 1.0;
};

ArenaLayout layoutArena(const ExtentFormulas &formulas,
                        llvm::ArrayRef<Polynomial> sizes,
                        llvm::ArrayRef<ArenaItem> items);

/// The formula of a maximum, e.g. "max(64*batch, 128)".
std::string formatMaximum(const SizeMaximum &value, const ArenaLayout &layout,
                          SymbolNames names);

} // namespace ockham

#endif // OCKHAM_LIB_TRANSFORMS_ARENALAYOUT_H
