// RUN: ockham-opt %s --convert-onnx-to-linalg -canonicalize -cse -split-input-file | FileCheck %s

// Indices are looked at before the table is read; the message names the node.

// CHECK-LABEL: func @gather(
// CHECK-SAME: %[[IDS:.*]]: tensor<?x?xi64>)
// CHECK: %[[W:.*]] = ockham.load_weight @wte
// CHECK: arith.minsi
// CHECK: arith.maxsi
// CHECK: ockham.check %{{.*}}, "/wte/Gather: index {} is outside an axis of {} elements"(%{{.*}}, %c97)
// CHECK: ockham.check %{{.*}}, "/wte/Gather: index {} is outside an axis of {} elements"(%{{.*}}, %c97)
// CHECK: linalg.generic {{.*}} ins(%[[IDS]] : tensor<?x?xi64>) outs(%{{.*}} : tensor<?x?x32xf32>)
// CHECK:   arith.select
// CHECK:   tensor.extract %[[W]]
ockham.weight @wte : tensor<97x32xf32>
func.func @gather(%ids: tensor<?x?xi64>) -> tensor<?x?x32xf32> {
  %w = ockham.load_weight @wte : tensor<97x32xf32>
  %0 = onnx.Gather %w, %ids {axis = 0} : (tensor<97x32xf32>, tensor<?x?xi64>) -> tensor<?x?x32xf32> loc("/wte/Gather")
  return %0 : tensor<?x?x32xf32>
}

// -----

// CHECK-LABEL: func @gather_constant(
// CHECK-NOT: ockham.check
// CHECK: tensor.extract_slice %{{.*}}[0, 3, 0] [%{{.*}}, 1, 8] [1, 1, 1]
// CHECK-NOT: linalg
func.func @gather_constant(%x: tensor<?x4x8xf32>) -> tensor<?x8xf32> {
  %last = onnx.Constant dense<-1> : tensor<i64>
  %0 = onnx.Gather %x, %last {axis = 1} : (tensor<?x4x8xf32>, tensor<i64>) -> tensor<?x8xf32>
  return %0 : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: func @slice(
// CHECK: tensor.extract_slice %{{.*}}[0, 1] [%{{.*}}, 3] [1, 2]
func.func @slice(%x: tensor<?x8xf32>) -> tensor<?x3xf32> {
  %0 = onnx.Slice %x [1] to [7] {axes = array<i64: 1>, steps = array<i64: 2>} : (tensor<?x8xf32>) -> tensor<?x3xf32>
  return %0 : tensor<?x3xf32>
}

// -----

// Backwards is no view.

// CHECK-LABEL: func @reverse(
// CHECK: linalg.generic
// CHECK: tensor.extract
func.func @reverse(%x: tensor<?xf32>) -> tensor<?xf32> {
  %0 = onnx.Slice %x [-1] to [-9223372036854775807] {axes = array<i64: 0>, steps = array<i64: -1>} : (tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// -----

// CHECK-LABEL: func @concat(
// CHECK: %[[A:.*]] = tensor.insert_slice %arg0 into
// CHECK: tensor.insert_slice %arg1 into %[[A]]
func.func @concat(%a: tensor<?x4xf32>, %b: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = onnx.Concat %a, %b {axis = 0} : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func @split(
// CHECK: ockham.check %{{.*}}, "onnx.Split: sizes add up to {} but the extent of the axis is {}"
// CHECK: tensor.extract_slice %arg0[0, 0] [2, 2] [1, 1]
// CHECK: tensor.extract_slice %arg0[0, 2] [2, 4] [1, 1]
func.func @split(%x: tensor<2x?xf32>) -> (tensor<2x2xf32>, tensor<2x4xf32>) {
  %0, %1 = onnx.Split %x into [2, 4] {axis = 1} : (tensor<2x?xf32>) -> (tensor<2x2xf32>, tensor<2x4xf32>)
  return %0, %1 : tensor<2x2xf32>, tensor<2x4xf32>
}

// -----

// CHECK-LABEL: func @transpose(
// CHECK: linalg.transpose {{.*}} permutation = [0, 2, 1, 3]
func.func @transpose(%x: tensor<?x?x4x2xf32>) -> tensor<?x4x?x2xf32> {
  %0 = onnx.Transpose %x {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x4x2xf32>) -> tensor<?x4x?x2xf32>
  return %0 : tensor<?x4x?x2xf32>
}
