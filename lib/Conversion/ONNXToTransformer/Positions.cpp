//===- Positions.cpp - Tensors that count positions -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Positions.h"

#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ockham::raising {

/// 0, 1, 2, ... along `dim`; all other dimensions have extent 1.
static bool isCounting(const ConstantData &data, int64_t dim) {
  ArrayRef<int64_t> shape = data.getShape();
  if (data.size() != shape[dim] || !data.getElementType().isInteger())
    return false;
  for (int64_t i = 0, e = data.size(); i < e; ++i)
    if (data.getInt(i) != i)
      return false;
  return true;
}

static std::optional<Positions> matchRange(onnx::RangeOp range) {
  Positions positions;
  positions.first = getExtent(range.getStart());
  positions.count = getExtent(range.getLimit()) - positions.first;
  if (!getExtent(range.getDelta()).isStatic(1) || !positions.count.isKnown())
    return std::nullopt;
  return positions;
}

static std::optional<Positions> matchSlice(onnx::SliceOp slice, int64_t dim) {
  std::optional<Positions> positions = matchPositions(slice.getInput(), dim);
  unsigned dynamic = 0;
  for (auto [i, axis] : llvm::enumerate(slice.getAxes())) {
    int64_t start = slice.getStaticStarts()[i];
    Extent first = ShapedType::isDynamic(start)
                       ? getExtent(slice.getStarts()[dynamic++])
                       : Extent::getStatic(start);
    if (axis != dim || !positions)
      continue;
    if (slice.getSteps()[i] != 1 || first.isStatic(-1) ||
        (first.isStatic() && first.getNumber() < 0))
      return std::nullopt;
    positions->first = positions->first + first;
    positions->count = getExtent(slice, dim);
  }
  if (positions && !positions->first.isKnown())
    return std::nullopt;
  return positions;
}

/// The dimension of the operand in whose place dimension `dim` of a Reshape is;
/// nothing if more than dimensions of extent 1 come or go.
static std::optional<int64_t> getReshapedDim(onnx::ReshapeOp reshape,
                                             int64_t dim) {
  RankedTensorType to = getTensorType(reshape),
                   from = getTensorType(reshape.getInput());
  std::optional<int64_t> found;
  for (int64_t i = 0; i < from.getRank(); ++i)
    if (from.getDimSize(i) != 1) {
      if (found)
        return std::nullopt;
      found = i;
    }
  for (int64_t i = 0; i < to.getRank(); ++i)
    if (i != dim && to.getDimSize(i) != 1)
      return std::nullopt;
  return found;
}

std::optional<Positions> matchPositions(Value value, int64_t dim) {
  RankedTensorType type = getTensorType(value);
  if (dim < 0 || dim >= type.getRank() || !type.getElementType().isInteger())
    return std::nullopt;
  if (std::optional<ConstantData> data = ConstantData::get(value)) {
    if (!isCounting(*data, dim))
      return std::nullopt;
    return Positions{Extent::getStatic(0), getExtent(value, dim)};
  }
  Operation *op = value.getDefiningOp();
  if (!op)
    return std::nullopt;
  return TypeSwitch<Operation *, std::optional<Positions>>(op)
      .Case([](onnx::RangeOp range) { return matchRange(range); })
      .Case([&](onnx::SliceOp slice) { return matchSlice(slice, dim); })
      .Case([&](onnx::CastOp cast) {
        return matchPositions(cast.getInput(), dim);
      })
      .Case([&](onnx::ExpandOp expand) -> std::optional<Positions> {
        int64_t inner =
            dim - (type.getRank() - getTensorType(expand.getInput()).getRank());
        if (inner < 0 ||
            getExtent(expand.getInput(), inner) != getExtent(value, dim))
          return std::nullopt;
        return matchPositions(expand.getInput(), inner);
      })
      .Case([&](onnx::UnsqueezeOp unsqueeze) -> std::optional<Positions> {
        if (llvm::is_contained(unsqueeze.getAxes(), dim))
          return std::nullopt;
        return matchPositions(
            unsqueeze.getInput(),
            dim - llvm::count_if(unsqueeze.getAxes(),
                                 [&](int64_t axis) { return axis < dim; }));
      })
      .Case([&](onnx::SqueezeOp squeeze) {
        int64_t inner = dim;
        for (int64_t axis : squeeze.getAxes())
          if (axis <= inner)
            ++inner;
        return matchPositions(squeeze.getInput(), inner);
      })
      .Case([&](onnx::ReshapeOp reshape) -> std::optional<Positions> {
        std::optional<int64_t> inner = getReshapedDim(reshape, dim);
        return inner ? matchPositions(reshape.getInput(), *inner)
                     : std::nullopt;
      })
      .Case([&](onnx::AddOp add) -> std::optional<Positions> {
        for (auto [counted, number] : {std::pair(add.getLhs(), add.getRhs()),
                                       std::pair(add.getRhs(), add.getLhs())}) {
          RankedTensorType scalar = getTensorType(number);
          int64_t inner =
              dim - (type.getRank() - getTensorType(counted).getRank());
          if (!scalar.hasStaticShape() || scalar.getNumElements() != 1)
            continue;
          std::optional<Positions> positions = matchPositions(counted, inner);
          if (!positions)
            continue;
          positions->first = positions->first + getExtent(number);
          if (positions->first.isKnown())
            return positions;
        }
        return std::nullopt;
      })
      .Default([](Operation *) { return std::nullopt; });
}

} // namespace ockham::raising
