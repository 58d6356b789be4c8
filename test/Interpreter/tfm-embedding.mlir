// RUN: ockham-interpret %s --trace | FileCheck %s

func.func @forward() {
  %ids = onnx.Constant dense<[[2, 0], [1, 1]]> : tensor<2x2xi64>
  %table = onnx.Constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %positions = onnx.Constant dense<[[0.0, 10.0], [0.0, 20.0], [0.0, 30.0], [0.0, 40.0]]> : tensor<4x2xf32>
  %past = onnx.Constant dense<[0, 2]> : tensor<2xi32>
  // CHECK{LITERAL}: tfm.embedding = [[[5, 6], [1, 2]], [[3, 4], [3, 4]]]
  %0 = tfm.embedding %ids, %table : tensor<2x2xi64>, tensor<3x2xf32> -> tensor<2x2x2xf32>
  // CHECK{LITERAL}: tfm.embedding = [[[5, 16], [1, 22]], [[3, 14], [3, 24]]]
  %1 = tfm.embedding %ids, %table positions %positions : tensor<2x2xi64>, tensor<3x2xf32>, tensor<4x2xf32> -> tensor<2x2x2xf32>
  // The second sequence is at positions 2 and 3.
  // CHECK{LITERAL}: tfm.embedding = [[[5, 16], [1, 22]], [[3, 34], [3, 44]]]
  %2 = tfm.embedding %ids, %table positions %positions past %past : tensor<2x2xi64>, tensor<3x2xf32>, tensor<4x2xf32> past tensor<2xi32> -> tensor<2x2x2xf32>
  return
}
