// RUN: ockham-opt %s --onnx-normalize --split-input-file | FileCheck %s

// What torch.onnx writes for x.view(b, s, 4, 8).transpose(1, 2): every extent
// is taken out of a Shape and put into a Concat, and the importer hands the
// elements to the Reshape.

// CHECK-LABEL: func @heads
// CHECK-SAME:    %[[X:.*]]: tensor<?x?x32xf32>
// CHECK-DAG:     %[[B:.*]] = tensor.dim %[[X]], %c0
// CHECK-DAG:     %[[S:.*]] = tensor.dim %[[X]], %c1
// CHECK-NOT:     onnx.Shape
// CHECK:         %[[R:.*]] = onnx.Reshape %[[X]] to [%[[B]], %[[S]], 4, 8] : (tensor<?x?x32xf32>) -> tensor<?x?x4x8xf32>
// CHECK-NEXT:    %[[T:.*]] = onnx.Transpose %[[R]] {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x4x8xf32>) -> tensor<?x4x?x8xf32>
// CHECK-NEXT:    %[[CAST:.*]] = tensor.cast %[[T]] : tensor<?x4x?x8xf32> to tensor<?x?x?x?xf32>
// CHECK-NEXT:    return %[[CAST]]
func.func @heads(%x: tensor<?x?x32xf32>) -> tensor<?x?x?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c3 = arith.constant 3 : index
  %copy = onnx.Identity %x : (tensor<?x?x32xf32>) -> tensor<?x?x32xf32>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %minus = onnx.Constant dense<[-2]> : tensor<1xi64>
  %four = onnx.Constant dense<4> : tensor<1xi64>
  %eight = onnx.Constant dense<8> : tensor<i64>
  %shape = onnx.Shape %copy {start = 0, end = 3} : (tensor<?x?x32xf32>) -> tensor<3xi64>
  %b = onnx.Gather %shape, %zero {axis = 0} : (tensor<3xi64>, tensor<i64>) -> tensor<i64>
  %b1 = onnx.Unsqueeze %b {axes = array<i64: 0>} : (tensor<i64>) -> tensor<1xi64>
  %s = onnx.Slice %shape [-2] to [-1] {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<3xi64>) -> tensor<1xi64>
  %s32 = onnx.Cast %s : (tensor<1xi64>) -> tensor<1xi32>
  %s64 = onnx.Cast %s32 : (tensor<1xi32>) -> tensor<1xi64>
  %w = onnx.Slice %shape [-1] to [9223372036854775807] {axes = array<i64: 0>, steps = array<i64: 1>} : (tensor<3xi64>) -> tensor<1xi64>
  %wide = onnx.Squeeze %w {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %n = onnx.Div %wide, %four : (tensor<i64>, tensor<1xi64>) -> tensor<1xi64>
  %target = onnx.Concat %b1, %s64, %four, %n {axis = 0}
      : (tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<4xi64>
  %e0 = tensor.extract %target[%c0] : tensor<4xi64>
  %e1 = tensor.extract %target[%c1] : tensor<4xi64>
  %e2 = tensor.extract %target[%c2] : tensor<4xi64>
  %e3 = tensor.extract %target[%c3] : tensor<4xi64>
  %i0 = arith.index_cast %e0 : i64 to index
  %i1 = arith.index_cast %e1 : i64 to index
  %i2 = arith.index_cast %e2 : i64 to index
  %i3 = arith.index_cast %e3 : i64 to index
  %r = onnx.Reshape %copy to [%i0, %i1, %i2, %i3] : (tensor<?x?x32xf32>) -> tensor<?x?x?x?xf32>
  %t = onnx.Transpose %r {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32>
  return %t : tensor<?x?x?x?xf32>
}

// -----

// Arguments share extents by name; the sum needs no broadcast.
// CHECK-LABEL: func @named_extents
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x?xf32>
// CHECK-SAME:    %[[Y:[a-z0-9]+]]: tensor<?x4xf32>
// CHECK-DAG:     %[[B:.*]] = tensor.dim %[[X]], %c0
// CHECK:         %[[SUM:.*]] = onnx.Add {{.*}} -> tensor<?x4xf32>
// CHECK:         onnx.Reshape %[[SUM]] to [2, %[[B]], 2]
func.func @named_extents(%x: tensor<?x?xf32> {ockham.dims = ["batch", "width"]},
                         %y: tensor<?x4xf32> {ockham.dims = ["batch", "width"]}) -> tensor<2x?x2xf32> {
  %c0 = arith.constant 0 : index
  %sum = onnx.Add %x, %y : (tensor<?x?xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %n = tensor.dim %sum, %c0 : tensor<?x4xf32>
  %r = onnx.Reshape %sum to [2, %n, -1] : (tensor<?x4xf32>) -> tensor<2x?x2xf32>
  return %r : tensor<2x?x2xf32>
}

// -----

// A causal mask out of a buffer: [n - n : n] on both axes, of the comparison of
// the whole buffer.
// CHECK-LABEL: func @mask
// CHECK-SAME:    %[[X:.*]]: tensor<?x?xi64>
// CHECK-DAG:     %[[S:.*]] = tensor.dim %[[X]], %c1
// CHECK-DAG:     %[[M:.*]] = onnx.Constant dense<{{\[\[}}false, true], [false, false]]> : tensor<2x2xi1>
// CHECK:         %[[SLICE:.*]] = onnx.Slice %[[M]] [0, 0] to [%[[S]], %[[S]]] {axes = array<i64: 0, 1>, steps = array<i64: 1, 1>}
// CHECK:         return %[[SLICE]]
func.func @mask(%x: tensor<?x?xi64>) -> tensor<?x?xi1> {
  %c0 = arith.constant 0 : index
  %bias = ockham.load_weight @bias : tensor<2x2xf32>
  %zero = onnx.Constant dense<0.0> : tensor<f32>
  %shape = onnx.Shape %x {start = 1, end = 2} : (tensor<?x?xi64>) -> tensor<1xi64>
  %past = onnx.Sub %shape, %shape : (tensor<1xi64>, tensor<1xi64>) -> tensor<1xi64>
  %from = tensor.extract %past[%c0] : tensor<1xi64>
  %to = tensor.extract %shape[%c0] : tensor<1xi64>
  %start = arith.index_cast %from : i64 to index
  %end = arith.index_cast %to : i64 to index
  %rows = onnx.Slice %bias [%start] to [%end] {axes = array<i64: 0>, steps = array<i64: 1>}
      : (tensor<2x2xf32>) -> tensor<?x2xf32>
  %columns = onnx.Slice %rows [0] to [%end] {axes = array<i64: 1>, steps = array<i64: 1>}
      : (tensor<?x2xf32>) -> tensor<?x?xf32>
  %masked = onnx.Equal %columns, %zero : (tensor<?x?xf32>, tensor<f32>) -> tensor<?x?xi1>
  return %masked : tensor<?x?xi1>
}
ockham.weight @bias : tensor<2x2xf32> = dense<[[1.0, 0.0], [1.0, 1.0]]> : tensor<2x2xf32>

// -----

// A scale that is computed from an extent which is known.
// CHECK-LABEL: func @scale
// CHECK-SAME:    %[[X:.*]]: tensor<?x64xf32>
// CHECK:         %[[C:.*]] = onnx.Constant dense<8.000000e+00> : tensor<f32>
// CHECK:         %[[D:.*]] = onnx.Div %[[X]], %[[C]]
// CHECK:         return %[[D]]
func.func @scale(%x: tensor<?x64xf32>) -> tensor<?x64xf32> {
  %half = onnx.Constant dense<0.5> : tensor<f32>
  %shape = onnx.Shape %x {start = 0, end = 2} : (tensor<?x64xf32>) -> tensor<2xi64>
  %last = onnx.Slice %shape [-1] to [9223372036854775807] {axes = array<i64: 0>, steps = array<i64: 1>}
      : (tensor<2xi64>) -> tensor<1xi64>
  %n = onnx.Squeeze %last {axes = array<i64: 0>} : (tensor<1xi64>) -> tensor<i64>
  %f = onnx.Cast %n : (tensor<i64>) -> tensor<f32>
  %root = onnx.Pow %f, %half : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %zero = onnx.ConstantOfShape [] value 0.0 : f32 -> tensor<f32>
  %sum = onnx.Add %zero, %root : (tensor<f32>, tensor<f32>) -> tensor<f32>
  %y = onnx.Div %x, %sum : (tensor<?x64xf32>, tensor<f32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// -----

// Positions stay a Range, of an extent.
// CHECK-LABEL: func @positions
// CHECK-SAME:    %[[X:.*]]: tensor<?x?xi64>
// CHECK-DAG:     %[[S:.*]] = tensor.dim %[[X]], %c1
// CHECK-DAG:     %[[I:.*]] = arith.index_cast %[[S]] : index to i64
// CHECK-DAG:     %[[N:.*]] = tensor.from_elements %[[I]] : tensor<i64>
// CHECK:         onnx.Range %{{.*}}, %[[N]], %{{.*}} -> tensor<?xi64>
// CHECK:         onnx.Gather
func.func @positions(%x: tensor<?x?xi64>) -> tensor<?x4xf32> {
  %table = ockham.load_weight @table : tensor<8x4xf32>
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %shape = onnx.Shape %x {start = 0, end = 2} : (tensor<?x?xi64>) -> tensor<2xi64>
  %s = onnx.Gather %shape, %one {axis = 0} : (tensor<2xi64>, tensor<i64>) -> tensor<i64>
  %n = onnx.Cast %s : (tensor<i64>) -> tensor<i64>
  %range = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %y = onnx.Gather %table, %range {axis = 0} : (tensor<8x4xf32>, tensor<?xi64>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
ockham.weight @table : tensor<8x4xf32> init #ockham.normal<mean = 0.0 : f64, std = 0.02 : f64, seed = 7>

// -----

// Conv1D flattens the rows around a Gemm: the linear is written on all leading
// dimensions, as nn.Linear's MatMul is.
// CHECK-LABEL: func @flattened_linear
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x?x32xf32>, %[[W:[a-z0-9]+]]: tensor<32x64xf32>, %[[BIAS:[a-z0-9]+]]: tensor<64xf32>
// CHECK-NEXT:    %[[P:.*]] = onnx.MatMul %[[X]], %[[W]] : (tensor<?x?x32xf32>, tensor<32x64xf32>) -> tensor<?x?x64xf32>
// CHECK-NEXT:    %[[Y:.*]] = onnx.Add %[[P]], %[[BIAS]]
// CHECK-NEXT:    return %[[Y]]
func.func @flattened_linear(%x: tensor<?x?x32xf32>, %w: tensor<32x64xf32>, %bias: tensor<64xf32>) -> tensor<?x?x64xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x32xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x32xf32>
  %rows = onnx.Reshape %x to [-1, 32] : (tensor<?x?x32xf32>) -> tensor<?x32xf32>
  %y = onnx.Gemm %rows, %w, %bias : (tensor<?x32xf32>, tensor<32x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
  %r = onnx.Reshape %y to [%b, %s, 64] : (tensor<?x64xf32>) -> tensor<?x?x64xf32>
  return %r : tensor<?x?x64xf32>
}

// -----

// Movement that moves nothing, and movement in steps.
// CHECK-LABEL: func @movement
// CHECK-SAME:    %[[X:.*]]: tensor<?x?x4x8xf32>
// CHECK-DAG:     %[[B:.*]] = tensor.dim %[[X]], %c0
// CHECK-DAG:     %[[S:.*]] = tensor.dim %[[X]], %c1
// CHECK:         %[[R:.*]] = onnx.Reshape %[[X]] to [%[[B]], %[[S]], 32]
// CHECK-NEXT:    return %[[R]], %[[X]]
func.func @movement(%x: tensor<?x?x4x8xf32>) -> (tensor<?x?x32xf32>, tensor<?x?x4x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %b = tensor.dim %x, %c0 : tensor<?x?x4x8xf32>
  %s = tensor.dim %x, %c1 : tensor<?x?x4x8xf32>
  %0 = onnx.Reshape %x to [-1, 32] : (tensor<?x?x4x8xf32>) -> tensor<?x32xf32>
  %1 = onnx.Reshape %0 to [%b, -1, 32] : (tensor<?x32xf32>) -> tensor<?x?x32xf32>
  %2 = onnx.Slice %x [0] to [%s] {axes = array<i64: 1>, steps = array<i64: 1>} : (tensor<?x?x4x8xf32>) -> tensor<?x?x4x8xf32>
  %3 = onnx.Expand %2 to [%b, 1, 1, 8] : (tensor<?x?x4x8xf32>) -> tensor<?x?x4x8xf32>
  %4 = onnx.Reshape %3 to [%b, -1, 4, 8] : (tensor<?x?x4x8xf32>) -> tensor<?x?x4x8xf32>
  %5 = onnx.Transpose %4 {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x4x8xf32>) -> tensor<?x4x?x8xf32>
  %6 = onnx.Transpose %5 {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x4x?x8xf32>) -> tensor<?x?x4x8xf32>
  return %1, %6 : tensor<?x?x32xf32>, tensor<?x?x4x8xf32>
}

// -----

// A shape with one unknown: where(shape == -1, 1, shape).
// CHECK-LABEL: func @expand
// CHECK-SAME:    %[[X:.*]]: tensor<?xi64>
// CHECK:         %[[N:.*]] = tensor.dim %[[X]], %c0
// CHECK:         onnx.Expand %[[X]] to [3, %[[N]]] : (tensor<?xi64>) -> tensor<3x?xi64>
func.func @expand(%x: tensor<?xi64>) -> tensor<3x?xi64> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %open = onnx.Constant dense<-1> : tensor<1xi64>
  %three = onnx.Constant dense<3> : tensor<1xi64>
  %n = onnx.Shape %x {start = 0, end = 1} : (tensor<?xi64>) -> tensor<1xi64>
  %target = onnx.Concat %three, %n {axis = 0} : (tensor<1xi64>, tensor<1xi64>) -> tensor<2xi64>
  %unknown = onnx.Equal %target, %open : (tensor<2xi64>, tensor<1xi64>) -> tensor<2xi1>
  %ones = onnx.ConstantOfShape [2] value 1 : i64 -> tensor<2xi64>
  %sizes = onnx.Where %unknown, %ones, %target : (tensor<2xi1>, tensor<2xi64>, tensor<2xi64>) -> tensor<2xi64>
  %e0 = tensor.extract %sizes[%c0] : tensor<2xi64>
  %e1 = tensor.extract %sizes[%c1] : tensor<2xi64>
  %i0 = arith.index_cast %e0 : i64 to index
  %i1 = arith.index_cast %e1 : i64 to index
  %y = onnx.Expand %x to [%i0, %i1] : (tensor<?xi64>) -> tensor<3x?xi64>
  return %y : tensor<3x?xi64>
}

// -----

// A size that only the input's values know stays.
// CHECK-LABEL: func @data_dependent
// CHECK-SAME:    %[[X:.*]]: tensor<?xf32>, %[[N:.*]]: tensor<1xi64>
// CHECK:         %[[E:.*]] = tensor.extract %[[N]]
// CHECK:         %[[I:.*]] = arith.index_cast %[[E]]
// CHECK:         onnx.Reshape %[[X]] to [%[[I]], -1]
func.func @data_dependent(%x: tensor<?xf32>, %n: tensor<1xi64>) -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %e = tensor.extract %n[%c0] : tensor<1xi64>
  %i = arith.index_cast %e : i64 to index
  %y = onnx.Reshape %x to [%i, -1] : (tensor<?xf32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}
