//===- Norm.cpp - Statistics of rows --------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A row is read up to three times, from the cache: the mean, then the variance
// around it, then the result. Sums of squares without the mean taken off would
// lose their digits where the mean is large. Each column of a block keeps a sum
// of its own until the row ends: shorter sums, and only one across the columns.
//
//===----------------------------------------------------------------------===//

#include "RowWalk.h"
#include "Steps.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;

/// The view that a norm divides by; null for a statistic.
static Type getDivisorType(const NormOptions &options) {
  int64_t rows = 1, cols = 1;
  switch (options.divisor) {
  case Divisor::Statistic:
    return {};
  case Divisor::Scalar:
    break;
  case Divisor::Channel:
    cols = options.columns;
    break;
  case Divisor::Position:
    rows = ShapedType::kDynamic;
    break;
  }
  return tile::ViewType::get(options.element.getContext(), rows, cols,
                             options.divisorElement);
}

/// One over the root of the mean of squares of each row.
static Value buildStatistic(KernelBuilder &b, const NormOptions &options,
                            const RowWalk &walk,
                            llvm::function_ref<Value(Value)> centre) {
  auto statistic =
      b.type(options.blockRows, 1, getArithmeticType(options.element));
  Value variance = walk.sum(b, [&](Value x) {
    Value centred = centre(x);
    return b.mul(centred, centred);
  });
  variance = b.mul(variance, b.splat(statistic, 1.0 / options.columns));
  Value eps = b.splat(statistic, options.eps);
  Value std;
  if (options.epsOutside)
    std = b.add(math::SqrtOp::create(b, variance), eps);
  else
    std = math::SqrtOp::create(b, b.add(variance, eps));
  return b.div(b.splat(statistic, 1), std);
}

/// The divisor of each row of a sequence from `row` on.
static Value buildPositionDivisor(KernelBuilder &b, const NormOptions &options,
                                  Value stds, Value count, Value past,
                                  Value batch, Value row) {
  Type integer = options.past ? options.past : b.getI64Type();
  auto column = b.type(options.blockRows, 1, integer);
  auto toInt = [&](Value index) -> Value {
    return b.broadcast(arith::IndexCastOp::create(b, integer, index), column);
  };
  Value positions = b.addInts(tile::IotaOp::create(b, column), toInt(row));
  if (past)
    positions = b.addInts(
        positions, b.broadcast(b.load(past, batch, b.index(0), 1, 1), column));
  // Not below the first one either: a negative `past` reads nothing outside.
  positions = arith::MaxSIOp::create(b, positions, b.splat(column, 0));
  Value last = arith::SubIOp::create(b, count, b.index(1));
  positions = arith::MinSIOp::create(b, positions, toInt(last));
  return b.gather(stds, positions, b.index(0), /*cols=*/1);
}

tile::KernelOp kernels::buildNorm(OpBuilder &builder, Location loc,
                                  StringRef name, const NormOptions &options) {
  MLIRContext *context = builder.getContext();
  Type element = options.element;
  int64_t columns = options.columns, m = options.blockRows,
          n = std::min(options.blockColumns, options.columns);
  bool isPositional = options.divisor == Divisor::Position;
  constexpr int64_t any = ShapedType::kDynamic;
  Type rowsView = tile::ViewType::get(context, any, columns, element);
  Type resultView = tile::ViewType::get(context, any, columns, options.result);
  SmallVector<Type> types{rowsView};
  if (Type divisor = getDivisorType(options))
    types.push_back(divisor);
  if (isPositional)
    types.push_back(builder.getIndexType());
  if (options.past)
    types.push_back(tile::ViewType::get(context, any, 1, options.past));
  appendStepTypes(types, options.steps, columns, element);
  types.push_back(resultView);
  SmallVector<int64_t> grid{m};
  if (isPositional)
    grid = {1, m};
  auto kernel = tile::KernelOp::create(builder, loc, name, types, grid);

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  SmallVector<Value> arguments(kernel.getKernelArguments());
  ArrayRef<Value> next = arguments;
  auto take = [&] {
    Value value = next.front();
    next = next.drop_front();
    return value;
  };
  Value input = take(), output = arguments.back();
  Value divisor = getDivisorType(options) ? take() : Value();
  Value count = isPositional ? take() : Value();
  Value past = options.past ? take() : Value();
  Value row = kernel.getGridIndices().back(), zero = b.index(0);
  if (isPositional) {
    // Which rows belong to the sequence.
    Value sequence = kernel.getGridExtents()[1];
    Value first =
        arith::MulIOp::create(b, kernel.getGridIndices()[0], sequence);
    Value width = b.index(columns);
    for (Value *view : {&input, &output})
      *view = tile::SubviewOp::create(b, view->getType(), *view, first, zero,
                                      sequence, width);
  }

  RowWalk walk{input, row, columns, m, n};
  Value mean;
  if (options.centred)
    mean =
        b.mul(walk.sum(b, [](Value x) { return x; }),
              b.splat(b.type(m, 1, getArithmeticType(element)), 1.0 / columns));
  auto centre = [&](Value x) { return mean ? b.sub(x, mean) : x; };
  Value factor, rowDivisor;
  if (options.divisor == Divisor::Statistic)
    factor = buildStatistic(b, options, walk, centre);
  else if (isPositional)
    rowDivisor = buildPositionDivisor(b, options, divisor, count, past,
                                      kernel.getGridIndices()[0], row);
  b.loop(zero, b.index(columns), n, {}, {},
         [&](Value col, ValueRange, ValueRange) -> SmallVector<Value> {
           Value y = centre(b.load(input, row, col, m, n));
           if (factor)
             y = b.mul(y, factor);
           else if (isPositional)
             y = b.div(y, rowDivisor);
           else if (options.divisor == Divisor::Scalar)
             y = b.div(y, b.load(divisor, zero, zero, 1, 1));
           else
             y = b.div(y, b.load(divisor, zero, col, 1, n));
           y = applySteps(b, y, options.steps, next.drop_back(), row, col);
           b.store(y, output, row, col);
           return {};
         });
  return kernel;
}
