// RUN: ockham-opt %s --convert-tfm-to-tile --canonicalize -split-input-file -verify-diagnostics | FileCheck %s

// Activations of 16 bits: windows of a product are read as they are, with sums
// of f32; all other blocks are extended when they are loaded and rounded when
// they are stored. A bias of f32 stays one.
// CHECK: tile.kernel @linear_64x48_bias_add_bf16(
// CHECK-SAME: !tile.view<?x64xbf16>, %{{.*}}: !tile.view<64x48xbf16, panels<48>>, %{{.*}}: !tile.view<1x48xf32>, %{{.*}}: !tile.view<?x48xbf16>, %{{.*}}: !tile.view<?x48xbf16>)
// CHECK: tile.for
// CHECK:   tile.dot %{{.*}} : tensor<8x48xf32>, !tile.slice<8x2xbf16>, !tile.slice<2x48xbf16, panels<48>>
// CHECK: %[[BIAS:.*]] = tile.load %{{.*}} -> tensor<1x48xf32>
// CHECK: tile.broadcast %[[BIAS]]
// CHECK: %[[INIT:.*]] = tile.load %{{.*}} -> tensor<8x48xbf16>
// CHECK: arith.extf %[[INIT]] : tensor<8x48xbf16> to tensor<8x48xf32>
// CHECK: %[[SUM:.*]] = arith.addf {{.*}} : tensor<8x48xf32>
// CHECK: %[[NARROW:.*]] = arith.truncf %[[SUM]] : tensor<8x48xf32> to tensor<8x48xbf16>
// CHECK: tile.store %[[NARROW]]
// CHECK: tile.launch @linear_64x48_bias_add_bf16
ockham.weight @w : tensor<64x48xbf16> = dense<1.0> : tensor<64x48xbf16>
ockham.weight @b : tensor<48xf32> = dense<1.0> : tensor<48xf32>
func.func @linear(%x: tensor<?x?x64xbf16>, %z: tensor<?x?x48xbf16>) -> tensor<?x?x48xbf16> {
  %w = ockham.load_weight @w : tensor<64x48xbf16>
  %b = ockham.load_weight @b : tensor<48xf32>
  %0 = tfm.linear %x, %w bias %b init %z : tensor<?x?x64xbf16>, tensor<64x48xbf16>, tensor<48xf32> init tensor<?x?x48xbf16> -> tensor<?x?x48xbf16>
  return %0 : tensor<?x?x48xbf16>
}

// -----

// A cast in a group is nothing but the type that is stored: the product is not
// rounded before.
// CHECK: tile.kernel @linear_64x48_f16_to_f32({{.*}}, %{{.*}}: !tile.view<?x48xf32>)
// CHECK-NOT: arith.truncf
// CHECK: tile.launch @linear_64x48_f16_to_f32 {{.*}} -> tensor<?x48xf32>
ockham.weight @w : tensor<64x48xf16> = dense<1.0> : tensor<64x48xf16>
func.func @widened(%x: tensor<?x64xf16>) -> tensor<?x48xf32> {
  %w = ockham.load_weight @w : tensor<64x48xf16>
  %1 = tfm.fused {
    %0 = tfm.linear %x, %w : tensor<?x64xf16>, tensor<64x48xf16> -> tensor<?x48xf16>
    %a = tfm.cast %0 : tensor<?x48xf16> to tensor<?x48xf32>
    tfm.yield %a : tensor<?x48xf32>
  } : tensor<?x48xf32>
  return %1 : tensor<?x48xf32>
}

// -----

// A cast alone is a kernel of rows.
// CHECK: tile.kernel @rows_8_to_bf16(%{{.*}}: !tile.view<?x8xf32>, %{{.*}}: !tile.view<?x8xbf16>)
// CHECK: tile.kernel @rows_8_f16_to_bf16(%{{.*}}: !tile.view<?x8xf16>, %{{.*}}: !tile.view<?x8xbf16>)
func.func @casts(%x: tensor<?x8xf32>, %y: tensor<?x8xf16>) -> (tensor<?x8xbf16>, tensor<?x8xbf16>) {
  %0 = tfm.cast %x : tensor<?x8xf32> to tensor<?x8xbf16>
  %1 = tfm.cast %y : tensor<?x8xf16> to tensor<?x8xbf16>
  return %0, %1 : tensor<?x8xbf16>, tensor<?x8xbf16>
}

// -----

// Statistics of rows are f32.
// CHECK: tile.kernel @layer_norm_64_scale_bf16(%{{.*}}: !tile.view<?x64xbf16>, %{{.*}}: !tile.view<1x64xf32>, %{{.*}}: !tile.view<?x64xbf16>)
// CHECK: tile.for {{.*}} iter_args(%{{.*}} : tensor<1x64xf32>)
// CHECK:   arith.extf
// CHECK: tile.reduce sum %{{.*}} : tensor<1x64xf32>
func.func @norm(%x: tensor<?x64xbf16>, %g: tensor<64xf32>) -> tensor<?x64xbf16> {
  %0 = tfm.norm layer %x scale %g {eps = 1.0e-5 : f64} : tensor<?x64xbf16>, scale tensor<64xf32>
  return %0 : tensor<?x64xbf16>
}

// -----

// A table of f32 may give rows of 16 bits, and logits of 16 bits a loss of f32.
// CHECK: tile.kernel @embedding_16_97_i64_bf16(%{{.*}}: !tile.view<?x1xi64>, %{{.*}}: !tile.view<97x16xf32>, %{{.*}}: !tile.view<?x16xbf16>)
// CHECK: tile.kernel @cross_entropy_16_i64_bf16_to_f32(%{{.*}}: !tile.view<?x16xbf16>, %{{.*}}: !tile.view<?x1xbf16>, %{{.*}}: !tile.view<?x1xi64>, %{{.*}}: !tile.view<?x1xf32>)
func.func @ends(%ids: tensor<?x?xi64>, %table: tensor<97x16xf32>) -> tensor<?x?xf32> {
  %0 = tfm.embedding %ids, %table : tensor<?x?xi64>, tensor<97x16xf32> -> tensor<?x?x16xbf16>
  %1 = tfm.cross_entropy %0, %ids : tensor<?x?x16xbf16>, tensor<?x?xi64> -> tensor<?x?xf32>
  return %1 : tensor<?x?xf32>
}

// -----

// Attention: maximum, sum and output are carried in f32. Weights of the softmax
// are not rounded here.
// CHECK: tile.kernel @attention_2x8_causal_logsumexp_bf16(
// CHECK-SAME: !tile.view<?x16xbf16>, %{{.*}}: !tile.view<8x?xbf16, panels<64>>, %{{.*}}: !tile.view<?x16xbf16>, %{{.*}}: index, %{{.*}}: !tile.view<?x16xbf16>, %{{.*}}: !tile.view<?x?xf32>)
// CHECK: tile.dot %{{.*}} : tensor<6x64xf32>, tensor<6x8xf32>, !tile.slice<8x64xbf16, panels<64>>
// CHECK: tile.dot %{{.*}} : tensor<6x8xf32>, tensor<6x64xf32>, !tile.slice<64x8xbf16>
// CHECK: tile.kernel @pack_keys_2x8_bf16(%{{.*}}: !tile.view<?x16xbf16>, %{{.*}}: index, %{{.*}}: !tile.view<8x?xbf16, panels<64>>)
func.func @attention(%q: tensor<1x64x16xbf16>) -> (tensor<1x64x16xbf16>, tensor<1x2x64xf32>) {
  %o:2 = tfm.attention %q, %q, %q heads 2 scale 0.5 causal : tensor<1x64x16xbf16>, tensor<1x64x16xbf16>, tensor<1x64x16xbf16> -> tensor<1x64x16xbf16> logsumexp tensor<1x2x64xf32>
  return %o#0, %o#1 : tensor<1x64x16xbf16>, tensor<1x2x64xf32>
}

// -----

// CHECK-LABEL: func.func @left(
// CHECK: tfm.activation relu
func.func @left(%x: tensor<?x8xf64>) -> tensor<?x8xf64> {
  // expected-remark @+1 {{no kernel: it is on tensor<?x8xf64>, expected f32, bf16 or f16; it goes through linalg}}
  %0 = tfm.activation relu %x : tensor<?x8xf64>
  return %0 : tensor<?x8xf64>
}
