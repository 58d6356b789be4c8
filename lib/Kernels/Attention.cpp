//===- Attention.cpp - Softmax that never sees all of its row -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Keys and values stream by in blocks. Maximum, sum and output of each query
// are carried; when the maximum grows, sum and output are scaled down. (Milakov
// and Gimelshein, arXiv 1805.02867; Dao et al., arXiv 2205.14135.)
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "ockham/Kernels/Kernels.h"

#include <limits>

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;

/// The columns of one head in one sequence of an activation.
static Value getHead(KernelBuilder &b, Value view, Value firstRow, Value rows,
                     Value head, int64_t width) {
  auto from = cast<tile::ViewType>(view.getType());
  auto type = tile::ViewType::get(b.getContext(), ShapedType::kDynamic, width,
                                  from.getElementType());
  Value col = arith::MulIOp::create(b, head, b.index(width));
  return tile::SubviewOp::create(b, type, view, firstRow, col, rows,
                                 b.index(width));
}

/// The keys of one head in one sequence, as columns of panels: each has whole
/// panels of its own, of which `cols` columns are looked at.
static Value getPackedHead(KernelBuilder &b, Value view, Value number,
                           Value keys, int64_t panel, Value cols) {
  auto type = cast<tile::ViewType>(view.getType());
  Value width = b.index(panel);
  Value padded = arith::MulIOp::create(
      b,
      arith::DivUIOp::create(
          b, arith::AddIOp::create(b, keys, b.index(panel - 1)).getResult(),
          width)
          .getResult(),
      width);
  Value col = arith::MulIOp::create(b, number, padded);
  return tile::SubviewOp::create(b, type, view, b.index(0), col,
                                 b.index(type.getRows()), cols);
}

namespace {
constexpr double kLog2E = 1.4426950408889634074;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The body of an attention kernel.
class AttentionBody {
public:
  AttentionBody(KernelBuilder &b, const AttentionOptions &options)
      : b(b), options(options), m(options.blockQueries) {}

  void build(tile::KernelOp kernel);

private:
  /// One step of the softmax over `n` keys: what is carried becomes maximum,
  /// sum and output with these keys.
  SmallVector<Value> visitKeys(Value position, ValueRange windows,
                               ValueRange carried, int64_t n, bool masked);
  Value toI32(Value index) {
    return arith::IndexCastOp::create(b, b.getI32Type(), index);
  }

  KernelBuilder &b;
  const AttentionOptions &options;
  int64_t m;
  Value query;   ///< A block of queries, scaled.
  Value lastKey; ///< The last key that each query sees.
};
} // namespace

SmallVector<Value> AttentionBody::visitKeys(Value position, ValueRange windows,
                                            ValueRange carried, int64_t n,
                                            bool masked) {
  Value zero = b.splat(b.type(m, n, options.element), 0);
  Value scores = b.dot(zero, query, windows[0]);
  if (options.softCap)
    scores = b.mul(math::TanhOp::create(b, scores),
                   b.splatLike(scores, *options.softCap * kLog2E));
  if (masked) {
    auto row = b.type(1, n, b.getI32Type());
    Value cols = b.addInts(tile::IotaOp::create(b, row),
                           b.broadcast(toI32(position), row));
    Value visible = b.compare(arith::CmpIPredicate::sle, cols, lastKey);
    scores = arith::SelectOp::create(b, visible, scores,
                                     b.splatLike(scores, -kInfinity));
  }
  Value max = arith::MaxNumFOp::create(
      b, carried[0], b.reduce(tile::ReduceKind::MaxNum, scores));
  // Where nothing is seen yet, weights are zero and not exp(inf - inf).
  Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, max,
                                     b.splatLike(max, -kInfinity));
  Value shift = arith::SelectOp::create(b, none, b.splatLike(max, 0), max);
  Value weights = math::Exp2Op::create(b, b.sub(scores, shift));
  Value scale = math::Exp2Op::create(b, b.sub(carried[0], shift));
  Value sum =
      b.add(b.mul(carried[1], scale), b.reduce(tile::ReduceKind::Sum, weights));
  Value out = b.dot(b.mul(carried[2], scale), weights, windows[1]);
  return {max, sum, out};
}

void AttentionBody::build(tile::KernelOp kernel) {
  int64_t d = options.headDim, dv = options.valueDim;
  auto next = kernel.getKernelArguments().begin();
  Value queryView = *next++, key = *next++, value = *next++;
  Value means = options.hasGamma ? Value(*next++) : Value();
  Value alpha = options.hasAlpha ? Value(*next++) : Value();
  Value beta = options.hasBeta ? Value(*next++) : Value();
  Value gamma = options.hasGamma ? Value(*next++) : Value();
  Value keys = *next++, output = *next++;
  Value number = kernel.getGridIndices()[0], first = kernel.getGridIndices()[1];
  Value queries = kernel.getGridExtents()[1];

  // Which head of which sequence.
  Value zero = b.index(0), heads = b.index(options.heads);
  Value batch = arith::DivUIOp::create(b, number, heads);
  Value head = arith::RemUIOp::create(b, number, heads);
  Value kvHead = head, kvNumber = number;
  if (options.kvHeads != options.heads) {
    Value group = b.index(options.heads / options.kvHeads);
    kvHead = arith::DivUIOp::create(b, head, group);
    kvNumber = arith::DivUIOp::create(b, number, group);
  }
  Value firstQuery = arith::MulIOp::create(b, batch, queries);
  Value firstKey = arith::MulIOp::create(b, batch, keys);
  queryView = getHead(b, queryView, firstQuery, queries, head, d);
  output = getHead(b, output, firstQuery, queries, head, dv);
  value = getHead(b, value, firstKey, keys, kvHead, dv);
  if (means)
    means = getHead(b, means, firstKey, keys, kvHead, dv);
  key = getPackedHead(b, key, kvNumber, keys, options.panel, keys);

  query = b.load(queryView, first, zero, m, d);
  query = b.mul(query, b.splatLike(query, options.softCap
                                              ? options.scale / *options.softCap
                                              : options.scale * kLog2E));

  // Keys that all queries of the block see, and keys that any does.
  Value seenByAll = keys, seenByAny = keys;
  auto column = b.type(m, 1, b.getI32Type());
  lastKey =
      b.broadcast(toI32(arith::SubIOp::create(b, keys, b.index(1))), column);
  if (options.causal) {
    Value rows = b.addInts(tile::IotaOp::create(b, column),
                           b.broadcast(toI32(first), column));
    lastKey = arith::MinSIOp::create(b, lastKey, rows);
    seenByAll = arith::MinSIOp::create(
        b, keys, arith::AddIOp::create(b, first, b.index(1)));
    seenByAny = arith::MinSIOp::create(
        b, keys, arith::AddIOp::create(b, first, b.index(m)));
  }

  auto statistic = b.type(m, 1, options.element);
  SmallVector<Value> carried{b.splat(statistic, -kInfinity),
                             b.splat(statistic, 0),
                             b.splat(b.type(m, dv, options.element), 0)};
  auto visit = [&](Value from, Value to, int64_t n, bool masked) {
    ValueRange results = b.loop(
        from, to, n,
        {{key, zero, /*alongRows=*/false, d, n},
         {value, zero, /*alongRows=*/true, n, dv}},
        carried, [&](Value position, ValueRange windows, ValueRange values) {
          return visitKeys(position, windows, values, n, masked);
        });
    carried.assign(results.begin(), results.end());
  };
  // Whole blocks need no mask; the others are small, so that little is
  // computed for nothing.
  Value step = b.index(options.blockKeys);
  Value whole = arith::MulIOp::create(
      b, arith::DivUIOp::create(b, seenByAll, step).getResult(), step);
  visit(zero, whole, options.blockKeys, /*masked=*/false);
  visit(whole, seenByAny, options.blockRest, /*masked=*/true);

  Value result =
      b.mul(carried[2], b.div(b.splatLike(carried[1], 1), carried[1]));
  auto loadGain = [&](Value gain) { return b.load(gain, zero, head, 1, 1); };
  if (beta)
    result = b.mul(result, loadGain(beta));
  if (alpha)
    result = b.add(result,
                   b.mul(b.load(value, first, zero, m, dv), loadGain(alpha)));
  if (gamma)
    result = b.sub(result,
                   b.mul(b.load(means, first, zero, m, dv), loadGain(gamma)));
  b.store(result, output, first, zero);
}

tile::KernelOp kernels::buildAttention(OpBuilder &builder, Location loc,
                                       StringRef name,
                                       const AttentionOptions &options) {
  MLIRContext *context = builder.getContext();
  Type element = options.element;
  int64_t d = options.headDim, dv = options.valueDim;
  auto view = [&](int64_t rows, int64_t cols) -> Type {
    return tile::ViewType::get(context, rows, cols, element);
  };
  constexpr int64_t any = ShapedType::kDynamic;
  SmallVector<Type> types{
      view(any, options.heads * d),
      tile::ViewType::get(context, d, any, element, options.panel),
      view(any, options.kvHeads * dv)};
  if (options.hasGamma)
    types.push_back(view(any, options.kvHeads * dv));
  types.append(options.hasAlpha + options.hasBeta + options.hasGamma,
               view(1, options.heads));
  types.push_back(builder.getIndexType());
  types.push_back(view(any, options.heads * dv));
  auto kernel = tile::KernelOp::create(
      builder, loc, name, types, ArrayRef<int64_t>{1, options.blockQueries});

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  AttentionBody(b, options).build(kernel);
  return kernel;
}

tile::KernelOp kernels::buildPackKeys(OpBuilder &builder, Location loc,
                                      StringRef name,
                                      const PackKeysOptions &options) {
  MLIRContext *context = builder.getContext();
  int64_t d = options.headDim, n = options.blockKeys;
  constexpr int64_t any = ShapedType::kDynamic;
  Type rows =
      tile::ViewType::get(context, any, options.kvHeads * d, options.element);
  Type panels =
      tile::ViewType::get(context, d, any, options.element, options.panel);
  auto kernel = tile::KernelOp::create(
      builder, loc, name, TypeRange{rows, builder.getIndexType(), panels},
      ArrayRef<int64_t>{1, n});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  ArrayRef<BlockArgument> arguments = kernel.getKernelArguments();
  Value number = kernel.getGridIndices()[0], first = kernel.getGridIndices()[1];
  Value keys = arguments[1], zero = b.index(0);
  Value heads = b.index(options.kvHeads);
  Value batch = arith::DivUIOp::create(b, number, heads);
  Value head = arith::RemUIOp::create(b, number, heads);
  Value from = getHead(b, arguments[0], arith::MulIOp::create(b, batch, keys),
                       keys, head, d);
  Value to = getPackedHead(b, arguments[2], number, keys, options.panel,
                           kernel.getGridExtents()[1]);
  for (int64_t c = 0; c < d; c += n) {
    Value block = b.load(from, first, b.index(c), n, std::min(n, d - c));
    b.store(b.transpose(block), to, b.index(c), first);
  }
  return kernel;
}

tile::KernelOp kernels::buildPrefixMean(OpBuilder &builder, Location loc,
                                        StringRef name,
                                        const PrefixMeanOptions &options) {
  Type element = options.element;
  int64_t n = options.blockColumns;
  Type view = tile::ViewType::get(builder.getContext(), ShapedType::kDynamic,
                                  options.columns, element);
  auto kernel = tile::KernelOp::create(
      builder, loc, name, TypeRange{view, builder.getIndexType(), view},
      ArrayRef<int64_t>{1, n});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  ArrayRef<BlockArgument> arguments = kernel.getKernelArguments();
  Value rows = arguments[1], col = kernel.getGridIndices()[1];
  Value start = arith::MulIOp::create(b, kernel.getGridIndices()[0], rows);
  auto type = b.type(1, n, element);
  b.loop(b.index(0), rows, 1, {}, b.splat(type, 0),
         [&](Value position, ValueRange,
             ValueRange carried) -> SmallVector<Value> {
           Value row = arith::AddIOp::create(b, start, position);
           Value sum = b.add(carried[0], b.load(arguments[0], row, col, 1, n));
           Value count = arith::IndexCastOp::create(
               b, b.getI64Type(),
               arith::AddIOp::create(b, position, b.index(1)).getResult());
           count = arith::SIToFPOp::create(b, element, count);
           b.store(b.div(sum, b.broadcast(count, type)), arguments[2], row,
                   col);
           return {sum};
         });
  return kernel;
}
