//===- PackPanels.cpp - The layout of packed weights ----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Runtime/PackPanels.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

using ockham::runtime::PanelLayout;

/// Calls `copy(place in the panel, place in the tensor)`, in bytes, for every
/// element of the panel, or for every row of it where rows lie in one piece.
template <typename Copy>
static void walkPanel(const PanelLayout &layout, int64_t number, Copy copy) {
  int64_t bytes = layout.elementBytes, rows = layout.rows;
  int64_t first = number * layout.panel;
  int64_t count = std::min(layout.panel, layout.cols - first);
  if (!layout.transposed && layout.interleave == 1) {
    for (int64_t i = 0; i < rows; ++i)
      copy(i * layout.panel * bytes, (i * layout.cols + first) * bytes,
           count * bytes);
    return;
  }
  if (!layout.transposed) {
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < count; ++j)
        copy(layout.getPlace(i, j) * bytes,
             (i * layout.cols + first + j) * bytes, bytes);
    return;
  }
  // Rows of the transpose are read one after the other, some elements of each
  // at a time, so that what is written stays in the cache.
  constexpr int64_t rowsAtATime = 64;
  for (int64_t i0 = 0; i0 < rows; i0 += rowsAtATime)
    for (int64_t j = 0; j < count; ++j)
      for (int64_t i = i0; i < std::min(rows, i0 + rowsAtATime); ++i)
        copy(layout.getPlace(i, j) * bytes, ((first + j) * rows + i) * bytes,
             bytes);
}

void ockham::runtime::packPanels(char *to, const char *from,
                                 const PanelLayout &layout, int64_t begin,
                                 int64_t end) {
  int64_t panelBytes =
      layout.countPanelRows() * layout.panel * layout.elementBytes;
  for (int64_t p = begin; p < end; ++p) {
    char *panel = to + p * panelBytes;
    if ((p + 1) * layout.panel > layout.cols ||
        layout.countPanelRows() != layout.rows)
      std::memset(panel, 0, panelBytes);
    walkPanel(layout, p, [&](int64_t inPanel, int64_t inTensor, int64_t bytes) {
      std::memcpy(panel + inPanel, from + inTensor, bytes);
    });
  }
}

void ockham::runtime::unpackPanels(char *to, const char *from,
                                   const PanelLayout &layout) {
  int64_t panelBytes =
      layout.countPanelRows() * layout.panel * layout.elementBytes;
  for (int64_t p = 0, panels = layout.countPanels(); p < panels; ++p)
    walkPanel(layout, p, [&](int64_t inPanel, int64_t inTensor, int64_t bytes) {
      std::memcpy(to + inTensor, from + p * panelBytes + inPanel, bytes);
    });
}

/// A number of at least 1 in decimal; goes behind it.
static bool parseCount(const char *&text, int64_t &count) {
  if (*text < '1' || *text > '9')
    return false;
  char *rest;
  count = std::strtoll(text, &rest, 10);
  text = rest;
  return true;
}

static bool skip(const char *&text, const char *word) {
  size_t length = std::strlen(word);
  if (std::strncmp(text, word, length) != 0)
    return false;
  text += length;
  return true;
}

bool ockham::runtime::parsePanels(const char *text, const int64_t *shape,
                                  int32_t rank, int64_t elementBytes,
                                  PanelLayout &layout) {
  if (rank != 2 || !skip(text, "panels<") || !parseCount(text, layout.panel))
    return false;
  layout.interleave = 1;
  if (skip(text, ", interleave = ") && !parseCount(text, layout.interleave))
    return false;
  layout.transposed = skip(text, ", transposed");
  if (std::strcmp(text, ">") != 0)
    return false;
  layout.elementBytes = elementBytes;
  layout.rows = shape[layout.transposed];
  layout.cols = shape[!layout.transposed];
  // Tables are read from files: whoever counts bytes relies on this.
  int64_t rows, cols, bytes;
  return layout.rows >= 0 && layout.cols >= 0 &&
         !__builtin_add_overflow(layout.rows, layout.interleave, &rows) &&
         !__builtin_add_overflow(layout.cols, layout.panel, &cols) &&
         !__builtin_mul_overflow(cols, rows, &bytes) &&
         !__builtin_mul_overflow(bytes, elementBytes, &bytes);
}
