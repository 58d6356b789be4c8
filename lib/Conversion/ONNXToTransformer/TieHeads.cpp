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

/// Whether `a` is the transpose of `b`, byte by byte.
static bool isTransposed(const ConstantData &a, const ConstantData &b) {
  if (a.getElementType() != b.getElementType() || a.getShape().size() != 2 ||
      b.getShape().size() != 2 || a.getShape()[0] != b.getShape()[1] ||
      a.getShape()[1] != b.getShape()[0])
    return false;
  size_t width = getStorageBytes(a.getElementType());
  int64_t rows = a.getShape()[0], columns = a.getShape()[1];
  const char *left = a.getRawBytes().data(), *right = b.getRawBytes().data();
  if (a.getRawBytes().size() != rows * columns * width ||
      b.getRawBytes().size() != rows * columns * width)
    return false;
  // By tiles, so that both sides stay in the cache; the first difference ends
  // it.
  constexpr int64_t kTile = 32;
  for (int64_t i = 0; i < rows; i += kTile)
    for (int64_t j = 0; j < columns; j += kTile)
      for (int64_t r = i, rEnd = std::min(rows, i + kTile); r < rEnd; ++r)
        for (int64_t c = j, cEnd = std::min(columns, j + kTile); c < cEnd; ++c)
          if (std::memcmp(left + (r * columns + c) * width,
                          right + (c * rows + r) * width, width) != 0)
            return false;
  return true;
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
