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
#include "ockham/Verify/VerifyRewrites.h"
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
  // One line without control characters, whatever the message quotes: names
  // come from files.
  for (char &c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
      c = ' ';
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
          } else if (diagnostic.getSeverity() == DiagnosticSeverity::Warning) {
            if (log.warning)
              log.warning(describe(diagnostic));
          } else {
            if (log.remark)
              log.remark(diagnostic);
            if (log.message)
              log.message(describe(diagnostic));
          }
        }) {
    // A message names its node; the printed operation may be pages long.
    context.printOpOnDiagnostic(false);
  }

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
      return createStringError(path + ": the file does not exist");
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
        if (log.warning)
          log.warning(message.str());
      });
  if (!module)
    return createStringError(problem);
  return module;
}

static Error run(PassManager &pm, ModuleOp module, const CompileLog &log,
                 llvm::StringRef what, bool isVerified = false) {
  MLIRContext &context = *module.getContext();
  bool isThreaded = context.isMultithreadingEnabled();
  VerifyRewritesResult verified;
  if (isVerified)
    verifyRewrites(pm, VerifyRewritesOptions(), verified);
  DiagnosticCollector diagnostics(context, log);
  bool isFine = succeeded(pm.run(module)) && !verified.hasFailed();
  context.enableMultithreading(isThreaded);
  if (isFine)
    return Error::success();
  return diagnostics.take(what + " failed without a message");
}

/// What is wrong with a textual pipeline, in one line: MLIR's message quotes
/// the pipeline and points at the place in lines of their own.
static std::string formatPipelineProblem(llvm::StringRef text) {
  std::string problem;
  for (llvm::StringRef line : llvm::split(text, '\n')) {
    auto [where, what] = line.split("error: ");
    if (what.empty())
      continue;
    llvm::StringRef column = where.rtrim(": ").rsplit(':').second;
    problem += (problem.empty() ? "column " : "; column ") + column.str() +
               ": " + what.str();
  }
  if (!problem.empty())
    return problem;
  // Complaints about the options of a pass have no place.
  for (llvm::StringRef line : llvm::split(text, '\n')) {
    line.consume_front("<Pass-Options-Parser>: ");
    if (!line.trim().empty())
      problem += (problem.empty() ? "" : "; ") + line.trim().str();
  }
  return problem;
}

Error runPasses(ModuleOp module, llvm::StringRef pipeline,
                const CompileLog &log, bool verifyRewrites) {
  registerPasses();
  // ockham-opt's --pass-pipeline names the module around the passes.
  llvm::StringRef passes = pipeline.trim();
  if (passes.ends_with(")") && passes.consume_front("builtin.module("))
    passes = passes.drop_back();
  PassManager pm(module.getContext());
  std::string problem;
  llvm::raw_string_ostream os(problem);
  if (failed(parsePassPipeline(passes, pm, os)))
    return createStringError("--passes: " + formatPipelineProblem(problem) +
                             " (see 'ockham-opt --help')");
  return run(pm, module, log, "'" + pipeline.str() + "'", verifyRewrites);
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
static Error package(llvm::StringRef codePath, OutputFile &library,
                     std::optional<OutputFile> &weightFile,
                     const CPUTarget &target,
                     const ModelDescription &description) {
  if (Error error = library.close())
    return error;
  std::vector<std::string> objects = {codePath.str()};

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

/// Refuses to write over the model itself, and to write two things to one file.
static Error checkOutputs(const CompileOptions &options) {
  auto isInput = [&](const std::string &path) {
    return path == options.input ||
           llvm::sys::fs::equivalent(path, options.input);
  };
  if (isInput(options.output))
    return createStringError("-o: '" + options.output +
                             "' is the model itself; give another file");
  if (options.weightFile.empty())
    return Error::success();
  if (isInput(options.weightFile))
    return createStringError("--weights: '" + options.weightFile +
                             "' is the model itself; give another file");
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

static const char *const kProducer = "ockham 0.1.0";

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
  Expected<CPUTarget> target = getCPUTarget(options.cpu);
  if (!target)
    return target.takeError();
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
  Expected<OwningOpRef<ModuleOp>> read =
      readModel(options.input, context, options, log);
  if (!read)
    return read.takeError();
  ModuleOp module = read->get();
  if (options.emit == EmitKind::ONNX) {
    CompileSummary summary = summarise(module);
    if (Error error = writeText(module, options, output))
      return error;
    return summary;
  }

  stage("recognising");
  if (options.passes) {
    if (Error error =
            runPasses(module, *options.passes, log, options.verifyRewrites))
      return error;
  } else {
    PassManager pm(&context);
    buildRaisePipeline(pm);
    if (Error error =
            run(pm, module, log, "recognition", options.verifyRewrites))
      return error;
  }
  CompileSummary summary = summarise(module);
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
  description.target = "cpu";
  description.features = target->requirements;
  description.producer = kProducer;
  description.options = options.commandLine;

  stage("lowering");
  {
    PassManager pm(&context);
    buildToLinalgPipeline(pm);
    if (Error error =
            run(pm, module, log, "lowering to linalg", options.verifyRewrites))
      return error;
    eraseUnusedWeights(module);
  }
  if (options.emit == EmitKind::Linalg) {
    if (Error error = writeText(module, options, output))
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
    if (Error error = writeText(module, options, output))
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
  if (options.emit == EmitKind::Object) {
    if (Error error = emitObject(**ir, *target, **machine, output->os()))
      return error;
    if (Error error = output->keep())
      return error;
    llvm::sys::fs::file_size(options.output, summary.outputBytes);
    return summary;
  }
  Expected<OutputFile> code =
      OutputFile::create(output->temporaryPath() + ".o");
  if (!code)
    return code.takeError();
  if (Error error = emitObject(**ir, *target, **machine, code->os()))
    return error;
  if (Error error = code->close())
    return error;
  stage("packaging");
  if (Error error = package(code->temporaryPath(), *output, weightFile, *target,
                            description))
    return error;
  llvm::sys::fs::file_size(options.output, summary.outputBytes);
  return summary;
}

} // namespace ockham
