// Ops of one transformer block are grouped, with kind, index and name.
// RUN: ockham-opt %s --convert-onnx-to-tfm --split-input-file | FileCheck %s

ockham.weight @w : tensor<4x4xf32> = dense<0.5> : tensor<4x4xf32>
ockham.weight @g : tensor<2xf32> = dense<[0.5, 1.0]> : tensor<2xf32>

// The final norm and the head belong to no block.
// CHECK-LABEL: func.func @pre_norm
// CHECK: %[[X0:.*]] = tfm.block {{.*}}pre_norm index 0 "model/h.0"
// CHECK: tfm.yield
// CHECK: %[[X1:.*]] = tfm.block {{.*}}pre_norm index 1 "model/h.1"
// CHECK: tfm.yield
// CHECK: %[[F:.*]] = tfm.norm {{.*}}%[[X1]]
// CHECK: tfm.linear %[[F]]
func.func @pre_norm(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %w = ockham.load_weight @w : tensor<4x4xf32>
  %g = ockham.load_weight @g : tensor<2xf32>
  %one = arith.constant dense<0.5> : tensor<f32>
  %n0 = tfm.norm layer %x {eps = 1.0e-5 : f64} : tensor<?x?x4xf32> loc("/model/h.0/ln1/N")
  %q0 = tfm.linear %n0, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32> loc("/model/h.0/attn/Q")
  %a0 = tfm.attention %q0, %n0, %n0 heads 2 scale 1.0 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32> loc("/model/h.0/attn/A")
  %p0 = tfm.linear %a0, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32> loc("/model/h.0/attn/P")
  %r0 = tfm.add_scaled %x, %p0 : tensor<?x?x4xf32> loc("/model/h.0/Add")
  %m0 = tfm.norm layer %r0 {eps = 1.0e-5 : f64} : tensor<?x?x4xf32> loc("/model/h.0/ln2/N")
  %h0 = tfm.linear %m0, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32> loc("/model/h.0/mlp/F")
  %c0 = tfm.activation relu %h0 : tensor<?x?x4xf32> loc("/model/h.0/mlp/R")
  %o0 = tfm.linear %c0, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32> loc("/model/h.0/mlp/P")
  %y0 = tfm.add_scaled %r0, %o0 : tensor<?x?x4xf32> loc("/model/h.0/Add_1")
  %n1 = tfm.norm layer %y0 {eps = 1.0e-5 : f64} : tensor<?x?x4xf32> loc("/model/h.1/ln1/N")
  %q1 = tfm.linear %n1, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32> loc("/model/h.1/attn/Q")
  %a1 = tfm.attention %q1, %n1, %n1 heads 2 scale 1.0 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32> loc("/model/h.1/attn/A")
  %p1 = tfm.linear %a1, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32> loc("/model/h.1/attn/P")
  %r1 = tfm.add_scaled %y0, %p1 : tensor<?x?x4xf32> loc("/model/h.1/Add")
  %m1 = tfm.norm layer %r1 {eps = 1.0e-5 : f64} : tensor<?x?x4xf32> loc("/model/h.1/ln2/N")
  %h1 = tfm.linear %m1, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32> loc("/model/h.1/mlp/F")
  %c1 = tfm.activation relu %h1 : tensor<?x?x4xf32> loc("/model/h.1/mlp/R")
  %o1 = tfm.linear %c1, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32> loc("/model/h.1/mlp/P")
  %y1 = tfm.add_scaled %r1, %o1 : tensor<?x?x4xf32> loc("/model/h.1/Add_1")
  %f = tfm.norm layer %y1 {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
  %logits = tfm.linear %f, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  return %logits : tensor<?x?x4xf32>
}

// -----

ockham.weight @w : tensor<4x4xf32> = dense<0.5> : tensor<4x4xf32>
ockham.weight @g : tensor<2xf32> = dense<[0.5, 1.0]> : tensor<2xf32>

// Both norms follow their branches.
// CHECK-LABEL: func.func @post_norm
// CHECK: tfm.block {{.*}}post_norm index 0 "block.0"
// CHECK: tfm.norm
// CHECK: tfm.norm
// CHECK: tfm.yield
// CHECK: tfm.linear
func.func @post_norm(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %w = ockham.load_weight @w : tensor<4x4xf32>
  %g = ockham.load_weight @g : tensor<2xf32>
  %one = arith.constant dense<0.5> : tensor<f32>
  %q = tfm.linear %x, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %a = tfm.attention %q, %x, %x heads 2 scale 1.0 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  %p = tfm.linear %a, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %r = tfm.add_scaled %x, %p : tensor<?x?x4xf32>
  %n = tfm.norm layer %r {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
  %h = tfm.linear %n, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %c = tfm.activation relu %h : tensor<?x?x4xf32>
  %o = tfm.linear %c, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %s = tfm.add_scaled %n, %o : tensor<?x?x4xf32>
  %y = tfm.norm layer %s {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
  %logits = tfm.linear %y, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  return %logits : tensor<?x?x4xf32>
}

// -----

ockham.weight @w : tensor<4x4xf32> = dense<0.5> : tensor<4x4xf32>
ockham.weight @g : tensor<2xf32> = dense<[0.5, 1.0]> : tensor<2xf32>

// CHECK-LABEL: func.func @norm_free
// CHECK: tfm.block {{.*}}norm_free
// CHECK: tfm.yield
// CHECK: tfm.norm
func.func @norm_free(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %w = ockham.load_weight @w : tensor<4x4xf32>
  %g = ockham.load_weight @g : tensor<2xf32>
  %one = arith.constant dense<0.5> : tensor<f32>
  %q = tfm.linear %x, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %a = tfm.attention %q, %x, %x heads 2 scale 1.0 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  %r = tfm.add_scaled %x, %a : tensor<?x?x4xf32>
  %h = tfm.linear %r, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %c = tfm.activation relu %h : tensor<?x?x4xf32>
  %o = tfm.linear %c, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %y = tfm.add_scaled %r, %o : tensor<?x?x4xf32>
  %f = tfm.norm layer %y {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
  return %f : tensor<?x?x4xf32>
}

// -----

ockham.weight @w : tensor<4x4xf32> = dense<0.5> : tensor<4x4xf32>
ockham.weight @g : tensor<2xf32> = dense<[0.5, 1.0]> : tensor<2xf32>

// CHECK-LABEL: func.func @parallel
// CHECK: tfm.block {{.*}}parallel index 0
// CHECK: tfm.norm
// CHECK: tfm.yield
func.func @parallel(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %w = ockham.load_weight @w : tensor<4x4xf32>
  %g = ockham.load_weight @g : tensor<2xf32>
  %one = arith.constant dense<0.5> : tensor<f32>
  %n = tfm.norm layer %x {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
  %q = tfm.linear %n, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %a = tfm.attention %q, %n, %n heads 2 scale 1.0 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  %h = tfm.linear %n, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %c = tfm.activation relu %h : tensor<?x?x4xf32>
  %o = tfm.linear %c, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %s = tfm.add_scaled %a, %o : tensor<?x?x4xf32>
  %y = tfm.add_scaled %s, %x : tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @w : tensor<4x4xf32> = dense<0.5> : tensor<4x4xf32>
ockham.weight @g : tensor<2xf32> = dense<[0.5, 1.0]> : tensor<2xf32>

// CHECK-LABEL: func.func @parallel_two_norms
// CHECK: tfm.block {{.*}}parallel_two_norms
func.func @parallel_two_norms(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %w = ockham.load_weight @w : tensor<4x4xf32>
  %g = ockham.load_weight @g : tensor<2xf32>
  %one = arith.constant dense<0.5> : tensor<f32>
  %n = tfm.norm layer %x {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
  %q = tfm.linear %n, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %a = tfm.attention %q, %n, %n heads 2 scale 1.0 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  %m = tfm.norm layer %x {eps = 1.0e-6 : f64} : tensor<?x?x4xf32>
  %h = tfm.linear %m, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %c = tfm.activation relu %h : tensor<?x?x4xf32>
  %o = tfm.linear %c, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %s = tfm.add_scaled %a, %o : tensor<?x?x4xf32>
  %y = tfm.add_scaled %s, %x : tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @w : tensor<4x4xf32> = dense<0.5> : tensor<4x4xf32>
ockham.weight @g : tensor<2xf32> = dense<[0.5, 1.0]> : tensor<2xf32>

// No skip around the attention: its norm is part of the block all the same.
// CHECK-LABEL: func.func @sas
// CHECK: tfm.block {{.*}}sas index
// CHECK: tfm.norm
// CHECK: tfm.norm
// CHECK: tfm.yield
// CHECK: tfm.norm
func.func @sas(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %w = ockham.load_weight @w : tensor<4x4xf32>
  %g = ockham.load_weight @g : tensor<2xf32>
  %one = arith.constant dense<0.5> : tensor<f32>
  %n = tfm.norm layer %x {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
  %q = tfm.linear %n, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %a = tfm.attention %q, %n, %n shape(%g, %g, %g) heads 2 scale 1.0 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, shape(tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x?x4xf32>
  %m = tfm.norm layer %a {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
  %h = tfm.linear %m, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %c = tfm.activation relu %h : tensor<?x?x4xf32>
  %o = tfm.linear %c, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %y = tfm.add_scaled %a, %o : tensor<?x?x4xf32>
  %f = tfm.norm layer %y {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
  return %f : tensor<?x?x4xf32>
}

// -----

ockham.weight @w : tensor<4x4xf32> = dense<0.5> : tensor<4x4xf32>
ockham.weight @g : tensor<2xf32> = dense<[0.5, 1.0]> : tensor<2xf32>

// CHECK-LABEL: func.func @sas_p
// CHECK: tfm.block {{.*}}sas_p index
// CHECK: tfm.norm
// CHECK: tfm.yield
// CHECK: tfm.linear
func.func @sas_p(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %w = ockham.load_weight @w : tensor<4x4xf32>
  %g = ockham.load_weight @g : tensor<2xf32>
  %one = arith.constant dense<0.5> : tensor<f32>
  %n = tfm.norm layer %x {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
  %q = tfm.linear %n, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %a = tfm.attention %q, %n, %n shape(%g, %g, %g) heads 2 scale 1.0 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, shape(tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x?x4xf32>
  %h = tfm.linear %n, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %c = tfm.activation relu %h : tensor<?x?x4xf32>
  %o = tfm.linear %c, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %y = tfm.add_scaled %a, %o : tensor<?x?x4xf32>
  %logits = tfm.linear %y, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  return %logits : tensor<?x?x4xf32>
}

// -----

ockham.weight @w : tensor<4x4xf32> = dense<0.5> : tensor<4x4xf32>
ockham.weight @g : tensor<2xf32> = dense<[0.5, 1.0]> : tensor<2xf32>

// CHECK-LABEL: func.func @v_skip_init
// CHECK: tfm.block {{.*}}v_skip_init
func.func @v_skip_init(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %w = ockham.load_weight @w : tensor<4x4xf32>
  %g = ockham.load_weight @g : tensor<2xf32>
  %one = arith.constant dense<0.5> : tensor<f32>
  %n = tfm.norm layer %x {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
  %q = tfm.linear %n, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %v = tfm.linear %n, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %a = tfm.attention %q, %n, %v shape(%g, %g, %g) heads 2 scale 1.0 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, shape(tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x?x4xf32>
  %p = tfm.linear %a, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %m = tfm.norm layer %p {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
  %h = tfm.linear %m, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %c = tfm.activation relu %h : tensor<?x?x4xf32>
  %o = tfm.linear %c, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %y = tfm.add_scaled %p, %o : tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @w : tensor<4x4xf32> = dense<0.5> : tensor<4x4xf32>
ockham.weight @g : tensor<2xf32> = dense<[0.5, 1.0]> : tensor<2xf32>

// CHECK-LABEL: func.func @attention_only
// CHECK: tfm.block {{.*}}other index
// CHECK: tfm.yield
// CHECK: tfm.linear
func.func @attention_only(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %w = ockham.load_weight @w : tensor<4x4xf32>
  %g = ockham.load_weight @g : tensor<2xf32>
  %one = arith.constant dense<0.5> : tensor<f32>
  %n = tfm.norm layer %x {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
  %a = tfm.attention %n, %n, %n heads 2 scale 1.0 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  %y = tfm.add_scaled %x, %a : tensor<?x?x4xf32>
  %logits = tfm.linear %y, %w : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  return %logits : tensor<?x?x4xf32>
}

// -----

// What else the model returns leaves the block too.
// CHECK-LABEL: func.func @second_result
// CHECK: %[[B:.*]]:2 = tfm.block {{.*}}other index 0
// CHECK: tfm.yield %{{.*}}, %{{.*}} :
// CHECK: return %[[B]]#1, %[[B]]#0
func.func @second_result(%x: tensor<?x?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x?x4xf32>) {
  %a = tfm.attention %x, %x, %x heads 2 scale 1.0 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  %y = tfm.add_scaled %x, %a : tensor<?x?x4xf32>
  return %y, %a : tensor<?x?x4xf32>, tensor<?x?x4xf32>
}

// -----

ockham.weight @w : tensor<4x4xf32> = dense<0.5> : tensor<4x4xf32>
ockham.weight @model.layers.0.norm1.weight : tensor<4xf32> = dense<0.5> : tensor<4xf32>
ockham.weight @model.layers.0.norm2.weight : tensor<4xf32> = dense<0.5> : tensor<4xf32>

// Where nodes have no names, the weights of a block name it.
// A gated MLP (SwiGLU) is one; a cache that the model returns leaves the block
// and does not keep it together with the next one.
// CHECK-LABEL: func.func @gated_with_cache
// CHECK: %[[A:.*]]:2 = tfm.block {{.*}}pre_norm index 0 "model.layers.0"
// CHECK: tfm.attention
// CHECK: tfm.gate
// CHECK: tfm.yield
// CHECK: %[[CACHE:.*]] = onnx.Reshape %[[A]]
// CHECK: %[[T:.*]] = onnx.Transpose %[[CACHE]]
// CHECK: %[[B:.*]] = tfm.block {{.*}}pre_norm index 1 "block.1"
// CHECK: tfm.attention
// CHECK: return %[[B]], %[[T]]
func.func @gated_with_cache(%x: tensor<1x3x4xf32>) -> (tensor<1x3x4xf32>, tensor<1x2x3x2xf32>) {
  %w = ockham.load_weight @w : tensor<4x4xf32>
  %g1 = ockham.load_weight @model.layers.0.norm1.weight : tensor<4xf32>
  %g2 = ockham.load_weight @model.layers.0.norm2.weight : tensor<4xf32>
  %n0 = tfm.norm rms %x scale %g1 {eps = 1.0e-5 : f64} : tensor<1x3x4xf32>, scale tensor<4xf32>
  %k0 = tfm.linear %n0, %w : tensor<1x3x4xf32>, tensor<4x4xf32> -> tensor<1x3x4xf32>
  %heads = onnx.Reshape %k0 to [1, 3, 2, 2] : (tensor<1x3x4xf32>) -> tensor<1x3x2x2xf32>
  %cache = onnx.Transpose %heads {perm = array<i64: 0, 2, 1, 3>} : (tensor<1x3x2x2xf32>) -> tensor<1x2x3x2xf32>
  %a0 = tfm.attention %n0, %k0, %n0 heads 2 scale 1.0 causal : tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32> -> tensor<1x3x4xf32>
  %r0 = tfm.add_scaled %x, %a0 : tensor<1x3x4xf32>
  %m0 = tfm.norm rms %r0 scale %g2 {eps = 1.0e-5 : f64} : tensor<1x3x4xf32>, scale tensor<4xf32>
  %g0 = tfm.linear %m0, %w : tensor<1x3x4xf32>, tensor<4x4xf32> -> tensor<1x3x4xf32>
  %c0 = tfm.activation silu %g0 : tensor<1x3x4xf32>
  %u0 = tfm.linear %m0, %w : tensor<1x3x4xf32>, tensor<4x4xf32> -> tensor<1x3x4xf32>
  %p0 = onnx.Mul %c0, %u0 : (tensor<1x3x4xf32>, tensor<1x3x4xf32>) -> tensor<1x3x4xf32>
  %o0 = tfm.linear %p0, %w : tensor<1x3x4xf32>, tensor<4x4xf32> -> tensor<1x3x4xf32>
  %y0 = tfm.add_scaled %r0, %o0 : tensor<1x3x4xf32>
  %n1 = tfm.norm rms %y0 {eps = 1.0e-5 : f64} : tensor<1x3x4xf32>
  %a1 = tfm.attention %n1, %n1, %n1 heads 2 scale 1.0 causal : tensor<1x3x4xf32>, tensor<1x3x4xf32>, tensor<1x3x4xf32> -> tensor<1x3x4xf32>
  %r1 = tfm.add_scaled %y0, %a1 : tensor<1x3x4xf32>
  %m1 = tfm.norm rms %r1 {eps = 1.0e-5 : f64} : tensor<1x3x4xf32>
  %c1 = tfm.activation relu %m1 : tensor<1x3x4xf32>
  %o1 = tfm.linear %c1, %w : tensor<1x3x4xf32>, tensor<4x4xf32> -> tensor<1x3x4xf32>
  %y1 = tfm.add_scaled %r1, %o1 : tensor<1x3x4xf32>
  return %y1, %cache : tensor<1x3x4xf32>, tensor<1x2x3x2xf32>
}
