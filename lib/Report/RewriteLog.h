//===- RewriteLog.h - What passes said --------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_REPORT_REWRITELOG_H
#define OCKHAM_LIB_REPORT_REWRITELOG_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "ockham/Report/Report.h"
#include "llvm/ADT/StringSet.h"

namespace ockham::report {

/// Collects remarks and groups those that say the same of different nodes.
class RewriteLog {
public:
  /// Remembers the names of nodes and weights, which texts are freed of. To be
  /// called before passes that speak of them.
  void learnNames(mlir::ModuleOp module);

  /// `phase` is the pass for remarks that do not name one.
  void add(mlir::Diagnostic &diagnostic, llvm::StringRef phase);

  std::vector<RewriteGroup> take() { return std::move(groups); }

private:
  void learnWeight(llvm::StringRef name);
  bool isName(llvm::StringRef text) const;
  std::string removeNames(llvm::StringRef text) const;

  llvm::StringSet<> names;
  std::vector<RewriteGroup> groups;
};

} // namespace ockham::report

#endif // OCKHAM_LIB_REPORT_REWRITELOG_H
