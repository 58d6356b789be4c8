// A product of bf16: blocks and stages are chosen, windows become rings, and
// what has to wait for what is found.

// RUN: ockham-opt %s --ockham-cuda-choose-strategies | FileCheck %s --check-prefix=CHOOSE
// RUN: ockham-opt %s --ockham-cuda-choose-strategies --ockham-cuda-stage --canonicalize --cse \
// RUN:   | FileCheck %s --check-prefix=STAGE
// RUN: ockham-opt %s --ockham-cuda-choose-strategies --ockham-cuda-stage --canonicalize --cse \
// RUN:   --ockham-cuda-synchronize | FileCheck %s --check-prefix=SYNC
// RUN: ockham-opt %s --ockham-cuda-choose-strategies --ockham-cuda-stage --canonicalize --cse \
// RUN:   --ockham-cuda-synchronize --ockham-cuda-lower-kernels --canonicalize --cse \
// RUN:   | FileCheck %s --check-prefix=LOWER

// Products with few and with some rows have blocks of their own, and the launch
// chooses.
// CHOOSE-LABEL: tile.kernel @linear(
// CHOOSE: grid(%{{.*}} step 128, %{{.*}} step 128)
// CHOOSE-SAME: strategy #ockham_cuda.strategy<arch = 80, dot = mma, warps = [2, 2], lanes = [8, 4], vector = 2, stages = 4>
// CHOOSE: tile.for {{.*}} step 32
// CHOOSE-LABEL: tile.kernel @linear_few(
// CHOOSE: grid(%{{.*}} step 16, %{{.*}} step 16)
// CHOOSE-SAME: warps = [1, 1], lanes = [8, 4], vector = 2, stages = 4, slices = 8>
// CHOOSE: tile.for {{.*}} step 256
// CHOOSE: %[[FEW:.*]] = arith.cmpi sle, %{{.*}}, %c16
// CHOOSE: scf.if %[[FEW]] {
// CHOOSE-NEXT: tile.launch @linear_few grid
// CHOOSE: } else {
// CHOOSE: tile.launch @linear_some grid
// CHOOSE: tile.launch @linear grid
tile.kernel @linear(%a: !tile.view<?x768xbf16>, %w: !tile.view<768x200xbf16, panels<64>>,
                    %c: !tile.view<?x200xf32>)
    grid(%i to %m step 8, %j to %n step 64) {
  %c0 = arith.constant 0 : index
  %depth = arith.constant 768 : index
  %zero = arith.constant dense<0.0> : tensor<8x64xf32>
  %sum = tile.for %k = %c0 to %depth step 2
      streams(%x = %a[%i, %k] : !tile.view<?x768xbf16> -> !tile.slice<8x2xbf16>,
              %y = %w[%k, %j] : !tile.view<768x200xbf16, panels<64>> -> !tile.slice<2x64xbf16, panels<64>>)
      iter_args(%acc = %zero : tensor<8x64xf32>) {
    %0 = tile.dot %acc, %x, %y : tensor<8x64xf32>, !tile.slice<8x2xbf16>, !tile.slice<2x64xbf16, panels<64>>
    tile.yield %0 : tensor<8x64xf32>
  }
  tile.store %sum, %c[%i, %j] : tensor<8x64xf32>, !tile.view<?x200xf32>
}

// STAGE-LABEL: tile.kernel @linear(
// STAGE-DAG: %[[TURNS:.*]] = arith.constant 24 : index
// STAGE: %[[A:.*]] = ockham_cuda.shared at 0 : <128x32xbf16, stages = 4>
// STAGE: %[[B:.*]] = ockham_cuda.shared at 32768 : <32x128xbf16, stages = 4>
// STAGE-COUNT-6: ockham_cuda.copy {{.*}} bytes 16 :
// STAGE: scf.for %[[N:.*]] = %{{.*}} to %[[TURNS]]
// STAGE:   %[[X:.*]] = ockham_cuda.acquire %[[A]][%[[N]]]
// STAGE:   %[[Y:.*]] = ockham_cuda.acquire %[[B]][%[[N]]]
// STAGE:   %[[MORE:.*]] = arith.cmpi slt
// STAGE:   ockham_cuda.copy {{.*}} to %[[A]][%[[N]] + 3] bytes 16 when %[[MORE]]
// STAGE:   ockham_cuda.copy {{.*}} to %[[B]][%[[N]] + 3] bytes 16 when %[[MORE]]
// STAGE:   tile.dot %{{.*}}, %[[X]], %[[Y]]

// What the slices of the depth have is added up behind the loop.
// STAGE-LABEL: tile.kernel @linear_few(
// STAGE: %[[SUMS:.*]] = scf.for
// STAGE: %[[PARTS:.*]] = ockham_cuda.shared at 0 : <128x16xf32>
// STAGE: ockham_cuda.put_part {{ *}}slices %[[SUMS]] to %[[PARTS]]
// STAGE-NEXT: %[[SUM:.*]] = ockham_cuda.get_whole {{ *}}slices %[[PARTS]]
// STAGE-NEXT: tile.store %[[SUM]]

// Three windows are under way when a turn begins, and one of them is needed.
// SYNC-LABEL: tile.kernel @linear(
// SYNC-COUNT-3: ockham_cuda.commit
// SYNC-NOT: ockham_cuda.barrier
// SYNC: scf.for
// SYNC-NEXT: ockham_cuda.wait 2
// SYNC-NEXT: ockham_cuda.barrier
// SYNC-COUNT-2: ockham_cuda.acquire
// SYNC-COUNT-2: ockham_cuda.copy
// SYNC-NEXT: ockham_cuda.commit
// SYNC-NEXT: tile.dot
// SYNC-NEXT: scf.yield
// SYNC-NOT: ockham_cuda.barrier
// SYNC: tile.store

// LOWER: func.func @forward(%[[ARG:.*]]: memref<?x768xbf16>
// LOWER: %[[M:.*]] = memref.dim %[[ARG]]
// LOWER: ockham_cuda.launch @kernels::@linear_few blocks(
// LOWER: ockham_cuda.launch @kernels::@linear blocks(
// LOWER-SAME: : !llvm.ptr, index, !llvm.ptr, !llvm.ptr, index, index, index
// LOWER: gpu.module @kernels
// LOWER: llvm.mlir.global external @dynamic_shared() {addr_space = 3 : i32, alignment = 1024 : i64} : !llvm.array<0 x i8>
// LOWER: gpu.func @linear(%{{.*}}: !llvm.ptr<1>, %{{.*}}: index, %{{.*}}: !llvm.ptr<1>, %{{.*}}: !llvm.ptr<1>, %{{.*}}: index, %{{.*}}: index, %{{.*}}: index)
// LOWER-SAME: nvvm.reqntid = array<i32: 128, 1, 1>, ockham_cuda.shared_bytes = 65536 : i64, ockham_cuda.steps = array<i64: 128, 128>
// LOWER: nvvm.cp.async.shared.global
// LOWER: nvvm.cp.async.wait.group 2
// LOWER-NEXT: nvvm.barrier0
// LOWER: nvvm.ldmatrix
// LOWER: nvvm.mma.sync
func.func @forward(%a: memref<?x768xbf16>, %w: memref<4x768x64xbf16>, %c: memref<?x200xf32>) {
  %c0 = arith.constant 0 : index
  %n = arith.constant 200 : index
  %m = memref.dim %a, %c0 : memref<?x768xbf16>
  tile.launch @linear grid[%m, %n] ins(%a, %w : memref<?x768xbf16>, memref<4x768x64xbf16>)
      outs(%c : memref<?x200xf32>)
  return
}
