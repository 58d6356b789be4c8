//===- ONNXElementwiseOps.cpp - Point-wise operators ----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/ONNXOpDetails.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace ockham::onnx;
using namespace ockham::onnx::detail;

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

LogicalResult ockham::onnx::detail::broadcastDims(ValueRange operands,
                                                  ShapeScope &scope,
                                                  const ShapeErrors &error,
                                                  SymbolicShape &dims) {
  for (Value operand : operands) {
    SymbolicShape more = scope.getDims(operand);
    if (more.size() > dims.size())
      dims.insert(dims.begin(), more.size() - dims.size(), ShapeExpr(1));
    size_t offset = dims.size() - more.size();
    for (auto [index, dim] : llvm::enumerate(more)) {
      ShapeExpr &have = dims[offset + index];
      std::optional<int64_t> left = have.getConstant();
      std::optional<int64_t> right = dim.getConstant();
      if (left && right && *left != *right && *left != 1 && *right != 1) {
        size_t fromBack = dims.size() - offset - index;
        return error("operands do not broadcast: extents ", *left, " and ",
                     *right, " in dimension -", fromBack);
      }
      have = scope.broadcast(have, dim);
    }
  }
  return success();
}

static LogicalResult verifySameElementType(ValueRange operands,
                                           const ShapeErrors &error) {
  Type lhs = getTensorType(operands[0]).getElementType();
  Type rhs = getTensorType(operands[1]).getElementType();
  if (lhs != rhs)
    return error("operands have different element types ", lhs, " and ", rhs);
  return success();
}

LogicalResult
ockham::onnx::detail::inferUnary(ValueRange operands, ShapeScope &scope,
                                 const ShapeErrors &,
                                 SmallVectorImpl<InferredTensor> &results) {
  results.push_back({scope.getDims(operands[0]),
                     getTensorType(operands[0]).getElementType()});
  return success();
}

LogicalResult
ockham::onnx::detail::inferBinary(ValueRange operands, ShapeScope &scope,
                                  const ShapeErrors &error,
                                  SmallVectorImpl<InferredTensor> &results) {
  if (failed(verifySameElementType(operands, error)))
    return failure();
  InferredTensor result{{}, getTensorType(operands[0]).getElementType()};
  if (failed(broadcastDims(operands, scope, error, result.dims)))
    return failure();
  results.push_back(std::move(result));
  return success();
}

LogicalResult ockham::onnx::detail::inferComparison(
    ValueRange operands, ShapeScope &scope, const ShapeErrors &error,
    SmallVectorImpl<InferredTensor> &results) {
  if (failed(inferBinary(operands, scope, error, results)))
    return failure();
  results.back().elementType =
      IntegerType::get(operands[0].getContext(), /*width=*/1);
  return success();
}

LogicalResult PowOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                  const ShapeErrors &error,
                                  SmallVectorImpl<InferredTensor> &results) {
  InferredTensor result{{}, getTensorType(adaptor.getLhs()).getElementType()};
  if (failed(broadcastDims(adaptor.getOperands(), scope, error, result.dims)))
    return failure();
  results.push_back(std::move(result));
  return success();
}

LogicalResult WhereOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                    const ShapeErrors &error,
                                    SmallVectorImpl<InferredTensor> &results) {
  Value values[] = {adaptor.getLhs(), adaptor.getRhs()};
  if (failed(verifySameElementType(values, error)))
    return failure();
  InferredTensor result{{}, getTensorType(adaptor.getLhs()).getElementType()};
  if (failed(broadcastDims(adaptor.getOperands(), scope, error, result.dims)))
    return failure();
  results.push_back(std::move(result));
  return success();
}

LogicalResult
IdentityOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                         const ShapeErrors &error,
                         SmallVectorImpl<InferredTensor> &results) {
  return inferUnary(adaptor.getOperands(), scope, error, results);
}

LogicalResult CastOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                   const ShapeErrors &,
                                   SmallVectorImpl<InferredTensor> &results) {
  results.push_back({scope.getDims(adaptor.getInput()), Type()});
  return success();
}

//===----------------------------------------------------------------------===//
// Folders
//===----------------------------------------------------------------------===//

OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  return foldConstants(*this, adaptor.getOperands());
}
OpFoldResult SubOp::fold(FoldAdaptor adaptor) {
  return foldConstants(*this, adaptor.getOperands());
}
OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  return foldConstants(*this, adaptor.getOperands());
}
OpFoldResult DivOp::fold(FoldAdaptor adaptor) {
  return foldConstants(*this, adaptor.getOperands());
}
OpFoldResult PowOp::fold(FoldAdaptor adaptor) {
  return foldConstants(*this, adaptor.getOperands());
}
OpFoldResult WhereOp::fold(FoldAdaptor adaptor) {
  return foldConstants(*this, adaptor.getOperands());
}
OpFoldResult IdentityOp::fold(FoldAdaptor adaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput())
                                           : OpFoldResult();
}
OpFoldResult CastOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  return foldConstants(*this, adaptor.getOperands());
}
