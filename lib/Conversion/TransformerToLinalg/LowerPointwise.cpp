//===- LowerPointwise.cpp - Activations, residuals, gains to linalg -------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::tfm_to_linalg;
using tfm::ActivationKind;

static Value emitActivation(Scalars &s, ActivationKind kind, Value x,
                            Value slope) {
  auto constant = [&](double value) { return s.constant(x, value); };
  switch (kind) {
  case ActivationKind::ReLU:
    return s.max(x, constant(0.0));
  case ActivationKind::LeakyReLU:
    // A NaN is not >= 0, and slope * NaN is NaN.
    return s.select(s.atLeast(x, constant(0.0)), x, s.mul(slope, x));
  case ActivationKind::GELUErf: {
    Value erf = s.erf(s.mul(x, constant(0.70710678118654752440)));
    return s.mul(s.mul(constant(0.5), x), s.add(constant(1.0), erf));
  }
  case ActivationKind::GELUTanh: {
    Value cube = s.mul(x, s.mul(x, x));
    Value inner = s.mul(constant(0.79788456080286535588),
                        s.add(x, s.mul(constant(0.044715), cube)));
    return s.mul(s.mul(constant(0.5), x), s.add(constant(1.0), s.tanh(inner)));
  }
  case ActivationKind::GELUSigmoid:
    return s.mul(x, s.sigmoid(s.mul(constant(1.702), x)));
  case ActivationKind::SiLU:
    return s.mul(x, s.sigmoid(x));
  case ActivationKind::Tanh:
    return s.tanh(x);
  case ActivationKind::Sigmoid:
    return s.sigmoid(x);
  }
  llvm_unreachable("all kinds are listed");
}

namespace {

struct LowerActivation : OpRewritePattern<tfm::ActivationOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tfm::ActivationOp op,
                                PatternRewriter &rewriter) const override {
    Emitter e(rewriter, op.getLoc());
    Type element = op.getInput().getType().getElementType();
    Generic generic(e, e.extents(op.getInput()), computeType(element));
    generic.in(op.getInput());
    if (op.getSlope())
      generic.gain(op.getSlope(), /*loop=*/0);
    Value result = generic.map(element, [&](Scalars &s, ValueRange args) {
      return emitActivation(s, op.getKind(), args[0],
                            op.getSlope() ? args[1] : Value());
    });
    rewriter.replaceOp(op, e.castTo(result, op.getResult().getType()));
    return success();
  }
};

struct LowerAddScaled : OpRewritePattern<tfm::AddScaledOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tfm::AddScaledOp op,
                                PatternRewriter &rewriter) const override {
    Emitter e(rewriter, op.getLoc());
    auto type = op.getLhs().getType();
    unsigned channel = type.getRank() - 1;
    Generic generic(e, e.extents(op.getLhs()),
                    computeType(type.getElementType()));
    generic.in(op.getLhs());
    generic.in(op.getRhs());
    unsigned lhsGain = 0, rhsGain = 0;
    if (op.getLhsGain())
      lhsGain = generic.gain(op.getLhsGain(), channel);
    if (op.getRhsGain())
      rhsGain = generic.gain(op.getRhsGain(), channel);
    Value result =
        generic.map(type.getElementType(), [&](Scalars &s, ValueRange args) {
          Value lhs = args[0], rhs = args[1];
          if (lhsGain)
            lhs = s.mul(args[lhsGain], lhs);
          if (rhsGain)
            rhs = s.mul(args[rhsGain], rhs);
          return s.add(lhs, rhs);
        });
    rewriter.replaceOp(op, e.castTo(result, op.getResult().getType()));
    return success();
  }
};

struct LowerScale : OpRewritePattern<tfm::ScaleOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tfm::ScaleOp op,
                                PatternRewriter &rewriter) const override {
    Emitter e(rewriter, op.getLoc());
    auto type = op.getInput().getType();
    Generic generic(e, e.extents(op.getInput()),
                    computeType(type.getElementType()));
    generic.in(op.getInput());
    generic.gain(op.getGain(), type.getRank() - 1);
    Value result =
        generic.map(type.getElementType(), [&](Scalars &s, ValueRange args) {
          return s.mul(args[1], args[0]);
        });
    rewriter.replaceOp(op, e.castTo(result, op.getResult().getType()));
    return success();
  }
};

struct LowerGate : OpRewritePattern<tfm::GateOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tfm::GateOp op,
                                PatternRewriter &rewriter) const override {
    Emitter e(rewriter, op.getLoc());
    Type element = op.getLhs().getType().getElementType();
    Generic generic(e, e.extents(op.getLhs()), computeType(element));
    generic.in(op.getLhs());
    generic.in(op.getRhs());
    Value result = generic.map(element, [&](Scalars &s, ValueRange args) {
      return s.mul(args[0], args[1]);
    });
    rewriter.replaceOp(op, e.castTo(result, op.getResult().getType()));
    return success();
  }
};

struct LowerCast : OpRewritePattern<tfm::CastOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tfm::CastOp op,
                                PatternRewriter &rewriter) const override {
    Emitter e(rewriter, op.getLoc());
    Generic generic(e, e.extents(op.getInput()),
                    computeType(getElementTypeOrSelf(op.getInput())));
    generic.in(op.getInput());
    Value result =
        generic.map(getElementTypeOrSelf(op.getResult()),
                    [](Scalars &, ValueRange args) { return args[0]; });
    rewriter.replaceOp(op, e.castTo(result, op.getResult().getType()));
    return success();
  }
};

} // namespace

void ockham::tfm_to_linalg::populatePointwise(RewritePatternSet &patterns) {
  patterns
      .add<LowerActivation, LowerAddScaled, LowerCast, LowerGate, LowerScale>(
          patterns.getContext());
}
