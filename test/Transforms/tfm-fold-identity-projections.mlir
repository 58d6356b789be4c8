// Linears whose weight is a multiple of the identity.
// RUN: ockham-opt %s --tfm-fold-identity-projections --split-input-file --verify-diagnostics | FileCheck %s

ockham.weight @i : tensor<2x2xf32> = dense<[[1.0, 0.0], [0.0, 1.0]]> : tensor<2x2xf32>
ockham.weight @h : tensor<2x2xf32> = dense<[[0.5, 0.0], [0.0, 0.5]]> : tensor<2x2xf32>
ockham.weight @zero : tensor<2xf32> = dense<0.0> : tensor<2xf32>

// CHECK-LABEL: func.func @identity
// CHECK-NOT: tfm.linear
// CHECK: %[[HALF:.*]] = arith.constant dense<5.000000e-01> : tensor<f32>
// CHECK: %[[Y:.*]] = tfm.scale %arg0, %[[HALF]]
// CHECK: return %[[Y]]
func.func @identity(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %i = ockham.load_weight @i : tensor<2x2xf32>
  %h = ockham.load_weight @h : tensor<2x2xf32>
  %zero = ockham.load_weight @zero : tensor<2xf32>
  %y = tfm.linear %x, %i : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %z = tfm.linear %y, %h bias %zero : tensor<?x?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x?x2xf32> {transposed}
  return %z : tensor<?x?x2xf32>
}

// -----

// skip * I + resid * W is one matrix; with resid 0 it is the identity.
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 3.0], [4.0, 1.0]]> : tensor<2x2xf32>
ockham.weight @skip : tensor<1xf32> = dense<1.0> : tensor<1xf32>
ockham.weight @resid : tensor<1xf32> = dense<0.0> : tensor<1xf32>

// CHECK-LABEL: func.func @reparametrised
// CHECK: %[[W:.*]] = ockham.load_weight @w.folded : tensor<2x2xf32>
// CHECK: %[[Y:.*]] = tfm.linear %arg0, %[[W]] : tensor
// CHECK: return %[[Y]], %arg0
func.func @reparametrised(%x: tensor<?x?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %skip = ockham.load_weight @skip : tensor<1xf32>
  %resid = ockham.load_weight @resid : tensor<1xf32>
  %y = tfm.linear %x, %w skip %skip : tensor<?x?x2xf32>, tensor<2x2xf32>, skip tensor<1xf32> -> tensor<?x?x2xf32>
  %z = tfm.linear %x, %w skip %skip resid %resid : tensor<?x?x2xf32>, tensor<2x2xf32>, skip tensor<1xf32>, resid tensor<1xf32> -> tensor<?x?x2xf32>
  return %y, %z : tensor<?x?x2xf32>, tensor<?x?x2xf32>
}

// -----

ockham.weight @near : tensor<2x2xf32> = dense<[[1.0, 0.03], [0.04, 1.0]]> : tensor<2x2xf32>
ockham.weight @i : tensor<2x2xf32> = dense<[[1.0, 0.0], [0.0, 1.0]]> : tensor<2x2xf32>
ockham.weight @b : tensor<2xf32> = dense<0.5> : tensor<2xf32>

// CHECK-LABEL: func.func @near
// CHECK-COUNT-2: tfm.linear
func.func @near(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w = ockham.load_weight @near : tensor<2x2xf32>
  %i = ockham.load_weight @i : tensor<2x2xf32>
  %b = ockham.load_weight @b : tensor<2xf32>
  // expected-remark@+1 {{near is 0.0354 from 1.000000e+00 times the identity: kept; a tolerance of at least that folds it}}
  %y = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  // expected-remark@+1 {{i is 0 from 1.000000e+00 times the identity: kept, because it has a bias}}
  %z = tfm.linear %y, %i bias %b : tensor<?x?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x?x2xf32>
  return %z : tensor<?x?x2xf32>
}
