// What almost matched is reported, once, at the op that a user would ask about:
// how far the match got, why it ended and where.
// RUN: ockham-opt %s --convert-onnx-to-tfm --split-input-file --verify-diagnostics

// expected-remark @+1 {{7 onnx operators stay: Add (1), Div (1), Mul (1), ReduceMean (2), Sqrt (1), Sub (1)}}
func.func @epsilon_is_computed(%x: tensor<?x?x4xf32>, %eps: tensor<1xf32>) -> tensor<?x?x4xf32> {
  %mean = onnx.ReduceMean %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %centred = onnx.Sub %x, %mean : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %square = onnx.Mul %centred, %centred : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %var = onnx.ReduceMean %square {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %sum = onnx.Add %var, %eps : (tensor<?x?x1xf32>, tensor<1xf32>) -> tensor<?x?x1xf32>
  // expected-remark @+1 {{onnx.Sqrt: 6 of 7 ops matched a norm; epsilon is not constant}}
  %std = onnx.Sqrt %sum : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %n = onnx.Div %centred, %std : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  return %n : tensor<?x?x4xf32>
}

// -----

// expected-remark @+1 {{5 onnx operators stay}}
func.func @other_axis(%x: tensor<4x4x4xf32>) -> tensor<4x4x4xf32> {
  %eps = onnx.Constant dense<0.125> : tensor<f32>
  %square = onnx.Mul %x, %x : (tensor<4x4x4xf32>, tensor<4x4x4xf32>) -> tensor<4x4x4xf32>
  %mean = onnx.ReduceMean %square {axes = array<i64: 1>, keepdims} : (tensor<4x4x4xf32>) -> tensor<4x1x4xf32>
  %sum = onnx.Add %mean, %eps : (tensor<4x1x4xf32>, tensor<f32>) -> tensor<4x1x4xf32>
  // expected-remark @+1 {{2 of 7 ops matched a norm; reduces axes [1], expected [2], the last}}
  %root = onnx.Sqrt %sum : (tensor<4x1x4xf32>) -> tensor<4x1x4xf32>
  %n = onnx.Div %x, %root : (tensor<4x4x4xf32>, tensor<4x1x4xf32>) -> tensor<4x4x4xf32>
  return %n : tensor<4x4x4xf32>
}

// -----

// With [4, 4] the dropped dimension would broadcast along the wrong axis.
// expected-remark @+1 {{5 onnx operators stay}}
func.func @dropped_dimension(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %eps = onnx.Constant dense<0.125> : tensor<f32>
  %square = onnx.Mul %x, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %mean = onnx.ReduceMean %square {axes = array<i64: 1>} : (tensor<4x4xf32>) -> tensor<4xf32>
  %sum = onnx.Add %mean, %eps : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // expected-remark @+1 {{2 of 7 ops matched a norm; drops the reduced dimension}}
  %root = onnx.Sqrt %sum : (tensor<4xf32>) -> tensor<4xf32>
  %n = onnx.Div %x, %root : (tensor<4x4xf32>, tensor<4xf32>) -> tensor<4x4xf32>
  return %n : tensor<4x4xf32>
}

// -----

// Another value is divided than the one that was measured.
// expected-remark @+1 {{5 onnx operators stay}}
func.func @other_numerator(%x: tensor<?x?x4xf32>, %y: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %eps = onnx.Constant dense<0.125> : tensor<f32>
  %square = onnx.Mul %x, %x : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %mean = onnx.ReduceMean %square {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  %sum = onnx.Add %mean, %eps : (tensor<?x?x1xf32>, tensor<f32>) -> tensor<?x?x1xf32>
  // expected-remark @+1 {{4 of 7 ops matched a norm; the root does not divide the input}}
  %root = onnx.Sqrt %sum : (tensor<?x?x1xf32>) -> tensor<?x?x1xf32>
  %n = onnx.Div %y, %root : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  return %n : tensor<?x?x4xf32>
}

// -----

// expected-remark @+1 {{1 onnx operator stays: LayerNormalization (1)}}
func.func @two_axes(%x: tensor<?x3x4xf32>) -> tensor<?x3x4xf32> {
  // expected-remark @+1 {{1 of 3 ops matched a layer norm; normalises from axis 1 on, expected 2, the last}}
  %y = onnx.LayerNormalization %x {axis = 1, epsilon = 1.0e-5 : f64} : (tensor<?x3x4xf32>) -> tensor<?x3x4xf32>
  return %y : tensor<?x3x4xf32>
}

// -----

// expected-remark @+1 {{1 onnx operator stays: LayerNormalization (1)}}
func.func @negative_epsilon(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-remark @+1 {{2 of 3 ops matched a layer norm; epsilon is -0.500000, expected at least 0}}
  %y = onnx.LayerNormalization %x {axis = 1, epsilon = -0.5 : f64} : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// expected-remark @+1 {{5 onnx operators stay}}
func.func @negative_epsilon_rms(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %eps = onnx.Constant dense<-0.5> : tensor<f32>
  %sq = onnx.Mul %x, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %mean = onnx.ReduceMean %sq {axes = array<i64: 1>, keepdims} : (tensor<?x4xf32>) -> tensor<?x1xf32>
  %sum = onnx.Add %mean, %eps : (tensor<?x1xf32>, tensor<f32>) -> tensor<?x1xf32>
  // expected-remark @+1 {{the root does not divide the input}}
  %root = onnx.Sqrt %sum : (tensor<?x1xf32>) -> tensor<?x1xf32>
  %n = onnx.Div %x, %root : (tensor<?x4xf32>, tensor<?x1xf32>) -> tensor<?x4xf32>
  return %n : tensor<?x4xf32>
}

// -----

// expected-remark @+1 {{3 onnx operators stay: Add (1), Erf (1), Mul (1)}}
func.func @not_quite_gelu(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %c = onnx.Constant dense<1.4> : tensor<f32>
  %one = onnx.Constant dense<1.0> : tensor<f32>
  %half = onnx.Constant dense<0.5> : tensor<f32>
  %0 = onnx.Div %x, %c : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  // expected-remark @+1 {{1 of 3 ops matched a GELU (erf); the argument is not x times 0.707107 (at onnx.Div)}}
  %1 = onnx.Erf %0 : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %2 = onnx.Add %1, %one : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  %3 = onnx.Mul %x, %2 : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %4 = onnx.Mul %3, %half : (tensor<?x?x4xf32>, tensor<f32>) -> tensor<?x?x4xf32>
  return %4 : tensor<?x?x4xf32>
}

// -----

ockham.weight @w : tensor<4x6xf32> = dense<0.5> : tensor<4x6xf32>

// expected-remark @+1 {{1 onnx operator stays: Gemm (1)}}
func.func @gemm_factor(%x: tensor<?x4xf32>) -> tensor<?x6xf32> {
  %w = ockham.load_weight @w : tensor<4x6xf32>
  // expected-remark @+1 {{2 of 3 ops matched a linear; alpha and beta are 0.300000 and 1.000000, expected powers of two, which fold exactly}}
  %y = onnx.Gemm %x, %w {alpha = 0.3 : f64} : (tensor<?x4xf32>, tensor<4x6xf32>) -> tensor<?x6xf32>
  return %y : tensor<?x6xf32>
}

// -----

// The mask covers as many positions as another input has.
// expected-remark @+1 {{10 onnx operators stay}}
func.func @mask_of_other_length(%x: tensor<?x?x4xf32>, %other: tensor<?x4xf32>) -> tensor<?x?x4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x4xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %t = tensor.dim %other, %c0 : tensor<?x4xf32>
  %minus = onnx.Constant dense<-1.0e+09> : tensor<f32>
  %tril = onnx.Constant dense<[[[[true, false], [true, true]]]]> : tensor<1x1x2x2xi1>
  %mask = onnx.Slice %tril [0, 0] to [%t, %t] {axes = array<i64: 2, 3>, steps = array<i64: 1, 1>} : (tensor<1x1x2x2xi1>) -> tensor<1x1x?x?xi1>
  %r = onnx.Reshape %x to [%b, %s, 2, 2] : (tensor<?x?x4xf32>) -> tensor<?x?x2x2xf32>
  %h = onnx.Transpose %r {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x?x2xf32>
  %kt = onnx.Transpose %r {perm = array<i64: 0, 2, 3, 1>} : (tensor<?x?x2x2xf32>) -> tensor<?x2x2x?xf32>
  %p = onnx.MatMul %h, %kt : (tensor<?x2x?x2xf32>, tensor<?x2x2x?xf32>) -> tensor<?x2x?x?xf32>
  %masked = onnx.Where %mask, %p, %minus : (tensor<1x1x?x?xi1>, tensor<?x2x?x?xf32>, tensor<f32>) -> tensor<?x2x?x?xf32>
  // expected-remark @+1 {{6 of 10 ops matched attention; dimension 2 of the mask is not the queries of the scores (at onnx.Where)}}
  %a = onnx.Softmax %masked {axis = 3} : (tensor<?x2x?x?xf32>) -> tensor<?x2x?x?xf32>
  %oh = onnx.MatMul %a, %h : (tensor<?x2x?x?xf32>, tensor<?x2x?x2xf32>) -> tensor<?x2x?x2xf32>
  %ot = onnx.Transpose %oh {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x2x?x2xf32>) -> tensor<?x?x2x2xf32>
  %o = onnx.Reshape %ot to [%b, %s, 4] : (tensor<?x?x2x2xf32>) -> tensor<?x?x4xf32>
  return %o : tensor<?x?x4xf32>
}

// -----

// expected-remark @+1 {{1 onnx operator stays: ReduceMean (1)}}
func.func @nothing_known(%x: tensor<?x?x4xf32>) -> tensor<?x?x1xf32> {
  // expected-remark @+1 {{onnx.ReduceMean: not part of anything known}}
  %mean = onnx.ReduceMean %x {axes = array<i64: 2>, keepdims} : (tensor<?x?x4xf32>) -> tensor<?x?x1xf32>
  return %mean : tensor<?x?x1xf32>
}

// -----

// expected-remark @+1 {{3 onnx operators stay: MatMul (2), Softmax (1)}}
func.func @query_of_lower_rank(%q: tensor<2x3x4xf32>, %k: tensor<1x2x4x3xf32>, %v: tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32> {
  %p = onnx.MatMul %q, %k : (tensor<2x3x4xf32>, tensor<1x2x4x3xf32>) -> tensor<1x2x3x3xf32>
  // expected-remark @+1 {{4 of 10 ops matched attention; query and key have ranks 3 and 4, expected that of the scores, 4}}
  %a = onnx.Softmax %p {axis = 3} : (tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %o = onnx.MatMul %a, %v : (tensor<1x2x3x3xf32>, tensor<1x2x3x4xf32>) -> tensor<1x2x3x4xf32>
  return %o : tensor<1x2x3x4xf32>
}
