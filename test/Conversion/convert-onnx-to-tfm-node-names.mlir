// Remarks name the nodes of the file.
// RUN: ockham-opt %s --convert-onnx-to-tfm -o /dev/null 2>&1 | FileCheck %s

// CHECK: remark: {{.*}}/h.0/act/Erf: 1 of 3 ops matched a GELU (erf); the argument is not x times 0.707107 (at /h.0/act/Div)
// CHECK: remark: 1 onnx operator stays: Erf (1)
func.func @gelu(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c = onnx.Constant dense<1.4> : tensor<f32>
  %0 = onnx.Div %x, %c : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32> loc("/h.0/act/Div")
  %1 = onnx.Erf %0 : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32> loc("/h.0/act/Erf")
  return %1 : tensor<?x?x4xf32>
}
