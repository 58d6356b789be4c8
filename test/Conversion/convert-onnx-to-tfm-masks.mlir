// Masks of an attention, by what they are: causal, padding, both or anything.
// A query that sees no key tells the spellings apart.
// RUN: ockham-opt %s --convert-onnx-to-tfm --split-input-file --verify-diagnostics=only-expected | FileCheck %s

// Padding alone; what always holds is no part of the mask.
// CHECK-LABEL: func.func @padding
// CHECK: %[[PAD:.*]] = onnx.Unsqueeze
// CHECK: %[[MASK:.*]] = onnx.Where %[[PAD]], {{.*}} -> tensor<5x1x1x3xf32>
// CHECK: tfm.attention {{.*}} mask %[[MASK]] heads 2 scale 1.000000e+00 :
// expected-remark @below {{2 onnx operators compute masks of attentions: Unsqueeze (1), Where (1)}}
func.func @padding(%m: tensor<5x3xi1>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kt = onnx.Transpose %kh {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x2x3xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %three = onnx.Constant dense<3> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %three, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<3xi64>
  %row = onnx.Unsqueeze %range {axes = array<i64: 1>} : (tensor<3xi64>) -> tensor<3x1xi64>
  %any = onnx.GreaterOrEqual %row, %zero : (tensor<3x1xi64>, tensor<i64>) -> tensor<3x1xi1>
  %pad = onnx.Unsqueeze %m {axes = array<i64: 1, 2>} : (tensor<5x3xi1>) -> tensor<5x1x1x3xi1>
  %both = onnx.And %any, %pad : (tensor<3x1xi1>, tensor<5x1x1x3xi1>) -> tensor<5x1x3x3xi1>
  %nil = onnx.Constant dense<0.0> : tensor<f32>
  %low = onnx.Constant dense<-3.40282347E+38> : tensor<f32>
  %w = onnx.Where %both, %nil, %low : (tensor<5x1x3x3xi1>, tensor<f32>, tensor<f32>) -> tensor<5x1x3x3xf32>
  %s = onnx.Add %p, %w : (tensor<5x2x3x3xf32>, tensor<5x1x3x3xf32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{-3.40282e+38 is added for keys that a mask hides; not causal: it depends on an input of the model}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// With minus infinity a hidden key stays hidden: the causal part is known, and
// a query without any key stays NaN.
// CHECK-LABEL: func.func @causal_and_padding
// CHECK: %[[PAD:.*]] = onnx.Unsqueeze
// CHECK: %[[MASK:.*]] = onnx.Where %[[PAD]], {{.*}} -> tensor<5x1x1x3xf32>
// CHECK: tfm.attention {{.*}} mask %[[MASK]] heads 2 scale 1.000000e+00 causal
// expected-remark @below {{2 onnx operators compute masks of attentions}}
func.func @causal_and_padding(%m: tensor<5x3xi1>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kt = onnx.Transpose %kh {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x2x3xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %three = onnx.Constant dense<3> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %three, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<3xi64>
  %row = onnx.Unsqueeze %range {axes = array<i64: 1>} : (tensor<3xi64>) -> tensor<3x1xi64>
  %causal = onnx.LessOrEqual %range, %row : (tensor<3xi64>, tensor<3x1xi64>) -> tensor<3x3xi1>
  %pad = onnx.Unsqueeze %m {axes = array<i64: 1, 2>} : (tensor<5x3xi1>) -> tensor<5x1x1x3xi1>
  %both = onnx.And %causal, %pad : (tensor<3x3xi1>, tensor<5x1x1x3xi1>) -> tensor<5x1x3x3xi1>
  %nil = onnx.Constant dense<0.0> : tensor<f32>
  %low = onnx.Constant dense<0xFF800000> : tensor<f32>
  %s = onnx.Where %both, %p, %low : (tensor<5x1x3x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{-inf is added for keys that a mask hides; not causal}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// A guard against NaN: a query without any key gives 0, as masks of i1 do.
// CHECK-LABEL: func.func @guarded
// CHECK: %[[PAD:.*]] = onnx.Unsqueeze {{.*}} -> tensor<5x1x1x3xi1>
// CHECK: tfm.attention {{.*}} mask %[[PAD]] heads 2 scale 1.000000e+00 causal
// expected-remark @below {{1 onnx operator computes masks of attentions: Unsqueeze (1)}}
func.func @guarded(%m: tensor<5x3xi1>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kt = onnx.Transpose %kh {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x2x3xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %three = onnx.Constant dense<3> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %three, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<3xi64>
  %row = onnx.Unsqueeze %range {axes = array<i64: 1>} : (tensor<3xi64>) -> tensor<3x1xi64>
  %causal = onnx.LessOrEqual %range, %row : (tensor<3xi64>, tensor<3x1xi64>) -> tensor<3x3xi1>
  %pad = onnx.Unsqueeze %m {axes = array<i64: 1, 2>} : (tensor<5x3xi1>) -> tensor<5x1x1x3xi1>
  %both = onnx.And %causal, %pad : (tensor<3x3xi1>, tensor<5x1x1x3xi1>) -> tensor<5x1x3x3xi1>
  %nil = onnx.Constant dense<0.0> : tensor<f32>
  %low = onnx.Constant dense<0xFF800000> : tensor<f32>
  %w = onnx.Where %both, %nil, %low : (tensor<5x1x3x3xi1>, tensor<f32>, tensor<f32>) -> tensor<5x1x3x3xf32>
  %s = onnx.Add %p, %w : (tensor<5x2x3x3xf32>, tensor<5x1x3x3xf32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{a mask says which keys are visible; not causal: it depends on an input}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %same = onnx.Equal %a, %a : (tensor<5x2x3x3xf32>, tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xi1>
  %isnan = onnx.Not %same : (tensor<5x2x3x3xi1>) -> tensor<5x2x3x3xi1>
  %g = onnx.Where %isnan, %nil, %a : (tensor<5x2x3x3xi1>, tensor<f32>, tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %g, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// A finite number: a query whose own key is padding reads all keys, later ones
// too. That is one mask, and not a causal one.
// CHECK-LABEL: func.func @causal_and_padding_finite
// CHECK: %[[MASK:.*]] = onnx.Where {{.*}} -> tensor<5x1x3x3xf32>
// CHECK: tfm.attention {{.*}} mask %[[MASK]] heads 2 scale 1.000000e+00 :
// expected-remark @below {{6 onnx operators compute masks}}
func.func @causal_and_padding_finite(%m: tensor<5x3xi1>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kt = onnx.Transpose %kh {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x2x3xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %three = onnx.Constant dense<3> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %range = onnx.Range %zero, %three, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<3xi64>
  %row = onnx.Unsqueeze %range {axes = array<i64: 1>} : (tensor<3xi64>) -> tensor<3x1xi64>
  %causal = onnx.LessOrEqual %range, %row : (tensor<3xi64>, tensor<3x1xi64>) -> tensor<3x3xi1>
  %pad = onnx.Unsqueeze %m {axes = array<i64: 1, 2>} : (tensor<5x3xi1>) -> tensor<5x1x1x3xi1>
  %both = onnx.And %causal, %pad : (tensor<3x3xi1>, tensor<5x1x1x3xi1>) -> tensor<5x1x3x3xi1>
  %nil = onnx.Constant dense<0.0> : tensor<f32>
  %low = onnx.Constant dense<-3.40282347E+38> : tensor<f32>
  %w = onnx.Where %both, %nil, %low : (tensor<5x1x3x3xi1>, tensor<f32>, tensor<f32>) -> tensor<5x1x3x3xf32>
  %s = onnx.Add %p, %w : (tensor<5x2x3x3xf32>, tensor<5x1x3x3xf32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{the causal mask stays one with another: -3.40282e+38 is added, so that a query that sees no key reads all keys alike}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// A buffer, and a number that does not swallow the scores: every query has a key.
// CHECK-LABEL: func.func @buffer
// CHECK: tfm.attention {{.*}} heads 2 scale 1.000000e+00 causal
func.func @buffer(%q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kt = onnx.Transpose %kh {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x2x3xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %tril = onnx.Constant dense<[[true, false, false], [true, true, false], [true, true, true]]> : tensor<3x3xi1>
  %nil = onnx.Constant dense<0.0> : tensor<f32>
  %low = onnx.Constant dense<-1.0e+04> : tensor<f32>
  %s = onnx.Where %tril, %p, %low : (tensor<3x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// Not causal, but a mask.
// CHECK-LABEL: func.func @one_key_too_many
// CHECK: tfm.attention {{.*}} mask {{.*}} heads 2 scale 1.000000e+00 :
// CHECK-SAME: mask tensor<1x1x3x3xi1>
// expected-remark @below {{1 onnx operator computes masks}}
func.func @one_key_too_many(%q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kt = onnx.Transpose %kh {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x2x3xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %tril = onnx.Constant dense<[[true, true, false], [true, true, false], [true, true, true]]> : tensor<3x3xi1>
  %nil = onnx.Constant dense<0.0> : tensor<f32>
  %low = onnx.Constant dense<-1.0e+04> : tensor<f32>
  %s = onnx.Where %tril, %p, %low : (tensor<3x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{a mask says which keys are visible; not causal: query 0 sees key 1}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// What is added may be minus infinity; the guard says something else then.
// CHECK-LABEL: func.func @guarded_addend
// CHECK-NOT: tfm.attention
// CHECK: return
// expected-remark @below {{onnx operators stay}}
func.func @guarded_addend(%m: tensor<5x1x1x3xf32>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kt = onnx.Transpose %kh {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x2x3xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %nil = onnx.Constant dense<0.0> : tensor<f32>
  %s = onnx.Add %p, %m : (tensor<5x2x3x3xf32>, tensor<5x1x1x3xf32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{queries without a key give 0, which an added mask does not say}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %same = onnx.Equal %a, %a : (tensor<5x2x3x3xf32>, tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xi1>
  %isnan = onnx.Not %same : (tensor<5x2x3x3xi1>) -> tensor<5x2x3x3xi1>
  %g = onnx.Where %isnan, %nil, %a : (tensor<5x2x3x3xi1>, tensor<f32>, tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %g, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// A guard that puts 1 there is none.
// CHECK-LABEL: func.func @guard_of_one
// CHECK-NOT: tfm.attention
// CHECK: return
// expected-remark @below {{onnx operators stay}}
func.func @guard_of_one(%q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kt = onnx.Transpose %kh {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x2x3xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %one = onnx.Constant dense<1.0> : tensor<f32>
  // expected-remark @below {{nothing multiplies values by the weights}}
  %a = onnx.Softmax %p {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %same = onnx.Equal %a, %a : (tensor<5x2x3x3xf32>, tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xi1>
  %isnan = onnx.Not %same : (tensor<5x2x3x3xi1>) -> tensor<5x2x3x3xi1>
  %g = onnx.Where %isnan, %one, %a : (tensor<5x2x3x3xi1>, tensor<f32>, tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %g, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// Put in the place of scores, -10000 would not be the same as added to them.
// CHECK-LABEL: func.func @small_number
// CHECK-NOT: tfm.attention
// CHECK: return
// expected-remark @below {{onnx operators stay}}
func.func @small_number(%m: tensor<5x3xi1>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kt = onnx.Transpose %kh {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x2x3xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %pad = onnx.Unsqueeze %m {axes = array<i64: 1, 2>} : (tensor<5x3xi1>) -> tensor<5x1x1x3xi1>
  %nil = onnx.Constant dense<0.0> : tensor<f32>
  %low = onnx.Constant dense<-1.0e+04> : tensor<f32>
  %s = onnx.Where %pad, %p, %low : (tensor<5x1x1x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{the mask is not causal, and its value -10000 does not swallow the scores; it depends on an input of the model}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// Anything that is added, one matrix per head (ALiBi).
// CHECK-LABEL: func.func @added_per_head
// CHECK: %[[MASK:.*]] = onnx.Unsqueeze %arg0 {{.*}} -> tensor<1x2x3x3xf32>
// CHECK: tfm.attention {{.*}} mask %[[MASK]] heads 2
// expected-remark @below {{1 onnx operator computes masks}}
func.func @added_per_head(%m: tensor<2x3x3xf32>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kt = onnx.Transpose %kh {perm = array<i64: 0, 1, 3, 2>} : (tensor<5x2x3x2xf32>) -> tensor<5x2x2x3xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %s = onnx.Add %p, %m : (tensor<5x2x3x3xf32>, tensor<2x3x3xf32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{a mask is added; not causal: it depends on an input of the model}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// Two attentions mask with one condition, the second the other way round.
// CHECK-LABEL: func.func @shared_but_inverted
// CHECK: %[[FIRST:.*]] = onnx.Where %arg0
// CHECK: %[[NOT:.*]] = onnx.Not %arg0
// CHECK: %[[SECOND:.*]] = onnx.Where %[[NOT]]
// CHECK-DAG: tfm.attention {{.*}} mask %[[FIRST]]
// CHECK-DAG: tfm.attention {{.*}} mask %[[SECOND]]
// expected-remark @below {{compute}}
func.func @shared_but_inverted(%m: tensor<5x1x1x3xi1>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x2x3xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %low = onnx.Constant dense<-3.40282347E+38> : tensor<f32>
  %s = onnx.Where %m, %p, %low : (tensor<5x1x1x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  %t = onnx.Where %m, %low, %p : (tensor<5x1x1x3xi1>, tensor<f32>, tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{is added for keys}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  // expected-remark @below {{is added for keys}}
  %a2 = onnx.Softmax %t {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh2 = onnx.MatMul %a2, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot2 = onnx.Transpose %oh2 {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o2 = onnx.Reshape %ot2 to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  %sum = onnx.Add %o, %o2 : (tensor<5x3x4xf32>, tensor<5x3x4xf32>) -> tensor<5x3x4xf32>
  return %sum : tensor<5x3x4xf32>
}

// -----

// One condition, but minus infinity in the second attention.
// CHECK-LABEL: func.func @shared_but_lower
// CHECK-DAG: %[[LOW:.*]] = onnx.Constant dense<-3.40282347E+38>
// CHECK-DAG: %[[INF:.*]] = onnx.Constant dense<0xFF800000>
// CHECK-DAG: %[[FIRST:.*]] = onnx.Where %arg0, %{{.*}}, %[[LOW]]
// CHECK-DAG: %[[SECOND:.*]] = onnx.Where %arg0, %{{.*}}, %[[INF]]
// CHECK-DAG: tfm.attention {{.*}} mask %[[FIRST]]
// CHECK-DAG: tfm.attention {{.*}} mask %[[SECOND]]
// expected-remark @below {{compute}}
func.func @shared_but_lower(%m: tensor<5x1x1x3xi1>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x2x3xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %low = onnx.Constant dense<-3.40282347E+38> : tensor<f32>
  %inf = onnx.Constant dense<0xFF800000> : tensor<f32>
  %s = onnx.Where %m, %p, %low : (tensor<5x1x1x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  %t = onnx.Where %m, %p, %inf : (tensor<5x1x1x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{is added for keys}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  // expected-remark @below {{is added for keys}}
  %a2 = onnx.Softmax %t {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh2 = onnx.MatMul %a2, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot2 = onnx.Transpose %oh2 {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o2 = onnx.Reshape %ot2 to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  %sum = onnx.Add %o, %o2 : (tensor<5x3x4xf32>, tensor<5x3x4xf32>) -> tensor<5x3x4xf32>
  return %sum : tensor<5x3x4xf32>
}

// -----

// The same mask is made once.
// CHECK-LABEL: func.func @shared
// CHECK: %[[MASK:.*]] = onnx.Where %arg0
// CHECK-NOT: onnx.Where
// CHECK: tfm.attention {{.*}} mask %[[MASK]]
// expected-remark @below {{compute}}
func.func @shared(%m: tensor<5x1x1x3xi1>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x2x3xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %low = onnx.Constant dense<-3.40282347E+38> : tensor<f32>
  %s = onnx.Where %m, %p, %low : (tensor<5x1x1x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  %t = onnx.Where %m, %p, %low : (tensor<5x1x1x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{is added for keys}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  // expected-remark @below {{is added for keys}}
  %a2 = onnx.Softmax %t {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh2 = onnx.MatMul %a2, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot2 = onnx.Transpose %oh2 {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o2 = onnx.Reshape %ot2 to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  %sum = onnx.Add %o, %o2 : (tensor<5x3x4xf32>, tensor<5x3x4xf32>) -> tensor<5x3x4xf32>
  return %sum : tensor<5x3x4xf32>
}

// -----

// A finite number put in the place of masked scores takes minus infinity back:
// where every visible key is padding, later padding is read too.
// CHECK-LABEL: func.func @finite_on_infinite
// CHECK-NOT: causal
// CHECK: %[[IN:.*]] = onnx.Where
// CHECK: %[[OUT:.*]] = onnx.Where %{{.*}}, %[[IN]], %{{.*}} -> tensor<5x1x3x3xf32>
// CHECK: tfm.attention {{.*}} mask %[[OUT]] heads 2 scale 1.000000e+00 :
// expected-remark @below {{compute}}
func.func @finite_on_infinite(%m: tensor<5x1x1x3xi1>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x2x3xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %low = onnx.Constant dense<-3.40282347E+38> : tensor<f32>
  %inf = onnx.Constant dense<0xFF800000> : tensor<f32>
  %tri = onnx.Constant dense<[[true, false, false], [true, true, false], [true, true, true]]> : tensor<3x3xi1>
  %c = onnx.Where %tri, %p, %inf : (tensor<3x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  %s = onnx.Where %m, %c, %low : (tensor<5x1x1x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{masks stand one on the other}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// The same number twice is put in once.
// CHECK-LABEL: func.func @finite_on_finite
// CHECK-NOT: causal
// CHECK: %[[IN:.*]] = onnx.Where
// CHECK: %[[OUT:.*]] = onnx.Where %{{.*}}, %[[IN]], %{{.*}} -> tensor<5x1x3x3xf32>
// CHECK: tfm.attention {{.*}} mask %[[OUT]] heads 2 scale 1.000000e+00 :
// expected-remark @below {{compute}}
func.func @finite_on_finite(%m: tensor<5x1x1x3xi1>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x2x3xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %low = onnx.Constant dense<-3.40282347E+38> : tensor<f32>
  %tri = onnx.Constant dense<[[true, false, false], [true, true, false], [true, true, true]]> : tensor<3x3xi1>
  %c = onnx.Where %m, %p, %low : (tensor<5x1x1x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  %s = onnx.Where %tri, %c, %low : (tensor<3x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{masks stand one on the other}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// Minus infinity on a finite number hides for good: still causal.
// CHECK-LABEL: func.func @infinite_on_finite
// CHECK: tfm.attention {{.*}} mask %{{.*}} heads 2 scale 1.000000e+00 causal
// expected-remark @below {{compute}}
func.func @infinite_on_finite(%m: tensor<5x1x1x3xi1>, %q: tensor<5x3x4xf32>, %k: tensor<5x3x4xf32>, %v: tensor<5x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %kr = onnx.Reshape %k to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x2x3xf32>
  %vr = onnx.Reshape %v to [5, 3, 2, 2] : (tensor<5x3x4xf32>) -> tensor<5x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x3x2x2xf32>) -> tensor<5x2x3x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<5x2x3x2xf32>, tensor<5x2x2x3xf32>) -> tensor<5x2x3x3xf32>
  %low = onnx.Constant dense<-3.40282347E+38> : tensor<f32>
  %inf = onnx.Constant dense<0xFF800000> : tensor<f32>
  %tri = onnx.Constant dense<[[true, false, false], [true, true, false], [true, true, true]]> : tensor<3x3xi1>
  %c = onnx.Where %m, %p, %low : (tensor<5x1x1x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  %s = onnx.Where %tri, %c, %inf : (tensor<3x3xi1>, tensor<5x2x3x3xf32>, tensor<f32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{is added for keys that a mask hides}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<5x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// Zeros that repeat the scores for a batch are more than nothing.
// CHECK-LABEL: func.func @zeros_of_larger_batch
// CHECK-NOT: tfm.attention
// CHECK: return
// expected-remark @below {{onnx operators stay}}
func.func @zeros_of_larger_batch(%q: tensor<1x3x4xf32>, %k: tensor<1x3x4xf32>, %v: tensor<1x3x4xf32>) -> tensor<5x3x4xf32> {
  %qr = onnx.Reshape %q to [1, 3, 2, 2] : (tensor<1x3x4xf32>) -> tensor<1x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x3x2x2xf32>) -> tensor<1x2x3x2xf32>
  %kr = onnx.Reshape %k to [1, 3, 2, 2] : (tensor<1x3x4xf32>) -> tensor<1x3x2x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x3x2x2xf32>) -> tensor<1x2x2x3xf32>
  %vr = onnx.Reshape %v to [1, 3, 2, 2] : (tensor<1x3x4xf32>) -> tensor<1x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x3x2x2xf32>) -> tensor<1x2x3x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<1x2x3x2xf32>, tensor<1x2x2x3xf32>) -> tensor<1x2x3x3xf32>
  %nil = onnx.Constant dense<0.0> : tensor<3x3xf32>
  %z = onnx.Expand %nil to [5, 1, 3, 3] : (tensor<3x3xf32>) -> tensor<5x1x3x3xf32>
  %s = onnx.Add %p, %z : (tensor<1x2x3x3xf32>, tensor<5x1x3x3xf32>) -> tensor<5x2x3x3xf32>
  // expected-remark @below {{dimension 0 of the mask is not the batch of the scores}}
  %a = onnx.Softmax %s {axis = 3} : (tensor<5x2x3x3xf32>) -> tensor<5x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<5x2x3x3xf32>, tensor<1x2x3x2xf32>) -> tensor<5x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<5x2x3x2xf32>) -> tensor<5x3x2x2xf32>
  %o = onnx.Reshape %ot to [5, 3, 4] : (tensor<5x3x2x2xf32>) -> tensor<5x3x4xf32>
  return %o : tensor<5x3x4xf32>
}

// -----

// Zeros alone are nothing.
// CHECK-LABEL: func.func @zeros
// CHECK: tfm.attention %arg0, %arg1, %arg2 heads 2
func.func @zeros(%q: tensor<1x3x4xf32>, %k: tensor<1x3x4xf32>, %v: tensor<1x3x4xf32>) -> tensor<1x3x4xf32> {
  %qr = onnx.Reshape %q to [1, 3, 2, 2] : (tensor<1x3x4xf32>) -> tensor<1x3x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x3x2x2xf32>) -> tensor<1x2x3x2xf32>
  %kr = onnx.Reshape %k to [1, 3, 2, 2] : (tensor<1x3x4xf32>) -> tensor<1x3x2x2xf32>
  %kt = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<1x3x2x2xf32>) -> tensor<1x2x2x3xf32>
  %vr = onnx.Reshape %v to [1, 3, 2, 2] : (tensor<1x3x4xf32>) -> tensor<1x3x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x3x2x2xf32>) -> tensor<1x2x3x2xf32>
  %p = onnx.MatMul %qh, %kt : (tensor<1x2x3x2xf32>, tensor<1x2x2x3xf32>) -> tensor<1x2x3x3xf32>
  %nil = onnx.Constant dense<0.0> : tensor<3x3xf32>
  %z = onnx.Expand %nil to [1, 1, 3, 3] : (tensor<3x3xf32>) -> tensor<1x1x3x3xf32>
  %s = onnx.Add %p, %z : (tensor<1x2x3x3xf32>, tensor<1x1x3x3xf32>) -> tensor<1x2x3x3xf32>
  %a = onnx.Softmax %s {axis = 3} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<1x2x3x3xf32>, tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x2x3x2xf32>) -> tensor<1x3x2x2xf32>
  %o = onnx.Reshape %ot to [1, 3, 4] : (tensor<1x3x2x2xf32>) -> tensor<1x3x4xf32>
  return %o : tensor<1x3x4xf32>
}
