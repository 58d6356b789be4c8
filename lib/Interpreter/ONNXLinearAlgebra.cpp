//===- ONNXLinearAlgebra.cpp - Products, reductions, norms ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"
#include "dialects/ONNX/ONNXDialect.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace ockham::interpreter {

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

namespace {
/// A matrix inside a tensor: where it starts and how far its rows and columns
/// lie apart.
struct MatrixView {
  const Tensor &tensor;
  int64_t start, rowStride, columnStride;
  int64_t at(int64_t row, int64_t column) const {
    return start + row * rowStride + column * columnStride;
  }
};
} // namespace

/// Row i of A B; every element is a sum over k in ascending order.
static std::vector<double> multiplyRow(const MatrixView &a, const MatrixView &b,
                                       int64_t i, int64_t depth,
                                       int64_t columns) {
  std::vector<double> sums(columns);
  for (int64_t k = 0; k < depth; ++k) {
    double x = a.tensor.getFloat(a.at(i, k));
    for (int64_t j = 0; j < columns; ++j)
      sums[j] += x * b.tensor.getFloat(b.at(k, j));
  }
  return sums;
}

/// Element (i, j) of A B modulo 2^64.
static int64_t dotInts(const MatrixView &a, const MatrixView &b, int64_t i,
                       int64_t j, int64_t depth) {
  uint64_t sum = 0;
  for (int64_t k = 0; k < depth; ++k)
    sum += uint64_t(a.tensor.getInt(a.at(i, k))) *
           uint64_t(b.tensor.getInt(b.at(k, j)));
  return sum;
}

static llvm::Expected<Tensor> evaluateMatMul(onnx::MatMulOp op, Frame &frame) {
  const Tensor &lhs = frame.get(op.getLhs());
  const Tensor &rhs = frame.get(op.getRhs());
  if (lhs.getRank() == 0 || rhs.getRank() == 0)
    return makeError("operands of shape " + formatShape(lhs.getShape()) +
                     " and " + formatShape(rhs.getShape()) +
                     ", expected at least one dimension each");
  // A vector on the left is a row, on the right a column.
  Extents a(lhs.getShape()), b(rhs.getShape());
  bool isRow = a.size() == 1, isColumn = b.size() == 1;
  if (isRow)
    a.insert(a.begin(), 1);
  if (isColumn)
    b.push_back(1);
  int64_t rows = a[a.size() - 2], depth = a.back(), columns = b.back();
  if (depth != b[b.size() - 2])
    return makeError("cannot multiply shapes " + formatShape(lhs.getShape()) +
                     " and " + formatShape(rhs.getShape()));
  ArrayRef<int64_t> lhsBatch = ArrayRef<int64_t>(a).drop_back(2);
  ArrayRef<int64_t> rhsBatch = ArrayRef<int64_t>(b).drop_back(2);
  llvm::Expected<Extents> batch = broadcastShapes(lhsBatch, rhsBatch);
  if (!batch)
    return batch.takeError();
  Extents shape(*batch);
  if (!isRow)
    shape.push_back(rows);
  if (!isColumn)
    shape.push_back(columns);
  llvm::Expected<Tensor> result = Tensor::create(lhs.getDType(), shape);
  if (!result)
    return result;
  forEachIndex(*batch, [&](ArrayRef<int64_t> index, int64_t position) {
    MatrixView left = {
        lhs, getBroadcastPosition(index, lhsBatch) * rows * depth, depth, 1};
    MatrixView right = {rhs,
                        getBroadcastPosition(index, rhsBatch) * depth * columns,
                        columns, 1};
    int64_t to = position * rows * columns;
    for (int64_t i = 0; i < rows; ++i) {
      if (!result->isFloat()) {
        for (int64_t j = 0; j < columns; ++j)
          result->setInt(to++, dotInts(left, right, i, j, depth));
        continue;
      }
      for (double sum : multiplyRow(left, right, i, depth, columns))
        result->setFloat(to++, sum);
    }
  });
  return result;
}

static llvm::Expected<Tensor> evaluateGemm(onnx::GemmOp op, Frame &frame) {
  const Tensor &a = frame.get(op.getA());
  const Tensor &b = frame.get(op.getB());
  const Tensor *c = frame.find(op.getC());
  if (a.getRank() != 2 || b.getRank() != 2)
    return makeError("operands of shape " + formatShape(a.getShape()) +
                     " and " + formatShape(b.getShape()) +
                     ", expected matrices");
  MatrixView left = {a, 0, a.getDim(1), 1}, right = {b, 0, b.getDim(1), 1};
  int64_t rows = a.getDim(0), depth = a.getDim(1);
  int64_t otherDepth = b.getDim(0), columns = b.getDim(1);
  if (op.getTransA()) {
    std::swap(rows, depth);
    std::swap(left.rowStride, left.columnStride);
  }
  if (op.getTransB()) {
    std::swap(otherDepth, columns);
    std::swap(right.rowStride, right.columnStride);
  }
  if (depth != otherDepth)
    return makeError("cannot multiply shapes " + formatShape(a.getShape()) +
                     " and " + formatShape(b.getShape()) +
                     " (after transposition, " + llvm::Twine(depth) +
                     " columns and " + llvm::Twine(otherDepth) + " rows)");
  Extents shape = {rows, columns};
  if (c) {
    llvm::Expected<Extents> both = broadcastShapes(c->getShape(), shape);
    if (!both)
      return both.takeError();
    if (*both != shape)
      return makeError("C of shape " + formatShape(c->getShape()) +
                       " does not broadcast to " + formatShape(shape));
  }
  llvm::Expected<Tensor> result = Tensor::create(a.getDType(), shape);
  if (!result)
    return result;
  double alpha = op.getAlpha().convertToDouble();
  double beta = op.getBeta().convertToDouble();
  bool inInts = !result->isFloat() && alpha == 1 && beta == 1;
  std::vector<double> row;
  forEachIndex(shape, [&](ArrayRef<int64_t> index, int64_t to) {
    int64_t i = index[0], j = index[1];
    int64_t from = c ? getBroadcastPosition(index, c->getShape()) : 0;
    if (inInts) {
      uint64_t sum = dotInts(left, right, i, j, depth);
      result->setInt(to, c ? sum + uint64_t(c->getInt(from)) : sum);
      return;
    }
    if (j == 0)
      row = multiplyRow(left, right, i, depth, columns);
    double sum = alpha * row[j];
    result->setFloat(to, c ? sum + beta * c->getFloat(from) : sum);
  });
  return result;
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// The positions in the operand that reduction over `axes` brings together, for
/// every element of the result in order.
static std::vector<std::vector<int64_t>>
groupByReduction(ArrayRef<int64_t> shape, ArrayRef<int64_t> axes,
                 const Extents &kept) {
  std::vector<std::vector<int64_t>> groups(getProduct(kept));
  forEachIndex(shape, [&](ArrayRef<int64_t> index, int64_t position) {
    Extents to(index);
    for (int64_t axis : axes)
      to[axis] = 0;
    groups[getPosition(to, kept)].push_back(position);
  });
  return groups;
}

using FloatReduction = double (*)(const Tensor &, ArrayRef<int64_t>);
using IntReduction = int64_t (*)(const Tensor &, ArrayRef<int64_t>);

template <typename OpTy>
static void addReduction(OpTable &table, FloatReduction onFloats,
                         IntReduction onInts) {
  table.add<OpTy>([=](OpTy op, Frame &frame) -> llvm::Expected<Tensor> {
    const Tensor &input = frame.get(op.getInput());
    ArrayRef<int64_t> axes = op.getAxes();
    if (axes.empty())
      return input;
    Extents kept(input.getShape());
    for (int64_t axis : axes) {
      if (axis < 0 || axis >= input.getRank())
        return makeError("axis " + llvm::Twine(axis) + " is outside of shape " +
                         formatShape(input.getShape()));
      kept[axis] = 1;
    }
    llvm::Expected<Tensor> result = Tensor::create(input.getDType(), kept);
    if (!result)
      return result;
    auto groups = groupByReduction(input.getShape(), axes, kept);
    for (auto [to, group] : llvm::enumerate(groups)) {
      if (result->isFloat())
        result->setFloat(to, onFloats(input, group));
      else
        result->setInt(to, onInts(input, group));
    }
    if (op.getKeepdims())
      return result;
    Extents shape;
    for (auto [axis, extent] : llvm::enumerate(kept))
      if (!llvm::is_contained(axes, static_cast<int64_t>(axis)))
        shape.push_back(extent);
    return result->reshaped(shape);
  });
}

static double sumOfFloats(const Tensor &input, ArrayRef<int64_t> group) {
  double sum = 0;
  for (int64_t i : group)
    sum += input.getFloat(i);
  return sum;
}

static int64_t sumOfInts(const Tensor &input, ArrayRef<int64_t> group) {
  uint64_t sum = 0;
  for (int64_t i : group)
    sum += uint64_t(input.getInt(i));
  return sum;
}

static double meanOfFloats(const Tensor &input, ArrayRef<int64_t> group) {
  return sumOfFloats(input, group) / static_cast<double>(group.size());
}

/// Truncated, the sum wrapped to the type; 0 of nothing.
static int64_t meanOfInts(const Tensor &input, ArrayRef<int64_t> group) {
  if (group.empty())
    return 0;
  int64_t sum = wrapToType(input.getDType(), sumOfInts(input, group));
  int64_t count = group.size();
  return input.isUnsigned() ? uint64_t(sum) / uint64_t(count) : sum / count;
}

/// A NaN among the elements is the maximum; the maximum of nothing is minus
/// infinity.
static double maxOfFloats(const Tensor &input, ArrayRef<int64_t> group) {
  double max = -std::numeric_limits<double>::infinity();
  for (int64_t i : group) {
    double value = input.getFloat(i);
    if (value > max || std::isnan(value))
      max = value;
    if (std::isnan(max))
      break;
  }
  return max;
}

static double minOfFloats(const Tensor &input, ArrayRef<int64_t> group) {
  double min = std::numeric_limits<double>::infinity();
  for (int64_t i : group) {
    double value = input.getFloat(i);
    if (value < min || std::isnan(value))
      min = value;
    if (std::isnan(min))
      break;
  }
  return min;
}

/// Whether an integer is less than another of the same type.
static bool isLess(const Tensor &input, int64_t lhs, int64_t rhs) {
  return input.isUnsigned() ? uint64_t(lhs) < uint64_t(rhs) : lhs < rhs;
}

/// The smallest and the largest number of an integer type.
static std::pair<int64_t, int64_t> getLimits(const Tensor &input) {
  unsigned bits = 8 * getDTypeBytes(input.getDType());
  if (input.isUnsigned())
    return {0, wrapToType(input.getDType(), -1)};
  return {INT64_MIN >> (64 - bits), INT64_MAX >> (64 - bits)};
}

/// The maximum of nothing is the smallest number of the type.
static int64_t maxOfInts(const Tensor &input, ArrayRef<int64_t> group) {
  int64_t max = getLimits(input).first;
  for (int64_t i : group)
    if (isLess(input, max, input.getInt(i)))
      max = input.getInt(i);
  return max;
}

static int64_t minOfInts(const Tensor &input, ArrayRef<int64_t> group) {
  int64_t min = getLimits(input).second;
  for (int64_t i : group)
    if (isLess(input, input.getInt(i), min))
      min = input.getInt(i);
  return min;
}

static double productOfFloats(const Tensor &input, ArrayRef<int64_t> group) {
  double product = 1;
  for (int64_t i : group)
    product *= input.getFloat(i);
  return product;
}

static int64_t productOfInts(const Tensor &input, ArrayRef<int64_t> group) {
  uint64_t product = 1;
  for (int64_t i : group)
    product *= uint64_t(input.getInt(i));
  return product;
}

static double normOfFloats(const Tensor &input, ArrayRef<int64_t> group) {
  double sum = 0;
  for (int64_t i : group)
    sum += input.getFloat(i) * input.getFloat(i);
  return std::sqrt(sum);
}

static int64_t normOfInts(const Tensor &input, ArrayRef<int64_t> group) {
  return truncateToInt(normOfFloats(input, group));
}

//===----------------------------------------------------------------------===//
// ArgMax, ArgMin
//===----------------------------------------------------------------------===//

/// Whether a candidate takes the place of the best element so far.
static bool isBetter(const Tensor &input, int64_t candidate, int64_t best,
                     bool isMax, bool takeLast) {
  if (input.isFloat()) {
    double value = input.getFloat(candidate), have = input.getFloat(best);
    // A NaN is both the largest and the smallest.
    if (std::isnan(value) || std::isnan(have))
      return std::isnan(value) && (takeLast || !std::isnan(have));
    if (value == have)
      return takeLast;
    return isMax ? value > have : value < have;
  }
  int64_t value = input.getInt(candidate), have = input.getInt(best);
  if (value == have)
    return takeLast;
  return isMax ? isLess(input, have, value) : isLess(input, value, have);
}

template <typename OpTy>
static llvm::Expected<Tensor> evaluateArgReduction(OpTy op, Frame &frame,
                                                   bool isMax) {
  const Tensor &input = frame.get(op.getInput());
  int64_t axis = op.getAxis();
  if (axis < 0 || axis >= input.getRank())
    return makeError("axis " + llvm::Twine(axis) + " is outside of shape " +
                     formatShape(input.getShape()));
  Extents kept(input.getShape());
  kept[axis] = 1;
  if (input.getDim(axis) == 0)
    return makeError("axis " + llvm::Twine(axis) + " of shape " +
                     formatShape(input.getShape()) + " is empty");
  llvm::Expected<Tensor> result = Tensor::create(OCKHAM_I64, kept);
  if (!result)
    return result;
  auto groups = groupByReduction(input.getShape(), axis, kept);
  for (auto [to, group] : llvm::enumerate(groups)) {
    size_t best = 0;
    for (size_t i = 1; i < group.size(); ++i)
      if (isBetter(input, group[i], group[best], isMax, op.getSelectLast()))
        best = i;
    result->setInt(to, best);
  }
  if (op.getKeepdims())
    return result;
  kept.erase(kept.begin() + axis);
  return result->reshaped(kept);
}

//===----------------------------------------------------------------------===//
// Softmax and layer norm
//===----------------------------------------------------------------------===//

static llvm::Expected<Tensor> evaluateSoftmax(onnx::SoftmaxOp op,
                                              Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  int64_t axis = op.getAxis();
  if (axis < 0 || axis >= input.getRank())
    return makeError("axis " + llvm::Twine(axis) + " is outside of shape " +
                     formatShape(input.getShape()));
  llvm::Expected<Tensor> result =
      Tensor::create(input.getDType(), input.getShape());
  if (!result)
    return result;
  Extents kept(input.getShape());
  kept[axis] = 1;
  for (const std::vector<int64_t> &group :
       groupByReduction(input.getShape(), axis, kept)) {
    double max = maxOfFloats(input, group), sum = 0;
    for (int64_t i : group)
      sum += std::exp(input.getFloat(i) - max);
    for (int64_t i : group)
      result->setFloat(i, std::exp(input.getFloat(i) - max) / sum);
  }
  return result;
}

static llvm::Expected<Tensor>
evaluateLayerNormalization(onnx::LayerNormalizationOp op, Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  const Tensor *scale = frame.find(op.getScale());
  const Tensor *bias = frame.find(op.getBias());
  int64_t axis = op.getAxis();
  if (axis < 0 || axis > input.getRank())
    return makeError("axis " + llvm::Twine(axis) + " is outside of shape " +
                     formatShape(input.getShape()));
  for (const Tensor *affine : {scale, bias}) {
    if (!affine)
      continue;
    llvm::Expected<Extents> both =
        broadcastShapes(affine->getShape(), input.getShape());
    if (!both)
      return both.takeError();
    if (ArrayRef<int64_t>(*both) != input.getShape())
      return makeError(
          "scale or bias of shape " + formatShape(affine->getShape()) +
          " does not broadcast to " + formatShape(input.getShape()));
  }
  llvm::Expected<Tensor> result =
      Tensor::create(input.getDType(), input.getShape());
  if (!result)
    return result;
  double epsilon = op.getEpsilon().convertToDouble();
  int64_t width = getProduct(input.getShape().drop_front(axis));
  for (int64_t row = 0; row + width <= input.size() && width; row += width) {
    double mean = 0, variance = 0;
    for (int64_t i = row; i < row + width; ++i)
      mean += input.getFloat(i);
    mean /= width;
    for (int64_t i = row; i < row + width; ++i)
      variance += (input.getFloat(i) - mean) * (input.getFloat(i) - mean);
    variance /= width;
    for (int64_t i = row; i < row + width; ++i)
      result->setFloat(i, (input.getFloat(i) - mean) /
                              std::sqrt(variance + epsilon));
  }
  forEachIndex(input.getShape(), [&](ArrayRef<int64_t> index, int64_t to) {
    double value = result->getFloat(to);
    if (scale)
      value *= scale->getFloat(getBroadcastPosition(index, scale->getShape()));
    if (bias)
      value += bias->getFloat(getBroadcastPosition(index, bias->getShape()));
    result->setFloat(to, value);
  });
  return result;
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

void addONNXLinearAlgebraOps(OpTable &table) {
  using namespace onnx;
  table.add<MatMulOp>(evaluateMatMul);
  table.add<GemmOp>(evaluateGemm);
  addReduction<ReduceMeanOp>(table, meanOfFloats, meanOfInts);
  addReduction<ReduceSumOp>(table, sumOfFloats, sumOfInts);
  addReduction<ReduceMaxOp>(table, maxOfFloats, maxOfInts);
  addReduction<ReduceMinOp>(table, minOfFloats, minOfInts);
  addReduction<ReduceProdOp>(table, productOfFloats, productOfInts);
  table.add<ArgMaxOp>([](ArgMaxOp op, Frame &frame) {
    return evaluateArgReduction(op, frame, /*isMax=*/true);
  });
  table.add<ArgMinOp>([](ArgMinOp op, Frame &frame) {
    return evaluateArgReduction(op, frame, /*isMax=*/false);
  });
  addReduction<ReduceL2Op>(table, normOfFloats, normOfInts);
  table.add<SoftmaxOp>(evaluateSoftmax);
  table.add<LayerNormalizationOp>(evaluateLayerNormalization);
}

} // namespace ockham::interpreter
