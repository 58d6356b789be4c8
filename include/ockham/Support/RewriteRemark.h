//===- RewriteRemark.h - What a pass did, and what not ----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Simplification passes tell the user in remarks what they removed and what
// they had to keep. The text is for people; `ockham report` reads who spoke and
// whether something was done from the remark's metadata.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_SUPPORT_REWRITEREMARK_H
#define OCKHAM_SUPPORT_REWRITEREMARK_H

#include "mlir/IR/Diagnostics.h"

#include <optional>

namespace ockham {

enum class RewriteOutcome {
  Done, ///< Something was folded, merged or removed.
  Kept  ///< Something stays that the pass looks for; the text says why.
};

/// Who emitted a remark, and what came of it.
struct RewriteRemark {
  llvm::StringRef pass; ///< Its argument, e.g. "tfm-fold-norms".
  RewriteOutcome outcome;
};

/// A remark at `loc` to which the text is streamed. `pass` has to live as long
/// as the diagnostic: a literal.
mlir::InFlightDiagnostic emitRewriteRemark(mlir::Location loc,
                                           llvm::StringLiteral pass,
                                           RewriteOutcome outcome);

/// What emitRewriteRemark wrote, nothing for other diagnostics.
std::optional<RewriteRemark> getRewriteRemark(mlir::Diagnostic &diagnostic);

} // namespace ockham

#endif // OCKHAM_SUPPORT_REWRITEREMARK_H
