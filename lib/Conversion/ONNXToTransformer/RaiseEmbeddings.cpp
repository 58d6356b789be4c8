//===- RaiseEmbeddings.cpp - Gathers of tables become tfm.embedding -------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Extents.h"
#include "Raising.h"
#include "ockham/Support/ConstantData.h"

using namespace mlir;

namespace ockham::raising {

/// Rows of a parameter matrix by token ids [batch, sequence].
static bool isTokenGather(onnx::GatherOp gather) {
  auto table = cast<RankedTensorType>(gather.getData().getType());
  auto ids = cast<RankedTensorType>(gather.getIndices().getType());
  return gather.getAxis() == 0 && table.getRank() == 2 && ids.getRank() == 2 &&
         isa<FloatType>(table.getElementType()) &&
         isParameterOrConstant(gather.getData()) &&
         !isParameterOrConstant(gather.getIndices());
}

/// Whether a constant counts 0, 1, 2, ... along its last dimension, all others
/// being 1.
static bool isCounting(const ConstantData &data) {
  ArrayRef<int64_t> shape = data.getShape();
  if (shape.empty() || data.size() != shape.back() ||
      !data.getElementType().isInteger())
    return false;
  for (int64_t i = 0, e = data.size(); i < e; ++i)
    if (data.getInt(i) != i)
      return false;
  return true;
}

/// Skips what only adds leading dimensions: for [s] or [1, s] (`trailing` = 1),
/// [s, d] or [1, s, d] (`trailing` = 2).
static Value skipLeadingDims(Value value, int64_t trailing) {
  while (Operation *op = value.getDefiningOp()) {
    auto type = cast<RankedTensorType>(value.getType());
    if (isa<onnx::ExpandOp, onnx::ReshapeOp, onnx::CastOp>(op)) {
      auto inner = cast<RankedTensorType>(op->getOperand(0).getType());
      if (inner.getRank() < trailing)
        return value;
      // The trailing extents must be those of the operand.
      for (int64_t i = 1; i <= trailing; ++i)
        if (getExtent(value, type.getRank() - i) !=
            getExtent(op->getOperand(0), inner.getRank() - i))
          return value;
      if (isa<onnx::ReshapeOp>(op) &&
          llvm::any_of(type.getShape().drop_back(trailing),
                       [](int64_t extent) { return extent != 1; }))
        return value;
      value = op->getOperand(0);
    } else if (auto unsqueeze = dyn_cast<onnx::UnsqueezeOp>(op)) {
      if (llvm::any_of(unsqueeze.getAxes(), [&](int64_t axis) {
            return axis >= type.getRank() - trailing;
          }))
        return value;
      value = unsqueeze.getInput();
    } else {
      return value;
    }
  }
  return value;
}

/// The number n for a value that holds 0, 1, ..., n - 1.
static Extent matchPositions(Value value) {
  value = skipLeadingDims(value, 1);
  auto type = cast<RankedTensorType>(value.getType());
  Extent count = getExtent(value, type.getRank() - 1);
  if (auto range = value.getDefiningOp<onnx::RangeOp>())
    return getExtent(range.getStart()).isStatic(0) &&
                   getExtent(range.getDelta()).isStatic(1)
               ? getExtent(range.getLimit())
               : Extent();
  while (auto slice = value.getDefiningOp<onnx::SliceOp>()) {
    if (llvm::any_of(slice.getStaticStarts(),
                     [](int64_t start) { return start != 0; }) ||
        llvm::any_of(slice.getSteps(), [](int64_t step) { return step != 1; }))
      return Extent();
    value = slice.getInput();
  }
  std::optional<ConstantData> data = ConstantData::get(value);
  return data && isCounting(*data) ? count : Extent();
}

/// The table of learned positions, if the value is its first n rows: gathered
/// by 0 .. n - 1, or sliced.
static Value matchPositionRows(OpBuilder &builder, Value value, Extent count) {
  value = skipLeadingDims(value, 2);
  if (auto gather = value.getDefiningOp<onnx::GatherOp>()) {
    auto table = cast<RankedTensorType>(gather.getData().getType());
    if (gather.getAxis() != 0 || table.getRank() != 2 ||
        !isParameterOrConstant(gather.getData()) ||
        matchPositions(gather.getIndices()) != count)
      return Value();
    return gather.getData();
  }
  if (auto slice = value.getDefiningOp<onnx::SliceOp>()) {
    auto type = cast<RankedTensorType>(slice.getType());
    int64_t axis = type.getRank() - 2;
    if (slice.getAxes() != ArrayRef<int64_t>{axis} ||
        slice.getStaticStarts()[0] != 0 || slice.getSteps()[0] != 1 ||
        getExtent(slice, axis) != count)
      return Value();
    return getMatrix(builder, slice.getInput());
  }
  return Value();
}

static Value createEmbedding(OpBuilder &builder, onnx::GatherOp tokens,
                             Value positions) {
  return tfm::EmbeddingOp::create(builder, tokens.getLoc(), tokens.getType(),
                                  tokens.getIndices(), tokens.getData(),
                                  positions, /*past=*/Value());
}

/// Tokens plus positions.
static void raiseSum(Raiser &raiser, onnx::AddOp add) {
  for (auto [left, right] : {std::pair(add.getLhs(), add.getRhs()),
                             std::pair(add.getRhs(), add.getLhs())}) {
    auto tokens = left.getDefiningOp<onnx::GatherOp>();
    if (!tokens || !isTokenGather(tokens) || tokens.getType() != add.getType())
      continue;
    Value positions = matchPositionRows(raiser.at(add), right,
                                        getExtent(tokens.getIndices(), 1));
    if (!positions ||
        cast<RankedTensorType>(positions.getType()).getDimSize(1) !=
            cast<RankedTensorType>(add.getType()).getDimSize(2))
      continue;
    Value embedding = createEmbedding(raiser.getBuilder(), tokens, positions);
    if (succeeded(raiser.replace(add, embedding)))
      return;
  }
}

void raiseEmbeddings(Raiser &raiser) {
  raiser.walkBackwards([&](Operation *op) {
    if (auto add = dyn_cast<onnx::AddOp>(op)) {
      raiseSum(raiser, add);
    } else if (auto gather = dyn_cast<onnx::GatherOp>(op)) {
      if (isTokenGather(gather))
        (void)raiser.replace(
            gather, createEmbedding(raiser.at(gather), gather, Value()));
    }
  });
}

} // namespace ockham::raising
