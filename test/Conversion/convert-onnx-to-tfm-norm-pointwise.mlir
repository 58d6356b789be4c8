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

// Two activations in the argument: an error function of neither.
// CHECK-LABEL: func.func @two_inputs
func.func @two_inputs(%x: tensor<?x?x4xf32>, %y: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %a = onnx.Mul %x, %y : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  // expected-remark@+1 {{onnx.Erf: 1 of 3 ops matched a point-wise norm; the argument is not an activation times a parameter}}
  %e = onnx.Erf %a : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %e : tensor<?x?x4xf32>
}
