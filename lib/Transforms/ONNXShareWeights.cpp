//===- ONNXShareWeights.cpp - One symbol for equal weights ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ONNXNormalize.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;

/// From this size on a sample is hashed, so that the pages of a large file are
/// not all read. Only weights whose samples agree are, to be compared.
static constexpr size_t kHashedWholeBytes = size_t(4) << 20;
static constexpr size_t kSamples = 256, kSampleBytes = 4096;

static uint64_t hashBytes(ArrayRef<char> bytes) {
  auto hash = [](ArrayRef<char> part) {
    return llvm::xxh3_64bits(
        ArrayRef(reinterpret_cast<const uint8_t *>(part.data()), part.size()));
  };
  if (bytes.size() < kHashedWholeBytes)
    return hash(bytes);
  uint64_t result = 0;
  size_t stride = (bytes.size() - kSampleBytes) / (kSamples - 1);
  for (size_t i = 0; i < kSamples; ++i)
    result =
        result * 1099511628211u + hash(bytes.slice(i * stride, kSampleBytes));
  return result;
}

void ockham::onnx::shareEqualWeights(ModuleOp module, WeightHashes &hashes) {
  struct Candidate {
    WeightOp weight;
    ConstantData data;
  };
  // Looked up only: the order of addresses is never seen.
  std::map<std::tuple<const void *, const void *, uint64_t, uint64_t>,
           SmallVector<Candidate, 1>>
      groups;
  DenseMap<StringAttr, StringAttr> replacements;
  for (WeightOp weight : module.getOps<WeightOp>()) {
    std::optional<ConstantData> data = ConstantData::get(weight);
    if (!data)
      continue;
    ArrayRef<char> bytes = data->getRawBytes();
    auto [hash, isNew] = hashes.try_emplace(*weight.getValue());
    if (isNew)
      hash->second = hashBytes(bytes);
    auto &group = groups[{weight.getTensorType().getAsOpaquePointer(),
                          weight.getLayoutAttr().getAsOpaquePointer(),
                          bytes.size(), hash->second}];
    Candidate *equal = llvm::find_if(group, [&](const Candidate &candidate) {
      return candidate.data.getRawBytes() == bytes;
    });
    if (equal != group.end())
      replacements[weight.getSymNameAttr()] = equal->weight.getSymNameAttr();
    else
      group.push_back({weight, std::move(*data)});
  }
  if (replacements.empty())
    return;
  module.walk([&](LoadWeightOp load) {
    if (StringAttr name = replacements.lookup(load.getWeightAttr().getAttr()))
      load.setWeightAttr(FlatSymbolRefAttr::get(name));
  });
}
