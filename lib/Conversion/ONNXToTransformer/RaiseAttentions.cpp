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
#include "AttentionMasks.h"
#include "Constants.h"
#include "Expressions.h"
#include "Extents.h"
#include "HeadDims.h"
#include "PositionMatrix.h"
#include "ShapeOutside.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Support/RewriteRemark.h"
#include "llvm/ADT/bit.h"

#include <map>
#include <vector>

using namespace mlir;

namespace ockham::raising {

namespace {

/// What the attentions of one function share.
struct SharedState {
  PositionVerdicts verdicts;
  /// Matrices [positions, angles] by the value that the graph has.
  DenseMap<Value, Value> angles;
  /// By what was masked with.
  std::map<std::vector<const void *>, AttentionMask> masks;
};

/// What the softmax is of.
struct Scores {
  onnx::MatMulOp product;
  Heads query;
  Heads key;
  double scale = 1.0;
  std::optional<double> softCap;
  SmallVector<MaskSite, 2> sites;
  AttentionMask mask;
  /// How many positions came before the first query.
  Extent past = Extent::getStatic(0);
  std::optional<AngleTable> cos, sin;
  /// Why queries and keys are rotated by onnx ops in front of the attention.
  std::string rotatedOutside;
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
  LogicalResult matchScores();
  LogicalResult matchSoftCap(Value &value);
  LogicalResult matchProductOfScores(Value value);
  LogicalResult matchRotation();
  LogicalResult matchMask();
  /// What multiplies values instead of the softmax: 0 where it is NaN.
  Value findGuard();
  LogicalResult matchShape(Value weights, Shape &shape);
  LogicalResult matchShapeTerm(const Term &term, Shape &shape);
  LogicalResult matchProduct(onnx::MatMulOp product);
  /// Shape gains that stand behind the product: gives the shaped sum.
  Value matchShapeBehind(onnx::MatMulOp product, Value value,
                         const HeadDims &dims, ArrayRef<int64_t> perm,
                         Shape &shape);
  LogicalResult create(const Heads &value, Shape &shape,
                       onnx::MatMulOp product);
  FailureOr<Value> makeAttention(const Heads &value, const Shape &shape,
                                 OpBuilder &builder);
  Value makeAngles(OpBuilder &builder, const AngleTable &table, Value angles);
  bool coversScores(const PositionMatrix &matrix) const {
    return matrix.getRows() == scores.query.positions &&
           matrix.getColumns() == scores.key.positions;
  }

  Raiser &raiser;
  onnx::SoftmaxOp softmax;
  Attempt &attempt;
  SharedState &shared;
  Scores scores;
  /// The softmax, or what stands for it.
  Value weightsOfSoftmax;
};

} // namespace

/// Whether a value is computed from a product of two activations by arithmetic
/// and masks.
static bool containsProduct(Value value) {
  if (auto where = value.getDefiningOp<onnx::WhereOp>()) {
    MaskSite site;
    Value inner = matchMaskingWhere(where, site);
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

  scores.product = product;
  for (Value operand : product->getOperands())
    if (getRank(operand) != getRank(softmax))
      return attempt.fail(
          product,
          "query and key have ranks " + Twine(getRank(product.getLhs())) +
              " and " + Twine(getRank(product.getRhs())) +
              ", expected that of the scores, " + Twine(getRank(softmax)));
  Heads &query = scores.query, &key = scores.key;
  // Keys of a cache were rotated before they went there; the attention would
  // rotate them again.
  for (bool mayRotate : {true, false}) {
    query = Heads();
    key = Heads();
    scores.cos = scores.sin = std::nullopt;
    if (failed(matchHeads(product.getRhs(), {"key", true, true, mayRotate},
                          attempt, key)) ||
        failed(matchHeads(product.getLhs(),
                          {"query", false, true, mayRotate && !key.split},
                          attempt, query)))
      return failure();
    if (!mayRotate)
      break;
    if (succeeded(matchRotation())) {
      if (query.split)
        scores.rotatedOutside = "keys come from a cache, rotated before";
      break;
    }
    // Angles that differ between sequences are no table by position.
    if (!query.rotary && !key.rotary)
      return failure();
    scores.rotatedOutside = attempt.getReason().str();
  }
  scores.scale *= query.scale * key.scale;
  if (query.repeats != 1)
    return attempt.fail(product, "query heads are repeated");
  // One head of keys for all queries, which the product repeats.
  if (key.count == 1 && key.repeats == 1)
    key.repeats = query.count;
  if (query.count != key.getUsedCount() || query.width != key.width)
    return attempt.fail(product, "query and key have " + Twine(query.count) +
                                     " and " + Twine(key.getUsedCount()) +
                                     " heads of " + Twine(query.width) +
                                     " and " + Twine(key.width) + " channels");
  if (query.batch != key.batch)
    return attempt.fail(product, "query and key are of different batches");
  if (bool(query.norm) != bool(key.norm) ||
      (query.norm && (query.norm.getKind() != key.norm.getKind() ||
                      !isClose(query.norm.getEps().convertToDouble(),
                               key.norm.getEps().convertToDouble()) ||
                      query.norm.getEpsOutside() != key.norm.getEpsOutside())))
    return attempt.fail(product, "query and key have different norms");
  return success();
}

/// Query and key rotated alike, by angles that are a table.
LogicalResult AttentionMatcher::matchRotation() {
  const Heads &query = scores.query, &key = scores.key;
  if (!query.rotary && !key.rotary)
    return success();
  if (bool(query.rotary) != bool(key.rotary) ||
      query.rotary->rotated != key.rotary->rotated ||
      query.rotary->interleaved != key.rotary->interleaved)
    return attempt.fail(scores.product,
                        "query and key are rotated differently");
  std::string why;
  auto find = [&](const Heads &heads, Value angles) {
    std::optional<AngleTable> table = AngleTable::find(
        angles, heads.rotaryPositions, *heads.rotary, heads.positions, why);
    if (!table)
      (void)attempt.fail(angles.getDefiningOp(), "rotary: " + why);
    return table;
  };
  scores.cos = find(query, query.rotary->cos);
  if (!scores.cos || !(scores.sin = find(query, query.rotary->sin)))
    return failure();
  std::optional<AngleTable> keyCos = find(key, key.rotary->cos);
  std::optional<AngleTable> keySin =
      keyCos ? find(key, key.rotary->sin) : std::nullopt;
  if (!keySin)
    return failure();
  if (!(*keyCos == *scores.cos) || !(*keySin == *scores.sin))
    return attempt.fail(query.rotary->cos.getDefiningOp(),
                        "rotary: query and key have other angles");
  return success();
}

LogicalResult AttentionMatcher::matchScores() {
  Value value = softmax.getInput();
  while (Operation *op = value.getDefiningOp()) {
    if (auto where = dyn_cast<onnx::WhereOp>(op)) {
      MaskSite site;
      Value inner = matchMaskingWhere(where, site);
      if (!inner)
        return attempt.fail(
            op, "neither branch of the mask is a large negative constant");
      scores.sites.push_back(site);
      value = inner;
    } else if (auto add = dyn_cast<onnx::AddOp>(op)) {
      // What does not contain the product is a mask.
      bool isLeft = containsProduct(add.getLhs());
      scores.sites.push_back(
          matchAddedMask(add, isLeft ? add.getRhs() : add.getLhs()));
      value = isLeft ? add.getLhs() : add.getRhs();
    } else {
      break;
    }
  }
  attempt.found(softmax);
  // What a mask is shows when the positions of query and key are known.
  return failure(failed(matchProductOfScores(value)) || failed(matchMask()));
}

LogicalResult AttentionMatcher::matchMask() {
  const Heads &query = scores.query, &key = scores.key;
  bool isGuarded = weightsOfSoftmax != softmax.getResult();
  ScoreExtents extents{query.batch, Extent::getStatic(query.count),
                       query.positions, key.positions, getRank(softmax)};
  // Layers share their masks, if all that a mask depends on is the same.
  std::vector<const void *> name;
  auto addNumber = [&](uint64_t number) {
    name.push_back(reinterpret_cast<const void *>(number));
  };
  addNumber(extents.rank + isGuarded * 8);
  for (const Extent &extent :
       {extents.batch, extents.heads, extents.queries, extents.keys}) {
    addNumber(extent.isKnown());
    addNumber(extent.getNumber());
    addNumber(extent.getSymbols().size());
    for (auto [source, dim] : extent.getSymbols()) {
      name.push_back(source.getAsOpaquePointer());
      addNumber(dim);
    }
  }
  Operation *last = nullptr;
  for (const MaskSite &site : scores.sites) {
    addNumber(site.inverted);
    addNumber(llvm::bit_cast<uint64_t>(site.low));
    for (Value part : {site.addend, site.condition}) {
      name.push_back(part.getAsOpaquePointer());
      Operation *op = part ? part.getDefiningOp() : nullptr;
      if (op && (!last || last->isBeforeInBlock(op)))
        last = op;
    }
  }
  auto known = shared.masks.find(name);
  if (known == shared.masks.end()) {
    OpBuilder &builder = raiser.getBuilder();
    if (last)
      builder.setInsertionPointAfter(last);
    else
      builder.setInsertionPointToStart(softmax->getBlock());
    FailureOr<AttentionMask> mask = matchMasks(
        scores.sites, isGuarded, extents, shared.verdicts, attempt, builder);
    if (failed(mask))
      return failure();
    known = shared.masks.emplace(name, *mask).first;
  }
  scores.mask = known->second;
  if (scores.mask.causal && scores.mask.diagonal == Diagonal::ToLast) {
    scores.past = key.positions - query.positions;
    if (!scores.past.isKnown())
      return attempt.fail(softmax, "there are fewer keys than queries");
  }
  attempt.found(softmax);
  return success();
}

/// Where(not (a = a), 0, a): rows that see no key are 0 instead of NaN.
Value AttentionMatcher::findGuard() {
  Value result = softmax.getResult();
  for (Operation *user : result.getUsers()) {
    auto where = dyn_cast<onnx::WhereOp>(user);
    if (!where)
      continue;
    Value condition = where.getCondition(), kept = where.getRhs(),
          zero = where.getLhs();
    if (auto negated = condition.getDefiningOp<onnx::NotOp>())
      condition = negated.getInput();
    else
      std::swap(kept, zero);
    auto equal = condition.getDefiningOp<onnx::EqualOp>();
    std::optional<ConstantData> data = ConstantData::get(zero);
    if (equal && equal.getLhs() == result && equal.getRhs() == result &&
        kept == result && data && data->getSplatFloat() == 0.0 &&
        where.getType() == result.getType())
      return where;
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Shape gains
//===----------------------------------------------------------------------===//

LogicalResult AttentionMatcher::matchShapeTerm(const Term &term, Shape &shape) {
  Value matrix, gain;
  for (const Factor &factor : term.factors) {
    auto type = cast<RankedTensorType>(factor.atom.getType());
    bool isMatrix =
        factor.atom == weightsOfSoftmax ||
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
  if (matrix == weightsOfSoftmax) {
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
    Diagonal diagonal = scores.mask.diagonal;
    if (positions->isIdentity(diagonal)) {
      slot = &shape.alpha;
    } else if (scores.mask.causal ? positions->isCausalUniform(diagonal)
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

/// Quotients that are matrices over positions as a whole, 1 / columns.
static void collectMatrices(Value value, Value softmax, unsigned depth,
                            PositionVerdicts &verdicts,
                            SmallVectorImpl<Value> &matrices) {
  Operation *op = value.getDefiningOp();
  if (!op || value == softmax || depth > 8)
    return;
  std::string why;
  if (isa<onnx::DivOp>(op) && PositionMatrix::get(value, verdicts, why)) {
    matrices.push_back(value);
    return;
  }
  if (isa<onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::NegOp>(op))
    for (Value operand : op->getOperands())
      collectMatrices(operand, softmax, depth + 1, verdicts, matrices);
}

LogicalResult AttentionMatcher::matchShape(Value weights, Shape &shape) {
  if (weights == weightsOfSoftmax)
    return success();
  shape.isShaped = true;
  SmallVector<Value> stops = {weightsOfSoftmax};
  collectMatrices(weights, weightsOfSoftmax, 0, shared.verdicts, stops);
  for (const Term &term : getExpression(weights, stops).terms)
    if (failed(matchShapeTerm(term, shape)))
      return failure();
  if (!shape.beta)
    return attempt.fail("the softmax is not part of the attention weights");
  return success();
}

//===----------------------------------------------------------------------===//
// The op
//===----------------------------------------------------------------------===//

Value AttentionMatcher::makeAngles(OpBuilder &builder, const AngleTable &table,
                                   Value angles) {
  Value &matrix = shared.angles[angles];
  if (matrix)
    return matrix;
  OpBuilder::InsertionGuard guard(builder);
  if (angles.getDefiningOp())
    builder.setInsertionPointAfterValue(angles);
  matrix = table.build(builder);
  if (!matrix)
    (void)attempt.fail(angles.getDefiningOp(),
                       "rotary: the angles cannot be read");
  return matrix;
}

FailureOr<Value> AttentionMatcher::makeAttention(const Heads &value,
                                                 const Shape &shape,
                                                 OpBuilder &builder) {
  Value cos, sin;
  if (scores.cos) {
    cos = makeAngles(builder, *scores.cos, scores.query.rotary->cos);
    sin = cos ? makeAngles(builder, *scores.sin, scores.query.rotary->sin)
              : Value();
    if (!sin)
      return failure();
  }
  Value rows[] = {getRows(builder, scores.query), getRows(builder, scores.key),
                  getRows(builder, value)};
  if (llvm::is_contained(rows, Value()))
    return attempt.fail("the columns of query, key and value alternate, and no "
                        "linear makes them");
  Location loc = softmax.getLoc();
  Value past;
  if (!scores.past.isStatic(0)) {
    past = makePast(builder, loc, rows[0], scores.past);
    if (!past)
      return attempt.fail("where the queries begin is not known");
  }
  auto type = cast<RankedTensorType>(rows[0].getType());
  int64_t width = value.getUsedCount() * value.width;
  auto outputType = type.clone({type.getDimSize(0), type.getDimSize(1), width});
  tfm::NormOp norm = scores.query.norm;
  auto attention = tfm::AttentionOp::create(
      builder, loc, outputType, /*logsumexp=*/Type(), /*entropy=*/Type(),
      rows[0], rows[1], rows[2], past, /*key_lengths=*/Value(),
      scores.mask.mask, shape.alpha, shape.beta, shape.gamma,
      norm ? norm.getScale() : Value(),
      norm ? scores.key.norm.getScale() : Value(), cos, sin,
      builder.getI64IntegerAttr(scores.query.count),
      builder.getI64IntegerAttr(scores.key.count),
      builder.getF64FloatAttr(scores.scale),
      scores.mask.causal ? builder.getUnitAttr() : UnitAttr(),
      scores.softCap ? builder.getF64FloatAttr(*scores.softCap) : FloatAttr(),
      tfm::CentreAttr::get(builder.getContext(), tfm::Centre::All),
      norm ? norm.getKindAttr() : tfm::NormKindAttr(),
      norm ? norm.getEpsAttr() : builder.getF64FloatAttr(0.0),
      norm ? norm.getEpsOutsideAttr() : UnitAttr(),
      scores.cos && scores.query.rotary->interleaved ? builder.getUnitAttr()
                                                     : UnitAttr());
  return attention.getOutput();
}

namespace {
/// Where the heads are merged again: what gives rows, and whether the sequence
/// comes first in them. With batch and sequence in one dimension the rank is 2.
struct Merge {
  Value rows;
  bool isSequenceFirst = false;
};
} // namespace

/// Follows a product's result to rows of all heads' channels. `passSum` is
/// asked about arithmetic on the way, with the permutation of the product's
/// dimensions so far, for what comes out of it.
static std::optional<Merge>
findMerge(Value product, HeadDims dims, Attempt &attempt,
          llvm::function_ref<Value(Value, const HeadDims &, ArrayRef<int64_t>)>
              passSum) {
  Value value = product;
  auto perm = llvm::to_vector(llvm::seq<int64_t>(0, getRank(product)));
  for (unsigned depth = 0; depth < 7; ++depth) {
    if (depth > 0 && getRank(value) <= 3) {
      std::optional<SmallVector<int64_t>> columns = dims.getColumns();
      bool areAll =
          columns &&
          llvm::equal(*columns, llvm::seq<int64_t>(0, columns->size()));
      auto isAt = [&](AxisKind kind, int64_t dim) {
        return dims.getAxes(kind).empty() || dims.getDim(kind) == dim;
      };
      if (areAll && getRank(value) == 2)
        return Merge{value};
      if (areAll && getRank(value) == 3 && isAt(AxisKind::Batch, 0) &&
          isAt(AxisKind::Position, 1))
        return Merge{value};
      if (areAll && getRank(value) == 3 && isAt(AxisKind::Batch, 1) &&
          isAt(AxisKind::Position, 0))
        return Merge{value, /*isSequenceFirst=*/true};
    }
    if (!value.hasOneUse()) {
      (void)attempt.fail(value.getDefiningOp(),
                         "the heads are used before they are merged");
      return std::nullopt;
    }
    Operation *user = *value.getUsers().begin();
    if (auto transpose = dyn_cast<onnx::TransposeOp>(user)) {
      dims.transposeForward(transpose.getPerm());
      SmallVector<int64_t> before = perm;
      perm.clear();
      for (int64_t from : transpose.getPerm())
        perm.push_back(from < static_cast<int64_t>(before.size()) ? before[from]
                                                                  : -1);
    } else if (isa<onnx::AddOp, onnx::SubOp, onnx::MulOp>(user)) {
      if (Value sum = passSum(value, dims, perm)) {
        value = sum;
        continue;
      }
      (void)attempt.fail(user, "the heads are not merged by a Transpose and a "
                               "Reshape");
      return std::nullopt;
    } else if (isa<onnx::ReshapeOp>(user)) {
      perm.clear();
      if (!dims.regroup(user->getResult(0))) {
        (void)attempt.fail(user, "the heads are not merged to [batch, "
                                 "sequence, heads * width]");
        return std::nullopt;
      }
    } else if (auto squeeze = dyn_cast<onnx::SqueezeOp>(user)) {
      if (!dims.removeUnits(squeeze.getAxes()))
        return std::nullopt;
    } else if (auto unsqueeze = dyn_cast<onnx::UnsqueezeOp>(user)) {
      dims.insertUnits(unsqueeze.getAxes());
    } else {
      (void)attempt.fail(user, "the heads are not merged by a Transpose and a "
                               "Reshape");
      return std::nullopt;
    }
    value = user->getResult(0);
  }
  (void)attempt.fail(product.getDefiningOp(), "the heads are not merged");
  return std::nullopt;
}

Value AttentionMatcher::matchShapeBehind(onnx::MatMulOp product, Value value,
                                         const HeadDims &dims,
                                         ArrayRef<int64_t> perm, Shape &shape) {
  // Diagonal and centre are of queries that are the keys.
  if (shape.isShaped || !scores.past.isStatic(0) ||
      scores.query.positions != scores.key.positions ||
      static_cast<int64_t>(perm.size()) != getRank(product))
    return Value();
  Value values = findTransposed(product.getRhs(), perm);
  if (!values)
    return Value();
  std::optional<ShapeOutside> outside =
      matchShapeOutside(raiser, {value, values, dims, scores.mask.causal,
                                 scores.query.positions, scores.query.count});
  if (!outside)
    return Value();
  shape.isShaped = true;
  shape.alpha = outside->alpha;
  shape.beta = outside->beta;
  shape.gamma = outside->gamma;
  return outside->sum;
}

LogicalResult AttentionMatcher::create(const Heads &value, Shape &shape,
                                       onnx::MatMulOp product) {
  SmallVector<AxisKind, 4> kinds = {AxisKind::Batch, AxisKind::Head,
                                    AxisKind::Position, AxisKind::Channel};
  if (getRank(product) == 3)
    kinds = {AxisKind::BatchAndHead, AxisKind::Position, AxisKind::Channel};
  std::optional<Merge> merge =
      findMerge(product, HeadDims(product, kinds), attempt,
                [&](Value at, const HeadDims &dims, ArrayRef<int64_t> perm) {
                  return matchShapeBehind(product, at, dims, perm, shape);
                });
  if (!merge)
    return failure();
  Operation *last = merge->rows.getDefiningOp();
  if (getRank(merge->rows) == 2 && !isa<onnx::ReshapeOp>(last))
    return attempt.fail(last, "the heads are not merged to [batch, sequence, "
                              "heads * width]");
  OpBuilder &builder = raiser.at(last);
  FailureOr<Value> rows = makeAttention(value, shape, builder);
  if (failed(rows))
    return failure();
  builder.setInsertionPoint(last);
  Value result = *rows;
  auto type = cast<RankedTensorType>(result.getType());
  if (merge->isSequenceFirst)
    result = onnx::TransposeOp::create(
        builder, softmax.getLoc(),
        type.clone(
            {type.getDimSize(1), type.getDimSize(0), type.getDimSize(2)}),
        result, ArrayRef<int64_t>{1, 0, 2});
  if (getRank(merge->rows) == 2) {
    auto flat = cast<RankedTensorType>(merge->rows.getType());
    result =
        onnx::ReshapeOp::create(builder, softmax.getLoc(), flat, result,
                                cast<onnx::ReshapeOp>(last).getShape(),
                                cast<onnx::ReshapeOp>(last).getStaticShape());
  }
  if (failed(raiser.replace(merge->rows, result)))
    return attempt.fail(last, "the rows have another type than the attention");
  for (StringRef text :
       {StringRef(scores.rotatedOutside), StringRef(scores.mask.remark)})
    if (!text.empty())
      emitRewriteRemark(softmax.getLoc(), "convert-onnx-to-tfm",
                        RewriteOutcome::Kept)
          << getNodeName(softmax) << ": "
          << (text == scores.rotatedOutside
                  ? "queries and keys are rotated in front of the attention; "
                  : "")
          << text;
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
  if (failed(matchHeads(product.getRhs(), {"value", false, false, true},
                        attempt, value)))
    return failure();
  if (value.count == 1 && value.repeats == 1)
    value.repeats = scores.query.count;
  if (value.count != scores.key.count || value.repeats != scores.key.repeats)
    return attempt.fail(product, "key and value have " +
                                     Twine(scores.key.count) + " and " +
                                     Twine(value.count) + " heads");
  if (value.positions != scores.key.positions ||
      value.batch != scores.key.batch)
    return attempt.fail(product, "key and value are of different sequences");
  return create(value, shape, product);
}

LogicalResult AttentionMatcher::run() {
  attempt.addAnchor(softmax);
  attempt.found(softmax);
  auto type = cast<RankedTensorType>(softmax.getType());
  if ((type.getRank() != 4 && type.getRank() != 3) ||
      static_cast<int64_t>(softmax.getAxis()) != type.getRank() - 1)
    return attempt.fail("axis " + Twine(softmax.getAxis()) + " of rank " +
                        Twine(type.getRank()) +
                        ", expected the last of [batch, heads, queries, keys]");
  weightsOfSoftmax = findGuard();
  if (failed(matchScores()))
    return failure();

  SmallVector<Value> readers = getElementwiseReaders(weightsOfSoftmax, 6);
  readers.insert(readers.begin(), weightsOfSoftmax);
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
