//===- OperatorTable.cpp - Which operators are imported, and how ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OperatorTable.h"

#include "Operators/Operators.h"

namespace ockham::importer {

// One line per operator and version whose meaning changed; the order is that of
// the documentation. A version that only added element types has no line.
//
//   domain, operator, since version, operands (least, most), results, importer
static const OperatorEntry table[] = {
    // Elementwise.
    {"", "Add", 7, 2, 2, 1, importBinary<onnx::AddOp>},
    {"", "Sub", 7, 2, 2, 1, importBinary<onnx::SubOp>},
    {"", "Mul", 7, 2, 2, 1, importBinary<onnx::MulOp>},
    {"", "Div", 7, 2, 2, 1, importBinary<onnx::DivOp>},
    {"", "Mod", 10, 2, 2, 1, importMod},
    {"", "Pow", 7, 2, 2, 1, importPow},
    {"", "Equal", 7, 2, 2, 1, importPredicate<onnx::EqualOp>},
    {"", "Less", 7, 2, 2, 1, importPredicate<onnx::LessOp>},
    {"", "LessOrEqual", 12, 2, 2, 1, importPredicate<onnx::LessOrEqualOp>},
    {"", "Greater", 7, 2, 2, 1, importPredicate<onnx::GreaterOp>},
    {"", "GreaterOrEqual", 12, 2, 2, 1,
     importPredicate<onnx::GreaterOrEqualOp>},
    {"", "And", 7, 2, 2, 1, importPredicate<onnx::AndOp>},
    {"", "Or", 7, 2, 2, 1, importPredicate<onnx::OrOp>},
    {"", "Xor", 7, 2, 2, 1, importXor},
    {"", "BitwiseAnd", 18, 2, 2, 1, importBinary<onnx::BitwiseAndOp>},
    {"", "BitwiseOr", 18, 2, 2, 1, importBinary<onnx::BitwiseOrOp>},
    {"", "BitwiseXor", 18, 2, 2, 1, importBinary<onnx::BitwiseXorOp>},
    {"", "BitwiseNot", 18, 1, 1, 1, importBitwiseNot},
    {"", "BitShift", 11, 2, 2, 1, importBitShift},
    {"", "Min", 6, 1, anyNumber, 1, importMin},
    {"", "Max", 6, 1, anyNumber, 1, importMax},
    {"", "Sum", 6, 1, anyNumber, 1, importSum},
    {"", "Mean", 6, 1, anyNumber, 1, importMean},
    {"", "Where", 9, 3, 3, 1, importWhere},
    {"", "Neg", 6, 1, 1, 1, importUnary<onnx::NegOp>},
    {"", "Abs", 6, 1, 1, 1, importUnary<onnx::AbsOp>},
    {"", "Exp", 6, 1, 1, 1, importUnary<onnx::ExpOp>},
    {"", "Log", 6, 1, 1, 1, importUnary<onnx::LogOp>},
    {"", "Sqrt", 6, 1, 1, 1, importUnary<onnx::SqrtOp>},
    {"", "Reciprocal", 6, 1, 1, 1, importUnary<onnx::ReciprocalOp>},
    {"", "Erf", 9, 1, 1, 1, importUnary<onnx::ErfOp>},
    {"", "Sin", 7, 1, 1, 1, importUnary<onnx::SinOp>},
    {"", "Cos", 7, 1, 1, 1, importUnary<onnx::CosOp>},
    {"", "Tan", 7, 1, 1, 1, importUnary<onnx::TanOp>},
    {"", "Asin", 7, 1, 1, 1, importUnary<onnx::AsinOp>},
    {"", "Acos", 7, 1, 1, 1, importUnary<onnx::AcosOp>},
    {"", "Atan", 7, 1, 1, 1, importUnary<onnx::AtanOp>},
    {"", "Sinh", 9, 1, 1, 1, importUnary<onnx::SinhOp>},
    {"", "Cosh", 9, 1, 1, 1, importUnary<onnx::CoshOp>},
    {"", "Asinh", 9, 1, 1, 1, importUnary<onnx::AsinhOp>},
    {"", "Acosh", 9, 1, 1, 1, importUnary<onnx::AcoshOp>},
    {"", "Atanh", 9, 1, 1, 1, importUnary<onnx::AtanhOp>},
    {"", "Tanh", 6, 1, 1, 1, importUnary<onnx::TanhOp>},
    {"", "Sigmoid", 6, 1, 1, 1, importUnary<onnx::SigmoidOp>},
    {"", "Floor", 6, 1, 1, 1, importUnary<onnx::FloorOp>},
    {"", "Ceil", 6, 1, 1, 1, importUnary<onnx::CeilOp>},
    {"", "Round", 11, 1, 1, 1, importUnary<onnx::RoundOp>},
    {"", "Sign", 9, 1, 1, 1, importSign},
    {"", "Not", 1, 1, 1, 1, importUnary<onnx::NotOp>},
    {"", "IsNaN", 9, 1, 1, 1, importIsNaN},
    {"", "IsInf", 10, 1, 1, 1, importIsInf},
    {"", "Identity", 1, 1, 1, 1, importIdentity},
    {"", "Dropout", 7, 1, 3, 2, importDropout},
    {"", "Cast", 6, 1, 1, 1, importCast},
    {"", "CastLike", 15, 2, 2, 1, importCastLike},
    // Activations.
    {"", "Relu", 6, 1, 1, 1, importUnary<onnx::ReluOp>},
    {"", "LeakyRelu", 6, 1, 1, 1, importLeakyRelu},
    {"", "PRelu", 7, 2, 2, 1, importPRelu},
    {"", "Gelu", 20, 1, 1, 1, importGelu},
    {"", "Swish", 24, 1, 1, 1, importSwish},
    {"", "Elu", 6, 1, 1, 1, importElu},
    {"", "Selu", 6, 1, 1, 1, importSelu},
    {"", "Celu", 12, 1, 1, 1, importCelu},
    {"", "HardSigmoid", 6, 1, 1, 1, importHardSigmoid},
    {"", "HardSwish", 14, 1, 1, 1, importHardSwish},
    {"", "Softplus", 1, 1, 1, 1, importSoftplus},
    {"", "Softsign", 1, 1, 1, 1, importSoftsign},
    {"", "Mish", 18, 1, 1, 1, importMish},
    {"", "ThresholdedRelu", 10, 1, 1, 1, importThresholdedRelu},
    {"", "Shrink", 9, 1, 1, 1, importShrink},
    {"", "Clip", 6, 1, 1, 1, importClipAttributes},
    {"", "Clip", 11, 1, 3, 1, importClip},
    // Linear algebra, reductions, normalisation.
    {"", "MatMul", 1, 2, 2, 1, importBinary<onnx::MatMulOp>},
    {"", "Gemm", 7, 2, 3, 1, importGemm},
    {"", "Einsum", 12, 1, anyNumber, 1, importEinsum},
    {"", "Conv", 1, 2, 3, 1, importConv},
    {"", "ReduceMean", 1, 1, 2, 1, importReduce<onnx::ReduceMeanOp>},
    {"", "ReduceSum", 1, 1, 2, 1, importReduce<onnx::ReduceSumOp>},
    {"", "ReduceProd", 1, 1, 2, 1, importReduce<onnx::ReduceProdOp>},
    {"", "ReduceMax", 1, 1, 2, 1, importReduceMax},
    {"", "ReduceMin", 1, 1, 2, 1, importReduceMin},
    {"", "ReduceL2", 1, 1, 2, 1, importReduceL2},
    {"", "ReduceL1", 1, 1, 2, 1, importReduceL1},
    {"", "ReduceSumSquare", 1, 1, 2, 1, importReduceSumSquare},
    {"", "ReduceLogSum", 1, 1, 2, 1, importReduceLogSum},
    {"", "ReduceLogSumExp", 1, 1, 2, 1, importReduceLogSumExp},
    {"", "ArgMax", 1, 1, 1, 1, importArgMax},
    {"", "ArgMin", 1, 1, 1, 1, importArgMin},
    {"", "Softmax", 1, 1, 1, 1, importFlatSoftmax},
    {"", "Softmax", 13, 1, 1, 1, importSoftmax},
    {"", "Hardmax", 1, 1, 1, 1, importFlatHardmax},
    {"", "Hardmax", 13, 1, 1, 1, importHardmax},
    {"", "LogSoftmax", 1, 1, 1, 1, importFlatLogSoftmax},
    {"", "LogSoftmax", 13, 1, 1, 1, importLogSoftmax},
    // ONNX Runtime writes norms in ONNX's own domain at any opset.
    {"", "LayerNormalization", 1, 1, 3, 3, importLayerNormalization},
    {"", "SimplifiedLayerNormalization", 1, 2, 2, 2, importRMSNormalization},
    {"", "RMSNormalization", 23, 2, 2, 1, importRMSNormalization},
    {"", "InstanceNormalization", 6, 3, 3, 1, importInstanceNormalization},
    {"", "GroupNormalization", 18, 3, 3, 1, importGroupNormalization},
    {"", "BatchNormalization", 7, 5, 5, 5, importBatchNormalization},
    {"", "LpNormalization", 1, 1, 1, 1, importLpNormalization},
    {"", "MeanVarianceNormalization", 9, 1, 1, 1,
     importMeanVarianceNormalization},
    // Attention.
    {"", "Attention", 23, 3, 6, 4, importAttention},
    {"", "Attention", 24, 3, 7, 4, importAttention},
    {"", "RotaryEmbedding", 23, 3, 4, 1, importRotaryEmbedding},
    // Losses.
    {"", "SoftmaxCrossEntropyLoss", 12, 2, 3, 2, importSoftmaxCrossEntropyLoss},
    {"", "NegativeLogLikelihoodLoss", 12, 2, 3, 1,
     importNegativeLogLikelihoodLoss},
    // Constants and shapes.
    {"", "Constant", 1, 0, 0, 1, importConstant},
    {"", "ConstantOfShape", 9, 1, 1, 1, importConstantOfShape},
    {"", "EyeLike", 9, 1, 1, 1, importEyeLike},
    {"", "Range", 11, 3, 3, 1, importRange},
    {"", "Shape", 1, 1, 1, 1, importShape},
    {"", "Size", 1, 1, 1, 1, importSize},
    {"", "Reshape", 5, 2, 2, 1, importReshape},
    {"", "Flatten", 1, 1, 1, 1, importFlatten},
    {"", "Expand", 8, 2, 2, 1, importExpand},
    {"", "Squeeze", 1, 1, 2, 1, importSqueeze},
    {"", "Unsqueeze", 1, 1, 2, 1, importUnsqueeze},
    {"", "Transpose", 1, 1, 1, 1, importTranspose},
    // Data movement.
    {"", "Concat", 4, 1, anyNumber, 1, importConcat},
    {"", "Split", 2, 1, 2, anyNumber, importSplit},
    {"", "Slice", 1, 1, 1, 1, importSliceAttributes},
    {"", "Slice", 10, 3, 5, 1, importSlice},
    {"", "Gather", 1, 2, 2, 1, importGather},
    {"", "GatherElements", 11, 2, 2, 1, importGatherElements},
    {"", "GatherND", 11, 2, 2, 1, importGatherND},
    {"", "Scatter", 9, 3, 3, 1, importScatterElements},
    {"", "ScatterElements", 11, 3, 3, 1, importScatterElements},
    {"", "ScatterND", 11, 3, 3, 1, importScatterND},
    {"", "TensorScatter", 24, 2, 3, 1, importTensorScatter},
    {"", "OneHot", 9, 3, 3, 1, importOneHot},
    {"", "Pad", 2, 1, 1, 1, importPadAttributes},
    {"", "Pad", 11, 2, 4, 1, importPad},
    {"", "Tile", 6, 2, 2, 1, importTile},
    {"", "CumSum", 11, 2, 2, 1, importCumSum},
    {"", "DepthToSpace", 1, 1, 1, 1, importDepthToSpace},
    {"", "SpaceToDepth", 1, 1, 1, 1, importSpaceToDepth},
    {"", "Trilu", 14, 1, 2, 1, importTrilu},
    // Control flow.
    {"", "If", 1, 1, 1, anyNumber, importIf},
    // What ONNX Runtime's optimiser writes.
    {"com.microsoft", "Gelu", 1, 1, 1, 1, importGelu},
    {"com.microsoft", "BiasGelu", 1, 2, 2, 1, importBiasGelu},
    {"com.microsoft", "FastGelu", 1, 1, 2, 1, importFastGelu},
    {"com.microsoft", "QuickGelu", 1, 1, 1, 1, importQuickGelu},
    {"com.microsoft", "FusedMatMul", 1, 2, 2, 1, importFusedMatMul},
    {"com.microsoft", "LayerNormalization", 1, 1, 3, 3,
     importLayerNormalization},
    {"com.microsoft", "SimplifiedLayerNormalization", 1, 2, 2, 2,
     importRMSNormalization},
    {"com.microsoft", "SkipLayerNormalization", 1, 3, 5, 4,
     importSkipLayerNormalization},
    {"com.microsoft", "SkipSimplifiedLayerNormalization", 1, 3, 4, 4,
     importSkipSimplifiedLayerNormalization},
    {"com.microsoft", "EmbedLayerNormalization", 1, 1, 9, 3,
     importEmbedLayerNormalization},
    {"com.microsoft", "Attention", 1, 2, 7, 2, importMicrosoftAttention},
    {"com.microsoft", "MultiHeadAttention", 1, 1, 10, 4,
     importMultiHeadAttention},
    {"com.microsoft", "GroupQueryAttention", 1, 1, 16, 4,
     importGroupQueryAttention},
    {"com.microsoft", "RotaryEmbedding", 1, 4, 4, 1,
     importMicrosoftRotaryEmbedding},
};

llvm::ArrayRef<OperatorEntry> getOperators() { return table; }

const OperatorEntry *findOperator(llvm::StringRef domain, llvm::StringRef name,
                                  int64_t opset) {
  const OperatorEntry *best = nullptr;
  for (const OperatorEntry &entry : table)
    if (entry.name == name && entry.domain == domain &&
        entry.sinceVersion <= opset &&
        (!best || best->sinceVersion < entry.sinceVersion))
      best = &entry;
  return best;
}

} // namespace ockham::importer
