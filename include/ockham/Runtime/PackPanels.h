//===- PackPanels.h - The layout of packed weights --------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one place that writes `!tile.view<RxCxT, panels<W>>`, for the compiler
// and for the runtime. Needs no LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_PACKPANELS_H
#define OCKHAM_RUNTIME_PACKPANELS_H

#include <cstdint>

namespace ockham::runtime {

/// A matrix in panels of `panel` columns, `[cols / panel, rows, panel]`; the
/// last panel is filled up with zeros.
struct PanelLayout {
  int64_t rows, cols;   ///< Of the matrix.
  int64_t panel;        ///< At least 1.
  int64_t elementBytes; ///< 1, 2, 4 or 8.

  int64_t countPanels() const { return (cols + panel - 1) / panel; }
  /// Bytes of all panels.
  int64_t countBytes() const {
    return countPanels() * rows * panel * elementBytes;
  }
};

/// Packs the panels `[begin, end)`, so that threads can share the work. `to` is
/// the beginning of panel 0. `from` is the matrix, row after row, or its
/// transpose `[cols, rows]` if `transposed`.
void packPanels(char *to, const char *from, const PanelLayout &layout,
                bool transposed, int64_t begin, int64_t end);

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_PACKPANELS_H
