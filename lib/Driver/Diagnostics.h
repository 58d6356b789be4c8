//===- Diagnostics.h - What passes say, for the command line ----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_DRIVER_DIAGNOSTICS_H
#define OCKHAM_LIB_DRIVER_DIAGNOSTICS_H

#include "mlir/IR/Diagnostics.h"
#include "ockham/Driver/Compile.h"

namespace ockham {

/// Keeps the first error and hands everything else on while it lives.
class DiagnosticCollector {
public:
  /// Counts what simplification passes did into `rewrites`, if given.
  DiagnosticCollector(mlir::MLIRContext &context, const CompileLog &log,
                      std::vector<RewriteCount> *rewrites = nullptr);

  /// The first error, or `fallback` where there was none.
  llvm::Error take(const llvm::Twine &fallback);

private:
  void handle(mlir::Diagnostic &diagnostic);

  const CompileLog &log;
  std::vector<RewriteCount> *rewrites;
  std::string firstError;
  mlir::ScopedDiagnosticHandler handler;
};

} // namespace ockham

#endif // OCKHAM_LIB_DRIVER_DIAGNOSTICS_H
