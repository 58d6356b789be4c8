// RUN: ockham-opt %s --convert-tfm-to-onnx --verify-rewrites | FileCheck %s
// What is written is raised again.
// RUN: ockham-opt %s --convert-tfm-to-onnx --convert-onnx-to-tfm | FileCheck %s --check-prefix=AGAIN

// CHECK-LABEL: func @loss
// CHECK: %[[MAX:.*]] = onnx.ReduceMax %arg0 {axes = array<i64: 1>, keepdims}
// CHECK: %[[X:.*]] = onnx.Sub %arg0, %[[MAX]]
// CHECK: onnx.Exp %[[X]]
// CHECK: onnx.ReduceSum
// CHECK: %[[LOG:.*]] = onnx.Log
// CHECK: %[[P:.*]] = onnx.Sub %[[X]], %[[LOG]]
// CHECK: onnx.GatherElements %[[P]], %{{.*}} {axis = 1 : i64}
// CHECK: onnx.Neg
// AGAIN: tfm.cross_entropy %arg0, %arg1 : tensor<?x8xf32>, tensor<?xi64> -> tensor<?xf32>
// AGAIN-NOT: onnx.
func.func @loss(%x: tensor<?x8xf32>, %l: tensor<?xi64>) -> tensor<?xf32> {
  %0 = tfm.cross_entropy %x, %l : tensor<?x8xf32>, tensor<?xi64> -> tensor<?xf32>
  return %0 : tensor<?xf32>
}
