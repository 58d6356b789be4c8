// RUN: ockham-opt %s --onnx-normalize --split-input-file | FileCheck %s

// Masks of constants may be put together with scatters; what the indices name
// is known now.

// CHECK-LABEL: func @scatter_nd
// CHECK: onnx.Constant dense<{{\[\[}}1, 2], [8, 9], [5, 6]]> : tensor<3x2xi64>
func.func @scatter_nd(%x: tensor<3x2xi64>) -> tensor<3x2xi64> {
  %data = onnx.Constant dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi64>
  %indices = onnx.Constant dense<[[-2]]> : tensor<1x1xi64>
  %updates = onnx.Constant dense<[[8, 9]]> : tensor<1x2xi64>
  %0 = onnx.ScatterND replace %data, %indices, %updates
      : (tensor<3x2xi64>, tensor<1x1xi64>, tensor<1x2xi64>) -> tensor<3x2xi64>
  %1 = onnx.Add %x, %0 : (tensor<3x2xi64>, tensor<3x2xi64>) -> tensor<3x2xi64>
  return %1 : tensor<3x2xi64>
}

// -----

// CHECK-LABEL: func @scatter_elements
// CHECK: onnx.Constant dense<{{\[\[}}1, 9], [8, 4], [5, 6]]> : tensor<3x2xi64>
func.func @scatter_elements(%x: tensor<3x2xi64>) -> tensor<3x2xi64> {
  %data = onnx.Constant dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi64>
  %indices = onnx.Constant dense<[[1, -3]]> : tensor<1x2xi64>
  %updates = onnx.Constant dense<[[8, 9]]> : tensor<1x2xi64>
  %0 = onnx.ScatterElements replace %data, %indices, %updates {axis = 0}
      : (tensor<3x2xi64>, tensor<1x2xi64>, tensor<1x2xi64>) -> tensor<3x2xi64>
  %1 = onnx.Add %x, %0 : (tensor<3x2xi64>, tensor<3x2xi64>) -> tensor<3x2xi64>
  return %1 : tensor<3x2xi64>
}

// -----

// CHECK-LABEL: func @gathers
// CHECK-DAG: onnx.Constant dense<[6, 3]> : tensor<2xi64>
// CHECK-DAG: onnx.Constant dense<[2, 3]> : tensor<2xi64>
func.func @gathers(%x: tensor<2xi64>) -> (tensor<2xi64>, tensor<2xi64>) {
  %data = onnx.Constant dense<[[1, 2], [3, 4], [5, 6]]> : tensor<3x2xi64>
  %lists = onnx.Constant dense<[[2, -1], [-2, 0]]> : tensor<2x2xi64>
  %0 = onnx.GatherND %data, %lists {batch_dims = 0} : (tensor<3x2xi64>, tensor<2x2xi64>) -> tensor<2xi64>
  %rows = onnx.Constant dense<[[-1], [0]]> : tensor<2x1xi64>
  %1 = onnx.GatherElements %data, %rows {axis = 1} : (tensor<3x2xi64>, tensor<2x1xi64>) -> tensor<2x1xi64>
  %2 = onnx.Reshape %1 to [2] : (tensor<2x1xi64>) -> tensor<2xi64>
  %3 = onnx.Add %x, %0 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %4 = onnx.Add %x, %2 : (tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  return %3, %4 : tensor<2xi64>, tensor<2xi64>
}

// -----

// An index outside is left to run time, which has a message for it. Sums are
// left as well.
// CHECK-LABEL: func @left
// CHECK: onnx.GatherElements
// CHECK: onnx.ScatterElements add
func.func @left() -> (tensor<1xi64>, tensor<3xi64>) {
  %data = onnx.Constant dense<[1, 2, 3]> : tensor<3xi64>
  %outside = onnx.Constant dense<[3]> : tensor<1xi64>
  %0 = onnx.GatherElements %data, %outside {axis = 0} : (tensor<3xi64>, tensor<1xi64>) -> tensor<1xi64>
  %inside = onnx.Constant dense<[2]> : tensor<1xi64>
  %1 = onnx.ScatterElements add %data, %inside, %inside {axis = 0} : (tensor<3xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<3xi64>
  return %0, %1 : tensor<1xi64>, tensor<3xi64>
}
