//===- OperatorTable.h - Which operators are imported, and how --*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_OPERATORTABLE_H
#define OCKHAM_LIB_IMPORT_ONNX_OPERATORTABLE_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace ockham::importer {

class NodeImporter;

/// The oldest opset whose operators broadcast as today's do, and the newest
/// that the table has been compared with. Newer ones get a warning.
inline constexpr int64_t oldestOpset = 7;
inline constexpr int64_t newestOpset = 25;
/// Likewise for the version of the file format.
inline constexpr int64_t newestIRVersion = 13;

inline constexpr unsigned anyNumber = ~0u;

/// One operator from one opset on.
struct OperatorEntry {
  /// Empty for ONNX's own.
  llvm::StringLiteral domain;
  llvm::StringLiteral name;
  int64_t sinceVersion;
  /// How many operands must be there, and how many may be.
  unsigned minOperands, maxOperands;
  /// How many results are imported; further ones must not be used.
  unsigned maxResults;
  llvm::LogicalResult (*import)(NodeImporter &node);
};

/// The entry with the highest version that is not above `opset`; null if the
/// operator is not supported at this opset.
const OperatorEntry *findOperator(llvm::StringRef domain, llvm::StringRef name,
                                  int64_t opset);

/// The whole table.
llvm::ArrayRef<OperatorEntry> getOperators();

/// ONNX's own domain has two spellings; this gives the empty one.
inline llvm::StringRef normalizeDomain(llvm::StringRef domain) {
  return domain == "ai.onnx" ? llvm::StringRef() : domain;
}

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_OPERATORTABLE_H
