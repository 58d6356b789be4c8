// Norms whose std is a parameter: one number, one per channel, one per
// position; and layer norms whose epsilon hides the variance.
// RUN: ockham-opt %s --convert-onnx-to-tfm --split-input-file --verify-diagnostics | FileCheck %s

ockham.weight @std : tensor<f32> = dense<3.0> : tensor<f32>
ockham.weight @g : tensor<4xf32> = dense<2.0> : tensor<4xf32>
ockham.weight @b : tensor<4xf32> = dense<1.0> : tensor<4xf32>

// CHECK-LABEL: func.func @scalar
// CHECK: tfm.norm{{ +}}fixed %arg0 scale %{{.*}} shift %{{.*}} std %[[STD:.*]] : {{.*}} std tensor<f32>
// CHECK-NOT: onnx.
func.func @scalar(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %std = ockham.load_weight @std : tensor<f32>
  %g = ockham.load_weight @g : tensor<4xf32>
  %b = ockham.load_weight @b : tensor<4xf32>
  %mean = onnx.ReduceMean %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %centred = onnx.Sub %x, %mean : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %n = onnx.Div %centred, %std : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %s = onnx.Mul %n, %g : (tensor<?x?x4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Add %s, %b : (tensor<?x?x4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @std : tensor<4xf32> = dense<3.0> : tensor<4xf32>
ockham.weight @g : tensor<4xf32> = dense<2.0> : tensor<4xf32>

// The scale in front of the division, everything swapped, no shift; and a
// second norm (a twin) of the same centred rows with a constant std.
// CHECK-LABEL: func.func @channels
// CHECK-DAG: %[[STD:.*]] = ockham.load_weight @std
// CHECK-DAG: %[[G:.*]] = ockham.load_weight @g
// CHECK-DAG: %[[QUARTER:.*]] = arith.constant dense<4.000000e+00> : tensor<f32>
// CHECK-DAG: tfm.norm{{ +}}fixed %arg0 scale %[[G]] std %[[STD]] {std_axis = #tfm<std_axis channel>}
// CHECK-DAG: tfm.norm{{ +}}fixed %arg0 scale %[[G]] std %[[QUARTER]]
// CHECK-NOT: onnx.
func.func @channels(%x: tensor<?x?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>) {
  %std = ockham.load_weight @std : tensor<4xf32>
  %g = ockham.load_weight @g : tensor<4xf32>
  %quarter = onnx.Constant dense<0.25> : tensor<f32>
  %mean = onnx.ReduceMean %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %centred = onnx.Sub %x, %mean : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %s = onnx.Mul %g, %centred : (tensor<4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Div %s, %std : (tensor<?x?x4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  %z = onnx.Mul %s, %quarter : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  return %y, %z : tensor<?x?x4xf32>, tensor<?x?x4xf32>
}

// -----

ockham.weight @std : tensor<8x1xf32> = dense<3.0> : tensor<8x1xf32>

// CHECK-LABEL: func.func @positions
// CHECK: %[[STD:.*]] = ockham.load_weight @std_8 : tensor<8xf32>
// CHECK: tfm.norm{{ +}}fixed %arg0 std %[[STD]] {std_axis = #tfm<std_axis position>}
// CHECK-NOT: onnx.
func.func @positions(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c1 = arith.constant 1 : index
  %t = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %all = ockham.load_weight @std : tensor<8x1xf32>
  %std = onnx.Slice %all [0] to [%t] {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<8x1xf32>) -> tensor<?x1xf32>
  %mean = onnx.ReduceMean %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %centred = onnx.Sub %x, %mean : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Div %centred, %std : (tensor<?x?x4xf32>, tensor<?x1xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

// The quotient is distributed over the difference.
ockham.weight @std : tensor<f32> = dense<3.0> : tensor<f32>
ockham.weight @g : tensor<4xf32> = dense<2.0> : tensor<4xf32>

// CHECK-LABEL: func.func @distributed
// CHECK-DAG: %[[STD:.*]] = ockham.load_weight @std
// CHECK-DAG: %[[G:.*]] = ockham.load_weight @g
// CHECK: tfm.norm{{ +}}fixed %arg0 scale %[[G]] std %[[STD]] :
// CHECK-NOT: onnx.
func.func @distributed(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %std = ockham.load_weight @std : tensor<f32>
  %g = ockham.load_weight @g : tensor<4xf32>
  %mean = onnx.ReduceMean %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %a = onnx.Div %x, %std : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %m = onnx.Div %mean, %std : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %n = onnx.Sub %a, %m : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Mul %n, %g : (tensor<?x?x4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

// Half of the mean is no centring.
ockham.weight @std : tensor<f32> = dense<3.0> : tensor<f32>

// CHECK-LABEL: func.func @half_centred
// CHECK-NOT: tfm.norm
// expected-remark@+1 {{3 onnx operators stay: Div (1), ReduceMean (1), Sub (1)}}
func.func @half_centred(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %std = ockham.load_weight @std : tensor<f32>
  %half = onnx.Constant dense<0.5> : tensor<f32>
  // expected-remark@+1 {{onnx.ReduceMean: not part of anything known}}
  %mean = onnx.ReduceMean %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %m = onnx.Mul %mean, %half : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  %n = onnx.Sub %x, %m : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Div %n, %std : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

// The divisor comes from the rows themselves: not fixed.
// CHECK-LABEL: func.func @live
// CHECK-NOT: tfm.norm
// expected-remark@+1 {{3 onnx operators stay: Div (1), ReduceMean (1), Sub (1)}}
func.func @live(%x: tensor<?x?x4xf32>, %std: tensor<?x?x1xf32>) -> tensor<?x?x4xf32> {
  // expected-remark@+1 {{onnx.ReduceMean: 3 of 4 ops matched a norm with fixed std; the centred input is not divided by a parameter}}
  %mean = onnx.ReduceMean %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %centred = onnx.Sub %x, %mean : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Div %centred, %std : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @g : tensor<4xf32> = dense<1.0e6> : tensor<4xf32>

// CHECK-LABEL: func.func @large_epsilon
// CHECK: %[[STD:.*]] = arith.constant dense<1.000000e+06> : tensor<f32>
// CHECK: tfm.norm{{ +}}fixed %arg0 scale %{{.*}} std %[[STD]]
func.func @large_epsilon(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %g = ockham.load_weight @g : tensor<4xf32>
  // expected-remark@+1 {{onnx.LayerNormalization: its epsilon 1e+12 makes this norm affine while the variance stays below 32768}}
  %y = onnx.LayerNormalization %x scale %g {axis = 2, epsilon = 1.0e12 : f64} : (tensor<?x?x4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

// In float64 the same epsilon leaves the variance in sight.
// CHECK-LABEL: func.func @large_epsilon_in_double
// CHECK: tfm.norm{{ +}}layer %arg0 {eps = 1.000000e+12 : f64}
func.func @large_epsilon_in_double(%x: tensor<?x?x4xf64>) -> tensor<?x?x4xf64> {
  %y = onnx.LayerNormalization %x {axis = 2, epsilon = 1.0e12 : f64} : (tensor<?x?x4xf64>) -> tensor<?x?x4xf64>
  return %y : tensor<?x?x4xf64>
}
