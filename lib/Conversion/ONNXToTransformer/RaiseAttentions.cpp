//===- RaiseAttentions.cpp - Softmax attention becomes tfm.attention ------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Found from the Softmax in two directions: back through the mask and the scale
// to the product of queries and keys, forward through the shape gains and the
// product with the values to the merged heads.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Expressions.h"
#include "Extents.h"
#include "PositionMatrix.h"
#include "Raising.h"

using namespace mlir;

namespace ockham::raising {

namespace {

/// Heads that were split off rows `[batch, sequence, heads * width]`.
struct Heads {
  Value rows;
  int64_t count = 0;
  int64_t width = 0;
  /// Constant factors on the way.
  double scale = 1.0;
};

/// What the softmax is of.
struct Scores {
  Heads query;
  Heads key;
  double scale = 1.0;
  bool causal = false;
};

/// What the values are multiplied by: gains of the identity, the softmax and
/// the uniform matrix. A null gain with its flag set is a gain of 1.
struct Shape {
  bool isShaped = false;
  Value alpha, beta, gamma;
};

class AttentionMatcher {
public:
  AttentionMatcher(Raiser &raiser, onnx::SoftmaxOp softmax, Attempt &attempt,
                   PositionVerdicts &verdicts)
      : raiser(raiser), softmax(softmax), attempt(attempt), verdicts(verdicts) {
  }

  LogicalResult run();

private:
  LogicalResult matchHeads(Value value, ArrayRef<int64_t> wanted,
                           StringRef role, bool allowScale, Heads &heads);
  LogicalResult matchMask(Value condition, bool inverted);
  LogicalResult matchAddend(Value addend);
  LogicalResult useCausal(const PositionMatrix &matrix, Operation *at);
  LogicalResult matchScores();
  LogicalResult matchShape(Value weights, Shape &shape);
  LogicalResult matchShapeTerm(const Term &term, Shape &shape);
  LogicalResult matchProduct(onnx::MatMulOp product);
  LogicalResult create(const Heads &value, const Shape &shape,
                       onnx::MatMulOp product);
  /// Whether a matrix covers the positions of these scores.
  bool coversScores(const PositionMatrix &matrix) const;

  Raiser &raiser;
  onnx::SoftmaxOp softmax;
  Attempt &attempt;
  PositionVerdicts &verdicts;
  Scores scores;
};

} // namespace

static constexpr int64_t kHeadsOfRows[] = {0, 2, 1, 3};
static constexpr int64_t kHeadsTransposed[] = {0, 2, 3, 1};

/// c and w where the value is c * w with a constant c.
static std::optional<std::pair<double, Value>>
matchConstantFactor(Value value) {
  Expression expression = getExpression(value);
  if (expression.terms.size() != 1)
    return std::nullopt;
  Value atom = expression.terms.front().getSingleAtom();
  if (!atom || atom == value || atom.getType() != value.getType())
    return std::nullopt;
  return std::pair(expression.terms.front().coefficient, atom);
}

/// Follows `value` back to rows through Transposes that together are `wanted`
/// (from [batch, sequence, head, channel]).
LogicalResult AttentionMatcher::matchHeads(Value value,
                                           ArrayRef<int64_t> wanted,
                                           StringRef role, bool allowScale,
                                           Heads &heads) {
  if (cast<RankedTensorType>(value.getType()).getRank() != 4)
    return attempt.fail(value.getDefiningOp(),
                        "the " + Twine(role) +
                            " is not [batch, heads, sequence, width]");
  SmallVector<int64_t> perm = {0, 1, 2, 3};
  while (true) {
    Operation *op = value.getDefiningOp();
    if (allowScale) {
      if (auto factor = matchConstantFactor(value)) {
        heads.scale *= factor->first;
        value = factor->second;
        continue;
      }
    }
    if (heads.rows)
      break;
    if (!op)
      return attempt.fail("the " + Twine(role) +
                          " is not split into heads by a Reshape");
    if (auto transpose = dyn_cast<onnx::TransposeOp>(op)) {
      for (int64_t &dim : perm)
        dim = transpose.getPerm()[dim];
      value = transpose.getInput();
      continue;
    }
    auto reshape = dyn_cast<onnx::ReshapeOp>(op);
    if (!reshape)
      return attempt.fail(op, "the " + Twine(role) +
                                  " is not split into heads by a Reshape");
    auto type = cast<RankedTensorType>(reshape.getType());
    auto rows = cast<RankedTensorType>(reshape.getInput().getType());
    if (perm != wanted)
      return attempt.fail(op, "the dimensions of the " + Twine(role) +
                                  " have another order");
    if (type.getRank() != 4 || rows.getRank() != 3 || type.isDynamicDim(2) ||
        type.isDynamicDim(3) ||
        type.getDimSize(2) * type.getDimSize(3) != rows.getDimSize(2) ||
        !haveEqualLeadingExtents(reshape.getInput(), 1,
                                 reshape.getStaticShape(), reshape.getShape(),
                                 2))
      return attempt.fail(op, "the Reshape of the " + Twine(role) +
                                  " is not [batch, sequence, width] to [batch, "
                                  "sequence, heads, width / heads]");
    heads.count = type.getDimSize(2);
    heads.width = type.getDimSize(3);
    value = heads.rows = reshape.getInput();
    attempt.found(op);
  }
  heads.rows = value;
  return success();
}

bool AttentionMatcher::coversScores(const PositionMatrix &matrix) const {
  return matrix.getRows() == getExtent(scores.query.rows, 1) &&
         matrix.getColumns() == getExtent(scores.key.rows, 1);
}

LogicalResult AttentionMatcher::useCausal(const PositionMatrix &matrix,
                                          Operation *at) {
  // Whether it covers the scores is asked when query and key are known.
  if (matrix.getRows() != matrix.getColumns())
    return attempt.fail(at, "the mask is not square");
  scores.causal = true;
  return success();
}

LogicalResult AttentionMatcher::matchMask(Value condition, bool inverted) {
  std::string why;
  Operation *at = condition.getDefiningOp();
  std::optional<PositionMatrix> matrix =
      PositionMatrix::get(condition, verdicts, why);
  if (!matrix)
    return attempt.fail(at, "the mask is not known: " + Twine(why));
  if (matrix->isTrue(inverted))
    return success();
  if (!matrix->isCausalCondition(inverted))
    return attempt.fail(at, "the mask is not causal");
  return useCausal(*matrix, at);
}

LogicalResult AttentionMatcher::matchAddend(Value addend) {
  std::string why;
  Operation *at = addend.getDefiningOp();
  std::optional<PositionMatrix> matrix =
      PositionMatrix::get(addend, verdicts, why);
  if (!matrix)
    return attempt.fail(at, "what is added to the scores is not known: " +
                                Twine(why));
  if (!matrix->isCausalAddend())
    return attempt.fail(at, "what is added to the scores is not causal");
  return useCausal(*matrix, at);
}

/// Whether every element is a large negative number.
static bool isMaskedValue(Value value) {
  std::optional<ConstantData> data = ConstantData::get(value);
  if (!data || !isa<FloatType>(data->getElementType()))
    return false;
  std::optional<double> splat = data->getSplatFloat();
  return splat && *splat <= kMasked;
}

/// What a Where shows where it does not mask, and whether its condition says
/// where it does; null if neither branch is a mask value.
static std::pair<Value, bool> getUnmasked(onnx::WhereOp where) {
  if (isMaskedValue(where.getRhs()))
    return {where.getLhs(), false};
  if (isMaskedValue(where.getLhs()))
    return {where.getRhs(), true};
  return {};
}

/// Whether a value is computed from a product of two activations by arithmetic
/// and masks.
static bool containsProduct(Value value) {
  if (auto where = value.getDefiningOp<onnx::WhereOp>()) {
    Value inner = getUnmasked(where).first;
    return inner && containsProduct(inner);
  }
  for (const Term &term : getExpression(value).terms)
    for (const Factor &factor : term.factors) {
      if (factor.atom.getDefiningOp<onnx::MatMulOp>())
        return true;
      if (factor.atom != value && factor.atom.getDefiningOp<onnx::WhereOp>() &&
          containsProduct(factor.atom))
        return true;
    }
  return false;
}

LogicalResult AttentionMatcher::matchScores() {
  Value value = softmax.getInput();
  SmallVector<std::pair<Value, bool>, 1> masks;
  SmallVector<Value, 1> addends;
  while (Operation *op = value.getDefiningOp()) {
    if (auto where = dyn_cast<onnx::WhereOp>(op)) {
      auto [inner, inverted] = getUnmasked(where);
      if (!inner)
        return attempt.fail(
            op, "neither branch of the mask is a large negative constant");
      masks.push_back({where.getCondition(), inverted});
      value = inner;
    } else if (auto add = dyn_cast<onnx::AddOp>(op)) {
      // What does not contain the product is a mask.
      bool isLeft = containsProduct(add.getLhs());
      addends.push_back(isLeft ? add.getRhs() : add.getLhs());
      value = isLeft ? add.getLhs() : add.getRhs();
    } else {
      break;
    }
  }
  for (auto [condition, inverted] : masks)
    if (failed(matchMask(condition, inverted)))
      return failure();
  for (Value addend : addends)
    if (failed(matchAddend(addend)))
      return failure();
  attempt.found(softmax);

  onnx::MatMulOp product;
  Expression scaled = getExpression(value);
  if (Value atom = scaled.terms.size() == 1
                       ? scaled.terms.front().getSingleAtom()
                       : Value())
    product = atom.getDefiningOp<onnx::MatMulOp>();
  if (!product)
    return attempt.fail(value.getDefiningOp(),
                        "the scores are not a product times a constant");
  scores.scale = scaled.terms.front().coefficient;
  attempt.found(product, 2);

  if (failed(matchHeads(product.getLhs(), kHeadsOfRows, "query",
                        /*allowScale=*/true, scores.query)) ||
      failed(matchHeads(product.getRhs(), kHeadsTransposed, "key",
                        /*allowScale=*/true, scores.key)))
    return failure();
  scores.scale *= scores.query.scale * scores.key.scale;
  if (scores.query.count != scores.key.count ||
      scores.query.width != scores.key.width)
    return attempt.fail(product, "query and key have " +
                                     Twine(scores.query.count) + " and " +
                                     Twine(scores.key.count) + " heads");

  // Now that the positions are known: do the masks cover them?
  std::string why;
  if (scores.causal) {
    for (auto [condition, inverted] : masks)
      if (auto matrix = PositionMatrix::get(condition, verdicts, why))
        if (!matrix->isTrue(inverted) && !coversScores(*matrix))
          return attempt.fail(condition.getDefiningOp(),
                              "the mask has other extents than the scores");
    for (Value addend : addends)
      if (auto matrix = PositionMatrix::get(addend, verdicts, why))
        if (!coversScores(*matrix))
          return attempt.fail(addend.getDefiningOp(),
                              "the mask has other extents than the scores");
    if (getExtent(scores.query.rows, 1) != getExtent(scores.key.rows, 1))
      return attempt.fail(product, "the causal mask is for as many queries as "
                                   "keys, which is not known here");
  }
  return success();
}

LogicalResult AttentionMatcher::matchShapeTerm(const Term &term, Shape &shape) {
  Value matrix, gain;
  for (const Factor &factor : term.factors) {
    auto type = cast<RankedTensorType>(factor.atom.getType());
    bool isMatrix =
        factor.atom == softmax.getResult() ||
        (type.getRank() >= 2 &&
         !(type.hasStaticShape() && type.getDimSize(type.getRank() - 1) == 1 &&
           type.getDimSize(type.getRank() - 2) == 1));
    Value &slot = isMatrix ? matrix : gain;
    if (slot || factor.exponent != 1)
      return attempt.fail(factor.atom.getDefiningOp(),
                          "a shape term is not a gain times a matrix");
    slot = factor.atom;
  }
  if (!matrix)
    return attempt.fail("a constant is added to the attention weights");

  Value *slot = nullptr;
  double sign = 1.0;
  if (matrix == softmax.getResult()) {
    slot = &shape.beta;
  } else {
    std::string why;
    Operation *at = matrix.getDefiningOp();
    std::optional<PositionMatrix> positions =
        PositionMatrix::get(matrix, verdicts, why);
    if (!positions)
      return attempt.fail(
          at,
          "what is added to the attention weights is not known: " + Twine(why));
    if (positions->isIdentity()) {
      slot = &shape.alpha;
    } else if (scores.causal && positions->isCausalUniform()) {
      slot = &shape.gamma;
      sign = -1.0;
    } else {
      return attempt.fail(at, "what is added to the attention weights is "
                              "neither an identity nor causal and uniform");
    }
    if (!coversScores(*positions))
      return attempt.fail(at, "a shape matrix has other extents than the "
                              "scores");
  }
  if (*slot)
    return attempt.fail("a shape matrix occurs twice");
  OpBuilder &builder = raiser.getBuilder();
  if (gain) {
    // A factor in front of a trained gain is no part of the parameter.
    if (term.coefficient != sign)
      return attempt.fail(gain.getDefiningOp(),
                          "a shape gain has the factor " +
                              std::to_string(term.coefficient));
    *slot = getVectorAlong(builder, gain, 3, scores.query.count);
    if (!*slot)
      return attempt.fail(gain.getDefiningOp(),
                          "a shape gain is not one parameter per head");
    return success();
  }
  *slot = makeSplat(builder, softmax.getLoc(),
                    getElementTypeOrSelf(softmax.getType()), scores.query.count,
                    sign * term.coefficient);
  return success();
}

LogicalResult AttentionMatcher::matchShape(Value weights, Shape &shape) {
  if (weights == softmax.getResult())
    return success();
  shape.isShaped = true;
  for (const Term &term : getExpression(weights, {softmax.getResult()}).terms)
    if (failed(matchShapeTerm(term, shape)))
      return failure();
  if (!shape.beta)
    return attempt.fail("the softmax is not part of the attention weights");
  return success();
}

LogicalResult AttentionMatcher::create(const Heads &value, const Shape &shape,
                                       onnx::MatMulOp product) {
  bool isMatched = false;
  for (Operation *user : product->getUsers()) {
    auto transpose = dyn_cast<onnx::TransposeOp>(user);
    if (!transpose || transpose.getPerm() != ArrayRef<int64_t>(kHeadsOfRows)) {
      (void)attempt.fail(user, "the heads are not merged by a Transpose");
      continue;
    }
    for (Operation *reader : transpose->getUsers()) {
      auto reshape = dyn_cast<onnx::ReshapeOp>(reader);
      int64_t width = value.count * value.width;
      if (!reshape ||
          cast<RankedTensorType>(reshape.getType()).getRank() != 3 ||
          cast<RankedTensorType>(reshape.getType()).getDimSize(2) != width ||
          !haveEqualLeadingExtents(transpose, 2, reshape.getStaticShape(),
                                   reshape.getShape(), 1)) {
        (void)attempt.fail(reader,
                           "the heads are not merged to [batch, sequence, " +
                               Twine(width) + "]");
        continue;
      }
      OpBuilder &builder = raiser.at(reshape);
      auto type = cast<RankedTensorType>(scores.query.rows.getType());
      auto outputType =
          type.clone({type.getDimSize(0), type.getDimSize(1), width});
      IntegerAttr heads = builder.getI64IntegerAttr(scores.query.count);
      auto attention = tfm::AttentionOp::create(
          builder, softmax.getLoc(), outputType, /*logsumexp=*/Type(),
          /*entropy=*/Type(), scores.query.rows, scores.key.rows, value.rows,
          /*past=*/Value(), /*key_lengths=*/Value(), /*mask=*/Value(),
          shape.alpha, shape.beta, shape.gamma, /*query_scale=*/Value(),
          /*key_scale=*/Value(), /*cos=*/Value(), /*sin=*/Value(), heads, heads,
          builder.getF64FloatAttr(scores.scale),
          scores.causal ? builder.getUnitAttr() : UnitAttr(),
          /*soft_cap=*/FloatAttr(),
          tfm::CentreAttr::get(builder.getContext(), tfm::Centre::All),
          /*qk_norm=*/tfm::NormKindAttr(), builder.getF64FloatAttr(0.0),
          /*interleaved=*/UnitAttr());
      if (succeeded(raiser.replace(reshape, attention.getOutput())))
        isMatched = true;
    }
  }
  return success(isMatched);
}

/// The product of the attention weights and the values.
LogicalResult AttentionMatcher::matchProduct(onnx::MatMulOp product) {
  attempt.found(product);
  // Gains are made in front of the product, where the softmax is known.
  raiser.at(product);
  Shape shape;
  if (failed(matchShape(product.getLhs(), shape)))
    return failure();
  attempt.found(product);
  Heads value;
  if (failed(matchHeads(product.getRhs(), kHeadsOfRows, "value",
                        /*allowScale=*/false, value)))
    return failure();
  if (value.count != scores.query.count)
    return attempt.fail(product, "query and value have " +
                                     Twine(scores.query.count) + " and " +
                                     Twine(value.count) + " heads");
  if (getExtent(value.rows, 1) != getExtent(scores.key.rows, 1))
    return attempt.fail(product, "key and value are of different sequences");
  return create(value, shape, product);
}

LogicalResult AttentionMatcher::run() {
  attempt.addAnchor(softmax);
  attempt.found(softmax);
  auto type = cast<RankedTensorType>(softmax.getType());
  if (type.getRank() != 4 ||
      static_cast<int64_t>(softmax.getAxis()) != type.getRank() - 1)
    return attempt.fail("axis " + Twine(softmax.getAxis()) + " of rank " +
                        Twine(type.getRank()) +
                        ", expected the last of [batch, heads, queries, keys]");
  if (failed(matchScores()))
    return failure();

  SmallVector<Value> readers = getElementwiseReaders(softmax, 6);
  readers.insert(readers.begin(), softmax.getResult());
  bool hasProduct = false, isMatched = false;
  for (Value weights : readers)
    for (Operation *user : llvm::make_early_inc_range(weights.getUsers())) {
      auto product = dyn_cast<onnx::MatMulOp>(user);
      if (!product || product.getLhs() != weights)
        continue;
      hasProduct = true;
      isMatched |= succeeded(matchProduct(product));
    }
  if (!hasProduct)
    return attempt.fail(softmax, "nothing multiplies values by the weights");
  return success(isMatched);
}

void raiseAttentions(Raiser &raiser) {
  PositionVerdicts verdicts;
  raiser.walkBackwards([&](Operation *op) {
    auto softmax = dyn_cast<onnx::SoftmaxOp>(op);
    if (!softmax)
      return;
    // Softmax, mask, scale, scores, query, key, weights, values, heads merged.
    Attempt attempt("attention", 10);
    if (failed(AttentionMatcher(raiser, softmax, attempt, verdicts).run()))
      raiser.record(std::move(attempt));
  });
}

} // namespace ockham::raising
