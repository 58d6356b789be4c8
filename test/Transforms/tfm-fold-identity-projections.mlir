// Linears whose weight is a multiple of the identity.
// RUN: ockham-opt %s --tfm-fold-identity-projections --split-input-file --verify-diagnostics | FileCheck %s

ockham.weight @proj.weight : tensor<2x2xf32> = dense<[[1.0, 0.0], [0.0, 1.0]]> : tensor<2x2xf32>
ockham.weight @v.weight : tensor<2x2xf32> = dense<[[0.5, 0.0], [0.0, 0.5]]> : tensor<2x2xf32>
ockham.weight @v.bias : tensor<2xf32> = dense<0.0> : tensor<2xf32>

// CHECK-NOT: ockham.weight
// CHECK-LABEL: func.func @identity
// CHECK-NOT: tfm.linear
// CHECK: %[[HALF:.*]] = arith.constant dense<5.000000e-01> : tensor<f32>
// CHECK: %[[Y:.*]] = tfm.scale %arg0, %[[HALF]]
// CHECK: return %[[Y]]
func.func @identity(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %i = ockham.load_weight @proj.weight : tensor<2x2xf32>
  %h = ockham.load_weight @v.weight : tensor<2x2xf32>
  %zero = ockham.load_weight @v.bias : tensor<2xf32>
  // expected-remark@+1 {{proj removed: it is the identity}}
  %y = tfm.linear %x, %i : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  // expected-remark@+1 {{v becomes a factor: it is 0.5 times the identity}}
  %z = tfm.linear %y, %h bias %zero : tensor<?x?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x?x2xf32> {transposed}
  return %z : tensor<?x?x2xf32>
}

// -----

// skip * I + resid * W is one matrix; with resid 0 it is the identity.
ockham.weight @v.dw : tensor<2x2xf32> = dense<[[1.0, 3.0], [4.0, 1.0]]> : tensor<2x2xf32>
ockham.weight @v.skip : tensor<1xf32> = dense<1.0> : tensor<1xf32>
ockham.weight @v.resid : tensor<1xf32> = dense<0.0> : tensor<1xf32>

// CHECK-LABEL: func.func @reparametrised
// CHECK: %[[W:.*]] = ockham.load_weight @v.dw.folded : tensor<2x2xf32>
// CHECK: %[[Y:.*]] = tfm.linear %arg0, %[[W]] : tensor
// CHECK-NOT: skip
// CHECK: return %[[Y]], %arg0
func.func @reparametrised(%x: tensor<?x?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
  %w = ockham.load_weight @v.dw : tensor<2x2xf32>
  %skip = ockham.load_weight @v.skip : tensor<1xf32>
  %resid = ockham.load_weight @v.resid : tensor<1xf32>
  // expected-remark@+1 {{v becomes one matrix: skip * I + resid * W}}
  %y = tfm.linear %x, %w skip %skip : tensor<?x?x2xf32>, tensor<2x2xf32> skip tensor<1xf32> -> tensor<?x?x2xf32>
  // expected-remark@+2 {{v becomes one matrix: skip * I + resid * W}}
  // expected-remark@+1 {{v removed: it is the identity}}
  %z = tfm.linear %x, %w skip %skip resid %resid : tensor<?x?x2xf32>, tensor<2x2xf32> skip tensor<1xf32> resid tensor<1xf32> -> tensor<?x?x2xf32>
  return %y, %z : tensor<?x?x2xf32>, tensor<?x?x2xf32>
}

// -----

// What is near, has another duty, or is not known, stays. A matrix of zeros and
// one that is no multiple of the identity are none of this pass's business.
ockham.weight @near : tensor<2x2xf32> = dense<[[1.0, 0.03], [0.04, 1.0]]> : tensor<2x2xf32>
ockham.weight @i : tensor<2x2xf32> = dense<[[1.0, 0.0], [0.0, 1.0]]> : tensor<2x2xf32>
ockham.weight @far : tensor<2x2xf32> = dense<[[1.0, 0.5], [0.0, 1.0]]> : tensor<2x2xf32>
ockham.weight @zero : tensor<2x2xf32> = dense<0.0> : tensor<2x2xf32>
ockham.weight @elsewhere : tensor<2x2xf32>
ockham.weight @b : tensor<2xf32> = dense<0.5> : tensor<2xf32>
ockham.weight @half : tensor<f32> = dense<0.5> : tensor<f32>

// CHECK-LABEL: func.func @kept
// CHECK-COUNT-8: tfm.linear
func.func @kept(%x: tensor<1x4x2xf32>, %rows: tensor<1x4xf32>) -> tensor<1x4x2xf32> {
  %w = ockham.load_weight @near : tensor<2x2xf32>
  %i = ockham.load_weight @i : tensor<2x2xf32>
  %far = ockham.load_weight @far : tensor<2x2xf32>
  %zero = ockham.load_weight @zero : tensor<2x2xf32>
  %elsewhere = ockham.load_weight @elsewhere : tensor<2x2xf32>
  %b = ockham.load_weight @b : tensor<2xf32>
  %half = ockham.load_weight @half : tensor<f32>
  // expected-remark@+1 {{near stays: it is 0.0354 from the identity}}
  %0 = tfm.linear %x, %w : tensor<1x4x2xf32>, tensor<2x2xf32> -> tensor<1x4x2xf32>
  // expected-remark@+1 {{i stays: it is the identity, but has a bias}}
  %1 = tfm.linear %0, %i bias %b : tensor<1x4x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<1x4x2xf32>
  // expected-remark@+1 {{i stays: it is the identity, but has a row scale}}
  %2 = tfm.linear %1, %i row_scale %rows : tensor<1x4x2xf32>, tensor<2x2xf32> row_scale tensor<1x4xf32> -> tensor<1x4x2xf32>
  // expected-remark@+1 {{i stays: it is the identity, but accumulates onto something}}
  %3 = tfm.linear %2, %i init %x : tensor<1x4x2xf32>, tensor<2x2xf32> init tensor<1x4x2xf32> -> tensor<1x4x2xf32>
  // expected-remark@+1 {{elsewhere stays reparametrised: its elements or gains are not known}}
  %4 = tfm.linear %3, %elsewhere skip %half : tensor<1x4x2xf32>, tensor<2x2xf32> skip tensor<f32> -> tensor<1x4x2xf32>
  %5 = tfm.linear %4, %elsewhere : tensor<1x4x2xf32>, tensor<2x2xf32> -> tensor<1x4x2xf32>
  %6 = tfm.linear %5, %far : tensor<1x4x2xf32>, tensor<2x2xf32> -> tensor<1x4x2xf32>
  %7 = tfm.linear %6, %zero : tensor<1x4x2xf32>, tensor<2x2xf32> -> tensor<1x4x2xf32>
  return %7 : tensor<1x4x2xf32>
}

// -----

// Widths that are not known, a matrix that is an argument, one without elements.
ockham.weight @g : tensor<f32> = dense<0.5> : tensor<f32>
ockham.weight @none : tensor<0x0xf32> = dense<> : tensor<0x0xf32>

// CHECK-LABEL: func.func @dynamic
// CHECK-COUNT-3: tfm.linear
func.func @dynamic(%x: tensor<?x?x?xf32>, %w: tensor<?x?xf32>, %z: tensor<1x2x0xf32>) -> (tensor<?x?x?xf32>, tensor<1x2x0xf32>) {
  %g = ockham.load_weight @g : tensor<f32>
  %none = ockham.load_weight @none : tensor<0x0xf32>
  %0 = tfm.linear %x, %w : tensor<?x?x?xf32>, tensor<?x?xf32> -> tensor<?x?x?xf32>
  // expected-remark@+1 {{tfm.linear stays reparametrised: its elements or gains are not known}}
  %1 = tfm.linear %0, %w skip %g : tensor<?x?x?xf32>, tensor<?x?xf32> skip tensor<f32> -> tensor<?x?x?xf32>
  %2 = tfm.linear %z, %none : tensor<1x2x0xf32>, tensor<0x0xf32> -> tensor<1x2x0xf32>
  return %1, %2 : tensor<?x?x?xf32>, tensor<1x2x0xf32>
}
