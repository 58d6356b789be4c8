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

void ockham::runtime::packPanels(char *to, const char *from,
                                 const PanelLayout &layout, int64_t begin,
                                 int64_t end) {
  int64_t bytes = layout.elementBytes, rows = layout.rows;
  int64_t rowBytes = layout.panel * bytes;
  for (int64_t p = begin; p < end; ++p) {
    int64_t first = p * layout.panel;
    int64_t count = std::min(layout.panel, layout.cols - first);
    char *panel = to + p * rows * rowBytes;
    if (count < layout.panel)
      std::memset(panel, 0, rows * rowBytes);
    if (!layout.transposed) {
      for (int64_t i = 0; i < rows; ++i)
        std::memcpy(panel + i * rowBytes,
                    from + (i * layout.cols + first) * bytes, count * bytes);
      continue;
    }
    // Rows of the transpose are read one after the other, some elements of
    // each at a time, so that what is written stays in the cache.
    constexpr int64_t rowsAtATime = 64;
    for (int64_t i0 = 0; i0 < rows; i0 += rowsAtATime)
      for (int64_t j = 0; j < count; ++j)
        for (int64_t i = i0; i < std::min(rows, i0 + rowsAtATime); ++i)
          std::memcpy(panel + i * rowBytes + j * bytes,
                      from + ((first + j) * rows + i) * bytes, bytes);
  }
}

void ockham::runtime::unpackPanels(char *to, const char *from,
                                   const PanelLayout &layout) {
  int64_t bytes = layout.elementBytes, rows = layout.rows;
  int64_t rowBytes = layout.panel * bytes;
  for (int64_t p = 0, panels = layout.countPanels(); p < panels; ++p) {
    int64_t first = p * layout.panel;
    int64_t count = std::min(layout.panel, layout.cols - first);
    const char *panel = from + p * rows * rowBytes;
    if (!layout.transposed) {
      for (int64_t i = 0; i < rows; ++i)
        std::memcpy(to + (i * layout.cols + first) * bytes,
                    panel + i * rowBytes, count * bytes);
      continue;
    }
    for (int64_t j = 0; j < count; ++j)
      for (int64_t i = 0; i < rows; ++i)
        std::memcpy(to + ((first + j) * rows + i) * bytes,
                    panel + i * rowBytes + j * bytes, bytes);
  }
}

bool ockham::runtime::parsePanels(const char *text, const int64_t *shape,
                                  int32_t rank, int64_t elementBytes,
                                  PanelLayout &layout) {
  constexpr char begin[] = "panels<";
  if (rank != 2 || std::strncmp(text, begin, sizeof(begin) - 1) != 0)
    return false;
  text += sizeof(begin) - 1;
  if (*text < '1' || *text > '9')
    return false;
  char *rest;
  layout.panel = std::strtoll(text, &rest, 10);
  layout.transposed = std::strcmp(rest, ", transposed>") == 0;
  if (!layout.transposed && std::strcmp(rest, ">") != 0)
    return false;
  layout.elementBytes = elementBytes;
  layout.rows = shape[layout.transposed];
  layout.cols = shape[!layout.transposed];
  // Tables are read from files: whoever counts bytes relies on this.
  int64_t cols, bytes;
  return layout.rows >= 0 && layout.cols >= 0 &&
         !__builtin_add_overflow(layout.cols, layout.panel, &cols) &&
         !__builtin_mul_overflow(cols, layout.rows, &bytes) &&
         !__builtin_mul_overflow(bytes, elementBytes, &bytes);
}
