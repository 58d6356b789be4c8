// Gains go into the parameters beside them.
// RUN: ockham-opt %s --tfm-fold-gains --split-input-file --verify-diagnostics | FileCheck %s

// The MLP's second matrix, and the shape gains of an attention: an absent beta
// is 1, absent alpha and gamma are 0.
ockham.weight @mlp.pj.weight : tensor<2x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
ockham.weight @mlp.pj.bias : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
ockham.weight @g : tensor<1xf32> = dense<0.5> : tensor<1xf32>
ockham.weight @alpha : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>

// CHECK-LABEL: func.func @branches
// CHECK: %[[W:.*]] = ockham.load_weight @mlp.pj.weight.folded
// CHECK: %[[C:.*]] = ockham.load_weight @mlp.pj.bias.folded
// CHECK: %[[M:.*]] = tfm.linear %arg0, %[[W]] bias %[[C]]
// CHECK: %[[ALPHA:.*]] = ockham.load_weight @alpha.folded
// CHECK: %[[BETA:.*]] = ockham.load_weight @beta.folded
// CHECK: %[[A:.*]] = tfm.attention {{.*}} shape(%[[ALPHA]], %[[BETA]], none)
// CHECK: tfm.add_scaled %[[M]], %[[A]] : tensor<?x?x2xf32>
func.func @branches(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w = ockham.load_weight @mlp.pj.weight : tensor<2x2xf32>
  %c = ockham.load_weight @mlp.pj.bias : tensor<2xf32>
  %g = ockham.load_weight @g : tensor<1xf32>
  %alpha = ockham.load_weight @alpha : tensor<2xf32>
  %m = tfm.linear %x, %w bias %c : tensor<?x?x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<?x?x2xf32>
  %a = tfm.attention %x, %x, %x shape(%alpha, none, none) heads 2 scale 1.0 causal : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, shape(tensor<2xf32>, none, none) -> tensor<?x?x2xf32>
  // expected-remark@+2 {{gain g folded into mlp.pj}}
  // expected-remark@+1 {{gain g folded into the shape gains of tfm.attention}}
  %y = tfm.add_scaled %m gain %g, %a gain %g : tensor<?x?x2xf32>, gain tensor<1xf32>, gain tensor<1xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// Behind a plain attention the gain goes into what makes the values, here the
// last columns of a merged projection.
ockham.weight @c_attn.weight : tensor<2x6xf32> = dense<1.0> : tensor<2x6xf32>
ockham.weight @g : tensor<f32> = dense<0.5> : tensor<f32>

// CHECK-LABEL: func.func @values
// CHECK: %[[W:.*]] = ockham.load_weight @c_attn.weight.folded
// CHECK: %[[QKV:.*]] = tfm.linear %arg0, %[[W]]
// CHECK: %[[A:.*]] = tfm.attention
// CHECK: return %[[A]]
func.func @values(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w = ockham.load_weight @c_attn.weight : tensor<2x6xf32>
  %g = ockham.load_weight @g : tensor<f32>
  %qkv = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x6xf32> -> tensor<?x?x6xf32>
  %q, %k, %v = tfm.split %qkv : tensor<?x?x6xf32> -> tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
  %a = tfm.attention %q, %k, %v heads 2 scale 1.0 causal : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32> -> tensor<?x?x2xf32>
  // expected-remark@+1 {{gain g folded into c_attn}}
  %y = tfm.scale %a, %g : tensor<?x?x2xf32>, tensor<f32>
  return %y : tensor<?x?x2xf32>
}

// -----

// A norm of its own; one gain behind another; a factor in front of a matrix and
// of the values of a shaped attention.
ockham.weight @ln.weight : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
ockham.weight @ln.bias : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
ockham.weight @beta : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
ockham.weight @g : tensor<2xf32> = dense<[0.5, 2.0]> : tensor<2xf32>

// CHECK-LABEL: func.func @others
// CHECK: %[[SCALE:.*]] = ockham.load_weight @ln.weight.folded
// CHECK: %[[SHIFT:.*]] = ockham.load_weight @ln.bias.folded
// CHECK: tfm.norm{{ +}}layer %arg0 scale %[[SCALE]] shift %[[SHIFT]]
// CHECK-NOT: tfm.scale
// CHECK: %[[W:.*]] = ockham.load_weight @w.folded
// CHECK: tfm.linear %arg0, %[[W]]
// CHECK: %[[BETA:.*]] = ockham.load_weight @beta.folded
// CHECK: tfm.attention %arg0, %arg0, %arg0 shape(none, %[[BETA]], none)
func.func @others(%x: tensor<?x?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
  %scale = ockham.load_weight @ln.weight : tensor<2xf32>
  %shift = ockham.load_weight @ln.bias : tensor<2xf32>
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %beta = ockham.load_weight @beta : tensor<2xf32>
  %g = ockham.load_weight @g : tensor<2xf32>
  %half = arith.constant dense<0.5> : tensor<f32>
  %n = tfm.norm layer %x scale %scale shift %shift {eps = 1.0e-5 : f64} : tensor<?x?x2xf32>, scale tensor<2xf32>, shift tensor<2xf32>
  // The product of both, which has no name.
  // expected-remark@+1 {{gain constant folded into ln}}
  %n1 = tfm.scale %n, %half : tensor<?x?x2xf32>, tensor<f32>
  // expected-remark@+1 {{gain g folded into gain 0.5}}
  %n2 = tfm.scale %n1, %g : tensor<?x?x2xf32>, tensor<2xf32>
  // expected-remark@+1 {{gain g folded into w}}
  %s = tfm.scale %x, %g : tensor<?x?x2xf32>, tensor<2xf32>
  %y = tfm.linear %s, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  // expected-remark@+1 {{gain 0.5 folded into the shape gains of tfm.attention}}
  %v = tfm.scale %x, %half : tensor<?x?x2xf32>, tensor<f32>
  %a = tfm.attention %x, %x, %v shape(none, %beta, none) heads 2 scale 1.0 causal : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, shape(none, tensor<2xf32>, none) -> tensor<?x?x2xf32>
  return %n2, %y, %a : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
}

// -----

// What changes nothing goes.
ockham.weight @one : tensor<1xf32> = dense<1.0> : tensor<1xf32>
ockham.weight @ones : tensor<2xf32> = dense<1.0> : tensor<2xf32>
ockham.weight @zeros : tensor<2xf32> = dense<0.0> : tensor<2xf32>

// CHECK-LABEL: func.func @neutral
// CHECK-NOT: ockham.load_weight
// CHECK: %[[A:.*]] = tfm.attention %arg0, %arg0, %arg0 heads 2 scale 1.000000e+00 causal
// CHECK: tfm.add_scaled %arg0, %[[A]] : tensor<?x?x2xf32>
func.func @neutral(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %one = ockham.load_weight @one : tensor<1xf32>
  %ones = ockham.load_weight @ones : tensor<2xf32>
  %zeros = ockham.load_weight @zeros : tensor<2xf32>
  // expected-remark@+1 {{gain one dropped: it is 1}}
  %s = tfm.scale %x, %one : tensor<?x?x2xf32>, tensor<1xf32>
  // expected-remark@+3 {{alpha zeros of tfm.attention dropped: it is 0}}
  // expected-remark@+2 {{beta ones of tfm.attention dropped: it is 1}}
  // expected-remark@+1 {{gamma zeros of tfm.attention dropped: it is 0}}
  %a = tfm.attention %x, %x, %x shape(%zeros, %ones, %zeros) heads 2 scale 1.0 causal : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, shape(tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x?x2xf32>
  // expected-remark@+1 {{gain ones dropped: it is 1}}
  %y = tfm.add_scaled %s gain %ones, %a : tensor<?x?x2xf32>, gain tensor<2xf32>
  return %y : tensor<?x?x2xf32>
}

// -----

// A weight that serves elsewhere, a result that others read, elements that are
// not here, gains per channel at an attention: the gain stays outside.
ockham.weight @w : tensor<2x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
ockham.weight @v : tensor<2x2xf32> = dense<[[1.0, 2.0], [3.0, 5.0]]> : tensor<2x2xf32>
ockham.weight @elsewhere : tensor<2x2xf32>
ockham.weight @g : tensor<f32> = dense<0.5> : tensor<f32>
ockham.weight @gs : tensor<2xf32> = dense<[0.5, 2.0]> : tensor<2xf32>
ockham.weight @beta : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
ockham.weight @gain_elsewhere : tensor<f32>

// CHECK-LABEL: func.func @kept
// CHECK-COUNT-8: gain tensor
func.func @kept(%x: tensor<?x?x2xf32>) -> tensor<?x?x2xf32> {
  %w = ockham.load_weight @w : tensor<2x2xf32>
  %v = ockham.load_weight @v : tensor<2x2xf32>
  %elsewhere = ockham.load_weight @elsewhere : tensor<2x2xf32>
  %g = ockham.load_weight @g : tensor<f32>
  %gs = ockham.load_weight @gs : tensor<2xf32>
  %beta = ockham.load_weight @beta : tensor<2xf32>
  %unknown = ockham.load_weight @gain_elsewhere : tensor<f32>
  %a = tfm.linear %x, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %b = tfm.linear %a, %w : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  // expected-remark@+1 {{gain g stays: the weight of w serves elsewhere too}}
  %0 = tfm.add_scaled %x, %b gain %g : tensor<?x?x2xf32>, gain tensor<f32>
  // expected-remark@+2 {{gain g stays: what it multiplies is read elsewhere too}}
  // expected-remark@+1 {{gain gain_elsewhere stays: its elements are not here}}
  %1 = tfm.add_scaled %0 gain %g, %0 gain %unknown : tensor<?x?x2xf32>, gain tensor<f32>, gain tensor<f32>
  %c = tfm.linear %1, %v skip %g : tensor<?x?x2xf32>, tensor<2x2xf32> skip tensor<f32> -> tensor<?x?x2xf32>
  // expected-remark@+1 {{gain g stays: v is reparametrised}}
  %2 = tfm.add_scaled %x, %c gain %g : tensor<?x?x2xf32>, gain tensor<f32>
  %d = tfm.linear %2, %elsewhere : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  // expected-remark@+1 {{gain g stays: the elements of elsewhere are not here}}
  %3 = tfm.add_scaled %x, %d gain %g : tensor<?x?x2xf32>, gain tensor<f32>
  %e = tfm.attention %3, %3, %3 shape(none, %beta, none) heads 2 scale 1.0 causal : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, shape(none, tensor<2xf32>, none) -> tensor<?x?x2xf32>
  // expected-remark@+1 {{gain gs stays: it differs per channel, the shape gains of tfm.attention per head}}
  %4 = tfm.add_scaled %x, %e gain %gs : tensor<?x?x2xf32>, gain tensor<2xf32>
  %f = tfm.attention %4, %4, %4 heads 2 scale 1.0 causal : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32> -> tensor<?x?x2xf32>
  // expected-remark@+1 {{gain gs stays: it differs per channel behind an attention}}
  %5 = tfm.add_scaled %x, %f gain %gs : tensor<?x?x2xf32>, gain tensor<2xf32>
  %h = tfm.activation relu %5 : tensor<?x?x2xf32>
  // expected-remark@+1 {{gain g stays: no parameter in front of it takes it}}
  %6 = tfm.add_scaled %x, %h gain %g : tensor<?x?x2xf32>, gain tensor<f32>
  %i = tfm.activation relu %6 : tensor<?x?x2xf32>
  // expected-remark@+1 {{gain g stays: no parameter in front of it takes it; no parameter beside it takes it}}
  %j = tfm.scale %i, %g : tensor<?x?x2xf32>, tensor<f32>
  return %j : tensor<?x?x2xf32>
}

// -----

// Widths that are not known, a matrix that is an argument, one without elements.
ockham.weight @g : tensor<f32> = dense<0.5> : tensor<f32>
ockham.weight @none : tensor<0x0xf32> = dense<> : tensor<0x0xf32>

// CHECK-LABEL: func.func @dynamic
// CHECK: tfm.scale
func.func @dynamic(%x: tensor<?x?x?xf32>, %w: tensor<?x?xf32>, %z: tensor<1x2x0xf32>, %c: tensor<f32>) -> (tensor<?x?x?xf32>, tensor<1x2x0xf32>) {
  %g = ockham.load_weight @g : tensor<f32>
  %none = ockham.load_weight @none : tensor<0x0xf32>
  %n = tfm.norm rms %x {eps = 1.0e-5 : f64} : tensor<?x?x?xf32>
  // expected-remark@+1 {{gain g stays: the width of tfm.norm is not known; the elements of tfm.linear are not here}}
  %s = tfm.scale %n, %g : tensor<?x?x?xf32>, tensor<f32>
  %0 = tfm.linear %s, %w : tensor<?x?x?xf32>, tensor<?x?xf32> -> tensor<?x?x?xf32>
  // expected-remark@+1 {{gain g stays: the elements of tfm.linear are not here}}
  %1 = tfm.add_scaled %x, %0 gain %g : tensor<?x?x?xf32>, gain tensor<f32>
  // A gain that is an argument.
  // expected-remark@+1 {{gain computed by the model stays: its elements are not here}}
  %3 = tfm.add_scaled %x, %1 gain %c : tensor<?x?x?xf32>, gain tensor<f32>
  %none_used = tfm.linear %z, %none : tensor<1x2x0xf32>, tensor<0x0xf32> -> tensor<1x2x0xf32>
  // expected-remark@+1 {{gain g folded into none}}
  %2 = tfm.scale %none_used, %g : tensor<1x2x0xf32>, tensor<f32>
  return %3, %2 : tensor<?x?x?xf32>, tensor<1x2x0xf32>
}
