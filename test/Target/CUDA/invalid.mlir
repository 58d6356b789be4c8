// What a thread block cannot do is refused, with what it has and what it needs.

// RUN: ockham-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{'tile.kernel' op has warps of 8 x 8 = 64 lanes, expected 32}}
tile.kernel @lanes(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [8, 8], vector = 4> {
}

// -----

// expected-error @below {{'tile.kernel' op has 2048 threads, expected at most 1024}}
tile.kernel @threads(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [8, 8], lanes = [1, 32], vector = 4> {
}

// -----

// expected-error @below {{'tile.kernel' op is for sm_75, expected sm_80 or later}}
tile.kernel @arch(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 75, dot = none, warps = [1, 1], lanes = [1, 32], vector = 4> {
}

// -----

// expected-error @below {{has lanes of 1 x 32 with vectors of 4, but accumulators of mma.sync lie in 8 x 4 with vectors of 2}}
tile.kernel @fragments(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 80, dot = mma, warps = [1, 1], lanes = [1, 32], vector = 4> {
}

// -----

tile.kernel @factors(%a: !tile.view<?x64xf32>, %b: !tile.view<64x64xf32>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = mma, warps = [1, 1], lanes = [8, 4], vector = 2> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x64xf32>
  %x = tile.slice %a[%i, %c0] : !tile.view<?x64xf32> -> !tile.slice<16x64xf32>
  %y = tile.slice %b[%c0, %c0] : !tile.view<64x64xf32> -> !tile.slice<64x64xf32>
  // expected-error @below {{multiplies 'f32' and 'f32' to 'f32', but mma.sync takes two factors of bf16 or of f16 to f32; expected dot = fma}}
  %0 = tile.dot %zero, %x, %y : tensor<16x64xf32>, !tile.slice<16x64xf32>, !tile.slice<64x64xf32>
  tile.store %0, %c[%i, %c0] : tensor<16x64xf32>, !tile.view<?x64xf32>
}

// -----

tile.kernel @registers(%x: !tile.view<?x512xf32>, %y: !tile.view<?x512xf32>) grid(%i to %m step 128)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [4, 1], lanes = [1, 32], vector = 4> {
  %c0 = arith.constant 0 : index
  // expected-error @below {{gives 'tensor<128x512xf32>', which needs 512 registers of each of 128 threads, expected at most 224}}
  %0 = tile.load %x[%i, %c0] : !tile.view<?x512xf32> -> tensor<128x512xf32>
  tile.store %0, %y[%i, %c0] : tensor<128x512xf32>, !tile.view<?x512xf32>
}

// -----

// expected-error @below {{needs 262144 bytes of shared memory for 4 stages, but a block of sm_80 has at most 166912}}
tile.kernel @shared(%a: !tile.view<?x768xbf16>, %w: !tile.view<768x768xbf16>, %c: !tile.view<?x768xf32>)
    grid(%i to %m step 128, %j to %n step 128)
    strategy #ockham_cuda.strategy<arch = 80, dot = mma, warps = [2, 2], lanes = [8, 4], vector = 2, stages = 4> {
  %c0 = arith.constant 0 : index
  %depth = arith.constant 768 : index
  %zero = arith.constant dense<0.0> : tensor<128x128xf32>
  %sum = tile.for %k = %c0 to %depth step 128
      streams(%x = %a[%i, %k] : !tile.view<?x768xbf16> -> !tile.slice<128x128xbf16>,
              %y = %w[%k, %j] : !tile.view<768x768xbf16> -> !tile.slice<128x128xbf16>)
      iter_args(%acc = %zero : tensor<128x128xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<128x128xf32>, !tile.slice<128x128xbf16>, !tile.slice<128x128xbf16>
    tile.yield %0 : tensor<128x128xf32>
  }
  tile.store %sum, %c[%i, %j] : tensor<128x128xf32>, !tile.view<?x768xf32>
}

// -----

// expected-error @below {{'tile.kernel' op has vectors of 8, but multiply-adds read windows in pieces of 4 numbers}}
tile.kernel @pieces(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 80, dot = fma, warps = [1, 1], lanes = [4, 8], vector = 8> {
}

// -----

tile.kernel @columns(%table: !tile.view<64x100xbf16, panels<64>>, %ids: !tile.view<?x1xi64>, %y: !tile.view<?x64xbf16>)
    grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32], vector = 8> {
  %c0 = arith.constant 0 : index
  %rows = tile.load %ids[%i, %c0] : !tile.view<?x1xi64> -> tensor<1x1xi64>
  // expected-error @below {{gathers columns of '!tile.view<64x100xbf16, panels<64>>', for which the GPU has no code; expected a table in rows}}
  %x = tile.gather %table[%rows, %c0] transposed : !tile.view<64x100xbf16, panels<64>>, tensor<1x1xi64> -> tensor<1x64xbf16>
  tile.store %x, %y[%i, %c0] : tensor<1x64xbf16>, !tile.view<?x64xbf16>
}
