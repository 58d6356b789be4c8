//===- AttentionParts.h - What operators of attention share -----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The steps of scaled dot-product attention, in the spelling of exporters, so
// that the fused operators are recognised as the written-out ones are. A null
// operand gives null again, as with NodeImporter::create.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_OPERATORS_ATTENTIONPARTS_H
#define OCKHAM_LIB_IMPORT_ONNX_OPERATORS_ATTENTIONPARTS_H

#include "Formulas.h"

#include <limits>

namespace ockham::importer {

/// The width of each of `heads` heads in rows of `rows`, [batch, sequence,
/// width]; reports an error if there is none.
mlir::FailureOr<int64_t> getHeadWidth(NodeImporter &n, mlir::Value rows,
                                      int64_t heads, llvm::StringRef what);

/// [batch, sequence, heads * width] to [batch, heads, sequence, width].
mlir::Value splitHeads(NodeImporter &n, mlir::Value rows, int64_t heads,
                       llvm::StringRef what);
/// [batch, heads, sequence, width] to [batch, sequence, heads * width].
mlir::Value mergeHeads(NodeImporter &n, mlir::Value heads);
/// [batch, heads, sequence, width] to [batch, heads * times, sequence, width]
/// with copies side by side, for grouped queries.
mlir::Value repeatHeads(NodeImporter &n, mlir::Value heads, int64_t times);
mlir::Value repeatHeads(NodeImporter &n, mlir::Value heads,
                        mlir::OpFoldResult times);

/// Values of `past` and then those of `heads`; both are [batch, heads,
/// sequence, width], and `past` may be null.
mlir::Value appendToPast(NodeImporter &n, mlir::Value past, mlir::Value heads);

/// Products of queries and keys, [batch, heads, queries, keys].
mlir::Value createScores(NodeImporter &n, mlir::Value query, mlir::Value key);
/// Where query and key fit to each other: key <= query + offset, [queries,
/// keys]. `offset` is null or a scalar.
mlir::Value createCausalMask(NodeImporter &n, mlir::Value scores,
                             mlir::Value offset);
/// Where key < length: [batch, 1, 1, keys] for lengths [batch].
mlir::Value createLengthMask(NodeImporter &n, mlir::Value scores,
                             mlir::Value lengths);
/// `keep ? scores : fill`.
mlir::Value maskScores(NodeImporter &n, mlir::Value scores, mlir::Value keep,
                       double fill = -std::numeric_limits<double>::infinity());

/// Turns the first `width` channels of each row of `x` in pairs, neighbours if
/// `interleaved`, else first and second half. `cos` and `sin` broadcast to
/// [..., width / 2].
mlir::Value rotate(NodeImporter &n, mlir::Value x, mlir::Value cos,
                   mlir::Value sin, int64_t width, bool interleaved);

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_OPERATORS_ATTENTIONPARTS_H
