//===- ModelReport.h - What a command says while it works -------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For commands that read a model and write another form of it: progress while
// they work, and in the end a few lines about what became of the model.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TOOLS_OCKHAM_MODELREPORT_H
#define OCKHAM_TOOLS_OCKHAM_MODELREPORT_H

#include "ockham/Driver/Compile.h"

#include <chrono>
#include <functional>
#include <string>

namespace ockham::tool {

/// Stages (on a terminal), remarks and warnings, on standard error.
class Progress {
public:
  Progress(bool quiet, bool remarks);

  /// Refers to this object.
  CompileLog getLog();
  /// Takes the last stage away.
  void clear();
  double getSeconds() const;

private:
  std::chrono::steady_clock::time_point start;
  bool quiet, remarks, showsStages;
  std::function<void(llvm::StringRef)> onStage, onMessage, onWarning;
};

/// "1.5 MB", "12.3 KB".
std::string formatBytes(uint64_t bytes);

/// "124.4 M", "768".
std::string formatCount(uint64_t count);

/// ", 1.2 K parameters; blocks: 2 pre_norm; 3 operators ... (3 Add)"
std::string formatModel(const ModelSummary &summary);

/// A line about simplification: what each pass did and kept, parameters and
/// bytes before and after. `remarksShown`: the reasons were printed.
std::string formatSimplification(const ModelSummary &summary,
                                 bool remarksShown);

} // namespace ockham::tool

#endif // OCKHAM_TOOLS_OCKHAM_MODELREPORT_H
