//===- AttentionRotary.cpp - Rotary position embedding to linalg ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::tfm_to_linalg;

/// The rows of a table for the positions past[b] + t, `[B, T, columns]`.
static Value gatherRows(Emitter &e, Value table, Value past, Extent count) {
  Type element = cast<RankedTensorType>(table.getType()).getElementType();
  Generic generic(e, {e.extent(past, 0), count, e.extent(table, 1)},
                  computeType(element));
  generic.in(past, {0});
  return generic.map(element, [&](Scalars &s, ValueRange args) -> Value {
    Value row = s.addIndex(s.toIndex(args[0]), s.loop(1));
    return tensor::ExtractOp::create(s.builder, s.loc, table,
                                     ValueRange{row, s.loop(2)});
  });
}

Value tfm_to_linalg::emitRotary(Emitter &e, tfm::AttentionOp op, Value x,
                                Value past) {
  Extents extents = e.extents(x);
  Extent count = extents[1];
  int64_t width = *getConstantIntValue(extents[3]);
  int64_t columns = op.getCos().getType().getDimSize(1);
  Type element = cast<RankedTensorType>(x.getType()).getElementType();

  emitPositionCheck(e, op, past, count, e.extent(op.getCos(), 0),
                    "the rotary table");
  Value cos, sin;
  SmallVector<unsigned> tableLoops;
  if (past) {
    cos = gatherRows(e, op.getCos(), past, count);
    sin = gatherRows(e, op.getSin(), past, count);
    tableLoops = {0, 1, 3};
  } else {
    cos = e.slice(op.getCos(), 0, e.fixed(0), count);
    sin = e.slice(op.getSin(), 0, e.fixed(0), count);
    tableLoops = {1, 3};
  }

  // The two elements of pair c are c and c + columns, or 2c and 2c + 1.
  bool interleaved = op.getInterleaved();
  int64_t stride = interleaved ? 2 : 1, second = interleaved ? 1 : columns;
  auto part = [&](int64_t offset) {
    return e.slice(x, 3, e.fixed(offset), e.fixed(columns), stride);
  };
  Value first = part(0), other = part(second);
  auto rotated = [&](bool isSecond) {
    Extents loops = extents;
    loops[3] = e.fixed(columns);
    Generic generic(e, loops, computeType(element));
    generic.in(first);
    generic.in(other);
    generic.in(cos, tableLoops);
    generic.in(sin, tableLoops);
    return generic.map(element, [&](Scalars &s, ValueRange args) {
      if (isSecond)
        return s.add(s.mul(args[1], args[2]), s.mul(args[0], args[3]));
      return s.sub(s.mul(args[0], args[2]), s.mul(args[1], args[3]));
    });
  };

  Value result = e.empty(extents, element);
  result = e.insert(rotated(false), result, 3, e.fixed(0), stride);
  result = e.insert(rotated(true), result, 3, e.fixed(second), stride);
  if (int64_t rest = width - 2 * columns; rest != 0)
    result = e.insert(e.slice(x, 3, e.fixed(2 * columns), e.fixed(rest)),
                      result, 3, e.fixed(2 * columns));
  return result;
}
