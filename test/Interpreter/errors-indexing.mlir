// Every mistake of an index, a size or a window is one message.

// RUN: not ockham-interpret %s --entry gather_elements 2>&1 | FileCheck %s --check-prefix GATHER-ELEMENTS
// GATHER-ELEMENTS: 'onnx.GatherElements': index 3 is outside of axis 0, which has 3 elements
func.func @gather_elements() -> tensor<1xf32> {
  %x = onnx.Constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %i = onnx.Constant dense<3> : tensor<1xi64>
  %y = onnx.GatherElements %x, %i {axis = 0} : (tensor<3xf32>, tensor<1xi64>) -> tensor<1xf32>
  return %y : tensor<1xf32>
}

// RUN: not ockham-interpret %s --entry gather_elements_rows 2>&1 | FileCheck %s --check-prefix GATHER-ELEMENTS-ROWS
// GATHER-ELEMENTS-ROWS: 'onnx.GatherElements': indices of shape [2, 1] are longer than the data of shape [1, 1] in dimension 0
func.func @gather_elements_rows() -> tensor<?x1xf32> {
  %one = onnx.ConstantOfShape [1, 1] value 1.0 : f32 -> tensor<1x1xf32>
  %x = tensor.cast %one : tensor<1x1xf32> to tensor<?x1xf32>
  %i = onnx.Constant dense<0> : tensor<2x1xi64>
  %y = onnx.GatherElements %x, %i {axis = 1} : (tensor<?x1xf32>, tensor<2x1xi64>) -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

// RUN: not ockham-interpret %s --entry gather_nd 2>&1 | FileCheck %s --check-prefix GATHER-ND
// GATHER-ND: 'onnx.GatherND': index -3 is outside of axis 1, which has 2 elements
func.func @gather_nd() -> tensor<1xf32> {
  %x = onnx.Constant dense<1.0> : tensor<3x2xf32>
  %i = onnx.Constant dense<[[0, -3]]> : tensor<1x2xi64>
  %y = onnx.GatherND %x, %i {batch_dims = 0} : (tensor<3x2xf32>, tensor<1x2xi64>) -> tensor<1xf32>
  return %y : tensor<1xf32>
}

// RUN: not ockham-interpret %s --entry gather_nd_batch 2>&1 | FileCheck %s --check-prefix GATHER-ND-BATCH
// GATHER-ND-BATCH: 'onnx.GatherND': indices of shape [2, 1] for data of shape [3, 2] with 1 batch dimensions
func.func @gather_nd_batch() -> tensor<?xf32> {
  %x = onnx.Constant dense<1.0> : tensor<3x2xf32>
  %zero = onnx.Constant dense<0> : tensor<2x1xi64>
  %i = tensor.cast %zero : tensor<2x1xi64> to tensor<?x1xi64>
  %y = onnx.GatherND %x, %i {batch_dims = 1} : (tensor<3x2xf32>, tensor<?x1xi64>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// RUN: not ockham-interpret %s --entry scatter_elements 2>&1 | FileCheck %s --check-prefix SCATTER-ELEMENTS
// SCATTER-ELEMENTS: 'onnx.ScatterElements': updates of shape [2] for indices of shape [1]
func.func @scatter_elements() -> tensor<3xf32> {
  %x = onnx.Constant dense<1.0> : tensor<3xf32>
  %i = onnx.Constant dense<0> : tensor<1xi64>
  %u = onnx.Constant dense<1.0> : tensor<2xf32>
  %any = tensor.cast %u : tensor<2xf32> to tensor<?xf32>
  %y = onnx.ScatterElements add %x, %i, %any {axis = 0} : (tensor<3xf32>, tensor<1xi64>, tensor<?xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// RUN: not ockham-interpret %s --entry scatter_nd 2>&1 | FileCheck %s --check-prefix SCATTER-ND
// SCATTER-ND: 'onnx.ScatterND': updates of shape [2], expected [1]
func.func @scatter_nd() -> tensor<3xf32> {
  %x = onnx.Constant dense<1.0> : tensor<3xf32>
  %i = onnx.Constant dense<0> : tensor<1x1xi64>
  %u = onnx.Constant dense<1.0> : tensor<2xf32>
  %any = tensor.cast %u : tensor<2xf32> to tensor<?xf32>
  %y = onnx.ScatterND replace %x, %i, %any : (tensor<3xf32>, tensor<1x1xi64>, tensor<?xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}

// RUN: not ockham-interpret %s --entry pad 2>&1 | FileCheck %s --check-prefix PAD
// PAD: 'onnx.Pad': pads -4 and 0 of dimension 0, which is 3
func.func @pad() -> tensor<?xf32> {
  %x = onnx.Constant dense<1.0> : tensor<3xf32>
  %a = arith.constant -2 : index
  %n = arith.addi %a, %a : index
  %y = onnx.Pad constant %x low [%n] high [0] : (tensor<3xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// RUN: not ockham-interpret %s --entry pad_huge 2>&1 | FileCheck %s --check-prefix PAD-HUGE
// PAD-HUGE: 'onnx.Pad': size 9223372036854775807 is beyond 281474976710656
func.func @pad_huge() -> tensor<?xf32> {
  %x = onnx.Constant dense<1.0> : tensor<3xf32>
  %a = arith.constant 9223372036854775806 : index
  %one = arith.constant 1 : index
  %n = arith.addi %a, %one : index
  %y = onnx.Pad constant %x low [%n] high [%n] : (tensor<3xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// RUN: not ockham-interpret %s --entry pad_empty 2>&1 | FileCheck %s --check-prefix PAD-NOTHING
// PAD-NOTHING: 'onnx.Pad': dimension 0 is empty and cannot be repeated
func.func @pad_empty() -> tensor<?xf32> {
  %x = onnx.Constant dense<> : tensor<0xf32>
  %any = tensor.cast %x : tensor<0xf32> to tensor<?xf32>
  %y = onnx.Pad wrap %any low [1] high [0] : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// RUN: not ockham-interpret %s --entry conv_channels 2>&1 | FileCheck %s --check-prefix CONV-CHANNELS
// CONV-CHANNELS: 'onnx.Conv': input of shape [1, 3, 4] and weights of shape [2, 2, 1] in 1 groups
func.func @conv_channels() -> tensor<1x2x4xf32> {
  %x = onnx.Constant dense<1.0> : tensor<1x3x4xf32>
  %any = tensor.cast %x : tensor<1x3x4xf32> to tensor<1x?x4xf32>
  %w = onnx.Constant dense<1.0> : tensor<2x2x1xf32>
  %y = onnx.Conv %any, %w {strides = array<i64: 1>, dilations = array<i64: 1>, pads = array<i64: 0, 0>, group = 1}
      : (tensor<1x?x4xf32>, tensor<2x2x1xf32>) -> tensor<1x2x4xf32>
  return %y : tensor<1x2x4xf32>
}

// RUN: not ockham-interpret %s --entry conv_span 2>&1 | FileCheck %s --check-prefix CONV-SPAN
// CONV-SPAN: 'onnx.Conv': a kernel that spans 3 of 2 elements in dimension 0
func.func @conv_span() -> tensor<1x2x?xf32> {
  %x = onnx.Constant dense<1.0> : tensor<1x2x2xf32>
  %any = tensor.cast %x : tensor<1x2x2xf32> to tensor<1x2x?xf32>
  %w = onnx.Constant dense<1.0> : tensor<2x2x2xf32>
  %y = onnx.Conv %any, %w {strides = array<i64: 1>, dilations = array<i64: 2>, pads = array<i64: 0, 0>, group = 1}
      : (tensor<1x2x?xf32>, tensor<2x2x2xf32>) -> tensor<1x2x?xf32>
  return %y : tensor<1x2x?xf32>
}

// RUN: not ockham-interpret %s --entry einsum 2>&1 | FileCheck %s --check-prefix EINSUM
// EINSUM: 'onnx.Einsum': letter 'i' stands for 2 and 3
func.func @einsum() -> tensor<?xf32> {
  %x = onnx.Constant dense<1.0> : tensor<2x3xf32>
  %any = tensor.cast %x : tensor<2x3xf32> to tensor<?x?xf32>
  %y = onnx.Einsum "ii->i" %any : (tensor<?x?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
