// RUN: ockham-emulate %s --block 32 --kernel shuffle --all-modes \
// RUN:   --buffer r='i32[9x32]' --arg r --print r | FileCheck %s
// RUN: not ockham-emulate %s --block 32 --kernel absent --buffer r='i32[32]' \
// RUN:   --arg r 2>&1 | FileCheck %s --check-prefix=ABSENT
// RUN: not ockham-emulate %s --block 32 --kernel diverged --buffer r='i32[32]' \
// RUN:   --arg r 2>&1 | FileCheck %s --check-prefix=DIVERGED

gpu.module @kernels {
  // Each row holds what the 32 lanes got from one instruction.
  llvm.func internal @put(%r: !llvm.ptr<1>, %row: i32, %value: i32) {
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %c32 = llvm.mlir.constant(32 : i32) : i32
    %o = llvm.mul %row, %c32 : i32
    %i = llvm.add %o, %lane : i32
    %p = llvm.getelementptr %r[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    llvm.store %value, %p : i32, !llvm.ptr<1>
    llvm.return
  }

  // CHECK: r:
  gpu.func @shuffle(%r: !llvm.ptr<1>) kernel {
    %all = arith.constant -1 : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c3 = arith.constant 3 : i32
    %c4 = arith.constant 4 : i32
    %c5 = arith.constant 5 : i32
    %c6 = arith.constant 6 : i32
    %c7 = arith.constant 7 : i32
    %c8 = arith.constant 8 : i32
    %c31 = arith.constant 31 : i32
    // Segments of eight lanes: mask 24 above the bound 7.
    %segments = arith.constant 0x1807 : i32
    // CHECK-NEXT: 1 0 3 2 5 4 7 6 9 8
    %a = nvvm.shfl.sync bfly %all, %lane, %c1, %c31 : i32 -> i32
    llvm.call @put(%r, %c0, %a) : (!llvm.ptr<1>, i32, i32) -> ()
    // CHECK-NEXT: 0 1 2 0 1 2 3 4
    %b = nvvm.shfl.sync up %all, %lane, %c3, %c0 : i32 -> i32
    llvm.call @put(%r, %c1, %b) : (!llvm.ptr<1>, i32, i32) -> ()
    // CHECK-NEXT: 3 4 5 6 7 5 6 7 11 12 13 14 15 13 14 15 19
    %c = nvvm.shfl.sync down %all, %lane, %c3, %segments : i32 -> i32
    llvm.call @put(%r, %c2, %c) : (!llvm.ptr<1>, i32, i32) -> ()
    // CHECK-NEXT: 3 3 3 3 3 3 3 3 11 11 11 11 11 11 11 11 19
    %d = nvvm.shfl.sync idx %all, %lane, %c3, %segments : i32 -> i32
    llvm.call @put(%r, %c3, %d) : (!llvm.ptr<1>, i32, i32) -> ()
    // Lanes below 5: 0b11111.
    // CHECK-NEXT: 31 31 31
    %small = arith.cmpi ult, %lane, %c5 : i32
    %e = nvvm.vote.sync ballot %all, %small -> i32
    llvm.call @put(%r, %c4, %e) : (!llvm.ptr<1>, i32, i32) -> ()
    // CHECK-NEXT: 496 496
    %f = nvvm.redux.sync add %lane, %all : i32 -> i32
    llvm.call @put(%r, %c5, %f) : (!llvm.ptr<1>, i32, i32) -> ()
    // Lanes with the same upper bits: groups of eight.
    // CHECK-NEXT: 255 255 255 255 255 255 255 255 65280 65280
    %group = arith.shrui %lane, %c3 : i32
    %g = nvvm.match.sync any %all, %group : i32 -> i32
    llvm.call @put(%r, %c6, %g) : (!llvm.ptr<1>, i32, i32) -> ()
    // CHECK-NEXT: 1 0 0 0
    %elected = nvvm.elect.sync -> i1
    %h = arith.extui %elected : i1 to i32
    llvm.call @put(%r, %c7, %h) : (!llvm.ptr<1>, i32, i32) -> ()
    // Halves of the warp shuffle apart from each other.
    // CHECK-NEXT: 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15 15 31 31
    %low = arith.constant 0xffff : i32
    %high = arith.constant 0xffff0000 : i32
    %c15 = arith.constant 15 : i32
    %c16 = arith.constant 16 : i32
    %isLow = arith.cmpi ult, %lane, %c16 : i32
    %i = scf.if %isLow -> i32 {
      %x = nvvm.shfl.sync idx %low, %lane, %c15, %c31 : i32 -> i32
      scf.yield %x : i32
    } else {
      %x = nvvm.shfl.sync idx %high, %lane, %c31, %c31 : i32 -> i32
      scf.yield %x : i32
    }
    llvm.call @put(%r, %c8, %i) : (!llvm.ptr<1>, i32, i32) -> ()
    gpu.return
  }

  // Lane 20 is not in the mask.
  // ABSENT: error: kernel 'absent': shuffles.mlir:[[@LINE+9]]:{{[0-9]+}}: shfl.sync.idx.i32: shfl.sync.idx: lane 0 reads lane 20, which does not take part (mask 0xFFFF)
  gpu.func @absent(%r: !llvm.ptr<1>) kernel {
    %low = arith.constant 0xffff : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %c16 = arith.constant 16 : i32
    %c20 = arith.constant 20 : i32
    %c31 = arith.constant 31 : i32
    %isLow = arith.cmpi ult, %lane, %c16 : i32
    scf.if %isLow {
      %x = nvvm.shfl.sync idx %low, %lane, %c20, %c31 : i32 -> i32
      %p = llvm.getelementptr %r[%lane] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
      llvm.store %x, %p : i32, !llvm.ptr<1>
    }
    gpu.return
  }

  // DIVERGED: redux.sync with member mask 0xFFFFFFFF meets vote.sync with member mask 0xFFFFFFFF of the same warp
  gpu.func @diverged(%r: !llvm.ptr<1>) kernel {
    %all = arith.constant -1 : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %c16 = arith.constant 16 : i32
    %isLow = arith.cmpi ult, %lane, %c16 : i32
    %p = llvm.getelementptr %r[%lane] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    scf.if %isLow {
      %x = nvvm.vote.sync ballot %all, %isLow -> i32
      llvm.store %x, %p : i32, !llvm.ptr<1>
    } else {
      %x = nvvm.redux.sync add %lane, %all : i32 -> i32
      llvm.store %x, %p : i32, !llvm.ptr<1>
    }
    gpu.return
  }
}
