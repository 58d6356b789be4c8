// RUN: ockham-emulate %s --kernel branches --block 4 --buffer r='i32[4]' --arg r --print r \
// RUN:   | FileCheck %s
// RUN: not ockham-emulate %s --kernel branches --block 4 --buffer r='i32[4]' --arg i32:1 2>&1 \
// RUN:   | FileCheck %s --check-prefix=OUTSIDE
// RUN: sed 's@/. PLACEHOLDER ./@vabsdiff2.s32 $0, $1, $1;@' %s > %t.mlir
// RUN: not ockham-emulate %t.mlir --kernel branches --block 4 --buffer r='i32[4]' --arg r 2>&1 \
// RUN:   | FileCheck %s --check-prefix=UNKNOWN
// RUN: sed 's@/. PLACEHOLDER ./@mov.b32 $0, nobody;@' %s > %t.mlir
// RUN: not ockham-emulate %t.mlir --kernel branches --block 4 --buffer r='i32[4]' --arg r 2>&1 \
// RUN:   | FileCheck %s --check-prefix=REGISTER
// RUN: sed 's@/. PLACEHOLDER ./@mov.b32 $0 $1;@' %s > %t.mlir
// RUN: not ockham-emulate %t.mlir --kernel branches --block 4 --buffer r='i32[4]' --arg r 2>&1 \
// RUN:   | FileCheck %s --check-prefix=SYNTAX

// OUTSIDE: an access out of bounds ends the grid
// OUTSIDE: write of 4 bytes at address 0x1, which is in no allocation: thread (0,0,0) of block (0,0,0) at inline-ptx.mlir:
// UNKNOWN: error: {{.*}}.mlir:{{[0-9]+}}:{{[0-9]+}}: unknown instruction vabsdiff2.s32
// REGISTER: unknown register 'nobody'
// SYNTAX: expected ';' before '$1
gpu.module @kernels {
  // Predicates, labels and registers of its own.
  // CHECK: r: 7 7 2 3
  gpu.func @branches(%r: !llvm.ptr<1>) kernel {
    %tid = nvvm.read.ptx.sreg.tid.x : i32
    %v = llvm.inline_asm has_side_effects asm_dialect = att "{ .reg .pred p; .reg .b32 x<2>; mov.b32 x1, 7; /* PLACEHOLDER */ setp.lt.u32 p, $1, 2; @p bra SMALL; mov.b32 $0, $1; bra.uni DONE; SMALL: mov.b32 $0, x1; DONE: }", "=r,r" %tid : (i32) -> i32
    %p = llvm.getelementptr %r[%tid] : (!llvm.ptr<1>, i32) -> !llvm.ptr<1>, i32
    llvm.store %v, %p : i32, !llvm.ptr<1>
    gpu.return
  }
}
