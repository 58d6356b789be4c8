//===- AttentionCentre.cpp - Diagonal and centre of shaped attention ------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// alpha * I and gamma * C ([SAS] equation 5) are never built. The first picks
// rows of the value. The keys that C averages are nearly always the first n of
// a sequence: then C v is a running sum, linear in the number of keys.
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::tfm_to_linalg;

//===----------------------------------------------------------------------===//
// Diagonal
//===----------------------------------------------------------------------===//

/// Copies rows [offset, offset + count) of sequence b of `value` to the first
/// rows of sequence b of `rows`.
static Value copyRows(Emitter &e, Value value, Value rows, Extent b,
                      Extent batch, Extent offset, Extent count) {
  Extent zero = e.fixed(0), one = e.fixed(1), width = e.extent(value, 2);
  SmallVector<Extent> ones(3, one);
  Value part = tensor::ExtractSliceOp::create(
      e.builder, e.loc, value, SmallVector<Extent>{b, offset, zero},
      SmallVector<Extent>{batch, count, width}, ones);
  return tensor::InsertSliceOp::create(
      e.builder, e.loc, part, rows, SmallVector<Extent>{b, zero, zero},
      SmallVector<Extent>{batch, count, width}, ones);
}

Value tfm_to_linalg::emitDiagonal(Emitter &e, tfm::AttentionOp op) {
  Value value = op.getValue(), past = op.getPast();
  Extent queries = e.extent(op.getQuery(), 1), keys = e.extent(value, 1);
  if (op.getAlpha())
    emitPositionCheck(e, op, past, queries, keys, "the value");
  if (!past && op.getAlpha())
    return e.slice(value, 1, e.fixed(0), queries);

  Type element = op.getValue().getType().getElementType();
  Extents extents = e.extents(value);
  extents[1] = queries;
  Value rows = e.filled(extents, element, 0.0);
  Value numQueries = e.index(queries), numKeys = e.index(keys);
  if (!past) {
    Value count = e.minIndex(numQueries, numKeys);
    return copyRows(e, value, rows, e.fixed(0), extents[0], e.fixed(0), count);
  }
  auto loop = scf::ForOp::create(
      e.builder, e.loc, e.index(0), e.index(extents[0]), e.index(1), rows,
      [&](OpBuilder &builder, Location loc, Value b, ValueRange args) {
        Emitter inner(builder, loc);
        Value offset =
            inner.toIndex(tensor::ExtractOp::create(builder, loc, past, b));
        offset =
            inner.maxIndex(inner.minIndex(offset, numKeys), inner.index(0));
        Value count =
            inner.minIndex(inner.subIndex(numKeys, offset), numQueries);
        Value next =
            copyRows(inner, value, args[0], b, inner.fixed(1), offset, count);
        scf::YieldOp::create(builder, loc, next);
      });
  return loop.getResult(0);
}

//===----------------------------------------------------------------------===//
// Centre
//===----------------------------------------------------------------------===//

/// True if only keys below key_lengths[b] count.
static bool isLimited(tfm::AttentionOp op) {
  return op.getCentre() == tfm::Centre::Visible && op.getKeyLengths();
}

bool PrefixCentre::covers(tfm::AttentionOp op) {
  if (op.getCentre() != tfm::Centre::Visible || !op.getMask())
    return true;
  return isa<FloatType>(
      cast<RankedTensorType>(op.getMask().getType()).getElementType());
}

/// Sum over the keys j of a sequence with j < past[b] (if `beforeQueries`) and
/// j < key_lengths[b] (if they limit the centre).
static Value sumKeys(Emitter &e, tfm::AttentionOp op, bool beforeQueries) {
  Extents extents = e.extents(op.getValue());
  Type compute = computeType(op.getValue().getType().getElementType());
  // [B, width, keys] would read columns; the reduction is the middle loop.
  Generic generic(e, extents, compute);
  generic.in(op.getValue());
  unsigned past = beforeQueries ? generic.in(op.getPast(), {0}) : 0;
  unsigned length = isLimited(op) ? generic.in(op.getKeyLengths(), {0}) : 0;
  return generic.reduce(
      compute, {0, 2}, 0.0, [&](Scalars &s, ValueRange args) -> Value {
        Value counts;
        if (past)
          counts = s.less(s.loop(1), s.toIndex(args[past]));
        if (length)
          counts = s.both(counts, s.less(s.loop(1), s.toIndex(args[length])));
        Value term = args[0];
        if (counts)
          term = s.select(counts, term, s.constant(compute, 0.0));
        return s.add(args.back(), term);
      });
}

/// Running sums over the queries, on top of the keys before the first one.
static Value scanQueries(Emitter &e, tfm::AttentionOp op, Value diagonal) {
  Extents extents = e.extents(diagonal);
  Extent batch = extents[0], width = extents[2];
  Type compute = computeType(op.getValue().getType().getElementType());
  Value running = op.getPast() ? sumKeys(e, op, /*beforeQueries=*/true)
                               : e.filled({batch, width}, compute, 0.0);
  // The running sum is carried beside the rows: reading back the row before
  // would cost a copy of all rows when tensors become buffers.
  Value rows = e.empty(extents, compute);
  auto loop = scf::ForOp::create(
      e.builder, e.loc, e.index(0), e.index(extents[1]), e.index(1),
      ValueRange{running, rows},
      [&](OpBuilder &builder, Location loc, Value t, ValueRange args) {
        Emitter inner(builder, loc);
        Extent zero = inner.fixed(0), one = inner.fixed(1);
        SmallVector<Extent> offsets{zero, t, zero}, sizes{batch, one, width},
            ones(3, one);
        auto type = cast<RankedTensorType>(diagonal.getType());
        auto rowType = RankedTensorType::get(
            {type.getDimSize(0), type.getDimSize(2)}, type.getElementType());
        Value row = tensor::ExtractSliceOp::create(
            builder, loc, rowType, diagonal, offsets, sizes, ones);

        Generic generic(inner, {batch, width}, compute);
        generic.in(row);
        unsigned length = 0, past = 0;
        if (isLimited(op)) {
          length = generic.in(op.getKeyLengths(), {0});
          if (op.getPast())
            past = generic.in(op.getPast(), {0});
        }
        Value next = generic.update(
            args[0], [&](Scalars &s, ValueRange elements) -> Value {
              Value term = elements[0];
              if (length) {
                Value position = t;
                if (past)
                  position = s.addIndex(s.toIndex(elements[past]), position);
                term = s.select(s.less(position, s.toIndex(elements[length])),
                                term, s.constant(compute, 0.0));
              }
              return s.add(elements.back(), term);
            });
        Value all = tensor::InsertSliceOp::create(builder, loc, next, args[1],
                                                  offsets, sizes, ones);
        scf::YieldOp::create(builder, loc, ValueRange{next, all});
      });
  return loop.getResult(1);
}

PrefixCentre::PrefixCentre(Emitter &e, tfm::AttentionOp op, Value diagonal)
    : perQuery(op.getCausal()) {
  sums = perQuery ? scanQueries(e, op, diagonal)
                  : sumKeys(e, op, /*beforeQueries=*/false);
}

Value PrefixCentre::count(Scalars &s, tfm::AttentionOp op, Value t, Value past,
                          Value length, Extent keys) {
  Value count = s.index(keys);
  if (isLimited(op))
    count = s.minIndex(count, s.maxIndex(length, s.index(0)));
  if (op.getCausal()) {
    Value position = past ? s.addIndex(past, t) : t;
    count = s.minIndex(count, s.addIndex(position, s.index(1)));
  }
  return count;
}
