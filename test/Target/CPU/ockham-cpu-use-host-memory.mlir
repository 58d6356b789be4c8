// RUN: ockham-opt %s -ockham-cpu-use-host-memory -canonicalize | FileCheck %s

// A buffer of its own is released after its last use; the result is computed in
// the caller's memory.
// CHECK-LABEL: func.func @forward
// CHECK-SAME:      %[[X:.+]]: memref<?xf32>
// CHECK:         %[[T:.+]] = ockham.allocate
// CHECK:         memref.copy %[[X]], %[[T]]
// CHECK:         %[[Y:.+]] = ockham.output 0(%{{.+}}) : memref<?xf32>
// CHECK:         memref.copy %[[T]], %[[Y]]
// CHECK-NEXT:    ockham.release %[[T]]
// CHECK-NEXT:    return{{$}}
func.func @forward(%x: memref<?xf32>) -> memref<?xf32> attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  %t = memref.alloc(%n) : memref<?xf32>
  memref.copy %x, %t : memref<?xf32> to memref<?xf32>
  %y = memref.alloc(%n) : memref<?xf32>
  memref.copy %t, %y : memref<?xf32> to memref<?xf32>
  return %y : memref<?xf32>
}

// An input that is returned is copied; so is a buffer that is returned twice.
// CHECK-LABEL: func.func @same
// CHECK-SAME:      %[[X:.+]]: memref<4xf32>
// CHECK:         %[[A:.+]] = ockham.output 0
// CHECK:         memref.copy %[[X]], %[[A]]
// CHECK:         %[[B:.+]] = ockham.output 1
// CHECK:         memref.copy %[[X]], %[[B]]
func.func @same(%x: memref<4xf32>) -> (memref<4xf32>, memref<4xf32>) attributes {ockham.entry = "other"} {
  return %x, %x : memref<4xf32>, memref<4xf32>
}

// The product of all rows is returned by batch and sequence: no copy.
// CHECK-LABEL: func.func @reshaped
// CHECK:         %[[Y:.+]] = ockham.output 0(%{{.+}}, %{{.+}}) : memref<?x?x97xf32>
// CHECK:         %[[ROWS:.+]] = memref.collapse_shape %[[Y]] {{\[\[}}0, 1], [2]]
// CHECK:         linalg.fill ins(%{{.+}}) outs(%[[ROWS]]
// CHECK-NOT:     memref.copy
func.func @reshaped(%ids: memref<?x?xi64>) -> memref<?x?x97xf32> attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %b = memref.dim %ids, %c0 : memref<?x?xi64>
  %s = memref.dim %ids, %c1 : memref<?x?xi64>
  %rows = arith.muli %b, %s : index
  %y = memref.alloc(%rows) : memref<?x97xf32>
  linalg.fill ins(%zero : f32) outs(%y : memref<?x97xf32>)
  %out = memref.expand_shape %y [[0, 1], [2]] output_shape [%b, %s, 97] : memref<?x97xf32> into memref<?x?x97xf32>
  return %out : memref<?x?x97xf32>
}

// So it is where the extents are those of another tensor of as many rows.
// CHECK-LABEL: func.func @reshaped_as_another
// CHECK:         %[[Y:.+]] = ockham.output 0(%{{.+}}, %{{.+}}) : memref<?x?x97xf32>
// CHECK:         %[[ROWS:.+]] = memref.collapse_shape %[[Y]] {{\[\[}}0, 1], [2]]
// CHECK:         linalg.fill ins(%{{.+}}) outs(%[[ROWS]]
// CHECK-NOT:     memref.copy
func.func @reshaped_as_another(%ids: memref<?x?xi64>) -> memref<?x?x97xf32> attributes {ockham.entry = "forward"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %b = memref.dim %ids, %c0 : memref<?x?xi64>
  %s = memref.dim %ids, %c1 : memref<?x?xi64>
  %rows = arith.muli %b, %s : index
  %y = memref.alloc(%rows) : memref<?x97xf32>
  linalg.fill ins(%zero : f32) outs(%y : memref<?x97xf32>)
  %other = memref.alloc(%rows) : memref<?x32xf32>
  %hidden = memref.expand_shape %other [[0, 1], [2]] output_shape [%b, %s, 32] : memref<?x32xf32> into memref<?x?x32xf32>
  %b2 = memref.dim %hidden, %c0 : memref<?x?x32xf32>
  %s2 = memref.dim %hidden, %c1 : memref<?x?x32xf32>
  %out = memref.expand_shape %y [[0, 1], [2]] output_shape [%b2, %s2, 97] : memref<?x97xf32> into memref<?x?x97xf32>
  return %out : memref<?x?x97xf32>
}

// Functions that are no entry points keep their buffers.
// CHECK-LABEL: func.func @helper
// CHECK:         memref.alloc
func.func @helper() -> memref<4xf32> {
  %y = memref.alloc() : memref<4xf32>
  return %y : memref<4xf32>
}
