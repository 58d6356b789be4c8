// RUN: ockham-opt %s --convert-onnx-to-linalg -verify-diagnostics -split-input-file

// Types alone do not tell that 6 elements are reshaped to 4.
func.func @followed(%x: tensor<2x3xf32>) -> tensor<?x?xf32> {
  %sizes = onnx.Constant dense<[2, 2]> : tensor<2xi64>
  %c0 = arith.constant 0 : index
  %e = tensor.extract %sizes[%c0] : tensor<2xi64>
  %n = arith.index_cast %e : i64 to index
  // expected-error @below {{has operands whose extents contradict each other}}
  %0 = onnx.Reshape %x to [%n, %n] : (tensor<2x3xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}
