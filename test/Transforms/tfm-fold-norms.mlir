// Norms with a fixed std go into the linears that read them.
// RUN: ockham-opt %s --tfm-fold-norms --split-input-file --verify-diagnostics | FileCheck %s

// (x - mean) / 2 * [1, 3] + [1, 2] in front of W = [[1, 0], [0, 2]] + [10, 20].
// diag(g/std) W = [[0.5, 0], [0, 3]]; its column means are 0.25 and 1.5; the
// shift adds [1, 4].
ockham.weight @g : tensor<2xf32> = dense<[1.0, 3.0]> : tensor<2xf32>
ockham.weight @b : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
ockham.weight @std : tensor<f32> = dense<2.0> : tensor<f32>
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>
ockham.weight @c : tensor<2xf32> = dense<[10.0, 20.0]> : tensor<2xf32>

// CHECK-DAG: ockham.weight @w.folded : tensor<2x2xf32> = dense_resource<[[W:.*]]>
// CHECK-DAG: ockham.weight @c.folded : tensor<2xf32> = dense_resource<[[C:.*]]>
// CHECK-NOT: ockham.weight @g
// CHECK-LABEL: func.func @scalar
// CHECK-NOT: tfm.norm
// CHECK: %[[W1:.*]] = ockham.load_weight @w.folded
// CHECK: %[[C1:.*]] = ockham.load_weight @c.folded
// CHECK: tfm.linear %arg0, %[[W1]] bias %[[C1]]
func.func @scalar(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %g = ockham.load_weight @g : tensor<2xf32>
  %b = ockham.load_weight @b : tensor<2xf32>
  %std = ockham.load_weight @std : tensor<f32>
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %c = ockham.load_weight @c : tensor<2xf32>
  %n = tfm.norm fixed %x scale %g shift %b std %std : tensor<?x?x2xf32>, scale tensor<2xf32>, shift tensor<2xf32>, std tensor<f32>
  %y = tfm.linear %n, %w bias %c : tensor<?x?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// A tied head that reads a fixed norm gets a weight and a bias of its own; the
// embedding keeps the table.
ockham.weight @b : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
ockham.weight @std : tensor<2xf32> = dense<[2.0, 4.0]> : tensor<2xf32>
ockham.weight @wte : tensor<3x2xf32> = dense<[[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]> : tensor<3x2xf32>

// CHECK-LABEL: func.func @tied_head
// CHECK: %[[TABLE:.*]] = ockham.load_weight @wte : tensor<3x2xf32>
// CHECK: %[[X:.*]] = tfm.embedding %arg0, %[[TABLE]]
// CHECK-NOT: tfm.norm
// CHECK: %[[W:.*]] = ockham.load_weight @wte.folded
// CHECK: %[[C:.*]] = ockham.load_weight @wte.bias.folded
// CHECK: tfm.linear %[[X]], %[[W]] bias %[[C]] : {{.*}} {transposed}
func.func @tied_head(%ids: tensor<?x?xi64>) -> tensor<?x?x3xf32> {
  %wte = ockham.load_weight @wte : tensor<3x2xf32>
  %b = ockham.load_weight @b : tensor<2xf32>
  %std = ockham.load_weight @std : tensor<2xf32>
  %x = tfm.embedding %ids, %wte : tensor<?x?xi64>, tensor<3x2xf32> -> tensor<?x?x2xf32>
  %n = tfm.norm fixed %x shift %b std %std {std_axis = #tfm<std_axis channel>} : tensor<?x?x2xf32>, shift tensor<2xf32>, std tensor<2xf32>
  %y = tfm.linear %n, %wte : tensor<?x?x2xf32>, tensor<3x2xf32> -> tensor<?x?x3xf32> {transposed}
  return %y : tensor<?x?x3xf32>
}

// -----

// A std per position leaves its inverse as a row scale; the last entry serves
// all positions beyond.
ockham.weight @std : tensor<4xf32> = dense<[1.0, 2.0, 4.0, 8.0]> : tensor<4xf32>
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>

// CHECK-LABEL: func.func @positions
// CHECK-NOT: tfm.norm
// CHECK: %[[TABLE:.*]] = ockham.load_weight @std.inverse : tensor<4xf32>
// CHECK: %[[RANGE:.*]] = onnx.Range
// CHECK: %[[AT:.*]] = onnx.Min %[[RANGE]]
// CHECK: %[[SCALE:.*]] = onnx.Gather %[[TABLE]], %[[AT]]
// CHECK: %[[ROWS:.*]] = onnx.Expand %[[SCALE]]
// CHECK: tfm.linear %arg0, %{{.*}} row_scale %[[ROWS]]
func.func @positions(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %std = ockham.load_weight @std : tensor<4xf32>
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %n = tfm.norm fixed %x std %std {std_axis = #tfm<std_axis position>} : tensor<?x?x2xf32>, std tensor<4xf32>
  %y = tfm.linear %n, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// Scale and shift of a point-wise norm go forward, the norm stays.
ockham.weight @g : tensor<2xf32> = dense<[1.0, 3.0]> : tensor<2xf32>
ockham.weight @b : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
ockham.weight @alpha : tensor<f32> = dense<2.0> : tensor<f32>
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>

// CHECK-LABEL: func.func @pointwise
// CHECK: %[[ALPHA:.*]] = ockham.load_weight @alpha
// CHECK: %[[N:.*]] = tfm.norm{{ +}}tanh %arg0 alpha %[[ALPHA]] :
// CHECK: tfm.linear %[[N]], %{{.*}} bias %{{.*}}
func.func @pointwise(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %g = ockham.load_weight @g : tensor<2xf32>
  %b = ockham.load_weight @b : tensor<2xf32>
  %alpha = ockham.load_weight @alpha : tensor<f32>
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %n = tfm.norm tanh %x scale %g shift %b alpha %alpha : tensor<?x?x2xf32>, scale tensor<2xf32>, shift tensor<2xf32>, alpha tensor<f32>
  %y = tfm.linear %n, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// Something else reads the norm: it stays for all of its readers.
ockham.weight @std : tensor<f32> = dense<2.0> : tensor<f32>
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>

// CHECK-LABEL: func.func @other_reader
// CHECK: tfm.norm{{ +}}fixed
func.func @other_reader(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %std = ockham.load_weight @std : tensor<f32>
  %w = ockham.load_weight @w : tensor<2x2xf32>
  // expected-remark@+1 {{the fixed norm stays: tfm.add_scaled reads it, which is no linear}}
  %n = tfm.norm fixed %x std %std : tensor<?x?x2xf32>, std tensor<f32>
  %y = tfm.linear %n, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %z = tfm.add_scaled %n, %y : tensor<?x?x2xf32>
  return %z : tensor<?x?x2xf32>
}

// -----

// A live norm is none of this pass's business.
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>

// CHECK-LABEL: func.func @live
// CHECK: tfm.norm{{ +}}rms
func.func @live(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %n = tfm.norm rms %x {eps = 1.0e-5 : f64} : tensor<?x?x2xf32>
  %y = tfm.linear %n, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}
