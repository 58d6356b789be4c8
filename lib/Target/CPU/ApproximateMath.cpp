//===- ApproximateMath.cpp - Polynomials instead of library calls ---------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Math/Transforms/Approximation.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "ockham/Target/CPU/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CPUAPPROXIMATEMATH
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

using namespace mlir;

namespace {
struct CPUApproximateMath
    : ockham::impl::CPUApproximateMathBase<CPUApproximateMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    // f16 and bf16 are computed in f32, for which there are polynomials.
    populateMathPolynomialApproximationPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
