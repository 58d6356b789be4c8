//===- Simplify.h - A model file to a simpler model file --------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_DRIVER_SIMPLIFY_H
#define OCKHAM_DRIVER_SIMPLIFY_H

#include "ockham/Driver/Compile.h"
#include "ockham/Export/ExportONNX.h"

namespace ockham {

struct SimplifyOptions : ReadOptions {
  std::string input;  ///< .onnx, or .mlir with onnx or tfm functions.
  std::string output; ///< .onnx
  /// Passes that run on the imported module in place of `ockham-raise` and
  /// `ockham-simplify`; what they leave is exported.
  std::optional<std::string> passes;
  /// As for compiling.
  bool verifyRewrites = false;
  int64_t opset = ExportOptions().opset;
  /// Weights of more bytes in all go to a file beside the model.
  uint64_t maxEmbeddedBytes = ExportOptions().maxEmbeddedBytes;
};

struct SimplifySummary : ModelSummary {
  ExportSummary exported;
};

/// Simplifies a model and writes it as ONNX. On an error nothing is left at
/// `output`, and a file that stood there before is untouched.
llvm::Expected<SimplifySummary> simplifyModel(const SimplifyOptions &options,
                                              const CompileLog &log);

} // namespace ockham

#endif // OCKHAM_DRIVER_SIMPLIFY_H
