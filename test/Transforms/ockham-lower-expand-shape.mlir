// RUN: ockham-opt %s --ockham-lower-expand-shape | FileCheck %s

// Rows into batch and sequence: the extents come from the op.
// CHECK-LABEL: func @rows
// CHECK-SAME: %[[SOURCE:.*]]: memref<?x9xf32>, %[[B:.*]]: index, %[[T:.*]]: index
// CHECK: %[[BASE:.*]], %{{.*}}, %{{.*}}:2, %[[STRIDES:.*]]:2 = memref.extract_strided_metadata %[[SOURCE]]
// CHECK: %[[STRIDE:.*]] = arith.muli %[[STRIDES]]#0, %[[T]]
// CHECK: memref.reinterpret_cast %[[BASE]] to offset: [0], sizes: [%[[B]], %[[T]], 9], strides: [%[[STRIDE]], 9, 1]
func.func @rows(%rows: memref<?x9xf32>, %b: index, %t: index) -> memref<?x?x9xf32> {
  %0 = memref.expand_shape %rows [[0, 1], [2]] output_shape [%b, %t, 9]
      : memref<?x9xf32> into memref<?x?x9xf32>
  return %0 : memref<?x?x9xf32>
}

// One unknown extent per group is upstream's business.
// CHECK-LABEL: func @heads
// CHECK: memref.expand_shape
func.func @heads(%rows: memref<?x8xf32>, %b: index) -> memref<?x2x4xf32> {
  %0 = memref.expand_shape %rows [[0], [1, 2]] output_shape [%b, 2, 4]
      : memref<?x8xf32> into memref<?x2x4xf32>
  return %0 : memref<?x2x4xf32>
}
