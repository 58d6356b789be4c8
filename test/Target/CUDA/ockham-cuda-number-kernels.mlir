// RUN: ockham-opt %s --ockham-cuda-number-kernels --split-input-file --verify-diagnostics | FileCheck %s

gpu.module @kernels {
  llvm.func @first(%x: !llvm.ptr) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 256>} {
    llvm.return
  }
  llvm.func @helper(%x: f32) {
    llvm.return
  }
  llvm.func @second(%x: !llvm.ptr, %n: i64) attributes {nvvm.kernel,
      nvvm.reqntid = array<i32: 32, 4, 1>, ockham_cuda.shared_bytes = 49152 : i32} {
    llvm.return
  }
}
// CHECK-LABEL: func.func @forward
// CHECK: ockham.launch @kernels::@second{{.*}} {number = 1 : i32, shared = 49152 : i32, threads = array<i32: 32, 4, 1>}
// CHECK: ockham.launch @kernels::@first{{.*}} {number = 0 : i32, shared = 0 : i32, threads = array<i32: 256, 1, 1>}
func.func @forward(%x: !llvm.ptr, %n: index) {
  ockham.launch @kernels::@second blocks(%n, %n, %n) (%x, %n) : !llvm.ptr, index
  ockham.launch @kernels::@first blocks(%n, %n, %n) (%x) : !llvm.ptr
  return
}

// -----

gpu.module @kernels {
  // expected-error @+1 {{is a kernel without one to three extents of its blocks in 'nvvm.reqntid'}}
  llvm.func @first() attributes {nvvm.kernel} {
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @helper() {
    llvm.return
  }
}
func.func @forward(%n: index) {
  // expected-error @+1 {{names @kernels::@helper, which is no kernel of @kernels}}
  ockham.launch @kernels::@helper blocks(%n, %n, %n) ()
  return
}

// -----

gpu.module @kernels {
  llvm.func @first(%x: !llvm.ptr) attributes {nvvm.kernel, nvvm.reqntid = array<i32: 256>} {
    llvm.return
  }
}
func.func @forward(%n: index) {
  // expected-error @+1 {{passes 0 arguments but '@kernels::@first' takes 1}}
  ockham.launch @kernels::@first blocks(%n, %n, %n) ()
  return
}
