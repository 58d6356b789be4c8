// RUN: ockham-opt %s --convert-tfm-to-tile --canonicalize --cse -verify-diagnostics | FileCheck %s

// Keys as columns first, then attention; with one or two queries, the keys as
// they are. Which of them it is, is known at run time: the other grid is empty.
// CHECK-DAG: tile.kernel @attention_2x4_causal({{.*}}, %{{.*}}: !tile.view<4x?xf32, panels<64>>,{{.*}}) grid(%i to %m step 1, %j to %n step 6)
// CHECK-DAG: tile.kernel @attention_2x4_few_causal({{.*}}) grid(%i to %m step 1, %j to %n step 1)
// CHECK-DAG: tile.kernel @pack_keys_2x4(

// CHECK-LABEL: func.func @both(
// CHECK: %[[FEW:.*]] = arith.cmpi ule, %[[T:.*]], %c2 : index
// CHECK: %[[PANELS:.*]] = arith.select %[[FEW]], %c0, %{{.*}} : index
// CHECK: %[[SCRATCH:.*]] = tensor.empty(%[[PANELS]]) : tensor<?x4x64xf32>
// CHECK: %[[KEYS:.*]] = tile.launch @pack_keys_2x4 {{.*}} outs(%[[SCRATCH]]
// CHECK: %[[MANY:.*]] = arith.select %[[FEW]], %c0, %[[T]] : index
// CHECK: %[[FIRST:.*]] = tile.launch @attention_2x4_causal grid[%{{.*}}, %[[MANY]]] ins(%[[Q:.*]], %[[KEYS]], %[[Q]],
// CHECK: %[[NONE:.*]] = arith.select %[[FEW]], %[[T]], %c0 : index
// CHECK: tile.launch @attention_2x4_few_causal grid[%{{.*}}, %[[NONE]]] ins(%[[Q]], %[[Q]], %[[Q]], {{.*}} outs(%[[FIRST]]
func.func @both(%q: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %o = tfm.attention %q, %q, %q heads 2 scale 0.5 causal
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return %o : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @many(
// CHECK-NOT: _few
// CHECK: tile.launch @attention_2x4_mask_b1q
func.func @many(%q: tensor<1x16x8xf32>, %mask: tensor<?x1x16x16xi1>) -> tensor<1x16x8xf32> {
  %o = tfm.attention %q, %q, %q mask %mask heads 2 scale 0.5
      : tensor<1x16x8xf32>, tensor<1x16x8xf32>, tensor<1x16x8xf32>, mask tensor<?x1x16x16xi1> -> tensor<1x16x8xf32>
  return %o : tensor<1x16x8xf32>
}

// One step of decoding: no keys are packed, and a centre is summed up on the way.
// CHECK-LABEL: func.func @step(
// CHECK-NOT: tile.launch @pack_keys
// CHECK-NOT: tile.launch @prefix_mean
// CHECK: ockham.check {{.*}}, "tfm.attention: past and sequence together are {} positions, which do not fit the value of {} rows"
// CHECK-NOT: tile.launch @pack_keys
// CHECK-NOT: tile.launch @prefix_mean
// CHECK: tile.launch @attention_4x4_few_kv2_causal_past_i64_shapedac grid
func.func @step(%q: tensor<?x1x16xf32>, %k: tensor<?x?x8xf32>, %past: tensor<?xi64>, %g: tensor<4xf32>) -> tensor<?x1x16xf32> {
  %o = tfm.attention %q, %k, %k past %past shape(%g, none, %g) heads 4 kv_heads 2 scale 0.5 causal
      : tensor<?x1x16xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>, past tensor<?xi64>,
        shape(tensor<4xf32>, none, tensor<4xf32>) -> tensor<?x1x16xf32>
  return %o : tensor<?x1x16xf32>
}

// Keys are normed and rotated once, while they are packed; queries when they are
// loaded.
// CHECK-LABEL: func.func @prepared(
// CHECK: ockham.check {{.*}} does not fit the rotary table of {} rows"
// CHECK: tile.launch @pack_keys_2x4_rms_scale_rotary1_interleaved
// CHECK: tile.launch @attention_2x4_rms_k_rotary1_interleaved
func.func @prepared(%q: tensor<?x16x8xf32>, %cos: tensor<8x1xf32>, %s: tensor<4xf32>) -> tensor<?x16x8xf32> {
  %o = tfm.attention %q, %q, %q key_scale %s rotary(%cos, %cos) heads 2 scale 0.5 qk_norm rms eps 0.1 interleaved
      : tensor<?x16x8xf32>, tensor<?x16x8xf32>, tensor<?x16x8xf32>, key_scale tensor<4xf32>,
        rotary(tensor<8x1xf32>, tensor<8x1xf32>) -> tensor<?x16x8xf32>
  return %o : tensor<?x16x8xf32>
}

// The entropy of each query is a result of the kernel; their mean is another one.
// CHECK-LABEL: func.func @statistics(
// CHECK: %[[ALL:.*]]:3 = tile.launch @attention_2x4_bias_11q_logsumexp_entropy
// CHECK: tile.launch @row_mean_2 grid{{.*}} ins(%[[ALL]]#2,
func.func @statistics(%q: tensor<1x16x8xf32>, %mask: tensor<1x1x16x16xf32>) -> (tensor<1x2x16xf32>, tensor<1x2xf32>) {
  %o:3 = tfm.attention %q, %q, %q mask %mask heads 2 scale 0.5
      : tensor<1x16x8xf32>, tensor<1x16x8xf32>, tensor<1x16x8xf32>, mask tensor<1x1x16x16xf32>
        -> tensor<1x16x8xf32> logsumexp tensor<1x2x16xf32> entropy tensor<1x2xf32>
  return %o#1, %o#2 : tensor<1x2x16xf32>, tensor<1x2xf32>
}

// CHECK-LABEL: func.func @left(
// CHECK-COUNT-3: tfm.attention %
func.func @left(%q: tensor<1x4x8xf64>, %x: tensor<1x4x8xf32>, %mask: tensor<1x1x4x4xf64>, %v: tensor<1x4x2xf32>)
    -> (tensor<1x4x8xf64>, tensor<1x4x8xf32>, tensor<1x4x2xf32>) {
  // expected-remark @+1 {{no kernel: the attention's query is tensor<1x4x8xf64>, expected f32, bf16 or f16; it goes through linalg}}
  %0 = tfm.attention %q, %q, %q heads 2 scale 0.5 : tensor<1x4x8xf64>, tensor<1x4x8xf64>, tensor<1x4x8xf64> -> tensor<1x4x8xf64>
  // expected-remark @+1 {{no kernel: the attention's mask is tensor<1x1x4x4xf64>, expected i1, f32, bf16 or f16; it goes through linalg}}
  %1 = tfm.attention %x, %x, %x mask %mask heads 2 scale 0.5 : tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x8xf32>, mask tensor<1x1x4x4xf64> -> tensor<1x4x8xf32>
  // expected-remark @+1 {{no kernel: a head's values have 1 columns, expected at least 2; it goes through linalg}}
  %2 = tfm.attention %x, %x, %v heads 2 scale 0.5 : tensor<1x4x8xf32>, tensor<1x4x8xf32>, tensor<1x4x2xf32> -> tensor<1x4x2xf32>
  return %0, %1, %2 : tensor<1x4x8xf64>, tensor<1x4x8xf32>, tensor<1x4x2xf32>
}
