// RUN: ockham-opt %s --convert-onnx-to-linalg --canonicalize --cse | FileCheck %s

// CHECK-DAG: #[[WINDOW:.*]] = affine_map<(d0, d1, d2, d3, d4) -> (d3, d0, d1, d4 * 2 + d2 * 3)>
// CHECK-DAG: #[[DIAGONAL:.*]] = affine_map<(d0, d1) -> (d0, d0, d1)>

// Indices are checked as a whole, then read in parallel.
// CHECK-LABEL: func @gather_elements
// CHECK: %[[LOW:.*]] = linalg.generic {{.*}} iterator_types = ["reduction", "reduction"]
// CHECK: ockham.check %{{.*}}, "onnx.GatherElements: index {} is outside an axis of {} elements"
// CHECK: ockham.check %{{.*}}, "onnx.GatherElements: index {} is outside an axis of {} elements"
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]
// CHECK: tensor.extract
func.func @gather_elements(%x: tensor<4x8xf32>, %i: tensor<4x2xi64>) -> tensor<4x2xf32> {
  %0 = onnx.GatherElements %x, %i {axis = 1} : (tensor<4x8xf32>, tensor<4x2xi64>) -> tensor<4x2xf32>
  return %0 : tensor<4x2xf32>
}

// One check per place in the lists.
// CHECK-LABEL: func @gather_nd
// CHECK-COUNT-4: ockham.check %{{.*}}, "onnx.GatherND: index {} is outside an axis of {} elements"
// CHECK-NOT: ockham.check
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel"]
func.func @gather_nd(%x: tensor<4x8xf32>, %i: tensor<3x2xi64>) -> tensor<3xf32> {
  %0 = onnx.GatherND %x, %i {batch_dims = 0} : (tensor<4x8xf32>, tensor<3x2xi64>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// Updates in their order, one element at a time.
// CHECK-LABEL: func @scatter_elements
// CHECK: scf.for
// CHECK: scf.for {{.*}} iter_args(%[[DATA:.*]] = %{{.*}})
// CHECK: %[[OLD:.*]] = tensor.extract %[[DATA]]
// CHECK: %[[NEW:.*]] = arith.addf %[[OLD]], %{{.*}}
// CHECK: tensor.insert %[[NEW]] into %[[DATA]]
func.func @scatter_elements(%x: tensor<4x8xf32>, %i: tensor<4x2xi64>, %u: tensor<4x2xf32>) -> tensor<4x8xf32> {
  %0 = onnx.ScatterElements add %x, %i, %u {axis = 1} : (tensor<4x8xf32>, tensor<4x2xi64>, tensor<4x2xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// Whole slices where nothing is combined.
// CHECK-LABEL: func @scatter_nd
// CHECK: scf.for
// CHECK-NOT: scf.for
// CHECK: %[[SLICE:.*]] = tensor.extract_slice %{{.*}} : tensor<3x8xf32> to tensor<8xf32>
// CHECK: tensor.insert_slice %[[SLICE]] into %{{.*}} : tensor<8xf32> into tensor<4x8xf32>
func.func @scatter_nd(%x: tensor<4x8xf32>, %i: tensor<3x1xi64>, %u: tensor<3x8xf32>) -> tensor<4x8xf32> {
  %0 = onnx.ScatterND replace %x, %i, %u : (tensor<4x8xf32>, tensor<3x1xi64>, tensor<3x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// CHECK-LABEL: func @pad
// CHECK-SAME: %[[X:.*]]: tensor<2x3xf32>
// CHECK: %[[ALL:.*]] = linalg.fill
// CHECK: tensor.insert_slice %[[X]] into %[[ALL]][0, 1] [2, 3] [1, 1] : tensor<2x3xf32> into tensor<3x4xf32>
func.func @pad(%x: tensor<2x3xf32>) -> tensor<3x4xf32> {
  %0 = onnx.Pad constant %x low [0, 1] high [1, 0] : (tensor<2x3xf32>) -> tensor<3x4xf32>
  return %0 : tensor<3x4xf32>
}

// CHECK-LABEL: func @pad_negative
// CHECK-SAME: %[[X:.*]]: tensor<5xf32>
// CHECK: %[[PART:.*]] = tensor.extract_slice %[[X]][2] [3] [1]
// CHECK: tensor.insert_slice %[[PART]] into %{{.*}}[0] [3] [1] : tensor<3xf32> into tensor<4xf32>
func.func @pad_negative(%x: tensor<5xf32>) -> tensor<4xf32> {
  %0 = onnx.Pad constant %x low [-2] high [1] : (tensor<5xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// There must be something to repeat.
// CHECK-LABEL: func @pad_edge
// CHECK: ockham.check %{{.*}}, "onnx.Pad: repeats a dimension of {} elements"
// CHECK: linalg.generic
// CHECK: tensor.extract
func.func @pad_edge(%x: tensor<?xf32>) -> tensor<?xf32> {
  %0 = onnx.Pad edge %x low [2] high [1] : (tensor<?xf32>) -> tensor<?xf32>
  return %0 : tensor<?xf32>
}

// The sums are carried beside the rows.
// CHECK-LABEL: func @cumsum
// CHECK: scf.for {{.*}} iter_args(%[[SUM:.*]] = %{{.*}}, %[[ROWS:.*]] = %{{.*}})
// CHECK: %[[NEXT:.*]] = linalg.generic {{.*}} outs(%[[SUM]] : tensor<4xf32>)
// CHECK: %[[ALL:.*]] = tensor.insert_slice %[[NEXT]] into %[[ROWS]]
// CHECK: scf.yield %[[NEXT]], %[[ALL]]
func.func @cumsum(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = onnx.CumSum %x {axis = 1} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// CHECK-LABEL: func @split_computed
// CHECK: ockham.check %{{.*}}, "onnx.Split: size {} is negative"
// CHECK: ockham.check %{{.*}}, "onnx.Split: sizes add up to {} but the extent of the axis is {}"
func.func @split_computed(%x: tensor<8xf32>, %n: index) -> (tensor<?xf32>, tensor<3xf32>) {
  %0, %1 = onnx.Split %x into [%n, 3] {axis = 0} : (tensor<8xf32>) -> (tensor<?xf32>, tensor<3xf32>)
  return %0, %1 : tensor<?xf32>, tensor<3xf32>
}

// The windows side by side, times the weights: [M, C K] by [C K, N O].
// CHECK-LABEL: func @conv
// CHECK-SAME: %[[X:.*]]: tensor<5x3x20xf32>
// CHECK: %[[WINDOWS:.*]] = linalg.generic {indexing_maps = [#[[WINDOW]], #{{.*}}]
// CHECK: } -> tensor<1x3x4x5x6xf32>
// CHECK: linalg.matmul ins(%{{.*}}, %{{.*}} : tensor<2x12xf32>, tensor<12x30xf32>)
// CHECK: linalg.transpose {{.*}} permutation = [1, 0, 2]
func.func @conv(%x: tensor<5x3x20xf32>, %w: tensor<2x3x4xf32>) -> tensor<5x2x6xf32> {
  %0 = onnx.Conv %x, %w {strides = array<i64: 2>, dilations = array<i64: 3>, pads = array<i64: 0, 0>, group = 1} : (tensor<5x3x20xf32>, tensor<2x3x4xf32>) -> tensor<5x2x6xf32>
  return %0 : tensor<5x2x6xf32>
}

// CHECK-LABEL: func @conv_groups
// CHECK: linalg.batch_matmul ins(%{{.*}}, %{{.*}} : tensor<3x2x4xf32>, tensor<3x4x17xf32>)
func.func @conv_groups(%x: tensor<1x3x20xf32>, %w: tensor<6x1x4xf32>) -> tensor<1x6x17xf32> {
  %0 = onnx.Conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 3} : (tensor<1x3x20xf32>, tensor<6x1x4xf32>) -> tensor<1x6x17xf32>
  return %0 : tensor<1x6x17xf32>
}

// CHECK-LABEL: func @einsum
// CHECK: linalg.generic {indexing_maps = [#[[DIAGONAL]], #{{.*}}], iterator_types = ["parallel", "reduction"]}
func.func @einsum(%x: tensor<4x4x8xf32>) -> tensor<4xf32> {
  %0 = onnx.Einsum "iij->i" %x : (tensor<4x4x8xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}
