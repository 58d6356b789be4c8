//===- Passes.td - From tile kernels to NVVM --------------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TARGET_CUDA_PASSES
#define OCKHAM_TARGET_CUDA_PASSES

include "mlir/Pass/PassBase.td"

def CUDAChooseStrategies
    : Pass<"ockham-cuda-choose-strategies", "::mlir::ModuleOp"> {
  let summary = "Decide how thread blocks run each kernel";
  let description = [{
    Gives each `tile.kernel` without a strategy an `#ockham_cuda.strategy`, and
    its blocks sizes that threads, registers and shared memory are made for.
    Products of 16-bit factors run on tensor cores, others as multiply-adds, or,
    with `tf32`, on tensor cores with their factors rounded to 11 bits; kernels
    without products get threads along rows, 16 bytes each.

    A product of activations and weights whose number of rows is not known is
    cloned: a kernel for few rows, in which warps share the depth; one for so
    many that blocks of 128 x 128 would leave the GPU idle; and one for more.
    The launch chooses.
  }];
  let options = [
    Option<"arch", "arch", "int64_t", "80",
           "Compute capability of the oldest GPU that runs the kernels">,
    Option<"shared", "shared", "int64_t", "0",
           "Bytes of shared memory that a block may have at most; 0: what the "
           "GPU has">,
    Option<"tf32", "tf32", "bool", "false",
           "Round the factors of f32 products to tf32, for tensor cores">
  ];
  let dependentDialects = ["::ockham::cuda::CUDADialect",
    "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect"];
}

def CUDAStage : Pass<"ockham-cuda-stage", "::mlir::ModuleOp"> {
  let summary = "Put windows of kernels into shared memory";
  let description = [{
    Loops over windows become `scf.for` over numbered windows in rings of
    shared memory, filled `stages - 1` numbers ahead. Blocks that products read
    and that threads do not have as an operand go there too, and so do
    transposes, scans, parted columns and reductions across warps. What must be
    waited for is not said here: `--ockham-cuda-synchronize` finds it out.
  }];
  let dependentDialects = ["::ockham::cuda::CUDADialect",
    "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect"];
}

def CUDASynchronize : Pass<"ockham-cuda-synchronize", "::mlir::ModuleOp"> {
  let summary = "Generate barriers, groups of copies and waits";
  let description = [{
    Follows what is written to and read from shared memory through each staged
    kernel, also from one turn of a loop to the next, and puts in front of each
    access what it needs: the end of a group of copies behind the last one, a
    wait that leaves as many groups under way as were begun since, a barrier
    where other threads have read or written.
  }];
  let dependentDialects = ["::ockham::cuda::CUDADialect"];
}

def CUDALowerKernels : Pass<"ockham-cuda-lower-kernels", "::mlir::ModuleOp"> {
  let summary = "Turn staged kernels into functions for threads";
  let description = [{
    Each synchronised `tile.kernel` becomes a function of `gpu.module @kernels`,
    on scalars, 1-D vectors and pointers, with NVVM ops where the hardware has
    instructions of its own; each `tile.launch` on buffers an
    `ockham_cuda.launch`. How a launch passes arguments is in docs/cuda.md.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::NVVM::NVVMDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::ockham::OckhamDialect", "::ockham::cuda::CUDADialect"];
}

#endif // OCKHAM_TARGET_CUDA_PASSES
