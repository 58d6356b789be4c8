// Kernels for few rows and for some, and which of them a launch takes.

// RUN: ockham-opt %s --ockham-cuda-choose-strategies -split-input-file | FileCheck %s
// RUN: ockham-opt %s --ockham-cuda-choose-strategies="tf32=true" -split-input-file | FileCheck %s --check-prefix=TF32

// Up to 16 rows are few; blocks of 128 x 128 are too few up to 17 * 128 rows.
// CHECK-LABEL: func.func @known
// TF32-LABEL: tile.kernel @linear(
// TF32-SAME: dot = mma
// CHECK: tile.launch @linear_few grid
// CHECK-NEXT: tile.launch @linear_some grid
// CHECK-NEXT: tile.launch @linear_some grid
// CHECK-NEXT: tile.launch @linear grid
tile.kernel @linear(%a: !tile.view<?x768xbf16>, %w: !tile.view<768x768xbf16>, %c: !tile.view<?x768xf32>)
    grid(%i to %m step 64, %j to %n step 64) {
  %c0 = arith.constant 0 : index
  %depth = arith.constant 768 : index
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %sum = tile.for %k = %c0 to %depth step 2
      streams(%x = %a[%i, %k] : !tile.view<?x768xbf16> -> !tile.slice<64x2xbf16>,
              %y = %w[%k, %j] : !tile.view<768x768xbf16> -> !tile.slice<2x64xbf16>)
      iter_args(%acc = %zero : tensor<64x64xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<64x64xf32>, !tile.slice<64x2xbf16>, !tile.slice<2x64xbf16>
    tile.yield %0 : tensor<64x64xf32>
  }
  tile.store %sum, %c[%i, %j] : tensor<64x64xf32>, !tile.view<?x768xf32>
}
func.func @known(%a: memref<?x768xbf16>, %w: memref<768x768xbf16>, %c: memref<?x768xf32>) {
  %n = arith.constant 768 : index
  %16 = arith.constant 16 : index
  %17 = arith.constant 17 : index
  %2176 = arith.constant 2176 : index
  %2177 = arith.constant 2177 : index
  tile.launch @linear grid[%16, %n] ins(%a, %w : memref<?x768xbf16>, memref<768x768xbf16>) outs(%c : memref<?x768xf32>)
  tile.launch @linear grid[%17, %n] ins(%a, %w : memref<?x768xbf16>, memref<768x768xbf16>) outs(%c : memref<?x768xf32>)
  tile.launch @linear grid[%2176, %n] ins(%a, %w : memref<?x768xbf16>, memref<768x768xbf16>) outs(%c : memref<?x768xf32>)
  tile.launch @linear grid[%2177, %n] ins(%a, %w : memref<?x768xbf16>, memref<768x768xbf16>) outs(%c : memref<?x768xf32>)
  return
}

// -----

// Two sums have blocks of 128 x 64, twice as many: 8 * 128 rows are enough.
// CHECK-LABEL: tile.kernel @gated(
// CHECK-SAME: grid({{.*}} step 128, {{.*}} step 64)
// CHECK-LABEL: tile.kernel @gated_some(
// CHECK-SAME: grid({{.*}} step 64, {{.*}} step 64)
// CHECK-LABEL: tile.kernel @gated_few(
// CHECK-SAME: grid({{.*}} step 16, {{.*}} step 16)
// CHECK-SAME: slices = 8>
// CHECK: arith.cmpi sle, %{{.*}}, %c16
// CHECK: arith.cmpi sle, %{{.*}}, %c1024
tile.kernel @gated(%a: !tile.view<?x768xbf16>, %w: !tile.view<768x768xbf16>, %v: !tile.view<768x768xbf16>,
                   %c: !tile.view<?x768xf32>) grid(%i to %m step 64, %j to %n step 64) {
  %c0 = arith.constant 0 : index
  %depth = arith.constant 768 : index
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %sum:2 = tile.for %k = %c0 to %depth step 2
      streams(%x = %a[%i, %k] : !tile.view<?x768xbf16> -> !tile.slice<64x2xbf16>,
              %y = %w[%k, %j] : !tile.view<768x768xbf16> -> !tile.slice<2x64xbf16>,
              %z = %v[%k, %j] : !tile.view<768x768xbf16> -> !tile.slice<2x64xbf16>)
      iter_args(%acc = %zero : tensor<64x64xf32>, %gate = %zero : tensor<64x64xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<64x64xf32>, !tile.slice<64x2xbf16>, !tile.slice<2x64xbf16>
    %1 = tile.dot %gate, %x, %z : tensor<64x64xf32>, !tile.slice<64x2xbf16>, !tile.slice<2x64xbf16>
    tile.yield %0, %1 : tensor<64x64xf32>, tensor<64x64xf32>
  }
  %product = arith.mulf %sum#0, %sum#1 : tensor<64x64xf32>
  tile.store %product, %c[%i, %j] : tensor<64x64xf32>, !tile.view<?x768xf32>
}
func.func @forward(%m: index, %a: memref<?x768xbf16>, %w: memref<768x768xbf16>, %c: memref<?x768xf32>) {
  %n = arith.constant 768 : index
  tile.launch @gated grid[%m, %n] ins(%a, %w, %w : memref<?x768xbf16>, memref<768x768xbf16>, memref<768x768xbf16>)
      outs(%c : memref<?x768xf32>)
  return
}

// -----

// The largest of a row's 64 columns: blocks of 16 are not possible, and one warp
// does not hold one of 64 x 64. There is no kernel for few rows.
// CHECK-LABEL: tile.kernel @largest(
// CHECK-SAME: grid({{.*}} step 128, {{.*}} step 64)
// CHECK: tile.kernel @largest_some(
// CHECK-NOT: tile.kernel
// CHECK-LABEL: func.func @forward
// CHECK-NOT: _few
// CHECK: tile.launch @largest_some grid
// CHECK: tile.launch @largest grid
tile.kernel @largest(%a: !tile.view<?x96xbf16>, %w: !tile.view<96x256xbf16>, %c: !tile.view<?x256xf32>)
    grid(%i to %m step 64, %j to %n step 64) {
  %c0 = arith.constant 0 : index
  %depth = arith.constant 96 : index
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %sum = tile.for %k = %c0 to %depth step 2
      streams(%x = %a[%i, %k] : !tile.view<?x96xbf16> -> !tile.slice<64x2xbf16>,
              %y = %w[%k, %j] : !tile.view<96x256xbf16> -> !tile.slice<2x64xbf16>)
      iter_args(%acc = %zero : tensor<64x64xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<64x64xf32>, !tile.slice<64x2xbf16>, !tile.slice<2x64xbf16>
    tile.yield %0 : tensor<64x64xf32>
  }
  %max = tile.reduce max %sum : tensor<64x64xf32> -> tensor<64x1xf32>
  %wide = tile.broadcast %max : tensor<64x1xf32> -> tensor<64x64xf32>
  %result = arith.subf %sum, %wide : tensor<64x64xf32>
  tile.store %result, %c[%i, %j] : tensor<64x64xf32>, !tile.view<?x256xf32>
}
func.func @forward(%m: index, %a: memref<?x96xbf16>, %w: memref<96x256xbf16>, %c: memref<?x256xf32>) {
  %n = arith.constant 256 : index
  tile.launch @largest grid[%m, %n] ins(%a, %w : memref<?x96xbf16>, memref<96x256xbf16>) outs(%c : memref<?x256xf32>)
  return
}

// -----

// Multiply-adds of f32: blocks of 8 rows for few of them, none for some. Of 33
// numbers eight slices have 4 each, and the rest of a window is zero.
// CHECK-LABEL: tile.kernel @shallow(
// CHECK-SAME: grid({{.*}} step 64, {{.*}} step 64)
// CHECK-NOT: _some
// CHECK-LABEL: tile.kernel @shallow_few(
// CHECK-SAME: grid({{.*}} step 8, {{.*}} step 16)
// CHECK-SAME: dot = fma, warps = [1, 1], lanes = [8, 4], vector = 4, stages = 4, slices = 8>
// CHECK: tile.for {{.*}} step 64
// CHECK-NOT: _some
// Rounded to tf32, it has the blocks of 16 bits, of as many bytes; and four slices
// of 8 numbers.
// TF32-LABEL: tile.kernel @shallow(
// TF32-SAME: grid({{.*}} step 128, {{.*}} step 128)
// TF32-SAME: dot = tf32, warps = [2, 2], lanes = [8, 4], vector = 2, stages = 4>
// TF32: tile.for {{.*}} step 16
// TF32-LABEL: tile.kernel @shallow_some(
// TF32-SAME: grid({{.*}} step 64, {{.*}} step 64)
// TF32-SAME: dot = tf32, {{.*}} stages = 3>
// TF32: tile.for {{.*}} step 32
// TF32-LABEL: tile.kernel @shallow_few(
// TF32-SAME: grid({{.*}} step 16, {{.*}} step 16)
// TF32-SAME: dot = tf32, warps = [1, 1], lanes = [8, 4], vector = 2, stages = 4, slices = 4>
// TF32: tile.for {{.*}} step 64
tile.kernel @shallow(%a: !tile.view<?x33xf32>, %w: !tile.view<33x256xf32>, %c: !tile.view<?x256xf32>)
    grid(%i to %m step 64, %j to %n step 64) {
  %c0 = arith.constant 0 : index
  %depth = arith.constant 33 : index
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %sum = tile.for %k = %c0 to %depth step 2
      streams(%x = %a[%i, %k] : !tile.view<?x33xf32> -> !tile.slice<64x2xf32>,
              %y = %w[%k, %j] : !tile.view<33x256xf32> -> !tile.slice<2x64xf32>)
      iter_args(%acc = %zero : tensor<64x64xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<64x64xf32>, !tile.slice<64x2xf32>, !tile.slice<2x64xf32>
    tile.yield %0 : tensor<64x64xf32>
  }
  tile.store %sum, %c[%i, %j] : tensor<64x64xf32>, !tile.view<?x256xf32>
}
func.func @forward(%m: index, %a: memref<?x33xf32>, %w: memref<33x256xf32>, %c: memref<?x256xf32>) {
  %n = arith.constant 256 : index
  tile.launch @shallow grid[%m, %n] ins(%a, %w : memref<?x33xf32>, memref<33x256xf32>) outs(%c : memref<?x256xf32>)
  return
}
