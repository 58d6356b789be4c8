//===- ModelFile.cpp - The protobuf of a model file -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ModelFile.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <climits>
#include <optional>

using namespace mlir;
using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

namespace ockham::importer {

//===----------------------------------------------------------------------===//
// Why a file is no model
//===----------------------------------------------------------------------===//

namespace {
struct Signature {
  size_t offset;
  StringRef bytes;
  StringRef meaning;
};
} // namespace

static const Signature signatures[] = {
    {0, "version https://git-lfs",
     "a Git LFS pointer instead of the model; 'git lfs pull' fetches it"},
    {0, "PK\x03\x04", "a zip archive (a PyTorch file?), not an ONNX model"},
    {0, "\x80\x02", "a Python pickle (a PyTorch file?), not an ONNX model"},
    {0, "\x1f\x8b", "compressed with gzip; unpack it first"},
    {4, "ORTM", "in ONNX Runtime's own format, not ONNX"},
    {4, "TFL3", "a TensorFlow Lite model, not an ONNX model"},
    {0, "GGUF", "a GGUF file, not an ONNX model"},
    {0, "\x89HDF", "an HDF5 file (Keras?), not an ONNX model"},
    {0,
     "\x7f"
     "ELF",
     "a compiled program or library, not an ONNX model"},
};

static bool isText(StringRef bytes) {
  return llvm::all_of(bytes.take_front(1024), [](char c) {
    // Bytes above 127 may belong to UTF-8.
    return llvm::isPrint(c) || llvm::isSpace(c) || (c & 0x80);
  });
}

/// What the bytes are, if they are clearly something else.
static std::optional<StringRef> recognizeOtherFormat(StringRef bytes) {
  for (const Signature &signature : signatures)
    if (bytes.drop_front(std::min(signature.offset, bytes.size()))
            .starts_with(signature.bytes))
      return signature.meaning;
  if (!isText(bytes))
    return std::nullopt;
  StringRef text = bytes.ltrim();
  if (text.starts_with_insensitive("<!doctype") ||
      text.starts_with_insensitive("<html"))
    return StringRef("an HTML page (a failed download?), not an ONNX model");
  if (text.starts_with("{") || text.starts_with("["))
    return StringRef("JSON text, not a binary ONNX model");
  return StringRef("a text file, not a binary ONNX model");
}

static StringRef getFieldName(int field) {
  switch (field) {
  case pb::ModelProto::kGraphFieldNumber:
    return "the graph";
  case pb::ModelProto::kOpsetImportFieldNumber:
    return "the list of opsets";
  case pb::ModelProto::kFunctionsFieldNumber:
    return "a function";
  default:
    return "a field";
  }
}

/// Protobuf's own limit, in messages within messages: each If in an If takes
/// three of them.
static constexpr int maxMessageDepth = 100;

static bool parse(StringRef bytes, int nesting, pb::ModelProto &model) {
  CodedInputStream stream(reinterpret_cast<const uint8_t *>(bytes.data()),
                          static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(INT_MAX);
  stream.SetRecursionLimit(nesting);
  return model.ParseFromCodedStream(&stream) && stream.ConsumedEntireMessage();
}

/// Explains why `bytes`, which protobuf refused, are no model, by walking over
/// the outermost fields.
static LogicalResult explainDamage(StringRef bytes, Messages &messages) {
  CodedInputStream stream(reinterpret_cast<const uint8_t *>(bytes.data()),
                          static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(INT_MAX);
  while (true) {
    int start = stream.CurrentPosition();
    uint32_t tag = stream.ReadTag();
    if (tag == 0 && stream.ConsumedEntireMessage())
      break;
    bool valid = WireFormatLite::GetTagFieldNumber(tag) != 0;
    if (valid && WireFormatLite::GetTagWireType(tag) ==
                     WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      uint32_t length = 0;
      valid = stream.ReadVarint32(&length);
      uint64_t begin = stream.CurrentPosition();
      if (valid && begin + length > bytes.size())
        return messages.error(
            "the file is cut off or damaged: " +
            getFieldName(WireFormatLite::GetTagFieldNumber(tag)) + " needs " +
            count(length, "byte") + " from offset " + llvm::Twine(begin) +
            ", but the file has " + count(bytes.size(), "byte"));
      valid = valid && stream.Skip(static_cast<int>(length));
    } else if (valid) {
      valid = WireFormatLite::SkipField(&stream, tag);
    }
    if (!valid)
      return messages.error("the file is damaged or not an ONNX model: no "
                            "protobuf field at offset " +
                            llvm::Twine(start) + " of " +
                            llvm::Twine(bytes.size()));
  }
  if (pb::ModelProto model; parse(bytes, 10 * maxMessageDepth, model))
    return messages.error("its graphs and types are nested too deep: more than "
                          "the " +
                          llvm::Twine(maxMessageDepth) +
                          " messages within messages that protobuf reads");
  return messages.error("the file is damaged: the inside of its graph is not "
                        "valid protobuf");
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

std::unique_ptr<pb::ModelProto> readModelFile(Messages &messages) {
  StringRef path = messages.getPath();
  llvm::sys::fs::file_status status;
  if (std::error_code error = llvm::sys::fs::status(path, status)) {
    if (error == std::errc::no_such_file_or_directory)
      (void)messages.error("the file does not exist");
    else
      (void)messages.error("cannot read the file: " + error.message());
    return nullptr;
  }
  if (llvm::sys::fs::is_directory(status)) {
    (void)messages.error("this is a folder, expected an ONNX file");
    return nullptr;
  }
  if (!llvm::sys::fs::is_regular_file(status)) {
    (void)messages.error("this is not a regular file");
    return nullptr;
  }
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                          /*RequiresNullTerminator=*/false);
  if (!file) {
    (void)messages.error("cannot read the file: " + file.getError().message());
    return nullptr;
  }
  return parseModel((*file)->getBuffer(), messages);
}

std::unique_ptr<pb::ModelProto> parseModel(StringRef bytes,
                                           Messages &messages) {
  if (bytes.empty()) {
    (void)messages.error("the file is empty");
    return nullptr;
  }
  if (bytes.size() > INT_MAX) {
    if (std::optional<StringRef> other = recognizeOtherFormat(bytes))
      (void)messages.error("the file is " + *other);
    (void)messages.error("the file has " + llvm::Twine(bytes.size()) +
                         " bytes, but protobuf reads at most " +
                         llvm::Twine(INT_MAX) +
                         "; export the weights as external data");
    return nullptr;
  }
  auto model = std::make_unique<pb::ModelProto>();
  bool parsed = parse(bytes, maxMessageDepth, *model);
  if (parsed && model->has_graph())
    return model;
  if (std::optional<StringRef> other = recognizeOtherFormat(bytes))
    (void)messages.error("the file is " + *other);
  else if (!parsed)
    (void)explainDamage(bytes, messages);
  else
    (void)messages.error("the model has no graph");
  return nullptr;
}

} // namespace ockham::importer
