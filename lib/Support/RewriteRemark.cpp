//===- RewriteRemark.cpp - What a pass did, and what not ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Support/RewriteRemark.h"

using namespace mlir;

namespace ockham {

static constexpr llvm::StringLiteral kMark = "ockham.rewrite";
static constexpr llvm::StringLiteral kDone = "done";
static constexpr llvm::StringLiteral kKept = "kept";

InFlightDiagnostic emitRewriteRemark(Location loc, llvm::StringLiteral pass,
                                     RewriteOutcome outcome) {
  InFlightDiagnostic remark = emitRemark(loc);
  if (Diagnostic *diagnostic = remark.getUnderlyingDiagnostic())
    for (llvm::StringRef text :
         {kMark, pass, outcome == RewriteOutcome::Done ? kDone : kKept})
      diagnostic->getMetadata().push_back(DiagnosticArgument(text));
  return remark;
}

std::optional<RewriteRemark> getRewriteRemark(Diagnostic &diagnostic) {
  auto &metadata = diagnostic.getMetadata();
  auto isText = [](const DiagnosticArgument &argument) {
    return argument.getKind() ==
           DiagnosticArgument::DiagnosticArgumentKind::String;
  };
  if (metadata.size() != 3 || !llvm::all_of(metadata, isText) ||
      metadata[0].getAsString() != kMark)
    return std::nullopt;
  return RewriteRemark{metadata[1].getAsString(),
                       metadata[2].getAsString() == kDone
                           ? RewriteOutcome::Done
                           : RewriteOutcome::Kept};
}

} // namespace ockham
