// RUN: ockham-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" -split-input-file | FileCheck %s
// RUN: ockham-opt %s --one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" -buffer-deallocation-pipeline -split-input-file | FileCheck %s --check-prefix=DEALLOC

ockham.weight @w : tensor<2x3xf32> = dense<1.0> : tensor<2x3xf32>

// A weight is a buffer that nobody frees.
// CHECK-LABEL: func @read(
// CHECK: %[[W:.*]] = ockham.load_weight @w : memref<2x3xf32>
// CHECK: memref.load %[[W]]
// DEALLOC-LABEL: func @read(
// DEALLOC-NOT: memref.dealloc
// DEALLOC: return
func.func @read(%i: index, %n: index) -> f32 {
  %ok = arith.cmpi slt, %i, %n : index
  ockham.check %ok, "index {} is not below {}"(%i, %n) : index, index
  %w = ockham.load_weight @w : tensor<2x3xf32>
  %e = tensor.extract %w[%i, %i] : tensor<2x3xf32>
  return %e : f32
}

// -----

ockham.weight @w : tensor<2x3xf32> = dense<1.0> : tensor<2x3xf32>

// Who writes it gets a copy.
// CHECK-LABEL: func @write(
// CHECK: %[[W:.*]] = ockham.load_weight @w : memref<2x3xf32>
// CHECK: %[[COPY:.*]] = memref.alloc()
// CHECK: memref.copy %[[W]], %[[COPY]]
// CHECK: memref.store %{{.*}}, %[[COPY]]
// CHECK: return %[[COPY]]
// DEALLOC-LABEL: func @write(
func.func @write(%x: f32, %i: index) -> tensor<2x3xf32> {
  %w = ockham.load_weight @w : tensor<2x3xf32>
  %r = tensor.insert %x into %w[%i, %i] : tensor<2x3xf32>
  return %r : tensor<2x3xf32>
}
