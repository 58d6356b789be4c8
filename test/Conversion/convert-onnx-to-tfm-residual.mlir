// Residual connections and gains.
// RUN: ockham-opt %s --convert-onnx-to-tfm --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @plain
// CHECK: tfm.add_scaled %arg0, %arg1 : tensor<?x?x4xf32>
func.func @plain(%x: tensor<?x?x4xf32> {ockham.dims = ["b", "s", ""]}, %f: tensor<?x?x4xf32> {ockham.dims = ["b", "s", ""]}) -> tensor<?x?x4xf32> {
  %y = onnx.Add %x, %f : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// Extents that may differ may broadcast: that is no residual connection.
// CHECK-LABEL: func.func @may_broadcast
// CHECK: onnx.Add
func.func @may_broadcast(%x: tensor<?x?x4xf32>, %f: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %y = onnx.Add %x, %f : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// CHECK-LABEL: func.func @difference
// CHECK: %[[M:.*]] = arith.constant dense<-1.000000e+00> : tensor<f32>
// CHECK: tfm.add_scaled %arg0, %arg0 gain %[[M]]
func.func @difference(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %y = onnx.Sub %x, %x : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @bf : tensor<1xf32> = dense<0.1> : tensor<1xf32>
ockham.weight @bs : tensor<1x1x4xf32> = dense<0.1> : tensor<1x1x4xf32>

// [SAS] equation 8; one gain is a vector over the channels.
// CHECK-LABEL: func.func @gains
// CHECK-DAG: %[[BF:.*]] = ockham.load_weight @bf : tensor<1xf32>
// CHECK-DAG: %[[BS:.*]] = ockham.load_weight @bs_4 : tensor<4xf32>
// CHECK: tfm.add_scaled %arg0 gain %[[BF]], %arg0 gain %[[BS]] : tensor<?x?x4xf32>, gain tensor<1xf32>, gain tensor<4xf32>
// CHECK-NOT: onnx.
func.func @gains(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %bf = ockham.load_weight @bf : tensor<1xf32>
  %bs = ockham.load_weight @bs : tensor<1x1x4xf32>
  %0 = onnx.Mul %bf, %x : (tensor<1xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %1 = onnx.Mul %x, %bs : (tensor<?x?x4xf32>, tensor<1x1x4xf32>) -> tensor<?x?x4xf32>
  %y = onnx.Add %0, %1 : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @g : tensor<1xf32> = dense<0.1> : tensor<1xf32>

// A gain with another reader, and a gain alone.
// CHECK-LABEL: func.func @scale
// CHECK: %[[S:.*]] = tfm.scale %arg0, %{{.*}} : tensor<?x?x4xf32>, tensor<1xf32>
// CHECK: %[[A:.*]] = tfm.add_scaled %arg0 gain %{{.*}}, %arg0
// CHECK: return %[[S]], %[[A]]
func.func @scale(%x: tensor<?x?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>) {
  %g = ockham.load_weight @g : tensor<1xf32>
  %0 = onnx.Mul %g, %x : (tensor<1xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %1 = onnx.Add %0, %x : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %0, %1 : tensor<?x?x4xf32>, tensor<?x?x4xf32>
}

// -----

// A gated MLP multiplies what went through an activation. Other products of
// activations, and one that repeats a row, stay.
// CHECK-LABEL: func.func @gate(
// CHECK: %[[A:.*]] = tfm.activation tanh %arg0
// CHECK: %[[G:.*]] = tfm.gate %arg1, %[[A]] : tensor<?x?x4xf32>
// CHECK: %[[P:.*]] = onnx.Mul %arg0, %arg1
// CHECK: %[[R:.*]] = onnx.Mul %[[A]], %arg2
// CHECK: return %[[G]], %[[P]], %[[R]]
func.func @gate(%x: tensor<?x?x4xf32> {ockham.dims = ["batch", "sequence", ""]},
                %y: tensor<?x?x4xf32> {ockham.dims = ["batch", "sequence", ""]},
                %row: tensor<1x1x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>) {
  %0 = onnx.Tanh %x : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %1 = onnx.Mul %y, %0 : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %2 = onnx.Mul %x, %y : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %3 = onnx.Mul %0, %row : (tensor<?x?x4xf32>, tensor<1x1x4xf32>) -> tensor<?x?x4xf32>
  return %1, %2, %3 : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>
}
