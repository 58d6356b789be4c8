//===- IndexValues.h - Extents that may be computed -------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_INDEXVALUES_H
#define OCKHAM_LIB_IMPORT_ONNX_INDEXVALUES_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpDefinition.h"

namespace ockham::importer {

/// Element `i` of an integer tensor of static shape, in row-major order: an
/// integer where the ops that put the tensor together tell it, an `index` value
/// otherwise. Looks through what exporters build shapes from (Concat,
/// Unsqueeze, Cast, ...), so that the constant entries of a shape stay
/// constants.
mlir::OpFoldResult getIndexElement(mlir::OpBuilder &builder, mlir::Location loc,
                                   mlir::Value tensor, int64_t i);

/// The elements of a tensor that ops of the dialect compute from constants and
/// static shapes alone; null if it takes more than a short chain of them.
mlir::ElementsAttr evaluateConstant(mlir::Value tensor);

/// Whether an `index` value can be shown not to be negative.
bool isNonNegative(mlir::Value index);

enum class IndexOp { Add, Sub, Mul, Div, Min, Max };

/// Arithmetic on extents: an integer where both operands are. Division rounds
/// towards zero, and its divisor is not 0.
mlir::OpFoldResult combineIndices(mlir::OpBuilder &builder, mlir::Location loc,
                                  IndexOp op, mlir::OpFoldResult lhs,
                                  mlir::OpFoldResult rhs);

/// The product of extents.
mlir::OpFoldResult multiplyIndices(mlir::OpBuilder &builder, mlir::Location loc,
                                   llvm::ArrayRef<mlir::OpFoldResult> indices);

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_INDEXVALUES_H
