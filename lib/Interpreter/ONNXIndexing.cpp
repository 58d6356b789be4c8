//===- ONNXIndexing.cpp - Elements by index, padding, scans ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"
#include "dialects/ONNX/ONNXDialect.h"

#include <cmath>

using namespace mlir;

namespace ockham::interpreter {

/// Position `index` of a dimension, counted from the back if it is negative.
static llvm::Expected<int64_t> resolveIndex(int64_t index, int64_t dim,
                                            const Tensor &data) {
  int64_t extent = data.getDim(dim);
  if (index < -extent || index >= extent)
    return makeError("index " + llvm::Twine(index) + " is outside of axis " +
                     llvm::Twine(dim) + ", which has " + llvm::Twine(extent) +
                     " elements");
  return index < 0 ? index + extent : index;
}

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

/// Calls `fn(target, position)` for every index of an element-wise gather or
/// scatter: the place in the data and the place among the indices.
template <typename Fn>
static llvm::Error forEachElementIndex(const Tensor &data,
                                       const Tensor &indices, int64_t axis,
                                       Fn fn) {
  if (indices.getRank() != data.getRank() || axis < 0 || axis >= data.getRank())
    return makeError("indices of shape " + formatShape(indices.getShape()) +
                     " along axis " + llvm::Twine(axis) + " of shape " +
                     formatShape(data.getShape()));
  for (int64_t dim = 0; dim < data.getRank(); ++dim)
    if (dim != axis && indices.getDim(dim) > data.getDim(dim))
      return makeError("indices of shape " + formatShape(indices.getShape()) +
                       " are longer than the data of shape " +
                       formatShape(data.getShape()) + " in dimension " +
                       llvm::Twine(dim));
  llvm::Error error = llvm::Error::success();
  forEachIndex(indices.getShape(), [&](ArrayRef<int64_t> index, int64_t at) {
    if (error)
      return;
    llvm::Expected<int64_t> chosen =
        resolveIndex(indices.getInt(at), axis, data);
    if (!chosen) {
      error = chosen.takeError();
      return;
    }
    Extents target(index);
    target[axis] = *chosen;
    fn(getPosition(target, data.getShape()), at);
  });
  return error;
}

static llvm::Expected<Tensor> evaluateGatherElements(onnx::GatherElementsOp op,
                                                     Frame &frame) {
  const Tensor &data = frame.get(op.getData());
  const Tensor &indices = frame.get(op.getIndices());
  llvm::Expected<Tensor> result =
      Tensor::create(data.getDType(), indices.getShape());
  if (!result)
    return result;
  llvm::Error error = forEachElementIndex(
      data, indices, op.getAxis(),
      [&](int64_t from, int64_t to) { result->copyElement(to, data, from); });
  if (error)
    return std::move(error);
  return result;
}

/// Calls `fn(first, list)` for every list of indices in the last dimension:
/// the first element of the slice that it chooses, and the list's number. The
/// first `batchDims` dimensions of both go together.
template <typename Fn>
static llvm::Error forEachList(const Tensor &data, const Tensor &indices,
                               int64_t batchDims, Fn fn) {
  int64_t length = indices.getShape().empty() ? -1 : indices.getShape().back();
  if (length < 0 || batchDims + length > data.getRank() ||
      batchDims >= indices.getRank() ||
      data.getShape().take_front(batchDims) !=
          indices.getShape().take_front(batchDims))
    return makeError("indices of shape " + formatShape(indices.getShape()) +
                     " for data of shape " + formatShape(data.getShape()) +
                     " with " + llvm::Twine(batchDims) + " batch dimensions");
  llvm::Error error = llvm::Error::success();
  forEachIndex(indices.getShape().drop_back(), [&](ArrayRef<int64_t> index,
                                                   int64_t list) {
    Extents first(data.getRank(), 0);
    llvm::copy(index.take_front(batchDims), first.begin());
    for (int64_t i = 0; i < length && !error; ++i) {
      llvm::Expected<int64_t> chosen =
          resolveIndex(indices.getInt(list * length + i), batchDims + i, data);
      if (chosen)
        first[batchDims + i] = *chosen;
      else
        error = chosen.takeError();
    }
    if (!error)
      fn(getPosition(first, data.getShape()), list);
  });
  return error;
}

static llvm::Expected<Tensor> evaluateGatherND(onnx::GatherNDOp op,
                                               Frame &frame) {
  const Tensor &data = frame.get(op.getData());
  const Tensor &indices = frame.get(op.getIndices());
  int64_t batchDims = op.getBatchDims();
  if (indices.getRank() == 0 ||
      batchDims + indices.getShape().back() > data.getRank())
    return makeError("indices of shape " + formatShape(indices.getShape()) +
                     " for data of shape " + formatShape(data.getShape()));
  ArrayRef<int64_t> rest =
      data.getShape().drop_front(batchDims + indices.getShape().back());
  Extents shape(indices.getShape().drop_back());
  shape.append(rest.begin(), rest.end());
  llvm::Expected<Tensor> result = Tensor::create(data.getDType(), shape);
  if (!result)
    return result;
  int64_t size = getProduct(rest);
  llvm::Error error =
      forEachList(data, indices, batchDims, [&](int64_t first, int64_t list) {
        for (int64_t i = 0; i < size; ++i)
          result->copyElement(list * size + i, data, first + i);
      });
  if (error)
    return std::move(error);
  return result;
}

//===----------------------------------------------------------------------===//
// Scatter
//===----------------------------------------------------------------------===//

/// What an update makes of element `to` of the result.
static void update(Tensor &result, int64_t to, const Tensor &updates,
                   int64_t from, onnx::ScatterReduction reduction) {
  using Kind = onnx::ScatterReduction;
  if (reduction == Kind::Replace)
    return result.copyElement(to, updates, from);
  if (result.isFloat()) {
    double a = result.getFloat(to), b = updates.getFloat(from);
    switch (reduction) {
    case Kind::Add:
      return result.setFloat(to, a + b);
    case Kind::Mul:
      return result.setFloat(to, a * b);
    case Kind::Min:
      return result.setFloat(to, std::isnan(a) || a < b ? a : b);
    default:
      return result.setFloat(to, std::isnan(a) || a > b ? a : b);
    }
  }
  int64_t a = result.getInt(to), b = updates.getInt(from);
  bool isUnsigned = result.getDType() == OCKHAM_U64;
  uint64_t left = a, right = b;
  switch (reduction) {
  case Kind::Add:
    return result.setInt(to, static_cast<int64_t>(left + right));
  case Kind::Mul:
    return result.setInt(to, static_cast<int64_t>(left * right));
  case Kind::Min:
    return result.setInt(to, (isUnsigned ? left < right : a < b) ? a : b);
  default:
    return result.setInt(to, (isUnsigned ? left > right : a > b) ? a : b);
  }
}

static llvm::Expected<Tensor>
evaluateScatterElements(onnx::ScatterElementsOp op, Frame &frame) {
  const Tensor &indices = frame.get(op.getIndices());
  const Tensor &updates = frame.get(op.getUpdates());
  if (updates.getShape() != indices.getShape())
    return makeError("updates of shape " + formatShape(updates.getShape()) +
                     " for indices of shape " +
                     formatShape(indices.getShape()));
  Tensor result = frame.get(op.getData());
  llvm::Error error = forEachElementIndex(
      result, indices, op.getAxis(), [&](int64_t to, int64_t from) {
        update(result, to, updates, from, op.getReduction());
      });
  if (error)
    return std::move(error);
  return result;
}

static llvm::Expected<Tensor> evaluateScatterND(onnx::ScatterNDOp op,
                                                Frame &frame) {
  const Tensor &indices = frame.get(op.getIndices());
  const Tensor &updates = frame.get(op.getUpdates());
  Tensor result = frame.get(op.getData());
  if (indices.getRank() == 0 || indices.getShape().back() > result.getRank())
    return makeError("indices of shape " + formatShape(indices.getShape()) +
                     " for data of shape " + formatShape(result.getShape()));
  ArrayRef<int64_t> rest =
      result.getShape().drop_front(indices.getShape().back());
  Extents wanted(indices.getShape().drop_back());
  wanted.append(rest.begin(), rest.end());
  if (updates.getShape() != ArrayRef<int64_t>(wanted))
    return makeError("updates of shape " + formatShape(updates.getShape()) +
                     ", expected " + formatShape(wanted));
  int64_t size = getProduct(rest);
  llvm::Error error = forEachList(
      result, indices, /*batchDims=*/0, [&](int64_t first, int64_t list) {
        for (int64_t i = 0; i < size; ++i)
          update(result, first + i, updates, list * size + i,
                 op.getReduction());
      });
  if (error)
    return std::move(error);
  return result;
}

//===----------------------------------------------------------------------===//
// Pad, CumSum
//===----------------------------------------------------------------------===//

/// Where position `at` of a padded dimension comes from; -1 is nowhere.
static int64_t getPadSource(onnx::PadMode mode, int64_t at, int64_t extent) {
  if (at >= 0 && at < extent)
    return at;
  switch (mode) {
  case onnx::PadMode::Constant:
    return -1;
  case onnx::PadMode::Edge:
    return at < 0 ? 0 : extent - 1;
  case onnx::PadMode::Wrap:
    return ((at % extent) + extent) % extent;
  case onnx::PadMode::Reflect: {
    if (extent == 1)
      return 0;
    // There and back again, without repeating the ends.
    int64_t period = 2 * (extent - 1);
    int64_t phase = ((at % period) + period) % period;
    return phase < extent ? phase : period - phase;
  }
  }
  llvm_unreachable("a mode that is not listed");
}

/// Sums of two do not overflow.
static constexpr int64_t kMaxPad = int64_t(1) << 48;

static llvm::Expected<Tensor> evaluatePad(onnx::PadOp op, Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  const Tensor *value = frame.find(op.getValue());
  Extents low = frame.getMixed(op.getLow(), op.getStaticLow());
  Extents high = frame.getMixed(op.getHigh(), op.getStaticHigh());
  Extents shape(input.getShape());
  if (low.size() != shape.size() || high.size() != shape.size())
    return makeError(llvm::Twine(low.size()) + " and " +
                     llvm::Twine(high.size()) + " sizes for shape " +
                     formatShape(shape));
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    for (int64_t size : {low[dim], high[dim]})
      if (size > kMaxPad || size < -kMaxPad)
        return makeError("size " + llvm::Twine(size) + " is beyond " +
                         llvm::Twine(kMaxPad));
    int64_t padded = shape[dim] + low[dim] + high[dim];
    if (padded < 0 || padded > Tensor::kMaxElements)
      return makeError("pads " + llvm::Twine(low[dim]) + " and " +
                       llvm::Twine(high[dim]) + " of dimension " +
                       llvm::Twine(dim) + ", which is " +
                       llvm::Twine(shape[dim]));
    if (shape[dim] == 0 && padded > 0 &&
        op.getMode() != onnx::PadMode::Constant)
      return makeError("dimension " + llvm::Twine(dim) +
                       " is empty and cannot be repeated");
    shape[dim] = padded;
  }
  llvm::Expected<Tensor> result = Tensor::create(input.getDType(), shape);
  if (!result)
    return result;
  forEachIndex(shape, [&](ArrayRef<int64_t> index, int64_t to) {
    Extents from(index);
    bool isInside = true;
    for (size_t dim = 0; dim < from.size(); ++dim) {
      from[dim] =
          getPadSource(op.getMode(), index[dim] - low[dim], input.getDim(dim));
      isInside &= from[dim] >= 0;
    }
    if (isInside)
      result->copyElement(to, input, getPosition(from, input.getShape()));
    else if (value)
      result->copyElement(to, *value, 0);
  });
  return result;
}

static llvm::Expected<Tensor> evaluateCumSum(onnx::CumSumOp op, Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  int64_t axis = op.getAxis();
  if (axis >= input.getRank())
    return makeError("axis " + llvm::Twine(axis) + " is outside of shape " +
                     formatShape(input.getShape()));
  llvm::Expected<Tensor> result =
      Tensor::create(input.getDType(), input.getShape());
  if (!result)
    return result;
  Extents rows(input.getShape());
  rows[axis] = 1;
  forEachIndex(rows, [&](ArrayRef<int64_t> row, int64_t) {
    double sum = 0;
    uint64_t whole = 0;
    for (int64_t i = 0, e = input.getDim(axis); i < e; ++i) {
      Extents index(row);
      index[axis] = op.getReverse() ? e - 1 - i : i;
      int64_t at = getPosition(index, input.getShape());
      double before = sum;
      uint64_t wholeBefore = whole;
      sum += input.getFloat(at);
      whole += static_cast<uint64_t>(input.isFloat() ? 0 : input.getInt(at));
      if (input.isFloat())
        result->setFloat(at, op.getExclusive() ? before : sum);
      else
        result->setInt(
            at, static_cast<int64_t>(op.getExclusive() ? wholeBefore : whole));
    }
  });
  return result;
}

void addONNXIndexingOps(OpTable &table) {
  table.add<onnx::GatherElementsOp>(evaluateGatherElements);
  table.add<onnx::GatherNDOp>(evaluateGatherND);
  table.add<onnx::ScatterElementsOp>(evaluateScatterElements);
  table.add<onnx::ScatterNDOp>(evaluateScatterND);
  table.add<onnx::PadOp>(evaluatePad);
  table.add<onnx::CumSumOp>(evaluateCumSum);
}

} // namespace ockham::interpreter
