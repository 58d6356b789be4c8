//===- SymbolicExtents.h - Extents of values as polynomials -----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_REPORT_SYMBOLICEXTENTS_H
#define OCKHAM_LIB_REPORT_SYMBOLICEXTENTS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include "ockham/Support/Polynomial.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"

namespace ockham::report {

/// Follows extents back to the named dimensions of the function's arguments. It
/// asks ops to reify their shapes, which creates ops: the module is a copy that
/// is thrown away afterwards.
class SymbolicExtents {
public:
  explicit SymbolicExtents(mlir::MLIRContext *context) : builder(context) {}

  /// The extent of a dimension; nothing where it is not a polynomial.
  std::optional<Polynomial> getExtent(mlir::Value tensor, int64_t dim);
  /// The number of elements.
  std::optional<Polynomial> getElements(mlir::Value tensor);
  /// The product of all extents but the last: the number of rows.
  std::optional<Polynomial> getRows(mlir::Value tensor);

private:
  using Extents = llvm::SmallVector<std::optional<Polynomial>, 4>;
  const Extents &getExtents(mlir::Value tensor);
  Extents compute(mlir::Value tensor);
  std::optional<Polynomial> evaluate(mlir::Value index);
  std::optional<Polynomial> evaluate(mlir::OpFoldResult index);

  mlir::OpBuilder builder;
  llvm::DenseMap<mlir::Value, Extents> known;
};

} // namespace ockham::report

#endif // OCKHAM_LIB_REPORT_SYMBOLICEXTENTS_H
