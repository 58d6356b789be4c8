//===- TieHeads.cpp - A tied head is stored once --------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exporters write the transposed embedding of a tied head as a second weight.
// Where all elements agree, the head reads the embedding, transposed.
//
//===----------------------------------------------------------------------===//

#include "Raising.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/SetVector.h"

#include <cstring>

using namespace mlir;

namespace ockham::raising {

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

void tieHeads(Raiser &raiser) {
  func::FuncOp function = raiser.getFunction();
  llvm::SetVector<Value> tables;
  function.walk(
      [&](tfm::EmbeddingOp embedding) { tables.insert(embedding.getTable()); });
  function.walk([&](tfm::LinearOp linear) {
    Value weight = linear.getWeight();
    if (linear.getTransposed() || linear.getSkipGain() ||
        linear.getResidGain() || !weight.getDefiningOp<LoadWeightOp>())
      return;
    std::optional<ConstantData> data = ConstantData::get(weight);
    if (!data)
      return;
    for (Value table : tables) {
      std::optional<ConstantData> rows = ConstantData::get(table);
      if (!table.getDefiningOp<LoadWeightOp>() || !rows ||
          !isTransposed(*data, *rows))
        continue;
      linear.getWeightMutable().assign(table);
      linear.setTransposed(true);
      return;
    }
  });
  // The copy's load is dead now.
  raiser.walkBackwards([](Operation *) {});
}

} // namespace ockham::raising
