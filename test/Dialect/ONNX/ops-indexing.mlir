// RUN: ockham-opt %s | ockham-opt | FileCheck %s
// RUN: ockham-opt %s --mlir-print-op-generic | ockham-opt | FileCheck %s

// Elements by index, padding, running sums, convolution, named dimensions.

// CHECK-LABEL: func @gather
func.func @gather(%x: tensor<?x8x4xf32>, %i: tensor<?x2x4xi64>, %l: tensor<?x3x1xi32>) {
  // CHECK: onnx.GatherElements %{{.*}}, %{{.*}} {axis = 1 : i64} : (tensor<?x8x4xf32>, tensor<?x2x4xi64>) -> tensor<?x2x4xf32>
  %0 = onnx.GatherElements %x, %i {axis = 1} : (tensor<?x8x4xf32>, tensor<?x2x4xi64>) -> tensor<?x2x4xf32>
  // CHECK: onnx.GatherND %{{.*}}, %{{.*}} {batch_dims = 1 : i64} : (tensor<?x8x4xf32>, tensor<?x3x1xi32>) -> tensor<?x3x4xf32>
  %1 = onnx.GatherND %x, %l {batch_dims = 1} : (tensor<?x8x4xf32>, tensor<?x3x1xi32>) -> tensor<?x3x4xf32>
  return
}

// CHECK-LABEL: func @scatter
func.func @scatter(%x: tensor<8x?xf32>, %i: tensor<2x?xi64>, %u: tensor<2x?xf32>,
                   %l: tensor<3x1xi64>, %v: tensor<3x?xf32>) {
  // CHECK: onnx.ScatterElements add %{{.*}}, %{{.*}}, %{{.*}} {axis = 0 : i64} : (tensor<8x?xf32>, tensor<2x?xi64>, tensor<2x?xf32>) -> tensor<8x?xf32>
  %0 = onnx.ScatterElements add %x, %i, %u {axis = 0}
      : (tensor<8x?xf32>, tensor<2x?xi64>, tensor<2x?xf32>) -> tensor<8x?xf32>
  // CHECK: onnx.ScatterND replace %{{.*}}, %{{.*}}, %{{.*}} : (tensor<8x?xf32>, tensor<3x1xi64>, tensor<3x?xf32>) -> tensor<8x?xf32>
  %1 = onnx.ScatterND replace %x, %l, %v : (tensor<8x?xf32>, tensor<3x1xi64>, tensor<3x?xf32>) -> tensor<8x?xf32>
  return
}

// CHECK-LABEL: func @pad
func.func @pad(%x: tensor<?x4xf32>, %v: tensor<f32>, %n: index) {
  // CHECK: onnx.Pad constant %{{.*}} value %{{.*}} low [0, 1] high [-1, %{{.*}}] : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x?xf32>
  %0 = onnx.Pad constant %x value %v low [0, 1] high [-1, %n] : (tensor<?x4xf32>, tensor<f32>) -> tensor<?x?xf32>
  // CHECK: onnx.Pad reflect %{{.*}} low [0, 2] high [0, 3] : (tensor<?x4xf32>) -> tensor<?x9xf32>
  %1 = onnx.Pad reflect %x low [0, 2] high [0, 3] : (tensor<?x4xf32>) -> tensor<?x9xf32>
  // CHECK: onnx.CumSum %{{.*}} {axis = 1 : i64, exclusive, reverse} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %2 = onnx.CumSum %x {axis = 1, exclusive, reverse} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func @split
func.func @split(%x: tensor<?x8xf32>, %n: index) {
  // CHECK: onnx.Split %{{.*}} into [%{{.*}}, 3] {axis = 1 : i64} : (tensor<?x8xf32>) -> (tensor<?x?xf32>, tensor<?x3xf32>)
  %0:2 = onnx.Split %x into [%n, 3] {axis = 1} : (tensor<?x8xf32>) -> (tensor<?x?xf32>, tensor<?x3xf32>)
  return
}

// CHECK-LABEL: func @contract
func.func @contract(%x: tensor<?x6x9x9xf32>, %w: tensor<4x3x3x3xf32>, %b: tensor<4xf32>, %m: tensor<5x5xf32>) {
  // CHECK: onnx.Conv %{{.*}}, %{{.*}} bias %{{.*}} {dilations = array<i64: 1, 2>, group = 2 : i64, pads = array<i64: 1, 0, 1, 0>, strides = array<i64: 2, 1>}
  // CHECK-SAME: -> tensor<?x4x5x5xf32>
  %0 = onnx.Conv %x, %w bias %b {strides = array<i64: 2, 1>, dilations = array<i64: 1, 2>, pads = array<i64: 1, 0, 1, 0>, group = 2}
      : (tensor<?x6x9x9xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<?x4x5x5xf32>
  // CHECK: onnx.Einsum "ii->i" %{{.*}} : (tensor<5x5xf32>) -> tensor<5xf32>
  %1 = onnx.Einsum "ii->i" %m : (tensor<5x5xf32>) -> tensor<5xf32>
  return
}
