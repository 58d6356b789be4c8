// RUN: ockham-opt %s --onnx-normalize=max-constant-bytes=512 --split-input-file | FileCheck %s

// Equal weights are one, unused ones go. A recipe has no bytes to compare.
// CHECK:     ockham.weight @a :
// CHECK-NOT: ockham.weight @b :
// CHECK-NOT: ockham.weight @unused
// CHECK:     ockham.weight @other_type :
// CHECK:     ockham.weight @recipe :
ockham.weight @a : tensor<4xf32> from "a" = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
ockham.weight @b : tensor<4xf32> from "b" = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
ockham.weight @other_type : tensor<2x2xf32> from "c" = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
ockham.weight @unused : tensor<4xf32> from "d" = dense<1.0> : tensor<4xf32>
ockham.weight @recipe : tensor<4xf32> from "e" init #ockham.normal<mean = 0.0 : f64, std = 1.0 : f64, seed = 7>

// CHECK-LABEL: func @shared
// CHECK-DAG:   %[[A:.*]] = ockham.load_weight @a
// CHECK-DAG:   %[[C:.*]] = ockham.load_weight @other_type
// CHECK-DAG:   %[[E:.*]] = ockham.load_weight @recipe
// CHECK:       return %[[A]], %[[A]], %[[C]], %[[E]]
func.func @shared() -> (tensor<4xf32>, tensor<4xf32>, tensor<2x2xf32>, tensor<4xf32>) {
  %a = ockham.load_weight @a : tensor<4xf32>
  %b = ockham.load_weight @b : tensor<4xf32>
  %c = ockham.load_weight @other_type : tensor<2x2xf32>
  %e = ockham.load_weight @recipe : tensor<4xf32>
  return %a, %b, %c, %e : tensor<4xf32>, tensor<4xf32>, tensor<2x2xf32>, tensor<4xf32>
}

// -----

// Folded results are constants up to 256 bytes, weights up to the option's
// bound, and left alone beyond.

// CHECK-NOT: ockham.weight @ints :
// CHECK:     ockham.weight @floats : tensor<128xf32>
// CHECK:     ockham.weight @ints.Cast : tensor<128xf32> from "ints.Cast" =
ockham.weight @ints : tensor<128xi32> from "ints" = dense<3> : tensor<128xi32>
ockham.weight @floats : tensor<128xf32> from "floats" = dense<0.5> : tensor<128xf32>

// CHECK-LABEL: func @folded
func.func @folded() -> (tensor<4xi32>, tensor<128xf32>, tensor<128xf64>) {
  %ints = ockham.load_weight @ints : tensor<128xi32>
  %floats = ockham.load_weight @floats : tensor<128xf32>
  // CHECK-DAG: %[[SMALL:.*]] = onnx.Constant dense<3> : tensor<4xi32>
  %small = onnx.Slice %ints [0] to [4] {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<128xi32>) -> tensor<4xi32>
  // CHECK-DAG: %[[MEDIUM:.*]] = ockham.load_weight @ints.Cast
  %medium = onnx.Cast %ints : (tensor<128xi32>) -> tensor<128xf32>
  // CHECK-DAG: %[[LARGE:.*]] = onnx.Cast %{{.*}} : (tensor<128xf32>) -> tensor<128xf64>
  %large = onnx.Cast %floats : (tensor<128xf32>) -> tensor<128xf64>
  // CHECK: return %[[SMALL]], %[[MEDIUM]], %[[LARGE]]
  return %small, %medium, %large : tensor<4xi32>, tensor<128xf32>, tensor<128xf64>
}

// -----

// A transposed copy is read from the original, if only products read it; one
// other element, and it stays.

// CHECK:     ockham.weight @wte :
// CHECK-NOT: ockham.weight @head :
// CHECK:     ockham.weight @other :
// CHECK:     ockham.weight @added :
ockham.weight @wte : tensor<3x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
ockham.weight @head : tensor<2x3xf32> from "head" = dense<[[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]> : tensor<2x3xf32>
ockham.weight @other : tensor<2x3xf32> from "other" = dense<[[1.0, 3.0, 5.0], [2.0, 4.0, 7.0]]> : tensor<2x3xf32>
ockham.weight @wide : tensor<2x4xf64> = dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]> : tensor<2x4xf64>
ockham.weight @added : tensor<4x2xf64> from "added" = dense<[[1.0, 5.0], [2.0, 6.0], [3.0, 7.0], [4.0, 8.0]]> : tensor<4x2xf64>

// CHECK-LABEL: func @transposed
func.func @transposed(%ids: tensor<?xi64>, %y: tensor<4x2xf64>, %z: tensor<?x2xf64>) -> (tensor<?x3xf32>, tensor<?x3xf32>, tensor<4x2xf64>, tensor<?x4xf64>) {
  %wte = ockham.load_weight @wte : tensor<3x2xf32>
  %head = ockham.load_weight @head : tensor<2x3xf32>
  %other = ockham.load_weight @other : tensor<2x3xf32>
  %wide = ockham.load_weight @wide : tensor<2x4xf64>
  %added = ockham.load_weight @added : tensor<4x2xf64>
  %x = onnx.Gather %wte, %ids {axis = 0} : (tensor<3x2xf32>, tensor<?xi64>) -> tensor<?x2xf32>
  // CHECK-DAG: %[[W:.*]] = ockham.load_weight @wte
  // CHECK-DAG: %[[T:.*]] = onnx.Transpose %[[W]] {perm = array<i64: 1, 0>}
  // CHECK-DAG: onnx.MatMul %{{.*}}, %[[T]] : (tensor<?x2xf32>
  %a = onnx.MatMul %x, %head : (tensor<?x2xf32>, tensor<2x3xf32>) -> tensor<?x3xf32>
  %b = onnx.MatMul %x, %other : (tensor<?x2xf32>, tensor<2x3xf32>) -> tensor<?x3xf32>
  %c = onnx.Add %y, %added : (tensor<4x2xf64>, tensor<4x2xf64>) -> tensor<4x2xf64>
  // CHECK-DAG: %[[A:.*]] = ockham.load_weight @added
  // CHECK-DAG: %[[U:.*]] = onnx.Transpose %[[A]]
  // CHECK-DAG: onnx.MatMul %{{.*}}, %[[U]] : (tensor<?x2xf64>
  %d = onnx.MatMul %z, %wide : (tensor<?x2xf64>, tensor<2x4xf64>) -> tensor<?x4xf64>
  return %a, %b, %c, %d : tensor<?x3xf32>, tensor<?x3xf32>, tensor<4x2xf64>, tensor<?x4xf64>
}
