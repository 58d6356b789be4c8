//===- Extents.h - Extents that are known to be equal -----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_EXTENTS_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_EXTENTS_H

#include "dialects/ONNX/ONNXDialect.h"
#include "mlir/IR/Value.h"
#include "mlir/IR/ValueRange.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

namespace ockham::raising {

/// The size of a dimension: a number, the extent of a dimension of a function
/// argument (one of those that share a name in `ockham.dims`), an index value,
/// or not known.
class Extent {
public:
  Extent() = default;
  static Extent getStatic(int64_t value) {
    Extent extent;
    extent.number = value;
    extent.isNumber = true;
    return extent;
  }
  static Extent getSymbol(mlir::Value source, int64_t dim = -1) {
    Extent extent;
    extent.source = source;
    extent.number = dim;
    return extent;
  }

  bool isKnown() const { return isNumber || source; }
  bool isStatic(int64_t value) const { return isNumber && number == value; }
  /// True if both are known and the same.
  bool operator==(const Extent &other) const {
    return isKnown() && isNumber == other.isNumber && number == other.number &&
           source == other.source;
  }
  bool operator!=(const Extent &other) const { return !(*this == other); }

private:
  mlir::Value source;
  int64_t number = -1;
  bool isNumber = false;
};

/// The extent of dimension `dim` of a tensor, followed through the ops that
/// made it.
Extent getExtent(mlir::Value tensor, int64_t dim);
/// The extent that an index value or an integer tensor with one element holds.
Extent getExtent(mlir::Value scalar);
/// One entry of a list of integers and index values.
Extent getExtent(llvm::ArrayRef<int64_t> staticSizes, mlir::ValueRange sizes,
                 unsigned position);

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
