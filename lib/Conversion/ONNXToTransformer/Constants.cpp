//===- Constants.cpp - Weights and constants in the form that tfm reads ---===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Constants.h"

#include "Raising.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "ockham/Support/ConstantData.h"

#include <cmath>

using namespace mlir;

namespace ockham::raising {

bool isParameterOrConstant(Value value) {
  return value.getDefiningOp<LoadWeightOp>() ||
         matchPattern(value, m_Constant());
}

Value reshapeConstant(OpBuilder &builder, Value value,
                      ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  auto newType = RankedTensorType::get(shape, type.getElementType());

  if (auto load = value.getDefiningOp<LoadWeightOp>()) {
    auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(
        load, load.getWeightAttr());
    if (!weight || weight.getLayout() != "row-major")
      return Value();
    ElementsAttr attribute;
    if (weight.getValue()) {
      if (auto resource =
              dyn_cast<DenseResourceElementsAttr>(*weight.getValue()))
        attribute =
            DenseResourceElementsAttr::get(newType, resource.getRawHandle());
      else if (auto dense = dyn_cast<DenseElementsAttr>(*weight.getValue()))
        attribute = dense.reshape(newType);
      else
        return Value();
    }
    // One symbol per (weight, shape), named after the weight.
    auto module = weight->getParentOfType<ModuleOp>();
    std::string name = weight.getSymName().str();
    for (int64_t extent : shape)
      name += "_" + std::to_string(extent);
    // A weight of the model may have that name already.
    WeightOp existing;
    std::string prefix = name;
    for (unsigned i = 1;; ++i) {
      Operation *symbol = SymbolTable::lookupSymbolIn(module, name);
      if (!symbol)
        break;
      existing = dyn_cast<WeightOp>(symbol);
      if (existing && existing.getType() == newType &&
          existing.getValueAttr() == attribute &&
          existing.getSourceAttr() == weight.getSourceAttr())
        break;
      existing = WeightOp();
      name = prefix + "." + std::to_string(i);
    }
    if (!existing) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointAfter(weight);
      existing = WeightOp::create(
          builder, weight.getLoc(), builder.getStringAttr(name),
          TypeAttr::get(newType), weight.getSourceAttr(),
          weight.getLayoutAttr(), attribute, weight.getInitAttr());
    }
    return LoadWeightOp::create(builder, load.getLoc(), newType,
                                FlatSymbolRefAttr::get(existing));
  }

  DenseElementsAttr dense;
  if (!matchPattern(value, m_Constant(&dense)))
    return Value();
  return arith::ConstantOp::create(builder, value.getLoc(),
                                   dense.reshape(newType));
}

Value getVector(OpBuilder &builder, Value value, int64_t width) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() != width ||
      type.getRank() == 0 || type.getDimSize(type.getRank() - 1) != width)
    return Value();
  if (type.getRank() == 1)
    return value;
  return isParameterOrConstant(value) ? reshapeConstant(builder, value, {width})
                                      : Value();
}

Value getVectorAlong(OpBuilder &builder, Value value, unsigned axisFromBack,
                     int64_t width) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || !isParameterOrConstant(value))
    return Value();
  if (type.getNumElements() == 1) {
    if (width == 1)
      return reshapeConstant(builder, value, {1});
    // One number for all: a weight would have to be repeated, which would
    // untie what is trained as one.
    std::optional<ConstantData> data = ConstantData::get(value);
    if (!data || value.getDefiningOp<LoadWeightOp>())
      return Value();
    return makeSplat(builder, value.getLoc(), type.getElementType(), width,
                     data->getFloat(0));
  }
  int64_t axis = type.getRank() - axisFromBack;
  if (axis < 0 || type.getDimSize(axis) != width ||
      type.getNumElements() != width)
    return Value();
  return reshapeConstant(builder, value, {width});
}

Value getGain(OpBuilder &builder, Value value, Value activation) {
  if (!isParameterOrConstant(value))
    return Value();
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() == 0)
    return value;
  if (type.hasStaticShape() && type.getNumElements() == 1)
    return getVector(builder, value, 1);
  int64_t width =
      cast<RankedTensorType>(activation.getType()).getShape().back();
  return ShapedType::isDynamic(width) ? Value()
                                      : getVector(builder, value, width);
}

Value getMatrix(OpBuilder &builder, Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || !isParameterOrConstant(value))
    return Value();
  if (type.getRank() == 2)
    return value;
  if (type.getRank() != 3 || type.getDimSize(0) != 1)
    return Value();
  return reshapeConstant(builder, value, type.getShape().drop_front());
}

Value makeSplat(OpBuilder &builder, Location loc, Type elementType,
                int64_t width, double value) {
  SmallVector<int64_t, 1> shape;
  if (width)
    shape.push_back(width);
  auto type = RankedTensorType::get(shape, elementType);
  return arith::ConstantOp::create(
      builder, loc,
      DenseElementsAttr::get(type, builder.getFloatAttr(elementType, value)));
}

Value getScaledExactly(OpBuilder &builder, Value value, double factor) {
  auto load = value.getDefiningOp<LoadWeightOp>();
  std::optional<ConstantData> data = ConstantData::get(value);
  int exponent;
  if (!load || !data || !data->getElementType().isF32() ||
      std::abs(std::frexp(factor, &exponent)) != 0.5)
    return Value();
  auto bytes =
      std::make_unique<std::string>(getStorageBytes(data->getType()), '\0');
  auto *to = reinterpret_cast<float *>(bytes->data());
  for (int64_t i = 0, e = data->size(); i < e; ++i) {
    to[i] = static_cast<float>(data->getFloat(i) * factor);
    // Overflow and denormals would not be exact.
    if (to[i] / factor != data->getFloat(i))
      return Value();
  }
  auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(
      load, load.getWeightAttr());
  WeightOp scaled =
      createWeight(weight->getParentOfType<ModuleOp>(), weight.getLoc(),
                   weight.getSymName().str() + "_scaled", data->getType(),
                   makeStringBlob(std::move(bytes)), "");
  // It is in no file.
  scaled.removeSourceAttr();
  return LoadWeightOp::create(builder, load.getLoc(), data->getType(),
                              FlatSymbolRefAttr::get(scaled));
}

Value gatherConstant(OpBuilder &builder, Value value, unsigned dim,
                     ArrayRef<int64_t> indices) {
  std::optional<ConstantData> data = ConstantData::get(value);
  if (!data || data->getShape().size() > 2)
    return Value();
  SmallVector<int64_t> shape(data->getShape());
  int64_t inner = dim + 1 < shape.size() ? shape.back() : 1;
  int64_t outer = dim == 0 ? 1 : shape.front(), extent = shape[dim];
  unsigned size = getStorageBytes(data->getElementType());
  std::string from(getStorageBytes(data->getType()), '\0');
  data->copyTo(from.data());
  auto bytes = std::make_unique<std::string>();
  bytes->reserve(outer * indices.size() * inner * size);
  for (int64_t i = 0; i < outer; ++i)
    for (int64_t index : indices)
      bytes->append(from, (i * extent + index) * inner * size, inner * size);
  shape[dim] = indices.size();
  auto type = RankedTensorType::get(shape, data->getElementType());
  auto load = value.getDefiningOp<LoadWeightOp>();
  if (!load)
    return arith::ConstantOp::create(
        builder, value.getLoc(),
        DenseElementsAttr::getFromRawBuffer(
            type, ArrayRef<char>(bytes->data(), bytes->size())));
  auto weight = SymbolTable::lookupNearestSymbolFrom<WeightOp>(
      load, load.getWeightAttr());
  WeightOp gathered =
      createWeight(weight->getParentOfType<ModuleOp>(), weight.getLoc(),
                   weight.getSymName().str() + "_part", type,
                   makeStringBlob(std::move(bytes)), "");
  // It is in no file.
  gathered.removeSourceAttr();
  return LoadWeightOp::create(builder, load.getLoc(), type,
                              FlatSymbolRefAttr::get(gathered));
}

void raiseConstants(Raiser &raiser) {
  raiser.getFunction().walk([&](onnx::ConstantOp constant) {
    auto typed = dyn_cast<TypedAttr>(constant.getValue());
    if (!typed)
      return;
    Value raised;
    for (OpOperand &use :
         llvm::make_early_inc_range(constant.getResult().getUses())) {
      if (isa<onnx::ONNXDialect>(use.getOwner()->getDialect()))
        continue;
      if (!raised)
        raised = arith::ConstantOp::create(raiser.at(constant),
                                           constant.getLoc(), typed);
      use.set(raised);
    }
  });
  raiser.walkBackwards([](Operation *) {});
}

} // namespace ockham::raising
