//===- Layout.h - Which thread has which element ----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows and columns of a block are shared out independently. Of one axis a
// thread has elements `base + offset + e`: the base comes from its number, the
// offsets are those of its registers, and e goes through a vector. An axis of
// one element is in all threads, which makes statistics of rows (Mx1) and
// vectors over columns (1xN) slices of the layout of MxN.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_CUDA_LAYOUT_H
#define OCKHAM_LIB_TARGET_CUDA_LAYOUT_H

#include "ockham/Target/CUDA/CUDADialect.h"

namespace ockham::cuda {

/// One summand of a thread's base: (thread / div % mod) * scale.
struct AxisTerm {
  int64_t div, mod, scale;
};

struct AxisLayout {
  llvm::SmallVector<AxisTerm> terms;
  llvm::SmallVector<int64_t> offsets;
  int64_t width = 1;  ///< Neighbours in a register.
  int64_t padded = 1; ///< Extent with what fills up the last registers.
  /// True if all threads have all of the axis.
  bool isReplicated() const { return terms.empty(); }
};

AxisLayout getRowLayout(StrategyAttr strategy, int64_t rows);
AxisLayout getColLayout(StrategyAttr strategy, int64_t cols);

} // namespace ockham::cuda

#endif // OCKHAM_LIB_TARGET_CUDA_LAYOUT_H
