//===- Compile.cpp - A model file to a shared library ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Driver/Compile.h"

#include "Diagnostics.h"
#include "GenerateCode.h"
#include "ModelPasses.h"
#include "mlir/IR/MLIRContext.h"
#include "ockham/Pipelines/Pipelines.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Support/OutputFile.h"
#include "ockham/Support/Registration.h"
#include "ockham/Target/CPU/CPUDialect.h"
#include "ockham/Target/Package/Package.h"
#include "ockham/Transforms/Passes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace ockham {

/// Writes the module as text to `output`, or to standard output without one.
static Error writeText(ModuleOp module, const CompileOptions &options,
                       std::optional<OutputFile> &output) {
  OpPrintingFlags flags;
  if (!options.printWeights) {
    flags.elideLargeResourceString(64);
    flags.elideLargeElementsAttrs(64);
  }
  if (output) {
    module.print(output->os(), flags);
    output->os() << '\n';
    return output->keep();
  }
  llvm::raw_fd_ostream &os = llvm::outs();
  module.print(os, flags);
  os << '\n';
  os.flush();
  std::error_code problem = os.error();
  os.clear_error();
  if (problem)
    return createStringError("cannot write to standard output: " +
                             problem.message());
  return Error::success();
}

/// Links the code with the weights, or writes them beside.
static Error package(std::vector<std::string> objects, OutputFile &library,
                     std::optional<OutputFile> &weightFile,
                     const CPUTarget &target,
                     const ModelDescription &description) {
  if (Error error = library.close())
    return error;
  std::optional<OutputFile> weightObject;
  if (weightFile) {
    if (Error error = writeSafetensors(weightFile->os(), description))
      return error;
    if (Error error = weightFile->close())
      return error;
  } else if (description.weightBytes > 0) {
    Expected<OutputFile> file =
        OutputFile::create(library.temporaryPath() + ".weights.o");
    if (!file)
      return file.takeError();
    weightObject.emplace(std::move(*file));
    if (Error error =
            writeWeightObject(weightObject->os(), target.triple, description))
      return error;
    if (Error error = weightObject->close())
      return error;
    objects.push_back(weightObject->temporaryPath());
  }
  if (Error error = linkSharedLibrary(objects, library.temporaryPath()))
    return error;
  if (weightFile)
    if (Error error = weightFile->keep())
      return error;
  return library.keep();
}

static const char *getName(Precision precision) {
  switch (precision) {
  case Precision::F32:
    break;
  case Precision::BF16:
    return "bf16";
  case Precision::F16:
    return "f16";
  }
  return "f32";
}

/// Refuses to write over the model itself, and to write two things to one file.
static Error checkOutputs(const CompileOptions &options) {
  if (Error error = checkIsNotModel("-o", options.output, options.input))
    return error;
  if (options.weightFile.empty())
    return Error::success();
  if (Error error =
          checkIsNotModel("--weights", options.weightFile, options.input))
    return error;
  auto folder = [](llvm::StringRef path) {
    llvm::SmallString<128> parent(llvm::sys::path::parent_path(path));
    llvm::sys::fs::make_absolute(parent);
    llvm::sys::path::remove_dots(parent, /*remove_dot_dot=*/true);
    return parent.str().str();
  };
  // The library knows the weight file by its name alone.
  if (folder(options.weightFile) != folder(options.output))
    return createStringError(
        "--weights: '" + options.weightFile + "' must lie in the folder of '" +
        options.output + "', because the library looks for it beside itself");
  if (llvm::sys::path::filename(options.weightFile) ==
      llvm::sys::path::filename(options.output))
    return createStringError("--weights: '" + options.weightFile +
                             "' is the output itself; give another file");
  return Error::success();
}

/// True if a kernel gains from instructions for bf16.
static bool multipliesBf16Pairs(ModuleOp module) {
  return llvm::any_of(module.getOps<tile::KernelOp>(),
                      cpu::multipliesBf16Pairs);
}

Expected<CompileSummary> compileModel(const CompileOptions &options,
                                      const CompileLog &log) {
  auto stage = [&](llvm::StringRef name) {
    if (log.stage)
      log.stage(name);
  };
  ModelDescription description;
  if (Error error = checkOutputs(options))
    return error;
  description.weightFile = llvm::sys::path::filename(options.weightFile).str();
  bool isCUDA = options.target == TargetKind::CUDA;
  DeviceCodeOptions device;
  device.strict = options.strictKernels;
  device.tf32 = options.tf32;
  if (isCUDA) {
    Expected<std::vector<GPUArch>> archs = parseGPUArchs(options.arch);
    if (!archs)
      return archs.takeError();
    device.archs = std::move(*archs);
  }
  Expected<std::vector<CPUTarget>> targets =
      getCPUTargets(isCUDA ? "baseline" : options.cpu);
  if (!targets)
    return targets.takeError();
  if (targets->size() > 1 &&
      (options.emit == EmitKind::LLVM || options.emit == EmitKind::Object))
    return createStringError("--cpu " + options.cpu +
                             " is code for several processors, but --emit llvm "
                             "and --emit object write it for one; give "
                             "e.g. '--cpu native'");
  // A file that cannot be written is told before the work, not after.
  std::optional<OutputFile> output, weightFile;
  for (auto [path, file] : {std::pair(&options.output, &output),
                            std::pair(&options.weightFile, &weightFile)}) {
    if (path->empty() || *path == "-")
      continue;
    Expected<OutputFile> created = OutputFile::create(*path);
    if (!created)
      return created.takeError();
    file->emplace(std::move(*created));
  }

  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  stage("importing");
  ReadOptions reading = options;
  reading.outputs = {options.output, options.weightFile};
  Expected<OwningOpRef<ModuleOp>> read =
      readModel(options.input, context, reading, log);
  if (!read)
    return read.takeError();
  ModuleOp module = read->get();
  if (options.emit == EmitKind::ONNX) {
    CompileSummary summary = {summariseModel(module)};
    if (Error error = writeText(module, options, output))
      return error;
    return summary;
  }

  Expected<ModelSummary> transformed = transformModel(
      module, options.passes, options.simplify, options.verifyRewrites, log);
  if (!transformed)
    return transformed.takeError();
  CompileSummary summary = {std::move(*transformed)};
  if (options.emit == EmitKind::Tfm) {
    if (Error error = writeText(module, options, output))
      return error;
    return summary;
  }

  Expected<std::vector<EntryDescription>> entries = describeEntries(module);
  if (!entries)
    return entries.takeError();
  description.entries = std::move(*entries);
  description.name = llvm::sys::path::stem(options.input).str();
  description.target = isCUDA ? "cuda" : "cpu";
  description.producer = ("ockham " + kVersion).str();
  description.options = options.commandLine;

  stage("lowering");
  {
    PassManager pm(&context);
    ToTilePipelineOptions tile;
    tile.target = isCUDA ? KernelTarget::CUDA : KernelTarget::CPU;
    tile.weights = getName(options.precision);
    // Without a unit for products of 16 bits, widening activations costs more
    // than the bytes that are saved. GPUs have one, which takes two factors of
    // one type.
    Precision activations = options.activations.value_or(
        isCUDA ? options.precision : Precision::F32);
    bool rounds =
        options.precision != Precision::F32 || activations != Precision::F32;
    if (activations != Precision::F32) {
      NarrowActivationsOptions narrow;
      narrow.to = getName(activations);
      pm.addPass(createNarrowActivations(narrow));
    }
    buildToTilePipeline(pm, tile);
    // Rounding is no mistake of a rewrite.
    if (Error error = runPassManager(pm, module, log, "lowering to kernels",
                                     options.verifyRewrites && !rounds))
      return error;
  }
  {
    PassManager pm(&context);
    buildToLinalgPipeline(pm);
    if (Error error = runPassManager(pm, module, log, "lowering to linalg",
                                     options.verifyRewrites))
      return error;
    eraseUnusedWeights(module);
  }
  if (options.emit == EmitKind::Linalg) {
    if (Error error = writeText(module, options, output))
      return error;
    return summary;
  }
  llvm::erase_if(*targets, [&](const CPUTarget &target) {
    return target.isForBf16Pairs && !multipliesBf16Pairs(module);
  });
  std::string *plan = options.printMemoryPlan ? &summary.memoryPlan : nullptr;
  if (options.emit == EmitKind::LLVM) {
    if (Error error = isCUDA ? lowerForCUDA(module, device, log, plan)
                             : lowerForCPU(module, targets->front(), log, plan))
      return error;
    if (Error error = writeText(module, options, output))
      return error;
    return summary;
  }

  auto generate = [&](llvm::ArrayRef<llvm::raw_pwrite_stream *> objects) {
    return isCUDA ? generateCUDACode(module, device, *objects.front(),
                                     description, log, plan)
                  : generateCode(module, *targets, objects, description, log,
                                 plan);
  };
  if (options.emit == EmitKind::Object) {
    auto weights = generate({&output->os()});
    if (!weights)
      return weights.takeError();
    if (Error error = output->keep())
      return error;
    llvm::sys::fs::file_size(options.output, summary.outputBytes);
    return summary;
  }
  std::vector<OutputFile> objects;
  for (size_t i = 0; i < targets->size(); ++i) {
    Expected<OutputFile> object = OutputFile::create(
        output->temporaryPath() + "." + std::to_string(i) + ".o");
    if (!object)
      return object.takeError();
    objects.push_back(std::move(*object));
  }
  llvm::SmallVector<llvm::raw_pwrite_stream *> streams;
  for (OutputFile &object : objects)
    streams.push_back(&object.os());
  auto weights = generate(streams);
  if (!weights)
    return weights.takeError();
  std::vector<std::string> paths;
  for (OutputFile &object : objects) {
    if (Error error = object.close())
      return error;
    paths.push_back(object.temporaryPath());
  }
  stage("packaging");
  if (Error error = package(std::move(paths), *output, weightFile,
                            targets->front(), description))
    return error;
  llvm::sys::fs::file_size(options.output, summary.outputBytes);
  return summary;
}

} // namespace ockham
