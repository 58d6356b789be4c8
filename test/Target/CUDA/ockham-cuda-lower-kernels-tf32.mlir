// Products of f32 on tensor cores: what is multiplied is rounded to tf32.

// RUN: ockham-opt %s --ockham-cuda-stage --canonicalize --cse --ockham-cuda-synchronize --ockham-cuda-lower-kernels --canonicalize --cse | FileCheck %s

#tf32 = #ockham_cuda.strategy<arch = 80, dot = tf32, warps = [1, 1], lanes = [8, 4], vector = 2>

// A weight in rows of inputs: the left factor by ldmatrix, the right one word by
// word.
// CHECK-LABEL: gpu.func @inputs(
// CHECK: nvvm.ldmatrix
// CHECK-COUNT-4: nvvm.convert.float.to.tf32 {{.*}}rna
// CHECK-NOT: nvvm.ldmatrix
// CHECK: llvm.load {{.*}} : !llvm.ptr<3> -> f32
// CHECK: nvvm.convert.float.to.tf32
// CHECK: nvvm.mma.sync {{.*}}multiplicandAPtxType = #nvvm.mma_type<tf32>
// CHECK-NOT: nvvm.ldmatrix
// CHECK: gpu.return
tile.kernel @inputs(%a: !tile.view<16x8xf32>, %w: !tile.view<8x16xf32>, %c: !tile.view<16x16xf32>)
    grid(%i to %m step 16) strategy #tf32 {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %x = tile.slice %a[%i, %c0] : !tile.view<16x8xf32> -> !tile.slice<16x8xf32>
  %y = tile.slice %w[%c0, %c0] : !tile.view<8x16xf32> -> !tile.slice<8x16xf32>
  %0 = tile.dot %zero, %x, %y : tensor<16x16xf32>, !tile.slice<16x8xf32>, !tile.slice<8x16xf32>
  tile.store %0, %c[%i, %c0] : tensor<16x16xf32>, !tile.view<16x16xf32>
}
func.func @f(%a: memref<16x8xf32>, %w: memref<8x16xf32>, %c: memref<16x16xf32>) {
  %m = arith.constant 16 : index
  tile.launch @inputs grid[%m] ins(%a, %w : memref<16x8xf32>, memref<8x16xf32>) outs(%c : memref<16x16xf32>)
  return
}

// In rows of outputs, both by ldmatrix.
// CHECK-LABEL: gpu.func @outputs(
// CHECK: nvvm.ldmatrix
// CHECK: nvvm.ldmatrix
// CHECK-COUNT-2: nvvm.mma.sync
// CHECK-NOT: nvvm.mma.sync
// CHECK: gpu.return
tile.kernel @outputs(%a: !tile.view<16x8xf32>, %w: !tile.view<16x8xf32>, %c: !tile.view<16x16xf32>)
    grid(%i to %m step 16) strategy #tf32 {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %x = tile.slice %a[%i, %c0] : !tile.view<16x8xf32> -> !tile.slice<16x8xf32>
  %y = tile.slice %w[%c0, %c0] : !tile.view<16x8xf32> -> !tile.slice<16x8xf32>
  %0 = tile.dot %zero, %x, %y transposed : tensor<16x16xf32>, !tile.slice<16x8xf32>, !tile.slice<16x8xf32>
  tile.store %0, %c[%i, %c0] : tensor<16x16xf32>, !tile.view<16x16xf32>
}
func.func @g(%a: memref<16x8xf32>, %w: memref<16x8xf32>, %c: memref<16x16xf32>) {
  %m = arith.constant 16 : index
  tile.launch @outputs grid[%m] ins(%a, %w : memref<16x8xf32>, memref<16x8xf32>) outs(%c : memref<16x16xf32>)
  return
}

// A left factor that is a block stays in registers, unless ldmatrix reads the
// right one.
// CHECK-LABEL: gpu.func @blocks(
// CHECK-NOT: nvvm.ldmatrix
// CHECK: nvvm.mma.sync
// CHECK: nvvm.barrier0
// CHECK: nvvm.ldmatrix
// CHECK: nvvm.ldmatrix
// CHECK: nvvm.mma.sync
// CHECK: gpu.return
tile.kernel @blocks(%a: !tile.view<16x16xf32>, %w: !tile.view<16x16xf32>, %c: !tile.view<16x16xf32>)
    grid(%i to %m step 16) strategy #tf32 {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %y = tile.slice %w[%c0, %c0] : !tile.view<16x16xf32> -> !tile.slice<16x16xf32>
  %x = tile.load %a[%i, %c0] : !tile.view<16x16xf32> -> tensor<16x16xf32>
  %0 = tile.dot %zero, %x, %y : tensor<16x16xf32>, tensor<16x16xf32>, !tile.slice<16x16xf32>
  %1 = tile.dot %zero, %0, %y transposed : tensor<16x16xf32>, tensor<16x16xf32>, !tile.slice<16x16xf32>
  tile.store %1, %c[%i, %c0] : tensor<16x16xf32>, !tile.view<16x16xf32>
}
func.func @h(%a: memref<16x16xf32>, %w: memref<16x16xf32>, %c: memref<16x16xf32>) {
  %m = arith.constant 16 : index
  tile.launch @blocks grid[%m] ins(%a, %w : memref<16x16xf32>, memref<16x16xf32>) outs(%c : memref<16x16xf32>)
  return
}
