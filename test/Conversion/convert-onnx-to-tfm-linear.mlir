// MatMul, Gemm and Conv1D become tfm.linear.
// RUN: ockham-opt %s --convert-onnx-to-tfm --split-input-file | FileCheck %s

ockham.weight @w : tensor<4x6xf32> = dense<0.5> : tensor<4x6xf32>

// CHECK-LABEL: func.func @matmul
// CHECK: %[[W:.*]] = ockham.load_weight @w
// CHECK: %[[Y:.*]] = tfm.linear %arg0, %[[W]] : tensor<?x?x4xf32>, tensor<4x6xf32> -> tensor<?x?x6xf32>
// CHECK: return %[[Y]]
func.func @matmul(%x: tensor<?x?x4xf32>) -> tensor<?x?x6xf32> {
  %w = ockham.load_weight @w : tensor<4x6xf32>
  %y = onnx.MatMul %x, %w : (tensor<?x?x4xf32>, tensor<4x6xf32>) -> tensor<?x?x6xf32>
  return %y : tensor<?x?x6xf32>
}

// -----

ockham.weight @w : tensor<4x6xf32> = dense<0.5> : tensor<4x6xf32>
ockham.weight @b : tensor<1x6xf32> = dense<0.5> : tensor<1x6xf32>

// The bias may stand on either side and have unit dimensions: it becomes a
// vector that shares the bytes.
// CHECK: ockham.weight @b_6 : tensor<6xf32>
// CHECK-NOT: ockham.weight @b
// CHECK-LABEL: func.func @bias_on_the_left
// CHECK-DAG: %[[W:.*]] = ockham.load_weight @w
// CHECK-DAG: %[[B:.*]] = ockham.load_weight @b_6 : tensor<6xf32>
// CHECK: tfm.linear %arg0, %[[W]] bias %[[B]]
// CHECK-NOT: onnx.
func.func @bias_on_the_left(%x: tensor<?x?x4xf32>) -> tensor<?x?x6xf32> {
  %w = ockham.load_weight @w : tensor<4x6xf32>
  %b = ockham.load_weight @b : tensor<1x6xf32>
  %p = onnx.MatMul %x, %w : (tensor<?x?x4xf32>, tensor<4x6xf32>) -> tensor<?x?x6xf32>
  %y = onnx.Add %b, %p : (tensor<1x6xf32>, tensor<?x?x6xf32>) -> tensor<?x?x6xf32>
  return %y : tensor<?x?x6xf32>
}

// -----

ockham.weight @w : tensor<6x4xf32> = dense<0.5> : tensor<6x4xf32>

// CHECK-LABEL: func.func @transposed_weight
// CHECK: tfm.linear %arg0, %{{.*}} : tensor<?x?x4xf32>, tensor<6x4xf32> -> tensor<?x?x6xf32> {transposed}
// CHECK-NOT: onnx.
func.func @transposed_weight(%x: tensor<?x?x4xf32>) -> tensor<?x?x6xf32> {
  %w = ockham.load_weight @w : tensor<6x4xf32>
  %t = onnx.Transpose %w {perm = array<i64: 1, 0>} : (tensor<6x4xf32>) -> tensor<4x6xf32>
  %y = onnx.MatMul %x, %t : (tensor<?x?x4xf32>, tensor<4x6xf32>) -> tensor<?x?x6xf32>
  return %y : tensor<?x?x6xf32>
}

// -----

ockham.weight @w : tensor<4x6xf32> = dense<0.5> : tensor<4x6xf32>
ockham.weight @b : tensor<6xf32> = dense<0.5> : tensor<6xf32>

// Both biased and plain product are read: the product is not done twice.
// CHECK-LABEL: func.func @product_read_twice
// CHECK: %[[P:.*]] = tfm.linear %arg0, %{{.*}} : tensor
// CHECK: onnx.Add %[[P]]
// CHECK-NOT: tfm.linear
func.func @product_read_twice(%x: tensor<?x?x4xf32>) -> (tensor<?x?x6xf32>, tensor<?x?x6xf32>) {
  %w = ockham.load_weight @w : tensor<4x6xf32>
  %b = ockham.load_weight @b : tensor<6xf32>
  %p = onnx.MatMul %x, %w : (tensor<?x?x4xf32>, tensor<4x6xf32>) -> tensor<?x?x6xf32>
  %y = onnx.Add %p, %b : (tensor<?x?x6xf32>, tensor<6xf32>) -> tensor<?x?x6xf32>
  return %p, %y : tensor<?x?x6xf32>, tensor<?x?x6xf32>
}

// -----

ockham.weight @w : tensor<4x6xf32> = dense<0.5> : tensor<4x6xf32>
ockham.weight @b : tensor<6xf32> = dense<0.5> : tensor<6xf32>

// Conv1D: the rows are flattened around the Gemm.
// CHECK-LABEL: func.func @conv1d
// CHECK: %[[Y:.*]] = tfm.linear %arg0, %{{.*}} bias %{{.*}} : tensor<?x?x4xf32>, tensor<4x6xf32>, tensor<6xf32> -> tensor<?x?x6xf32>
// CHECK-NEXT: return %[[Y]]
func.func @conv1d(%x: tensor<?x?x4xf32>) -> tensor<?x?x6xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %batch = tensor.dim %x, %c0 : tensor<?x?x4xf32>
  %sequence = tensor.dim %x, %c1 : tensor<?x?x4xf32>
  %w = ockham.load_weight @w : tensor<4x6xf32>
  %b = ockham.load_weight @b : tensor<6xf32>
  %rows = onnx.Reshape %x to [-1, 4] : (tensor<?x?x4xf32>) -> tensor<?x4xf32>
  %p = onnx.Gemm %rows, %w, %b : (tensor<?x4xf32>, tensor<4x6xf32>, tensor<6xf32>) -> tensor<?x6xf32>
  %y = onnx.Reshape %p to [%batch, %sequence, 6] : (tensor<?x6xf32>) -> tensor<?x?x6xf32>
  return %y : tensor<?x?x6xf32>
}

// -----

ockham.weight @w : tensor<6x4xf32> = dense<[[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0]]> : tensor<6x4xf32>

// A factor that is a power of two goes into the weight without rounding.
// CHECK: ockham.weight @[[SCALED:w_scaled[^ ]*]] : tensor<6x4xf32>
// CHECK-LABEL: func.func @gemm_with_factor
// CHECK: %[[W:.*]] = ockham.load_weight @[[SCALED]]
// CHECK: tfm.linear %arg0, %[[W]] : tensor<?x4xf32>, tensor<6x4xf32> -> tensor<?x6xf32> {transposed}
func.func @gemm_with_factor(%x: tensor<?x4xf32>) -> tensor<?x6xf32> {
  %w = ockham.load_weight @w : tensor<6x4xf32>
  %y = onnx.Gemm %x, %w {alpha = 0.5 : f64, transB} : (tensor<?x4xf32>, tensor<6x4xf32>) -> tensor<?x6xf32>
  return %y : tensor<?x6xf32>
}

// -----

ockham.weight @w : tensor<4x6xf32> = dense<0.5> : tensor<4x6xf32>

// CHECK-LABEL: func.func @split
// CHECK: %[[P:.*]] = tfm.linear
// CHECK: %[[S:.*]]:2 = tfm.split %[[P]] : tensor<?x?x6xf32> -> tensor<?x?x2xf32>, tensor<?x?x4xf32>
// CHECK: return %[[S]]#0, %[[S]]#1
func.func @split(%x: tensor<?x?x4xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x4xf32>) {
  %w = ockham.load_weight @w : tensor<4x6xf32>
  %p = onnx.MatMul %x, %w : (tensor<?x?x4xf32>, tensor<4x6xf32>) -> tensor<?x?x6xf32>
  %s:2 = onnx.Split %p into [2, 4] {axis = 2} : (tensor<?x?x6xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x4xf32>)
  return %s#0, %s#1 : tensor<?x?x2xf32>, tensor<?x?x4xf32>
}

// -----

// [SAS]: skip * I + resid * W, computed by the model. Two spellings; an absent
// gain of the identity is 1.
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
ockham.weight @skip : tensor<1xf32> = dense<0.5> : tensor<1xf32>
ockham.weight @resid : tensor<f32> = dense<0.1> : tensor<f32>

// CHECK-LABEL: func.func @reparametrised
// CHECK-DAG: %[[W:.*]] = ockham.load_weight @w
// CHECK-DAG: %[[SKIP:.*]] = ockham.load_weight @skip
// CHECK-DAG: %[[RESID:.*]] = ockham.load_weight @resid
// CHECK: %[[Y:.*]] = tfm.linear %arg0, %[[W]] skip %[[SKIP]] resid %[[RESID]] : {{.*}} {transposed}
// CHECK: %[[ONE:.*]] = arith.constant dense<1.000000e+00>
// CHECK: tfm.linear %[[Y]], %[[W]] skip %[[ONE]] resid %[[RESID]] :
// CHECK-NOT: transposed
// CHECK-NOT: onnx.
func.func @reparametrised(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %skip = ockham.load_weight @skip : tensor<1xf32>
  %resid = ockham.load_weight @resid : tensor<f32>
  %i = onnx.Constant dense<[[1.0, 0.0], [0.0, 1.0]]> : tensor<2x2xf32>
  %si = onnx.Mul %skip, %i : (tensor<1xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %rw = onnx.Mul %w, %resid : (tensor<2x2xf32>, tensor<f32>) -> tensor<2x2xf32>
  %sum = onnx.Add %si, %rw : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %t = onnx.Transpose %sum {perm = array<i64: 1, 0>} : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %y = onnx.MatMul %x, %t : (tensor<?x?x2xf32>, tensor<2x2xf32>) -> tensor<?x?x2xf32>
  %plain = onnx.Add %rw, %i : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %z = onnx.MatMul %y, %plain : (tensor<?x?x2xf32>, tensor<2x2xf32>) -> tensor<?x?x2xf32>
  return %z : tensor<?x?x2xf32>
}

// -----

// No identity among the two: the model adds two matrices.
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>

// CHECK-LABEL: func.func @sum_of_matrices
// CHECK: onnx.MatMul
func.func @sum_of_matrices(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %i = onnx.Constant dense<[[1.0, 0.0], [0.5, 1.0]]> : tensor<2x2xf32>
  %sum = onnx.Add %w, %i : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<2x2xf32>
  %y = onnx.MatMul %x, %sum : (tensor<?x?x2xf32>, tensor<2x2xf32>) -> tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}
