//===- Module.cpp - Loads, compiles and launches kernels ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParseModule.h"
#include "Rewriter.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"

#include <chrono>
#include <tuple>

using namespace ockham::emulator;

namespace {
/// One compiled form of a module: with or without race detection.
struct CompiledModule {
  std::unique_ptr<llvm::orc::LLJIT> jit;
  RewrittenModule info;
  std::vector<std::pair<uint64_t, uint64_t>> variables;
};
} // namespace

struct Module::Implementation {
  std::string name, code;
  std::map<std::string, std::vector<uint64_t>> kernels;
  std::unique_ptr<CompiledModule> compiled[2];

  llvm::Expected<CompiledModule *> compile(bool detectRaces);
};

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::PassBuilder builder(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O1)
      .run(module, modules);
}

llvm::Expected<CompiledModule *>
Module::Implementation::compile(bool detectRaces) {
  std::unique_ptr<CompiledModule> &slot = compiled[detectRaces];
  if (slot)
    return slot.get();
  static const bool initialized = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return true;
  }();
  (void)initialized;
  auto context = std::make_unique<llvm::LLVMContext>();
  auto module = parseModule(llvm::MemoryBufferRef(code, name), *context);
  if (!module)
    return module.takeError();
  auto host = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!host)
    return host.takeError();
  auto machine = host->createTargetMachine();
  if (!machine)
    return machine.takeError();
  llvm::DataLayout layout = (*machine)->createDataLayout();
  auto result = std::make_unique<CompiledModule>();
  if (llvm::Error error =
          rewriteModule(**module, layout, detectRaces, result->info))
    return std::move(error);
  for (llvm::Function &function : **module) {
    function.removeFnAttr("target-cpu");
    function.removeFnAttr("target-features");
    function.addFnAttr("target-cpu", (*machine)->getTargetCPU());
    function.addFnAttr("target-features", (*machine)->getTargetFeatureString());
    // What has the name of a C function need not be one.
    function.addFnAttr("no-builtins");
  }
  std::string problems;
  llvm::raw_string_ostream os(problems);
  if (llvm::verifyModule(**module, &os))
    return llvm::createStringError("the rewritten module is invalid: " +
                                   problems);
  optimize(**module, **machine);

  auto jit = llvm::orc::LLJITBuilder()
                 .setJITTargetMachineBuilder(std::move(*host))
                 .create();
  if (!jit)
    return jit.takeError();
  result->jit = std::move(*jit);
  llvm::orc::SymbolMap symbols;
  for (const auto &entry : getHandlers().getAll())
    symbols[result->jit->mangleAndIntern(
        (kHandlerPrefix + entry.getKey()).str())] = {
        llvm::orc::ExecutorAddr::fromPtr(entry.getValue().address),
        llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  llvm::orc::JITDylib &library = result->jit->getMainJITDylib();
  if (llvm::Error error =
          library.define(llvm::orc::absoluteSymbols(std::move(symbols))))
    return std::move(error);
  // Mathematical functions of the C library.
  auto process = llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      layout.getGlobalPrefix());
  if (!process)
    return process.takeError();
  library.addGenerator(std::move(*process));
  std::map<std::string, uint64_t> variableBytes;
  for (const std::string &variable : result->info.variables)
    variableBytes[variable] = layout.getTypeAllocSize(
        (*module)->getNamedGlobal(variable)
            ? (*module)->getNamedGlobal(variable)->getValueType()
            : llvm::Type::getInt8Ty(*context));
  if (llvm::Error error = result->jit->addIRModule(
          llvm::orc::ThreadSafeModule(std::move(*module), std::move(context))))
    return std::move(error);
  for (auto &[kernel, code] : result->info.kernels) {
    auto address = result->jit->lookup(kEntryPrefix + kernel);
    if (!address)
      return address.takeError();
    code.entry = address->toPtr<void (*)(void **)>();
  }
  for (const auto &[variable, bytes] : variableBytes) {
    auto address = result->jit->lookup(variable);
    if (!address)
      return address.takeError();
    result->variables.push_back(
        {address->getValue(), address->getValue() + bytes});
  }
  slot = std::move(result);
  return slot.get();
}

Module::Module(std::unique_ptr<Implementation> implementation)
    : implementation(std::move(implementation)) {}

Module::~Module() = default;

llvm::Expected<std::unique_ptr<Module>>
Module::load(llvm::MemoryBufferRef buffer) {
  auto implementation = std::make_unique<Implementation>();
  implementation->name = buffer.getBufferIdentifier().str();
  implementation->code = buffer.getBuffer().str();
  llvm::LLVMContext context;
  auto module = parseModule(
      llvm::MemoryBufferRef(implementation->code, implementation->name),
      context);
  if (!module)
    return module.takeError();
  if (!(*module)->getTargetTriple().isNVPTX())
    return llvm::createStringError(
        implementation->name + ": expected a module for nvptx64, got one for " +
        (*module)->getTargetTriple().str());
  const llvm::DataLayout &layout = (*module)->getDataLayout();
  for (const llvm::Function &function : **module) {
    if (function.getCallingConv() != llvm::CallingConv::PTX_Kernel ||
        function.isDeclaration())
      continue;
    std::vector<uint64_t> &sizes =
        implementation->kernels[function.getName().str()];
    for (const llvm::Argument &argument : function.args())
      sizes.push_back(layout.getTypeAllocSize(argument.hasByValAttr()
                                                  ? argument.getParamByValType()
                                                  : argument.getType()));
  }
  if (implementation->kernels.empty())
    return llvm::createStringError(implementation->name +
                                   ": the module has no kernels");
  return std::unique_ptr<Module>(new Module(std::move(implementation)));
}

std::vector<std::string> Module::getKernelNames() const {
  std::vector<std::string> names;
  for (const auto &[name, sizes] : implementation->kernels)
    names.push_back(name);
  return names;
}

llvm::Expected<std::vector<uint64_t>>
Module::getParameterSizes(llvm::StringRef kernel) const {
  auto it = implementation->kernels.find(kernel.str());
  if (it == implementation->kernels.end())
    return llvm::createStringError("there is no kernel '" + kernel + "' in " +
                                   implementation->name);
  return it->second;
}

/// Copies of an instruction, from unrolled loops, count as one.
static void addAccesses(const Profile &profile, llvm::ArrayRef<Site> sites,
                        Statistics &statistics) {
  std::map<std::tuple<bool, std::string, std::string>, AccessProfile> merged;
  for (const auto &[site, access] : profile.getCounts()) {
    const Site &where = sites[site];
    AccessProfile &sum =
        merged[{access.shared, where.location, where.instruction}];
    sum.add(access);
    sum.instruction = where.instruction;
    sum.location = where.location;
  }
  for (auto &[key, access] : merged)
    statistics.accesses.push_back(std::move(access));
}

llvm::Error Module::launch(llvm::StringRef kernel, const LaunchConfig &config,
                           llvm::ArrayRef<void *> arguments,
                           DeviceMemory &memory, const Options &options,
                           LaunchResult &result) {
  auto sizes = getParameterSizes(kernel);
  if (!sizes)
    return sizes.takeError();
  if (sizes->size() != arguments.size())
    return llvm::createStringError(
        "kernel '" + kernel + "' takes " + llvm::Twine(sizes->size()) +
        " arguments, got " + llvm::Twine(arguments.size()));
  auto start = std::chrono::steady_clock::now();
  auto getSeconds = [&] {
    auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(start, now))
        .count();
  };
  auto compiled = implementation->compile(options.detectRaces);
  result.statistics.compileSeconds += getSeconds();
  if (!compiled)
    return compiled.takeError();
  const RewrittenModule &info = (*compiled)->info;
  Grid grid;
  grid.kernel = &info.kernels.at(kernel.str());
  grid.kernelName = kernel;
  grid.sites = &info.sites;
  grid.variables = (*compiled)->variables;
  grid.config = config;
  grid.options = options;
  grid.memory = &memory;
  std::vector<void *> pointers(arguments.begin(), arguments.end());
  grid.arguments = pointers.data();
  grid.result = &result;
  llvm::Error error = grid.run();
  result.statistics.seconds += getSeconds();
  Profile profile;
  for (const auto &worker : grid.workers) {
    profile.add(worker->profile);
    result.statistics.shared.add(worker->shared);
    result.statistics.global.add(worker->global);
    result.statistics.blocks += worker->blocks;
    result.statistics.switches += worker->switches;
    for (auto [i, count] : llvm::enumerate(worker->instructionCounts))
      if (count)
        result.statistics.instructions[info.sites[i].instruction] += count;
  }
  addAccesses(profile, info.sites, result.statistics);
  if (error)
    return llvm::createStringError("kernel '" + kernel +
                                   "': " + llvm::toString(std::move(error)));
  return error;
}
