// RUN: ockham-opt %s --canonicalize --split-input-file | FileCheck %s

// CHECK-LABEL: func @constants
func.func @constants() -> (tensor<2xf32>, tensor<2xi64>, tensor<2xi1>, tensor<2xi32>) {
  %a = onnx.Constant dense<[1.0, 4.0]> : tensor<2xf32>
  %b = onnx.Constant dense<0.5> : tensor<f32>
  %i = onnx.Constant dense<[7, -7]> : tensor<2xi64>
  %two = onnx.Constant dense<2> : tensor<1xi64>
  // CHECK-DAG: onnx.Constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
  %root = onnx.Pow %a, %b : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  // Integers divide towards zero.
  // CHECK-DAG: onnx.Constant dense<[3, -3]> : tensor<2xi64>
  %half = onnx.Div %i, %two : (tensor<2xi64>, tensor<1xi64>) -> tensor<2xi64>
  // CHECK-DAG: onnx.Constant dense<[false, true]> : tensor<2xi1>
  %less = onnx.Less %i, %two : (tensor<2xi64>, tensor<1xi64>) -> tensor<2xi1>
  // CHECK-DAG: onnx.Constant dense<[1, 4]> : tensor<2xi32>
  %cast = onnx.Cast %a : (tensor<2xf32>) -> tensor<2xi32>
  return %root, %half, %less, %cast : tensor<2xf32>, tensor<2xi64>, tensor<2xi1>, tensor<2xi32>
}

// -----

// What has no defined value is left to run time.
// CHECK-LABEL: func @undefined
func.func @undefined() -> (tensor<i64>, tensor<i32>, tensor<i64>) {
  %zero = onnx.Constant dense<0> : tensor<i64>
  %big = onnx.Constant dense<1.0e20> : tensor<f32>
  %list = onnx.Constant dense<[1, 2]> : tensor<2xi64>
  %nine = onnx.Constant dense<9> : tensor<i64>
  // CHECK: onnx.Div
  %0 = onnx.Div %nine, %zero : (tensor<i64>, tensor<i64>) -> tensor<i64>
  // CHECK: onnx.Cast
  %1 = onnx.Cast %big : (tensor<f32>) -> tensor<i32>
  // CHECK: onnx.Gather
  %2 = onnx.Gather %list, %nine {axis = 0} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  return %0, %1, %2 : tensor<i64>, tensor<i32>, tensor<i64>
}

// -----

// CHECK-LABEL: func @neutral
// CHECK-SAME:    %[[X:.*]]: tensor<?x4xf32>, %[[N:.*]]: tensor<3xi64>
func.func @neutral(%x: tensor<?x4xf32>, %n: tensor<3xi64>)
    -> (tensor<?x4xf32>, tensor<3xi64>, tensor<?x4xf32>) {
  %one = onnx.Constant dense<1.0> : tensor<1xf32>
  %zero = onnx.Constant dense<0.0> : tensor<f32>
  %int = onnx.Constant dense<0> : tensor<i64>
  %0 = onnx.Mul %one, %x : (tensor<1xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %1 = onnx.Div %0, %one : (tensor<?x4xf32>, tensor<1xf32>) -> tensor<?x4xf32>
  %2 = onnx.Pow %1, %one : (tensor<?x4xf32>, tensor<1xf32>) -> tensor<?x4xf32>
  %3 = onnx.Sub %2, %zero : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %4 = onnx.Add %n, %int : (tensor<3xi64>, tensor<i64>) -> tensor<3xi64>
  // -0 + 0 is 0: the sum stays.
  // CHECK: %[[SUM:.*]] = onnx.Add %[[X]]
  %5 = onnx.Add %x, %zero : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  // CHECK: return %[[X]], %[[N]], %[[SUM]]
  return %3, %4, %5 : tensor<?x4xf32>, tensor<3xi64>, tensor<?x4xf32>
}

// -----

// A factor of ones may still broadcast, and so may the operand not chosen.
// CHECK-LABEL: func @broadcasting_one
func.func @broadcasting_one(%x: tensor<?xf32>, %y: tensor<?xf32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %ones = onnx.Constant dense<1.0> : tensor<4xf32>
  // CHECK: onnx.Mul
  %0 = onnx.Mul %x, %ones : (tensor<?xf32>, tensor<4xf32>) -> tensor<?xf32>
  %yes = onnx.Constant dense<true> : tensor<i1>
  // CHECK: onnx.Where
  %1 = onnx.Where %yes, %x, %y : (tensor<i1>, tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  return %0, %1 : tensor<?xf32>, tensor<?xf32>
}

// -----

// CHECK-LABEL: func @choices
// CHECK-SAME:    %[[X:.*]]: tensor<2x4xf32>, %[[Y:.*]]: tensor<2x4xf32>
func.func @choices(%x: tensor<2x4xf32>, %y: tensor<2x4xf32>) -> (tensor<2x4xf32>, tensor<2x4xf32>) {
  %yes = onnx.Constant dense<true> : tensor<1x4xi1>
  %no = onnx.Constant dense<false> : tensor<i1>
  %0 = onnx.Where %yes, %x, %y : (tensor<1x4xi1>, tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %1 = onnx.Where %no, %x, %y : (tensor<i1>, tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  // CHECK: return %[[X]], %[[Y]]
  return %0, %1 : tensor<2x4xf32>, tensor<2x4xf32>
}

// -----

// CHECK-LABEL: func @movement_of_constants
func.func @movement_of_constants()
    -> (tensor<3x2xi64>, tensor<2x2xi64>, tensor<2xi64>, tensor<1x4xi64>, tensor<4xi64>, tensor<2xi64>) {
  %m = onnx.Constant dense<[[0, 1, 2], [3, 4, 5]]> : tensor<2x3xi64>
  %ids = onnx.Constant dense<[-1, 0]> : tensor<2xi64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %four = onnx.Constant dense<4> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  // CHECK-DAG: dense<{{\[}}[0, 3], [1, 4], [2, 5]]> : tensor<3x2xi64>
  %0 = onnx.Transpose %m {perm = array<i64: 1, 0>} : (tensor<2x3xi64>) -> tensor<3x2xi64>
  // CHECK-DAG: dense<{{\[}}[2, 0], [5, 3]]> : tensor<2x2xi64>
  %1 = onnx.Gather %m, %ids {axis = 1} : (tensor<2x3xi64>, tensor<2xi64>) -> tensor<2x2xi64>
  %range = onnx.Range %zero, %four, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<4xi64>
  // CHECK-DAG: dense<[3, 1]> : tensor<2xi64>
  %2 = onnx.Slice %range [-1] to [-9223372036854775807] {axes = array<i64: 0>, steps = array<i64: -2>}
      : (tensor<4xi64>) -> tensor<2xi64>
  // CHECK-DAG: dense<{{\[}}[0, 1, 2, 3]]> : tensor<1x4xi64>
  %3 = onnx.Unsqueeze %range {axes = array<i64: 0>} : (tensor<4xi64>) -> tensor<1x4xi64>
  // CHECK-DAG: dense<[3, 1, -1, 0]> : tensor<4xi64>
  %4 = onnx.Concat %2, %ids {axis = 0} : (tensor<2xi64>, tensor<2xi64>) -> tensor<4xi64>
  // CHECK-DAG: dense<7> : tensor<2xi64>
  %5 = onnx.ConstantOfShape [2] value 7 : i64 -> tensor<2xi64>
  return %0, %1, %2, %3, %4, %5
      : tensor<3x2xi64>, tensor<2x2xi64>, tensor<2xi64>, tensor<1x4xi64>, tensor<4xi64>, tensor<2xi64>
}

// -----

// CHECK-LABEL: func @movement_undone
// CHECK-SAME:    %[[X:.*]]: tensor<?x2x3xf32>, %[[S:.*]]: tensor<2x3xf32>
func.func @movement_undone(%x: tensor<?x2x3xf32>, %s: tensor<2x3xf32>)
    -> (tensor<?x2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<?x2x3xf32>) {
  %0 = onnx.Transpose %x {perm = array<i64: 1, 2, 0>} : (tensor<?x2x3xf32>) -> tensor<2x3x?xf32>
  %1 = onnx.Transpose %0 {perm = array<i64: 2, 0, 1>} : (tensor<2x3x?xf32>) -> tensor<?x2x3xf32>
  %2 = onnx.Reshape %s to [-1] : (tensor<2x3xf32>) -> tensor<6xf32>
  %3 = onnx.Reshape %2 to [2, -1] : (tensor<6xf32>) -> tensor<2x3xf32>
  %4 = onnx.Unsqueeze %s {axes = array<i64: 0>} : (tensor<2x3xf32>) -> tensor<1x2x3xf32>
  %5 = onnx.Squeeze %4 {axes = array<i64: 0>} : (tensor<1x2x3xf32>) -> tensor<2x3xf32>
  %6 = onnx.Identity %5 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %7 = onnx.Concat %6 {axis = 0} : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %8 = onnx.Expand %7 to [2, 1] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %9 = onnx.Slice %x [0, 0] to [9223372036854775807, 2] {axes = array<i64: 0, 1>, steps = array<i64: 1, 1>}
      : (tensor<?x2x3xf32>) -> tensor<?x2x3xf32>
  %10 = onnx.Cast %9 : (tensor<?x2x3xf32>) -> tensor<?x2x3xf32>
  // CHECK: return %[[X]], %[[S]], %[[S]], %[[S]], %[[X]]
  return %1, %3, %5, %8, %10
      : tensor<?x2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<?x2x3xf32>
}

// -----

// CHECK-LABEL: func @sizes
// CHECK-SAME:    %[[X:.*]]: tensor<?x6xf32>, %[[N:.*]]: index
func.func @sizes(%x: tensor<?x6xf32>, %n: index) -> (tensor<?x?x?xf32>, tensor<?x?xf32>, tensor<2xi64>) {
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  // CHECK: onnx.Constant dense<[3, 5]> : tensor<2xi64>
  // CHECK: onnx.Reshape %[[X]] to [2, %[[N]], 3]
  %0 = onnx.Reshape %x to [%c2, %n, %c3] : (tensor<?x6xf32>) -> tensor<?x?x?xf32>
  // CHECK: onnx.Slice %[[X]] [2, %[[N]]] to [%[[N]], 3]
  %1 = onnx.Slice %x [%c2, %n] to [%n, %c3] {axes = array<i64: 0, 1>, steps = array<i64: 1, 1>}
      : (tensor<?x6xf32>) -> tensor<?x?xf32>
  %s = onnx.ConstantOfShape [3, 5] value 0.0 : f32 -> tensor<3x5xf32>
  %2 = onnx.Shape %s {start = 0, end = 2} : (tensor<3x5xf32>) -> tensor<2xi64>
  return %0, %1, %2 : tensor<?x?x?xf32>, tensor<?x?xf32>, tensor<2xi64>
}

// -----

// CHECK-LABEL: func @large
func.func @large() -> tensor<2048xf32> {
  // A result of more than 1024 elements is not an attribute's business.
  // CHECK: onnx.ConstantOfShape
  %0 = onnx.ConstantOfShape [2048] value 0.0 : f32 -> tensor<2048xf32>
  return %0 : tensor<2048xf32>
}

// What has no elements along the axis adds none.
// CHECK-LABEL: func @concat_of_nothing
// CHECK-SAME: %[[X:.*]]: tensor<?x4xf32>, %[[E:.*]]: tensor<?x0xf32>, %[[Y:.*]]: tensor<?x3xf32>)
func.func @concat_of_nothing(%x: tensor<?x4xf32>, %e: tensor<?x0xf32>, %y: tensor<?x3xf32>)
    -> (tensor<?x4xf32>, tensor<?x7xf32>) {
  %0 = onnx.Concat %x, %e {axis = 1} : (tensor<?x4xf32>, tensor<?x0xf32>) -> tensor<?x4xf32>
  // CHECK: %[[XY:.*]] = onnx.Concat %[[X]], %[[Y]] {axis = 1 : i64}
  %1 = onnx.Concat %x, %e, %y {axis = 1}
      : (tensor<?x4xf32>, tensor<?x0xf32>, tensor<?x3xf32>) -> tensor<?x7xf32>
  // CHECK: return %[[X]], %[[XY]]
  return %0, %1 : tensor<?x4xf32>, tensor<?x7xf32>
}
