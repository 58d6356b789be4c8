//===- Compile.cpp - A model file to a shared library ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Driver/Compile.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "ockham/Import/ImportONNX.h"
#include "ockham/Pipelines/Pipelines.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Support/OutputFile.h"
#include "ockham/Support/Registration.h"
#include "ockham/Target/CPU/Codegen.h"
#include "ockham/Target/Package/Package.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Target/TargetMachine.h"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace ockham {

/// The node that a location names, or where it stands in a file.
static std::string describeLocation(Location location) {
  if (auto name = dyn_cast<NameLoc>(location))
    return name.getName().str();
  if (isa<UnknownLoc>(location))
    return "";
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto file = dyn_cast<FileLineColLoc>(location))
    os << file.getFilename().getValue() << ':' << file.getLine() << ':'
       << file.getColumn();
  else
    os << location;
  return text;
}

static std::string describe(Diagnostic &diagnostic) {
  std::string where = describeLocation(diagnostic.getLocation());
  std::string text = (where.empty() ? "" : where + ": ") + diagnostic.str();
  for (Diagnostic &note : diagnostic.getNotes())
    text += "; " + note.str();
  return text;
}

namespace {
/// Collects errors and passes everything else on while it lives.
class DiagnosticCollector {
public:
  DiagnosticCollector(MLIRContext &context, const CompileLog &log)
      : handler(&context, [this, &log](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() == DiagnosticSeverity::Error) {
            if (firstError.empty())
              firstError = describe(diagnostic);
          } else if (log.message) {
            log.message(describe(diagnostic));
          }
        }) {}

  Error take(const llvm::Twine &fallback) {
    return createStringError(firstError.empty() ? fallback.str() : firstError);
  }

private:
  std::string firstError;
  ScopedDiagnosticHandler handler;
};
} // namespace

Expected<OwningOpRef<ModuleOp>> readModel(llvm::StringRef path,
                                          MLIRContext &context,
                                          const CompileOptions &options,
                                          const CompileLog &log) {
  if (llvm::sys::path::extension(path) == ".mlir") {
    DiagnosticCollector diagnostics(context, log);
    if (!llvm::sys::fs::exists(path))
      return createStringError(path + ": no such file");
    OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(path, &context);
    if (!module)
      return diagnostics.take(path + ": cannot be parsed");
    return module;
  }
  ImportOptions importOptions;
  importOptions.dims = options.dims;
  importOptions.allowExternalPaths = options.allowExternalPaths;
  std::string problem;
  OwningOpRef<ModuleOp> module = importONNX(
      path, context, importOptions,
      [&](const llvm::Twine &message) { problem = message.str(); },
      [&](const llvm::Twine &message) {
        if (log.message)
          log.message(message.str());
      });
  if (!module)
    return createStringError(problem);
  return module;
}

static Error run(PassManager &pm, ModuleOp module, const CompileLog &log,
                 llvm::StringRef what) {
  DiagnosticCollector diagnostics(*module.getContext(), log);
  if (succeeded(pm.run(module)))
    return Error::success();
  return diagnostics.take(what + " failed without a message");
}

Error runPasses(ModuleOp module, llvm::StringRef pipeline,
                const CompileLog &log) {
  registerPasses();
  PassManager pm(module.getContext());
  std::string problem;
  llvm::raw_string_ostream os(problem);
  if (failed(parsePassPipeline(pipeline, pm, os)))
    return createStringError("--passes: " +
                             llvm::StringRef(problem).trim().str());
  return run(pm, module, log, "'" + pipeline.str() + "'");
}

/// Counts parameters and blocks while the module is still tfm.
static CompileSummary summarise(ModuleOp module) {
  CompileSummary summary;
  for (auto weight : module.getOps<WeightOp>()) {
    summary.parameters += weight.getTensorType().getNumElements();
    summary.weightBytes += getStorageBytes(weight.getTensorType());
  }
  llvm::MapVector<StringRef, unsigned> blocks, unraised;
  module.walk([&](Operation *op) {
    if (auto block = dyn_cast<tfm::BlockOp>(op))
      ++blocks[tfm::stringifyBlockKind(block.getKind())];
    else if (isa_and_nonnull<onnx::ONNXDialect>(op->getDialect()))
      ++unraised[op->getName().stripDialect()];
  });
  for (auto [name, count] : blocks)
    summary.blocks.push_back({name.str(), count});
  for (auto [name, count] : unraised)
    summary.unraised.push_back({name.str(), count});
  return summary;
}

static Error writeText(ModuleOp module, const CompileOptions &options) {
  OpPrintingFlags flags;
  if (!options.printWeights) {
    flags.elideLargeResourceString(64);
    flags.elideLargeElementsAttrs(64);
  }
  if (options.output == "-") {
    module.print(llvm::outs(), flags);
    llvm::outs() << '\n';
    return Error::success();
  }
  Expected<OutputFile> file = OutputFile::create(options.output);
  if (!file)
    return file.takeError();
  module.print(file->os(), flags);
  file->os() << '\n';
  return file->keep();
}

/// Translates to LLVM IR and adds the tables of the model.
static Expected<std::unique_ptr<llvm::Module>>
translate(ModuleOp module, llvm::LLVMContext &context,
          const ModelDescription &description, const CompileLog &log) {
  DiagnosticCollector diagnostics(*module.getContext(), log);
  std::unique_ptr<llvm::Module> ir =
      translateModuleToLLVMIR(module, context, description.name);
  if (!ir)
    return diagnostics.take("translation to LLVM IR failed without a message");
  addModelTable(*ir, description);
  return ir;
}

/// Links the code with the weights, or writes them beside.
static Error package(llvm::StringRef codePath, const CompileOptions &options,
                     const CPUTarget &target,
                     const ModelDescription &description) {
  Expected<OutputFile> library = OutputFile::create(options.output);
  if (!library)
    return library.takeError();
  if (Error error = library->close())
    return error;
  std::vector<std::string> objects = {codePath.str()};

  std::optional<OutputFile> weights;
  bool embed = options.weightFile.empty() && description.weightBytes > 0;
  if (embed || !options.weightFile.empty()) {
    Expected<OutputFile> file = OutputFile::create(
        embed ? options.output + ".weights.o" : options.weightFile);
    if (!file)
      return file.takeError();
    weights.emplace(std::move(*file));
    Error written =
        embed ? writeWeightObject(weights->os(), target.triple, description)
              : writeSafetensors(weights->os(), description);
    if (written)
      return written;
    if (Error error = weights->close())
      return error;
    if (embed)
      objects.push_back(weights->temporaryPath());
  }
  if (Error error = linkSharedLibrary(objects, library->temporaryPath()))
    return error;
  if (!embed && weights)
    if (Error error = weights->keep())
      return error;
  return library->keep();
}

/// The name by which a library finds its weight file: relative to itself.
static Expected<std::string> getWeightFileName(const CompileOptions &options) {
  if (options.weightFile.empty())
    return std::string();
  auto folder = [](llvm::StringRef path) {
    llvm::SmallString<128> parent(llvm::sys::path::parent_path(path));
    llvm::sys::fs::make_absolute(parent);
    llvm::sys::path::remove_dots(parent, /*remove_dot_dot=*/true);
    return parent.str().str();
  };
  if (folder(options.weightFile) != folder(options.output))
    return createStringError(
        "--weights: '" + options.weightFile + "' must lie in the folder of '" +
        options.output + "', because the library looks for it beside itself");
  return llvm::sys::path::filename(options.weightFile).str();
}

static const char *const kProducer = "ockham 0.1.0";

Expected<CompileSummary> compileModel(const CompileOptions &options,
                                      const CompileLog &log) {
  auto stage = [&](llvm::StringRef name) {
    if (log.stage)
      log.stage(name);
  };
  ModelDescription description;
  Expected<std::string> weightFile = getWeightFileName(options);
  if (!weightFile)
    return weightFile.takeError();
  description.weightFile = *weightFile;
  Expected<CPUTarget> target = getCPUTarget(options.cpu);
  if (!target)
    return target.takeError();

  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  stage("importing");
  Expected<OwningOpRef<ModuleOp>> read =
      readModel(options.input, context, options, log);
  if (!read)
    return read.takeError();
  ModuleOp module = read->get();
  if (options.emit == EmitKind::ONNX) {
    CompileSummary summary = summarise(module);
    if (Error error = writeText(module, options))
      return error;
    return summary;
  }

  stage("recognising");
  if (options.passes) {
    if (Error error = runPasses(module, *options.passes, log))
      return error;
  } else {
    PassManager pm(&context);
    buildRaisePipeline(pm);
    if (Error error = run(pm, module, log, "recognition"))
      return error;
  }
  CompileSummary summary = summarise(module);
  if (options.emit == EmitKind::Tfm) {
    if (Error error = writeText(module, options))
      return error;
    return summary;
  }

  Expected<std::vector<EntryDescription>> entries = describeEntries(module);
  if (!entries)
    return entries.takeError();
  description.entries = std::move(*entries);
  description.name = llvm::sys::path::stem(options.input).str();
  description.target = "cpu";
  description.features = target->requirements;
  description.producer = kProducer;
  description.options = options.commandLine;

  stage("lowering");
  {
    PassManager pm(&context);
    buildToLinalgPipeline(pm);
    if (Error error = run(pm, module, log, "lowering to linalg"))
      return error;
    eraseUnusedWeights(module);
  }
  if (options.emit == EmitKind::Linalg) {
    if (Error error = writeText(module, options))
      return error;
    return summary;
  }
  {
    PassManager pm(&context);
    CPUPipelineOptions cpu;
    cpu.vectorBytes = target->vectorBytes;
    buildCPUPipeline(pm, cpu);
    if (Error error = run(pm, module, log, "lowering to LLVM"))
      return error;
  }
  if (options.emit == EmitKind::LLVM) {
    if (Error error = writeText(module, options))
      return error;
    return summary;
  }

  // LLVM never sees the weights: they leave the module for the translation and
  // come back for the packager, which reads their bytes.
  if (Error error = describeWeights(module, description))
    return error;
  stage("generating code");
  llvm::LLVMContext llvmContext;
  OwningOpRef<ModuleOp> holder = ModuleOp::create(module.getLoc());
  for (WeightDescription &weight : description.weights)
    weight.op->moveBefore(holder->getBody(), holder->getBody()->end());
  Expected<std::unique_ptr<llvm::Module>> ir =
      translate(module, llvmContext, description, log);
  if (!ir)
    return ir.takeError();
  auto machine = createTargetMachine(*target);
  if (!machine)
    return machine.takeError();
  bool isObject = options.emit == EmitKind::Object;
  Expected<OutputFile> code =
      OutputFile::create(isObject ? options.output : options.output + ".o");
  if (!code)
    return code.takeError();
  if (Error error = emitObject(**ir, *target, **machine, code->os()))
    return error;
  if (isObject) {
    if (Error error = code->keep())
      return error;
    return summary;
  }
  if (Error error = code->close())
    return error;
  stage("packaging");
  if (Error error =
          package(code->temporaryPath(), options, *target, description))
    return error;
  llvm::sys::fs::file_size(options.output, summary.outputBytes);
  return summary;
}

} // namespace ockham
