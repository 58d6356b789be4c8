// Activations in their spellings.
// RUN: ockham-opt %s --convert-onnx-to-tfm --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @relu
// CHECK: tfm.activation{{ +}}relu %arg0
func.func @relu(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %y = onnx.Relu %x : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// CHECK-LABEL: func.func @gelu_erf_div
// CHECK: tfm.activation{{ +}}gelu_erf %arg0
// CHECK-NOT: onnx.
func.func @gelu_erf_div(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %sqrt2 = onnx.Constant dense<1.41421354> : tensor<f32>
  %one = onnx.Constant dense<1.0> : tensor<f32>
  %half = onnx.Constant dense<0.5> : tensor<f32>
  %0 = onnx.Div %x, %sqrt2 : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %1 = onnx.Erf %0 : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %2 = onnx.Add %1, %one : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %3 = onnx.Mul %x, %2 : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %4 = onnx.Mul %3, %half : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  return %4 : tensor<?x?x4xf32>
}

// Multiplied out, the constants split, the operands the other way round.
// CHECK-LABEL: func.func @gelu_erf_other
// CHECK: tfm.activation{{ +}}gelu_erf %arg0
// CHECK-NOT: onnx.
func.func @gelu_erf_other(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c = onnx.Constant dense<0.353553385> : tensor<f32>
  %two = onnx.Constant dense<2.0> : tensor<f32>
  %half = onnx.Constant dense<0.5> : tensor<1x1x1xf32>
  %0 = onnx.Mul %c, %x : (tensor<f32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %1 = onnx.Mul %two, %0 : (tensor<f32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %2 = onnx.Erf %1 : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %3 = onnx.Mul %half, %x : (tensor<1x1x1xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %4 = onnx.Mul %2, %3 : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %5 = onnx.Add %4, %3 : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %5 : tensor<?x?x4xf32>
}

// CHECK-LABEL: func.func @gelu_tanh_pow
// CHECK: tfm.activation{{ +}}gelu_tanh %arg0
// CHECK-NOT: onnx.
func.func @gelu_tanh_pow(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %half = onnx.Constant dense<0.5> : tensor<f32>
  %three = onnx.Constant dense<3.0> : tensor<f32>
  %cubic = onnx.Constant dense<4.471500e-02> : tensor<f32>
  %outer = onnx.Constant dense<0.797884583> : tensor<f32>
  %one = onnx.Constant dense<1.0> : tensor<f32>
  %0 = onnx.Mul %x, %half : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %1 = onnx.Pow %x, %three : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %2 = onnx.Mul %1, %cubic : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %3 = onnx.Add %x, %2 : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %4 = onnx.Mul %3, %outer : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %5 = onnx.Tanh %4 : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %6 = onnx.Add %5, %one : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %7 = onnx.Mul %0, %6 : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %7 : tensor<?x?x4xf32>
}

// x c (1 + 0.044715 x x), as fast implementations write the argument; x itself
// is a sum.
// CHECK-LABEL: func.func @gelu_tanh_factored
// CHECK: %[[X:.*]] = tfm.add_scaled %arg0, %arg1
// CHECK: tfm.activation{{ +}}gelu_tanh %[[X]]
// CHECK-NOT: onnx.
func.func @gelu_tanh_factored(%a: tensor<?x?x4xf32> {ockham.dims = ["b", "s", ""]}, %b: tensor<?x?x4xf32> {ockham.dims = ["b", "s", ""]}) -> tensor<?x?x4xf32> {
  %half = onnx.Constant dense<0.5> : tensor<f32>
  %cubic = onnx.Constant dense<4.471500e-02> : tensor<f32>
  %outer = onnx.Constant dense<0.797884583> : tensor<f32>
  %one = onnx.Constant dense<1.0> : tensor<f32>
  %x = onnx.Add %a, %b : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %0 = onnx.Mul %x, %x : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %1 = onnx.Mul %0, %cubic : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %2 = onnx.Add %one, %1 : (tensor<f32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %3 = onnx.Mul %x, %outer : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %4 = onnx.Mul %2, %3 : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %5 = onnx.Tanh %4 : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %6 = onnx.Add %one, %5 : (tensor<f32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %7 = onnx.Mul %half, %6 : (tensor<f32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %8 = onnx.Mul %7, %x : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %8 : tensor<?x?x4xf32>
}

// CHECK-LABEL: func.func @silu
// CHECK: tfm.activation{{ +}}silu %arg0
// CHECK-NOT: onnx.
func.func @silu(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %0 = onnx.Sigmoid %x : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %1 = onnx.Mul %0, %x : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %1 : tensor<?x?x4xf32>
}

// CHECK-LABEL: func.func @gelu_sigmoid
// CHECK: tfm.activation{{ +}}gelu_sigmoid %arg0
// CHECK-NOT: onnx.
func.func @gelu_sigmoid(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c = onnx.Constant dense<1.702> : tensor<f32>
  %0 = onnx.Mul %x, %c : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %1 = onnx.Sigmoid %0 : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %2 = onnx.Mul %x, %1 : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %2 : tensor<?x?x4xf32>
}

// CHECK-LABEL: func.func @leaky_relu
// CHECK: %[[S:.*]] = arith.constant dense<2.000000e-01> : tensor<f32>
// CHECK: tfm.activation{{ +}}leaky_relu %arg0 slope %[[S]] : tensor<?x?x4xf32>, tensor<f32>
// CHECK-NOT: onnx.
func.func @leaky_relu(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %zero = onnx.Constant dense<0.0> : tensor<f32>
  %slope = onnx.Constant dense<0.2> : tensor<f32>
  %0 = onnx.GreaterOrEqual %x, %zero : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xi1>
  %1 = onnx.Mul %x, %slope : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %2 = onnx.Where %0, %x, %1 : (tensor<?x?x4xi1>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %2 : tensor<?x?x4xf32>
}

// 0 > x, the branches the other way round.
// CHECK-LABEL: func.func @relu_as_where
// CHECK: tfm.activation{{ +}}relu %arg0
// CHECK-NOT: onnx.
func.func @relu_as_where(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %zero = onnx.Constant dense<0.0> : tensor<f32>
  %0 = onnx.Greater %zero, %x : (tensor<f32>, tensor<?x?x4xf32>) -> tensor<?x?x4xi1>
  %1 = onnx.Where %0, %zero, %x : (tensor<?x?x4xi1>, tensor<f32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %1 : tensor<?x?x4xf32>
}

// -----

ockham.weight @slope : tensor<1xf32> = dense<0.2> : tensor<1xf32>

// A slope that is trained stays a parameter.
// CHECK-LABEL: func.func @learned_slope
// CHECK: %[[S:.*]] = ockham.load_weight @slope
// CHECK: tfm.activation{{ +}}leaky_relu %arg0 slope %[[S]] : tensor<?x?x4xf32>, tensor<1xf32>
func.func @learned_slope(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %zero = onnx.Constant dense<0.0> : tensor<f32>
  %slope = ockham.load_weight @slope : tensor<1xf32>
  %0 = onnx.Less %x, %zero : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xi1>
  %1 = onnx.Mul %slope, %x : (tensor<1xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %2 = onnx.Where %0, %1, %x : (tensor<?x?x4xi1>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %2 : tensor<?x?x4xf32>
}
