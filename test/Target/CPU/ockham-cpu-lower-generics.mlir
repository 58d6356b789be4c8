// RUN: ockham-opt %s -ockham-cpu-lower-generics -canonicalize | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d0)>
#column = affine_map<(d0, d1) -> (d1)>

// Rows in parallel, columns in vectors of 16 floats; 40 = 2 * 16 + 8.
// CHECK-LABEL: func.func @bias
// CHECK:         %[[MASK:.+]] = arith.constant dense<[true, true, true, true, true, true, true, true, false
// CHECK:         scf.parallel
// CHECK:           scf.for
// CHECK:             vector.load %{{.+}} : memref<?x40xf32>, vector<16xf32>
// CHECK:             arith.addf %{{.+}} : vector<16xf32>
// CHECK:             vector.store
// CHECK:           vector.maskedload %{{.+}}, %[[MASK]]
// CHECK:           vector.maskedstore %{{.+}}, %[[MASK]]
// CHECK:         {ockham.grain = 409 : i64}
func.func @bias(%x: memref<?x40xf32>, %b: memref<40xf32>, %y: memref<?x40xf32>) {
  linalg.generic {indexing_maps = [#id, #column, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x, %b : memref<?x40xf32>, memref<40xf32>) outs(%y : memref<?x40xf32>) {
  ^bb0(%in: f32, %bias: f32, %out: f32):
    %0 = arith.addf %in, %bias : f32
    linalg.yield %0 : f32
  }
  return
}

// A reduction over lanes: partial sums per lane, the unknown tail masked.
// CHECK-LABEL: func.func @row_sum
// CHECK:         scf.parallel
// CHECK:           %[[WHOLE:.+]] = scf.for {{.+}} -> (vector<16xf32>)
// CHECK:           %[[SUM:.+]] = scf.if
// CHECK:             vector.maskedload
// CHECK:             arith.select
// CHECK:           vector.reduction <add>, %[[SUM]]
// CHECK:           memref.store
func.func @row_sum(%x: memref<?x?xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  }
  return
}

// The maximum starts from minus infinity in each lane.
// CHECK-LABEL: func.func @row_max
// CHECK:         arith.constant dense<0xFF800000> : vector<16xf32>
// CHECK:         vector.reduction <maximumf>
func.func @row_max(%x: memref<?x?xf32>, %y: memref<?xf32>) {
  linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x?xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.maximumf %in, %out : f32
    linalg.yield %0 : f32
  }
  return
}

// A sum over the rows: columns are lanes, the loop over rows carries them.
// CHECK-LABEL: func.func @column_sum
// CHECK:         scf.for
// CHECK:           %[[OUT:.+]] = vector.load %{{.+}} : memref<32xf32>
// CHECK:           scf.for {{.+}} iter_args({{.+}} = %[[OUT]])
// CHECK:             vector.load %{{.+}} : memref<?x32xf32>
// CHECK:           vector.store
func.func @column_sum(%x: memref<?x32xf32>, %y: memref<32xf32>) {
  linalg.generic {indexing_maps = [affine_map<(d0, d1) -> (d1, d0)>, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : memref<?x32xf32>) outs(%y : memref<32xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  }
  return
}

// A table look-up: the row number is the same for all lanes.
// CHECK-LABEL: func.func @lookup
// CHECK-SAME:      %[[TABLE:.+]]: memref<97x32xf32>
// CHECK:         %[[ROW:.+]] = arith.index_cast
// CHECK:         vector.load %[[TABLE]][%[[ROW]], %{{.+}}] : memref<97x32xf32>, vector<16xf32>
func.func @lookup(%table: memref<97x32xf32>, %ids: memref<?xi64>, %y: memref<?x32xf32>) {
  linalg.generic {indexing_maps = [#row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%ids : memref<?xi64>) outs(%y : memref<?x32xf32>) {
  ^bb0(%id: i64, %out: f32):
    %i = arith.index_cast %id : i64 to index
    %j = linalg.index 1 : index
    %0 = memref.load %table[%i, %j] : memref<97x32xf32>
    linalg.yield %0 : f32
  }
  return
}

// Causal mask: the index along the lanes is a vector.
// CHECK-LABEL: func.func @mask
// CHECK:         arith.cmpi {{.+}} : vector<16xindex>
// CHECK:         arith.select {{.+}} : vector<16xi1>, vector<16xf32>
func.func @mask(%y: memref<?x?xf32>) {
  %minus = arith.constant 0xFF800000 : f32
  linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]}
      outs(%y : memref<?x?xf32>) {
  ^bb0(%out: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %visible = arith.cmpi sle, %j, %i : index
    %0 = arith.select %visible, %out, %minus : f32
    linalg.yield %0 : f32
  }
  return
}

// Not contiguous on both sides, and booleans: element by element.
// CHECK-LABEL: func.func @transpose
// CHECK-NOT:     vector
// CHECK:         memref.load
// CHECK:         memref.store
func.func @transpose(%x: memref<4x8xf32>, %y: memref<8x4xf32>) {
  linalg.transpose ins(%x : memref<4x8xf32>) outs(%y : memref<8x4xf32>) permutation = [1, 0]
  return
}

// CHECK-LABEL: func.func @copy_bool
// CHECK-NOT:     vector
// CHECK:         memref.store
func.func @copy_bool(%x: memref<64xi1>, %y: memref<64xi1>) {
  memref.copy %x, %y : memref<64xi1> to memref<64xi1>
  return
}

// A dimension of one element is no loop: its folding would lose the grain.
// CHECK-LABEL: func.func @one_batch
// CHECK:         scf.parallel (%{{[^,]+}}) =
// CHECK:         {ockham.grain = 256 : i64}
func.func @one_batch(%x: memref<1x?x64xf32>, %y: memref<1x?x64xf32>) {
  memref.copy %x, %y : memref<1x?x64xf32> to memref<1x?x64xf32>
  return
}
