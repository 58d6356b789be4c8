// A block of no known kind is reported with what is in it.
// RUN: ockham-opt %s --convert-onnx-to-tfm --verify-diagnostics | FileCheck %s

ockham.weight @w : tensor<4x4xf32> = dense<0.5> : tensor<4x4xf32>

// CHECK: tfm.block{{ +}}other index 0 "block.0"
// expected-remark@+1 {{1 onnx operator brings queries, keys and values to attentions: Sin (1)}}
func.func @forward(%x: tensor<1x3x4xf32>) -> tensor<1x3x4xf32> {
  %w = ockham.load_weight @w : tensor<4x4xf32>
  // expected-remark@+1 {{block block.0 is of no known kind: 1 tfm.attention, 1 tfm.norm, 1 tfm.linear, 1 tfm.activation, 1 onnx.Sin}}
  %n = tfm.norm rms %x {eps = 1.0e-5 : f64} : tensor<1x3x4xf32>
  %s = onnx.Sin %n : (tensor<1x3x4xf32>) -> tensor<1x3x4xf32>
  %a = tfm.attention %s, %s, %s heads 2 scale 1.0 causal : tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32> -> tensor<1x3x4xf32>
  %r = tfm.add_scaled %x, %a : tensor<1x3x4xf32>
  %m = tfm.activation relu %r : tensor<1x3x4xf32>
  %o = tfm.linear %m, %w : tensor<1x3x4xf32>, tensor<4x4xf32> -> tensor<1x3x4xf32>
  %y = tfm.add_scaled %r, %o : tensor<1x3x4xf32>
  return %y : tensor<1x3x4xf32>
}
