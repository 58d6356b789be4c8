// RUN: ockham-opt %s -split-input-file --ockham-cpu-lower-kernels --canonicalize --cse -verify-diagnostics | FileCheck %s

// A function over blocks of the grid. A thread goes down the rows itself: steps
// of two rows, and products of their own for a single row that is left, whose
// sums pass through memory to the loop that stores rows. Panels of eight columns
// are two vectors of four; the last panel of C is masked, that of the packed
// matrix is filled up.
// CHECK-LABEL: func.func private @linear(
// CHECK-SAME: %[[BEGIN:.*]]: index, %[[END:.*]]: index, %[[A:.*]]: memref<?xf32>, %{{.*}}: index, %[[W:.*]]: memref<?xf32>, %[[C:.*]]: memref<?xf32>
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]]
// CHECK:   scf.for
// CHECK:     %[[SUMS:.*]]:4 = scf.for %{{.*}} = %c0 to %c4 step %c2 iter_args({{.*}}) -> (vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>)
// CHECK:       memref.prefetch %[[W]]
// CHECK-COUNT-2: vector.load %[[W]]
// CHECK:       memref.load %[[A]]
// CHECK-COUNT-2: vector.fma
// CHECK:       memref.load %[[A]]
// CHECK-COUNT-2: vector.fma
// K is 5: what is left of the last step.
// CHECK:       scf.yield
// CHECK-COUNT-4: vector.fma
// CHECK-COUNT-4: vector.maskedstore %[[C]]
// CHECK:   scf.index_switch
// CHECK:   case 1 {
// CHECK:     scf.for {{.*}} -> (vector<4xf32>, vector<4xf32>)
// CHECK-COUNT-2: vector.store %{{.*}}, %[[KEPT:.*]][
// CHECK-NOT: case 2
// CHECK:   scf.for
// CHECK-COUNT-2: vector.load %[[KEPT]][
// CHECK-COUNT-2: vector.maskedstore %[[C]]

// The launch checks once what the kernel relies on.
// CHECK-LABEL: func.func @forward(
// CHECK: ockham.check %{{.*}}, "kernel 'linear': operand #2 has {} rows, fewer than the grid's {}"
// CHECK: ockham.parallel_for @linear count %{{.*}} grain %{{.*}}(
// CHECK-NOT: tile.
tile.kernel @linear(%a: !tile.view<?x5xf32>, %w: !tile.view<5x12xf32, panels<8>>, %c: !tile.view<?x12xf32>)
    grid(%i to %m step 2, %j to %n step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 16, loop = 0, block = 4, prefetch = 1> {
  %c0 = arith.constant 0 : index
  %c5 = arith.constant 5 : index
  %zero = arith.constant dense<0.0> : tensor<2x8xf32>
  %s = tile.for %k = %c0 to %c5 step 2
      streams(%x = %a[%i, %k] : !tile.view<?x5xf32> -> !tile.slice<2x2xf32>,
              %y = %w[%k, %j] : !tile.view<5x12xf32, panels<8>> -> !tile.slice<2x8xf32, panels<8>>)
      iter_args(%acc = %zero : tensor<2x8xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<2x8xf32>, !tile.slice<2x2xf32>, !tile.slice<2x8xf32, panels<8>>
    tile.yield %0 : tensor<2x8xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<2x8xf32>, !tile.view<?x12xf32>
}
func.func @forward(%a: memref<?x5xf32>, %w: memref<2x5x8xf32>, %c: memref<?x12xf32>, %m: index) {
  %n = arith.constant 12 : index
  tile.launch @linear grid[%m, %n] ins(%a, %w : memref<?x5xf32>, memref<2x5x8xf32>) outs(%c : memref<?x12xf32>)
  return
}

// -----

// What follows products is code for one row where it is long, for all numbers of
// rows: functions of their sums.
// CHECK-LABEL: func.func private @activated(
// CHECK:   scf.for
// CHECK:     scf.for {{.*}} -> (vector<4xf32>, vector<4xf32>, vector<4xf32>, vector<4xf32>)
// CHECK-COUNT-4: vector.store
// CHECK:     scf.for %{{.*}} = %c0 to %c4
// CHECK:       vector.load
// CHECK:       math.tanh
// CHECK:       vector.store %{{.*}}, %[[C:.*]][
// CHECK-NOT: math.tanh
// CHECK:   scf.index_switch
// CHECK-COUNT-3: case
// CHECK:   scf.for
// CHECK:     vector.load
// CHECK:     math.tanh
// CHECK:     vector.store %{{.*}}, %[[C]][
// CHECK-NOT: math.tanh
// CHECK: return
tile.kernel @activated(%a: !tile.view<?x4xf32>, %w: !tile.view<4x4xf32, panels<4>>, %c: !tile.view<?x4xf32>)
    grid(%i to %m step 4, %j to %n step 4)
    strategy #ockham_cpu.strategy<vector_bytes = 16, loop = 0, block = 4> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant dense<0.0> : tensor<4x4xf32>
  %s = tile.for %k = %c0 to %c4 step 2
      streams(%x = %a[%i, %k] : !tile.view<?x4xf32> -> !tile.slice<4x2xf32>,
              %y = %w[%k, %j] : !tile.view<4x4xf32, panels<4>> -> !tile.slice<2x4xf32, panels<4>>)
      iter_args(%acc = %zero : tensor<4x4xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<4x4xf32>, !tile.slice<4x2xf32>, !tile.slice<2x4xf32, panels<4>>
    tile.yield %0 : tensor<4x4xf32>
  }
  %r = math.tanh %s : tensor<4x4xf32>
  tile.store %r, %c[%i, %j] : tensor<4x4xf32>, !tile.view<?x4xf32>
}
func.func @forward(%a: memref<?x4xf32>, %w: memref<1x4x4xf32>, %c: memref<?x4xf32>, %m: index) {
  %n = arith.constant 4 : index
  tile.launch @activated grid[%m, %n] ins(%a, %w : memref<?x4xf32>, memref<1x4x4xf32>) outs(%c : memref<?x4xf32>)
  return
}

// -----

// The depth in parts of 4: 0 to 4, 4 to 8, 8 to 10, and the last step, which is
// shorter. All rows of a block go through a part before any goes on; sums wait
// in memory. Fetched ahead is the next part of the panel, behind the last one
// the next panel. What follows comes once, row by row.
// CHECK-LABEL: func.func private @deep(
// CHECK-SAME: %[[BEGIN:.*]]: index, %[[END:.*]]: index, %[[A:.*]]: memref<?xf32>, %{{.*}}: index, %[[W:.*]]: memref<?xf32>, %[[B:.*]]: memref<?xf32>, %[[C:.*]]: memref<?xf32>
// CHECK: %[[SUMS:.*]] = memref.alloca() {alignment = 64 : i64} : memref<48xf32>
// CHECK: scf.for %{{.*}} = %[[BEGIN]] to %[[END]]
// CHECK:   scf.for %[[FROM:.*]] = %c0 to %c10 step %c4 {
// CHECK:     %[[NEXT:.*]] = arith.addi %[[FROM]], %c4
// CHECK:     %[[TO:.*]] = arith.minsi %[[NEXT]], %c10
// CHECK:     %[[IS_FIRST:.*]] = arith.cmpi eq, %[[FROM]], %c0
// CHECK:     %[[IS_LAST:.*]] = arith.cmpi sge, %[[TO]], %c10
// CHECK:     scf.for %{{.*}} = %c0 to %{{.*}} step %c2 {
// CHECK:       %[[BEFORE:.*]]:4 = scf.if %[[IS_FIRST]]
// CHECK:         vector.load %[[SUMS]]
// CHECK:       scf.for %{{.*}} = %[[FROM]] to %[[TO]] step %c2 iter_args(%{{.*}} = %[[BEFORE]]#0,
// CHECK:         arith.select %[[IS_LAST]]
// CHECK:         memref.prefetch %[[W]]
// CHECK:       vector.store %{{.*}}, %[[SUMS]]
// CHECK:     scf.index_switch
// CHECK:     case 1 {
// CHECK:       scf.for %{{.*}} = %[[FROM]] to %[[TO]] step %c2 iter_args
// CHECK:       vector.store %{{.*}}, %[[SUMS]]
// CHECK-NOT: %[[B]]
// The eleventh.
// CHECK:   scf.for
// CHECK-COUNT-4: vector.load %[[SUMS]]
// CHECK-COUNT-4: vector.fma
// CHECK-COUNT-4: vector.store %{{.*}}, %[[SUMS]]
// CHECK:   scf.index_switch
// CHECK-NOT: %[[B]]
// CHECK:   scf.for
// CHECK-COUNT-2: vector.load %[[SUMS]]
// CHECK:     vector.maskedload %[[B]]
// CHECK-COUNT-2: vector.maskedstore %[[C]]
// CHECK-NOT: maskedstore
// CHECK: return
tile.kernel @deep(%a: !tile.view<?x11xf32>, %w: !tile.view<11x12xf32, panels<8>>, %b: !tile.view<1x12xf32>, %c: !tile.view<?x12xf32>)
    grid(%i to %m step 2, %j to %n step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 16, loop = 0, block = 6, prefetch = 1, depth = 4> {
  %c0 = arith.constant 0 : index
  %c11 = arith.constant 11 : index
  %zero = arith.constant dense<0.0> : tensor<2x8xf32>
  %s = tile.for %k = %c0 to %c11 step 2
      streams(%x = %a[%i, %k] : !tile.view<?x11xf32> -> !tile.slice<2x2xf32>,
              %y = %w[%k, %j] : !tile.view<11x12xf32, panels<8>> -> !tile.slice<2x8xf32, panels<8>>)
      iter_args(%acc = %zero : tensor<2x8xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<2x8xf32>, !tile.slice<2x2xf32>, !tile.slice<2x8xf32, panels<8>>
    tile.yield %0 : tensor<2x8xf32>
  }
  %bias = tile.load %b[%c0, %j] : <1x12xf32> -> tensor<1x8xf32>
  %all = tile.broadcast %bias : tensor<1x8xf32> -> tensor<2x8xf32>
  %r = arith.addf %s, %all : tensor<2x8xf32>
  tile.store %r, %c[%i, %j] : tensor<2x8xf32>, !tile.view<?x12xf32>
}
func.func @forward(%a: memref<?x11xf32>, %w: memref<2x11x8xf32>, %b: memref<1x12xf32>, %c: memref<?x12xf32>, %m: index) {
  %n = arith.constant 12 : index
  tile.launch @deep grid[%m, %n] ins(%a, %w, %b : memref<?x11xf32>, memref<2x11x8xf32>, memref<1x12xf32>) outs(%c : memref<?x12xf32>)
  return
}

// -----

// Rows of a table whose columns are in panels: elements a panel's width apart.
// CHECK-LABEL: func.func private @columns(
// CHECK-SAME: %[[I:[a-z0-9]*]]: memref<?xi64>, %{{.*}}: index, %[[T:[a-z0-9]*]]: memref<?xf32>, %[[Y:[a-z0-9]*]]: memref<?xf32>
// CHECK-DAG: %[[APART:.*]] = arith.constant dense<[0, 8, 16, 24]> : vector<4xindex>
// CHECK:   %[[ID:.*]] = memref.load %[[I]]
// CHECK:   %[[COL:.*]] = arith.index_cast
// CHECK:   %[[IS:.*]] = arith.cmpi ult, %[[COL]], %c12
// CHECK:   arith.divui %[[COL]], %c8
// CHECK:   arith.remui %[[COL]], %c8
// CHECK:   scf.if %[[IS]] -> (vector<4xf32>, vector<1xf32>) {
// CHECK:     vector.gather %[[T]][%{{.*}}] [%[[APART]]]
// CHECK:     vector.load %[[T]][%{{.*}}] : memref<?xf32>, vector<1xf32>
// CHECK:   vector.store %{{.*}}, %[[Y]]
tile.kernel @columns(%ids: !tile.view<?x1xi64>, %t: !tile.view<5x12xf32, panels<8>>, %y: !tile.view<?x5xf32>)
    grid(%i to %m step 1)
    strategy #ockham_cpu.strategy<vector_bytes = 16, loop = 0> {
  %c0 = arith.constant 0 : index
  %id = tile.load %ids[%i, %c0] : <?x1xi64> -> tensor<1x1xi64>
  %x = tile.gather %t[%id, %c0] transposed : !tile.view<5x12xf32, panels<8>>, tensor<1x1xi64> -> tensor<1x5xf32>
  tile.store %x, %y[%i, %c0] : tensor<1x5xf32>, !tile.view<?x5xf32>
}
func.func @forward(%ids: memref<?x1xi64>, %t: memref<2x5x8xf32>, %y: memref<?x5xf32>, %m: index) {
  tile.launch @columns grid[%m] ins(%ids, %t : memref<?x1xi64>, memref<2x5x8xf32>) outs(%y : memref<?x5xf32>)
  return
}

// -----

// Operands that are blocks: there is one body. Rows behind the last are that
// row once more, and are not stored.
// CHECK-LABEL: func.func private @blocks(
// CHECK-SAME: %[[A:[a-z0-9]*]]: memref<?xf32>, %{{.*}}: index, %[[W:.*]]: memref<?xf32>, %[[C:.*]]: memref<?xf32>, %{{.*}}: index, %[[M:.*]]: index
// CHECK:   %[[LAST:.*]] = arith.subi %[[M]], %c1
// CHECK:   vector.load %[[A]]
// CHECK:   %[[ROW:.*]] = arith.minsi %{{.*}}, %[[LAST]]
// CHECK:   %[[AT:.*]] = arith.muli %[[ROW]], %c4
// CHECK:   vector.load %[[A]][%[[AT]]]
// CHECK-COUNT-8: vector.fma
// CHECK:   %[[IS:.*]] = arith.cmpi slt, %{{.*}}, %[[M]]
// CHECK:   scf.if %[[IS]] {
// CHECK:     vector.store %{{.*}}, %[[C]]
// CHECK:   %[[IS:.*]] = arith.cmpi slt, %{{.*}}, %[[M]]
// CHECK:   scf.if %[[IS]] {
// CHECK:     vector.store %{{.*}}, %[[C]]
// CHECK-NOT: vector.store
// CHECK: return
tile.kernel @blocks(%a: !tile.view<?x4xf32>, %w: !tile.view<4x4xf32>, %c: !tile.view<?x4xf32>) grid(%i to %m step 2)
    strategy #ockham_cpu.strategy<vector_bytes = 16, loop = 0, block = 2> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<2x4xf32>
  %x = tile.load %a[%i, %c0] : <?x4xf32> -> tensor<2x4xf32>
  %y = tile.slice %w[%c0, %c0] : !tile.view<4x4xf32> -> !tile.slice<4x4xf32>
  %0 = tile.dot %zero, %x, %y : tensor<2x4xf32>, tensor<2x4xf32>, !tile.slice<4x4xf32>
  tile.store %0, %c[%i, %c0] : tensor<2x4xf32>, !tile.view<?x4xf32>
}
func.func @forward(%a: memref<?x4xf32>, %w: memref<4x4xf32>, %c: memref<?x4xf32>, %m: index) {
  tile.launch @blocks grid[%m] ins(%a, %w : memref<?x4xf32>, memref<4x4xf32>) outs(%c : memref<?x4xf32>)
  return
}

// -----

// Without products: blocks of powers of two, each once at most.
// CHECK-LABEL: func.func private @doubled(
// CHECK:   scf.for
// CHECK-COUNT-6: vector.store %{{.*}}, %[[C:.*]][
// CHECK:   scf.if
// CHECK-COUNT-4: vector.store %{{.*}}, %[[C]][
// CHECK-NOT: vector.store
// CHECK:   scf.if
// CHECK-COUNT-2: vector.store %{{.*}}, %[[C]][
// CHECK-NOT: vector.store
// CHECK:   scf.if
// CHECK:     vector.store %{{.*}}, %[[C]][
// CHECK-NOT: vector.store
// CHECK: return
tile.kernel @doubled(%a: !tile.view<?x4xf32>, %c: !tile.view<?x4xf32>) grid(%i to %m step 6)
    strategy #ockham_cpu.strategy<vector_bytes = 16, loop = 0, block = 6> {
  %c0 = arith.constant 0 : index
  %x = tile.load %a[%i, %c0] : <?x4xf32> -> tensor<6x4xf32>
  %y = arith.addf %x, %x : tensor<6x4xf32>
  tile.store %y, %c[%i, %c0] : tensor<6x4xf32>, !tile.view<?x4xf32>
}
func.func @forward(%a: memref<?x4xf32>, %c: memref<?x4xf32>, %m: index) {
  tile.launch @doubled grid[%m] ins(%a : memref<?x4xf32>) outs(%c : memref<?x4xf32>)
  return
}

// -----

// expected-error @+1 {{has no strategy for the CPU, expected #ockham_cpu.strategy}}
tile.kernel @none(%c: !tile.view<?x12xf32>) grid(%i to %m step 2) {
}
func.func @f(%c: memref<?x12xf32>, %m: index) {
  tile.launch @none grid[%m] outs(%c : memref<?x12xf32>)
  return
}

// -----

tile.kernel @tensors(%c: !tile.view<?x12xf32>) grid(%i to %m step 2)
    strategy #ockham_cpu.strategy<vector_bytes = 16, loop = 0> {
}
func.func @f(%c: tensor<?x12xf32>, %m: index) -> tensor<?x12xf32> {
  // expected-error @+1 {{is on 'tensor<?x12xf32>'; expected buffers (bufferize first)}}
  %0 = tile.launch @tensors grid[%m] outs(%c : tensor<?x12xf32>) -> tensor<?x12xf32>
  return %0 : tensor<?x12xf32>
}

// -----

// Rows of the left-hand side that are not the grid's may not exist.
tile.kernel @rows(%a: !tile.view<?x4xf32>, %c: !tile.view<?x4xf32>) grid(%i to %m step 2)
    strategy #ockham_cpu.strategy<vector_bytes = 16, loop = 0> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %next = arith.addi %i, %c1 : index
  %zero = arith.constant dense<0.0> : tensor<2x4xf32>
  %x = tile.slice %a[%next, %c0] : !tile.view<?x4xf32> -> !tile.slice<2x4xf32>
  %y = tile.slice %a[%c0, %c0] : !tile.view<?x4xf32> -> !tile.slice<4x4xf32>
  // expected-error @+1 {{has a lhs whose 2 rows may leave its view; expected rows at the index of the grid dimension that a thread loops over, #0}}
  %0 = tile.dot %zero, %x, %y : tensor<2x4xf32>, !tile.slice<2x4xf32>, !tile.slice<4x4xf32>
  tile.store %0, %c[%i, %c0] : tensor<2x4xf32>, !tile.view<?x4xf32>
}
func.func @f(%a: memref<?x4xf32>, %c: memref<?x4xf32>, %m: index) {
  tile.launch @rows grid[%m] ins(%a : memref<?x4xf32>) outs(%c : memref<?x4xf32>)
  return
}
