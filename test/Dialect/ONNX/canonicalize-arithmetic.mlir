// RUN: ockham-opt %s -canonicalize | FileCheck %s

// CHECK-LABEL: func @unsigned
func.func @unsigned() -> (tensor<2xui64>, tensor<2xui64>, tensor<2xi1>, tensor<2xf32>, tensor<2xui8>) {
  // CHECK-DAG: dense<[6148914691236517205, 1]> : tensor<2xui64>
  // CHECK-DAG: dense<[18446744073709551615, 5]> : tensor<2xui64>
  // CHECK-DAG: dense<[false, true]> : tensor<2xi1>
  // CHECK-DAG: dense<[1.84467441E+19, 5.000000e+00]> : tensor<2xf32>
  // CHECK-DAG: dense<[254, 10]> : tensor<2xui8>
  %big = onnx.Constant dense<[18446744073709551615, 5]> : tensor<2xui64>
  %three = onnx.Constant dense<3> : tensor<ui64>
  %seven = onnx.Constant dense<7> : tensor<ui64>
  %one = onnx.Constant dense<1> : tensor<ui8>
  %0 = onnx.Div %big, %three : (tensor<2xui64>, tensor<ui64>) -> tensor<2xui64>
  %1 = onnx.Max %big, %three : (tensor<2xui64>, tensor<ui64>) -> tensor<2xui64>
  %2 = onnx.Less %big, %seven : (tensor<2xui64>, tensor<ui64>) -> tensor<2xi1>
  %3 = onnx.Cast %big : (tensor<2xui64>) -> tensor<2xf32>
  %bytes = onnx.Cast %big : (tensor<2xui64>) -> tensor<2xui8>
  %4 = onnx.BitShift %bytes, %one {left} : (tensor<2xui8>, tensor<ui8>) -> tensor<2xui8>
  return %0, %1, %2, %3, %4 : tensor<2xui64>, tensor<2xui64>, tensor<2xi1>, tensor<2xf32>, tensor<2xui8>
}

// CHECK-LABEL: func @remainders
func.func @remainders() -> (tensor<4xi8>, tensor<4xi8>, tensor<2xf32>) {
  // CHECK-DAG: dense<[1, -1, 2, 0]> : tensor<4xi8>
  // CHECK-DAG: dense<[1, -1, -1, 0]> : tensor<4xi8>
  // CHECK-DAG: dense<[-1.500000e+00, 1.500000e+00]> : tensor<2xf32>
  %a = onnx.Constant dense<[7, -7, -7, -128]> : tensor<4xi8>
  %b = onnx.Constant dense<[3, -3, 3, -1]> : tensor<4xi8>
  %0 = onnx.Mod %a, %b : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>
  %1 = onnx.Mod %a, %b {fmod} : (tensor<4xi8>, tensor<4xi8>) -> tensor<4xi8>
  %x = onnx.Constant dense<[-5.5, 5.5]> : tensor<2xf32>
  %y = onnx.Constant dense<2.0> : tensor<f32>
  %2 = onnx.Mod %x, %y {fmod} : (tensor<2xf32>, tensor<f32>) -> tensor<2xf32>
  return %0, %1, %2 : tensor<4xi8>, tensor<4xi8>, tensor<2xf32>
}

// A NaN on either side wins; halves go to the even number.
// CHECK-LABEL: func @floats
func.func @floats() -> (tensor<2xf32>, tensor<4xf32>, tensor<f32>) {
  // CHECK-DAG: dense<0x7FC00000> : tensor<2xf32>
  // CHECK-DAG: dense<[0.000000e+00, 2.000000e+00, 2.000000e+00, -0.000000e+00]> : tensor<4xf32>
  // CHECK-DAG: dense<0.540302277> : tensor<f32>
  %nan = onnx.Constant dense<[0x7FC00000, 1.0]> : tensor<2xf32>
  %nan2 = onnx.Constant dense<[1.0, 0x7FC00000]> : tensor<2xf32>
  %0 = onnx.Max %nan, %nan2 : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  %x = onnx.Constant dense<[0.5, 1.5, 2.5, -0.25]> : tensor<4xf32>
  %1 = onnx.Round %x : (tensor<4xf32>) -> tensor<4xf32>
  %one = onnx.Constant dense<1.0> : tensor<f32>
  %2 = onnx.Cos %one : (tensor<f32>) -> tensor<f32>
  return %0, %1, %2 : tensor<2xf32>, tensor<4xf32>, tensor<f32>
}

// What divides by zero is left to run time.
// CHECK-LABEL: func @zero
func.func @zero() -> tensor<1xui8> {
  %a = onnx.Constant dense<7> : tensor<1xui8>
  %b = onnx.Constant dense<0> : tensor<1xui8>
  // CHECK: onnx.Mod
  %0 = onnx.Mod %a, %b : (tensor<1xui8>, tensor<1xui8>) -> tensor<1xui8>
  return %0 : tensor<1xui8>
}
