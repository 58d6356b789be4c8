// RUN: ockham-opt %s --convert-tfm-to-tile --tile-pack-weights --canonicalize -verify-diagnostics | FileCheck %s
// RUN: ockham-opt %s --pass-pipeline='builtin.module(convert-tfm-to-tile{weights=bf16},tile-pack-weights)' | FileCheck %s --check-prefix=BF16
// RUN: not ockham-opt %s --pass-pipeline='builtin.module(convert-tfm-to-tile{weights=f64})' 2>&1 | FileCheck %s --check-prefix=OPTION
// OPTION: error: convert-tfm-to-tile: weights is 'f64', expected 'f32', 'bf16' or 'f16'
// RUN: not ockham-opt %s --convert-tfm-to-tile="key-block=0" 2>&1 | FileCheck %s --check-prefix=ZERO
// ZERO: error: convert-tfm-to-tile: key-block is 0, expected at least 1
// RUN: not ockham-opt %s --convert-tfm-to-tile="key-rest=48" 2>&1 | FileCheck %s --check-prefix=REST
// REST: error: convert-tfm-to-tile: key-rest is 48, expected a divisor of key-block, 64

// Rounded weights, everything else in f32.
// BF16: ockham.weight @w.panels : tensor<4x8xbf16> layout "panels<48>"
// BF16: tile.kernel @linear_4x8_bf16_bias_relu(%{{.*}}: !tile.view<?x4xf32>, %{{.*}}: !tile.view<4x8xbf16, panels<48>>, %{{.*}}: !tile.view<1x8xf32>, %{{.*}}: !tile.view<?x8xf32>)
// BF16: tile.dot %{{.*}} : tensor<8x48xf32>, !tile.slice<8x2xf32>, !tile.slice<2x48xbf16, panels<48>>

// The weight is packed once, for both layers; the old one is gone.
// CHECK-NOT: ockham.weight @w :
// CHECK: ockham.weight @w.panels : tensor<4x8xf32> layout "panels<48>" = {{.*}} : tensor<1x4x48xf32>

// Two layers share a kernel. What follows the product is done in registers.
// CHECK: tile.kernel @linear_4x8_bias_relu(
// CHECK-SAME: !tile.view<?x4xf32>, %{{.*}}: !tile.view<4x8xf32, panels<48>>, %{{.*}}: !tile.view<1x8xf32>, %{{.*}}: !tile.view<?x8xf32>)
// CHECK-SAME: grid(%i to %m step 8, %j to %n step 48) {
// CHECK: tile.for
// CHECK:   tile.dot
// CHECK: tile.load
// CHECK: arith.addf
// CHECK: arith.maximumf
// CHECK: tile.store
// CHECK-NOT: tile.kernel @linear
// CHECK: ockham.weight @b

ockham.weight @w : tensor<4x8xf32> = dense<1.0> : tensor<4x8xf32>
ockham.weight @b : tensor<8xf32> = dense<2.0> : tensor<8xf32>
ockham.weight @unknown : tensor<4x8xf32>

// CHECK-LABEL: func.func @layers(
// CHECK: %[[W:.*]] = ockham.load_weight @w.panels
// CHECK: tensor.dim %[[X:.*]], %c0 : tensor<?x4xf32>
// CHECK: tile.launch @linear_4x8_bias_relu grid[%{{.*}}, %{{.*}}] ins(%[[X]], %[[W]], %{{.*}} : tensor<?x4xf32>, tensor<1x4x48xf32>, tensor<8xf32>) outs(%{{.*}} : tensor<?x8xf32>) -> tensor<?x8xf32>
// CHECK-NOT: tfm.activation
// CHECK: tile.launch @linear_4x8_bias_relu
func.func @layers(%x: tensor<?x?x4xf32>, %z: tensor<?x?x4xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %w = ockham.load_weight @w : tensor<4x8xf32>
  %b = ockham.load_weight @b : tensor<8xf32>
  %1 = tfm.fused {
    %0 = tfm.linear %x, %w bias %b : tensor<?x?x4xf32>, tensor<4x8xf32>, tensor<8xf32> -> tensor<?x?x8xf32>
    %a = tfm.activation relu %0 : tensor<?x?x8xf32>
    tfm.yield %a : tensor<?x?x8xf32>
  } : tensor<?x?x8xf32>
  %3 = tfm.fused {
    %0 = tfm.linear %z, %w bias %b : tensor<?x?x4xf32>, tensor<4x8xf32>, tensor<8xf32> -> tensor<?x?x8xf32>
    %a = tfm.activation relu %0 : tensor<?x?x8xf32>
    tfm.yield %a : tensor<?x?x8xf32>
  } : tensor<?x?x8xf32>
  return %1, %3 : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// Shaped attention: the prefix means of the values, then one kernel.
// CHECK-LABEL: func.func @shaped(
// CHECK: %[[MEANS:.*]] = tile.launch @prefix_mean_8
// CHECK: %[[KEYS:.*]] = tile.launch @pack_keys_2x4
// CHECK: tile.launch @attention_2x4_causal_shapedabc grid[%{{.*}}, %{{.*}}] ins(%{{.*}}, %[[KEYS]], %{{.*}}, %[[MEANS]]
func.func @shaped(%q: tensor<?x?x8xf32>, %g: tensor<2xf32>) -> tensor<?x?x8xf32> {
  %o = tfm.attention %q, %q, %q shape(%g, %g, %g) heads 2 scale 0.5 causal
      : tensor<?x?x8xf32>, tensor<?x?x8xf32>, tensor<?x?x8xf32>,
        shape(tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) -> tensor<?x?x8xf32>
  return %o : tensor<?x?x8xf32>
}

// CHECK-LABEL: func.func @left(
// CHECK: tfm.linear
func.func @left(%x: tensor<?x?x4xf32>) -> tensor<?x?x8xf32> {
  %w = ockham.load_weight @unknown : tensor<4x8xf32>
  // expected-remark @+1 {{no kernel: the bytes of the weight, tensor<4x8xf32>, are not known when compiling}}
  %0 = tfm.linear %x, %w : tensor<?x?x4xf32>, tensor<4x8xf32> -> tensor<?x?x8xf32>
  return %0 : tensor<?x?x8xf32>
}

// Kernels work on matrices: a single row is one, and so are all leading
// dimensions together. One number per row is a column.
// CHECK-LABEL: func.func @ranks(
// CHECK-DAG: tensor.expand_shape %{{.*}} {{\[\[}}0, 1]] output_shape [1, 4] : tensor<4xf32> into tensor<1x4xf32>
// CHECK-DAG: tensor.collapse_shape %{{.*}} {{\[\[}}0, 1, 2], [3]] : tensor<?x2x?x4xf32> into tensor<?x4xf32>
// CHECK-DAG: tensor.collapse_shape %{{.*}} {{\[\[}}0, 1, 2]] : tensor<?x2x?xf32> into tensor<?xf32>
// CHECK: tile.launch @linear_4x8_row_scale{{.*}} outs(%{{.*}} : tensor<?x8xf32>)
// CHECK: tensor.expand_shape %{{.*}} {{\[\[}}0, 1, 2], [3]] {{.*}} into tensor<?x2x?x8xf32>
func.func @ranks(%x: tensor<4xf32>, %z: tensor<?x2x?x4xf32>, %s: tensor<?x2x?xf32>) -> (tensor<8xf32>, tensor<?x2x?x8xf32>) {
  %w = ockham.load_weight @w : tensor<4x8xf32>
  %0 = tfm.linear %x, %w : tensor<4xf32>, tensor<4x8xf32> -> tensor<8xf32>
  %1 = tfm.linear %z, %w row_scale %s : tensor<?x2x?x4xf32>, tensor<4x8xf32> row_scale tensor<?x2x?xf32> -> tensor<?x2x?x8xf32>
  return %0, %1 : tensor<8xf32>, tensor<?x2x?x8xf32>
}

// The parts of a product are windows of it.
// CHECK-LABEL: func.func @parts(
// CHECK: %[[ALL:.*]] = tile.launch @linear_4x8
// CHECK: %[[PART:.*]] = tensor.extract_slice %[[ALL]][0, 4] [%{{.*}}, 4] [1, 1] : tensor<?x8xf32> to tensor<?x4xf32>
// CHECK: tile.launch @linear_4x8{{.*}} ins(%[[PART]],
func.func @parts(%x: tensor<?x?x4xf32>) -> tensor<?x?x8xf32> {
  %w = ockham.load_weight @w : tensor<4x8xf32>
  %0 = tfm.linear %x, %w : tensor<?x?x4xf32>, tensor<4x8xf32> -> tensor<?x?x8xf32>
  %1:2 = tfm.split %0 : tensor<?x?x8xf32> -> tensor<?x?x4xf32>, tensor<?x?x4xf32>
  %2 = tfm.linear %1#1, %w : tensor<?x?x4xf32>, tensor<4x8xf32> -> tensor<?x?x8xf32>
  return %2 : tensor<?x?x8xf32>
}
