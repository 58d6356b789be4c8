//===- Normalization.cpp - Softmax and norms ------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"
#include "Norms.h"
#include "Operators.h"

#include "../TensorReader.h"
#include "llvm/ADT/Sequence.h"

using namespace mlir;

namespace ockham::importer {

using Normalize = llvm::function_ref<Value(Value, int64_t axis)>;

static Value createSoftmax(NodeImporter &n, Value x, int64_t axis) {
  if (!x)
    return Value();
  return n.create<onnx::SoftmaxOp>(n.getElement(x), x, axis);
}

/// `(x - max) - log(sum(exp(x - max)))`.
Value createLogSoftmax(NodeImporter &n, Value x, int64_t axis) {
  if (!x)
    return Value();
  Type element = n.getElement(x);
  SmallVector<int64_t, 1> axes{axis};
  ArrayRef<int64_t> axesRef(axes);
  Value max = n.create<onnx::ReduceMaxOp>(element, x, axesRef, true);
  Value shifted = n.create<onnx::SubOp>(element, x, max);
  Value sum = n.create<onnx::ReduceSumOp>(
      element, n.create<onnx::ExpOp>(element, shifted), axesRef, true);
  return n.create<onnx::SubOp>(element, shifted,
                               n.create<onnx::LogOp>(element, sum));
}

/// Along one axis.
static LogicalResult importAlongAxis(NodeImporter &n, Normalize normalize) {
  Value x = n.getOperand(0);
  auto axis = n.normalizeAxis(n.getInt("axis", -1), n.getType(x).getRank());
  if (failed(axis))
    return failure();
  return n.setResult(normalize(x, *axis));
}

/// Before opset 13: over all dimensions from the axis on, taken as one.
static LogicalResult importFlattened(NodeImporter &n, Normalize normalize) {
  Value x = n.getOperand(0);
  int64_t rank = n.getType(x).getRank();
  auto axis = n.normalizeAxis(n.getInt("axis", 1), rank);
  if (failed(axis))
    return failure();
  if (*axis == rank - 1)
    return n.setResult(normalize(x, *axis));
  SmallVector<OpFoldResult> shape, flat;
  for (int64_t dim = 0; dim < rank; ++dim)
    shape.push_back(n.getDim(x, dim));
  flat.assign(shape.begin(), shape.begin() + *axis);
  flat.push_back(n.getDimProduct(x, *axis, rank));
  return n.setResult(
      n.createReshape(normalize(n.createReshape(x, flat), *axis), shape));
}

LogicalResult importSoftmax(NodeImporter &n) {
  return importAlongAxis(
      n, [&](Value x, int64_t axis) { return createSoftmax(n, x, axis); });
}

LogicalResult importFlatSoftmax(NodeImporter &n) {
  return importFlattened(
      n, [&](Value x, int64_t axis) { return createSoftmax(n, x, axis); });
}

/// 1 where the first maximum is, else 0.
static Value createHardmax(NodeImporter &n, Value x, int64_t axis) {
  if (!x)
    return Value();
  OpBuilder &b = n.getBuilder();
  Value max =
      n.create<onnx::ArgMaxOp>(b.getI64Type(), x, b.getI64IntegerAttr(axis),
                               b.getUnitAttr(), UnitAttr());
  // Positions along the axis, as broadcasting reads them.
  Value positions = createPositionRange(n, x, axis);
  int64_t behind = n.getType(x).getRank() - axis;
  positions =
      unsqueeze(n, positions, llvm::to_vector(llvm::seq<int64_t>(1, behind)));
  return n.create<onnx::CastOp>(
      n.getElement(x), n.create<onnx::EqualOp>(b.getI1Type(), positions, max));
}

LogicalResult importHardmax(NodeImporter &n) {
  return importAlongAxis(
      n, [&](Value x, int64_t axis) { return createHardmax(n, x, axis); });
}

LogicalResult importFlatHardmax(NodeImporter &n) {
  return importFlattened(
      n, [&](Value x, int64_t axis) { return createHardmax(n, x, axis); });
}

LogicalResult importLogSoftmax(NodeImporter &n) {
  return importAlongAxis(
      n, [&](Value x, int64_t axis) { return createLogSoftmax(n, x, axis); });
}

LogicalResult importFlatLogSoftmax(NodeImporter &n) {
  return importFlattened(
      n, [&](Value x, int64_t axis) { return createLogSoftmax(n, x, axis); });
}

/// The float type that stash_type names, float32 unless stated: that of the
/// statistics. What is computed is never narrower than the operand.
static FailureOr<Type> getStashType(NodeImporter &n) {
  int32_t code = static_cast<int32_t>(n.getInt("stash_type", 1));
  Type stash = getElementType(code, n.getBuilder().getContext());
  if (!stash || !isa<FloatType>(stash))
    return n.fail("stash_type is element type " + getElementTypeName(code) +
                  ", expected a float");
  return stash;
}

static Type getWider(Type lhs, Type rhs) {
  return lhs.getIntOrFloatBitWidth() < rhs.getIntOrFloatBitWidth() ? rhs : lhs;
}

LogicalResult createStatistics(NodeImporter &n, Value x, int64_t axis,
                               double epsilon) {
  if (!n.isResultUsed(1) && !n.isResultUsed(2))
    return success();
  FailureOr<Type> stash = getStashType(n);
  if (failed(stash))
    return failure();
  Type precise = getWider(n.getElement(x), *stash);
  x = castTo(n, precise, x);
  if (!x)
    return failure();
  SmallVector<int64_t> dims =
      llvm::to_vector(llvm::seq<int64_t>(axis, n.getType(x).getRank()));
  ArrayRef<int64_t> axes(dims);
  Value mean = n.create<onnx::ReduceMeanOp>(precise, x, axes, true);
  if (n.isResultUsed(1) && failed(n.setResult(1, castTo(n, *stash, mean))))
    return failure();
  if (!n.isResultUsed(2))
    return success();
  Value centred = n.create<onnx::SubOp>(precise, x, mean);
  Value square = n.create<onnx::MulOp>(precise, centred, centred);
  Value variance = n.create<onnx::ReduceMeanOp>(precise, square, axes, true);
  Value sum = n.create<onnx::AddOp>(precise, variance,
                                    n.createScalar(precise, epsilon));
  Value inverse = n.create<onnx::ReciprocalOp>(
      precise, n.create<onnx::SqrtOp>(precise, sum));
  return n.setResult(2, castTo(n, *stash, inverse));
}

Value createLayerNorm(NodeImporter &n, Value x, Value scale, Value bias,
                      int64_t axis, double epsilon) {
  if (!x)
    return Value();
  OpBuilder &b = n.getBuilder();
  return n.createWithOptional<onnx::LayerNormalizationOp>(
      n.getElement(x), x, scale, bias, b.getI64IntegerAttr(axis),
      b.getF64FloatAttr(epsilon));
}

LogicalResult importLayerNormalization(NodeImporter &n) {
  Value x = n.getOperand(0);
  auto axis = n.normalizeAxis(n.getInt("axis", -1), n.getType(x).getRank());
  double epsilon = n.getFloat("epsilon", 1e-5f);
  if (failed(axis) || failed(createStatistics(n, x, *axis, epsilon)))
    return failure();
  // PyTorch writes a norm without parameters with an empty scale, which ONNX
  // does not allow; its meaning is clear.
  return n.setResult(
      createLayerNorm(n, x, n.getOperand(1), n.getOperand(2), *axis, epsilon));
}

FailureOr<RMSNorm> createRMSNorm(NodeImporter &n, Value x, Value scale,
                                 int64_t axis, double epsilon) {
  if (!x || !scale)
    return failure();
  Type element = n.getElement(x);
  FailureOr<Type> stash = getStashType(n);
  if (failed(stash))
    return failure();
  Type precise = getWider(element, *stash);
  Value wide = castTo(n, precise, x);
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(axis, n.getType(x).getRank()));
  Value square = n.create<onnx::MulOp>(precise, wide, wide);
  Value mean = n.create<onnx::ReduceMeanOp>(precise, square,
                                            ArrayRef<int64_t>(axes), true);
  Value sum =
      n.create<onnx::AddOp>(precise, mean, n.createScalar(precise, epsilon));
  Value root = n.create<onnx::SqrtOp>(precise, sum);
  Value normal = n.create<onnx::DivOp>(precise, wide, root);
  // The scale may have a type of its own, which is then that of the result.
  Type type = n.getElement(scale);
  Value result = n.create<onnx::MulOp>(
      type, castTo(n, type, castTo(n, element, normal)), scale);
  if (!result)
    return failure();
  return RMSNorm{result, root, *stash};
}

LogicalResult createInverseRoot(NodeImporter &n, const RMSNorm &norm,
                                unsigned result) {
  if (!n.isResultUsed(result))
    return success();
  Value inverse =
      n.create<onnx::ReciprocalOp>(n.getElement(norm.root), norm.root);
  return n.setResult(result, castTo(n, norm.stash, inverse));
}

// x / sqrt(mean(x^2) + epsilon) * scale, in the precision of stash_type.
LogicalResult importRMSNormalization(NodeImporter &n) {
  Value x = n.getOperand(0);
  auto axis = n.normalizeAxis(n.getInt("axis", -1), n.getType(x).getRank());
  if (failed(axis))
    return failure();
  auto norm =
      createRMSNorm(n, x, n.getOperand(1), *axis, n.getFloat("epsilon", 1e-5f));
  if (failed(norm) || failed(createInverseRoot(n, *norm, 1)))
    return failure();
  return n.setResult(norm->result);
}

} // namespace ockham::importer
