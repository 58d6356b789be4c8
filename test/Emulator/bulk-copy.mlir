// RUN: ockham-emulate %s --kernel load --block 32 --all-modes \
// RUN:   --buffer a='f32[8x8]=iota' --buffer out='f32[4x4]' --arg map:a:box=4x4 --arg out \
// RUN:   --print out | FileCheck %s --check-prefix=LOAD
// RUN: ockham-emulate %s --kernel load --block 32 \
// RUN:   --buffer a='f32[8x8]=iota' --buffer out='f32[4x4]' --arg map:a:box=4x4:nan --arg out \
// RUN:   --print out | FileCheck %s --check-prefix=NAN
// RUN: ockham-emulate %s --kernel store --block 32 --all-modes \
// RUN:   --buffer out='f32[8x8]=zeros' --arg map:out:box=4x4 --print out \
// RUN:   | FileCheck %s --check-prefix=STORE
// RUN: ockham-emulate %s --kernel store --block 32 --mutants \
// RUN:   --buffer out='f32[8x8]=zeros' --arg map:out:box=4x4 \
// RUN:   | FileCheck %s --check-prefix=MUTANTS
// RUN: ockham-emulate %s --kernel bytes --block 32 --all-modes \
// RUN:   --buffer a='f32[16]=iota' --buffer out='f32[16]' --arg a --arg out --print out \
// RUN:   | FileCheck %s --check-prefix=BYTES
// RUN: not ockham-emulate %s --kernel load --block 32 \
// RUN:   --buffer a='f32[8x8]=iota' --buffer out='f32[4x4]' --arg map:a:box=4x2 --arg out 2>&1 \
// RUN:   | FileCheck %s --check-prefix=BOX
// RUN: not ockham-emulate %s --kernel load --block 32 \
// RUN:   --buffer a='f32[64]=iota' --buffer out='f32[4x4]' --arg map:a:box=4 --arg out 2>&1 \
// RUN:   | FileCheck %s --check-prefix=RANK

gpu.module @kernels {
  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<16 x f32>
  llvm.mlir.global internal @barrier() {addr_space = 3 : i32, alignment = 8 : i64} : !llvm.array<1 x i64>

  // A box that begins one row above the tensor and ends two columns behind it.
  // LOAD: out:
  // LOAD-NEXT: {{^}}  0 0 0 0{{$}}
  // LOAD-NEXT: {{^}}  6 7 0 0{{$}}
  // LOAD-NEXT: {{^}}  14 15 0 0{{$}}
  // LOAD-NEXT: {{^}}  22 23 0 0{{$}}
  // NAN: out:
  // NAN-NEXT: {{^}}  nan nan nan nan{{$}}
  // NAN-NEXT: {{^}}  6 7 nan nan{{$}}
  // BOX: tensor map: expected an inner box of a multiple of 16 bytes, got 8
  // RANK: cp.async.bulk.tensor load of rank 2 gets a tensor map of rank 1
  gpu.func @load(%map: !llvm.ptr, %out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %bar = llvm.mlir.addressof @barrier : !llvm.ptr<3>
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c6 = arith.constant 6 : i32
    %c16 = arith.constant 16 : i32
    %c64 = arith.constant 64 : i32
    %m1 = arith.constant -1 : i32
    %ticks = arith.constant 1000 : i32
    %leader = arith.cmpi eq, %tid, %c0 : i32
    scf.if %leader {
      nvvm.mbarrier.init %bar, %c1 : !llvm.ptr<3>, i32
      nvvm.fence.mbarrier.init
      nvvm.mbarrier.arrive.expect_tx %bar, %c64 : !llvm.ptr<3>, i32
      %d = llvm.addrspacecast %tile : !llvm.ptr<3> to !llvm.ptr<7>
      nvvm.cp.async.bulk.tensor.shared.cluster.global %d, %map, %bar, box[%c6, %m1] : !llvm.ptr<7>, !llvm.ptr
    }
    nvvm.barrier0
    nvvm.mbarrier.try_wait.parity %bar, %c0, %ticks : !llvm.ptr<3>, i32, i32
    %active = arith.cmpi ult, %tid, %c16 : i32
    scf.if %active {
      %s = llvm.getelementptr %tile[%tid] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      %v = llvm.load %s : !llvm.ptr<3> -> f32
      %o = llvm.getelementptr %out[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      llvm.store %v, %o : f32, !llvm.ptr<1>
    }
    gpu.return
  }

  // The lower right corner is cut off.
  // STORE: out:
  // STORE: {{^}}  0 0 0 0 0 0 0 0{{$}}
  // STORE: {{^}}  0 0 0 0 0 0 0 1{{$}}
  // STORE: {{^}}  0 0 0 0 0 0 4 5{{$}}
  // MUTANTS: drop fence.proxy.async{{.*}}: reported
  // MUTANTS: drop barrier{{.*}}: reported
  // MUTANTS: drop cp.async.bulk.commit.group{{.*}}: reported
  // MUTANTS: drop cp.async.bulk.wait.group{{.*}}: reported
  // MUTANTS: groups left 0 becomes 1: {{.*}}: reported
  // MUTANTS: 5 mutants: 5 reported, {{.*}} 0 not noticed
  gpu.func @store(%map: !llvm.ptr) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c6 = arith.constant 6 : i32
    %c16 = arith.constant 16 : i32
    %m1 = arith.constant -1 : i32
    %active = arith.cmpi ult, %tid, %c16 : i32
    scf.if %active {
      %s = llvm.getelementptr %tile[%tid] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      %v = arith.uitofp %tid : i32 to f32
      llvm.store %v, %s : f32, !llvm.ptr<3>
    }
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    nvvm.barrier0
    %leader = arith.cmpi eq, %tid, %c0 : i32
    scf.if %leader {
      nvvm.cp.async.bulk.tensor.global.shared.cta %map, %tile, box[%c6, %c6] : !llvm.ptr, !llvm.ptr<3>
      nvvm.cp.async.bulk.commit.group
      nvvm.cp.async.bulk.wait_group 0 {read}
    }
    gpu.return
  }

  // There and back without a tensor map.
  // BYTES: out: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
  gpu.func @bytes(%a: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %bar = llvm.mlir.addressof @barrier : !llvm.ptr<3>
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c64 = arith.constant 64 : i32
    %ticks = arith.constant 1000 : i32
    %leader = arith.cmpi eq, %tid, %c0 : i32
    scf.if %leader {
      nvvm.mbarrier.init %bar, %c1 : !llvm.ptr<3>, i32
      nvvm.fence.mbarrier.init
      nvvm.mbarrier.arrive.expect_tx %bar, %c64 : !llvm.ptr<3>, i32
      %d = llvm.addrspacecast %tile : !llvm.ptr<3> to !llvm.ptr<7>
      nvvm.cp.async.bulk.shared.cluster.global %d, %a, %bar, %c64 : !llvm.ptr<7>, !llvm.ptr<1>
      nvvm.mbarrier.try_wait.parity %bar, %c0, %ticks : !llvm.ptr<3>, i32, i32
      nvvm.cp.async.bulk.global.shared.cta %out, %tile, %c64 : !llvm.ptr<1>, !llvm.ptr<3>
      nvvm.cp.async.bulk.commit.group
      nvvm.cp.async.bulk.wait_group 0
    }
    gpu.return
  }
}
