// Equal norms of one input become one.
// RUN: ockham-opt %s --tfm-merge-norms --split-input-file --verify-diagnostics | FileCheck %s

ockham.weight @ln_1.weight : tensor<2xf32> = dense<[1.0, 3.0]> : tensor<2xf32>
ockham.weight @ln_2.weight : tensor<2xf32> = dense<[1.0, 3.0]> : tensor<2xf32>
ockham.weight @ln_3.weight : tensor<2xf32> = dense<[1.0, 4.0]> : tensor<2xf32>
ockham.weight @ln_1.bias : tensor<2xf32> = dense<[1.0, 4.0]> : tensor<2xf32>

// CHECK-NOT: ockham.weight @ln_2
// CHECK-LABEL: func.func @twins
// CHECK: %[[N:.*]] = tfm.norm{{ +}}layer %arg0 scale %{{.*}} {eps = 1.000000e-05 : f64}
// CHECK: %[[O:.*]] = tfm.norm{{ +}}layer %arg0 scale %{{.*}} {eps = 1.000000e-05 : f64}
// CHECK: %[[E:.*]] = tfm.norm{{ +}}layer %arg0 scale %{{.*}} {eps = 1.000000e-03 : f64}
// CHECK: %[[S:.*]] = tfm.norm{{ +}}layer %arg0 scale %{{.*}} shift
// CHECK: %[[R:.*]] = tfm.norm{{ +}}rms %arg0
// CHECK: return %[[N]], %[[N]], %[[O]], %[[E]], %[[S]], %[[R]]
func.func @twins(%x: tensor<?x?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
  %g = ockham.load_weight @ln_1.weight : tensor<2xf32>
  %same = ockham.load_weight @ln_2.weight : tensor<2xf32>
  %other = ockham.load_weight @ln_3.weight : tensor<2xf32>
  %bias = ockham.load_weight @ln_1.bias : tensor<2xf32>
  %a = tfm.norm layer %x scale %g {eps = 1.0e-5 : f64} : tensor<?x?x2xf32>, scale tensor<2xf32>
  // expected-remark@+1 {{ln_2 merged into ln_1}}
  %b = tfm.norm layer %x scale %same {eps = 1.0e-5 : f64} : tensor<?x?x2xf32>, scale tensor<2xf32>
  // expected-remark@+1 {{ln_3 stays beside ln_1: scale[1] is 3 and 4}}
  %c = tfm.norm layer %x scale %other {eps = 1.0e-5 : f64} : tensor<?x?x2xf32>, scale tensor<2xf32>
  // expected-remark@+1 {{ln_1 stays beside ln_3: epsilon is 1e-05 and 0.001}}
  %d = tfm.norm layer %x scale %g {eps = 1.0e-3 : f64} : tensor<?x?x2xf32>, scale tensor<2xf32>
  // expected-remark@+1 {{ln_1 stays beside another of that name: only one has a shift}}
  %e = tfm.norm layer %x scale %g shift %bias {eps = 1.0e-3 : f64} : tensor<?x?x2xf32>, scale tensor<2xf32>, shift tensor<2xf32>
  // Another kind is no twin.
  %r = tfm.norm rms %x scale %g {eps = 1.0e-5 : f64} : tensor<?x?x2xf32>, scale tensor<2xf32>
  return %a, %b, %c, %d, %e, %r : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32>
}

// -----

// A parallel block with two norms (GPT-NeoX) is left with one. The norm of
// another block reads other rows, the one of an inner block is not seen from
// outside.
ockham.weight @h.0.input_layernorm.weight : tensor<2xf32> = dense<[1.0, 3.0]> : tensor<2xf32>
ockham.weight @h.0.post_attention_layernorm.weight : tensor<2xf32> = dense<[1.0, 3.0]> : tensor<2xf32>

// CHECK-LABEL: func.func @parallel
// CHECK: tfm.block{{ +}}parallel_two_norms
// CHECK: %[[N:.*]] = tfm.norm
// CHECK-NOT: tfm.norm
// CHECK: tfm.attention %[[N]], %[[N]], %[[N]]
// CHECK: tfm.activation{{ +}}relu %[[N]]
// CHECK: tfm.yield
// CHECK: %[[OUTER:.*]] = tfm.norm{{ +}}rms %arg0
// CHECK: return %{{.*}}, %[[OUTER]]
func.func @parallel(%x: tensor<?x?x2xf32>) -> (tensor<?x?x2xf32>, tensor<?x?x2xf32>) {
  %g1 = ockham.load_weight @h.0.input_layernorm.weight : tensor<2xf32>
  %g2 = ockham.load_weight @h.0.post_attention_layernorm.weight : tensor<2xf32>
  %y = tfm.block parallel_two_norms index 0 "h.0" {
    %n1 = tfm.norm rms %x scale %g1 {eps = 1.0e-5 : f64} : tensor<?x?x2xf32>, scale tensor<2xf32>
    %a = tfm.attention %n1, %n1, %n1 heads 1 scale 1.0 causal : tensor<?x?x2xf32>, tensor<?x?x2xf32>, tensor<?x?x2xf32> -> tensor<?x?x2xf32>
    // expected-remark@+1 {{h.0.post_attention_layernorm merged into h.0.input_layernorm}}
    %n2 = tfm.norm rms %x scale %g2 {eps = 1.0e-5 : f64} : tensor<?x?x2xf32>, scale tensor<2xf32>
    %m = tfm.activation relu %n2 : tensor<?x?x2xf32>
    %s = tfm.add_scaled %a, %m : tensor<?x?x2xf32>
    tfm.yield %s : tensor<?x?x2xf32>
  } : tensor<?x?x2xf32>
  %n3 = tfm.norm rms %x scale %g2 {eps = 1.0e-5 : f64} : tensor<?x?x2xf32>, scale tensor<2xf32>
  return %y, %n3 : tensor<?x?x2xf32>, tensor<?x?x2xf32>
}
