// Embeddings with learned positions, and the head that is tied to them.
// RUN: ockham-opt %s --convert-onnx-to-tfm --split-input-file | FileCheck %s

ockham.weight @wte : tensor<5x4xf32> = dense<0.5> : tensor<5x4xf32>
ockham.weight @wpe : tensor<3x4xf32> = dense<0.5> : tensor<3x4xf32>

// CHECK-LABEL: func.func @range
// CHECK: tfm.embedding %arg0, %{{.*}} positions %{{.*}} : tensor<?x?xi64>, tensor<5x4xf32>, tensor<3x4xf32> -> tensor<?x?x4xf32>
// CHECK-NOT: onnx.
func.func @range(%ids: tensor<?x?xi64>) -> tensor<?x?x4xf32> {
  %wte = ockham.load_weight @wte : tensor<5x4xf32>
  %wpe = ockham.load_weight @wpe : tensor<3x4xf32>
  %c1 = arith.constant 1 : index
  %s = tensor.dim %ids, %c1 : tensor<?x?xi64>
  %si = arith.index_cast %s : index to i64
  %limit = tensor.from_elements %si : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %limit, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %tokens = onnx.Gather %wte, %ids {axis = 0} : (tensor<5x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %positions = onnx.Gather %wpe, %range {axis = 0} : (tensor<3x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %x = onnx.Add %tokens, %positions : (tensor<?x?x4xf32>, tensor<?x4xf32>) -> tensor<?x?x4xf32>
  return %x : tensor<?x?x4xf32>
}

// -----

ockham.weight @wte : tensor<5x4xf32> = dense<0.5> : tensor<5x4xf32>
ockham.weight @wpe : tensor<3x4xf32> = dense<0.5> : tensor<3x4xf32>

// Positions expanded to the batch, and added from the left.
// CHECK-LABEL: func.func @expanded
// CHECK: tfm.embedding %arg0, %{{.*}} positions %{{.*}} : tensor<?x?xi64>, tensor<5x4xf32>, tensor<3x4xf32> -> tensor<?x?x4xf32>
// CHECK-NOT: onnx.
func.func @expanded(%ids: tensor<?x?xi64>) -> tensor<?x?x4xf32> {
  %wte = ockham.load_weight @wte : tensor<5x4xf32>
  %wpe = ockham.load_weight @wpe : tensor<3x4xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %ids, %c0 : tensor<?x?xi64>
  %s = tensor.dim %ids, %c1 : tensor<?x?xi64>
  %count = onnx.Constant dense<[[0, 1, 2]]> : tensor<1x3xi64>
  %prefix = onnx.Slice %count [0] to [%s] {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<1x3xi64>) -> tensor<1x?xi64>
  %all = onnx.Expand %prefix to [%b, %s] : (tensor<1x?xi64>) -> tensor<?x?xi64>
  %tokens = onnx.Gather %wte, %ids {axis = 0} : (tensor<5x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %positions = onnx.Gather %wpe, %all {axis = 0} : (tensor<3x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %x = onnx.Add %positions, %tokens : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %x : tensor<?x?x4xf32>
}

// -----

ockham.weight @wte : tensor<5x4xf32> = dense<0.5> : tensor<5x4xf32>
ockham.weight @wpe : tensor<1x3x4xf32> = dense<0.5> : tensor<1x3x4xf32>

// The table is sliced; it loses its leading dimension.
// CHECK-LABEL: func.func @sliced_table
// CHECK: %[[P:.*]] = ockham.load_weight @wpe_3_4 : tensor<3x4xf32>
// CHECK: tfm.embedding %arg0, %{{.*}} positions %[[P]]
// CHECK-NOT: onnx.
func.func @sliced_table(%ids: tensor<?x?xi64>) -> tensor<?x?x4xf32> {
  %wte = ockham.load_weight @wte : tensor<5x4xf32>
  %wpe = ockham.load_weight @wpe : tensor<1x3x4xf32>
  %c1 = arith.constant 1 : index
  %s = tensor.dim %ids, %c1 : tensor<?x?xi64>
  %tokens = onnx.Gather %wte, %ids {axis = 0} : (tensor<5x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %positions = onnx.Slice %wpe [0] to [%s] {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<1x3x4xf32>) -> tensor<1x?x4xf32>
  %x = onnx.Add %tokens, %positions : (tensor<?x?x4xf32>, tensor<1x?x4xf32>) -> tensor<?x?x4xf32>
  return %x : tensor<?x?x4xf32>
}

// -----

ockham.weight @wte : tensor<5x4xf32> = dense<0.5> : tensor<5x4xf32>
ockham.weight @wpe : tensor<3x4xf32> = dense<0.5> : tensor<3x4xf32>

// Rows from 1 on are no positions.
// CHECK-LABEL: func.func @offset
// CHECK: tfm.embedding %arg0, %{{[^ ]*}} : tensor<?x?xi64>
// CHECK: onnx.Add
func.func @offset(%ids: tensor<?x?xi64>) -> tensor<?x?x4xf32> {
  %wte = ockham.load_weight @wte : tensor<5x4xf32>
  %wpe = ockham.load_weight @wpe : tensor<3x4xf32>
  %c1 = arith.constant 1 : index
  %s = tensor.dim %ids, %c1 : tensor<?x?xi64>
  %si = arith.index_cast %s : index to i64
  %limit = tensor.from_elements %si : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %one, %limit, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %tokens = onnx.Gather %wte, %ids {axis = 0} : (tensor<5x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %positions = onnx.Gather %wpe, %range {axis = 0} : (tensor<3x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  %x = onnx.Add %tokens, %positions : (tensor<?x?x4xf32>, tensor<?x4xf32>) -> tensor<?x?x4xf32>
  return %x : tensor<?x?x4xf32>
}

// -----

ockham.weight @wte : tensor<3x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>

// The head of a normalised model reads the embedding, transposed.
// CHECK-LABEL: func.func @tied_head
// CHECK: %[[W:.*]] = ockham.load_weight @wte
// CHECK: %[[X:.*]] = tfm.embedding %arg0, %[[W]]
// CHECK: tfm.linear %[[X]], %[[W]] : tensor<?x?x2xf32>, tensor<3x2xf32> -> tensor<?x?x3xf32> {transposed}
// CHECK-NOT: onnx.
func.func @tied_head(%ids: tensor<?x?xi64>) -> tensor<?x?x3xf32> {
  %wte = ockham.load_weight @wte : tensor<3x2xf32>
  %x = onnx.Gather %wte, %ids {axis = 0} : (tensor<3x2xf32>, tensor<?x?xi64>) -> tensor<?x?x2xf32>
  %head = onnx.Transpose %wte {perm = array<i64: 1, 0>} : (tensor<3x2xf32>) -> tensor<2x3xf32>
  %y = onnx.MatMul %x, %head : (tensor<?x?x2xf32>, tensor<2x3xf32>) -> tensor<?x?x3xf32>
  return %y : tensor<?x?x3xf32>
}

// -----

ockham.weight @wte : tensor<5x4xf32> = dense<0.5> : tensor<5x4xf32>
ockham.weight @wpe : tensor<3x4xf32> = dense<0.5> : tensor<3x4xf32>

// Positions that are rounded on the way stay.
// CHECK-LABEL: func.func @rounded
// CHECK: %[[X:.*]] = tfm.embedding %arg0, %{{.*}} : tensor<2x3xi64>, tensor<5x4xf32> -> tensor<2x3x4xf32>
// CHECK: onnx.Cast
// CHECK: onnx.Add %[[X]]
func.func @rounded(%ids: tensor<2x3xi64>) -> tensor<2x3x4xf32> {
  %wte = ockham.load_weight @wte : tensor<5x4xf32>
  %wpe = ockham.load_weight @wpe : tensor<3x4xf32>
  %range = onnx.Constant dense<[0, 1, 2]> : tensor<3xi64>
  %tokens = onnx.Gather %wte, %ids {axis = 0} : (tensor<5x4xf32>, tensor<2x3xi64>) -> tensor<2x3x4xf32>
  %positions = onnx.Gather %wpe, %range {axis = 0} : (tensor<3x4xf32>, tensor<3xi64>) -> tensor<3x4xf32>
  %half = onnx.Cast %positions : (tensor<3x4xf32>) -> tensor<3x4xf16>
  %back = onnx.Cast %half : (tensor<3x4xf16>) -> tensor<3x4xf32>
  %x = onnx.Add %tokens, %back : (tensor<2x3x4xf32>, tensor<3x4xf32>) -> tensor<2x3x4xf32>
  return %x : tensor<2x3x4xf32>
}

// -----

ockham.weight @wte : tensor<5x4xf32> = dense<0.5> : tensor<5x4xf32>
ockham.weight @wpe : tensor<3x4xf32> = dense<0.5> : tensor<3x4xf32>

// Expanded to another batch than that of the tokens.
// CHECK-LABEL: func.func @other_batch
// CHECK: %[[X:.*]] = tfm.embedding %arg0, %{{.*}} : tensor<?x?xi64>, tensor<5x4xf32> -> tensor<?x?x4xf32>
// CHECK: onnx.Add %{{.*}}, %[[X]]
func.func @other_batch(%ids: tensor<?x?xi64>, %other: tensor<?xf32>) -> tensor<?x?x4xf32> {
  %wte = ockham.load_weight @wte : tensor<5x4xf32>
  %wpe = ockham.load_weight @wpe : tensor<3x4xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %other, %c0 : tensor<?xf32>
  %s = tensor.dim %ids, %c1 : tensor<?x?xi64>
  %count = onnx.Constant dense<[[0, 1, 2]]> : tensor<1x3xi64>
  %prefix = onnx.Slice %count [0] to [%s] {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<1x3xi64>) -> tensor<1x?xi64>
  %all = onnx.Expand %prefix to [%b, %s] : (tensor<1x?xi64>) -> tensor<?x?xi64>
  %tokens = onnx.Gather %wte, %ids {axis = 0} : (tensor<5x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %positions = onnx.Gather %wpe, %all {axis = 0} : (tensor<3x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %x = onnx.Add %positions, %tokens : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %x : tensor<?x?x4xf32>
}

// -----

ockham.weight @wte : tensor<5x4xf32> = dense<0.5> : tensor<5x4xf32>
ockham.weight @row : tensor<1x1x4xf32> = dense<0.5> : tensor<1x1x4xf32>

// One row sliced by the length is not refused for longer sequences: it is
// added to all of them.
// CHECK-LABEL: func.func @one_row
// CHECK: %[[X:.*]] = tfm.embedding %arg0, %{{.*}} : tensor<?x?xi64>, tensor<5x4xf32> -> tensor<?x?x4xf32>
// CHECK: onnx.Add %[[X]]
func.func @one_row(%ids: tensor<?x?xi64>) -> tensor<?x?x4xf32> {
  %wte = ockham.load_weight @wte : tensor<5x4xf32>
  %row = ockham.load_weight @row : tensor<1x1x4xf32>
  %c1 = arith.constant 1 : index
  %s = tensor.dim %ids, %c1 : tensor<?x?xi64>
  %tokens = onnx.Gather %wte, %ids {axis = 0} : (tensor<5x4xf32>, tensor<?x?xi64>) -> tensor<?x?x4xf32>
  %positions = onnx.Slice %row [0] to [%s] {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<1x1x4xf32>) -> tensor<1x?x4xf32>
  %x = onnx.Add %tokens, %positions : (tensor<?x?x4xf32>, tensor<1x?x4xf32>) -> tensor<?x?x4xf32>
  return %x : tensor<?x?x4xf32>
}
