//===- RaiseEmbeddings.cpp - Gathers of tables become tfm.embedding -------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Extents.h"
#include "Positions.h"
#include "Raising.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
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

/// Skips what only adds leading dimensions: for [s] or [1, s] (`trailing` = 1),
/// [s, d] or [1, s, d] (`trailing` = 2).
static Value skipLeadingDims(Value value, int64_t trailing) {
  while (Operation *op = value.getDefiningOp()) {
    auto type = cast<RankedTensorType>(value.getType());
    if (isa<onnx::ExpandOp, onnx::ReshapeOp>(op)) {
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

namespace {
/// The rows of a table for positions, and how many came before the first.
struct PositionRows {
  Value table;
  Extent past;
};
} // namespace

/// Rows of a table by position, for `count` positions, broadcast over the
/// batch.
static std::optional<PositionRows>
matchPositionRows(OpBuilder &builder, Value value, Extent count) {
  value = skipLeadingDims(value, 2);
  if (auto gather = value.getDefiningOp<onnx::GatherOp>()) {
    auto table = cast<RankedTensorType>(gather.getData().getType());
    auto ids = cast<RankedTensorType>(gather.getIndices().getType());
    if (gather.getAxis() != 0 || table.getRank() != 2 || ids.getRank() == 0 ||
        !isParameterOrConstant(gather.getData()))
      return std::nullopt;
    std::optional<Positions> positions =
        matchPositions(gather.getIndices(), ids.getRank() - 1);
    if (!positions || positions->count != count)
      return std::nullopt;
    return PositionRows{gather.getData(), positions->first};
  }
  if (auto slice = value.getDefiningOp<onnx::SliceOp>()) {
    auto type = cast<RankedTensorType>(slice.getType());
    int64_t axis = type.getRank() - 2;
    if (slice.getAxes() != ArrayRef<int64_t>{axis} ||
        slice.getStaticStarts()[0] != 0 || slice.getSteps()[0] != 1 ||
        getExtent(slice, axis) != count)
      return std::nullopt;
    if (Value table = getMatrix(builder, slice.getInput()))
      return PositionRows{table, Extent::getStatic(0)};
  }
  return std::nullopt;
}

/// One number for every sequence of `ids`: how many positions came before.
Value makePast(OpBuilder &builder, Location loc, Value ids,
               const Extent &past) {
  if (past.isStatic(0))
    return Value();
  Value number = makeIndex(builder, loc, past);
  if (!number)
    return Value();
  Value integer =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), number);
  auto scalar = RankedTensorType::get({1}, builder.getI64Type());
  Value tensor =
      tensor::FromElementsOp::create(builder, loc, scalar, ValueRange{integer});
  auto type = cast<RankedTensorType>(ids.getType());
  int64_t batch = type.getDimSize(0);
  SmallVector<Value, 1> sizes;
  if (ShapedType::isDynamic(batch))
    sizes.push_back(tensor::DimOp::create(builder, loc, ids, 0));
  return onnx::ExpandOp::create(builder, loc, scalar.clone({batch}), tensor,
                                sizes, ArrayRef<int64_t>{batch});
}

static Value createEmbedding(OpBuilder &builder, onnx::GatherOp tokens,
                             const PositionRows &positions) {
  return tfm::EmbeddingOp::create(
      builder, tokens.getLoc(), tokens.getType(), tokens.getIndices(),
      tokens.getData(), positions.table,
      positions.table ? makePast(builder, tokens.getLoc(), tokens.getIndices(),
                                 positions.past)
                      : Value());
}

/// The terms of a sum, from left to right.
static void collectTerms(Value value, SmallVectorImpl<Value> &terms) {
  auto add = value.getDefiningOp<onnx::AddOp>();
  // A sum that is also used elsewhere is not taken apart, and no embedding is a
  // sum of more than tokens, types, segments and positions.
  if (!add || terms.size() > 4 || !add->hasOneUse()) {
    terms.push_back(value);
    return;
  }
  collectTerms(add.getLhs(), terms);
  collectTerms(add.getRhs(), terms);
}

/// Whether adding rows of positions leaves those of the tokens as many as they
/// are: an Expand to another batch would repeat them.
static bool keepsBatch(Value positions, Value tokens) {
  int64_t rank = getTensorType(positions).getRank();
  int64_t missing = getTensorType(tokens).getRank() - rank;
  for (int64_t dim = 0; dim < rank - 2; ++dim)
    if (Extent extent = getExtent(positions, dim);
        !extent.isStatic(1) && extent != getExtent(tokens, dim + missing))
      return false;
  return true;
}

/// A sum of rows, some of them gathered by ids and some by position.
static void raiseSum(Raiser &raiser, onnx::AddOp add) {
  SmallVector<Value> terms;
  collectTerms(add.getLhs(), terms);
  collectTerms(add.getRhs(), terms);
  // Of several gathers, positions go with the largest table: with the tokens
  // rather than with their types.
  auto getTokens = [&](Value term) {
    auto gather = term.getDefiningOp<onnx::GatherOp>();
    return gather && isTokenGather(gather) && gather.getType() == add.getType()
               ? gather
               : onnx::GatherOp();
  };
  onnx::GatherOp tokens;
  auto getRowCount = [](onnx::GatherOp gather) {
    return cast<RankedTensorType>(gather.getData().getType()).getDimSize(0);
  };
  for (Value term : terms)
    if (onnx::GatherOp gather = getTokens(term);
        gather && (!tokens || getRowCount(gather) > getRowCount(tokens)))
      tokens = gather;
  if (!tokens)
    return;
  for (Value term : terms) {
    if (term == tokens.getResult() || !keepsBatch(term, tokens.getResult()))
      continue;
    std::optional<PositionRows> positions = matchPositionRows(
        raiser.at(add), term, getExtent(tokens.getIndices(), 1));
    if (!positions ||
        cast<RankedTensorType>(positions->table.getType()).getDimSize(1) !=
            cast<RankedTensorType>(add.getType()).getDimSize(2))
      continue;
    OpBuilder &builder = raiser.getBuilder();
    Value sum = createEmbedding(builder, tokens, *positions);
    for (Value other : terms)
      if (other != term && other != tokens.getResult())
        sum = onnx::AddOp::create(builder, add.getLoc(), add.getType(), sum,
                                  other);
    if (succeeded(raiser.replace(add, sum)))
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
            gather, createEmbedding(raiser.at(gather), gather, PositionRows()));
    }
  });
}

} // namespace ockham::raising
