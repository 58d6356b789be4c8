//===- Simplify.cpp - A model file to a simpler model file
//------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Driver/Simplify.h"

#include "ModelPasses.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/IR/MLIRContext.h"
#include "ockham/Pipelines/Pipelines.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Support/Registration.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using llvm::Error;
using llvm::Expected;

namespace ockham {

/// What the model's file says about where it comes from.
static ExportOptions getExportOptions(ModuleOp module,
                                      const SimplifyOptions &options) {
  ExportOptions result;
  result.opset = options.opset;
  result.maxEmbeddedBytes = options.maxEmbeddedBytes;
  result.producerVersion = kVersion.str();
  result.metadata.push_back(
      {"ockham.passes",
       options.passes.value_or("ockham-raise,ockham-simplify") +
           ",ockham-to-onnx{opset=" + std::to_string(options.opset) + "}"});
  result.metadata.push_back(
      {"ockham.source", llvm::sys::path::filename(options.input).str()});
  if (auto producer = module->getAttrOfType<StringAttr>("ockham.producer"))
    result.metadata.push_back({"ockham.source_producer", producer.str()});
  return result;
}

Expected<SimplifySummary> simplifyModel(const SimplifyOptions &options,
                                        const CompileLog &log) {
  ReadOptions reading = options;
  reading.outputs = {options.output, getExternalDataPath(options.output)};
  for (const std::string &path : reading.outputs)
    if (Error error = checkIsNotModel("-o", path, options.input))
      return error;
  auto stage = [&](llvm::StringRef name) {
    if (log.stage)
      log.stage(name);
  };
  DialectRegistry registry;
  registerDialects(registry);
  MLIRContext context(registry);
  stage("importing");
  Expected<OwningOpRef<ModuleOp>> read =
      readModel(options.input, context, reading, log);
  if (!read)
    return read.takeError();
  ModuleOp module = read->get();

  Expected<ModelSummary> transformed = transformModel(
      module, options.passes, /*simplify=*/true, options.verifyRewrites, log);
  if (!transformed)
    return transformed.takeError();
  SimplifySummary summary = {std::move(*transformed), {}};

  stage("exporting");
  PassManager pm(&context);
  ToONNXPipelineOptions toONNX;
  toONNX.opset = options.opset;
  buildToONNXPipeline(pm, toONNX);
  if (Error error = runPassManager(pm, module, log, "conversion to ONNX",
                                   options.verifyRewrites))
    return error;
  eraseUnusedWeights(module);
  Expected<ExportSummary> exported =
      exportONNX(module, options.output, getExportOptions(module, options));
  if (!exported)
    return exported.takeError();
  summary.exported = std::move(*exported);
  if (summary.exported.droppedChecks && log.warning)
    log.warning("ONNX has no operator for " +
                std::to_string(summary.exported.droppedChecks) +
                (summary.exported.droppedChecks == 1 ? " check" : " checks") +
                " of inputs that the model asks for: the result does without");
  return summary;
}

} // namespace ockham
