//===- ONNXShapeOps.td - Constants, shapes and data movement -*-tablegen-*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_ONNXSHAPEOPS
#define OCKHAM_ONNXSHAPEOPS

def ONNX_ConstantOp : ONNX_Op<"Constant", [ConstantLike, Pure,
    AllTypesMatch<["value", "result"]>]> {
  let summary = "A small constant tensor";
  let description = [{
    Scalars, axes, shapes and other small tensors. Anything that is a parameter
    of the model is an `ockham.weight`.

    ```mlir
    %c = onnx.Constant dense<[0, 1]> : tensor<2xi64>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = "$value attr-dict";
  let hasFolder = 1;
}

def ONNX_ShapeOp : ONNX_PureOp<"Shape"> {
  let summary = "The shape of a tensor, as integers";
  let description = [{
    Extents of the dimensions from `start` up to `end` (both within the rank).

    ```mlir
    %s = onnx.Shape %x {start = 0, end = 2} : (tensor<?x?x32xf32>) -> tensor<2xi64>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$input, I64Attr:$start, I64Attr:$end);
  let results = (outs RankedTensorOf<[I64]>:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def ONNX_ReshapeOp : ONNX_PureOp<"Reshape"> {
  let summary = "The same elements in another shape";
  let description = [{
    The new extents are integers or `index` values; one integer may be -1 and
    follows from the rest (an `index` value is never -1). The importer has
    replaced ONNX's 0, which copies the operand's extent.

    ```mlir
    %y = onnx.Reshape %x to [%b, %s, 4, 8] : (tensor<?x?x32xf32>) -> tensor<?x?x4x8xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$input, Variadic<Index>:$shape,
                       DenseI64ArrayAttr:$static_shape);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = [{
    $input `to` custom<DynamicIndexList>($shape, $static_shape) attr-dict
    `:` `(` type($input) `)` `->` type($result)
  }];
  let hasFolder = 1;
}

def ONNX_ExpandOp : ONNX_PureOp<"Expand"> {
  let summary = "Broadcast to a shape";
  let description = [{
    NumPy broadcasting of the operand against the given shape, both ways: where
    the shape says 1 the operand's extent stays.

    ```mlir
    %y = onnx.Expand %x to [%b, 4] : (tensor<1x4xf32>) -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$input, Variadic<Index>:$shape,
                       DenseI64ArrayAttr:$static_shape);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = [{
    $input `to` custom<DynamicIndexList>($shape, $static_shape) attr-dict
    `:` `(` type($input) `)` `->` type($result)
  }];
  let hasFolder = 1;
}

def ONNX_ConstantOfShapeOp : ONNX_PureOp<"ConstantOfShape"> {
  let summary = "A tensor filled with one value";
  let description = [{
    The extents are integers or `index` values, none of them negative.

    ```mlir
    %z = onnx.ConstantOfShape [%n, 4] value 0.0 : f32 -> tensor<?x4xf32>
    ```
  }];
  let arguments = (ins Variadic<Index>:$shape, DenseI64ArrayAttr:$static_shape,
                       TypedAttrInterface:$value);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = [{
    custom<DynamicIndexList>($shape, $static_shape) `value` $value attr-dict
    `->` type($result)
  }];
  let hasFolder = 1;
}

def ONNX_SliceOp : ONNX_PureOp<"Slice", [AttrSizedOperandSegments]> {
  let summary = "Ranges along axes";
  let description = [{
    For each of `axes` (non-negative, distinct) the elements
    `start, start + step, ...` before `end`. Negative starts and ends count from
    the back; both are clamped as in NumPy, and from the ends of 32-bit integers
    on count as infinite. Steps are not 0. (The smallest 64-bit integer marks
    an operand's place; "down to the first" is written with the next one.)

    ```mlir
    %y = onnx.Slice %x [0] to [%n] {axes = array<i64: 2>, steps = array<i64: 1>}
        : (tensor<1x1x16x16xi1>) -> tensor<1x1x?x16xi1>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$input, Variadic<Index>:$starts,
                       Variadic<Index>:$ends,
                       DenseI64ArrayAttr:$static_starts,
                       DenseI64ArrayAttr:$static_ends,
                       DenseI64ArrayAttr:$axes, DenseI64ArrayAttr:$steps);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = [{
    $input custom<DynamicIndexList>($starts, $static_starts) `to`
    custom<DynamicIndexList>($ends, $static_ends) attr-dict
    `:` `(` type($input) `)` `->` type($result)
  }];
  let hasFolder = 1;
}

def ONNX_GatherOp : ONNX_PureOp<"Gather"> {
  let summary = "Elements along one axis, by index";
  let description = [{
    The result has the indices' dimensions in place of `axis`. Negative indices
    count from the back; an index outside the axis is an error at run time that
    names it.

    ```mlir
    %x = onnx.Gather %table, %ids {axis = 0} : (tensor<97x32xf32>, tensor<?x?xi64>) -> tensor<?x?x32xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$data, RankedTensorOf<[I32, I64]>:$indices,
                       I64Attr:$axis);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = [{
    $data `,` $indices attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}

def ONNX_ConcatOp : ONNX_PureOp<"Concat"> {
  let summary = "Tensors one after the other along an axis";
  let description = [{
    The operands have equal extents in all dimensions but `axis`.

    ```mlir
    %y = onnx.Concat %a, %b {axis = 0} : (tensor<1xi64>, tensor<2xi64>) -> tensor<3xi64>
    ```
  }];
  let arguments = (ins Variadic<ONNX_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def ONNX_SplitOp : ONNX_PureOp<"Split"> {
  let summary = "Consecutive ranges along an axis";
  let description = [{
    The sizes, integers or `index` values, are the extents of the results along
    `axis`; none is negative, and they add up to the operand's.

    ```mlir
    %q, %k = onnx.Split %x into [32, 32] {axis = 2}
        : (tensor<?x?x64xf32>) -> (tensor<?x?x32xf32>, tensor<?x?x32xf32>)
    ```
  }];
  let arguments = (ins ONNX_Tensor:$input, Variadic<Index>:$sizes,
                       DenseI64ArrayAttr:$static_sizes, I64Attr:$axis);
  let results = (outs Variadic<ONNX_Tensor>:$results);
  let assemblyFormat = [{
    $input `into` custom<DynamicIndexList>($sizes, $static_sizes) attr-dict
    `:` functional-type($input, $results)
  }];
  let hasFolder = 1;
}

def ONNX_TransposeOp : ONNX_PureOp<"Transpose"> {
  let summary = "Permuted dimensions";
  let description = [{
    Dimension i of the result is dimension `perm[i]` of the operand.

    ```mlir
    %y = onnx.Transpose %x {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x4x8xf32>) -> tensor<?x4x?x8xf32>
    ```
  }];
  let arguments = (ins ONNX_Tensor:$input, DenseI64ArrayAttr:$perm);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

class ONNX_UnitDimsOp<string mnemonic, string what, string where, string types>
    : ONNX_PureOp<mnemonic> {
  let summary = what;
  let description = [{
    `axes`, non-negative and ascending, are positions in the }] # where # [{.

    ```mlir
    %y = onnx.}] # mnemonic # [{ %x {axes = array<i64: 0>} : }] # types # [{
    ```
  }];
  let arguments = (ins ONNX_Tensor:$input, DenseI64ArrayAttr:$axes);
  let results = (outs ONNX_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}
def ONNX_SqueezeOp : ONNX_UnitDimsOp<"Squeeze", "Without some dimensions of extent 1",
    "operand", "(tensor<1xi64>) -> tensor<i64>">;
def ONNX_UnsqueezeOp : ONNX_UnitDimsOp<"Unsqueeze", "With new dimensions of extent 1",
    "result", "(tensor<i64>) -> tensor<1xi64>">;

def ONNX_RangeOp : ONNX_PureOp<"Range"> {
  let summary = "Numbers from start up to limit";
  let description = [{
    `start + i * delta` for `0 <= i < max(0, ceil((limit - start) / delta))`. All
    three are scalars of the result's element type.

    ```mlir
    %r = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
    ```
  }];
  let arguments = (ins ONNX_NumberTensor:$start, ONNX_NumberTensor:$limit,
                       ONNX_NumberTensor:$delta);
  let results = (outs ONNX_NumberTensor:$result);
  let assemblyFormat = [{
    $start `,` $limit `,` $delta attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}

#endif // OCKHAM_ONNXSHAPEOPS
