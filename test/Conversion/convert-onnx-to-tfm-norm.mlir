// Layer and RMS norms, as one operator or decomposed, in their spellings.
// RUN: ockham-opt %s --convert-onnx-to-tfm --split-input-file | FileCheck %s

ockham.weight @g : tensor<4xf32> = dense<2.0> : tensor<4xf32>
ockham.weight @b : tensor<4xf32> = dense<1.0> : tensor<4xf32>

// CHECK-LABEL: func.func @operator
// CHECK: %[[G:.*]] = ockham.load_weight @g
// CHECK: %[[B:.*]] = ockham.load_weight @b
// CHECK: tfm.norm{{ +}}layer %arg0 scale %[[G]] shift %[[B]] {eps = 1.000000e-05 : f64}
func.func @operator(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %g = ockham.load_weight @g : tensor<4xf32>
  %b = ockham.load_weight @b : tensor<4xf32>
  %y = onnx.LayerNormalization %x scale %g bias %b {axis = 2, epsilon = 1.0e-5 : f64} : (tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @g : tensor<4xf32> = dense<2.0> : tensor<4xf32>
ockham.weight @b : tensor<1x1x4xf32> = dense<1.0> : tensor<1x1x4xf32>

// CHECK-LABEL: func.func @decomposed
// CHECK: tfm.norm{{ +}}layer %arg0 scale %{{.*}} shift %{{.*}} {eps = 1.250000e-01 : f64}
// CHECK-NOT: onnx.
func.func @decomposed(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %g = ockham.load_weight @g : tensor<4xf32>
  %b = ockham.load_weight @b : tensor<1x1x4xf32>
  %two = onnx.Constant dense<2.0> : tensor<f32>
  %eps = onnx.Constant dense<0.125> : tensor<f32>
  %mean = onnx.ReduceMean %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %centred = onnx.Sub %x, %mean : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %square = onnx.Pow %centred, %two : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %var = onnx.ReduceMean %square {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %sum = onnx.Add %var, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %std = onnx.Sqrt %sum : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %n = onnx.Div %centred, %std : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %s = onnx.Mul %n, %g : (tensor<?x?x4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Add %s, %b : (tensor<?x?x4xf32>, tensor<1x1x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @g : tensor<4xf32> = dense<2.0> : tensor<4xf32>
ockham.weight @b : tensor<4xf32> = dense<1.0> : tensor<4xf32>

// The same with every operand swapped, the square as a product, the quotient as
// a product with the inverse, and the scale applied to the inverse first.
// CHECK-LABEL: func.func @swapped
// CHECK: tfm.norm{{ +}}layer %arg0 scale %{{.*}} shift %{{.*}} {eps = 1.250000e-01 : f64}
// CHECK-NOT: onnx.
func.func @swapped(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %g = ockham.load_weight @g : tensor<4xf32>
  %b = ockham.load_weight @b : tensor<4xf32>
  %eps = onnx.Constant dense<0.125> : tensor<1xf32>
  %mean = onnx.ReduceMean %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %centred = onnx.Sub %x, %mean : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %square = onnx.Mul %centred, %centred : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %var = onnx.ReduceMean %square {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %sum = onnx.Add %eps, %var : (tensor<1xf32>, tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %std = onnx.Sqrt %sum : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %inverse = onnx.Reciprocal %std : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %gi = onnx.Mul %g, %inverse : (tensor<4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %s = onnx.Mul %gi, %centred : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Add %b, %s : (tensor<4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @g : tensor<4xf32> = dense<2.0> : tensor<4xf32>

// Twin norms: one statistic, two scales.
// CHECK-LABEL: func.func @twins
// CHECK-DAG: %[[A:.*]] = tfm.norm{{ +}}layer %arg0 scale %{{.*}} {eps = 1.250000e-01 : f64}
// CHECK-DAG: %[[B:.*]] = tfm.norm{{ +}}layer %arg0 {eps = 1.250000e-01 : f64}
// CHECK-NOT: tfm.norm
// CHECK: return %[[A]], %[[B]]
func.func @twins(%x: tensor<?x?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>) {
  %g = ockham.load_weight @g : tensor<4xf32>
  %two = onnx.Constant dense<2.0> : tensor<f32>
  %eps = onnx.Constant dense<0.125> : tensor<f32>
  %mean = onnx.ReduceMean %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %centred = onnx.Sub %x, %mean : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %square = onnx.Pow %centred, %two : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %var = onnx.ReduceMean %square {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %sum = onnx.Add %var, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %std = onnx.Sqrt %sum : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %n = onnx.Div %centred, %std : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %s = onnx.Mul %n, %g : (tensor<?x?x4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  return %s, %n : tensor<?x?x4xf32>, tensor<?x?x4xf32>
}

// -----

ockham.weight @g : tensor<4xf32> = dense<2.0> : tensor<4xf32>

// CHECK-LABEL: func.func @rms
// CHECK: tfm.norm{{ +}}rms %arg0 scale %{{.*}} {eps = 1.250000e-01 : f64}
// CHECK-NOT: onnx.
func.func @rms(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %g = ockham.load_weight @g : tensor<4xf32>
  %two = onnx.Constant dense<2.0> : tensor<f32>
  %eps = onnx.Constant dense<0.125> : tensor<f32>
  %square = onnx.Pow %x, %two : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %mean = onnx.ReduceMean %square {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %sum = onnx.Add %mean, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %root = onnx.Sqrt %sum : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %n = onnx.Div %x, %root : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Mul %g, %n : (tensor<4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @g : tensor<4xf32> = dense<2.0> : tensor<4xf32>

// [SAS]: the 2-norm times 1/sqrt(width), epsilon behind the root.
// CHECK-LABEL: func.func @rms_eps_outside
// CHECK: tfm.norm{{ +}}rms %arg0 scale %{{.*}} {eps = 1.250000e-01 : f64, eps_outside}
// CHECK-NOT: onnx.
func.func @rms_eps_outside(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %g = ockham.load_weight @g : tensor<4xf32>
  %inverse = onnx.Constant dense<0.5> : tensor<f32>
  %eps = onnx.Constant dense<0.125> : tensor<f32>
  %norm = onnx.ReduceL2 %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %rms = onnx.Mul %norm, %inverse : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %sum = onnx.Add %rms, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %n = onnx.Div %x, %sum : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Mul %g, %n : (tensor<4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

// The same, as PyTorch 1.13 writes Tensor.norm: the root of a sum of squares.
// CHECK-LABEL: func.func @rms_of_sum
// CHECK: tfm.norm{{ +}}rms %arg0 {eps = 1.250000e-01 : f64, eps_outside}
// CHECK-NOT: onnx.
func.func @rms_of_sum(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %inverse = onnx.Constant dense<0.5> : tensor<f32>
  %eps = onnx.Constant dense<0.125> : tensor<f32>
  %squares = onnx.Mul %x, %x : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %sum = onnx.ReduceSum %squares {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %norm = onnx.Sqrt %sum : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %rms = onnx.Mul %norm, %inverse : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %safe = onnx.Add %rms, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %y = onnx.Div %x, %safe : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

// Twice the mean of squares, plus epsilon, with the root of 2 in front: eps is
// half of what is written.
// CHECK-LABEL: func.func @rms_of_twice
// CHECK: tfm.norm{{ +}}rms %arg0 {eps = 2.500000e-01 : f64}
// CHECK-NOT: onnx.
func.func @rms_of_twice(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %half = onnx.Constant dense<0.5> : tensor<f32>
  %eps = onnx.Constant dense<0.5> : tensor<f32>
  %root2 = onnx.Constant dense<1.41421356> : tensor<f32>
  %squares = onnx.Mul %x, %x : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %sum = onnx.ReduceSum %squares {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %twice = onnx.Mul %sum, %half : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %safe = onnx.Add %twice, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %norm = onnx.Sqrt %safe : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %n = onnx.Div %x, %norm : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Mul %n, %root2 : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @w : tensor<4x4xf32> = dense<0.5> : tensor<4x4xf32>

// What is added to a norm is its shift only if it is a vector.
// CHECK-LABEL: func.func @residual_is_no_shift
// CHECK: %[[N:.*]] = tfm.norm{{ +}}layer %arg0 {eps = 1.000000e-05 : f64}
// CHECK: tfm.add_scaled %[[N]], %arg0
func.func @residual_is_no_shift(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %n = onnx.LayerNormalization %x {axis = 2, epsilon = 1.0e-5 : f64} : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Add %n, %x : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}
