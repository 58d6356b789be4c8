//===- VerifyUtils.h - Checks that the verifiers of tfm share ---*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_DIALECTS_TRANSFORMER_VERIFYUTILS_H
#define OCKHAM_DIALECTS_TRANSFORMER_VERIFYUTILS_H

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Operation.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"

namespace ockham::tfm::detail {

/// An extent as messages write it: dynamic ones as a question mark.
std::string extentText(int64_t extent);

/// Checks that dimension `dim` of `type` has the extent `expected`, which
/// messages call `reason`. A dynamic extent agrees with everything.
mlir::LogicalResult expectExtent(mlir::Operation *op, llvm::StringRef what,
                                 mlir::RankedTensorType type, unsigned dim,
                                 int64_t expected, llvm::StringRef reason);

/// Checks that all of `type`'s dimensions but the last `skipLast` are those of
/// `reference`.
mlir::LogicalResult expectSameExtents(mlir::Operation *op, llvm::StringRef what,
                                      mlir::RankedTensorType type,
                                      mlir::RankedTensorType reference,
                                      llvm::StringRef referenceName,
                                      unsigned skipLast);

/// Checks an optional gain: of rank 0, of one element, or one per channel.
mlir::LogicalResult expectGain(mlir::Operation *op, llvm::StringRef what,
                               mlir::Value gain, int64_t width);

/// Checks that a tensor is one number: of rank 0 or of one element.
mlir::LogicalResult expectExtentOfOne(mlir::Operation *op, llvm::StringRef what,
                                      mlir::Value value);

/// Checks that activations have one element type.
mlir::LogicalResult expectElementType(mlir::Operation *op, llvm::StringRef what,
                                      mlir::RankedTensorType type,
                                      mlir::RankedTensorType reference,
                                      llvm::StringRef referenceName);

/// The extents of `value` as attributes or `tensor.dim`.
llvm::SmallVector<mlir::OpFoldResult>
extentsOf(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value);

/// The last extent of a type.
inline int64_t widthOf(mlir::RankedTensorType type) {
  return type.getShape().back();
}

/// Adds the operands of a segment to a list of parameters.
void append(llvm::SmallVectorImpl<mlir::OpOperand *> &list,
            mlir::MutableOperandRange range);

/// True if `value` is a constant whose elements are all exactly one: a gain
/// that may be left out without changing a bit of the result.
bool isConstantOne(mlir::Value value);

} // namespace ockham::tfm::detail

#endif // OCKHAM_DIALECTS_TRANSFORMER_VERIFYUTILS_H
