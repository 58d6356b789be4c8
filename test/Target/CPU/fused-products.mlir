// Without an instruction for it, a fused product would be a call per element.
// RUN: ockham compile %s --passes canonicalize --cpu baseline --emit object -o %t.o --quiet
// RUN: llvm-nm --undefined-only %t.o | FileCheck %s --allow-empty
// CHECK-NOT: fma
func.func @forward(%x: tensor<?x8xf32>, %w: tensor<8x16xf32>) -> tensor<?x16xf32>
    attributes {ockham.entry = "forward"} {
  %0 = onnx.MatMul %x, %w : (tensor<?x8xf32>, tensor<8x16xf32>) -> tensor<?x16xf32>
  %1 = onnx.Exp %0 : (tensor<?x16xf32>) -> tensor<?x16xf32>
  return %1 : tensor<?x16xf32>
}
