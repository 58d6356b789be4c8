// RUN: ockham-interpret %s --trace | FileCheck %s

func.func @forward() {
  // numpy.matmul
  %a = onnx.Constant dense<[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]> : tensor<2x3xf32>
  %b = onnx.Constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]]> : tensor<3x4xf32>
  // CHECK{LITERAL}: onnx.MatMul = [[23, 26, 29, 32], [68, 80, 92, 104]]
  %0 = onnx.MatMul %a, %b : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>

  // Batches broadcast: [2, 2, 3] times [1, 3, 2].
  %c = onnx.Constant dense<[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[7.0, 8.0, 9.0], [10.0, 11.0, 12.0]]]> : tensor<2x2x3xf32>
  %d = onnx.Constant dense<[[[-2.0, -1.0], [0.0, 1.0], [2.0, 3.0]]]> : tensor<1x3x2xf32>
  // CHECK{LITERAL}: onnx.MatMul = [[[4, 10], [4, 19]], [[4, 28], [4, 37]]]
  %1 = onnx.MatMul %c, %d : (tensor<2x2x3xf32>, tensor<1x3x2xf32>) -> tensor<2x2x2xf32>

  // Vectors: a row on the left, a column on the right, a dot product of two.
  %r = onnx.Constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %s = onnx.Constant dense<[1.0, -1.0, 2.0]> : tensor<3xf32>
  // CHECK: onnx.MatMul = [38, 44, 50, 56]
  %2 = onnx.MatMul %r, %b : (tensor<3xf32>, tensor<3x4xf32>) -> tensor<4xf32>
  // CHECK: onnx.MatMul = [3, 9]
  %3 = onnx.MatMul %a, %s : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2xf32>
  // CHECK: onnx.MatMul = 5
  %4 = onnx.MatMul %r, %s : (tensor<3xf32>, tensor<3xf32>) -> tensor<f32>

  // Integers wrap: 100 * 2 + 100 * 2 = 400 = 144 mod 256.
  %hundred = onnx.Constant dense<100> : tensor<1x2xi8>
  %two = onnx.Constant dense<2> : tensor<2x1xi8>
  // CHECK{LITERAL}: onnx.MatMul = [[-112]]
  %5 = onnx.MatMul %hundred, %two : (tensor<1x2xi8>, tensor<2x1xi8>) -> tensor<1x1xi8>

  // 2 A^T B^T + 0.5 C with C broadcast along the rows.
  %g = onnx.Constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %w = onnx.Constant dense<[[1.0, 0.0, 2.0], [-1.0, 1.0, 1.0]]> : tensor<2x3xf32>
  %bias = onnx.Constant dense<[10.0, 20.0]> : tensor<2xf32>
  // CHECK{LITERAL}: onnx.Gemm = [[27, 24], [33, 26]]
  %6 = onnx.Gemm %g, %w, %bias {alpha = 2.0 : f64, beta = 0.5 : f64, transA, transB}
      : (tensor<3x2xf32>, tensor<2x3xf32>, tensor<2xf32>) -> tensor<2x2xf32>
  // CHECK{LITERAL}: onnx.Gemm = [[-1, 2, 4], [-1, 4, 10], [-1, 6, 16]]
  %7 = onnx.Gemm %g, %w : (tensor<3x2xf32>, tensor<2x3xf32>) -> tensor<3x3xf32>

  %x = onnx.Constant dense<[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 9.0]]]> : tensor<2x2x2xf32>
  // CHECK{LITERAL}: onnx.ReduceMean = [[[1.5], [3.5]], [[5.5], [8]]]
  %8 = onnx.ReduceMean %x {axes = array<i64: 2>, keepdims} : (tensor<2x2x2xf32>) -> tensor<2x2x1xf32>
  // CHECK: onnx.ReduceMean = [3.5, 5.75]
  %9 = onnx.ReduceMean %x {axes = array<i64: 0, 2>} : (tensor<2x2x2xf32>) -> tensor<2xf32>
  // CHECK: onnx.ReduceSum = 37
  %10 = onnx.ReduceSum %x {axes = array<i64: 0, 1, 2>} : (tensor<2x2x2xf32>) -> tensor<f32>
  // CHECK{LITERAL}: onnx.ReduceMax = [[3, 4], [7, 9]]
  %11 = onnx.ReduceMax %x {axes = array<i64: 1>} : (tensor<2x2x2xf32>) -> tensor<2x2xf32>
  // CHECK{LITERAL}: onnx.ReduceL2 = [[2.23607, 5], [7.81025, 11.4018]]
  %12 = onnx.ReduceL2 %x {axes = array<i64: 2>} : (tensor<2x2x2xf32>) -> tensor<2x2xf32>
  // CHECK: onnx.ReduceSum = 37
  %13 = onnx.ReduceSum %10 {axes = array<i64>} : (tensor<f32>) -> tensor<f32>
  // Nothing to reduce: a sum of 0, a maximum of the smallest number.
  %none = onnx.Constant dense<> : tensor<2x0xi8>
  // CHECK: onnx.ReduceSum = [0, 0]
  %14 = onnx.ReduceSum %none {axes = array<i64: 1>} : (tensor<2x0xi8>) -> tensor<2xi8>
  // CHECK: onnx.ReduceMax = [-128, -128]
  %15 = onnx.ReduceMax %none {axes = array<i64: 1>} : (tensor<2x0xi8>) -> tensor<2xi8>

  // exp(x) / sum exp(x)
  %t = onnx.Constant dense<[[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]]> : tensor<2x3xf32>
  // CHECK{LITERAL}: onnx.Softmax = [[0.0900306, 0.244728, 0.665241], [0.333333, 0.333333, 0.333333]]
  %16 = onnx.Softmax %t {axis = 1} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // CHECK{LITERAL}: onnx.Softmax = [[0.268941, 0.5, 0.731059], [0.731059, 0.5, 0.268941]]
  %17 = onnx.Softmax %t {axis = 0} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // Large scores do not overflow, -inf hides.
  %huge = onnx.Constant dense<[1000.0, 0xFF800000, 1000.0]> : tensor<3xf32>
  // CHECK: onnx.Softmax = [0.5, 0, 0.5]
  %18 = onnx.Softmax %huge {axis = 0} : (tensor<3xf32>) -> tensor<3xf32>

  // (x - mean) / sqrt(var + 1e-5), times [1, 2, 1, 2] plus [0, 0, 1, 1]
  %l = onnx.Constant dense<[[1.0, 2.0, 3.0, 6.0], [0.0, 0.0, 4.0, 4.0]]> : tensor<2x4xf32>
  %gain = onnx.Constant dense<[1.0, 2.0, 1.0, 2.0]> : tensor<4xf32>
  %shift = onnx.Constant dense<[0.0, 0.0, 1.0, 1.0]> : tensor<4xf32>
  // CHECK{LITERAL}: onnx.LayerNormalization = [[-1.06904, -0.534522, 0, 1.60357], [-0.999999, -0.999999, 0.999999, 0.999999]]
  %19 = onnx.LayerNormalization %l {axis = 1, epsilon = 1.0e-5 : f64} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  // CHECK{LITERAL}: onnx.LayerNormalization = [[-1.06904, -1.06904, 1, 4.20713], [-0.999999, -2, 2, 3]]
  %20 = onnx.LayerNormalization %l scale %gain bias %shift {axis = 1, epsilon = 1.0e-5 : f64}
      : (tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<2x4xf32>
  return
}
