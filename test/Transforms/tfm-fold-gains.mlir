// Gains go into the parameters beside them.
// RUN: ockham-opt %s --tfm-fold-gains --split-input-file | FileCheck %s

ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
ockham.weight @c : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
ockham.weight @g : tensor<1xf32> = dense<0.5> : tensor<1xf32>
ockham.weight @beta : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>

// CHECK-LABEL: func.func @branches
// CHECK: %[[W:.*]] = ockham.load_weight @w.folded
// CHECK: %[[C:.*]] = ockham.load_weight @c.folded
// CHECK: %[[M:.*]] = tfm.linear %arg0, %[[W]] bias %[[C]]
// CHECK: %[[BETA:.*]] = ockham.load_weight @beta.folded
// CHECK: %[[A:.*]] = tfm.attention {{.*}} shape(none, %[[BETA]], none)
// CHECK: tfm.add_scaled %[[M]], %[[A]] : tensor<?x?x2xf32>
func.func @branches(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %c = ockham.load_weight @c : tensor<2xf32>
  %g = ockham.load_weight @g : tensor<1xf32>
  %beta = ockham.load_weight @beta : tensor<2xf32>
  %m = tfm.linear %x, %w bias %c : tensor<?x?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x?x2xf32>
  %a = tfm.attention %x, %x, %x shape(none, %beta, none) heads 2 scale 1.0 causal : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, shape(none, tensor<2xf32>, none) -> tensor<?x?x2xf32>
  %y = tfm.add_scaled %m gain %g, %a gain %g : tensor<?x?x2xf32>, gain tensor<1xf32>, gain tensor<1xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// Behind a plain attention the gain goes into the linear of the values; a scale
// between them is handed on.
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
ockham.weight @g : tensor<f32> = dense<0.5> : tensor<f32>

// CHECK-LABEL: func.func @values
// CHECK: %[[W:.*]] = ockham.load_weight @w.folded
// CHECK: %[[V:.*]] = tfm.linear %arg0, %[[W]]
// CHECK: %[[A:.*]] = tfm.attention %arg0, %arg0, %[[V]]
// CHECK: return %[[A]]
func.func @values(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %g = ockham.load_weight @g : tensor<f32>
  %v = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %a = tfm.attention %x, %x, %v heads 2 scale 1.0 causal : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32> -> tensor<?x?x2xf32>
  %y = tfm.scale %a, %g : tensor<?x?x2xf32>, tensor<f32>
  return %y : tensor<?x?x2xf32>
}

// -----

// A result that others read, and a weight that serves twice, keep the gain
// outside.
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
ockham.weight @v : tensor<2x2xf32> = dense<[[1.0, 2.0], [3.0, 5.0]]> : tensor<2x2xf32>
ockham.weight @g : tensor<f32> = dense<0.5> : tensor<f32>

// CHECK-LABEL: func.func @shared
// CHECK-COUNT-2: tfm.scale
func.func @shared(%x: tensor<?x?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %v = ockham.load_weight @v : tensor<2x2xf32>
  %g = ockham.load_weight @g : tensor<f32>
  %a = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %b = tfm.linear %a, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %c = tfm.linear %x, %v : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %y = tfm.scale %b, %g : tensor<?x?x2xf32>, tensor<f32>
  %z = tfm.scale %c, %g : tensor<?x?x2xf32>, tensor<f32>
  return %y, %z, %c : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
}
