// Fragments of a window lie at few places and known distances: eight rows have
// one order of pieces, and what is known of a column changes the order by an
// exclusive or.

// RUN: ockham-opt %s --ockham-cuda-stage --canonicalize --cse --ockham-cuda-synchronize --ockham-cuda-lower-kernels --canonicalize --cse | FileCheck %s

// CHECK-LABEL: gpu.func @whole(
// CHECK: scf.for
// The left factor: 16 rows of 32 bytes, and 16 more.
// CHECK: nvvm.ldmatrix %[[LEFT:[0-9]+]] {
// CHECK: %[[BELOW:.*]] = llvm.getelementptr %[[LEFT]][512] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i8
// CHECK-NEXT: nvvm.ldmatrix %[[BELOW]]
// The right one: 64 columns of a group, two pieces at a time.
// CHECK: %[[FIRST:.*]] = llvm.getelementptr %[[COLS:.*]][%[[PLACE:.*]]] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
// CHECK-NEXT: nvvm.ldmatrix %[[FIRST]]
// CHECK: %[[SECOND:.*]] = arith.xori %[[PLACE]], %c32_i32
// CHECK-NEXT: %[[TO:.*]] = llvm.getelementptr %[[COLS]][%[[SECOND]]]
// CHECK-NEXT: nvvm.ldmatrix %[[TO]]
// CHECK: arith.xori %[[PLACE]], %c64_i32
// CHECK: arith.xori %[[PLACE]], %c96_i32
// CHECK: gpu.return
tile.kernel @whole(%a: !tile.view<128x64xbf16>, %w: !tile.view<64x128xbf16>, %c: !tile.view<128x128xf32>)
    grid(%i to %m step 64, %j to %n step 64)
    strategy #ockham_cuda.strategy<arch = 80, dot = mma, warps = [2, 1], lanes = [8, 4], vector = 2, stages = 2> {
  %c0 = arith.constant 0 : index
  %depth = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<64x64xf32>
  %sum = tile.for %k = %c0 to %depth step 16
      streams(%x = %a[%i, %k] : !tile.view<128x64xbf16> -> !tile.slice<64x16xbf16>,
              %y = %w[%k, %j] : !tile.view<64x128xbf16> -> !tile.slice<16x64xbf16>)
      iter_args(%acc = %zero : tensor<64x64xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<64x64xf32>, !tile.slice<64x16xbf16>, !tile.slice<16x64xbf16>
    tile.yield %0 : tensor<64x64xf32>
  }
  tile.store %sum, %c[%i, %j] : tensor<64x64xf32>, !tile.view<128x128xf32>
}
func.func @f(%a: memref<128x64xbf16>, %w: memref<64x128xbf16>, %c: memref<128x128xf32>) {
  %m = arith.constant 128 : index
  tile.launch @whole grid[%m, %m] ins(%a, %w : memref<128x64xbf16>, memref<64x128xbf16>)
      outs(%c : memref<128x128xf32>)
  return
}
