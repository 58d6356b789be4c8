//===- DeviceCode.cpp - Kernels as PTX, cubins and bitcode ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Target/CUDA/DeviceCode.h"

#include "Assemble.h"
#include "Fatbin.h"
#include "mlir/IR/Operation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "ockham-c/ModelABI.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Linker/Linker.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/IPO/Internalize.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;

namespace ockham {

namespace {
/// The first version of PTX that knows an architecture.
struct KnownArch {
  StringLiteral name;
  unsigned version, ptxVersion;
  bool isSpecific;
};
} // namespace

static constexpr KnownArch kArchs[] = {
    {"sm_80", 80, 70, false},   {"sm_86", 86, 71, false},
    {"sm_87", 87, 74, false},   {"sm_89", 89, 78, false},
    {"sm_90", 90, 78, false},   {"sm_90a", 90, 80, true},
    {"sm_100", 100, 86, false}, {"sm_100a", 100, 86, true},
    {"sm_103", 103, 88, false}, {"sm_103a", 103, 88, true},
    {"sm_120", 120, 87, false}, {"sm_120a", 120, 87, true}};

/// Older drivers than that of CUDA 12.3 are not promised.
static constexpr unsigned kPTXVersion = 83;

Expected<std::vector<GPUArch>> parseGPUArchs(StringRef names) {
  std::vector<GPUArch> archs;
  SmallVector<StringRef> parts;
  names.split(parts, ',');
  for (StringRef part : parts) {
    StringRef name = part.trim();
    const KnownArch *known = llvm::find_if(
        kArchs, [&](const KnownArch &k) { return k.name == name; });
    if (known == std::end(kArchs)) {
      std::string list;
      for (const KnownArch &each : kArchs)
        list += (list.empty() ? "" : ", ") + each.name.str();
      unsigned version = 0;
      StringRef digits = name;
      bool isOld = digits.consume_front("sm_") &&
                   !digits.getAsInteger(10, version) && version < 80;
      return createStringError(
          "--arch: '" + name.str() + "' is " +
          (isOld ? "too old: kernels need sm_80 or later" : "unknown") +
          "; expected some of " + list + ", separated by commas");
    }
    if (llvm::any_of(archs, [&](const GPUArch &a) { return a.name == name; }))
      return createStringError("--arch: '" + name.str() + "' is given twice");
    archs.push_back({name.str(), known->version, known->isSpecific,
                     std::max(known->ptxVersion, kPTXVersion)});
  }
  llvm::sort(archs, [](const GPUArch &a, const GPUArch &b) {
    return std::pair(a.version, a.isSpecific) <
           std::pair(b.version, b.isSpecific);
  });
  return archs;
}

static Expected<std::unique_ptr<TargetMachine>>
createMachine(const GPUArch &arch) {
  static bool done = [] {
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    return true;
  }();
  (void)done;
  Triple triple("nvptx64-nvidia-cuda");
  std::string problem;
  const Target *target = TargetRegistry::lookupTarget(triple, problem);
  if (!target)
    return createStringError("no code generator for NVIDIA GPUs: " + problem);
  return std::unique_ptr<TargetMachine>(target->createTargetMachine(
      triple, arch.name, "+ptx" + std::to_string(arch.ptxVersion),
      TargetOptions(), std::nullopt, std::nullopt,
      CodeGenOptLevel::Aggressive));
}

/// Functions of libdevice that the module calls and does not have. A question
/// about the target, __nvvm_reflect, is answered by the optimiser.
static std::vector<std::string> findUnresolved(const Module &module) {
  std::vector<std::string> names;
  for (const Function &function : module)
    if (function.isDeclaration() && !function.isIntrinsic() &&
        !function.use_empty() && function.getName() != "__nvvm_reflect")
      names.push_back(function.getName().str());
  return names;
}

/// Links what is needed of libdevice.
static Error linkLibdevice(Module &module) {
  std::vector<std::string> missing = findUnresolved(module);
  if (missing.empty())
    return Error::success();
  std::string path = findCUDAFile("nvvm/libdevice/libdevice.10.bc");
  if (!path.empty()) {
    SMDiagnostic diagnostic;
    std::unique_ptr<Module> library =
        parseIRFile(path, diagnostic, module.getContext());
    if (!library)
      return createStringError(
          "'" + path + "' cannot be read: " + diagnostic.getMessage().str());
    library->setTargetTriple(module.getTargetTriple());
    library->setDataLayout(module.getDataLayout());
    StringSet<> before;
    for (Function &function : module)
      before.insert(function.getName());
    bool failed = Linker::linkModules(
        module, std::move(library), Linker::Flags::LinkOnlyNeeded,
        [&](Module &linked, const StringSet<> &needed) {
          internalizeModule(linked, [&](const GlobalValue &value) {
            return !value.hasName() || !needed.contains(value.getName());
          });
        });
    if (failed)
      return createStringError("'" + path + "' cannot be linked");
    missing = findUnresolved(module);
  }
  if (missing.empty())
    return Error::success();
  std::string list = llvm::join(missing, ", ");
  return createStringError(
      "kernels call " + list + ", " +
      (path.empty() ? "and CUDA's libdevice, which may have it, was not found "
                      "(pip install nvidia-nvvm, or set CUDA_HOME)"
                    : "which '" + path + "' does not have"));
}

static void optimize(Module &module, TargetMachine &machine) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PipelineTuningOptions tuning;
  PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3)
      .run(module, modules);
}

/// Bitcode in LLVM's wrapper, which says how long it is.
static std::string wrapBitcode(const Module &module) {
  SmallString<0> bitcode;
  raw_svector_ostream os(bitcode);
  WriteBitcodeToFile(module, os);
  std::string image(20, '\0');
  support::endian::write32le(&image[0], 0x0b17c0de);
  support::endian::write32le(&image[8], image.size());
  support::endian::write32le(&image[12], bitcode.size());
  image.append(bitcode.begin(), bitcode.end());
  image.resize(alignTo(image.size(), 4));
  return image;
}

static Expected<std::string> emitPTX(Module &module, TargetMachine &machine) {
  SmallString<0> text;
  raw_svector_ostream os(text);
  legacy::PassManager codegen;
  if (machine.addPassesToEmitFile(codegen, os, nullptr,
                                  CodeGenFileType::AssemblyFile))
    return createStringError("the code generator for NVIDIA GPUs cannot write "
                             "PTX");
  codegen.run(module);
  return text.str().str();
}

/// The assembler that OCKHAM_PTXAS names, or the one that is found; "" where
/// there is none, or is to be none.
static Expected<std::string> findPTXAS() {
  std::string named = sys::Process::GetEnv("OCKHAM_PTXAS").value_or("");
  if (named.empty())
    return findCUDAFile("bin/ptxas");
  if (named == "none")
    return std::string();
  if (sys::fs::exists(named))
    return named;
  return createStringError(
      "the environment's OCKHAM_PTXAS: there is no file '" + named +
      "'; expected the path of a ptxas, or 'none'");
}

Expected<std::vector<DeviceImage>>
generateDeviceCode(mlir::Operation *gpuModule, const DeviceCodeOptions &options,
                   function_ref<void(StringRef)> warn) {
  LLVMContext context;
  std::unique_ptr<Module> original =
      mlir::translateModuleToLLVMIR(gpuModule, context, "kernels");
  if (!original)
    return createStringError("translation of the kernels to LLVM IR failed "
                             "without a message");
  Expected<std::string> found = findPTXAS();
  if (!found)
    return found.takeError();
  const std::string &ptxas = *found;
  if (ptxas.empty()) {
    std::string text =
        "there is no ptxas, which makes machine code of PTX (pip install "
        "nvidia-cuda-nvcc, or set CUDA_HOME); ";
    if (options.strict)
      return createStringError(text + "--strict-kernels asks for what it says");
    warn(text + "the model has PTX alone, which the GPU's driver compiles when "
                "it is loaded");
  }
  std::vector<DeviceImage> images;
  for (const GPUArch &arch : options.archs) {
    std::unique_ptr<Module> module = CloneModule(*original);
    auto machine = createMachine(arch);
    if (!machine)
      return machine.takeError();
    module->setTargetTriple((*machine)->getTargetTriple());
    module->setDataLayout((*machine)->createDataLayout());
    if (Error error = linkLibdevice(*module))
      return error;
    optimize(*module, **machine);
    // Of the architecture that all others can run.
    if (images.empty())
      images.push_back({OCKHAM_IMAGE_BITCODE, arch.name, wrapBitcode(*module)});
    Expected<std::string> ptx = emitPTX(*module, **machine);
    if (!ptx)
      return ptx.takeError();
    if (!ptxas.empty()) {
      Expected<std::string> cubin =
          assemble(ptxas, *ptx, arch.name, options.strict, warn);
      if (!cubin)
        return cubin.takeError();
      if (!cubin->empty())
        images.push_back({OCKHAM_IMAGE_CUBIN, arch.name, std::move(*cubin)});
    }
    ptx->push_back('\0');
    images.push_back({OCKHAM_IMAGE_PTX, arch.name, std::move(*ptx)});
  }
  // Bitcode comes first; what the driver takes is one image.
  std::string fatbin = makeFatbin(ArrayRef(images).drop_front(), options.archs);
  images.resize(1);
  images.push_back(
      {OCKHAM_IMAGE_FATBIN, options.archs.front().name, std::move(fatbin)});
  return images;
}

} // namespace ockham
