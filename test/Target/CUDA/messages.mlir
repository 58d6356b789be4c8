// What the passes refuse.

// RUN: ockham-opt %s --ockham-cuda-stage -split-input-file -verify-diagnostics

// expected-error @below {{has no strategy for CUDA, expected #ockham_cuda.strategy}}
tile.kernel @none(%x: !tile.view<?x64xf32>) grid(%i to %m step 1) {
}

// -----

// A block that two products read lies beside the ring.
// expected-error @below {{needs 196608 bytes of shared memory, but a block of sm_80 has at most 166912; expected smaller blocks or fewer stages}}
tile.kernel @beside(%q: !tile.view<?x256xf32>, %k: !tile.view<?x256xf32>, %s: !tile.view<?x64xf32>)
    grid(%i to %m step 64)
    strategy #ockham_cuda.strategy<arch = 80, dot = fma, warps = [4, 1], lanes = [4, 8], vector = 4, stages = 2> {
  %c0 = arith.constant 0 : index
  %c128 = arith.constant 128 : index
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %x = tile.load %q[%i, %c0] : !tile.view<?x256xf32> -> tensor<64x256xf32>
  %sum = tile.for %j = %c0 to %c128 step 64
      streams(%y = %k[%j, %c0] : !tile.view<?x256xf32> -> !tile.slice<64x256xf32>)
      iter_args(%acc = %zero : tensor<64x64xf32>) {
    %0 = tile.dot %acc, %x, %y transposed : tensor<64x64xf32>, tensor<64x256xf32>, !tile.slice<64x256xf32>
    tile.yield %0 : tensor<64x64xf32>
  }
  tile.store %sum, %s[%i, %c0] : tensor<64x64xf32>, !tile.view<?x64xf32>
}

// -----

// Slices add up what a loop has added up.
tile.kernel @once(%a: !tile.view<?x64xbf16>, %b: !tile.view<64x16xbf16>, %c: !tile.view<?x16xf32>)
    grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = mma, warps = [1, 1], lanes = [8, 4], vector = 2, slices = 2> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %x = tile.slice %a[%i, %c0] : !tile.view<?x64xbf16> -> !tile.slice<16x64xbf16>
  %y = tile.slice %b[%c0, %c0] : !tile.view<64x16xbf16> -> !tile.slice<64x16xbf16>
  // expected-error @below {{is no running sum of a loop from zero on, which is what is done in 2 slices; expected slices = 1}}
  %0 = tile.dot %zero, %x, %y : tensor<16x16xf32>, !tile.slice<16x64xbf16>, !tile.slice<64x16xbf16>
  tile.store %0, %c[%i, %c0] : tensor<16x16xf32>, !tile.view<?x16xf32>
}
