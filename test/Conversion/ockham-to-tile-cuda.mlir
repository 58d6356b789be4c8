// The kernels that a GPU wants: products read either factor along its rows, and
// want both of them in the memory's type.
// RUN: ockham-opt %s --ockham-to-tile=target=cuda --tile-pack-weights --canonicalize --cse -verify-diagnostics -split-input-file | FileCheck %s
// RUN: not ockham-opt %s --split-input-file --ockham-to-tile=target=gpu 2>&1 | FileCheck %s --check-prefix=TARGET
// TARGET: Cannot find option named 'gpu'
// RUN: not ockham-opt %s --split-input-file --tfm-form-kernels=gate-rows=0 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: error: tfm-form-kernels: gate-rows is 0, expected at least 1

// The table of a tied head is read in rows by both, and not packed; other
// weights are in panels of 64.
// CHECK: ockham.weight @w.panels : tensor<64x128xbf16> layout "panels<64>"
// CHECK-NOT: @table.panels
// CHECK: tile.kernel @embedding_64_100_i64_bf16(%{{.*}}: !tile.view<?x1xi64>, %{{.*}}: !tile.view<100x64xbf16>,
// CHECK: tile.kernel @linear_64x128_bf16(%{{.*}}: !tile.view<?x64xbf16>, %{{.*}}: !tile.view<64x128xbf16, panels<64>>
// CHECK: tile.kernel @linear_64x100_rows_bf16(
// CHECK-SAME: %[[A:.*]]: !tile.view<?x64xbf16>, %[[B:.*]]: !tile.view<100x64xbf16>, %{{.*}}: !tile.view<?x100xbf16>)
// CHECK-SAME: grid(%[[I:.*]] to %{{.*}} step 64, %[[J:.*]] to %{{.*}} step 64)
// CHECK: tile.for %[[K:.*]] = {{.*}} streams(%{{.*}} = %[[A]][%[[I]], %[[K]]] : {{.*}}, %{{.*}} = %[[B]][%[[J]], %[[K]]] : !tile.view<100x64xbf16> -> !tile.slice<64x2xbf16>)
// CHECK:   tile.dot %{{.*}} transposed : tensor<64x64xf32>, !tile.slice<64x2xbf16>, !tile.slice<64x2xbf16>
// CHECK: ockham.weight @table : tensor<100x64xbf16>
ockham.weight @table : tensor<100x64xbf16> = dense<1.0> : tensor<100x64xbf16>
ockham.weight @w : tensor<64x128xbf16> = dense<1.0> : tensor<64x128xbf16>
// CHECK-LABEL: func.func @tied(
func.func @tied(%ids: tensor<?x?xi64>) -> (tensor<?x?x100xbf16>, tensor<?x?x128xbf16>) {
  %table = ockham.load_weight @table : tensor<100x64xbf16>
  %w = ockham.load_weight @w : tensor<64x128xbf16>
  %0 = tfm.embedding %ids, %table : tensor<?x?xi64>, tensor<100x64xbf16> -> tensor<?x?x64xbf16>
  // CHECK: %[[TABLE:.*]] = ockham.load_weight @table
  // CHECK: tile.launch @embedding_64_100_i64_bf16 {{.*}} ins(%{{.*}}, %[[TABLE]]
  // CHECK: tile.launch @linear_64x100_rows_bf16 {{.*}} ins(%{{.*}}, %[[TABLE]]
  %1 = tfm.linear %0, %table : tensor<?x?x64xbf16>, tensor<100x64xbf16> -> tensor<?x?x100xbf16> {transposed}
  %2 = tfm.linear %0, %w : tensor<?x?x64xbf16>, tensor<64x128xbf16> -> tensor<?x?x128xbf16>
  return %1, %2 : tensor<?x?x100xbf16>, tensor<?x?x128xbf16>
}

// -----

// One attention for any number of queries, on keys in rows. Queries are not
// scaled, scores are; weights of the softmax are rounded.
// CHECK: tile.kernel @attention_2x64_rows_causal_bf16(%[[Q:.*]]: !tile.view<?x128xbf16>, %{{.*}}: !tile.view<?x128xbf16>, %{{.*}}: !tile.view<?x128xbf16>, %{{.*}}: index, %{{.*}}: !tile.view<?x128xbf16>)
// CHECK-SAME: grid(%{{.*}} to %{{.*}} step 1, %{{.*}} to %{{.*}} step 64)
// CHECK: %[[QUERY:.*]] = tile.load {{.*}} -> tensor<64x64xbf16>
// CHECK: tile.for {{.*}} step 64 streams(%[[KEYS:.*]] = {{.*}} -> !tile.slice<64x64xbf16>, %[[VALUES:.*]] = {{.*}} -> !tile.slice<64x64xbf16>)
// CHECK:   %[[PRODUCT:.*]] = tile.dot %{{.*}}, %[[QUERY]], %[[KEYS]] transposed : tensor<64x64xf32>, tensor<64x64xbf16>, !tile.slice<64x64xbf16>
// CHECK:   arith.mulf %[[PRODUCT]], %{{.*}} : tensor<64x64xf32>
// CHECK:   %[[WEIGHTS:.*]] = math.exp2
// CHECK:   %[[NARROW:.*]] = arith.truncf %[[WEIGHTS]] : tensor<64x64xf32> to tensor<64x64xbf16>
// CHECK:   tile.dot %{{.*}}, %[[NARROW]], %[[VALUES]] : tensor<64x64xf32>, tensor<64x64xbf16>, !tile.slice<64x64xbf16>
// CHECK-LABEL: func.func @attention(
// CHECK-COUNT-1: tile.launch
// CHECK-NOT: tile.launch
func.func @attention(%q: tensor<?x?x128xbf16>) -> tensor<?x?x128xbf16> {
  %o = tfm.attention %q, %q, %q heads 2 scale 0.125 causal : tensor<?x?x128xbf16>, tensor<?x?x128xbf16>, tensor<?x?x128xbf16> -> tensor<?x?x128xbf16>
  return %o : tensor<?x?x128xbf16>
}

// -----

// Norms and rotations of queries and keys are kernels in front. Queries stand
// behind the past.
// CHECK: tile.kernel @attention_4x64_rows_kv2_past_i64_bf16(
// CHECK-NOT: math.sqrt
// CHECK: tile.kernel @prepare_heads_2x64_rms_rotary32_bf16(%{{.*}}: !tile.view<?x128xbf16>, %{{.*}}: !tile.view<?x32xf32>, %{{.*}}: !tile.view<?x32xf32>, %{{.*}}: index, %{{.*}}: !tile.view<?x128xbf16>)
// CHECK: tile.kernel @prepare_heads_4x64_rms_scale_rotary32_past_i64_bf16(%{{.*}}: !tile.view<?x256xbf16>, %{{.*}}: !tile.view<1x64xf32>, %{{.*}}: !tile.view<?x32xf32>, %{{.*}}: !tile.view<?x32xf32>, %{{.*}}: !tile.view<1x?xi64>, %{{.*}}: index, %{{.*}}: !tile.view<?x256xbf16>)
// CHECK: math.sqrt
// CHECK-LABEL: func.func @prepared(
// CHECK: %[[Q:.*]] = tile.launch @prepare_heads_4x64
// CHECK: %[[K:.*]] = tile.launch @prepare_heads_2x64
// CHECK: tile.launch @attention_4x64_rows_kv2_past_i64_bf16 {{.*}} ins(%[[Q]], %[[K]],
func.func @prepared(%q: tensor<?x?x256xbf16>, %k: tensor<?x?x128xbf16>, %past: tensor<?xi64>, %scale: tensor<64xf32>, %cos: tensor<128x32xf32>, %sin: tensor<128x32xf32>) -> tensor<?x?x256xbf16> {
  %o = tfm.attention %q, %k, %k past %past query_scale %scale rotary(%cos, %sin) heads 4 kv_heads 2 scale 0.125 qk_norm rms eps 1.0e-6
      : tensor<?x?x256xbf16>, tensor<?x?x128xbf16>, tensor<?x?x128xbf16>, past tensor<?xi64>, query_scale tensor<64xf32>, rotary(tensor<128x32xf32>, tensor<128x32xf32>) -> tensor<?x?x256xbf16>
  return %o : tensor<?x?x256xbf16>
}

// -----

// Both halves of a gated MLP are one kernel, however deep the weight is: its
// blocks have as many rows as those of other products.
// CHECK: tile.kernel @linear_128x256_gate_silu_mul_bf16(%{{.*}}: !tile.view<?x128xbf16>, %{{.*}}: !tile.view<128x256xbf16, panels<64>>
// CHECK-COUNT-2: tile.dot %{{.*}} : tensor<64x64xf32>, !tile.slice<64x2xbf16>, !tile.slice<2x64xbf16, panels<64>>
ockham.weight @w : tensor<128x256xbf16> = dense<1.0> : tensor<128x256xbf16>
func.func @gated(%x: tensor<?x?x128xbf16>) -> tensor<?x?x128xbf16> {
  %w = ockham.load_weight @w : tensor<128x256xbf16>
  %0 = tfm.linear %x, %w : tensor<?x?x128xbf16>, tensor<128x256xbf16> -> tensor<?x?x256xbf16>
  %1:2 = tfm.split %0 : tensor<?x?x256xbf16> -> tensor<?x?x128xbf16>, tensor<?x?x128xbf16>
  // expected-remark @+1 {{activation joins linear}}
  %2 = tfm.activation silu %1#0 : tensor<?x?x128xbf16>
  // expected-remark @+1 {{gate joins linear}}
  %3 = tfm.gate %2, %1#1 : tensor<?x?x128xbf16>
  return %3 : tensor<?x?x128xbf16>
}
