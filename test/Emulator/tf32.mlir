// cvt.rna.tf32: to nearest, in the middle away from zero; what is infinite or no
// number stays so.

// RUN: ockham-emulate %s --kernel round --block 1 --buffer out='i32[6]' --arg out --print out | FileCheck %s
// The upper 20 bits of 1, 1 + 2^-10, the same below zero, infinity, NaN, 1.
// CHECK: out: 260096 260098 784386 522240 524287 260096

gpu.module @kernels {
  gpu.func @round(%out: !llvm.ptr<1>) kernel {
    %c12 = arith.constant 12 : i32
    %below = arith.constant 0x3f800fff : i32
    %middle = arith.constant 0x3f801000 : i32
    %negative = arith.constant 0xbf801000 : i32
    %infinity = arith.constant 0x7f800000 : i32
    %nan = arith.constant 0x7fffffff : i32
    %carry = arith.constant 0x3f7ff000 : i32
    %f0 = llvm.bitcast %below : i32 to f32
    %f1 = llvm.bitcast %middle : i32 to f32
    %f2 = llvm.bitcast %negative : i32 to f32
    %f3 = llvm.bitcast %infinity : i32 to f32
    %f4 = llvm.bitcast %nan : i32 to f32
    %f5 = llvm.bitcast %carry : i32 to f32
    %r0 = nvvm.convert.float.to.tf32 %f0 {rnd = #nvvm.fp_rnd_mode<rna>}
    %r1 = nvvm.convert.float.to.tf32 %f1 {rnd = #nvvm.fp_rnd_mode<rna>}
    %r2 = nvvm.convert.float.to.tf32 %f2 {rnd = #nvvm.fp_rnd_mode<rna>}
    %r3 = nvvm.convert.float.to.tf32 %f3 {rnd = #nvvm.fp_rnd_mode<rna>}
    %r4 = nvvm.convert.float.to.tf32 %f4 {rnd = #nvvm.fp_rnd_mode<rna>}
    %r5 = nvvm.convert.float.to.tf32 %f5 {rnd = #nvvm.fp_rnd_mode<rna>}
    %u0 = arith.shrui %r0, %c12 : i32
    %u1 = arith.shrui %r1, %c12 : i32
    %u2 = arith.shrui %r2, %c12 : i32
    %u3 = arith.shrui %r3, %c12 : i32
    %u4 = arith.shrui %r4, %c12 : i32
    %u5 = arith.shrui %r5, %c12 : i32
    %p1 = llvm.getelementptr %out[1] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %p2 = llvm.getelementptr %out[2] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %p3 = llvm.getelementptr %out[3] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %p4 = llvm.getelementptr %out[4] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    %p5 = llvm.getelementptr %out[5] : (!llvm.ptr<1>) -> !llvm.ptr<1>, i32
    llvm.store %u0, %out : i32, !llvm.ptr<1>
    llvm.store %u1, %p1 : i32, !llvm.ptr<1>
    llvm.store %u2, %p2 : i32, !llvm.ptr<1>
    llvm.store %u3, %p3 : i32, !llvm.ptr<1>
    llvm.store %u4, %p4 : i32, !llvm.ptr<1>
    llvm.store %u5, %p5 : i32, !llvm.ptr<1>
    gpu.return
  }
}
