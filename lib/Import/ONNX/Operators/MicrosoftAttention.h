//===- MicrosoftAttention.h - Attention of com.microsoft --------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_OPERATORS_MICROSOFTATTENTION_H
#define OCKHAM_LIB_IMPORT_ONNX_OPERATORS_MICROSOFTATTENTION_H

#include "Formulas.h"

namespace ockham::importer {

/// Scaled dot-product attention as the operators of com.microsoft define it.
struct DotProduct {
  /// [batch, heads, sequence, width]
  mlir::Value query, key, value;
  /// Which keys are there, in one of the forms that ONNX Runtime knows; may be
  /// null.
  mlir::Value mask;
  llvm::StringRef maskName;
  /// Added to the scores; may be null.
  mlir::Value bias;
  /// How many keys are older than the first query: as an extent, and as a
  /// scalar that is null for 0.
  mlir::OpFoldResult pastLength;
  mlir::Value causalOffset;
};

/// The rows of the result, [batch, sequence, heads * width]. Result
/// `scoresResult` of the node, if there is one and it is used, gets what the
/// softmax is of.
mlir::Value
createDotProduct(NodeImporter &n, const DotProduct &product,
                 std::optional<unsigned> scoresResult = std::nullopt);

/// Puts keys and values of the past, which may be null, before those of
/// `product`.
llvm::LogicalResult usePast(NodeImporter &n, DotProduct &product,
                            mlir::Value pastKey, mlir::Value pastValue);

/// The factor of the scores, 1 / sqrt(width) unless the node has one.
double getScale(NodeImporter &n, mlir::Value query);

struct NamedOperand {
  unsigned index;
  llvm::StringRef name;
};
/// Fails if one of the operands is there.
llvm::LogicalResult refuseOperands(NodeImporter &n,
                                   llvm::ArrayRef<NamedOperand> operands);
/// Fails if one of the attributes is not 0.
llvm::LogicalResult refuseFlags(NodeImporter &n,
                                llvm::ArrayRef<llvm::StringRef> names);

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_OPERATORS_MICROSOFTATTENTION_H
