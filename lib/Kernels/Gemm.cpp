//===- Gemm.cpp - A product and what follows it ---------------------------===//
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

static constexpr int64_t kAny = ShapedType::kDynamic;

/// The views that the steps of an epilogue take.
static SmallVector<Type> getEpilogueTypes(MLIRContext *context,
                                          const GemmOptions &options) {
  SmallVector<Type> types;
  auto view = [&](int64_t rows, int64_t cols) {
    types.push_back(tile::ViewType::get(context, rows, cols, options.element));
  };
  for (const EpilogueStep &step : options.epilogue) {
    switch (step.kind) {
    case EpilogueStep::Bias:
    case EpilogueStep::Gain:
      view(1, step.isScalar ? 1 : options.columns);
      break;
    case EpilogueStep::RowScale:
      view(kAny, 1);
      break;
    case EpilogueStep::Add:
      view(kAny, options.columns);
      break;
    case EpilogueStep::AddScaled:
      view(1, step.isScalar ? 1 : options.columns);
      view(kAny, options.columns);
      break;
    case EpilogueStep::Activate:
      if (step.hasSlope)
        view(1, 1);
      break;
    }
  }
  return types;
}

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
  llvm::append_range(types, getEpilogueTypes(context, options));
  types.push_back(tile::ViewType::get(context, kAny, columns, options.element));
  auto kernel = tile::KernelOp::create(builder, loc, name, types,
                                       ArrayRef<int64_t>{m, n});

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  ArrayRef<BlockArgument> arguments = kernel.getKernelArguments();
  Value row = kernel.getGridIndices()[0], col = kernel.getGridIndices()[1];
  Value zero = b.index(0);
  auto next = arguments.drop_front(2).begin();

  Value block = b.loop(
      zero, b.index(depth), k,
      {{arguments[0], row, /*alongRows=*/false, m, k},
       {arguments[1], col, /*alongRows=*/true, k, n}},
      b.splat(b.type(m, n, options.element), 0),
      [&](Value, ValueRange windows, ValueRange sums) -> SmallVector<Value> {
        return {b.dot(sums[0], windows[0], windows[1])};
      })[0];
  auto loadGain = [&](const EpilogueStep &step) {
    return step.isScalar ? b.load(*next++, zero, zero, 1, 1)
                         : b.load(*next++, zero, col, 1, n);
  };
  for (const EpilogueStep &step : options.epilogue) {
    switch (step.kind) {
    case EpilogueStep::Bias:
      block = b.add(block, b.load(*next++, zero, col, 1, n));
      break;
    case EpilogueStep::Gain:
      block = b.mul(block, loadGain(step));
      break;
    case EpilogueStep::RowScale:
      block = b.mul(block, b.load(*next++, row, zero, m, 1));
      break;
    case EpilogueStep::Add:
      block = b.add(block, b.load(*next++, row, col, m, n));
      break;
    case EpilogueStep::AddScaled: {
      Value gain = loadGain(step);
      block = b.add(block, b.mul(gain, b.load(*next++, row, col, m, n)));
      break;
    }
    case EpilogueStep::Activate: {
      Value slope;
      if (step.hasSlope)
        slope = b.load(*next++, zero, zero, 1, 1);
      block = b.activate(step.activation, block, slope);
      break;
    }
    }
  }
  b.store(block, arguments.back(), row, col);
  return kernel;
}
