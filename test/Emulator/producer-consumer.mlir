// RUN: ockham-emulate %s --kernel handover --block 64 --buffer out='i32[32]' --arg out --print out \
// RUN:   --all-modes | FileCheck %s
// RUN: ockham-emulate %s --kernel handover --block 64 --buffer out='i32[32]' --arg out --mutants \
// RUN:   | FileCheck %s --check-prefix=MUTANTS
// RUN: ockham-emulate %s --kernel pieces --buffer in='i32[4]=iota' --buffer out='i32[6]' --arg in \
// RUN:   --arg out --print out --all-modes | FileCheck %s --check-prefix=PIECES
// RUN: ockham-emulate %s --kernel reduce --block 32 --buffer t='f32[8x8]=iota' --arg map:t:box=4x4 \
// RUN:   --print t --all-modes | FileCheck %s --check-prefix=REDUCE

gpu.module @kernels {
  llvm.mlir.global internal @tile() {addr_space = 3 : i32, alignment = 128 : i64} : !llvm.array<32 x i32>

  // A warp arrives without waiting, the other waits for what it has written.
  // CHECK: out: 0 2 4 6 8
  // MUTANTS: drop bar.arrive {{.*}}: fails
  // MUTANTS: drop barrier.cta.sync.aligned.count {{.*}}: reported
  // MUTANTS: threads 64 becomes 32: barrier.cta.sync.aligned.count {{.*}}: fails
  // MUTANTS: 3 mutants: {{.*}} 0 not noticed
  gpu.func @handover(%out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c32 = arith.constant 32 : i32
    %c64 = arith.constant 64 : i32
    %producer = arith.cmpi ult, %tid, %c32 : i32
    %lane = arith.remui %tid, %c32 : i32
    %p = llvm.getelementptr %tile[%lane] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
    scf.if %producer {
      %v = arith.muli %lane, %c2 : i32
      llvm.store %v, %p : i32, !llvm.ptr<3>
      nvvm.barrier.arrive id = %c1 number_of_threads = %c64
    } else {
      nvvm.barrier id = %c1 number_of_threads = %c64
      %v = llvm.load %p : !llvm.ptr<3> -> i32
      %o = llvm.getelementptr %out[%lane] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
      llvm.store %v, %o : i32, !llvm.ptr<1>
    }
    gpu.return
  }

  // Copies of 4 and 8 bytes, and one whose second half is filled with zeros.
  // PIECES: out: 3 1 2 0 0 1
  gpu.func @pieces(%in: !llvm.ptr<1>, %out: !llvm.ptr<1>) kernel {
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c4 = arith.constant 4 : i32
    %c6 = arith.constant 6 : i32
    %in2 = llvm.getelementptr %in[2] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %in3 = llvm.getelementptr %in[3] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %in1 = llvm.getelementptr %in[1] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %t1 = llvm.getelementptr %tile[1] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i32
    %t2 = llvm.getelementptr %tile[2] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i32
    %t4 = llvm.getelementptr %tile[4] : (!llvm.ptr<3>) -> !llvm.ptr<3>, i32
    nvvm.cp.async.shared.global %tile, %in3, 4, cache = ca : !llvm.ptr<3>, !llvm.ptr<1>
    nvvm.cp.async.shared.global %t1, %in1, 4, cache = ca : !llvm.ptr<3>, !llvm.ptr<1>
    nvvm.cp.async.shared.global %t2, %in2, 8, cache = ca, %c4 : !llvm.ptr<3>, !llvm.ptr<1>, i32
    nvvm.cp.async.shared.global %t4, %in, 8, cache = ca : !llvm.ptr<3>, !llvm.ptr<1>
    nvvm.cp.async.commit.group
    nvvm.cp.async.wait.group 0
    scf.for %i = %c0 to %c6 step %c1 : i32 {
      %p = llvm.getelementptr %tile[%i] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i32
      %v = llvm.load %p : !llvm.ptr<3> -> i32
      %o = llvm.getelementptr %out[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
      llvm.store %v, %o : i32, !llvm.ptr<1>
    }
    gpu.return
  }

  // Adds a tile of fifties to the tensor at column and row 2, and takes the larger
  // at column 6, where half of it is outside.
  // REDUCE: {{^}}  0 1 2 3 4 5 50 50{{$}}
  // REDUCE-NEXT: {{^}}  8 9 10 11 12 13 50 50{{$}}
  // REDUCE-NEXT: {{^}}  16 17 68 69 70 71 50 50{{$}}
  // REDUCE-NEXT: {{^}}  24 25 76 77 78 79 50 50{{$}}
  // REDUCE-NEXT: {{^}}  32 33 84 85 86 87 38 39{{$}}
  // REDUCE-NEXT: {{^}}  40 41 92 93 94 95 46 47{{$}}
  // REDUCE-NEXT: {{^}}  48 49 50 51 52 53 54 55{{$}}
  gpu.func @reduce(%map: !llvm.ptr) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %tile = llvm.mlir.addressof @tile : !llvm.ptr<3>
    %value = arith.constant 50.0 : f32
    %c0 = arith.constant 0 : i32
    %c2 = arith.constant 2 : i32
    %c6 = arith.constant 6 : i32
    %c16 = arith.constant 16 : i32
    %inside = arith.cmpi ult, %tid, %c16 : i32
    scf.if %inside {
      %p = llvm.getelementptr %tile[%tid] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
      llvm.store %value, %p : f32, !llvm.ptr<3>
    }
    nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
    nvvm.barrier0
    %leader = arith.cmpi eq, %tid, %c0 : i32
    scf.if %leader {
      nvvm.cp.async.bulk.tensor.reduce %map, %tile, box[%c2, %c2] {redKind = #nvvm.tma_redux_kind<add>} : !llvm.ptr, !llvm.ptr<3>
      nvvm.cp.async.bulk.tensor.reduce %map, %tile, box[%c6, %c0] {redKind = #nvvm.tma_redux_kind<max>} : !llvm.ptr, !llvm.ptr<3>
      nvvm.cp.async.bulk.commit.group
      nvvm.cp.async.bulk.wait_group 0
    }
    gpu.return
  }
}
