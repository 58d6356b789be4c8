//===- PackPanels.h - The layout of packed weights --------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one place that writes `!tile.view<RxCxT, panels<W, interleave = I>>`, for
// the compiler and for the runtime, and takes it apart again. Needs no LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_PACKPANELS_H
#define OCKHAM_RUNTIME_PACKPANELS_H

#include <cstdint>

namespace ockham::runtime {

/// A matrix in panels of `panel` columns, of which `interleave` rows lie
/// together, column by column: `[cols / panel, rows / interleave, panel,
/// interleave]`. The last panel and the last rows are filled up with zeros.
struct PanelLayout {
  int64_t rows, cols;   ///< Of the matrix.
  int64_t panel;        ///< At least 1.
  int64_t elementBytes; ///< 1, 2, 4 or 8.
  /// What is packed is the transpose of the tensor, which is [cols, rows].
  bool transposed = false;
  int64_t interleave = 1; ///< At least 1.

  int64_t countPanels() const { return (cols + panel - 1) / panel; }
  /// Rows of a panel, with those that fill it up.
  int64_t countPanelRows() const {
    return (rows + interleave - 1) / interleave * interleave;
  }
  /// Bytes of all panels.
  int64_t countBytes() const {
    return countPanels() * countPanelRows() * panel * elementBytes;
  }
  /// Where an element lies in its panel, counted in elements.
  int64_t getPlace(int64_t row, int64_t colInPanel) const {
    return (row / interleave * panel + colInPanel) * interleave +
           row % interleave;
  }
};

/// Packs the panels `[begin, end)`, so that threads can share the work. `to` is
/// the beginning of panel 0, `from` the tensor, row after row.
void packPanels(char *to, const char *from, const PanelLayout &layout,
                int64_t begin, int64_t end);

/// The tensor that was packed, row after row.
void unpackPanels(char *to, const char *from, const PanelLayout &layout);

/// Reads the layout of a weight of the model table: true for `panels<W>`, for
/// `panels<W, interleave = I>`, and for both with `, transposed` in front of
/// the last bracket, of a tensor of rank 2.
bool parsePanels(const char *text, const int64_t *shape, int32_t rank,
                 int64_t elementBytes, PanelLayout &layout);

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_PACKPANELS_H
