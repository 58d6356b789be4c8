//===- LowerAttention.cpp - tfm.attention to linalg -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two batched products with the scores [batch, heads, queries, keys] between
// them, which one buffer holds: they are scaled and masked in place, then
// exponentiated in place. The division by the denominator waits until after the
// second product, where one generic adds the shape terms and brings the heads
// back beside each other. Heads that share a key head are rows of one product.
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"

#include "dialects/Ockham/OckhamDialect.h"

#include <limits>

using namespace mlir;
using namespace ockham;
using namespace ockham::tfm_to_linalg;

void tfm_to_linalg::emitMaskCheck(Emitter &e, tfm::AttentionOp op) {
  if (!op.getMask())
    return;
  Extent expected[] = {e.extent(op.getQuery(), 0),
                       e.fixed(static_cast<int64_t>(op.getNumHeads())),
                       e.extent(op.getQuery(), 1), e.extent(op.getKey(), 1)};
  StringRef names[] = {"batch", "heads", "queries", "keys"};
  for (unsigned dim = 0; dim < 4; ++dim) {
    if (!op.getMask().getType().isDynamicDim(dim))
      continue;
    Value extent = e.index(e.extent(op.getMask(), dim));
    Value wanted = e.index(expected[dim]);
    CheckOp::create(e.builder, e.loc, e.sameIndex(extent, wanted),
                    nameOf(op) + ": the mask has extent {} along the " +
                        names[dim].str() + ", expected {}",
                    ValueRange{extent, wanted});
  }
}

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class AttentionLowering {
public:
  AttentionLowering(Emitter &e, tfm::AttentionOp op)
      : e(e), op(op), element(op.getQuery().getType().getElementType()),
        compute(computeType(element)), batch(e.extent(op.getQuery(), 0)),
        queries(e.extent(op.getQuery(), 1)), keys(e.extent(op.getKey(), 1)),
        numHeads(op.getNumHeads()), numKvHeads(op.getNumKvHeads()),
        group(numHeads / numKvHeads), heads(e.fixed(numHeads)),
        kvHeads(e.fixed(numKvHeads)), headDim(e.fixed(op.getQueryHeadDim())),
        valueDim(e.fixed(op.getValueHeadDim())) {}

  /// The values that replace the op's results.
  SmallVector<Value> emit();

private:
  Value prepare(Value x, Extent count, Extent heads, Value scale, Value past);
  Value inComputeType(Value x);
  Value toBatched(Value x);
  Value fromBatched(Value x, Extent last);
  Value emitScores();
  Value emitMasked(Value scores);
  /// True if the mask is one of booleans.
  bool maskHides() {
    return op.getMask() &&
           getElementTypeOrSelf(op.getMask().getType()).isInteger(1);
  }
  void addVisibility(Generic &generic);
  Value emitVisible(Scalars &s, ValueRange args);
  Value emitEntropy(Value exponentials, Value sums);
  Value emitWeights(Value exponentials, Value sums);
  Value emitOutput(Value product, Value factor);
  unsigned addMask(Generic &generic);
  Value splitHeads(Value x, unsigned dim);

  Emitter &e;
  tfm::AttentionOp op;
  Type element, compute;
  Extent batch, queries, keys;
  int64_t numHeads, numKvHeads, group;
  Extent heads, kvHeads, headDim, valueDim;
  /// Where emitVisible finds its operands among a body's arguments.
  unsigned pastArg = 0, lengthArg = 0, maskArg = 0;
};

//===----------------------------------------------------------------------===//
// Layout
//===----------------------------------------------------------------------===//

Value AttentionLowering::inComputeType(Value x) {
  if (element == compute)
    return x;
  Generic generic(e, e.extents(x), compute);
  generic.in(x);
  return generic.map(compute,
                     [](Scalars &, ValueRange args) { return args[0]; });
}

/// A query or key as [B, T, heads, dh], normed and rotated where asked for.
Value AttentionLowering::prepare(Value x, Extent count, Extent heads,
                                 Value scale, Value past) {
  x = e.expand(x, {1, 1, 2}, {batch, count, heads, headDim});
  if (auto kind = op.getQkNorm())
    x = emitLiveNorm(e, x, *kind, op.getQkNormEps().convertToDouble(),
                     op.getQkNormEpsOutside(), scale, /*shift=*/Value());
  if (op.getCos())
    x = emitRotary(e, op, x, past);
  return inComputeType(x);
}

/// [B, heads, Tq, n] as [B * kv heads, group * Tq, n]: heads that share a key
/// head are neighbours.
Value AttentionLowering::toBatched(Value x) {
  if (group == 1)
    return e.collapse(x, {2, 1, 1});
  Extents extents = e.extents(x);
  x = e.expand(x, {1, 2, 1, 1},
               {batch, kvHeads, e.fixed(group), extents[2], extents[3]});
  return e.collapse(x, {2, 2, 1});
}

Value AttentionLowering::fromBatched(Value x, Extent last) {
  if (group == 1)
    return e.expand(x, {2, 1, 1}, {batch, heads, queries, last});
  x = e.expand(x, {2, 2, 1}, {batch, kvHeads, e.fixed(group), queries, last});
  return e.collapse(x, {1, 2, 1, 1});
}

/// Splits a dimension of heads into kv heads and the heads that share one.
Value AttentionLowering::splitHeads(Value x, unsigned dim) {
  if (group == 1)
    return x;
  Extents extents = e.extents(x), split;
  SmallVector<unsigned> groups(extents.size(), 1);
  groups[dim] = 2;
  for (unsigned i = 0; i < extents.size(); ++i) {
    if (i != dim) {
      split.push_back(extents[i]);
      continue;
    }
    split.push_back(kvHeads);
    split.push_back(e.fixed(group));
  }
  return e.expand(x, groups, split);
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

Value AttentionLowering::emitScores() {
  Value q =
      prepare(op.getQuery(), queries, heads, op.getQueryScale(), op.getPast());
  Value k = prepare(op.getKey(), keys, kvHeads, op.getKeyScale(),
                    /*past=*/Value());
  q = toBatched(e.transpose(q, {0, 2, 1, 3}));
  k = e.collapse(e.transpose(k, {0, 2, 3, 1}), {2, 1, 1});
  return fromBatched(e.batchMatmul(q, k), keys);
}

/// Adds the mask as an input over (b, h, t, j), without the dimensions along
/// which it is broadcast.
unsigned AttentionLowering::addMask(Generic &generic) {
  auto type = op.getMask().getType();
  SmallVector<unsigned> groups, loops;
  unsigned units = 0;
  for (unsigned dim = 0; dim < 4; ++dim) {
    // The keys stay, even a single one.
    if (dim < 3 && type.getDimSize(dim) == 1) {
      ++units;
      continue;
    }
    groups.push_back(units + 1);
    loops.push_back(dim);
    units = 0;
  }
  return generic.in(e.collapse(op.getMask(), groups), loops);
}

/// Whether key j is visible to query t, in a body over (b, h, t, j); null if
/// every key is.
Value AttentionLowering::emitVisible(Scalars &s, ValueRange args) {
  Value visible;
  if (op.getCausal()) {
    Value position = s.loop(2);
    if (op.getPast())
      position = s.addIndex(s.toIndex(args[pastArg]), position);
    visible = s.lessOrEqual(s.loop(3), position);
  }
  if (op.getKeyLengths())
    visible = s.both(visible, s.less(s.loop(3), s.toIndex(args[lengthArg])));
  if (maskHides())
    visible = s.both(visible, args[maskArg]);
  return visible;
}

/// What emitVisible reads.
void AttentionLowering::addVisibility(Generic &generic) {
  if (op.getPast() && op.getCausal())
    pastArg = generic.in(op.getPast(), {0});
  if (op.getKeyLengths())
    lengthArg = generic.in(op.getKeyLengths(), {0});
  if (maskHides())
    maskArg = addMask(generic);
}

/// Scaled, capped and masked scores; -infinity where a key is not visible.
Value AttentionLowering::emitMasked(Value scores) {
  Generic generic(e, {batch, heads, queries, keys}, compute);
  addVisibility(generic);
  if (op.getMask() && !maskHides())
    maskArg = addMask(generic);
  return generic.update(scores, [&](Scalars &s, ValueRange args) {
    Value score = s.mul(args.back(),
                        s.constant(compute, op.getScale().convertToDouble()));
    if (auto cap = op.getSoftCap()) {
      Value limit = s.constant(compute, cap->convertToDouble());
      score = s.mul(limit, s.tanh(s.div(score, limit)));
    }
    if (op.getMask() && !maskHides())
      score = s.add(score, args[maskArg]);
    if (Value visible = emitVisible(s, args))
      score = s.select(visible, score, s.constant(compute, -kInfinity));
    return score;
  });
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// The largest score of a row, but 0 for a row without visible keys.
static Value finiteMax(Scalars &s, Value max) {
  return s.select(s.equal(max, s.constant(max, -kInfinity)),
                  s.constant(max, 0.0), max);
}

/// 1 / sum, but 0 for a row without visible keys.
static Value inverseOrZero(Scalars &s, Value sum) {
  Value zero = s.constant(sum, 0.0);
  return s.select(s.equal(sum, zero), zero, s.div(s.constant(sum, 1.0), sum));
}

/// [B, heads]: mean over the queries of log(sum) - sum_j e_j log(e_j) / sum.
Value AttentionLowering::emitEntropy(Value exponentials, Value sums) {
  Generic row(e, {batch, heads, queries, keys}, compute);
  row.in(exponentials);
  Value products =
      row.reduce(compute, {0, 1, 2}, 0.0, [&](Scalars &s, ValueRange args) {
        Value zero = s.constant(compute, 0.0);
        Value term = s.select(s.greater(args[0], zero),
                              s.mul(args[0], s.log(args[0])), zero);
        return s.add(args[1], term);
      });
  Generic mean(e, {batch, heads, queries}, compute);
  mean.in(products);
  mean.in(sums);
  Value result =
      mean.reduce(compute, {0, 1}, 0.0, [&](Scalars &s, ValueRange args) {
        Value zero = s.constant(compute, 0.0), sum = args[1];
        Value entropy = s.sub(s.log(sum), s.div(args[0], sum));
        entropy = s.select(s.equal(sum, zero), zero, entropy);
        Value count = s.toFloat(s.index(queries), compute);
        return s.add(args[2], s.div(entropy, count));
      });
  auto type = op.getEntropy().getType();
  if (type.getElementType() == compute)
    return result;
  Generic convert(e, {batch, heads}, compute);
  convert.in(result);
  return convert.map(type.getElementType(),
                     [](Scalars &, ValueRange args) { return args[0]; });
}

/// beta * a_ij - gamma * c_ij, for a centre over keys that only the mask knows.
Value AttentionLowering::emitWeights(Value exponentials, Value sums) {
  Extents loops{batch, heads, queries, keys};
  Generic counting(e, loops, compute);
  addVisibility(counting);
  Value counts = counting.reduce(
      compute, {0, 1, 2}, 0.0, [&](Scalars &s, ValueRange args) {
        Value one = s.select(emitVisible(s, args), s.constant(compute, 1.0),
                             s.constant(compute, 0.0));
        return s.add(args.back(), one);
      });
  Generic generic(e, loops, compute);
  addVisibility(generic);
  unsigned sumArg = generic.in(sums, {0, 1, 2});
  unsigned countArg = generic.in(counts, {0, 1, 2});
  unsigned gammaArg = generic.in(op.getGamma(), {1});
  unsigned betaArg = op.getBeta() ? generic.in(op.getBeta(), {1}) : 0;
  return generic.update(exponentials, [&](Scalars &s, ValueRange args) {
    Value weight = s.mul(args.back(), inverseOrZero(s, args[sumArg]));
    if (betaArg)
      weight = s.mul(args[betaArg], weight);
    Value centre = s.mul(args[gammaArg], inverseOrZero(s, args[countArg]));
    centre = s.select(emitVisible(s, args), centre, s.constant(compute, 0.0));
    return s.sub(weight, centre);
  });
}

/// factor * product + alpha * v_i - gamma * mean, in [B, Tq, heads * dv].
/// `factor` is [B, heads, Tq], null for 1.
Value AttentionLowering::emitOutput(Value product, Value factor) {
  // Loops (b, t, h, d), or (b, t, kv head, head of it, d).
  Extents loops{batch, queries, kvHeads};
  SmallVector<unsigned> headLoops{2};
  if (group != 1) {
    loops.push_back(e.fixed(group));
    headLoops.push_back(3);
  }
  unsigned d = loops.size();
  loops.push_back(valueDim);
  auto around = [&](ArrayRef<unsigned> before, ArrayRef<unsigned> after) {
    SmallVector<unsigned> list(before);
    llvm::append_range(list, headLoops);
    llvm::append_range(list, after);
    return list;
  };

  bool centred = op.getGamma() && PrefixCentre::covers(op);
  Value diagonal, centre, inverseCount;
  bool perQuery = false;
  if (op.getAlpha() || (centred && op.getCausal()))
    diagonal = emitDiagonal(e, op);
  if (centred) {
    PrefixCentre prefix(e, op, diagonal);
    perQuery = prefix.perQuery;
    centre = prefix.sums;
    // gamma_h / n, so that rows are only multiplied.
    Generic rows(e, {batch, queries, heads}, compute);
    rows.in(op.getGamma(), {2});
    unsigned past = op.getPast() ? rows.in(op.getPast(), {0}) : 0;
    unsigned length = op.getKeyLengths() ? rows.in(op.getKeyLengths(), {0}) : 0;
    inverseCount = rows.map(compute, [&](Scalars &s, ValueRange args) {
      Value count = PrefixCentre::count(
          s, op, s.loop(1), past ? s.toIndex(args[past]) : Value(),
          length ? s.toIndex(args[length]) : Value(), keys);
      return s.mul(args[0], inverseOrZero(s, s.toFloat(count, compute)));
    });
  }

  Generic generic(e, loops, compute);
  generic.in(splitHeads(product, 1), around({0}, {1, d}));
  unsigned factorArg = 0, alphaArg = 0, diagonalArg = 0, centreArg = 0,
           countArg = 0;
  if (factor)
    factorArg = generic.in(splitHeads(factor, 1), around({0}, {1}));
  if (op.getAlpha()) {
    alphaArg = generic.in(splitHeads(op.getAlpha(), 0), headLoops);
    diagonalArg = generic.in(
        e.expand(diagonal, {1, 1, 2}, {batch, queries, kvHeads, valueDim}),
        {0, 1, 2, d});
  }
  if (centred) {
    countArg = generic.in(splitHeads(inverseCount, 2), around({0, 1}, {}));
    if (perQuery)
      centreArg = generic.in(
          e.expand(centre, {1, 1, 2}, {batch, queries, kvHeads, valueDim}),
          {0, 1, 2, d});
    else
      centreArg = generic.in(
          e.expand(centre, {1, 2}, {batch, kvHeads, valueDim}), {0, 2, d});
  }
  Value output = generic.map(element, [&](Scalars &s, ValueRange args) {
    Value value = args[0];
    if (factorArg)
      value = s.mul(value, args[factorArg]);
    if (alphaArg)
      value = s.add(value, s.mul(args[alphaArg], args[diagonalArg]));
    if (countArg)
      value = s.sub(value, s.mul(args[countArg], args[centreArg]));
    return value;
  });
  return e.collapse(output, {1, 1, d - 1});
}

SmallVector<Value> AttentionLowering::emit() {
  emitMaskCheck(e, op);
  Value masked = emitMasked(emitScores());
  Extents loops{batch, heads, queries, keys};
  SmallVector<unsigned> rowLoops{0, 1, 2};

  Generic largest(e, loops, compute);
  largest.in(masked);
  Value max = largest.reduce(
      compute, rowLoops, -kInfinity,
      [](Scalars &s, ValueRange args) { return s.max(args[1], args[0]); });

  Generic exponential(e, loops, compute);
  exponential.in(max, rowLoops);
  addVisibility(exponential);
  Value exponentials =
      exponential.update(masked, [&](Scalars &s, ValueRange args) {
        // A row whose visible scores are all -infinity has no softmax, but one
        // without visible keys has weights of 0.
        Value weight = s.exp(s.sub(args.back(), args[0]));
        Value visible = emitVisible(s, args);
        return visible ? s.select(visible, weight, s.constant(compute, 0.0))
                       : weight;
      });

  Generic total(e, loops, compute);
  total.in(exponentials);
  Value sums =
      total.reduce(compute, rowLoops, 0.0, [](Scalars &s, ValueRange args) {
        return s.add(args[1], args[0]);
      });

  Value logsumexp, entropy, factor;
  Extents rows{batch, heads, queries};
  if (op.getLogsumexp()) {
    Generic generic(e, rows, compute);
    generic.in(max);
    generic.in(sums);
    logsumexp =
        generic.map(op.getLogsumexp().getType().getElementType(),
                    [](Scalars &s, ValueRange args) {
                      return s.add(finiteMax(s, args[0]), s.log(args[1]));
                    });
  }
  if (op.getEntropy())
    entropy = emitEntropy(exponentials, sums);

  if (op.getGamma() && !PrefixCentre::covers(op)) {
    exponentials = emitWeights(exponentials, sums);
  } else {
    Generic generic(e, rows, compute);
    generic.in(sums);
    unsigned beta = op.getBeta() ? generic.in(op.getBeta(), {1}) : 0;
    factor = generic.map(compute, [&](Scalars &s, ValueRange args) {
      Value inverse = inverseOrZero(s, args[0]);
      return beta ? s.mul(args[beta], inverse) : inverse;
    });
  }

  Value v =
      e.expand(op.getValue(), {1, 1, 2}, {batch, keys, kvHeads, valueDim});
  v = e.collapse(e.transpose(inComputeType(v), {0, 2, 1, 3}), {2, 1, 1});
  Value product =
      fromBatched(e.batchMatmul(toBatched(exponentials), v), valueDim);
  Value output = emitOutput(product, factor);

  SmallVector<Value> results{e.castTo(output, op.getOutput().getType())};
  if (logsumexp)
    results.push_back(e.castTo(logsumexp, op.getLogsumexp().getType()));
  if (entropy)
    results.push_back(e.castTo(entropy, op.getEntropy().getType()));
  return results;
}

struct LowerAttention : OpRewritePattern<tfm::AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tfm::AttentionOp op,
                                PatternRewriter &rewriter) const override {
    Emitter e(rewriter, op.getLoc());
    rewriter.replaceOp(op, AttentionLowering(e, op).emit());
    return success();
  }
};

} // namespace

void ockham::tfm_to_linalg::populateAttention(RewritePatternSet &patterns) {
  patterns.add<LowerAttention>(patterns.getContext());
}
