//===- Passes.td - Conversions between dialects -----------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_CONVERSION_PASSES
#define OCKHAM_CONVERSION_PASSES

include "ockham/Support/RewritePass.td"

def ConvertONNXToTransformer
    : RewritePass<"convert-onnx-to-tfm", KeepsParameters, ExactUpToRounding> {
  let title = "Recognise the parts of a transformer in ONNX operators";
  let semantics = [{
    One matcher per concept, bottom-up, on the form that `--onnx-normalize`
    leaves: linears, norms, activations, attention with its mask and shape
    gains, embeddings, residuals, then whole blocks. What is not recognised
    stays `onnx`; what almost matched is reported in a remark with the node, how
    far the match got and why it ended.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect",
    "::ockham::tfm::TfmDialect", "::ockham::OckhamDialect"];
}

def ConvertONNXToLinalg : Pass<"convert-onnx-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower ONNX operators to linalg on tensors";
  let description = [{
    Every operator becomes `linalg`, `tensor` and `arith` ops on tensors, with
    `ockham.check` where the operator's meaning depends on run-time values
    (indices of Gather, sizes of Reshape). Products are `linalg.matmul` and
    `linalg.batch_matmul` on collapsed batches; reductions accumulate in f32 or
    wider; a transposed weight is read as it lies.

    Extents are followed through the function as expressions over the extents
    of its arguments (equal names in `ockham.dims` are equal extents), so that
    most broadcasting is decided here. Where an extent may be 1 at run time and
    stand against a larger one, an `scf.if` chooses between the code for equal
    extents, which is the same as if they were known to be equal, and code that
    looks at each index.

    Unsigned element types have no lowering and are refused.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect",
    "::ockham::OckhamDialect"];
}

def ConvertTransformerToLinalg
    : Pass<"convert-tfm-to-linalg", "::mlir::ModuleOp"> {
  let summary = "Lower tfm ops to linalg on tensors";
  let description = [{
    The path for every op that no kernel covers: attention becomes two batched
    products and a softmax over `[batch, heads, queries, keys]`, norms and
    residuals become `linalg.generic`. Blocks that are left and parallel regions
    are inlined.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect",
    "::mlir::tensor::TensorDialect",
    "::ockham::OckhamDialect"];
}

def ConvertTransformerToONNX : Pass<"convert-tfm-to-onnx", "::mlir::ModuleOp"> {
  let summary = "Write tfm ops as standard ONNX operators";
  let description = [{
    What `ockham simplify` exports: every tfm op becomes onnx ops that mean the
    same and that any runtime has. Shaped attention ([SAS]) is written out:
    `beta softmax(Q K^T) V + alpha V - gamma prefix_mean(V)`, where the prefix
    mean is a running sum over the positions, so that nothing but the scores, one
    mask and the softmax has the size of queries times keys.

    Ops that are one operator of the opset, though not one onnx op, stay for the
    exporter: leaky_relu (PRelu), from opset 20 on gelu_erf and gelu_tanh (Gelu),
    from 23 on rms norms with eps inside the root (RMSNormalization) and attention
    (Attention), from which norms of queries and keys, rotation, shape gains and
    soft caps were taken away before.

    Blocks must have been inlined (`--tfm-inline-blocks`). Optional results of
    attention, shaped attention behind past positions and a centre of the keys
    that a mask shows cannot be written and are errors.
  }];
  let options = [
    Option<"opset", "opset", "int64_t", "17",
           "The opset whose operators may be used">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect",
    "::ockham::OckhamDialect", "::ockham::onnx::ONNXDialect",
    "::ockham::tfm::TfmDialect"];
}

def ConvertTransformerToTile : Pass<"convert-tfm-to-tile", "::mlir::ModuleOp"> {
  let summary = "Give tfm ops to kernels";
  let description = [{
    A linear of a weight whose bytes are known becomes a `tile.launch` of a
    kernel that multiplies and does, in registers, all that follows the product:
    gains, row scale, bias, accumulation, and the other members of its
    `tfm.fused` (`--tfm-form-kernels`). The weight is packed (`tile.pack`), as it
    is or rounded to bf16 or f16: half the bytes to read where few rows are
    multiplied. Activations are f32, bf16 or f16 in memory, each argument as the
    op has it, and f32 in registers: a kernel extends what it loads and rounds
    what it stores. Attention becomes one kernel, with memory that grows with the sequence
    and not with its square, behind one that packs the keys; for one or two
    queries, another one that reads the keys as they are. A norm becomes a kernel
    of rows, and so do an embedding with its positions and further tables, a
    cross-entropy, and the point-wise ops of a `tfm.fused` without a product.
    Equal kernels are one. A group without a kernel is taken apart and its
    members are tried; what has none is left, and a remark says why.
  }];
  let options = [
    Option<"panel", "panel", "int64_t", "48",
           "Columns of a panel of packed weights">,
    Option<"weights", "weights", "std::string", "\"f32\"",
           "Widest element type of packed weights: f32, bf16 or f16. Sums are in "
           "f32">,
    Option<"pairsOfRows", "pairs-of-rows", "bool", "false",
           "Interleave pairs of rows in panels of bf16 that meet bf16 "
           "activations (weights, keys, values), for instructions that multiply "
           "pairs">,
    Option<"gatePanel", "gate-panel", "int64_t", "32",
           "Columns of a panel of weights whose halves are multiplied">,
    Option<"productRows", "product-rows", "int64_t", "8",
           "Rows of a block of a product">,
    Option<"gateRows", "gate-rows", "int64_t", "6",
           "Rows of a block of two products that are multiplied">,
    Option<"tablesInRows", "tables-in-rows", "bool", "false",
           "Read the rows of transposed weights where they are: a table that a "
           "head shares with the embedding is not packed">,
    Option<"keysInRows", "keys-in-rows", "bool", "false",
           "Read keys of attention in rows, for any number of queries. Norms and "
           "rotation of queries and keys are kernels in front">,
    Option<"narrowFactors", "narrow-factors", "bool", "false",
           "Give products of attention factors of the memory's element type: "
           "its weights are rounded">,
    Option<"queryBlock", "query-block", "int64_t", "6",
           "Queries of a block of attention">,
    Option<"keyBlock", "key-block", "int64_t", "64",
           "Keys of a block of attention that all of its queries see">,
    Option<"keyRest", "key-rest", "int64_t", "16",
           "Keys of the other blocks; divides key-block">,
    Option<"rowColumns", "row-columns", "int64_t", "128",
           "Columns of a block of a kernel without products, and elements of one "
           "with several rows, at most">,
    Option<"rowCount", "row-count", "int64_t", "1",
           "Rows of a block of a kernel without products, at most">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect", "::ockham::OckhamDialect",
    "::ockham::tile::TileDialect"];
}

#endif // OCKHAM_CONVERSION_PASSES
