//===- ONNXElementwiseOps.cpp - Point-wise operators ----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/ONNXOpDetails.h"

#include "mlir/IR/Builders.h"
#include "ockham/Support/ConstantData.h"

#include <cmath>

using namespace mlir;
using namespace ockham;
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

LogicalResult ModOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                  const ShapeErrors &error,
                                  SmallVectorImpl<InferredTensor> &results) {
  Type element = getTensorType(adaptor.getLhs()).getElementType();
  if (isa<FloatType>(element) && !adaptor.getFmod())
    return error("has element type ", element,
                 " without fmod, expected integers");
  return inferBinary(adaptor.getOperands(), scope, error, results);
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

/// Folders do not search larger constants for a single value.
static constexpr int64_t kMaxComparedElements = 1024;

/// Whether a tensor of type `from` broadcasts to `target` without widening it:
/// an extent other than 1 must be the target's own. Against a dynamic one it
/// could be what that is broadcast to.
static bool broadcastsInto(Type from, RankedTensorType target) {
  auto type = cast<ShapedType>(from);
  if (type.getRank() > target.getRank())
    return false;
  for (auto [have, want] : llvm::zip_equal(
           type.getShape(), target.getShape().take_back(type.getRank())))
    if (have != 1 && (have != want || ShapedType::isDynamic(have)))
      return false;
  return true;
}

/// Whether an operand, combined with `other` by broadcasting, leaves the shape
/// of `other` alone and has the one value `value` everywhere.
static bool isNeutral(Attribute operand, Value other, Type resultType,
                      double value) {
  auto elements = dyn_cast_or_null<ElementsAttr>(operand);
  auto otherType = getTensorType(other);
  if (!elements || otherType != resultType ||
      !broadcastsInto(elements.getType(), otherType))
    return false;
  std::optional<ConstantData> data = ConstantData::get(elements);
  if (!data || data->size() > kMaxComparedElements)
    return false;
  std::optional<double> splat = data->getSplatFloat();
  // +0 and -0 are different neutral elements.
  return splat && *splat == value &&
         (!isa<FloatType>(data->getElementType()) ||
          std::signbit(*splat) == std::signbit(value));
}

/// x + 0 is x for integers; for floats only with -0, as +0 turns -0 to +0.
OpFoldResult AddOp::fold(FoldAdaptor adaptor) {
  double zero =
      isa<FloatType>(getTensorType(getResult()).getElementType()) ? -0.0 : 0.0;
  if (isNeutral(adaptor.getRhs(), getLhs(), getType(), zero))
    return getLhs();
  if (isNeutral(adaptor.getLhs(), getRhs(), getType(), zero))
    return getRhs();
  return foldConstants(*this, adaptor.getOperands());
}

/// x - 0 is x, signed zeros included.
OpFoldResult SubOp::fold(FoldAdaptor adaptor) {
  if (isNeutral(adaptor.getRhs(), getLhs(), getType(), 0.0))
    return getLhs();
  return foldConstants(*this, adaptor.getOperands());
}

OpFoldResult MulOp::fold(FoldAdaptor adaptor) {
  if (isNeutral(adaptor.getRhs(), getLhs(), getType(), 1.0))
    return getLhs();
  if (isNeutral(adaptor.getLhs(), getRhs(), getType(), 1.0))
    return getRhs();
  return foldConstants(*this, adaptor.getOperands());
}

OpFoldResult DivOp::fold(FoldAdaptor adaptor) {
  if (isNeutral(adaptor.getRhs(), getLhs(), getType(), 1.0))
    return getLhs();
  return foldConstants(*this, adaptor.getOperands());
}

OpFoldResult ModOp::fold(FoldAdaptor adaptor) {
  return foldConstants(*this, adaptor.getOperands());
}

OpFoldResult PowOp::fold(FoldAdaptor adaptor) {
  if (isNeutral(adaptor.getRhs(), getLhs(), getType(), 1.0))
    return getLhs();
  return foldConstants(*this, adaptor.getOperands());
}

OpFoldResult WhereOp::fold(FoldAdaptor adaptor) {
  // A condition that is the same everywhere chooses, if that operand has the
  // whole result's shape already.
  auto type = getTensorType(getResult());
  if (isNeutral(adaptor.getCondition(), getLhs(), type, 1.0) &&
      broadcastsInto(getRhs().getType(), type))
    return getLhs();
  if (isNeutral(adaptor.getCondition(), getRhs(), type, 0.0) &&
      broadcastsInto(getLhs().getType(), type))
    return getRhs();
  return foldConstants(*this, adaptor.getOperands());
}

OpFoldResult IdentityOp::fold(FoldAdaptor) {
  return getInput().getType() == getType() ? OpFoldResult(getInput())
                                           : OpFoldResult();
}

OpFoldResult CastOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  return foldConstants(*this, adaptor.getOperands());
}
