//===- ONNXContractionOps.td - Convolution, Einsum --------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_ONNXCONTRACTIONOPS
#define OCKHAM_ONNXCONTRACTIONOPS

def ONNX_ConvOp : ONNX_PureOp<"Conv"> {
  let summary = "Convolution of 1 to 3 dimensions";
  let description = [{
    The input is `[N, C, D...]`, the weights `[M, C / group, K...]`, the bias
    `[M]`, the result `[N, M, O...]`: output channel m is the sum over the C /
    group input channels of its group and all positions of the kernel. `pads`
    zeros are added, first before every dimension, then behind every one. Before
    this the importer has resolved `auto_pad`.

    ```mlir
    %y = onnx.Conv %x, %w bias %b {strides = array<i64: 4, 4>, dilations = array<i64: 1, 1>,
                                   pads = array<i64: 0, 0, 0, 0>, group = 1}
        : (tensor<?x3x32x32xf32>, tensor<16x3x4x4xf32>, tensor<16xf32>) -> tensor<?x16x8x8xf32>
    ```
  }];
  let arguments = (ins ONNX_FloatTensor:$input, ONNX_FloatTensor:$weights,
                       Optional<ONNX_FloatTensor>:$bias,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads, I64Attr:$group);
  let results = (outs ONNX_FloatTensor:$result);
  let assemblyFormat = [{
    $input `,` $weights (`bias` $bias^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def ONNX_EinsumOp : ONNX_PureOp<"Einsum"> {
  let summary = "A sum of products, its dimensions named by letters";
  let description = [{
    Every operand has one letter per dimension, the result as well: it holds, for
    every combination of its letters, the sum over all others of the product of
    the operands' elements. A letter that one operand has twice takes its
    diagonal; extents of the same letter are equal or 1. The equation always
    names the result; the importer has replaced ellipses by letters and what is a
    matrix product by MatMul.

    ```mlir
    %y = onnx.Einsum "bii,bj->bj" %x, %z : (tensor<?x4x4xf32>, tensor<?x3xf32>) -> tensor<?x3xf32>
    ```
  }];
  let arguments = (ins StrAttr:$equation, Variadic<ONNX_NumberTensor>:$inputs);
  let results = (outs ONNX_NumberTensor:$result);
  let assemblyFormat = [{
    $equation $inputs attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = inferTensorsDeclaration # [{
    /// The letters of each operand, then those of the result. Fails where the
    /// equation is malformed.
    static ::llvm::FailureOr<::llvm::SmallVector<::llvm::StringRef>>
    parseEquation(::llvm::StringRef equation);
    ::llvm::SmallVector<::llvm::StringRef> getLetters() {
      return *parseEquation(getEquation());
    }
  }];
}

#endif // OCKHAM_ONNXCONTRACTIONOPS
