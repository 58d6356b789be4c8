//===- Raising.h - What the matchers share ----------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every concept has one file with one `raise...` function, which walks the
// function backwards (readers before what they read) and replaces what it
// recognises. A matcher that got as far as an anchor (a Softmax, a Sqrt, ...)
// and then failed leaves an Attempt, from which the remarks are made. The
// design is in docs/raising.md.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_RAISING_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_RAISING_H

#include "Extents.h"
#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallPtrSet.h"

#include <memory>
#include <string>

namespace ockham::raising {

/// The name that the file gives a node, or the op's name.
std::string getNodeName(mlir::Operation *op);

/// Rows of the residual stream: floats [batch, sequence, width].
bool isRows(mlir::Value value);

/// A tensor with the same number for every sequence of `rows`: how many
/// positions came before the first one. Null if there are none.
mlir::Value makePast(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value rows, const Extent &past);

/// How far one match got. A matcher counts the roles of its concept (for a
/// layer norm: mean, centring, square, ...) as it fills them.
class Attempt {
public:
  Attempt(llvm::StringRef concept_, unsigned total)
      : concept_(concept_), total(total) {}

  /// Counts a role that `op` fills.
  void found(mlir::Operation *op, unsigned roles = 1) {
    matched += roles;
    at = op;
  }
  /// Marks an op for which a user would ask why it did not raise. The first one
  /// stands for the whole in the remark.
  void addAnchor(mlir::Operation *op) { anchors.push_back(op); }
  /// Ends the attempt at `op`.
  llvm::LogicalResult fail(mlir::Operation *op, const llvm::Twine &why);
  llvm::LogicalResult fail(const llvm::Twine &why) { return fail(at, why); }
  /// Why it ended, the last time.
  llvm::StringRef getReason() const { return why; }

private:
  friend class Raiser;

  std::string concept_;
  unsigned matched = 0;
  unsigned total;
  mlir::Operation *at = nullptr;
  llvm::SmallVector<mlir::Operation *, 4> anchors;
  /// Text and places, which outlive the ops.
  std::string why;
  std::string node;
  std::string anchorName;
  mlir::LocationAttr anchorLoc;
};

/// One function that is being raised.
class Raiser {
public:
  explicit Raiser(mlir::func::FuncOp function)
      : function(function), builder(function.getContext()) {}

  mlir::func::FuncOp getFunction() { return function; }
  mlir::OpBuilder &getBuilder() { return builder; }

  /// Calls `visit` on every live op, readers first. Dead ops are erased on the
  /// way, so that nothing that was fused is looked at again. `visit` may create
  /// ops and replace uses.
  void walkBackwards(llvm::function_ref<void(mlir::Operation *)> visit);

  /// Erases an op that nothing reads.
  bool eraseIfDead(mlir::Operation *op);

  /// The insertion point for something that replaces `op`.
  mlir::OpBuilder &at(mlir::Operation *op) {
    builder.setInsertionPoint(op);
    return builder;
  }

  /// Replaces all uses. The shapes must be compatible; a difference in what is
  /// known statically becomes a tensor.cast. Fails, replacing nothing,
  /// otherwise.
  llvm::LogicalResult replace(mlir::Value from, mlir::Value to);

  /// Keeps a failed attempt for its anchors if it got further than others.
  void record(Attempt attempt);

  /// Remarks about the anchors that are still there, and a summary of the
  /// operators that stay.
  void reportLeftovers();

private:
  mlir::func::FuncOp function;
  mlir::OpBuilder builder;
  llvm::DenseMap<mlir::Operation *, std::shared_ptr<Attempt>> attempts;
  /// What was erased during the walk under way.
  llvm::SmallPtrSet<mlir::Operation *, 32> erased;
};

//===----------------------------------------------------------------------===//
// The concepts, in the order in which the pass runs them
//===----------------------------------------------------------------------===//

/// MatMul and Gemm with a weight, with bias, Conv1D's Reshapes.
void raiseLinears(Raiser &raiser);
/// Linears of [sequence, batch, width] become linears of [batch, sequence,
/// width]; before attentions, and once more behind them.
void raiseSequenceFirst(Raiser &raiser);
/// Layer and RMS norms, as one operator or decomposed.
void raiseNorms(Raiser &raiser);
/// ReLU, LeakyReLU, GELU in their spellings, SiLU.
void raiseActivations(Raiser &raiser);
/// Split of a merged projection.
void raiseSplits(Raiser &raiser);
/// Softmax attention with its heads, mask, scale and shape gains.
void raiseAttentions(Raiser &raiser);
/// Token embeddings with learned positions.
void raiseEmbeddings(Raiser &raiser);
/// The logarithm of a softmax at each row's label.
void raiseCrossEntropies(Raiser &raiser);
/// tanh(alpha x) and erf(alpha x + offset) in the place of a norm; a tanh or
/// sigmoid that is alone becomes an activation.
void raisePointwiseNorms(Raiser &raiser);
/// Norms whose std is a parameter: a weak pattern, after all others.
void raiseFixedNorms(Raiser &raiser);
/// Sums of two activations and products with a gain.
void raiseResiduals(Raiser &raiser);
/// Constants that tfm ops read leave the onnx dialect.
void raiseConstants(Raiser &raiser);
/// Groups the ops of each transformer block into a tfm.block.
void formBlocks(Raiser &raiser);

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_RAISING_H
