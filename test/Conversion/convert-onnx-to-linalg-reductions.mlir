// RUN: ockham-opt %s --convert-onnx-to-linalg -canonicalize -cse -split-input-file | FileCheck %s

// CHECK-LABEL: func @mean(
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]
// CHECK:   arith.addf
// CHECK: linalg.generic
// CHECK:   arith.divf %{{.*}}, %cst
// CHECK: tensor.expand_shape %{{.*}} {{\[}}[0], [1, 2]]
func.func @mean(%x: tensor<?x?x8xf32>) -> tensor<?x?x1xf32> {
  %0 = onnx.ReduceMean %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x8xf32>) -> tensor<?x?x1xf32>
  return %0 : tensor<?x?x1xf32>
}

// -----

// Half precision accumulates in f32.

// CHECK-LABEL: func @sum_of_halves(
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<?x?xf16>) outs(%{{.*}} : tensor<?xf32>)
// CHECK: arith.truncf
func.func @sum_of_halves(%x: tensor<?x?xf16>) -> tensor<?xf16> {
  %0 = onnx.ReduceSum %x {axes = array<i64: 1>} : (tensor<?x?xf16>) -> tensor<?xf16>
  return %0 : tensor<?xf16>
}

// -----

// CHECK-LABEL: func @softmax(
// CHECK: linalg.fill ins(%[[MINUS_INF:.*]] : f32)
// CHECK: linalg.generic
// CHECK:   arith.maxnumf
// CHECK: linalg.generic
// CHECK:   arith.subf
// CHECK:   math.exp
// CHECK:   arith.addf
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]
// CHECK:   math.exp
// CHECK:   arith.divf
func.func @softmax(%x: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %0 = onnx.Softmax %x {axis = 1} : (tensor<?x?xf32>) -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// Mean, variance about it, one point-wise pass with scale and bias.

// CHECK-LABEL: func @layer_norm(
// CHECK-SAME: %[[X:.*]]: tensor<?x?x8xf32>, %[[G:.*]]: tensor<8xf32>, %[[B:.*]]: tensor<8xf32>)
// CHECK: "reduction"
// CHECK: "reduction"
// CHECK: math.sqrt
// CHECK: linalg.generic {{.*}} ins(%[[X]], %{{.*}}, %{{.*}}, %[[G]], %[[B]] :
// CHECK: arith.subf
// CHECK: arith.mulf
// CHECK: arith.mulf
// CHECK: arith.addf
func.func @layer_norm(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %0 = onnx.LayerNormalization %x scale %g bias %b {axis = 2, epsilon = 1.0e-5 : f64}
      : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}
