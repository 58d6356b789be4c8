//===- VerifyRewrites.h - Passes that must not change results ---*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The promise of every pass before the lowering is that the module computes the
// same function. This instrumentation takes no pass at its word: it interprets
// the module before and after each of them (docs/verification.md).
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_VERIFY_VERIFYREWRITES_H
#define OCKHAM_VERIFY_VERIFYREWRITES_H

#include "mlir/Pass/PassManager.h"

#include <atomic>
#include <cstdint>
#include <memory>

namespace ockham {

struct VerifyRewritesOptions {
  /// Of the random inputs.
  uint64_t seed = 0;
  /// Remarks say what was not verified and why, and how far passes that may
  /// change results changed them. Otherwise there are errors only.
  bool remarks = true;
};

/// What came of it. Copies share it: one may outlive the pass manager, and
/// several pass managers may report to one.
class VerifyRewritesResult {
public:
  bool hasFailed() const { return state->failed; }
  void setFailed() { state->failed = true; }
  /// Passes that changed a module and were found to keep its function.
  unsigned getNumVerified() const { return state->verified; }
  void addVerified() { ++state->verified; }

private:
  struct State {
    std::atomic<bool> failed = false;
    std::atomic<unsigned> verified = 0;
  };
  std::shared_ptr<State> state = std::make_shared<State>();
};

/// Makes the pass manager interpret its module (the outermost one) before and
/// after each pass that changes it. An error names the pass, the output, the
/// difference and what rounding explains, and stands at the first op that
/// computes something else; the pass counts as failed. Passes that may change
/// results (RewritePass) are exempt, as is what the interpreter does not know.
///
/// Turns multithreading off in the context: a pass on one function must not run
/// while the module around it is interpreted.
void verifyRewrites(mlir::PassManager &pm, const VerifyRewritesOptions &options,
                    VerifyRewritesResult result);

} // namespace ockham

#endif // OCKHAM_VERIFY_VERIFYREWRITES_H
