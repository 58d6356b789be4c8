//===- CrossEntropy.cpp - A loss without probabilities --------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A row is read twice: its maximum, then the sum of exponentials. The row of a
// large vocabulary fits into a second-level cache, so memory sees one reading.
//
//===----------------------------------------------------------------------===//

#include "RowWalk.h"
#include "ockham/Kernels/Kernels.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;

tile::KernelOp kernels::buildCrossEntropy(OpBuilder &builder, Location loc,
                                          StringRef name,
                                          const CrossEntropyOptions &options) {
  constexpr int64_t any = ShapedType::kDynamic;
  int64_t columns = options.columns, m = options.blockRows,
          n = std::min(options.blockColumns, columns);
  auto view = [&](int64_t cols, Type element) -> Type {
    return tile::ViewType::get(builder.getContext(), any, cols, element);
  };
  Type types[] = {view(columns, options.element), view(1, options.element),
                  view(1, options.labels), view(1, options.result)};
  auto kernel =
      tile::KernelOp::create(builder, loc, name, types, ArrayRef<int64_t>{m});

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(kernel.getBlock().getTerminator());
  KernelBuilder b(loc, builder);
  ArrayRef<BlockArgument> arguments = kernel.getKernelArguments();
  Value row = kernel.getGridIndices()[0], zero = b.index(0);

  RowWalk walk{arguments[0], row, columns, m, n};
  Value max = walk.max(b);
  // Where all are -inf, or one is inf, the differences would be NaN, which is
  // what the loss is then.
  Value sum = walk.sum(b, [&](Value x) -> Value {
    return math::ExpOp::create(b, b.sub(x, max));
  });
  Value loss = b.add(math::LogOp::create(b, sum), max);

  // Element `label` of row i is number i * columns + label of all of them.
  Type integer = b.getI64Type();
  auto column = b.type(m, 1, integer);
  Value labels = b.load(arguments[2], row, zero, m, 1);
  if (labels.getType() != column)
    labels = arith::ExtSIOp::create(b, column, labels);
  Value start = arith::IndexCastOp::create(b, integer, row);
  Value rows =
      b.addInts(tile::IotaOp::create(b, column), b.broadcast(start, column));
  Value places = b.addInts(
      arith::MulIOp::create(b, rows, b.splat(column, double(columns))), labels);
  Value picked = b.gather(arguments[1], places, zero, /*cols=*/1);
  b.store(b.sub(loss, picked), arguments[3], row, zero);
  return kernel;
}
