// RUN: ockham-emulate %s --kernel shared_input --grid 96 --block 128 --buffer x='i32[1024]=iota' \
// RUN:   --buffer y='i32[12288]' --arg x --arg y --arg i32:-1 --all-modes
// RUN: not ockham-emulate %s --kernel shared_input --grid 96 --block 128 --buffer x='i32[1024]=iota' \
// RUN:   --buffer y='i32[12288]' --arg x --arg y --arg i32:95 2>&1 | FileCheck %s
// RUN: not ockham-emulate %s --kernel shared_input --grid 2 --block 128 --buffer x='i32[1024]=iota' \
// RUN:   --buffer y='i32[12288]' --arg x --arg y --arg i32:1 2>&1 | FileCheck %s --check-prefix=FEW
// RUN: not ockham-emulate %s --kernel shared_input --grid 2 --block 128 --buffer x='i32[1024]=iota' \
// RUN:   --buffer y='i32[12288]' --arg x --arg y --arg i32:0 2>&1 | FileCheck %s --check-prefix=FIRST
// RUN: ockham-emulate %s --kernel handed_on --grid 2 --block 32 --buffer x='i32[32]=iota' \
// RUN:   --buffer y='i32[64]' --buffer count='i32[1]=zeros' --arg x --arg y --arg count --all-modes \
// RUN:   --print x | FileCheck %s --check-prefix=HANDED
// RUN: ockham-emulate %s --kernel handed_on --grid 2 --block 32 --buffer x='i32[32]=iota' \
// RUN:   --buffer y='i32[64]' --buffer count='i32[1]=zeros' --arg x --arg y --arg count --mutants \
// RUN:   | FileCheck %s --check-prefix=MUTANTS

// Whether memory that many blocks read is ever written is known late.

gpu.module @kernels {
  // Each block reads the same 128 words in a stride of 2, and then the block
  // `writer` writes one of them. Reads of all others conflict with that, whether
  // they came before or come after.
  // CHECK: race at global memory {{.*}} + 40: write by thread (5,0,0) of block (95,0,0) at {{.*}}: store is not synchronised with the earlier read by thread (5,0,0) of block (0,0,0) at {{.*}}: load
  // FEW: race at global memory {{.*}} + 40: write by thread (5,0,0) of block (1,0,0) at {{.*}}: store is not synchronised with the earlier read by thread (5,0,0) of block (0,0,0) at {{.*}}: load
  // FIRST: race at global memory {{.*}} + 40: read by thread (5,0,0) of block (1,0,0) at {{.*}}: load is not synchronised with the earlier write by thread (5,0,0) of block (0,0,0) at {{.*}}: store
  gpu.func @shared_input(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>, %writer: i32) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %block = nvvm.read.ptx.sreg.ctaid.x : i32
    %c5 = arith.constant 5 : i32
    %c2 = arith.constant 2 : i32
    %c128 = arith.constant 128 : i32
    %i = arith.muli %tid, %c2 : i32
    %p = llvm.getelementptr %x[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    %v = llvm.load %p : !llvm.ptr<1> -> i32
    %base = arith.muli %block, %c128 : i32
    %j = arith.addi %base, %tid : i32
    %q = llvm.getelementptr %y[%j] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    llvm.store %v, %q : i32, !llvm.ptr<1>
    %mine = arith.cmpi eq, %block, %writer : i32
    %fifth = arith.cmpi eq, %tid, %c5 : i32
    %writes = arith.andi %mine, %fifth : i1
    scf.if %writes {
      llvm.store %tid, %p : i32, !llvm.ptr<1>
    }
    gpu.return
  }

  // Block 1 overwrites what block 0 has read once that has said so.
  // HANDED: x: 32 33 34 35
  // MUTANTS: mutants: {{.*}} 0 not noticed
  gpu.func @handed_on(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>, %count: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %block = nvvm.read.ptx.sreg.ctaid.x : i32
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c32 = arith.constant 32 : i32
    %p = llvm.getelementptr %x[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    %first = arith.cmpi eq, %block, %c0 : i32
    %leader = arith.cmpi eq, %tid, %c0 : i32
    scf.if %first {
      %v = llvm.load %p : !llvm.ptr<1> -> i32
      %q = llvm.getelementptr %y[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
      llvm.store %v, %q : i32, !llvm.ptr<1>
      nvvm.barrier0
      scf.if %leader {
        %old = llvm.atomicrmw add %count, %c1 syncscope("device") release : !llvm.ptr<1>, i32
      }
    } else {
      scf.if %leader {
        scf.while : () -> () {
          %n = llvm.load %count atomic syncscope("device") acquire {alignment = 4 : i64} : !llvm.ptr<1> -> i32
          %again = arith.cmpi eq, %n, %c0 : i32
          scf.condition(%again)
        } do {
          scf.yield
        }
      }
      nvvm.barrier0
      %w = arith.addi %tid, %c32 : i32
      llvm.store %w, %p : i32, !llvm.ptr<1>
    }
    gpu.return
  }
}
