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
    {"", "Tanh", 6, 1, 1, 1, importUnary<onnx::TanhOp>},
    {"", "Sigmoid", 6, 1, 1, 1, importUnary<onnx::SigmoidOp>},
    {"", "Not", 1, 1, 1, 1, importUnary<onnx::NotOp>},
    {"", "IsNaN", 9, 1, 1, 1, importIsNaN},
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
    {"", "Clip", 6, 1, 1, 1, importClipAttributes},
    {"", "Clip", 11, 1, 3, 1, importClip},
    // Linear algebra, reductions, normalisation.
    {"", "MatMul", 1, 2, 2, 1, importBinary<onnx::MatMulOp>},
    {"", "Gemm", 7, 2, 3, 1, importGemm},
    {"", "ReduceMean", 1, 1, 2, 1, importReduce<onnx::ReduceMeanOp>},
    {"", "ReduceSum", 1, 1, 2, 1, importReduce<onnx::ReduceSumOp>},
    {"", "ReduceMax", 1, 1, 2, 1, importReduce<onnx::ReduceMaxOp>},
    {"", "ReduceMin", 1, 1, 2, 1, importReduceMin},
    {"", "ReduceL2", 1, 1, 2, 1, importReduce<onnx::ReduceL2Op>},
    {"", "ReduceL1", 1, 1, 2, 1, importReduceL1},
    {"", "ReduceSumSquare", 1, 1, 2, 1, importReduceSumSquare},
    {"", "Softmax", 1, 1, 1, 1, importFlatSoftmax},
    {"", "Softmax", 13, 1, 1, 1, importSoftmax},
    {"", "LogSoftmax", 1, 1, 1, 1, importFlatLogSoftmax},
    {"", "LogSoftmax", 13, 1, 1, 1, importLogSoftmax},
    // ONNX Runtime writes norms in ONNX's own domain at any opset.
    {"", "LayerNormalization", 1, 1, 3, 3, importLayerNormalization},
    {"", "SimplifiedLayerNormalization", 1, 2, 2, 1, importRMSNormalization},
    {"", "RMSNormalization", 23, 2, 2, 1, importRMSNormalization},
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
    {"", "Trilu", 14, 1, 2, 1, importTrilu},
    // Control flow.
    {"", "If", 1, 1, 1, anyNumber, importIf},
};

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
