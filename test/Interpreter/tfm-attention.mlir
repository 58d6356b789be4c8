// RUN: ockham-interpret %s --trace | FileCheck %s

// One head of width 1, three keys; scores are q_i k_j. In NumPy:
//   p = exp(where(visible, outer(q, k), -inf)); a = p / p.sum(1)
// attention-reference.test covers all options.
func.func @forward() {
  %q = onnx.Constant dense<[[[1.0], [2.0], [0.0]]]> : tensor<1x3x1xf32>
  %k = onnx.Constant dense<[[[0.0], [1.0], [2.0]]]> : tensor<1x3x1xf32>
  %v = onnx.Constant dense<[[[1.0], [10.0], [100.0]]]> : tensor<1x3x1xf32>
  // CHECK{LITERAL}: tfm.attention = [[[69.0614], [87.8703], [37]]]
  %0 = tfm.attention %q, %k, %v heads 1 scale 1.0
      : tensor<1x3x1xf32>, tensor<1x3x1xf32>, tensor<1x3x1xf32> -> tensor<1x3x1xf32>
  // CHECK{LITERAL}: tfm.attention = [[[1], [8.92717], [37]]]
  // CHECK{LITERAL}: tfm.attention = [[[0, 2.12693, 1.09861]]]
  // CHECK{LITERAL}: tfm.attention = [[0.487982]]
  %1, %l, %e = tfm.attention %q, %k, %v heads 1 scale 1.0 causal
      : tensor<1x3x1xf32>, tensor<1x3x1xf32>, tensor<1x3x1xf32> -> tensor<1x3x1xf32>
        logsumexp tensor<1x1x3xf32> entropy tensor<1x1xf32>

  // 2 v_i + 0.5 a_i v - mean(v_0 .. v_i)
  %alpha = onnx.Constant dense<2.0> : tensor<1xf32>
  %beta = onnx.Constant dense<0.5> : tensor<1xf32>
  %gamma = onnx.Constant dense<1.0> : tensor<1xf32>
  // CHECK{LITERAL}: tfm.attention = [[[1.5], [18.9636], [181.5]]]
  %2 = tfm.attention %q, %k, %v shape(%alpha, %beta, %gamma) heads 1 scale 1.0 causal
      : tensor<1x3x1xf32>, tensor<1x3x1xf32>, tensor<1x3x1xf32>,
        shape(tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x1xf32>

  // A cached step means the same as the last row of the whole sequence.
  %step = onnx.Constant dense<[[[0.0]]]> : tensor<1x1x1xf32>
  %past = onnx.Constant dense<2> : tensor<1xi64>
  // CHECK{LITERAL}: tfm.attention = [[[181.5]]]
  %3 = tfm.attention %step, %k, %v past %past shape(%alpha, %beta, %gamma) heads 1 scale 1.0 causal
      : tensor<1x1x1xf32>, tensor<1x3x1xf32>, tensor<1x3x1xf32>, past tensor<1xi64>,
        shape(tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x1xf32>

  // No visible key: nothing is attended, the denominator is 0.
  %none = onnx.Constant dense<0> : tensor<1xi64>
  // CHECK{LITERAL}: tfm.attention = [[[0], [0], [0]]]
  // CHECK{LITERAL}: tfm.attention = [[[-inf, -inf, -inf]]]
  %4, %m = tfm.attention %q, %k, %v key_lengths %none heads 1 scale 1.0
      : tensor<1x3x1xf32>, tensor<1x3x1xf32>, tensor<1x3x1xf32>, key_lengths tensor<1xi64>
        -> tensor<1x3x1xf32> logsumexp tensor<1x1x3xf32>
  return
}
