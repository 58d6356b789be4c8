// The kernels of cuda-model.c, a thread per element.
gpu.module @kernels {
  // out[i] = factor[0] * in[i]
  gpu.func @scale(%in: !llvm.ptr<1>, %out: !llvm.ptr<1>, %factor: !llvm.ptr<1>, %n: i32) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %block = nvvm.read.ptx.sreg.ctaid.x : i32
    %size = nvvm.read.ptx.sreg.ntid.x : i32
    %base = arith.muli %block, %size : i32
    %i = arith.addi %base, %tid : i32
    %inside = arith.cmpi ult, %i, %n : i32
    scf.if %inside {
      %p = llvm.getelementptr %in[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      %v = llvm.load %p : !llvm.ptr<1> -> f32
      %f = llvm.load %factor : !llvm.ptr<1> -> f32
      %w = arith.mulf %v, %f : f32
      %o = llvm.getelementptr %out[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
      llvm.store %w, %o : f32, !llvm.ptr<1>
    }
    gpu.return
  }

  // sum[i] += in[i]
  gpu.func @accumulate(%in: !llvm.ptr<1>, %sum: !llvm.ptr<1>) kernel {
    %i = nvvm.read.ptx.sreg.tid.x : i32
    %p = llvm.getelementptr %in[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %v = llvm.load %p : !llvm.ptr<1> -> f32
    %o = llvm.getelementptr %sum[%i] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, f32
    %s = llvm.load %o : !llvm.ptr<1> -> f32
    %w = arith.addf %s, %v : f32
    llvm.store %w, %o : f32, !llvm.ptr<1>
    gpu.return
  }

  // Records in[0] where it is negative, unless something was recorded before.
  gpu.func @check(%in: !llvm.ptr<1>, %record: !llvm.ptr<1>) kernel {
    %zero = arith.constant 0.0 : f32
    %none = arith.constant 0 : i64
    %set = arith.constant 1 : i64
    %v = llvm.load %in : !llvm.ptr<1> -> f32
    %negative = arith.cmpf olt, %v, %zero : f32
    %before = llvm.load %record : !llvm.ptr<1> -> i64
    %first = arith.cmpi eq, %before, %none : i64
    %fails = arith.andi %negative, %first : i1
    scf.if %fails {
      %p = llvm.getelementptr %record[1] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i64
      %i = arith.fptosi %v : f32 to i64
      llvm.store %i, %p : i64, !llvm.ptr<1>
      llvm.store %set, %record : i64, !llvm.ptr<1>
    }
    gpu.return
  }

  // All threads write to one place.
  gpu.func @race(%out: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    llvm.store %tid, %out : i32, !llvm.ptr<1>
    gpu.return
  }
}
