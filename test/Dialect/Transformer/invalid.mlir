// RUN: ockham-opt %s --verify-diagnostics --split-input-file

func.func @f(%a: tensor<2x3xi64>, %b: tensor<50x8xf32>) {
  // expected-error @+1 {{result: expected extent 2 (as the ids) in dimension 0, got 4}}
  %0 = tfm.embedding %a, %b
      : tensor<2x3xi64>, tensor<50x8xf32> -> tensor<4x3x8xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xi64>, %b: tensor<50x8xf32>) {
  // expected-error @+1 {{result: expected extent 8 (the width of the table) in dimension 2, got 9}}
  %0 = tfm.embedding %a, %b
      : tensor<2x3xi64>, tensor<50x8xf32> -> tensor<2x3x9xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xi64>, %b: tensor<50x8xf32>, %c: tensor<16x7xf32>) {
  // expected-error @+1 {{position table: expected extent 8 (the width of the table) in dimension 1, got 7}}
  %0 = tfm.embedding %a, %b positions %c
      : tensor<2x3xi64>, tensor<50x8xf32>, tensor<16x7xf32> -> tensor<2x3x8xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xi64>, %b: tensor<50x8xf32>, %c: tensor<2xi64>) {
  // expected-error @+1 {{expected a position table because past is given, got none}}
  %0 = tfm.embedding %a, %b past %c
      : tensor<2x3xi64>, tensor<50x8xf32> past tensor<2xi64> -> tensor<2x3x8xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3xi64>, %b: tensor<50x8xf32>, %c: tensor<16x8xf32>, %d: tensor<5xi64>) {
  // expected-error @+1 {{past: expected extent 2 (the batch of the ids) in dimension 0, got 5}}
  %0 = tfm.embedding %a, %b positions %c past %d
      : tensor<2x3xi64>, tensor<50x8xf32>, tensor<16x8xf32> past tensor<5xi64> -> tensor<2x3x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<9x4xf32>) {
  // expected-error @+1 {{weight: expected extent 8 (the width of the input) in dimension 0, got 9}}
  %0 = tfm.linear %a, %b
      : tensor<?x?x8xf32>, tensor<9x4xf32> -> tensor<?x?x4xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<8x4xf32>) {
  // expected-error @+1 {{weight: expected extent 8 (the width of the input) in dimension 1, got 4}}
  %0 = tfm.linear %a, %b
      : tensor<?x?x8xf32>, tensor<8x4xf32> -> tensor<?x?x4xf32> {transposed}
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<8x4xf32>) {
  // expected-error @+1 {{result: expected rank 3 (as the input), got 2}}
  %0 = tfm.linear %a, %b
      : tensor<?x?x8xf32>, tensor<8x4xf32> -> tensor<?x4xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<8x4xf32>) {
  // expected-error @+1 {{result: expected extent 4 (the output width of the weight) in dimension 2, got 5}}
  %0 = tfm.linear %a, %b
      : tensor<?x?x8xf32>, tensor<8x4xf32> -> tensor<?x?x5xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<8x4xf32>) {
  // expected-error @+1 {{result: expected element type 'f32' (that of the input), got 'f64'}}
  %0 = tfm.linear %a, %b
      : tensor<?x?x8xf32>, tensor<8x4xf32> -> tensor<?x?x4xf64>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<8x4xf32>, %c: tensor<8xf32>) {
  // expected-error @+1 {{bias: expected extent 4 (the output width of the weight) in dimension 0, got 8}}
  %0 = tfm.linear %a, %b bias %c
      : tensor<?x?x8xf32>, tensor<8x4xf32>, tensor<8xf32> -> tensor<?x?x4xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<8x4xf32>, %c: tensor<1xf32>) {
  // expected-error @+1 {{weight: expected extent 8 (square because a skip gain is given) in dimension 1, got 4}}
  %0 = tfm.linear %a, %b skip %c
      : tensor<?x?x8xf32>, tensor<8x4xf32> skip tensor<1xf32> -> tensor<?x?x4xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<8x8xf32>, %c: tensor<3xf32>) {
  // expected-error @+1 {{skip gain: expected one element or 8 (one per channel), got 3}}
  %0 = tfm.linear %a, %b skip %c
      : tensor<?x?x8xf32>, tensor<8x8xf32> skip tensor<3xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<8x4xf32>, %c: tensor<8xf32>) {
  // expected-error @+1 {{resid gain: expected one element or 4 (one per channel), got 8}}
  %0 = tfm.linear %a, %b resid %c
      : tensor<?x?x8xf32>, tensor<8x4xf32> resid tensor<8xf32> -> tensor<?x?x4xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<8x4xf32>, %c: tensor<?xf32>) {
  // expected-error @+1 {{row scale: expected rank 2 (one number per row), got 1}}
  %0 = tfm.linear %a, %b row_scale %c
      : tensor<?x?x8xf32>, tensor<8x4xf32> row_scale tensor<?xf32> -> tensor<?x?x4xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3x8xf32>, %b: tensor<8x4xf32>, %c: tensor<2x4xf32>) {
  // expected-error @+1 {{row scale: expected extent 3 (as the input) in dimension 1, got 4}}
  %0 = tfm.linear %a, %b row_scale %c
      : tensor<2x3x8xf32>, tensor<8x4xf32> row_scale tensor<2x4xf32> -> tensor<2x3x4xf32>
  return
}

// -----

func.func @f(%a: tensor<2x3x8xf32>, %b: tensor<8x4xf32>, %c: tensor<2x3x8xf32>) {
  // expected-error @+1 {{init: expected extent 4 (as the result) in dimension 2, got 8}}
  %0 = tfm.linear %a, %b init %c
      : tensor<2x3x8xf32>, tensor<8x4xf32> init tensor<2x3x8xf32> -> tensor<2x3x4xf32>
  return
}

// -----

func.func @f(%a: tensor<?x8xf32>, %b: tensor<8x4xf32>, %c: tensor<?x4xf64>) {
  // expected-error @+1 {{init: expected element type 'f32' (that of the result), got 'f64'}}
  %0 = tfm.linear %a, %b init %c
      : tensor<?x8xf32>, tensor<8x4xf32> init tensor<?x4xf64> -> tensor<?x4xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected results whose widths sum to 8 (the width of the input), got 7}}
  %0:2 = tfm.split %a : tensor<?x?x8xf32> -> tensor<?x?x4xf32>, tensor<?x?x3xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>) {
  // expected-error @+1 {{result 0: expected a static width, got ?}}
  %0 = tfm.split %a : tensor<?x?x8xf32> -> tensor<?x?x?xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>) {
  // expected-error @+1 {{result 1: expected rank 3 (as the input), got 2}}
  %0:2 = tfm.split %a : tensor<?x?x8xf32> -> tensor<?x?x4xf32>, tensor<?x4xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a slope for kind leaky_relu, got none}}
  %0 = tfm.activation leaky_relu %a : tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<f32>) {
  // expected-error @+1 {{expected no slope for kind relu, got one}}
  %0 = tfm.activation relu %a slope %b : tensor<?x?x8xf32>, tensor<f32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{slope: expected extent 1 (one number for all) in dimension 0, got 8}}
  %0 = tfm.activation leaky_relu %a slope %b : tensor<?x?x8xf32>, tensor<8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<f32>) {
  // expected-error @+1 {{expected no std for kind layer, got one}}
  %0 = tfm.norm layer %a std %b
      : tensor<?x?x8xf32>, std tensor<f32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<f32>) {
  // expected-error @+1 {{expected no alpha for kind rms, got one}}
  %0 = tfm.norm rms %a alpha %b
      : tensor<?x?x8xf32>, alpha tensor<f32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<f32>, %c: tensor<f32>) {
  // expected-error @+1 {{expected no offset for kind tanh, got one}}
  %0 = tfm.norm tanh %a alpha %b offset %c
      : tensor<?x?x8xf32>, alpha tensor<f32>, offset tensor<f32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<f32>) {
  // expected-error @+1 {{expected no eps for kind fixed, got one}}
  %0 = tfm.norm fixed %a std %b {eps = 1.0e-5 : f64}
      : tensor<?x?x8xf32>, std tensor<f32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<f32>) {
  // expected-error @+1 {{expected no eps_outside for kind tanh, got one}}
  %0 = tfm.norm tanh %a alpha %b {eps_outside}
      : tensor<?x?x8xf32>, alpha tensor<f32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected no uncentred for kind layer, got one}}
  %0 = tfm.norm layer %a {uncentred}
      : tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected no std_axis for kind layer, got one}}
  %0 = tfm.norm layer %a {std_axis = #tfm<std_axis channel>}
      : tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected eps of at least 0, got -1.000000e+00}}
  %0 = tfm.norm layer %a {eps = -1.0 : f64}
      : tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a std for kind fixed, got none}}
  %0 = tfm.norm fixed %a
      : tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected an alpha for kind erf, got none}}
  %0 = tfm.norm erf %a
      : tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{scale: expected extent 8 (the width of the input) in dimension 0, got 4}}
  %0 = tfm.norm layer %a scale %b
      : tensor<?x?x8xf32>, scale tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{shift: expected extent 8 (the width of the input) in dimension 0, got 4}}
  %0 = tfm.norm layer %a shift %b
      : tensor<?x?x8xf32>, shift tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{alpha: expected one element or 8 (one per channel), got 4}}
  %0 = tfm.norm tanh %a alpha %b
      : tensor<?x?x8xf32>, alpha tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<8xf32>) {
  // expected-error @+1 {{std: expected extent 1 (one number for all) in dimension 0, got 8}}
  %0 = tfm.norm fixed %a std %b
      : tensor<?x?x8xf32>, std tensor<8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<f32>) {
  // expected-error @+1 {{std: expected a vector along the channel axis, got rank 0}}
  %0 = tfm.norm fixed %a std %b {std_axis = #tfm<std_axis channel>}
      : tensor<?x?x8xf32>, std tensor<f32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{std: expected extent 8 (the width of the input) in dimension 0, got 4}}
  %0 = tfm.norm fixed %a std %b {std_axis = #tfm<std_axis channel>}
      : tensor<?x?x8xf32>, std tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<8xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{expected an input of rank 2 or more because std varies along the position, got rank 1}}
  %0 = tfm.norm fixed %a std %b {std_axis = #tfm<std_axis position>}
      : tensor<8xf32>, std tensor<4xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<f32>, %c: tensor<?xi64>) {
  // expected-error @+1 {{expected std_axis position because past is given, got none}}
  %0 = tfm.norm fixed %a std %b past %c
      : tensor<?x?x8xf32>, std tensor<f32>, past tensor<?xi64>
  return
}

// -----

func.func @f(%a: tensor<?x8xf32>, %b: tensor<4xf32>, %c: tensor<?xi64>) {
  // expected-error @+1 {{expected an input [batch, sequence, width] because past is given, got rank 2}}
  %0 = tfm.norm fixed %a std %b past %c {std_axis = #tfm<std_axis position>}
      : tensor<?x8xf32>, std tensor<4xf32>, past tensor<?xi64>
  return
}

// -----

func.func @f(%a: tensor<2x?x8xf32>, %b: tensor<4xf32>, %c: tensor<3xi64>) {
  // expected-error @+1 {{past: expected extent 2 (the batch of the input) in dimension 0, got 3}}
  %0 = tfm.norm fixed %a std %b past %c {std_axis = #tfm<std_axis position>}
      : tensor<2x?x8xf32>, std tensor<4xf32>, past tensor<3xi64>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected at least 1 head and 1 kv head, got 0 and 0}}
  %0 = tfm.attention %a, %b, %c heads 0 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a number of kv heads that divides 4 heads, got 3}}
  %0 = tfm.attention %a, %b, %c heads 4 kv_heads 3 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x?xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>) {
  // expected-error @+1 {{query: expected a static width, got ?}}
  %0 = tfm.attention %a, %b, %c heads 2 scale 1.0
      : tensor<?x?x?xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>) {
  // expected-error @+1 {{query: expected a width divisible by 3 heads, got 8}}
  %0 = tfm.attention %a, %b, %c heads 3 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x7xf32>) {
  // expected-error @+1 {{value: expected a width divisible by 2 heads, got 7}}
  %0 = tfm.attention %a, %b, %c heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x7xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x6xf32>, %c: tensor<?x?x8xf32>) {
  // expected-error @+1 {{key: expected extent 8 (kv heads times the head width of the query) in dimension 2, got 6}}
  %0 = tfm.attention %a, %b, %c heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x6xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<2x?x8xf32>, %b: tensor<3x?x8xf32>, %c: tensor<?x?x8xf32>) {
  // expected-error @+1 {{key: expected extent 2 (the batch of the query) in dimension 0, got 3}}
  %0 = tfm.attention %a, %b, %c heads 2 scale 1.0
      : tensor<2x?x8xf32>, tensor<3x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x5x8xf32>, %c: tensor<?x6x8xf32>) {
  // expected-error @+1 {{value: expected extent 5 (as the key) in dimension 1, got 6}}
  %0 = tfm.attention %a, %b, %c heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x5x8xf32>, tensor<?x6x8xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x4x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>) {
  // expected-error @+1 {{output: expected extent 4 (as the query) in dimension 1, got 5}}
  %0 = tfm.attention %a, %b, %c heads 2 scale 1.0
      : tensor<?x4x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x5x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x4xf32>) {
  // expected-error @+1 {{output: expected extent 4 (heads times the head width of the value) in dimension 2, got 8}}
  %0 = tfm.attention %a, %b, %c heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x4xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf64>, %c: tensor<?x?x8xf32>) {
  // expected-error @+1 {{key: expected element type 'f32' (that of the query), got 'f64'}}
  %0 = tfm.attention %a, %b, %c heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf64>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<2x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>, %d: tensor<3xi64>) {
  // expected-error @+1 {{past: expected extent 2 (the batch of the query) in dimension 0, got 3}}
  %0 = tfm.attention %a, %b, %c past %d heads 2 scale 1.0
      : tensor<2x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, past tensor<3xi64>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<2x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>, %d: tensor<3xi64>) {
  // expected-error @+1 {{key lengths: expected extent 2 (the batch of the query) in dimension 0, got 3}}
  %0 = tfm.attention %a, %b, %c key_lengths %d heads 2 scale 1.0
      : tensor<2x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, key_lengths tensor<3xi64>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>, %d: tensor<1xf32>) {
  // expected-error @+1 {{alpha: expected extent 2 (one per head) in dimension 0, got 1}}
  %0 = tfm.attention %a, %b, %c shape(%d, none, none) heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>,
        shape(tensor<1xf32>, none, none)
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>, %d: tensor<8xf32>) {
  // expected-error @+1 {{query scale: expected extent 4 (the width of a head) in dimension 0, got 8}}
  %0 = tfm.attention %a, %b, %c query_scale %d heads 2 scale 1.0 qk_norm rms
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, query_scale tensor<8xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected qk_norm layer or rms, got fixed}}
  %0 = tfm.attention %a, %b, %c heads 2 scale 1.0 qk_norm fixed
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>, %d: tensor<4xf32>) {
  // expected-error @+1 {{expected qk_norm because a key scale is given, got none}}
  %0 = tfm.attention %a, %b, %c key_scale %d heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, key_scale tensor<4xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a soft cap above 0, got 0.000000e+00}}
  %0 = tfm.attention %a, %b, %c heads 2 scale 1.0 soft_cap 0.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected a gamma because centre is visible, got none}}
  %0 = tfm.attention %a, %b, %c heads 2 scale 1.0 centre visible
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>, %d: tensor<1x1x?x?xi8>) {
  // expected-error @+1 {{mask: expected i1 or float elements, got 'i8'}}
  %0 = tfm.attention %a, %b, %c mask %d heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, mask tensor<1x1x?x?xi8>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>, %d: tensor<?x?xi1>) {
  // expected-error @+1 {{mask: expected rank 4 ([batch, heads, queries, keys]), got 2}}
  %0 = tfm.attention %a, %b, %c mask %d heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, mask tensor<?x?xi1>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>, %d: tensor<1x3x?x?xi1>) {
  // expected-error @+1 {{mask: expected extent 2 (the heads) in dimension 1, got 3}}
  %0 = tfm.attention %a, %b, %c mask %d heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, mask tensor<1x3x?x?xi1>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x5x8xf32>, %c: tensor<?x5x8xf32>, %d: tensor<1x1x1x1xi1>) {
  // expected-error @+1 {{mask: expected extent 5 (the keys) in dimension 3, got 1}}
  %0 = tfm.attention %a, %b, %c mask %d heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x5x8xf32>, tensor<?x5x8xf32>, mask tensor<1x1x1x1xi1>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>, %d: tensor<9x2xf32>) {
  // expected-error @+1 {{expected both cos and sin, got only sin}}
  %0 = tfm.attention %a, %b, %c rotary(none, %d) heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, rotary(none, tensor<9x2xf32>)
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected cos and sin because interleaved is set, got none}}
  %0 = tfm.attention %a, %b, %c heads 2 scale 1.0 interleaved
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>, %d: tensor<9x2xf32>, %e: tensor<9x1xf32>) {
  // expected-error @+1 {{sin: expected extent 2 (as cos) in dimension 1, got 1}}
  %0 = tfm.attention %a, %b, %c rotary(%d, %e) heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, rotary(tensor<9x2xf32>, tensor<9x1xf32>)
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>, %d: tensor<9x?xf32>) {
  // expected-error @+1 {{cos: expected a static number of columns, got ?}}
  %0 = tfm.attention %a, %b, %c rotary(%d, %d) heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, rotary(tensor<9x?xf32>, tensor<9x?xf32>)
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>, %d: tensor<9x3xf32>) {
  // expected-error @+1 {{cos: expected at most 2 columns (half the width of a head), got 3}}
  %0 = tfm.attention %a, %b, %c rotary(%d, %d) heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, rotary(tensor<9x3xf32>, tensor<9x3xf32>)
        -> tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>) {
  // expected-error @+1 {{logsumexp: expected rank 3, got 2}}
  %0:2 = tfm.attention %a, %b, %c heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32> logsumexp tensor<?x2xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>, %c: tensor<?x?x8xf32>) {
  // expected-error @+1 {{entropy: expected extent 2 (the heads) in dimension 1, got 3}}
  %0:2 = tfm.attention %a, %b, %c heads 2 scale 1.0
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>
        -> tensor<?x?x8xf32> entropy tensor<?x3xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{lhs gain: expected one element or 8 (one per channel), got 3}}
  %0 = tfm.add_scaled %a gain %b, %a : tensor<?x?x8xf32>, gain tensor<3xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{rhs gain: expected one element or 8 (one per channel), got 3}}
  %0 = tfm.add_scaled %a, %a gain %b : tensor<?x?x8xf32>, gain tensor<3xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{gain: expected one element or 8 (one per channel), got 3}}
  %0 = tfm.scale %a, %b : tensor<?x?x8xf32>, tensor<3xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>) {
  // expected-error @+1 {{expected 1 values from its branches (one per result), got 2}}
  %0 = tfm.parallel {
    tfm.yield %a : tensor<?x?x8xf32>
  }, {
    tfm.yield %a : tensor<?x?x8xf32>
  } : tensor<?x?x8xf32>
  return
}

// -----

func.func @f(%a: tensor<?x?x8xf32>) {
  // expected-error @+1 {{result 0: expected 'tensor<?x?x4xf32>', got 'tensor<?x?x8xf32>' from its branch}}
  %0 = tfm.parallel {
    tfm.yield %a : tensor<?x?x8xf32>
  } : tensor<?x?x4xf32>
  return
}

// -----

func.func @f() {
  // expected-error @+1 {{expected at least one branch, got 0}}
  "tfm.parallel"() : () -> ()
  return
}

// -----

func.func @f(%x: tensor<4x8xf32>, %l: tensor<4x1xi64>) {
  // expected-error @+1 {{labels: expected rank 1 (one per row), got 2}}
  %0 = tfm.cross_entropy %x, %l : tensor<4x8xf32>, tensor<4x1xi64> -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4x8xf32>, %l: tensor<5xi64>) {
  // expected-error @+1 {{labels: expected extent 4 (as the logits) in dimension 0, got 5}}
  %0 = tfm.cross_entropy %x, %l : tensor<4x8xf32>, tensor<5xi64> -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4x8xf32>, %l: tensor<4xi64>) {
  // expected-error @+1 {{result: expected element type 'f32' (that of the logits) or a wider one, got 'bf16'}}
  %0 = tfm.cross_entropy %x, %l : tensor<4x8xf32>, tensor<4xi64> -> tensor<4xbf16>
  return
}

// -----

func.func @f(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{result: expected extent 8 (as the input) in dimension 1, got 7}}
  %0 = tfm.cast %x : tensor<4x8xf32> to tensor<4x7xbf16>
  return
}
