//===- PositionMatrix.h - Matrices over positions, by value -----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Masks, identities and uniform matrices reach the graph as buffers for the
// longest sequence, of which a prefix is sliced, or are computed from ranges of
// positions. What they are is read off their elements.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_POSITIONMATRIX_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_POSITIONMATRIX_H

#include "Extents.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace ockham::raising {

/// A mask value below this leaves a softmax weight of zero.
constexpr double kMasked = -1e4;

/// What was found out about matrices: the layers of a model share their
/// buffers, and reading all elements once is enough.
using PositionVerdicts = std::map<std::string, bool>;

/// One element of a matrix, and the extents of the matrix.
struct Position {
  int64_t row = 0, column = 0;
  int64_t rows = 0, columns = 0;
};

/// Which column belongs to a row. With a cache there are more columns than
/// rows, and the last row belongs to the last column.
enum class Diagonal { FromFirst, ToLast };

/// A value of shape [.., rows, columns] that is a function of row and column
/// alone, the same for every batch and head.
class PositionMatrix {
public:
  /// Follows a value back to buffers, ranges and extents. `why` says what was
  /// found instead.
  static std::optional<PositionMatrix>
  get(mlir::Value value, PositionVerdicts &verdicts, std::string &why);

  const Extent &getRows() const { return rows; }
  const Extent &getColumns() const { return columns; }

  /// True at and below the diagonal and false above; `inverted` swaps the two.
  bool isCausalCondition(bool inverted, Diagonal diagonal) const;
  /// 0 at and below the diagonal and masked above.
  bool isCausalAddend(Diagonal diagonal) const;
  /// All elements true (or false, when inverted).
  bool isTrue(bool inverted) const;
  /// The first element that makes it not causal, in words.
  std::string explainNotCausal(bool inverted, Diagonal diagonal) const;
  /// True (or false, when inverted) somewhere in every row.
  bool doesEveryRowSee(bool inverted) const;
  /// All elements 0.
  bool isZero() const;
  /// 1 on the diagonal, 0 elsewhere.
  bool isIdentity(Diagonal diagonal) const;
  /// 1 / (position + 1) at and below the diagonal, 0 above: softmax of equal
  /// logits.
  bool isCausalUniform(Diagonal diagonal) const;
  /// 1 / columns everywhere.
  bool isUniform() const;

private:
  explicit PositionMatrix(PositionVerdicts &verdicts) : verdicts(verdicts) {}

  /// Whether `holds` for all elements. `question` identifies it.
  bool
  all(llvm::StringRef question,
      llvm::function_ref<bool(const Position &at, double value)> holds) const;

  PositionVerdicts &verdicts;
  /// Identifies the buffers and the ops in between.
  std::string key;
  Extent rows, columns;
  std::function<double(const Position &)> element;
  /// The numbers of rows and columns that are looked at: those that the buffers
  /// have, or, where all is computed, enough to see every case of the
  /// comparisons.
  llvm::SmallVector<std::pair<int64_t, int64_t>, 3> tested;
};

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_POSITIONMATRIX_H
