// RUN: not ockham-interpret %s --entry remainder 2>&1 | FileCheck %s --check-prefix REMAINDER
// REMAINDER: 'onnx.Mod': remainder of 7 divided by zero
func.func @remainder() {
  %x = onnx.Constant dense<7> : tensor<ui8>
  %zero = onnx.Constant dense<0> : tensor<ui8>
  %0 = onnx.Mod %x, %zero : (tensor<ui8>, tensor<ui8>) -> tensor<ui8>
  return
}

// RUN: not ockham-interpret %s --entry empty 2>&1 | FileCheck %s --check-prefix EMPTY
// EMPTY: 'onnx.ArgMin': axis 1 of shape [2, 0] is empty
func.func @empty() {
  %x = onnx.Constant dense<> : tensor<2x0xf32>
  %cast = tensor.cast %x : tensor<2x0xf32> to tensor<2x?xf32>
  %0 = onnx.ArgMin %cast {axis = 1} : (tensor<2x?xf32>) -> tensor<2xi64>
  return
}
