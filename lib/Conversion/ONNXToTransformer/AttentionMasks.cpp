//===- AttentionMasks.cpp - Masks of an attention, by value ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionMasks.h"

#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"

#include <cmath>

using namespace mlir;

namespace ockham::raising {

/// Below this, adding a score changes nothing in float32.
static constexpr double kAbsorbing = -1e30;

/// The one number in all elements.
static std::optional<double> getSplat(Value value) {
  std::optional<ConstantData> data = ConstantData::get(value);
  if (!data || !isa<FloatType>(data->getElementType()))
    return std::nullopt;
  return data->getSplatFloat();
}

static std::string formatMaskValue(double number) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", number);
  return text;
}

Value matchMaskingWhere(onnx::WhereOp where, MaskSite &site) {
  site.op = where;
  site.condition = where.getCondition();
  std::optional<double> lhs = getSplat(where.getLhs()),
                        rhs = getSplat(where.getRhs());
  if (rhs && *rhs <= kMasked) {
    site.low = *rhs;
    site.scores = where.getLhs();
    return where.getLhs();
  }
  if (lhs && *lhs <= kMasked) {
    site.low = *lhs;
    site.inverted = true;
    site.scores = where.getRhs();
    return where.getRhs();
  }
  return Value();
}

MaskSite matchAddedMask(onnx::AddOp add, Value addend) {
  MaskSite site;
  site.op = addend.getDefiningOp() ? addend.getDefiningOp() : add;
  site.scores = add.getLhs() == addend ? add.getRhs() : add.getLhs();
  site.addend = addend;
  if (auto where = addend.getDefiningOp<onnx::WhereOp>()) {
    MaskSite decided;
    Value kept = matchMaskingWhere(where, decided);
    if (kept && getSplat(kept) == 0.0) {
      decided.addend = addend;
      decided.scores = site.scores;
      return decided;
    }
  }
  return site;
}

namespace {

/// A condition that has to hold (or not to hold, if inverted).
struct Conjunct {
  Value value;
  bool inverted;
};

class MaskMatcher {
public:
  MaskMatcher(bool guarded, const ScoreExtents &extents,
              PositionVerdicts &verdicts, Attempt &attempt, OpBuilder &builder)
      : guarded(guarded), extents(extents), verdicts(verdicts),
        attempt(attempt), builder(builder) {}

  FailureOr<AttentionMask> run(ArrayRef<MaskSite> sites);

private:
  /// One site, taken apart.
  struct Part {
    MaskSite site;
    bool causal = false;
    Diagonal diagonal = Diagonal::FromFirst;
    /// What holds besides being causal.
    SmallVector<Conjunct, 2> rest;
    /// The rest depends on positions alone, and every query sees a key.
    bool isAlwaysVisible = false;
    /// An added value that no condition describes.
    bool isOpaque = false;
    /// Why the rest is not causal, if it depends on positions alone.
    std::string why;
  };

  FailureOr<Part> takeApart(const MaskSite &site);
  /// Whether a matrix is causal with one of the two diagonals.
  bool matchCausal(Part &part, llvm::function_ref<bool(Diagonal)> isCausal);
  /// Whether a mask is no larger than the scores, which would be repeated.
  /// What does not fit, align refuses, and says why.
  bool doesFit(const MaskSite &site, Value mask);
  static void collect(Value condition, bool inverted,
                      SmallVectorImpl<Conjunct> &list);
  FailureOr<Value> align(Operation *at, Value mask);
  FailureOr<Value> makeAddend(const Part &part, ArrayRef<Conjunct> conjuncts);
  FailureOr<Value> makeVisible(const Part &part);
  /// Whether a finite number is put in the place of scores that another mask
  /// has changed: that takes their masks back, and the sum would not.
  static bool doesReplaceMasked(ArrayRef<Part> parts);
  /// What all of these do, one on the other, as one value that is added.
  FailureOr<AttentionMask> makeStacked(ArrayRef<Part> parts);
  Value makeScalar(Location loc, Type element, double number);
  Type getElementType(const MaskSite &site) {
    if (site.addend)
      return getElementTypeOrSelf(site.addend.getType());
    return getElementTypeOrSelf(site.op->getResult(0).getType());
  }

  bool guarded;
  const ScoreExtents &extents;
  PositionVerdicts &verdicts;
  Attempt &attempt;
  OpBuilder &builder;
};

} // namespace

void MaskMatcher::collect(Value condition, bool inverted,
                          SmallVectorImpl<Conjunct> &list) {
  Operation *op = condition.getDefiningOp();
  if (auto negated = dyn_cast_or_null<onnx::NotOp>(op))
    return collect(negated.getInput(), !inverted, list);
  if ((!inverted && isa_and_nonnull<onnx::AndOp>(op)) ||
      (inverted && isa_and_nonnull<onnx::OrOp>(op))) {
    collect(op->getOperand(0), inverted, list);
    collect(op->getOperand(1), inverted, list);
    return;
  }
  list.push_back({condition, inverted});
}

bool MaskMatcher::matchCausal(Part &part,
                              llvm::function_ref<bool(Diagonal)> isCausal) {
  for (Diagonal diagonal : {Diagonal::FromFirst, Diagonal::ToLast}) {
    // Two sites that are causal in other ways cannot both be said.
    if (!isCausal(diagonal) || (part.causal && part.diagonal != diagonal))
      continue;
    part.causal = true;
    part.diagonal = diagonal;
    return true;
  }
  return false;
}

bool MaskMatcher::doesFit(const MaskSite &site, Value mask) {
  int64_t rank = getTensorType(mask).getRank();
  int64_t missing = extents.rank - rank;
  if (missing < 0)
    return false;
  SmallVector<Extent, 4> wanted = {extents.batch, extents.heads,
                                   extents.queries, extents.keys};
  // Batch and heads in one dimension: only what the graph has tells.
  if (extents.rank == 3)
    wanted = {Extent(), extents.queries, extents.keys};
  for (int64_t dim = 0; dim < rank; ++dim) {
    Extent extent = getExtent(mask, dim);
    if (!extent.isStatic(1) && extent != wanted[dim + missing] &&
        extent != getExtent(site.scores, dim + missing))
      return false;
  }
  return true;
}

FailureOr<MaskMatcher::Part> MaskMatcher::takeApart(const MaskSite &site) {
  Part part;
  part.site = site;
  if (!site.condition) {
    std::optional<PositionMatrix> matrix =
        PositionMatrix::get(site.addend, verdicts, part.why);
    if (!doesFit(site, site.addend)) {
      (void)align(site.op, site.addend);
      return failure();
    }
    if (matrix && matrix->isZero())
      return part;
    if (matrix && extents.areCovered(*matrix) &&
        matchCausal(part, [&](Diagonal diagonal) {
          return matrix->isCausalAddend(diagonal);
        })) {
      // What is masked may be any large negative number.
      part.site.low = kMasked;
      return part;
    }
    part.isOpaque = true;
    return part;
  }

  SmallVector<Conjunct, 4> conjuncts;
  collect(site.condition, site.inverted, conjuncts);
  part.isAlwaysVisible = true;
  for (const Conjunct &conjunct : conjuncts) {
    std::string why;
    std::optional<PositionMatrix> matrix =
        PositionMatrix::get(conjunct.value, verdicts, why);
    if (!doesFit(site, conjunct.value)) {
      (void)align(site.op, conjunct.value);
      return failure();
    }
    if (matrix && matrix->isTrue(conjunct.inverted))
      continue;
    if (matrix && extents.areCovered(*matrix) &&
        matchCausal(part, [&](Diagonal diagonal) {
          return matrix->isCausalCondition(conjunct.inverted, diagonal);
        }))
      continue;
    part.isAlwaysVisible &= part.rest.empty() && matrix &&
                            matrix->doesEveryRowSee(conjunct.inverted);
    part.why = matrix ? matrix->explainNotCausal(conjunct.inverted,
                                                 extents.queries == extents.keys
                                                     ? Diagonal::FromFirst
                                                     : Diagonal::ToLast)
                      : why;
    part.rest.push_back(conjunct);
  }
  // A causal mask and another one may leave a query without a key.
  part.isAlwaysVisible &= !part.causal;
  return part;
}

Value MaskMatcher::makeScalar(Location loc, Type element, double number) {
  auto type = RankedTensorType::get({}, element);
  return onnx::ConstantOp::create(
      builder, loc, type,
      DenseElementsAttr::get(type, builder.getFloatAttr(element, number)));
}

/// Checks one mask against the scores and gives it rank 4.
FailureOr<Value> MaskMatcher::align(Operation *at, Value mask) {
  RankedTensorType type = getTensorType(mask);
  if (type.getRank() > extents.rank)
    return attempt.fail(at, "the mask has rank " + Twine(type.getRank()) +
                                ", expected at most " + Twine(extents.rank));
  const Extent wanted[] = {extents.batch, extents.heads, extents.queries,
                           extents.keys};
  static const char *names[] = {"batch", "heads", "queries", "keys"};
  int64_t missing = 4 - type.getRank();
  // What one dimension of batch and heads says cannot be told apart.
  if (extents.rank == 3 && type.getRank() == 3 && type.getDimSize(0) != 1)
    return attempt.fail(at, "the mask differs between batches or heads, which "
                            "share a dimension");
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

/// The shape of two masks of rank 4 together.
static SmallVector<int64_t> getJoinedShape(Value left, Value right) {
  SmallVector<int64_t> shape(getTensorType(left).getShape());
  for (auto [extent, other] : llvm::zip(shape, getTensorType(right).getShape()))
    if (extent == 1)
      extent = other;
  return shape;
}

/// True where all of these hold.
FailureOr<Value> MaskMatcher::makeVisible(const Part &part) {
  Value all;
  for (const Conjunct &conjunct : part.rest) {
    Value condition = conjunct.value;
    Location loc = condition.getLoc();
    if (conjunct.inverted)
      condition =
          onnx::NotOp::create(builder, loc, condition.getType(), condition);
    FailureOr<Value> mask = align(part.site.op, condition);
    if (failed(mask))
      return failure();
    all = all ? Value(onnx::AndOp::create(
                    builder, loc,
                    getTensorType(all).clone(getJoinedShape(all, *mask)), all,
                    *mask))
              : *mask;
  }
  return all;
}

/// 0 where all of these hold, and the low number elsewhere.
FailureOr<Value> MaskMatcher::makeAddend(const Part &part,
                                         ArrayRef<Conjunct> conjuncts) {
  Part wanted = part;
  wanted.rest.assign(conjuncts.begin(), conjuncts.end());
  FailureOr<Value> visible = makeVisible(wanted);
  if (failed(visible))
    return failure();
  Location loc = part.site.op->getLoc();
  Type element = getElementType(part.site);
  return Value(onnx::WhereOp::create(
      builder, loc, getTensorType(*visible).clone(element), *visible,
      makeScalar(loc, element, 0.0), makeScalar(loc, element, part.site.low)));
}

bool MaskMatcher::doesReplaceMasked(ArrayRef<Part> parts) {
  // Causal masks alone hide the same keys, and leave every query one.
  if (llvm::all_of(parts, [&](const Part &part) {
        return part.causal && part.rest.empty() &&
               part.diagonal == parts.front().diagonal;
      }))
    return false;
  // From the softmax to the product: what follows was there before.
  for (const Part &part : parts.drop_back())
    if (!part.site.addend && !std::isinf(part.site.low))
      return true;
  return false;
}

FailureOr<AttentionMask> MaskMatcher::makeStacked(ArrayRef<Part> parts) {
  if (guarded)
    return attempt.fail(parts.front().site.op,
                        "queries without a key give 0, which masks one on "
                        "the other do not say");
  AttentionMask result;
  for (const Part &part : llvm::reverse(parts)) {
    const MaskSite &site = part.site;
    Value &mask = result.mask;
    FailureOr<Value> aligned =
        align(site.op, site.addend ? site.addend : site.condition);
    if (failed(aligned))
      return failure();
    Location loc = aligned->getLoc();
    RankedTensorType type = getTensorType(*aligned);
    if (mask)
      type = type.clone(getJoinedShape(mask, *aligned));
    if (site.addend) {
      mask =
          mask ? Value(onnx::AddOp::create(builder, loc, type, mask, *aligned))
               : *aligned;
      continue;
    }
    if (site.low > kAbsorbing)
      return attempt.fail(site.op, "the mask stands on another one, and its "
                                   "value " +
                                       formatMaskValue(site.low) +
                                       " does not swallow the scores");
    Type element = getElementType(site);
    Value kept = mask ? mask : makeScalar(loc, element, 0.0);
    Value low = makeScalar(loc, element, site.low);
    if (site.inverted)
      std::swap(kept, low);
    mask = onnx::WhereOp::create(builder, loc, type.clone(element), *aligned,
                                 kept, low);
  }
  result.remark = "masks stand one on the other: a finite number is put in, so "
                  "that a query that sees no key reads hidden keys alike";
  return result;
}

FailureOr<AttentionMask> MaskMatcher::run(ArrayRef<MaskSite> sites) {
  AttentionMask result;
  SmallVector<Part, 2> parts;
  for (const MaskSite &site : sites) {
    FailureOr<Part> part = takeApart(site);
    if (failed(part))
      return failure();
    if (part->causal || part->isOpaque || !part->rest.empty())
      parts.push_back(*part);
  }
  if (doesReplaceMasked(parts))
    return makeStacked(parts);
  unsigned others = llvm::count_if(parts, [](const Part &part) {
    return part.isOpaque || !part.rest.empty();
  });

  Value addends, visible;
  auto add = [&](FailureOr<Value> mask, bool isCondition) {
    if (failed(mask))
      return failure();
    Value &sum = isCondition ? visible : addends;
    if (!sum) {
      sum = *mask;
      return success();
    }
    auto type = getTensorType(sum).clone(getJoinedShape(sum, *mask));
    Location loc = mask->getLoc();
    sum = isCondition
              ? Value(onnx::AndOp::create(builder, loc, type, sum, *mask))
              : Value(onnx::AddOp::create(builder, loc, type, sum, *mask));
    return success();
  };
  for (Part &part : parts) {
    const MaskSite &site = part.site;
    bool isInfinite = site.condition && std::isinf(site.low);
    bool isReplaced = !site.addend;
    // A causal mask leaves every query its own key, unless another one takes
    // that: then keys that a finite number hides would come back.
    bool isCausal = part.causal && (others == 0 || isInfinite) &&
                    (!result.causal || result.diagonal == part.diagonal);
    if (isCausal) {
      result.causal = true;
      result.diagonal = part.diagonal;
    }
    if (!part.isOpaque && part.rest.empty() && isCausal)
      continue;
    if (part.isOpaque) {
      if (guarded)
        return attempt.fail(site.op,
                            "queries without a key give 0, which an added "
                            "mask does not say");
      result.remark = "a mask is added" +
                      (part.why.empty() ? "" : "; not causal: " + part.why);
      if (failed(add(align(site.op, site.addend), /*isCondition=*/false)))
        return failure();
      continue;
    }
    // With another mask beside it, what a query sees is not known.
    bool isEnough = part.isAlwaysVisible && parts.size() == 1;
    if (isReplaced && !isInfinite && !isEnough && site.low > kAbsorbing)
      return attempt.fail(site.op,
                          "the mask is not causal, and its value " +
                              formatMaskValue(site.low) +
                              " does not swallow the scores" +
                              (part.why.empty() ? "" : "; " + part.why));
    // Nothing but which keys are visible matters.
    if (isEnough || (isInfinite && guarded)) {
      result.remark = "a mask says which keys are visible" +
                      (part.why.empty() ? "" : "; not causal: " + part.why);
      if (failed(add(makeVisible(part), /*isCondition=*/true)))
        return failure();
      continue;
    }
    SmallVector<Conjunct, 2> conjuncts(part.rest);
    bool isWhole = part.causal && !isCausal;
    if (isWhole) {
      result.remark = "the causal mask stays one with another: " +
                      formatMaskValue(site.low) + " is " +
                      (isReplaced ? "put in" : "added") +
                      ", so that a query that sees no key reads all keys alike";
      conjuncts = {{site.condition, site.inverted}};
    } else {
      result.remark = formatMaskValue(site.low) +
                      " is added for keys that a mask hides" +
                      (part.why.empty() ? "" : "; not causal: " + part.why);
    }
    // The value that the graph has, if all of it stays.
    if (site.addend && (!site.condition || isWhole)) {
      if (failed(add(align(site.op, site.addend), /*isCondition=*/false)))
        return failure();
    } else if (failed(add(makeAddend(part, conjuncts),
                          /*isCondition=*/false))) {
      return failure();
    }
  }
  if (addends && visible) {
    if (guarded)
      return attempt.fail("queries without a key give 0, which an added mask "
                          "does not say");
    Location loc = addends.getLoc();
    Type element = getElementTypeOrSelf(addends.getType());
    addends = onnx::WhereOp::create(
        builder, loc,
        getTensorType(addends).clone(getJoinedShape(addends, visible)), visible,
        addends, makeScalar(loc, element, -INFINITY));
    visible = Value();
  }
  result.mask = addends ? addends : visible;
  return result;
}

FailureOr<AttentionMask> matchMasks(ArrayRef<MaskSite> sites, bool guarded,
                                    const ScoreExtents &extents,
                                    PositionVerdicts &verdicts,
                                    Attempt &attempt, OpBuilder &builder) {
  return MaskMatcher(guarded, extents, verdicts, attempt, builder).run(sites);
}

} // namespace ockham::raising
