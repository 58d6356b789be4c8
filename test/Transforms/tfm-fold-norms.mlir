// Norms with a fixed std go into the linears that read them.
// RUN: ockham-opt %s --tfm-fold-norms --split-input-file --verify-diagnostics | FileCheck %s

// (x - mean) / 2 * [1, 3] + [1, 2] in front of W = [[1, 0], [0, 2]] + [10, 20].
// diag(g/std) W = [[0.5, 0], [0, 3]]; its column means are 0.25 and 1.5; the
// shift adds [1, 4].
ockham.weight @ln_1.weight : tensor<2xf32> = dense<[1.0, 3.0]> : tensor<2xf32>
ockham.weight @ln_1.bias : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
ockham.weight @std : tensor<f32> = dense<2.0> : tensor<f32>
ockham.weight @c_attn.weight : tensor<2x2xf32> = dense<[[1.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>
ockham.weight @c_attn.bias : tensor<2xf32> = dense<[10.0, 20.0]> : tensor<2xf32>

// CHECK-NOT: ockham.weight @ln_1
// CHECK-LABEL: func.func @scalar
// CHECK-NOT: tfm.norm
// CHECK: %[[W1:.*]] = ockham.load_weight @c_attn.weight.folded
// CHECK: %[[C1:.*]] = ockham.load_weight @c_attn.bias.folded
// CHECK: tfm.linear %arg0, %[[W1]] bias %[[C1]]
func.func @scalar(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %g = ockham.load_weight @ln_1.weight : tensor<2xf32>
  %b = ockham.load_weight @ln_1.bias : tensor<2xf32>
  %std = ockham.load_weight @std : tensor<f32>
  %w = ockham.load_weight @c_attn.weight : tensor<2x2xf32>
  %c = ockham.load_weight @c_attn.bias : tensor<2xf32>
  // expected-remark@+1 {{ln_1 folded into c_attn}}
  %n = tfm.norm fixed %x scale %g shift %b std %std : tensor<?x?x2xf32>, scale tensor<2xf32>, shift tensor<2xf32>, std tensor<f32>
  %y = tfm.linear %n, %w bias %c : tensor<?x?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// A tied head that reads a fixed norm gets a weight and a bias of its own; the
// embedding keeps the table.
ockham.weight @f.bias : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
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
  %b = ockham.load_weight @f.bias : tensor<2xf32>
  %std = ockham.load_weight @std : tensor<2xf32>
  %x = tfm.embedding %ids, %wte : tensor<?x?xi64>, tensor<3x2xf32> -> tensor<?x?x2xf32>
  // expected-remark@+1 {{f folded into head (tied to wte), which is no longer tied and has a bias now}}
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
  // expected-remark@+1 {{tfm.norm folded into w, which keeps a scale per position}}
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
  // expected-remark@+1 {{scale and shift of g folded into w, which has a bias now}}
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
  // expected-remark@+1 {{tfm.norm stays: tfm.add_scaled reads it, which is no linear of it}}
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

// -----

// Readers that cannot take a norm.
ockham.weight @std : tensor<f32> = dense<2.0> : tensor<f32>
ockham.weight @stds : tensor<4xf32> = dense<[1.0, 2.0, 4.0, 8.0]> : tensor<4xf32>
ockham.weight @zeros : tensor<4xf32> = dense<[1.0, 2.0, 0.0, 8.0]> : tensor<4xf32>
ockham.weight @zero : tensor<f32> = dense<0.0> : tensor<f32>
ockham.weight @b : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>
ockham.weight @elsewhere : tensor<2x2xf32>
ockham.weight @skip : tensor<f32> = dense<0.5> : tensor<f32>

// CHECK-LABEL: func.func @kept
// CHECK-COUNT-9: tfm.norm{{ +}}fixed
// CHECK: tfm.norm{{ +}}tanh %{{.*}} shift
func.func @kept(%x: tensor<1x4x2xf32>, %given: tensor<f32>, %rows: tensor<1x4xf32>, %past: tensor<1xi64>) -> tensor<1x4x2xf32> {
  %std = ockham.load_weight @std : tensor<f32>
  %stds = ockham.load_weight @stds : tensor<4xf32>
  %zeros = ockham.load_weight @zeros : tensor<4xf32>
  %zero = ockham.load_weight @zero : tensor<f32>
  %b = ockham.load_weight @b : tensor<2xf32>
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %elsewhere = ockham.load_weight @elsewhere : tensor<2x2xf32>
  %skip = ockham.load_weight @skip : tensor<f32>
  // expected-remark@+1 {{tfm.norm stays: w is reparametrised}}
  %n0 = tfm.norm fixed %x std %std : tensor<1x4x2xf32>, std tensor<f32>
  %0 = tfm.linear %n0, %w skip %skip : tensor<1x4x2xf32>, tensor<2x2xf32> skip tensor<f32> -> tensor<1x4x2xf32>
  // expected-remark@+1 {{tfm.norm stays: the elements of elsewhere are not here}}
  %n1 = tfm.norm fixed %0 std %std : tensor<1x4x2xf32>, std tensor<f32>
  %1 = tfm.linear %n1, %elsewhere : tensor<1x4x2xf32>, tensor<2x2xf32> -> tensor<1x4x2xf32>
  // expected-remark@+1 {{b stays: w has a row scale already}}
  %n2 = tfm.norm fixed %1 shift %b std %std : tensor<1x4x2xf32>, shift tensor<2xf32>, std tensor<f32>
  %2 = tfm.linear %n2, %w row_scale %rows : tensor<1x4x2xf32>, tensor<2x2xf32> row_scale tensor<1x4xf32> -> tensor<1x4x2xf32>
  // expected-remark@+1 {{tfm.norm stays: w has a row scale already}}
  %n3 = tfm.norm fixed %2 std %stds {std_axis = #tfm<std_axis position>} : tensor<1x4x2xf32>, std tensor<4xf32>
  %3 = tfm.linear %n3, %w row_scale %rows : tensor<1x4x2xf32>, tensor<2x2xf32> row_scale tensor<1x4xf32> -> tensor<1x4x2xf32>
  // expected-remark@+1 {{tfm.norm stays: its std, scale or shift is not known}}
  %n4 = tfm.norm fixed %3 std %given : tensor<1x4x2xf32>, std tensor<f32>
  %4 = tfm.linear %n4, %w : tensor<1x4x2xf32>, tensor<2x2xf32> -> tensor<1x4x2xf32>
  // expected-remark@+1 {{tfm.norm stays: its std follows positions that are given at run time}}
  %n5 = tfm.norm fixed %4 std %stds past %past {std_axis = #tfm<std_axis position>} : tensor<1x4x2xf32>, std tensor<4xf32>, past tensor<1xi64>
  %5 = tfm.linear %n5, %w : tensor<1x4x2xf32>, tensor<2x2xf32> -> tensor<1x4x2xf32>
  // expected-remark@+1 {{tfm.norm stays: w would not be finite (is a std zero?)}}
  %n6 = tfm.norm fixed %5 std %zero : tensor<1x4x2xf32>, std tensor<f32>
  %6 = tfm.linear %n6, %w : tensor<1x4x2xf32>, tensor<2x2xf32> -> tensor<1x4x2xf32>
  // expected-remark@+1 {{tfm.norm stays: a std is zero}}
  %n7 = tfm.norm fixed %6 std %zeros {std_axis = #tfm<std_axis position>} : tensor<1x4x2xf32>, std tensor<4xf32>
  %7 = tfm.linear %n7, %w : tensor<1x4x2xf32>, tensor<2x2xf32> -> tensor<1x4x2xf32>
  // As the summand that a product accumulates onto, it is not multiplied.
  // expected-remark@+1 {{tfm.norm stays: tfm.linear reads it, which is no linear of it}}
  %n8 = tfm.norm fixed %7 std %std : tensor<1x4x2xf32>, std tensor<f32>
  %8 = tfm.linear %7, %w init %n8 : tensor<1x4x2xf32>, tensor<2x2xf32> init tensor<1x4x2xf32> -> tensor<1x4x2xf32>
  // expected-remark@+1 {{b keeps its scale and shift: tfm.activation reads it, which is no linear of it}}
  %n9 = tfm.norm tanh %8 shift %b alpha %std : tensor<1x4x2xf32>, shift tensor<2xf32>, alpha tensor<f32>
  %9 = tfm.activation relu %n9 : tensor<1x4x2xf32>
  return %9 : tensor<1x4x2xf32>
}

// -----

// A linear with a row scale takes a norm without a shift: the scale is of the
// product.
ockham.weight @std : tensor<f32> = dense<2.0> : tensor<f32>
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>

// CHECK-LABEL: func.func @behind_row_scale
// CHECK-NOT: tfm.norm
// CHECK: tfm.linear %arg0, %{{.*}} row_scale %arg1
func.func @behind_row_scale(%x: tensor<1x4x2xf32>, %rows: tensor<1x4xf32>) -> tensor<1x4x2xf32> {
  %std = ockham.load_weight @std : tensor<f32>
  %w = ockham.load_weight @w : tensor<2x2xf32>
  // expected-remark@+1 {{tfm.norm folded into w}}
  %n = tfm.norm fixed %x std %std : tensor<1x4x2xf32>, std tensor<f32>
  %y = tfm.linear %n, %w row_scale %rows : tensor<1x4x2xf32>, tensor<2x2xf32> row_scale tensor<1x4xf32> -> tensor<1x4x2xf32>
  return %y : tensor<1x4x2xf32>
}

// -----

// What does not fit into float16 is not folded into it.
ockham.weight @std : tensor<f16> = dense<1.0e-4> : tensor<f16>
ockham.weight @w : tensor<2x2xf16> = dense<[[100.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf16>

// CHECK-LABEL: func.func @overflow
// CHECK: tfm.norm{{ +}}fixed
func.func @overflow(%x: tensor<?x?x2xf16>) -> tensor<?x?x2xf16> {
  %std = ockham.load_weight @std : tensor<f16>
  %w = ockham.load_weight @w : tensor<2x2xf16>
  // expected-remark@+1 {{tfm.norm stays: w would not be finite}}
  %n = tfm.norm fixed %x std %std : tensor<?x?x2xf16>, std tensor<f16>
  %y = tfm.linear %n, %w : tensor<?x?x2xf16>, tensor<2x2xf16> -> tensor<?x?x2xf16>
  return %y : tensor<?x?x2xf16>
}

// -----

// Norms that share a std share its inverse.
ockham.weight @std : tensor<4xf32> = dense<[1.0, 2.0, 4.0, 8.0]> : tensor<4xf32>
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>

// CHECK-COUNT-1: ockham.weight @std.inverse
// CHECK-NOT: ockham.weight @std
// CHECK-LABEL: func.func @shared_std
func.func @shared_std(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %std = ockham.load_weight @std : tensor<4xf32>
  %w = ockham.load_weight @w : tensor<2x2xf32>
  // expected-remark@+1 {{tfm.norm folded into w, which keeps a scale per position}}
  %n = tfm.norm fixed %x std %std {std_axis = #tfm<std_axis position>} : tensor<?x?x2xf32>, std tensor<4xf32>
  %y = tfm.linear %n, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  // expected-remark@+1 {{tfm.norm folded into w, which keeps a scale per position}}
  %m = tfm.norm fixed %y std %std {std_axis = #tfm<std_axis position>} : tensor<?x?x2xf32>, std tensor<4xf32>
  %z = tfm.linear %m, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  return %z : tensor<?x?x2xf32>
}

// -----

// Widths that are not known, and a matrix that is an argument.
ockham.weight @std : tensor<f32> = dense<2.0> : tensor<f32>

// CHECK-LABEL: func.func @unknown_width
// CHECK-COUNT-2: tfm.norm{{ +}}fixed
func.func @unknown_width(%x: tensor<?x?x?xf32>, %w: tensor<?x?xf32>) -> tensor<?x?x?xf32> {
  %std = ockham.load_weight @std : tensor<f32>
  // expected-remark@+1 {{tfm.norm stays: its width is not known}}
  %n = tfm.norm fixed %x std %std : tensor<?x?x?xf32>, std tensor<f32>
  %y = tfm.linear %n, %w : tensor<?x?x?xf32>, tensor<?x?xf32> -> tensor<?x?x?xf32>
  // expected-remark@+1 {{tfm.norm stays: its width is not known}}
  %m = tfm.norm fixed %y std %std : tensor<?x?x?xf32>, std tensor<f32>
  return %m : tensor<?x?x?xf32>
}

// -----

// Two modules in one: what they call alike is not the same.
// CHECK: module @a
// CHECK: ockham.weight @std.inverse : tensor<2xf32> = dense_resource<[[A:[a-z0-9_.]+]]>
// CHECK: func.func @nested
// CHECK-NOT: tfm.norm
// CHECK: ockham.load_weight @std.inverse
// CHECK: module @b
// CHECK: ockham.weight @std.inverse : tensor<2xf32> = dense_resource<[[B:[a-z0-9_.]+]]>
// CHECK: func.func @nested
// CHECK-NOT: tfm.norm
// CHECK: ockham.load_weight @std.inverse
// CHECK-DAG: [[A]]: "0x010000000000003F0000803E"
// CHECK-DAG: [[B]]: "0x01000000CDCC4C3DCDCCCC3C"
module @a {
  ockham.weight @std : tensor<2xf32> = dense<[2.0, 4.0]> : tensor<2xf32>
  ockham.weight @w1 : tensor<2x2xf32> = dense<[[1.0, 0.5], [0.25, 2.0]]> : tensor<2x2xf32>
  func.func @nested(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
    %w1 = ockham.load_weight @w1 : tensor<2x2xf32>
    %s1 = ockham.load_weight @std : tensor<2xf32>
    // expected-remark@+1 {{folded into w1, which keeps a scale per position}}
    %n = tfm.norm fixed %x std %s1 {std_axis = #tfm<std_axis position>} : tensor<?x?x2xf32>, std tensor<2xf32>
    %y = tfm.linear %n, %w1 : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
    return %y : tensor<?x?x2xf32>
  }
}
module @b {
  ockham.weight @std : tensor<2xf32> = dense<[20.0, 40.0]> : tensor<2xf32>
  ockham.weight @w1 : tensor<2x2xf32> = dense<[[1.0, 0.5], [0.25, 2.0]]> : tensor<2x2xf32>
  func.func @nested(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
    %w1 = ockham.load_weight @w1 : tensor<2x2xf32>
    %s1 = ockham.load_weight @std : tensor<2xf32>
    // expected-remark@+1 {{folded into w1, which keeps a scale per position}}
    %n = tfm.norm fixed %x std %s1 {std_axis = #tfm<std_axis position>} : tensor<?x?x2xf32>, std tensor<2xf32>
    %y = tfm.linear %n, %w1 : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
    return %y : tensor<?x?x2xf32>
  }
}
