// RUN: ockham-opt %s --convert-tfm-to-onnx --verify-rewrites | FileCheck %s --check-prefixes=CHECK,OLD
// RUN: ockham-opt %s --convert-tfm-to-onnx=opset=20 --verify-rewrites | FileCheck %s --check-prefixes=CHECK,NEW

// CHECK-LABEL: func @activations
func.func @activations(%x: tensor<?x?x8xf32>, %slope: tensor<f32>) -> tensor<?x?x8xf32> {
  // CHECK: onnx.Relu
  %0 = tfm.activation relu %x : tensor<?x?x8xf32>
  // PRelu has no onnx op: the exporter writes it.
  // CHECK: tfm.activation leaky_relu
  %1 = tfm.activation leaky_relu %x slope %slope : tensor<?x?x8xf32>, tensor<f32>
  // OLD: onnx.Erf
  // OLD: onnx.Mul
  // NEW: tfm.activation gelu_erf
  %2 = tfm.activation gelu_erf %1 : tensor<?x?x8xf32>
  // OLD: onnx.Tanh
  // OLD: onnx.Mul
  // NEW: tfm.activation gelu_tanh
  %3 = tfm.activation gelu_tanh %2 : tensor<?x?x8xf32>
  // CHECK: onnx.Constant dense<1.702
  // CHECK: onnx.Sigmoid
  // CHECK: onnx.Mul
  %4 = tfm.activation gelu_sigmoid %3 : tensor<?x?x8xf32>
  // CHECK: %[[S:.+]] = onnx.Sigmoid %[[X:[0-9]+]]
  // CHECK: onnx.Mul %[[X]], %[[S]]
  %5 = tfm.activation silu %4 : tensor<?x?x8xf32>
  // CHECK: onnx.Tanh
  %6 = tfm.activation tanh %5 : tensor<?x?x8xf32>
  // CHECK: onnx.Sigmoid
  %7 = tfm.activation sigmoid %6 : tensor<?x?x8xf32>
  // CHECK: onnx.Add
  %8 = tfm.add_scaled %0, %7 : tensor<?x?x8xf32>
  return %8 : tensor<?x?x8xf32>
}
