//===- Gemm.cpp - A product and what follows it ---------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Steps.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;

static constexpr int64_t kAny = ShapedType::kDynamic;

tile::KernelOp kernels::buildGemm(OpBuilder &builder, Location loc,
                                  StringRef name, const GemmOptions &options) {
  MLIRContext *context = builder.getContext();
  int64_t depth = options.depth, columns = options.columns;
  int64_t m = options.blockRows, n = options.blockColumns,
          k = options.blockDepth;
  SmallVector<Type> types{
      tile::ViewType::get(context, kAny, depth, options.element),
      tile::ViewType::get(context, depth, columns, options.weight,
                          options.panel)};
  appendStepTypes(types, options.epilogue, columns, options.element);
  types.push_back(tile::ViewType::get(context, kAny, columns, options.element));
  auto kernel = tile::KernelOp::create(builder, loc, name, types,
                                       ArrayRef<int64_t>{m, n});

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  ArrayRef<BlockArgument> arguments = kernel.getKernelArguments();
  Value row = kernel.getGridIndices()[0], col = kernel.getGridIndices()[1];
  Value zero = b.index(0);

  Value block = b.loop(
      zero, b.index(depth), k,
      {{arguments[0], row, /*alongRows=*/false, m, k},
       {arguments[1], col, /*alongRows=*/true, k, n}},
      b.splat(b.type(m, n, options.element), 0),
      [&](Value, ValueRange windows, ValueRange sums) -> SmallVector<Value> {
        return {b.dot(sums[0], windows[0], windows[1])};
      })[0];
  SmallVector<Value> views(arguments.drop_front(2).drop_back());
  block = applySteps(b, block, options.epilogue, views, row, col);
  b.store(block, arguments.back(), row, col);
  return kernel;
}
