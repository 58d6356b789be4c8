// Attention on bf16 for instructions that multiply pairs: keys and values come
// in panels whose rows lie in pairs, and both factors of a product are bf16.
// RUN: ockham-opt %s --convert-tfm-to-tile=pairs-of-rows=true --canonicalize --cse -split-input-file | FileCheck %s

// Queries that need no preparation are as they are in memory; scores are
// scaled. Alpha wants values in rows.
// CHECK: tile.kernel @attention_2x8_v6_shapeda_bf16(%[[Q:.*]]: !tile.view<?x16xbf16>, %{{.*}}: !tile.view<8x?xbf16, panels<64, interleave = 2>>, %{{.*}}: !tile.view<?x?xbf16, panels<6, interleave = 2>>, %[[OWN:.*]]: !tile.view<?x12xbf16>,
// CHECK: tile.subview %[[OWN]]
// CHECK: %[[QUERY:.*]] = tile.load %{{.*}} -> tensor<6x8xbf16>
// CHECK: tile.for {{.*}} step 64
// CHECK: %[[SCORES:.*]] = tile.dot %{{.*}}, %[[QUERY]], %{{.*}} : tensor<6x64xf32>, tensor<6x8xbf16>, !tile.slice<8x64xbf16, panels<64, interleave = 2>>
// CHECK: arith.mulf %[[SCORES]]
// CHECK: %[[WEIGHTS:.*]] = arith.truncf %{{.*}} : tensor<6x64xf32> to tensor<6x64xbf16>
// CHECK: tile.dot %{{.*}}, %[[WEIGHTS]], %{{.*}} : tensor<6x6xf32>, tensor<6x64xbf16>, !tile.slice<64x6xbf16, panels<6, interleave = 2>>
// CHECK: tile.kernel @pack_values_2x6_bf16(%[[ROWS:.*]]: !tile.view<?x12xbf16>, %[[KEYS:.*]]: index, %[[PANELS:.*]]: !tile.view<?x?xbf16, panels<6, interleave = 2>>) grid(%{{.*}} to %{{.*}} step 1, %[[FIRST:.*]] to %[[COUNT:.*]] step 16)
// CHECK: %[[HEAD:.*]] = tile.subview %[[ROWS]][%{{.*}}, %{{.*}}] [%[[KEYS]], %c6]
// CHECK: %[[PANEL:.*]] = tile.subview %[[PANELS]][%c0, %{{.*}}] [%[[COUNT]], %c6]
// CHECK: %[[BLOCK:.*]] = tile.load %[[HEAD]][%[[FIRST]], %c0] : {{.*}} -> tensor<16x6xbf16>
// CHECK: tile.store %[[BLOCK]], %[[PANEL]][%[[FIRST]], %c0]
// CHECK: tile.kernel @pack_keys_2x8_bf16(%{{.*}}: !tile.view<?x16xbf16>, %{{.*}}: index, %{{.*}}: !tile.view<8x?xbf16, panels<64, interleave = 2>>)
// An odd number of keys has a pair of its own.
// CHECK: func.func @attention(
// CHECK-DAG: %[[EMPTY:.*]] = tensor.empty() : tensor<2x35x12xbf16>
// CHECK: tile.launch @pack_values_2x6_bf16 grid[%c2, %c70] ins({{.*}}, %c69 : {{.*}}) outs(%[[EMPTY]] : tensor<2x35x12xbf16>)
func.func @attention(%q: tensor<1x64x16xbf16>, %k: tensor<1x69x16xbf16>, %v: tensor<1x69x12xbf16>, %a: tensor<2xf32>) -> tensor<1x64x12xbf16> {
  %0 = tfm.attention %q, %k, %v shape(%a, none, none) heads 2 scale 0.5 : tensor<1x64x16xbf16>, tensor<1x69x16xbf16>, tensor<1x69x12xbf16>, shape(tensor<2xf32>, none, none) -> tensor<1x64x12xbf16>
  return %0 : tensor<1x64x12xbf16>
}

// -----

// A rotation whose halves have an odd number of columns parts pairs.
// CHECK-LABEL: tile.kernel @attention_2x8_rotary3_bf16(
// CHECK-SAME: !tile.view<8x?xbf16, panels<64>>,
// CHECK-NOT: interleave
// CHECK: func.func @odd_rotation
func.func @odd_rotation(%q: tensor<1x64x16xbf16>, %cos: tensor<64x3xf32>, %sin: tensor<64x3xf32>) -> tensor<1x64x16xbf16> {
  %0 = tfm.attention %q, %q, %q rotary(%cos, %sin) heads 2 scale 0.5 : tensor<1x64x16xbf16>, tensor<1x64x16xbf16>, tensor<1x64x16xbf16>, rotary(tensor<64x3xf32>, tensor<64x3xf32>) -> tensor<1x64x16xbf16>
  return %0 : tensor<1x64x16xbf16>
}

// -----

// There is no instruction for pairs of f16.
// CHECK-LABEL: tile.kernel @attention_2x8_f16(
// CHECK-NOT: interleave
// CHECK: func.func @f16
func.func @f16(%q: tensor<1x64x16xf16>) -> tensor<1x64x16xf16> {
  %0 = tfm.attention %q, %q, %q heads 2 scale 0.5 : tensor<1x64x16xf16>, tensor<1x64x16xf16>, tensor<1x64x16xf16> -> tensor<1x64x16xf16>
  return %0 : tensor<1x64x16xf16>
}
