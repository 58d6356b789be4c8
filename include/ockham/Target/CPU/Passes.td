//===- Passes.td - From linalg to LLVM on the CPU ---------*- tablegen -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TARGET_CPU_PASSES
#define OCKHAM_TARGET_CPU_PASSES

include "mlir/Pass/PassBase.td"

def CPUChooseStrategies
    : Pass<"ockham-cpu-choose-strategies", "::mlir::ModuleOp"> {
  let summary = "Decide how the CPU runs each kernel";
  let description = [{
    Gives each `tile.kernel` without a strategy an `#ockham_cpu.strategy`, and
    the accumulators of its products a size that the registers hold: 8 x 3
    vectors of 64 bytes, 4 x 3 narrower ones. Packed weights stay as they are:
    a narrower block is a part of a panel. Products that a matrix unit can do
    have blocks of up to 32 rows, which are 2 x 3 tiles by a panel of 48
    columns, unless no launch has the rows that make it worth while.
  }];
  let options = [
    Option<"vectorBytes", "vector-bytes", "int64_t", "64",
           "Width of a vector register in bytes">,
    Option<"cacheBytes", "cache-bytes", "int64_t", "524288",
           "What a block of rows of the left-hand side may take of the cache">,
    Option<"bf16Pairs", "bf16-pairs", "bool", "false",
           "There is an instruction that multiplies pairs of bf16 (AVX512-BF16)">,
    Option<"amx", "amx", "bool", "false",
           "There is a matrix unit for bf16 (AMX-BF16)">,
    Option<"mostDepth", "most-depth", "int64_t", "768",
           "The depth beyond which a product is summed up in parts; 0: never">
  ];
  let dependentDialects = ["::ockham::cpu::CPUDialect"];
}

def CPULowerKernels : Pass<"ockham-cpu-lower-kernels", "::mlir::ModuleOp"> {
  let summary = "Turn kernels into functions of 1-D vectors for the host's threads";
  let description = [{
    Each `tile.kernel` becomes a function over a range of the blocks that its
    strategy (`#ockham_cpu.strategy`) makes of its grid, and each `tile.launch`
    on buffers an `ockham.parallel_for` of it. Blocks are registers: a row of a
    block of f32 is a few vectors of `vector_bytes`. The dimension `loop` of the
    grid is a loop inside of the function; its last points, which are shorter
    than a step, have code of their own. Along the other dimensions what lies
    outside is masked.

    Where a window lies at an index of the grid, the launch checks that the
    view is as large as the grid, and no element is checked.

    Products for the matrix unit become calls of functions that the module has
    once for each shape: tiles are configured and released per function, so none
    is live where anything else is done. Their sums go to memory, which the code
    behind a product reads row by row.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::mlir::memref::MemRefDialect", "::mlir::LLVM::LLVMDialect",
    "::ockham::OckhamDialect"];
}

def CPULowerContractions
    : Pass<"ockham-cpu-lower-contractions", "::mlir::func::FuncOp"> {
  let summary = "Turn products on buffers into blocked loops over 1-D vectors";
  let description = [{
    `linalg.matmul`, `linalg.batch_matmul` and generics of the same meaning
    become parallel loops over register tiles of `tile-rows` x `tile-vectors`
    1-D vectors, accumulators that the loop over k carries.
    Tails are masked; all extents may be dynamic.
  }];
  let options = [
    Option<"vectorBytes", "vector-bytes", "int64_t", "64",
           "Width of a vector register in bytes">,
    Option<"tileRows", "tile-rows", "int64_t", "8",
           "Rows of a register tile">,
    Option<"tileVectors", "tile-vectors", "int64_t", "3",
           "Vectors per row of a register tile">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect",
    "::mlir::memref::MemRefDialect"];
}

def CPULowerGenerics
    : Pass<"ockham-cpu-lower-generics", "::mlir::func::FuncOp"> {
  let summary = "Turn linalg ops on buffers into parallel loops of vectors";
  let description = [{
    The outer parallel dimensions become one `scf.parallel`; the innermost
    dimension along which every operand is contiguous or constant is worked
    through in vectors of `vector-bytes`, with a masked tail. What cannot be
    vectorised (a gather, a table look-up) becomes scalar loops.
  }];
  let options = [
    Option<"vectorBytes", "vector-bytes", "int64_t", "64",
           "Width of a vector register in bytes">,
    Option<"grain", "grain", "int64_t", "16384",
           "Smallest number of elements worth a thread of its own">
  ];
  let dependentDialects = [
    "::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect", "::mlir::memref::MemRefDialect"];
}

def CPUApproximateMath
    : Pass<"ockham-cpu-approximate-math", "::mlir::func::FuncOp"> {
  let summary = "Replace exp, tanh, erf and their like by polynomials";
  let description = [{
    Vector and scalar math ops of f32 become polynomials of at most a few units
    in the last place, instead of one library call per element. Sine and cosine
    take off the multiples of a quarter turn in f64. What upstream has no good
    polynomial for (the arc tangent, say) stays a call. Conversions between f32
    and bf16 become arithmetic on integers, which keeps subnormal numbers.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::math::MathDialect",
    "::mlir::vector::VectorDialect"];
}

def CPUOutlineParallel
    : Pass<"ockham-cpu-outline-parallel", "::mlir::ModuleOp"> {
  let summary = "Give parallel loops to the host's threads";
  let description = [{
    The body of each outermost `scf.parallel` becomes a function over a range of
    iterations, called through `ockham.parallel_for`; nested ones become
    sequential loops.
  }];
  let dependentDialects = [
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::scf::SCFDialect", "::ockham::OckhamDialect"];
}

def CPUProtectInputs
    : Pass<"ockham-cpu-protect-inputs", "::mlir::ModuleOp"> {
  let summary = "Forbid bufferization to write to the inputs of entry points";
  let description = [{
    Inputs belong to the caller and weights to all sessions. Sets
    `bufferization.writable = false` on the arguments of entry points.
  }];
}

def CPUUseHostMemory
    : Pass<"ockham-cpu-use-host-memory", "::mlir::ModuleOp"> {
  let summary = "Take buffers from the host and hand outputs over";
  let description = [{
    In entry points, `memref.alloc` and `memref.dealloc` become
    `ockham.allocate` and `ockham.release`. A returned buffer becomes
    `ockham.output` where it was allocated, or is copied into one, and the entry
    point returns nothing.
  }];
  let dependentDialects = [
    "::mlir::memref::MemRefDialect", "::ockham::OckhamDialect"];
}

def CPULowerHostCalls
    : Pass<"ockham-cpu-lower-host-calls", "::mlir::ModuleOp"> {
  let summary = "Give entry points the signature of the model ABI";
  let description = [{
    Runs on unstructured control flow. Entry points become functions
    `i32 (ptr host, ptr call)` of the model ABI (include/ockham-c/ModelABI.h):
    inputs and weights are read from the call, memory, outputs and threads come
    from the host table, and every failed check or allocation returns its
    status. Bodies of parallel loops read their captures from a struct.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect",
    "::mlir::cf::ControlFlowDialect", "::mlir::func::FuncDialect",
    "::mlir::arith::ArithDialect"];
}

#endif // OCKHAM_TARGET_CPU_PASSES
