//===- ModelStream.cpp - A model's bytes, without copies of weights -------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// protobuf would hold every weight twice, as a string of the message and in the
// serialised message. A message is a sequence of fields in any order, each a
// tag and a value, and an embedded message a field with its length in front:
// so the small part of the model is serialised by protobuf, and the weights are
// written behind it, field by field.
//
//===----------------------------------------------------------------------===//

#include "ModelStream.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace ockham::exporter {

/// Bytes of external tensors begin at multiples of this, so that they can be
/// mapped.
static constexpr uint64_t kAlignment = 64;

/// Smaller tensors stay in the model: runtimes want shapes there.
static constexpr uint64_t kSmallTensor = 1024;

/// What one protobuf message can hold.
static constexpr uint64_t kMaxMessage = (uint64_t(1) << 31) - 1;

/// Numbers of the fields that are written here.
static constexpr unsigned kModelGraph = 7, kGraphInitializer = 5,
                          kTensorRawData = 9;

static uint64_t getBytes(const GraphWriter::Weight &weight) {
  return getStorageBytes(weight.data.getType());
}

static bool isExternal(const GraphWriter::Weight &weight) {
  return weight.header.data_location() == pb::TensorProto::EXTERNAL;
}

static void writeElements(const ConstantData &data, llvm::raw_ostream &os) {
  ArrayRef<char> raw = data.getRawBytes();
  uint64_t size = getStorageBytes(data.getType());
  // A splat has the bytes of one element.
  if (raw.size() == size) {
    os.write(raw.data(), raw.size());
    return;
  }
  std::string bytes(size, '\0');
  data.copyTo(bytes.data());
  os << bytes;
}

void writeExternalData(std::vector<GraphWriter::Weight> &weights,
                       StringRef location, llvm::raw_ostream &os) {
  uint64_t offset = 0;
  for (GraphWriter::Weight &weight : weights) {
    uint64_t size = getBytes(weight);
    if (size < kSmallTensor)
      continue;
    uint64_t begin = llvm::alignTo(offset, kAlignment);
    os.write_zeros(begin - offset);
    writeElements(weight.data, os);
    offset = begin + size;
    weight.header.set_data_location(pb::TensorProto::EXTERNAL);
    auto add = [&](StringRef key, const std::string &value) {
      auto &entry = *weight.header.add_external_data();
      entry.set_key(key.str());
      entry.set_value(value);
    };
    add("location", location.str());
    add("offset", std::to_string(begin));
    add("length", std::to_string(size));
  }
}

//===----------------------------------------------------------------------===//
// The wire format
//===----------------------------------------------------------------------===//

static void appendVarint(std::string &bytes, uint64_t value) {
  for (; value >= 0x80; value >>= 7)
    bytes.push_back(static_cast<char>((value & 0x7f) | 0x80));
  bytes.push_back(static_cast<char>(value));
}

/// The tag and the length in front of a field of `length` bytes.
static std::string getFieldHeader(unsigned number, uint64_t length) {
  constexpr unsigned lengthDelimited = 2;
  std::string bytes;
  appendVarint(bytes, number << 3 | lengthDelimited);
  appendVarint(bytes, length);
  return bytes;
}

llvm::Error writeModel(const pb::ModelProto &model, const pb::GraphProto &graph,
                       const std::vector<GraphWriter::Weight> &weights,
                       llvm::raw_ostream &os) {
  // What stands in front of the elements of each weight.
  std::vector<std::string> fronts;
  uint64_t length = 0;
  for (const GraphWriter::Weight &weight : weights) {
    uint64_t size = isExternal(weight) ? 0 : getBytes(weight);
    std::string tensor = weight.header.SerializeAsString();
    // An empty tensor has elements, too: none.
    if (!isExternal(weight))
      tensor += getFieldHeader(kTensorRawData, size);
    fronts.push_back(getFieldHeader(kGraphInitializer, tensor.size() + size) +
                     tensor);
    length += fronts.back().size() + size;
  }
  uint64_t small = graph.ByteSizeLong();
  length += small;
  uint64_t total = model.ByteSizeLong() + length;
  if (small > kMaxMessage || total > kMaxMessage)
    return llvm::createStringError(
        "the model has " + llvm::Twine(total) +
        " bytes without external data, expected at most " +
        llvm::Twine(kMaxMessage) + ", which is what protobuf can hold");
  os << model.SerializeAsString() << getFieldHeader(kModelGraph, length)
     << graph.SerializeAsString();
  for (auto [weight, front] : llvm::zip_equal(weights, fronts)) {
    os << front;
    if (!isExternal(weight))
      writeElements(weight.data, os);
  }
  return llvm::Error::success();
}

} // namespace ockham::exporter
