//===- TransformerDialect.td - The transformer ------------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TRANSFORMERDIALECT
#define OCKHAM_TRANSFORMERDIALECT

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"

def Tfm_Dialect : Dialect {
  let name = "tfm";
  let cppNamespace = "::ockham::tfm";
  let summary = "Transformers whose blocks may have been simplified";
  let description = [{
    The parts of a transformer on tensors with dynamic batch and sequence:
    norms, linears, attention with shape gains, residuals with gains, blocks.

    Activations are `[batch, sequence, width]` and heads are ranges of the
    width: a head split is no op and no layout. Row-vector convention
    throughout: a linear is `x W + b` with W `[in, out]`.

    Positions are absolute: where an op takes `past`, position `t` of sequence
    `b` is `past[b] + t`, so that one cached step means the same as the whole
    sequence at once.

    Papers that the descriptions cite: [SAS] He and Hofmann, Simplifying
    Transformer Blocks, arXiv 2311.01906. [noLN] Heimersheim, You can remove
    GPT2's LayerNorm by fine-tuning, arXiv 2409.13710. [ReLU] Jha and Reagen,
    ReLU's Revival, arXiv 2410.09637. [DyT] Zhu et al., Transformers without
    Normalization, arXiv 2503.10622. [GLU] Shazeer, GLU Variants Improve
    Transformer, arXiv 2002.05202.
  }];
  // Extents of results are given as tensor.dim.
  let dependentDialects = ["::mlir::tensor::TensorDialect"];
  let useDefaultAttributePrinterParser = 1;
}

class Tfm_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tfm_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Enumerations
//===----------------------------------------------------------------------===//

class Tfm_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::ockham::tfm";
  let genSpecializedAttr = 0;
}

def Tfm_NormKind : Tfm_Enum<"NormKind", "what a norm divides by", [
    I32EnumAttrCase<"Layer", 0, "layer">,
    I32EnumAttrCase<"RMS", 1, "rms">,
    I32EnumAttrCase<"Fixed", 2, "fixed">,
    I32EnumAttrCase<"Tanh", 3, "tanh">,
    I32EnumAttrCase<"Erf", 4, "erf">]>;
def Tfm_NormKindAttr : EnumAttr<Tfm_Dialect, Tfm_NormKind, "norm_kind">;

def Tfm_StdAxis : Tfm_Enum<"StdAxis", "what a fixed std varies along", [
    I32EnumAttrCase<"None", 0, "none">,
    I32EnumAttrCase<"Channel", 1, "channel">,
    I32EnumAttrCase<"Position", 2, "position">]>;
def Tfm_StdAxisAttr : EnumAttr<Tfm_Dialect, Tfm_StdAxis, "std_axis">;

def Tfm_ActivationKind : Tfm_Enum<"ActivationKind", "a point-wise activation", [
    I32EnumAttrCase<"ReLU", 0, "relu">,
    I32EnumAttrCase<"LeakyReLU", 1, "leaky_relu">,
    I32EnumAttrCase<"GELUErf", 2, "gelu_erf">,
    I32EnumAttrCase<"GELUTanh", 3, "gelu_tanh">,
    I32EnumAttrCase<"GELUSigmoid", 4, "gelu_sigmoid">,
    I32EnumAttrCase<"SiLU", 5, "silu">,
    I32EnumAttrCase<"Tanh", 6, "tanh">,
    I32EnumAttrCase<"Sigmoid", 7, "sigmoid">]>;
def Tfm_ActivationKindAttr
    : EnumAttr<Tfm_Dialect, Tfm_ActivationKind, "activation_kind">;

def Tfm_Centre : Tfm_Enum<"Centre", "the keys that a shape centre averages", [
    I32EnumAttrCase<"All", 0, "all">,
    I32EnumAttrCase<"Visible", 1, "visible">]>;
def Tfm_CentreAttr : EnumAttr<Tfm_Dialect, Tfm_Centre, "centre">;

def Tfm_BlockKind : Tfm_Enum<"BlockKind", "how a transformer block is wired", [
    I32EnumAttrCase<"Other", 0, "other">,
    I32EnumAttrCase<"PreNorm", 1, "pre_norm">,
    I32EnumAttrCase<"PostNorm", 2, "post_norm">,
    I32EnumAttrCase<"Parallel", 3, "parallel">,
    I32EnumAttrCase<"ParallelTwoNorms", 4, "parallel_two_norms">,
    I32EnumAttrCase<"VSkipInit", 5, "v_skip_init">,
    I32EnumAttrCase<"SAS", 6, "sas">,
    I32EnumAttrCase<"SASP", 7, "sas_p">,
    I32EnumAttrCase<"NormFree", 8, "norm_free">]>;
def Tfm_BlockKindAttr : EnumAttr<Tfm_Dialect, Tfm_BlockKind, "block_kind">;

#endif // OCKHAM_TRANSFORMERDIALECT
