//===- ONNXLinearAlgebraOps.td - Products, reductions, norms -*-tablegen-*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_ONNXLINEARALGEBRAOPS
#define OCKHAM_ONNXLINEARALGEBRAOPS

def ONNX_MatMulOp : ONNX_PureOp<"MatMul"> {
  let summary = "Matrix product, batched as in NumPy";
  let description = [{
    `numpy.matmul`: leading dimensions broadcast; a vector operand is a row on
    the left and a column on the right, and its dimension disappears.

    ```mlir
    %c = onnx.MatMul %a, %b : (tensor<?x?x32xf32>, tensor<32x97xf32>) -> tensor<?x?x97xf32>
    ```
  }];
  let arguments = (ins ONNX_NumberTensor:$lhs, ONNX_NumberTensor:$rhs);
  let results = (outs ONNX_NumberTensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs attr-dict `:` functional-type(operands, results)
  }];
}

def ONNX_GemmOp : ONNX_PureOp<"Gemm"> {
  let summary = "alpha A B + beta C on matrices";
  let description = [{
    A is `[M, K]` (or `[K, M]` with transA), B `[K, N]` (or `[N, K]` with
    transB); C broadcasts to `[M, N]`.

    ```mlir
    %y = onnx.Gemm %a, %b, %c : (tensor<?x32xf32>, tensor<32x96xf32>, tensor<96xf32>) -> tensor<?x96xf32>
    ```
  }];
  let arguments = (ins ONNX_NumberTensor:$a, ONNX_NumberTensor:$b,
                       Optional<ONNX_NumberTensor>:$c,
                       DefaultValuedAttr<F64Attr, "1.0">:$alpha,
                       DefaultValuedAttr<F64Attr, "1.0">:$beta,
                       UnitAttr:$transA, UnitAttr:$transB);
  let results = (outs ONNX_NumberTensor:$result);
  let assemblyFormat = [{
    $a `,` $b (`,` $c^)? attr-dict `:` functional-type(operands, results)
  }];
}

class ONNX_ReduceOp<string mnemonic, string what> : ONNX_PureOp<mnemonic> {
  let summary = what # " over axes";
  let description = [{
    The }] # what # [{ over `axes` (non-negative, ascending). Reduced dimensions
    stay with extent 1 when `keepdims` is set. Without axes the operand is
    returned unreduced (reduction over all axes is written out by the importer).
    Over no elements the result is what changes nothing: 0 for sums and norms, 1
    for products, the lowest or highest value of the type (infinite for floats)
    for maximum or minimum. The mean of nothing is NaN, for integers 0. A NaN
    among the elements is the result.

    ```mlir
    %m = onnx.}] # mnemonic # [{ %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x32xf32>) -> tensor<?x?x1xf32>
    ```
  }];
  let arguments = (ins ONNX_NumberTensor:$input, DenseI64ArrayAttr:$axes,
                       UnitAttr:$keepdims);
  let results = (outs ONNX_NumberTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def ONNX_ReduceMeanOp : ONNX_ReduceOp<"ReduceMean", "mean">;
def ONNX_ReduceSumOp : ONNX_ReduceOp<"ReduceSum", "sum">;
def ONNX_ReduceMaxOp : ONNX_ReduceOp<"ReduceMax", "maximum">;
def ONNX_ReduceMinOp : ONNX_ReduceOp<"ReduceMin", "minimum">;
def ONNX_ReduceProdOp : ONNX_ReduceOp<"ReduceProd", "product">;
def ONNX_ReduceL2Op : ONNX_ReduceOp<"ReduceL2", "square root of the sum of squares">;

class ONNX_ArgReduceOp<string mnemonic, string what> : ONNX_PureOp<mnemonic> {
  let summary = "Position of the " # what # " along one axis";
  let description = [{
    The index of the }] # what # [{ along `axis`, which must not be empty: the
    first of several, or the last with `selectLast`. A NaN counts as the
    }] # what # [{. The dimension stays with extent 1 when `keepdims` is set.

    ```mlir
    %i = onnx.}] # mnemonic # [{ %x {axis = 1} : (tensor<?x97xf32>) -> tensor<?xi64>
    ```
  }];
  let arguments = (ins ONNX_NumberTensor:$input, I64Attr:$axis,
                       UnitAttr:$keepdims, UnitAttr:$selectLast);
  let results = (outs RankedTensorOf<[I64]>:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def ONNX_ArgMaxOp : ONNX_ArgReduceOp<"ArgMax", "maximum">;
def ONNX_ArgMinOp : ONNX_ArgReduceOp<"ArgMin", "minimum">;

def ONNX_SoftmaxOp : ONNX_PureOp<"Softmax"> {
  let summary = "Softmax along one axis";
  let description = [{
    `exp(x - max) / sum(exp(x - max))` along `axis`. The importer rewrites the
    form before opset 13, which flattened, with Reshape.

    ```mlir
    %p = onnx.Softmax %s {axis = 3} : (tensor<?x4x?x?xf32>) -> tensor<?x4x?x?xf32>
    ```
  }];
  let arguments = (ins ONNX_FloatTensor:$input, I64Attr:$axis);
  let results = (outs ONNX_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def ONNX_LayerNormalizationOp : ONNX_PureOp<"LayerNormalization",
    [AttrSizedOperandSegments]> {
  let summary = "Layer norm over the dimensions from an axis on";
  let description = [{
    `(x - mean) / sqrt(var + epsilon) * scale + bias` with mean and (biased)
    variance over the dimensions `axis ..`. Scale and bias are optional; both
    broadcast to the operand.

    ```mlir
    %y = onnx.LayerNormalization %x scale %g bias %b {axis = 2, epsilon = 1.0e-5 : f64}
        : (tensor<?x?x32xf32>, tensor<32xf32>, tensor<32xf32>) -> tensor<?x?x32xf32>
    ```
  }];
  let arguments = (ins ONNX_FloatTensor:$input,
                       Optional<ONNX_FloatTensor>:$scale,
                       Optional<ONNX_FloatTensor>:$bias,
                       I64Attr:$axis, F64Attr:$epsilon);
  let results = (outs ONNX_FloatTensor:$result);
  let assemblyFormat = [{
    $input (`scale` $scale^)? (`bias` $bias^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

#endif // OCKHAM_ONNXLINEARALGEBRAOPS
