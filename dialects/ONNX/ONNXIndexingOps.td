//===- ONNXIndexingOps.td - Elements by index, padding, scans -*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_ONNXINDEXINGOPS
#define OCKHAM_ONNXINDEXINGOPS

include "mlir/IR/EnumAttr.td"

class ONNX_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::ockham::onnx";
  let genSpecializedAttr = 0;
}

def ONNX_ScatterReduction : ONNX_Enum<"ScatterReduction",
    "what an update does to the element that it meets", [
    I32EnumAttrCase<"Replace", 0, "replace">,
    I32EnumAttrCase<"Add", 1, "add">,
    I32EnumAttrCase<"Mul", 2, "mul">,
    I32EnumAttrCase<"Min", 3, "min">,
    I32EnumAttrCase<"Max", 4, "max">]>;
def ONNX_ScatterReductionAttr
    : EnumAttr<ONNX_Dialect, ONNX_ScatterReduction, "scatter_reduction">;

def ONNX_PadMode : ONNX_Enum<"PadMode", "what stands around a padded tensor", [
    I32EnumAttrCase<"Constant", 0, "constant">,
    I32EnumAttrCase<"Reflect", 1, "reflect">,
    I32EnumAttrCase<"Edge", 2, "edge">,
    I32EnumAttrCase<"Wrap", 3, "wrap">]>;
def ONNX_PadModeAttr : EnumAttr<ONNX_Dialect, ONNX_PadMode, "pad_mode">;

def ONNX_IndexTensor : RankedTensorOf<[I32, I64]>;

def ONNX_GatherElementsOp : ONNX_PureOp<"GatherElements"> {
  let summary = "One element per index, along one axis";
  let description = [{
    The result has the shape of the indices, which have the rank of the data and
    nowhere but along `axis` a larger extent: element `[i, j, k]` (with axis 1)
    is `data[i, indices[i, j, k], k]`. Negative indices count from the back; an
    index outside the axis is an error at run time that names it.

    ```mlir
    %y = onnx.GatherElements %x, %i {axis = 1} : (tensor<?x8xf32>, tensor<?x2xi64>) -> tensor<?x2xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$data, ONNX_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = [{
    $data `,` $indices attr-dict `:` functional-type(operands, results)
  }];
}

def ONNX_GatherNDOp : ONNX_PureOp<"GatherND"> {
  let summary = "Slices by lists of indices";
  let description = [{
    The last dimension of the indices, whose extent is static, holds positions in
    the dimensions of the data from `batch_dims` on; the result has, for each
    such list, what is left of the data. The first `batch_dims` dimensions of
    data and indices go together. Negative indices count from the back; an index
    outside its dimension is an error at run time that names it.

    ```mlir
    %y = onnx.GatherND %x, %i {batch_dims = 1} : (tensor<?x8x4xf32>, tensor<?x3x1xi64>) -> tensor<?x3x4xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$data, ONNX_IndexTensor:$indices,
                       I64Attr:$batch_dims);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = [{
    $data `,` $indices attr-dict `:` functional-type(operands, results)
  }];
}

def ONNX_ScatterElementsOp : ONNX_PureOp<"ScatterElements"> {
  let summary = "The data with one element replaced per index, along one axis";
  let description = [{
    The converse of GatherElements: with axis 1 `result[i, indices[i, j, k], k]`
    is `updates[i, j, k]`, or, with another reduction than `replace`, the sum,
    product, minimum or maximum of what is there and the update. Updates are
    taken in row-major order; of several that replace the same element the last
    one stays. Negative indices count from the back; an index outside the axis is
    an error at run time that names it.

    ```mlir
    %y = onnx.ScatterElements add %x, %i, %u {axis = 1}
        : (tensor<?x8xf32>, tensor<?x2xi64>, tensor<?x2xf32>) -> tensor<?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_ScatterReductionAttr:$reduction, ONNX_Tensor:$data,
                       ONNX_IndexTensor:$indices, ONNX_Tensor:$updates,
                       I64Attr:$axis);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = [{
    $reduction $data `,` $indices `,` $updates attr-dict
    `:` functional-type(operands, results)
  }];
}

def ONNX_ScatterNDOp : ONNX_PureOp<"ScatterND"> {
  let summary = "The data with slices replaced by lists of indices";
  let description = [{
    The converse of GatherND without batch dimensions: each list in the last
    dimension of the indices, whose extent is static, says where in the data the
    corresponding slice of the updates goes. Reductions, order, negative indices
    and errors are those of ScatterElements.

    ```mlir
    %y = onnx.ScatterND replace %x, %i, %u
        : (tensor<8x?xf32>, tensor<3x1xi64>, tensor<3x?xf32>) -> tensor<8x?xf32>
    ```
  }];
  let arguments = (ins ONNX_ScatterReductionAttr:$reduction, ONNX_Tensor:$data,
                       ONNX_IndexTensor:$indices, ONNX_Tensor:$updates);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = [{
    $reduction $data `,` $indices `,` $updates attr-dict
    `:` functional-type(operands, results)
  }];
}

def ONNX_PadOp : ONNX_PureOp<"Pad", [AttrSizedOperandSegments]> {
  let summary = "More, or fewer, elements on either side of each dimension";
  let description = [{
    `low` and `high` are, for every dimension, how many elements are added before
    and behind; negative numbers take elements away. New elements are `value` (0
    if it is absent) with `constant`, the nearest element with `edge`, the tensor
    mirrored at its first and last element with `reflect`, the tensor over again
    with `wrap`; for the last three there must be something to repeat.

    ```mlir
    %y = onnx.Pad constant %x value %v low [0, 1] high [0, %n] : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x?xf32>
    ```
  }];
  let arguments = (ins ONNX_PadModeAttr:$mode, ONNX_Tensor:$input,
                       Optional<ONNX_Tensor>:$value, Variadic<Index>:$low,
                       Variadic<Index>:$high, DenseI64ArrayAttr:$static_low,
                       DenseI64ArrayAttr:$static_high);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = [{
    $mode $input (`value` $value^)?
    `low` custom<DynamicIndexList>($low, $static_low)
    `high` custom<DynamicIndexList>($high, $static_high) attr-dict
    `:` `(` type($input) (`,` type($value)^)? `)` `->` type($result)
  }];
}

def ONNX_CumSumOp : ONNX_PureOp<"CumSum"> {
  let summary = "Running sums along one axis";
  let description = [{
    Element j along `axis` is the sum of the operand's elements up to j, without
    j itself if `exclusive`; of those from j on if `reverse`.

    ```mlir
    %y = onnx.CumSum %x {axis = 1, exclusive} : (tensor<?x?xi64>) -> tensor<?x?xi64>
    ```
  }];
  let arguments = (ins ONNX_NumberTensor:$input, I64Attr:$axis,
                       UnitAttr:$exclusive, UnitAttr:$reverse);
  let results = (outs ONNX_NumberTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

#endif // OCKHAM_ONNXINDEXINGOPS
