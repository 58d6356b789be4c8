// RUN: ockham-emulate %s --kernel exchange --grid 4 --cluster 2 --block 32 --all-modes \
// RUN:   --buffer out='i32[4]' --arg out --print out | FileCheck %s
// RUN: ockham-emulate %s --kernel exchange --grid 4 --cluster 2 --block 32 --mutants \
// RUN:   --buffer out='i32[4]' --arg out | FileCheck %s --check-prefix=EXCHANGE
// RUN: ockham-emulate %s --kernel multicast --grid 2 --cluster 2 --block 32 --all-modes \
// RUN:   --buffer a='f32[4x4]=iota' --buffer out='f32[32]' --arg map:a:box=4x4 --arg out \
// RUN:   --print out | FileCheck %s --check-prefix=MULTICAST
// RUN: ockham-emulate %s --kernel multicast --grid 2 --cluster 2 --block 32 --mutants \
// RUN:   --buffer a='f32[4x4]=iota' --buffer out='f32[32]' --arg map:a:box=4x4 --arg out \
// RUN:   | FileCheck %s --check-prefix=MUTANTS
// RUN: not ockham-emulate %s --kernel exchange --grid 3 --cluster 2 --block 32 \
// RUN:   --buffer out='i32[4]' --arg out 2>&1 | FileCheck %s --check-prefix=GRID

// GRID: the grid (3,1,1) is not a multiple of the cluster (2,1,1)
gpu.module @kernels {
  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<16 x f32>
  llvm.mlir.global internal @barrier() {addr_space = 3 : i32, alignment = 8 : i64} : !llvm.array<1 x i64>

  // Each block reads its neighbour's shared memory.
  // CHECK: out: 1 0 3 2
  // The last barrier keeps blocks alive as long as they are read.
  // EXCHANGE: drop barrier.cluster.arrive {{.*}}: fails
  // EXCHANGE: drop barrier.cluster.wait {{.*}}: reported
  // EXCHANGE: drop barrier.cluster.wait {{.*}}: reported
  // EXCHANGE: 4 mutants: {{.*}} 0 not noticed
  gpu.func @exchange(%out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %block = nvvm.read.ptx.sreg.ctaid.x : i32
    %rank = nvvm.read.ptx.sreg.cluster.ctarank : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %leader = arith.cmpi eq, %tid, %c0 : i32
    scf.if %leader {
      llvm.store %block, %tile : i32, !llvm.ptr<3>
    }
    nvvm.cluster.arrive
    nvvm.cluster.wait
    scf.if %leader {
      %other = arith.xori %rank, %c1 : i32
      %remote = nvvm.mapa %tile, %other : !llvm.ptr<3> -> !llvm.ptr<7>
      %v = llvm.load %remote : !llvm.ptr<7> -> i32
      %o = llvm.getelementptr %out[%block] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
      llvm.store %v, %o : i32, !llvm.ptr<1>
    }
    nvvm.cluster.arrive
    nvvm.cluster.wait
    gpu.return
  }

  // Block 0 loads for both.
  // MULTICAST: out: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0 1 2 3
  // MUTANTS: drop fence.mbarrier_init{{.*}}: reported
  // MUTANTS: mutants: {{.*}} not noticed
  gpu.func @multicast(%map: !llvm.ptr, %out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %rank = nvvm.read.ptx.sreg.cluster.ctarank : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %bar = llvm.mlir.addressof @barrier : !llvm.ptr<3>
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c16 = arith.constant 16 : i32
    %c64 = arith.constant 64 : i32
    %both = arith.constant 3 : i16
    %ticks = arith.constant 1000 : i32
    %leader = arith.cmpi eq, %tid, %c0 : i32
    scf.if %leader {
      nvvm.mbarrier.init %bar, %c1 : !llvm.ptr<3>, i32
      nvvm.fence.mbarrier.init
      nvvm.mbarrier.arrive.expect_tx %bar, %c64 : !llvm.ptr<3>, i32
    }
    nvvm.cluster.arrive
    nvvm.cluster.wait
    %first = arith.cmpi eq, %rank, %c0 : i32
    %issues = arith.andi %leader, %first : i1
    scf.if %issues {
      %d = llvm.addrspacecast %tile : !llvm.ptr<3> to !llvm.ptr<7>
      nvvm.cp.async.bulk.tensor.shared.cluster.global %d, %map, %bar, box[%c0, %c0] multicast_mask = %both : !llvm.ptr<7>, !llvm.ptr
    }
    nvvm.mbarrier.try_wait.parity %bar, %c0, %ticks : !llvm.ptr<3>, i32, i32
    %active = arith.cmpi ult, %tid, %c16 : i32
    scf.if %active {
      %s = llvm.getelementptr %tile[%tid] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      %v = llvm.load %s : !llvm.ptr<3> -> f32
      %o0 = arith.muli %rank, %c16 : i32
      %i = arith.addi %o0, %tid : i32
      %o = llvm.getelementptr %out[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      llvm.store %v, %o : f32, !llvm.ptr<1>
    }
    nvvm.cluster.arrive
    nvvm.cluster.wait
    gpu.return
  }
}
