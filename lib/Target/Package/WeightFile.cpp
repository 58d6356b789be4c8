//===- WeightFile.cpp - Weights as a safetensors file ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightBytes.h"
#include "ockham-c/ModelABI.h"
#include "ockham/Runtime/PackPanels.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Target/Package/Package.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

/// Name of an element type in a safetensors header.
static StringRef getSafetensorsType(int32_t dtype) {
  static constexpr StringLiteral names[] = {
      "", "BOOL", "U8", "I8", "I16", "I32", "I64", "F16", "BF16", "F32", "F64"};
  return names[dtype];
}

static void writeQuoted(raw_ostream &os, StringRef text) {
  os << '"';
  for (unsigned char c : text) {
    if (c == '"' || c == '\\')
      os << '\\' << c;
    else if (c < 0x20)
      os << format("\\u%04x", c);
    else
      os << c;
  }
  os << '"';
}

/// Bytes of the weight as the file has it: row by row.
static uint64_t countLogicalBytes(const ockham::WeightDescription &weight) {
  return ockham::getStorageBytes(ockham::WeightOp(weight.op).getTensorType());
}

/// Packed weights are taken out of their panels: a file is written for other
/// programs as well, and the runtime packs what it reads.
static void writeLogicalBytes(raw_ostream &os,
                              const ockham::WeightDescription &weight) {
  ockham::WeightOp op(weight.op);
  ockham::runtime::PanelLayout panels;
  if (!ockham::runtime::parsePanels(
          weight.layout.c_str(), weight.shape.data(), weight.shape.size(),
          ockham::getStorageBytes(op.getTensorType().getElementType()), panels))
    return ockham::writeStoredBytes(os, weight);
  std::vector<char> packed(weight.bytes), dense(countLogicalBytes(weight));
  ockham::ConstantData::get(op)->copyTo(packed.data());
  ockham::runtime::unpackPanels(dense.data(), packed.data(), panels);
  os.write(dense.data(), dense.size());
}

Error ockham::writeSafetensors(raw_ostream &os,
                               const ModelDescription &description) {
  std::string header;
  raw_string_ostream json(header);
  json << '{';
  bool first = true;
  std::vector<uint64_t> offsets;
  uint64_t end = 0;
  for (const WeightDescription &weight : description.weights) {
    // Initialised at load; an empty weight is stored like any other.
    if (WeightOp(weight.op).getInit())
      continue;
    if (!first)
      json << ',';
    first = false;
    writeQuoted(json, weight.name);
    json << ":{\"dtype\":\"" << getSafetensorsType(weight.dtype)
         << "\",\"shape\":[";
    llvm::interleave(weight.shape, json, ",");
    offsets.push_back(alignTo(end, OCKHAM_ALIGNMENT));
    end = offsets.back() + countLogicalBytes(weight);
    json << "],\"data_offsets\":[" << offsets.back() << ',' << end << "]}";
  }
  json << '}';
  // The data begins aligned, as the format recommends.
  header.append(alignTo(8 + header.size(), 64) - 8 - header.size(), ' ');
  writeStruct(os, static_cast<uint64_t>(header.size()));
  os << header;
  uint64_t position = 0;
  size_t next = 0;
  for (const WeightDescription &weight : description.weights) {
    if (WeightOp(weight.op).getInit())
      continue;
    uint64_t offset = offsets[next++];
    os.write_zeros(offset - position);
    writeLogicalBytes(os, weight);
    position = offset + countLogicalBytes(weight);
  }
  return Error::success();
}
