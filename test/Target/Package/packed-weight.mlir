// A layout that nobody knows is refused, not misread.
// RUN: not ockham compile %s -o %t.so 2>&1 | FileCheck %s
// RUN: not ls %t.so

// CHECK: ockham: error: weight 'w' of type tensor<4xf32> has layout 'packed-48', expected row-major or, for a matrix, panels<W[, interleave = I][, transposed]>

ockham.weight @w : tensor<4xf32> layout "packed-48" = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
func.func @forward(%x: tensor<4xf32> {ockham.name = "x"}) -> (tensor<4xf32> {ockham.name = "y"}) attributes {ockham.entry = "forward"} {
  %w = ockham.load_weight @w : tensor<4xf32>
  %0 = onnx.Add %x, %w : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
