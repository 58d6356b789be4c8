//===- Messages.h - What the importer tells the user ------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_MESSAGES_H
#define OCKHAM_LIB_IMPORT_ONNX_MESSAGES_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/raw_ostream.h"

#include <string>

namespace ockham::importer {

/// Takes messages about one model and passes them on as single lines that
/// begin with the model's path. Only the first error gets through: what follows
/// it is its consequence.
class Messages {
public:
  using Handler = llvm::function_ref<void(const llvm::Twine &)>;

  Messages(llvm::StringRef path, Handler onError, Handler onWarning)
      : path(path), onError(onError), onWarning(onWarning) {}

  /// Always fails, so that callers can return it.
  llvm::LogicalResult error(const llvm::Twine &text);
  void warning(const llvm::Twine &text);
  bool hadError() const { return failed; }
  llvm::StringRef getPath() const { return path; }

private:
  std::string path;
  Handler onError, onWarning;
  bool failed = false;
};

/// A message of somebody else, on one line.
std::string escapeControls(llvm::StringRef text);

/// A text of the file, fit for a one-line message: control characters escaped,
/// shortened when absurdly long.
std::string escape(llvm::StringRef text);

/// A name of the file between single quotes, fit for a one-line message.
std::string quote(llvm::StringRef name);

/// "1 node", "3 nodes".
std::string count(uint64_t number, llvm::StringRef noun);

/// "[2, ?, 3]".
std::string formatShape(llvm::ArrayRef<int64_t> shape);

/// Text of a type or attribute.
template <typename T>
std::string print(T printable) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << printable;
  return text;
}

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_MESSAGES_H
