//===- ONNXShape.cpp - Constants, shapes and data movement ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"
#include "dialects/ONNX/ONNXDialect.h"
#include "ockham/Support/ConstantData.h"

#include <cmath>

using namespace mlir;

namespace ockham::interpreter {

static llvm::Error checkAxis(int64_t axis, const Tensor &tensor) {
  if (axis >= 0 && axis < tensor.getRank())
    return llvm::Error::success();
  return makeError("axis " + llvm::Twine(axis) + " is outside of shape " +
                   formatShape(tensor.getShape()));
}

//===----------------------------------------------------------------------===//
// Values from nothing
//===----------------------------------------------------------------------===//

static llvm::Expected<Tensor> evaluateConstant(onnx::ConstantOp op, Frame &) {
  std::optional<ConstantData> data = ConstantData::get(op.getValue());
  if (!data)
    return makeError("the elements of the value are not available");
  return Tensor::fromConstant(*data);
}

static llvm::Expected<Tensor>
evaluateConstantOfShape(onnx::ConstantOfShapeOp op, Frame &frame) {
  std::optional<ockham_dtype> dtype =
      getDType(getElementTypeOrSelf(op.getResult().getType()));
  if (!dtype)
    return makeError("the element type is not supported");
  llvm::Expected<Tensor> result = Tensor::create(
      *dtype, frame.getMixed(op.getShape(), op.getStaticShape()));
  if (!result)
    return result;
  auto integer = dyn_cast<IntegerAttr>(op.getValue());
  auto real = dyn_cast<FloatAttr>(op.getValue());
  if (!integer && !real)
    return makeError("the value is neither an integer nor a float");
  for (int64_t i = 0, e = result->size(); i < e; ++i) {
    if (real)
      result->setFloat(i, real.getValueAsDouble());
    else
      result->setInt(
          i, integer.getType().isUnsignedInteger()
                 ? int64_t(integer.getValue().zextOrTrunc(64).getZExtValue())
                 : integer.getValue().sextOrTrunc(64).getSExtValue());
  }
  return result;
}

static llvm::Expected<Tensor> evaluateRange(onnx::RangeOp op, Frame &frame) {
  const Tensor &start = frame.get(op.getStart());
  const Tensor &limit = frame.get(op.getLimit());
  const Tensor &delta = frame.get(op.getDelta());
  for (const Tensor *scalar : {&start, &limit, &delta})
    if (scalar->size() != 1)
      return makeError("operand of shape " + formatShape(scalar->getShape()) +
                       ", expected a scalar");
  if (delta.getFloat(0) == 0)
    return makeError("delta is 0");
  if (start.isFloat()) {
    double from = start.getFloat(0), step = delta.getFloat(0);
    double count = std::ceil((limit.getFloat(0) - from) / step);
    llvm::Expected<Tensor> result = Tensor::create(
        start.getDType(), {std::max<int64_t>(0, truncateToInt(count))});
    if (!result)
      return result;
    for (int64_t i = 0, e = result->size(); i < e; ++i)
      result->setFloat(i, from + static_cast<double>(i) * step);
    return result;
  }
  // 128 bits: the difference of two 64-bit numbers.
  __int128 from = start.getInt(0), step = delta.getInt(0);
  __int128 distance = limit.getInt(0) - from;
  // Rounded up, away from zero where the signs agree.
  __int128 count =
      distance / step + (distance % step != 0 && (distance > 0) == (step > 0));
  if (count < 0)
    count = 0;
  if (count > Tensor::kMaxElements)
    count = Tensor::kMaxElements + 1;
  llvm::Expected<Tensor> result =
      Tensor::create(start.getDType(), {static_cast<int64_t>(count)});
  if (!result)
    return result;
  for (int64_t i = 0, e = result->size(); i < e; ++i)
    result->setInt(i, static_cast<int64_t>(from + i * step));
  return result;
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

static llvm::Expected<Tensor> evaluateShape(onnx::ShapeOp op, Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  int64_t start = op.getStart(), end = op.getEnd();
  if (start < 0 || start > end || end > input.getRank())
    return makeError("range " + llvm::Twine(start) + " to " + llvm::Twine(end) +
                     " is outside of shape " + formatShape(input.getShape()));
  llvm::Expected<Tensor> result = Tensor::create(OCKHAM_I64, {end - start});
  if (!result)
    return result;
  for (int64_t i = start; i < end; ++i)
    result->setInt(i - start, input.getDim(i));
  return result;
}

static llvm::Expected<Tensor> evaluateReshape(onnx::ReshapeOp op,
                                              Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  Extents asked = frame.getMixed(op.getShape(), op.getStaticShape());
  Extents shape(asked);
  llvm::Error mismatch =
      makeError("cannot reshape " + formatShape(input.getShape()) + " to " +
                formatShape(asked));
  // The product of the given extents, as far as it can matter.
  __int128 product = 1;
  int64_t *unknown = nullptr;
  for (int64_t &extent : shape) {
    if (extent == -1 && !unknown) {
      unknown = &extent;
      continue;
    }
    if (extent < 0 || product > Tensor::kMaxElements)
      return mismatch;
    product *= extent;
  }
  if (unknown) {
    if (product == 0 || input.size() % product != 0)
      return mismatch;
    *unknown = static_cast<int64_t>(input.size() / product);
    product *= *unknown;
  }
  if (product != input.size())
    return mismatch;
  llvm::consumeError(std::move(mismatch));
  return input.reshaped(shape);
}

static llvm::Expected<Tensor> evaluateExpand(onnx::ExpandOp op, Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  llvm::Expected<Extents> shape = broadcastShapes(
      input.getShape(), frame.getMixed(op.getShape(), op.getStaticShape()));
  if (!shape)
    return shape.takeError();
  llvm::Expected<Tensor> result = Tensor::create(input.getDType(), *shape);
  if (!result)
    return result;
  forEachIndex(*shape, [&](ArrayRef<int64_t> index, int64_t to) {
    result->copyElement(to, input,
                        getBroadcastPosition(index, input.getShape()));
  });
  return result;
}

static llvm::Expected<Tensor> evaluateSqueeze(onnx::SqueezeOp op,
                                              Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  Extents shape;
  for (int64_t axis : op.getAxes()) {
    if (llvm::Error error = checkAxis(axis, input))
      return error;
    if (input.getDim(axis) != 1)
      return makeError("dimension " + llvm::Twine(axis) + " of shape " +
                       formatShape(input.getShape()) + " is " +
                       llvm::Twine(input.getDim(axis)) + ", expected 1");
  }
  for (auto [axis, extent] : llvm::enumerate(input.getShape()))
    if (!llvm::is_contained(op.getAxes(), static_cast<int64_t>(axis)))
      shape.push_back(extent);
  return input.reshaped(shape);
}

static llvm::Expected<Tensor> evaluateUnsqueeze(onnx::UnsqueezeOp op,
                                                Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  Extents shape(input.getShape());
  for (int64_t axis : op.getAxes()) {
    if (axis < 0 || axis > static_cast<int64_t>(shape.size()))
      return makeError("axis " + llvm::Twine(axis) +
                       " is outside of the result; the operand's shape is " +
                       formatShape(input.getShape()));
    shape.insert(shape.begin() + axis, 1);
  }
  return input.reshaped(shape);
}

//===----------------------------------------------------------------------===//
// Parts and orders
//===----------------------------------------------------------------------===//

static llvm::Expected<Tensor> evaluateSlice(onnx::SliceOp op, Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  Extents starts = frame.getMixed(op.getStarts(), op.getStaticStarts());
  Extents ends = frame.getMixed(op.getEnds(), op.getStaticEnds());
  ArrayRef<int64_t> axes = op.getAxes(), steps = op.getSteps();
  if (starts.size() != axes.size() || ends.size() != axes.size() ||
      steps.size() != axes.size())
    return makeError(llvm::Twine(axes.size()) + " axes, " +
                     llvm::Twine(starts.size()) + " starts, " +
                     llvm::Twine(ends.size()) + " ends and " +
                     llvm::Twine(steps.size()) + " steps");
  Extents first(input.getRank(), 0), step(input.getRank(), 1);
  Extents shape(input.getShape());
  for (auto [axis, start, end, by] : llvm::zip(axes, starts, ends, steps)) {
    if (llvm::Error error = checkAxis(axis, input))
      return error;
    if (by == 0)
      return makeError("the step along axis " + llvm::Twine(axis) + " is 0");
    int64_t extent = input.getDim(axis);
    // Backwards, "before the first element" is the end of all.
    int64_t low = by > 0 ? 0 : -1, high = by > 0 ? extent : extent - 1;
    auto clamp = [&](int64_t value) {
      return std::clamp(value < 0 ? value + extent : value, low, high);
    };
    int64_t from = clamp(start), to = clamp(end);
    uint64_t distance = by > 0 ? std::max<int64_t>(0, to - from)
                               : std::max<int64_t>(0, from - to);
    uint64_t length = by > 0 ? uint64_t(by) : -uint64_t(by);
    first[axis] = from;
    step[axis] = by;
    shape[axis] =
        distance == 0 ? 0 : static_cast<int64_t>((distance - 1) / length + 1);
  }
  llvm::Expected<Tensor> result = Tensor::create(input.getDType(), shape);
  if (!result)
    return result;
  forEachIndex(shape, [&](ArrayRef<int64_t> index, int64_t to) {
    Extents from(index);
    for (size_t axis = 0; axis < from.size(); ++axis)
      from[axis] = first[axis] + index[axis] * step[axis];
    result->copyElement(to, input, getPosition(from, input.getShape()));
  });
  return result;
}

static llvm::Expected<Tensor> evaluateGather(onnx::GatherOp op, Frame &frame) {
  const Tensor &data = frame.get(op.getData());
  const Tensor &indices = frame.get(op.getIndices());
  int64_t axis = op.getAxis();
  if (llvm::Error error = checkAxis(axis, data))
    return error;
  int64_t extent = data.getDim(axis);
  for (int64_t i = 0, e = indices.size(); i < e; ++i)
    if (indices.getInt(i) < -extent || indices.getInt(i) >= extent)
      return makeError("index " + llvm::Twine(indices.getInt(i)) +
                       " is outside of axis " + llvm::Twine(axis) +
                       ", which has " + llvm::Twine(extent) + " elements");
  // Extents before the axis, of the indices, behind the axis.
  Extents shape(data.getShape().take_front(axis));
  shape.append(indices.getShape().begin(), indices.getShape().end());
  shape.append(data.getShape().begin() + axis + 1, data.getShape().end());
  llvm::Expected<Tensor> result = Tensor::create(data.getDType(), shape);
  if (!result)
    return result;
  forEachIndex(shape, [&](ArrayRef<int64_t> index, int64_t to) {
    ArrayRef<int64_t> at = index.slice(axis, indices.getRank());
    int64_t chosen = indices.getInt(getPosition(at, indices.getShape()));
    Extents from(index.take_front(axis));
    from.push_back(chosen < 0 ? chosen + extent : chosen);
    ArrayRef<int64_t> behind = index.drop_front(axis + indices.getRank());
    from.append(behind.begin(), behind.end());
    result->copyElement(to, data, getPosition(from, data.getShape()));
  });
  return result;
}

static llvm::Expected<Tensor> evaluateConcat(onnx::ConcatOp op, Frame &frame) {
  if (op.getInputs().empty())
    return makeError("nothing to concatenate");
  const Tensor &head = frame.get(op.getInputs().front());
  int64_t axis = op.getAxis();
  if (llvm::Error error = checkAxis(axis, head))
    return error;
  Extents shape(head.getShape());
  shape[axis] = 0;
  for (Value value : op.getInputs()) {
    const Tensor &part = frame.get(value);
    Extents other(part.getShape());
    if (llvm::Error error = checkAxis(axis, part))
      return error;
    other[axis] = shape[axis];
    if (other != shape)
      return makeError("shapes " + formatShape(head.getShape()) + " and " +
                       formatShape(part.getShape()) +
                       " differ outside of axis " + llvm::Twine(axis));
    shape[axis] += part.getDim(axis);
  }
  llvm::Expected<Tensor> result = Tensor::create(head.getDType(), shape);
  if (!result)
    return result;
  int64_t offset = 0;
  for (Value value : op.getInputs()) {
    const Tensor &part = frame.get(value);
    forEachIndex(part.getShape(), [&](ArrayRef<int64_t> index, int64_t from) {
      Extents to(index);
      to[axis] += offset;
      result->copyElement(getPosition(to, shape), part, from);
    });
    offset += part.getDim(axis);
  }
  return result;
}

static llvm::Expected<Results> evaluateSplit(onnx::SplitOp op, Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  int64_t axis = op.getAxis();
  if (llvm::Error error = checkAxis(axis, input))
    return error;
  int64_t total = 0;
  Extents sizes = frame.getMixed(op.getSizes(), op.getStaticSizes());
  for (int64_t size : sizes) {
    if (size < 0 || size > input.getDim(axis))
      return makeError("size " + llvm::Twine(size) + " of dimension " +
                       llvm::Twine(axis) + ", which is " +
                       llvm::Twine(input.getDim(axis)));
    total += size;
  }
  if (total != input.getDim(axis))
    return makeError("sizes add up to " + llvm::Twine(total) +
                     " but dimension " + llvm::Twine(axis) + " is " +
                     llvm::Twine(input.getDim(axis)));
  Results results;
  int64_t offset = 0;
  for (int64_t size : sizes) {
    Extents shape(input.getShape());
    shape[axis] = size;
    llvm::Expected<Tensor> part = Tensor::create(input.getDType(), shape);
    if (!part)
      return part.takeError();
    forEachIndex(shape, [&](ArrayRef<int64_t> index, int64_t to) {
      Extents from(index);
      from[axis] += offset;
      part->copyElement(to, input, getPosition(from, input.getShape()));
    });
    results.push_back(std::move(*part));
    offset += size;
  }
  return results;
}

static llvm::Expected<Tensor> evaluateTranspose(onnx::TransposeOp op,
                                                Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  ArrayRef<int64_t> perm = op.getPerm();
  Extents sorted(perm), shape;
  llvm::sort(sorted);
  for (auto [i, axis] : llvm::enumerate(sorted))
    if (axis != static_cast<int64_t>(i))
      return makeError(formatShape(perm) + " is not a permutation");
  if (static_cast<int64_t>(perm.size()) != input.getRank())
    return makeError("permutation of size " + llvm::Twine(perm.size()) +
                     " for a tensor of rank " + llvm::Twine(input.getRank()));
  for (int64_t axis : perm)
    shape.push_back(input.getDim(axis));
  llvm::Expected<Tensor> result = Tensor::create(input.getDType(), shape);
  if (!result)
    return result;
  forEachIndex(shape, [&](ArrayRef<int64_t> index, int64_t to) {
    Extents from(perm.size());
    for (auto [i, axis] : llvm::enumerate(perm))
      from[axis] = index[i];
    result->copyElement(to, input, getPosition(from, input.getShape()));
  });
  return result;
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

void addONNXShapeOps(OpTable &table) {
  table.add<onnx::ConstantOp>(evaluateConstant);
  table.add<onnx::ConstantOfShapeOp>(evaluateConstantOfShape);
  table.add<onnx::RangeOp>(evaluateRange);
  table.add<onnx::ShapeOp>(evaluateShape);
  table.add<onnx::ReshapeOp>(evaluateReshape);
  table.add<onnx::ExpandOp>(evaluateExpand);
  table.add<onnx::SqueezeOp>(evaluateSqueeze);
  table.add<onnx::UnsqueezeOp>(evaluateUnsqueeze);
  table.add<onnx::SliceOp>(evaluateSlice);
  table.add<onnx::GatherOp>(evaluateGather);
  table.add<onnx::ConcatOp>(evaluateConcat);
  table.add<onnx::SplitOp>(evaluateSplit);
  table.add<onnx::TransposeOp>(evaluateTranspose);
}

} // namespace ockham::interpreter
