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

#include <cstring>

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

//===----------------------------------------------------------------------===//
// Transposed copies
//===----------------------------------------------------------------------===//

/// Whether `left` [rows, columns] is the transpose of `right`, bit by bit.
/// Mapped bytes may lie anywhere in a file: nothing is aligned.
template <typename Bits>
static bool isTransposed(const char *left, const char *right, int64_t rows,
                         int64_t columns) {
  auto read = [](const char *from, int64_t index) {
    Bits bits;
    std::memcpy(&bits, from + index * sizeof(Bits), sizeof(Bits));
    return bits;
  };
  // By tiles, so that both sides stay in the cache; the first difference ends
  // it.
  constexpr int64_t kTile = 32;
  for (int64_t i = 0; i < rows; i += kTile)
    for (int64_t j = 0; j < columns; j += kTile)
      for (int64_t r = i, rEnd = std::min(rows, i + kTile); r < rEnd; ++r)
        for (int64_t c = j, cEnd = std::min(columns, j + kTile); c < cEnd; ++c)
          if (read(left, r * columns + c) != read(right, c * rows + r))
            return false;
  return true;
}

static bool isTransposed(const ConstantData &a, const ConstantData &b) {
  if (a.getElementType() != b.getElementType() || a.getShape().size() != 2 ||
      b.getShape().size() != 2 || a.getShape()[0] != b.getShape()[1] ||
      a.getShape()[1] != b.getShape()[0])
    return false;
  ArrayRef<char> left = a.getRawBytes(), right = b.getRawBytes();
  uint64_t bytes = getStorageBytes(a.getType());
  if (left.size() != bytes || right.size() != bytes)
    return false;
  int64_t rows = a.getShape()[0], columns = a.getShape()[1];
  switch (getStorageBytes(a.getElementType())) {
  case 2:
    return isTransposed<uint16_t>(left.data(), right.data(), rows, columns);
  case 4:
    return isTransposed<uint32_t>(left.data(), right.data(), rows, columns);
  case 8:
    return isTransposed<uint64_t>(left.data(), right.data(), rows, columns);
  default:
    return false;
  }
}

/// Whether all that reads a weight multiplies by it from the right: such a
/// product reads a transposed weight as it lies.
static bool areProducts(ArrayRef<LoadWeightOp> loads) {
  return llvm::all_of(loads, [](LoadWeightOp load) {
    return llvm::all_of(load->getUses(), [](OpOperand &use) {
      return isa<MatMulOp>(use.getOwner()) && use.getOperandNumber() == 1;
    });
  });
}

static void replaceByTransposed(LoadWeightOp load, WeightOp other) {
  OpBuilder builder(load);
  auto type = other.getTensorType();
  Value loaded = LoadWeightOp::create(builder, load.getLoc(), type,
                                      FlatSymbolRefAttr::get(other));
  ArrayRef<int64_t> shape = type.getShape();
  Value transposed = TransposeOp::create(builder, load.getLoc(),
                                         type.clone({shape[1], shape[0]}),
                                         loaded, ArrayRef<int64_t>{1, 0});
  load.getResult().replaceAllUsesWith(transposed);
  load.erase();
}

void ockham::onnx::shareTransposedWeights(ModuleOp module) {
  llvm::MapVector<StringAttr, SmallVector<LoadWeightOp, 1>> loads;
  module.walk([&](LoadWeightOp load) {
    loads[load.getWeightAttr().getAttr()].push_back(load);
  });
  struct Candidate {
    WeightOp weight;
    ConstantData data;
    bool isReplaced = false;
  };
  SmallVector<Candidate> candidates;
  DenseMap<Type, SmallVector<unsigned, 4>> byType;
  for (WeightOp weight : module.getOps<WeightOp>()) {
    std::optional<ConstantData> data = ConstantData::get(weight);
    if (!data || data->getShape().size() != 2 ||
        weight.getLayout() != "row-major")
      continue;
    byType[data->getType()].push_back(candidates.size());
    candidates.push_back({weight, std::move(*data)});
  }
  // The last one of two goes: copies follow what they were made from.
  for (auto &[weight, data, isReplaced] : llvm::reverse(candidates)) {
    auto found = loads.find(weight.getSymNameAttr());
    if (found == loads.end() || !areProducts(found->second))
      continue;
    ArrayRef<int64_t> shape = data.getShape();
    for (unsigned i :
         byType.lookup(data.getType().clone({shape[1], shape[0]}))) {
      Candidate &other = candidates[i];
      if (other.weight == weight || other.isReplaced ||
          !isTransposed(data, other.data))
        continue;
      for (LoadWeightOp load : found->second)
        replaceByTransposed(load, other.weight);
      isReplaced = true;
      break;
    }
  }
}
