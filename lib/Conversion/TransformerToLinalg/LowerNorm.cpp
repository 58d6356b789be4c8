//===- LowerNorm.cpp - tfm.norm to linalg ---------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Statistics are reductions over the last dimension into one number per row,
// kept in the compute type; one generic then writes the rows.
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::tfm_to_linalg;
using tfm::NormKind;
using tfm::StdAxis;

namespace {

/// A tensor whose rows are normalised.
struct Rows {
  Rows(Emitter &e, Value x)
      : e(e), x(x), extents(e.extents(x)), channel(extents.size() - 1),
        element(cast<RankedTensorType>(x.getType()).getElementType()),
        compute(computeType(element)) {
    for (unsigned loop = 0; loop < channel; ++loop)
      rowLoops.push_back(loop);
  }

  /// The width of a row as a number inside a body.
  Value width(Scalars &s) const {
    if (auto known = getConstantIntValue(extents[channel]))
      return s.constant(compute, double(*known));
    return s.toFloat(cast<Value>(extents[channel]), compute);
  }

  /// One number per row, of another one.
  Value mapRows(Value stat, Generic::Body body) const {
    Generic generic(e, ArrayRef(extents).drop_back(), compute);
    generic.in(stat);
    return generic.map(compute, body);
  }

  Value mean() const {
    Generic generic(e, extents, compute);
    generic.in(x);
    Value sum =
        generic.reduce(compute, rowLoops, 0.0, [](Scalars &s, ValueRange args) {
          return s.add(args[1], args[0]);
        });
    return mapRows(sum, [&](Scalars &s, ValueRange args) {
      return s.div(args[0], width(s));
    });
  }

  /// Sum of squares, of the distances from `mean` if it is given: two passes,
  /// because E[x^2] - E[x]^2 cancels.
  Value squares(Value mean) const {
    Generic generic(e, extents, compute);
    generic.in(x);
    if (mean)
      generic.in(mean, rowLoops);
    return generic.reduce(compute, rowLoops, 0.0,
                          [&](Scalars &s, ValueRange args) {
                            Value d = mean ? s.sub(args[0], args[1]) : args[0];
                            return s.add(args.back(), s.mul(d, d));
                          });
  }

  Emitter &e;
  Value x;
  Extents extents;
  unsigned channel;
  Type element, compute;
  SmallVector<unsigned> rowLoops;
};

} // namespace

Value tfm_to_linalg::emitLiveNorm(Emitter &e, Value x, NormKind kind,
                                  double eps, bool epsOutside, Value scale,
                                  Value shift) {
  Rows rows(e, x);
  Value mean = kind == NormKind::Layer ? rows.mean() : Value();
  Value inverse =
      rows.mapRows(rows.squares(mean), [&](Scalars &s, ValueRange args) {
        Value square = s.div(args[0], rows.width(s));
        Value root;
        if (epsOutside)
          root = s.add(s.sqrt(square), s.constant(square, eps));
        else
          root = s.sqrt(s.add(square, s.constant(square, eps)));
        return s.div(s.constant(square, 1.0), root);
      });

  Generic generic(e, rows.extents, rows.compute);
  generic.in(x);
  unsigned inverseArg = generic.in(inverse, rows.rowLoops);
  unsigned meanArg = mean ? generic.in(mean, rows.rowLoops) : 0;
  unsigned scaleArg = scale ? generic.in(scale, {rows.channel}) : 0;
  unsigned shiftArg = shift ? generic.in(shift, {rows.channel}) : 0;
  return generic.map(rows.element, [&](Scalars &s, ValueRange args) {
    Value value = meanArg ? s.sub(args[0], args[meanArg]) : args[0];
    value = s.mul(value, args[inverseArg]);
    if (scaleArg)
      value = s.mul(value, args[scaleArg]);
    if (shiftArg)
      value = s.add(value, args[shiftArg]);
    return value;
  });
}

/// The std of each row: `std[min(past[b] + t, last)]`.
static Value emitPositionStd(Emitter &e, const Rows &rows, Value std,
                             Value past) {
  unsigned t = rows.channel - 1;
  Extent last = e.extent(std, 0);
  Generic generic(e, ArrayRef(rows.extents).drop_back(), rows.compute);
  if (past)
    generic.in(past, {0});
  return generic.map(rows.compute, [&](Scalars &s, ValueRange args) {
    Value position = s.loop(t);
    if (past)
      position = s.addIndex(s.toIndex(args[0]), position);
    position = s.minIndex(position, s.subIndex(s.index(last), s.index(1)));
    // Not below the first row either: nothing is read out of bounds.
    position = s.maxIndex(position, s.index(0));
    Value entry = tensor::ExtractOp::create(s.builder, s.loc, std, position);
    return s.floatCast(entry, rows.compute);
  });
}

static Value emitFixedNorm(Emitter &e, tfm::NormOp op) {
  Rows rows(e, op.getInput());
  Value mean = op.getUncentred() ? Value() : rows.mean();
  Generic generic(e, rows.extents, rows.compute);
  generic.in(op.getInput());
  unsigned stdArg;
  if (op.getStdAxis() == StdAxis::Position)
    stdArg = generic.in(emitPositionStd(e, rows, op.getStd(), op.getPast()),
                        rows.rowLoops);
  else
    stdArg = generic.gain(op.getStd(), rows.channel);
  unsigned meanArg = mean ? generic.in(mean, rows.rowLoops) : 0;
  unsigned scaleArg =
      op.getScale() ? generic.in(op.getScale(), {rows.channel}) : 0;
  unsigned shiftArg =
      op.getShift() ? generic.in(op.getShift(), {rows.channel}) : 0;
  return generic.map(rows.element, [&](Scalars &s, ValueRange args) {
    Value value = meanArg ? s.sub(args[0], args[meanArg]) : args[0];
    value = s.div(value, args[stdArg]);
    if (scaleArg)
      value = s.mul(value, args[scaleArg]);
    if (shiftArg)
      value = s.add(value, args[shiftArg]);
    return value;
  });
}

static Value emitPointwiseNorm(Emitter &e, tfm::NormOp op) {
  Rows rows(e, op.getInput());
  Generic generic(e, rows.extents, rows.compute);
  generic.in(op.getInput());
  unsigned alpha = generic.gain(op.getAlpha(), rows.channel);
  unsigned offset =
      op.getOffset() ? generic.gain(op.getOffset(), rows.channel) : 0;
  unsigned scale =
      op.getScale() ? generic.in(op.getScale(), {rows.channel}) : 0;
  unsigned shift =
      op.getShift() ? generic.in(op.getShift(), {rows.channel}) : 0;
  return generic.map(rows.element, [&](Scalars &s, ValueRange args) {
    Value value = s.mul(args[alpha], args[0]);
    if (offset)
      value = s.add(value, args[offset]);
    value = op.getKind() == NormKind::Erf ? s.erf(value) : s.tanh(value);
    if (scale)
      value = s.mul(value, args[scale]);
    if (shift)
      value = s.add(value, args[shift]);
    return value;
  });
}

namespace {

struct LowerNorm : OpRewritePattern<tfm::NormOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tfm::NormOp op,
                                PatternRewriter &rewriter) const override {
    Emitter e(rewriter, op.getLoc());
    Value result;
    switch (op.getKind()) {
    case NormKind::Layer:
    case NormKind::RMS:
      result = emitLiveNorm(e, op.getInput(), op.getKind(),
                            op.getEps().convertToDouble(), op.getEpsOutside(),
                            op.getScale(), op.getShift());
      break;
    case NormKind::Fixed:
      result = emitFixedNorm(e, op);
      break;
    case NormKind::Tanh:
    case NormKind::Erf:
      result = emitPointwiseNorm(e, op);
      break;
    }
    rewriter.replaceOp(op, e.castTo(result, op.getResult().getType()));
    return success();
  }
};

} // namespace

void ockham::tfm_to_linalg::populateNorm(RewritePatternSet &patterns) {
  patterns.add<LowerNorm>(patterns.getContext());
}
