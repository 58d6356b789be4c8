//===- Extents.h - Extents that are known to be equal -----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_EXTENTS_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_EXTENTS_H

#include "dialects/ONNX/ONNXDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include "mlir/IR/ValueRange.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <utility>

namespace ockham::raising {

inline mlir::RankedTensorType getTensorType(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}
inline int64_t getRank(mlir::Value value) {
  return getTensorType(value).getRank();
}

/// The size of a dimension: a sum of a number and of symbols (the extent of a
/// dimension of a function argument, or of one of those that share its name in
/// `ockham.dims`, or an index value), or not known.
class Extent {
public:
  /// A dimension of a tensor; dimension -1 is the value of a scalar.
  using Symbol = std::pair<mlir::Value, int64_t>;

  Extent() = default;
  static Extent getStatic(int64_t value) {
    Extent extent;
    extent.known = true;
    extent.number = value;
    return extent;
  }
  static Extent getSymbol(mlir::Value source, int64_t dim = -1) {
    Extent extent;
    extent.known = true;
    extent.symbols.push_back({source, dim});
    return extent;
  }

  bool isKnown() const { return known; }
  bool isStatic() const { return known && symbols.empty(); }
  bool isStatic(int64_t value) const { return isStatic() && number == value; }
  int64_t getNumber() const { return number; }
  llvm::ArrayRef<Symbol> getSymbols() const { return symbols; }

  /// True if both are known and the same.
  bool operator==(const Extent &other) const {
    return known && other.known && number == other.number &&
           symbols == other.symbols;
  }
  bool operator!=(const Extent &other) const { return !(*this == other); }

  /// Not known if one of the two is not.
  Extent operator+(const Extent &other) const;
  /// Not known either if `other` has a symbol that this extent lacks.
  Extent operator-(const Extent &other) const;

private:
  bool known = false;
  int64_t number = 0;
  /// Sorted, so that equal sums are equal lists.
  llvm::SmallVector<Symbol, 2> symbols;
};

/// The extent of dimension `dim` of a tensor, followed through the ops that
/// made it.
Extent getExtent(mlir::Value tensor, int64_t dim);
/// The extent that an index value or an integer tensor with one element holds.
Extent getExtent(mlir::Value scalar);
/// One entry of a list of integers and index values.
Extent getExtent(llvm::ArrayRef<int64_t> staticSizes, mlir::ValueRange sizes,
                 unsigned position);

/// The extent as an index value; null if it is not known.
mlir::Value makeIndex(mlir::OpBuilder &builder, mlir::Location loc,
                      const Extent &extent);

/// True if a tensor with the leading dimensions of `tensor` (all but the last
/// `trailing`) has the same leading extents as the sizes. One dimension may be
/// open (-1, or not traced): it follows from the number of elements.
bool haveEqualLeadingExtents(mlir::Value tensor, unsigned trailing,
                             llvm::ArrayRef<int64_t> staticSizes,
                             mlir::ValueRange sizes, unsigned sizesTrailing);

/// Whether the slice takes the first elements of each of its axes.
bool isPrefix(onnx::SliceOp slice);

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_EXTENTS_H
