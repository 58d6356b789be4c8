// Softmax with a warp per row, layer norm with a block per row, and a sum over
// K that blocks share through atomics.
//
// RUN: rm -rf %t && mkdir -p %t
// RUN: %python %S/Inputs/row_reference.py %t
// RUN: ockham-emulate %s --kernel softmax --grid 2 --block 64 --buffer x='f32[4x64]'=%t/x.npy \
// RUN:   --buffer y='f32[4x64]' --arg x --arg y --expect y=%t/softmax.npy --tolerance 1e-6 --all-modes
// RUN: ockham-emulate %s --kernel norm --grid 4 --block 64 --buffer x='f32[4x64]'=%t/x.npy \
// RUN:   --buffer y='f32[4x64]' --arg x --arg y --expect y=%t/norm.npy --tolerance 1e-5 --all-modes
// RUN: ockham-emulate %s --kernel norm --grid 4 --block 64 --buffer x='f32[4x64]'=%t/x.npy \
// RUN:   --buffer y='f32[4x64]' --arg x --arg y --tolerance 1e-5 --mutants | FileCheck %s
// RUN: ockham-emulate %s --kernel columns --grid 4 --block 64 --buffer x='f32[4x64]'=%t/x.npy \
// RUN:   --buffer y='f32[64]=zeros' --arg x --arg y --expect y=%t/columns.npy --tolerance 1e-5 \
// RUN:   --all-modes

gpu.module @kernels {
  llvm.mlir.global internal @partial() {addr_space = 3 : i32, alignment = 16 : i64} : !llvm.array<4 x f32>

  llvm.func internal @reduce(%x: f32, %isMax: i1) -> f32 {
    %all = llvm.mlir.constant(-1 : i32) : i32
    %c31 = llvm.mlir.constant(31 : i32) : i32
    %c0 = llvm.mlir.constant(0 : i32) : i32
    %c1 = llvm.mlir.constant(1 : i32) : i32
    %c16 = llvm.mlir.constant(16 : i32) : i32
    llvm.br ^loop(%x, %c16 : f32, i32)
  ^loop(%v: f32, %distance: i32):
    %o = nvvm.shfl.sync bfly %all, %v, %distance, %c31 : f32 -> f32
    %m = llvm.intr.maxnum(%v, %o) : (f32, f32) -> f32
    %s = llvm.fadd %v, %o : f32
    %r = llvm.select %isMax, %m, %s : i1, f32
    %d = llvm.lshr %distance, %c1 : i32
    %more = llvm.icmp "ne" %d, %c0 : i32
    llvm.cond_br %more, ^loop(%r, %d : f32, i32), ^done
  ^done:
    llvm.return %r : f32
  }

  gpu.func @softmax(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %block = nvvm.read.ptx.sreg.ctaid.x : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %max = arith.constant true
    %sum = arith.constant false
    %c32 = arith.constant 32 : i32
    %c64 = arith.constant 64 : i32
    %c2 = arith.constant 2 : i32
    %warp = arith.divui %tid, %c32 : i32
    %two = arith.muli %block, %c2 : i32
    %row = arith.addi %two, %warp : i32
    %begin = arith.muli %row, %c64 : i32
    %i = arith.addi %begin, %lane : i32
    %j = arith.addi %i, %c32 : i32
    %p = llvm.getelementptr %x[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %q = llvm.getelementptr %x[%j] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %a = llvm.load %p : !llvm.ptr<1> -> f32
    %b = llvm.load %q : !llvm.ptr<1> -> f32
    %m0 = arith.maximumf %a, %b : f32
    %m = llvm.call @reduce(%m0, %max) : (f32, i1) -> f32
    %da = arith.subf %a, %m : f32
    %db = arith.subf %b, %m : f32
    %ea = math.exp %da : f32
    %eb = math.exp %db : f32
    %s0 = arith.addf %ea, %eb : f32
    %s = llvm.call @reduce(%s0, %sum) : (f32, i1) -> f32
    %ra = arith.divf %ea, %s : f32
    %rb = arith.divf %eb, %s : f32
    %pa = llvm.getelementptr %y[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %pb = llvm.getelementptr %y[%j] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    llvm.store %ra, %pa : f32, !llvm.ptr<1>
    llvm.store %rb, %pb : f32, !llvm.ptr<1>
    gpu.return
  }

  // The sum over a block: warps first, then their sums through shared memory.
  llvm.func internal @blockSum(%v: f32, %slot: i32) -> f32 {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %lane = nvvm.read.ptx.sreg.laneid : i32
    %false = llvm.mlir.constant(false) : i1
    %c0 = llvm.mlir.constant(0 : i32) : i32
    %c1 = llvm.mlir.constant(1 : i32) : i32
    %c5 = llvm.mlir.constant(5 : i32) : i32
    %base = llvm.mlir.addressof @partial : !llvm.ptr<3>
    %s = llvm.call @reduce(%v, %false) : (f32, i1) -> f32
    %warp = llvm.lshr %tid, %c5 : i32
    %i = llvm.add %slot, %warp : i32
    %p = llvm.getelementptr %base[%i] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    %leader = llvm.icmp "eq" %lane, %c0 : i32
    llvm.cond_br %leader, ^store, ^meet
  ^store:
    llvm.store %s, %p : f32, !llvm.ptr<3>
    llvm.br ^meet
  ^meet:
    nvvm.barrier0
    %p0 = llvm.getelementptr %base[%slot] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    %next = llvm.add %slot, %c1 : i32
    %p1 = llvm.getelementptr %base[%next] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    %a = llvm.load %p0 : !llvm.ptr<3> -> f32
    %b = llvm.load %p1 : !llvm.ptr<3> -> f32
    %r = llvm.fadd %a, %b : f32
    llvm.return %r : f32
  }

  // CHECK: drop barrier{{.*}}: reported
  // CHECK: mutants: {{.*}} 0 not noticed
  gpu.func @norm(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %block = nvvm.read.ptx.sreg.ctaid.x : i32
    %c0 = arith.constant 0 : i32
    %c2 = arith.constant 2 : i32
    %c64 = arith.constant 64 : i32
    %width = arith.constant 64.0 : f32
    %eps = arith.constant 1.0e-5 : f32
    %begin = arith.muli %block, %c64 : i32
    %i = arith.addi %begin, %tid : i32
    %p = llvm.getelementptr %x[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %v = llvm.load %p : !llvm.ptr<1> -> f32
    %s = llvm.call @blockSum(%v, %c0) : (f32, i32) -> f32
    %mean = arith.divf %s, %width : f32
    %d = arith.subf %v, %mean : f32
    %dd = arith.mulf %d, %d : f32
    %ss = llvm.call @blockSum(%dd, %c2) : (f32, i32) -> f32
    %variance = arith.divf %ss, %width : f32
    %shifted = arith.addf %variance, %eps : f32
    %scale = math.rsqrt %shifted : f32
    %r = arith.mulf %d, %scale : f32
    %o = llvm.getelementptr %y[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    llvm.store %r, %o : f32, !llvm.ptr<1>
    gpu.return
  }

  // Each block adds its row.
  gpu.func @columns(%x: !llvm.ptr<1>, %y: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %block = nvvm.read.ptx.sreg.ctaid.x : i32
    %c64 = arith.constant 64 : i32
    %begin = arith.muli %block, %c64 : i32
    %i = arith.addi %begin, %tid : i32
    %p = llvm.getelementptr %x[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %v = llvm.load %p : !llvm.ptr<1> -> f32
    %o = llvm.getelementptr %y[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %old = llvm.atomicrmw fadd %o, %v monotonic : !llvm.ptr<1>, f32
    gpu.return
  }
}
