//===- NumberKernels.cpp - Launches by number -----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Target/CUDA/CUDADialect.h"
#include "ockham/Target/CUDA/Host/Passes.h"
#include "ockham/Target/CUDA/Kernels.h"

namespace ockham {
#define GEN_PASS_DEF_CUDANUMBERKERNELS
#include "ockham/Target/CUDA/Host/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

namespace {
struct CUDANumberKernels
    : ockham::impl::CUDANumberKernelsBase<CUDANumberKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto code = module.lookupSymbol<gpu::GPUModuleOp>(kKernelModuleName);
    llvm::StringMap<std::pair<int32_t, KernelDescription>> known;
    if (code) {
      for (FunctionOpInterface kernel : getKernels(code)) {
        FailureOr<KernelDescription> description = describeKernel(kernel);
        if (failed(description))
          return signalPassFailure();
        int32_t number = static_cast<int32_t>(known.size());
        known[kernel.getName()] = {number, *description};
      }
    }
    SmallVector<cuda::LaunchOp> launches;
    module.walk([&](cuda::LaunchOp launch) { launches.push_back(launch); });
    for (cuda::LaunchOp launch : launches) {
      OpBuilder at(launch);
      LaunchOp::create(at, launch.getLoc(), launch.getKernel(), launch.getX(),
                       launch.getY(), launch.getZ(),
                       launch->getOperands().drop_front(3),
                       /*number=*/nullptr, /*threads=*/nullptr,
                       /*shared=*/nullptr);
      launch.erase();
    }
    Builder b(&getContext());
    WalkResult result = module.walk([&](LaunchOp launch) {
      SymbolRefAttr name = launch.getKernel();
      auto found = known.end();
      if (name.getRootReference() == kKernelModuleName &&
          name.getNestedReferences().size() == 1)
        found = known.find(name.getLeafReference().getValue());
      if (found == known.end()) {
        launch.emitOpError() << "names " << name << ", which is no kernel of @"
                             << kKernelModuleName;
        return WalkResult::interrupt();
      }
      const auto &[number, kernel] = found->second;
      if (static_cast<size_t>(kernel.parameterCount) !=
          launch.getParameters().size()) {
        launch.emitOpError() << "passes " << launch.getParameters().size()
                             << " arguments, but kernel " << name << " takes "
                             << kernel.parameterCount;
        return WalkResult::interrupt();
      }
      launch.setNumberAttr(b.getI32IntegerAttr(number));
      SmallVector<int32_t> threads(kernel.block, kernel.block + 3);
      launch.setThreadsAttr(b.getDenseI32ArrayAttr(threads));
      launch.setSharedAttr(
          b.getI32IntegerAttr(static_cast<int32_t>(kernel.sharedBytes)));
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
