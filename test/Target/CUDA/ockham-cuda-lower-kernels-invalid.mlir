// What has no code for a thread, and launches on what has no address.

// RUN: ockham-opt %s --ockham-cuda-lower-kernels -split-input-file -verify-diagnostics

// expected-error @below {{has no strategy for CUDA, expected #ockham_cuda.strategy}}
tile.kernel @none(%x: !tile.view<?x64xf32>) grid(%i to %m step 1) {
}
func.func @forward(%x: memref<?x64xf32>, %m: index) {
  tile.launch @none grid[%m] ins(%x : memref<?x64xf32>)
  return
}

// -----

tile.kernel @apart(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32], vector = 4> {
}
func.func @forward(%x: memref<?x64xf32, strided<[128, 2]>>, %m: index) {
  // expected-error @below {{has a buffer of type 'memref<?x64xf32, strided<[128, 2]>>' for '!tile.view<?x64xf32>'; expected a dense one, or a matrix with dense rows}}
  tile.launch @apart grid[%m] ins(%x : memref<?x64xf32, strided<[128, 2]>>)
  return
}

// -----

tile.kernel @tensors(%x: !tile.view<?x64xf32>) grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32], vector = 4> {
}
func.func @forward(%x: tensor<?x64xf32>, %m: index) {
  // expected-error @below {{is on 'tensor<?x64xf32>'; expected buffers (bufferize first)}}
  tile.launch @tensors grid[%m] ins(%x : tensor<?x64xf32>)
  return
}

// -----

tile.kernel @unstaged(%x: !tile.view<?x64xf32>, %y: !tile.view<64x?xf32>) grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [8, 4], vector = 4> {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%i, %c0] : !tile.view<?x64xf32> -> tensor<16x64xf32>
  // expected-error @below {{is left in a kernel that should be staged (--ockham-cuda-stage)}}
  %1 = tile.transpose %0 : tensor<16x64xf32> -> tensor<64x16xf32>
  tile.store %1, %y[%c0, %i] : tensor<64x16xf32>, !tile.view<64x?xf32>
}
func.func @forward(%x: memref<?x64xf32>, %y: memref<64x?xf32>, %m: index) {
  tile.launch @unstaged grid[%m] ins(%x : memref<?x64xf32>) outs(%y : memref<64x?xf32>)
  return
}

// -----

// Rows of 33 numbers of two bytes begin anywhere.
tile.kernel @pieces(%x: !tile.view<?x33xbf16>) grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [8, 4], vector = 4> {
  %c0 = arith.constant 0 : index
  %s = ockham_cuda.shared at 0 : <16x32xbf16>
  // expected-error @below {{copies pieces of 16 bytes, but of '!tile.view<?x33xbf16>' it is known only that pieces begin at multiples of 2 bytes; expected 0}}
  ockham_cuda.copy %x[%i, %c0] to %s[%c0 + 0] bytes 16 : !tile.view<?x33xbf16> -> <16x32xbf16>
}
func.func @forward(%x: memref<?x33xbf16>, %m: index) {
  tile.launch @pieces grid[%m] ins(%x : memref<?x33xbf16>)
  return
}

// -----

// Nor does a piece lie in two panels.
tile.kernel @panels(%x: !tile.view<64x36xbf16, panels<12>>) grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [8, 4], vector = 4> {
  %c0 = arith.constant 0 : index
  %s = ockham_cuda.shared at 0 : <16x32xbf16>
  // expected-error @below {{copies pieces of 16 bytes, but of '!tile.view<64x36xbf16, panels<12>>' it is known only that pieces begin at multiples of 8 bytes; expected 8}}
  ockham_cuda.copy %x[%i, %c0] to %s[%c0 + 0] bytes 16 : !tile.view<64x36xbf16, panels<12>> -> <16x32xbf16>
}
func.func @forward(%x: memref<3x64x12xbf16>, %m: index) {
  tile.launch @panels grid[%m] ins(%x : memref<3x64x12xbf16>)
  return
}

// -----

tile.kernel @different(%y: !tile.view<?x2xf32>) grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32], vector = 4> {
  %c0 = arith.constant 0 : index
  // expected-error @below {{has different elements, which no thread knows its own of; expected a splat}}
  %0 = arith.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
  tile.store %0, %y[%i, %c0] : tensor<1x2xf32>, !tile.view<?x2xf32>
}
func.func @forward(%y: memref<?x2xf32>, %m: index) {
  tile.launch @different grid[%m] outs(%y : memref<?x2xf32>)
  return
}

// -----

tile.kernel @blocks(%x: !tile.view<?x64xf32>, %y: !tile.view<64x64xf32>, %z: !tile.view<?x64xf32>)
    grid(%i to %m step 16)
    strategy #ockham_cuda.strategy<arch = 80, dot = fma, warps = [1, 1], lanes = [4, 8], vector = 4> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x64xf32>
  %0 = tile.load %x[%i, %c0] : !tile.view<?x64xf32> -> tensor<16x64xf32>
  %s = ockham_cuda.shared at 0 : !ockham_cuda.buffer<64x64xf32>
  ockham_cuda.copy %y[%c0, %c0] to %s[%c0 + 0] bytes 16 : !tile.view<64x64xf32> -> !ockham_cuda.buffer<64x64xf32>
  %1 = ockham_cuda.acquire %s[%c0] : !ockham_cuda.buffer<64x64xf32> -> !tile.slice<64x64xf32>
  // expected-error @below {{reads a window that is not in shared memory, 'tensor<16x64xf32>' (--ockham-cuda-stage)}}
  %2 = tile.dot %zero, %0, %1 : tensor<16x64xf32>, tensor<16x64xf32>, !tile.slice<64x64xf32>
  tile.store %2, %z[%i, %c0] : tensor<16x64xf32>, !tile.view<?x64xf32>
}
func.func @forward(%x: memref<?x64xf32>, %y: memref<64x64xf32>, %z: memref<?x64xf32>, %m: index) {
  tile.launch @blocks grid[%m] ins(%x, %y : memref<?x64xf32>, memref<64x64xf32>) outs(%z : memref<?x64xf32>)
  return
}

// -----

tile.kernel @doubles(%x: !tile.view<?x64xf64>, %y: !tile.view<?x64xf64>) grid(%i to %m step 1)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [1, 32], vector = 4> {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%i, %c0] : !tile.view<?x64xf64> -> tensor<1x64xf64>
  // expected-error @below {{has neither an instruction nor a polynomial on the GPU; expected exp, log, tanh, erf or sqrt of f32}}
  %1 = math.exp %0 : tensor<1x64xf64>
  tile.store %1, %y[%i, %c0] : tensor<1x64xf64>, !tile.view<?x64xf64>
}
func.func @forward(%x: memref<?x64xf64>, %y: memref<?x64xf64>, %m: index) {
  tile.launch @doubles grid[%m] ins(%x : memref<?x64xf64>) outs(%y : memref<?x64xf64>)
  return
}
