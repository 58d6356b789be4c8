//===- InlineBlocks.cpp - Dissolve tfm.block ------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Transforms/Passes.h"

#include "mlir/IR/Builders.h"

namespace ockham {
#define GEN_PASS_DEF_INLINEBLOCKS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

namespace {

/// What the ops of a block keep of it: `{name = "h.0", index = 0, kind = ...}`.
DictionaryAttr describe(tfm::BlockOp block) {
  Builder builder(block.getContext());
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("name", block.getNameAttr()),
       builder.getNamedAttr("index", block.getIndexAttr()),
       builder.getNamedAttr("kind", block.getKindAttr())});
}

void inlineBlock(tfm::BlockOp block) {
  Attribute description = describe(block);
  // Ops of an inner block that is gone already keep the inner one's attribute.
  block.getBody().walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isa<tfm::YieldOp>(op) && !op->hasAttr("tfm.in_block"))
      op->setAttr("tfm.in_block", description);
    // Into tfm.parallel, but not into the scalar bodies of other dialects.
    return isa<tfm::TfmDialect>(op->getDialect()) ? WalkResult::advance()
                                                  : WalkResult::skip();
  });
  tfm::dissolve(block);
}

struct InlineBlocks : ockham::impl::InlineBlocksBase<InlineBlocks> {
  void runOnOperation() override {
    // Post-order: inner blocks first.
    getOperation().walk([](tfm::BlockOp block) { inlineBlock(block); });
  }
};

} // namespace
