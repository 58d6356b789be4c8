//===- ONNXDialect.td - ONNX in one opset-independent form -*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_ONNXDIALECT
#define OCKHAM_ONNXDIALECT

include "mlir/IR/OpBase.td"

def ONNX_Dialect : Dialect {
  let name = "onnx";
  let cppNamespace = "::ockham::onnx";
  let summary = "ONNX operators in one internal, opset-independent form";
  let description = [{
    The operators that exported transformers use, each in one form whatever
    opset the file was written for; the importer upgrades:

    - axes, permutations and split sizes are attributes, non-negative and
      sorted where order does not matter;
    - sizes that may be computed (of Reshape, Expand, ConstantOfShape, Slice)
      are lists of integers and `index` values, never tensors;
    - initializers are `ockham.weight` symbols or `onnx.Constant`;
    - optional operands that are absent are absent, not empty names;
    - functions are inlined; Dropout, in inference, is gone.

    Tensors are ranked. Dimensions that are known only at run time are `?`; the
    names that the file gives them stay on the function (`ockham.dims`).
    Elementwise operators broadcast as NumPy does. Mnemonics are ONNX's own
    operator names. Semantics are those of the ONNX operator reference at the
    newest opset unless the description says otherwise.
  }];
  let hasConstantMaterializer = 1;
  let useDefaultAttributePrinterParser = 1;
}

class ONNX_Op<string mnemonic, list<Trait> traits = []>
    : Op<ONNX_Dialect, mnemonic, traits>;

#endif // OCKHAM_ONNXDIALECT
