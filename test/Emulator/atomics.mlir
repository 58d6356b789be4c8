// RUN: ockham-emulate %s --kernel sum --grid 3 --block 64 --all-modes \
// RUN:   --buffer n='i32[1]=zeros' --arg n --print n | FileCheck %s
// RUN: ockham-emulate %s --kernel many --block 32 --buffer n='i32[1]=zeros' --arg n --print n \
// RUN:   --summary | FileCheck %s --check-prefix=MANY
// RUN: ockham-emulate %s --kernel message --grid 2 --block 1 --all-modes \
// RUN:   --buffer flag='i32[1]=zeros' --buffer data='i32[2]=zeros' --arg flag --arg data \
// RUN:   --print data | FileCheck %s --check-prefix=MESSAGE
// RUN: ockham-emulate %s --kernel fences --grid 2 --block 1 --all-modes \
// RUN:   --buffer flag='i32[1]=zeros' --buffer data='i32[2]=zeros' --arg flag --arg data \
// RUN:   --print data | FileCheck %s --check-prefix=MESSAGE
// RUN: ockham-emulate %s --kernel gridsync --grid 4 --block 64 --all-modes \
// RUN:   --buffer count='i32[1]=zeros' --buffer a='i32[256]' --buffer b='i32[256]' \
// RUN:   --arg count --arg a --arg b --print b | FileCheck %s --check-prefix=GRID
// RUN: ockham-emulate %s --kernel message --grid 2 --block 1 --mutants \
// RUN:   --buffer flag='i32[1]=zeros' --buffer data='i32[2]=zeros' --arg flag --arg data \
// RUN:   | FileCheck %s --check-prefix=MUTANTS
// RUN: ockham-emulate %s --kernel fences --grid 2 --block 1 --mutants \
// RUN:   --buffer flag='i32[1]=zeros' --buffer data='i32[2]=zeros' --arg flag --arg data \
// RUN:   | FileCheck %s --check-prefix=MUTANTS
// RUN: ockham-emulate %s --kernel gridsync --grid 4 --block 64 --mutants \
// RUN:   --buffer count='i32[1]=zeros' --buffer a='i32[256]' --buffer b='i32[256]' \
// RUN:   --arg count --arg a --arg b | FileCheck %s --check-prefix=MUTANTS
// RUN: not ockham-emulate %s --kernel plain --grid 2 --block 1 \
// RUN:   --buffer flag='i32[1]=zeros' --arg flag 2>&1 | FileCheck %s --check-prefix=PLAIN
// RUN: not ockham-emulate %s --kernel vain --grid 2 --block 32 \
// RUN:   --buffer flag='i32[1]=zeros' --arg flag 2>&1 | FileCheck %s --check-prefix=VAIN

// Each mutant of these three kernels is caught by the detector, or hangs.
// MUTANTS: mutants: {{.*}} 0 not noticed
gpu.module @kernels {
  // CHECK: n: 192
  gpu.func @sum(%n: !llvm.ptr<1>) kernel {
    %c1 = arith.constant 1 : i32
    %x = llvm.atomicrmw add %n, %c1 monotonic : !llvm.ptr<1>, i32
    gpu.return
  }

  // A loop of atomics is no polling in vain.
  // MANY: n: 96000
  // MANY: global memory: 0 bytes read, 384000 written
  // MANY: 96000 atomic operation
  gpu.func @many(%n: !llvm.ptr<1>) kernel {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c3000 = arith.constant 3000 : i32
    scf.for %i = %c0 to %c3000 step %c1 : i32 {
      %x = llvm.atomicrmw add %n, %c1 monotonic : !llvm.ptr<1>, i32
    }
    gpu.return
  }

  // Block 1 waits for what block 0 releases.
  // MESSAGE: data: 7 8
  gpu.func @message(%flag: !llvm.ptr<1>, %data: !llvm.ptr<1>) kernel {
    %block = nvvm.read.ptx.sreg.ctaid.x : i32
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c7 = arith.constant 7 : i32
    %first = arith.cmpi eq, %block, %c1 : i32
    scf.if %first {
      llvm.store %c7, %data : i32, !llvm.ptr<1>
      llvm.store %c1, %flag atomic syncscope("device") release {alignment = 4 : i64} : i32, !llvm.ptr<1>
    } else {
      scf.while : () -> () {
        %f = llvm.load %flag atomic syncscope("device") acquire {alignment = 4 : i64} : !llvm.ptr<1> -> i32
        %again = arith.cmpi eq, %f, %c0 : i32
        scf.condition(%again)
      } do {
        scf.yield
      }
      %v = llvm.load %data : !llvm.ptr<1> -> i32
      %w = arith.addi %v, %c1 : i32
      %p = llvm.getelementptr %data[1] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
      llvm.store %w, %p : i32, !llvm.ptr<1>
    }
    gpu.return
  }

  // The same with relaxed accesses and fences.
  gpu.func @fences(%flag: !llvm.ptr<1>, %data: !llvm.ptr<1>) kernel {
    %block = nvvm.read.ptx.sreg.ctaid.x : i32
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c7 = arith.constant 7 : i32
    %first = arith.cmpi eq, %block, %c1 : i32
    scf.if %first {
      llvm.store %c7, %data : i32, !llvm.ptr<1>
      nvvm.memory.barrier #nvvm.mem_scope<gpu>
      %old = llvm.atomicrmw xchg %flag, %c1 monotonic : !llvm.ptr<1>, i32
    } else {
      scf.while : () -> () {
        %f = llvm.load volatile %flag : !llvm.ptr<1> -> i32
        %again = arith.cmpi eq, %f, %c0 : i32
        scf.condition(%again)
      } do {
        scf.yield
      }
      nvvm.memory.barrier #nvvm.mem_scope<gpu>
      %v = llvm.load %data : !llvm.ptr<1> -> i32
      %w = arith.addi %v, %c1 : i32
      %p = llvm.getelementptr %data[1] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
      llvm.store %w, %p : i32, !llvm.ptr<1>
    }
    gpu.return
  }

  // All blocks write, meet, and read what another block has written.
  // GRID: b: 64 65 66
  gpu.func @gridsync(%count: !llvm.ptr<1>, %a: !llvm.ptr<1>, %b: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %block = nvvm.read.ptx.sreg.ctaid.x : i32
    %blocks = nvvm.read.ptx.sreg.nctaid.x : i32
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c64 = arith.constant 64 : i32
    %c256 = arith.constant 256 : i32
    %base = arith.muli %block, %c64 : i32
    %i = arith.addi %base, %tid : i32
    %p = llvm.getelementptr %a[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    llvm.store %i, %p : i32, !llvm.ptr<1>
    nvvm.barrier0
    %leader = arith.cmpi eq, %tid, %c0 : i32
    scf.if %leader {
      %old = llvm.atomicrmw add %count, %c1 syncscope("device") release : !llvm.ptr<1>, i32
      scf.while : () -> () {
        %n = llvm.load %count atomic syncscope("device") acquire {alignment = 4 : i64} : !llvm.ptr<1> -> i32
        %again = arith.cmpi ult, %n, %blocks : i32
        scf.condition(%again)
      } do {
        scf.yield
      }
    }
    nvvm.barrier0
    %next = arith.addi %i, %c64 : i32
    %j = arith.remui %next, %c256 : i32
    %q = llvm.getelementptr %a[%j] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    %v = llvm.load %q : !llvm.ptr<1> -> i32
    %o = llvm.getelementptr %b[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    llvm.store %v, %o : i32, !llvm.ptr<1>
    gpu.return
  }

  // PLAIN: race at global memory {{.*}} + 0: write by thread (0,0,0) of block (1,0,0) at {{.*}}: store is not synchronised with the earlier write by thread (0,0,0) of block (0,0,0)
  gpu.func @plain(%flag: !llvm.ptr<1>) kernel {
    %c1 = arith.constant 1 : i32
    llvm.store %c1, %flag : i32, !llvm.ptr<1>
    gpu.return
  }

  // VAIN: deadlock: all threads that run poll in vain
  // VAIN-NEXT: block (0,0,0) warp 0: {{.*}}: atomic load, waits for a value in memory
  gpu.func @vain(%flag: !llvm.ptr<1>) kernel {
    %c0 = arith.constant 0 : i32
    scf.while : () -> () {
      %n = llvm.load %flag atomic syncscope("device") acquire {alignment = 4 : i64} : !llvm.ptr<1> -> i32
      %again = arith.cmpi eq, %n, %c0 : i32
      scf.condition(%again)
    } do {
      scf.yield
    }
    gpu.return
  }
}
