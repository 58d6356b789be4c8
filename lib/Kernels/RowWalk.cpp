//===- RowWalk.cpp - Reductions of whole rows -----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RowWalk.h"

#include "ockham/Kernels/Kernels.h"

#include <limits>

using namespace mlir;
using namespace ockham;
using namespace ockham::kernels;

Value RowWalk::reduce(KernelBuilder &b, tile::ReduceKind kind,
                      Function of) const {
  bool isMax = kind == tile::ReduceKind::Max;
  auto combine = [&](Value lhs, Value rhs) {
    return isMax ? b.max(lhs, rhs) : b.add(lhs, rhs);
  };
  Type element =
      getArithmeticType(cast<tile::ViewType>(view.getType()).getElementType());
  int64_t whole = columns / step * step;
  double start = isMax ? -std::numeric_limits<double>::infinity() : 0;
  Value sums = b.loop(
      b.index(0), b.index(whole), step, {},
      b.splat(b.type(rows, step, element), start),
      [&](Value col, ValueRange, ValueRange carried) -> SmallVector<Value> {
        return {combine(carried[0], of(b.load(view, row, col, rows, step)))};
      })[0];
  Value result = b.reduce(kind, sums);
  if (columns == whole)
    return result;
  Value rest = of(b.load(view, row, b.index(whole), rows, columns - whole));
  return combine(result, b.reduce(kind, rest));
}

Value RowWalk::sum(KernelBuilder &b, Function of) const {
  return reduce(b, tile::ReduceKind::Sum, of);
}

Value RowWalk::max(KernelBuilder &b) const {
  return reduce(b, tile::ReduceKind::Max, [](Value x) { return x; });
}
