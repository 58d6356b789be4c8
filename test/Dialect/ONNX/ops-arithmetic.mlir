// RUN: ockham-opt %s | ockham-opt | FileCheck %s
// RUN: ockham-opt %s --mlir-print-op-generic | ockham-opt | FileCheck %s

// CHECK-LABEL: func @binary
func.func @binary(%x: tensor<?x4xf32>, %y: tensor<4xf32>, %i: tensor<?x4xi32>, %u: tensor<4xui16>) {
  // CHECK: onnx.Max %{{.*}}, %{{.*}} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %0 = onnx.Max %x, %y : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Min
  %1 = onnx.Min %u, %u : (tensor<4xui16>, tensor<4xui16>) -> tensor<4xui16>
  // CHECK: onnx.Mod %{{.*}}, %{{.*}} : (tensor<?x4xi32>, tensor<?x4xi32>) -> tensor<?x4xi32>
  %2 = onnx.Mod %i, %i : (tensor<?x4xi32>, tensor<?x4xi32>) -> tensor<?x4xi32>
  // CHECK: onnx.Mod %{{.*}}, %{{.*}} {fmod} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  %3 = onnx.Mod %x, %y {fmod} : (tensor<?x4xf32>, tensor<4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.BitwiseAnd
  %4 = onnx.BitwiseAnd %i, %i : (tensor<?x4xi32>, tensor<?x4xi32>) -> tensor<?x4xi32>
  // CHECK: onnx.BitwiseOr
  %5 = onnx.BitwiseOr %i, %i : (tensor<?x4xi32>, tensor<?x4xi32>) -> tensor<?x4xi32>
  // CHECK: onnx.BitwiseXor
  %6 = onnx.BitwiseXor %i, %i : (tensor<?x4xi32>, tensor<?x4xi32>) -> tensor<?x4xi32>
  // CHECK: onnx.BitShift %{{.*}}, %{{.*}} : (tensor<4xui16>, tensor<4xui16>) -> tensor<4xui16>
  %7 = onnx.BitShift %u, %u : (tensor<4xui16>, tensor<4xui16>) -> tensor<4xui16>
  // CHECK: onnx.BitShift %{{.*}}, %{{.*}} {left}
  %8 = onnx.BitShift %u, %u {left} : (tensor<4xui16>, tensor<4xui16>) -> tensor<4xui16>
  return
}

// CHECK-LABEL: func @unary
func.func @unary(%x: tensor<?x4xf32>) {
  // CHECK: onnx.Sin %{{.*}} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %0 = onnx.Sin %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Cos
  %1 = onnx.Cos %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Tan
  %2 = onnx.Tan %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Asin
  %3 = onnx.Asin %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Acos
  %4 = onnx.Acos %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Atan
  %5 = onnx.Atan %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Sinh
  %6 = onnx.Sinh %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Cosh
  %7 = onnx.Cosh %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Asinh
  %8 = onnx.Asinh %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Acosh
  %9 = onnx.Acosh %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Atanh
  %10 = onnx.Atanh %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Floor
  %11 = onnx.Floor %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Ceil
  %12 = onnx.Ceil %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: onnx.Round
  %13 = onnx.Round %x : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func @reductions
func.func @reductions(%x: tensor<?x4xf32>) {
  // CHECK: onnx.ReduceMin %{{.*}} {axes = array<i64: 1>, keepdims} : (tensor<?x4xf32>) -> tensor<?x1xf32>
  %0 = onnx.ReduceMin %x {axes = array<i64: 1>, keepdims} : (tensor<?x4xf32>) -> tensor<?x1xf32>
  // CHECK: onnx.ReduceProd %{{.*}} {axes = array<i64: 0>} : (tensor<?x4xf32>) -> tensor<4xf32>
  %1 = onnx.ReduceProd %x {axes = array<i64: 0>} : (tensor<?x4xf32>) -> tensor<4xf32>
  // CHECK: onnx.ArgMax %{{.*}} {axis = 1 : i64} : (tensor<?x4xf32>) -> tensor<?xi64>
  %2 = onnx.ArgMax %x {axis = 1} : (tensor<?x4xf32>) -> tensor<?xi64>
  // CHECK: onnx.ArgMin %{{.*}} {axis = 0 : i64, keepdims, selectLast} : (tensor<?x4xf32>) -> tensor<1x4xi64>
  %3 = onnx.ArgMin %x {axis = 0, keepdims, selectLast} : (tensor<?x4xf32>) -> tensor<1x4xi64>
  return
}
