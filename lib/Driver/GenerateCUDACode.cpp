//===- GenerateCUDACode.cpp - Object files of a module for GPUs -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Diagnostics.h"
#include "GenerateCode.h"
#include "ModelPasses.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "ockham/Pipelines/Pipelines.h"
#include "ockham/Target/CUDA/CUDADialect.h"
#include "ockham/Target/CUDA/Kernels.h"
#include "ockham/Target/Package/Package.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace ockham {

Error lowerForCUDA(ModuleOp module, const DeviceCodeOptions &device,
                   const CompileLog &log, std::string *memoryPlan) {
  CUDAPipelineOptions options;
  // The oldest one comes first.
  options.arch = device.archs.front().version;
  options.tf32 = device.tf32;
  // Younger ones may have less shared memory.
  int64_t shared = cuda::getMostSharedBytes(options.arch);
  for (const GPUArch &arch : device.archs)
    shared = std::min(shared, cuda::getMostSharedBytes(arch.version));
  if (shared < cuda::getMostSharedBytes(options.arch))
    options.shared = shared;
  std::optional<llvm::raw_string_ostream> plan;
  if (memoryPlan)
    options.memoryPlan = &plan.emplace(*memoryPlan);
  PassManager prepare(module.getContext());
  buildCUDAPreparePipeline(prepare, options);
  if (Error error = runPassManager(prepare, module, log,
                                   "bufferization and kernels for GPUs"))
    return error;
  // What these leave is verified once.
  PassManager code(module.getContext());
  code.enableVerifier(false);
  buildCUDACodePipeline(code);
  if (Error error = runPassManager(code, module, log, "lowering to LLVM"))
    return error;
  DiagnosticCollector diagnostics(*module.getContext(), log);
  if (failed(mlir::verify(module)))
    return diagnostics.take("the code is not valid, without a message");
  return Error::success();
}

/// Compiles the kernels, which leave the module.
static Error takeKernels(ModuleOp module, const DeviceCodeOptions &options,
                         ModelDescription &description, const CompileLog &log) {
  auto kernels = module.lookupSymbol<gpu::GPUModuleOp>(kKernelModuleName);
  if (!kernels)
    return Error::success();
  for (FunctionOpInterface kernel : getKernels(kernels)) {
    DiagnosticCollector diagnostics(*module.getContext(), log);
    FailureOr<KernelDescription> described = describeKernel(kernel);
    if (failed(described))
      return diagnostics.take("a kernel without a launch contract");
    description.kernels.push_back(std::move(*described));
  }
  if (!description.kernels.empty()) {
    DiagnosticCollector diagnostics(*module.getContext(), log);
    auto images = generateDeviceCode(kernels, options, [&](llvm::StringRef s) {
      if (log.warning)
        log.warning(s);
    });
    if (!images)
      return images.takeError();
    description.images = std::move(*images);
  }
  kernels.erase();
  return Error::success();
}

Expected<OwningOpRef<ModuleOp>>
generateCUDACode(ModuleOp module, const DeviceCodeOptions &options,
                 llvm::raw_pwrite_stream &object, ModelDescription &description,
                 const CompileLog &log, std::string *memoryPlan) {
  if (Error error = lowerForCUDA(module, options, log, memoryPlan))
    return error;
  describeWorkspaces(module, description);
  if (Error error = describeWeights(module, description))
    return error;
  if (log.stage)
    log.stage("generating code");
  if (Error error = takeKernels(module, options, description, log))
    return error;
  // LLVM never sees the weights, as for the CPU.
  OwningOpRef<ModuleOp> holder = ModuleOp::create(module.getLoc());
  for (WeightDescription &weight : description.weights)
    weight.op->moveBefore(holder->getBody(), holder->getBody()->end());
  llvm::LLVMContext context;
  auto ir = translateToLLVM(module, context, description.name, log);
  if (!ir)
    return ir.takeError();
  addModelTable(**ir, description);
  // The host computes extents: any processor does.
  auto target = getCPUTarget("baseline");
  if (!target)
    return target.takeError();
  auto machine = createTargetMachine(*target);
  if (!machine)
    return machine.takeError();
  if (Error error = emitObject(**ir, *target, **machine, object))
    return error;
  return holder;
}

} // namespace ockham
