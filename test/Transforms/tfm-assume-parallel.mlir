// The MLP of a serial block reads what the attention reads.
// RUN: ockham-opt %s --tfm-assume-parallel --split-input-file --verify-diagnostics | FileCheck %s
// RUN: ockham-opt %s --tfm-assume-parallel=shared-norm --split-input-file 2>/dev/null | FileCheck %s --check-prefix=SHARED

ockham.weight @g : tensor<4xf32> = dense<2.0> : tensor<4xf32>
ockham.weight @up : tensor<4x8xf32> = dense<0.3> : tensor<4x8xf32>
ockham.weight @down : tensor<8x4xf32> = dense<0.4> : tensor<8x4xf32>

// CHECK-LABEL: func.func @pre_norm
// CHECK: tfm.block parallel_two_norms index 0 "h.0" {
// CHECK: %[[N:.*]] = tfm.norm layer %arg0 {eps
// CHECK: %[[A:.*]] = tfm.attention %[[N]], %[[N]], %[[N]]
// CHECK: %[[X:.*]] = tfm.add_scaled %arg0, %[[A]]
// CHECK: %[[M:.*]] = tfm.norm layer %arg0 scale
// CHECK: tfm.linear %[[M]],
// CHECK: %[[F:.*]] = tfm.linear
// CHECK: tfm.add_scaled %[[X]], %[[F]]

// SHARED-LABEL: func.func @pre_norm
// SHARED: tfm.block parallel index 0 "h.0" {
// SHARED: %[[N:.*]] = tfm.norm layer %arg0 {eps
// SHARED-NOT: tfm.norm
// SHARED: tfm.linear %[[N]],
// SHARED-NOT: tfm.norm
// SHARED: return
func.func @pre_norm(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  // expected-remark@+1 {{the MLP reads the block's input, with its own norm, instead of its sum with the attention: the results change, compare the loss before and after}}
  %b = tfm.block pre_norm index 0 "h.0" {
    %n = tfm.norm layer %x {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
    %a = tfm.attention %n, %n, %n heads 2 scale 0.5 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32>
    %s = tfm.add_scaled %x, %a : tensor<?x?x4xf32>
    %g = ockham.load_weight @g : tensor<4xf32>
    %n2 = tfm.norm layer %s scale %g {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>, scale tensor<4xf32>
    %w1 = ockham.load_weight @up : tensor<4x8xf32>
    %h = tfm.linear %n2, %w1 : tensor<?x?x4xf32>, tensor<4x8xf32> -> tensor<?x?x8xf32>
    %r = tfm.activation relu %h : tensor<?x?x8xf32>
    %w2 = ockham.load_weight @down : tensor<8x4xf32>
    %m = tfm.linear %r, %w2 : tensor<?x?x8xf32>, tensor<8x4xf32> -> tensor<?x?x4xf32>
    %y = tfm.add_scaled %s, %m : tensor<?x?x4xf32>
    tfm.yield %y : tensor<?x?x4xf32>
  } : tensor<?x?x4xf32>
  return %b : tensor<?x?x4xf32>
}

// -----

ockham.weight @up : tensor<4x8xf32> = dense<0.3> : tensor<4x8xf32>
ockham.weight @down : tensor<8x4xf32> = dense<0.4> : tensor<8x4xf32>

// Norm-free, with the operands of both sums the other way round.
// CHECK-LABEL: func.func @norm_free
// CHECK: %[[S:.*]] = tfm.add_scaled %{{.*}}, %arg0
// CHECK: tfm.linear %arg0,
// CHECK: tfm.add_scaled %{{.*}}, %[[S]]
func.func @norm_free(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %a = tfm.attention %x, %x, %x heads 2 scale 0.5 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  // expected-remark@+1 {{the MLP reads the block's input, without a norm, instead of its sum with the attention}}
  %s = tfm.add_scaled %a, %x : tensor<?x?x4xf32>
  %w1 = ockham.load_weight @up : tensor<4x8xf32>
  %h = tfm.linear %s, %w1 : tensor<?x?x4xf32>, tensor<4x8xf32> -> tensor<?x?x8xf32>
  %r = tfm.activation relu %h : tensor<?x?x8xf32>
  %w2 = ockham.load_weight @down : tensor<8x4xf32>
  %m = tfm.linear %r, %w2 : tensor<?x?x8xf32>, tensor<8x4xf32> -> tensor<?x?x4xf32>
  %y = tfm.add_scaled %m, %s : tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @up : tensor<4x8xf32> = dense<0.3> : tensor<4x8xf32>
ockham.weight @down : tensor<8x4xf32> = dense<0.4> : tensor<8x4xf32>

// CHECK-LABEL: func.func @gain
// CHECK: %[[S:.*]] = tfm.add_scaled %arg0 gain %arg1, %{{.*}}
// CHECK: tfm.linear %[[S]]
func.func @gain(%x: tensor<?x?x4xf32>, %gain: tensor<1xf32>) -> tensor<?x?x4xf32> {
  %a = tfm.attention %x, %x, %x heads 2 scale 0.5 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  // expected-remark@+1 {{the MLP stays behind the attention: the skip around the attention has a gain}}
  %s = tfm.add_scaled %x gain %gain, %a : tensor<?x?x4xf32>, gain tensor<1xf32>
  %w1 = ockham.load_weight @up : tensor<4x8xf32>
  %h = tfm.linear %s, %w1 : tensor<?x?x4xf32>, tensor<4x8xf32> -> tensor<?x?x8xf32>
  %r = tfm.activation relu %h : tensor<?x?x8xf32>
  %w2 = ockham.load_weight @down : tensor<8x4xf32>
  %m = tfm.linear %r, %w2 : tensor<?x?x8xf32>, tensor<8x4xf32> -> tensor<?x?x4xf32>
  %y = tfm.add_scaled %s, %m : tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----
// expected-remark@-1 {{no block has an MLP behind its attention, with a skip around each}}

// CHECK-LABEL: func.func @no_block
func.func @no_block(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %y = tfm.add_scaled %x, %x : tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}
