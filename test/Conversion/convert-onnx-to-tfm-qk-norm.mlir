// Norms of queries and keys, and a cap on the scores.
// RUN: ockham-opt %s --convert-onnx-to-tfm --split-input-file --verify-diagnostics=only-expected | FileCheck %s

// A norm per head on both, with and without a scale.
// CHECK-LABEL: func.func @rms_per_head
// CHECK: tfm.attention %arg1, %arg2, %arg3 query_scale %arg0 heads 2 scale 1.000000e+00 {{.*}}qk_norm rms
func.func @rms_per_head(%g: tensor<2xf32>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %qn = tfm.norm rms %qh scale %g {eps = 1.0e-6 : f64} : tensor<5x2x3x2xf32>, scale tensor<2xf32>
  %kn = tfm.norm rms %kh  {eps = 1.0e-6 : f64} : tensor<5x2x3x2xf32>
  %kt = onnx.Transpose %kn {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x2x3xf32>
  %p = onnx.MatMul %qn, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %a = onnx.Softmax %p {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// On the queries alone.
// CHECK-LABEL: func.func @query_alone
// CHECK-NOT: tfm.attention
// CHECK: return
// expected-remark @below {{onnx operators stay}}
func.func @query_alone(%g: tensor<2xf32>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %qn = tfm.norm rms %qh scale %g {eps = 1.0e-6 : f64} : tensor<5x2x3x2xf32>, scale tensor<2xf32>
  %kt = onnx.Transpose %kh {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x2x3xf32>
  %p = onnx.MatMul %qn, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{query and key have different norms}}
  %a = onnx.Softmax %p {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// With a shift, which the attention does not have.
// CHECK-LABEL: func.func @with_shift
// CHECK-NOT: tfm.attention
// CHECK: return
// expected-remark @below {{onnx operators stay}}
func.func @with_shift(%g: tensor<2xf32>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %qn = tfm.norm rms %qh scale %g shift %g {eps = 1.0e-6 : f64} : tensor<5x2x3x2xf32>, scale tensor<2xf32>, shift tensor<2xf32>
  %kn = tfm.norm rms %kh scale %g {eps = 1.0e-6 : f64} : tensor<5x2x3x2xf32>, scale tensor<2xf32>
  %kt = onnx.Transpose %kn {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x2x3xf32>
  %p = onnx.MatMul %qn, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{the query is not split into heads by a Reshape (at tfm.norm)}}
  %a = onnx.Softmax %p {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// 30 tanh(x / 30).
// CHECK-LABEL: func.func @soft_cap
// CHECK: tfm.attention %arg0, %arg1, %arg2 heads 2 scale 5.000000e-01 soft_cap 3.000000e+01
func.func @soft_cap(%q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kt = onnx.Transpose %kh {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x2x3xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %cap = onnx.Constant dense<30.0> : tensor<f32>
  %scale = onnx.Constant dense<0.5> : tensor<f32>
  %x = onnx.Mul %p, %scale : (tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  %d = onnx.Div %x, %cap : (tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  %t = onnx.Tanh %d : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %s = onnx.Mul %cap, %t : (tensor<f32>, tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// The cap behind the mask: what is masked becomes -30, and is seen.
// CHECK-LABEL: func.func @cap_behind_mask
// CHECK-NOT: tfm.attention
// CHECK: return
// expected-remark @below {{onnx operators stay}}
func.func @cap_behind_mask(%q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kt = onnx.Transpose %kh {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x2x3xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %cap = onnx.Constant dense<30.0> : tensor<f32>
  %tril = onnx.Constant dense<[[true, false, false], [true, true, false], [true, true, true]]> : tensor<3x3xi1>
  %low = onnx.Constant dense<-1.0e+09> : tensor<f32>
  %m = onnx.Where %tril, %p, %low : (tensor<3x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  %d = onnx.Div %m, %cap : (tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  %t = onnx.Tanh %d : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %s = onnx.Mul %cap, %t : (tensor<f32>, tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{the scores are not a product times a constant (at onnx.Div)}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// A norm over more channels than the heads have.
// CHECK-LABEL: func.func @wider_than_head
// CHECK-NOT: tfm.attention
// CHECK: return
// expected-remark @below {{onnx operators stay}}
func.func @wider_than_head(%q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x2xf32>) -> tensor<5x3x2xf32> {
  %qr = onnx.Reshape %q to [5, 3, 1, 4] : (tensor<5x3x4xf32>) -> tensor<5x3x1x4xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x1x4xf32>) -> tensor<5x1x3x4xf32>
  %qw = tfm.norm rms %qh {eps = 1.0e-6 : f64} : tensor<5x1x3x4xf32>
  %qn = onnx.Slice %qw [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x1x3x4xf32>) -> tensor<5x1x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 1, 4] : (tensor<5x3x4xf32>) -> tensor<5x3x1x4xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x1x4xf32>) -> tensor<5x1x3x4xf32>
  %kw = tfm.norm rms %kh {eps = 1.0e-6 : f64} : tensor<5x1x3x4xf32>
  %kn = onnx.Slice %kw [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x1x3x4xf32>) -> tensor<5x1x3x2xf32>
  %kt = onnx.Transpose %kn {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x1x3x2xf32>) -> tensor<5x1x2x3xf32>
  %p = onnx.MatMul %qn, %kt : (tensor<5x1x3x2xf32>, tensor<5x1x2x3xf32>) -> tensor<5x1x3x3xf32>
  %vr = onnx.Reshape %v to [5, 3, 1, 2] : (tensor<5x3x2xf32>) -> tensor<5x3x1x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x1x2xf32>) -> tensor<5x1x3x2xf32>
  // expected-remark @below {{is not split into heads by a Reshape}}
  %a = onnx.Softmax %p {axis = 3} : (tensor<5x1x3x3xf32>) -> tensor<5x1x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x1x3x3xf32>, tensor<5x1x3x2xf32>) -> tensor<5x1x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x1x3x2xf32>) -> tensor<5x3x1x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 2] : (tensor<5x3x1x2xf32>) -> tensor<5x3x2xf32>
  return %o : tensor<5x3x2xf32>
}

// -----

// The same norm of what is left of the channels.
// CHECK-LABEL: func.func @behind_slice
// CHECK: tfm.attention {{.*}} qk_norm rms
func.func @behind_slice(%q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x2xf32>) -> tensor<5x3x2xf32> {
  %qr = onnx.Reshape %q to [5, 3, 1, 4] : (tensor<5x3x4xf32>) -> tensor<5x3x1x4xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x1x4xf32>) -> tensor<5x1x3x4xf32>
  %qw = onnx.Slice %qh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x1x3x4xf32>) -> tensor<5x1x3x2xf32>
  %qn = tfm.norm rms %qw {eps = 1.0e-6 : f64} : tensor<5x1x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 1, 4] : (tensor<5x3x4xf32>) -> tensor<5x3x1x4xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x1x4xf32>) -> tensor<5x1x3x4xf32>
  %kw = onnx.Slice %kh [0] to [2] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<5x1x3x4xf32>) -> tensor<5x1x3x2xf32>
  %kn = tfm.norm rms %kw {eps = 1.0e-6 : f64} : tensor<5x1x3x2xf32>
  %kt = onnx.Transpose %kn {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x1x3x2xf32>) -> tensor<5x1x2x3xf32>
  %p = onnx.MatMul %qn, %kt : (tensor<5x1x3x2xf32>, tensor<5x1x2x3xf32>) -> tensor<5x1x3x3xf32>
  %vr = onnx.Reshape %v to [5, 3, 1, 2] : (tensor<5x3x2xf32>) -> tensor<5x3x1x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x1x2xf32>) -> tensor<5x1x3x2xf32>
  %a = onnx.Softmax %p {axis = 3} : (tensor<5x1x3x3xf32>) -> tensor<5x1x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x1x3x3xf32>, tensor<5x1x3x2xf32>) -> tensor<5x1x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x1x3x2xf32>) -> tensor<5x3x1x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 2] : (tensor<5x3x1x2xf32>) -> tensor<5x3x2xf32>
  return %o : tensor<5x3x2xf32>
}
