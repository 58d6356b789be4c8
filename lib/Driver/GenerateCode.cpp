//===- GenerateCode.cpp - Object files of a module ------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GenerateCode.h"

#include "Diagnostics.h"
#include "ModelPasses.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "ockham/Pipelines/Pipelines.h"
#include "ockham/Target/Package/Package.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace ockham {

Error lowerForCPU(ModuleOp module, const CPUTarget &target,
                  const CompileLog &log, std::string *memoryPlan) {
  CPUPipelineOptions options;
  options.vectorBytes = target.vectorBytes;
  options.bf16Pairs = target.hasBf16Pairs;
  options.amx = target.hasAMX;
  std::optional<llvm::raw_string_ostream> plan;
  if (memoryPlan)
    options.memoryPlan = &plan.emplace(*memoryPlan);
  PassManager prepare(module.getContext());
  buildCPUPreparePipeline(prepare, options);
  if (Error error = runPassManager(prepare, module, log, "bufferization"))
    return error;

  // To verify code after each of the passes that make it takes as long as they
  // do. What they leave is verified once.
  PassManager code(module.getContext());
  code.enableVerifier(false);
  buildCPUCodePipeline(code, options);
  if (Error error = runPassManager(code, module, log, "lowering to LLVM"))
    return error;
  DiagnosticCollector diagnostics(*module.getContext(), log);
  if (failed(mlir::verify(module)))
    return diagnostics.take("the code is not valid, without a message");
  return Error::success();
}

Expected<std::unique_ptr<llvm::Module>>
translateToLLVM(ModuleOp module, llvm::LLVMContext &context,
                llvm::StringRef name, const CompileLog &log) {
  DiagnosticCollector diagnostics(*module.getContext(), log);
  std::unique_ptr<llvm::Module> ir =
      translateModuleToLLVMIR(module, context, name);
  if (!ir)
    return diagnostics.take("translation to LLVM IR failed without a message");
  return ir;
}

namespace {
/// The code for one processor on its way.
struct Generated {
  llvm::LLVMContext context;
  OwningOpRef<ModuleOp> copy;
  std::unique_ptr<llvm::Module> ir;
  std::unique_ptr<llvm::TargetMachine> machine;
};
} // namespace

/// Code finds weights by their number: all targets have the same ones.
static Error checkWeights(const ModelDescription &have,
                          const ModelDescription &want,
                          const CPUTarget &target) {
  for (auto [mine, first] : llvm::zip(have.weights, want.weights))
    if (mine.name != first.name || mine.offset != first.offset ||
        mine.bytes != first.bytes)
      return createStringError("for '" + target.cpu + "' weight '" + mine.name +
                               "' stands where '" + first.name +
                               "' is expected");
  if (have.weights.size() != want.weights.size())
    return createStringError("for '" + target.cpu + "' there are " +
                             std::to_string(have.weights.size()) +
                             " weights, expected " +
                             std::to_string(want.weights.size()));
  return Error::success();
}

Expected<OwningOpRef<ModuleOp>>
generateCode(ModuleOp module, llvm::ArrayRef<CPUTarget> targets,
             llvm::ArrayRef<llvm::raw_pwrite_stream *> objects,
             ModelDescription &description, const CompileLog &log,
             std::string *memoryPlan) {
  std::vector<Generated> all(targets.size());
  for (size_t i = 1; i < targets.size(); ++i)
    all[i].copy = module.clone();
  OwningOpRef<ModuleOp> holder = ModuleOp::create(module.getLoc());
  ModelDescription plain = description;
  for (auto [i, target] : llvm::enumerate(targets)) {
    Generated &mine = all[i];
    ModuleOp lowered = i == 0 ? module : mine.copy.get();
    if (Error error =
            lowerForCPU(lowered, target, log, i == 0 ? memoryPlan : nullptr))
      return error;
    ModelDescription own = plain;
    describeWorkspaces(lowered, own);
    if (Error error = describeWeights(lowered, own))
      return error;
    if (i == 0)
      description = own;
    else if (Error error = checkWeights(own, description, target))
      return error;
    if (log.stage && i == 0)
      log.stage("generating code");
    // LLVM never sees the weights: they leave the module for the translation,
    // and stay for the packager, which reads their bytes.
    OwningOpRef<ModuleOp> unused = ModuleOp::create(module.getLoc());
    Block *keep = i == 0 ? holder->getBody() : unused->getBody();
    for (WeightDescription &weight : own.weights)
      weight.op->moveBefore(keep, keep->end());
    Expected<std::unique_ptr<llvm::Module>> ir =
        translateToLLVM(lowered, mine.context, description.name, log);
    if (!ir)
      return ir.takeError();
    mine.ir = std::move(*ir);
    own.features = findRequirements(target, *mine.ir);
    if (i == 0)
      description.features = own.features;
    addModelTable(*mine.ir, own, i, targets.size());
    mine.copy = nullptr;
    auto machine = createTargetMachine(target);
    if (!machine)
      return machine.takeError();
    mine.machine = std::move(*machine);
  }

  std::vector<std::string> problems(targets.size());
  auto emit = [&](size_t i) {
    if (Error error =
            emitObject(*all[i].ir, targets[i], *all[i].machine, *objects[i]))
      problems[i] = llvm::toString(std::move(error));
  };
  if (targets.size() == 1) {
    emit(0);
  } else {
    llvm::DefaultThreadPool pool(
        llvm::heavyweight_hardware_concurrency(targets.size()));
    for (size_t i = 0; i < targets.size(); ++i)
      pool.async(emit, i);
    pool.wait();
  }
  for (const std::string &problem : problems)
    if (!problem.empty())
      return createStringError(problem);
  return holder;
}

} // namespace ockham
