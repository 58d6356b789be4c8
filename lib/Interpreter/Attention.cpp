//===- Attention.cpp - tfm.attention, step by step ------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The numbered steps are those of the op's description.
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/TypeUtilities.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace ockham::interpreter {

namespace {

/// One evaluation of one op.
class Attention {
public:
  Attention(tfm::AttentionOp op, Frame &frame)
      : op(op), query(frame.get(op.getQuery())), key(frame.get(op.getKey())),
        value(frame.get(op.getValue())), past(frame.find(op.getPast())),
        keyLengths(frame.find(op.getKeyLengths())),
        mask(frame.find(op.getMask())), alpha(frame.find(op.getAlpha())),
        beta(frame.find(op.getBeta())), gamma(frame.find(op.getGamma())),
        queryScale(frame.find(op.getQueryScale())),
        keyScale(frame.find(op.getKeyScale())), cos(frame.find(op.getCos())),
        sin(frame.find(op.getSin())), batch(query.getDim(0)),
        queries(query.getDim(1)), keys(key.getDim(1)), heads(op.getNumHeads()),
        kvHeads(op.getNumKvHeads()) {}

  llvm::Expected<Results> run();

private:
  using Row = std::vector<double>;

  llvm::Error checkShapes();
  llvm::Error checkPositions();

  /// The absolute position of query `t` of sequence `b`.
  int64_t getPosition(int64_t b, int64_t t) const {
    return t + (past ? past->getInt(b) : 0);
  }

  /// Head `head` of row (b, t), normed and rotated to `position`.
  Row prepare(const Tensor &rows, int64_t b, int64_t t, int64_t head,
              int64_t width, const Tensor *scale, int64_t position) const;
  Row rotate(const Row &head, int64_t position) const;

  int64_t getMaskIndex(int64_t b, int64_t h, int64_t t, int64_t j) const;
  double getScore(const Row &q, const Row &k, int64_t b, int64_t h, int64_t t,
                  int64_t j) const;
  bool isVisible(int64_t b, int64_t h, int64_t t, int64_t i, int64_t j) const;
  Row getCentre(const std::vector<bool> &visible, int64_t i) const;

  /// Accessors of ops are not const.
  mutable tfm::AttentionOp op;
  const Tensor &query, &key, &value;
  const Tensor *past, *keyLengths, *mask, *alpha, *beta, *gamma, *queryScale,
      *keyScale, *cos, *sin;
  int64_t batch, queries, keys, heads, kvHeads;
  /// Widths of one head of query and key, and of value.
  int64_t headDim = 0, valueDim = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// Checks that static types cannot make
//===----------------------------------------------------------------------===//

llvm::Error Attention::checkShapes() {
  auto fail = [&](StringRef what, const Tensor &tensor,
                  const llvm::Twine &expected) {
    return makeError(what + " has shape " + formatShape(tensor.getShape()) +
                     ", expected " + expected);
  };
  if (heads <= 0 || kvHeads <= 0 || heads % kvHeads != 0)
    return makeError(llvm::Twine(heads) + " heads and " + llvm::Twine(kvHeads) +
                     " key and value heads");
  if (query.getDim(2) % heads != 0)
    return fail("the query", query,
                "a width that " + llvm::Twine(heads) + " heads divide");
  headDim = query.getDim(2) / heads;
  if (value.getDim(2) % kvHeads != 0)
    return fail("the value", value,
                "a width that " + llvm::Twine(kvHeads) + " heads divide");
  valueDim = value.getDim(2) / kvHeads;
  if (key.getDim(0) != batch || key.getDim(2) != kvHeads * headDim)
    return fail("the key", key, formatShape({batch, keys, kvHeads * headDim}));
  if (value.getDim(0) != batch || value.getDim(1) != keys)
    return fail("the value", value,
                formatShape({batch, keys, kvHeads * valueDim}));
  if (llvm::Error error = checkPast(past, batch))
    return error;
  if (keyLengths && keyLengths->size() != batch)
    return fail("key_lengths", *keyLengths, formatShape(batch));
  for (const Tensor *gain : {alpha, beta, gamma})
    if (gain && gain->size() != heads)
      return fail("a gain", *gain, formatShape(heads));
  for (const Tensor *scale : {queryScale, keyScale})
    if (scale && scale->size() != headDim)
      return fail("a query or key scale", *scale, formatShape(headDim));
  if (mask) {
    Extents full = {batch, heads, queries, keys};
    bool fits = mask->getRank() == 4 && mask->getDim(3) == keys;
    for (int64_t axis = 0; fits && axis < 3; ++axis)
      fits = mask->getDim(axis) == full[axis] || mask->getDim(axis) == 1;
    if (!fits)
      return fail("the mask", *mask,
                  formatShape(full) + " or 1 in place of the first three");
  }
  if (!cos != !sin)
    return makeError("rotary needs cos and sin");
  if (cos &&
      (cos->getShape() != sin->getShape() || 2 * cos->getDim(1) > headDim))
    return fail("cos", *cos,
                "that of sin, " + formatShape(sin->getShape()) +
                    ", and at most half of " + llvm::Twine(headDim) +
                    " columns");
  return llvm::Error::success();
}

llvm::Error Attention::checkPositions() {
  // Keys are rotated to their own positions, 0 to Tk - 1.
  int64_t rotated = cos && batch > 0 ? keys : 0;
  for (int64_t b = 0; b < batch; ++b) {
    if (queries == 0)
      continue;
    int64_t last = getPosition(b, queries - 1);
    if (alpha && last >= keys)
      return makeError("the query at position " + llvm::Twine(last) +
                       " of sequence " + llvm::Twine(b) +
                       " has no value of its own: there are " +
                       llvm::Twine(keys) + " keys");
    if (cos)
      rotated = std::max(rotated, last + 1);
  }
  if (cos && rotated > cos->getDim(0))
    return makeError("position " + llvm::Twine(rotated - 1) +
                     " is outside of cos and sin, which have " +
                     llvm::Twine(cos->getDim(0)) + " rows");
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Step 1: norm and rotary
//===----------------------------------------------------------------------===//

Attention::Row Attention::prepare(const Tensor &rows, int64_t b, int64_t t,
                                  int64_t head, int64_t width,
                                  const Tensor *scale, int64_t position) const {
  Row x(headDim);
  int64_t start = (b * rows.getDim(1) + t) * width + head * headDim;
  for (int64_t c = 0; c < headDim; ++c)
    x[c] = rows.getFloat(start + c);

  if (op.getQkNorm()) {
    double mean = 0, squares = 0;
    if (*op.getQkNorm() == tfm::NormKind::Layer) {
      for (double element : x)
        mean += element;
      mean /= static_cast<double>(headDim);
    }
    for (double element : x)
      squares += (element - mean) * (element - mean);
    squares /= static_cast<double>(headDim);
    double eps = op.getQkNormEps().convertToDouble();
    double divisor = op.getQkNormEpsOutside() ? std::sqrt(squares) + eps
                                              : std::sqrt(squares + eps);
    for (double &element : x)
      element = (element - mean) / divisor;
    if (scale)
      for (int64_t c = 0; c < headDim; ++c)
        x[c] *= scale->getFloat(c);
  }
  return cos ? rotate(x, position) : x;
}

Attention::Row Attention::rotate(const Row &head, int64_t position) const {
  int64_t half = cos->getDim(1);
  Row rotated(head);
  for (int64_t c = 0; c < half; ++c) {
    int64_t first = op.getInterleaved() ? 2 * c : c;
    int64_t second = op.getInterleaved() ? 2 * c + 1 : c + half;
    double cosine = cos->getFloat(position * half + c);
    double sine = sin->getFloat(position * half + c);
    rotated[first] = head[first] * cosine - head[second] * sine;
    rotated[second] = head[second] * cosine + head[first] * sine;
  }
  return rotated;
}

//===----------------------------------------------------------------------===//
// Steps 2, 3 and the centre of step 5
//===----------------------------------------------------------------------===//

int64_t Attention::getMaskIndex(int64_t b, int64_t h, int64_t t,
                                int64_t j) const {
  int64_t index[] = {b, h, t, j};
  return getBroadcastPosition(index, mask->getShape());
}

double Attention::getScore(const Row &q, const Row &k, int64_t b, int64_t h,
                           int64_t t, int64_t j) const {
  double score = 0;
  for (int64_t c = 0; c < headDim; ++c)
    score += q[c] * k[c];
  score *= op.getScale().convertToDouble();
  if (op.getSoftCap()) {
    double cap = op.getSoftCap()->convertToDouble();
    score = cap * std::tanh(score / cap);
  }
  if (mask && mask->isFloat())
    score += mask->getFloat(getMaskIndex(b, h, t, j));
  return score;
}

bool Attention::isVisible(int64_t b, int64_t h, int64_t t, int64_t i,
                          int64_t j) const {
  if (op.getCausal() && j > i)
    return false;
  if (keyLengths && j >= keyLengths->getInt(b))
    return false;
  if (mask && !mask->isFloat() && !mask->getInt(getMaskIndex(b, h, t, j)))
    return false;
  return true;
}

Attention::Row Attention::getCentre(const std::vector<bool> &visible,
                                    int64_t i) const {
  Row centre(keys, 0);
  std::vector<bool> averaged(keys);
  for (int64_t j = 0; j < keys; ++j)
    averaged[j] = op.getCentre() == tfm::Centre::Visible
                      ? visible[j]
                      : !op.getCausal() || j <= i;
  double count = llvm::count(averaged, true);
  for (int64_t j = 0; j < keys; ++j)
    if (averaged[j])
      centre[j] = 1 / count;
  return centre;
}

//===----------------------------------------------------------------------===//
// All steps
//===----------------------------------------------------------------------===//

llvm::Expected<Results> Attention::run() {
  if (llvm::Error error = checkShapes())
    return error;
  if (llvm::Error error = checkPositions())
    return error;
  // What is not asked for is computed as well, and dropped.
  auto create = [&](Value value, ArrayRef<int64_t> shape) {
    return Tensor::create(value ? *getDType(getElementTypeOrSelf(value))
                                : query.getDType(),
                          shape);
  };
  llvm::Expected<Tensor> output =
      create(op.getOutput(), {batch, queries, heads * valueDim});
  llvm::Expected<Tensor> logsumexp =
      create(op.getLogsumexp(), {batch, heads, queries});
  llvm::Expected<Tensor> entropy = create(op.getEntropy(), {batch, heads});
  if (!output || !logsumexp || !entropy)
    return llvm::joinErrors(
        output.takeError(),
        llvm::joinErrors(logsumexp.takeError(), entropy.takeError()));

  for (int64_t b = 0; b < batch; ++b)
    for (int64_t h = 0; h < heads; ++h) {
      int64_t kvHead = h * kvHeads / heads;
      std::vector<Row> preparedKeys;
      for (int64_t j = 0; j < keys; ++j)
        preparedKeys.push_back(
            prepare(key, b, j, kvHead, key.getDim(2), keyScale, j));
      auto valueAt = [&](int64_t j, int64_t c) {
        return value.getFloat((b * keys + j) * value.getDim(2) +
                              kvHead * valueDim + c);
      };
      double entropySum = 0;
      for (int64_t t = 0; t < queries; ++t) {
        int64_t i = getPosition(b, t);
        Row q = prepare(query, b, t, h, query.getDim(2), queryScale, i);

        // Steps 2 and 3.
        Row scores(keys);
        std::vector<bool> visible(keys);
        double max = -std::numeric_limits<double>::infinity();
        for (int64_t j = 0; j < keys; ++j) {
          scores[j] = getScore(q, preparedKeys[j], b, h, t, j);
          visible[j] = isVisible(b, h, t, i, j);
          if (visible[j])
            max = std::max(max, scores[j]);
        }

        // Step 4.
        Row weights(keys, 0);
        double sum = 0;
        for (int64_t j = 0; j < keys; ++j)
          if (visible[j])
            sum += weights[j] = std::exp(scores[j] - max);
        for (int64_t j = 0; j < keys; ++j)
          if (visible[j])
            weights[j] /= sum;

        // Step 5.
        Row centre = getCentre(visible, i);
        double a = alpha ? alpha->getFloat(h) : 0;
        double be = beta ? beta->getFloat(h) : 1;
        double ga = gamma ? gamma->getFloat(h) : 0;
        for (int64_t c = 0; c < valueDim; ++c) {
          double attended = 0, centred = 0;
          for (int64_t j = 0; j < keys; ++j) {
            // Keys that take no part are not read: 0 * NaN is not 0.
            if (visible[j])
              attended += weights[j] * valueAt(j, c);
            if (gamma && centre[j] != 0)
              centred += centre[j] * valueAt(j, c);
          }
          double out = be * attended;
          if (alpha)
            out += a * valueAt(i, c);
          if (gamma)
            out -= ga * centred;
          output->setFloat(
              (b * queries + t) * heads * valueDim + h * valueDim + c, out);
        }

        logsumexp->setFloat((b * heads + h) * queries + t, max + std::log(sum));
        for (double weight : weights)
          if (weight != 0)
            entropySum -= weight * std::log(weight);
      }
      entropy->setFloat(b * heads + h,
                        entropySum / static_cast<double>(queries));
    }

  Results results = {std::move(*output)};
  if (op.getLogsumexp())
    results.push_back(std::move(*logsumexp));
  if (op.getEntropy())
    results.push_back(std::move(*entropy));
  return results;
}

void addAttentionOps(OpTable &table) {
  table.add<tfm::AttentionOp>([](tfm::AttentionOp op, Frame &frame) {
    return Attention(op, frame).run();
  });
}

} // namespace ockham::interpreter
