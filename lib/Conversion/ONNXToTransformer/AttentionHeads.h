//===- AttentionHeads.h - From a product back to rows -----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_ATTENTIONHEADS_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_ATTENTIONHEADS_H

#include "Extents.h"
#include "Raising.h"
#include "Rotary.h"

#include <optional>

namespace ockham::raising {

/// Heads that were split off rows `[batch, sequence, heads * width]`, and what
/// happened to them on the way to a product.
struct Heads {
  /// Before the split. The heads' channels are these columns, head by head.
  mlir::Value rows;
  llvm::SmallVector<int64_t> columns;
  /// Where heads do not come from rows (a cache has them already split), the
  /// heads themselves, and the order of their dimensions that gives
  /// [batch, sequence, heads, width].
  mlir::Value split;
  llvm::SmallVector<int64_t, 4> splitOrder;
  Extent batch, positions;
  int64_t count = 0;
  int64_t width = 0;
  /// Each head is used by so many neighbouring ones (grouped queries).
  int64_t repeats = 1;
  /// Constant factors on the way.
  double scale = 1.0;
  /// A norm per head, and then a rotation.
  tfm::NormOp norm;
  std::optional<Rotary> rotary;
  /// Where the positions are in the rotated value, counted from the back.
  unsigned rotaryPositions = 0;

  int64_t getUsedCount() const { return count * repeats; }
};

/// What a product reads and how its dimensions are ordered.
struct HeadsRole {
  llvm::StringRef name;
  /// Where positions and channels are the last two dimensions of the product's
  /// operand the other way around.
  bool isTransposed;
  /// Queries and keys may be scaled and normalised.
  bool isScored;
  /// A rotation may become part of the attention. If not, the heads are taken
  /// as they come out of it.
  bool mayRotate;
};

/// Follows an operand of a product back to the rows.
llvm::LogicalResult matchHeads(mlir::Value value, const HeadsRole &role,
                               Attempt &attempt, Heads &heads);

/// Rows with the heads' channels only, in order: the rows themselves, a part of
/// them, or, where the linear before them makes queries, keys and values head
/// by head, a linear with the columns of these. Null if there is no such
/// linear.
mlir::Value getRows(mlir::OpBuilder &builder, const Heads &heads);

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_ATTENTIONHEADS_H
