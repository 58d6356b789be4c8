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
