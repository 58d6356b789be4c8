// RUN: ockham-emulate %s --kernel groups --block 32 --all-modes \
// RUN:   --buffer a='i32[64]=iota' --buffer out='i32[64]' --arg a --arg out --print out \
// RUN:   | FileCheck %s
// RUN: ockham-emulate %s --kernel groups --block 32 --mutants \
// RUN:   --buffer a='i32[64]=iota' --buffer out='i32[64]' --arg a --arg out \
// RUN:   | FileCheck %s --check-prefix=MUTANTS
// RUN: ockham-emulate %s --kernel barrier --block 32 --all-modes \
// RUN:   --buffer a='i32[64]=iota' --buffer out='i32[64]=zeros' --arg a --arg out --print out \
// RUN:   | FileCheck %s --check-prefix=BARRIER
// RUN: ockham-emulate %s --kernel barrier --block 32 --mutants \
// RUN:   --buffer a='i32[64]=iota' --buffer out='i32[64]=zeros' --arg a --arg out \
// RUN:   | FileCheck %s --check-prefix=BARRIERMUTANTS
// RUN: not ockham-emulate %s --kernel misaligned --block 32 \
// RUN:   --buffer a='i32[64]=iota' --buffer out='i32[64]' --arg a --arg out 2>&1 \
// RUN:   | FileCheck %s --check-prefix=MISALIGNED

gpu.module @kernels {
  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<64 x i32>
  llvm.mlir.global internal @barriers() {addr_space = 3 : i32, alignment = 8 : i64} : !llvm.array<1 x i64>

  // The second group fills its last two words with zeros.
  // CHECK: out: 0 1 2 3 4 {{.*}} 31 32 0 34 0 36 0
  // MUTANTS: drop cp.async.commit.group {{.*}}: reported
  // MUTANTS: drop cp.async.wait.group {{.*}}: reported
  // MUTANTS: groups left 1 becomes 2: {{.*}}: reported
  // MUTANTS: 0 not noticed
  gpu.func @groups(%a: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c4 = arith.constant 4 : i32
    %c32 = arith.constant 32 : i32
    %g0 = llvm.getelementptr %a[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    %s0 = llvm.getelementptr %tile[%tid] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    nvvm.cp.async.shared.global %s0, %g0, 4, cache = ca : !llvm.ptr<3>, !llvm.ptr<1>
    nvvm.cp.async.commit.group
    %i = arith.addi %tid, %c32 : i32
    %g1 = llvm.getelementptr %a[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    %s1 = llvm.getelementptr %tile[%i] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    %odd = arith.andi %tid, %c1 : i32
    %less = arith.muli %odd, %c4 : i32
    %bytes = arith.subi %c4, %less : i32
    nvvm.cp.async.shared.global %s1, %g1, 4, cache = ca, %bytes : !llvm.ptr<3>, !llvm.ptr<1>, i32
    nvvm.cp.async.commit.group
    nvvm.cp.async.wait.group 1
    %v0 = llvm.load %s0 : !llvm.ptr<3> -> i32
    %o0 = llvm.getelementptr %out[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    llvm.store %v0, %o0 : i32, !llvm.ptr<1>
    nvvm.cp.async.wait.group 0
    %v1 = llvm.load %s1 : !llvm.ptr<3> -> i32
    %o1 = llvm.getelementptr %out[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    llvm.store %v1, %o1 : i32, !llvm.ptr<1>
    gpu.return
  }

  // Odd threads copy nothing, and no thread in its second group (mutants.test).
  gpu.func @half(%a: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %g = llvm.getelementptr %a[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    %s = llvm.getelementptr %tile[%tid] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    %odd = arith.andi %tid, %c1 : i32
    %even = arith.cmpi eq, %odd, %c0 : i32
    scf.if %even {
      nvvm.cp.async.shared.global %s, %g, 4, cache = ca : !llvm.ptr<3>, !llvm.ptr<1>
    }
    nvvm.cp.async.commit.group
    nvvm.cp.async.commit.group
    nvvm.cp.async.wait.group 0
    scf.if %even {
      %v = llvm.load %s : !llvm.ptr<3> -> i32
      %o = llvm.getelementptr %out[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
      llvm.store %v, %o : i32, !llvm.ptr<1>
    }
    gpu.return
  }

  // An mbarrier that all threads' copies arrive at.
  // BARRIER: out: 31 30 29
  // BARRIERMUTANTS: drop cp.async.mbarrier.arrive.noinc.shared {{.*}}: fails
  // BARRIERMUTANTS: drop mbarrier.try.wait.parity {{.*}}: reported
  gpu.func @barrier(%a: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %bar = llvm.mlir.addressof @barriers : !llvm.ptr<3>
    %c0 = arith.constant 0 : i32
    %c31 = arith.constant 31 : i32
    %c32 = arith.constant 32 : i32
    %ticks = arith.constant 1000 : i32
    %leader = arith.cmpi eq, %tid, %c0 : i32
    scf.if %leader {
      nvvm.mbarrier.init %bar, %c32 : !llvm.ptr<3>, i32
    }
    nvvm.barrier0
    %g = llvm.getelementptr %a[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    %s = llvm.getelementptr %tile[%tid] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    nvvm.cp.async.shared.global %s, %g, 4, cache = ca : !llvm.ptr<3>, !llvm.ptr<1>
    nvvm.cp.async.mbarrier.arrive %bar {noinc = true} : !llvm.ptr<3>
    nvvm.mbarrier.try_wait.parity %bar, %c0, %ticks : !llvm.ptr<3>, i32, i32
    %r = arith.subi %c31, %tid : i32
    %q = llvm.getelementptr %tile[%r] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    %v = llvm.load %q : !llvm.ptr<3> -> i32
    %o = llvm.getelementptr %out[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    llvm.store %v, %o : i32, !llvm.ptr<1>
    gpu.return
  }

  // MISALIGNED: cp.async of 16 bytes needs addresses aligned to them, got shared memory + 0x4
  gpu.func @misaligned(%a: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %c1 = arith.constant 1 : i32
    %s = llvm.getelementptr %tile[%c1] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    nvvm.cp.async.shared.global %s, %a, 16, cache = cg : !llvm.ptr<3>, !llvm.ptr<1>
    gpu.return
  }
}
