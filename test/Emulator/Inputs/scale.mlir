// out[i] = factor * in[i], and a kernel that races with itself.
gpu.module @kernels {
  gpu.func @scale(%in: !llvm.ptr<1>, %out: !llvm.ptr<1>, %factor: f32, %n: i32) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %block = nvvm.read.ptx.sreg.ctaid.x : i32
    %size = nvvm.read.ptx.sreg.ntid.x : i32
    %base = arith.muli %block, %size : i32
    %i = arith.addi %base, %tid : i32
    %inside = arith.cmpi ult, %i, %n : i32
    scf.if %inside {
      %p = llvm.getelementptr %in[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      %v = llvm.load %p : !llvm.ptr<1> -> f32
      %w = arith.mulf %v, %factor : f32
      %o = llvm.getelementptr %out[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      llvm.store %w, %o : f32, !llvm.ptr<1>
    }
    gpu.return
  }

  gpu.func @race(%out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    llvm.store %tid, %out : i32, !llvm.ptr<1>
    gpu.return
  }
}
