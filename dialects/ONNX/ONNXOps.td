//===- ONNXOps.td - ONNX operators ------------------------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_ONNXOPS
#define OCKHAM_ONNXOPS

include "dialects/ONNX/ONNXDialect.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def ONNX_FloatTensor : RankedTensorOf<[F16, BF16, F32, F64]>;
def ONNX_IntTensor : RankedTensorOf<[I8, I16, I32, I64, UI8]>;
def ONNX_BoolTensor : RankedTensorOf<[I1]>;
def ONNX_NumberTensor : RankedTensorOf<[F16, BF16, F32, F64, I8, I16, I32, I64, UI8]>;
def ONNX_Tensor : RankedTensorOf<[F16, BF16, F32, F64, I1, I8, I16, I32, I64, UI8]>;

/// Every operator: pure, its result type checked against (and refined to) what
/// the operands imply, its dims reified as functions of the operands' dims.
class ONNX_PureOp<string mnemonic, list<Trait> traits = []>
    : ONNX_Op<mnemonic, traits # [Pure,
        DeclareOpInterfaceMethods<InferShapedTypeOpInterface,
            ["inferReturnTypeComponents"]>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
            ["reifyResultShapes"]>]> {
  let hasVerifier = 1;
}

include "dialects/ONNX/ONNXElementwiseOps.td"
include "dialects/ONNX/ONNXLinearAlgebraOps.td"
include "dialects/ONNX/ONNXShapeOps.td"

#endif // OCKHAM_ONNXOPS
