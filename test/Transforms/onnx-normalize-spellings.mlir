// What is written in several ways is written in one afterwards.
// RUN: ockham-opt %s --onnx-normalize --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @differences
// CHECK-DAG: %[[A:.*]] = onnx.Sub %arg0, %arg1
// CHECK-DAG: %[[B:.*]] = onnx.Sub %arg1, %arg0
// CHECK-DAG: %[[C:.*]] = onnx.Add %arg0, %arg1
// CHECK-DAG: %[[D:.*]] = onnx.Neg %arg1
// CHECK: return %[[A]], %[[B]], %[[A]], %[[C]], %[[D]]
func.func @differences(%x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %zero = onnx.Constant dense<0.0> : tensor<f32>
  %minus = onnx.Constant dense<-1.0> : tensor<f32>
  %0 = onnx.Neg %y : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %1 = onnx.Add %x, %0 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %2 = onnx.Sub %zero, %x : (tensor<f32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %3 = onnx.Add %2, %y : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %4 = onnx.Mul %minus, %y : (tensor<f32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %5 = onnx.Add %x, %4 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %6 = onnx.Sub %x, %0 : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %7 = onnx.Div %y, %minus : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  return %1, %3, %5, %6, %7 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// A sum over all four elements, and one that is not divided by their number.

// CHECK-LABEL: func.func @means
// CHECK-DAG: %[[M:.*]] = onnx.ReduceMean %arg0 {axes = array<i64: 1>, keepdims}
// CHECK-DAG: %[[S:.*]] = onnx.ReduceSum %arg0
// CHECK-DAG: %[[T:.*]] = onnx.Mul %[[S]]
// CHECK: return %[[M]], %[[M]], %[[T]]
func.func @means(%x: tensor<?x4xf32>) -> (tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>) {
  %quarter = onnx.Constant dense<0.25> : tensor<f32>
  %four = onnx.Constant dense<4.0> : tensor<1xf32>
  %third = onnx.Constant dense<0.33333333> : tensor<f32>
  %sum = onnx.ReduceSum %x {axes = array<i64: 1>, keepdims} : (tensor<?x4xf32>) -> tensor<?x1xf32>
  %0 = onnx.Mul %quarter, %sum : (tensor<f32>, tensor<?x1xf32>) -> tensor<?x1xf32>
  %1 = onnx.Div %sum, %four : (tensor<?x1xf32>, tensor<1xf32>) -> tensor<?x1xf32>
  %2 = onnx.Mul %sum, %third : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  return %0, %1, %2 : tensor<?x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>
}

// -----

// CHECK-LABEL: func.func @choices
// CHECK: %[[W:.*]] = onnx.Where %arg0, %arg2, %arg1
// CHECK: return %[[W]]
func.func @choices(%c: tensor<?x4xi1>, %x: tensor<?x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %not = onnx.Not %c : (tensor<?x4xi1>) -> tensor<?x4xi1>
  %0 = onnx.Where %not, %x, %y : (tensor<?x4xi1>, tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// Numbers are joined; a parameter that happens to be one is not.
ockham.weight @gain : tensor<1xf32> from "gain" = dense<2.0> : tensor<1xf32>

// CHECK-LABEL: func.func @numbers
// CHECK-DAG: %[[SIX:.*]] = onnx.Constant dense<6.000000e+00>
// CHECK-DAG: %[[FIVE:.*]] = onnx.Constant dense<5.000000e+00>
// CHECK-DAG: %[[THREE:.*]] = onnx.Constant dense<3.000000e+00>
// CHECK-DAG: %[[GAIN:.*]] = ockham.load_weight @gain
// CHECK-DAG: %[[A:.*]] = onnx.Mul %arg0, %[[SIX]]
// CHECK-DAG: %[[B:.*]] = onnx.Add %arg0, %[[FIVE]]
// CHECK-DAG: %[[C:.*]] = onnx.Mul %arg0, %[[GAIN]]
// CHECK-DAG: %[[D:.*]] = onnx.Mul %[[C]], %[[THREE]]
// CHECK: return %[[A]], %[[B]], %[[D]]
func.func @numbers(%x: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %gain = ockham.load_weight @gain : tensor<1xf32>
  %two = onnx.Constant dense<2.0> : tensor<f32>
  %three = onnx.Constant dense<3.0> : tensor<f32>
  %0 = onnx.Mul %x, %two : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %1 = onnx.Mul %three, %0 : (tensor<f32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %2 = onnx.Add %two, %x : (tensor<f32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %3 = onnx.Add %2, %three : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  %4 = onnx.Mul %x, %gain : (tensor<?x4xf32>, tensor<1xf32>) -> tensor<?x4xf32>
  %5 = onnx.Mul %4, %three : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x4xf32>
  return %1, %3, %5 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// The inverse of a parameter is not computed in advance: a division by the
// parameter says more.
ockham.weight @std : tensor<4xf32> from "std" = dense<[1.0, 2.0, 4.0, 8.0]> : tensor<4xf32>

// CHECK-LABEL: func.func @quotient
// CHECK: %[[STD:.*]] = ockham.load_weight @std
// CHECK: %[[Q:.*]] = onnx.Div %arg0, %[[STD]]
// CHECK: return %[[Q]]
func.func @quotient(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %std = ockham.load_weight @std : tensor<4xf32>
  %inverse = onnx.Reciprocal %std : (tensor<4xf32>) -> tensor<4xf32>
  %0 = onnx.Mul %inverse, %x : (tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

// A bias, a gain and an activation between a flat product and the way back.

// CHECK-LABEL: func.func @flat_rows
// CHECK: %[[P:.*]] = onnx.MatMul %arg0, %arg1 : (tensor<?x?x4xf32>, tensor<4x4xf32>) -> tensor<?x?x4xf32>
// CHECK: %[[S:.*]] = onnx.Add %arg2, %[[P]] : (tensor<4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
// CHECK: %[[R:.*]] = onnx.Relu %[[S]] : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
// CHECK: return %[[R]]
func.func @flat_rows(%x: tensor<?x?x4xf32> {ockham.dims = ["batch", "sequence", ""]}, %w: tensor<4x4xf32>, %b: tensor<4xf32>) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %batch = tensor.dim %x, %c0 : tensor<?x?x4xf32>
  %sequence = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %rows = onnx.Reshape %x to [-1, 4] : (tensor<?x?x4xf32>) -> tensor<?x4xf32>
  %0 = onnx.MatMul %rows, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
  %1 = onnx.Add %b, %0 : (tensor<4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %2 = onnx.Relu %1 : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %3 = onnx.Reshape %2 to [%batch, %sequence, 4] : (tensor<?x4xf32>) -> tensor<?x?x4xf32>
  return %3 : tensor<?x?x4xf32>
}

// -----

// There and back, in other steps.

// CHECK-LABEL: func.func @there_and_back
// CHECK: return %arg0
func.func @there_and_back(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = onnx.Unsqueeze %x {axes = array<i64: 0>} : (tensor<?x4xf32>) -> tensor<1x?x4xf32>
  %1 = onnx.Unsqueeze %0 {axes = array<i64: 3>} : (tensor<1x?x4xf32>) -> tensor<1x?x4x1xf32>
  %2 = onnx.Squeeze %1 {axes = array<i64: 0>} : (tensor<1x?x4x1xf32>) -> tensor<?x4x1xf32>
  %3 = onnx.Squeeze %2 {axes = array<i64: 2>} : (tensor<?x4x1xf32>) -> tensor<?x4xf32>
  return %3 : tensor<?x4xf32>
}

// -----

// What is made of a parameter is one.
ockham.weight @small : tensor<2xf32> from "small" = dense<[1.0, 2.0]> : tensor<2xf32>

// CHECK: ockham.weight @small.Reshape : tensor<2x1xf32>
// CHECK-LABEL: func.func @parameter
// CHECK: %[[W:.*]] = ockham.load_weight @small.Reshape
// CHECK: return %[[W]]
func.func @parameter() -> tensor<2x1xf32> {
  %w = ockham.load_weight @small : tensor<2xf32>
  %0 = onnx.Reshape %w to [2, 1] : (tensor<2xf32>) -> tensor<2x1xf32>
  return %0 : tensor<2x1xf32>
}

// -----

// Slices that are all of a row; the second tensor has a gap.

// CHECK-LABEL: func.func @slices
// CHECK: %[[S:.*]]:3 = onnx.Split %arg0 into [1, 2, 3] {axis = 2 : i64}
// CHECK: %[[G:.*]] = onnx.Slice %arg1
// CHECK: %[[H:.*]] = onnx.Slice %arg1
// CHECK: return %[[S]]#1, %[[S]]#0, %[[S]]#2, %[[G]], %[[H]]
func.func @slices(%x: tensor<?x?x6xf32>, %y: tensor<?x?x6xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x1xf32>, tensor<?x?x3xf32>, tensor<?x?x2xf32>, tensor<?x?x3xf32>) {
  %0 = onnx.Slice %x [1] to [3] {axes = array<i64: 2>, steps = array<i64: 1>} : (tensor<?x?x6xf32>) -> tensor<?x?x2xf32>
  %1 = onnx.Slice %x [0] to [1] {axes = array<i64: 2>, steps = array<i64: 1>} : (tensor<?x?x6xf32>) -> tensor<?x?x1xf32>
  %2 = onnx.Slice %x [-3] to [9223372036854775807] {axes = array<i64: 2>, steps = array<i64: 1>} : (tensor<?x?x6xf32>) -> tensor<?x?x3xf32>
  %3 = onnx.Slice %y [0] to [2] {axes = array<i64: 2>, steps = array<i64: 1>} : (tensor<?x?x6xf32>) -> tensor<?x?x2xf32>
  %4 = onnx.Slice %y [3] to [6] {axes = array<i64: 2>, steps = array<i64: 1>} : (tensor<?x?x6xf32>) -> tensor<?x?x3xf32>
  return %0, %1, %2, %3, %4 : tensor<?x?x2xf32>, tensor<?x?x1xf32>, tensor<?x?x3xf32>, tensor<?x?x2xf32>, tensor<?x?x3xf32>
}

// -----

// Parts that nobody reads are one part.

// CHECK-LABEL: func.func @unread_parts
// CHECK: %[[S:.*]]:2 = onnx.Split %arg0 into [2, 4] {axis = 2 : i64}
// CHECK: return %[[S]]#0
func.func @unread_parts(%x: tensor<?x?x6xf32>) -> tensor<?x?x2xf32> {
  %0:3 = onnx.Split %x into [2, 1, 3] {axis = 2 : i64} : (tensor<?x?x6xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x1xf32>, tensor<?x?x3xf32>)
  return %0#0 : tensor<?x?x2xf32>
}

// -----

// Two transpositions with a number between them cancel; a number that others
// read as well stays where it is.

// CHECK-LABEL: func.func @scaled_transposes
// CHECK-DAG: %[[HALF:.*]] = onnx.Constant dense<5.000000e-01>
// CHECK-DAG: %[[Y:.*]] = onnx.Mul %arg0, %[[HALF]]
// CHECK-DAG: %[[Z:.*]] = onnx.Div %arg0, %[[HALF]]
// CHECK-DAG: %[[T:.*]] = onnx.Transpose %[[Z]] {perm = array<i64: 2, 0, 1>}
// CHECK-DAG: %[[U:.*]] = onnx.Transpose %arg0 {perm = array<i64: 2, 0, 1>}
// CHECK-DAG: %[[SHARED:.*]] = onnx.Mul %[[U]], %[[HALF]]
// CHECK-DAG: %[[V:.*]] = onnx.Transpose %[[SHARED]] {perm = array<i64: 1, 2, 0>}
// CHECK: return %[[Y]], %[[T]], %[[V]], %[[SHARED]]
func.func @scaled_transposes(%x: tensor<?x3x4xf32>) -> (tensor<?x3x4xf32>, tensor<4x?x3xf32>, tensor<?x3x4xf32>, tensor<4x?x3xf32>) {
  %half = onnx.Constant dense<0.5> : tensor<f32>
  %0 = onnx.Transpose %x {perm = array<i64: 2, 0, 1>} : (tensor<?x3x4xf32>) -> tensor<4x?x3xf32>
  %1 = onnx.Mul %half, %0 : (tensor<f32>, tensor<4x?x3xf32>) -> tensor<4x?x3xf32>
  %2 = onnx.Transpose %1 {perm = array<i64: 1, 2, 0>} : (tensor<4x?x3xf32>) -> tensor<?x3x4xf32>
  %3 = onnx.Transpose %x {perm = array<i64: 1, 2, 0>} : (tensor<?x3x4xf32>) -> tensor<3x4x?xf32>
  %4 = onnx.Div %3, %half : (tensor<3x4x?xf32>, tensor<f32>) -> tensor<3x4x?xf32>
  %5 = onnx.Transpose %4 {perm = array<i64: 1, 2, 0>} : (tensor<3x4x?xf32>) -> tensor<4x?x3xf32>
  %6 = onnx.Transpose %x {perm = array<i64: 2, 0, 1>} : (tensor<?x3x4xf32>) -> tensor<4x?x3xf32>
  %7 = onnx.Mul %6, %half : (tensor<4x?x3xf32>, tensor<f32>) -> tensor<4x?x3xf32>
  %8 = onnx.Transpose %7 {perm = array<i64: 1, 2, 0>} : (tensor<4x?x3xf32>) -> tensor<?x3x4xf32>
  return %2, %5, %8, %7 : tensor<?x3x4xf32>, tensor<4x?x3xf32>, tensor<?x3x4xf32>, tensor<4x?x3xf32>
}

// -----

// A number between a product and its bias goes in front of the product; a gain
// in front of a residual connection stays.
ockham.weight @w : tensor<4x6xf32> from "w" = dense<1.0> : tensor<4x6xf32>
ockham.weight @b : tensor<6xf32> from "b" = dense<1.0> : tensor<6xf32>

// CHECK-LABEL: func.func @scaled_products
// CHECK-DAG: %[[W:.*]] = ockham.load_weight @w
// CHECK-DAG: %[[B:.*]] = ockham.load_weight @b
// CHECK-DAG: %[[HALF:.*]] = onnx.Constant dense<5.000000e-01>
// CHECK-DAG: %[[X:.*]] = onnx.Mul %arg0, %[[HALF]]
// CHECK-DAG: %[[P:.*]] = onnx.MatMul %[[X]], %[[W]]
// CHECK-DAG: %[[Y:.*]] = onnx.Add %[[B]], %[[P]]
// CHECK-DAG: %[[Q:.*]] = onnx.MatMul %arg2, %[[W]]
// CHECK-DAG: %[[S:.*]] = onnx.Mul %[[Q]], %[[HALF]]
// CHECK-DAG: %[[Z:.*]] = onnx.Add %arg1, %[[S]]
// CHECK: return %[[Y]], %[[Z]]
func.func @scaled_products(%x: tensor<?x4xf32>, %r: tensor<?x6xf32>, %y: tensor<?x4xf32>) -> (tensor<?x6xf32>, tensor<?x6xf32>) {
  %half = onnx.Constant dense<0.5> : tensor<f32>
  %w = ockham.load_weight @w : tensor<4x6xf32>
  %b = ockham.load_weight @b : tensor<6xf32>
  %0 = onnx.MatMul %x, %w : (tensor<?x4xf32>, tensor<4x6xf32>) -> tensor<?x6xf32>
  %1 = onnx.Mul %0, %half : (tensor<?x6xf32>, tensor<f32>) -> tensor<?x6xf32>
  %2 = onnx.Add %b, %1 : (tensor<6xf32>, tensor<?x6xf32>) -> tensor<?x6xf32>
  %3 = onnx.MatMul %y, %w : (tensor<?x4xf32>, tensor<4x6xf32>) -> tensor<?x6xf32>
  %4 = onnx.Mul %3, %half : (tensor<?x6xf32>, tensor<f32>) -> tensor<?x6xf32>
  %5 = onnx.Add %r, %4 : (tensor<?x6xf32>, tensor<?x6xf32>) -> tensor<?x6xf32>
  return %2, %5 : tensor<?x6xf32>, tensor<?x6xf32>
}
