// RUN: ockham-opt %s --convert-onnx-to-linalg -canonicalize -cse -split-input-file | FileCheck %s

// Behind the operators only bits are left, and what is done with them.

// CHECK-LABEL: func @arithmetic(
// CHECK-SAME: %arg0: tensor<?xi8> {{.*}}, %arg1: tensor<?xi8>
// CHECK-NOT: ui8
// CHECK-NOT: unrealized_conversion_cast
// CHECK: arith.divui
// CHECK: arith.remui
// CHECK: arith.maxui
// CHECK: arith.cmpi ult
// CHECK: return %{{.*}} : tensor<?xi8>
func.func @arithmetic(%x: tensor<?xui8> {ockham.dims = ["n"]},
                      %y: tensor<?xui8> {ockham.dims = ["n"]})
    -> (tensor<?xui8>, tensor<?xui8>, tensor<?xui8>, tensor<?xi1>) {
  %0 = onnx.Div %x, %y : (tensor<?xui8>, tensor<?xui8>) -> tensor<?xui8>
  %1 = onnx.Mod %0, %y : (tensor<?xui8>, tensor<?xui8>) -> tensor<?xui8>
  %2 = onnx.Max %1, %y : (tensor<?xui8>, tensor<?xui8>) -> tensor<?xui8>
  %3 = onnx.Less %2, %y : (tensor<?xui8>, tensor<?xui8>) -> tensor<?xi1>
  return %0, %1, %2, %3 : tensor<?xui8>, tensor<?xui8>, tensor<?xui8>, tensor<?xi1>
}

// -----

// CHECK-LABEL: func @casts(
// CHECK-SAME: %arg0: tensor<?xi32>, %arg1: tensor<?xf32>
// CHECK: arith.uitofp %{{.*}} : i32 to f32
// CHECK: arith.extui %{{.*}} : i32 to i64
// CHECK: arith.fptosi %{{.*}} : f32 to i64
// CHECK: arith.trunci %{{.*}} : i64 to i32
func.func @casts(%x: tensor<?xui32>, %y: tensor<?xf32>)
    -> (tensor<?xf32>, tensor<?xi64>, tensor<?xui32>) {
  %0 = onnx.Cast %x : (tensor<?xui32>) -> tensor<?xf32>
  %1 = onnx.Cast %x : (tensor<?xui32>) -> tensor<?xi64>
  %2 = onnx.Cast %y : (tensor<?xf32>) -> tensor<?xui32>
  return %0, %1, %2 : tensor<?xf32>, tensor<?xi64>, tensor<?xui32>
}

// -----

// The weight keeps its type, which its bytes have in the file.

// CHECK: ockham.weight @w : tensor<2xui8>
// CHECK-LABEL: func @constants(
// CHECK-DAG: ockham.load_weight @w : tensor<2xi8>
// CHECK-DAG: arith.constant dense<[-56, 7]> : tensor<2xi8>
// CHECK: arith.maxui
ockham.weight @w : tensor<2xui8> = dense<[1, 255]> : tensor<2xui8>
func.func @constants() -> tensor<ui8> {
  %w = ockham.load_weight @w : tensor<2xui8>
  %c = onnx.Constant dense<[200, 7]> : tensor<2xui8>
  %0 = onnx.Add %w, %c : (tensor<2xui8>, tensor<2xui8>) -> tensor<2xui8>
  %1 = onnx.ReduceMax %0 {axes = array<i64: 0>} : (tensor<2xui8>) -> tensor<ui8>
  return %1 : tensor<ui8>
}

// -----

// The extremum first, then the positions that have it.

// CHECK-LABEL: func @arg_max(
// CHECK: ockham.check %{{.*}}, "/head/ArgMax: the axis has {} elements, expected at least 1"
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]
// CHECK:   arith.maximumf
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]
// CHECK:   arith.cmpf oeq
// CHECK:   arith.cmpf uno
// CHECK:   linalg.index 1
// CHECK:   arith.minsi
func.func @arg_max(%x: tensor<?x?xf32>) -> tensor<?xi64> {
  %0 = onnx.ArgMax %x {axis = 1} : (tensor<?x?xf32>) -> tensor<?xi64> loc("/head/ArgMax")
  return %0 : tensor<?xi64>
}
