//===- AttentionMeans.cpp - What stands around attention ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelBuilder.h"
#include "ockham/Kernels/Kernels.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;

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
  Type arithmetic = getArithmeticType(element);
  auto type = b.type(1, n, arithmetic);
  b.loop(b.index(0), rows, 1, {}, b.splat(type, 0),
         [&](Value position, ValueRange,
             ValueRange carried) -> SmallVector<Value> {
           Value row = arith::AddIOp::create(b, start, position);
           Value sum = b.add(carried[0], b.load(arguments[0], row, col, 1, n));
           Value count = arith::IndexCastOp::create(
               b, b.getI64Type(),
               arith::AddIOp::create(b, position, b.index(1)).getResult());
           count = arith::SIToFPOp::create(b, arithmetic, count);
           b.store(b.div(sum, b.broadcast(count, type)), arguments[2], row,
                   col);
           return {sum};
         });
  return kernel;
}

tile::KernelOp kernels::buildRowMean(OpBuilder &builder, Location loc,
                                     StringRef name, Type element, Type result,
                                     int64_t heads) {
  constexpr int64_t any = ShapedType::kDynamic, n = 64;
  MLIRContext *context = builder.getContext();
  auto kernel = tile::KernelOp::create(
      builder, loc, name,
      TypeRange{tile::ViewType::get(context, any, any, element),
                builder.getIndexType(),
                tile::ViewType::get(context, any, heads, result)},
      ArrayRef<int64_t>{1, 1});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  ArrayRef<BlockArgument> arguments = kernel.getKernelArguments();
  Value batch = kernel.getGridIndices()[0], head = kernel.getGridIndices()[1];
  Value row = b.addIndex(b.mulIndex(batch, b.index(heads)), head);
  Type arithmetic = getArithmeticType(element);
  auto type = b.type(1, 1, arithmetic);
  Value sum = b.loop(b.index(0), arguments[1], n, {}, b.splat(type, 0),
                     [&](Value position, ValueRange,
                         ValueRange carried) -> SmallVector<Value> {
                       Value part = b.load(arguments[0], row, position, 1, n);
                       return {b.add(carried[0],
                                     b.reduce(tile::ReduceKind::Sum, part))};
                     })
                  .front();
  Value count = arith::SIToFPOp::create(
      b, arithmetic,
      arith::IndexCastOp::create(b, b.getI64Type(), arguments[1]).getResult());
  b.store(b.div(sum, b.broadcast(count, type)), arguments[2], batch, head);
  return kernel;
}
