//===- ExportONNX.cpp - Modules as ONNX files -----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Export/ExportONNX.h"

#include "GraphWriter.h"
#include "ModelStream.h"
#include "ockham/Support/OutputFile.h"
#include "llvm/Support/Path.h"

#include <optional>

using namespace mlir;

namespace ockham {

static llvm::Error fail(const llvm::Twine &text) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), text);
}

/// The IR version that belongs to an opset: runtimes refuse newer ones than
/// they know.
static int64_t getIRVersion(int64_t opset) {
  return opset >= 23 ? 11 : opset >= 21 ? 10 : opset >= 19 ? 9 : 8;
}

static llvm::Expected<func::FuncOp> findEntry(ModuleOp module) {
  func::FuncOp entry;
  for (func::FuncOp function : module.getOps<func::FuncOp>()) {
    if (!function->hasAttr(kEntryAttrName))
      continue;
    if (entry)
      return fail("the module has several entry points, expected one");
    entry = function;
  }
  if (!entry)
    return fail("the module has no entry point");
  if (!entry.getBody().hasOneBlock())
    return fail("the function '" + entry.getSymName() +
                "' is not straight-line code");
  return entry;
}

static void describe(pb::ModelProto &model, const ExportOptions &options) {
  model.set_ir_version(getIRVersion(options.opset));
  model.set_producer_name("ockham");
  model.set_producer_version(options.producerVersion);
  auto &opset = *model.add_opset_import();
  opset.set_domain("");
  opset.set_version(options.opset);
  for (const auto &[key, value] : options.metadata) {
    auto &entry = *model.add_metadata_props();
    entry.set_key(key);
    entry.set_value(value);
  }
}

llvm::Expected<ExportSummary> exportONNX(ModuleOp module, llvm::StringRef path,
                                         const ExportOptions &options) {
  if (options.opset < kOldestExportedOpset ||
      options.opset > kNewestExportedOpset)
    return fail("opset " + llvm::Twine(options.opset) +
                " is not written, expected " +
                llvm::Twine(kOldestExportedOpset) + " to " +
                llvm::Twine(kNewestExportedOpset));
  llvm::Expected<func::FuncOp> entry = findEntry(module);
  if (!entry)
    return entry.takeError();

  pb::ModelProto model;
  describe(model, options);
  pb::GraphProto graph;
  exporter::GraphWriter writer(*entry, graph, options.opset);
  if (llvm::Error error = writer.run())
    return error;

  ExportSummary summary;
  summary.droppedChecks = writer.getDroppedChecks();
  for (const auto &weight : writer.getWeights())
    summary.weightBytes += getStorageBytes(weight.data.getType());

  // Both files are complete before either takes its name.
  auto file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  std::optional<OutputFile> data;
  std::string dataPath = getExternalDataPath(path);
  if (summary.weightBytes > options.maxEmbeddedBytes) {
    auto created = OutputFile::create(dataPath);
    if (!created)
      return created.takeError();
    data.emplace(std::move(*created));
    summary.dataPath = dataPath;
    exporter::writeExternalData(
        writer.getWeights(), llvm::sys::path::filename(dataPath), data->os());
    if (llvm::Error error = data->close())
      return error;
  }
  if (llvm::Error error =
          exporter::writeModel(model, graph, writer.getWeights(), file->os()))
    return error;
  summary.modelBytes = file->os().tell();
  if (llvm::Error error = file->close())
    return error;
  if (data)
    if (llvm::Error error = data->keep())
      return error;
  if (llvm::Error error = file->keep())
    return error;
  return summary;
}

std::string getExternalDataPath(llvm::StringRef path) {
  return (path + ".data").str();
}

} // namespace ockham
