// What live norms divide by, as results. Norms of one node are numbered.
// Not through the watched ockham-opt, which takes more results for others.
// RUN: ockham compile %s --emit tfm --print-weights --passes tfm-observe-norms -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: ockham-interpret %t.mlir --trace | FileCheck %s --check-prefix=NUMBERS

// CHECK-LABEL: func.func @forward
// CHECK-SAME: tensor<1x2xf32> {ockham.name = "std:layer:2:h.0"}, tensor<1x2xf32> {ockham.name = "std:rms:2:h.0#2"})
// CHECK: onnx.ReduceMean
// CHECK: %[[L:.*]] = onnx.Sqrt
// CHECK: %[[R:.*]] = onnx.Sqrt
// CHECK: %[[E:.*]] = onnx.Add %[[R]]
// CHECK: return %{{.*}}, %[[L]], %[[E]]
func.func @forward() -> tensor<1x2x2xf32> {
  %x = onnx.Constant dense<[[[1.0, 7.0], [3.0, -4.0]]]> : tensor<1x2x2xf32>
  // sqrt(var + eps): sqrt(9 + 7), sqrt(12.25 + 7)
  // NUMBERS{LITERAL}: onnx.Sqrt = [[4, 4.38748]]
  %n = tfm.norm layer %x {eps = 7.0 : f64} : tensor<1x2x2xf32> loc("h.0")
  // sqrt(mean(x^2)) + eps: 5 + 1, sqrt(12.5) + 1
  // NUMBERS{LITERAL}: onnx.Add = [[6, 4.53553]]
  %r = tfm.norm rms %x {eps = 1.0 : f64, eps_outside} : tensor<1x2x2xf32> loc("h.0")
  %alpha = onnx.Constant dense<1.0> : tensor<f32>
  %f = tfm.norm tanh %x alpha %alpha : tensor<1x2x2xf32>, alpha tensor<f32>
  %y = tfm.add_scaled %n, %r : tensor<1x2x2xf32>
  return %y : tensor<1x2x2xf32>
}
