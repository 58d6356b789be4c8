// Comparisons are left where a block may lie across an end of a view.

// RUN: ockham-opt %s --ockham-cuda-stage --canonicalize --cse --ockham-cuda-synchronize --ockham-cuda-lower-kernels --canonicalize --cse | FileCheck %s

// All extents are multiples of blocks: copies have one size, also those ahead.
// CHECK-LABEL: gpu.func @whole(
// CHECK-COUNT-4: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache = cg : !llvm.ptr<3>, !llvm.ptr<1>
// CHECK: scf.for
// CHECK: %[[MORE:.*]] = arith.cmpi slt, %{{.*}}, %c4
// CHECK-NEXT: scf.if %[[MORE]] {
// CHECK-COUNT-4: nvvm.cp.async.shared.global %{{.*}}, %{{.*}}, 16, cache = cg : !llvm.ptr<3>, !llvm.ptr<1>
// CHECK: nvvm.mma.sync
// CHECK-NOT: scf.if
// CHECK-NOT: arith.cmpi
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

// A launch of another extent: rows may end within a block, for the load as for
// the store.
// CHECK-LABEL: gpu.func @rows(
// CHECK-SAME: %{{.*}}: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>, %[[M:.*]]: index)
// CHECK: arith.minsi
// CHECK: scf.if
// CHECK: llvm.load
// CHECK: } else {
// CHECK: scf.if
// CHECK-NOT: }
// CHECK: llvm.store
// CHECK: gpu.return
tile.kernel @rows(%x: !tile.view<100x64xf32>, %y: !tile.view<100x64xf32>) grid(%i to %m step 8)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [8, 4], vector = 4> {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%i, %c0] : !tile.view<100x64xf32> -> tensor<8x64xf32>
  tile.store %0, %y[%i, %c0] : tensor<8x64xf32>, !tile.view<100x64xf32>
}
func.func @g(%x: memref<100x64xf32>, %y: memref<100x64xf32>, %m: index) {
  tile.launch @rows grid[%m] ins(%x : memref<100x64xf32>) outs(%y : memref<100x64xf32>)
  return
}

// Two launches that know their extents, but not the same ones: 96 rows are whole
// blocks, 100 are not.
// CHECK-LABEL: gpu.func @two(
// CHECK: scf.if
// CHECK: llvm.load
// CHECK: } else {
// CHECK: scf.if
// CHECK-NOT: }
// CHECK: llvm.store
// CHECK-LABEL: gpu.func @one(
// CHECK-NOT: scf.if
// CHECK: gpu.return
tile.kernel @two(%x: !tile.view<100x64xf32>, %y: !tile.view<100x64xf32>) grid(%i to %m step 8)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [8, 4], vector = 4> {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%i, %c0] : !tile.view<100x64xf32> -> tensor<8x64xf32>
  tile.store %0, %y[%i, %c0] : tensor<8x64xf32>, !tile.view<100x64xf32>
}
tile.kernel @one(%x: !tile.view<100x64xf32>, %y: !tile.view<100x64xf32>) grid(%i to %m step 8)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [8, 4], vector = 4> {
  %c0 = arith.constant 0 : index
  %0 = tile.load %x[%i, %c0] : !tile.view<100x64xf32> -> tensor<8x64xf32>
  tile.store %0, %y[%i, %c0] : tensor<8x64xf32>, !tile.view<100x64xf32>
}
func.func @h(%x: memref<100x64xf32>, %y: memref<100x64xf32>) {
  %whole = arith.constant 96 : index
  %all = arith.constant 100 : index
  tile.launch @one grid[%whole] ins(%x : memref<100x64xf32>) outs(%y : memref<100x64xf32>)
  tile.launch @two grid[%whole] ins(%x : memref<100x64xf32>) outs(%y : memref<100x64xf32>)
  tile.launch @two grid[%all] ins(%x : memref<100x64xf32>) outs(%y : memref<100x64xf32>)
  return
}

// Places in front of a view, and behind what the last turn of a loop reads: a
// block begins 4 columns before its own, and rows from 32 on are in steps of 32.
// CHECK-LABEL: gpu.func @shifted(
// CHECK: arith.maxsi
// CHECK: arith.cmpi sge
// CHECK: scf.for
// CHECK-NOT: scf.if
// CHECK: llvm.load
// CHECK: gpu.return
tile.kernel @shifted(%x: !tile.view<128x64xf32>, %y: !tile.view<128x64xf32>) grid(%j to %n step 64)
    strategy #ockham_cuda.strategy<arch = 80, dot = none, warps = [1, 1], lanes = [8, 4], vector = 4> {
  %c0 = arith.constant 0 : index
  %c4 = arith.constant 4 : index
  %c32 = arith.constant 32 : index
  %end = arith.constant 128 : index
  %zero = arith.constant dense<0.0> : tensor<8x64xf32>
  %left = arith.subi %j, %c4 : index
  %before = tile.load %x[%c0, %left] : !tile.view<128x64xf32> -> tensor<8x64xf32>
  %sum = scf.for %r = %c32 to %end step %c32 iter_args(%acc = %before) -> (tensor<8x64xf32>) {
    %0 = tile.load %x[%r, %c0] : !tile.view<128x64xf32> -> tensor<8x64xf32>
    %1 = arith.addf %acc, %0 : tensor<8x64xf32>
    scf.yield %1 : tensor<8x64xf32>
  }
  tile.store %sum, %y[%c0, %j] : tensor<8x64xf32>, !tile.view<128x64xf32>
}
func.func @i(%x: memref<128x64xf32>, %y: memref<128x64xf32>) {
  %n = arith.constant 64 : index
  tile.launch @shifted grid[%n] ins(%x : memref<128x64xf32>) outs(%y : memref<128x64xf32>)
  return
}
