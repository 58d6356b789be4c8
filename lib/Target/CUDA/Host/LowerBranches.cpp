//===- LowerBranches.cpp - Branches one behind the other ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Ockham/OckhamDeviceOps.h"
#include "ockham/Target/CUDA/Host/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CUDALOWERBRANCHES
#include "ockham/Target/CUDA/Host/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

namespace {
struct CUDALowerBranches
    : ockham::impl::CUDALowerBranchesBase<CUDALowerBranches> {
  void runOnOperation() override {
    SmallVector<BranchesOp> all;
    WalkResult result = getOperation().walk([&](BranchesOp op) {
      all.push_back(op);
      if (!op->getParentOfType<BranchesOp>())
        return WalkResult::advance();
      op.emitOpError("stands in a branch of another one, which the host cannot "
                     "tell apart");
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      return signalPassFailure();
    for (BranchesOp op : all) {
      OpBuilder b(op);
      for (auto [number, region] : llvm::enumerate(op.getBranches())) {
        DeviceBranchOp::create(
            b, op.getLoc(), b.getI32IntegerAttr(static_cast<int32_t>(number)));
        op->getBlock()->getOperations().splice(op->getIterator(),
                                               region.front().getOperations());
      }
      DeviceBranchOp::create(b, op.getLoc(), /*number=*/IntegerAttr());
      op.erase();
    }
  }
};
} // namespace
