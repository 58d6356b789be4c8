//===- ConstantFolding.h - Results of constant operands ---------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Evaluates single operators at compile time: for the folders, which keep to
// small attributes, and for `--onnx-normalize`, which also reads and writes
// weights. Elements are computed in float64 (integers in 64 bits, wrapping) and
// rounded once to the result's type.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_DIALECTS_ONNX_CONSTANTFOLDING_H
#define OCKHAM_DIALECTS_ONNX_CONSTANTFOLDING_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
#include "ockham/Support/ConstantData.h"

#include <optional>
#include <string>

namespace ockham::onnx {

/// The bytes of result `resultIndex` (row-major, one byte per i1), whose type
/// must be static and take at most `maxBytes`. `operands` are the elements of
/// the tensor operands, in order. Nothing if the operator is not evaluated at
/// compile time (products, reductions, norms), if a size is not a constant
/// attribute, or if the value is not defined (division by 0, an index out of
/// range, an integer out of range).
std::optional<std::string> evaluate(mlir::Operation *op, unsigned resultIndex,
                                    llvm::ArrayRef<ConstantData> operands,
                                    uint64_t maxBytes);

/// Whether `evaluate` knows the operator at all.
bool isEvaluable(mlir::Operation *op);

/// Elements as an attribute; a splat if all are equal.
mlir::DenseElementsAttr makeElements(mlir::RankedTensorType type,
                                     llvm::ArrayRef<char> bytes);

} // namespace ockham::onnx

#endif // OCKHAM_DIALECTS_ONNX_CONSTANTFOLDING_H
