//===- Layout.cpp - Which thread has which element ------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Layout.h"

#include "llvm/Support/MathExtras.h"

using namespace ockham::cuda;

AxisLayout ockham::cuda::getRowLayout(StrategyAttr strategy, int64_t rows) {
  AxisLayout layout;
  if (rows == 1) {
    layout.offsets = {0};
    return layout;
  }
  int64_t warps = strategy.getWarps()[0], lanes = strategy.getLanes()[0];
  // Fragments of mma.sync are 16 rows, two registers.
  int64_t unit = strategy.usesTensorCores() ? 16 : lanes;
  int64_t perWarp = llvm::alignTo(llvm::divideCeil(rows, warps), unit);
  for (int64_t offset = 0; offset < perWarp; offset += lanes)
    layout.offsets.push_back(offset);
  layout.terms = {{strategy.getLanes()[1], lanes, 1},
                  {32 * strategy.getWarps()[1], warps, perWarp}};
  layout.padded = warps * perWarp;
  return layout;
}

AxisLayout ockham::cuda::getColLayout(StrategyAttr strategy, int64_t cols) {
  AxisLayout layout;
  if (cols == 1) {
    layout.offsets = {0};
    return layout;
  }
  int64_t warps = strategy.getWarps()[1], lanes = strategy.getLanes()[1];
  layout.width = strategy.getVector();
  int64_t unit = lanes * layout.width;
  int64_t perWarp = llvm::alignTo(llvm::divideCeil(cols, warps), unit);
  for (int64_t offset = 0; offset < perWarp; offset += unit)
    layout.offsets.push_back(offset);
  layout.terms = {{1, lanes, layout.width}, {32, warps, perWarp}};
  layout.padded = warps * perWarp;
  return layout;
}
