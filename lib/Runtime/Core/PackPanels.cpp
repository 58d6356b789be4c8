//===- PackPanels.cpp - The layout of packed weights ----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Runtime/PackPanels.h"

#include <algorithm>
#include <cstring>

void ockham::runtime::packPanels(char *to, const char *from,
                                 const PanelLayout &layout, bool transposed,
                                 int64_t begin, int64_t end) {
  int64_t bytes = layout.elementBytes, rows = layout.rows;
  int64_t rowBytes = layout.panel * bytes;
  for (int64_t p = begin; p < end; ++p) {
    int64_t first = p * layout.panel;
    int64_t count = std::min(layout.panel, layout.cols - first);
    char *panel = to + p * rows * rowBytes;
    if (count < layout.panel)
      std::memset(panel, 0, rows * rowBytes);
    if (!transposed) {
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
