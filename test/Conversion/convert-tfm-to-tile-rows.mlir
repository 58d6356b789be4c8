// RUN: ockham-opt %s --convert-tfm-to-tile -verify-diagnostics -split-input-file | FileCheck %s

// A fixed norm takes off the mean and divides; per position the grid is
// sequences by rows, and each row looks its divisor up.
// CHECK-LABEL: tile.kernel @fixed_norm_40_position_past_i64_scale(
// CHECK-SAME: %[[X:.*]]: !tile.view<?x40xf32>, %[[STD:[^:]*]]: !tile.view<?x1xf32>, %[[COUNT:[^:]*]]: index, %[[PAST:[^:]*]]: !tile.view<?x1xi64>, %{{[^:]*}}: !tile.view<1x40xf32>, %{{[^:]*}}: !tile.view<?x40xf32>)
// CHECK-SAME: grid(%i to %m step 1, %j to %n step 1)
// CHECK: tile.subview %[[X]]
// CHECK: tile.reduce sum
// CHECK: tile.load %[[PAST]][%i,
// CHECK: arith.minsi
// CHECK: %[[ROWS:.*]] = tile.gather %[[STD]]
// CHECK: tile.for
// CHECK: arith.subf
// CHECK: arith.divf
// CHECK: arith.mulf
// CHECK-NOT: math.sqrt
// CHECK-LABEL: func.func @position(
// CHECK: tile.launch @fixed_norm_40_position_past_i64_scale grid[%{{.*}}, %{{.*}}] ins(%{{.*}} : tensor<?x40xf32>, tensor<7x1xf32>, index, tensor<?x1xi64>, tensor<40xf32>)
func.func @position(%x: tensor<?x?x40xf32>, %s: tensor<7xf32>, %g: tensor<40xf32>, %past: tensor<?xi64>) -> tensor<?x?x40xf32> {
  %0 = tfm.norm fixed %x scale %g std %s past %past {std_axis = #tfm<std_axis position>}
      : tensor<?x?x40xf32>, scale tensor<40xf32>, std tensor<7xf32>, past tensor<?xi64>
  return %0 : tensor<?x?x40xf32>
}

// -----

// A chain is one kernel, the sum in its middle reads the other activation.
// CHECK-LABEL: tile.kernel @rows_8_silu_gain_add_relu(
// CHECK-SAME: !tile.view<?x8xf32>, %{{[^:]*}}: !tile.view<1x8xf32>, %{{[^:]*}}: !tile.view<?x8xf32>, %{{[^:]*}}: !tile.view<?x8xf32>)
// CHECK-LABEL: func.func @chain(
// CHECK: %[[TANH:.*]] = tile.launch @rows_8_tanh
// CHECK: tile.launch @rows_8_silu_gain_add_relu
// CHECK-NOT: tfm.
func.func @chain(%x: tensor<?x8xf32>, %y: tensor<?x8xf32>, %g: tensor<8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %t = tfm.activation tanh %x : tensor<?x8xf32>
  %3 = tfm.fused {
    %0 = tfm.activation silu %y : tensor<?x8xf32>
    %1 = tfm.scale %0, %g : tensor<?x8xf32>, tensor<8xf32>
    %2 = tfm.add_scaled %t, %1 : tensor<?x8xf32>
    %r = tfm.activation relu %2 : tensor<?x8xf32>
    tfm.yield %r : tensor<?x8xf32>
  } : tensor<?x8xf32>
  return %3, %t : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Tokens, positions and types are added up in one kernel, behind the checks.
// CHECK-LABEL: tile.kernel @embedding_8_50_i64_positions_16_2_i64(
// CHECK: tile.gather
// CHECK: tile.load %{{.*}}[%j,
// CHECK: tile.gather
// CHECK-LABEL: func.func @types(
// CHECK: ockham.check %{{.*}}, "tfm.embedding: id {} is outside the table of {} rows"
// CHECK: ockham.check %{{.*}}, "tfm.embedding: a sequence of {} positions does not fit the position table of {} rows"
// CHECK: ockham.check %{{.*}}, "tfm.embedding: id {} is outside the table of {} rows"
// CHECK: ockham.check %{{.*}}, "ids have extent {} in dimension 0, expected {} as those of the tokens"
// CHECK: tile.launch @embedding_8_50_i64_positions_16_2_i64
// CHECK-NOT: tfm.
func.func @types(%i: tensor<?x?xi64>, %t: tensor<?x?xi64>, %w: tensor<50x8xf32>, %p: tensor<16x8xf32>, %s: tensor<2x8xf32>) -> tensor<?x?x8xf32> {
  %2 = tfm.fused {
    %0 = tfm.embedding %i, %w positions %p : tensor<?x?xi64>, tensor<50x8xf32>, tensor<16x8xf32> -> tensor<?x?x8xf32>
    %1 = tfm.embedding %t, %s : tensor<?x?xi64>, tensor<2x8xf32> -> tensor<?x?x8xf32>
    %sum = tfm.add_scaled %0, %1 : tensor<?x?x8xf32>
    tfm.yield %sum : tensor<?x?x8xf32>
  } : tensor<?x?x8xf32>
  return %2 : tensor<?x?x8xf32>
}

// -----

// A tied table is in panels, for the head; its rows are columns there.
ockham.weight @wte : tensor<50x8xf32> = dense<0.5> : tensor<50x8xf32>
// CHECK-LABEL: tile.kernel @embedding_8_50_panels_i64_2_i64(
// CHECK-SAME: %{{.*}}: !tile.view<?x1xi64>, %[[TABLE:.*]]: !tile.view<8x50xf32, panels<48>>, %{{.*}}: !tile.view<?x1xi64>, %[[TYPES:.*]]: !tile.view<2x8xf32>
// CHECK: tile.gather %[[TABLE]][%{{.*}}, %{{.*}}] transposed : <8x50xf32, panels<48>>, tensor<1x1xi64> -> tensor<1x8xf32>
// CHECK: tile.gather %[[TYPES]][%{{.*}}, %{{.*}}] : <2x8xf32>
// CHECK-LABEL: func.func @tied(
// CHECK: %[[PANELS:.*]] = tile.pack %{{.*}} panels 48 transposed : tensor<50x8xf32> -> tensor<2x8x48xf32>
// CHECK: tile.launch @embedding_8_50_panels_i64_2_i64 grid[{{.*}}] ins(%{{.*}}, %[[PANELS]],
// CHECK-NOT: tfm.
func.func @tied(%i: tensor<?x?xi64>, %s: tensor<2x8xf32>) -> tensor<?x?x50xf32> {
  %w = ockham.load_weight @wte : tensor<50x8xf32>
  %x = tfm.fused {
    %0 = tfm.embedding %i, %w : tensor<?x?xi64>, tensor<50x8xf32> -> tensor<?x?x8xf32>
    %e = tfm.embedding %i, %s : tensor<?x?xi64>, tensor<2x8xf32> -> tensor<?x?x8xf32>
    %sum = tfm.add_scaled %0, %e : tensor<?x?x8xf32>
    tfm.yield %sum : tensor<?x?x8xf32>
  } : tensor<?x?x8xf32>
  %1 = tfm.linear %x, %w : tensor<?x?x8xf32>, tensor<50x8xf32> -> tensor<?x?x50xf32> {transposed}
  return %1 : tensor<?x?x50xf32>
}

// -----

// A product that takes the table as it is has its rows in parts: what cannot be
// one kernel is taken apart.
ockham.weight @wte : tensor<50x8xf32> = dense<0.5> : tensor<50x8xf32>
// CHECK-LABEL: func.func @untied(
// CHECK: tfm.embedding
// CHECK: tile.launch @embedding_8_2_i64
// CHECK: tile.launch @rows_8_add
func.func @untied(%i: tensor<?x?xi64>, %s: tensor<2x8xf32>, %y: tensor<?x?x50xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %w = ockham.load_weight @wte : tensor<50x8xf32>
  %x = tfm.fused {
    // expected-remark @+1 {{no kernel: its table is stored once, with rows in parts of 48 numbers for the product that reads it, too; it goes through linalg}}
    %0 = tfm.embedding %i, %w : tensor<?x?xi64>, tensor<50x8xf32> -> tensor<?x?x8xf32>
    %e = tfm.embedding %i, %s : tensor<?x?xi64>, tensor<2x8xf32> -> tensor<?x?x8xf32>
    %sum = tfm.add_scaled %0, %e : tensor<?x?x8xf32>
    tfm.yield %sum : tensor<?x?x8xf32>
  } : tensor<?x?x8xf32>
  %1 = tfm.linear %y, %w : tensor<?x?x50xf32>, tensor<50x8xf32> -> tensor<?x?x8xf32>
  return %x, %1 : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// -----

// Two readings of a row, and no probabilities in memory.
// CHECK-LABEL: tile.kernel @cross_entropy_1000_i32(
// CHECK: tile.reduce max
// CHECK: math.exp
// CHECK: tile.reduce sum
// CHECK: math.log
// CHECK: tile.gather
// CHECK: tile.store %{{.*}} : tensor<1x1xf32>
// CHECK-NOT: tile.store
// CHECK-LABEL: func.func @loss(
// CHECK: ockham.check %{{.*}}, "tfm.cross_entropy: label {} is not one of the {} classes"
// CHECK: tile.launch @cross_entropy_1000_i32
func.func @loss(%x: tensor<?x?x1000xf32>, %l: tensor<?x?xi32>) -> tensor<?x?xf32> {
  %0 = tfm.cross_entropy %x, %l : tensor<?x?x1000xf32>, tensor<?x?xi32> -> tensor<?x?xf32>
  return %0 : tensor<?x?xf32>
}

// -----

// CHECK-LABEL: func.func @left(
// CHECK: tfm.norm rms
// CHECK: tfm.activation relu
func.func @left(%x: tensor<?x?xf32>, %h: tensor<?x8xf64>) -> (tensor<?x?xf32>, tensor<?x8xf64>) {
  // expected-remark @+1 {{no kernel: its rows are those of tensor<?x?xf32>, expected a known width of at least 1; it goes through linalg}}
  %0 = tfm.norm rms %x {eps = 1.0e-5 : f64} : tensor<?x?xf32>
  // expected-remark @+1 {{no kernel: it is on tensor<?x8xf64>, expected f32, bf16 or f16; it goes through linalg}}
  %1 = tfm.activation relu %h : tensor<?x8xf64>
  return %0, %1 : tensor<?x?xf32>, tensor<?x8xf64>
}
