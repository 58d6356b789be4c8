//===- Rotary.h - Rotary position embeddings --------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rotary embeddings turn pairs of channels by an angle that grows with the
// position ("RoFormer", arXiv 2104.09864): (a, b) becomes
// (a cos - b sin, a sin + b cos). The pairs are the two halves of the rotated
// channels, or neighbours.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_ROTARY_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_ROTARY_H

#include "Extents.h"
#include "mlir/IR/Builders.h"

#include <optional>
#include <string>

namespace ockham::raising {

/// Channels from `begin` on in steps, of the last dimension of `input`.
struct ChannelSlice {
  mlir::Value input;
  int64_t begin = 0;
  int64_t step = 1;
  int64_t size = 0;
};

/// What a Slice or Split with constant bounds takes of the last dimension.
std::optional<ChannelSlice> matchChannelSlice(mlir::Value value);

struct Rotary {
  /// [.., positions, channels], of which the first `rotated` are turned.
  mlir::Value input;
  int64_t rotated = 0;
  bool interleaved = false;
  /// As the graph has them: [.., positions, rotated] with every angle twice, or
  /// [.., positions, rotated / 2].
  mlir::Value cos, sin;
};

/// Matches a value whose last dimension are the channels.
std::optional<Rotary> matchRotary(mlir::Value value);

/// Where the graph has one of cos and sin from, the same for every sequence and
/// head: columns of a table with one row per position, and what is computed of
/// them element by element.
class AngleTable {
public:
  /// Follows `angles` back, whose dimension `fromBack` from the back runs along
  /// `positions`. Nothing, with the reason in `why`, if the angles differ
  /// between sequences or heads, or those of a pair may differ.
  static std::optional<AngleTable> find(mlir::Value angles, unsigned fromBack,
                                        const Rotary &rotary,
                                        const Extent &positions,
                                        std::string &why);

  bool operator==(const AngleTable &other) const {
    return table == other.table && positionDim == other.positionDim &&
           columns == other.columns && steps == other.steps;
  }

  /// The matrix [positions, rotated / 2], of which a prefix gives the whole.
  /// Null if it cannot be made.
  mlir::Value build(mlir::OpBuilder &builder) const;

private:
  bool step(std::string &why);
  bool stepThroughShape(mlir::Operation *op);
  bool stepThroughGather(mlir::Operation *op);
  bool stepThroughColumns(mlir::Operation *op);

  mlir::Value table;
  int64_t positionDim = 0;
  /// The columns of the first and second members of all pairs.
  llvm::SmallVector<int64_t> columns, partners;
  /// The last one first.
  llvm::SmallVector<mlir::Operation *, 2> steps;
};

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_ROTARY_H
