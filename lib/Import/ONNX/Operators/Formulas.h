//===- Formulas.h - Steps of formulas ---------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What operators that are imported as formulas are written with. A null operand
// gives null again, as with NodeImporter::create.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_OPERATORS_FORMULAS_H
#define OCKHAM_LIB_IMPORT_ONNX_OPERATORS_FORMULAS_H

#include "../NodeImporter.h"

namespace ockham::importer {

/// Reports an error unless these operands are there: for operators that have
/// optional operands in front of others.
llvm::LogicalResult requireOperands(NodeImporter &n,
                                    llvm::ArrayRef<unsigned> operands);

/// A required attribute that counts something: at least 1.
mlir::FailureOr<int64_t> getCount(NodeImporter &n, llvm::StringRef name);

/// Reports an error unless `value` has this rank and, where both are known,
/// these extents; a dynamic extent in `shape` fits everything.
llvm::LogicalResult requireShape(NodeImporter &n, mlir::Value value,
                                 llvm::StringRef what,
                                 llvm::ArrayRef<int64_t> shape);

/// Reports an error if extents that are known show that `value` does not
/// broadcast to the shape of `target`.
llvm::LogicalResult requireBroadcast(NodeImporter &n, mlir::Value value,
                                     mlir::Value target, llvm::StringRef what);

/// Elements [begin, end) of the last dimension.
mlir::Value sliceLast(NodeImporter &n, mlir::Value value, int64_t begin,
                      int64_t end);
mlir::Value transpose(NodeImporter &n, mlir::Value value,
                      llvm::ArrayRef<int64_t> perm);
mlir::Value concatenate(NodeImporter &n, llvm::ArrayRef<mlir::Value> values,
                        int64_t axis);
mlir::Value unsqueeze(NodeImporter &n, mlir::Value value,
                      llvm::ArrayRef<int64_t> axes);
/// `value * factor`.
mlir::Value multiply(NodeImporter &n, mlir::Value value, double factor);
/// A cast, unless the element type is this one.
mlir::Value castTo(NodeImporter &n, mlir::Type element, mlir::Value value);

/// 0, 1, ... up to the extent of a dimension, as integers of 64 bits.
mlir::Value createPositionRange(NodeImporter &n, mlir::Value value,
                                int64_t dim);

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_OPERATORS_FORMULAS_H
