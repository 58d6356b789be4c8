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

tile::KernelOp kernels::buildAttention(OpBuilder &builder, Location loc,
                                       StringRef name,
                                       const AttentionOptions &options) {
  MLIRContext *context = builder.getContext();
  Type element = options.element;
  int64_t d = options.headDim, dv = options.valueDim;
  int64_t m = options.blockQueries, n = options.blockKeys;
  auto view = [&](int64_t rows, int64_t cols) -> Type {
    return tile::ViewType::get(context, rows, cols, element);
  };
  constexpr int64_t any = ShapedType::kDynamic;
  SmallVector<Type> types{view(any, options.heads * d),
                          view(any, options.kvHeads * d),
                          view(any, options.kvHeads * dv)};
  if (options.hasGamma)
    types.push_back(view(any, options.kvHeads * dv));
  types.append(options.hasAlpha + options.hasBeta + options.hasGamma,
               view(1, options.heads));
  types.push_back(builder.getIndexType());
  types.push_back(view(any, options.heads * dv));
  auto kernel = tile::KernelOp::create(builder, loc, name, types,
                                       ArrayRef<int64_t>{1, m});

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  auto next = kernel.getKernelArguments().begin();
  Value query = *next++, key = *next++, value = *next++;
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
  Value kvHead = head;
  if (options.kvHeads != options.heads)
    kvHead = arith::DivUIOp::create(
        b, arith::MulIOp::create(b, head, b.index(options.kvHeads)), heads);
  Value firstQuery = arith::MulIOp::create(b, batch, queries);
  Value firstKey = arith::MulIOp::create(b, batch, keys);
  query = getHead(b, query, firstQuery, queries, head, d);
  output = getHead(b, output, firstQuery, queries, head, dv);
  key = getHead(b, key, firstKey, keys, kvHead, d);
  value = getHead(b, value, firstKey, keys, kvHead, dv);
  if (means)
    means = getHead(b, means, firstKey, keys, kvHead, dv);

  // The last key that each query sees.
  auto column = b.type(m, 1, b.getI32Type());
  auto toI32 = [&](Value index) -> Value {
    return arith::IndexCastOp::create(b, b.getI32Type(), index);
  };
  Value lastKey = arith::SubIOp::create(b, keys, b.index(1));
  Value last = b.broadcast(toI32(lastKey), column);
  Value upper = keys;
  if (options.causal) {
    Value rows = b.addInts(tile::IotaOp::create(b, column),
                           b.broadcast(toI32(first), column));
    last = arith::MinSIOp::create(b, last, rows);
    upper = arith::MinSIOp::create(b, keys,
                                   arith::AddIOp::create(b, first, b.index(m)));
  }

  Value q = b.slice(query, first, zero, m, d);
  auto statistic = b.type(m, 1, element);
  Value inits[] = {b.splat(statistic, -std::numeric_limits<double>::infinity()),
                   b.splat(statistic, 0), b.splat(b.type(m, dv, element), 0)};
  ValueRange sums = b.loop(
      zero, upper, n,
      {{key, zero, /*alongRows=*/true, n, d},
       {value, zero, /*alongRows=*/true, n, dv}},
      inits,
      [&](Value position, ValueRange windows,
          ValueRange carried) -> SmallVector<Value> {
        Value scores = b.dot(b.splat(b.type(m, n, element), 0), q, windows[0],
                             /*transposed=*/true);
        scores = b.mul(scores, b.splatLike(scores, options.scale));
        if (options.softCap) {
          Value cap = b.splatLike(scores, *options.softCap);
          scores = b.mul(cap, math::TanhOp::create(b, b.div(scores, cap)));
        }
        auto row = b.type(1, n, b.getI32Type());
        Value cols = b.addInts(tile::IotaOp::create(b, row),
                               b.broadcast(toI32(position), row));
        Value visible = b.compare(arith::CmpIPredicate::sle, cols, last);
        scores = arith::SelectOp::create(
            b, visible, scores,
            b.splatLike(scores, -std::numeric_limits<double>::infinity()));
        Value max = b.max(carried[0], b.reduce(tile::ReduceKind::Max, scores));
        Value weights = math::ExpOp::create(b, b.sub(scores, max));
        Value scale = math::ExpOp::create(b, b.sub(carried[0], max));
        Value sum = b.add(b.mul(carried[1], scale),
                          b.reduce(tile::ReduceKind::Sum, weights));
        Value out = b.dot(b.mul(carried[2], scale), weights, windows[1]);
        return {max, sum, out};
      });
  Value result = b.div(sums[2], sums[1]);

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
