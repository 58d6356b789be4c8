//===- CompileKernels.cpp - From MLIR to what the emulator runs -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "ockham/Emulator/Frontend.h"

using namespace mlir;

/// PTX versions that know the instructions of a chip.
static StringRef getFeatures(StringRef chip) {
  return chip.starts_with("sm_9") ? "+ptx83" : "+ptx78";
}

llvm::Expected<std::string> ockham::emulator::compileKernels(ModuleOp module,
                                                             StringRef chip,
                                                             bool debugInfo) {
  auto makeError = [](const llvm::Twine &message) {
    return llvm::createStringError(message);
  };
  auto kernels = llvm::to_vector(module.getOps<gpu::GPUModuleOp>());
  if (kernels.size() != 1)
    return makeError("expected one gpu.module, got " +
                     llvm::Twine(kernels.size()));
  // Alone: what else there is, a host program that launches them, does not find
  // them any more once they are a binary.
  OwningOpRef<ModuleOp> device = ModuleOp::create(module.getLoc());
  device->push_back(kernels.front()->clone());
  std::string lower =
      "convert-vector-to-scf,convert-scf-to-cf,convert-gpu-to-nvvm,"
      "convert-nvvm-to-llvm,convert-math-to-llvm{approximate-log1p=false},"
      "convert-arith-to-llvm,convert-vector-to-llvm,canonicalize,cse,"
      "reconcile-unrealized-casts";
  std::string pipeline = "gpu.module(" + lower + "),";
  if (debugInfo)
    pipeline += "ensure-debug-info-scope-on-llvm-func{"
                "emission-kind=LineTablesOnly},";
  if (!kernels.front().getTargetsAttr())
    pipeline += (llvm::Twine("nvvm-attach-target{chip=") + chip +
                 " features=" + getFeatures(chip) + " O=3},")
                    .str();
  pipeline += "gpu-module-to-binary{format=llvm}";
  PassManager manager(module.getContext(), ModuleOp::getOperationName());
  std::string problems;
  llvm::raw_string_ostream os(problems);
  if (failed(parsePassPipeline(pipeline, manager, os)))
    return makeError(problems);
  if (failed(manager.run(*device)))
    return makeError("the kernels could not be lowered");
  for (gpu::BinaryOp binary : device->getOps<gpu::BinaryOp>())
    for (Attribute object : binary.getObjects())
      return cast<gpu::ObjectAttr>(object).getObject().getValue().str();
  return makeError("lowering made no binary");
}
