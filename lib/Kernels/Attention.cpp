//===- Attention.cpp - Softmax that never sees all of its row -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Keys and values stream by in blocks. Maximum, sum and output of each query
// are carried; when the maximum grows, sum and output are scaled down. (Milakov
// and Gimelshein, arXiv 1805.02867; Dao et al., arXiv 2205.14135.) Scores are
// in units of log 2, so that weights are powers of two.
//
//===----------------------------------------------------------------------===//

#include "AttentionHeads.h"

#include <limits>

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;

namespace {
using Options = AttentionOptions;

constexpr double kLog2E = 1.4426950408889634074;
constexpr double kLn2 = 0.69314718055994530942;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// What is carried from one block of keys to the next.
struct Softmax {
  Value max, sum, out;
  Value entropy;       ///< Sum of weight times score, if there is an entropy.
  Value centre, count; ///< Sum and number of visible values, if so asked.

  SmallVector<Value> pack() const {
    SmallVector<Value> values;
    for (Value value : {max, sum, out, entropy, centre, count})
      if (value)
        values.push_back(value);
    return values;
  }
  /// The same from what `pack` gave.
  Softmax unpack(ValueRange values) const {
    Softmax result = *this;
    for (Value *value : {&result.max, &result.sum, &result.out, &result.entropy,
                         &result.centre, &result.count})
      if (*value) {
        *value = values.front();
        values = values.drop_front();
      }
    return result;
  }
};

/// The body of an attention kernel.
class AttentionBody {
public:
  AttentionBody(KernelBuilder &b, const Options &options, tile::KernelOp kernel)
      : b(b), options(options), kernel(kernel), m(options.blockQueries),
        arithmetic(getArithmeticType(options.element)) {}

  void build();

private:
  void takeArguments();
  void findHead();
  void findLimits();
  /// Of the products of queries and keys.
  double getScale() const;
  void loadQuery();
  Value loadMask(Value position, int64_t n);
  Value getScores(Value position, ValueRange windows, int64_t n);
  Value getVisible(Value position, int64_t n, Value mask, bool atEdge);
  Softmax visit(const Softmax &before, Value from, Value to, int64_t n,
                bool atEdge);
  Softmax visitKeys(const Softmax &before, Value position, ValueRange windows,
                    int64_t n, bool atEdge);
  Value getCentre(const Softmax &softmax);
  void storeStatistics(const Softmax &softmax);

  bool preparesKeys() const { return options.keysInRows && options.prepareKey; }
  /// True if the mask says which keys are visible.
  bool hides() const { return options.mask && options.mask.isInteger(1); }
  /// A block as a factor of products.
  Value asFactor(Value block) {
    return options.narrowFactors ? b.convert(block, options.element) : block;
  }
  RankedTensorType column(Type element) { return b.type(m, 1, element); }
  /// `1 / x` where the condition holds, else 0.
  Value invert(Value x, Value condition) {
    return b.select(condition, b.div(b.splatLike(x, 1), x), b.splatLike(x, 0));
  }

  KernelBuilder &b;
  const Options &options;
  tile::KernelOp kernel;
  int64_t m;
  Type arithmetic;
  Value zero;
  // Arguments; null if there are none.
  Value query, key, value, valueRows, past, keyLengths, mask, means, alpha,
      beta, gamma;
  PreparationArguments queryArguments, keyArguments;
  Value keys, output, logsumexp, entropy;
  // The point of the grid.
  Value number, first, queries, batch, head;
  Value ownValues; ///< All values of the head; `value` ends with the limit.
  Value position;  ///< Of the first query.
  Value limit;     ///< Keys that may be seen by any query of the sequence.
  Value seenByAll, seenByAny;
  Value rowPositions, lastKey; ///< Of each query, as a column of i32.
  SmallVector<HeadPart> queryParts;
};
} // namespace

void AttentionBody::takeArguments() {
  auto next = kernel.getKernelArguments().begin();
  query = *next++;
  key = *next++;
  value = *next++;
  auto takeIf = [&](bool condition, Value &argument) {
    if (condition)
      argument = *next++;
  };
  takeIf(options.pairs && options.alpha, valueRows);
  takeIf(options.past != nullptr, past);
  takeIf(options.keyLengths != nullptr, keyLengths);
  takeIf(options.mask != nullptr, mask);
  takeIf(options.centre == Options::Centre::Means, means);
  takeIf(options.alpha != nullptr, alpha);
  takeIf(options.beta != nullptr, beta);
  takeIf(options.gamma != nullptr, gamma);
  takeIf(options.prepareQuery.scale != nullptr, queryArguments.scale);
  takeIf(options.keysInRows && options.prepareKey.scale, keyArguments.scale);
  takeIf(options.prepareQuery.rotaryColumns > 0, queryArguments.cos);
  takeIf(options.prepareQuery.rotaryColumns > 0, queryArguments.sin);
  keyArguments.cos = queryArguments.cos;
  keyArguments.sin = queryArguments.sin;
  keys = *next++;
  output = *next++;
  takeIf(options.logsumexp != nullptr, logsumexp);
  takeIf(options.entropy != nullptr, entropy);
  number = kernel.getGridIndices()[0];
  first = kernel.getGridIndices()[1];
  queries = kernel.getGridExtents()[1];
}

/// Narrows the arguments to one head of one sequence.
void AttentionBody::findHead() {
  int64_t d = options.headDim, dv = options.valueDim;
  Value heads = b.index(options.heads);
  batch = b.divIndex(number, heads);
  head = arith::RemUIOp::create(b, number, heads);
  Value kvHead = head, kvNumber = number;
  if (options.kvHeads != options.heads) {
    Value group = b.index(options.heads / options.kvHeads);
    kvHead = b.divIndex(head, group);
    kvNumber = b.divIndex(number, group);
  }
  limit = keys;
  if (keyLengths)
    limit = b.maxIndex(b.minIndex(keys, b.loadIndex(keyLengths, batch)), zero);
  position = first;
  if (past)
    position = b.addIndex(b.loadIndex(past, batch), first);

  Value firstQuery = b.mulIndex(batch, queries);
  Value firstKey = b.mulIndex(batch, keys);
  query = getHead(b, query, firstQuery, queries, head, d);
  output = getHead(b, output, firstQuery, queries, head, dv);
  if (alpha)
    ownValues = getHead(b, options.pairs ? valueRows : value, firstKey, keys,
                        kvHead, dv);
  if (means)
    means = getHead(b, means, firstKey, keys, kvHead, dv);
  // What lies behind the limit is not read: it may be anything.
  value = options.pairs ? getPackedValues(b, value, kvNumber, limit)
                        : getHead(b, value, firstKey, limit, kvHead, dv);
  key = options.keysInRows
            ? getHead(b, key, firstKey, limit, kvHead, d)
            : getPackedHead(b, key, kvNumber, keys, options.panel, limit);

  if (mask) {
    const bool *repeats = options.maskRepeats;
    Value rows = repeats[2] ? b.index(1) : queries;
    Value row;
    if (!repeats[0])
      row = batch;
    if (!repeats[1])
      row = row ? Value(b.addIndex(b.mulIndex(row, heads), head)) : head;
    row = row ? b.mulIndex(row, rows) : zero;
    auto from = cast<tile::ViewType>(mask.getType());
    constexpr int64_t any = ShapedType::kDynamic;
    auto type = tile::ViewType::get(b.getContext(), repeats[2] ? 1 : any, any,
                                    from.getElementType());
    mask = tile::SubviewOp::create(b, type, mask, row, zero, rows, keys);
  }
}

/// Keys that all queries of the block see, and keys that any of them does.
void AttentionBody::findLimits() {
  auto type = column(b.getI32Type());
  rowPositions = b.addInts(tile::IotaOp::create(b, type),
                           b.broadcast(b.toI32(position), type));
  seenByAll = seenByAny = limit;
  Value last = b.toI32(arith::SubIOp::create(b, limit, b.index(1)));
  lastKey = b.broadcast(last, type);
  if (!options.causal)
    return;
  lastKey = arith::MinSIOp::create(b, lastKey, rowPositions);
  auto until = [&](int64_t count) -> Value {
    Value seen = b.minIndex(limit, b.addIndex(position, b.index(count)));
    // A past that is negative is the caller's error.
    return past ? b.maxIndex(seen, zero) : seen;
  };
  seenByAll = until(1);
  seenByAny = until(m);
}

double AttentionBody::getScale() const {
  return options.softCap ? options.scale / *options.softCap
                         : options.scale * kLog2E;
}

void AttentionBody::loadQuery() {
  // What needs no preparation is a factor as it is.
  if (options.narrowFactors && !options.prepareQuery) {
    queryParts = {{0, b.loadStored(query, first, zero, m, options.headDim)}};
    return;
  }
  queryParts = loadHead(b, query, first, m, options.headDim,
                        options.prepareQuery, queryArguments, position);
  for (HeadPart &part : queryParts)
    part.block = options.narrowFactors
                     ? asFactor(part.block)
                     : b.mul(part.block, b.splatLike(part.block, getScale()));
}

//===----------------------------------------------------------------------===//
// One block of keys
//===----------------------------------------------------------------------===//

Value AttentionBody::getScores(Value position, ValueRange windows, int64_t n) {
  Value scores = b.splat(b.type(m, n, arithmetic), 0);
  if (preparesKeys()) {
    auto parts = loadHead(b, key, position, n, options.headDim,
                          options.prepareKey, keyArguments, position);
    for (auto [mine, theirs] : llvm::zip(queryParts, parts))
      scores = b.dot(scores, mine.block, asFactor(theirs.block),
                     /*transposed=*/true);
  } else {
    for (auto [mine, window] : llvm::zip(queryParts, windows))
      scores = b.dot(scores, mine.block, window,
                     /*transposed=*/options.keysInRows);
  }
  if (options.narrowFactors)
    scores = b.mul(scores, b.splatLike(scores, getScale()));
  if (options.softCap)
    scores = b.mul(math::TanhOp::create(b, scores),
                   b.splatLike(scores, *options.softCap * kLog2E));
  return scores;
}

/// The mask for these keys: a block, or a row if it is the same for all
/// queries.
Value AttentionBody::loadMask(Value position, int64_t n) {
  if (options.maskRepeats[2])
    return b.load(mask, zero, position, 1, n);
  return b.load(mask, first, position, m, n);
}

/// Which keys each query sees; null for all of them. Away from the edge, only
/// the mask hides any.
Value AttentionBody::getVisible(Value position, int64_t n, Value mask,
                                bool atEdge) {
  Value visible;
  auto bits = b.type(m, n, b.getI1Type());
  if (hides())
    visible = b.broadcast(mask, bits);
  if (!atEdge)
    return visible;
  auto row = b.type(1, n, b.getI32Type());
  Value cols = b.addInts(tile::IotaOp::create(b, row),
                         b.broadcast(b.toI32(position), row));
  Value inside = b.compare(arith::CmpIPredicate::sle, cols, lastKey);
  return visible ? Value(arith::AndIOp::create(b, visible, inside)) : inside;
}

Softmax AttentionBody::visitKeys(const Softmax &before, Value position,
                                 ValueRange windows, int64_t n, bool atEdge) {
  Value scores = getScores(position, windows, n);
  Value mask = this->mask ? loadMask(position, n) : Value();
  if (mask && !hides())
    scores = b.add(scores, b.mul(mask, b.splatLike(mask, kLog2E)));
  Value visible = getVisible(position, n, mask, atEdge);
  if (visible)
    scores = b.select(visible, scores, b.splatLike(scores, -kInfinity));

  Softmax after;
  after.max = arith::MaxNumFOp::create(
      b, before.max, b.reduce(tile::ReduceKind::MaxNum, scores));
  // Where nothing is seen yet, weights are zero and not exp(inf - inf).
  Value least = b.splatLike(after.max, -kInfinity);
  Value none = b.compareFloats(arith::CmpFPredicate::OEQ, after.max, least);
  Value shift = b.select(none, b.splatLike(after.max, 0), after.max);
  Value distances = b.sub(scores, shift);
  Value weights = math::Exp2Op::create(b, distances);
  Value grown = b.sub(before.max, shift);
  Value scale = math::Exp2Op::create(b, grown);
  after.sum =
      b.add(b.mul(before.sum, scale), b.reduce(tile::ReduceKind::Sum, weights));
  after.out =
      b.dot(b.mul(before.out, scale), asFactor(weights), windows.back());

  if (before.entropy) {
    // Sums of weight times distance: those before were to another maximum. What
    // has no weight adds nothing, however far it is.
    auto orZero = [&](Value x, Value where, double value) {
      Value is = b.compareFloats(arith::CmpFPredicate::OEQ, where,
                                 b.splatLike(where, value));
      return b.select(is, b.splatLike(x, 0), x);
    };
    Value moved = orZero(grown, before.max, -kInfinity);
    Value old = b.mul(b.add(before.entropy, b.mul(before.sum, moved)), scale);
    Value terms = orZero(b.mul(weights, distances), weights, 0);
    after.entropy = b.add(old, b.reduce(tile::ReduceKind::Sum, terms));
  }
  if (before.centre) {
    Value ones = b.splatLike(scores, 1);
    if (visible)
      ones = b.select(visible, ones, b.splatLike(scores, 0));
    after.centre = b.dot(before.centre, asFactor(ones), windows.back());
    after.count = b.add(before.count, b.reduce(tile::ReduceKind::Sum, ones));
  }
  return after;
}

Softmax AttentionBody::visit(const Softmax &before, Value from, Value to,
                             int64_t n, bool atEdge) {
  SmallVector<Stream> streams;
  int64_t d = options.headDim;
  if (!options.keysInRows)
    for (auto [col, width] : getHeadParts(options.prepareQuery, d))
      streams.push_back({key, b.index(col), /*alongRows=*/false, width, n});
  else if (!preparesKeys())
    streams.push_back({key, zero, /*alongRows=*/true, n, d});
  streams.push_back({value, zero, /*alongRows=*/true, n, options.valueDim});
  return before.unpack(b.loop(
      from, to, n, streams, before.pack(),
      [&](Value position, ValueRange windows, ValueRange carried) {
        return visitKeys(before.unpack(carried), position, windows, n, atEdge)
            .pack();
      }));
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

/// What gamma is multiplied by.
Value AttentionBody::getCentre(const Softmax &softmax) {
  if (options.centre == Options::Centre::Sum) {
    Value some = b.compareFloats(arith::CmpFPredicate::OGT, softmax.count,
                                 b.splatLike(softmax.count, 0));
    return b.mul(softmax.centre, invert(softmax.count, some));
  }
  bool toLimit = options.centreVisible && keyLengths;
  // The last value that each query's mean has in it; there is none before 0,
  // and there may be more queries than keys.
  auto type = column(b.getI32Type());
  Value end = toLimit ? limit : keys;
  Value rows =
      b.broadcast(b.toI32(arith::SubIOp::create(b, end, b.index(1))), type);
  if (options.causal)
    rows = arith::MinSIOp::create(b, rows, rowPositions);
  return b.gather(means, rows, zero, options.valueDim);
}

void AttentionBody::storeStatistics(const Softmax &softmax) {
  Value logarithm = math::LogOp::create(b, softmax.sum);
  if (logsumexp) {
    Value max = b.mul(softmax.max, b.splatLike(softmax.max, kLn2));
    b.store(b.transpose(b.add(max, logarithm)), logsumexp, number, first);
  }
  if (!entropy)
    return;
  Value mean = b.mul(b.div(softmax.entropy, softmax.sum),
                     b.splatLike(softmax.sum, kLn2));
  Value none = b.compareFloats(arith::CmpFPredicate::OEQ, softmax.sum,
                               b.splatLike(softmax.sum, 0));
  Value bits = b.sub(logarithm, mean);
  bits = b.select(none, b.splatLike(bits, 0), bits);
  b.store(b.transpose(bits), entropy, number, first);
}

void AttentionBody::build() {
  zero = b.index(0);
  takeArguments();
  findHead();
  findLimits();
  loadQuery();

  auto block = b.type(m, options.valueDim, arithmetic);
  auto statistic = column(arithmetic);
  Softmax softmax;
  softmax.max = b.splat(statistic, -kInfinity);
  softmax.sum = b.splat(statistic, 0);
  softmax.out = b.splat(block, 0);
  if (entropy)
    softmax.entropy = b.splat(statistic, 0);
  if (options.centre == Options::Centre::Sum) {
    softmax.centre = b.splat(block, 0);
    softmax.count = b.splat(statistic, 0);
  }
  // Whole blocks need no comparisons; the others are small, so that little is
  // computed for nothing.
  Value step = b.index(options.blockKeys);
  Value whole = b.mulIndex(b.divIndex(seenByAll, step), step);
  softmax = visit(softmax, zero, whole, options.blockKeys, /*atEdge=*/false);
  softmax =
      visit(softmax, whole, seenByAny, options.blockRest, /*atEdge=*/true);

  // Who sees no key gets nothing.
  Value some = b.broadcast(
      arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, limit, zero)
          .getResult(),
      column(b.getI1Type()));
  if (hides())
    some = b.compareFloats(arith::CmpFPredicate::UNE, softmax.sum,
                           b.splatLike(softmax.sum, 0));
  Value result = b.mul(softmax.out, invert(softmax.sum, some));
  auto loadGain = [&](Value gain) { return b.load(gain, zero, head, 1, 1); };
  if (beta)
    result = b.mul(result, loadGain(beta));
  if (alpha) {
    Value own = b.load(ownValues, position, zero, m, options.valueDim);
    result = b.add(result, b.mul(own, loadGain(alpha)));
  }
  if (gamma)
    result = b.sub(result, b.mul(getCentre(softmax), loadGain(gamma)));
  b.store(result, output, first, zero);
  if (logsumexp || entropy)
    storeStatistics(softmax);
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

tile::KernelOp kernels::buildAttention(OpBuilder &builder, Location loc,
                                       StringRef name,
                                       const AttentionOptions &options) {
  MLIRContext *context = builder.getContext();
  Type element = options.element;
  constexpr int64_t any = ShapedType::kDynamic;
  auto view = [&](int64_t rows, int64_t cols, Type element) -> Type {
    return tile::ViewType::get(context, rows, cols, element);
  };
  int64_t d = options.headDim;
  Type values = view(any, options.kvHeads * options.valueDim, element);
  Type outputs = view(any, options.heads * options.valueDim, element);
  SmallVector<Type> types{
      view(any, options.heads * d, element),
      options.keysInRows
          ? view(any, options.kvHeads * d, element)
          : tile::ViewType::get(context, d, any, element, options.panel,
                                options.pairs ? 2 : 1),
      options.pairs ? tile::ViewType::get(context, any, any, element,
                                          options.valueDim, /*interleave=*/2)
                    : values};
  if (options.pairs && options.alpha)
    types.push_back(values);
  // A view if it has an element type.
  auto addView = [&](int64_t rows, int64_t cols, Type element) {
    if (element)
      types.push_back(view(rows, cols, element));
  };
  addView(1, any, options.past);
  addView(1, any, options.keyLengths);
  addView(any, any, options.mask);
  if (options.centre == Options::Centre::Means)
    types.push_back(values);
  for (Type gain : {options.alpha, options.beta, options.gamma})
    addView(1, options.heads, gain);
  addView(1, d, options.prepareQuery.scale);
  if (options.keysInRows)
    addView(1, d, options.prepareKey.scale);
  for (Type table : {options.prepareQuery.cos, options.prepareQuery.sin})
    addView(any, options.prepareQuery.rotaryColumns, table);
  types.push_back(builder.getIndexType());
  types.push_back(outputs);
  addView(any, any, options.logsumexp);
  addView(any, any, options.entropy);
  auto kernel = tile::KernelOp::create(
      builder, loc, name, types, ArrayRef<int64_t>{1, options.blockQueries});

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  AttentionBody(b, options, kernel).build();
  return kernel;
}
