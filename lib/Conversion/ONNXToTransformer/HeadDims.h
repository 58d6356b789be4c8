//===- HeadDims.h - Where batch, heads, positions, channels are -*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exporters move heads with Reshapes and Transposes in many orders: split and
// transposed, merged with the batch for a product of three dimensions, sequence
// first, with query, key and value along a dimension of their own. All of them
// only regroup axes in row-major order. An axis here is one of batch, head,
// position and channel, or a part of one; a dimension of a tensor is a list of
// axes.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_HEADDIMS_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_HEADDIMS_H

#include "Extents.h"

#include <optional>

namespace ockham::raising {

enum class AxisKind {
  Batch,
  Head,
  Position,
  Channel,
  /// Batch and heads that one dimension holds, until a Reshape tells them
  /// apart.
  BatchAndHead,
  /// One of several tensors that lie side by side.
  Choice
};

struct Axis {
  AxisKind kind;
  /// How many there are in the tensor, of which `size` from `begin` on are
  /// used; all of them where `size` is -1.
  Extent extent;
  int64_t begin = 0;
  int64_t size = -1;

  bool isWhole() const { return begin == 0 && size < 0; }
};

/// The axes of every dimension of a value on the way.
class HeadDims {
public:
  /// For a tensor of rank 3 or 4 whose dimensions are of these kinds.
  HeadDims(mlir::Value value, llvm::ArrayRef<AxisKind> kinds);

  int64_t getRank() const { return dims.size(); }
  /// The dimension that holds all of this kind and nothing else.
  std::optional<int64_t> getDim(AxisKind kind) const;
  /// The axes of a kind, outermost first.
  llvm::SmallVector<Axis, 2> getAxes(AxisKind kind) const;
  /// The number of heads or channels that are used, if known.
  std::optional<int64_t> getCount(AxisKind kind) const;
  /// Whether the dimensions are exactly these, each whole. Extents of 1 may be
  /// missing.
  bool areInOrder(llvm::ArrayRef<AxisKind> kinds) const;

  /// Towards the operand of an op.
  void transposeBack(llvm::ArrayRef<int64_t> perm);
  /// Towards the result.
  void transposeForward(llvm::ArrayRef<int64_t> perm);
  /// To a tensor with the same elements in row-major order.
  bool regroup(mlir::Value value);
  /// Inserts dimensions of extent 1 at these places of the new shape.
  void insertUnits(llvm::ArrayRef<int64_t> places);
  /// Removes dimensions of extent 1; false if they are not.
  bool removeUnits(llvm::ArrayRef<int64_t> places);
  /// The dimension was the `index`-th of `count` tensors at `place`.
  void insertChoice(int64_t place, int64_t index, int64_t count);
  /// The last dimension was a range of `full` elements from `begin` on.
  bool widenLast(int64_t begin, int64_t size, int64_t full);
  /// A dimension that was repeated, from extent 1: gives how often. Only the
  /// innermost part of the heads may be.
  std::optional<int64_t> dropRepeated(int64_t dim);

  /// The columns of the last dimension that are heads and channels, head by
  /// head; nothing if something else is in it.
  std::optional<llvm::SmallVector<int64_t>> getColumns() const;

private:
  using Dim = llvm::SmallVector<unsigned, 3>;

  /// Splits an axis into an outer and an inner one of `inner` elements. Gives
  /// the inner one, or nothing if it cannot be split.
  std::optional<unsigned> split(unsigned axis, int64_t inner);
  /// Takes the axes that make up `extent` from one end of `flat`.
  bool take(llvm::SmallVectorImpl<unsigned> &flat, Extent extent, bool fromBack,
            Dim &dim);

  unsigned addAxis(Axis axis);

  llvm::SmallVector<Axis, 6> axes;
  /// The axes, so that the parts of one follow each other, outermost first.
  llvm::SmallVector<unsigned, 6> order;
  llvm::SmallVector<Dim, 5> dims;
};

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_HEADDIMS_H
