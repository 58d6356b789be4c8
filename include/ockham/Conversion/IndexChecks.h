//===- IndexChecks.h - Indices that lie in what they index ------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Checks at run time in front of what reads by index, whatever op or kernel
// does it.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_CONVERSION_INDEXCHECKS_H
#define OCKHAM_CONVERSION_INDEXCHECKS_H

#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/Builders.h"

namespace ockham {

/// Fails at run time unless all elements of the integer tensor `indices` are at
/// least 0 and less than `count`. `message` has two `{}`, for the offender and
/// for `count`; the name of `op` stands in front of it.
void emitIndexCheck(mlir::OpBuilder &builder, mlir::Operation *op,
                    mlir::Value indices, mlir::OpFoldResult count,
                    const llvm::Twine &message);

/// Fails at run time if an id or a position is outside of its table.
void emitEmbeddingChecks(mlir::OpBuilder &builder, tfm::EmbeddingOp op);

} // namespace ockham

#endif // OCKHAM_CONVERSION_INDEXCHECKS_H
