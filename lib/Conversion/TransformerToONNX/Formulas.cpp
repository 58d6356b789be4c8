//===- Formulas.cpp - Standard operators, with inferred types -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace ockham::tfm2onnx {

Value Formulas::infer(Operation *op, Type element) {
  auto inference = cast<InferShapedTypeOpInterface>(op);
  SmallVector<ShapedTypeComponents> components;
  if (succeeded(inference.inferReturnTypeComponents(
          op->getContext(), op->getLoc(), op->getOperands(),
          op->getAttrDictionary(), op->getPropertiesStorage(), {}, components)))
    op->getResult(0).setType(
        RankedTensorType::get(components.front().getDims(), element));
  return op->getResult(0);
}

Value Formulas::scalar(Type element, double number) {
  auto type = RankedTensorType::get({}, element);
  Attribute attribute = isa<FloatType>(element)
                            ? Attribute(builder.getFloatAttr(element, number))
                            : Attribute(builder.getIntegerAttr(
                                  element, static_cast<int64_t>(number)));
  return onnx::ConstantOp::create(builder, loc, type,
                                  DenseElementsAttr::get(type, attribute));
}

Value Formulas::scale(Value value, double number) {
  return number == 1.0 ? value : mul(value, scalar(getElement(value), number));
}

Value Formulas::shift(Value value, double number) {
  return number == 0.0 ? value : add(value, scalar(getElement(value), number));
}

Value Formulas::rowMean(Value value) {
  return create<onnx::ReduceMeanOp>(getElement(value), value,
                                    ArrayRef<int64_t>{getRank(value) - 1},
                                    /*keepdims=*/true);
}

Value Formulas::transpose(Value value, ArrayRef<int64_t> perm) {
  return create<onnx::TransposeOp>(getElement(value), value, perm);
}

Value Formulas::unsqueeze(Value value, ArrayRef<int64_t> axes) {
  return axes.empty()
             ? value
             : create<onnx::UnsqueezeOp>(getElement(value), value, axes);
}

Value Formulas::concat(Value lhs, Value rhs, int64_t axis) {
  return create<onnx::ConcatOp>(getElement(lhs), ValueRange{lhs, rhs},
                                builder.getI64IntegerAttr(axis));
}

Value Formulas::slice(Value value, int64_t axis, OpFoldResult begin,
                      OpFoldResult end, int64_t step) {
  SmallVector<Value> starts, ends;
  SmallVector<int64_t> staticStarts, staticEnds;
  dispatchIndexOpFoldResults(begin, starts, staticStarts);
  dispatchIndexOpFoldResults(end, ends, staticEnds);
  return create<onnx::SliceOp>(
      getElement(value), value, ValueRange(starts), ValueRange(ends),
      ArrayRef<int64_t>(staticStarts), ArrayRef<int64_t>(staticEnds),
      ArrayRef<int64_t>{axis}, ArrayRef<int64_t>{step});
}

Value Formulas::reshape(Value value, ArrayRef<OpFoldResult> shape) {
  SmallVector<Value> sizes;
  SmallVector<int64_t> staticSizes;
  dispatchIndexOpFoldResults(shape, sizes, staticSizes);
  return create<onnx::ReshapeOp>(getElement(value), value, ValueRange(sizes),
                                 ArrayRef<int64_t>(staticSizes));
}

Value Formulas::expand(Value value, ArrayRef<OpFoldResult> shape) {
  SmallVector<Value> sizes;
  SmallVector<int64_t> staticSizes;
  dispatchIndexOpFoldResults(shape, sizes, staticSizes);
  return create<onnx::ExpandOp>(getElement(value), value, ValueRange(sizes),
                                ArrayRef<int64_t>(staticSizes));
}

OpFoldResult Formulas::getDim(Value value, int64_t dim) {
  return tensor::getMixedSize(builder, loc, value, dim);
}

Value Formulas::positions(OpFoldResult extent) {
  Type element = builder.getI64Type();
  Value limit;
  if (std::optional<int64_t> known = getConstantIntValue(extent))
    limit = scalar(element, static_cast<double>(*known));
  else
    limit = tensor::FromElementsOp::create(
        builder, loc, RankedTensorType::get({}, element),
        ValueRange{arith::IndexCastOp::create(builder, loc, element,
                                              cast<Value>(extent))});
  return create<onnx::RangeOp>(element, scalar(element, 0), limit,
                               scalar(element, 1));
}

Value Formulas::toInt64(Value value) {
  Type element = builder.getI64Type();
  return getElement(value) == element ? value
                                      : create<onnx::CastOp>(element, value);
}

Value Formulas::positions(OpFoldResult extent, Value past) {
  Value rows = positions(extent);
  return past ? add(unsqueeze(toInt64(past), {1}), rows) : rows;
}

Value emitLiveNorm(Formulas &f, Value x, tfm::NormKind kind, double eps,
                   bool epsOutside, Value scale, Value shift, int64_t opset) {
  Type element = f.getElement(x);
  OpBuilder &builder = f.getBuilder();
  if (kind == tfm::NormKind::Layer && !epsOutside)
    return f.create<onnx::LayerNormalizationOp>(
        element, x, scale, shift, builder.getI64IntegerAttr(f.getRank(x) - 1),
        builder.getF64FloatAttr(eps));
  Value y;
  if (kind == tfm::NormKind::RMS && !epsOutside &&
      opset >= kRMSNormalizationOpset) {
    y = tfm::NormOp::create(builder, f.getLoc(), x.getType(), kind, x, scale,
                            /*shift=*/Value(), /*std=*/Value(),
                            /*alpha=*/Value(), /*offset=*/Value(),
                            /*past=*/Value(), llvm::APFloat(eps),
                            /*eps_outside=*/false, /*uncentred=*/false,
                            tfm::StdAxis::None);
  } else {
    if (kind == tfm::NormKind::Layer)
      x = f.sub(x, f.rowMean(x));
    Value variance = f.rowMean(f.mul(x, x));
    if (!epsOutside)
      variance = f.shift(variance, eps);
    Value root = f.create<onnx::SqrtOp>(element, variance);
    if (epsOutside)
      root = f.shift(root, eps);
    y = f.div(x, root);
    if (scale)
      y = f.mul(y, scale);
  }
  return shift ? f.add(y, shift) : y;
}

} // namespace ockham::tfm2onnx
