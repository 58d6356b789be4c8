// RUN: ockham-opt %s --convert-tfm-to-tile -verify-diagnostics -split-input-file | FileCheck %s

// A product of which some columns go through an activation: where blocks lie
// inside of the columns, one comparison decides.
ockham.weight @w : tensor<8x144xf32> = dense<0.5> : tensor<8x144xf32>
// CHECK-LABEL: tile.kernel @linear_8x144_relu_from_48_to_144(
// CHECK: arith.cmpi sge, %j, %c48
// CHECK: arith.cmpi slt, %j, %c144
// CHECK: scf.if
// CHECK: arith.maximumf
// CHECK-NEXT: scf.yield
// CHECK-LABEL: func.func @whole_panels(
// CHECK: %[[ALL:.*]] = tile.launch @linear_8x144_relu_from_48_to_144
// CHECK: tensor.extract_slice %[[ALL]][0, 0] [%{{.*}}, 48] [1, 1]
// CHECK: tensor.extract_slice %[[ALL]][0, 48] [%{{.*}}, 96] [1, 1]
// CHECK-NOT: tfm.
func.func @whole_panels(%x: tensor<?x?x8xf32>) -> (tensor<?x?x48xf32>, tensor<?x?x96xf32>) {
  %w = ockham.load_weight @w : tensor<8x144xf32>
  %0:2 = tfm.fused {
    %1 = tfm.linear %x, %w : tensor<?x?x8xf32>, tensor<8x144xf32> -> tensor<?x?x144xf32>
    %2:2 = tfm.split %1 : tensor<?x?x144xf32> -> tensor<?x?x48xf32>, tensor<?x?x96xf32>
    %3 = tfm.activation relu %2#1 : tensor<?x?x96xf32>
    tfm.yield %2#0, %3 : tensor<?x?x48xf32>, tensor<?x?x96xf32>
  } : tensor<?x?x48xf32>, tensor<?x?x96xf32>
  return %0#0, %0#1 : tensor<?x?x48xf32>, tensor<?x?x96xf32>
}

// -----

// Where a block has other columns, too, it keeps those.
ockham.weight @w : tensor<8x100xf32> = dense<0.5> : tensor<8x100xf32>
// CHECK-LABEL: tile.kernel @linear_8x100_gelu_tanh_from_40_to_70(
// CHECK: scf.if
// CHECK: math.tanh
// CHECK: tile.iota
// CHECK: arith.select
// CHECK-LABEL: func.func @parts(
func.func @parts(%x: tensor<?x?x8xf32>) -> (tensor<?x?x40xf32>, tensor<?x?x30xf32>, tensor<?x?x30xf32>) {
  %w = ockham.load_weight @w : tensor<8x100xf32>
  %0:3 = tfm.fused {
    %1 = tfm.linear %x, %w : tensor<?x?x8xf32>, tensor<8x100xf32> -> tensor<?x?x100xf32>
    %2:3 = tfm.split %1 : tensor<?x?x100xf32> -> tensor<?x?x40xf32>, tensor<?x?x30xf32>, tensor<?x?x30xf32>
    %3 = tfm.activation gelu_tanh %2#1 : tensor<?x?x30xf32>
    tfm.yield %2#0, %3, %2#2 : tensor<?x?x40xf32>, tensor<?x?x30xf32>, tensor<?x?x30xf32>
  } : tensor<?x?x40xf32>, tensor<?x?x30xf32>, tensor<?x?x30xf32>
  return %0#0, %0#1, %0#2 : tensor<?x?x40xf32>, tensor<?x?x30xf32>, tensor<?x?x30xf32>
}

// -----

// Two products side by side, of two windows of one weight: what each half takes
// from the linear comes first, and what follows the gate last.
ockham.weight @w : tensor<8x128xf32> = dense<0.5> : tensor<8x128xf32>
// CHECK-LABEL: tile.kernel @linear_8x128_bias_gate_silu_mul_add(
// CHECK-SAME: !tile.view<8x128xf32, panels<32>>, %[[B:[^:]*]]: !tile.view<1x128xf32>, %{{[^:]*}}: !tile.view<?x64xf32>, %{{[^:]*}}: !tile.view<?x64xf32>)
// CHECK-SAME: grid(%i to %m step 6, %j to %n step 32)
// CHECK: %[[RIGHT:.*]] = arith.addi %j, %c64
// CHECK: tile.for {{.*}}[%k, %j]{{.*}}[%k, %[[RIGHT]]]
// CHECK-COUNT-2: tile.dot
// CHECK: tile.load %[[B]][%{{.*}}, %j]
// CHECK: tile.load %[[B]][%{{.*}}, %[[RIGHT]]]
// CHECK: math.exp
// CHECK: tile.store
// CHECK-LABEL: func.func @gated(
// CHECK: tile.launch @linear_8x128_bias_gate_silu_mul_add grid[%{{.*}}, %c64]
// CHECK-NOT: tfm.
func.func @gated(%x: tensor<?x?x8xf32>, %r: tensor<?x?x64xf32>, %b: tensor<128xf32>) -> tensor<?x?x64xf32> {
  %w = ockham.load_weight @w : tensor<8x128xf32>
  %0 = tfm.fused {
    %1 = tfm.linear %x, %w bias %b : tensor<?x?x8xf32>, tensor<8x128xf32>, tensor<128xf32> -> tensor<?x?x128xf32>
    %2:2 = tfm.split %1 : tensor<?x?x128xf32> -> tensor<?x?x64xf32>, tensor<?x?x64xf32>
    %3 = tfm.activation silu %2#0 : tensor<?x?x64xf32>
    %4 = tfm.gate %3, %2#1 : tensor<?x?x64xf32>
    %5 = tfm.add_scaled %r, %4 : tensor<?x?x64xf32>
    tfm.yield %5 : tensor<?x?x64xf32>
  } : tensor<?x?x64xf32>
  return %0 : tensor<?x?x64xf32>
}

// -----

// Gains on either side of a sum; the one in front of what is read from memory
// stands behind the root. A norm that something follows.
ockham.weight @w : tensor<8x8xf32> = dense<0.5> : tensor<8x8xf32>
// CHECK: tile.kernel @rms_norm_8_add_scalar_gain(
// CHECK: tile.kernel @linear_8x8_add_scalar_gain_scalar_gain_add_gain(
// CHECK-LABEL: func.func @gains(
func.func @gains(%x: tensor<?x8xf32>, %z: tensor<?x8xf32>, %g: tensor<1xf32>, %h: tensor<8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %w = ockham.load_weight @w : tensor<8x8xf32>
  %0 = tfm.fused {
    %i = tfm.scale %z, %g : tensor<?x8xf32>, tensor<1xf32>
    %1 = tfm.linear %x, %w init %i : tensor<?x8xf32>, tensor<8x8xf32> init tensor<?x8xf32> -> tensor<?x8xf32>
    %2 = tfm.scale %z, %h : tensor<?x8xf32>, tensor<8xf32>
    %3 = tfm.add_scaled %2, %1 gain %g : tensor<?x8xf32>, gain tensor<1xf32>
    tfm.yield %3 : tensor<?x8xf32>
  } : tensor<?x8xf32>
  %4 = tfm.fused {
    %5 = tfm.norm rms %x {eps = 1.0e-5 : f64} : tensor<?x8xf32>
    %6 = tfm.add_scaled %5, %0 gain %g : tensor<?x8xf32>, gain tensor<1xf32>
    tfm.yield %6 : tensor<?x8xf32>
  } : tensor<?x8xf32>
  return %0, %4 : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Without the weight's bytes the product goes through linalg, and what followed
// it is a kernel of its own.
ockham.weight @w : tensor<8x16xf32>
// CHECK-LABEL: func.func @unknown(
// CHECK: %[[P:.*]] = tfm.linear
// CHECK: tensor.extract_slice %{{.*}}[0, 8]
// CHECK: tile.launch @rows_8_relu
// CHECK-NOT: tfm.
func.func @unknown(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %w = ockham.load_weight @w : tensor<8x16xf32>
  %0:2 = tfm.fused {
    // expected-remark @+1 {{no kernel: the bytes of the weight, tensor<8x16xf32>, are not known when compiling; it goes through linalg}}
    %1 = tfm.linear %x, %w : tensor<?x?x8xf32>, tensor<8x16xf32> -> tensor<?x?x16xf32>
    %2:2 = tfm.split %1 : tensor<?x?x16xf32> -> tensor<?x?x8xf32>, tensor<?x?x8xf32>
    %3 = tfm.activation relu %2#1 : tensor<?x?x8xf32>
    tfm.yield %2#0, %3 : tensor<?x?x8xf32>, tensor<?x?x8xf32>
  } : tensor<?x?x8xf32>, tensor<?x?x8xf32>
  return %0#0, %0#1 : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}
