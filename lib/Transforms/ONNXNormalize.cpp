//===- ONNXNormalize.cpp - The form that raising expects ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Transforms/Passes.h"

#include "ONNXNormalize.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_ONNXNORMALIZE
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;

namespace {
struct ONNXNormalize : ockham::impl::ONNXNormalizeBase<ONNXNormalize> {
  using ONNXNormalizeBase::ONNXNormalizeBase;

  LogicalResult initialize(MLIRContext *context) override {
    cleanup.addPass(createCSEPass());
    return success();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    uint64_t maxBytes = std::max<int64_t>(0, maxConstantBytes);
    // Twice: operators that the first round made equal (CSE) or next to each
    // other show the second one more. Nothing is left for a third.
    WeightHashes hashes;
    for (unsigned round = 0; round < 2; ++round) {
      WeightTable weights(module);
      ConstantFolder folder(module, weights, maxBytes,
                            /*foldsInverses=*/round > 0);
      for (auto function : module.getOps<FunctionOpInterface>())
        if (!function.isExternal())
          normalizeFunction(function, weights, folder);
      shareEqualWeights(module, hashes);
      if (failed(runPipeline(cleanup, module)))
        return signalPassFailure();
      eraseUnusedWeights(module);
      // Equal slices are one by now.
      for (auto function : module.getOps<FunctionOpInterface>())
        if (!function.isExternal())
          formSplits(function);
    }
    // Last, because folding would write the copies again.
    shareTransposedWeights(module);
    if (failed(runPipeline(cleanup, module)))
      return signalPassFailure();
    eraseUnusedWeights(module);
  }

private:
  OpPassManager cleanup{ModuleOp::getOperationName()};
};
} // namespace
