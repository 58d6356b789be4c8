// RUN: ockham-opt %s -split-input-file --convert-tfm-to-onnx --verify-rewrites | FileCheck %s

// CHECK-LABEL: func @embedding
// CHECK-SAME: %[[IDS:.+]]: tensor<?x?xi64>, %[[TABLE:.+]]: tensor<97x8xf32>, %[[POSITIONS:.+]]: tensor<16x8xf32>
// CHECK: %[[TOKENS:.+]] = onnx.Gather %[[TABLE]], %[[IDS]] {axis = 0 : i64}
// CHECK: %[[RANGE:.+]] = onnx.Range
// CHECK: %[[ROWS:.+]] = onnx.Gather %[[POSITIONS]], %[[RANGE]] {axis = 0 : i64}
// CHECK: onnx.Add %[[TOKENS]], %[[ROWS]]
func.func @embedding(%ids: tensor<?x?xi64>, %table: tensor<97x8xf32>, %positions: tensor<16x8xf32>) -> tensor<?x?x8xf32> {
  %y = tfm.embedding %ids, %table positions %positions : tensor<?x?xi64>, tensor<97x8xf32>, tensor<16x8xf32> -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

// CHECK-LABEL: func @linear
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x?x8xf32>, %[[W:[a-z0-9]+]]: tensor<8x4xf32>, %[[B:[a-z0-9]+]]: tensor<4xf32>
// CHECK: %[[Y:.+]] = onnx.MatMul %[[X]], %[[W]]
// CHECK: onnx.Add %[[Y]], %[[B]]
func.func @linear(%x: tensor<?x?x8xf32>, %w: tensor<8x4xf32>, %b: tensor<4xf32>) -> tensor<?x?x4xf32> {
  %y = tfm.linear %x, %w bias %b : tensor<?x?x8xf32>, tensor<8x4xf32>, tensor<4xf32> -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

// The bias comes after the row scale, what is accumulated onto last.
// CHECK-LABEL: func @linear_all
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<2x3x8xf32>, %[[W:[a-z0-9]+]]: tensor<8x8xf32>, %[[B:[a-z0-9]+]]: tensor<8xf32>, %[[SKIP:[a-z0-9]+]]: tensor<f32>, %[[RESID:[a-z0-9]+]]: tensor<1xf32>, %[[ROWS:[a-z0-9]+]]: tensor<2x3xf32>, %[[INIT:[a-z0-9]+]]: tensor<2x3x8xf32>
// CHECK: %[[T:.+]] = onnx.Transpose %[[W]]
// CHECK: %[[P:.+]] = onnx.MatMul %[[X]], %[[T]]
// CHECK: %[[R:.+]] = onnx.Mul %[[P]], %[[RESID]]
// CHECK: %[[K:.+]] = onnx.Mul %[[X]], %[[SKIP]]
// CHECK: %[[M:.+]] = onnx.Add %[[R]], %[[K]]
// CHECK: %[[S:.+]] = onnx.Unsqueeze %[[ROWS]] {axes = array<i64: 2>}
// CHECK: %[[MS:.+]] = onnx.Mul %[[M]], %[[S]]
// CHECK: %[[Y:.+]] = onnx.Add %[[MS]], %[[B]]
// CHECK: onnx.Add %[[INIT]], %[[Y]]
func.func @linear_all(%x: tensor<2x3x8xf32>, %w: tensor<8x8xf32>, %b: tensor<8xf32>, %skip: tensor<f32>, %resid: tensor<1xf32>, %rows: tensor<2x3xf32>, %init: tensor<2x3x8xf32>) -> tensor<2x3x8xf32> {
  %y = tfm.linear %x, %w bias %b skip %skip resid %resid row_scale %rows init %init : tensor<2x3x8xf32>, tensor<8x8xf32>, tensor<8xf32> skip tensor<f32> resid tensor<1xf32> row_scale tensor<2x3xf32> init tensor<2x3x8xf32> -> tensor<2x3x8xf32> {transposed}
  return %y : tensor<2x3x8xf32>
}

// -----

// CHECK-LABEL: func @split
// CHECK: onnx.Split %{{.+}} into [4, 2, 2] {axis = 2 : i64}
func.func @split(%x: tensor<?x?x8xf32>) -> (tensor<?x?x4xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
  %q, %k, %v = tfm.split %x : tensor<?x?x8xf32> -> tensor<?x?x4xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
  return %q, %k, %v : tensor<?x?x4xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
}

// -----

// CHECK-LABEL: func @gains
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x8xf32>, %[[Y:[a-z0-9]+]]: tensor<?x8xf32>, %[[G:[a-z0-9]+]]: tensor<8xf32>, %[[H:[a-z0-9]+]]: tensor<1xf32>
// CHECK: %[[XG:.+]] = onnx.Mul %[[X]], %[[G]]
// CHECK: %[[YH:.+]] = onnx.Mul %[[Y]], %[[H]]
// CHECK: %[[SUM:.+]] = onnx.Add %[[XG]], %[[YH]]
// CHECK: %[[SCALED:.+]] = onnx.Mul %[[SUM]], %[[G]]
// CHECK: onnx.Mul %[[SCALED]], %[[Y]]
func.func @gains(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>, %g: tensor<8xf32>, %h: tensor<1xf32>) -> tensor<?x8xf32> {
  %sum = tfm.add_scaled %x gain %g, %y gain %h : tensor<?x8xf32>, gain tensor<8xf32>, gain tensor<1xf32>
  %z = tfm.scale %sum, %g : tensor<?x8xf32>, tensor<8xf32>
  %gate = tfm.gate %z, %y : tensor<?x8xf32>
  return %gate : tensor<?x8xf32>
}

// -----

// Branches one after the other.
// CHECK-LABEL: func @parallel
// CHECK-NOT: tfm.parallel
// CHECK: %[[A:.+]] = onnx.Relu
// CHECK: %[[B:.+]] = onnx.Tanh
// CHECK: return %[[A]], %[[B]]
func.func @parallel(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %a, %b = tfm.parallel {
    %0 = tfm.activation relu %x : tensor<?x?x8xf32>
    tfm.yield %0 : tensor<?x?x8xf32>
  }, {
    %1 = tfm.activation tanh %x : tensor<?x?x8xf32>
    tfm.yield %1 : tensor<?x?x8xf32>
  } : tensor<?x?x8xf32>, tensor<?x?x8xf32>
  return %a, %b : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}
