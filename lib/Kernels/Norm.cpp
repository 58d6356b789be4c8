//===- Norm.cpp - Statistics of rows --------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A row is read two or three times, from the cache: the mean, then the variance
// around it, then the result. Sums of squares without the mean taken off would
// lose their digits where the mean is large.
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "ockham/Kernels/Kernels.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;

tile::KernelOp kernels::buildNorm(OpBuilder &builder, Location loc,
                                  StringRef name, const NormOptions &options) {
  MLIRContext *context = builder.getContext();
  Type element = options.element;
  int64_t columns = options.columns, m = options.blockRows,
          n = std::min(options.blockColumns, options.columns);
  Type rowsView =
      tile::ViewType::get(context, ShapedType::kDynamic, columns, element);
  Type vectorView = tile::ViewType::get(context, 1, columns, element);
  SmallVector<Type> types{rowsView};
  types.append(options.hasScale + options.hasShift, vectorView);
  types.push_back(rowsView);
  auto kernel =
      tile::KernelOp::create(builder, loc, name, types, ArrayRef<int64_t>{m});

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  auto next = kernel.getKernelArguments().begin();
  Value input = *next++;
  Value scale = options.hasScale ? Value(*next++) : Value();
  Value shift = options.hasShift ? Value(*next++) : Value();
  Value output = *next++, row = kernel.getGridIndices()[0];
  Value zero = b.index(0), end = b.index(columns);
  auto statistic = b.type(m, 1, element);

  /// The sum of a function of each element over the row.
  auto sum = [&](llvm::function_ref<Value(Value)> of, bool zeroIsZero) {
    return b.loop(
        zero, end, n, {}, b.splat(statistic, 0),
        [&](Value col, ValueRange, ValueRange carried) -> SmallVector<Value> {
          Value terms = of(b.load(input, row, col, m, n));
          if (columns % n != 0 && !zeroIsZero) {
            // What lies behind the row's end is zero, but not its function.
            auto ints = b.type(1, n, b.getI32Type());
            Value at = arith::IndexCastOp::create(b, b.getI32Type(), col);
            Value cols =
                b.addInts(tile::IotaOp::create(b, ints), b.broadcast(at, ints));
            Value exists =
                b.compare(arith::CmpIPredicate::slt, cols,
                          b.splat(b.type(m, n, b.getI32Type()), columns));
            terms = arith::SelectOp::create(b, exists, terms,
                                            b.splatLike(terms, 0));
          }
          return {b.add(carried[0], b.reduce(tile::ReduceKind::Sum, terms))};
        })[0];
  };
  Value share = b.splat(statistic, 1.0 / columns);
  Value mean;
  if (options.centred)
    mean = b.mul(sum([](Value x) { return x; }, true), share);
  auto centre = [&](Value x) { return mean ? b.sub(x, mean) : x; };
  Value variance = b.mul(sum(
                             [&](Value x) {
                               Value centred = centre(x);
                               return b.mul(centred, centred);
                             },
                             !options.centred),
                         share);
  Value eps = b.splat(statistic, options.eps);
  Value std;
  if (options.epsOutside)
    std = b.add(math::SqrtOp::create(b, variance), eps);
  else
    std = math::SqrtOp::create(b, b.add(variance, eps));
  Value factor = b.div(b.splat(statistic, 1), std);
  b.loop(zero, end, n, {}, {},
         [&](Value col, ValueRange, ValueRange) -> SmallVector<Value> {
           Value y = b.mul(centre(b.load(input, row, col, m, n)), factor);
           if (scale)
             y = b.mul(y, b.load(scale, zero, col, 1, n));
           if (shift)
             y = b.add(y, b.load(shift, zero, col, 1, n));
           b.store(y, output, row, col);
           return {};
         });
  return kernel;
}
