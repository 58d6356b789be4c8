// What keeps the sizes of blocks as they are, where the places of loads and
// stores are not those of the grid or of a loop.

// RUN: ockham-opt %s --ockham-cuda-choose-strategies -split-input-file | FileCheck %s

// Rows are stored 8 behind the grid's: where the last block of 64 would end is
// not followed. Columns are stored where they are.
// CHECK-LABEL: tile.kernel @behind(
// CHECK-SAME: grid({{.*}} step 8, {{.*}} step 64)
// CHECK-LABEL: tile.kernel @in_place(
// CHECK-SAME: grid({{.*}} step 64, {{.*}} step 64)
tile.kernel @behind(%a: !tile.view<?x96xf32>, %w: !tile.view<96x64xf32>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 8, %j to %n step 64) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %depth = arith.constant 96 : index
  %zero = arith.constant dense<0.0> : tensor<8x64xf32>
  %sum = tile.for %k = %c0 to %depth step 2
      streams(%x = %a[%i, %k] : !tile.view<?x96xf32> -> !tile.slice<8x2xf32>,
              %y = %w[%k, %j] : !tile.view<96x64xf32> -> !tile.slice<2x64xf32>)
      iter_args(%acc = %zero : tensor<8x64xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x64xf32>, !tile.slice<8x2xf32>, !tile.slice<2x64xf32>
    tile.yield %0 : tensor<8x64xf32>
  }
  %row = arith.addi %i, %c8 : index
  tile.store %sum, %c[%row, %j] : tensor<8x64xf32>, !tile.view<?x64xf32>
}
tile.kernel @in_place(%a: !tile.view<?x96xf32>, %w: !tile.view<96x64xf32>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 8, %j to %n step 64) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %depth = arith.constant 96 : index
  %zero = arith.constant dense<0.0> : tensor<8x64xf32>
  %sum = tile.for %k = %c0 to %depth step 2
      streams(%x = %a[%i, %k] : !tile.view<?x96xf32> -> !tile.slice<8x2xf32>,
              %y = %w[%k, %j] : !tile.view<96x64xf32> -> !tile.slice<2x64xf32>)
      iter_args(%acc = %zero : tensor<8x64xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x64xf32>, !tile.slice<8x2xf32>, !tile.slice<2x64xf32>
    tile.yield %0 : tensor<8x64xf32>
  }
  tile.store %sum, %c[%i, %j] : tensor<8x64xf32>, !tile.view<?x64xf32>
}

// -----

// The second turn reads 32 numbers behind the loop's end, which windows of 16
// would not.
// CHECK-LABEL: tile.kernel @over_the_end(
// CHECK: tile.for {{.*}} step 64
tile.kernel @over_the_end(%a: !tile.view<?x128xf32>, %w: !tile.view<128x64xf32>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 8, %j to %n step 64) {
  %c0 = arith.constant 0 : index
  %depth = arith.constant 96 : index
  %zero = arith.constant dense<0.0> : tensor<8x64xf32>
  %sum = tile.for %k = %c0 to %depth step 64
      streams(%x = %a[%i, %k] : !tile.view<?x128xf32> -> !tile.slice<8x64xf32>,
              %y = %w[%k, %j] : !tile.view<128x64xf32> -> !tile.slice<64x64xf32>)
      iter_args(%acc = %zero : tensor<8x64xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x64xf32>, !tile.slice<8x64xf32>, !tile.slice<64x64xf32>
    tile.yield %0 : tensor<8x64xf32>
  }
  tile.store %sum, %c[%i, %j] : tensor<8x64xf32>, !tile.view<?x64xf32>
}

// -----

// A block of the diagonal ends with the view's rows, but not with its columns,
// of which 16 more would be loaded in the last turn.
// CHECK-LABEL: tile.kernel @diagonal(
// CHECK: tile.for {{.*}} step 24
tile.kernel @diagonal(%a: !tile.view<?x60xf32>, %d: !tile.view<60x128xf32>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 8, %j to %n step 64) {
  %c0 = arith.constant 0 : index
  %end = arith.constant 60 : index
  %zero = arith.constant dense<0.0> : tensor<8x64xf32>
  %sum = tile.for %k = %c0 to %end step 24
      streams(%x = %a[%i, %k] : !tile.view<?x60xf32> -> !tile.slice<8x24xf32>)
      iter_args(%acc = %zero : tensor<8x64xf32>) {
    %y = tile.load %d[%k, %k] : !tile.view<60x128xf32> -> tensor<24x64xf32>
    %0 = tile.dot %acc, %x, %y : tensor<8x64xf32>, !tile.slice<8x24xf32>, tensor<24x64xf32>
    tile.yield %0 : tensor<8x64xf32>
  }
  tile.store %sum, %c[%i, %j] : tensor<8x64xf32>, !tile.view<?x64xf32>
}
