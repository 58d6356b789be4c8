//===- RowMap.cpp - Rows, element by element ------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Steps.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;

tile::KernelOp kernels::buildRowMap(OpBuilder &builder, Location loc,
                                    StringRef name,
                                    const RowMapOptions &options) {
  int64_t columns = options.columns, m = options.blockRows,
          n = std::min(options.blockColumns, columns);
  auto view = [&](Type element) -> Type {
    return tile::ViewType::get(builder.getContext(), ShapedType::kDynamic,
                               columns, element);
  };
  SmallVector<Type> types{view(options.element)};
  appendStepTypes(types, options.steps, columns, options.element);
  types.push_back(view(options.result));
  auto kernel =
      tile::KernelOp::create(builder, loc, name, types, ArrayRef<int64_t>{m});
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  SmallVector<Value> arguments(kernel.getKernelArguments());
  Value row = kernel.getGridIndices()[0];
  b.loop(b.index(0), b.index(columns), n, {}, {},
         [&](Value col, ValueRange, ValueRange) -> SmallVector<Value> {
           Value block = b.load(arguments.front(), row, col, m, n);
           block = applySteps(b, block, options.steps,
                              ArrayRef(arguments).drop_front().drop_back(), row,
                              col);
           b.store(block, arguments.back(), row, col);
           return {};
         });
  return kernel;
}
