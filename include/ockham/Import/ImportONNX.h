//===- ImportONNX.h - ONNX files into the onnx dialect ----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_IMPORT_IMPORTONNX_H
#define OCKHAM_IMPORT_IMPORTONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace ockham {

struct ImportOptions {
  /// Extents for dimensions that the file names, e.g. {"batch", 1}. A name that
  /// no input has is an error.
  std::vector<std::pair<std::string, int64_t>> dims;
  /// Reads external data from outside the model's folder as well (absolute
  /// paths, "..", links that lead out). A model from a stranger must not be
  /// able to pull in other files of the user, so this has to be asked for.
  bool allowExternalPaths = false;
  /// Called with the path of every file of external data that is read. May be
  /// empty.
  std::function<void(llvm::StringRef)> onExternalFile;
};

/// Reads the ONNX model at `path` into a new module with one entry point,
/// `@forward`, in the opset-independent form of the onnx dialect.
///
/// Weights are not copied: they take over the bytes of the parsed file or refer
/// to the mapped files of external data.
///
/// Returns null after exactly one call of `onError`. `onWarning` may be called
/// any number of times. Every message is one line that begins with `path`:
///
///   gpt2.onnx: external data file 'weights.bin' of tensor 'wte' is missing
mlir::OwningOpRef<mlir::ModuleOp>
importONNX(llvm::StringRef path, mlir::MLIRContext &context,
           const ImportOptions &options,
           llvm::function_ref<void(const llvm::Twine &)> onError,
           llvm::function_ref<void(const llvm::Twine &)> onWarning);

/// The same for a file that was read already. `path` is where external data are
/// looked for, and what messages begin with.
mlir::OwningOpRef<mlir::ModuleOp>
importONNX(llvm::StringRef bytes, llvm::StringRef path,
           mlir::MLIRContext &context, const ImportOptions &options,
           llvm::function_ref<void(const llvm::Twine &)> onError,
           llvm::function_ref<void(const llvm::Twine &)> onWarning);

/// An operator that the importer knows, in the form that it has from an opset
/// of its domain on.
struct ONNXOperator {
  llvm::StringRef domain; ///< Empty for ONNX's own.
  llvm::StringRef name;
  int64_t sinceVersion;
};

/// All of them, sorted by domain, name and version. An operator that is not
/// among them is still imported where the model brings its body as a function.
std::vector<ONNXOperator> listONNXOperators();

} // namespace ockham

#endif // OCKHAM_IMPORT_IMPORTONNX_H
