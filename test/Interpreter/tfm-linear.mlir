// RUN: ockham-interpret %s --trace | FileCheck %s

func.func @forward() {
  %x = onnx.Constant dense<[[[1.0, 2.0], [3.0, -1.0]]]> : tensor<1x2x2xf32>
  %w = onnx.Constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %b = onnx.Constant dense<[10.0, 20.0]> : tensor<2xf32>
  %half = onnx.Constant dense<0.5> : tensor<f32>
  %two = onnx.Constant dense<[2.0]> : tensor<1xf32>
  %rows = onnx.Constant dense<[[2.0, 0.5]]> : tensor<1x2xf32>

  // x W, x W^T
  // CHECK{LITERAL}: tfm.linear = [[[7, 10], [0, 2]]]
  %0 = tfm.linear %x, %w : tensor<1x2x2xf32>, tensor<2x2xf32> -> tensor<1x2x2xf32>
  // CHECK{LITERAL}: tfm.linear = [[[5, 11], [1, 5]]]
  %1 = tfm.linear %x, %w : tensor<1x2x2xf32>, tensor<2x2xf32> -> tensor<1x2x2xf32> {transposed}
  // x (0.5 I + 2 W)
  // CHECK{LITERAL}: tfm.linear = [[[14.5, 21], [1.5, 3.5]]]
  %2 = tfm.linear %x, %w skip %half resid %two : tensor<1x2x2xf32>, tensor<2x2xf32> skip tensor<f32> resid tensor<1xf32> -> tensor<1x2x2xf32>
  // [2, 0.5] (x (0.5 I + 2 W)) + b: the bias is not scaled.
  // CHECK{LITERAL}: tfm.linear = [[[39, 62], [10.75, 21.75]]]
  %3 = tfm.linear %x, %w bias %b skip %half resid %two row_scale %rows : tensor<1x2x2xf32>, tensor<2x2xf32>, tensor<2xf32> skip tensor<f32> resid tensor<1xf32> row_scale tensor<1x2xf32> -> tensor<1x2x2xf32>
  // y + x W + b
  %y = onnx.Constant dense<[[[100.0, 200.0], [300.0, 400.0]]]> : tensor<1x2x2xf32>
  // CHECK{LITERAL}: tfm.linear = [[[117, 230], [310, 422]]]
  %acc = tfm.linear %x, %w bias %b init %y : tensor<1x2x2xf32>, tensor<2x2xf32>, tensor<2xf32> init tensor<1x2x2xf32> -> tensor<1x2x2xf32>
  // A gain per column of the result: x (diag(1, 0) + W diag(1, -1)).
  %skips = onnx.Constant dense<[1.0, 0.0]> : tensor<2xf32>
  %resids = onnx.Constant dense<[1.0, -1.0]> : tensor<2xf32>
  // CHECK{LITERAL}: tfm.linear = [[[8, -10], [3, -2]]]
  %4 = tfm.linear %x, %w skip %skips resid %resids : tensor<1x2x2xf32>, tensor<2x2xf32> skip tensor<2xf32> resid tensor<2xf32> -> tensor<1x2x2xf32>

  %wide = onnx.Constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]> : tensor<2x4xf32>
  // CHECK{LITERAL}: tfm.split = [[1], [5]]
  // CHECK{LITERAL}: tfm.split = [[2, 3, 4], [6, 7, 8]]
  %5, %6 = tfm.split %wide : tensor<2x4xf32> -> tensor<2x1xf32>, tensor<2x3xf32>
  return
}
