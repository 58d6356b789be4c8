//===- Patterns.h - The lowerings of the tfm ops ----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_TRANSFORMERTOLINALG_PATTERNS_H
#define OCKHAM_LIB_CONVERSION_TRANSFORMERTOLINALG_PATTERNS_H

#include "Emitter.h"

#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/PatternMatch.h"

namespace ockham::tfm_to_linalg {

/// One file each.
void populateAttention(mlir::RewritePatternSet &patterns);
void populateCrossEntropy(mlir::RewritePatternSet &patterns);
void populateEmbedding(mlir::RewritePatternSet &patterns);
void populateLinear(mlir::RewritePatternSet &patterns);
void populateNorm(mlir::RewritePatternSet &patterns);
void populatePointwise(mlir::RewritePatternSet &patterns);

/// (x - mean) / sqrt(var + eps) * scale + shift over the last dimension, or its
/// RMS form. Scale and shift may be null.
mlir::Value emitLiveNorm(Emitter &e, mlir::Value x, tfm::NormKind kind,
                         double eps, bool epsOutside, mlir::Value scale,
                         mlir::Value shift);

/// The smallest and the largest of integers and 0, as indices.
struct IntegerRange {
  mlir::Value smallest, largest;
};
IntegerRange emitRange(Emitter &e, mlir::Value integers);

/// Checks at run time that the positions `past[b] .. past[b] + count` lie in a
/// table of `rows` rows that the message calls `table`.
void emitPositionCheck(Emitter &e, mlir::Operation *op, mlir::Value past,
                       Extent count, Extent rows, llvm::StringRef table);

/// Checks the extents of a mask that its type leaves open at run time: they
/// must be the full ones; a dimension is broadcast if its type says that it
/// is 1.
void emitMaskCheck(Emitter &e, tfm::AttentionOp op);

} // namespace ockham::tfm_to_linalg

#endif // OCKHAM_LIB_CONVERSION_TRANSFORMERTOLINALG_PATTERNS_H
