// RUN: ockham-opt %s -verify-diagnostics -split-input-file

func.func @result_type(%x: tensor<2x4xf32>, %y: tensor<4xf32>) {
  // expected-error @+1 {{'onnx.Add' op result type 'tensor<2x3xf32>' is not compatible with the inferred 'tensor<2x4xf32>'}}
  %0 = onnx.Add %x, %y : (tensor<2x4xf32>, tensor<4xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @result_rank(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{'onnx.Relu' op result type 'tensor<?xf32>' is not compatible with the inferred 'tensor<2x4xf32>'}}
  %0 = onnx.Relu %x : (tensor<2x4xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @broadcast(%x: tensor<2x3xf32>, %y: tensor<?x4xf32>) {
  // expected-error @+1 {{'onnx.Mul' op operands do not broadcast: extents 3 and 4 in dimension -1}}
  %0 = onnx.Mul %x, %y : (tensor<2x3xf32>, tensor<?x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @element_types(%x: tensor<2xf32>, %y: tensor<2xf64>) {
  // expected-error @+1 {{'onnx.Sub' op operands have different element types 'f32' and 'f64'}}
  %0 = onnx.Sub %x, %y : (tensor<2xf32>, tensor<2xf64>) -> tensor<2xf32>
  return
}

// -----

func.func @where(%c: tensor<2xi1>, %x: tensor<2xf32>, %y: tensor<2xi64>) {
  // expected-error @+1 {{'onnx.Where' op operands have different element types 'f32' and 'i64'}}
  %0 = onnx.Where %c, %x, %y : (tensor<2xi1>, tensor<2xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @matmul(%x: tensor<?x3xf32>, %w: tensor<4x5xf32>) {
  // expected-error @+1 {{'onnx.MatMul' op contracts extent 3 of the left operand with 4 of the right one}}
  %0 = onnx.MatMul %x, %w : (tensor<?x3xf32>, tensor<4x5xf32>) -> tensor<?x5xf32>
  return
}

// -----

func.func @matmul_batch(%x: tensor<2x1x3xf32>, %w: tensor<5x3x4xf32>) {
  // expected-error @+1 {{'onnx.MatMul' op batch extents 2 and 5 do not broadcast}}
  %0 = onnx.MatMul %x, %w : (tensor<2x1x3xf32>, tensor<5x3x4xf32>) -> tensor<2x1x4xf32>
  return
}

// -----

func.func @gemm_rank(%x: tensor<2x3x4xf32>, %w: tensor<4x5xf32>) {
  // expected-error @+1 {{'onnx.Gemm' op operands have ranks 3 and 2, expected 2 and 2}}
  %0 = onnx.Gemm %x, %w : (tensor<2x3x4xf32>, tensor<4x5xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @gemm_transposed(%x: tensor<2x4xf32>, %w: tensor<4x5xf32>) {
  // expected-error @+1 {{'onnx.Gemm' op contracts extent 4 of the left operand with 5 of the right one}}
  %0 = onnx.Gemm %x, %w {transB} : (tensor<2x4xf32>, tensor<4x5xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @gemm_addend(%x: tensor<2x4xf32>, %w: tensor<4x5xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{'onnx.Gemm' op addend of shape 3 does not broadcast to 2x5}}
  %0 = onnx.Gemm %x, %w, %b : (tensor<2x4xf32>, tensor<4x5xf32>, tensor<3xf32>) -> tensor<2x5xf32>
  return
}

// -----

func.func @reduce(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{'onnx.ReduceMean' op axis 2 is outside rank 2}}
  %0 = onnx.ReduceMean %x {axes = array<i64: 2>} : (tensor<2x4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @reduce_order(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{'onnx.ReduceSum' op axes are not ascending: 0 follows 1}}
  %0 = onnx.ReduceSum %x {axes = array<i64: 1, 0>} : (tensor<2x4xf32>) -> tensor<f32>
  return
}

// -----

func.func @softmax(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{'onnx.Softmax' op axis -1 is outside rank 2}}
  %0 = onnx.Softmax %x {axis = -1} : (tensor<2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @layer_norm(%x: tensor<2x?x32xf32>, %g: tensor<31xf32>) {
  // expected-error @+1 {{'onnx.LayerNormalization' op scale of shape 31 does not broadcast to the operand's 2x?x32}}
  %0 = onnx.LayerNormalization %x scale %g {axis = 2, epsilon = 1.0e-5 : f64}
      : (tensor<2x?x32xf32>, tensor<31xf32>) -> tensor<2x?x32xf32>
  return
}

// -----

func.func @constant() {
  // expected-error @+1 {{failed to verify that all of {value, result} have same type}}
  %0 = "onnx.Constant"() {value = dense<1> : tensor<2xi64>} : () -> tensor<3xi64>
  return
}

// -----

func.func @shape(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'onnx.Shape' op takes dimensions 1 to 3 of rank 2}}
  %0 = onnx.Shape %x {start = 1, end = 3} : (tensor<2x3xf32>) -> tensor<2xi64>
  return
}

// -----

func.func @reshape(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'onnx.Reshape' op cannot reshape 24 elements to 4x5, which has 20}}
  %0 = onnx.Reshape %x to [4, 5] : (tensor<4x6xf32>) -> tensor<4x5xf32>
  return
}

// -----

func.func @reshape_rest(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'onnx.Reshape' op cannot reshape 24 elements to -1x5, a multiple of 5}}
  %0 = onnx.Reshape %x to [-1, 5] : (tensor<4x6xf32>) -> tensor<?x5xf32>
  return
}

// -----

func.func @reshape_twice_open(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'onnx.Reshape' op has 2 sizes of -1, expected at most 1}}
  %0 = onnx.Reshape %x to [-1, -1] : (tensor<4x6xf32>) -> tensor<?x?xf32>
  return
}

// -----

func.func @reshape_operands(%x: tensor<4x6xf32>, %n: index) {
  // expected-error @+1 {{'onnx.Reshape' op shape has 0 dynamic places but 1 operands}}
  %0 = "onnx.Reshape"(%x, %n) {static_shape = array<i64: 24>} : (tensor<4x6xf32>, index) -> tensor<24xf32>
  return
}

// -----

func.func @squeeze(%x: tensor<2x1xf32>) {
  // expected-error @+1 {{'onnx.Squeeze' op squeezes dimension 0 of extent 2, expected 1}}
  %0 = onnx.Squeeze %x {axes = array<i64: 0>} : (tensor<2x1xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @unsqueeze(%x: tensor<2xf32>) {
  // expected-error @+1 {{'onnx.Unsqueeze' op axis 2 is outside rank 2}}
  %0 = onnx.Unsqueeze %x {axes = array<i64: 2>} : (tensor<2xf32>) -> tensor<2x1xf32>
  return
}

// -----

func.func @expand(%x: tensor<3x1xf32>) {
  // expected-error @+1 {{'onnx.Expand' op cannot expand 3x1 to 2x4}}
  %0 = onnx.Expand %x to [2, 4] : (tensor<3x1xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @constant_of_shape() {
  // expected-error @+1 {{'onnx.ConstantOfShape' op has size -3, expected at least 0}}
  %0 = onnx.ConstantOfShape [-3] value 0.0 : f32 -> tensor<?xf32>
  return
}

// -----

func.func @range(%n: tensor<1xi64>, %s: tensor<i64>) {
  // expected-error @+1 {{'onnx.Range' op has an operand of rank 1, expected scalars}}
  %0 = onnx.Range %s, %n, %s : (tensor<i64>, tensor<1xi64>, tensor<i64>) -> tensor<?xi64>
  return
}

// -----

func.func @slice_counts(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'onnx.Slice' op has 1 starts for 2 axes}}
  %0 = onnx.Slice %x [0] to [1, 2] {axes = array<i64: 0, 1>, steps = array<i64: 1, 1>} : (tensor<4x6xf32>) -> tensor<1x2xf32>
  return
}

// -----

func.func @slice_axes(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'onnx.Slice' op names axis 1 twice}}
  %0 = onnx.Slice %x [0, 0] to [1, 2] {axes = array<i64: 1, 1>, steps = array<i64: 1, 1>} : (tensor<4x6xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @slice_step(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'onnx.Slice' op has step 0 on axis 1, expected another}}
  %0 = onnx.Slice %x [0] to [2] {axes = array<i64: 1>, steps = array<i64: 0>} : (tensor<4x6xf32>) -> tensor<4x2xf32>
  return
}

// -----

func.func @slice_type(%x: tensor<4x6xf32>) {
  // expected-error @+1 {{'onnx.Slice' op result type 'tensor<4x6xf32>' is not compatible with the inferred 'tensor<4x3xf32>'}}
  %0 = onnx.Slice %x [-1] to [-7] {axes = array<i64: 1>, steps = array<i64: -2>} : (tensor<4x6xf32>) -> tensor<4x6xf32>
  return
}

// -----

func.func @gather(%x: tensor<4xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'onnx.Gather' op axis 1 is outside rank 1}}
  %0 = onnx.Gather %x, %i {axis = 1} : (tensor<4xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @concat(%x: tensor<2x4xf32>, %y: tensor<3x4xf32>) {
  // expected-error @+1 {{'onnx.Concat' op operands have different extents 2 and 3 in dimension 0}}
  %0 = onnx.Concat %x, %y {axis = 1} : (tensor<2x4xf32>, tensor<3x4xf32>) -> tensor<2x8xf32>
  return
}

// -----

func.func @concat_nothing() {
  // expected-error @+1 {{'onnx.Concat' op has 0 operands, expected at least 1}}
  %0 = onnx.Concat {axis = 1} : () -> tensor<2x8xf32>
  return
}

// -----

func.func @split(%x: tensor<2x6xf32>) {
  // expected-error @+1 {{'onnx.Split' op sizes add up to 7 but the extent of axis 1 is 6}}
  %0:2 = onnx.Split %x into [3, 4] {axis = 1} : (tensor<2x6xf32>) -> (tensor<2x3xf32>, tensor<2x4xf32>)
  return
}

// -----

func.func @split_results(%x: tensor<2x6xf32>) {
  // expected-error @+1 {{'onnx.Split' op has 1 results, expected 2}}
  %0 = onnx.Split %x into [3, 3] {axis = 1} : (tensor<2x6xf32>) -> tensor<2x3xf32>
  return
}

// -----

func.func @transpose(%x: tensor<2x3x4xf32>) {
  // expected-error @+1 {{'onnx.Transpose' op operand rank 3 does not match permutation size 4}}
  %0 = onnx.Transpose %x {perm = array<i64: 0, 1, 2, 3>} : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @transpose_twice(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{'onnx.Transpose' op permutation names dimension 1 twice}}
  %0 = onnx.Transpose %x {perm = array<i64: 1, 1>} : (tensor<2x3xf32>) -> tensor<3x3xf32>
  return
}

// -----

func.func @range_delta(%n: tensor<i64>) {
  %zero = onnx.Constant dense<0> : tensor<i64>
  // expected-error @+1 {{'onnx.Range' op has delta 0, expected another}}
  %0 = onnx.Range %n, %n, %zero : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  return
}

// -----

func.func @layer_norm_scale_type(%x: tensor<2x8xf32>, %g: tensor<8xf64>) {
  // expected-error @+1 {{has element type 'f32' but its scale has 'f64'}}
  %0 = "onnx.LayerNormalization"(%x, %g) {axis = 1 : i64, epsilon = 1.0e-5 : f64, operandSegmentSizes = array<i32: 1, 1, 0>} : (tensor<2x8xf32>, tensor<8xf64>) -> tensor<2x8xf32>
  return
}

// -----

func.func @gemm_addend_rank(%a: tensor<2x8xf32>, %b: tensor<8x4xf32>, %c: tensor<1x2x4xf32>) {
  // expected-error @+1 {{addend has rank 3, expected at most 2}}
  %0 = onnx.Gemm %a, %b, %c : (tensor<2x8xf32>, tensor<8x4xf32>, tensor<1x2x4xf32>) -> tensor<2x4xf32>
  return
}

// -----

func.func @gemm_addend_type(%a: tensor<2x8xf32>, %b: tensor<8x4xf32>, %c: tensor<4xf64>) {
  // expected-error @+1 {{has element type 'f32' but its addend has 'f64'}}
  %0 = onnx.Gemm %a, %b, %c : (tensor<2x8xf32>, tensor<8x4xf32>, tensor<4xf64>) -> tensor<2x4xf32>
  return
}

// -----

func.func @concat_ranks(%a: tensor<2x8xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{operands have different ranks 2 and 1}}
  %0 = onnx.Concat %a, %b {axis = 0} : (tensor<2x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @split_overflow(%a: tensor<?xf32>) {
  // expected-error @+1 {{has sizes that overflow}}
  %0:2 = onnx.Split %a into [9223372036854775807, 9223372036854775807] {axis = 0} : (tensor<?xf32>) -> (tensor<9223372036854775807xf32>, tensor<9223372036854775807xf32>)
  return
}
