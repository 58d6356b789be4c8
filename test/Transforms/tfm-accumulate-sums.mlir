// Products accumulate onto what they are added to.
// RUN: ockham-opt %s --tfm-accumulate-sums --split-input-file | FileCheck %s

// CHECK-LABEL: func.func @residual
// CHECK-NEXT: %[[Y:.*]] = tfm.linear %arg1, %arg2 init %arg0
// CHECK-NEXT: return %[[Y]]
func.func @residual(%x: tensor<?x?x2xf32>, %h: tensor<?x?x4xf32>, %w: tensor<4x2xf32>) -> tensor<?x?x2xf32> {
  %m = tfm.linear %h, %w : tensor<?x?x4xf32>, tensor<4x2xf32> -> tensor<?x?x2xf32>
  %y = tfm.add_scaled %m, %x : tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// What has a gain, and what is no product, comes first.
// CHECK-LABEL: func.func @gains
// CHECK-NEXT: %[[S:.*]] = tfm.add_scaled %arg0 gain %arg3, %arg1
// CHECK-NEXT: %[[A:.*]] = tfm.linear %arg1, %arg2 init %[[S]]
// CHECK-NEXT: %[[B:.*]] = tfm.linear %arg0, %arg2 init %[[A]]
// CHECK-NEXT: return %[[B]]
func.func @gains(%x: tensor<?x?x2xf32>, %z: tensor<?x?x2xf32>, %w: tensor<2x2xf32>, %g: tensor<f32>) -> tensor<?x?x2xf32> {
  %m = tfm.linear %z, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %a = tfm.add_scaled %x gain %g, %m : tensor<?x?x2xf32>, gain tensor<f32>
  %n = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %b = tfm.add_scaled %n, %z : tensor<?x?x2xf32>
  %y = tfm.add_scaled %a, %b : tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// The first of two products accumulates onto nothing. Their biases are one.
ockham.weight @b : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
ockham.weight @c : tensor<2xf32> = dense<[10.0, 20.0]> : tensor<2xf32>

// CHECK-LABEL: func.func @two_products
// CHECK: %[[BIAS:.*]] = ockham.load_weight @b.merged
// CHECK-NEXT: %[[M:.*]] = tfm.linear %arg0, %arg1 bias %[[BIAS]] : tensor
// CHECK-NEXT: %[[N:.*]] = tfm.linear %arg0, %arg1 init %[[M]]
// CHECK-NEXT: return %[[N]]
// The bias is [11, 22].
// CHECK: b.merged: "0x01000000000030410000B041"
func.func @two_products(%x: tensor<?x?x2xf32>, %w: tensor<2x2xf32>) -> tensor<?x?x2xf32> {
  %b = ockham.load_weight @b : tensor<2xf32>
  %c = ockham.load_weight @c : tensor<2xf32>
  %m = tfm.linear %x, %w bias %b : tensor<?x?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x?x2xf32>
  %n = tfm.linear %x, %w bias %c : tensor<?x?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x?x2xf32>
  %y = tfm.add_scaled %m, %n : tensor<?x?x2xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// Not: products that someone else reads, that have a gain, that accumulate
// already; the same product twice.
// CHECK-LABEL: func.func @stays
// CHECK: tfm.add_scaled
// CHECK: tfm.add_scaled
// CHECK: tfm.add_scaled
// CHECK: tfm.add_scaled
// CHECK: return
func.func @stays(%x: tensor<?x?x2xf32>, %w: tensor<2x2xf32>, %g: tensor<f32>)
    -> (tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
  %m = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %a = tfm.add_scaled %x, %m : tensor<?x?x2xf32>
  %n = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %b = tfm.add_scaled %x, %n gain %g : tensor<?x?x2xf32>, gain tensor<f32>
  %o = tfm.linear %x, %w init %x : tensor<?x?x2xf32>, tensor<2x2xf32> init tensor<?x?x2xf32> -> tensor<?x?x2xf32>
  %c = tfm.add_scaled %x, %o : tensor<?x?x2xf32>
  %p = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %d = tfm.add_scaled %p, %p : tensor<?x?x2xf32>
  return %m, %a, %b, %c, %d : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
}
