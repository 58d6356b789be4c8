//===- Codegen.cpp - LLVM code for one CPU --------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Target/CPU/Codegen.h"

#include "FloatConversions.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Analysis/TargetTransformInfo.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/IntrinsicsX86.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Support/raw_ostream.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"

using namespace llvm;

namespace ockham {

namespace {
/// An instruction set that a machine may lack.
struct Feature {
  StringLiteral llvmName;
  StringLiteral cpuinfoName;
  bool native; ///< Generated for the machine at hand.
};
} // namespace

/// All that the code generator may use on its own.
static constexpr Feature kFeatures[] = {
    {"sse3", "pni", true},
    {"ssse3", "ssse3", true},
    {"sse4.1", "sse4_1", true},
    {"sse4.2", "sse4_2", true},
    {"sse4a", "sse4a", false},
    {"popcnt", "popcnt", true},
    {"lzcnt", "abm", false},
    {"movbe", "movbe", false},
    {"avx", "avx", true},
    {"avx2", "avx2", true},
    {"fma", "fma", true},
    {"f16c", "f16c", true},
    {"bmi", "bmi1", true},
    {"bmi2", "bmi2", true},
    {"gfni", "gfni", false},
    {"avxvnni", "avx_vnni", false},
    {"avxifma", "avx_ifma", false},
    {"avxneconvert", "avx_ne_convert", false},
    {"avxvnniint8", "avx_vnni_int8", false},
    {"avx512f", "avx512f", true},
    {"avx512bw", "avx512bw", true},
    {"avx512cd", "avx512cd", true},
    {"avx512dq", "avx512dq", true},
    {"avx512vl", "avx512vl", true},
    {"avx512ifma", "avx512ifma", false},
    {"avx512vbmi", "avx512vbmi", false},
    {"avx512vbmi2", "avx512_vbmi2", false},
    {"avx512vnni", "avx512_vnni", false},
    {"avx512bitalg", "avx512_bitalg", false},
    {"avx512vpopcntdq", "avx512_vpopcntdq", false},
    {"avx512bf16", "avx512_bf16", false},
    {"avx512fp16", "avx512_fp16", false}};

static void initialiseTargets() {
  static bool done = [] {
    InitializeNativeTarget();
    InitializeNativeTargetAsmPrinter();
    return true;
  }();
  (void)done;
}

/// Adds what `name` lists behind its first +: instruction sets that all code
/// may use, or those that are used for products of bf16 alone.
static Error addInstructionSets(StringRef name, StringRef list,
                                CPUTarget &target) {
  SubtargetFeatures features(target.features);
  SmallVector<StringRef> words;
  list.split(words, '+');
  bool isX86 = Triple(target.triple).isX86();
  for (StringRef word : words) {
    bool isKnown = any_of(kFeatures, [&](const Feature &feature) {
      return feature.llvmName == word;
    });
    if (isX86 && word == "avx512bf16") {
      target.hasBf16Pairs = true;
    } else if (isX86 && word == "amx-bf16") {
      target.hasAMX = true;
    } else if (isX86 && word == "amx-tile") {
      // Goes with what multiplies tiles.
    } else if (isX86 && isKnown) {
      features.AddFeature(word);
    } else {
      return createStringError("unknown instruction set '" + word + "' in '" +
                               name +
                               "'; expected LLVM's names, e.g. 'avx512bf16' or "
                               "'amx-bf16'");
    }
  }
  target.features = features.getString();
  return Error::success();
}

Expected<CPUTarget> getCPUTarget(StringRef whole) {
  initialiseTargets();
  CPUTarget target;
  target.triple = sys::getProcessTriple();
  auto [name, sets] = whole.split('+');
  StringMap<bool> host = sys::getHostCPUFeatures();
  if (name == "native") {
    // By features, not by name: virtual machines report processors that they
    // only partly are.
    target.cpu = Triple(target.triple).isX86() ? "x86-64" : "generic";
    SubtargetFeatures features;
    for (const Feature &feature : kFeatures)
      if (feature.native && host.lookup(feature.llvmName))
        features.AddFeature(feature.llvmName);
    target.features = features.getString();
    target.hasBf16Pairs = host.lookup("avx512bf16");
    target.hasAMX = host.lookup("amx-tile") && host.lookup("amx-bf16");
  } else if (name == "baseline") {
    target.cpu = Triple(target.triple).isX86() ? "x86-64" : "generic";
  } else {
    target.cpu = name.str();
  }
  if (whole.contains('+'))
    if (Error error = addInstructionSets(whole, sets, target))
      return error;

  // The name is looked up on a machine of no name: for one that it does not
  // know, LLVM prints lines of its own.
  CPUTarget unnamed = target;
  unnamed.cpu.clear();
  unnamed.features.clear();
  auto machine = createTargetMachine(unnamed);
  if (!machine)
    return machine.takeError();
  if (!(*machine)->getMCSubtargetInfo()->isCPUStringValid(target.cpu))
    return createStringError(
        "unknown processor '" + name +
        "'; expected 'portable', 'native', 'baseline' or one of LLVM's names, "
        "e.g. 'x86-64-v3' (AVX2) or 'x86-64-v4' (AVX-512)");
  machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  const MCSubtargetInfo &info = *(*machine)->getMCSubtargetInfo();
  raw_string_ostream requirements(target.requirements);
  ListSeparator space(" ");
  bool isX86 = Triple(target.triple).isX86();
  if (isX86 && !info.checkFeatures("+64bit"))
    return createStringError("processor '" + name +
                             "' has 32 bits; expected one with 64");
  for (const Feature &feature : kFeatures)
    if (isX86 && info.checkFeatures(("+" + feature.llvmName).str()))
      requirements << space << feature.cpuinfoName;
  if (isX86 && info.checkFeatures("+avx512f"))
    target.vectorBytes = 64;
  else if (isX86 && info.checkFeatures("+avx"))
    target.vectorBytes = 32;
  // What is used for products of bf16 alone.
  bool isWide = target.vectorBytes == 64;
  if (!isWide && whole.contains('+') && (target.hasBf16Pairs || target.hasAMX))
    return createStringError(
        "'" + whole +
        "' has instructions for bf16 but no AVX-512, which they "
        "are used with; expected e.g. 'x86-64-v4+" +
        (target.hasAMX ? "amx-bf16" : "avx512bf16") + "'");
  target.hasBf16Pairs =
      isWide && (target.hasBf16Pairs || info.checkFeatures("+avx512bf16"));
  target.hasAMX =
      isWide && (target.hasAMX || (info.checkFeatures("+amx-tile") &&
                                   info.checkFeatures("+amx-bf16")));
  return target;
}

Expected<std::vector<CPUTarget>> getCPUTargets(StringRef name) {
  std::vector<StringRef> names = {name};
  if (name == "portable") {
    names = {"baseline"};
    if (Triple(sys::getProcessTriple()).isX86())
      names = {"baseline", "x86-64-v3", "x86-64-v4", "x86-64-v4+avx512bf16",
               "x86-64-v4+avx512bf16+amx-bf16"};
  }
  std::vector<CPUTarget> targets;
  for (StringRef each : names) {
    Expected<CPUTarget> target = getCPUTarget(each);
    if (!target)
      return target.takeError();
    target->isForBf16Pairs = name == "portable" && target->hasBf16Pairs;
    targets.push_back(std::move(*target));
  }
  return targets;
}

Expected<std::unique_ptr<TargetMachine>>
createTargetMachine(const CPUTarget &target) {
  std::string problem;
  const llvm::Target *found =
      TargetRegistry::lookupTarget(Triple(target.triple), problem);
  if (!found)
    return createStringError("no code generator for '" + target.triple +
                             "': " + problem);
  TargetOptions options;
  return std::unique_ptr<TargetMachine>(found->createTargetMachine(
      Triple(target.triple), target.cpu, target.features, options, Reloc::PIC_,
      std::nullopt, CodeGenOptLevel::Aggressive));
}

static bool calls(const Function &function, Intrinsic::ID id) {
  return any_of(instructions(function), [&](const Instruction &instruction) {
    auto *call = dyn_cast<IntrinsicInst>(&instruction);
    return call && call->getIntrinsicID() == id;
  });
}

static bool multipliesPairs(const Function &function) {
  return any_of(ArrayRef({Intrinsic::x86_avx512bf16_dpbf16ps_512,
                          Intrinsic::x86_avx512bf16_dpbf16ps_256,
                          Intrinsic::x86_avx512bf16_dpbf16ps_128,
                          Intrinsic::x86_avx512bf16_cvtneps2bf16_512}),
                [&](Intrinsic::ID id) { return calls(function, id); });
}

static bool multipliesTiles(const Function &function) {
  return calls(function, Intrinsic::x86_tdpbf16ps_internal);
}

std::string findRequirements(const CPUTarget &target, const Module &module) {
  std::string result = target.requirements;
  SmallVector<StringRef> words;
  StringRef(target.requirements).split(words, ' ');
  auto add = [&](StringRef word) {
    if (!is_contained(words, word))
      result += (result.empty() ? "" : " ") + word.str();
  };
  if (any_of(module, multipliesPairs))
    add("avx512_bf16");
  if (any_of(module, multipliesTiles)) {
    add("amx_tile");
    add("amx_bf16");
  }
  return result;
}

/// A product and a sum, fused only where the processor does so: without the
/// instruction, a fused one would be a call for each element.
static void relaxFusedProducts(Module &module) {
  for (Function &function : make_early_inc_range(module)) {
    if (function.getIntrinsicID() != Intrinsic::fma)
      continue;
    function.replaceAllUsesWith(Intrinsic::getOrInsertDeclaration(
        &module, Intrinsic::fmuladd, {function.getReturnType()}));
    function.eraseFromParent();
  }
}

Error emitObject(Module &module, const CPUTarget &target,
                 TargetMachine &machine, raw_pwrite_stream &os) {
  module.setDataLayout(machine.createDataLayout());
  module.setTargetTriple(Triple(target.triple));
  cpu::defineFloatConversions(module);
  if (Triple(target.triple).isX86() &&
      !machine.getMCSubtargetInfo()->checkFeatures("+fma"))
    relaxFusedProducts(module);
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    SubtargetFeatures features(target.features);
    if (multipliesPairs(function))
      features.AddFeature("avx512bf16");
    if (multipliesTiles(function)) {
      features.AddFeature("amx-tile");
      features.AddFeature("amx-bf16");
    }
    if (std::string all = features.getString(); !all.empty())
      function.addFnAttr("target-features", all);
    function.addFnAttr("prefer-vector-width",
                       std::to_string(target.vectorBytes * 8));
    function.addFnAttr(Attribute::NoUnwind);
  }

  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PipelineTuningOptions tuning;
  tuning.LoopVectorization = true;
  tuning.SLPVectorization = true;
  PassBuilder builder(&machine, tuning);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3)
      .run(module, modules);
  cpu::moveFloatsAsIntegers(module);

  legacy::PassManager codegen;
  if (machine.addPassesToEmitFile(codegen, os, nullptr,
                                  CodeGenFileType::ObjectFile))
    return createStringError("the code generator for '" + target.triple +
                             "' cannot write object files");
  codegen.run(module);
  return Error::success();
}

} // namespace ockham
