//===- Passes.td - Transforms of onnx and tfm modules -----*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TRANSFORMS_PASSES
#define OCKHAM_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def ONNXNormalize : Pass<"onnx-normalize", "::mlir::ModuleOp"> {
  let summary = "Bring an imported module to the form that raising expects";
  let description = [{
    Follows extents and the elements of small integer tensors through each
    function as expressions over the extents of its arguments, and rewrites by
    what it then knows. Afterwards:

    - Reshape, Expand, Slice and ConstantOfShape carry integers and `index`
      values made from `tensor.dim` of arguments (of the first one where
      `ockham.dims` gives several the same name; "past + sequence" is the sum of
      what the names stand for), at the start of the function.
      Only sizes that depend on the elements of an input remain computed, with
      a -1 beside them;
    - no Shape is left: where an extent is data (the limit of a Range), it is
      `tensor.from_elements` of `arith.index_cast` of an extent;
    - Reshape follows no Reshape, Squeeze or Unsqueeze, Transpose no Transpose,
      and none of them is without effect. A Slice takes all its axes at once,
      and a comparison or conversion of a slice of a constant is a slice of the
      converted constant;
    - a Gemm or MatMul of rows that a Reshape has flattened is a MatMul (and an
      Add) on all dimensions;
    - integers and booleans that are affine in their position (positions that
      were cut, joined, summed up and gathered with each other, as exporters
      compute masks) are one value or Ranges; what is gathered with positions is
      where it was, if the positions are known to be all there are;
    - an Expand stands behind the point-wise operators that follow it, and is gone
      where another operand has the extents;
    - operators on constants and on weights are constants, if their results take
      at most `max-constant-bytes`; those of more than 256 bytes are new
      weights, named after the one they come from (`mask.Cast`);
    - Identity, equal operators, equal weights and whatever nothing uses are
      gone; a matrix that is another one transposed, and only multiplied by, is
      a Transpose of that one (a tied head). Types say every extent that is known; the function's own type does
      not change, a `tensor.cast` stands before the return if need be.

    ```mlir
    // Before: x.view(b, s, 4, 8), where b and s take Shape, Gather, Unsqueeze,
    // Concat and tensor.extract.
    // After:
    %y = onnx.Reshape %x to [%b, %s, 4, 8] : (tensor<?x?x32xf32>) -> tensor<?x?x4x8xf32>
    ```
  }];
  let options = [
    Option<"maxConstantBytes", "max-constant-bytes", "int64_t", "1048576",
           "Largest result, in bytes, that constant folding creates">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect",
    "::ockham::OckhamDialect", "::ockham::onnx::ONNXDialect"];
}

def InlineBlocks : Pass<"tfm-inline-blocks", "::mlir::ModuleOp"> {
  let summary = "Dissolve tfm.block into the function around it";
  let description = [{
    Moves the body of each `tfm.block` in front of it. The block's name, index
    and kind stay on its ops as the attribute `tfm.in_block`.
  }];
  let dependentDialects = ["::ockham::tfm::TfmDialect"];
}

def FuseElementwise : Pass<"ockham-fuse-elementwise", "::mlir::ModuleOp"> {
  let summary = "Fuse element-wise linalg ops that are read once";
  let description = [{
    A `linalg.generic` whose result has one reader with the same loops moves into
    the reader: a bias into the activation behind it, an activation into the
    residual sum. Unlike upstream's pass it leaves matrix products and reshapes
    alone and computes no row statistic once per element.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}

def LowerExpandShape
    : Pass<"ockham-lower-expand-shape", "::mlir::ModuleOp"> {
  let summary = "Make views with several unknown extents explicit";
  let description = [{
    `memref.expand_shape` of one dimension into two or more dynamic ones (rows
    into batch and sequence) becomes `memref.reinterpret_cast` with the extents
    that the op lists. Upstream's `expand-strided-metadata` derives extents from
    the source and does not cover it, so this pass runs before.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::memref::MemRefDialect"];
}

#endif // OCKHAM_TRANSFORMS_PASSES
