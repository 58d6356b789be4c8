//===- Schedule.h - Fewer and larger products -------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the passes share that change how a block is computed, not what.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TRANSFORMS_SCHEDULE_H
#define OCKHAM_LIB_TRANSFORMS_SCHEDULE_H

#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/BuiltinOps.h"

namespace ockham {

/// Makes those of the given linears that read the same rows in one region one
/// linear and a split, and drops columns that nothing reads. A weight that
/// would then be stored a second time stays as it is. Remarks are those of
/// `pass`.
void mergeProjections(mlir::ModuleOp module,
                      llvm::ArrayRef<tfm::LinearOp> linears,
                      llvm::StringLiteral pass);

/// One summand: `gain * value`, where an absent gain is 1.
struct Summand {
  mlir::Value value, gain;
};

/// The summands of a sum of sums, as far as no gain stands in front of an inner
/// sum and nothing else reads it.
llvm::SmallVector<Summand> getSummands(tfm::AddScaledOp sum);

/// Whether `sum` is a summand that getSummands looks into.
bool isInnerSum(tfm::AddScaledOp sum);

/// Whether a product can be accumulated onto the other summands of `sum`: it is
/// a linear without a gain that nothing else reads.
tfm::LinearOp getAccumulating(const Summand &summand, tfm::AddScaledOp sum);

/// A sum whose products are accumulated one onto the other.
struct AccumulatedSum {
  /// What the first product is accumulated onto, unless it is the first itself.
  mlir::Value base;
  /// In their order; the last is the sum.
  llvm::SmallVector<tfm::LinearOp> linears;
  /// The first of the ops that stand where the sum stood.
  mlir::Operation *first = nullptr;
};

/// Turns a sum with products among its summands into linears that accumulate,
/// those behind an attention first. Nothing if there is none, or nothing to
/// accumulate onto. Erases the sum.
std::optional<AccumulatedSum> accumulateSum(tfm::AddScaledOp sum);

} // namespace ockham

#endif // OCKHAM_LIB_TRANSFORMS_SCHEDULE_H
