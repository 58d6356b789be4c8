// Operators that are one tfm op, and what older opsets have in place of them.

// RUN: ockham-translate --export-onnx %s -o %t.onnx --opset 23
// RUN: %python %S/Inputs/dump.py %t.onnx | FileCheck %s
// CHECK: ir 11, opsets {'': 23}
// CHECK: initializer {{.+}}: FLOAT[8] 0000803f0000803f0000803f0000803f0000803f0000803f0000803f0000803f
// CHECK: /h/RMSNormalization: [[N:.+]] = RMSNormalization(x, {{.+}}) axis=-1, epsilon=1e-05
// CHECK: /h/attn/Attention: [[A:.+]] = Attention([[N]], [[N]], [[N]]) is_causal=1, kv_num_heads=2, q_num_heads=2, scale=0.5
// CHECK: Gelu: [[G:.+]] = Gelu([[A]]) approximate=tanh
// CHECK: PRelu: [[P:.+]] = PRelu([[G]], {{.+}})
// CHECK: y = ReduceSum([[P]], {{.+}}) keepdims=0
func.func @forward(%x: tensor<?x?x8xf32> {ockham.name = "x"}) -> (tensor<?x?xf32> {ockham.name = "y"}) attributes {ockham.entry = "forward"} {
  %slope = onnx.Constant dense<0.1> : tensor<f32>
  %n = tfm.norm rms %x {eps = 1.0e-5 : f64} : tensor<?x?x8xf32> loc("/h/Sqrt")
  %a = tfm.attention %n, %n, %n heads 2 scale 0.5 causal : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<?x?x8xf32> loc("/h/attn/Softmax")
  %g = tfm.activation gelu_tanh %a : tensor<?x?x8xf32>
  %p = tfm.activation leaky_relu %g slope %slope : tensor<?x?x8xf32>, tensor<f32>
  %y = onnx.ReduceSum %p {axes = array<i64: 2>} : (tensor<?x?x8xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
