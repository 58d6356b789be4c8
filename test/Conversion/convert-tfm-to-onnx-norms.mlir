// RUN: ockham-opt %s -split-input-file --convert-tfm-to-onnx --verify-rewrites | FileCheck %s --check-prefixes=CHECK,OLD
// RUN: ockham-opt %s -split-input-file --convert-tfm-to-onnx=opset=23 --verify-rewrites | FileCheck %s --check-prefixes=CHECK,NEW

// CHECK-LABEL: func @layer
// CHECK: onnx.LayerNormalization %{{.+}} scale %{{.+}} bias %{{.+}} {axis = 2 : i64, epsilon = 1.000000e-05 : f64}
func.func @layer(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %y = tfm.norm layer %x scale %g shift %b {eps = 1.0e-5 : f64} : tensor<?x?x8xf32>, scale tensor<8xf32>, shift tensor<8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

// The operator has eps inside the root only.
// CHECK-LABEL: func @layer_outside
// CHECK: %[[MEAN:.+]] = onnx.ReduceMean %[[X:.+]] {axes = array<i64: 2>, keepdims}
// CHECK: %[[C:.+]] = onnx.Sub %[[X]], %[[MEAN]]
// CHECK: %[[S:.+]] = onnx.Sqrt
// CHECK: %[[R:.+]] = onnx.Add %[[S]]
// CHECK: onnx.Div %[[C]], %[[R]]
func.func @layer_outside(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = tfm.norm layer %x {eps = 1.0e-5 : f64, eps_outside} : tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

// A shift has no place in RMSNormalization.
// CHECK-LABEL: func @rms
// OLD: onnx.ReduceMean
// OLD: onnx.Add
// OLD: onnx.Sqrt
// OLD: onnx.Div
// OLD: onnx.Mul
// NEW: %[[Y:.+]] = tfm.norm rms %{{.+}} scale %{{[a-z0-9]+}} {eps = 1.000000e-05 : f64}
// NEW-NEXT: onnx.Add %[[Y]]
// OLD: onnx.Add
func.func @rms(%x: tensor<?x?x8xf32>, %g: tensor<8xf32>, %b: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %y = tfm.norm rms %x scale %g shift %b {eps = 1.0e-5 : f64} : tensor<?x?x8xf32>, scale tensor<8xf32>, shift tensor<8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

// CHECK-LABEL: func @rms_outside
// CHECK-NOT: tfm.norm
// CHECK: %[[S:.+]] = onnx.Sqrt
// CHECK: onnx.Add %[[S]]
func.func @rms_outside(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = tfm.norm rms %x {eps = 1.0e-8 : f64, eps_outside} : tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

// CHECK-LABEL: func @fixed
// CHECK: onnx.ReduceMean
// CHECK: onnx.Sub
// CHECK: onnx.Div
// CHECK: onnx.Mul
func.func @fixed(%x: tensor<?x?x8xf32>, %std: tensor<f32>, %g: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %y = tfm.norm fixed %x scale %g std %std : tensor<?x?x8xf32>, scale tensor<8xf32>, std tensor<f32>
  return %y : tensor<?x?x8xf32>
}

// -----

// The last entry serves all positions beyond.
// CHECK-LABEL: func @fixed_position
// CHECK-NOT: onnx.ReduceMean
// CHECK: onnx.Constant dense<2> : tensor<i64>
// CHECK: %[[P:.+]] = onnx.Min
// CHECK: %[[S:.+]] = onnx.Gather %{{.+}}, %[[P]] {axis = 0 : i64}
// CHECK: %[[U:.+]] = onnx.Unsqueeze %[[S]] {axes = array<i64: 1>}
// CHECK: onnx.Div %{{.+}}, %[[U]]
func.func @fixed_position(%x: tensor<?x?x8xf32>, %std: tensor<3xf32>) -> tensor<?x?x8xf32> {
  %y = tfm.norm fixed %x std %std {uncentred, std_axis = #tfm<std_axis position>} : tensor<?x?x8xf32>, std tensor<3xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

// CHECK-LABEL: func @pointwise
// CHECK: onnx.Mul
// CHECK: onnx.Tanh
// CHECK: onnx.Mul
// CHECK: onnx.Add
// CHECK: onnx.Erf
func.func @pointwise(%x: tensor<?x?x8xf32>, %a: tensor<f32>, %o: tensor<8xf32>) -> tensor<?x?x8xf32> {
  %y = tfm.norm tanh %x alpha %a : tensor<?x?x8xf32>, alpha tensor<f32>
  %z = tfm.norm erf %y alpha %a offset %o : tensor<?x?x8xf32>, alpha tensor<f32>, offset tensor<8xf32>
  return %z : tensor<?x?x8xf32>
}
