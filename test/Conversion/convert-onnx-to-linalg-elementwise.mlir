// RUN: ockham-opt %s --convert-onnx-to-linalg -canonicalize -cse -split-input-file | FileCheck %s

// Extents with one name are equal, a static 1 broadcasts, a constant scalar
// stands in the body: one generic, no check.

// CHECK-DAG: #[[ID:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
// CHECK-DAG: #[[ROW:.*]] = affine_map<(d0, d1, d2) -> (d0, d1, 0)>
// CHECK-LABEL: func @known(
// CHECK-NOT: ockham.check
// CHECK-NOT: scf.if
// CHECK: linalg.generic {indexing_maps = [#[[ID]], #[[ROW]], #[[ID]]], iterator_types = ["parallel", "parallel", "parallel"]}
// CHECK: arith.addf
// CHECK: linalg.generic {indexing_maps = [#[[ID]], #[[ID]]]
// CHECK: arith.mulf %{{.*}}, %cst
func.func @known(%x: tensor<?x?x8xf32> {ockham.dims = ["batch", "sequence", ""]},
                 %m: tensor<?x?x1xf32> {ockham.dims = ["batch", "sequence", ""]})
    -> tensor<?x?x8xf32> {
  %half = onnx.Constant dense<0.5> : tensor<f32>
  %0 = onnx.Add %x, %m : (tensor<?x?x8xf32>, tensor<?x?x1xf32>) -> tensor<?x?x8xf32>
  %1 = onnx.Mul %0, %half : (tensor<?x?x8xf32>, tensor<f32>) -> tensor<?x?x8xf32>
  return %1 : tensor<?x?x8xf32>
}

// -----

// An extent that may be 1 at run time: if the extents are equal, as above;
// otherwise each index is chosen.

// CHECK-LABEL: func @unknown(
// CHECK-SAME: %[[X:.*]]: tensor<4x8xf32>, %[[M:.*]]: tensor<?x8xf32>)
// CHECK: %[[DIM:.*]] = tensor.dim %[[M]]
// CHECK: %[[EQUAL:.*]] = arith.cmpi eq, %[[DIM]], %c4
// CHECK: %[[ONE:.*]] = arith.cmpi eq, %[[DIM]], %c1
// CHECK: %[[FITS:.*]] = arith.ori %[[EQUAL]], %[[ONE]]
// CHECK: ockham.check %[[FITS]], "/h.0/Add: extents {} and {} do not broadcast"(%[[DIM]], %c4)
// CHECK: %[[INIT:.*]] = tensor.empty() : tensor<4x8xf32>
// CHECK: scf.if %[[EQUAL]]
// CHECK:   linalg.generic {{.*}} ins(%[[X]], %{{.*}} : {{.*}}) outs(%[[INIT]]
// CHECK: } else {
// CHECK:   linalg.generic {{.*}} ins(%[[X]] : {{.*}}) outs(%[[INIT]]
// CHECK:     %[[I:.*]] = arith.select %[[ONE]], %c0
// CHECK:     tensor.extract %[[M]][%[[I]], %{{.*}}]
func.func @unknown(%x: tensor<4x8xf32>, %m: tensor<?x8xf32>) -> tensor<4x8xf32> {
  %0 = onnx.Add %x, %m : (tensor<4x8xf32>, tensor<?x8xf32>) -> tensor<4x8xf32> loc("/h.0/Add")
  return %0 : tensor<4x8xf32>
}

// -----

// CHECK-LABEL: func @powers(
// CHECK: arith.mulf %[[A:.*]], %[[A]]
// CHECK: math.sqrt
// CHECK: math.powf
func.func @powers(%x: tensor<?xf32>, %y: tensor<?xf32>, %z: tensor<?xf32>)
    -> (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) {
  %two = onnx.Constant dense<2.0> : tensor<f32>
  %half = onnx.Constant dense<0.5> : tensor<f32>
  %other = onnx.Constant dense<1.7> : tensor<f32>
  %0 = onnx.Pow %x, %two : (tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  %1 = onnx.Pow %y, %half : (tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  %2 = onnx.Pow %z, %other : (tensor<?xf32>, tensor<f32>) -> tensor<?xf32>
  return %0, %1, %2 : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>
}

// -----

// Nothing compares with a NaN; half precision is computed in f32 and rounded
// once; a conversion to integers stays within them.

// CHECK-LABEL: func @types(
// CHECK: arith.cmpf olt
// CHECK: arith.extf %{{.*}} : f16 to f32
// CHECK: math.exp %{{.*}} : f32
// CHECK: arith.truncf %{{.*}} : f32 to f16
// CHECK: arith.maxnumf
// CHECK: arith.minnumf
// CHECK: arith.fptosi
// CHECK: arith.cmpf une
func.func @types(%x: tensor<?xf32>, %h: tensor<?xf16>)
    -> (tensor<?xi1>, tensor<?xf16>, tensor<?xi32>, tensor<?xi1>) {
  %zero = onnx.Constant dense<0.0> : tensor<f32>
  %0 = onnx.Less %x, %zero : (tensor<?xf32>, tensor<f32>) -> tensor<?xi1>
  %1 = onnx.Exp %h : (tensor<?xf16>) -> tensor<?xf16>
  %2 = onnx.Cast %x : (tensor<?xf32>) -> tensor<?xi32>
  %3 = onnx.Cast %x : (tensor<?xf32>) -> tensor<?xi1>
  return %0, %1, %2, %3 : tensor<?xi1>, tensor<?xf16>, tensor<?xi32>, tensor<?xi1>
}
