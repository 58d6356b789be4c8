//===- ModelPasses.cpp - From a file to a simplified module
//-----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelPasses.h"

#include "Diagnostics.h"
#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassRegistry.h"
#include "ockham/Import/ImportONNX.h"
#include "ockham/Pipelines/Pipelines.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Support/Registration.h"
#include "ockham/Verify/VerifyRewrites.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace ockham {

Expected<OwningOpRef<ModuleOp>> readModel(llvm::StringRef path,
                                          MLIRContext &context,
                                          const ReadOptions &options,
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
  std::string overwritten;
  importOptions.onExternalFile = [&](llvm::StringRef file) {
    for (const std::string &output : options.outputs)
      if (llvm::sys::fs::equivalent(output, file))
        overwritten = output;
  };
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
  if (!overwritten.empty())
    return createStringError("'" + overwritten +
                             "' holds weights of the model itself and would be "
                             "overwritten; give another output");
  return module;
}

Error checkIsNotModel(llvm::StringRef option, llvm::StringRef path,
                      llvm::StringRef model) {
  if (path != model && !llvm::sys::fs::equivalent(path, model))
    return Error::success();
  return createStringError(option + ": '" + path +
                           "' is the model itself; give another file");
}

//===----------------------------------------------------------------------===//
// Passes
//===----------------------------------------------------------------------===//

Error runPassManager(PassManager &pm, ModuleOp module, const CompileLog &log,
                     llvm::StringRef what, bool verify,
                     std::vector<RewriteCount> *rewrites) {
  MLIRContext &context = *module.getContext();
  bool isThreaded = context.isMultithreadingEnabled();
  VerifyRewritesResult verified;
  if (verify)
    verifyRewrites(pm, VerifyRewritesOptions(), verified);
  DiagnosticCollector diagnostics(context, log, rewrites);
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

static Error runTextualPasses(ModuleOp module, llvm::StringRef pipeline,
                              const CompileLog &log, bool verify,
                              std::vector<RewriteCount> *rewrites) {
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
  return runPassManager(pm, module, log, "'" + pipeline.str() + "'", verify,
                        rewrites);
}

Error runPasses(ModuleOp module, llvm::StringRef pipeline,
                const CompileLog &log, bool verifyRewrites) {
  return runTextualPasses(module, pipeline, log, verifyRewrites, nullptr);
}

//===----------------------------------------------------------------------===//
// Counting
//===----------------------------------------------------------------------===//

namespace {
struct Parameters {
  uint64_t count = 0, bytes = 0;
  /// Of embeddings that are the head's weight, too.
  uint64_t tiedBytes = 0;
};
} // namespace

static Parameters countParameters(ModuleOp module) {
  Parameters parameters;
  llvm::DenseSet<StringAttr> tables, heads;
  auto getSymbol = [](Value value) {
    auto load = value.getDefiningOp<LoadWeightOp>();
    return load ? load.getWeightAttr().getAttr() : StringAttr();
  };
  module.walk([&](Operation *op) {
    if (auto embedding = dyn_cast<tfm::EmbeddingOp>(op))
      tables.insert(getSymbol(embedding.getTable()));
    else if (auto linear = dyn_cast<tfm::LinearOp>(op))
      heads.insert(getSymbol(linear.getWeight()));
  });
  for (auto weight : module.getOps<WeightOp>()) {
    uint64_t bytes = getStorageBytes(weight.getTensorType());
    parameters.count += weight.getTensorType().getNumElements();
    parameters.bytes += bytes;
    StringAttr symbol = weight.getSymNameAttr();
    if (tables.contains(symbol) && heads.contains(symbol))
      parameters.tiedBytes += bytes;
  }
  return parameters;
}

ModelSummary summariseModel(ModuleOp module) {
  ModelSummary summary;
  Parameters parameters = countParameters(module);
  summary.parameters = summary.parametersBefore = parameters.count;
  summary.weightBytes = summary.weightBytesBefore = parameters.bytes;
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

Expected<ModelSummary> transformModel(ModuleOp module,
                                      const std::optional<std::string> &passes,
                                      bool simplify, bool verify,
                                      const CompileLog &log) {
  auto stage = [&](llvm::StringRef name) {
    if (log.stage)
      log.stage(name);
  };
  std::vector<RewriteCount> rewrites;
  stage("recognising");
  if (passes) {
    if (Error error = runTextualPasses(module, *passes, log, verify, &rewrites))
      return error;
    ModelSummary summary = summariseModel(module);
    summary.rewrites = std::move(rewrites);
    return summary;
  }
  PassManager raise(module.getContext());
  buildRaisePipeline(raise);
  if (Error error = runPassManager(raise, module, log, "recognition", verify))
    return error;
  // What stayed onnx is told as recognition left it: simplification writes onnx
  // ops of its own.
  ModelSummary summary = summariseModel(module);
  if (!simplify)
    return summary;
  stage("simplifying");
  uint64_t tiedBefore = countParameters(module).tiedBytes;
  PassManager pm(module.getContext());
  buildSimplifyPipeline(pm);
  if (Error error =
          runPassManager(pm, module, log, "simplification", verify, &rewrites))
    return error;
  eraseUnusedWeights(module);
  Parameters after = countParameters(module);
  summary.parameters = after.count;
  summary.weightBytes = after.bytes;
  summary.untiedBytes = tiedBefore - std::min(tiedBefore, after.tiedBytes);
  summary.rewrites = std::move(rewrites);
  return summary;
}

} // namespace ockham
