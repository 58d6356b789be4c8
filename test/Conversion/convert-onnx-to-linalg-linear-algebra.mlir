// RUN: ockham-opt %s --convert-onnx-to-linalg -canonicalize -cse -split-input-file | FileCheck %s

// All rows of a batch meet one matrix.

// CHECK-LABEL: func @rows(
// CHECK-SAME: %[[X:.*]]: tensor<?x?x8xf32>
// CHECK: %[[W:.*]] = ockham.load_weight @w
// CHECK: %[[ROWS:.*]] = tensor.collapse_shape %[[X]] {{\[}}[0, 1], [2]]
// CHECK: linalg.fill
// CHECK: %[[P:.*]] = linalg.matmul ins(%[[ROWS]], %[[W]] : tensor<?x8xf32>, tensor<8x5xf32>)
// CHECK: tensor.expand_shape %[[P]] {{\[}}[0, 1], [2]]
ockham.weight @w : tensor<8x5xf32>
func.func @rows(%x: tensor<?x?x8xf32>) -> tensor<?x?x5xf32> {
  %w = ockham.load_weight @w : tensor<8x5xf32>
  %0 = onnx.MatMul %x, %w : (tensor<?x?x8xf32>, tensor<8x5xf32>) -> tensor<?x?x5xf32>
  return %0 : tensor<?x?x5xf32>
}

// -----

// A weight is never transposed at run time.

// CHECK-DAG: #[[T:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-LABEL: func @transposed(
// CHECK-NOT: linalg.transpose
// CHECK: linalg.matmul indexing_maps = [#{{.*}}, #[[T]], #{{.*}}]
// CHECK: linalg.matmul indexing_maps = [#{{.*}}, #[[T]], #{{.*}}]
// CHECK: linalg.generic
// CHECK: arith.addf
ockham.weight @w : tensor<5x8xf32>
func.func @transposed(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>, %bias: tensor<5xf32>)
    -> (tensor<?x5xf32>, tensor<?x5xf32>) {
  %w = ockham.load_weight @w : tensor<5x8xf32>
  %t = onnx.Transpose %w {perm = array<i64: 1, 0>} : (tensor<5x8xf32>) -> tensor<8x5xf32>
  %0 = onnx.MatMul %x, %t : (tensor<?x8xf32>, tensor<8x5xf32>) -> tensor<?x5xf32>
  %1 = onnx.Gemm %y, %w, %bias {transB} : (tensor<?x8xf32>, tensor<5x8xf32>, tensor<5xf32>) -> tensor<?x5xf32>
  return %0, %1 : tensor<?x5xf32>, tensor<?x5xf32>
}

// -----

// CHECK-LABEL: func @batches(
// CHECK: tensor.collapse_shape %{{.*}} {{\[}}[0, 1], [2], [3]]
// CHECK: tensor.collapse_shape %{{.*}} {{\[}}[0, 1], [2], [3]]
// CHECK: linalg.batch_matmul
// CHECK: tensor.expand_shape %{{.*}} {{\[}}[0, 1], [2], [3]]
func.func @batches(%q: tensor<?x4x?x8xf32> {ockham.dims = ["batch", "", "sequence", ""]},
                   %k: tensor<?x4x8x?xf32> {ockham.dims = ["batch", "", "", "sequence"]})
    -> tensor<?x4x?x?xf32> {
  %0 = onnx.MatMul %q, %k : (tensor<?x4x?x8xf32>, tensor<?x4x8x?xf32>) -> tensor<?x4x?x?xf32>
  return %0 : tensor<?x4x?x?xf32>
}

// -----

// A batch of 1 is read again and again, not copied.

// CHECK-DAG: #[[ONE:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (0, d1, d4, d3)>
// CHECK-LABEL: func @broadcast(
// CHECK: linalg.generic {indexing_maps = [#{{.*}}, #[[ONE]], #{{.*}}], iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction"]}
func.func @broadcast(%q: tensor<?x4x?x8xf32>, %k: tensor<1x4x8x?xf32>) -> tensor<?x4x?x?xf32> {
  %0 = onnx.MatMul %q, %k : (tensor<?x4x?x8xf32>, tensor<1x4x8x?xf32>) -> tensor<?x4x?x?xf32>
  return %0 : tensor<?x4x?x?xf32>
}

// -----

// CHECK-LABEL: func @depth(
// CHECK: ockham.check %{{.*}}, "onnx.MatMul: cannot multiply {} columns by {} rows"
func.func @depth(%a: tensor<2x?xf32>, %b: tensor<?x3xf32>) -> tensor<2x3xf32> {
  %0 = onnx.MatMul %a, %b : (tensor<2x?xf32>, tensor<?x3xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}
