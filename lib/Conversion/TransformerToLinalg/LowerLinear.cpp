//===- LowerLinear.cpp - tfm.linear and tfm.split to linalg ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::tfm_to_linalg;

namespace {

/// One matrix product over all rows, then one generic for what follows it. A
/// linear that accumulates needs none: its bias goes onto `init` before.
struct LowerLinear : OpRewritePattern<tfm::LinearOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tfm::LinearOp op,
                                PatternRewriter &rewriter) const override {
    Emitter e(rewriter, op.getLoc());
    Value input = op.getInput();
    auto type = op.getInput().getType();
    unsigned rank = type.getRank();
    Type compute = computeType(type.getElementType());
    Extents extents = e.extents(input);

    // [rows, in], whatever the rank is.
    Value rows;
    if (rank == 1)
      rows = e.expand(input, {2}, {e.fixed(1), extents[0]});
    else
      rows = e.collapse(input, {rank - 1, 1});
    Value start = getAccumulator(e, op, compute, rank);
    Value product = e.matmul(rows, op.getWeight(), op.getTransposed(), start);

    extents.back() = e.extent(product, 1);
    if (rank == 1)
      product = e.collapse(product, {2});
    else
      product = e.expand(product, {rank - 1, 1}, extents);
    if (!start)
      product = finish(e, op, product, extents, compute);
    rewriter.replaceOp(op, e.castTo(product, op.getResult().getType()));
    return success();
  }

  /// init + bias as [rows, out], where the product can be accumulated onto it:
  /// nothing multiplies the product, and sums are of the result's type.
  static Value getAccumulator(Emitter &e, tfm::LinearOp op, Type compute,
                              unsigned rank) {
    Value init = op.getInit();
    if (!init || op.getResidGain() || op.getSkipGain() || op.getRowScale() ||
        op.getResult().getType().getElementType() != compute)
      return Value();
    Extents extents = e.extents(init);
    if (Value bias = op.getBias()) {
      Generic generic(e, extents, compute);
      generic.in(init);
      generic.in(bias, {rank - 1});
      init = generic.map(compute, [](Scalars &s, ValueRange args) {
        return s.add(args[0], args[1]);
      });
    }
    if (rank == 1)
      return e.expand(init, {2}, {e.fixed(1), extents[0]});
    return e.collapse(init, {rank - 1, 1});
  }

  /// init + row_scale * (resid * product + skip * input) + bias, in this order
  /// of rounding; the identity of the reparametrised form is never built.
  static Value finish(Emitter &e, tfm::LinearOp op, Value product,
                      ArrayRef<Extent> extents, Type compute) {
    Type element = op.getResult().getType().getElementType();
    if (!op.getResidGain() && !op.getSkipGain() && !op.getRowScale() &&
        !op.getBias() && !op.getInit() && element == compute)
      return product;

    unsigned channel = extents.size() - 1;
    SmallVector<unsigned> rowLoops;
    for (unsigned loop = 0; loop < channel; ++loop)
      rowLoops.push_back(loop);

    Generic generic(e, extents, compute);
    generic.in(product);
    unsigned resid = 0, skip = 0, input = 0, scale = 0, bias = 0, init = 0;
    if (op.getResidGain())
      resid = generic.gain(op.getResidGain(), channel);
    if (op.getSkipGain()) {
      skip = generic.gain(op.getSkipGain(), channel);
      input = generic.in(op.getInput());
    }
    if (op.getRowScale())
      scale = generic.in(op.getRowScale(), rowLoops);
    if (op.getBias())
      bias = generic.in(op.getBias(), {channel});
    if (op.getInit())
      init = generic.in(op.getInit());
    return generic.map(element, [&](Scalars &s, ValueRange args) {
      Value value = args[0];
      if (resid)
        value = s.mul(args[resid], value);
      if (skip)
        value = s.add(value, s.mul(args[skip], args[input]));
      if (scale)
        value = s.mul(args[scale], value);
      if (bias)
        value = s.add(value, args[bias]);
      if (init)
        value = s.add(args[init], value);
      return value;
    });
  }
};

/// Views of the columns, taken of the rows as one matrix: flattened again, as a
/// linear wants them, they are views still.
struct LowerSplit : OpRewritePattern<tfm::SplitOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tfm::SplitOp op,
                                PatternRewriter &rewriter) const override {
    Emitter e(rewriter, op.getLoc());
    unsigned rank = op.getInput().getType().getRank();
    Extents extents = e.extents(op.getInput());
    Value rows = op.getInput();
    if (rank > 1)
      rows = e.collapse(rows, {rank - 1, 1});
    unsigned last = rank > 1 ? 1 : 0;
    int64_t offset = 0;
    SmallVector<Value> parts;
    for (Type type : op.getResultTypes()) {
      int64_t width = cast<RankedTensorType>(type).getShape().back();
      Value part = e.slice(rows, last, e.fixed(offset), e.fixed(width));
      extents.back() = e.fixed(width);
      if (rank > 1)
        part = e.expand(part, {rank - 1, 1}, extents);
      parts.push_back(e.castTo(part, type));
      offset += width;
    }
    rewriter.replaceOp(op, parts);
    return success();
  }
};

} // namespace

void ockham::tfm_to_linalg::populateLinear(RewritePatternSet &patterns) {
  patterns.add<LowerLinear, LowerSplit>(patterns.getContext());
}
