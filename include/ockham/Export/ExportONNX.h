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

namespace ockham {

struct ExportOptions {
  /// The opset of ONNX's own operators, 17 to 23.
  int64_t opset = 17;
  /// Weights of more bytes than this in all go to `<file>.data` beside the
  /// model; protobuf cannot hold more than 2 GiB.
  uint64_t maxEmbeddedBytes = 1'500'000'000;
};

inline constexpr int64_t kOldestExportedOpset = 17;
inline constexpr int64_t kNewestExportedOpset = 23;

/// Writes the entry function of a module of onnx ops (and the arithmetic on
/// extents between them) as an ONNX model: standard operators only. Names of
/// inputs, outputs, dimensions and weights are those that the module keeps.
/// On an error nothing is left at `path`.
llvm::Error exportONNX(mlir::ModuleOp module, llvm::StringRef path,
                       const ExportOptions &options);

} // namespace ockham

#endif // OCKHAM_EXPORT_EXPORTONNX_H
