//===- IndexValues.cpp - Extents that may be computed ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IndexValues.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace ockham::importer {

/// How far chains of ops are followed: longer ones than exporters write are
/// left to the normalisation.
static constexpr unsigned maxDepth = 16;

static int64_t getNumElements(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return type.hasStaticShape() ? type.getNumElements() : -1;
}

static ElementsAttr evaluate(Value tensor, unsigned &budget);

/// Entries that an op picks from the shape of a tensor: they can be known where
/// not all of the shape is.
static ElementsAttr evaluateShapeEntries(Operation *op, unsigned &budget) {
  if (!isa<onnx::GatherOp, onnx::SliceOp>(op))
    return {};
  auto shape = op->getOperand(0).getDefiningOp<onnx::ShapeOp>();
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!shape || !type || !type.hasStaticShape() || type.getRank() > 1)
    return {};
  ArrayRef<int64_t> extents =
      cast<RankedTensorType>(shape.getInput().getType())
          .getShape()
          .slice(shape.getStart(), shape.getEnd() - shape.getStart());
  int64_t size = extents.size();
  SmallVector<int64_t> positions;
  if (auto gather = dyn_cast<onnx::GatherOp>(op)) {
    ElementsAttr indices = evaluate(gather.getIndices(), budget);
    std::optional<ConstantData> data;
    if (!indices || !(data = ConstantData::get(indices)))
      return {};
    for (int64_t i = 0, e = data->size(); i < e; ++i)
      positions.push_back(data->getInt(i));
  } else {
    auto slice = cast<onnx::SliceOp>(op);
    if (!slice.getStarts().empty() || slice.getAxes().size() != 1)
      return {};
    int64_t start = slice.getStaticStarts()[0];
    if (start < 0)
      start = std::max<int64_t>(0, start + size);
    for (int64_t i = 0, e = type.getNumElements(); i < e; ++i)
      positions.push_back(std::min(start, size - 1) + i * slice.getSteps()[0]);
  }
  SmallVector<int64_t> entries;
  for (int64_t position : positions) {
    if (position < 0)
      position += size;
    if (position < 0 || position >= size ||
        ShapedType::isDynamic(extents[position]))
      return {};
    entries.push_back(extents[position]);
  }
  return DenseElementsAttr::get(type, ArrayRef<int64_t>(entries));
}

/// The value of a tensor that ops of the dialect compute from constants, as
/// their folders see it. Looks at no more ops than `budget`.
static ElementsAttr evaluate(Value tensor, unsigned &budget) {
  Attribute constant;
  if (matchPattern(tensor, m_Constant(&constant)))
    return dyn_cast<ElementsAttr>(constant);
  Operation *op = tensor.getDefiningOp();
  if (!op || !isa<onnx::ONNXDialect>(op->getDialect()) || budget == 0)
    return {};
  --budget;
  if (ElementsAttr entries = evaluateShapeEntries(op, budget))
    return entries;
  // Operands that are not constant stay null: the shape of a static tensor does
  // not need its value.
  SmallVector<Attribute> operands;
  for (Value operand : op->getOperands())
    operands.push_back(isa<TensorType>(operand.getType())
                           ? evaluate(operand, budget)
                           : ElementsAttr());
  SmallVector<OpFoldResult> results;
  if (failed(op->fold(operands, results)) || results.empty())
    return {};
  OpFoldResult result = results[cast<OpResult>(tensor).getResultNumber()];
  if (auto value = dyn_cast<Value>(result))
    return value == tensor ? ElementsAttr() : evaluate(value, budget);
  return dyn_cast_or_null<ElementsAttr>(cast<Attribute>(result));
}

ElementsAttr evaluateConstant(Value tensor) {
  unsigned budget = maxDepth;
  return evaluate(tensor, budget);
}

OpFoldResult getIndexElement(OpBuilder &builder, Location loc, Value tensor,
                             int64_t i) {
  // The smallest integer marks a dynamic entry in lists of extents.
  auto getElement = [&](const ConstantData &data) -> OpFoldResult {
    return builder.getIndexAttr(
        std::max(data.getInt(i), -std::numeric_limits<int64_t>::max()));
  };
  for (unsigned depth = 0; depth < maxDepth; ++depth) {
    if (std::optional<ConstantData> data = ConstantData::get(tensor))
      return getElement(*data);
    Operation *op = tensor.getDefiningOp();
    if (!op)
      break;
    // Ops that keep the elements and their order.
    if (isa<onnx::UnsqueezeOp, onnx::SqueezeOp, onnx::ReshapeOp,
            onnx::IdentityOp>(op)) {
      tensor = op->getOperand(0);
      continue;
    }
    if (auto shape = dyn_cast<onnx::ShapeOp>(op)) {
      int64_t extent = cast<RankedTensorType>(shape.getInput().getType())
                           .getDimSize(shape.getStart() + i);
      if (!ShapedType::isDynamic(extent))
        return builder.getIndexAttr(extent);
      break;
    }
    if (auto cast = dyn_cast<onnx::CastOp>(op)) {
      auto isWide = [](Value value) {
        return cast_or_null<RankedTensorType>(value.getType())
            .getElementType()
            .isSignlessInteger(64);
      };
      if (!isWide(cast.getInput()) || !isWide(cast.getResult()))
        break;
      tensor = cast.getInput();
      continue;
    }
    if (auto concat = dyn_cast<onnx::ConcatOp>(op)) {
      // Rank 1 only: there is no other axis.
      if (concat.getResult().getType().getRank() != 1)
        break;
      Value part;
      int64_t rest = i;
      for (Value input : concat.getInputs()) {
        int64_t length = getNumElements(input);
        if (length < 0)
          break;
        if (rest < length) {
          part = input;
          break;
        }
        rest -= length;
      }
      if (!part)
        break;
      tensor = part;
      i = rest;
      continue;
    }
    break;
  }
  if (ElementsAttr value = evaluateConstant(tensor))
    if (std::optional<ConstantData> data = ConstantData::get(value))
      return getElement(*data);
  auto type = cast<RankedTensorType>(tensor.getType());
  // Row-major position of element i.
  SmallVector<Value> position(type.getRank());
  int64_t rest = i;
  for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
    int64_t extent = std::max<int64_t>(1, type.getDimSize(dim));
    position[dim] = arith::ConstantIndexOp::create(builder, loc, rest % extent);
    rest /= extent;
  }
  Value element = tensor::ExtractOp::create(builder, loc, tensor, position);
  if (type.getElementType().isUnsignedInteger())
    return arith::IndexCastUIOp::create(builder, loc, builder.getIndexType(),
                                        element)
        .getResult();
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    element)
      .getResult();
}

/// The same for all elements of a tensor.
static bool hasNonNegativeElements(Value tensor, unsigned depth) {
  if (depth > maxDepth)
    return false;
  if (std::optional<ConstantData> data = ConstantData::get(tensor)) {
    if (!isa<IntegerType>(data->getElementType()))
      return false;
    for (int64_t i = 0, e = data->size(); i < e; ++i)
      if (data->getInt(i) < 0)
        return false;
    return true;
  }
  Operation *op = tensor.getDefiningOp();
  if (!op)
    return false;
  if (isa<onnx::ShapeOp>(op))
    return true;
  // The data decide, not the indices.
  if (isa<onnx::GatherOp, onnx::SliceOp, onnx::UnsqueezeOp, onnx::SqueezeOp,
          onnx::ReshapeOp, onnx::IdentityOp, onnx::ExpandOp>(op))
    return hasNonNegativeElements(op->getOperand(0), depth + 1);
  if (auto cast = dyn_cast<onnx::CastOp>(op)) {
    // Extents fit 32 bits; a constant may not.
    auto to = cast.getResult().getType().getElementType();
    bool isNarrow =
        to.isSignlessInteger(32) && !ConstantData::get(cast.getInput());
    return (isNarrow || to.isSignlessInteger(64)) &&
           hasNonNegativeElements(cast.getInput(), depth + 1);
  }
  // One of the two values, whatever the condition.
  if (auto where = dyn_cast<onnx::WhereOp>(op))
    return hasNonNegativeElements(where.getLhs(), depth + 1) &&
           hasNonNegativeElements(where.getRhs(), depth + 1);
  if (isa<onnx::ConcatOp, onnx::AddOp, onnx::MulOp, onnx::DivOp, onnx::MaxOp,
          onnx::MinOp>(op))
    return llvm::all_of(op->getOperands(), [&](Value operand) {
      return hasNonNegativeElements(operand, depth + 1);
    });
  return false;
}

bool isNonNegative(Value index) {
  if (isa_and_nonnull<tensor::DimOp>(index.getDefiningOp()))
    return true;
  if (index.getDefiningOp<arith::IndexCastUIOp>())
    return true;
  auto cast = index.getDefiningOp<arith::IndexCastOp>();
  if (!cast)
    return false;
  auto extract = cast.getIn().getDefiningOp<tensor::ExtractOp>();
  return extract && hasNonNegativeElements(extract.getTensor(), 0);
}

static std::optional<int64_t> evaluate(IndexOp op, int64_t lhs, int64_t rhs) {
  int64_t result = 0;
  switch (op) {
  case IndexOp::Add:
    if (llvm::AddOverflow(lhs, rhs, result))
      return std::nullopt;
    return result;
  case IndexOp::Sub:
    if (llvm::SubOverflow(lhs, rhs, result))
      return std::nullopt;
    return result;
  case IndexOp::Mul:
    if (llvm::MulOverflow(lhs, rhs, result))
      return std::nullopt;
    return result;
  case IndexOp::Div:
    if (rhs == 0 || rhs == -1)
      return std::nullopt;
    return lhs / rhs;
  case IndexOp::Min:
    return std::min(lhs, rhs);
  case IndexOp::Max:
    return std::max(lhs, rhs);
  }
  llvm_unreachable("an operation that is not listed");
}

OpFoldResult combineIndices(OpBuilder &builder, Location loc, IndexOp op,
                            OpFoldResult lhs, OpFoldResult rhs) {
  std::optional<int64_t> left = getConstantIntValue(lhs);
  std::optional<int64_t> right = getConstantIntValue(rhs);
  if (left && right)
    if (std::optional<int64_t> value = evaluate(op, *left, *right))
      return builder.getIndexAttr(*value);
  // Nothing is added, and nothing multiplied.
  bool isSum = op == IndexOp::Add || op == IndexOp::Sub;
  if (right == (isSum ? 0 : 1) && op != IndexOp::Min && op != IndexOp::Max)
    return lhs;
  Value a = getValueOrCreateConstantIndexOp(builder, loc, lhs);
  Value b = getValueOrCreateConstantIndexOp(builder, loc, rhs);
  switch (op) {
  case IndexOp::Add:
    return arith::AddIOp::create(builder, loc, a, b).getResult();
  case IndexOp::Sub:
    return arith::SubIOp::create(builder, loc, a, b).getResult();
  case IndexOp::Mul:
    return arith::MulIOp::create(builder, loc, a, b).getResult();
  case IndexOp::Div:
    return arith::DivSIOp::create(builder, loc, a, b).getResult();
  case IndexOp::Min:
    return arith::MinSIOp::create(builder, loc, a, b).getResult();
  case IndexOp::Max:
    return arith::MaxSIOp::create(builder, loc, a, b).getResult();
  }
  llvm_unreachable("an operation that is not listed");
}

OpFoldResult multiplyIndices(OpBuilder &builder, Location loc,
                             ArrayRef<OpFoldResult> indices) {
  int64_t constant = 1;
  Value product;
  for (OpFoldResult index : indices) {
    if (std::optional<int64_t> value = getConstantIntValue(index)) {
      constant = llvm::MulOverflow(constant, *value, constant)
                     ? std::numeric_limits<int64_t>::max()
                     : constant;
      continue;
    }
    Value factor = cast<Value>(index);
    product =
        product
            ? arith::MulIOp::create(builder, loc, product, factor).getResult()
            : factor;
  }
  if (!product)
    return builder.getIndexAttr(constant);
  if (constant == 1)
    return product;
  Value factor = arith::ConstantIndexOp::create(builder, loc, constant);
  return arith::MulIOp::create(builder, loc, product, factor).getResult();
}

} // namespace ockham::importer
