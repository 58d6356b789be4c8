//===- Normalization.cpp - Softmax and norms ------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

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
static Value createLogSoftmax(NodeImporter &n, Value x, int64_t axis) {
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

LogicalResult importLogSoftmax(NodeImporter &n) {
  return importAlongAxis(
      n, [&](Value x, int64_t axis) { return createLogSoftmax(n, x, axis); });
}

LogicalResult importFlatLogSoftmax(NodeImporter &n) {
  return importFlattened(
      n, [&](Value x, int64_t axis) { return createLogSoftmax(n, x, axis); });
}

/// The further results of LayerNormalization: the mean, and the reciprocal of
/// the standard deviation.
static LogicalResult importStatistics(NodeImporter &n, Value x, int64_t axis,
                                      double epsilon) {
  // They have the type that stash_type names, float32 unless stated.
  Type precise = n.getInt("stash_type", 1) == 1
                     ? Type(n.getBuilder().getF32Type())
                     : n.getElement(x);
  if (n.getElement(x) != precise)
    x = n.create<onnx::CastOp>(precise, x);
  if (!x)
    return failure();
  SmallVector<int64_t> dims =
      llvm::to_vector(llvm::seq<int64_t>(axis, n.getType(x).getRank()));
  ArrayRef<int64_t> axes(dims);
  Value mean = n.create<onnx::ReduceMeanOp>(precise, x, axes, true);
  if (n.isResultUsed(1) && failed(n.setResult(1, mean)))
    return failure();
  if (!n.isResultUsed(2))
    return success();
  Value centred = n.create<onnx::SubOp>(precise, x, mean);
  Value square = n.create<onnx::MulOp>(precise, centred, centred);
  Value variance = n.create<onnx::ReduceMeanOp>(precise, square, axes, true);
  Value sum = n.create<onnx::AddOp>(precise, variance,
                                    n.createScalar(precise, epsilon));
  return n.setResult(2, n.create<onnx::ReciprocalOp>(
                            precise, n.create<onnx::SqrtOp>(precise, sum)));
}

LogicalResult importLayerNormalization(NodeImporter &n) {
  Value x = n.getOperand(0);
  auto axis = n.normalizeAxis(n.getInt("axis", -1), n.getType(x).getRank());
  if (failed(axis))
    return failure();
  // PyTorch writes a norm without parameters with an empty scale, which ONNX
  // does not allow; its meaning is clear.
  OpBuilder &b = n.getBuilder();
  double epsilon = n.getFloat("epsilon", 1e-5f);
  if ((n.isResultUsed(1) || n.isResultUsed(2)) &&
      failed(importStatistics(n, x, *axis, epsilon)))
    return failure();
  return n.setResult(n.createWithOptional<onnx::LayerNormalizationOp>(
      n.getElement(x), x, n.getOperand(1), n.getOperand(2),
      b.getI64IntegerAttr(*axis), b.getF64FloatAttr(epsilon)));
}

// x / sqrt(mean(x^2) + epsilon) * scale, in the precision of stash_type.
LogicalResult importRMSNormalization(NodeImporter &n) {
  Value x = n.getOperand(0);
  int64_t rank = n.getType(x).getRank();
  auto axis = n.normalizeAxis(n.getInt("axis", -1), rank);
  if (failed(axis))
    return failure();
  Type element = n.getElement(x);
  Type f32 = n.getBuilder().getF32Type();
  bool isNarrow = element.getIntOrFloatBitWidth() < 32;
  Type precise = isNarrow && n.getInt("stash_type", 1) == 1 ? f32 : element;
  Value wide = precise == element ? x : n.create<onnx::CastOp>(precise, x);
  SmallVector<int64_t> axes;
  for (int64_t dim = *axis; dim < rank; ++dim)
    axes.push_back(dim);
  Value square = n.create<onnx::MulOp>(precise, wide, wide);
  Value mean = n.create<onnx::ReduceMeanOp>(precise, square,
                                            ArrayRef<int64_t>(axes), true);
  Value sum = n.create<onnx::AddOp>(
      precise, mean, n.createScalar(precise, n.getFloat("epsilon", 1e-5f)));
  Value normal = n.create<onnx::DivOp>(precise, wide,
                                       n.create<onnx::SqrtOp>(precise, sum));
  if (precise != element)
    normal = n.create<onnx::CastOp>(element, normal);
  return n.setResult(n.create<onnx::MulOp>(element, normal, n.getOperand(1)));
}

} // namespace ockham::importer
