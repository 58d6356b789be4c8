// RUN: ockham-opt %s --convert-onnx-to-tfm --split-input-file --verify-rewrites | FileCheck %s

// Labels that do not count were made classes before, and stay with what is done
// to them.
// CHECK-LABEL: func.func @ignored
// CHECK: %[[L:.*]] = onnx.Where
// CHECK: tfm.cross_entropy %arg0, %[[L]] : tensor<?x8xf32>, tensor<?xi64> -> tensor<?xf32>
// CHECK-NOT: onnx.GatherElements
// CHECK: return
func.func @ignored(%x: tensor<?x8xf32>, %l: tensor<?xi64>) -> tensor<?xf32> {
  %none = onnx.Constant dense<-100> : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %i = onnx.Equal %l, %none : (tensor<?xi64>, tensor<i64>) -> tensor<?xi1>
  %w = onnx.Where %i, %zero, %l : (tensor<?xi1>, tensor<i64>, tensor<?xi64>) -> tensor<?xi64>
  %max = onnx.ReduceMax %x {axes = array<i64: 1>, keepdims} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %s = onnx.Sub %x, %max : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %e = onnx.Exp %s : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %sum = onnx.ReduceSum %e {axes = array<i64: 1>, keepdims} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %log = onnx.Log %sum : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %p = onnx.Sub %s, %log : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %u = onnx.Unsqueeze %w {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %g = onnx.GatherElements %p, %u {axis = 1} : (tensor<?x8xf32>, tensor<?x1xi64>) -> tensor<?x1xf32>
  %q = onnx.Squeeze %g {axes = array<i64: 1>} : (tensor<?x1xf32>) -> tensor<?xf32>
  %n = onnx.Neg %q : (tensor<?xf32>) -> tensor<?xf32>
  return %n : tensor<?xf32>
}

// -----

// Probabilities that the model gives are computed anyway.
// CHECK-LABEL: func.func @both
// CHECK-NOT: tfm.cross_entropy
// CHECK: return
func.func @both(%x: tensor<?x8xf32>, %l: tensor<?xi64>) -> (tensor<?xf32>, tensor<?x8xf32>) {
  %max = onnx.ReduceMax %x {axes = array<i64: 1>, keepdims} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %s = onnx.Sub %x, %max : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %e = onnx.Exp %s : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %sum = onnx.ReduceSum %e {axes = array<i64: 1>, keepdims} : (tensor<?x8xf32>) -> tensor<?x1xf32>
  %log = onnx.Log %sum : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %p = onnx.Sub %s, %log : (tensor<?x8xf32>, tensor<?x1xf32>) -> tensor<?x8xf32>
  %u = onnx.Unsqueeze %l {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %g = onnx.GatherElements %p, %u {axis = 1} : (tensor<?x8xf32>, tensor<?x1xi64>) -> tensor<?x1xf32>
  %q = onnx.Squeeze %g {axes = array<i64: 1>} : (tensor<?x1xf32>) -> tensor<?xf32>
  %n = onnx.Neg %q : (tensor<?xf32>) -> tensor<?xf32>
  return %n, %p : tensor<?xf32>, tensor<?x8xf32>
}

// -----

// Not along the classes of a row.
// CHECK-LABEL: func.func @columns
// CHECK-NOT: tfm.cross_entropy
// CHECK: return
func.func @columns(%x: tensor<8x8xf32>, %l: tensor<8xi64>) -> tensor<8xf32> {
  %max = onnx.ReduceMax %x {axes = array<i64: 0>, keepdims} : (tensor<8x8xf32>) -> tensor<1x8xf32>
  %s = onnx.Sub %x, %max : (tensor<8x8xf32>, tensor<1x8xf32>) -> tensor<8x8xf32>
  %e = onnx.Exp %s : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %sum = onnx.ReduceSum %e {axes = array<i64: 0>, keepdims} : (tensor<8x8xf32>) -> tensor<1x8xf32>
  %log = onnx.Log %sum : (tensor<1x8xf32>) -> tensor<1x8xf32>
  %p = onnx.Sub %s, %log : (tensor<8x8xf32>, tensor<1x8xf32>) -> tensor<8x8xf32>
  %u = onnx.Unsqueeze %l {axes = array<i64: 1>} : (tensor<8xi64>) -> tensor<8x1xi64>
  %g = onnx.GatherElements %p, %u {axis = 1} : (tensor<8x8xf32>, tensor<8x1xi64>) -> tensor<8x1xf32>
  %q = onnx.Squeeze %g {axes = array<i64: 1>} : (tensor<8x1xf32>) -> tensor<8xf32>
  %n = onnx.Neg %q : (tensor<8xf32>) -> tensor<8xf32>
  return %n : tensor<8xf32>
}
