//===- TransformerOps.td - Norms, linears, attention ------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TRANSFORMEROPS
#define OCKHAM_TRANSFORMEROPS

include "dialects/Transformer/TransformerDialect.td"
include "dialects/Transformer/TransformerInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Tfm_FloatTensor : RankedTensorOf<[F16, BF16, F32, F64]>;
def Tfm_Activation : Type<
    And<[Tfm_FloatTensor.predicate, HasRankGreaterOrEqualPred<1>]>,
    "activation, a ranked float tensor [..., width]", "::mlir::RankedTensorType">;
def Tfm_Rows : Type<
    And<[Tfm_FloatTensor.predicate, HasAnyRankOfPred<[3]>]>,
    "activation, a float tensor [batch, sequence, width]",
    "::mlir::RankedTensorType">;
def Tfm_Matrix : Type<
    And<[Tfm_FloatTensor.predicate, HasAnyRankOfPred<[2]>]>,
    "float matrix", "::mlir::RankedTensorType">;
def Tfm_Vector : Type<
    And<[Tfm_FloatTensor.predicate, HasAnyRankOfPred<[1]>]>,
    "float vector", "::mlir::RankedTensorType">;
/// A scalar gain (rank 0 or one element) or one gain per channel.
def Tfm_Gain : Type<
    And<[Tfm_FloatTensor.predicate, HasAnyRankOfPred<[0, 1]>]>,
    "gain, a float tensor of rank 0 or 1", "::mlir::RankedTensorType">;
def Tfm_Ids : Type<
    And<[RankedTensorOf<[I32, I64]>.predicate, HasAnyRankOfPred<[2]>]>,
    "ids, an integer tensor [batch, sequence]", "::mlir::RankedTensorType">;
/// One integer per sequence: positions already seen, or valid keys.
def Tfm_PerSequence : Type<
    And<[RankedTensorOf<[I32, I64]>.predicate, HasAnyRankOfPred<[1]>]>,
    "integer tensor [batch]", "::mlir::RankedTensorType">;

/// Ops on activations: no side effects, types inferred, dims reified.
class Tfm_TensorOp<string mnemonic, list<Trait> traits = []>
    : Tfm_Op<mnemonic, traits # [Pure,
        DeclareOpInterfaceMethods<Tfm_TransformerOpInterface,
            ["getParameterOperands", "isLinearIn", "hasIndependentRows"]>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface,
            ["reifyResultShapes"]>]> {
  let hasVerifier = 1;
}

/// Ops that may share a kernel with others.
class Tfm_KernelMember<list<string> methods>
    : DeclareOpInterfaceMethods<Tfm_KernelOpInterface, methods>;

//===----------------------------------------------------------------------===//
// Structure
//===----------------------------------------------------------------------===//

def Tfm_BlockOp : Tfm_Op<"block", [
    DeclareOpInterfaceMethods<RegionBranchOpInterface>,
    SingleBlockImplicitTerminator<"YieldOp">, RecursiveMemoryEffects]> {
  let summary = "One transformer block, named";
  let description = [{
    Marks the ops of one block of the model, with its index and how it is wired.
    The region sees all values around it; its yield gives the results. It means
    exactly what its body means: it exists for recognition and reporting, and
    `--tfm-inline-blocks` dissolves it.

    ```mlir
    %y = tfm.block norm_free index 0 "h.0" {
      %f = tfm.linear %x, %w
          : tensor<?x?x768xf32>, tensor<768x768xf32> -> tensor<?x?x768xf32>
      %sum = tfm.add_scaled %x, %f : tensor<?x?x768xf32>
      tfm.yield %sum : tensor<?x?x768xf32>
    } : tensor<?x?x768xf32>
    ```
  }];
  let arguments = (ins Tfm_BlockKindAttr:$kind, I64Attr:$index, StrAttr:$name);
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    `` $kind `index` $index $name $body (`:` type($results)^)? attr-dict
  }];
}

def Tfm_ParallelOp : Tfm_Op<"parallel", [
    DeclareOpInterfaceMethods<RegionBranchOpInterface>,
    SingleBlockImplicitTerminator<"YieldOp">, RecursiveMemoryEffects]> {
  let summary = "Regions that do not depend on each other";
  let description = [{
    The branches may run at the same time, in any order. No value of one is
    visible in another; each sees the values around the op. The results are
    those of the first branch's yield, then the second's, and so on. Targets
    lower it to merged GEMMs, to streams, or to one after the other.

    [SAS] section 4.3: attention and MLP of one block in parallel.

    ```mlir
    %attention, %mlp = tfm.parallel {
      %a = tfm.attention %q, %k, %v heads 12 scale 0.125 causal
          : tensor<?x?x768xf32>, tensor<?x?x768xf32>, tensor<?x?x768xf32>
            -> tensor<?x?x768xf32>
      tfm.yield %a : tensor<?x?x768xf32>
    }, {
      %m = tfm.activation relu %h : tensor<?x?x768xf32>
      tfm.yield %m : tensor<?x?x768xf32>
    } : tensor<?x?x768xf32>, tensor<?x?x768xf32>
    ```
  }];
  let regions = (region VariadicRegion<SizedRegion<1>>:$branches);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let hasCustomAssemblyFormat = 1;
  let hasCanonicalizer = 1;
  let hasVerifier = 1;
}

def Tfm_FusedOp : Tfm_Op<"fused", [
    DeclareOpInterfaceMethods<RegionBranchOpInterface>,
    SingleBlockImplicitTerminator<"YieldOp">, RecursiveMemoryEffects]> {
  let summary = "Ops that one kernel computes";
  let description = [{
    What `--tfm-form-kernels` decided: the first op with a kernel of its own is
    the root, and the others happen to its result while it is in registers. The
    region sees all values around it; its yield gives the results, which are
    stored. It means exactly what its body means, so that a target without such
    a kernel may take it apart.

    ```mlir
    %y = tfm.fused {
      %h = tfm.linear %x, %w bias %b
          : tensor<?x?x768xf32>, tensor<768x3072xf32>, tensor<3072xf32>
            -> tensor<?x?x3072xf32>
      %a = tfm.activation relu %h : tensor<?x?x3072xf32>
      tfm.yield %a : tensor<?x?x3072xf32>
    } : tensor<?x?x3072xf32>
    ```
  }];
  let regions = (region SizedRegion<1>:$body);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = "$body (`:` type($results)^)? attr-dict";
}

def Tfm_YieldOp : Tfm_Op<"yield", [Pure, Terminator, ReturnLike,
    ParentOneOf<["BlockOp", "FusedOp", "ParallelOp"]>]> {
  let summary = "Ends a block, a parallel branch or fused ops with its results";
  let description = [{
    The operands become results of the op around it.

    ```mlir
    %y = tfm.block other index 0 "head" {
      %z = tfm.scale %x, %g : tensor<?x?x768xf32>, tensor<1xf32>
      tfm.yield %z : tensor<?x?x768xf32>
    } : tensor<?x?x768xf32>
    ```
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$operands);
  let assemblyFormat = "($operands^ `:` type($operands))? attr-dict";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

//===----------------------------------------------------------------------===//
// Embedding, linear, activation
//===----------------------------------------------------------------------===//

def Tfm_EmbeddingOp : Tfm_TensorOp<"embedding", [AttrSizedOperandSegments]> {
  let summary = "Token embedding, with learned positions";
  let description = [{
    `out[b, t, :] = table[ids[b, t], :] + position_table[past[b] + t, :]`

    Without `position_table` the second term is absent; without `past` it is
    zero for every sequence. An id or a position outside its table is an error
    at run time that names the value and the number of rows.

    ```mlir
    %x = tfm.embedding %ids, %wte positions %wpe
        : tensor<?x?xi64>, tensor<50257x768xf32>, tensor<1024x768xf32>
          -> tensor<?x?x768xf32>
    ```
  }];
  let arguments = (ins Tfm_Ids:$ids, Tfm_Matrix:$table,
                       Optional<Tfm_Matrix>:$position_table,
                       Optional<Tfm_PerSequence>:$past);
  let results = (outs Tfm_Rows:$result);
  let assemblyFormat = [{
    $ids `,` $table (`positions` $position_table^)? (`past` $past^)?
    `:` type($ids) `,` type($table) (`,` type($position_table)^)?
    (`past` type($past)^)? `->` type($result) attr-dict
  }];
}

def Tfm_LinearOp : Tfm_TensorOp<"linear", [AttrSizedOperandSegments,
    Tfm_KernelMember<["keepsResultInRegisters"]>]> {
  let summary = "Linear map of every row";
  let description = [{
    `out[..., :] = init[..., :] + row_scale[...] * (x[..., :] M) + bias`, with M the weight
    `[in, out]`, or its transpose when `transposed` is set (a tied head reads the
    embedding `[vocabulary, width]` this way).

    With gains it is the reparametrised form of [SAS] section 4.2, equation 6:
    `M = skip_gain * I + resid_gain * weight`; the weight must then be square.
    An absent gain is 1 for `resid_gain` and 0 for `skip_gain`.

    `row_scale` is one number per row (a norm's 1/std that differs per
    position); the bias comes after it.

    `init` has the result's shape: the product accumulates onto it, instead of
    being written out and added to it afterwards. In a parallel block the MLP's
    second matrix accumulates onto the attention's output ([SAS] equation 8,
    gains folded). Targets may write into its buffer if nothing else reads it.

    ```mlir
    %q = tfm.linear %x, %w bias %b
        : tensor<?x?x768xf32>, tensor<768x2304xf32>, tensor<2304xf32>
          -> tensor<?x?x2304xf32>
    %logits = tfm.linear %x, %wte
        : tensor<?x?x768xf32>, tensor<50257x768xf32> -> tensor<?x?x50257xf32>
          {transposed}
    %y = tfm.linear %h, %w2 init %attention
        : tensor<?x?x3072xf32>, tensor<3072x768xf32> init tensor<?x?x768xf32>
          -> tensor<?x?x768xf32>
    ```
  }];
  let arguments = (ins Tfm_Activation:$input, Tfm_Matrix:$weight,
                       Optional<Tfm_Vector>:$bias,
                       Optional<Tfm_Gain>:$skip_gain,
                       Optional<Tfm_Gain>:$resid_gain,
                       Optional<Tfm_FloatTensor>:$row_scale,
                       Optional<Tfm_Activation>:$init,
                       UnitAttr:$transposed);
  let results = (outs Tfm_Activation:$result);
  let assemblyFormat = [{
    $input `,` $weight (`bias` $bias^)? (`skip` $skip_gain^)?
    (`resid` $resid_gain^)? (`row_scale` $row_scale^)? (`init` $init^)?
    `:` type($input) `,` type($weight) (`,` type($bias)^)?
    (`skip` type($skip_gain)^)? (`resid` type($resid_gain)^)?
    (`row_scale` type($row_scale)^)? (`init` type($init)^)?
    `->` type($result) attr-dict
  }];
  let builders = [
    /// A linear that accumulates onto nothing.
    OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$input,
                   "::mlir::Value":$weight, "::mlir::Value":$bias,
                   "::mlir::Value":$skip_gain, "::mlir::Value":$resid_gain,
                   "::mlir::Value":$row_scale,
                   "::mlir::UnitAttr":$transposed), [{
      build($_builder, $_state, result, input, weight, bias, skip_gain,
            resid_gain, row_scale, /*init=*/::mlir::Value(), transposed);
    }]>
  ];
  let hasCanonicalizeMethod = 1;
}

def Tfm_SplitOp : Tfm_TensorOp<"split", [
    Tfm_KernelMember<["getRegisterOperands", "dividesColumns"]>]> {
  let summary = "Column ranges of an activation";
  let description = [{
    The results are consecutive ranges of the last dimension, of the widths that
    their types say: the query, key and value parts of one merged projection.

    ```mlir
    %q, %k, %v = tfm.split %qkv : tensor<?x?x2304xf32>
        -> tensor<?x?x768xf32>, tensor<?x?x768xf32>, tensor<?x?x768xf32>
    ```
  }];
  let arguments = (ins Tfm_Activation:$input);
  let results = (outs Variadic<Tfm_Activation>:$results);
  let assemblyFormat = "$input `:` type($input) `->` type($results) attr-dict";
  let hasFolder = 1;
}

def Tfm_ActivationOp : Tfm_TensorOp<"activation", [
    AllTypesMatch<["input", "result"]>,
    Tfm_KernelMember<["keepsResultInRegisters", "getRegisterOperands"]>]> {
  let summary = "Point-wise activation";
  let description = [{
    | kind | value at x |
    |---|---|
    | relu | max(x, 0) |
    | leaky_relu | x where x >= 0, else slope * x |
    | gelu_erf | x/2 (1 + erf(x / sqrt 2)) |
    | gelu_tanh | x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) |
    | gelu_sigmoid | x sigmoid(1.702 x) |
    | silu | x sigmoid(x) |
    | tanh, sigmoid | as named |

    `slope` is a scalar tensor (a parameter, [ReLU] learns it per layer or one
    for all) and belongs to leaky_relu alone.

    ```mlir
    %y = tfm.activation relu %x : tensor<?x?x3072xf32>
    %z = tfm.activation leaky_relu %x slope %s : tensor<?x?x3072xf32>, tensor<f32>
    ```
  }];
  let arguments = (ins Tfm_ActivationKindAttr:$kind, Tfm_Activation:$input,
                       Optional<Tfm_Gain>:$slope);
  let results = (outs Tfm_Activation:$result);
  let assemblyFormat = [{
    `` $kind $input (`slope` $slope^)? `:` type($input) (`,` type($slope)^)?
    attr-dict
  }];
}

//===----------------------------------------------------------------------===//
// Norm
//===----------------------------------------------------------------------===//

def Tfm_NormOp : Tfm_TensorOp<"norm", [AttrSizedOperandSegments,
    AllTypesMatch<["input", "result"]>,
    Tfm_KernelMember<["keepsResultInRegisters", "getRegisterOperands"]>]> {
  let summary = "Norm over the last dimension, live, fixed or point-wise";
  let description = [{
    With x one row of width d, `mean` its mean and `g`, `b` the optional
    `scale` and `shift` (vectors of width d, or absent: 1 and 0):

    | kind | value |
    |---|---|
    | layer | (x - mean) / sqrt(mean((x - mean)^2) + eps) * g + b |
    | rms | x / sqrt(mean(x^2) + eps) * g + b |
    | fixed | (x - mean) / std * g + b; without the mean when `uncentred` |
    | tanh | tanh(alpha x) * g + b |
    | erf | erf(alpha x + offset) * g + b |

    `eps_outside` puts eps behind the root: x / (sqrt(mean(x^2)) + eps), as
    [SAS] writes its RMSNorm. `std` ([noLN]) is a scalar, or a vector along
    `std_axis`: one per channel, or one per absolute position `past[b] + t`
    (the last entry serves all positions beyond). `alpha` and `offset` are
    scalars or vectors of width d ([DyT] and its erf form).

    ```mlir
    %y = tfm.norm layer %x scale %g shift %b {eps = 1.0e-5 : f64}
        : tensor<?x?x768xf32>, scale tensor<768xf32>, shift tensor<768xf32>
    %z = tfm.norm rms %x scale %g {eps = 1.0e-8 : f64, eps_outside}
        : tensor<?x?x768xf32>, scale tensor<768xf32>
    ```
  }];
  let arguments = (ins Tfm_NormKindAttr:$kind, Tfm_Activation:$input,
                       Optional<Tfm_Vector>:$scale,
                       Optional<Tfm_Vector>:$shift,
                       Optional<Tfm_Gain>:$std,
                       Optional<Tfm_Gain>:$alpha,
                       Optional<Tfm_Gain>:$offset,
                       Optional<Tfm_PerSequence>:$past,
                       DefaultValuedAttr<F64Attr, "0.0">:$eps,
                       UnitAttr:$eps_outside,
                       UnitAttr:$uncentred,
                       DefaultValuedAttr<Tfm_StdAxisAttr,
                           "::ockham::tfm::StdAxis::None">:$std_axis);
  let results = (outs Tfm_Activation:$result);
  let assemblyFormat = [{
    `` $kind $input (`scale` $scale^)? (`shift` $shift^)? (`std` $std^)?
    (`alpha` $alpha^)? (`offset` $offset^)? (`past` $past^)? attr-dict
    `:` type($input) ``
    custom<NormTypes>(type($scale), type($shift), type($std), type($alpha),
                      type($offset), type($past))
  }];
  let hasCanonicalizeMethod = 1;
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

def Tfm_AttentionOp : Tfm_TensorOp<"attention", [AttrSizedOperandSegments,
    AttrSizedResultSegments]> {
  let summary = "Multi-head attention, with shape gains";
  let description = [{
    Shapes: query `[B, Tq, num_heads * dh]`, key `[B, Tk, num_kv_heads * dh]`,
    value `[B, Tk, num_kv_heads * dv]`, output `[B, Tq, num_heads * dv]`. Head h
    is the h-th range of columns and reads key and value head
    `h * num_kv_heads / num_heads`. With i = past[b] + t the absolute position of
    query t (`past` absent: i = t) and j of a key, per head:

    1. q and k: norm per head when `qk_norm` is set (rms or layer with
       `qk_norm_eps`, which `qk_norm_eps_outside` puts behind the root, times
       `query_scale`, `key_scale` of width dh), then
       rotary when `cos` and `sin` are given (rows are absolute positions,
       columns half the rotated width; the first 2 * columns of each head are
       rotated, in halves, or in neighbouring pairs when `interleaved`).
    2. s_ij = scale * <q_i, k_j>; then soft_cap * tanh(s_ij / soft_cap) when
       `soft_cap` is set; then + mask when the mask is a float tensor.
    3. Key j is visible if: j <= i when `causal`; j < key_lengths[b] when given;
       mask true when the mask is an i1 tensor. The mask is
       `[B or 1, num_heads or 1, Tq or 1, Tk]`, where 1 broadcasts; an extent
       that the type leaves open must be the full one.
    4. a_i = softmax of s_i over the visible keys (0 where none is visible).
    5. out_i = alpha_h v_i + beta_h sum_j a_ij v_j - gamma_h sum_j c_ij v_j
       ([SAS] equation 5, shaped attention). c_i is uniform over the keys
       j <= i when `causal`, over all Tk keys otherwise; with
       `centre = visible` over the visible keys of step 3 instead. Absent
       gains: alpha = 0, beta = 1, gamma = 0. Gains are `[num_heads]`. v_i needs
       i < Tk. The diagonal, the centre and the positions are absolute, so a
       cached step means the same as the whole sequence.

    Optional results: `logsumexp` `[B, num_heads, Tq]`, the log of the softmax
    denominator in natural units; `entropy` `[B, num_heads]`, the mean over the
    queries of -sum_j a_ij log a_ij ([ReLU] section 2).

    ```mlir
    %o = tfm.attention %q, %k, %v heads 12 scale 0.125 causal
        : tensor<?x?x768xf32>, tensor<?x?x768xf32>, tensor<?x?x768xf32>
          -> tensor<?x?x768xf32>
    %s = tfm.attention %q, %k, %x shape(%alpha, %beta, %gamma) heads 12
        scale 0.125 causal
        : tensor<?x?x768xf32>, tensor<?x?x768xf32>, tensor<?x?x768xf32>,
          shape(tensor<12xf32>, tensor<12xf32>, tensor<12xf32>)
          -> tensor<?x?x768xf32>
    ```
  }];
  let arguments = (ins
    Tfm_Rows:$query, Tfm_Rows:$key, Tfm_Rows:$value,
    Optional<Tfm_PerSequence>:$past,
    Optional<Tfm_PerSequence>:$key_lengths,
    Optional<AnyRankedTensor>:$mask,
    Optional<Tfm_Vector>:$alpha,
    Optional<Tfm_Vector>:$beta,
    Optional<Tfm_Vector>:$gamma,
    Optional<Tfm_Vector>:$query_scale,
    Optional<Tfm_Vector>:$key_scale,
    Optional<Tfm_Matrix>:$cos,
    Optional<Tfm_Matrix>:$sin,
    I64Attr:$num_heads,
    I64Attr:$num_kv_heads,
    F64Attr:$scale,
    UnitAttr:$causal,
    OptionalAttr<F64Attr>:$soft_cap,
    DefaultValuedAttr<Tfm_CentreAttr, "::ockham::tfm::Centre::All">:$centre,
    OptionalAttr<Tfm_NormKindAttr>:$qk_norm,
    DefaultValuedAttr<F64Attr, "0.0">:$qk_norm_eps,
    UnitAttr:$qk_norm_eps_outside,
    UnitAttr:$interleaved);
  let results = (outs Tfm_Rows:$output, Optional<Tfm_FloatTensor>:$logsumexp,
                      Optional<Tfm_FloatTensor>:$entropy);
  let hasCustomAssemblyFormat = 1;
  let hasCanonicalizeMethod = 1;
  let builders = [
    /// Plain attention of equal head counts; the output has the query's type
    /// with the value's width.
    OpBuilder<(ins "::mlir::Value":$query, "::mlir::Value":$key,
                   "::mlir::Value":$value, "int64_t":$numHeads,
                   "double":$scale, "bool":$causal)>
  ];
  let extraClassDeclaration = [{
    int64_t getQueryHeadDim() {
      return getQuery().getType().getDimSize(2) / (int64_t)getNumHeads();
    }
    int64_t getValueHeadDim() {
      return getValue().getType().getDimSize(2) / (int64_t)getNumKvHeads();
    }
    /// True if any of the shape gains is given.
    bool isShaped() { return getAlpha() || getBeta() || getGamma(); }
  }];
}

//===----------------------------------------------------------------------===//
// Residuals and gains
//===----------------------------------------------------------------------===//

def Tfm_AddScaledOp : Tfm_TensorOp<"add_scaled", [AttrSizedOperandSegments,
    AllTypesMatch<["lhs", "rhs", "result"]>,
    Tfm_KernelMember<["keepsResultInRegisters", "getRegisterOperands"]>]> {
  let summary = "Sum of two activations, each with a gain";
  let description = [{
    `lhs_gain * lhs + rhs_gain * rhs`; an absent gain is 1. A residual
    connection, and the weighted sum of two branches ([SAS] equation 8). A gain
    is a scalar or a vector over the last dimension.

    ```mlir
    %y = tfm.add_scaled %x, %f : tensor<?x?x768xf32>
    %z = tfm.add_scaled %m gain %bf, %a gain %bs
        : tensor<?x?x768xf32>, gain tensor<1xf32>, gain tensor<1xf32>
    ```
  }];
  let arguments = (ins Tfm_Activation:$lhs, Tfm_Activation:$rhs,
                       Optional<Tfm_Gain>:$lhs_gain,
                       Optional<Tfm_Gain>:$rhs_gain);
  let results = (outs Tfm_Activation:$result);
  let hasCustomAssemblyFormat = 1;
  let hasCanonicalizeMethod = 1;
}

def Tfm_ScaleOp : Tfm_TensorOp<"scale", [
    AllTypesMatch<["input", "result"]>,
    Tfm_KernelMember<["keepsResultInRegisters", "getRegisterOperands"]>]> {
  let summary = "Activation times a gain";
  let description = [{
    `gain * input`; the gain is a scalar or a vector over the last dimension.

    ```mlir
    %y = tfm.scale %x, %g : tensor<?x?x768xf32>, tensor<1xf32>
    ```
  }];
  let arguments = (ins Tfm_Activation:$input, Tfm_Gain:$gain);
  let results = (outs Tfm_Activation:$result);
  let assemblyFormat = [{
    $input `,` $gain `:` type($input) `,` type($gain) attr-dict
  }];
  let hasFolder = 1;
}

def Tfm_GateOp : Tfm_TensorOp<"gate", [
    AllTypesMatch<["lhs", "rhs", "result"]>,
    Tfm_KernelMember<["keepsResultInRegisters", "getRegisterOperands"]>]> {
  let summary = "Product of two activations";
  let description = [{
    `lhs * rhs`, element by element: the gated MLP of the LLaMA family, whose
    one half went through an activation ([GLU] equation 6 is
    `silu(x W) * (x V)`).

    ```mlir
    %a = tfm.activation silu %g : tensor<?x?x2048xf32>
    %y = tfm.gate %a, %u : tensor<?x?x2048xf32>
    ```
  }];
  let arguments = (ins Tfm_Activation:$lhs, Tfm_Activation:$rhs);
  let results = (outs Tfm_Activation:$result);
  let assemblyFormat = "$lhs `,` $rhs `:` type($result) attr-dict";
}

//===----------------------------------------------------------------------===//
// Precision
//===----------------------------------------------------------------------===//

def Tfm_CastOp : Tfm_TensorOp<"cast", [
    Tfm_KernelMember<["keepsResultInRegisters", "getRegisterOperands"]>]> {
  let summary = "The same numbers in another float type";
  let description = [{
    Each element extended, or rounded to the nearest, ties to even. Stands where
    activations of 16 bits begin and end; in a kernel it costs nothing.

    ```mlir
    %y = tfm.cast %x : tensor<?x?x768xf32> to tensor<?x?x768xbf16>
    ```
  }];
  let arguments = (ins Tfm_FloatTensor:$input);
  let results = (outs Tfm_FloatTensor:$result);
  let assemblyFormat = "$input `:` type($input) `to` type($result) attr-dict";
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Loss
//===----------------------------------------------------------------------===//

def Tfm_CrossEntropyOp : Tfm_TensorOp<"cross_entropy", []> {
  let summary = "Cross-entropy of logits and labels, per row";
  let description = [{
    `loss[r] = log(sum_j exp(logits[r, j])) - logits[r, labels[r]]`

    for each row r of the logits, `[..., classes]`: the negative logarithm of
    the probability that a softmax gives to the label. The probabilities are no
    value of the op, so a target need not store them. A label that is no class
    is an error at run time that names it and the number of classes. Means,
    weights of classes and rows that do not count are ops around it.

    ```mlir
    %l = tfm.cross_entropy %x, %labels
        : tensor<?x?x50257xf32>, tensor<?x?xi64> -> tensor<?x?xf32>
    ```
  }];
  let arguments = (ins Tfm_Activation:$logits,
                       RankedTensorOf<[I32, I64]>:$labels);
  let results = (outs Tfm_FloatTensor:$result);
  let assemblyFormat = [{
    $logits `,` $labels `:` type($logits) `,` type($labels) `->` type($result)
    attr-dict
  }];
}

#endif // OCKHAM_TRANSFORMEROPS
