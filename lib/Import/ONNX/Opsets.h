//===- Opsets.h - Which versions of operators are meant ---------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_OPSETS_H
#define OCKHAM_LIB_IMPORT_ONNX_OPSETS_H

#include "Messages.h"
#include "ockham/Support/ONNXProtobuf.h"

#include "llvm/ADT/StringMap.h"

namespace ockham::importer {

/// The versions of the operator sets that a model or a function imports, by
/// domain.
class Opsets {
public:
  using Imports = google::protobuf::RepeatedPtrField<pb::OperatorSetIdProto>;

  /// Fails if ONNX's own operators are older than the oldest that are known.
  /// `what` is "the model" or names the function.
  llvm::LogicalResult read(const Imports &imports, const llvm::Twine &what,
                           Messages &messages);
  /// Versions for the domains that a function uses without importing them.
  void inherit(const Opsets &outer);

  bool empty() const { return versions.empty(); }
  /// The version of a domain's opset, 0 if none is imported.
  int64_t get(llvm::StringRef domain) const;

private:
  llvm::StringMap<int64_t> versions;
};

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_OPSETS_H
