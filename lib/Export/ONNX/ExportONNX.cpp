//===- ExportONNX.cpp - Modules as ONNX files -----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Export/ExportONNX.h"

#include "GraphWriter.h"
#include "ockham/Support/OutputFile.h"
#include "llvm/Support/Path.h"

#include <optional>

using namespace mlir;

namespace ockham {

namespace {

/// Bytes of external tensors begin at multiples of this, so that they can be
/// mapped.
constexpr uint64_t kAlignment = 64;

/// Puts the bytes of weights into the model, or into a file beside it.
class WeightPlacer {
public:
  WeightPlacer(exporter::pb::GraphProto &graph, llvm::raw_ostream *external,
               std::string location)
      : graph(graph), external(external), location(std::move(location)) {}

  void place(const exporter::GraphWriter::PendingWeight &weight);

private:
  static void addEntry(exporter::pb::TensorProto &tensor, llvm::StringRef key,
                       const std::string &value) {
    auto &entry = *tensor.add_external_data();
    entry.set_key(key.str());
    entry.set_value(value);
  }

  exporter::pb::GraphProto &graph;
  llvm::raw_ostream *external;
  std::string location;
  uint64_t offset = 0;
};

} // namespace

/// Smaller tensors stay in the model: runtimes want shapes there.
static constexpr uint64_t kSmallTensor = 1024;

void WeightPlacer::place(const exporter::GraphWriter::PendingWeight &weight) {
  exporter::pb::TensorProto &tensor =
      *graph.mutable_initializer(weight.initializer);
  std::string bytes(getStorageBytes(weight.data.getType()), '\0');
  weight.data.copyTo(bytes.data());
  if (!external || bytes.size() < kSmallTensor) {
    tensor.set_raw_data(std::move(bytes));
    return;
  }
  uint64_t padding = llvm::alignTo(offset, kAlignment) - offset;
  external->write_zeros(padding);
  offset += padding;
  tensor.set_data_location(exporter::pb::TensorProto::EXTERNAL);
  addEntry(tensor, "location", location);
  addEntry(tensor, "offset", std::to_string(offset));
  addEntry(tensor, "length", std::to_string(bytes.size()));
  *external << bytes;
  offset += bytes.size();
}

static llvm::Error fail(const llvm::Twine &text) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), text);
}

/// The IR version that belongs to an opset.
static int64_t getIRVersion(int64_t opset) {
  return opset >= 23 ? 11 : opset >= 21 ? 10 : opset >= 19 ? 9 : 8;
}

llvm::Error exportONNX(ModuleOp module, llvm::StringRef path,
                       const ExportOptions &options) {
  if (options.opset < kOldestExportedOpset ||
      options.opset > kNewestExportedOpset)
    return fail("opset " + llvm::Twine(options.opset) +
                " is not written, expected " +
                llvm::Twine(kOldestExportedOpset) + " to " +
                llvm::Twine(kNewestExportedOpset));
  func::FuncOp entry;
  for (func::FuncOp function : module.getOps<func::FuncOp>()) {
    if (!function->hasAttr(kEntryAttrName))
      continue;
    if (entry)
      return fail("the module has several entry points, expected one");
    entry = function;
  }
  if (!entry || !entry.getBody().hasOneBlock())
    return fail("the module has no entry point");

  exporter::pb::ModelProto model;
  model.set_ir_version(getIRVersion(options.opset));
  model.set_producer_name("ockham");
  auto &opset = *model.add_opset_import();
  opset.set_domain("");
  opset.set_version(options.opset);
  exporter::GraphWriter writer(entry, *model.mutable_graph(), options.opset);
  if (llvm::Error error = writer.run())
    return error;

  uint64_t total = 0;
  for (const auto &weight : writer.getWeights())
    total += getStorageBytes(weight.data.getType());
  std::optional<OutputFile> data;
  std::string location = (llvm::sys::path::filename(path) + ".data").str();
  if (total > options.maxEmbeddedBytes) {
    auto file = OutputFile::create((path + ".data").str());
    if (!file)
      return file.takeError();
    data.emplace(std::move(*file));
  }
  WeightPlacer placer(*model.mutable_graph(), data ? &data->os() : nullptr,
                      location);
  for (const auto &weight : writer.getWeights())
    placer.place(weight);

  auto file = OutputFile::create(path);
  if (!file)
    return file.takeError();
  std::string bytes;
  if (!model.SerializeToString(&bytes))
    return fail("the model does not fit into a protobuf message");
  file->os() << bytes;
  if (data)
    if (llvm::Error error = data->keep())
      return error;
  return file->keep();
}

} // namespace ockham
