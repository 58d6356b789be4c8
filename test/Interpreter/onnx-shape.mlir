// RUN: ockham-interpret %s --trace | FileCheck %s

func.func @forward() {
  %x = onnx.Constant dense<[[0, 1, 2], [3, 4, 5]]> : tensor<2x3xi64>
  %two = arith.constant 2 : index
  %minus = arith.constant -1 : index

  // CHECK: onnx.Shape = [2, 3]
  %0 = onnx.Shape %x {start = 0, end = 2} : (tensor<2x3xi64>) -> tensor<2xi64>
  // CHECK: onnx.Shape = [3]
  %1 = onnx.Shape %x {start = 1, end = 2} : (tensor<2x3xi64>) -> tensor<1xi64>

  // CHECK{LITERAL}: onnx.Reshape = [[0, 1], [2, 3], [4, 5]]
  %2 = onnx.Reshape %x to [-1, %two] : (tensor<2x3xi64>) -> tensor<?x?xi64>
  // CHECK{LITERAL}: onnx.Reshape = [[[0, 1, 2, 3, 4, 5]]]
  %3 = onnx.Reshape %x to [1, 1, %minus] : (tensor<2x3xi64>) -> tensor<1x1x?xi64>

  %row = onnx.Constant dense<[[7, 8]]> : tensor<1x2xi64>
  // A 1 in the shape keeps the operand's extent.
  // CHECK{LITERAL}: onnx.Expand = [[[7, 8], [7, 8]]]
  %4 = onnx.Expand %row to [1, %two, 1] : (tensor<1x2xi64>) -> tensor<1x?x2xi64>

  // CHECK{LITERAL}: onnx.ConstantOfShape = [[1.5], [1.5]]
  %5 = onnx.ConstantOfShape [%two, 1] value 1.5 : f32 -> tensor<?x1xf32>
  // CHECK: onnx.ConstantOfShape = [true, true]
  %6 = onnx.ConstantOfShape [2] value true -> tensor<2xi1>
  // CHECK: onnx.ConstantOfShape = [] of shape [0, 2]
  %7 = onnx.ConstantOfShape [0, 2] value -3 : i64 -> tensor<0x2xi64>

  // As numpy's x[:, 1:2], x[-1:, ::2], x[::-1, 9:-9:-2], x[5:].
  // CHECK{LITERAL}: onnx.Slice = [[1], [4]]
  %8 = onnx.Slice %x [1] to [%two] {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<2x3xi64>) -> tensor<2x?xi64>
  // CHECK{LITERAL}: onnx.Slice = [[3, 5]]
  %9 = onnx.Slice %x [-1, 0] to [2, 3] {axes = array<i64: 0, 1>, steps = array<i64: 1, 2>} : (tensor<2x3xi64>) -> tensor<1x2xi64>
  // CHECK{LITERAL}: onnx.Slice = [[5, 3], [2, 0]]
  %10 = onnx.Slice %x [9, %minus] to [-9, -9] {axes = array<i64: 1, 0>, steps = array<i64: -2, -1>} : (tensor<2x3xi64>) -> tensor<?x2xi64>
  // CHECK: onnx.Slice = [] of shape [0, 3]
  %11 = onnx.Slice %x [5] to [9223372036854775807] {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<2x3xi64>) -> tensor<0x3xi64>

  // Negative indices count from the back.
  %ids = onnx.Constant dense<[[1, -1], [0, -2]]> : tensor<2x2xi64>
  // CHECK{LITERAL}: onnx.Gather = [[[3, 4, 5], [3, 4, 5]], [[0, 1, 2], [0, 1, 2]]]
  %12 = onnx.Gather %x, %ids {axis = 0} : (tensor<2x3xi64>, tensor<2x2xi64>) -> tensor<2x2x3xi64>
  // CHECK{LITERAL}: onnx.Gather = [[2], [5]]
  %last = onnx.Constant dense<[-1]> : tensor<1xi32>
  %13 = onnx.Gather %x, %last {axis = 1} : (tensor<2x3xi64>, tensor<1xi32>) -> tensor<2x1xi64>
  %scalar = onnx.Constant dense<1> : tensor<i64>
  // CHECK: onnx.Gather = [1, 4]
  %14 = onnx.Gather %x, %scalar {axis = 1} : (tensor<2x3xi64>, tensor<i64>) -> tensor<2xi64>

  // CHECK{LITERAL}: onnx.Concat = [[0, 1, 2, 2], [3, 4, 5, 5]]
  %15 = onnx.Concat %x, %13 {axis = 1} : (tensor<2x3xi64>, tensor<2x1xi64>) -> tensor<2x4xi64>
  // CHECK{LITERAL}: onnx.Split = [[0], [3]]
  // CHECK{LITERAL}: onnx.Split = [[1, 2], [4, 5]]
  %16, %17 = onnx.Split %x into [1, 2] {axis = 1} : (tensor<2x3xi64>) -> (tensor<2x1xi64>, tensor<2x2xi64>)

  // numpy.transpose
  %cube = onnx.Constant dense<[[[0, 1, 2]], [[3, 4, 5]]]> : tensor<2x1x3xi64>
  // CHECK{LITERAL}: onnx.Transpose = [[[0], [3]], [[1], [4]], [[2], [5]]]
  %18 = onnx.Transpose %cube {perm = array<i64: 2, 0, 1>} : (tensor<2x1x3xi64>) -> tensor<3x2x1xi64>
  // CHECK{LITERAL}: onnx.Squeeze = [[0, 1, 2], [3, 4, 5]]
  %19 = onnx.Squeeze %cube {axes = array<i64: 1>} : (tensor<2x1x3xi64>) -> tensor<2x3xi64>
  // CHECK{LITERAL}: onnx.Unsqueeze = [[[7], [8]]]
  %vector = onnx.Constant dense<[7, 8]> : tensor<2xi64>
  %20 = onnx.Unsqueeze %vector {axes = array<i64: 0, 2>} : (tensor<2xi64>) -> tensor<1x2x1xi64>

  %zero = onnx.Constant dense<0> : tensor<i64>
  %five = onnx.Constant dense<5> : tensor<i64>
  %step = onnx.Constant dense<2> : tensor<i64>
  %back = onnx.Constant dense<-2> : tensor<i64>
  // CHECK: onnx.Range = [0, 2, 4]
  %21 = onnx.Range %zero, %five, %step : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  // CHECK: onnx.Range = [5, 3, 1]
  %22 = onnx.Range %five, %zero, %back : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  // CHECK: onnx.Range = [] of shape [0]
  %23 = onnx.Range %zero, %five, %back : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %f0 = onnx.Constant dense<1.0> : tensor<f32>
  %f1 = onnx.Constant dense<2.0> : tensor<f32>
  %fs = onnx.Constant dense<0.375> : tensor<f32>
  // CHECK: onnx.Range = [1, 1.375, 1.75]
  %24 = onnx.Range %f0, %f1, %fs : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32>
  return
}
