//===- RewritePass.h - What a rewrite keeps ---------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The base of all passes on tfm. Passes.td names it through RewritePass.td, so
// that no pass can be declared without saying what it keeps.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_SUPPORT_REWRITEPASS_H
#define OCKHAM_SUPPORT_REWRITEPASS_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace ockham {

/// Whether the module has the same parameters in the same places afterwards, so
/// that training could go on.
enum class Parametrisation { Kept, Changed };

/// How far results are what they were before.
enum class Accuracy {
  SameNumbers,   ///< Every number is computed as before.
  UpToRounding,  ///< Products or sums are rounded at other places.
  ChangesResults ///< It computes another function; only on request.
};

class RewritePass : public mlir::OperationPass<mlir::ModuleOp> {
public:
  virtual Parametrisation getParametrisation() const = 0;
  /// Of the pass with the options that it has: a tolerance may make it change
  /// results.
  virtual Accuracy getAccuracy() const = 0;

  /// Null for a pass that is none.
  static const RewritePass *get(const mlir::Pass &pass) {
    return dynamic_cast<const RewritePass *>(&pass);
  }

protected:
  using OperationPass::OperationPass;
};

/// What Passes.td makes the base of a pass.
template <Parametrisation parametrisation, Accuracy accuracy>
class RewritePassThat : public RewritePass {
public:
  Parametrisation getParametrisation() const override {
    return parametrisation;
  }
  Accuracy getAccuracy() const override { return accuracy; }

protected:
  using RewritePass::RewritePass;
};

} // namespace ockham

#endif // OCKHAM_SUPPORT_REWRITEPASS_H
