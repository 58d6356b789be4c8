// A pass from outside, which uses an op of Ockham's.
// RUN: ockham-opt %s --load-pass-plugin=%build/test/Tools/CountLinears.so --pass-pipeline='builtin.module(func.func(count-linears))' --mlir-print-op-on-diagnostic=false -o /dev/null 2>&1 | FileCheck %s
// RUN: not ockham-opt %s --pass-pipeline='builtin.module(func.func(count-linears))' 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: 'count-linears' does not refer to a registered pass

// CHECK: remark: 2 linear layers
func.func @two(%x: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> tensor<?x8xf32> {
  %0 = tfm.linear %x, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  %1 = tfm.linear %0, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}

// CHECK: remark: 0 linear layers
func.func @none() {
  return
}
