//===- AttentionHeads.h - From a product back to rows -----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_ATTENTIONHEADS_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_ATTENTIONHEADS_H

#include "Raising.h"
#include "Rotary.h"

#include <optional>

namespace ockham::raising {

/// Heads that were split off rows `[batch, sequence, heads * width]`, and what
/// happened to them on the way to a product.
struct Heads {
  /// Before the split. Only `partWidth` channels of each of its `count` ranges
  /// of `rangeWidth` channels, from `partBegin` on, belong to the heads.
  mlir::Value rows;
  int64_t count = 0;
  int64_t width = 0;
  int64_t rangeWidth = 0;
  int64_t partBegin = 0;
  /// Each head is used by so many neighbouring ones (grouped queries).
  int64_t repeats = 1;
  /// Constant factors on the way.
  double scale = 1.0;
  /// A norm per head, and then a rotation.
  tfm::NormOp norm;
  std::optional<Rotary> rotary;

  int64_t getUsedCount() const { return count * repeats; }
  /// Whether the heads' channels are all channels of the rows, in order.
  bool isWhole() const { return rangeWidth == width; }
};

/// What a product reads and how its dimensions are ordered.
struct HeadsRole {
  llvm::StringRef name;
  /// Where the dimensions batch, head, position, channel of the product's
  /// operand are among its dimensions.
  bool isTransposed;
  /// Queries and keys may be scaled, normalised and rotated.
  bool isScored;
};

/// Follows an operand of a product back to the rows.
llvm::LogicalResult matchHeads(mlir::Value value, const HeadsRole &role,
                               Attempt &attempt, Heads &heads);

/// Rows with the heads' channels only, in order: the rows themselves, or, where
/// the linear before them makes queries, keys and values head by head, a linear
/// with the columns of these. Null if there is no such linear.
mlir::Value getRows(mlir::OpBuilder &builder, const Heads &heads);

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_ATTENTIONHEADS_H
