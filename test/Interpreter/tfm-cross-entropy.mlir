// RUN: ockham-interpret %s --trace | FileCheck %s

func.func @forward() {
  %x = onnx.Constant dense<[[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]]> : tensor<2x3xf32>
  %labels = onnx.Constant dense<[2, 0]> : tensor<2xi64>
  // CHECK{LITERAL}: tfm.cross_entropy = [0.407606, 1.09861]
  %0 = tfm.cross_entropy %x, %labels : tensor<2x3xf32>, tensor<2xi64> -> tensor<2xf32>
  // Exponentials of large logits are none.
  %large = onnx.Constant dense<[[[1.0e30, 0.0]], [[1.0e30, 0.0]]]> : tensor<2x1x2xf32>
  %more = onnx.Constant dense<[[1], [0]]> : tensor<2x1xi32>
  // CHECK{LITERAL}: tfm.cross_entropy = [[1e+30], [0]]
  %1 = tfm.cross_entropy %large, %more : tensor<2x1x2xf32>, tensor<2x1xi32> -> tensor<2x1xf32>
  return
}

// RUN: not ockham-interpret %s --entry outside 2>&1 | FileCheck %s --check-prefix OUTSIDE
// OUTSIDE: 'tfm.cross_entropy': label -1 is not one of the 3 classes
func.func @outside() -> tensor<1xf32> {
  %x = onnx.Constant dense<1.0> : tensor<1x3xf32>
  %labels = onnx.Constant dense<-1> : tensor<1xi64>
  %0 = tfm.cross_entropy %x, %labels : tensor<1x3xf32>, tensor<1xi64> -> tensor<1xf32>
  return %0 : tensor<1xf32>
}
