// RUN: ockham-opt %s | ockham-opt | FileCheck %s
// RUN: ockham-opt %s --mlir-print-op-generic | ockham-opt | FileCheck %s

// CHECK-LABEL: func @arithmetic
func.func @arithmetic(%x: tensor<?x4xf32>, %y: tensor<4xf32>, %i: tensor<i64>) {
  // CHECK: onnx.Add %{{.*}}, %{{.*}} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %add = onnx.Add %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Sub
  %sub = onnx.Sub %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Mul
  %mul = onnx.Mul %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Div
  %div = onnx.Div %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Pow %{{.*}}, %{{.*}} : (tensor<?x4xf32>, tensor<i64>) -> tensor<?x4xf32>
  %pow = onnx.Pow %x, %i : (tensor<?x4xf32>, tensor<i64>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func @comparisons
func.func @comparisons(%x: tensor<?x4xf32>, %y: tensor<4xf32>) -> tensor<?x4xf32> {
  // CHECK: onnx.Equal %{{.*}}, %{{.*}} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xi1>
  %eq = onnx.Equal %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xi1>
  // CHECK: onnx.Less %
  %lt = onnx.Less %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xi1>
  // CHECK: onnx.LessOrEqual
  %le = onnx.LessOrEqual %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xi1>
  // CHECK: onnx.Greater %
  %gt = onnx.Greater %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xi1>
  // CHECK: onnx.GreaterOrEqual
  %ge = onnx.GreaterOrEqual %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xi1>
  // CHECK: onnx.And
  %and = onnx.And %eq, %lt : (tensor<?x4xi1>, tensor<?x4xi1>) -> tensor<?x4xi1>
  // CHECK: onnx.Or
  %or = onnx.Or %and, %le : (tensor<?x4xi1>, tensor<?x4xi1>) -> tensor<?x4xi1>
  // CHECK: onnx.Not
  %not = onnx.Not %or : (tensor<?x4xi1>) -> tensor<?x4xi1>
  // CHECK: onnx.Where
  %where = onnx.Where %not, %x, %y
      : (tensor<?x4xi1>, tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  return %where : tensor<?x4xf32>
}

// CHECK-LABEL: func @unary
func.func @unary(%x: tensor<?x4xf32>) -> tensor<?x4xf16> {
  // CHECK: onnx.Neg
  %0 = onnx.Neg %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Abs
  %1 = onnx.Abs %0 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Relu
  %2 = onnx.Relu %1 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Exp
  %3 = onnx.Exp %2 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Log
  %4 = onnx.Log %3 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Sqrt
  %5 = onnx.Sqrt %4 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Reciprocal
  %6 = onnx.Reciprocal %5 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Erf
  %7 = onnx.Erf %6 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Tanh
  %8 = onnx.Tanh %7 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Sigmoid
  %9 = onnx.Sigmoid %8 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Identity
  %10 = onnx.Identity %9 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Cast %{{.*}} : (tensor<?x4xf32>) -> tensor<?x4xf16>
  %11 = onnx.Cast %10 : (tensor<?x4xf32>) -> tensor<?x4xf16>
  return %11 : tensor<?x4xf16>
}

// CHECK-LABEL: func @products
func.func @products(%x: tensor<?x?x32xf32>, %a: tensor<?x32xf32>,
                    %w: tensor<32x96xf32>, %b: tensor<96xf32>) {
  // CHECK: onnx.MatMul %{{.*}}, %{{.*}} : (tensor<?x?x32xf32>, tensor<32x96xf32>) -> tensor<?x?x96xf32>
  %0 = onnx.MatMul %x, %w : (tensor<?x?x32xf32>, tensor<32x96xf32>) -> tensor<?x?x96xf32>
  // CHECK: onnx.Gemm %{{.*}}, %{{.*}}, %{{.*}} : (
  %1 = onnx.Gemm %a, %w, %b : (tensor<?x32xf32>, tensor<32x96xf32>, tensor<96xf32>) -> tensor<?x96xf32>
  // CHECK: onnx.Gemm %{{.*}}, %{{.*}} {alpha = 2.000000e+00 : f64, transB} : (
  %2 = onnx.Gemm %1, %w {alpha = 2.0 : f64, transB} : (tensor<?x96xf32>, tensor<32x96xf32>) -> tensor<?x32xf32>
  return
}

// CHECK-LABEL: func @reductions
func.func @reductions(%x: tensor<?x?x32xf32>, %g: tensor<32xf32>) {
  // CHECK: onnx.ReduceMean %{{.*}} {axes = array<i64: 2>, keepdims} : (tensor<?x?x32xf32>) -> tensor<?x?x1xf32>
  %0 = onnx.ReduceMean %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x32xf32>) -> tensor<?x?x1xf32>
  // CHECK: onnx.ReduceSum
  %1 = onnx.ReduceSum %x {axes = array<i64: 0, 2>} : (tensor<?x?x32xf32>) -> tensor<?xf32>
  // CHECK: onnx.ReduceMax
  %2 = onnx.ReduceMax %x {axes = array<i64: 1>} : (tensor<?x?x32xf32>) -> tensor<?x32xf32>
  // CHECK: onnx.ReduceL2
  %3 = onnx.ReduceL2 %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x32xf32>) -> tensor<?x?x1xf32>
  // CHECK: onnx.Softmax
  %4 = onnx.Softmax %x {axis = 2} : (tensor<?x?x32xf32>) -> tensor<?x?x32xf32>
  // CHECK: onnx.LayerNormalization %{{.*}} scale %{{.*}} bias %{{.*}} {axis = 2 : i64, epsilon = 1.000000e-05 : f64}
  %5 = onnx.LayerNormalization %x scale %g bias %g {axis = 2, epsilon = 1.0e-5 : f64}
      : (tensor<?x?x32xf32>, tensor<32xf32>, tensor<32xf32>) -> tensor<?x?x32xf32>
  // CHECK: onnx.LayerNormalization %{{.*}} {axis
  %6 = onnx.LayerNormalization %x {axis = 2, epsilon = 1.0e-5 : f64}
      : (tensor<?x?x32xf32>) -> tensor<?x?x32xf32>
  return
}

// CHECK-LABEL: func @shapes
func.func @shapes(%x: tensor<?x?x32xf32>, %row: tensor<1x4xf32>, %n: index) {
  // CHECK: onnx.Constant dense<[0, 1]> : tensor<2xi64>
  %0 = onnx.Constant dense<[0, 1]> : tensor<2xi64>
  // CHECK: onnx.Shape %{{.*}} {end = 2 : i64, start = 0 : i64} : (tensor<?x?x32xf32>) -> tensor<2xi64>
  %1 = onnx.Shape %x {start = 0, end = 2} : (tensor<?x?x32xf32>) -> tensor<2xi64>
  // CHECK: onnx.Reshape %{{.*}} to [-1, %{{.*}}, 8] : (tensor<?x?x32xf32>) -> tensor<?x?x8xf32>
  %2 = onnx.Reshape %x to [-1, %n, 8] : (tensor<?x?x32xf32>) -> tensor<?x?x8xf32>
  // CHECK: onnx.Expand %{{.*}} to [%{{.*}}, 4] : (tensor<1x4xf32>) -> tensor<?x4xf32>
  %3 = onnx.Expand %row to [%n, 4] : (tensor<1x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.ConstantOfShape [%{{.*}}, 4] value 0.000000e+00 : f32 -> tensor<?x4xf32>
  %4 = onnx.ConstantOfShape [%n, 4] value 0.0 : f32 -> tensor<?x4xf32>
  // CHECK: onnx.ConstantOfShape [] value 1 : i64 -> tensor<i64>
  %5 = onnx.ConstantOfShape [] value 1 : i64 -> tensor<i64>
  // CHECK: onnx.Unsqueeze
  %6 = onnx.Unsqueeze %5 {axes = array<i64: 0>} : (tensor<i64>) -> tensor<1xi64>
  // CHECK: onnx.Squeeze
  %7 = onnx.Squeeze %6 {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  // CHECK: onnx.Range %{{.*}}, %{{.*}}, %{{.*}} : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %8 = onnx.Range %5, %7, %5 : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  return
}

// CHECK-LABEL: func @movement
func.func @movement(%x: tensor<?x?x64xf32>, %ids: tensor<?x?xi64>, %n: index) {
  // CHECK: onnx.Slice %{{.*}}[0, %{{.*}}] to [%{{.*}}, 4] {axes = array<i64: 1, 2>, steps = array<i64: 1, 1>} : (tensor<?x?x64xf32>) -> tensor<?x?x?xf32>
  %0 = onnx.Slice %x [0, %n] to [%n, 4] {axes = array<i64: 1, 2>, steps = array<i64: 1, 1>}
      : (tensor<?x?x64xf32>) -> tensor<?x?x?xf32>
  // CHECK: onnx.Gather %{{.*}}, %{{.*}} {axis = 2 : i64} : (tensor<?x?x64xf32>, tensor<?x?xi64>) -> tensor<?x?x?x?xf32>
  %1 = onnx.Gather %x, %ids {axis = 2} : (tensor<?x?x64xf32>, tensor<?x?xi64>) -> tensor<?x?x?x?xf32>
  // CHECK: onnx.Concat
  %2 = onnx.Concat %x, %x {axis = 2} : (tensor<?x?x64xf32>, tensor<?x?x64xf32>) -> tensor<?x?x128xf32>
  // CHECK: onnx.Split %{{.*}} into [32, 96] {axis = 2 : i64}
  %3:2 = onnx.Split %2 into [32, 96] {axis = 2}
      : (tensor<?x?x128xf32>) -> (tensor<?x?x32xf32>, tensor<?x?x96xf32>)
  // CHECK: onnx.Transpose %{{.*}} {perm = array<i64: 2, 0, 1>}
  %4 = onnx.Transpose %3#0 {perm = array<i64: 2, 0, 1>} : (tensor<?x?x32xf32>) -> tensor<32x?x?xf32>
  return
}
