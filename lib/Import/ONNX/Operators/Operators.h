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
Importer importMod, importPow, importXor, importBitShift, importBitwiseNot,
    importMin, importMax, importSum, importMean, importWhere, importSign,
    importIsNaN, importIsInf, importIdentity, importDropout, importCast,
    importCastLike;

// Activations.cpp
Importer importLeakyRelu, importPRelu, importGelu, importSwish,
    importClipAttributes, importClip, importElu, importSelu, importCelu,
    importHardSigmoid, importHardSwish, importSoftplus, importMish,
    importSoftsign, importThresholdedRelu, importShrink;
/// `x / 2 * (1 + erf(x / sqrt(2)))`, or its approximation with tanh.
mlir::Value createGelu(NodeImporter &n, mlir::Value x, bool isTanh);
/// `x * sigmoid(alpha * x)`
mlir::Value createSwish(NodeImporter &n, mlir::Value x, double alpha);

// LinearAlgebra.cpp
Importer importGemm;

// Reductions.cpp

/// Axes as an attribute or an operand, from the front and ascending, and
/// keepdims: the same for all reductions of all versions.
struct Reduction {
  llvm::SmallVector<int64_t> axes;
  bool keepDims;
  /// noop_with_empty_axes and no axes: nothing is reduced.
  bool isNoop = false;
  /// For axes that are known only at run time: each dimension of the operand
  /// as two, of which `axes` has the second. The first is 1 if the dimension
  /// is reduced, else the second.
  llvm::SmallVector<mlir::OpFoldResult> splitShape;
  /// The result's shape then, where it has less dimensions than the operand.
  llvm::SmallVector<mlir::OpFoldResult> resultShape;
};
mlir::FailureOr<Reduction> getReduction(NodeImporter &n);

/// A value of the operand's shape with the dimensions that `axes` names, and
/// the reduced value, with extents of 1 there, with the result's dimensions.
mlir::Value splitForReduction(NodeImporter &n, mlir::Value value,
                              const Reduction &reduction);
mlir::Value joinAfterReduction(NodeImporter &n, mlir::Value value,
                               const Reduction &reduction);

/// Reduces a value of the operand's shape.
template <typename OpT>
mlir::Value createReduction(NodeImporter &n, mlir::Value value,
                            const Reduction &reduction) {
  if (!value || reduction.isNoop)
    return value;
  llvm::ArrayRef<int64_t> axes(reduction.axes);
  mlir::Type element = n.getElement(value);
  if (reduction.splitShape.empty())
    return n.create<OpT>(element, value, axes, reduction.keepDims);
  value = splitForReduction(n, value, reduction);
  return joinAfterReduction(n, n.create<OpT>(element, value, axes, true),
                            reduction);
}

template <typename OpT>
llvm::LogicalResult importReduce(NodeImporter &n) {
  auto reduction = getReduction(n);
  if (failed(reduction))
    return llvm::failure();
  return n.setResult(createReduction<OpT>(n, n.getOperand(0), *reduction));
}
Importer importReduceMax, importReduceMin, importReduceL1, importReduceL2,
    importReduceSumSquare, importReduceLogSum, importReduceLogSumExp,
    importArgMax, importArgMin;

// Normalization.cpp
Importer importSoftmax, importFlatSoftmax, importHardmax, importFlatHardmax,
    importLogSoftmax, importFlatLogSoftmax, importLayerNormalization,
    importRMSNormalization;
mlir::Value createLogSoftmax(NodeImporter &n, mlir::Value x, int64_t axis);

// ChannelNormalization.cpp
Importer importInstanceNormalization, importGroupNormalization,
    importBatchNormalization, importLpNormalization,
    importMeanVarianceNormalization;

// GroupQueryAttention.cpp
Importer importGroupQueryAttention;

// MicrosoftAttention.cpp
Importer importMicrosoftAttention, importMultiHeadAttention;

// MicrosoftFusions.cpp
Importer importBiasGelu, importFastGelu, importQuickGelu, importFusedMatMul,
    importSkipLayerNormalization, importSkipSimplifiedLayerNormalization,
    importEmbedLayerNormalization;

// Losses.cpp
Importer importSoftmaxCrossEntropyLoss, importNegativeLogLikelihoodLoss;

// Attention.cpp
Importer importAttention;

// Rotary.cpp
Importer importRotaryEmbedding, importMicrosoftRotaryEmbedding;

// Constants.cpp
Importer importConstant, importConstantOfShape, importEyeLike, importRange;

/// A mask over the last two dimensions of `x`: column equal to row + diagonal
/// (which may be null for 0), or at least that (upper), or at most that.
mlir::Value createDiagonalOrder(NodeImporter &n, mlir::Value x,
                                mlir::Value diagonal, bool equal, bool upper);

// Shapes.cpp
Importer importShape, importSize, importReshape, importFlatten, importExpand,
    importSqueeze, importUnsqueeze, importTranspose;

/// Broadcast to a shape of integers and `index` values.
mlir::Value createExpand(NodeImporter &n, mlir::Value x,
                         llvm::ArrayRef<mlir::OpFoldResult> shape);

// Movement.cpp
Importer importConcat, importSplit, importSliceAttributes, importSlice,
    importTrilu;

// Indexing.cpp

/// A scalar from a tensor of one element: many writers take one for the other.
mlir::Value createScalarOperand(NodeImporter &n, mlir::Value value);
/// An extent as an i64 scalar.
mlir::Value createExtent(NodeImporter &n, mlir::Value x, int64_t dim);
mlir::Value createPad(NodeImporter &n, onnx::PadMode mode, mlir::Value x,
                      mlir::Value value, llvm::ArrayRef<mlir::OpFoldResult> low,
                      llvm::ArrayRef<mlir::OpFoldResult> high);
Importer importGather, importGatherElements, importGatherND,
    importScatterElements, importScatterND, importTensorScatter, importOneHot,
    importPadAttributes, importPad, importTile, importCumSum,
    importDepthToSpace, importSpaceToDepth;

// Convolution.cpp
Importer importConv;

// Einsum.cpp
Importer importEinsum;

// ControlFlow.cpp
Importer importIf;

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_OPERATORS_OPERATORS_H
