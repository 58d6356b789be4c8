//===- Operators.h - Importers of the operators, by family ------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_OPERATORS_OPERATORS_H
#define OCKHAM_LIB_IMPORT_ONNX_OPERATORS_OPERATORS_H

#include "../NodeImporter.h"

namespace ockham::importer {

/// What an entry of the operator table points to.
using Importer = llvm::LogicalResult(NodeImporter &);

// Elementwise.cpp

/// A result of the first operand's element type.
template <typename OpT>
llvm::LogicalResult importBinary(NodeImporter &n) {
  mlir::Value lhs = n.getOperand(0), rhs = n.getOperand(1);
  n.unifyScalars(lhs, rhs);
  return n.setResult(n.create<OpT>(n.getElement(lhs), lhs, rhs));
}
/// A boolean result.
template <typename OpT>
llvm::LogicalResult importPredicate(NodeImporter &n) {
  mlir::Value lhs = n.getOperand(0), rhs = n.getOperand(1);
  n.unifyScalars(lhs, rhs);
  return n.setResult(n.create<OpT>(n.getBuilder().getI1Type(), lhs, rhs));
}
template <typename OpT>
llvm::LogicalResult importUnary(NodeImporter &n) {
  return n.setResult(
      n.create<OpT>(n.getElement(n.getOperand(0)), n.getOperand(0)));
}
Importer importPow, importXor, importMin, importMax, importSum, importMean,
    importWhere, importIsNaN, importIdentity, importDropout, importCast,
    importCastLike;

// Activations.cpp
Importer importLeakyRelu, importPRelu, importGelu, importSwish,
    importClipAttributes, importClip;

// LinearAlgebra.cpp
Importer importGemm;

// Reductions.cpp

/// Axes as an attribute or an operand, from the front and ascending, and
/// keepdims: the same for all reductions of all versions.
struct Reduction {
  llvm::SmallVector<int64_t> axes;
  bool keepDims;
  /// noop_with_empty_axes and no axes: nothing is reduced.
  bool isNoop;
};
mlir::FailureOr<Reduction> getReduction(NodeImporter &n);

template <typename OpT>
llvm::LogicalResult importReduce(NodeImporter &n) {
  auto reduction = getReduction(n);
  if (failed(reduction))
    return llvm::failure();
  mlir::Value operand = n.getOperand(0);
  if (reduction->isNoop)
    return n.setResult(operand);
  return n.setResult(n.create<OpT>(n.getElement(operand), operand,
                                   llvm::ArrayRef<int64_t>(reduction->axes),
                                   reduction->keepDims));
}
Importer importReduceMin, importReduceL1, importReduceSumSquare;

// Normalization.cpp
Importer importSoftmax, importFlatSoftmax, importLogSoftmax,
    importFlatLogSoftmax, importLayerNormalization, importRMSNormalization;

// Constants.cpp
Importer importConstant, importConstantOfShape, importEyeLike, importRange;

/// A mask over the last two dimensions of `x`: column equal to row + diagonal
/// (which may be null for 0), or at least that (upper), or at most that.
mlir::Value createDiagonalOrder(NodeImporter &n, mlir::Value x,
                                mlir::Value diagonal, bool equal, bool upper);

// Shapes.cpp
Importer importShape, importSize, importReshape, importFlatten, importExpand,
    importSqueeze, importUnsqueeze, importTranspose;

// Movement.cpp
Importer importConcat, importSplit, importSliceAttributes, importSlice,
    importGather, importTrilu;

// ControlFlow.cpp
Importer importIf;

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_OPERATORS_OPERATORS_H
