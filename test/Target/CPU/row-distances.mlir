// A product whose rows are apart has a function for each distance that is known,
// in which it is a constant; where there are many, one that gets it.
// RUN: ockham-opt %s -split-input-file --ockham-cpu-lower-kernels --canonicalize --cse | FileCheck %s

// CHECK-LABEL: func.func private @linear(
// CHECK-SAME: %{{.*}}: index, %{{.*}}: index, %[[A:.*]]: memref<?xf32>, %{{.*}}: index, %[[W:.*]]: memref<?xf32>,
// CHECK-NOT: arith.constant 7 : index
// CHECK: return
// CHECK-LABEL: func.func private @linear_apart(
// CHECK-SAME: %{{.*}}: index, %{{.*}}: index, %[[A:.*]]: memref<?xf32>, %{{.*}}: index, %[[OFFSET:.*]]: index, %[[W:.*]]: memref<?xf32>,
// CHECK: %c7 = arith.constant 7 : index
// CHECK: arith.muli %{{.*}}, %c7
// CHECK: return
// CHECK-LABEL: func.func private @linear_apart_apart(
// CHECK: %c9 = arith.constant 9 : index
// CHECK: return
// CHECK-LABEL: func.func @forward(
// CHECK: ockham.parallel_for @linear count
// CHECK: ockham.parallel_for @linear_apart count
// CHECK: ockham.parallel_for @linear_apart count
// CHECK: ockham.parallel_for @linear_apart_apart count
!left = !tile.view<?x4xf32>
!right = !tile.view<4x8xf32, panels<8>>
!out = !tile.view<?x8xf32>
!seven = memref<?x4xf32, strided<[7, 1], offset: ?>>
!nine = memref<?x4xf32, strided<[9, 1], offset: 3>>
tile.kernel @linear(%a: !left, %w: !right, %c: !out) grid(%i to %m step 1, %j to %n step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 16, loop = 0, block = 4> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant dense<0.0> : tensor<1x8xf32>
  %s = tile.for %k = %c0 to %c4 step 2
      streams(%x = %a[%i, %k] : !left -> !tile.slice<1x2xf32>, %y = %w[%k, %j] : !right -> !tile.slice<2x8xf32, panels<8>>)
      iter_args(%acc = %zero : tensor<1x8xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<1x8xf32>, !tile.slice<1x2xf32>, !tile.slice<2x8xf32, panels<8>>
    tile.yield %0 : tensor<1x8xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<1x8xf32>, !out
}
func.func @forward(%a: memref<?x4xf32>, %b: !seven, %d: !nine, %w: memref<1x4x8xf32>, %c: memref<?x8xf32>, %m: index) {
  %n = arith.constant 8 : index
  tile.launch @linear grid[%m, %n] ins(%a, %w : memref<?x4xf32>, memref<1x4x8xf32>) outs(%c : memref<?x8xf32>)
  tile.launch @linear grid[%m, %n] ins(%b, %w : !seven, memref<1x4x8xf32>) outs(%c : memref<?x8xf32>)
  tile.launch @linear grid[%m, %n] ins(%b, %w : !seven, memref<1x4x8xf32>) outs(%c : memref<?x8xf32>)
  tile.launch @linear grid[%m, %n] ins(%d, %w : !nine, memref<1x4x8xf32>) outs(%c : memref<?x8xf32>)
  return
}

// -----

// CHECK-LABEL: func.func private @many(
// CHECK-SAME: %{{.*}}: index, %{{.*}}: index, %[[A:.*]]: memref<?xf32>, %{{.*}}: index, %[[OFFSET:.*]]: index, %[[STRIDE:.*]]: index, %[[W:.*]]: memref<?xf32>,
// CHECK: arith.muli %{{.*}}, %[[STRIDE]]
// CHECK-NOT: func.func private @many_apart
// CHECK-LABEL: func.func @forward(
// CHECK-COUNT-5: ockham.parallel_for @many count
!left = !tile.view<?x4xf32>
!right = !tile.view<4x8xf32, panels<8>>
!out = !tile.view<?x8xf32>
tile.kernel @many(%a: !left, %w: !right, %c: !out) grid(%i to %m step 1, %j to %n step 8)
    strategy #ockham_cpu.strategy<vector_bytes = 16, loop = 0, block = 4> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %zero = arith.constant dense<0.0> : tensor<1x8xf32>
  %s = tile.for %k = %c0 to %c4 step 2
      streams(%x = %a[%i, %k] : !left -> !tile.slice<1x2xf32>, %y = %w[%k, %j] : !right -> !tile.slice<2x8xf32, panels<8>>)
      iter_args(%acc = %zero : tensor<1x8xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<1x8xf32>, !tile.slice<1x2xf32>, !tile.slice<2x8xf32, panels<8>>
    tile.yield %0 : tensor<1x8xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<1x8xf32>, !out
}
func.func @forward(%a: memref<?x4xf32, strided<[5, 1]>>, %b: memref<?x4xf32, strided<[6, 1]>>, %d: memref<?x4xf32, strided<[7, 1]>>,
                   %e: memref<?x4xf32, strided<[8, 1]>>, %f: memref<?x4xf32, strided<[9, 1]>>,
                   %w: memref<1x4x8xf32>, %c: memref<?x8xf32>, %m: index) {
  %n = arith.constant 8 : index
  tile.launch @many grid[%m, %n] ins(%a, %w : memref<?x4xf32, strided<[5, 1]>>, memref<1x4x8xf32>) outs(%c : memref<?x8xf32>)
  tile.launch @many grid[%m, %n] ins(%b, %w : memref<?x4xf32, strided<[6, 1]>>, memref<1x4x8xf32>) outs(%c : memref<?x8xf32>)
  tile.launch @many grid[%m, %n] ins(%d, %w : memref<?x4xf32, strided<[7, 1]>>, memref<1x4x8xf32>) outs(%c : memref<?x8xf32>)
  tile.launch @many grid[%m, %n] ins(%e, %w : memref<?x4xf32, strided<[8, 1]>>, memref<1x4x8xf32>) outs(%c : memref<?x8xf32>)
  tile.launch @many grid[%m, %n] ins(%f, %w : memref<?x4xf32, strided<[9, 1]>>, memref<1x4x8xf32>) outs(%c : memref<?x8xf32>)
  return
}
