//===- Passes.td - Transforms of onnx and tfm modules -----*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TRANSFORMS_PASSES
#define OCKHAM_TRANSFORMS_PASSES

include "ockham/Support/RewritePass.td"

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
      Add) on all dimensions, and so are biases, gains and activations of them;
    - differences, means, quotients and choices have one spelling (`a + (-b)`, a
      sum divided by the number of elements, `a * (1 / b)`, Where of a Not), and
      numbers that are added or multiplied one after the other are one; slices
      that together are all of a row are a Split;
    - integers and booleans that are affine in their position (positions that
      were cut, joined, summed up and gathered with each other, as exporters
      compute masks) are one value or Ranges; what is gathered with positions is
      where it was, if the positions are known to be all there are;
    - an Expand stands behind the point-wise operators that follow it, and is gone
      where another operand has the extents;
    - operators on constants and on weights are constants, if their results take
      at most `max-constant-bytes`; those of more than 256 bytes, and floats that
      come from a weight, are new weights, named after it (`mask.Cast`);
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

def InlineBlocks
    : RewritePass<"tfm-inline-blocks", KeepsParameters, SameNumbers> {
  let title = "Dissolve tfm.block into the function around it";
  let semantics = [{
    Moves the body of each `tfm.block` in front of it. The block's name, index
    and kind stay on its ops as the attribute `tfm.in_block`.
  }];
  let dependentDialects = ["::ockham::tfm::TfmDialect"];
}

//===----------------------------------------------------------------------===//
// Simplification: exact rewrites of tfm (docs/simplification.md)
//===----------------------------------------------------------------------===//

def MergeNorms
    : RewritePass<"tfm-merge-norms", ChangesParameters, SameNumbers> {
  let title = "Make equal norms of one input one norm";
  let semantics = [{
    Two norms of the same rows with the same kind, epsilon and parameters (by
    value) become one, as in parallel blocks that have a norm per branch. Of
    those that differ a remark says in what.
  }];
}

def FoldNorms
    : RewritePass<"tfm-fold-norms", ChangesParameters, ExactUpToRounding> {
  let title = "Fold norms without statistics into the linears that read them";
  let semantics = [{
    A norm with a fixed std, `(x - mean) / std * g + b`, goes into the weights
    and biases of the linears that read it, centring included:
    `W' = (I - 11^T/d) diag(g / std) W`, `bias' = bias + b W`, computed in
    float64 and rounded once ([noLN]). A std that differs per position stays as
    a row scale. Of a point-wise norm (tanh, erf), scale and shift go forward.

    A norm with a reader that is no linear stays, with a remark; so does one
    whose fold would not be finite. A tied head that reads a norm gets a weight
    of its own, and a bias.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::tensor::TensorDialect",
    "::ockham::OckhamDialect", "::ockham::onnx::ONNXDialect",
    "::ockham::tfm::TfmDialect"];
}

def FoldIdentityProjections
    : RewritePass<"tfm-fold-identity-projections", ChangesParameters,
                  ExactUpToRounding> {
  let title = "Remove linears whose weight is a multiple of the identity";
  let semantics = [{
    Reparametrised linears, `skip * I + resid * W`, become plain ones. A linear
    without a bias whose weight is `s * I` then becomes a `tfm.scale`, or
    nothing where s is 1 ([SAS] section 4.2).

    Weights that are near but not equal are reported with their distance,
    `|W - s I| / |s I|` in the Frobenius norm; `tolerance` folds those up to it,
    which changes the results.
  }];
  let options = [
    Option<"tolerance", "tolerance", "double", "0.0",
           "Distance up to which a weight counts as a multiple of the identity">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::ockham::OckhamDialect",
    "::ockham::tfm::TfmDialect"];
}

def FoldGains
    : RewritePass<"tfm-fold-gains", ChangesParameters, ExactUpToRounding> {
  let title = "Fold gains into the parameters beside them";
  let semantics = [{
    The gain of a residual branch, or a scale, goes into the weight and bias of
    the linear that computes the branch; into the shape gains of an attention
    ([SAS]: beta_S into alpha, beta, gamma); where an attention has none, into
    what makes its values; into the scale and shift of a norm. A scale that
    nothing in front takes goes into the linears behind it. Gains that are 1,
    and alpha and gamma that are 0, are dropped.

    A weight that is read elsewhere too is left alone: it would be stored twice.
    A gain that stays is named in a remark, with the reason.
  }];
  let dependentDialects = ["::ockham::OckhamDialect",
    "::ockham::tfm::TfmDialect"];
}

def MergeProjections
    : RewritePass<"tfm-merge-projections", ChangesParameters, SameNumbers> {
  let title = "Make linears of one input one linear";
  let semantics = [{
    Linears of one block that read the same rows (query, key and value, gate and
    value of a gated MLP, and in a parallel block its first matrix) become one
    linear and a `tfm.split`: one pass over the rows. Columns that nothing
    reads, of a merged projection of which one path uses the queries and another
    the values, go. A weight that is read elsewhere too, and would be stored
    twice, stays as it is.

    Element by element the parameters are the same, but an optimizer with state
    per tensor sees others.
  }];
  let dependentDialects = ["::ockham::OckhamDialect",
    "::ockham::tfm::TfmDialect"];
}

def ParallelizeSubblocks
    : RewritePass<"tfm-parallelize-subblocks", ChangesParameters,
                  ExactUpToRounding> {
  let title = "Compute independent branches of a block side by side";
  let semantics = [{
    Where the summands of a residual sum do not depend on each other, an
    attention and an MLP in the blocks of GPT-J, GPT-NeoX and SAS-P ([SAS]
    section 4.3), their projections that read the same rows become one product
    and a `tfm.split`, what follows them goes into the branches of a
    `tfm.parallel`, and the last product accumulates onto the other branch
    (`init` of `tfm.linear`) instead of being added to it. Which ops belong to
    which branch is found by dataflow alone; the kind of the block does not
    matter.

    ```mlir
    %qkvh = tfm.linear %x, %w
        : tensor<?x?x768xf32>, tensor<768x5376xf32> -> tensor<?x?x5376xf32>
    %q, %k, %v, %h = tfm.split %qkvh : tensor<?x?x5376xf32>
        -> tensor<?x?x768xf32>, tensor<?x?x768xf32>, tensor<?x?x768xf32>,
           tensor<?x?x3072xf32>
    %m, %attention = tfm.parallel {
      %g = tfm.activation relu %h : tensor<?x?x3072xf32>
      tfm.yield %g : tensor<?x?x3072xf32>
    }, {
      %a = tfm.attention %q, %k, %v heads 12 scale 0.125 causal
          : tensor<?x?x768xf32>, tensor<?x?x768xf32>, tensor<?x?x768xf32>
            -> tensor<?x?x768xf32>
      tfm.yield %a : tensor<?x?x768xf32>
    } : tensor<?x?x3072xf32>, tensor<?x?x768xf32>
    %y = tfm.linear %m, %w2 init %attention
        : tensor<?x?x3072xf32>, tensor<3072x768xf32> init tensor<?x?x768xf32>
          -> tensor<?x?x768xf32>
    ```
  }];
  let dependentDialects = ["::ockham::OckhamDialect",
    "::ockham::tfm::TfmDialect"];
}

def AccumulateSums
    : RewritePass<"tfm-accumulate-sums", ChangesParameters,
                  ExactUpToRounding> {
  let title = "Accumulate products onto what they are added to";
  let semantics = [{
    `x + h W` becomes a linear with `init`: the product is not written out and
    read again. Of several products in one sum each accumulates onto the one
    before, those behind an attention first, and their biases become one. A
    product with a gain in front of it stays as it is, as does one that
    something else reads.
  }];
  let dependentDialects = ["::ockham::OckhamDialect",
    "::ockham::tfm::TfmDialect"];
}

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

def FormKernels
    : RewritePass<"tfm-form-kernels", KeepsParameters, SameNumbers> {
  let title = "Decide which ops become one kernel";
  let semantics = [{
    Ops of one kernel move into a `tfm.fused`; an op that stays outside is a
    kernel of its own. A linear, a norm or a point-wise op is the root, and what
    is point-wise and its result's only reader joins it, one after the other:
    activations, gains, residual sums, further point-wise ops. Behind a merged
    projection an activation joins for the columns that it reads, and the two
    halves of a gated MLP are multiplied while both are in registers. A gain in
    front of what is added joins from the other side, and embeddings that are
    added up are one kernel.

    An op joins where bytes of traffic are saved: a result that is stored anyway
    because others read it, or a part that another kernel reads anyway, saves
    nothing. Remarks say what joined and what it saves, and what did not and
    why. docs/kernels.md has the rule, and the fusions that do not pay.
  }];
  let options = [
    Option<"gatePanel", "gate-panel", "int64_t", "32",
           "Columns of a panel of weights whose halves are multiplied">,
    Option<"productRows", "product-rows", "int64_t", "8",
           "Rows of a block of a product">,
    Option<"gateRows", "gate-rows", "int64_t", "6",
           "Rows of a block of two products that are multiplied">
  ];
  let dependentDialects = ["::ockham::tfm::TfmDialect"];
}

//===----------------------------------------------------------------------===//
// On request: rewrites that change the results
//===----------------------------------------------------------------------===//

def NarrowActivations
    : RewritePass<"tfm-narrow-activations", ChangesParameters, ChangesResults> {
  let title = "Store activations as floats of 16 bits";
  let semantics = [{
    Activations of f32 that tfm ops read and give become bf16 or f16, and so do
    the matrices of linears and embeddings, rounded to the nearest. Each op is
    computed as before and rounds its result once. Inputs and outputs of
    functions, and what ops of other dialects read and give, keep their types: a
    `tfm.cast` stands at the border. Losses, their logits, statistics of
    attention, masks, and parameters that are vectors or rotary tables stay f32.
    Blocks are inlined. A remark counts ops, casts and bytes of weights.
  }];
  let options = [
    Option<"to", "to", "std::string", "\"bf16\"",
           "The element type: bf16 or f16">
  ];
  let dependentDialects = ["::ockham::OckhamDialect", "::ockham::tfm::TfmDialect"];
}

def AssumeParallel
    : RewritePass<"tfm-assume-parallel", ChangesParameters, ChangesResults> {
  let title = "Let the MLP of serial blocks read the block's input";
  let semantics = [{
    `x' = x + MHA(N1(x)); y = x' + MLP(N2(x'))` becomes
    `y = x + MHA(N1(x)) + MLP(N2(x))`: the block of GPT-NeoX, whose branches
    `--tfm-parallelize-subblocks` computes side by side. What the attention adds
    to the stream is assumed not to matter to the MLP of the same block. The
    MLP's norm keeps its parameters; with `shared-norm` the MLP reads the
    attention's norm instead (GPT-J), and its own goes. Norm-free blocks are
    rewritten too.

    How much the results change is for the user to measure: a model that was
    not trained this way usually has to be trained on.
  }];
  let options = [
    Option<"sharedNorm", "shared-norm", "bool", "false",
           "Let the MLP read the attention's norm; its own goes">
  ];
  let dependentDialects = ["::ockham::tfm::TfmDialect"];
}

def FreezeNorms
    : RewritePass<"tfm-freeze-norms", ChangesParameters, ChangesResults> {
  let title = "Give live norms the fixed std of a calibration";
  let semantics = [{
    Each LayerNorm and RMSNorm that the file names divides by the std that
    `ockham calibrate` found on data ([noLN]) instead of that of each row:
    `tfm.norm fixed`, per position class where the classes differ.
    `--tfm-fold-norms` then folds it. A norm that the file does not name stays,
    with a remark; a name, kind or width that the model does not have is an
    error.

    ```mlir
    // Before:
    %y = tfm.norm layer %x scale %g shift %b {eps = 1.0e-5 : f64}
        : tensor<?x?x768xf32>, scale tensor<768xf32>, shift tensor<768xf32>
    // After:
    %z = tfm.norm fixed %x scale %g shift %b std %std {std_axis = #tfm<std_axis position>}
        : tensor<?x?x768xf32>, scale tensor<768xf32>, shift tensor<768xf32>, std tensor<2xf32>
    ```
  }];
  let options = [
    Option<"calibration", "calibration", "std::string", "",
           "File that 'ockham calibrate' has written">
  ];
  let dependentDialects = ["::ockham::OckhamDialect",
    "::ockham::tfm::TfmDialect"];
}

def ObserveNorms
    : RewritePass<"tfm-observe-norms", KeepsParameters, SameNumbers> {
  let title = "Return what live norms divide by";
  let semantics = [{
    For each live norm the function returns one more tensor, named
    "std:KIND:WIDTH:NAME": the root with its epsilon, one number per row.
    `ockham calibrate` compiles a model this way. Blocks must be dissolved
    (`--tfm-inline-blocks`).
  }];
  let dependentDialects = ["::ockham::onnx::ONNXDialect"];
}

//===----------------------------------------------------------------------===//
// linalg and memref
//===----------------------------------------------------------------------===//

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

def BufferizeFunctions
    : Pass<"ockham-bufferize-functions", "::mlir::ModuleOp"> {
  let summary = "Turn tensors into buffers, but not the blocks of kernels";
  let description = [{
    Upstream's one-shot bufferization, with function boundaries of identity
    layout. The tensors in the body of a `tile.kernel` are blocks that targets
    keep in registers; they stay. Equal empty or filled tensors, of which CSE has
    made one, are taken apart first: as one buffer it would be in use from the
    first op that writes to it to the last that reads what it wrote.
  }];
  let dependentDialects = [
    "::mlir::bufferization::BufferizationDialect",
    "::mlir::memref::MemRefDialect"];
}

def PackWeights : Pass<"tile-pack-weights", "::mlir::ModuleOp"> {
  let summary = "Pack weights when compiling";
  let description = [{
    A `tile.pack` of a weight whose bytes are here becomes a weight in panels,
    of the same name and type but another layout. The old one goes if nothing
    else reads it. Where all that reads it are single elements, taken by the
    linalg ops of an embedding, they are read in the panels: a table that is the
    head, too, is there once.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
    "::mlir::tensor::TensorDialect", "::ockham::OckhamDialect"];
}

def PlanMemory : Pass<"ockham-plan-memory", "::mlir::ModuleOp"> {
  let summary = "Give the buffers of an entry point places in one arena";
  let description = [{
    Each `ockham.allocate` of an entry point whose extents are functions of the
    inputs' extents becomes a view of the call's workspace, at an offset that is
    a function of the same extents. Buffers that are in use at different steps
    share memory. A function counts the bytes of the whole for the host, which
    asks before it calls; see docs/memory.md.

    Stays with the host's `allocate`, with a remark: what has extents that depend
    on the elements of an input, what is made where iterations may run side by
    side, and what one iteration of a loop hands to the next.

    ```mlir
    // Before
    %0 = ockham.allocate(%n) : memref<?x768xf32>
    "first.use"(%0) : (memref<?x768xf32>) -> ()
    ockham.release %0 : memref<?x768xf32>
    %1 = ockham.allocate(%n) : memref<?x768xf32>
    "second.use"(%1) : (memref<?x768xf32>) -> ()
    // After
    %bytes = ockham.byte_count(%n) : memref<?x768xf32>
    %arena = ockham.workspace(%bytes) : memref<?xi8>
    %2 = memref.view %arena[%c0][%n] : memref<?xi8> to memref<?x768xf32>
    "first.use"(%2) : (memref<?x768xf32>) -> ()
    %3 = memref.view %arena[%c0][%n] : memref<?xi8> to memref<?x768xf32>
    "second.use"(%3) : (memref<?x768xf32>) -> ()
    ```
  }];
  let options = [
    Option<"print", "print", "bool", "false",
           "Print the plan as a table to standard error">
  ];
  let dependentDialects = ["::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::memref::MemRefDialect", "::ockham::OckhamDialect"];
}

#endif // OCKHAM_TRANSFORMS_PASSES
