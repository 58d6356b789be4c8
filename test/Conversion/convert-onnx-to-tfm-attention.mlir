// Softmax attention: heads, mask by value, scale, shape gains.
// RUN: ockham-opt %s --convert-onnx-to-tfm --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @causal
// CHECK: tfm.attention %arg0, %arg1, %arg2 heads 2 scale 5.000000e-01 causal
// CHECK-NOT: onnx.
func.func @causal(%q: tensor<?x?x4xf32> {ockham.dims = ["b", "s", ""]}, %k: tensor<?x?x4xf32> {ockham.dims = ["b", "s", ""]}, %v: tensor<?x?x4xf32> {ockham.dims = ["b", "s", ""]}) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %q, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %q, %c1 : tensor<?x?x4xf32>
  %scale = onnx.Constant dense<0.5> : tensor<f32>
  %minus = onnx.Constant dense<-3.40282347E+38> : tensor<f32>
  %tril = onnx.Constant dense<[[[[true, false, false], [true, true, false], [true, true, true]]]]> : tensor<1x1x3x3xi1>
  %mask = onnx.Slice %tril [0, 0] to [%s, %s] {axes = array<i64: 2, 3>, steps = array<i64: 1, 1>} : (tensor<1x1x3x3xi1>) -> tensor<1x1x?x?xi1>
  %qr = onnx.Reshape %q to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kr = onnx.Reshape %k to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %kh = onnx.Transpose %kr {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %vr = onnx.Reshape %v to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %p = onnx.MatMul %qh, %kh : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %scaled = onnx.Mul %scale, %p : (tensor<f32>, tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %masked = onnx.Where %mask, %scaled, %minus : (tensor<1x1x?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %o = onnx.Reshape %ot to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %o : tensor<?x?x4xf32>
}

// -----

// The mask inverted through Equal 0, the scale on the query before and as a
// divisor on the key after the split, the key transposed in two steps.
// CHECK-LABEL: func.func @other_spelling
// CHECK: tfm.attention %arg0, %arg0, %arg0 heads 2 scale 5.000000e-01 causal
// CHECK-NOT: onnx.
func.func @other_spelling(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %two = onnx.Constant dense<2.0> : tensor<f32>
  %four = onnx.Constant dense<4.0> : tensor<f32>
  %zero = onnx.Constant dense<0.0> : tensor<f32>
  %minus = onnx.Constant dense<0xFF800000> : tensor<f32>
  %tril = onnx.Constant dense<[[[[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]]]> : tensor<1x1x3x3xf32>
  %rows = onnx.Slice %tril [0] to [%s] {axes = array<i64: 2>, steps = array<i64: 1>} : (tensor<1x1x3x3xf32>) -> tensor<1x1x?x3xf32>
  %prefix = onnx.Slice %rows [0] to [%s] {axes = array<i64: 3>, steps = array<i64: 1>} : (tensor<1x1x?x3xf32>) -> tensor<1x1x?x?xf32>
  %mask = onnx.Equal %zero, %prefix : (tensor<f32>, tensor<1x1x?x?xf32>) -> tensor<1x1x?x?xi1>
  %xs = onnx.Mul %x, %two : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %qr = onnx.Reshape %xs to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %qh = onnx.Transpose %qr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %vr = onnx.Reshape %x to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %vh = onnx.Transpose %vr {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %vh {perm = array<i64: 0, 1, 3, 2>} : (tensor<?x2x?x2xf32>) -> tensor<?x2x2x?xf32>
  %ks = onnx.Div %kt, %four : (tensor<?x2x2x?xf32>, tensor<f32>) -> tensor<?x2x2x?xf32>
  %p = onnx.MatMul %qh, %ks : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %masked = onnx.Where %mask, %minus, %p : (tensor<1x1x?x?xi1>, tensor<f32>, tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %vh : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %o = onnx.Reshape %ot to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %o : tensor<?x?x4xf32>
}

// -----

// An additive mask, made of a constant: (1 - tril) * -1e9.
// CHECK-LABEL: func.func @additive_mask
// CHECK: tfm.attention %arg0, %arg0, %arg0 heads 2 scale 1.000000e+00 causal
// CHECK-NOT: onnx.
func.func @additive_mask(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %one = onnx.Constant dense<1.0> : tensor<f32>
  %large = onnx.Constant dense<-1.0e+09> : tensor<f32>
  %tril = onnx.Constant dense<[[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]> : tensor<3x3xf32>
  %prefix = onnx.Slice %tril [0, 0] to [%s, %s] {axes = array<i64: 0, 1>, steps = array<i64: 1, 1>} : (tensor<3x3xf32>) -> tensor<?x?xf32>
  %hidden = onnx.Sub %one, %prefix : (tensor<f32>, tensor<?x?xf32>) -> tensor<?x?xf32>
  %mask = onnx.Mul %hidden, %large : (tensor<?x?xf32>, tensor<f32>) -> tensor<?x?xf32>
  %r = onnx.Reshape %x to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %h = onnx.Transpose %r {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %r {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %p = onnx.MatMul %h, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %masked = onnx.Add %mask, %p : (tensor<?x?xf32>, tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %h : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %o = onnx.Reshape %ot to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %o : tensor<?x?x4xf32>
}

// -----

// No mask: every key is visible.
// CHECK-LABEL: func.func @bidirectional
// CHECK: tfm.attention %arg0, %arg0, %arg0 heads 2 scale 1.000000e+00 :
// CHECK-NOT: onnx.
func.func @bidirectional(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %r = onnx.Reshape %x to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %h = onnx.Transpose %r {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %r {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %p = onnx.MatMul %h, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %p {axis = 3} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %h : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %o = onnx.Reshape %ot to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %o : tensor<?x?x4xf32>
}

// -----

ockham.weight @alpha : tensor<1x2x1x1xf32> = dense<[[[[1.0]], [[2.0]]]]> : tensor<1x2x1x1xf32>
ockham.weight @beta : tensor<1x2x1x1xf32> = dense<[[[[3.0]], [[4.0]]]]> : tensor<1x2x1x1xf32>
ockham.weight @gamma : tensor<1x2x1x1xf32> = dense<[[[[5.0]], [[6.0]]]]> : tensor<1x2x1x1xf32>
ockham.weight @diagonal : tensor<1x1x3x3xf32> = dense<[[[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]]]> : tensor<1x1x3x3xf32>
ockham.weight @uniform : tensor<1x1x3x3xf32> = dense<[[[[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.333333343, 0.333333343, 0.333333343]]]]> : tensor<1x1x3x3xf32>
ockham.weight @visible : tensor<1x1x3x3xi1> = dense<[[[[true, false, false], [true, true, false], [true, true, true]]]]> : tensor<1x1x3x3xi1>

// Shaped attention [SAS]: the gains become vectors, the matrices go.
// CHECK-DAG: ockham.weight @alpha_2 : tensor<2xf32>
// CHECK-DAG: ockham.weight @beta_2 : tensor<2xf32>
// CHECK-DAG: ockham.weight @gamma_2 : tensor<2xf32>
// CHECK-NOT: ockham.weight
// CHECK-LABEL: func.func @shaped
// CHECK-DAG: %[[A:.*]] = ockham.load_weight @alpha_2
// CHECK-DAG: %[[B:.*]] = ockham.load_weight @beta_2
// CHECK-DAG: %[[G:.*]] = ockham.load_weight @gamma_2
// CHECK: tfm.attention %arg0, %arg0, %arg0 shape(%[[A]], %[[B]], %[[G]]) heads 2 scale 1.000000e+00 causal
// CHECK-NOT: onnx.
func.func @shaped(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %alpha = ockham.load_weight @alpha : tensor<1x2x1x1xf32>
  %beta = ockham.load_weight @beta : tensor<1x2x1x1xf32>
  %gamma = ockham.load_weight @gamma : tensor<1x2x1x1xf32>
  %diagonal = ockham.load_weight @diagonal : tensor<1x1x3x3xf32>
  %uniform = ockham.load_weight @uniform : tensor<1x1x3x3xf32>
  %visible = ockham.load_weight @visible : tensor<1x1x3x3xi1>
  %minus = onnx.Constant dense<-3.40282347E+38> : tensor<f32>
  %mask = onnx.Slice %visible [0, 0] to [%s, %s] {axes = array<i64: 2, 3>, steps = array<i64: 1, 1>} : (tensor<1x1x3x3xi1>) -> tensor<1x1x?x?xi1>
  %i = onnx.Slice %diagonal [0, 0] to [%s, %s] {axes = array<i64: 2, 3>, steps = array<i64: 1, 1>} : (tensor<1x1x3x3xf32>) -> tensor<1x1x?x?xf32>
  %c = onnx.Slice %uniform [0, 0] to [%s, %s] {axes = array<i64: 2, 3>, steps = array<i64: 1, 1>} : (tensor<1x1x3x3xf32>) -> tensor<1x1x?x?xf32>
  %r = onnx.Reshape %x to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %h = onnx.Transpose %r {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %r {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %p = onnx.MatMul %h, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %masked = onnx.Where %mask, %p, %minus : (tensor<1x1x?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %ba = onnx.Mul %beta, %a : (tensor<1x2x1x1xf32>, tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %ai = onnx.Mul %alpha, %i : (tensor<1x2x1x1xf32>, tensor<1x1x?x?xf32>) -> tensor<1x2x?x?xf32>
  %gc = onnx.Mul %c, %gamma : (tensor<1x1x?x?xf32>, tensor<1x2x1x1xf32>) -> tensor<1x2x?x?xf32>
  %shape = onnx.Sub %ai, %gc : (tensor<1x2x?x?xf32>, tensor<1x2x?x?xf32>) -> tensor<1x2x?x?xf32>
  %weights = onnx.Add %ba, %shape : (tensor<?x2x?x?xf32>, tensor<1x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %weights, %h : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %o = onnx.Reshape %ot to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %o : tensor<?x?x4xf32>
}

// -----

// A mask that compares positions: a key is at most as far as the query.
// CHECK-LABEL: func.func @positions
// CHECK: tfm.attention %arg0, %arg0, %arg0 heads 2 scale 1.000000e+00 causal
// CHECK-NOT: onnx.
func.func @positions(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %minus = onnx.Constant dense<0xFF800000> : tensor<f32>
  %range = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %column = onnx.Unsqueeze %range {axes = array<i64: 0>} : (tensor<?xi64>) -> tensor<1x?xi64>
  %row = onnx.Unsqueeze %range {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %mask = onnx.LessOrEqual %column, %row : (tensor<1x?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %r = onnx.Reshape %x to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %h = onnx.Transpose %r {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %r {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %p = onnx.MatMul %h, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %masked = onnx.Where %mask, %p, %minus : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %h : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %o = onnx.Reshape %ot to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %o : tensor<?x?x4xf32>
}

// -----

// The other way around: masked where the query and one is at most the key.
// CHECK-LABEL: func.func @positions_swapped
// CHECK: tfm.attention %arg0, %arg0, %arg0 heads 2 scale 1.000000e+00 causal
// CHECK-NOT: onnx.
func.func @positions_swapped(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %minus = onnx.Constant dense<0xFF800000> : tensor<f32>
  %range = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %row = onnx.Reshape %range to [%s, 1] : (tensor<?xi64>) -> tensor<?x1xi64>
  %next = onnx.Add %one, %row : (tensor<i64>, tensor<?x1xi64>) -> tensor<?x1xi64>
  %column = onnx.Reshape %range to [1, 1, 1, %s] : (tensor<?xi64>) -> tensor<1x1x1x?xi64>
  %mask = onnx.LessOrEqual %next, %column : (tensor<?x1xi64>, tensor<1x1x1x?xi64>) -> tensor<1x1x?x?xi1>
  %r = onnx.Reshape %x to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %h = onnx.Transpose %r {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %r {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %p = onnx.MatMul %h, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %masked = onnx.Where %mask, %minus, %p : (tensor<1x1x?x?xi1>, tensor<f32>, tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %h : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %o = onnx.Reshape %ot to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %o : tensor<?x?x4xf32>
}

// -----

// One key too many is seen: a mask, and not a causal one.
// CHECK-LABEL: func.func @positions_off
// CHECK: %[[MASK:.*]] = onnx.Unsqueeze {{.*}} -> tensor<1x1x?x?xi1>
// CHECK: tfm.attention %arg0, %arg0, %arg0 mask %[[MASK]] heads 2
// CHECK-NOT: causal
// CHECK: return
func.func @positions_off(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %i = arith.index_cast %s : index to i64
  %n = tensor.from_elements %i : tensor<i64>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %minus = onnx.Constant dense<0xFF800000> : tensor<f32>
  %range = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %column = onnx.Unsqueeze %range {axes = array<i64: 0>} : (tensor<?xi64>) -> tensor<1x?xi64>
  %two = onnx.Constant dense<2> : tensor<i64>
  %row = onnx.Unsqueeze %range {axes = array<i64: 1>} : (tensor<?xi64>) -> tensor<?x1xi64>
  %next = onnx.Add %row, %two : (tensor<?x1xi64>, tensor<i64>) -> tensor<?x1xi64>
  %mask = onnx.Less %column, %next : (tensor<1x?xi64>, tensor<?x1xi64>) -> tensor<?x?xi1>
  %r = onnx.Reshape %x to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %h = onnx.Transpose %r {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %r {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %p = onnx.MatMul %h, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %masked = onnx.Where %mask, %p, %minus : (tensor<?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  %a = onnx.Softmax %masked {axis = 3} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %h : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %o = onnx.Reshape %ot to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %o : tensor<?x?x4xf32>
}
