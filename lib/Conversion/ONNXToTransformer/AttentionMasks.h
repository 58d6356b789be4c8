//===- AttentionMasks.h - Masks of an attention, by value -------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Masks reach the scores as Wheres, or as large negative numbers that are
// added. The part that is causal becomes a property of the attention, the rest
// its mask. A query that sees no key at all is where the spellings differ:
// after adding a finite number all its keys weigh the same, after adding minus
// infinity it is NaN, or 0 if a guard replaces that. What is said here keeps
// that apart.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_ATTENTIONMASKS_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_ATTENTIONMASKS_H

#include "PositionMatrix.h"
#include "Raising.h"

namespace ockham::raising {

/// The scores that masks are for.
struct ScoreExtents {
  Extent batch, heads, queries, keys;
  /// Without a dimension for heads of their own (rank 3), no mask can tell
  /// heads or sequences apart.
  int64_t rank = 4;

  bool areCovered(const PositionMatrix &matrix) const {
    return matrix.getRows() == queries && matrix.getColumns() == keys;
  }
};

/// A mask as the graph has it.
struct MaskSite {
  mlir::Operation *op = nullptr;
  /// What is masked.
  mlir::Value scores;
  /// Added to the scores; null for a Where.
  mlir::Value addend;
  /// Where the scores are kept (or not, if inverted), and what is put in their
  /// place, or added, elsewhere.
  mlir::Value condition;
  bool inverted = false;
  double low = 0.0;
};

/// What a Where shows where it does not mask, with the rest of the site; null
/// if neither branch is a mask value.
mlir::Value matchMaskingWhere(onnx::WhereOp where, MaskSite &site);
/// A value that is added to scores.
MaskSite matchAddedMask(onnx::AddOp add, mlir::Value addend);

/// All masks of an attention.
struct AttentionMask {
  bool causal = false;
  Diagonal diagonal = Diagonal::FromFirst;
  /// [batch, heads, queries, keys] or 1 in the first three; floats that are
  /// added, or true where a key is visible. Null if nothing is left to say.
  mlir::Value mask;
  /// What a user is told about the mask that is left.
  std::string remark;
};

/// Classifies masks. `guarded`: a query that sees no key gives 0.
mlir::FailureOr<AttentionMask>
matchMasks(llvm::ArrayRef<MaskSite> sites, bool guarded,
           const ScoreExtents &extents, PositionVerdicts &verdicts,
           Attempt &attempt, mlir::OpBuilder &builder);

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_ATTENTIONMASKS_H
