//===- Passes.td - Host programs of GPUs ------------------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TARGET_CUDA_HOST_PASSES
#define OCKHAM_TARGET_CUDA_HOST_PASSES

include "mlir/Pass/PassBase.td"

def CUDADeferChecks : Pass<"ockham-cuda-defer-checks", "::mlir::ModuleOp"> {
  let summary = "Let kernels check what depends on elements";
  let description = [{
    In entry points, an `ockham.check` whose condition depends on elements, as
    those of indices do, becomes a parallel loop of one iteration, which writes
    the values of a check that fails to an `ockham.check_record`: the host need
    not wait for the device, and calls can be captured as graphs. The call fails
    in the end; kernels before that must not reach outside of their buffers.
    Checks stay on the host where it uses the same elements for more.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect", "::ockham::OckhamDialect"];
}

def CUDAFindBranches : Pass<"ockham-cuda-find-branches", "::mlir::ModuleOp"> {
  let summary = "Find launches that may run side by side";
  let description = [{
    In entry points, launches between which there is nothing else for the device
    fall into groups that do not depend on each other by what they read and write,
    such as the sub-blocks of a parallel block. Of the ways to cut a sequence of
    launches into parts with two or more such groups, that is taken which leaves
    the shortest chain; each part becomes an `ockham.branches`, of four branches
    at most. Buffers are made before it and released behind it. Different buffers
    and arguments are different memory.
  }];
  let options = [
    Option<"window", "window", "unsigned", "64",
           "Most launches in one part">
  ];
  let dependentDialects = ["::ockham::OckhamDialect"];
}

def CUDALowerBranches : Pass<"ockham-cuda-lower-branches", "::mlir::ModuleOp"> {
  let summary = "Write branches one behind the other, with calls of the host";
  let description = [{
    Each `ockham.branches` becomes its regions' ops, with an
    `ockham.device_branch` before each of them and behind the last.
  }];
  let dependentDialects = ["::ockham::OckhamDialect"];
}

def CUDAMoveConstants
    : Pass<"ockham-cuda-move-constants", "::mlir::ModuleOp"> {
  let summary = "Make weights of constants, which kernels read on the device";
  let description = [{
    Each `memref.global` that is constant and initialised becomes an
    `ockham.weight`, and each `memref.get_global` of it an `ockham.load_weight`:
    constants of the host's code are not in the memory of the device.
  }];
  let dependentDialects = ["::ockham::OckhamDialect"];
}

def CUDAOutlineRest : Pass<"ockham-cuda-outline-rest", "::mlir::ModuleOp"> {
  let summary = "Make kernels of what has none: linalg ops, copies, loops";
  let description = [{
    In entry points, where all buffers are memory of the device: each linalg op
    on buffers, parallel loop, store, and copy that is not of dense buffers
    becomes a kernel of `gpu.module @kernels` with a thread per iteration, and an
    `ockham.launch`; a copy of dense buffers becomes `ockham.device_copy`. Slow,
    but right; a remark names each linalg op. Reductions of integers to one
    element are atomic. Indices that are elements themselves are kept inside of
    their buffers, since they are checked only in the end. A load outside of loops
    becomes `ockham.device_load`, which waits for the device. What is left that
    reads or writes elements is an error.
  }];
  let options = [
    Option<"threads", "threads", "int64_t", "256", "Threads of a block">
  ];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect", "::ockham::OckhamDialect"];
}

def CUDANumberKernels
    : Pass<"ockham-cuda-number-kernels", "::mlir::ModuleOp"> {
  let summary = "Write a kernel's number, threads and shared memory on launches";
  let description = [{
    Launches name kernels by their numbers in the model's table, which has those
    of `gpu.module @kernels` in their order. Each `ockham_cuda.launch` becomes an
    `ockham.launch`.
  }];
  let dependentDialects = ["::ockham::OckhamDialect"];
}

#endif // OCKHAM_TARGET_CUDA_HOST_PASSES
