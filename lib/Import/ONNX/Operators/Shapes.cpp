//===- Shapes.cpp - Shapes and layouts ------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "../IndexValues.h"
#include "../Origins.h"
#include "Axes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;

namespace ockham::importer {

LogicalResult importShape(NodeImporter &n) {
  Value x = n.getOperand(0);
  int64_t rank = n.getType(x).getRank();
  // Ranges are clamped, as in Python.
  auto clamp = [&](int64_t position) {
    if (position < 0)
      position += rank;
    return std::min(std::max<int64_t>(position, 0), rank);
  };
  int64_t start = clamp(n.getInt("start", 0));
  int64_t end = std::max(start, clamp(n.getInt("end", rank)));
  return n.setResult(
      n.create<onnx::ShapeOp>(n.getBuilder().getI64Type(), x, start, end));
}

LogicalResult importSize(NodeImporter &n) {
  Value x = n.getOperand(0);
  OpBuilder &b = n.getBuilder();
  Type i64 = b.getI64Type();
  auto type = RankedTensorType::get({}, i64);
  OpFoldResult size = n.getDimProduct(x, 0, n.getType(x).getRank());
  if (std::optional<int64_t> known = getConstantIntValue(size))
    return n.setResult(onnx::ConstantOp::create(
        b, n.getLoc(), type, DenseElementsAttr::get(type, *known)));
  Value element =
      arith::IndexCastOp::create(b, n.getLoc(), i64, cast<Value>(size));
  return n.setResult(
      tensor::FromElementsOp::create(b, n.getLoc(), type, element));
}

/// Whether -1 and 0 have their special meaning in an extent: known not to be
/// if it is computed from other extents.
static bool mayBeSpecial(OpFoldResult extent) {
  auto value = dyn_cast<Value>(extent);
  return value && !isNonNegative(value);
}

/// Extents whose values are data: 0 and -1 get their meaning at run time.
static void resolveAtRunTime(NodeImporter &n, Value x, bool allowZero,
                             SmallVectorImpl<OpFoldResult> &shape) {
  OpBuilder &b = n.getBuilder();
  Location loc = n.getLoc();
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value minusOne = arith::ConstantIndexOp::create(b, loc, -1);
  auto isEqual = [&](Value lhs, Value rhs) -> Value {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, lhs, rhs);
  };
  auto choose = [&](Value condition, Value lhs, Value rhs) -> Value {
    return arith::SelectOp::create(b, loc, condition, lhs, rhs);
  };
  SmallVector<Value> extents;
  int64_t rank = n.getType(x).getRank();
  Value known = one;
  for (auto [i, extent] : llvm::enumerate(shape)) {
    Value value = getValueOrCreateConstantIndexOp(b, loc, extent);
    if (!allowZero && static_cast<int64_t>(i) < rank)
      value = choose(isEqual(value, zero),
                     getValueOrCreateConstantIndexOp(b, loc, n.getDim(x, i)),
                     value);
    extents.push_back(value);
    known = arith::MulIOp::create(b, loc, known,
                                  choose(isEqual(value, minusOne), one, value));
  }
  // Nothing is left over when there is nothing: avoid 0 / 0.
  Value divisor = choose(isEqual(known, zero), one, known);
  Value total =
      getValueOrCreateConstantIndexOp(b, loc, n.getDimProduct(x, 0, rank));
  Value rest = arith::DivSIOp::create(b, loc, total, divisor);
  for (auto [extent, value] : llvm::zip(shape, extents))
    if (isa<Value>(extent))
      extent = choose(isEqual(value, minusOne), rest, value);
    else if (getConstantIntValue(extent) == -1)
      extent = rest;
}

LogicalResult importReshape(NodeImporter &n) {
  Value x = n.getOperand(0);
  auto shape = n.getIndexList(n.getOperand(1), "the shape");
  if (failed(shape))
    return failure();
  bool allowZero = n.getInt("allowzero", 0) != 0;
  int64_t rank = n.getType(x).getRank(), free = 0;
  bool isData = false;
  for (auto [i, extent] : llvm::enumerate(*shape)) {
    isData |= mayBeSpecial(extent);
    std::optional<int64_t> known = getConstantIntValue(extent);
    if (!known)
      continue;
    if (*known < -1)
      return n.fail("the shape has extent " + llvm::Twine(*known) +
                    ", expected at least -1");
    if (*known == -1 && ++free > 1)
      return n.fail("the shape has more than one -1");
    if (*known != 0 || allowZero)
      continue;
    if (static_cast<int64_t>(i) >= rank)
      return n.fail("the shape has 0, which copies an extent, in dimension " +
                    llvm::Twine(i) + ", but the operand has rank " +
                    llvm::Twine(rank));
    extent = n.getDim(x, i);
  }
  if (isData)
    resolveAtRunTime(n, x, allowZero, *shape);
  return n.setResult(n.createReshape(x, *shape));
}

LogicalResult importFlatten(NodeImporter &n) {
  Value x = n.getOperand(0);
  int64_t rank = n.getType(x).getRank();
  int64_t axis = n.getInt("axis", 1);
  if (axis < -rank || axis > rank)
    return n.fail("axis " + llvm::Twine(axis) + " is outside [" +
                  llvm::Twine(-rank) + ", " + llvm::Twine(rank) + "]");
  if (axis < 0)
    axis += rank;
  return n.setResult(n.createReshape(
      x, {n.getDimProduct(x, 0, axis), n.getDimProduct(x, axis, rank)}));
}

Value createExpand(NodeImporter &n, Value x, ArrayRef<OpFoldResult> shape) {
  if (!x)
    return Value();
  SmallVector<Value> dynamicShape;
  SmallVector<int64_t> staticShape;
  dispatchIndexOpFoldResults(shape, dynamicShape, staticShape);
  return n.create<onnx::ExpandOp>(n.getElement(x), x, ValueRange(dynamicShape),
                                  ArrayRef<int64_t>(staticShape));
}

LogicalResult importExpand(NodeImporter &n) {
  Value x = n.getOperand(0);
  auto shape = n.getIndexList(n.getOperand(1), "the shape");
  if (failed(shape))
    return failure();
  for (OpFoldResult extent : *shape)
    if (std::optional<int64_t> known = getConstantIntValue(extent))
      if (*known < 0)
        return n.fail("the shape has extent " + llvm::Twine(*known) +
                      ", expected at least 0");
  return n.setResult(createExpand(n, x, *shape));
}

/// The axes of Squeeze and Unsqueeze, an attribute until opset 13.
static FailureOr<SmallVector<OpFoldResult>> getUnitAxes(NodeImporter &n) {
  if (n.hasOperand(1))
    return n.getIndexList(n.getOperand(1), "axes");
  return getAsIndexOpFoldResult(
      n.getBuilder().getContext(),
      n.getInts("axes").value_or(SmallVector<int64_t>()));
}

LogicalResult importSqueeze(NodeImporter &n) {
  Value x = n.getOperand(0);
  RankedTensorType type = n.getType(x);
  auto given = getUnitAxes(n);
  if (failed(given))
    return failure();
  SmallVector<int64_t> axes;
  if (!areKnown(*given)) {
    if (static_cast<int64_t>(given->size()) > type.getRank())
      return n.fail("removes " + count(given->size(), "dimension") + " of " +
                    llvm::Twine(type.getRank()));
    return n.setResult(n.createReshape(x, removeExtents(n, x, *given)));
  }
  if (n.hasOperand(1) || n.hasAttribute("axes")) {
    auto normal =
        n.normalizeAxes(*getConstantIntValues(*given), type.getRank());
    if (failed(normal))
      return failure();
    axes = *normal;
  } else {
    // Which dimensions go would change the rank at run time.
    if (!type.hasStaticShape())
      return n.fail("has no axes, and the operand's shape " +
                    formatShape(type.getShape()) +
                    " is known only at run time: name the axes, or make the "
                    "shape static" +
                    suggestDims(x));
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (type.getDimSize(dim) == 1)
        axes.push_back(dim);
  }
  if (axes.empty())
    return n.setResult(x);
  return n.setResult(n.create<onnx::SqueezeOp>(type.getElementType(), x,
                                               ArrayRef<int64_t>(axes)));
}

LogicalResult importUnsqueeze(NodeImporter &n) {
  Value x = n.getOperand(0);
  if (!n.hasOperand(1) && !n.hasAttribute("axes"))
    return n.fail("has no axes");
  auto given = getUnitAxes(n);
  if (failed(given))
    return failure();
  if (!areKnown(*given))
    return n.setResult(n.createReshape(x, insertUnitExtents(n, x, *given)));
  int64_t rank = n.getType(x).getRank() + given->size();
  auto axes = n.normalizeAxes(*getConstantIntValues(*given), rank);
  if (failed(axes))
    return failure();
  if (axes->empty())
    return n.setResult(x);
  return n.setResult(n.create<onnx::UnsqueezeOp>(n.getElement(x), x,
                                                 ArrayRef<int64_t>(*axes)));
}

LogicalResult importTranspose(NodeImporter &n) {
  Value x = n.getOperand(0);
  int64_t rank = n.getType(x).getRank();
  SmallVector<int64_t> perm =
      llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, rank)));
  if (auto given = n.getInts("perm"))
    perm = *given;
  return n.setResult(
      n.create<onnx::TransposeOp>(n.getElement(x), x, ArrayRef<int64_t>(perm)));
}

} // namespace ockham::importer
