//===- Preferences.h - What a target wants of kernels -----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A body knows no target, but there may be several bodies for one op, and which
// one is made, for blocks of which size, is for the target to say. Sizes of
// blocks are where a strategy begins: it may change them later, but for those
// that layouts in memory depend on.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_KERNELS_PREFERENCES_H
#define OCKHAM_KERNELS_PREFERENCES_H

#include <cstdint>

namespace ockham::kernels {

struct Preferences {
  /// Columns of a panel of packed weights; of those whose halves are
  /// multiplied.
  int64_t panel = 48, gatePanel = 32;
  /// Rows of a block of a product; of one with two accumulators.
  int64_t productRows = 8, gateRows = 6;
  /// Panels of bf16 that meet bf16 activations, those of weights and those of
  /// keys and values, have their rows in pairs, for instructions that multiply
  /// pairs.
  bool pairsOfRows = true;
  /// Transposed weights are read in rows where they are, not packed: a table
  /// that a head shares with the embedding has one place.
  bool tablesInRows = false;
  /// Attention reads keys in rows, for any number of queries; norms and
  /// rotation of queries and keys are kernels in front.
  bool keysInRows = false;
  /// Both factors of a product of attention have the memory's element type.
  bool narrowFactors = false;
  /// Blocks of attention: queries; keys that all of them see; other keys, in a
  /// divisor of those.
  int64_t queryBlock = 6, keyBlock = 64, keyRest = 16;
  /// Blocks of kernels without products: at most so many columns, and rows as
  /// long as they are no more elements than that.
  int64_t rowColumns = 128, rowCount = 1;

  int64_t getRowBlock(int64_t columns) const {
    int64_t rows = 1;
    while (2 * rows <= rowCount && 2 * rows * columns <= rowColumns)
      rows *= 2;
    return rows;
  }

  /// Blocks are vector registers. An accumulator of 8 x 48 leaves room for what
  /// is multiplied; two of them are 6 x 32.
  static Preferences forCPU() { return {}; }
  /// Blocks are shared by the warps of a thread block, and products are
  /// instructions on tiles, which read either factor along its rows.
  static Preferences forCUDA() {
    Preferences result;
    result.pairsOfRows = false;
    result.panel = result.gatePanel = 64;
    result.productRows = result.gateRows = 64;
    result.tablesInRows = result.keysInRows = result.narrowFactors = true;
    result.queryBlock = result.keyBlock = result.keyRest = 64;
    // A whole row, read once, and several where they are short.
    result.rowColumns = 4096;
    result.rowCount = 16;
    return result;
  }
};

} // namespace ockham::kernels

#endif // OCKHAM_KERNELS_PREFERENCES_H
