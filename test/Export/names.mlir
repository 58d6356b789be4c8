// Inputs, outputs, dimensions, weights and nodes are called what the file called
// them; nothing else takes these names.

// RUN: ockham-translate --export-onnx %s -o %t.onnx
// RUN: %python %S/Inputs/dump.py %t.onnx | FileCheck %s
// RUN: %python -c "import onnx; onnx.checker.check_model('%t.onnx', full_check=True)"

// CHECK: ir 8, opsets {'': 17}, by ockham
// CHECK-NEXT: graph forward
// CHECK-NEXT: input x: FLOAT[batch, ?, 4]
// CHECK-NEXT: output y: FLOAT[batch, ?, 2]
// CHECK-NEXT: output same: FLOAT[batch, ?, 2]
// CHECK-NEXT: output copy: FLOAT[batch, ?, 4]
// CHECK-NEXT: output constant: FLOAT[1]
// CHECK-NEXT: initializer wte.weight: FLOAT[4, 2]
// CHECK-NEXT: initializer constant_1: FLOAT[1] 0000803f
// CHECK-NOT: initializer
// CHECK: /h.0/MatMul: y = MatMul(x, wte.weight)
// CHECK-NEXT: Identity: same = Identity(y)
// CHECK-NEXT: Identity_1: copy = Identity(x)
// CHECK-NEXT: Identity_2: constant = Identity(constant_1)
// CHECK-NOT: {{.}}
ockham.weight @wte : tensor<4x2xf32> from "wte.weight" = dense<1.0> : tensor<4x2xf32>
ockham.weight @constant : tensor<1xf32> = dense<1.0> : tensor<1xf32>
func.func @forward(%x: tensor<?x?x4xf32> {ockham.name = "x", ockham.dims = ["batch", "", ""]})
    -> (tensor<?x?x2xf32> {ockham.name = "y", ockham.dims = ["batch", "", ""]},
        tensor<?x?x2xf32> {ockham.name = "same", ockham.dims = ["batch", "", ""]},
        tensor<?x?x4xf32> {ockham.name = "copy", ockham.dims = ["batch", "", ""]},
        tensor<1xf32> {ockham.name = "constant", ockham.dims = [""]})
    attributes {ockham.entry = "forward"} {
  %w = ockham.load_weight @wte : tensor<4x2xf32>
  // The same weight in another place is the same initializer.
  %again = ockham.load_weight @wte : tensor<4x2xf32>
  %c = ockham.load_weight @constant : tensor<1xf32>
  %y = onnx.MatMul %x, %again : (tensor<?x?x4xf32>, tensor<4x2xf32>) -> tensor<?x?x2xf32> loc("/h.0/MatMul")
  %open = tensor.cast %y : tensor<?x?x2xf32> to tensor<?x?x?xf32>
  %closed = tensor.cast %open : tensor<?x?x?xf32> to tensor<?x?x2xf32>
  return %closed, %y, %x, %c : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x4xf32>, tensor<1xf32>
}
