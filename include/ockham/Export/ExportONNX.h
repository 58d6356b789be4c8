//===- ExportONNX.h - Modules as ONNX files ---------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_EXPORT_EXPORTONNX_H
#define OCKHAM_EXPORT_EXPORTONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace ockham {

inline constexpr int64_t kOldestExportedOpset = 17;
inline constexpr int64_t kNewestExportedOpset = 23;

struct ExportOptions {
  /// The opset of ONNX's own operators.
  int64_t opset = kOldestExportedOpset;
  /// Weights of more bytes than this in all go to `<file>.data` beside the
  /// model; protobuf cannot hold more than 2 GiB.
  uint64_t maxEmbeddedBytes = 1'500'000'000;
  std::string producerVersion;
  /// Entries of the model's metadata_props.
  std::vector<std::pair<std::string, std::string>> metadata;
};

struct ExportSummary {
  /// Bytes of all weights, and of the model's file.
  uint64_t weightBytes = 0, modelBytes = 0;
  /// The file with external data; empty if there is none.
  std::string dataPath;
  /// Checks of inputs (`ockham.check`), for which ONNX has no operator.
  unsigned droppedChecks = 0;
};

/// Writes the entry function of a module of onnx ops (and the arithmetic on
/// extents between them, and the tfm ops that are one operator of the opset) as
/// an ONNX model: standard operators only. Names of inputs, outputs, dimensions
/// and weights are those that the module keeps. On an error nothing is left at
/// `path`, and what was there before stays.
llvm::Expected<ExportSummary> exportONNX(mlir::ModuleOp module,
                                         llvm::StringRef path,
                                         const ExportOptions &options);

/// Where the external data of a model at `path` goes.
std::string getExternalDataPath(llvm::StringRef path);

} // namespace ockham

#endif // OCKHAM_EXPORT_EXPORTONNX_H
