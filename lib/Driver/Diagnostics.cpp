//===- Diagnostics.cpp - What passes say, for the command line
//--------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Diagnostics.h"

#include "mlir/IR/MLIRContext.h"
#include "ockham/Support/RewriteRemark.h"

using namespace mlir;

namespace ockham {

/// The node that a location names, or where it stands in a file.
static std::string describeLocation(Location location) {
  if (auto name = dyn_cast<NameLoc>(location))
    return name.getName().str();
  if (isa<UnknownLoc>(location))
    return "";
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto file = dyn_cast<FileLineColLoc>(location))
    os << file.getFilename().getValue() << ':' << file.getLine() << ':'
       << file.getColumn();
  else
    os << location;
  return text;
}

static std::string describe(Diagnostic &diagnostic) {
  std::string where = describeLocation(diagnostic.getLocation());
  std::string text = (where.empty() ? "" : where + ": ") + diagnostic.str();
  for (Diagnostic &note : diagnostic.getNotes())
    text += "; " + note.str();
  // One line without control characters, whatever the message quotes: names
  // come from files.
  for (char &c : text)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
      c = ' ';
  return text;
}

static void count(Diagnostic &diagnostic, std::vector<RewriteCount> &rewrites) {
  std::optional<RewriteRemark> remark = getRewriteRemark(diagnostic);
  if (!remark)
    return;
  auto it = llvm::find_if(rewrites, [&](const RewriteCount &known) {
    return known.pass == remark->pass;
  });
  if (it == rewrites.end())
    it = rewrites.insert(it, {remark->pass.str(), 0, 0});
  ++(remark->outcome == RewriteOutcome::Done ? it->done : it->kept);
}

DiagnosticCollector::DiagnosticCollector(MLIRContext &context,
                                         const CompileLog &log,
                                         std::vector<RewriteCount> *rewrites)
    : log(log), rewrites(rewrites),
      handler(&context,
              [this](Diagnostic &diagnostic) { handle(diagnostic); }) {
  // A message names its node; the printed operation may be pages long.
  context.printOpOnDiagnostic(false);
}

void DiagnosticCollector::handle(Diagnostic &diagnostic) {
  switch (diagnostic.getSeverity()) {
  case DiagnosticSeverity::Error:
    if (firstError.empty())
      firstError = describe(diagnostic);
    return;
  case DiagnosticSeverity::Warning:
    if (log.warning)
      log.warning(describe(diagnostic));
    return;
  default:
    if (rewrites)
      count(diagnostic, *rewrites);
    if (log.remark)
      log.remark(diagnostic);
    if (log.message)
      log.message(describe(diagnostic));
  }
}

llvm::Error DiagnosticCollector::take(const llvm::Twine &fallback) {
  return llvm::createStringError(firstError.empty() ? fallback.str()
                                                    : firstError);
}

} // namespace ockham
