// RUN: ockham-opt %s --convert-onnx-to-linalg -canonicalize -cse -split-input-file | FileCheck %s

// Sizes that come from the operand's own shape need no check, even through
// integer tensors, and dimensions are split and merged without a detour.

// CHECK-LABEL: func @heads(
// CHECK-NOT: ockham.check
// CHECK: %[[Y:.*]] = tensor.expand_shape %arg0 {{\[}}[0], [1], [2, 3]]
// CHECK-NOT: ockham.check
// CHECK: return
func.func @heads(%x: tensor<?x?x8xf32>) -> tensor<?x?x4x2xf32> {
  %shape = onnx.Shape %x {start = 0, end = 2} : (tensor<?x?x8xf32>) -> tensor<2xi64>
  %heads = onnx.Constant dense<[4, -1]> : tensor<2xi64>
  %sizes = onnx.Concat %shape, %heads {axis = 0} : (tensor<2xi64>, tensor<2xi64>) -> tensor<4xi64>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %e0 = tensor.extract %sizes[%c0] : tensor<4xi64>
  %e1 = tensor.extract %sizes[%c1] : tensor<4xi64>
  %e3 = tensor.extract %sizes[%c3] : tensor<4xi64>
  %b = arith.index_cast %e0 : i64 to index
  %s = arith.index_cast %e1 : i64 to index
  %d = arith.index_cast %e3 : i64 to index
  %0 = onnx.Reshape %x to [%b, %s, 4, %d] : (tensor<?x?x8xf32>) -> tensor<?x?x4x2xf32>
  return %0 : tensor<?x?x4x2xf32>
}

// -----

// CHECK-LABEL: func @reshape_checked(
// CHECK: ockham.check %{{.*}}, "onnx.Reshape: cannot reshape {} elements to {}"
// CHECK: tensor.collapse_shape
// CHECK: tensor.expand_shape
func.func @reshape_checked(%x: tensor<?x6xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %y, %c0 : tensor<?x4xf32>
  %0 = onnx.Reshape %x to [%n, 4] : (tensor<?x6xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func @squeeze(
// CHECK: ockham.check %{{.*}}, "onnx.Squeeze: cannot remove a dimension of extent {}, expected {}"
func.func @squeeze(%x: tensor<?x4xf32>) -> tensor<4xf32> {
  %0 = onnx.Squeeze %x {axes = array<i64: 0>} : (tensor<?x4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// CHECK-LABEL: func @expand(
// CHECK-SAME: %[[X:.*]]: tensor<1x4xf32>, %[[N:.*]]: index)
// CHECK: ockham.check %{{.*}}, "onnx.Expand: size {} is negative"(%[[N]])
// CHECK: tensor.empty(%[[N]]) : tensor<?x4xf32>
// CHECK: linalg.generic
func.func @expand(%x: tensor<1x4xf32>, %n: index) -> tensor<?x4xf32> {
  %0 = onnx.Expand %x to [%n, 4] : (tensor<1x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func @range(
// CHECK: ockham.check %{{.*}}, "onnx.Range: delta is 0"
// CHECK: linalg.generic
// CHECK: linalg.index 0
func.func @range(%from: tensor<i64>, %to: tensor<i64>, %by: tensor<i64>) -> tensor<?xi64> {
  %0 = onnx.Range %from, %to, %by : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  return %0 : tensor<?xi64>
}

// -----

// CHECK-LABEL: func @filled(
// CHECK: linalg.fill ins(%c7{{.*}} : i64)
func.func @filled(%n: index) -> tensor<?x2xi64> {
  %0 = onnx.ConstantOfShape [%n, 2] value 7 : i64 -> tensor<?x2xi64>
  return %0 : tensor<?x2xi64>
}
