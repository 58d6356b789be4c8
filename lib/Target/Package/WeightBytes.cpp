//===- WeightBytes.cpp - The bytes of all weights -------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightBytes.h"
#include "ockham/Support/ConstantData.h"

using namespace llvm;

/// Writes the bytes of one weight, expanding splats.
void ockham::writeStoredBytes(raw_ostream &os,
                              const ockham::WeightDescription &weight) {
  std::optional<ockham::ConstantData> data =
      ockham::ConstantData::get(weight.op);
  ArrayRef<char> raw = data->getRawBytes();
  if (raw.size() == weight.bytes) {
    os.write(raw.data(), raw.size());
    return;
  }
  std::vector<char> expanded(weight.bytes);
  data->copyTo(expanded.data());
  os.write(expanded.data(), expanded.size());
}

void ockham::writeAllWeights(raw_ostream &os,
                             const ModelDescription &description) {
  uint64_t position = 0;
  for (const ockham::WeightDescription &weight : description.weights) {
    if (weight.bytes == 0 || WeightOp(weight.op).getInit())
      continue;
    os.write_zeros(weight.offset - position);
    writeStoredBytes(os, weight);
    position = weight.offset + weight.bytes;
  }
}
