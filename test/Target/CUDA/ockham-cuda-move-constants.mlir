// RUN: ockham-opt %s --ockham-cuda-move-constants --split-input-file --verify-diagnostics | FileCheck %s

// CHECK: ockham.weight @table.weight : tensor<3xf32> = dense<[1.000000e+00, 2.000000e+00, 3.000000e+00]> : tensor<3xf32>
// CHECK-NOT: memref.global
// CHECK: ockham.load_weight @table.weight : memref<3xf32>
// CHECK: ockham.load_weight @table.weight : memref<3xf32>
memref.global "private" constant @table : memref<3xf32> = dense<[1.0, 2.0, 3.0]>
memref.global "private" constant @unused : memref<1xf32> = dense<4.0>
func.func @forward() -> (memref<3xf32>, memref<3xf32>) {
  %0 = memref.get_global @table : memref<3xf32>
  %1 = memref.get_global @table : memref<3xf32>
  return %0, %1 : memref<3xf32>, memref<3xf32>
}

// -----

memref.global "private" @variable : memref<3xf32> = dense<0.0>
func.func @forward() -> memref<3xf32> {
  // expected-error @+1 {{reads a global that is not constant; expected an initialised constant, which becomes a weight}}
  %0 = memref.get_global @variable : memref<3xf32>
  return %0 : memref<3xf32>
}
