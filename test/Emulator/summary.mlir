// RUN: ockham-emulate %s --block 32 --summary --buffer in='f32[2048]=iota' \
// RUN:   --buffer out='f32[1024]' --arg in --arg out | FileCheck %s

// What a profiler would say first.

// CHECK: 1 blocks of 32 threads with 4096 bytes of shared memory; an H100's multiprocessor holds 32 (threads allow 64, shared memory 45, blocks 32) with at most 64 registers per thread
// CHECK: shared memory: 4096 bytes read, 4096 written; threads' accesses take 1056 wavefronts, 992 of them because of bank conflicts
// CHECK: global memory: 4096 bytes read, 4096 written; threads' accesses move 384 sectors and use 67% of them
// CHECK-NEXT: summary.mlir:[[#@LINE+20]]:12: load: uses 50% of 256 sectors
// CHECK-NEXT: summary.mlir:[[#@LINE+28]]:12: load: 1024 wavefronts instead of 32
// CHECK-NEXT: 32  barrier.cta.sync.aligned.all
gpu.module @kernels {
  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<1024 x f32>

  // A 32 x 32 transposition without padding: rows are written along banks and
  // read across them; what is read from global memory is every other word.
  gpu.func @transpose(%in: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c32 = arith.constant 32 : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    scf.for %row = %c0 to %c32 step %c1 : i32 {
      %base = arith.muli %row, %c32 : i32
      %i = arith.addi %base, %tid : i32
      %i2 = arith.muli %i, %c2 : i32
      %p = llvm.getelementptr %in[%i2] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      %v = llvm.load %p : !llvm.ptr<1> -> f32
      %s = llvm.getelementptr %tile[%i] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      llvm.store %v, %s : f32, !llvm.ptr<3>
    }
    nvvm.barrier0
    scf.for %row = %c0 to %c32 step %c1 : i32 {
      %down = arith.muli %tid, %c32 : i32
      %j = arith.addi %down, %row : i32
      %s = llvm.getelementptr %tile[%j] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      %v = llvm.load %s : !llvm.ptr<3> -> f32
      %base = arith.muli %row, %c32 : i32
      %i = arith.addi %base, %tid : i32
      %p = llvm.getelementptr %out[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      llvm.store %v, %p : f32, !llvm.ptr<1>
    }
    gpu.return
  }
}
