// RUN: ockham-opt %s -ockham-bufferize-functions | FileCheck %s

// Ops that share an empty tensor, because CSE has made one of two, have a buffer
// each: neither is in use for longer than what is in it.
// CHECK-LABEL: func.func @empty
// CHECK:         %[[A:.+]] = memref.alloc
// CHECK:         linalg.exp ins(%{{.+}}) outs(%[[A]]
// CHECK:         %[[B:.+]] = memref.alloc
// CHECK:         linalg.exp ins(%[[A]] : memref<16xf32>) outs(%[[B]]
// CHECK:         %[[C:.+]] = memref.alloc
// CHECK:         linalg.exp ins(%[[B]] : memref<16xf32>) outs(%[[C]]
// CHECK-NOT:     memref.alloc
func.func @empty(%x: tensor<16xf32> {bufferization.writable = false}) -> tensor<16xf32> {
  %empty = tensor.empty() : tensor<16xf32>
  %a = linalg.exp ins(%x : tensor<16xf32>) outs(%empty : tensor<16xf32>) -> tensor<16xf32>
  %b = linalg.exp ins(%a : tensor<16xf32>) outs(%empty : tensor<16xf32>) -> tensor<16xf32>
  %c = linalg.exp ins(%b : tensor<16xf32>) outs(%empty : tensor<16xf32>) -> tensor<16xf32>
  return %c : tensor<16xf32>
}

// Sums that begin with the same zeros are filled, not copied.
// CHECK-LABEL: func.func @filled
// CHECK-COUNT-2: linalg.fill
// CHECK-NOT:     memref.copy
func.func @filled(%x: tensor<16xf32> {bufferization.writable = false}) -> (tensor<f32>, tensor<f32>) {
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<f32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<f32>) -> tensor<f32>
  %a = linalg.reduce {arith.addf} ins(%x : tensor<16xf32>) outs(%fill : tensor<f32>) dimensions = [0]
  %b = linalg.reduce {arith.maximumf} ins(%x : tensor<16xf32>) outs(%fill : tensor<f32>) dimensions = [0]
  return %a, %b : tensor<f32>, tensor<f32>
}

// What is made in front of a loop stays there.
// CHECK-LABEL: func.func @loop
// CHECK:         memref.alloc
// CHECK:         scf.for
// CHECK-NOT:       memref.alloc
// CHECK:         return
func.func @loop(%x: tensor<16xf32> {bufferization.writable = false}, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %empty = tensor.empty() : tensor<16xf32>
  scf.for %i = %c0 to %n step %c1 {
    %a = linalg.exp ins(%x : tensor<16xf32>) outs(%empty : tensor<16xf32>) -> tensor<16xf32>
    %v = tensor.extract %a[%i] : tensor<16xf32>
    %ok = arith.cmpf oge, %v, %v : f32
    ockham.check %ok, "not a number"
  }
  return
}
