// Attention and MLP of one block, side by side.
// RUN: ockham-opt %s --tfm-parallelize-subblocks --split-input-file --verify-diagnostics | FileCheck %s
// RUN: ockham-opt %s --tfm-parallelize-subblocks --ockham-to-linalg --split-input-file 2>/dev/null | FileCheck %s --check-prefix=LINALG

ockham.weight @q : tensor<4x4xf32> = dense<0.1> : tensor<4x4xf32>
ockham.weight @k : tensor<4x4xf32> = dense<0.2> : tensor<4x4xf32>
ockham.weight @up : tensor<4x8xf32> = dense<0.3> : tensor<4x8xf32>
ockham.weight @down : tensor<8x4xf32> = dense<0.4> : tensor<8x4xf32>
ockham.weight @alpha : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>

// SAS-P: one product for everything that reads x; the MLP's second product
// accumulates onto the attention.
// CHECK-LABEL: func.func @sas_p
// CHECK: %[[ALL:.*]] = tfm.linear %arg0, %{{.*}} : tensor<?x?x4xf32>, tensor<4x16xf32> -> tensor<?x?x16xf32>
// CHECK-NEXT: %[[S:.*]]:3 = tfm.split %[[ALL]]
// CHECK: %[[P:.*]]:2 = tfm.parallel {
// CHECK-NEXT: %[[H:.*]] = tfm.activation relu %[[S]]#2
// CHECK-NEXT: tfm.yield %[[H]]
// CHECK-NEXT: }, {
// CHECK: %[[A:.*]] = tfm.attention %[[S]]#0, %[[S]]#1, %arg0
// CHECK-NEXT: tfm.yield %[[A]]
// CHECK-NEXT: } : tensor<?x?x8xf32>, tensor<?x?x4xf32>
// CHECK-NEXT: %[[Y:.*]] = tfm.linear %[[P]]#0, %{{.*}} init %[[P]]#1
// CHECK-NEXT: return %[[Y]]

// What it comes down to: two products over the rows where there were four, the
// second one onto what the attention's last loop writes, and nothing behind it.
// LINALG-LABEL: func.func @sas_p
// LINALG: linalg.matmul ins(%{{.*}} : tensor<?x4xf32>, tensor<4x16xf32>)
// LINALG-COUNT-2: linalg.batch_matmul
// LINALG: -> tensor<?x?x2x2xf32>
// LINALG: %[[FLAT:.*]] = tensor.collapse_shape %{{.*}} {{\[}}[0, 1], [2, 3]] : tensor<?x?x2x2xf32> into tensor<?x4xf32>
// LINALG: %[[Y:.*]] = linalg.matmul ins(%{{.*}} : tensor<?x8xf32>, tensor<8x4xf32>) outs(%[[FLAT]] : tensor<?x4xf32>)
// LINALG-NOT: linalg.
// LINALG: %[[R:.*]] = tensor.expand_shape %[[Y]]
// LINALG-NEXT: return %[[R]]
func.func @sas_p(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %wq = ockham.load_weight @q : tensor<4x4xf32>
  %wk = ockham.load_weight @k : tensor<4x4xf32>
  %w1 = ockham.load_weight @up : tensor<4x8xf32>
  %w2 = ockham.load_weight @down : tensor<8x4xf32>
  %alpha = ockham.load_weight @alpha : tensor<2xf32>
  // expected-remark@+1 {{q, k, up are one product of width 16}}
  %q = tfm.linear %x, %wq : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %k = tfm.linear %x, %wk : tensor<?x?x4xf32>, tensor<4x4xf32> -> tensor<?x?x4xf32>
  %a = tfm.attention %q, %k, %x shape(%alpha, %alpha, %alpha) heads 2 scale 0.5 causal
      : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>, shape(tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x?x4xf32>
  %h = tfm.linear %x, %w1 : tensor<?x?x4xf32>, tensor<4x8xf32> -> tensor<?x?x8xf32>
  %g = tfm.activation relu %h : tensor<?x?x8xf32>
  %m = tfm.linear %g, %w2 : tensor<?x?x8xf32>, tensor<8x4xf32> -> tensor<?x?x4xf32>
  // expected-remark@+1 {{attention and MLP do not depend on each other: the last product accumulates onto the rest of the sum}}
  %y = tfm.add_scaled %m, %a : tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @qkv : tensor<4x12xf32> = dense<0.1> : tensor<4x12xf32>
ockham.weight @o : tensor<4x4xf32> = dense<0.2> : tensor<4x4xf32>
ockham.weight @ob : tensor<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
ockham.weight @up : tensor<4x8xf32> = dense<0.3> : tensor<4x8xf32>
ockham.weight @down : tensor<8x4xf32> = dense<0.4> : tensor<8x4xf32>
ockham.weight @db : tensor<4xf32> = dense<[0.5, 0.5, 0.5, 1.5]> : tensor<4xf32>

// GPT-J: a chain of two products onto the stream, with one bias.
// CHECK-LABEL: func.func @gptj
// CHECK: %[[B:.*]] = tfm.block parallel index 0 "h.0" {
// CHECK: %[[N:.*]] = tfm.norm layer %arg0
// CHECK: %[[ALL:.*]] = tfm.linear %[[N]], %{{.*}} -> tensor<?x?x20xf32>
// CHECK: %[[S:.*]]:4 = tfm.split %[[ALL]]
// CHECK: %[[P:.*]]:2 = tfm.parallel {
// CHECK: tfm.activation gelu_erf %[[S]]#3
// CHECK: }, {
// CHECK: %[[A:.*]] = tfm.attention %[[S]]#0, %[[S]]#1, %[[S]]#2
// CHECK: %[[O:.*]] = tfm.linear %[[A]], %{{.*}} bias %{{.*}} init %arg0
// CHECK: tfm.yield %[[O]]
// CHECK: }
// CHECK: %[[Y:.*]] = tfm.linear %[[P]]#0, %{{.*}} init %[[P]]#1
// CHECK: tfm.yield %[[Y]]
// A row of the merged matrix has 12 times 0.1, then 8 times 0.3; the bias is
// [1.5, 2.5, 3.5, 5.5].
// CHECK: qkv.merged: "0x01000000CDCCCC3DCDCCCC3DCDCCCC3DCDCCCC3DCDCCCC3DCDCCCC3DCDCCCC3DCDCCCC3DCDCCCC3DCDCCCC3DCDCCCC3DCDCCCC3D9A99993E9A99993E9A99993E9A99993E9A99993E9A99993E9A99993E9A99993ECDCCCC3D
// CHECK: ob.merged: "0x010000000000C03F00002040000060400000B040"

// LINALG-LABEL: func.func @gptj
// LINALG-COUNT-3: linalg.matmul ins
// LINALG-NOT: linalg.
// LINALG: return
func.func @gptj(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  // expected-remark@+1 {{attention and MLP do not depend on each other}}
  %y = tfm.block parallel index 0 "h.0" {
    %n = tfm.norm layer %x {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
    %w = ockham.load_weight @qkv : tensor<4x12xf32>
    // expected-remark@+1 {{qkv, up are one product of width 20}}
    %qkv = tfm.linear %n, %w : tensor<?x?x4xf32>, tensor<4x12xf32> -> tensor<?x?x12xf32>
    %q, %k, %v = tfm.split %qkv : tensor<?x?x12xf32> -> tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32>
    %a = tfm.attention %q, %k, %v heads 2 scale 0.5 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32>
    %wo = ockham.load_weight @o : tensor<4x4xf32>
    %bo = ockham.load_weight @ob : tensor<4xf32>
    %o = tfm.linear %a, %wo bias %bo : tensor<?x?x4xf32>, tensor<4x4xf32>, tensor<4xf32> -> tensor<?x?x4xf32>
    %s = tfm.add_scaled %x, %o : tensor<?x?x4xf32>
    %w1 = ockham.load_weight @up : tensor<4x8xf32>
    %h = tfm.linear %n, %w1 : tensor<?x?x4xf32>, tensor<4x8xf32> -> tensor<?x?x8xf32>
    %g = tfm.activation gelu_erf %h : tensor<?x?x8xf32>
    %w2 = ockham.load_weight @down : tensor<8x4xf32>
    %b2 = ockham.load_weight @db : tensor<4xf32>
    %m = tfm.linear %g, %w2 bias %b2 : tensor<?x?x8xf32>, tensor<8x4xf32>, tensor<4xf32> -> tensor<?x?x4xf32>
    %t = tfm.add_scaled %s, %m : tensor<?x?x4xf32>
    tfm.yield %t : tensor<?x?x4xf32>
  } : tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @g : tensor<4xf32> = dense<2.0> : tensor<4xf32>
ockham.weight @up : tensor<4x8xf32> = dense<0.3> : tensor<4x8xf32>
ockham.weight @down : tensor<8x4xf32> = dense<0.4> : tensor<8x4xf32>

// Each branch has a norm of its own: both go along, no products are merged.
// CHECK-LABEL: func.func @two_norms
// CHECK: tfm.parallel {
// CHECK: %[[M:.*]] = tfm.norm layer %arg0 scale
// CHECK: tfm.linear %[[M]], %{{.*}} -> tensor<?x?x8xf32>
// CHECK: }, {
// CHECK: %[[N:.*]] = tfm.norm layer %arg0
// CHECK: tfm.attention %[[N]], %[[N]], %[[N]]
// CHECK: }
func.func @two_norms(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %scale = ockham.load_weight @g : tensor<4xf32>
  %n = tfm.norm layer %x {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>
  %a = tfm.attention %n, %n, %n heads 2 scale 0.5 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  %n2 = tfm.norm layer %x scale %scale {eps = 1.0e-5 : f64} : tensor<?x?x4xf32>, scale tensor<4xf32>
  %w1 = ockham.load_weight @up : tensor<4x8xf32>
  %h = tfm.linear %n2, %w1 : tensor<?x?x4xf32>, tensor<4x8xf32> -> tensor<?x?x8xf32>
  %g = tfm.activation relu %h : tensor<?x?x8xf32>
  %w2 = ockham.load_weight @down : tensor<8x4xf32>
  %m = tfm.linear %g, %w2 : tensor<?x?x8xf32>, tensor<8x4xf32> -> tensor<?x?x4xf32>
  // expected-remark@+2 {{the branches read different norms of the same rows: their projections stay products of their own}}
  // expected-remark@+1 {{attention and MLP do not depend on each other}}
  %y = tfm.add_scaled %a, %m : tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @up : tensor<4x8xf32> = dense<0.3> : tensor<4x8xf32>
ockham.weight @down : tensor<8x4xf32> = dense<0.4> : tensor<8x4xf32>

// The MLP reads the attention: nothing is parallel.
// CHECK-LABEL: func.func @sequential
// CHECK-NOT: tfm.parallel
// CHECK: tfm.add_scaled
func.func @sequential(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %a = tfm.attention %x, %x, %x heads 2 scale 0.5 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  %w1 = ockham.load_weight @up : tensor<4x8xf32>
  %h = tfm.linear %a, %w1 : tensor<?x?x4xf32>, tensor<4x8xf32> -> tensor<?x?x8xf32>
  %g = tfm.activation relu %h : tensor<?x?x8xf32>
  %w2 = ockham.load_weight @down : tensor<8x4xf32>
  %m = tfm.linear %g, %w2 : tensor<?x?x8xf32>, tensor<8x4xf32> -> tensor<?x?x4xf32>
  %y = tfm.add_scaled %a, %m : tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @up : tensor<4x8xf32> = dense<0.3> : tensor<4x8xf32>
ockham.weight @down : tensor<8x4xf32> = dense<0.4> : tensor<8x4xf32>

// A gain that is an input cannot go into the weight: the sum stays a sum, the
// branches are parallel all the same.
// CHECK-LABEL: func.func @gain
// CHECK: %[[P:.*]]:2 = tfm.parallel {
// CHECK: tfm.linear
// CHECK: tfm.activation
// CHECK: tfm.linear
// CHECK: }, {
// CHECK: tfm.attention
// CHECK: }
// CHECK: tfm.add_scaled %[[P]]#1, %[[P]]#0 gain %arg1
func.func @gain(%x: tensor<?x?x4xf32>, %gain: tensor<1xf32>) -> tensor<?x?x4xf32> {
  %a = tfm.attention %x, %x, %x heads 2 scale 0.5 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  %w1 = ockham.load_weight @up : tensor<4x8xf32>
  %h = tfm.linear %x, %w1 : tensor<?x?x4xf32>, tensor<4x8xf32> -> tensor<?x?x8xf32>
  %g = tfm.activation relu %h : tensor<?x?x8xf32>
  %w2 = ockham.load_weight @down : tensor<8x4xf32>
  // expected-remark@+1 {{the product is not accumulated onto the other branch: a gain stands in front of it}}
  %m = tfm.linear %g, %w2 : tensor<?x?x8xf32>, tensor<8x4xf32> -> tensor<?x?x4xf32>
  // expected-remark@+1 {{attention and MLP do not depend on each other}}
  %y = tfm.add_scaled %a, %m gain %gain : tensor<?x?x4xf32>, gain tensor<1xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

ockham.weight @up : tensor<4x8xf32> = dense<0.3> : tensor<4x8xf32>
ockham.weight @down : tensor<8x4xf32> = dense<0.4> : tensor<8x4xf32>

// What the MLP's branch computes is also read in front of its end: it stays in
// front of the branches, and with it nothing is left of the branch but its last
// product, which the sum has taken.
// CHECK-LABEL: func.func @read_elsewhere
// CHECK: %[[G:.*]] = tfm.activation
// CHECK: %[[A:.*]] = tfm.attention %arg0, %arg0, %arg0
// CHECK-NOT: tfm.parallel
// CHECK: tfm.linear %[[G]], %{{.*}} init %[[A]]
func.func @read_elsewhere(%x: tensor<?x?x4xf32>) -> (tensor<?x?x4xf32>, tensor<?x?x8xf32>) {
  %w1 = ockham.load_weight @up : tensor<4x8xf32>
  %h = tfm.linear %x, %w1 : tensor<?x?x4xf32>, tensor<4x8xf32> -> tensor<?x?x8xf32>
  %g = tfm.activation relu %h : tensor<?x?x8xf32>
  %s = tfm.activation relu %g : tensor<?x?x8xf32>
  %a = tfm.attention %x, %x, %x heads 2 scale 0.5 causal : tensor<?x?x4xf32>, tensor<?x?x4xf32>, tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  %w2 = ockham.load_weight @down : tensor<8x4xf32>
  %m = tfm.linear %g, %w2 : tensor<?x?x8xf32>, tensor<8x4xf32> -> tensor<?x?x4xf32>
  // expected-remark@+1 {{attention and MLP do not depend on each other}}
  %y = tfm.add_scaled %a, %m : tensor<?x?x4xf32>
  return %y, %s : tensor<?x?x4xf32>, tensor<?x?x8xf32>
}

// -----

// One gain is in front of both products: neither accumulates, and one branch is
// what the attention is in. Nothing was done, and nothing says that it was.
ockham.weight @o : tensor<2x2xf32> = dense<[[1.0, 0.5], [0.25, 2.0]]> : tensor<2x2xf32>
ockham.weight @down : tensor<2x2xf32> = dense<[[1.0, 3.5], [0.25, -2.0]]> : tensor<2x2xf32>

// CHECK-LABEL: func.func @gains
func.func @gains(%x: tensor<?x?x2xf32>, %g: tensor<1xf32>) -> tensor<?x?x2xf32> {
  %w1 = ockham.load_weight @o : tensor<2x2xf32>
  %w2 = ockham.load_weight @down : tensor<2x2xf32>
  %p = tfm.attention %x, %x, %x heads 1 scale 1.0 causal : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32> -> tensor<?x?x2xf32>
  %q = tfm.activation tanh %x : tensor<?x?x2xf32>
  // expected-remark@+1 {{the product is not accumulated onto the other branch: a gain stands in front of it}}
  %y = tfm.linear %p, %w1 : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  // expected-remark@+1 {{the product is not accumulated onto the other branch: a gain stands in front of it}}
  %z = tfm.linear %q, %w2 : tensor<?x?x2xf32>, tensor<2x2xf32> -> tensor<?x?x2xf32>
  %s = tfm.add_scaled %x, %y gain %g : tensor<?x?x2xf32>, gain tensor<1xf32>
  %o = tfm.add_scaled %s, %z gain %g : tensor<?x?x2xf32>, gain tensor<1xf32>
  return %o : tensor<?x?x2xf32>
}
