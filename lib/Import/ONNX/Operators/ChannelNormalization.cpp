//===- ChannelNormalization.cpp - Norms of [batch, channel, ...] ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"
#include "Operators.h"

using namespace mlir;

namespace ockham::importer {

/// A vector with one element per channel, [channel, 1, ...], as it broadcasts
/// to `x`.
static Value alongChannels(NodeImporter &n, Value vector, Value x,
                           StringRef what) {
  RankedTensorType type = n.getType(x);
  if (failed(requireShape(n, vector, what, {type.getDimSize(1)})))
    return Value();
  SmallVector<int64_t> axes;
  for (int64_t dim = 2; dim < type.getRank(); ++dim)
    axes.push_back(dim - 1);
  return axes.empty() ? vector : unsqueeze(n, vector, axes);
}

/// `x * scale + bias` with vectors along the channels of `like`.
static Value scaleChannels(NodeImporter &n, Value x, Value like, Value scale,
                           Value bias) {
  if (!x)
    return Value();
  Type element = n.getElement(x);
  Value scaled =
      n.create<onnx::MulOp>(element, x, alongChannels(n, scale, like, "scale"));
  return n.create<onnx::AddOp>(element, scaled,
                               alongChannels(n, bias, like, "bias"));
}

/// `(x - mean) / sqrt(variance + epsilon)` over the dimensions from 2 on.
static Value standardise(NodeImporter &n, Value x) {
  if (!x)
    return Value();
  OpBuilder &b = n.getBuilder();
  return n.createWithOptional<onnx::LayerNormalizationOp>(
      n.getElement(x), x, Value(), Value(), b.getI64IntegerAttr(2),
      b.getF64FloatAttr(n.getFloat("epsilon", 1e-5f)));
}

/// Fails if `x` has no dimensions behind batch and channel.
static LogicalResult requireRank(NodeImporter &n, Value x, int64_t least) {
  int64_t rank = n.getType(x).getRank();
  if (rank >= least)
    return n.requireFloat(x);
  return n.fail("operand has rank " + llvm::Twine(rank) +
                ", expected at least " + llvm::Twine(least));
}

LogicalResult importInstanceNormalization(NodeImporter &n) {
  Value x = n.getOperand(0);
  if (failed(requireRank(n, x, 3)))
    return failure();
  return n.setResult(
      scaleChannels(n, standardise(n, x), x, n.getOperand(1), n.getOperand(2)));
}

// Scale and bias are per group before version 21, per channel from then on.
LogicalResult importGroupNormalization(NodeImporter &n) {
  Value x = n.getOperand(0);
  if (failed(requireRank(n, x, 3)))
    return failure();
  int64_t groups = n.getInt("num_groups", 0);
  int64_t channels = n.getType(x).getDimSize(1), rank = n.getType(x).getRank();
  if (ShapedType::isDynamic(channels))
    return n.fail("the number of channels is known only at run time, expected "
                  "a fixed number");
  if (groups < 1 || channels % groups != 0)
    return n.fail("num_groups is " + llvm::Twine(groups) +
                  ", expected a divisor of the " + count(channels, "channel"));
  OpBuilder &b = n.getBuilder();
  SmallVector<OpFoldResult> shape, grouped;
  for (int64_t dim = 0; dim < rank; ++dim)
    shape.push_back(n.getDim(x, dim));
  grouped.assign(
      {shape[0], b.getIndexAttr(groups), b.getIndexAttr(channels / groups)});
  grouped.append(shape.begin() + 2, shape.end());
  Value parts = n.createReshape(x, grouped);
  Value normal = standardise(n, parts);
  bool isPerGroup = n.getOpset() < 21;
  if (isPerGroup)
    normal = scaleChannels(n, normal, parts, n.getOperand(1), n.getOperand(2));
  if (!normal)
    return failure();
  normal = n.createReshape(normal, shape);
  if (isPerGroup)
    return n.setResult(normal);
  return n.setResult(
      scaleChannels(n, normal, x, n.getOperand(1), n.getOperand(2)));
}

// Inference: mean and variance are operands.
LogicalResult importBatchNormalization(NodeImporter &n) {
  Value x = n.getOperand(0);
  if (failed(requireRank(n, x, 2)))
    return failure();
  if (n.getInt("training_mode", 0) != 0)
    return n.fail("training_mode is set, expected an inference graph");
  if (n.getInt("spatial", 1) != 1)
    return n.fail("spatial is 0, expected 1: statistics per channel");
  for (unsigned i = 1; i < n.getNumResults(); ++i)
    if (n.isResultUsed(i))
      return n.fail("result #" + llvm::Twine(i) +
                    ", a statistic of training, is used");
  Type element = n.getElement(x);
  Value variance = alongChannels(n, n.getOperand(4), x, "the variance");
  Value sum = n.create<onnx::AddOp>(
      element, variance, n.createScalar(element, n.getFloat("epsilon", 1e-5f)));
  Value centred = n.create<onnx::SubOp>(
      element, x, alongChannels(n, n.getOperand(3), x, "the mean"));
  Value normal = n.create<onnx::DivOp>(element, centred,
                                       n.create<onnx::SqrtOp>(element, sum));
  return n.setResult(
      scaleChannels(n, normal, x, n.getOperand(1), n.getOperand(2)));
}

// x / |x|, 0 where the norm is 0.
LogicalResult importLpNormalization(NodeImporter &n) {
  Value x = n.getOperand(0);
  auto axis = n.normalizeAxis(n.getInt("axis", -1), n.getType(x).getRank());
  if (failed(axis) || failed(n.requireFloat(x)))
    return failure();
  int64_t p = n.getInt("p", 2);
  if (p != 1 && p != 2)
    return n.fail("p is " + llvm::Twine(p) + ", expected 1 or 2");
  Type element = n.getElement(x);
  SmallVector<int64_t, 1> dims{*axis};
  ArrayRef<int64_t> axes(dims);
  Value norm =
      p == 2 ? n.create<onnx::ReduceL2Op>(element, x, axes, true)
             : n.create<onnx::ReduceSumOp>(
                   element, n.create<onnx::AbsOp>(element, x), axes, true);
  Value isZero = n.create<onnx::EqualOp>(n.getBuilder().getI1Type(), norm,
                                         n.createScalar(element, 0));
  Value divisor = n.create<onnx::WhereOp>(element, isZero,
                                          n.createScalar(element, 1), norm);
  return n.setResult(n.create<onnx::DivOp>(element, x, divisor));
}

// (x - mean) / (standard deviation + 1e-9)
LogicalResult importMeanVarianceNormalization(NodeImporter &n) {
  Value x = n.getOperand(0);
  auto dims =
      n.normalizeAxes(n.getInts("axes").value_or(SmallVector<int64_t>{0, 2, 3}),
                      n.getType(x).getRank());
  if (failed(dims) || failed(n.requireFloat(x)))
    return failure();
  Type element = n.getElement(x);
  ArrayRef<int64_t> axes(*dims);
  Value mean = n.create<onnx::ReduceMeanOp>(element, x, axes, true);
  Value centred = n.create<onnx::SubOp>(element, x, mean);
  Value variance = n.create<onnx::ReduceMeanOp>(
      element, n.create<onnx::MulOp>(element, centred, centred), axes, true);
  Value deviation =
      n.create<onnx::AddOp>(element, n.create<onnx::SqrtOp>(element, variance),
                            n.createScalar(element, 1e-9));
  return n.setResult(n.create<onnx::DivOp>(element, centred, deviation));
}

} // namespace ockham::importer
