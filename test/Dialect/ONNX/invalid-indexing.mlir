// RUN: ockham-opt %s -verify-diagnostics -split-input-file

func.func @gather_elements_axis(%x: tensor<4x8xf32>, %i: tensor<4x2xi64>) {
  // expected-error @+1 {{'onnx.GatherElements' op axis 2 is outside rank 2}}
  %0 = onnx.GatherElements %x, %i {axis = 2} : (tensor<4x8xf32>, tensor<4x2xi64>) -> tensor<4x2xf32>
  return
}

// -----

func.func @gather_elements_rank(%x: tensor<4x8xf32>, %i: tensor<2xi64>) {
  // expected-error @+1 {{'onnx.GatherElements' op indices have rank 1, expected the data's rank 2}}
  %0 = onnx.GatherElements %x, %i {axis = 1} : (tensor<4x8xf32>, tensor<2xi64>) -> tensor<2xf32>
  return
}

// -----

func.func @gather_elements_extent(%x: tensor<4x8xf32>, %i: tensor<5x2xi64>) {
  // expected-error @+1 {{'onnx.GatherElements' op indices have extent 5 in dimension 0, expected at most 4}}
  %0 = onnx.GatherElements %x, %i {axis = 1} : (tensor<4x8xf32>, tensor<5x2xi64>) -> tensor<5x2xf32>
  return
}

// -----

func.func @gather_nd_rank(%x: tensor<4x8xf32>, %i: tensor<i64>) {
  // expected-error @+1 {{'onnx.GatherND' op data of rank 2 and indices of rank 0, expected at least 1}}
  %0 = onnx.GatherND %x, %i {batch_dims = 0} : (tensor<4x8xf32>, tensor<i64>) -> tensor<8xf32>
  return
}

// -----

func.func @gather_nd_batch(%x: tensor<4x8xf32>, %i: tensor<4x1xi64>) {
  // expected-error @+1 {{'onnx.GatherND' op has 2 batch dimensions, expected less than 2}}
  %0 = onnx.GatherND %x, %i {batch_dims = 2} : (tensor<4x8xf32>, tensor<4x1xi64>) -> tensor<4xf32>
  return
}

// -----

func.func @gather_nd_dynamic(%x: tensor<4x8xf32>, %i: tensor<4x?xi64>) {
  // expected-error @+1 {{'onnx.GatherND' op the last dimension of the indices is dynamic, expected a static extent}}
  %0 = onnx.GatherND %x, %i {batch_dims = 0} : (tensor<4x8xf32>, tensor<4x?xi64>) -> tensor<4x8xf32>
  return
}

// -----

func.func @gather_nd_length(%x: tensor<4x8xf32>, %i: tensor<4x2xi64>) {
  // expected-error @+1 {{'onnx.GatherND' op the last dimension of the indices is 2, expected at most 1}}
  %0 = onnx.GatherND %x, %i {batch_dims = 1} : (tensor<4x8xf32>, tensor<4x2xi64>) -> tensor<4xf32>
  return
}

// -----

func.func @gather_nd_batch_extent(%x: tensor<4x8xf32>, %i: tensor<3x1xi64>) {
  // expected-error @+1 {{'onnx.GatherND' op batch dimension 0 is 4 in the data but 3 in the indices}}
  %0 = onnx.GatherND %x, %i {batch_dims = 1} : (tensor<4x8xf32>, tensor<3x1xi64>) -> tensor<3xf32>
  return
}

// -----

func.func @scatter_elements_updates(%x: tensor<4x8xf32>, %i: tensor<4x2xi64>, %u: tensor<4x3xf32>) {
  // expected-error @+1 {{'onnx.ScatterElements' op updates have shape [4x3], expected [4x2]}}
  %0 = onnx.ScatterElements replace %x, %i, %u {axis = 1} : (tensor<4x8xf32>, tensor<4x2xi64>, tensor<4x3xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @scatter_elements_type(%x: tensor<4x8xf32>, %i: tensor<4x2xi64>, %u: tensor<4x2xf16>) {
  // expected-error @+1 {{'onnx.ScatterElements' op data and updates have different element types 'f32' and 'f16'}}
  %0 = onnx.ScatterElements replace %x, %i, %u {axis = 1} : (tensor<4x8xf32>, tensor<4x2xi64>, tensor<4x2xf16>) -> tensor<4x8xf32>
  return
}

// -----

func.func @scatter_booleans(%x: tensor<4xi1>, %i: tensor<2xi64>, %u: tensor<2xi1>) {
  // expected-error @+1 {{'onnx.ScatterElements' op cannot add booleans, expected numbers}}
  %0 = onnx.ScatterElements add %x, %i, %u {axis = 0} : (tensor<4xi1>, tensor<2xi64>, tensor<2xi1>) -> tensor<4xi1>
  return
}

// -----

func.func @scatter_nd_updates(%x: tensor<4x8xf32>, %i: tensor<2x1xi64>, %u: tensor<2x4xf32>) {
  // expected-error @+1 {{'onnx.ScatterND' op updates have shape [2x4], expected [2x8]}}
  %0 = onnx.ScatterND replace %x, %i, %u : (tensor<4x8xf32>, tensor<2x1xi64>, tensor<2x4xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @pad_count(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'onnx.Pad' op has 1 sizes on one side for rank 2}}
  %0 = onnx.Pad constant %x low [1] high [1, 1] : (tensor<4x8xf32>) -> tensor<6x10xf32>
  return
}

// -----

func.func @pad_value(%x: tensor<4xf32>, %v: tensor<1xf32>) {
  // expected-error @+1 {{'onnx.Pad' op value is 'tensor<1xf32>', expected a scalar of 'f32'}}
  %0 = onnx.Pad constant %x value %v low [1] high [1] : (tensor<4xf32>, tensor<1xf32>) -> tensor<6xf32>
  return
}

// -----

func.func @pad_mode_value(%x: tensor<4xf32>, %v: tensor<f32>) {
  // expected-error @+1 {{'onnx.Pad' op has a value, which mode edge does not use}}
  %0 = onnx.Pad edge %x value %v low [1] high [1] : (tensor<4xf32>, tensor<f32>) -> tensor<6xf32>
  return
}

// -----

func.func @pad_negative(%x: tensor<4xf32>) {
  // expected-error @+1 {{'onnx.Pad' op leaves extent -1 in dimension 0, expected at least 0}}
  %0 = onnx.Pad constant %x low [-3] high [-2] : (tensor<4xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @pad_size(%x: tensor<4xf32>) {
  // expected-error @+1 {{'onnx.Pad' op has size 9223372036854775807, expected -281474976710656 to 281474976710656}}
  %0 = onnx.Pad constant %x low [9223372036854775807] high [9223372036854775807] : (tensor<4xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @pad_empty(%x: tensor<0xf32>) {
  // expected-error @+1 {{'onnx.Pad' op repeats dimension 0, which is empty}}
  %0 = onnx.Pad wrap %x low [1] high [0] : (tensor<0xf32>) -> tensor<1xf32>
  return
}

// -----

func.func @cumsum_axis(%x: tensor<4xf32>) {
  // expected-error @+1 {{'onnx.CumSum' op axis 1 is outside rank 1}}
  %0 = onnx.CumSum %x {axis = 1} : (tensor<4xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @split_places(%x: tensor<4xf32>, %n: index) {
  // expected-error @+1 {{'onnx.Split' op sizes has 1 dynamic places but 0 operands}}
  %0:2 = "onnx.Split"(%x) {axis = 0 : i64, static_sizes = array<i64: -9223372036854775808, 1>} : (tensor<4xf32>) -> (tensor<?xf32>, tensor<1xf32>)
  return
}

// -----

func.func @split_more(%x: tensor<4xf32>, %n: index) {
  // expected-error @+1 {{'onnx.Split' op sizes add up to 5 or more but the extent of axis 0 is 4}}
  %0:2 = onnx.Split %x into [%n, 5] {axis = 0} : (tensor<4xf32>) -> (tensor<?xf32>, tensor<5xf32>)
  return
}

// -----

func.func @conv_rank(%x: tensor<1x3xf32>, %w: tensor<4x3xf32>) {
  // expected-error @+1 {{'onnx.Conv' op input has rank 2, expected 3 to 5}}
  %0 = onnx.Conv %x, %w {strides = array<i64>, dilations = array<i64>, pads = array<i64>, group = 1} : (tensor<1x3xf32>, tensor<4x3xf32>) -> tensor<1x4xf32>
  return
}

// -----

func.func @conv_ranks(%x: tensor<1x3x8xf32>, %w: tensor<4x3x2x2xf32>) {
  // expected-error @+1 {{'onnx.Conv' op input and weights have different ranks 3 and 4}}
  %0 = onnx.Conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1} : (tensor<1x3x8xf32>, tensor<4x3x2x2xf32>) -> tensor<1x4x7xf32>
  return
}

// -----

func.func @conv_lists(%x: tensor<1x3x8xf32>, %w: tensor<4x3x2xf32>) {
  // expected-error @+1 {{'onnx.Conv' op has 2 strides, expected 1}}
  %0 = onnx.Conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1} : (tensor<1x3x8xf32>, tensor<4x3x2xf32>) -> tensor<1x4x7xf32>
  return
}

// -----

func.func @conv_pads(%x: tensor<1x3x8xf32>, %w: tensor<4x3x2xf32>) {
  // expected-error @+1 {{'onnx.Conv' op has -1 among its pads, expected 0 to 2147483647}}
  %0 = onnx.Conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: -1, 0>, group = 1} : (tensor<1x3x8xf32>, tensor<4x3x2xf32>) -> tensor<1x4x6xf32>
  return
}

// -----

func.func @conv_types(%x: tensor<1x3x8xf32>, %w: tensor<4x3x2xf16>) {
  // expected-error @+1 {{'onnx.Conv' op operands have different element types 'f32' and 'f16'}}
  %0 = onnx.Conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1} : (tensor<1x3x8xf32>, tensor<4x3x2xf16>) -> tensor<1x4x7xf32>
  return
}

// -----

func.func @conv_group(%x: tensor<1x3x8xf32>, %w: tensor<4x3x2xf32>) {
  // expected-error @+1 {{'onnx.Conv' op has 0 groups, expected at least 1}}
  %0 = onnx.Conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 0} : (tensor<1x3x8xf32>, tensor<4x3x2xf32>) -> tensor<1x4x7xf32>
  return
}

// -----

func.func @conv_channels(%x: tensor<1x6x8xf32>, %w: tensor<4x2x2xf32>) {
  // expected-error @+1 {{'onnx.Conv' op has 6 input channels in 2 groups for weights of 2}}
  %0 = onnx.Conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 2} : (tensor<1x6x8xf32>, tensor<4x2x2xf32>) -> tensor<1x4x7xf32>
  return
}

// -----

func.func @conv_outputs(%x: tensor<1x6x8xf32>, %w: tensor<5x3x2xf32>) {
  // expected-error @+1 {{'onnx.Conv' op has 5 output channels for 2 groups}}
  %0 = onnx.Conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 2} : (tensor<1x6x8xf32>, tensor<5x3x2xf32>) -> tensor<1x5x7xf32>
  return
}

// -----

func.func @conv_bias_rank(%x: tensor<1x3x8xf32>, %w: tensor<4x3x2xf32>, %b: tensor<4x1xf32>) {
  // expected-error @+1 {{'onnx.Conv' op bias has rank 2, expected 1}}
  %0 = onnx.Conv %x, %w bias %b {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1} : (tensor<1x3x8xf32>, tensor<4x3x2xf32>, tensor<4x1xf32>) -> tensor<1x4x7xf32>
  return
}

// -----

func.func @conv_bias(%x: tensor<1x3x8xf32>, %w: tensor<4x3x2xf32>, %b: tensor<3xf32>) {
  // expected-error @+1 {{'onnx.Conv' op bias has 3 elements for 4 output channels}}
  %0 = onnx.Conv %x, %w bias %b {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1} : (tensor<1x3x8xf32>, tensor<4x3x2xf32>, tensor<3xf32>) -> tensor<1x4x7xf32>
  return
}

// -----

func.func @conv_empty_kernel(%x: tensor<1x3x8xf32>, %w: tensor<4x3x0xf32>) {
  // expected-error @+1 {{'onnx.Conv' op has a kernel of extent 0 in dimension 0}}
  %0 = onnx.Conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1} : (tensor<1x3x8xf32>, tensor<4x3x0xf32>) -> tensor<1x4x9xf32>
  return
}

// -----

func.func @conv_span(%x: tensor<1x3x8xf32>, %w: tensor<4x3x4xf32>) {
  // expected-error @+1 {{'onnx.Conv' op has a kernel that spans 10 of 9 elements in dimension 0}}
  %0 = onnx.Conv %x, %w {strides = array<i64: 1>, dilations = array<i64: 3>, pads = array<i64: 0, 1>, group = 1} : (tensor<1x3x8xf32>, tensor<4x3x4xf32>) -> tensor<1x4x?xf32>
  return
}

// -----

func.func @einsum_equation(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'onnx.Einsum' op has equation "i...", expected letters, commas and one '->'}}
  %0 = onnx.Einsum "i..." %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @einsum_operands(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'onnx.Einsum' op has 1 operands for the equation "ij,jk->ik"}}
  %0 = onnx.Einsum "ij,jk->ik" %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @einsum_rank(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'onnx.Einsum' op has an operand of rank 2 for "ijk"}}
  %0 = onnx.Einsum "ijk->i" %x : (tensor<4x8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @einsum_extents(%x: tensor<4x8xf32>) {
  // expected-error @+1 {{'onnx.Einsum' op letter 'i' stands for 4 and 8}}
  %0 = onnx.Einsum "ii->i" %x : (tensor<4x8xf32>) -> tensor<4xf32>
  return
}

// -----

func.func @einsum_types(%x: tensor<4xf32>, %y: tensor<4xf16>) {
  // expected-error @+1 {{'onnx.Einsum' op operands have different element types 'f32' and 'f16'}}
  %0 = onnx.Einsum "i,i->i" %x, %y : (tensor<4xf32>, tensor<4xf16>) -> tensor<4xf32>
  return
}

// -----

func.func @einsum_unknown(%x: tensor<4xf32>) {
  // expected-error @+1 {{'onnx.Einsum' op the result has letter 'j' which no operand has}}
  %0 = onnx.Einsum "i->ij" %x : (tensor<4xf32>) -> tensor<4x4xf32>
  return
}

// -----

func.func @einsum_twice(%x: tensor<4xf32>) {
  // expected-error @+1 {{'onnx.Einsum' op the result has letter 'i' twice}}
  %0 = onnx.Einsum "i->ii" %x : (tensor<4xf32>) -> tensor<4x4xf32>
  return
}
