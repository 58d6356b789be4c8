//===- Transformer.cpp - Point-wise and row-wise tfm ops ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/TypeUtilities.h"

#include <cmath>

using namespace mlir;

namespace ockham::interpreter {

//===----------------------------------------------------------------------===//
// Gains
//===----------------------------------------------------------------------===//

namespace {
/// A gain: absent, one number, or one number per channel.
class Gain {
public:
  Gain(const Tensor *tensor, double absent) : tensor(tensor), absent(absent) {}

  double at(int64_t channel) const {
    if (!tensor)
      return absent;
    return tensor->getFloat(tensor->size() == 1 ? 0 : channel);
  }

  llvm::Error check(StringRef name, int64_t width) const {
    if (!tensor || tensor->size() == 1 || tensor->size() == width)
      return llvm::Error::success();
    return makeError(name + " has " + llvm::Twine(tensor->size()) +
                     " elements, expected 1 or " + llvm::Twine(width));
  }

private:
  const Tensor *tensor;
  double absent;
};
} // namespace

/// A tensor of this shape with the element type of `value`.
static llvm::Expected<Tensor> createLike(Value value, ArrayRef<int64_t> shape) {
  return Tensor::create(*getDType(getElementTypeOrSelf(value)), shape);
}

static llvm::Error checkSize(const Tensor *tensor, StringRef name,
                             int64_t size) {
  if (!tensor || tensor->size() == size)
    return llvm::Error::success();
  return makeError(name + " has " + llvm::Twine(tensor->size()) +
                   " elements, expected " + llvm::Twine(size));
}

//===----------------------------------------------------------------------===//
// Embedding and linear
//===----------------------------------------------------------------------===//

static llvm::Expected<Tensor> evaluateEmbedding(tfm::EmbeddingOp op,
                                                Frame &frame) {
  const Tensor &ids = frame.get(op.getIds());
  const Tensor &table = frame.get(op.getTable());
  const Tensor *positions = frame.find(op.getPositionTable());
  const Tensor *past = frame.find(op.getPast());
  int64_t batch = ids.getDim(0), sequence = ids.getDim(1);
  int64_t width = table.getDim(1);
  if (llvm::Error error = checkPast(past, batch))
    return error;
  if (positions && positions->getDim(1) != width)
    return makeError("the position table has width " +
                     llvm::Twine(positions->getDim(1)) + ", the table width " +
                     llvm::Twine(width));
  llvm::Expected<Tensor> result =
      createLike(op.getResult(), {batch, sequence, width});
  if (!result)
    return result;
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t t = 0; t < sequence; ++t) {
      int64_t row = b * sequence + t, id = ids.getInt(row);
      int64_t position = t + (past ? past->getInt(b) : 0);
      if (id < 0 || id >= table.getDim(0))
        return makeError("id " + llvm::Twine(id) +
                         " is outside of the table, which has " +
                         llvm::Twine(table.getDim(0)) + " rows");
      if (positions && position >= positions->getDim(0))
        return makeError("position " + llvm::Twine(position) +
                         " is outside of the position table, which has " +
                         llvm::Twine(positions->getDim(0)) + " rows");
      for (int64_t c = 0; c < width; ++c) {
        double value = table.getFloat(id * width + c);
        if (positions)
          value += positions->getFloat(position * width + c);
        result->setFloat(row * width + c, value);
      }
    }
  return result;
}

static llvm::Expected<Tensor> evaluateLinear(tfm::LinearOp op, Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  const Tensor &weight = frame.get(op.getWeight());
  const Tensor *bias = frame.find(op.getBias());
  const Tensor *rowScale = frame.find(op.getRowScale());
  const Tensor *init = frame.find(op.getInit());
  bool transposed = op.getTransposed();
  int64_t in = weight.getDim(transposed ? 1 : 0);
  int64_t out = weight.getDim(transposed ? 0 : 1);
  if (input.getShape().back() != in)
    return makeError("the input has width " +
                     llvm::Twine(input.getShape().back()) +
                     ", the weight takes " + llvm::Twine(in));
  if (op.getSkipGain() && in != out)
    return makeError("a skip gain needs a square weight, got " +
                     formatShape(weight.getShape()));
  Gain skip(frame.find(op.getSkipGain()), 0);
  Gain resid(frame.find(op.getResidGain()), 1);
  int64_t rows = getProduct(input.getShape().drop_back());
  if (llvm::Error error = skip.check("the skip gain", out))
    return error;
  if (llvm::Error error = resid.check("the resid gain", out))
    return error;
  if (llvm::Error error = checkSize(bias, "the bias", out))
    return error;
  if (llvm::Error error = checkSize(rowScale, "row_scale", rows))
    return error;

  Extents shape(input.getShape());
  shape.back() = out;
  if (init && init->getShape() != ArrayRef<int64_t>(shape))
    return makeError("init has shape " + formatShape(init->getShape()) +
                     ", expected " + formatShape(shape));
  llvm::Expected<Tensor> result = Tensor::create(input.getDType(), shape);
  if (!result)
    return result;
  // M as the description has it.
  std::vector<double> matrix(in * out);
  for (int64_t k = 0; k < in; ++k)
    for (int64_t j = 0; j < out; ++j)
      matrix[k * out + j] =
          resid.at(j) * weight.getFloat(transposed ? j * in + k : k * out + j) +
          (op.getSkipGain() && k == j ? skip.at(j) : 0);

  std::vector<double> sums(out);
  for (int64_t row = 0; row < rows; ++row) {
    std::fill(sums.begin(), sums.end(), 0);
    for (int64_t k = 0; k < in; ++k) {
      double x = input.getFloat(row * in + k);
      for (int64_t j = 0; j < out; ++j)
        sums[j] += x * matrix[k * out + j];
    }
    double factor = rowScale ? rowScale->getFloat(row) : 1;
    for (int64_t j = 0; j < out; ++j)
      result->setFloat(row * out + j,
                       (init ? init->getFloat(row * out + j) : 0) +
                           factor * sums[j] + (bias ? bias->getFloat(j) : 0));
  }
  return result;
}

static llvm::Expected<Results> evaluateWidthSplit(tfm::SplitOp op,
                                                  Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  int64_t width = input.getShape().back();
  int64_t rows = getProduct(input.getShape().drop_back()), offset = 0;
  Results results;
  for (Value value : op.getResults()) {
    int64_t part = cast<RankedTensorType>(value.getType()).getShape().back();
    if (ShapedType::isDynamic(part) || offset + part > width)
      return makeError("the results' widths do not add up to " +
                       llvm::Twine(width));
    Extents shape(input.getShape());
    shape.back() = part;
    llvm::Expected<Tensor> result = Tensor::create(input.getDType(), shape);
    if (!result)
      return result.takeError();
    for (int64_t row = 0; row < rows; ++row)
      for (int64_t c = 0; c < part; ++c)
        result->copyElement(row * part + c, input, row * width + offset + c);
    results.push_back(std::move(*result));
    offset += part;
  }
  if (offset != width)
    return makeError("the results have width " + llvm::Twine(offset) +
                     " together, the input " + llvm::Twine(width));
  return results;
}

//===----------------------------------------------------------------------===//
// Activation
//===----------------------------------------------------------------------===//

static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

static double activate(tfm::ActivationKind kind, double x, double slope) {
  switch (kind) {
  case tfm::ActivationKind::ReLU:
    // A NaN stays one.
    return x < 0 ? 0 : x;
  case tfm::ActivationKind::LeakyReLU:
    return x >= 0 ? x : slope * x;
  case tfm::ActivationKind::GELUErf:
    return x / 2 * (1 + std::erf(x / std::sqrt(2.0)));
  case tfm::ActivationKind::GELUTanh:
    return x / 2 *
           (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
  case tfm::ActivationKind::GELUSigmoid:
    return x * sigmoid(1.702 * x);
  case tfm::ActivationKind::SiLU:
    return x * sigmoid(x);
  case tfm::ActivationKind::Tanh:
    return std::tanh(x);
  case tfm::ActivationKind::Sigmoid:
    return sigmoid(x);
  }
  return x;
}

static llvm::Expected<Tensor> evaluateActivation(tfm::ActivationOp op,
                                                 Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  const Tensor *slope = frame.find(op.getSlope());
  if (op.getKind() == tfm::ActivationKind::LeakyReLU && !slope)
    return makeError("leaky_relu without a slope");
  if (llvm::Error error = checkSize(slope, "the slope", 1))
    return error;
  llvm::Expected<Tensor> result =
      Tensor::create(input.getDType(), input.getShape());
  if (!result)
    return result;
  for (int64_t i = 0, e = input.size(); i < e; ++i)
    result->setFloat(i, activate(op.getKind(), input.getFloat(i),
                                 slope ? slope->getFloat(0) : 0));
  return result;
}

//===----------------------------------------------------------------------===//
// Norm
//===----------------------------------------------------------------------===//

namespace {
/// The mean and the divisor of a row of the norms that are not point-wise.
struct RowStatistics {
  double mean = 0, divisor = 1;
};
} // namespace

static double meanOfRow(const Tensor &input, int64_t start, int64_t width) {
  double sum = 0;
  for (int64_t c = 0; c < width; ++c)
    sum += input.getFloat(start + c);
  return sum / static_cast<double>(width);
}

static RowStatistics measureRow(tfm::NormOp op, const Tensor &input,
                                int64_t start, int64_t width) {
  RowStatistics row;
  bool isRMS = op.getKind() == tfm::NormKind::RMS;
  if (!isRMS)
    row.mean = meanOfRow(input, start, width);
  double squares = 0;
  for (int64_t c = 0; c < width; ++c) {
    double deviation = input.getFloat(start + c) - row.mean;
    squares += deviation * deviation;
  }
  squares /= static_cast<double>(width);
  double eps = op.getEps().convertToDouble();
  row.divisor =
      op.getEpsOutside() ? std::sqrt(squares) + eps : std::sqrt(squares + eps);
  return row;
}

/// The absolute position of row `row` of an activation [..., sequence, width],
/// with `past` of [batch, sequence, width].
static int64_t getRowPosition(const Tensor &input, const Tensor *past,
                              int64_t row) {
  int64_t sequence = input.getDim(input.getRank() - 2);
  return row % sequence + (past ? past->getInt(row / sequence) : 0);
}

static llvm::Expected<Tensor> evaluateNorm(tfm::NormOp op, Frame &frame) {
  using tfm::NormKind;
  using tfm::StdAxis;
  const Tensor &input = frame.get(op.getInput());
  const Tensor *scale = frame.find(op.getScale());
  const Tensor *shift = frame.find(op.getShift());
  const Tensor *std = frame.find(op.getStd());
  const Tensor *past = frame.find(op.getPast());
  Gain alpha(frame.find(op.getAlpha()), 1),
      offset(frame.find(op.getOffset()), 0);
  int64_t width = input.getShape().back();
  int64_t rows = getProduct(input.getShape().drop_back());
  NormKind kind = op.getKind();
  StdAxis axis = op.getStdAxis();

  if (llvm::Error error = checkSize(scale, "the scale", width))
    return error;
  if (llvm::Error error = checkSize(shift, "the shift", width))
    return error;
  if (llvm::Error error = alpha.check("alpha", width))
    return error;
  if (llvm::Error error = offset.check("offset", width))
    return error;
  if (kind == NormKind::Fixed) {
    if (!std)
      return makeError("a fixed norm without a std");
    if (axis == StdAxis::None)
      if (llvm::Error error = checkSize(std, "the std", 1))
        return error;
    if (axis == StdAxis::Channel)
      if (llvm::Error error = checkSize(std, "the std per channel", width))
        return error;
    if (axis == StdAxis::Position) {
      if (input.getRank() < (past ? 3 : 2))
        return makeError("a std per position of an input of shape " +
                         formatShape(input.getShape()));
      if (std->size() == 0)
        return makeError("the std per position has no elements");
      if (llvm::Error error = checkPast(past, input.getDim(0)))
        return error;
    }
  }
  llvm::Expected<Tensor> result =
      Tensor::create(input.getDType(), input.getShape());
  if (!result)
    return result;

  for (int64_t row = 0; row < rows; ++row) {
    int64_t start = row * width;
    RowStatistics statistics;
    int64_t position = 0;
    if (kind == NormKind::Layer || kind == NormKind::RMS)
      statistics = measureRow(op, input, start, width);
    if (kind == NormKind::Fixed && !op.getUncentred())
      statistics.mean = meanOfRow(input, start, width);
    if (kind == NormKind::Fixed && axis == StdAxis::Position) {
      position = getRowPosition(input, past, row);
      // The last entry serves all positions beyond.
      position = std::min(position, std->size() - 1);
    }
    for (int64_t c = 0; c < width; ++c) {
      double x = input.getFloat(start + c), y = 0;
      switch (kind) {
      case NormKind::Layer:
      case NormKind::RMS:
        y = (x - statistics.mean) / statistics.divisor;
        break;
      case NormKind::Fixed:
        y = (x - statistics.mean) /
            std->getFloat(axis == StdAxis::Channel ? c : position);
        break;
      case NormKind::Tanh:
        y = std::tanh(alpha.at(c) * x);
        break;
      case NormKind::Erf:
        y = std::erf(alpha.at(c) * x + offset.at(c));
        break;
      }
      if (scale)
        y *= scale->getFloat(c);
      if (shift)
        y += shift->getFloat(c);
      result->setFloat(start + c, y);
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Residuals
//===----------------------------------------------------------------------===//

static llvm::Expected<Tensor> evaluateAddScaled(tfm::AddScaledOp op,
                                                Frame &frame) {
  const Tensor &lhs = frame.get(op.getLhs()), &rhs = frame.get(op.getRhs());
  Gain lhsGain(frame.find(op.getLhsGain()), 1);
  Gain rhsGain(frame.find(op.getRhsGain()), 1);
  int64_t width = lhs.getShape().back();
  // Equal types with dynamic extents may still differ.
  if (lhs.getShape() != rhs.getShape())
    return makeError("operands of shape " + formatShape(lhs.getShape()) +
                     " and " + formatShape(rhs.getShape()));
  if (llvm::Error error = lhsGain.check("the left gain", width))
    return error;
  if (llvm::Error error = rhsGain.check("the right gain", width))
    return error;
  llvm::Expected<Tensor> result =
      Tensor::create(lhs.getDType(), lhs.getShape());
  if (!result)
    return result;
  for (int64_t i = 0, e = lhs.size(); i < e; ++i)
    result->setFloat(i, lhsGain.at(i % width) * lhs.getFloat(i) +
                            rhsGain.at(i % width) * rhs.getFloat(i));
  return result;
}

static llvm::Expected<Tensor> evaluateScale(tfm::ScaleOp op, Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  Gain gain(&frame.get(op.getGain()), 1);
  int64_t width = input.getShape().back();
  if (llvm::Error error = gain.check("the gain", width))
    return error;
  llvm::Expected<Tensor> result =
      Tensor::create(input.getDType(), input.getShape());
  if (!result)
    return result;
  for (int64_t i = 0, e = input.size(); i < e; ++i)
    result->setFloat(i, gain.at(i % width) * input.getFloat(i));
  return result;
}

static llvm::Expected<Tensor> evaluateGate(tfm::GateOp op, Frame &frame) {
  const Tensor &lhs = frame.get(op.getLhs()), &rhs = frame.get(op.getRhs());
  if (lhs.getShape() != rhs.getShape())
    return makeError("operands of shape " + formatShape(lhs.getShape()) +
                     " and " + formatShape(rhs.getShape()));
  llvm::Expected<Tensor> result =
      Tensor::create(lhs.getDType(), lhs.getShape());
  if (!result)
    return result;
  for (int64_t i = 0, e = lhs.size(); i < e; ++i)
    result->setFloat(i, lhs.getFloat(i) * rhs.getFloat(i));
  return result;
}

static llvm::Expected<Tensor> evaluateCast(tfm::CastOp op, Frame &frame) {
  const Tensor &input = frame.get(op.getInput());
  llvm::Expected<Tensor> result = createLike(op.getResult(), input.getShape());
  if (!result)
    return result;
  for (int64_t i = 0, e = input.size(); i < e; ++i)
    result->setFloat(i, input.getFloat(i));
  return result;
}

//===----------------------------------------------------------------------===//
// Loss
//===----------------------------------------------------------------------===//

static llvm::Expected<Tensor> evaluateCrossEntropy(tfm::CrossEntropyOp op,
                                                   Frame &frame) {
  const Tensor &logits = frame.get(op.getLogits());
  const Tensor &labels = frame.get(op.getLabels());
  int64_t classes = logits.getShape().back();
  Extents rows(logits.getShape().drop_back());
  if (labels.getShape() != ArrayRef<int64_t>(rows))
    return makeError("labels of shape " + formatShape(labels.getShape()) +
                     " for logits of shape " + formatShape(logits.getShape()));
  llvm::Expected<Tensor> result = createLike(op.getResult(), rows);
  if (!result)
    return result;
  for (int64_t row = 0, e = labels.size(); row < e; ++row) {
    int64_t label = labels.getInt(row), start = row * classes;
    if (label < 0 || label >= classes)
      return makeError("label " + llvm::Twine(label) + " is not one of the " +
                       llvm::Twine(classes) + " classes");
    double max = logits.getFloat(start), sum = 0;
    for (int64_t c = 1; c < classes; ++c)
      max = std::fmax(max, logits.getFloat(start + c));
    for (int64_t c = 0; c < classes; ++c)
      sum += std::exp(logits.getFloat(start + c) - max);
    result->setFloat(row, std::log(sum) + max - logits.getFloat(start + label));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

void addTransformerOps(OpTable &table) {
  table.add<tfm::EmbeddingOp>(evaluateEmbedding);
  table.add<tfm::LinearOp>(evaluateLinear);
  table.add<tfm::SplitOp>(evaluateWidthSplit);
  table.add<tfm::ActivationOp>(evaluateActivation);
  table.add<tfm::NormOp>(evaluateNorm);
  table.add<tfm::AddScaledOp>(evaluateAddScaled);
  table.add<tfm::ScaleOp>(evaluateScale);
  table.add<tfm::GateOp>(evaluateGate);
  table.add<tfm::CastOp>(evaluateCast);
  table.add<tfm::CrossEntropyOp>(evaluateCrossEntropy);
}

} // namespace ockham::interpreter
