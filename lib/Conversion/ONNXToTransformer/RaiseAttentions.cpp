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

#include "AttentionHeads.h"
#include "Constants.h"
#include "Expressions.h"
#include "Extents.h"
#include "PositionMatrix.h"
#include "ockham/Support/ConstantData.h"

using namespace mlir;

namespace ockham::raising {

namespace {

/// What the attentions of one function share.
struct SharedState {
  PositionVerdicts verdicts;
  /// Matrices [positions, angles] by the value that the graph has.
  DenseMap<Value, Value> angles;
};

/// What the softmax is of.
struct Scores {
  Heads query;
  Heads key;
  double scale = 1.0;
  std::optional<double> softCap;
  bool causal = false;
  /// Masks that are not causal, as floats that are added.
  SmallVector<Value, 1> addends;
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
                   SharedState &shared)
      : raiser(raiser), softmax(softmax), attempt(attempt), shared(shared) {}

  LogicalResult run();

private:
  LogicalResult matchMask(onnx::WhereOp where, bool inverted);
  LogicalResult matchAddend(Value addend);
  LogicalResult matchProductOfScores(Value value);
  LogicalResult matchSoftCap(Value &value);
  LogicalResult matchScores();
  LogicalResult matchShape(Value weights, Shape &shape);
  LogicalResult matchShapeTerm(const Term &term, Shape &shape);
  LogicalResult matchProduct(onnx::MatMulOp product);
  LogicalResult create(const Heads &value, const Shape &shape,
                       onnx::MatMulOp product);
  /// The sum of the masks in the form that the op reads; null on failure.
  FailureOr<Value> makeMask(OpBuilder &builder);
  /// The angle matrices of query and key.
  LogicalResult makeAngles(OpBuilder &builder, Value &cos, Value &sin);
  Value getAngles(OpBuilder &builder, Value angles);
  LogicalResult replaceMerged(onnx::ReshapeOp reshape, onnx::TransposeOp heads,
                              Value rows);
  /// Whether a matrix covers the positions of these scores.
  bool coversScores(const PositionMatrix &matrix) const {
    return matrix.getRows() == getExtent(scores.query.rows, 1) &&
           matrix.getColumns() == getExtent(scores.key.rows, 1);
  }

  Raiser &raiser;
  onnx::SoftmaxOp softmax;
  Attempt &attempt;
  SharedState &shared;
  Scores scores;
};

} // namespace

static int64_t getRank(Value value) {
  return cast<RankedTensorType>(value.getType()).getRank();
}

static constexpr int64_t kHeadsOfRows[] = {0, 2, 1, 3};
/// Below this, adding a score changes nothing in float32.
static constexpr double kAbsorbing = -1e30;

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

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
  if (auto tanh = value.getDefiningOp<onnx::TanhOp>())
    return containsProduct(tanh.getInput());
  for (const Term &term : getExpression(value).terms)
    for (const Factor &factor : term.factors) {
      Operation *op = factor.atom.getDefiningOp();
      if (isa_and_nonnull<onnx::MatMulOp>(op))
        return true;
      if (factor.atom != value &&
          isa_and_nonnull<onnx::WhereOp, onnx::TanhOp>(op) &&
          containsProduct(factor.atom))
        return true;
    }
  return false;
}

LogicalResult AttentionMatcher::matchMask(onnx::WhereOp where, bool inverted) {
  std::string why;
  Value condition = where.getCondition();
  std::optional<PositionMatrix> matrix =
      PositionMatrix::get(condition, shared.verdicts, why);
  if (matrix && matrix->isTrue(inverted))
    return success();
  if (matrix && matrix->isCausalCondition(inverted) && coversScores(*matrix)) {
    scores.causal = true;
    return success();
  }
  // Any other mask is added. The masked value must swallow the scores, so that
  // a row without any visible key means the same.
  Value masked = inverted ? where.getLhs() : where.getRhs();
  if (*ConstantData::get(masked)->getSplatFloat() > kAbsorbing)
    return attempt.fail(
        where, "the mask is not causal, and its value " +
                   std::to_string(*ConstantData::get(masked)->getSplatFloat()) +
                   " does not swallow the scores" + (matrix ? "" : "; " + why));
  OpBuilder &builder = raiser.at(where);
  Type element = getElementTypeOrSelf(where.getType());
  auto scalar = RankedTensorType::get({}, element);
  auto makeScalar = [&](double number) -> Value {
    return onnx::ConstantOp::create(
        builder, where.getLoc(), scalar,
        DenseElementsAttr::get(scalar, builder.getFloatAttr(element, number)));
  };
  Value zero = makeScalar(0.0);
  Value low = makeScalar(*ConstantData::get(masked)->getSplatFloat());
  auto type = cast<RankedTensorType>(condition.getType()).clone(element);
  scores.addends.push_back(
      onnx::WhereOp::create(builder, where.getLoc(), type, condition,
                            inverted ? low : zero, inverted ? zero : low));
  return success();
}

LogicalResult AttentionMatcher::matchAddend(Value addend) {
  std::string why;
  std::optional<PositionMatrix> matrix =
      PositionMatrix::get(addend, shared.verdicts, why);
  if (matrix && matrix->isZero())
    return success();
  if (matrix && matrix->isCausalAddend() && coversScores(*matrix)) {
    scores.causal = true;
    return success();
  }
  scores.addends.push_back(addend);
  return success();
}

/// Checks one mask against the scores and gives it as [.., .., .., keys] of
/// rank 4.
static FailureOr<Value> alignMask(OpBuilder &builder, Value mask,
                                  const Scores &scores, Attempt &attempt) {
  Operation *at = mask.getDefiningOp();
  auto type = cast<RankedTensorType>(mask.getType());
  int64_t missing = 4 - type.getRank();
  if (missing < 0)
    return attempt.fail(at, "the mask has rank " + Twine(type.getRank()) +
                                ", expected at most 4");
  const Extent wanted[] = {getExtent(scores.query.rows, 0),
                           Extent::getStatic(scores.query.getUsedCount()),
                           getExtent(scores.query.rows, 1),
                           getExtent(scores.key.rows, 1)};
  static const char *names[] = {"batch", "heads", "queries", "keys"};
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    Extent extent = getExtent(mask, dim);
    bool isLast = dim + missing == 3;
    if ((isLast || !extent.isStatic(1)) && extent != wanted[dim + missing])
      return attempt.fail(at, Twine("dimension ") + Twine(dim) +
                                  " of the mask is not the " +
                                  names[dim + missing] + " of the scores");
  }
  if (missing == 0)
    return mask;
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, missing));
  SmallVector<int64_t> shape(missing, 1);
  llvm::append_range(shape, type.getShape());
  return Value(onnx::UnsqueezeOp::create(builder, mask.getLoc(),
                                         type.clone(shape), mask,
                                         ArrayRef<int64_t>(axes)));
}

FailureOr<Value> AttentionMatcher::makeMask(OpBuilder &builder) {
  Value sum;
  for (Value addend : scores.addends) {
    FailureOr<Value> mask = alignMask(builder, addend, scores, attempt);
    if (failed(mask))
      return failure();
    if (!sum) {
      sum = *mask;
      continue;
    }
    auto left = cast<RankedTensorType>(sum.getType());
    auto right = cast<RankedTensorType>(mask->getType());
    SmallVector<int64_t> shape(left.getShape());
    for (auto [extent, other] : llvm::zip(shape, right.getShape()))
      if (extent == 1)
        extent = other;
    sum = onnx::AddOp::create(builder, softmax.getLoc(), left.clone(shape), sum,
                              *mask);
  }
  return sum;
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

/// c * tanh(x / c): gives x.
LogicalResult AttentionMatcher::matchSoftCap(Value &value) {
  Expression capped = getExpression(value);
  Value atom =
      capped.terms.size() == 1 ? capped.terms.front().getSingleAtom() : Value();
  auto tanh = atom ? atom.getDefiningOp<onnx::TanhOp>() : onnx::TanhOp();
  if (!tanh)
    return success();
  double cap = capped.terms.front().coefficient;
  if (!(cap > 0.0))
    return attempt.fail(tanh, "the soft cap is not positive");
  scores.softCap = cap;
  attempt.addAnchor(tanh);
  attempt.found(tanh);
  value = tanh.getInput();
  scores.scale = cap;
  return success();
}

/// Query times key, times a constant.
LogicalResult AttentionMatcher::matchProductOfScores(Value value) {
  if (failed(matchSoftCap(value)))
    return failure();
  onnx::MatMulOp product;
  Expression scaled = getExpression(value);
  if (Value atom = scaled.terms.size() == 1
                       ? scaled.terms.front().getSingleAtom()
                       : Value())
    product = atom.getDefiningOp<onnx::MatMulOp>();
  if (!product)
    return attempt.fail(value.getDefiningOp(),
                        "the scores are not a product times a constant");
  scores.scale *= scaled.terms.front().coefficient;
  attempt.found(product, 2);

  if (failed(matchHeads(product.getLhs(), {"query", false, true}, attempt,
                        scores.query)) ||
      failed(matchHeads(product.getRhs(), {"key", true, true}, attempt,
                        scores.key)))
    return failure();
  Heads &query = scores.query, &key = scores.key;
  scores.scale *= query.scale * key.scale;
  if (query.repeats != 1)
    return attempt.fail(product, "query heads are repeated");
  if (query.count != key.getUsedCount() || query.width != key.width)
    return attempt.fail(product, "query and key have " + Twine(query.count) +
                                     " and " + Twine(key.getUsedCount()) +
                                     " heads of " + Twine(query.width) +
                                     " and " + Twine(key.width) + " channels");
  if (bool(query.norm) != bool(key.norm) ||
      (query.norm && (query.norm.getKind() != key.norm.getKind() ||
                      query.norm.getEps() != key.norm.getEps() ||
                      query.norm.getEpsOutside() != key.norm.getEpsOutside())))
    return attempt.fail(product, "query and key have different norms");
  if (bool(query.rotary) != bool(key.rotary) ||
      (query.rotary && (query.rotary->rotated != key.rotary->rotated ||
                        query.rotary->interleaved != key.rotary->interleaved)))
    return attempt.fail(product, "query and key are rotated differently");
  return success();
}

LogicalResult AttentionMatcher::matchScores() {
  Value value = softmax.getInput();
  SmallVector<std::pair<onnx::WhereOp, bool>, 1> masks;
  SmallVector<Value, 1> addends;
  while (Operation *op = value.getDefiningOp()) {
    if (auto where = dyn_cast<onnx::WhereOp>(op)) {
      auto [inner, inverted] = getUnmasked(where);
      if (!inner)
        return attempt.fail(
            op, "neither branch of the mask is a large negative constant");
      masks.push_back({where, inverted});
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
  attempt.found(softmax);
  // What a mask is shows when the positions of query and key are known.
  if (failed(matchProductOfScores(value)))
    return failure();
  for (auto [where, inverted] : masks)
    if (failed(matchMask(where, inverted)))
      return failure();
  for (Value addend : addends)
    if (failed(matchAddend(addend)))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Shape gains
//===----------------------------------------------------------------------===//

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
        PositionMatrix::get(matrix, shared.verdicts, why);
    if (!positions)
      return attempt.fail(
          at,
          "what is added to the attention weights is not known: " + Twine(why));
    if (positions->isIdentity()) {
      slot = &shape.alpha;
    } else if (scores.causal ? positions->isCausalUniform()
                             : positions->isUniform()) {
      slot = &shape.gamma;
      sign = -1.0;
    } else {
      return attempt.fail(at, "what is added to the attention weights is "
                              "neither an identity nor uniform");
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

//===----------------------------------------------------------------------===//
// The op
//===----------------------------------------------------------------------===//

Value AttentionMatcher::getAngles(OpBuilder &builder, Value angles) {
  Value &matrix = shared.angles[angles];
  if (matrix)
    return matrix;
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(angles);
  std::string why;
  matrix = getAngleMatrix(builder, angles, *scores.query.rotary,
                          getExtent(scores.query.rows, 1), why);
  if (!matrix)
    (void)attempt.fail(angles.getDefiningOp(), "rotary: " + why);
  return matrix;
}

LogicalResult AttentionMatcher::makeAngles(OpBuilder &builder, Value &cos,
                                           Value &sin) {
  if (!scores.query.rotary)
    return success();
  const Rotary &query = *scores.query.rotary, &key = *scores.key.rotary;
  if (query.cos != key.cos || query.sin != key.sin)
    return attempt.fail(query.cos.getDefiningOp(),
                        "rotary: query and key have other angles");
  cos = getAngles(builder, query.cos);
  sin = getAngles(builder, query.sin);
  return success(cos && sin);
}

LogicalResult AttentionMatcher::create(const Heads &value, const Shape &shape,
                                       onnx::MatMulOp product) {
  bool isMatched = false;
  for (Operation *user : llvm::to_vector(product->getUsers())) {
    auto transpose = dyn_cast<onnx::TransposeOp>(user);
    if (!transpose || transpose.getPerm() != ArrayRef<int64_t>(kHeadsOfRows)) {
      (void)attempt.fail(user, "the heads are not merged by a Transpose");
      continue;
    }
    for (Operation *reader : llvm::to_vector(transpose->getUsers())) {
      auto reshape = dyn_cast<onnx::ReshapeOp>(reader);
      int64_t width = value.getUsedCount() * value.width;
      if (!reshape || getRank(reshape) < 2 ||
          cast<RankedTensorType>(reshape.getType()).getShape().back() !=
              width) {
        (void)attempt.fail(reader,
                           "the heads are not merged to [batch, sequence, " +
                               Twine(width) + "]");
        continue;
      }
      OpBuilder &builder = raiser.at(reshape);
      Value cos, sin;
      FailureOr<Value> mask = makeMask(builder);
      if (failed(mask) || failed(makeAngles(builder, cos, sin)))
        return failure();
      Value rows[] = {getRows(builder, scores.query),
                      getRows(builder, scores.key), getRows(builder, value)};
      if (llvm::is_contained(rows, Value()))
        return attempt.fail(reader, "the columns of query, key and value "
                                    "alternate, and no linear makes them");
      auto type = cast<RankedTensorType>(rows[0].getType());
      auto outputType =
          type.clone({type.getDimSize(0), type.getDimSize(1), width});
      tfm::NormOp norm = scores.query.norm;
      auto attention = tfm::AttentionOp::create(
          builder, softmax.getLoc(), outputType, /*logsumexp=*/Type(),
          /*entropy=*/Type(), rows[0], rows[1], rows[2],
          /*past=*/Value(), /*key_lengths=*/Value(), *mask, shape.alpha,
          shape.beta, shape.gamma, norm ? norm.getScale() : Value(),
          norm ? scores.key.norm.getScale() : Value(), cos, sin,
          builder.getI64IntegerAttr(scores.query.count),
          builder.getI64IntegerAttr(scores.key.count),
          builder.getF64FloatAttr(scores.scale),
          scores.causal ? builder.getUnitAttr() : UnitAttr(),
          scores.softCap ? builder.getF64FloatAttr(*scores.softCap)
                         : FloatAttr(),
          tfm::CentreAttr::get(builder.getContext(), tfm::Centre::All),
          norm ? norm.getKindAttr() : tfm::NormKindAttr(),
          norm ? norm.getEpsAttr() : builder.getF64FloatAttr(0.0),
          norm ? norm.getEpsOutsideAttr() : UnitAttr(),
          scores.query.rotary && scores.query.rotary->interleaved
              ? builder.getUnitAttr()
              : UnitAttr());
      if (succeeded(replaceMerged(reshape, transpose, attention.getOutput())))
        isMatched = true;
    }
  }
  return success(isMatched);
}

/// Puts rows in the place of the Reshape that merged the heads. One that also
/// flattened batch and sequence still does.
LogicalResult AttentionMatcher::replaceMerged(onnx::ReshapeOp reshape,
                                              onnx::TransposeOp heads,
                                              Value rows) {
  if (getRank(reshape) == 3 &&
      haveEqualLeadingExtents(heads, 2, reshape.getStaticShape(),
                              reshape.getShape(), 1))
    return raiser.replace(reshape, rows);
  reshape.getInputMutable().assign(rows);
  return success();
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
  if (failed(matchHeads(product.getRhs(), {"value", false, false}, attempt,
                        value)))
    return failure();
  if (value.count != scores.key.count || value.repeats != scores.key.repeats)
    return attempt.fail(product, "key and value have " +
                                     Twine(scores.key.count) + " and " +
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
  SharedState shared;
  raiser.walkBackwards([&](Operation *op) {
    auto softmax = dyn_cast<onnx::SoftmaxOp>(op);
    if (!softmax)
      return;
    // Softmax, mask, scale, scores, query, key, weights, values, heads merged.
    Attempt attempt("attention", 10);
    if (failed(AttentionMatcher(raiser, softmax, attempt, shared).run()))
      raiser.record(std::move(attempt));
  });
}

} // namespace ockham::raising
