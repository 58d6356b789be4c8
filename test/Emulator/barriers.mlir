// RUN: ockham-emulate %s --kernel reverse --block 64 --all-modes \
// RUN:   --buffer in='f32[64]=iota' --buffer out='f32[64]' --arg in --arg out --print out \
// RUN:   | FileCheck %s
// RUN: ockham-emulate %s --kernel handover --block 64 --all-modes \
// RUN:   --buffer in='f32[32]=iota' --buffer out='f32[32]' --arg in --arg out --print out \
// RUN:   | FileCheck %s --check-prefix=HANDOVER
// RUN: not ockham-emulate %s --kernel unsynchronized --block 64 \
// RUN:   --buffer in='f32[64]=iota' --buffer out='f32[64]' --arg in --arg out 2>&1 \
// RUN:   | FileCheck %s --check-prefix=RACE
// RUN: not ockham-emulate %s --kernel waits --block 64 \
// RUN:   --buffer in='f32[64]=iota' --buffer out='f32[64]' --arg in --arg out 2>&1 \
// RUN:   | FileCheck %s --check-prefix=DEADLOCK
// RUN: not ockham-emulate %s --kernel mismatch --block 64 \
// RUN:   --buffer in='f32[64]=iota' --buffer out='f32[64]' --arg in --arg out 2>&1 \
// RUN:   | FileCheck %s --check-prefix=MISMATCH

gpu.module @kernels {
  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<64 x f32>

  // CHECK: out: 63 62 61 60
  gpu.func @reverse(%in: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %base = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %p = llvm.getelementptr %in[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %v = llvm.load %p : !llvm.ptr<1> -> f32
    %s = llvm.getelementptr %base[%tid] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    llvm.store %v, %s : f32, !llvm.ptr<3>
    nvvm.barrier0
    %c63 = arith.constant 63 : i32
    %r = arith.subi %c63, %tid : i32
    %q = llvm.getelementptr %base[%r] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    %w = llvm.load %q : !llvm.ptr<3> -> f32
    %o = llvm.getelementptr %out[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    llvm.store %w, %o : f32, !llvm.ptr<1>
    gpu.return
  }

  // A producer warp arrives without waiting, a consumer warp waits.
  // HANDOVER: out: 0 1 2 3
  gpu.func @handover(%in: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %base = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %c1 = arith.constant 1 : i32
    %c32 = arith.constant 32 : i32
    %c64 = arith.constant 64 : i32
    %lane = arith.remui %tid, %c32 : i32
    %s = llvm.getelementptr %base[%lane] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    %producer = arith.cmpi uge, %tid, %c32 : i32
    scf.if %producer {
      %p = llvm.getelementptr %in[%lane] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      %v = llvm.load %p : !llvm.ptr<1> -> f32
      llvm.store %v, %s : f32, !llvm.ptr<3>
      nvvm.barrier.arrive id = %c1 number_of_threads = %c64
    } else {
      nvvm.barrier id = %c1 number_of_threads = %c64
      %v = llvm.load %s : !llvm.ptr<3> -> f32
      %o = llvm.getelementptr %out[%lane] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      llvm.store %v, %o : f32, !llvm.ptr<1>
    }
    gpu.return
  }

  // Neighbours of the same warp: right numbers in a GPU's lockstep, and a race.
  // RACE: race at shared memory + 0x78: read by thread (31,0,0) of block (0,0,0) at barriers.mlir:[[@LINE+13]]:{{[0-9]+}}: load is not synchronised with the earlier write by thread (30,0,0) of block (0,0,0) at barriers.mlir:[[@LINE+9]]:{{[0-9]+}}: store
  // RACE: 1 report{{$}}
  gpu.func @unsynchronized(%in: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %base = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %all = arith.constant -1 : i32
    %c1 = arith.constant 1 : i32
    %c31 = arith.constant 31 : i32
    %s = llvm.getelementptr %base[%tid] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    llvm.store %tid, %s : i32, !llvm.ptr<3>
    // Lanes meet here, but that orders no memory.
    %v = nvvm.shfl.sync bfly %all, %tid, %c1, %c31 : i32 -> i32
    %q = llvm.getelementptr %base[%v] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    %w = llvm.load %q : !llvm.ptr<3> -> i32
    %o = llvm.getelementptr %out[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    llvm.store %w, %o : i32, !llvm.ptr<1>
    gpu.return
  }

  // DEADLOCK: error: kernel 'waits': deadlock
  // DEADLOCK-NEXT: block (0,0,0) warp 0: barriers.mlir:[[@LINE+8]]:{{[0-9]+}}: barrier.cta.sync.aligned.count, waits for a barrier 2, where 32 of 64 threads are
  gpu.func @waits(%in: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %c2 = arith.constant 2 : i32
    %c32 = arith.constant 32 : i32
    %c64 = arith.constant 64 : i32
    %first = arith.cmpi ult, %tid, %c32 : i32
    scf.if %first {
      nvvm.barrier id = %c2 number_of_threads = %c64
    }
    gpu.return
  }

  // MISMATCH: barrier 2 expects 64 threads for those who are there, got 96
  gpu.func @mismatch(%in: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %c2 = arith.constant 2 : i32
    %c32 = arith.constant 32 : i32
    %c64 = arith.constant 64 : i32
    %c96 = arith.constant 96 : i32
    %first = arith.cmpi ult, %tid, %c32 : i32
    %count = arith.select %first, %c64, %c96 : i32
    nvvm.barrier id = %c2 number_of_threads = %count
    gpu.return
  }
}
