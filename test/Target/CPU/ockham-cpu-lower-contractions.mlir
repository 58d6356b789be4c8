// RUN: ockham-opt %s -ockham-cpu-lower-contractions="tile-rows=2 tile-vectors=2 vector-bytes=32" -canonicalize | FileCheck %s
// RUN: not ockham-opt %s -ockham-cpu-lower-contractions="tile-rows=3" 2>&1 | FileCheck %s --check-prefix=BAD

// BAD: ockham-cpu-lower-contractions: tile-rows and vector-bytes must be powers of two (given 3 and 64)

// Panels of 2 vectors of 8 columns in parallel; blocks of k are packed; tiles of
// 2 rows, then one row if m is odd. C is read once the tile's sums are there.
// CHECK-LABEL: func.func @matmul
// CHECK-SAME:      %[[A:.+]]: memref<?x768xf32>, %[[B:.+]]: memref<768x?xf32>, %[[C:.+]]: memref<?x?xf32>
// CHECK:         scf.parallel
// CHECK:           %[[PANEL:.+]] = memref.alloca() {alignment = 64 : i64} : memref<512x16xf32>
// CHECK:           scf.for
// CHECK:             scf.for
// CHECK:               vector.maskedload %[[B]]
// CHECK:               vector.store %{{.+}}, %[[PANEL]]
// CHECK:             scf.for
// CHECK-NOT:           vector.maskedload %[[C]]
// CHECK:               scf.for {{.+}} -> (vector<8xf32>, vector<8xf32>, vector<8xf32>, vector<8xf32>)
// CHECK-COUNT-2:         vector.load %[[PANEL]]
// CHECK:                 memref.load %[[A]]
// CHECK-COUNT-2:         vector.fma
// CHECK:                 memref.load %[[A]]
// CHECK-COUNT-2:         vector.fma
// CHECK:               %[[OLD:.+]] = vector.maskedload %[[C]]
// CHECK:               %[[NEW:.+]] = arith.addf %[[OLD]], %{{.+}} : vector<8xf32>
// CHECK:               vector.maskedstore %[[C]]{{.+}}, %[[NEW]]
// CHECK-COUNT-3:       vector.maskedstore %[[C]]
// CHECK:             scf.if
// CHECK:               scf.for {{.+}} -> (vector<8xf32>, vector<8xf32>)
// CHECK-COUNT-2:       vector.maskedstore %[[C]]
func.func @matmul(%a: memref<?x768xf32>, %b: memref<768x?xf32>, %c: memref<?x?xf32>) {
  linalg.matmul ins(%a, %b : memref<?x768xf32>, memref<768x?xf32>) outs(%c : memref<?x?xf32>)
  return
}

// A head that reads the embedding: rows of B become columns of the panel.
// CHECK-LABEL: func.func @transposed
// CHECK-SAME:      %{{.+}}: memref<?x768xf32>, %[[B:.+]]: memref<50257x768xf32>
// CHECK:         %[[PANEL:.+]] = memref.alloca()
// CHECK:         scf.if
// CHECK:           %[[ELEMENT:.+]] = memref.load %[[B]]
// CHECK:           memref.store %[[ELEMENT]], %[[PANEL]]
// CHECK:         vector.fma
func.func @transposed(%a: memref<?x768xf32>, %b: memref<50257x768xf32>, %c: memref<?x50257xf32>) {
  linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
    ins(%a, %b : memref<?x768xf32>, memref<50257x768xf32>) outs(%c : memref<?x50257xf32>)
  return
}

// Eight columns need one vector only, and one panel: the batch is left as the
// parallel loop.
// CHECK-LABEL: func.func @batched
// CHECK-SAME:      %{{.+}}: memref<?x?x?xf32>, %[[B:[a-z0-9]+]]: memref<?x?x8xf32>
// CHECK:         scf.parallel (%[[BATCH:.+]]) =
// CHECK:           memref.alloca(){{.*}} : memref<512x8xf32>
// CHECK:           vector.load %[[B]][%[[BATCH]],
func.func @batched(%a: memref<?x?x?xf32>, %b: memref<?x?x8xf32>, %c: memref<?x?x8xf32>) {
  linalg.batch_matmul ins(%a, %b : memref<?x?x?xf32>, memref<?x?x8xf32>) outs(%c : memref<?x?x8xf32>)
  return
}

// Integers are left to the loops.
// CHECK-LABEL: func.func @integers
// CHECK:         linalg.matmul
func.func @integers(%a: memref<4x4xi32>, %b: memref<4x4xi32>, %c: memref<4x4xi32>) {
  linalg.matmul ins(%a, %b : memref<4x4xi32>, memref<4x4xi32>) outs(%c : memref<4x4xi32>)
  return
}
