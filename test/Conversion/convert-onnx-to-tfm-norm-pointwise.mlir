// tanh and erf in the place of a norm; gates that stand alone.
// RUN: ockham-opt %s --convert-onnx-to-tfm --split-input-file --verify-diagnostics | FileCheck %s

ockham.weight @alpha : tensor<1xf32> = dense<0.5> : tensor<1xf32>
ockham.weight @g : tensor<4xf32> = dense<2.0> : tensor<4xf32>
ockham.weight @b : tensor<4xf32> = dense<1.0> : tensor<4xf32>

// CHECK-LABEL: func.func @dyt
// CHECK-DAG: %[[ALPHA:.*]] = ockham.load_weight @alpha
// CHECK-DAG: %[[G:.*]] = ockham.load_weight @g
// CHECK-DAG: %[[B:.*]] = ockham.load_weight @b
// CHECK: tfm.norm{{ +}}tanh %arg0 scale %[[G]] shift %[[B]] alpha %[[ALPHA]]
// CHECK-NOT: onnx.
func.func @dyt(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %alpha = ockham.load_weight @alpha : tensor<1xf32>
  %g = ockham.load_weight @g : tensor<4xf32>
  %b = ockham.load_weight @b : tensor<4xf32>
  %a = onnx.Mul %alpha, %x : (tensor<1xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %t = onnx.Tanh %a : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %s = onnx.Mul %t, %g : (tensor<?x?x4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Add %b, %s : (tensor<4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @alpha : tensor<4xf32> = dense<0.5> : tensor<4xf32>
ockham.weight @offset : tensor<f32> = dense<0.5> : tensor<f32>
ockham.weight @g : tensor<4xf32> = dense<2.0> : tensor<4xf32>

// CHECK-LABEL: func.func @derf
// CHECK: tfm.norm{{ +}}erf %arg0 scale %{{.*}} alpha %{{.*}} offset %{{.*}} : {{.*}} alpha tensor<4xf32>, offset tensor<f32>
// CHECK-NOT: onnx.
func.func @derf(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %alpha = ockham.load_weight @alpha : tensor<4xf32>
  %offset = ockham.load_weight @offset : tensor<f32>
  %g = ockham.load_weight @g : tensor<4xf32>
  %a = onnx.Mul %alpha, %x : (tensor<4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %o = onnx.Add %a, %offset : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %t = onnx.Erf %o : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Mul %t, %g : (tensor<?x?x4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

// CHECK-LABEL: func.func @alone
// CHECK: tfm.activation{{ +}}tanh %arg0
// CHECK: tfm.activation{{ +}}sigmoid
// CHECK-NOT: onnx.
func.func @alone(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %t = onnx.Tanh %x : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Sigmoid %t : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

// The input is a sum with a gain: alpha is what multiplies all of it. Another
// one is what the argument itself is: alpha is 1.
ockham.weight @alpha : tensor<f32> = dense<0.5> : tensor<f32>
ockham.weight @g : tensor<4xf32> = dense<2.0> : tensor<4xf32>

// CHECK-LABEL: func.func @sums
// CHECK-DAG: %[[ALPHA:.*]] = ockham.load_weight @alpha
// CHECK-DAG: %[[G:.*]] = ockham.load_weight @g
// CHECK: %[[SUM:.*]] = tfm.add_scaled %arg0, %arg1
// CHECK: tfm.norm{{ +}}tanh %[[SUM]] scale %[[G]] alpha %[[ALPHA]]
// CHECK: %[[ONE:.*]] = arith.constant dense<1.000000e+00> : tensor<f32>
// CHECK: tfm.norm{{ +}}erf %[[SUM]] scale %[[G]] alpha %[[ONE]]
// CHECK-NOT: onnx.
func.func @sums(%x: tensor<2x3x4xf32>, %y: tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>, tensor<2x3x4xf32>) {
  %alpha = ockham.load_weight @alpha : tensor<f32>
  %g = ockham.load_weight @g : tensor<4xf32>
  %sum = onnx.Add %x, %y : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %a = onnx.Mul %sum, %alpha : (tensor<2x3x4xf32>, tensor<f32>) -> tensor<2x3x4xf32>
  %t = onnx.Tanh %a : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %0 = onnx.Mul %t, %g : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  %e = onnx.Erf %sum : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  %1 = onnx.Mul %e, %g : (tensor<2x3x4xf32>, tensor<4xf32>) -> tensor<2x3x4xf32>
  return %0, %1 : tensor<2x3x4xf32>, tensor<2x3x4xf32>
}

// -----

// A hyperbolic tangent has no offset: that belongs to its input. What is
// multiplied by a number is an activation with a gain, and an error function
// stays.
ockham.weight @offset : tensor<4xf32> = dense<0.5> : tensor<4xf32>
ockham.weight @g : tensor<4xf32> = dense<2.0> : tensor<4xf32>

// CHECK-LABEL: func.func @without_offset
// CHECK: %[[SUM:.*]] = onnx.Add %arg0
// CHECK: tfm.norm{{ +}}tanh %[[SUM]]
// CHECK: tfm.activation{{ +}}tanh
// CHECK: tfm.scale
// CHECK: onnx.Erf
// expected-remark@+1 {{2 onnx operators stay: Add (1), Erf (1)}}
func.func @without_offset(%x: tensor<?x?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) {
  %offset = ockham.load_weight @offset : tensor<4xf32>
  %g = ockham.load_weight @g : tensor<4xf32>
  %thirty = onnx.Constant dense<30.0> : tensor<f32>
  %o = onnx.Add %x, %offset : (tensor<?x?x4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  %t = onnx.Tanh %o : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Mul %t, %g : (tensor<?x?x4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  %u = onnx.Tanh %x : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %z = onnx.Mul %u, %thirty : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  // expected-remark@+1 {{onnx.Erf: 1 of 3 ops matched a GELU (erf); the argument is not x times 0.707107}}
  %e = onnx.Erf %x : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %y, %z, %e : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>
}
