// Weights of more bytes in all than the limit go to a file beside the model: each
// at a multiple of 64 bytes, but the smallest, which runtimes want in the model.

// RUN: rm -rf %t && mkdir %t
// RUN: ockham-translate --export-onnx %s -o %t/m.onnx --max-embedded-bytes 4000
// RUN: ls %t | FileCheck %s --check-prefix=FILES
// RUN: %python %S/Inputs/dump.py %t/m.onnx | FileCheck %s
// RUN: %python -c "import onnx; onnx.checker.check_model('%t/m.onnx', full_check=True)"
// FILES: {{^}}m.onnx
// FILES-NEXT: m.onnx.data
// FILES-NOT: {{.}}
// CHECK: initializer a: FLOAT[300] location=m.onnx.data offset=0 length=1200
// CHECK: initializer small: FLOAT[2] 0000004000000040
// CHECK: initializer b: FLOAT[3, 256] location=m.onnx.data offset=1216 length=3072

// What was written is read again.
// RUN: %python -c "import onnx, onnx.numpy_helper; m = onnx.load('%t/m.onnx'); t = {i.name: onnx.numpy_helper.to_array(i) for i in m.graph.initializer}; assert (t['a'] == 1).all() and (t['b'] == 3).all()"
// RUN: ockham-translate --export-onnx %s -o %t/one.onnx --max-embedded-bytes 5000
// RUN: ls %t | FileCheck %s --check-prefix=ONE
// ONE: m.onnx.data
// ONE-NEXT: one.onnx
// ONE-NOT: {{.}}
ockham.weight @a : tensor<300xf32> = dense<1.0> : tensor<300xf32>
ockham.weight @small : tensor<2xf32> = dense<2.0> : tensor<2xf32>
ockham.weight @b : tensor<3x256xf32> = dense<3.0> : tensor<3x256xf32>
func.func @forward() -> (tensor<300xf32> {ockham.name = "y"}, tensor<2xf32> {ockham.name = "z"}, tensor<3x256xf32> {ockham.name = "u"}) attributes {ockham.entry = "forward"} {
  %a = ockham.load_weight @a : tensor<300xf32>
  %s = ockham.load_weight @small : tensor<2xf32>
  %b = ockham.load_weight @b : tensor<3x256xf32>
  %y = onnx.Relu %a : (tensor<300xf32>) -> tensor<300xf32>
  %z = onnx.Relu %s : (tensor<2xf32>) -> tensor<2xf32>
  %u = onnx.Relu %b : (tensor<3x256xf32>) -> tensor<3x256xf32>
  return %y, %z, %u : tensor<300xf32>, tensor<2xf32>, tensor<3x256xf32>
}
