//===- ONNXToTransformer.cpp - Recognise transformers in ONNX -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Raising.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/CSE.h"
#include "ockham/Conversion/Passes.h"
#include "ockham/Support/ConstantData.h"

using namespace mlir;

namespace ockham {
#define GEN_PASS_DEF_CONVERTONNXTOTRANSFORMER
#include "ockham/Conversion/Passes.h.inc"
} // namespace ockham

namespace {

struct ConvertONNXToTransformer
    : ockham::impl::ConvertONNXToTransformerBase<ConvertONNXToTransformer> {
  void runOnOperation() override {
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      if (function.getBody().hasOneBlock())
        raise(function);
    ockham::eraseUnusedWeights(getOperation());
  }

private:
  static void raise(func::FuncOp function) {
    using namespace ockham::raising;
    Raiser raiser(function);
    // Later concepts build on earlier ones: attention reads linears, and what
    // is still a sum of two activations at the end is a residual connection.
    raiseLinears(raiser);
    raiseSequenceFirst(raiser);
    raiseNorms(raiser);
    raiseActivations(raiser);
    raiseSplits(raiser);
    raiseAttentions(raiser);
    raiseSequenceFirst(raiser);
    raiseEmbeddings(raiser);
    raiseCrossEntropies(raiser);
    raisePointwiseNorms(raiser);
    raiseFixedNorms(raiser);
    raiseResiduals(raiser);
    raiseConstants(raiser);
    raiser.reportLeftovers();
    shareEqualOps(function);
    formBlocks(raiser);
  }

  /// Ops of one value, once written in two ways, are equal only now: blocks are
  /// formed where one value carries everything.
  static void shareEqualOps(func::FuncOp function) {
    IRRewriter rewriter(function.getContext());
    DominanceInfo dominance(function);
    eliminateCommonSubExpressions(rewriter, dominance, function);
  }
};

} // namespace
