// Blocks have other sizes only where a kernel does the same with them.

// RUN: ockham-opt %s --ockham-cuda-choose-strategies -split-input-file | FileCheck %s
// RUN: ockham-opt %s --ockham-cuda-choose-strategies="arch=90" -split-input-file | FileCheck %s --check-prefix=HOPPER
// RUN: ockham-opt %s --ockham-cuda-choose-strategies="arch=80 shared=101376" -split-input-file | FileCheck %s --check-prefix=SMALL

// The loop ends in front of its views: longer windows would read what lies
// behind its end.
// CHECK-LABEL: tile.kernel @part(
// CHECK-SAME: grid({{.*}} step 64, {{.*}} step 64)
// CHECK: tile.for {{.*}} step 2
// HOPPER-LABEL: tile.kernel @part(
// HOPPER-SAME: arch = 90
// HOPPER: tile.for {{.*}} step 2
// SMALL-LABEL: tile.kernel @part(
// SMALL-SAME: shared = 101376>
// SMALL: tile.for {{.*}} step 2
tile.kernel @part(%a: !tile.view<?x96xf32>, %w: !tile.view<96x64xf32>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 8, %j to %n step 64) {
  %c0 = arith.constant 0 : index
  %depth = arith.constant 70 : index
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

// The grid ends in front of what is stored: rows 40 to 63 are not its own.
// CHECK-LABEL: tile.kernel @above(
// CHECK-SAME: grid({{.*}} step 8, {{.*}} step 64)
// CHECK: tile.for {{.*}} step 16
tile.kernel @above(%a: !tile.view<100x96xf32>, %w: !tile.view<96x64xf32>, %c: !tile.view<100x64xf32>)
    grid(%i to %m step 8, %j to %n step 64) {
  %c0 = arith.constant 0 : index
  %depth = arith.constant 96 : index
  %zero = arith.constant dense<0.0> : tensor<8x64xf32>
  %sum = tile.for %k = %c0 to %depth step 2
      streams(%x = %a[%i, %k] : !tile.view<100x96xf32> -> !tile.slice<8x2xf32>,
              %y = %w[%k, %j] : !tile.view<96x64xf32> -> !tile.slice<2x64xf32>)
      iter_args(%acc = %zero : tensor<8x64xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x64xf32>, !tile.slice<8x2xf32>, !tile.slice<2x64xf32>
    tile.yield %0 : tensor<8x64xf32>
  }
  tile.store %sum, %c[%i, %j] : tensor<8x64xf32>, !tile.view<100x64xf32>
}
func.func @forward(%a: memref<100x96xf32>, %w: memref<96x64xf32>, %c: memref<100x64xf32>) {
  %m = arith.constant 40 : index
  %n = arith.constant 64 : index
  tile.launch @above grid[%m, %n] ins(%a, %w : memref<100x96xf32>, memref<96x64xf32>)
      outs(%c : memref<100x64xf32>)
  return
}

// -----

// The largest of a block's columns is one of 64.
// CHECK-LABEL: tile.kernel @largest(
// CHECK-SAME: grid({{.*}} step 128, {{.*}} step 64)
tile.kernel @largest(%a: !tile.view<?x96xbf16>, %w: !tile.view<96x256xbf16>, %c: !tile.view<?x256xf32>)
    grid(%i to %m step 8, %j to %n step 64) {
  %c0 = arith.constant 0 : index
  %depth = arith.constant 96 : index
  %zero = arith.constant dense<0.0> : tensor<8x64xf32>
  %sum = tile.for %k = %c0 to %depth step 2
      streams(%x = %a[%i, %k] : !tile.view<?x96xbf16> -> !tile.slice<8x2xbf16>,
              %y = %w[%k, %j] : !tile.view<96x256xbf16> -> !tile.slice<2x64xbf16>)
      iter_args(%acc = %zero : tensor<8x64xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x64xf32>, !tile.slice<8x2xbf16>, !tile.slice<2x64xbf16>
    tile.yield %0 : tensor<8x64xf32>
  }
  %max = tile.reduce max %sum : tensor<8x64xf32> -> tensor<8x1xf32>
  %wide = tile.broadcast %max : tensor<8x1xf32> -> tensor<8x64xf32>
  %result = arith.subf %sum, %wide : tensor<8x64xf32>
  tile.store %result, %c[%i, %j] : tensor<8x64xf32>, !tile.view<?x256xf32>
}

// -----

// Large blocks, several for few rows, and small ones where large ones are less
// than there are multiprocessors: 107 of 108, 131 of 132.
// CHECK-LABEL: tile.kernel @linear(
// CHECK-SAME: grid({{.*}} step 128, {{.*}} step 128)
// CHECK-SAME: warps = [2, 2], lanes = [8, 4], vector = 2, stages = 4>
// CHECK: tile.for {{.*}} step 32
// CHECK-LABEL: tile.kernel @linear_some(
// CHECK-SAME: grid({{.*}} step 64, {{.*}} step 64)
// CHECK-SAME: warps = [2, 2], lanes = [8, 4], vector = 2, stages = 3>
// CHECK: tile.for {{.*}} step 64
// CHECK-LABEL: tile.kernel @linear_few(
// CHECK-SAME: grid({{.*}} step 16, {{.*}} step 16)
// CHECK-SAME: warps = [1, 1], lanes = [8, 4], vector = 2, stages = 4, slices = 8>
// CHECK: tile.for {{.*}} step 256
// CHECK-LABEL: func.func @forward
// CHECK-SAME: %[[M:.*]]: index
// CHECK: %[[FEW:.*]] = arith.cmpi sle, %[[M]], %c16
// CHECK: scf.if %[[FEW]] {
// CHECK-NEXT: tile.launch @linear_few grid
// CHECK: } else {
// CHECK: %[[SOME:.*]] = arith.cmpi sle, %[[M]], %c2176
// CHECK-NEXT: scf.if %[[SOME]] {
// CHECK-NEXT: tile.launch @linear_some grid
// CHECK: } else {
// CHECK-NEXT: tile.launch @linear grid
// CHECK-LABEL: func.func @known
// CHECK-NEXT: %c1 = arith.constant 1
// CHECK-NEXT: %c768 = arith.constant 768
// CHECK-NEXT: tile.launch @linear_few grid
// HOPPER: tile.kernel @linear(
// HOPPER-SAME: arch = 90{{.*}} stages = 3>
// HOPPER: tile.for {{.*}} step 64
// HOPPER: arith.cmpi sle, %{{.*}}, %c2688
// SMALL: tile.kernel @linear(
// SMALL-SAME: stages = 4, shared = 101376>
tile.kernel @linear(%a: !tile.view<?x768xbf16>, %w: !tile.view<768x768xbf16, panels<64>>, %c: !tile.view<?x768xbf16>)
    grid(%i to %m step 64, %j to %n step 64) {
  %c0 = arith.constant 0 : index
  %depth = arith.constant 768 : index
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %sum = tile.for %k = %c0 to %depth step 2
      streams(%x = %a[%i, %k] : !tile.view<?x768xbf16> -> !tile.slice<64x2xbf16>,
              %y = %w[%k, %j] : !tile.view<768x768xbf16, panels<64>> -> !tile.slice<2x64xbf16, panels<64>>)
      iter_args(%acc = %zero : tensor<64x64xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<64x64xf32>, !tile.slice<64x2xbf16>, !tile.slice<2x64xbf16, panels<64>>
    tile.yield %0 : tensor<64x64xf32>
  }
  %narrow = arith.truncf %sum : tensor<64x64xf32> to tensor<64x64xbf16>
  tile.store %narrow, %c[%i, %j] : tensor<64x64xbf16>, !tile.view<?x768xbf16>
}
func.func @forward(%m: index, %a: memref<?x768xbf16>, %w: memref<12x768x64xbf16>, %c: memref<?x768xbf16>) {
  %n = arith.constant 768 : index
  tile.launch @linear grid[%m, %n] ins(%a, %w : memref<?x768xbf16>, memref<12x768x64xbf16>)
      outs(%c : memref<?x768xbf16>)
  return
}
func.func @known(%a: memref<1x768xbf16>, %w: memref<12x768x64xbf16>, %c: memref<1x768xbf16>) {
  %m = arith.constant 1 : index
  %n = arith.constant 768 : index
  tile.launch @linear grid[%m, %n] ins(%a, %w : memref<1x768xbf16>, memref<12x768x64xbf16>)
      outs(%c : memref<1x768xbf16>)
  return
}

// -----

// A row of 768 numbers is in one warp, 24 in each thread.
// CHECK-LABEL: tile.kernel @rows(
// CHECK-SAME: dot = none, warps = [4, 1], lanes = [1, 32], vector = 4>
tile.kernel @rows(%x: !tile.view<?x768xf32>, %y: !tile.view<?x768xf32>) grid(%i to %m step 4) {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%i, %c0] : !tile.view<?x768xf32> -> tensor<4x768xf32>
  tile.store %0, %y[%i, %c0] : tensor<4x768xf32>, !tile.view<?x768xf32>
}
