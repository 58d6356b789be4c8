// What is added to a product is loaded row by row: the loads of two rows are
// under way while one is added and stored.

// RUN: ockham-opt %s --ockham-cuda-lower-kernels --canonicalize --cse | FileCheck %s

#mma = #ockham_cuda.strategy<arch = 80, dot = mma, warps = [1, 1], lanes = [8, 4], vector = 2>

// CHECK-LABEL: gpu.func @residual(
// CHECK-COUNT-3: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr<1> -> vector<2xbf16>
// CHECK-NOT: llvm.load
// CHECK: arith.extf
// CHECK: arith.addf
// CHECK: llvm.store
// CHECK-NOT: llvm.store
// CHECK: llvm.load
// CHECK-NOT: llvm.load
// CHECK: arith.addf
// CHECK: llvm.store
// CHECK-NOT: llvm.load
// CHECK-COUNT-2: llvm.store
// CHECK-NOT: llvm.store
// CHECK: gpu.return
tile.kernel @residual(%x: !tile.view<32x8xf32>, %r: !tile.view<32x8xbf16>, %y: !tile.view<32x8xf32>)
    grid(%i to %m step 32) strategy #mma {
  %c0 = arith.constant 0 : index
  %bias = arith.constant dense<1.0> : tensor<32x8xf32>
  %0 = tile.load %r[%i, %c0] : !tile.view<32x8xbf16> -> tensor<32x8xbf16>
  %1 = arith.extf %0 : tensor<32x8xbf16> to tensor<32x8xf32>
  %2 = arith.addf %1, %bias : tensor<32x8xf32>
  tile.store %2, %y[%i, %c0] : tensor<32x8xf32>, !tile.view<32x8xf32>
}
func.func @f(%x: memref<32x8xf32>, %r: memref<32x8xbf16>, %y: memref<32x8xf32>) {
  %m = arith.constant 32 : index
  tile.launch @residual grid[%m] ins(%x, %r : memref<32x8xf32>, memref<32x8xbf16>) outs(%y : memref<32x8xf32>)
  return
}

// What the kernel stores to is loaded where the op is, and so is what something
// else reads, too.
// CHECK-LABEL: gpu.func @in_place(
// CHECK-COUNT-8: llvm.load
// CHECK-NOT: llvm.load
// CHECK-COUNT-8: llvm.store
tile.kernel @in_place(%r: !tile.view<32x16xbf16>, %y: !tile.view<32x16xf32>)
    grid(%i to %m step 32) strategy #mma {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %0 = tile.load %y[%i, %c8] : !tile.view<32x16xf32> -> tensor<32x8xf32>
  %1 = tile.load %r[%i, %c0] : !tile.view<32x16xbf16> -> tensor<32x8xbf16>
  %2 = arith.extf %1 : tensor<32x8xbf16> to tensor<32x8xf32>
  %3 = arith.mulf %0, %2 : tensor<32x8xf32>
  tile.store %3, %y[%i, %c8] : tensor<32x8xf32>, !tile.view<32x16xf32>
  tile.store %2, %y[%i, %c0] : tensor<32x8xf32>, !tile.view<32x16xf32>
}
func.func @g(%r: memref<32x16xbf16>, %y: memref<32x16xf32>) {
  %m = arith.constant 32 : index
  tile.launch @in_place grid[%m] ins(%r : memref<32x16xbf16>) outs(%y : memref<32x16xf32>)
  return
}
