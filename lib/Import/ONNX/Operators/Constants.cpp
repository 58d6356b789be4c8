//===- Constants.cpp - Tensors from nothing -------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "../IndexValues.h"
#include "../TensorReader.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "ockham/Support/ConstantData.h"

using namespace mlir;

namespace ockham::importer {

LogicalResult importConstant(NodeImporter &n) {
  OpBuilder &b = n.getBuilder();
  auto define = [&](DenseElementsAttr value) {
    return n.setResult(onnx::ConstantOp::create(b, n.getLoc(), value.getType(),
                                                cast<ElementsAttr>(value)));
  };
  auto scalar = [](Type type) { return RankedTensorType::get({}, type); };
  if (pb::TensorProto *value = n.getTensor("value"))
    return n.setResult(n.createConstant(*value, n.getResultName(0)));
  if (n.hasAttribute("value_float"))
    return define(DenseElementsAttr::get(
        scalar(b.getF32Type()),
        static_cast<float>(n.getFloat("value_float", 0))));
  if (n.hasAttribute("value_int"))
    return define(DenseElementsAttr::get(scalar(b.getI64Type()),
                                         n.getInt("value_int", 0)));
  auto list = [](int64_t size, Type type) {
    return RankedTensorType::get({size}, type);
  };
  if (auto floats = n.getFloats("value_floats"))
    return define(DenseElementsAttr::get(list(floats->size(), b.getF32Type()),
                                         ArrayRef<float>(*floats)));
  if (auto ints = n.getInts("value_ints"))
    return define(b.getI64TensorAttr(*ints));
  return n.fail("holds no tensor of numbers, which is not supported");
}

LogicalResult importConstantOfShape(NodeImporter &n) {
  OpBuilder &b = n.getBuilder();
  auto shape = n.getIndexList(n.getOperand(0), "the shape");
  if (failed(shape))
    return failure();
  TypedAttr fill = b.getF32FloatAttr(0);
  if (pb::TensorProto *value = n.getTensor("value")) {
    auto constant = n.readConstant(*value);
    if (failed(constant))
      return failure();
    if ((*constant).getNumElements() != 1)
      return n.fail("value has " +
                    count((*constant).getNumElements(), "element") +
                    ", expected 1");
    fill = cast<TypedAttr>((*constant).getSplatValue<Attribute>());
  }
  for (OpFoldResult extent : *shape)
    if (std::optional<int64_t> known = getConstantIntValue(extent))
      if (*known < 0)
        return n.fail("the shape has extent " + llvm::Twine(*known) +
                      ", expected at least 0");
  SmallVector<Value> dynamicShape;
  SmallVector<int64_t> staticShape;
  dispatchIndexOpFoldResults(*shape, dynamicShape, staticShape);
  return n.setResult(n.create<onnx::ConstantOfShapeOp>(
      fill.getType(), ValueRange(dynamicShape), ArrayRef<int64_t>(staticShape),
      fill));
}

/// A column or row of positions along a dimension of `x`, plus `offset`.
static Value createPositions(NodeImporter &n, Value x, int64_t dim,
                             Value offset, int64_t unitDim) {
  Type i64 = n.getBuilder().getI64Type();
  Value positions =
      n.create<onnx::RangeOp>(i64, n.createScalar(i64, 0),
                              createExtent(n, x, dim), n.createScalar(i64, 1));
  if (offset)
    positions = n.create<onnx::AddOp>(i64, positions, offset);
  return n.create<onnx::UnsqueezeOp>(i64, positions,
                                     ArrayRef<int64_t>{unitDim});
}

Value createDiagonalOrder(NodeImporter &n, Value x, Value diagonal, bool equal,
                          bool upper) {
  Type i1 = n.getBuilder().getI1Type();
  int64_t rank = n.getType(x).getRank();
  Value rows = createPositions(n, x, rank - 2, diagonal, /*unitDim=*/1);
  Value columns = createPositions(n, x, rank - 1, Value(), /*unitDim=*/0);
  if (equal)
    return n.create<onnx::EqualOp>(i1, columns, rows);
  if (upper)
    return n.create<onnx::GreaterOrEqualOp>(i1, columns, rows);
  return n.create<onnx::LessOrEqualOp>(i1, columns, rows);
}

// 1 where column = row + k.
LogicalResult importEyeLike(NodeImporter &n) {
  Value x = n.getOperand(0);
  if (n.getType(x).getRank() != 2)
    return n.fail("operand has rank " + llvm::Twine(n.getType(x).getRank()) +
                  ", expected 2");
  Type element = n.getElement(x);
  if (n.hasAttribute("dtype")) {
    int32_t dtype = static_cast<int32_t>(n.getInt("dtype", 0));
    element = getElementType(dtype, n.getBuilder().getContext());
    if (!element)
      return n.fail("has element type " + getElementTypeName(dtype) +
                    ", which is not supported");
  }
  int64_t k = n.getInt("k", 0);
  Value offset;
  if (k != 0)
    offset = n.createScalar(n.getBuilder().getI64Type(), k);
  Value mask = createDiagonalOrder(n, x, offset, /*equal=*/true,
                                   /*upper=*/false);
  if (element.isInteger(1))
    return n.setResult(mask);
  return n.setResult(n.create<onnx::CastOp>(element, mask));
}

LogicalResult importRange(NodeImporter &n) {
  Type element = n.getElement(n.getOperand(0));
  Value bounds[3];
  for (unsigned i = 0; i < 3; ++i) {
    bounds[i] = createScalarOperand(n, n.getOperand(i));
    // Where they can be known, the number of elements is: axes are made so.
    ElementsAttr known = bounds[i] ? evaluateConstant(bounds[i]) : nullptr;
    if (known)
      bounds[i] = onnx::ConstantOp::create(n.getBuilder(), n.getLoc(), known);
  }
  return n.setResult(
      n.create<onnx::RangeOp>(element, bounds[0], bounds[1], bounds[2]));
}

} // namespace ockham::importer
