// RUN: ockham-opt %s --resolve-ranked-shaped-type-result-dims --canonicalize --cse --split-input-file | FileCheck %s

// The extents of results are functions of the operands' extents.

// CHECK-LABEL: func @products
// CHECK-SAME:    %[[X:.*]]: tensor<?x?x32xf32>, %[[W:.*]]: tensor<32x?xf32>
func.func @products(%x: tensor<?x?x32xf32>, %w: tensor<32x?xf32>) -> (index, index) {
  // CHECK-DAG: %[[C1:.*]] = arith.constant 1 : index
  // CHECK-DAG: %[[S:.*]] = tensor.dim %[[X]], %[[C1]]
  // CHECK-DAG: %[[N:.*]] = tensor.dim %[[W]], %[[C1]]
  // CHECK: return %[[S]], %[[N]]
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %0 = onnx.MatMul %x, %w : (tensor<?x?x32xf32>, tensor<32x?xf32>) -> tensor<?x?x?xf32>
  %1 = onnx.Relu %0 : (tensor<?x?x?xf32>) -> tensor<?x?x?xf32>
  %s = tensor.dim %1, %c1 : tensor<?x?x?xf32>
  %n = tensor.dim %1, %c2 : tensor<?x?x?xf32>
  return %s, %n : index, index
}

// -----

// Two extents that may differ: one of them is 1, or they are equal.
// CHECK-LABEL: func @broadcast
// CHECK-SAME:    %[[X:.*]]: tensor<?xf32>, %[[Y:.*]]: tensor<?xf32>
func.func @broadcast(%x: tensor<?xf32>, %y: tensor<?xf32>) -> (index, index) {
  // CHECK: %[[N:.*]] = tensor.dim %[[X]]
  // CHECK: %[[M:.*]] = tensor.dim %[[Y]]
  // CHECK: %[[ONE:.*]] = arith.cmpi eq, %[[N]], %{{.*}} : index
  // CHECK: %[[D:.*]] = arith.select %[[ONE]], %[[M]], %[[N]]
  // CHECK: return %[[D]], %[[N]]
  %c0 = arith.constant 0 : index
  %0 = onnx.Add %x, %y : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %1 = onnx.Add %x, %x : (tensor<?xf32>, tensor<?xf32>) -> tensor<?xf32>
  %d = tensor.dim %0, %c0 : tensor<?xf32>
  %same = tensor.dim %1, %c0 : tensor<?xf32>
  return %d, %same : index, index
}

// -----

// CHECK-LABEL: func @reshape
// CHECK-SAME:    %[[X:.*]]: tensor<?x?x32xf32>
func.func @reshape(%x: tensor<?x?x32xf32>) -> (index, index) {
  // CHECK-DAG: %[[B:.*]] = tensor.dim %[[X]], %c0
  // CHECK-DAG: %[[S:.*]] = tensor.dim %[[X]], %c1
  // CHECK-DAG: %[[ROWS:.*]] = arith.muli %[[B]], %[[S]]
  // CHECK-DAG: %[[FOUR:.*]] = arith.muli %[[ROWS]], %c4
  // CHECK: return %[[ROWS]], %[[FOUR]]
  %c0 = arith.constant 0 : index
  %0 = onnx.Reshape %x to [-1, 32] : (tensor<?x?x32xf32>) -> tensor<?x32xf32>
  %1 = onnx.Reshape %x to [-1, 8] : (tensor<?x?x32xf32>) -> tensor<?x8xf32>
  %rows = tensor.dim %0, %c0 : tensor<?x32xf32>
  %four = tensor.dim %1, %c0 : tensor<?x8xf32>
  return %rows, %four : index, index
}

// -----

// CHECK-LABEL: func @slice
// CHECK-SAME:    %[[X:.*]]: tensor<?xf32>, %[[N:.*]]: index
func.func @slice(%x: tensor<?xf32>, %n: index) -> (index, index) {
  // All but the first two, by twos: (d - min(d, 2) + 1) / 2.
  // CHECK-DAG: %[[D:.*]] = tensor.dim %[[X]]
  // CHECK-DAG: %[[FROM:.*]] = arith.minsi %[[D]], %c2
  // CHECK-DAG: %[[SPAN:.*]] = arith.subi %[[D]], %[[FROM]]
  // CHECK: %[[UP:.*]] = arith.addi %[[SPAN]], %c1
  // CHECK: %[[HALF:.*]] = arith.floordivsi %[[UP]], %c2
  // An end of unknown sign may count from the back, and is clamped.
  // CHECK: %[[SUM:.*]] = arith.addi %[[N]], %[[D]]
  // CHECK: %[[NEGATIVE:.*]] = arith.cmpi slt, %[[N]], %c0
  // CHECK: %[[END:.*]] = arith.select %[[NEGATIVE]], %[[SUM]], %[[N]]
  // CHECK: arith.maxsi %[[END]], %c0
  // CHECK: arith.minsi %[[D]]
  %c0 = arith.constant 0 : index
  %0 = onnx.Slice %x [2] to [9223372036854775807] {axes = array<i64: 0>, steps = array<i64: 2>}
      : (tensor<?xf32>) -> tensor<?xf32>
  %1 = onnx.Slice %x [0] to [%n] {axes = array<i64: 0>, steps = array<i64: 1>}
      : (tensor<?xf32>) -> tensor<?xf32>
  %half = tensor.dim %0, %c0 : tensor<?xf32>
  %part = tensor.dim %1, %c0 : tensor<?xf32>
  return %half, %part : index, index
}

// -----

// CHECK-LABEL: func @from_elements_of_tensors
// CHECK-SAME:    %[[N:.*]]: tensor<i64>, %[[X:.*]]: tensor<f32>
func.func @from_elements_of_tensors(%n: tensor<i64>, %x: tensor<f32>) -> (index, index) {
  // CHECK: %[[E:.*]] = tensor.extract %[[N]][]
  // CHECK: %[[I:.*]] = arith.index_cast %[[E]] : i64 to index
  // CHECK: arith.maxsi %[[I]], %c0
  // CHECK: arith.divf
  // CHECK: arith.fptosi
  %c0 = arith.constant 0 : index
  %zero = onnx.Constant dense<0> : tensor<i64>
  %one = onnx.Constant dense<1> : tensor<i64>
  %half = onnx.Constant dense<0.5> : tensor<f32>
  %0 = onnx.Range %zero, %n, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %1 = onnx.Range %half, %x, %half : (tensor<f32>, tensor<f32>, tensor<f32>) -> tensor<?xf32>
  %int = tensor.dim %0, %c0 : tensor<?xi64>
  %float = tensor.dim %1, %c0 : tensor<?xf32>
  return %int, %float : index, index
}

// -----

// CHECK-LABEL: func @movement
// CHECK-SAME:    %[[X:.*]]: tensor<?x?x8xf32>, %[[I:.*]]: tensor<?xi64>, %[[N:.*]]: index
func.func @movement(%x: tensor<?x?x8xf32>, %i: tensor<?xi64>, %n: index)
    -> (index, index, index, index, index) {
  // CHECK-DAG: %[[B:.*]] = tensor.dim %[[X]], %c0
  // CHECK-DAG: %[[S:.*]] = tensor.dim %[[X]], %c1
  // CHECK-DAG: %[[K:.*]] = tensor.dim %[[I]], %c0
  // CHECK-DAG: %[[TWO:.*]] = arith.muli %[[S]], %c2
  // CHECK: return %[[S]], %[[K]], %[[TWO]], %[[B]], %[[N]]
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %0 = onnx.Transpose %x {perm = array<i64: 1, 2, 0>} : (tensor<?x?x8xf32>) -> tensor<?x8x?xf32>
  %1 = onnx.Gather %x, %i {axis = 0} : (tensor<?x?x8xf32>, tensor<?xi64>) -> tensor<?x?x8xf32>
  %2 = onnx.Concat %x, %x {axis = 1} : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %3:2 = onnx.Split %x into [2, 6] {axis = 2} : (tensor<?x?x8xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x6xf32>)
  %4 = onnx.ConstantOfShape [%n] value 0.0 : f32 -> tensor<?xf32>
  %d0 = tensor.dim %0, %c0 : tensor<?x8x?xf32>
  %d1 = tensor.dim %1, %c0 : tensor<?x?x8xf32>
  %d2 = tensor.dim %2, %c1 : tensor<?x?x8xf32>
  %d3 = tensor.dim %3#1, %c0 : tensor<?x?x6xf32>
  %d4 = tensor.dim %4, %c0 : tensor<?xf32>
  return %d0, %d1, %d2, %d3, %d4 : index, index, index, index, index
}
