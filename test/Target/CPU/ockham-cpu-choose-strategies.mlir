// RUN: ockham-opt %s --ockham-cpu-choose-strategies -split-input-file -verify-diagnostics | FileCheck %s
// RUN: ockham-opt %s --ockham-cpu-choose-strategies=vector-bytes=32 -split-input-file -verify-diagnostics | FileCheck %s --check-prefix AVX2
// RUN: ockham-opt %s --ockham-cpu-choose-strategies=vector-bytes=16 -split-input-file -verify-diagnostics | FileCheck %s --check-prefix SSE

// 24 accumulators of 16 floats; with half the width, 12 of 8 from half a panel.
// The weight stays as it is.
// CHECK-LABEL: tile.kernel @linear(
// CHECK-SAME: !tile.view<768x96xf32, panels<48>>
// CHECK-SAME: grid(%i to %m step 8, %j to %n step 48) strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, block = 168, prefetch = 1>
// AVX2-LABEL: tile.kernel @linear(
// AVX2-SAME: !tile.view<768x96xf32, panels<48>>
// AVX2-SAME: grid(%i to %m step 4, %j to %n step 24) strategy #ockham_cpu.strategy<vector_bytes = 32, loop = 0, block = 168, prefetch = 1>
// AVX2: arith.constant dense<0.000000e+00> : tensor<4x24xf32>
// AVX2: !tile.slice<4x2xf32>, {{.*}} !tile.slice<2x24xf32, panels<48>>
// AVX2: tile.store %{{.*}} : tensor<4x24xf32>
tile.kernel @linear(%a: !tile.view<?x768xf32>, %w: !tile.view<768x96xf32, panels<48>>, %c: !tile.view<?x96xf32>)
    grid(%i to %m step 8, %j to %n step 48) {
  %c0 = arith.constant 0 : index
  %c768 = arith.constant 768 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  %s = tile.for %k = %c0 to %c768 step 2
      streams(%x = %a[%i, %k] : !tile.view<?x768xf32> -> !tile.slice<8x2xf32>,
              %y = %w[%k, %j] : !tile.view<768x96xf32, panels<48>> -> !tile.slice<2x48xf32, panels<48>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x2xf32>, !tile.slice<2x48xf32, panels<48>>
    tile.yield %0 : tensor<8x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x96xf32>
}

// -----

// What registers cannot hold is refused.
tile.kernel @wide(%a: !tile.view<?x64xf32>, %b: !tile.view<64x64xf32>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 8) strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0> {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<8x64xf32>
  %s = tile.for %k = %c0 to %c64 step 2
      streams(%x = %a[%i, %k] : !tile.view<?x64xf32> -> !tile.slice<8x2xf32>,
              %y = %b[%k, %c0] : !tile.view<64x64xf32> -> !tile.slice<2x64xf32>)
      iter_args(%acc = %zero : tensor<8x64xf32>) {
    // expected-error @+1 {{accumulates 'tensor<8x64xf32>', which needs 37 registers of 64 bytes, but there are 32}}
    %0 = tile.dot %acc, %x, %y : tensor<8x64xf32>, !tile.slice<8x2xf32>, !tile.slice<2x64xf32>
    tile.yield %0 : tensor<8x64xf32>
  }
  tile.store %s, %c[%i, %c0] : tensor<8x64xf32>, !tile.view<?x64xf32>
}

// -----

// A product that no loop carries goes through its columns in parts; its rows it
// has at once.
tile.kernel @tall(%a: !tile.view<?x64xf32>, %b: !tile.view<?x64xf32>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 40) strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<40x64xf32>
  %x = tile.slice %a[%i, %c0] : !tile.view<?x64xf32> -> !tile.slice<40x64xf32>
  %y = tile.slice %b[%c0, %c0] : !tile.view<?x64xf32> -> !tile.slice<64x64xf32>
  // expected-error @+1 {{accumulates 'tensor<40x64xf32>', which needs 42 registers of 64 bytes, but there are 32}}
  %0 = tile.dot %zero, %x, %y : tensor<40x64xf32>, !tile.slice<40x64xf32>, !tile.slice<64x64xf32>
  tile.store %0, %c[%i, %c0] : tensor<40x64xf32>, !tile.view<?x64xf32>
}

// -----

// Without a strategy, the rows are as many as two vectors of each fit.
// CHECK-LABEL: tile.kernel @long(
// CHECK-SAME: grid(%i to %m step 14)
// AVX2-LABEL: tile.kernel @long(
// AVX2-SAME: grid(%i to %m step 6)
// AVX2: tile.dot %{{.*}} : tensor<6x64xf32>, !tile.slice<6x64xf32>, !tile.slice<64x64xf32>
tile.kernel @long(%a: !tile.view<?x64xf32>, %b: !tile.view<?x64xf32>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 40) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<40x64xf32>
  %x = tile.slice %a[%i, %c0] : !tile.view<?x64xf32> -> !tile.slice<40x64xf32>
  %y = tile.slice %b[%c0, %c0] : !tile.view<?x64xf32> -> !tile.slice<64x64xf32>
  %0 = tile.dot %zero, %x, %y : tensor<40x64xf32>, !tile.slice<40x64xf32>, !tile.slice<64x64xf32>
  tile.store %0, %c[%i, %c0] : tensor<40x64xf32>, !tile.view<?x64xf32>
}

// -----

// Wide rows of narrow vectors: two of them at once, so that the code is short.
// CHECK-LABEL: tile.kernel @wide_rows(
// CHECK-SAME: grid(%i to %m step 14)
// AVX2-LABEL: tile.kernel @wide_rows(
// AVX2-SAME: grid(%i to %m step 6)
// SSE-LABEL: tile.kernel @wide_rows(
// SSE-SAME: grid(%i to %m step 2)
tile.kernel @wide_rows(%a: !tile.view<?x64xf32>, %b: !tile.view<?x192xf32>, %c: !tile.view<?x192xf32>)
    grid(%i to %m step 40) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<40x192xf32>
  %x = tile.slice %a[%i, %c0] : !tile.view<?x64xf32> -> !tile.slice<40x64xf32>
  %y = tile.slice %b[%c0, %c0] : !tile.view<?x192xf32> -> !tile.slice<64x192xf32>
  %0 = tile.dot %zero, %x, %y : tensor<40x192xf32>, !tile.slice<40x64xf32>, !tile.slice<64x192xf32>
  tile.store %0, %c[%i, %c0] : tensor<40x192xf32>, !tile.view<?x192xf32>
}

// -----

// A deep product is summed up in parts that are about as large.
// CHECK-LABEL: tile.kernel @deep(
// CHECK-SAME: strategy #ockham_cpu.strategy<vector_bytes = 64, loop = 0, block = 80, prefetch = 1, depth = 768>
// AVX2-LABEL: tile.kernel @deep(
// AVX2-SAME: strategy #ockham_cpu.strategy<vector_bytes = 32, loop = 0, block = 84, prefetch = 1, depth = 768>
tile.kernel @deep(%a: !tile.view<?x3070xf32>, %w: !tile.view<3070x96xf32, panels<48>>, %c: !tile.view<?x96xf32>)
    grid(%i to %m step 8, %j to %n step 48) {
  %c0 = arith.constant 0 : index
  %c3070 = arith.constant 3070 : index
  %zero = arith.constant dense<0.0> : tensor<8x48xf32>
  %s = tile.for %k = %c0 to %c3070 step 2
      streams(%x = %a[%i, %k] : !tile.view<?x3070xf32> -> !tile.slice<8x2xf32>,
              %y = %w[%k, %j] : !tile.view<3070x96xf32, panels<48>> -> !tile.slice<2x48xf32, panels<48>>)
      iter_args(%acc = %zero : tensor<8x48xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x48xf32>, !tile.slice<8x2xf32>, !tile.slice<2x48xf32, panels<48>>
    tile.yield %0 : tensor<8x48xf32>
  }
  tile.store %s, %c[%i, %j] : tensor<8x48xf32>, !tile.view<?x96xf32>
}

// -----

// Read as if rows followed each other, they would give wrong numbers.
// expected-error @+1 {{has argument #0 of type '!tile.view<8x48xbf16, panels<48, interleave = 4>>', whose rows are interleaved by 4, but the CPU has no product that reads them; expected panels without interleaving, or of pairs of bf16}}
tile.kernel @k(%w: !tile.view<8x48xbf16, panels<48, interleave = 4>>) grid(%i to %m step 8) {
}
