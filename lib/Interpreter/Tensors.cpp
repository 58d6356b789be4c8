//===- Tensors.cpp - Ops of the tensor dialect ----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <limits>

using namespace mlir;

namespace ockham::interpreter {

static llvm::Expected<Tensor> createOfType(RankedTensorType type,
                                           ArrayRef<int64_t> shape) {
  std::optional<ockham_dtype> dtype = getDType(type.getElementType());
  if (!dtype)
    return makeError("the element type is not supported");
  return Tensor::create(*dtype, shape);
}

static llvm::Expected<Tensor> evaluateDim(tensor::DimOp op, Frame &frame) {
  const Tensor &source = frame.get(op.getSource());
  int64_t axis = frame.getInt(op.getIndex());
  if (axis < 0 || axis >= source.getRank())
    return makeError("dimension " + llvm::Twine(axis) +
                     " is outside of shape " + formatShape(source.getShape()));
  return Tensor::makeInt(OCKHAM_I64, source.getDim(axis));
}

static llvm::Expected<Tensor> evaluateExtract(tensor::ExtractOp op,
                                              Frame &frame) {
  const Tensor &source = frame.get(op.getTensor());
  Extents index;
  for (Value value : op.getIndices())
    index.push_back(frame.getInt(value));
  for (auto [i, extent] : llvm::zip(index, source.getShape()))
    if (i < 0 || i >= extent)
      return makeError("index " + formatShape(index) + " is outside of shape " +
                       formatShape(source.getShape()));
  llvm::Expected<Tensor> result = Tensor::create(source.getDType(), {});
  if (result)
    result->copyElement(0, source, getPosition(index, source.getShape()));
  return result;
}

static llvm::Expected<Tensor> evaluateExtractSlice(tensor::ExtractSliceOp op,
                                                   Frame &frame) {
  const Tensor &source = frame.get(op.getSource());
  Extents offsets = frame.getMixed(op.getOffsets(), op.getStaticOffsets());
  Extents sizes = frame.getMixed(op.getSizes(), op.getStaticSizes());
  Extents strides = frame.getMixed(op.getStrides(), op.getStaticStrides());
  for (auto [axis, extent] : llvm::enumerate(source.getShape())) {
    if (sizes[axis] == 0)
      continue;
    __int128 last = offsets[axis] + __int128(sizes[axis] - 1) * strides[axis];
    if (sizes[axis] < 0 || offsets[axis] < 0 || offsets[axis] >= extent ||
        last < 0 || last >= extent)
      return makeError("the slice at " + formatShape(offsets) + " of " +
                       formatShape(sizes) + " by " + formatShape(strides) +
                       " leaves shape " + formatShape(source.getShape()));
  }
  llvm::Expected<Tensor> result = Tensor::create(source.getDType(), sizes);
  if (!result)
    return result;
  forEachIndex(sizes, [&](ArrayRef<int64_t> index, int64_t to) {
    Extents from(index);
    for (size_t axis = 0; axis < from.size(); ++axis)
      from[axis] = offsets[axis] + index[axis] * strides[axis];
    result->copyElement(to, source, getPosition(from, source.getShape()));
  });
  llvm::SmallBitVector dropped = op.getDroppedDims();
  Extents shape;
  for (auto [axis, size] : llvm::enumerate(sizes))
    if (!dropped.test(axis))
      shape.push_back(size);
  return result->reshaped(shape);
}

/// Content that must not be read: a NaN, or zero where there is none.
static llvm::Expected<Tensor> evaluateEmpty(tensor::EmptyOp op, Frame &frame) {
  llvm::Expected<Tensor> result =
      createOfType(op.getType(), frame.getMixed(op.getDynamicSizes(),
                                                op.getType().getShape()));
  if (result && result->isFloat())
    for (double &value : result->mutableFloats())
      value = std::numeric_limits<double>::quiet_NaN();
  return result;
}

static llvm::Expected<Tensor> evaluateFromElements(tensor::FromElementsOp op,
                                                   Frame &frame) {
  llvm::Expected<Tensor> result =
      createOfType(op.getType(), op.getType().getShape());
  if (!result)
    return result;
  for (auto [i, value] : llvm::enumerate(op.getElements()))
    result->copyElement(i, frame.get(value), 0);
  return result;
}

static llvm::Expected<Tensor> evaluateSplat(tensor::SplatOp op, Frame &frame) {
  llvm::Expected<Tensor> result =
      createOfType(op.getType(), frame.getMixed(op.getDynamicSizes(),
                                                op.getType().getShape()));
  if (!result)
    return result;
  for (int64_t i = 0, e = result->size(); i < e; ++i)
    result->copyElement(i, frame.get(op.getInput()), 0);
  return result;
}

static llvm::Expected<Tensor> evaluateCollapse(tensor::CollapseShapeOp op,
                                               Frame &frame) {
  const Tensor &source = frame.get(op.getSrc());
  Extents shape;
  for (const ReassociationIndices &group : op.getReassociationIndices()) {
    int64_t extent = 1;
    for (int64_t axis : group)
      extent *= source.getDim(axis);
    shape.push_back(extent);
  }
  return source.reshaped(shape);
}

static llvm::Expected<Tensor> evaluateExpandShape(tensor::ExpandShapeOp op,
                                                  Frame &frame) {
  const Tensor &source = frame.get(op.getSrc());
  Extents shape =
      frame.getMixed(op.getOutputShape(), op.getStaticOutputShape());
  for (auto [axis, group] : llvm::enumerate(op.getReassociationIndices())) {
    __int128 extent = 1;
    bool valid = true;
    for (int64_t inner : group) {
      valid &= shape[inner] >= 0 && extent <= Tensor::kMaxElements;
      extent *= valid ? shape[inner] : 0;
    }
    if (!valid || extent != source.getDim(axis))
      return makeError("cannot expand " + formatShape(source.getShape()) +
                       " to " + formatShape(shape));
  }
  return source.reshaped(shape);
}

void addTensorOps(OpTable &table) {
  table.add<tensor::DimOp>(evaluateDim);
  table.add<tensor::ExtractOp>(evaluateExtract);
  table.add<tensor::ExtractSliceOp>(evaluateExtractSlice);
  table.add<tensor::EmptyOp>(evaluateEmpty);
  table.add<tensor::FromElementsOp>(evaluateFromElements);
  table.add<tensor::SplatOp>(evaluateSplat);
  table.add<tensor::CollapseShapeOp>(evaluateCollapse);
  table.add<tensor::ExpandShapeOp>(evaluateExpandShape);
  // The interpreter checks the value against the result's type.
  table.add<tensor::CastOp>([](tensor::CastOp op, Frame &frame) {
    return llvm::Expected<Tensor>(frame.get(op.getSource()));
  });
}

} // namespace ockham::interpreter
