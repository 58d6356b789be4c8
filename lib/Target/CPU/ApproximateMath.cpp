//===- ApproximateMath.cpp - Polynomials instead of library calls ---------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Approximation.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ockham/Target/CPU/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CPUAPPROXIMATEMATH
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

using namespace mlir;

//===----------------------------------------------------------------------===//
// Sine and cosine
//===----------------------------------------------------------------------===//

/// A scalar or vector constant.
static Value makeConstant(ImplicitLocOpBuilder &b, Type type, double value) {
  TypedAttr attr = b.getFloatAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    attr = SplatElementsAttr::get(vector, attr);
  return arith::ConstantOp::create(b, attr);
}

/// The nearest whole number of a float64 below 2^51: there is no room for
/// fractions when 1.5 * 2^52 is added.
static Value roundToWhole(ImplicitLocOpBuilder &b, Value value) {
  Value large = makeConstant(b, value.getType(), 0x1.8p+52);
  return arith::SubFOp::create(b, arith::AddFOp::create(b, value, large),
                               large);
}

/// `c0 + x (c1 + x (c2 ...))`
static Value buildPolynomial(ImplicitLocOpBuilder &b, Value x,
                             ArrayRef<double> coefficients) {
  Value sum = makeConstant(b, x.getType(), coefficients.back());
  for (double coefficient : llvm::reverse(coefficients.drop_back()))
    sum = math::FmaOp::create(b, sum, x,
                              makeConstant(b, x.getType(), coefficient));
  return sum;
}

namespace {
/// Sine or cosine of f32. Positions of a rotary embedding reach thousands of
/// radians: the multiple of pi / 2 is taken off in f64, in parts of which the
/// first two have no more than 33 bits, so that their products are exact. Good
/// to an ulp up to 10^6, in absolute terms to 10^-6 up to 10^10.
template <typename Op>
struct ApproximateSineOrCosine : public OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(type).isF32())
      return rewriter.notifyMatchFailure(op, "the type is not f32");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    auto shaped = dyn_cast<VectorType>(type);
    Type wide = b.getF64Type();
    if (shaped)
      wide = shaped.clone(wide);
    auto constant = [&](double value) { return makeConstant(b, wide, value); };
    auto mul = [&](Value lhs, Value rhs) -> Value {
      return arith::MulFOp::create(b, lhs, rhs);
    };
    auto sub = [&](Value lhs, Value rhs) -> Value {
      return arith::SubFOp::create(b, lhs, rhs);
    };

    // x = quarters * pi / 2 + rest
    Value x = arith::ExtFOp::create(b, wide, op.getOperand());
    Value quarters = roundToWhole(b, mul(x, constant(0.63661977236758134308)));
    Value rest = x;
    for (double part :
         {0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2e037073p-69})
      rest = sub(rest, mul(quarters, constant(part)));
    // Which of the four: quarters modulo 4.
    Value turns =
        roundToWhole(b, sub(mul(quarters, constant(0.25)), constant(0.375)));
    Value quarter = sub(quarters, mul(turns, constant(4)));

    Value r = arith::TruncFOp::create(b, type, rest);
    // Beyond 2^51 the rest means nothing, but the result stays one. NaN stays.
    r = arith::MaximumFOp::create(b, r, makeConstant(b, type, -0.7854));
    r = arith::MinimumFOp::create(b, r, makeConstant(b, type, 0.7854));
    Value r2 = arith::MulFOp::create(b, r, r);
    Value r3 = arith::MulFOp::create(b, r2, r);
    Value sine = math::FmaOp::create(
        b,
        buildPolynomial(b, r2,
                        {-0.16666654599940997, 0.008332160144110843,
                         -0.00019515197901797974}),
        r3, r);
    Value cosine =
        buildPolynomial(b, r2,
                        {1, -0.5, 0.041666645665979336, -0.0013887315412016332,
                         2.44330591147026e-05});

    auto isQuarter = [&](double value) -> Value {
      return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, quarter,
                                   constant(value));
    };
    constexpr bool isSine = std::is_same_v<Op, math::SinOp>;
    Value isOdd = arith::OrIOp::create(b, isQuarter(1), isQuarter(3));
    Value result = arith::SelectOp::create(b, isOdd, isSine ? cosine : sine,
                                           isSine ? sine : cosine);
    Value isNegative =
        arith::OrIOp::create(b, isQuarter(2), isQuarter(isSine ? 3 : 1));
    Value negated = arith::NegFOp::create(b, result);
    rewriter.replaceOp(op,
                       arith::SelectOp::create(b, isNegative, negated, result));
    return success();
  }
};

/// 2^x of f32, good to 1.4 ulp: a power of two times a polynomial of what is
/// left of x, at most a half. Below 2^-126 it is zero.
struct ApproximateExp2 : public OpRewritePattern<math::Exp2Op> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(math::Exp2Op op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(type).isF32())
      return rewriter.notifyMatchFailure(op, "the type is not f32");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Type bits = b.getI32Type();
    if (auto shaped = dyn_cast<VectorType>(type))
      bits = shaped.clone(bits);
    auto integer = [&](int32_t value) -> Value {
      TypedAttr attr = b.getI32IntegerAttr(value);
      if (auto shaped = dyn_cast<VectorType>(bits))
        attr = SplatElementsAttr::get(shaped, static_cast<Attribute>(attr));
      return arith::ConstantOp::create(b, attr);
    };
    // A comparison with a NaN does not hold: it stays one.
    auto limit = [&](Value x, arith::CmpFPredicate beyond, double bound) {
      Value constant = makeConstant(b, type, bound);
      Value is = arith::CmpFOp::create(b, beyond, constant, x);
      return Value(arith::SelectOp::create(b, is, constant, x));
    };
    Value x = limit(op.getOperand(), arith::CmpFPredicate::OGT, -126);
    x = limit(x, arith::CmpFPredicate::OLT, 128);
    // There is no room for fractions when 1.5 * 2^23 is added, and the lowest
    // bits are the whole number.
    Value large = makeConstant(b, type, 0x1.8p+23);
    Value shifted = arith::AddFOp::create(b, x, large);
    Value rest = arith::SubFOp::create(
        b, x, arith::SubFOp::create(b, shifted, large).getResult());
    // Twice the power, so that the other factor, 2^(whole - 1), is finite for
    // all results that are.
    Value polynomial =
        buildPolynomial(b, rest,
                        {2, 0x1.62e43p+0, 0x1.ebfbdcp-2, 0x1.c6aee8p-4,
                         0x1.3b2d4cp-6, 0x1.5f3e52p-9, 0x1.41fbbcp-12});
    Value exponent = arith::BitcastOp::create(b, bits, shifted);
    exponent = arith::ShLIOp::create(b, exponent, integer(23));
    exponent = arith::AddIOp::create(b, exponent, integer(126 << 23));
    Value power = arith::BitcastOp::create(b, type, exponent);
    rewriter.replaceOpWithNewOp<arith::MulFOp>(op, polynomial, power);
    return success();
  }
};

struct CPUApproximateMath
    : ockham::impl::CPUApproximateMathBase<CPUApproximateMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    // f16 and bf16 are computed in f32, for which there are polynomials.
    populateMathF32ExpansionPatterns(patterns, [](StringRef) { return true; });
    // Upstream's sine and cosine lose a digit with each digit of the operand,
    // and its arc tangent is off by 40 ulps.
    populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
      return name != math::SinOp::getOperationName() &&
             name != math::CosOp::getOperationName() &&
             name != math::AtanOp::getOperationName() &&
             name != math::Atan2Op::getOperationName();
    });
    // As integers: the instructions that some processors have for it treat
    // subnormal numbers as zero.
    arith::populateExpandBFloat16Patterns(patterns);
    patterns.add<ApproximateSineOrCosine<math::SinOp>,
                 ApproximateSineOrCosine<math::CosOp>, ApproximateExp2>(
        &getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
