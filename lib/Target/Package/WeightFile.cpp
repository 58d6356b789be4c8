//===- WeightFile.cpp - Weights as a safetensors file ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightBytes.h"
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

Error ockham::writeSafetensors(raw_ostream &os,
                               const ModelDescription &description) {
  std::string header;
  raw_string_ostream json(header);
  json << '{';
  bool first = true;
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
    json << "],\"data_offsets\":[" << weight.offset << ','
         << weight.offset + weight.bytes << "]}";
  }
  json << '}';
  // The data begins aligned, as the format recommends.
  header.append(alignTo(8 + header.size(), 64) - 8 - header.size(), ' ');
  writeStruct(os, static_cast<uint64_t>(header.size()));
  os << header;
  writeAllWeights(os, description);
  return Error::success();
}
