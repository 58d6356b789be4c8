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
  PositionMatrix(ConstantData data, PositionVerdicts &verdicts)
      : data(std::move(data)), verdicts(verdicts) {}

  /// Whether `holds` for all elements of the buffer. `question` identifies it.
  bool all(llvm::StringRef question,
           llvm::function_ref<bool(int64_t row, int64_t column, double value)>
               holds) const;

  ConstantData data;
  PositionVerdicts &verdicts;
  /// Identifies the buffer and the steps.
  std::string key;
  Extent rows;
  Extent columns;
  /// What happens to an element on the way, innermost first.
  llvm::SmallVector<std::function<double(double)>, 2> steps;
};

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_POSITIONMATRIX_H
