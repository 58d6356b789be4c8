// Products of bf16 by panels whose rows lie in pairs: with the instruction for
// them, and taken apart without it.
// RUN: ockham-opt %s --ockham-cpu-choose-strategies=bf16-pairs=true | FileCheck %s --check-prefix STRATEGY
// RUN: ockham-opt %s --ockham-cpu-choose-strategies --ockham-cpu-lower-kernels --canonicalize --cse | FileCheck %s --check-prefix APART
// RUN: ockham-opt %s --ockham-cpu-choose-strategies=bf16-pairs=true --ockham-cpu-lower-kernels --canonicalize --cse | FileCheck %s

// STRATEGY: tile.kernel @pairs({{.*}} strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, {{.*}}bf16_pairs = true>
// STRATEGY: tile.kernel @wide({{.*}} strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0
// STRATEGY-NOT: bf16_pairs

// CHECK-LABEL: func.func private @pairs(
// CHECK: %[[RIGHT:.*]] = vector.load %{{.*}} : memref<?xbf16>, vector<32xbf16>
// CHECK: %[[PAIR:.*]] = vector.load %{{.*}} : memref<?xbf16>, vector<2xbf16>
// CHECK: %[[WORD:.*]] = vector.bitcast %[[PAIR]] : vector<2xbf16> to vector<1xi32>
// CHECK: %[[ONE:.*]] = vector.extract %[[WORD]][0]
// CHECK: %[[WORDS:.*]] = vector.broadcast %[[ONE]] : i32 to vector<16xi32>
// CHECK: %[[LEFT:.*]] = vector.bitcast %[[WORDS]] : vector<16xi32> to vector<32xbf16>
// CHECK: llvm.call_intrinsic "llvm.x86.avx512bf16.dpbf16ps.512"(%{{.*}}, %[[LEFT]], %[[RIGHT]]) : (vector<16xf32>, vector<32xbf16>, vector<32xbf16>) -> vector<16xf32>
// Nothing is rounded to pairs on the way.
// CHECK-LABEL: func.func private @wide(
// CHECK-NOT: call_intrinsic
// CHECK: vector.fma

// APART-LABEL: func.func private @pairs(
// APART: %[[PAIRS:.*]] = vector.load %{{.*}} : memref<?xbf16>, vector<32xbf16>
// APART: %[[WORDS:.*]] = vector.bitcast %[[PAIRS]] : vector<32xbf16> to vector<16xi32>
// APART: %[[HIGH:.*]] = arith.shli %[[WORDS]], %{{.*}} : vector<16xi32>
// APART: %[[FIRST:.*]] = vector.bitcast %[[HIGH]] : vector<16xi32> to vector<16xf32>
// APART: vector.fma %{{.*}}, %[[FIRST]], %{{.*}} : vector<16xf32>
// APART: %[[LOW:.*]] = arith.andi %[[WORDS]], %{{.*}} : vector<16xi32>
// APART: %[[SECOND:.*]] = vector.bitcast %[[LOW]] : vector<16xi32> to vector<16xf32>
// APART: vector.fma %{{.*}}, %[[SECOND]], %{{.*}} : vector<16xf32>
tile.kernel @pairs(%a: !tile.view<?x8xbf16>,
                   %w: !tile.view<8x16xbf16, panels<16, interleave = 2>>,
                   %c: !tile.view<?x16xf32>)
    grid(%i to %m step 1, %j to %n step 16) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant dense<0.0> : tensor<1x16xf32>
  %0 = tile.for %k = %c0 to %c8 step 2
      streams(%x = %a[%i, %k] : !tile.view<?x8xbf16> -> !tile.slice<1x2xbf16>,
              %y = %w[%k, %j] : !tile.view<8x16xbf16, panels<16, interleave = 2>>
                             -> !tile.slice<2x16xbf16, panels<16, interleave = 2>>)
      iter_args(%acc = %zero : tensor<1x16xf32>) {
    %1 = tile.dot %acc, %x, %y : tensor<1x16xf32>, !tile.slice<1x2xbf16>, !tile.slice<2x16xbf16, panels<16, interleave = 2>>
    tile.yield %1 : tensor<1x16xf32>
  }
  tile.store %0, %c[%i, %j] : tensor<1x16xf32>, !tile.view<?x16xf32>
}

// The left-hand side is f32.
tile.kernel @wide(%a: !tile.view<?x8xf32>,
                  %w: !tile.view<8x16xbf16, panels<16, interleave = 2>>,
                  %c: !tile.view<?x16xf32>)
    grid(%i to %m step 1, %j to %n step 16) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant dense<0.0> : tensor<1x16xf32>
  %0 = tile.for %k = %c0 to %c8 step 2
      streams(%x = %a[%i, %k] : !tile.view<?x8xf32> -> !tile.slice<1x2xf32>,
              %y = %w[%k, %j] : !tile.view<8x16xbf16, panels<16, interleave = 2>>
                             -> !tile.slice<2x16xbf16, panels<16, interleave = 2>>)
      iter_args(%acc = %zero : tensor<1x16xf32>) {
    %1 = tile.dot %acc, %x, %y : tensor<1x16xf32>, !tile.slice<1x2xf32>, !tile.slice<2x16xbf16, panels<16, interleave = 2>>
    tile.yield %1 : tensor<1x16xf32>
  }
  tile.store %0, %c[%i, %j] : tensor<1x16xf32>, !tile.view<?x16xf32>
}

func.func @forward(%a: memref<?x8xbf16>, %b: memref<?x8xf32>, %w: memref<1x4x32xbf16>,
                   %c: memref<?x16xf32>, %m: index) {
  %c16 = arith.constant 16 : index
  tile.launch @pairs grid[%m, %c16] ins(%a, %w : memref<?x8xbf16>, memref<1x4x32xbf16>) outs(%c : memref<?x16xf32>)
  tile.launch @wide grid[%m, %c16] ins(%b, %w : memref<?x8xf32>, memref<1x4x32xbf16>) outs(%c : memref<?x16xf32>)
  return
}
