//===- TransformerToLinalg.cpp - Lower tfm ops to linalg ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

#include "ockham/Conversion/Passes.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"

namespace ockham {
#define GEN_PASS_DEF_CONVERTTRANSFORMERTOLINALG
#include "ockham/Conversion/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

namespace {

struct ConvertTransformerToLinalg
    : ockham::impl::ConvertTransformerToLinalgBase<ConvertTransformerToLinalg> {
  void runOnOperation() override {
    // Post-order: inner structure first.
    getOperation().walk([](Operation *op) {
      if (isa<tfm::BlockOp, tfm::FusedOp, tfm::ParallelOp>(op))
        tfm::dissolve(op);
    });

    RewritePatternSet patterns(&getContext());
    tfm_to_linalg::populateAttention(patterns);
    tfm_to_linalg::populateCrossEntropy(patterns);
    tfm_to_linalg::populateEmbedding(patterns);
    tfm_to_linalg::populateLinear(patterns);
    tfm_to_linalg::populateNorm(patterns);
    tfm_to_linalg::populatePointwise(patterns);
    walkAndApplyPatterns(getOperation(), std::move(patterns));

    WalkResult left = getOperation().walk([](Operation *op) {
      if (!isa<tfm::TfmDialect>(op->getDialect()))
        return WalkResult::advance();
      op->emitError() << "no lowering of '" << op->getName()
                      << "' to linalg applies to this form of it";
      return WalkResult::interrupt();
    });
    if (left.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
