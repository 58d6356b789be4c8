//===- LowerMath.cpp - Functions that the GPU has, and polynomials --------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ex2.approx is off by 2^-22 of its result, lg2.approx by 2^-22 near one and by
// as much of its result elsewhere: half a digit more than f32 has. An
// exponential loses another 2^-24 for each unit of its exponent.
//
//===----------------------------------------------------------------------===//

#include "LowerMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Approximation.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

static Value makeSplat(ImplicitLocOpBuilder &b, Type type, double value) {
  TypedAttr attr = b.getFloatAttr(getElementTypeOrSelf(type), value);
  if (auto vector = dyn_cast<VectorType>(type))
    attr = SplatElementsAttr::get(vector, static_cast<Attribute>(attr));
  return arith::ConstantOp::create(b, attr);
}

/// An intrinsic on each element.
static Value callOnElements(ImplicitLocOpBuilder &b, StringRef name,
                            Value operand) {
  Type type = operand.getType(), element = getElementTypeOrSelf(type);
  auto call = [&](Value x) -> Value {
    return LLVM::CallIntrinsicOp::create(b, element, b.getStringAttr(name),
                                         ValueRange{x})
        .getResult(0);
  };
  auto vector = dyn_cast<VectorType>(type);
  if (!vector)
    return call(operand);
  SmallVector<Value> elements;
  for (int64_t i = 0; i < vector.getNumElements(); ++i)
    elements.push_back(call(vector::ExtractOp::create(b, operand, i)));
  return vector::FromElementsOp::create(b, vector, elements);
}

namespace {
/// `before * x`, an instruction, `* behind`.
template <typename Op>
struct UseInstruction : OpRewritePattern<Op> {
  UseInstruction(MLIRContext *context, StringRef name, double before,
                 double behind)
      : OpRewritePattern<Op>(context), name(name), before(before),
        behind(behind) {}

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    Type type = op.getType();
    if (!getElementTypeOrSelf(type).isF32())
      return rewriter.notifyMatchFailure(op, "the type is not f32");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value value = op.getOperand();
    if (before != 1)
      value = arith::MulFOp::create(b, value, makeSplat(b, type, before));
    value = callOnElements(b, name, value);
    if (behind != 1)
      value = arith::MulFOp::create(b, value, makeSplat(b, type, behind));
    rewriter.replaceOp(op, value);
    return success();
  }

  StringRef name;
  double before, behind;
};

/// What LLVM's backend has instructions for. As ops of math, and as LLVM's own
/// ops for them, they would become calls of libdevice.
template <typename Op>
struct UseIntrinsic : OpRewritePattern<Op> {
  UseIntrinsic(MLIRContext *context, StringRef name)
      : OpRewritePattern<Op>(context), name(name) {}

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<LLVM::CallIntrinsicOp>(
        op, op.getType(), rewriter.getStringAttr(name), op->getOperands());
    return success();
  }

  StringRef name;
};
} // namespace

LogicalResult ockham::cuda::lowerMath(gpu::GPUModuleOp device) {
  constexpr double kLog2E = 1.4426950408889634074,
                   kLn2 = 0.69314718055994530942;
  MLIRContext *context = device.getContext();
  RewritePatternSet patterns(context);
  // f16 and bf16 are computed in f32.
  populateMathF32ExpansionPatterns(patterns, [](StringRef name) {
    return name != math::SqrtOp::getOperationName() &&
           name != math::AbsFOp::getOperationName();
  });
  populateMathPolynomialApproximationPatterns(patterns, [](StringRef name) {
    return name == math::TanhOp::getOperationName() ||
           name == math::ErfOp::getOperationName() ||
           name == math::Log1pOp::getOperationName() ||
           name == math::ExpM1Op::getOperationName();
  });
  StringRef power = "llvm.nvvm.ex2.approx",
            logarithm = "llvm.nvvm.lg2.approx.f";
  patterns.add<UseInstruction<math::Exp2Op>>(context, power, 1, 1);
  patterns.add<UseInstruction<math::ExpOp>>(context, power, kLog2E, 1);
  patterns.add<UseInstruction<math::Log2Op>>(context, logarithm, 1, 1);
  patterns.add<UseInstruction<math::LogOp>>(context, logarithm, 1, kLn2);
  patterns.add<UseIntrinsic<math::FmaOp>>(context, "llvm.fma");
  patterns.add<UseIntrinsic<arith::MaxNumFOp>>(context, "llvm.maxnum");
  patterns.add<UseIntrinsic<arith::MinNumFOp>>(context, "llvm.minnum");
  patterns.add<UseIntrinsic<math::SqrtOp>>(context, "llvm.sqrt");
  patterns.add<UseIntrinsic<math::AbsFOp>>(context, "llvm.fabs");
  patterns.add<UseIntrinsic<math::FloorOp>>(context, "llvm.floor");
  patterns.add<UseIntrinsic<math::CeilOp>>(context, "llvm.ceil");
  patterns.add<UseIntrinsic<math::TruncOp>>(context, "llvm.trunc");
  patterns.add<UseIntrinsic<math::RoundEvenOp>>(context, "llvm.roundeven");
  patterns.add<UseIntrinsic<math::CopySignOp>>(context, "llvm.copysign");
  if (failed(applyPatternsGreedily(device, std::move(patterns))))
    return failure();
  WalkResult result = device.walk([](Operation *op) {
    if (!isa_and_nonnull<math::MathDialect>(op->getDialect()))
      return WalkResult::advance();
    op->emitOpError() << "of " << op->getResult(0).getType()
                      << " has neither an instruction nor a polynomial on the "
                         "GPU; expected exp, log, tanh, erf or sqrt of f32";
    return WalkResult::interrupt();
  });
  return failure(result.wasInterrupted());
}
