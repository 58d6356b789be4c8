//===- ONNXInterfaces.td - What passes ask operators ------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_ONNXINTERFACES
#define OCKHAM_ONNXINTERFACES

include "mlir/IR/OpBase.td"

def ONNX_SymbolicShapeOpInterface : OpInterface<"SymbolicShapeOpInterface"> {
  let cppNamespace = "::ockham::onnx";
  let description = [{
    An operator that can say its result shapes as expressions over the extents
    of its operands. Shape inference, reification and `--onnx-normalize` all ask
    this one method.
  }];
  let methods = [
    InterfaceMethod<[{
        Appends one InferredTensor per result, in terms of what `scope` knows
        about the operands. Fails where the operator does not verify.
      }], "::llvm::LogicalResult", "inferResults",
      (ins "::ockham::onnx::ShapeScope &":$scope,
           "::llvm::SmallVectorImpl<::ockham::onnx::InferredTensor> &":$results)>
  ];
}

#endif // OCKHAM_ONNXINTERFACES
