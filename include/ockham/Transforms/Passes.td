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
    Folds constants (results of at most `max-constant-bytes`), resolves computed
    shapes until Reshape, Slice, Expand and ConstantOfShape carry integers or
    the extents of the function's arguments, removes Identity and equal
    operators, shares equal weights, and erases what nothing uses.
  }];
  let options = [
    Option<"maxConstantBytes", "max-constant-bytes", "int64_t", "1048576",
           "Largest result, in bytes, that constant folding creates">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect",
    "::ockham::OckhamDialect", "::ockham::onnx::ONNXDialect"];
}

def TransformerInlineBlocks
    : Pass<"tfm-inline-blocks", "::mlir::ModuleOp"> {
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
