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

tile.kernel @triple(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    // expected-error @below {{has 3 numbers, expected rows and columns}}
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1, 1], lanes = [1, 32], vector = 4> {
}

// -----

tile.kernel @kind(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    // expected-error @below {{has dot = wmma, expected mma, tf32, fma or none}}
    strategy #ockham_cuda.strategy<arch = 80, dot = wmma, warps = [1, 1], lanes = [1, 32], vector = 4> {
}

// -----

tile.kernel @unknown(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    // expected-error @below {{has 'depth', expected arch, dot, warps, lanes, vector, stages, slices, fastest or shared}}
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32], vector = 4, depth = 3> {
}

// -----

tile.kernel @warps(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    // expected-error @below {{has no warps, expected all of warps, lanes and vector}}
    strategy #ockham_cuda.strategy<arch = 80, dot = none, lanes = [1, 32], vector = 4> {
}

// -----

tile.kernel @lanes(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    // expected-error @below {{has no lanes, expected all of warps, lanes and vector}}
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], vector = 4> {
}

// -----

tile.kernel @vector(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    // expected-error @below {{has no vector, expected all of warps, lanes and vector}}
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32]> {
}

// -----

// expected-error @below {{has a size of 0 in #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32], vector = 4, stages = 0>, expected at least 1}}
tile.kernel @stages(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32], vector = 4, stages = 0> {
}

// -----

// expected-error @below {{has a size of 0 in #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32], vector = 4, slices = 0>, expected at least 1}}
tile.kernel @slices(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32], vector = 4, slices = 0> {
}

// -----

// expected-error @below {{has a size of 3 in #ockham_cuda.strategy<arch = 80, dot = none, warps = [3, 1], lanes = [1, 32], vector = 4>, expected a power of two}}
tile.kernel @power(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [3, 1], lanes = [1, 32], vector = 4> {
}

// -----

// expected-error @below {{goes along grid dimension #1, but the grid has 1}}
tile.kernel @fastest(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32], vector = 4, fastest = 1> {
}

// -----

// expected-error @below {{may have -1 bytes of shared memory, expected a positive number, or 0 for what the GPU has}}
tile.kernel @negative(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32], vector = 4, shared = -1> {
}

// -----

// expected-error @below {{has argument #0 of type '!tile.view<64x64xbf16, panels<64, interleave = 2>>', whose rows are interleaved by 2, but no product of the GPU reads them so; expected panels without interleaving}}
tile.kernel @interleaved(%x: !tile.view<64x64xbf16, panels<64, interleave = 2>>) grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32], vector = 4> {
}

// -----

tile.kernel @without(%a: !tile.view<?x64xf32>, %b: !tile.view<64x64xf32>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32], vector = 4> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x64xf32>
  %x = tile.slice %a[%i, %c0] : !tile.view<?x64xf32> -> !tile.slice<16x64xf32>
  %y = tile.slice %b[%c0, %c0] : !tile.view<64x64xf32> -> !tile.slice<64x64xf32>
  // expected-error @below {{is in a kernel whose strategy has dot = none, expected fma or mma}}
  %0 = tile.dot %zero, %x, %y : tensor<16x64xf32>, !tile.slice<16x64xf32>, !tile.slice<64x64xf32>
  tile.store %0, %c[%i, %c0] : tensor<16x64xf32>, !tile.view<?x64xf32>
}

// -----

tile.kernel @doubles(%a: !tile.view<?x64xf64>, %b: !tile.view<64x64xf64>, %c: !tile.view<?x64xf64>)
    grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = fma, warps = [1, 1], lanes = [4, 8], vector = 4> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x64xf64>
  %x = tile.slice %a[%i, %c0] : !tile.view<?x64xf64> -> !tile.slice<16x64xf64>
  %y = tile.slice %b[%c0, %c0] : !tile.view<64x64xf64> -> !tile.slice<64x64xf64>
  // expected-error @below {{has sums of 'f64', expected f32 for dot = fma}}
  %0 = tile.dot %zero, %x, %y : tensor<16x64xf64>, !tile.slice<16x64xf64>, !tile.slice<64x64xf64>
  tile.store %0, %c[%i, %c0] : tensor<16x64xf64>, !tile.view<?x64xf64>
}

// -----

tile.kernel @column(%a: !tile.view<?x64xbf16>, %b: !tile.view<64x64xbf16>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = mma, warps = [1, 1], lanes = [8, 4], vector = 2> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x1xf32>
  %x = tile.slice %a[%i, %c0] : !tile.view<?x64xbf16> -> !tile.slice<16x64xbf16>
  %y = tile.slice %b[%c0, %c0] : !tile.view<64x64xbf16> -> !tile.slice<64x1xbf16>
  // expected-error @below {{has 1 columns of 64 products, but mma.sync makes 8 of 16; expected dot = fma}}
  %0 = tile.dot %zero, %x, %y : tensor<16x1xf32>, !tile.slice<16x64xbf16>, !tile.slice<64x1xbf16>
  tile.store %0, %c[%i, %c0] : tensor<16x1xf32>, !tile.view<?x64xf32>
}

// -----

tile.kernel @rounded(%a: !tile.view<?x64xbf16>, %b: !tile.view<64x64xbf16>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = tf32, warps = [1, 1], lanes = [8, 4], vector = 2> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x64xf32>
  %x = tile.slice %a[%i, %c0] : !tile.view<?x64xbf16> -> !tile.slice<16x64xbf16>
  %y = tile.slice %b[%c0, %c0] : !tile.view<64x64xbf16> -> !tile.slice<64x64xbf16>
  // expected-error @below {{multiplies 'bf16' and 'bf16' to 'f32', but only f32 is rounded to tf32; expected dot = mma for bf16 and f16, or dot = fma}}
  %0 = tile.dot %zero, %x, %y : tensor<16x64xf32>, !tile.slice<16x64xbf16>, !tile.slice<64x64xbf16>
  tile.store %0, %c[%i, %c0] : tensor<16x64xf32>, !tile.view<?x64xf32>
}

// -----

tile.kernel @rounded_column(%a: !tile.view<?x64xf32>, %b: !tile.view<64x64xf32>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = tf32, warps = [1, 1], lanes = [8, 4], vector = 2> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x1xf32>
  %x = tile.slice %a[%i, %c0] : !tile.view<?x64xf32> -> !tile.slice<16x64xf32>
  %y = tile.slice %b[%c0, %c0] : !tile.view<64x64xf32> -> !tile.slice<64x1xf32>
  // expected-error @below {{has 1 columns of 64 products, but mma.sync makes 8 of 8; expected dot = fma}}
  %0 = tile.dot %zero, %x, %y : tensor<16x1xf32>, !tile.slice<16x64xf32>, !tile.slice<64x1xf32>
  tile.store %0, %c[%i, %c0] : tensor<16x1xf32>, !tile.view<?x64xf32>
}

// -----

tile.kernel @shallow(%a: !tile.view<?x64xbf16>, %b: !tile.view<64x64xbf16>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = mma, warps = [1, 1], lanes = [8, 4], vector = 2, slices = 2> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x64xf32>
  %x = tile.slice %a[%i, %c0] : !tile.view<?x64xbf16> -> !tile.slice<16x48xbf16>
  %y = tile.slice %b[%c0, %c0] : !tile.view<64x64xbf16> -> !tile.slice<48x64xbf16>
  // expected-error @below {{is 48 deep, expected a multiple of 32 for 2 slices}}
  %0 = tile.dot %zero, %x, %y : tensor<16x64xf32>, !tile.slice<16x48xbf16>, !tile.slice<48x64xbf16>
  tile.store %0, %c[%i, %c0] : tensor<16x64xf32>, !tile.view<?x64xf32>
}

// -----

tile.kernel @block(%a: !tile.view<?x64xbf16>, %b: !tile.view<64x64xbf16>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = mma, warps = [1, 1], lanes = [8, 4], vector = 2, slices = 2> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x64xf32>
  %x = tile.load %a[%i, %c0] : !tile.view<?x64xbf16> -> tensor<16x64xbf16>
  %y = tile.slice %b[%c0, %c0] : !tile.view<64x64xbf16> -> !tile.slice<64x64xbf16>
  // expected-error @below {{multiplies a block of 'tensor<16x64xbf16>' in slices, expected windows; or a strategy with slices = 1}}
  %0 = tile.dot %zero, %x, %y : tensor<16x64xf32>, tensor<16x64xbf16>, !tile.slice<64x64xbf16>
  tile.store %0, %c[%i, %c0] : tensor<16x64xf32>, !tile.view<?x64xf32>
}

// -----

// What is less than the GPU has counts.
// expected-error @below {{needs 32768 bytes of shared memory for 4 stages, but a block of sm_80 has at most 16384}}
tile.kernel @less(%a: !tile.view<?x64xbf16>, %w: !tile.view<64x64xbf16>, %c: !tile.view<?x64xf32>)
    grid(%i to %m step 64)
    strategy #ockham_cuda.strategy<arch = 80, dot = mma, warps = [2, 2], lanes = [8, 4], vector = 2, stages = 4, shared = 16384> {
  %c0 = arith.constant 0 : index
  %depth = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %sum = tile.for %k = %c0 to %depth step 32
      streams(%x = %a[%i, %k] : !tile.view<?x64xbf16> -> !tile.slice<64x32xbf16>,
              %y = %w[%k, %c0] : !tile.view<64x64xbf16> -> !tile.slice<32x64xbf16>)
      iter_args(%acc = %zero : tensor<64x64xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<64x64xf32>, !tile.slice<64x32xbf16>, !tile.slice<32x64xbf16>
    tile.yield %0 : tensor<64x64xf32>
  }
  tile.store %sum, %c[%i, %c0] : tensor<64x64xf32>, !tile.view<?x64xf32>
}

// -----

// expected-error @below {{has 1 extents, expected rows and columns}}
func.func private @vector(!ockham_cuda.buffer<64xf32>)

// -----

// expected-error @below {{has an extent of 0, expected a number of at least 1}}
func.func private @nothing(!ockham_cuda.buffer<0x64xf32>)

// -----

// expected-error @below {{has element type 'i24', expected a float or an integer of 1, 8, 16, 32 or 64 bits}}
func.func private @element(!ockham_cuda.buffer<64x64xi24>)

// -----

func.func @offset() {
  // expected-error @below {{lies at byte 512, expected a multiple of 1024}}
  %0 = ockham_cuda.shared at 512 : !ockham_cuda.buffer<64x64xf32>
  return
}

// -----

func.func @puts(%x: tensor<64x32xf32>, %s: !ockham_cuda.buffer<64x64xf32>) {
  // expected-error @below {{puts 'tensor<64x32xf32>' to '!ockham_cuda.buffer<64x64xf32>', expected the same extents and elements}}
  ockham_cuda.put %x to %s : tensor<64x32xf32> -> !ockham_cuda.buffer<64x64xf32>
  return
}

// -----

func.func @rank(%x: tensor<64xf32>, %s: !ockham_cuda.buffer<64x64xf32>) {
  // expected-error @below {{operand #0 must be block, a static tensor of rank 2, but got 'tensor<64xf32>'}}
  ockham_cuda.put %x to %s : tensor<64xf32> -> !ockham_cuda.buffer<64x64xf32>
  return
}

// -----

func.func @gets(%s: !ockham_cuda.buffer<64x16xf32>) {
  // expected-error @below {{gives 'tensor<64x16xf32>' from '!ockham_cuda.buffer<64x16xf32>', expected tensor<16x64x'f32'>}}
  %0 = ockham_cuda.get transpose %s : !ockham_cuda.buffer<64x16xf32> -> tensor<64x16xf32>
  return
}

// -----

func.func @parts(%x: tensor<4x1024xf32>, %s: !ockham_cuda.buffer<4x8xf32>) {
  // expected-error @below {{has '!ockham_cuda.buffer<4x8xf32>' for the rows of 'tensor<4x1024xf32>', expected 4 columns of 'f32'}}
  ockham_cuda.put_part sum %x to %s : tensor<4x1024xf32> -> !ockham_cuda.buffer<4x8xf32>
  return
}

// -----

func.func @whole(%s: !ockham_cuda.buffer<4x4xf32>) {
  // expected-error @below {{gives 'tensor<4x2xf32>', expected one column}}
  %0 = ockham_cuda.get_whole sum %s : !ockham_cuda.buffer<4x4xf32> -> tensor<4x2xf32>
  return
}

// -----

func.func @slices(%x: tensor<16x16xf32>, %s: !ockham_cuda.buffer<40x16xf32>) {
  // expected-error @below {{has '!ockham_cuda.buffer<40x16xf32>' for slices of 'tensor<16x16xf32>', expected several of them below each other}}
  ockham_cuda.put_part slices %x to %s : tensor<16x16xf32> -> !ockham_cuda.buffer<40x16xf32>
  return
}

// -----

func.func @ahead(%s: !ockham_cuda.buffer<16x16xf32, stages = 2>, %n: index) {
  // expected-error @below {{gives '!tile.slice<16x32xf32>' from '!ockham_cuda.buffer<16x16xf32, stages = 2>', expected the same extents and elements}}
  %0 = ockham_cuda.acquire %s[%n] : !ockham_cuda.buffer<16x16xf32, stages = 2> -> !tile.slice<16x32xf32>
  return
}

// -----

tile.kernel @elements(%x: !tile.view<?x64xf32>) grid(%i to %m step 16) {
  %c0 = arith.constant 0 : index
  %s = ockham_cuda.shared at 0 : !ockham_cuda.buffer<16x16xbf16, stages = 2>
  // expected-error @below {{copies from '!tile.view<?x64xf32>' to '!ockham_cuda.buffer<16x16xbf16, stages = 2>', expected the same elements}}
  ockham_cuda.copy %x[%i, %c0] to %s[%c0 + 0] bytes 16 : !tile.view<?x64xf32> -> !ockham_cuda.buffer<16x16xbf16, stages = 2>
}

// -----

tile.kernel @turns(%x: !tile.view<?x64xf32>) grid(%i to %m step 16) {
  %c0 = arith.constant 0 : index
  %s = ockham_cuda.shared at 0 : !ockham_cuda.buffer<16x16xf32, stages = 2>
  // expected-error @below {{is 2 windows ahead in '!ockham_cuda.buffer<16x16xf32, stages = 2>', expected less than 2}}
  ockham_cuda.copy %x[%i, %c0] to %s[%c0 + 2] bytes 16 : !tile.view<?x64xf32> -> !ockham_cuda.buffer<16x16xf32, stages = 2>
}

// -----

tile.kernel @small(%x: !tile.view<?x64xf32>) grid(%i to %m step 16) {
  %c0 = arith.constant 0 : index
  %s = ockham_cuda.shared at 0 : !ockham_cuda.buffer<16x16xf32, stages = 2>
  // expected-error @below {{copies pieces of 2 bytes, expected 16, 8, 4, or 0 for elements}}
  ockham_cuda.copy %x[%i, %c0] to %s[%c0 + 0] bytes 2 : !tile.view<?x64xf32> -> !ockham_cuda.buffer<16x16xf32, stages = 2>
}

// -----

tile.kernel @wide(%x: !tile.view<?x64xf64>) grid(%i to %m step 16) {
  %c0 = arith.constant 0 : index
  %s = ockham_cuda.shared at 0 : !ockham_cuda.buffer<16x16xf64>
  // expected-error @below {{copies pieces of 4 bytes of '!ockham_cuda.buffer<16x16xf64>', whose elements have 8; expected at least one of them, or 0}}
  ockham_cuda.copy %x[%i, %c0] to %s[%c0 + 0] bytes 4 : !tile.view<?x64xf64> -> !ockham_cuda.buffer<16x16xf64>
}

// -----

func.func @halves(%s: !ockham_cuda.buffer<16x7xf32>) {
  // expected-error @below {{splits the 7 columns of '!ockham_cuda.buffer<16x7xf32>' in two, expected an even number}}
  %0 = ockham_cuda.get even %s : !ockham_cuda.buffer<16x7xf32> -> tensor<16x3xf32>
  return
}

// -----

tile.kernel @small_sums(%c: !tile.view<?x16xf32>) grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = mma, warps = [1, 1], lanes = [8, 4], vector = 2, slices = 8> {
  %c0 = arith.constant 0 : index
  %x = arith.constant dense<0.0> : tensor<16x16xf32>
  %s = ockham_cuda.shared at 0 : <16x16xf32>
  // expected-error @below {{has '!ockham_cuda.buffer<16x16xf32>' for parts of 8 slices with 16 rows each, expected 128 rows}}
  ockham_cuda.put_part slices %x to %s : tensor<16x16xf32> -> <16x16xf32>
  %y = ockham_cuda.get_whole slices %s : <16x16xf32> -> tensor<16x16xf32>
  tile.store %y, %c[%i, %c0] : tensor<16x16xf32>, !tile.view<?x16xf32>
}

// -----

tile.kernel @many_warps(%c: !tile.view<?x1xf32>) grid(%i to %m step 4)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 8], lanes = [1, 32], vector = 4> {
  %c0 = arith.constant 0 : index
  %s = ockham_cuda.shared at 0 : <4x4xf32>
  // expected-error @below {{has '!ockham_cuda.buffer<4x4xf32>' for parts of 8 warps beside others with 1 rows each, expected 8 rows}}
  %y = ockham_cuda.get_whole sum %s : <4x4xf32> -> tensor<4x1xf32>
  tile.store %y, %c[%i, %c0] : tensor<4x1xf32>, !tile.view<?x1xf32>
}

// -----

tile.kernel @switch(%x: !tile.view<?x64xf32>, %n: index) grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32], vector = 4> {
  // expected-error @below {{'scf.index_switch' op is in a kernel for CUDA, which knows no such branch or loop; expected scf.if, scf.for or tile.for}}
  scf.index_switch %n
  case 2 {
    scf.yield
  }
  default {
  }
}

// -----

func.func @nobody(%n: index) {
  // expected-error @below {{names @kernels::@none, which is no kernel}}
  ockham_cuda.launch @kernels::@none blocks(%n, %n, %n) ()
  return
}

// -----

module attributes {gpu.container_module} {
  func.func @count(%n: index) {
    // expected-error @below {{passes 1 arguments, but kernel @kernels::@f takes 2}}
    ockham_cuda.launch @kernels::@f blocks(%n, %n, %n) (%n) : index
    return
  }
  gpu.module @kernels {
    gpu.func @f(%p: !llvm.ptr<1>, %n: index) kernel {
      gpu.return
    }
  }
}

// -----

module attributes {gpu.container_module} {
  func.func @pointer(%n: index) {
    // expected-error @below {{passes 'index' as argument #0 of kernel @kernels::@f, expected '!llvm.ptr'}}
    ockham_cuda.launch @kernels::@f blocks(%n, %n, %n) (%n, %n) : index, index
    return
  }
  gpu.module @kernels {
    gpu.func @f(%p: !llvm.ptr<1>, %n: index) kernel {
      gpu.return
    }
  }
}

// -----

module attributes {gpu.container_module} {
  func.func @number(%p: !llvm.ptr, %n: index, %x: f32) {
    // expected-error @below {{passes 'f32' as argument #1 of kernel @kernels::@f, expected 'index'}}
    ockham_cuda.launch @kernels::@f blocks(%n, %n, %n) (%p, %x) : !llvm.ptr, f32
    return
  }
  gpu.module @kernels {
    gpu.func @f(%p: !llvm.ptr<1>, %n: index) kernel {
      gpu.return
    }
  }
}
