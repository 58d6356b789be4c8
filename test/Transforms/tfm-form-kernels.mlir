// RUN: ockham-opt %s --tfm-form-kernels -verify-diagnostics -split-input-file | FileCheck %s

// What follows a product and reads it alone joins, from the activation to the
// residual; a gain in front of the residual joins from the other side.
// CHECK-LABEL: func.func @residual(
// CHECK-NEXT: %[[Y:.*]] = tfm.fused {
// CHECK-NEXT:   %[[P:.*]] = tfm.linear
// CHECK-NEXT:   %[[A:.*]] = tfm.activation relu %[[P]]
// CHECK-NEXT:   %[[S:.*]] = tfm.scale %arg2
// CHECK-NEXT:   %[[R:.*]] = tfm.add_scaled %[[S]], %[[A]] gain
// CHECK-NEXT:   tfm.yield %[[R]]
// CHECK-NEXT: }
// CHECK-NEXT: return %[[Y]]
func.func @residual(%x: tensor<?x?x768xf32>, %w: tensor<768x3072xf32>, %r: tensor<?x?x3072xf32>, %g: tensor<1xf32>) -> tensor<?x?x3072xf32> {
  %0 = tfm.linear %x, %w : tensor<?x?x768xf32>, tensor<768x3072xf32> -> tensor<?x?x3072xf32>
  // expected-remark @+1 {{activation joins linear: saves 2 x 1.6 MB of traffic per 128 rows}}
  %1 = tfm.activation relu %0 : tensor<?x?x3072xf32>
  // expected-remark @+1 {{scale joins linear: saves 2 x 1.6 MB of traffic per 128 rows}}
  %2 = tfm.scale %r, %g : tensor<?x?x3072xf32>, tensor<1xf32>
  // expected-remark @+1 {{add_scaled joins linear: saves 2 x 1.6 MB of traffic per 128 rows}}
  %3 = tfm.add_scaled %2, %1 gain %g : tensor<?x?x3072xf32>, gain tensor<1xf32>
  return %3 : tensor<?x?x3072xf32>
}

// -----

// A result with other readers is stored, and reading it again from the cache is
// what a kernel of its own does.
// CHECK-LABEL: func.func @two_readers(
// CHECK-NOT: tfm.fused
func.func @two_readers(%x: tensor<?x8xf32>, %w: tensor<8x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %0 = tfm.linear %x, %w : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  // expected-remark @+1 {{activation stays apart from linear: the result has 2 readers and is stored anyway, expected 1}}
  %1 = tfm.activation relu %0 : tensor<?x8xf32>
  return %0, %1 : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// The projection of a parallel block: the MLP's columns go through their
// activation, the attention's do not. Its reader stands between the product and
// the activation, so that the group stands where the product was, and the slope
// is loaded before.
ockham.weight @s : tensor<f32> = dense<0.1> : tensor<f32>
// CHECK-LABEL: func.func @ranges(
// CHECK: ockham.load_weight @s
// CHECK: %[[G:.*]]:2 = tfm.fused {
// CHECK:   tfm.linear
// CHECK:   %[[PARTS:.*]]:2 = tfm.split
// CHECK:   %[[A:.*]] = tfm.activation leaky_relu %[[PARTS]]#1
// CHECK:   tfm.yield %[[PARTS]]#0, %[[A]]
// CHECK: %[[N:.*]] = tfm.norm rms %[[G]]#0
// CHECK: return %[[N]], %[[G]]#1
func.func @ranges(%x: tensor<?x8xf32>, %w: tensor<8x24xf32>) -> (tensor<?x8xf32>, tensor<?x16xf32>) {
  %0 = tfm.linear %x, %w : tensor<?x8xf32>, tensor<8x24xf32> -> tensor<?x24xf32>
  %1:2 = tfm.split %0 : tensor<?x24xf32> -> tensor<?x8xf32>, tensor<?x16xf32>
  %2:2 = tfm.parallel {
    %n = tfm.norm rms %1#0 {eps = 1.0e-5 : f64} : tensor<?x8xf32>
    tfm.yield %n : tensor<?x8xf32>
  }, {
    %s = ockham.load_weight @s : tensor<f32>
    // expected-remark @+1 {{activation joins linear: saves 2 x 8.2 kB of traffic per 128 rows}}
    %a = tfm.activation leaky_relu %1#1 slope %s : tensor<?x16xf32>, tensor<f32>
    tfm.yield %a : tensor<?x16xf32>
  } : tensor<?x8xf32>, tensor<?x16xf32>
  return %2#0, %2#1 : tensor<?x8xf32>, tensor<?x16xf32>
}

// -----

// Also where nobody reads what the activation gives.
// CHECK-LABEL: func.func @unread(
// CHECK: %[[G:.*]] = tfm.fused {
// CHECK: tfm.norm rms %[[G]]
func.func @unread(%x: tensor<?x8xf32>, %w: tensor<8x24xf32>) -> tensor<?x8xf32> {
  %0 = tfm.linear %x, %w : tensor<?x8xf32>, tensor<8x24xf32> -> tensor<?x24xf32>
  %1:2 = tfm.split %0 : tensor<?x24xf32> -> tensor<?x8xf32>, tensor<?x16xf32>
  %2 = tfm.norm rms %1#0 {eps = 1.0e-5 : f64} : tensor<?x8xf32>
  // expected-remark @+1 {{activation joins linear: saves 2 x 8.2 kB of traffic per 128 rows}}
  %3 = tfm.activation relu %1#1 : tensor<?x16xf32>
  return %2 : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: func.func @gate(
// CHECK: tfm.fused {
// CHECK:   tfm.linear
// CHECK:   tfm.split
// CHECK:   tfm.activation silu
// CHECK:   tfm.gate
// CHECK: }
func.func @gate(%x: tensor<?x8xf32>, %w: tensor<8x128xf32>) -> tensor<?x64xf32> {
  %0 = tfm.linear %x, %w : tensor<?x8xf32>, tensor<8x128xf32> -> tensor<?x128xf32>
  %1:2 = tfm.split %0 : tensor<?x128xf32> -> tensor<?x64xf32>, tensor<?x64xf32>
  // expected-remark @+1 {{activation joins linear: saves 2 x 32.8 kB of traffic per 128 rows}}
  %2 = tfm.activation silu %1#0 : tensor<?x64xf32>
  // expected-remark @+1 {{gate joins linear: saves 2 x 65.5 kB of traffic per 128 rows}}
  %3 = tfm.gate %2, %1#1 : tensor<?x64xf32>
  return %3 : tensor<?x64xf32>
}

// -----

// With a deeper weight that passes by for fewer rows at a time this costs more
// than it saves.
// CHECK-LABEL: func.func @deep_gate(
// CHECK-NEXT: tfm.linear
// CHECK-NEXT: tfm.split
// CHECK-NEXT: tfm.fused {
// CHECK-NEXT:   tfm.activation
// CHECK-NEXT:   tfm.gate
func.func @deep_gate(%x: tensor<?x768xf32>, %w: tensor<768x4096xf32>) -> tensor<?x2048xf32> {
  %0 = tfm.linear %x, %w : tensor<?x768xf32>, tensor<768x4096xf32> -> tensor<?x4096xf32>
  %1:2 = tfm.split %0 : tensor<?x4096xf32> -> tensor<?x2048xf32>, tensor<?x2048xf32>
  // expected-remark @+1 {{activation stays apart from linear: the kernel of gate reads the part anyway, nothing is saved}}
  %2 = tfm.activation silu %1#0 : tensor<?x2048xf32>
  // expected-remark @+2 {{gate stays apart from linear: the weight would pass by for 6 rows at a time instead of 8, 67.1 MB more per 128 rows, to save 2 x 2.1 MB}}
  // expected-remark @+1 {{gate joins activation: saves 2 x 1.0 MB of traffic per 128 rows}}
  %3 = tfm.gate %2, %1#1 : tensor<?x2048xf32>
  return %3 : tensor<?x2048xf32>
}

// -----

// Without whole panels the halves meet in a kernel of rows; the activation goes
// there, because that kernel reads its half anyway.
// CHECK-LABEL: func.func @narrow_gate(
// CHECK-NEXT: tfm.linear
// CHECK-NEXT: tfm.split
// CHECK-NEXT: tfm.fused {
// CHECK-NEXT:   tfm.activation
// CHECK-NEXT:   tfm.gate
func.func @narrow_gate(%x: tensor<?x8xf32>, %w: tensor<8x80xf32>) -> tensor<?x40xf32> {
  %0 = tfm.linear %x, %w : tensor<?x8xf32>, tensor<8x80xf32> -> tensor<?x80xf32>
  %1:2 = tfm.split %0 : tensor<?x80xf32> -> tensor<?x40xf32>, tensor<?x40xf32>
  // expected-remark @+1 {{activation stays apart from linear: the kernel of gate reads the part anyway, nothing is saved}}
  %2 = tfm.activation silu %1#0 : tensor<?x40xf32>
  // expected-remark @+2 {{gate stays apart from linear: its 40 columns are not whole panels of 32}}
  // expected-remark @+1 {{gate joins activation: saves 2 x 20.5 kB of traffic per 128 rows}}
  %3 = tfm.gate %2, %1#1 : tensor<?x40xf32>
  return %3 : tensor<?x40xf32>
}

// -----

// Chains without a product: a norm, point-wise ops; each op is in one of them.
// CHECK-LABEL: func.func @chains(
// CHECK: %[[N:.*]] = tfm.fused {
// CHECK-NEXT: tfm.norm rms
// CHECK-NEXT: tfm.add_scaled
// CHECK: %[[T:.*]] = tfm.norm tanh
// CHECK: tfm.fused {
// CHECK-NEXT: tfm.activation silu
// CHECK-NEXT: tfm.add_scaled %[[T]]
func.func @chains(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>, %a: tensor<1xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %0 = tfm.norm rms %x {eps = 1.0e-5 : f64} : tensor<?x8xf32>
  // expected-remark @+1 {{add_scaled joins norm: saves}}
  %1 = tfm.add_scaled %x, %0 : tensor<?x8xf32>
  %2 = tfm.norm tanh %y alpha %a : tensor<?x8xf32>, alpha tensor<1xf32>
  %3 = tfm.activation silu %y : tensor<?x8xf32>
  // expected-remark @+2 {{add_scaled stays apart from norm: the result has 2 readers and is stored anyway, expected 1}}
  // expected-remark @+1 {{add_scaled joins activation: saves}}
  %4 = tfm.add_scaled %2, %3 : tensor<?x8xf32>
  return %1, %2, %4 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// CHECK-LABEL: func.func @embeddings(
// CHECK-NEXT: %[[E:.*]] = tfm.fused {
// CHECK-NEXT:   tfm.embedding
// CHECK-NEXT:   tfm.embedding
// CHECK-NEXT:   tfm.add_scaled
// CHECK-NEXT:   tfm.yield
// CHECK-NEXT: }
// CHECK-NEXT: tfm.scale %[[E]]
func.func @embeddings(%i: tensor<?x?xi64>, %t: tensor<50x8xf32>, %u: tensor<2x8xf32>, %g: tensor<1xf32>) -> tensor<?x?x8xf32> {
  %0 = tfm.embedding %i, %t : tensor<?x?xi64>, tensor<50x8xf32> -> tensor<?x?x8xf32>
  // expected-remark @+1 {{embedding joins embedding: saves 2 x 4.1 kB of traffic per 128 rows}}
  %1 = tfm.embedding %i, %u : tensor<?x?xi64>, tensor<2x8xf32> -> tensor<?x?x8xf32>
  // expected-remark @+1 {{add_scaled joins embedding: saves 2 x 4.1 kB of traffic per 128 rows}}
  %2 = tfm.add_scaled %0, %1 : tensor<?x?x8xf32>
  %3 = tfm.scale %2, %g : tensor<?x?x8xf32>, tensor<1xf32>
  return %3 : tensor<?x?x8xf32>
}

// -----

// Numbers of another type are read elsewhere; a slope that is computed later
// than the other parts are read keeps its activation apart.
// CHECK-LABEL: func.func @kept(
// CHECK-NOT: tfm.fused
func.func @kept(%x: tensor<?x8xf32>, %w: tensor<8x24xf32>, %k: tensor<8x8xf32>, %f: tensor<4xf32>, %n: index) -> (tensor<?x8xf32>, tensor<?x16xf32>) {
  %0 = tfm.linear %x, %w : tensor<?x8xf32>, tensor<8x24xf32> -> tensor<?x24xf32>
  %1:2 = tfm.split %0 : tensor<?x24xf32> -> tensor<?x8xf32>, tensor<?x16xf32>
  %2 = tfm.linear %1#0, %k : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  %e = tensor.extract_slice %f[%n] [1] [1] : tensor<4xf32> to tensor<1xf32>
  // expected-remark @+1 {{activation stays apart from linear: what it reads is computed later than the other columns are needed}}
  %3 = tfm.activation leaky_relu %1#1 slope %e : tensor<?x16xf32>, tensor<1xf32>
  return %2, %3 : tensor<?x8xf32>, tensor<?x16xf32>
}
