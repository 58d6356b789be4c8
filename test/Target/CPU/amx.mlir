// Products of bf16 by the matrix unit: as many rows as six tiles of sums hold,
// in functions of their own; a few rows by vectors.
// RUN: ockham-opt %s --ockham-cpu-choose-strategies="bf16-pairs=true amx=true" | FileCheck %s --check-prefix STRATEGY
// RUN: ockham-opt %s --ockham-cpu-choose-strategies="bf16-pairs=true" | FileCheck %s --check-prefix WITHOUT
// RUN: ockham-opt %s --ockham-cpu-choose-strategies="vector-bytes=32 amx=true" | FileCheck %s --check-prefix WITHOUT
// RUN: ockham-opt %s --ockham-cpu-choose-strategies="bf16-pairs=true amx=true" --ockham-cpu-lower-kernels --canonicalize --cse | FileCheck %s

// WITHOUT-NOT: amx

// 2 x 3 tiles of 16 x 16. The next panel is fetched line by line as this one is
// read.
// STRATEGY: tile.kernel @product({{.*}} grid(%i to %m step 32, %j to %n step 48) strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, block = 6528, prefetch = 6, bf16_pairs = true, amx = 4>
// STRATEGY: tile.dot {{.*}} : tensor<32x48xf32>, !tile.slice<32x4xbf16>, !tile.slice<4x48xbf16, panels<48, interleave = 2>>

// CHECK-LABEL: func.func private @product(
// CHECK-DAG: %[[LHS_ROW:.*]] = arith.constant 160 : i64
// CHECK-DAG: %[[PAIR_ROW:.*]] = arith.constant 192 : i64
// CHECK-DAG: %[[STEPS:.*]] = arith.constant 2 : i64
// CHECK-DAG: %[[ONE:.*]] = arith.constant 1 : i64
// CHECK-DAG: %[[FEWEST:.*]] = arith.constant 4 : index
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<1536xf32>
// Whole blocks: two steps of 32 of the depth, and one of 16, which adds.
// CHECK: scf.for
// CHECK: llvm.call @matrix_2x3(%[[A:[^,]*]], %[[LHS_ROW]], %[[W:[^,]*]], %[[PAIR_ROW]], %[[SUMS:[^,]*]], %[[PAIR_ROW]], %[[STEPS]], %[[NEXT:[^,]*]], %[[LINES:[^,]*]])
// CHECK: %[[A_REST:.*]] = llvm.getelementptr %[[A]][128]
// CHECK: %[[W_REST:.*]] = llvm.getelementptr %[[W]][6144]
// CHECK: llvm.call @matrix_2x3_pairs8_add(%[[A_REST]], %[[LHS_ROW]], %[[W_REST]], %[[PAIR_ROW]], %[[SUMS]], %[[PAIR_ROW]], %[[ONE]],
// What follows, row by row.
// CHECK: scf.for
// CHECK: arith.truncf {{.*}} : vector<16xf32> to vector<16xbf16>
// The last rows: in tiles of one row, if there are enough.
// CHECK: %[[ENOUGH:.*]] = arith.cmpi sge, %[[LEFT:.*]], %[[FEWEST]] : index
// CHECK: scf.if %[[ENOUGH]] {
// CHECK: %[[ROWS:.*]] = arith.index_cast %{{.*}} : index to i16
// CHECK: llvm.call @matrix_1x3({{.*}}, %[[ROWS]], %[[STEPS]],
// CHECK: llvm.call @matrix_1x3_pairs8_add({{.*}}, %[[ROWS]], %[[ONE]],
// CHECK: } else {
// CHECK: scf.index_switch %[[LEFT]]
// CHECK: case 1 {
// CHECK: llvm.x86.avx512bf16.dpbf16ps.512
// CHECK: case 3 {
// CHECK-NOT: case 4 {
// CHECK-LABEL: func.func private @few(

tile.kernel @product(%a: !tile.view<?x80xbf16>,
                     %w: !tile.view<80x96xbf16, panels<48, interleave = 2>>,
                     %c: !tile.view<?x96xbf16>)
    grid(%i to %m step 8, %j to %n step 48) {
  %c0 = arith.constant 0 : index
  %c80 = arith.constant 80 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  %s = tile.for %k = %c0 to %c80 step 4
      streams(%x = %a[%i, %k] : !tile.view<?x80xbf16> -> !tile.slice<8x4xbf16>,
              %y = %w[%k, %j] : !tile.view<80x96xbf16, panels<48, interleave = 2>> -> !tile.slice<4x48xbf16, panels<48, interleave = 2>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x4xbf16>, !tile.slice<4x48xbf16, panels<48, interleave = 2>>
    tile.yield %0 : tensor<8x48xf32>
  }
  %r = arith.truncf %s : tensor<8x48xf32> to tensor<8x48xbf16>
  tile.store %r, %c[%i, %j] : tensor<8x48xbf16>, !tile.view<?x96xbf16>
}

// Two rows only, wherever it is launched.
// STRATEGY: tile.kernel @few({{.*}} step 8, {{.*}}prefetch = 1, bf16_pairs = true> {
tile.kernel @few(%a: !tile.view<?x80xbf16>,
                 %w: !tile.view<80x96xbf16, panels<48, interleave = 2>>,
                 %c: !tile.view<?x96xf32>)
    grid(%i to %m step 8, %j to %n step 48) {
  %c0 = arith.constant 0 : index
  %c80 = arith.constant 80 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  %s = tile.for %k = %c0 to %c80 step 4
      streams(%x = %a[%i, %k] : !tile.view<?x80xbf16> -> !tile.slice<8x4xbf16>,
              %y = %w[%k, %j] : !tile.view<80x96xbf16, panels<48, interleave = 2>> -> !tile.slice<4x48xbf16, panels<48, interleave = 2>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x4xbf16>, !tile.slice<4x48xbf16, panels<48, interleave = 2>>
    tile.yield %0 : tensor<8x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x96xf32>
}

// The left-hand side is f32.
// STRATEGY: tile.kernel @wide(
// STRATEGY-NOT: amx
tile.kernel @wide(%a: !tile.view<?x80xf32>,
                  %w: !tile.view<80x96xbf16, panels<48, interleave = 2>>,
                  %c: !tile.view<?x96xf32>)
    grid(%i to %m step 8, %j to %n step 48) {
  %c0 = arith.constant 0 : index
  %c80 = arith.constant 80 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  %s = tile.for %k = %c0 to %c80 step 4
      streams(%x = %a[%i, %k] : !tile.view<?x80xf32> -> !tile.slice<8x4xf32>,
              %y = %w[%k, %j] : !tile.view<80x96xbf16, panels<48, interleave = 2>> -> !tile.slice<4x48xbf16, panels<48, interleave = 2>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x4xf32>, !tile.slice<4x48xbf16, panels<48, interleave = 2>>
    tile.yield %0 : tensor<8x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x96xf32>
}

func.func @forward(%a: memref<?x80xbf16>, %b: memref<2x80xbf16>, %d: memref<?x80xf32>,
                   %w: memref<2x40x96xbf16>, %c: memref<?x96xbf16>, %e: memref<?x96xf32>, %m: index) {
  %c2 = arith.constant 2 : index
  %c96 = arith.constant 96 : index
  tile.launch @product grid[%m, %c96] ins(%a, %w : memref<?x80xbf16>, memref<2x40x96xbf16>) outs(%c : memref<?x96xbf16>)
  tile.launch @few grid[%c2, %c96] ins(%b, %w : memref<2x80xbf16>, memref<2x40x96xbf16>) outs(%e : memref<?x96xf32>)
  tile.launch @wide grid[%m, %c96] ins(%d, %w : memref<?x80xf32>, memref<2x40x96xbf16>) outs(%e : memref<?x96xf32>)
  return
}

// The functions. Two tiles beside the sums: a left-hand one, and a right-hand
// one, the last of which serves the next row of tiles, too.
// CHECK-LABEL: llvm.func internal @matrix_2x3(
// CHECK-SAME: %[[LEFT:[^:]*]]: !llvm.ptr, %[[LEFT_ROW:[^:]*]]: i64, %[[RIGHT:[^:]*]]: !llvm.ptr, %[[RIGHT_ROW:[^:]*]]: i64
// CHECK-SAME: no_inline
// CHECK-DAG: %[[TALL:.*]] = arith.constant 16 : i16
// CHECK-DAG: %[[BYTES:.*]] = arith.constant 64 : i16
// CHECK-COUNT-6: llvm.call_intrinsic "llvm.x86.tilezero.internal"(%[[TALL]], %[[BYTES]])
// CHECK: scf.for {{.*}} iter_args({{.*}}) -> (!llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx, !llvm.x86_amx)
// CHECK: scf.for
// CHECK: llvm.intr.prefetch
// CHECK: %[[L0:.*]] = llvm.call_intrinsic "llvm.x86.tileloadd64.internal"(%[[TALL]], %[[BYTES]], %{{.*}}, %[[LEFT_ROW]])
// CHECK: %[[R0:.*]] = llvm.call_intrinsic "llvm.x86.tileloadd64.internal"(%[[TALL]], %[[BYTES]], %{{.*}}, %[[RIGHT_ROW]])
// CHECK: llvm.call_intrinsic "llvm.x86.tdpbf16ps.internal"(%[[TALL]], %[[BYTES]], %[[BYTES]], %{{.*}}, %[[L0]], %[[R0]])
// CHECK: %[[R1:.*]] = llvm.call_intrinsic "llvm.x86.tileloadd64.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tdpbf16ps.internal"({{.*}}, %[[L0]], %[[R1]])
// CHECK: %[[R2:.*]] = llvm.call_intrinsic "llvm.x86.tileloadd64.internal"
// CHECK: llvm.call_intrinsic "llvm.x86.tdpbf16ps.internal"({{.*}}, %[[L0]], %[[R2]])
// CHECK: %[[L1:.*]] = llvm.call_intrinsic "llvm.x86.tileloadd64.internal"(%{{.*}}, %[[LEFT_ROW]])
// CHECK-NEXT: llvm.call_intrinsic "llvm.x86.tdpbf16ps.internal"({{.*}}, %[[L1]], %[[R2]])
// CHECK-COUNT-6: llvm.call_intrinsic "llvm.x86.tilestored64.internal"
// CHECK: llvm.return

// Part of a step: fewer pairs, onto sums that are there.
// CHECK-LABEL: llvm.func internal @matrix_2x3_pairs8_add(
// CHECK-DAG: %[[PAIRS:.*]] = arith.constant 8 : i16
// CHECK-DAG: %[[SHORT:.*]] = arith.constant 32 : i16
// CHECK-DAG: %[[TALL:.*]] = arith.constant 16 : i16
// CHECK-DAG: %[[BYTES:.*]] = arith.constant 64 : i16
// CHECK-COUNT-6: llvm.call_intrinsic "llvm.x86.tileloadd64.internal"(%[[TALL]], %[[BYTES]],
// CHECK: llvm.call_intrinsic "llvm.x86.tileloadd64.internal"(%[[TALL]], %[[SHORT]],
// CHECK: llvm.call_intrinsic "llvm.x86.tileloadd64.internal"(%[[PAIRS]], %[[BYTES]],
// CHECK: llvm.call_intrinsic "llvm.x86.tdpbf16ps.internal"(%[[TALL]], %[[BYTES]], %[[SHORT]],

// As many rows as there are.
// CHECK-LABEL: llvm.func internal @matrix_1x3(
// CHECK-SAME: %[[ROWS:[^:]*]]: i16
// CHECK-COUNT-3: llvm.call_intrinsic "llvm.x86.tilezero.internal"(%[[ROWS]],
// CHECK: llvm.call_intrinsic "llvm.x86.tileloadd64.internal"(%[[ROWS]],
// CHECK: llvm.call_intrinsic "llvm.x86.tdpbf16ps.internal"(%[[ROWS]],
// CHECK-LABEL: llvm.func internal @matrix_1x3_pairs8_add(
