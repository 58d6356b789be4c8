//===- ONNXEmitter.cpp - New operators with known shapes ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ONNXEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;

static Type getElementType(Value tensor) {
  return cast<RankedTensorType>(tensor.getType()).getElementType();
}

RankedTensorType Emitter::getType(ArrayRef<ShapeExpr> dims, Type elementType) {
  SmallVector<int64_t> shape;
  for (const ShapeExpr &dim : dims)
    shape.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
  return RankedTensorType::get(shape, elementType);
}

SymbolicShape Emitter::broadcast(ShapeScope &scope,
                                 ArrayRef<SymbolicShape> operands) {
  SymbolicShape dims;
  for (const SymbolicShape &operand : operands) {
    if (operand.size() > dims.size())
      dims.insert(dims.begin(), operand.size() - dims.size(), ShapeExpr(1));
    size_t offset = dims.size() - operand.size();
    for (auto [index, dim] : llvm::enumerate(operand))
      dims[offset + index] = scope.broadcast(dims[offset + index], dim);
  }
  return dims;
}

Emitter::Sizes Emitter::getSizes(ArrayRef<ShapeExpr> dims) {
  Sizes sizes;
  for (const ShapeExpr &dim : dims) {
    sizes.constants.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
    if (!dim.getConstant())
      sizes.values.push_back(shapes.build(dim, before));
  }
  return sizes;
}

Value Emitter::visit(Operation *op) {
  shapes.visit(op);
  return op->getResult(0);
}

Value Emitter::reshape(Value input, ArrayRef<ShapeExpr> dims) {
  Sizes sizes = getSizes(dims);
  return visit(ReshapeOp::create(builder, before->getLoc(),
                                 getType(dims, getElementType(input)), input,
                                 sizes.values, sizes.constants));
}

Value Emitter::expand(Value input, ArrayRef<ShapeExpr> dims) {
  Sizes sizes = getSizes(dims);
  return visit(ExpandOp::create(builder, before->getLoc(),
                                getType(dims, getElementType(input)), input,
                                sizes.values, sizes.constants));
}

Value Emitter::transpose(Value input, ArrayRef<int64_t> perm) {
  SymbolicShape dims, from = shapes.getDims(input);
  for (int64_t position : perm)
    dims.push_back(from[position]);
  return visit(TransposeOp::create(builder, before->getLoc(),
                                   getType(dims, getElementType(input)), input,
                                   perm));
}

Value Emitter::unsqueeze(Value input, ArrayRef<int64_t> axes) {
  if (axes.empty())
    return input;
  SymbolicShape dims = shapes.getDims(input);
  for (int64_t axis : axes)
    dims.insert(dims.begin() + axis, ShapeExpr(1));
  return visit(UnsqueezeOp::create(builder, before->getLoc(),
                                   getType(dims, getElementType(input)), input,
                                   axes));
}

Value Emitter::matMul(Value lhs, Value rhs, ArrayRef<ShapeExpr> dims) {
  return visit(MatMulOp::create(builder, before->getLoc(),
                                getType(dims, getElementType(lhs)), lhs, rhs));
}

Value Emitter::add(Value lhs, Value rhs) {
  SymbolicShape dims =
      broadcast(shapes, {shapes.getDims(lhs), shapes.getDims(rhs)});
  return visit(AddOp::create(builder, before->getLoc(),
                             getType(dims, getElementType(lhs)), lhs, rhs));
}

Value Emitter::mul(Value lhs, Value rhs) {
  SymbolicShape dims =
      broadcast(shapes, {shapes.getDims(lhs), shapes.getDims(rhs)});
  return visit(MulOp::create(builder, before->getLoc(),
                             getType(dims, getElementType(lhs)), lhs, rhs));
}

Value Emitter::scalar(TypedAttr value) {
  auto type = RankedTensorType::get({}, value.getType());
  return visit(ConstantOp::create(builder, before->getLoc(), type,
                                  DenseElementsAttr::get(type, value)));
}

Value Emitter::scalar(const ShapeExpr &value, Type elementType) {
  if (std::optional<int64_t> constant = value.getConstant())
    return scalar(builder.getIntegerAttr(elementType, *constant));
  Value element = arith::IndexCastOp::create(
      builder, before->getLoc(), elementType, shapes.build(value, before));
  shapes.visit(element.getDefiningOp());
  return visit(tensor::FromElementsOp::create(
      builder, before->getLoc(), RankedTensorType::get({}, elementType),
      element));
}

Value Emitter::range(const ShapeExpr &start, int64_t step,
                     const ShapeExpr &count, Type elementType) {
  return visit(RangeOp::create(
      builder, before->getLoc(), getType(count, elementType),
      scalar(start, elementType), scalar(start + count * step, elementType),
      scalar(ShapeExpr(step), elementType)));
}

Value Emitter::fill(TypedAttr value, ArrayRef<ShapeExpr> dims) {
  Sizes sizes = getSizes(dims);
  return visit(ConstantOfShapeOp::create(builder, before->getLoc(),
                                         getType(dims, value.getType()),
                                         sizes.values, sizes.constants, value));
}

Value Emitter::clone(Operation *op, ValueRange operands,
                     ArrayRef<ShapeExpr> dims) {
  Operation *copy = builder.clone(*op);
  copy->setOperands(operands);
  copy->getResult(0).setType(getType(dims, getElementType(op->getResult(0))));
  return visit(copy);
}
