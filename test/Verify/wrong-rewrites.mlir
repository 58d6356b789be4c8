// Passes that break a model are found, with their name, the op and how far off
// it is.
// RUN: not ockham-opt %s --load-pass-plugin=%build/test/Tools/WrongRewrites.so --verify-rewrites --pass-pipeline='builtin.module(wrong-flip-sign{nth=1},wrong-drop-bias)' -o /dev/null 2>&1 | FileCheck %s --check-prefix=SIGN
// RUN: not ockham-opt %s --load-pass-plugin=%build/test/Tools/WrongRewrites.so --verify-rewrites --pass-pipeline='builtin.module(wrong-drop-bias)' -o /dev/null 2>&1 | FileCheck %s --check-prefix=BIAS
// RUN: not ockham-opt %s --load-pass-plugin=%build/test/Tools/WrongRewrites.so --verify-rewrites --pass-pipeline='builtin.module(wrong-transpose{nth=1})' -o /dev/null 2>&1 | FileCheck %s --check-prefix=TRANSPOSE
// RUN: not ockham-opt %s --load-pass-plugin=%build/test/Tools/WrongRewrites.so --verify-rewrites --pass-pipeline='builtin.module(wrong-element{nth=1})' -o /dev/null 2>&1 | FileCheck %s --check-prefix=ELEMENT
// RUN: not ockham-opt %s --load-pass-plugin=%build/test/Tools/WrongRewrites.so --verify-rewrites --pass-pipeline='builtin.module(wrong-scale)' -o /dev/null 2>&1 | FileCheck %s --check-prefix=SCALE

// Without a bias there is nothing to drop, and nothing is reported.
// RUN: ockham-opt %s --load-pass-plugin=%build/test/Tools/WrongRewrites.so --verify-rewrites --pass-pipeline='builtin.module(wrong-drop-bias{nth=1})' -o /dev/null 2>&1 | FileCheck %s --allow-empty --check-prefix=NONE

// The pipeline ends with the first wrong pass.
// SIGN: error: loc("/fc"): --verify-rewrites: 'wrong-flip-sign' changed what the model computes: output 'logits' of 'forward' (batch 2, sequence 16, seed 0) differs in float64
// SIGN-SAME: in the mean square, where rounding explains
// SIGN-SAME: the first op that differs is 'tfm.linear': in float64
// SIGN-NOT: error

// BIAS: error: loc("/qkv"): --verify-rewrites: 'wrong-drop-bias' changed
// BIAS-SAME: the first op that differs is 'tfm.linear'

// TRANSPOSE: error: loc("/fc"): --verify-rewrites: 'wrong-transpose' changed
// TRANSPOSE-SAME: the first op that differs is 'tfm.linear'

// ELEMENT: error: loc("/fc"): --verify-rewrites: 'wrong-element' changed
// ELEMENT-SAME: the first op that differs is 'tfm.linear'

// SCALE: error: loc("/qkv"): --verify-rewrites: 'wrong-scale' changed
// SCALE-SAME: the first op that differs is 'tfm.linear'

// NONE-NOT: {{.}}

ockham.weight @table : tensor<11x4xf32> init #ockham.normal<mean = 0.0 : f64, std = 1.0 : f64, seed = 1>
ockham.weight @qkv : tensor<4x12xf32> = dense<[
    [0.3, -0.2, 0.9, 0.1, 0.5, 0.4, -0.6, 0.2, 0.1, -0.9, 0.3, 0.7],
    [0.1, 0.8, -0.3, 0.2, -0.5, 0.1, 0.2, 0.6, 0.4, 0.2, -0.1, 0.3],
    [-0.4, 0.2, 0.3, 0.7, 0.6, -0.2, 0.4, 0.1, 0.3, 0.5, 0.2, -0.8],
    [0.2, 0.1, -0.7, 0.4, 0.3, 0.9, 0.1, -0.3, -0.2, 0.6, 0.8, 0.1]]> : tensor<4x12xf32>
ockham.weight @qkv.bias : tensor<12xf32> = dense<[0.1, 0.2, -0.1, 0.3, 0.2, 0.1, 0.4, -0.2, 0.3, 0.1, 0.2, -0.3]> : tensor<12xf32>
ockham.weight @fc : tensor<4x4xf32> = dense<[
    [0.5, 0.1, -0.2, 0.3], [0.2, -0.6, 0.4, 0.1],
    [0.1, 0.3, 0.7, -0.4], [-0.3, 0.2, 0.1, 0.8]]> : tensor<4x4xf32>

func.func @forward(%ids: tensor<?x?xi64> {ockham.dims = ["batch", "sequence"], ockham.name = "input_ids"}) -> (tensor<?x?x11xf32> {ockham.dims = ["batch", "sequence", ""], ockham.name = "logits"}) {
  %table = ockham.load_weight @table : tensor<11x4xf32>
  %w = ockham.load_weight @qkv : tensor<4x12xf32>
  %b = ockham.load_weight @qkv.bias : tensor<12xf32>
  %fc = ockham.load_weight @fc : tensor<4x4xf32>
  %x = tfm.embedding %ids, %table : tensor<?x?xi64>, tensor<11x4xf32> -> tensor<?x?x4xf32> loc("/wte")
  %qkv = tfm.linear %x, %w bias %b : tensor<?x?x4xf32>, tensor<4x12xf32>, tensor<12xf32> -> tensor<?x?x12xf32> loc("/qkv")
  %q, %k, %v = tfm.split %qkv : tensor<?x?x12xf32> -> tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> loc("/split")
  %a = tfm.attention %q, %k, %v heads 2 scale 0.7071 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32> loc("/attention")
  %f = tfm.linear %a, %fc : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32> loc("/fc")
  %y = tfm.add_scaled %x, %f : tensor<?x?x4xf32> loc("/add")
  %logits = tfm.linear %y, %table : tensor<?x?x4xf32>, tensor<11x4xf32> -> tensor<?x?x11xf32> {transposed} loc("/head")
  return %logits : tensor<?x?x11xf32>
}
