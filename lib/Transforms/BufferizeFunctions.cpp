//===- BufferizeFunctions.cpp - Tensors as buffers, blocks as they are ----===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/TileDialect.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotAnalysis.h"
#include "mlir/Dialect/Bufferization/Transforms/OneShotModuleBufferize.h"
#include "ockham/Transforms/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_BUFFERIZEFUNCTIONS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;

static bool isInKernel(Operation *op) {
  return op->getParentOfType<ockham::tile::KernelOp>() != nullptr;
}

/// Gives every op that writes to an empty or filled tensor one of its own. CSE
/// has made one of equal ones: as a buffer it would be in use from the first to
/// the last of them, and a filled one would be copied for each.
static void separateDestinations(Operation *module) {
  auto separate = [](Operation *op) {
    for (OpOperand &use : llvm::make_early_inc_range(op->getUses())) {
      auto user = dyn_cast<DestinationStyleOpInterface>(use.getOwner());
      // In a loop it would be made in each iteration.
      if (!user || !user.isDpsInit(&use) || user->getBlock() != op->getBlock())
        continue;
      OpBuilder b(user);
      use.set(b.clone(*op)->getResult(0));
    }
    if (op->use_empty())
      op->erase();
  };
  SmallVector<Operation *> fills, empties;
  module->walk([&](linalg::FillOp fill) {
    if (fill.hasPureTensorSemantics() && !fill->hasOneUse() &&
        !isInKernel(fill))
      fills.push_back(fill);
  });
  llvm::for_each(fills, separate);
  module->walk([&](tensor::EmptyOp empty) {
    if (!empty->hasOneUse() && !isInKernel(empty))
      empties.push_back(empty);
  });
  llvm::for_each(empties, separate);
}

namespace {
struct BufferizeFunctions
    : ockham::impl::BufferizeFunctionsBase<BufferizeFunctions> {
  void runOnOperation() override {
    separateDestinations(getOperation());
    bufferization::OneShotBufferizationOptions options;
    options.bufferizeFunctionBoundaries = true;
    options.setFunctionBoundaryTypeConversion(
        bufferization::LayoutMapOption::IdentityLayoutMap);
    options.allowReturnAllocsFromLoops = true;
    options.opFilter.denyOperation([](Operation *op) {
      return isa<ockham::tile::KernelOp>(op) || isInKernel(op);
    });
    bufferization::BufferizationState state;
    if (failed(bufferization::runOneShotModuleBufferize(getOperation(), options,
                                                        state)))
      signalPassFailure();
  }
};
} // namespace
