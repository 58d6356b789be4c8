// RUN: ockham-opt %s -ockham-cpu-outline-parallel -canonicalize -split-input-file -verify-diagnostics | FileCheck %s

// Two layers with the same loop share one body.
// CHECK-LABEL: func.func @layers
// CHECK-SAME:      %[[X:.+]]: memref<?x8xf32>, %[[Y:.+]]: memref<?x8xf32>
// CHECK:         %[[N:.+]] = memref.dim
// CHECK:         ockham.parallel_for @[[BODY:.+]] count %{{.+}} grain %{{.+}}(%[[X]]
// CHECK:         ockham.parallel_for @[[BODY]] count %{{.+}} grain %{{.+}}(%[[Y]]
// CHECK:       func.func private @[[BODY]](%[[BEGIN:.+]]: index, %[[END:.+]]: index, %[[M:.+]]: memref<?x8xf32>
// CHECK:         memref.alloca() : memref<4xf32>
// CHECK:         scf.for %[[I:.+]] = %[[BEGIN]] to %[[END]]
// CHECK:           arith.remui %[[I]]
// CHECK:           arith.divui %[[I]]
// CHECK:           memref.store %{{.+}}, %[[M]]
// CHECK-NOT:   func.func private
func.func @layers(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %n = memref.dim %x, %c0 : memref<?x8xf32>
  scf.parallel (%i, %j) = (%c0, %c0) to (%n, %c8) step (%c1, %c1) {
    %scratch = memref.alloca() : memref<4xf32>
    %one = arith.constant 1.0 : f32
    memref.store %one, %scratch[%c0] : memref<4xf32>
    %v = memref.load %scratch[%c0] : memref<4xf32>
    memref.store %v, %x[%i, %j] : memref<?x8xf32>
    scf.reduce
  } {ockham.grain = 64 : i64}
  scf.parallel (%i, %j) = (%c0, %c0) to (%n, %c8) step (%c1, %c1) {
    %scratch = memref.alloca() : memref<4xf32>
    %one = arith.constant 1.0 : f32
    memref.store %one, %scratch[%c0] : memref<4xf32>
    %v = memref.load %scratch[%c0] : memref<4xf32>
    memref.store %v, %y[%i, %j] : memref<?x8xf32>
    scf.reduce
  } {ockham.grain = 64 : i64}
  return
}

// -----

// A parallel loop inside another runs on one thread.
// CHECK-LABEL: func.func @nested
// CHECK-COUNT-1: ockham.parallel_for
// CHECK:       func.func private
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK-NOT:   scf.parallel
func.func @nested(%x: memref<8x8xf32>, %v: f32) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    scf.parallel (%j) = (%c0) to (%c8) step (%c1) {
      memref.store %v, %x[%i, %j] : memref<8x8xf32>
      scf.reduce
    }
    scf.reduce
  }
  return
}

// -----

func.func @reduction(%v: f32) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  // expected-error @below {{has reductions, which the host's parallel loop does not have}}
  %sum = scf.parallel (%i) = (%c0) to (%c8) step (%c1) init (%v) -> f32 {
    scf.reduce(%v : f32) {
    ^bb0(%a: f32, %b: f32):
      %0 = arith.addf %a, %b : f32
      scf.reduce.return %0 : f32
    }
  }
  return %sum : f32
}
