//===- PositionMatrix.h - Constant matrices over positions, by value -*- C++
//-*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Masks, identities and uniform matrices reach the graph as buffers for the
// longest sequence, of which a prefix is sliced. What they are is read off
// their elements.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_POSITIONMATRIX_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_POSITIONMATRIX_H

#include "Extents.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

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

/// The first `rows` rows and `columns` columns of a constant matrix, the same
/// for every batch and head, possibly through elementwise ops with constants.
/// The matrix is a buffer, or says how each column compares with each row.
class PositionMatrix {
public:
  /// Follows a value of shape [.., rows, columns] back to its buffer. `why`
  /// says what was found instead.
  static std::optional<PositionMatrix>
  get(mlir::Value value, PositionVerdicts &verdicts, std::string &why);

  const Extent &getRows() const { return rows; }
  const Extent &getColumns() const { return columns; }

  /// 1 at and below the diagonal and 0 above, as truth values; `inverted` swaps
  /// true and false.
  bool isCausalCondition(bool inverted) const;
  /// 0 at and below the diagonal and masked above.
  bool isCausalAddend() const;
  /// All elements true (or false, when inverted).
  bool isTrue(bool inverted) const;
  /// 1 on the diagonal, 0 elsewhere.
  bool isIdentity() const;
  /// 1 / (row + 1) at and below the diagonal, 0 above: softmax of equal logits.
  bool isCausalUniform() const;

private:
  using Comparison = double (*)(double, double);
  /// `compare(first + firstOffset, second + secondOffset)`, where one of first
  /// and second is the row and the other the column.
  struct Order {
    Comparison compare;
    bool isColumnFirst;
    int64_t firstOffset, secondOffset;
  };

  explicit PositionMatrix(PositionVerdicts &verdicts) : verdicts(verdicts) {}

  static std::optional<Order> getOrder(mlir::Operation *op);
  double getElement(int64_t row, int64_t column) const;

  /// Whether `holds` for all elements. `question` identifies it.
  bool all(llvm::StringRef question,
           llvm::function_ref<bool(int64_t row, int64_t column, double value)>
               holds) const;

  /// One of them.
  std::optional<ConstantData> data;
  std::optional<Order> order;
  PositionVerdicts &verdicts;
  /// Identifies the matrix and the steps.
  std::string key;
  Extent rows;
  Extent columns;
  /// What happens to an element on the way, innermost first.
  llvm::SmallVector<std::function<double(double)>, 2> steps;
};

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_POSITIONMATRIX_H
