// RUN: ockham-opt %s --canonicalize --cse | FileCheck %s

// CHECK-LABEL: tile.kernel @folds(
// CHECK-SAME: %[[X:.*]]: !tile.view<?x1xf32>, %[[Y:.*]]: !tile.view<?x1xf32>)
tile.kernel @folds(%x: !tile.view<?x1xf32>, %y: !tile.view<?x1xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  // CHECK: %[[BLOCK:.*]] = tile.load %[[X]]
  %a = tile.load %x[%i, %c0] : !tile.view<?x1xf32> -> tensor<8x1xf32>
  // One element is its own maximum, and a block is its own repetition.
  // CHECK-NOT: tile.reduce
  // CHECK-NOT: tile.broadcast
  %b = tile.reduce max %a : tensor<8x1xf32> -> tensor<8x1xf32>
  %c = tile.broadcast %b : tensor<8x1xf32> -> tensor<8x1xf32>
  // CHECK: tile.store %[[BLOCK]], %[[Y]]
  tile.store %c, %y[%i, %c0] : tensor<8x1xf32>, !tile.view<?x1xf32>
}

// A product of windows reads memory: what is stored between two of them may be
// what the second reads.
// CHECK-LABEL: tile.kernel @reads(
tile.kernel @reads(%x: !tile.view<?x8xf32>) grid(%i to %m step 8) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<8x8xf32>
  %a = tile.slice %x[%i, %c0] : !tile.view<?x8xf32> -> !tile.slice<8x8xf32>
  // CHECK: tile.dot
  %p = tile.dot %zero, %a, %a : tensor<8x8xf32>, !tile.slice<8x8xf32>, !tile.slice<8x8xf32>
  // CHECK: tile.store
  tile.store %p, %x[%i, %c0] : tensor<8x8xf32>, !tile.view<?x8xf32>
  // CHECK: tile.dot
  %q = tile.dot %zero, %a, %a : tensor<8x8xf32>, !tile.slice<8x8xf32>, !tile.slice<8x8xf32>
  // CHECK: tile.store
  tile.store %q, %x[%i, %c0] : tensor<8x8xf32>, !tile.view<?x8xf32>
}
