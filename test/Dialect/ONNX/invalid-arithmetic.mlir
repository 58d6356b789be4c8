// RUN: ockham-opt %s -verify-diagnostics -split-input-file

func.func @float_remainder(%x: tensor<4xf32>) {
  // expected-error @+1 {{'onnx.Mod' op has element type 'f32' without fmod, expected integers}}
  %0 = onnx.Mod %x, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @mixed(%x: tensor<4xf32>, %y: tensor<4xf64>) {
  // expected-error @+1 {{'onnx.Max' op operands have different element types 'f32' and 'f64'}}
  %0 = onnx.Max %x, %y : (tensor<4xf32>, tensor<4xf64>) -> tensor<4xf32>
  return
}

// -----

func.func @signed_shift(%x: tensor<4xi32>) {
  // expected-error @+1 {{'onnx.BitShift' op operand #0 must be}}
  %0 = onnx.BitShift %x, %x : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @axis(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{'onnx.ArgMax' op axis 2 is outside rank 2}}
  %0 = onnx.ArgMax %x {axis = 2} : (tensor<2x4xf32>) -> tensor<2xi64>
  return
}

// -----

func.func @nothing_to_choose(%x: tensor<2x0xf32>) {
  // expected-error @+1 {{'onnx.ArgMin' op axis 1 of 'tensor<2x0xf32>' is empty}}
  %0 = onnx.ArgMin %x {axis = 1} : (tensor<2x0xf32>) -> tensor<2xi64>
  return
}

// -----

func.func @half_of_integers(%a: tensor<2x2xi32>) {
  // expected-error @+1 {{'onnx.Gemm' op has a factor of 5.000000e-01 on elements of type 'i32', expected whole numbers}}
  %0 = onnx.Gemm %a, %a {alpha = 0.5 : f64} : (tensor<2x2xi32>, tensor<2x2xi32>) -> tensor<2x2xi32>
  return
}
