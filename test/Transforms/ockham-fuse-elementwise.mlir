// RUN: ockham-opt %s --ockham-fuse-elementwise --canonicalize --split-input-file | FileCheck %s

#id = affine_map<(d0, d1) -> (d0, d1)>
#row = affine_map<(d0, d1) -> (d1)>

// The bias moves into the activation; the product keeps its name.
// CHECK-LABEL: func @bias_and_activation
// CHECK: linalg.matmul
// CHECK: linalg.generic
// CHECK: arith.addf
// CHECK-NEXT: math.tanh
// CHECK-NOT: linalg.generic
func.func @bias_and_activation(%x: tensor<?x8xf32>, %w: tensor<8x16xf32>,
    %bias: tensor<16xf32>, %zero: tensor<?x16xf32>) -> tensor<?x16xf32> {
  %0 = linalg.matmul ins(%x, %w : tensor<?x8xf32>, tensor<8x16xf32>)
      outs(%zero : tensor<?x16xf32>) -> tensor<?x16xf32>
  %1 = linalg.generic {indexing_maps = [#id, #row, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%0, %bias : tensor<?x16xf32>, tensor<16xf32>)
      outs(%zero : tensor<?x16xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<?x16xf32>
  %2 = linalg.generic {indexing_maps = [#id, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%1 : tensor<?x16xf32>) outs(%zero : tensor<?x16xf32>) {
  ^bb0(%a: f32, %out: f32):
    %t = math.tanh %a : f32
    linalg.yield %t : f32
  } -> tensor<?x16xf32>
  return %2 : tensor<?x16xf32>
}

// -----

#id = affine_map<(d0, d1) -> (d0, d1)>
#vector = affine_map<(d0) -> (d0)>
#column = affine_map<(d0, d1) -> (d0)>

// One root per row, not one per element.
// CHECK-LABEL: func @row_statistic
// CHECK: linalg.generic
// CHECK: math.sqrt
// CHECK: linalg.generic
// CHECK: arith.mulf
func.func @row_statistic(%x: tensor<?x8xf32>, %s: tensor<?xf32>)
    -> tensor<?x8xf32> {
  %0 = linalg.generic {indexing_maps = [#vector, #vector],
      iterator_types = ["parallel"]}
      ins(%s : tensor<?xf32>) outs(%s : tensor<?xf32>) {
  ^bb0(%a: f32, %out: f32):
    %r = math.sqrt %a : f32
    linalg.yield %r : f32
  } -> tensor<?xf32>
  %1 = linalg.generic {indexing_maps = [#id, #column, #id],
      iterator_types = ["parallel", "parallel"]}
      ins(%x, %0 : tensor<?x8xf32>, tensor<?xf32>) outs(%x : tensor<?x8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    linalg.yield %m : f32
  } -> tensor<?x8xf32>
  return %1 : tensor<?x8xf32>
}
