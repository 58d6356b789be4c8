//===- Pipelines.h - Ordered passes -----------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_PIPELINES_PIPELINES_H
#define OCKHAM_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

namespace ockham {

struct CPUPipelineOptions : mlir::PassPipelineOptions<CPUPipelineOptions> {
  Option<int64_t> vectorBytes{
      *this, "vector-bytes", llvm::cl::init(64),
      llvm::cl::desc("Width of a vector register in bytes: 64 for AVX-512, 32 "
                     "for AVX2, 16 else")};
  Option<bool> bf16Pairs{
      *this, "bf16-pairs", llvm::cl::init(false),
      llvm::cl::desc("There is an instruction that multiplies pairs of bf16 "
                     "(AVX512-BF16)")};
  Option<bool> amx{*this, "amx", llvm::cl::init(false),
                   llvm::cl::desc("There is a matrix unit for bf16 "
                                  "(AMX-BF16)")};
  Option<bool> planMemory{
      *this, "plan-memory", llvm::cl::init(true),
      llvm::cl::desc("Place buffers in one arena per entry point, where their "
                     "sizes follow from the shapes of the inputs")};
  /// Receives the plans as tables; outlives the pipeline. Null for none.
  llvm::raw_ostream *memoryPlan = nullptr;
};

struct CUDAPipelineOptions : mlir::PassPipelineOptions<CUDAPipelineOptions> {
  Option<int64_t> arch{
      *this, "arch", llvm::cl::init(80),
      llvm::cl::desc("Compute capability of the oldest GPU that runs the "
                     "kernels: 80 for sm_80")};
  Option<int64_t> shared{
      *this, "shared", llvm::cl::init(0),
      llvm::cl::desc("Bytes of shared memory that a block may have on all GPUs "
                     "that run the kernels; 0: what `arch` has")};
  Option<bool> tf32{
      *this, "tf32", llvm::cl::init(false),
      llvm::cl::desc("Round the factors of f32 products to tf32, for tensor "
                     "cores")};
  Option<bool> planMemory{
      *this, "plan-memory", llvm::cl::init(true),
      llvm::cl::desc("Place buffers in one arena per entry point, where their "
                     "sizes follow from the shapes of the inputs")};
  /// Receives the plans as tables; outlives the pipeline. Null for none.
  llvm::raw_ostream *memoryPlan = nullptr;
};

struct ToONNXPipelineOptions
    : mlir::PassPipelineOptions<ToONNXPipelineOptions> {
  Option<int64_t> opset{
      *this, "opset", llvm::cl::init(17),
      llvm::cl::desc("The opset whose operators may be used")};
};

/// Whose preferences the kernels follow (ockham/Kernels/Preferences.h).
enum class KernelTarget { CPU, CUDA };

struct ToTilePipelineOptions
    : mlir::PassPipelineOptions<ToTilePipelineOptions> {
  Option<std::string> weights{
      *this, "weights", llvm::cl::init("f32"),
      llvm::cl::desc("Widest element type of packed weights: f32, bf16 or "
                     "f16")};
  Option<KernelTarget> target{
      *this, "target", llvm::cl::init(KernelTarget::CPU),
      llvm::cl::desc("The target whose preferences kernels follow"),
      llvm::cl::values(clEnumValN(KernelTarget::CPU, "cpu", "x86-64, AArch64"),
                       clEnumValN(KernelTarget::CUDA, "cuda", "NVIDIA GPUs"))};
};

/// `--ockham-raise`: an imported module to tfm, as far as it is recognised.
void buildRaisePipeline(mlir::OpPassManager &pm);

/// `--ockham-simplify`: what the blocks of a tfm module do not need is removed,
/// exactly.
void buildSimplifyPipeline(mlir::OpPassManager &pm);

/// `--ockham-to-onnx`: onnx and tfm ops to what can be exported to an opset.
void buildToONNXPipeline(mlir::OpPassManager &pm,
                         const ToONNXPipelineOptions &options);

/// `--ockham-to-tile`: tfm ops to launches of kernels, where there are some.
void buildToTilePipeline(mlir::OpPassManager &pm,
                         const ToTilePipelineOptions &options);

/// `--ockham-to-linalg`: what is left of onnx and tfm to linalg on tensors,
/// fused; the weights of kernels in panels.
void buildToLinalgPipeline(mlir::OpPassManager &pm);

/// `--ockham-bufferize`: tensors to buffers, once, for everything.
void buildBufferizePipeline(mlir::OpPassManager &pm);

/// The first half of `--ockham-cpu`: buffers have their places, and kernels
/// their strategies.
void buildCPUPreparePipeline(mlir::OpPassManager &pm,
                             const CPUPipelineOptions &options);

/// The second half, from kernels and linalg on buffers to the LLVM dialect.
void buildCPUCodePipeline(mlir::OpPassManager &pm,
                          const CPUPipelineOptions &options);

/// `--ockham-cpu`: linalg on tensors to the LLVM dialect, with entry points
/// in the model ABI.
void buildCPUPipeline(mlir::OpPassManager &pm,
                      const CPUPipelineOptions &options);

/// The first half of `--ockham-cuda`: buffers of the device have their places,
/// and what is computed is in kernels.
void buildCUDAPreparePipeline(mlir::OpPassManager &pm,
                              const CUDAPipelineOptions &options);

/// The second half: kernels in the NVVM dialect, in one gpu.module, and a host
/// program that launches them, in the LLVM dialect.
void buildCUDACodePipeline(mlir::OpPassManager &pm);

/// `--ockham-cuda`: linalg on tensors to the LLVM and NVVM dialects, with entry
/// points in the model ABI.
void buildCUDAPipeline(mlir::OpPassManager &pm,
                       const CUDAPipelineOptions &options);

/// Registers all of them under their names.
void registerPipelines();

} // namespace ockham

#endif // OCKHAM_PIPELINES_PIPELINES_H
