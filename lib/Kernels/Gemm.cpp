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

/// Steps up to the last column go on over what fills up the last panel: nothing
/// of it is stored.
static SmallVector<EpilogueStep> extendSteps(ArrayRef<EpilogueStep> steps,
                                             int64_t columns, int64_t block) {
  SmallVector<EpilogueStep> result(steps);
  for (EpilogueStep &step : result)
    if (step.end == columns)
      step.end = llvm::alignTo(columns, block);
  return result;
}

tile::KernelOp kernels::buildGemm(OpBuilder &builder, Location loc,
                                  StringRef name, const GemmOptions &options) {
  MLIRContext *context = builder.getContext();
  int64_t depth = options.depth, columns = options.columns;
  int64_t m = options.blockRows, n = options.blockColumns,
          k = options.blockDepth;
  int64_t products = options.isGated ? 2 : 1;
  Type element = options.element;
  bool inRows = options.panel == 0;
  SmallVector<Type> types{
      tile::ViewType::get(context, kAny, depth, element),
      inRows ? tile::ViewType::get(context, columns, depth, options.weight)
             : tile::ViewType::get(context, depth, products * columns,
                                   options.weight, options.panel,
                                   options.interleave)};
  if (options.isGated) {
    appendStepTypes(types, options.halves, products * columns, element);
    appendStepTypes(types, options.gate, columns, element);
  }
  appendStepTypes(types, options.epilogue, columns, element);
  types.push_back(tile::ViewType::get(context, kAny, columns, options.result));
  auto kernel = tile::KernelOp::create(builder, loc, name, types,
                                       ArrayRef<int64_t>{m, n});

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  ArrayRef<BlockArgument> arguments = kernel.getKernelArguments();
  Value row = kernel.getGridIndices()[0], col = kernel.getGridIndices()[1];
  Value zero = b.index(0);
  SmallVector<Value> places{col};
  if (options.isGated)
    places.push_back(b.addIndex(col, b.index(columns)));

  SmallVector<Stream> streams{{arguments[0], row, /*alongRows=*/false, m, k}};
  SmallVector<Value> zeros;
  for (Value place : places) {
    if (inRows)
      streams.push_back({arguments[1], place, /*alongRows=*/false, n, k});
    else
      streams.push_back({arguments[1], place, /*alongRows=*/true, k, n});
    zeros.push_back(b.splat(b.type(m, n, getArithmeticType(element)), 0));
  }
  SmallVector<Value> blocks(b.loop(
      zero, b.index(depth), k, streams, zeros,
      [&](Value, ValueRange windows, ValueRange sums) -> SmallVector<Value> {
        SmallVector<Value> next;
        for (auto [sum, window] : llvm::zip(sums, windows.drop_front()))
          next.push_back(b.dot(sum, windows[0], window, /*transposed=*/inRows));
        return next;
      }));
  SmallVector<Value> views(arguments.drop_front(2).drop_back());
  ArrayRef<Value> left(views);
  Value block = blocks[0];
  if (options.isGated) {
    size_t count = countArguments(options.halves);
    for (auto [half, place] : llvm::zip(blocks, places))
      half = applySteps(b, half, options.halves, left.take_front(count), row,
                        place);
    left = left.drop_front(count);
    Value &gated = blocks[options.gateFirst ? 0 : 1];
    count = countArguments(options.gate);
    gated =
        applySteps(b, gated, options.gate, left.take_front(count), row, col);
    left = left.drop_front(count);
    block = b.mul(blocks[0], blocks[1]);
  }
  block = applySteps(b, block, extendSteps(options.epilogue, columns, n), left,
                     row, col);
  b.store(block, arguments.back(), row, col);
  return kernel;
}
