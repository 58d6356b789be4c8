//===- Pipelines.cpp - Ordered passes -------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Pipelines/Pipelines.h"

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Vector/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "ockham/Conversion/Passes.h"
#include "ockham/Kernels/Preferences.h"
#include "ockham/Target/CPU/Passes.h"
#include "ockham/Target/CUDA/Host/Passes.h"
#include "ockham/Target/CUDA/Passes.h"
#include "ockham/Transforms/Passes.h"

using namespace mlir;
using namespace ockham;

void ockham::buildRaisePipeline(OpPassManager &pm) {
  pm.addPass(createONNXNormalize());
  pm.addPass(createConvertONNXToTransformer());
}

void ockham::buildSimplifyPipeline(OpPassManager &pm) {
  pm.addPass(createMergeNorms());
  pm.addPass(createFoldIdentityProjections());
  pm.addPass(createFoldNorms());
  pm.addPass(createFoldGains());
  // What is left is scheduled: fewer and larger products.
  pm.addPass(createParallelizeSubblocks());
  pm.addPass(createMergeProjections());
  pm.addPass(createAccumulateSums());
  pm.addPass(createCanonicalizerPass());
}

void ockham::buildToONNXPipeline(OpPassManager &pm,
                                 const ToONNXPipelineOptions &options) {
  pm.addPass(createInlineBlocks());
  ConvertTransformerToONNXOptions conversion;
  conversion.opset = options.opset;
  pm.addPass(createConvertTransformerToONNX(conversion));
  // What every layer computed for itself, masks and positions, is made once.
  pm.addPass(createONNXNormalize());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void ockham::buildToTilePipeline(OpPassManager &pm,
                                 const ToTilePipelineOptions &options) {
  pm.addPass(createInlineBlocks());
  kernels::Preferences wanted = options.target == KernelTarget::CUDA
                                    ? kernels::Preferences::forCUDA()
                                    : kernels::Preferences::forCPU();
  FormKernelsOptions groups;
  groups.gatePanel = wanted.gatePanel;
  groups.productRows = wanted.productRows;
  groups.gateRows = wanted.gateRows;
  pm.addPass(createFormKernels(groups));
  ConvertTransformerToTileOptions conversion;
  conversion.weights = options.weights;
  conversion.panel = wanted.panel;
  conversion.pairsOfRows = wanted.pairsOfRows;
  conversion.gatePanel = wanted.gatePanel;
  conversion.productRows = wanted.productRows;
  conversion.gateRows = wanted.gateRows;
  conversion.tablesInRows = wanted.tablesInRows;
  conversion.keysInRows = wanted.keysInRows;
  conversion.narrowFactors = wanted.narrowFactors;
  conversion.queryBlock = wanted.queryBlock;
  conversion.keyBlock = wanted.keyBlock;
  conversion.keyRest = wanted.keyRest;
  conversion.rowColumns = wanted.rowColumns;
  conversion.rowCount = wanted.rowCount;
  pm.addPass(createConvertTransformerToTile(conversion));
}

void ockham::buildToLinalgPipeline(OpPassManager &pm) {
  pm.addPass(createInlineBlocks());
  pm.addPass(createConvertTransformerToLinalg());
  pm.addPass(createConvertONNXToLinalg());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createFuseElementwise());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  // Last, when it is known who else reads a weight.
  pm.addPass(createPackWeights());
}

void ockham::buildBufferizePipeline(OpPassManager &pm) {
  pm.addPass(createCPUProtectInputs());
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  pm.addPass(createBufferizeFunctions());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void ockham::buildCPUPreparePipeline(OpPassManager &pm,
                                     const CPUPipelineOptions &options) {
  buildBufferizePipeline(pm);
  pm.addPass(createCPUUseHostMemory());
  if (options.memoryPlan)
    pm.addPass(createPlanMemory(*options.memoryPlan));
  else if (options.planMemory)
    pm.addPass(createPlanMemory());
  CPUChooseStrategiesOptions strategies;
  strategies.vectorBytes = options.vectorBytes;
  strategies.bf16Pairs = options.bf16Pairs;
  strategies.amx = options.amx;
  pm.addPass(createCPUChooseStrategies(strategies));
}

/// Entry points on buffers to the LLVM dialect and the model ABI.
static void buildHostCodePipeline(OpPassManager &pm) {
  pm.addPass(createLowerExpandShape());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createCPULowerHostCalls());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createConvertMathToLLVMPass());
  // Takes vectors apart, with operations that the next pass lowers.
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createConvertVectorToLLVMPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertIndexToLLVMPass());
  pm.addPass(createConvertControlFlowToLLVMPass());
  pm.addPass(createConvertFuncToLLVMPass());
  pm.addPass(createArithToLLVMConversionPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  pm.addPass(createCanonicalizerPass());
}

void ockham::buildCPUCodePipeline(OpPassManager &pm,
                                  const CPUPipelineOptions &options) {
  pm.addPass(createCPULowerKernels());
  OpPassManager &functions = pm.nest<func::FuncOp>();
  CPULowerContractionsOptions contractions;
  contractions.vectorBytes = options.vectorBytes;
  // 32 registers of AVX-512 hold 8 x 3 accumulators; 16 hold 4 x 3 or fewer.
  contractions.tileRows = options.vectorBytes >= 64 ? 8 : 4;
  contractions.tileVectors = options.vectorBytes >= 32 ? 3 : 2;
  functions.addPass(createCPULowerContractions(contractions));
  CPULowerGenericsOptions generics;
  generics.vectorBytes = options.vectorBytes;
  functions.addPass(createCPULowerGenerics(generics));
  functions.addPass(createCPUApproximateMath());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createLoopInvariantCodeMotionPass());

  pm.addPass(createCPUOutlineParallel());
  buildHostCodePipeline(pm);
}

void ockham::buildCPUPipeline(OpPassManager &pm,
                              const CPUPipelineOptions &options) {
  buildCPUPreparePipeline(pm, options);
  buildCPUCodePipeline(pm, options);
}

void ockham::buildCUDAPreparePipeline(OpPassManager &pm,
                                      const CUDAPipelineOptions &options) {
  buildBufferizePipeline(pm);
  pm.addPass(createCUDADeferChecks());
  pm.addPass(createCPUUseHostMemory());
  // Before memory is planned: what runs side by side shares no bytes.
  pm.addPass(createCUDAFindBranches());
  if (options.memoryPlan)
    pm.addPass(createPlanMemory(*options.memoryPlan));
  else if (options.planMemory)
    pm.addPass(createPlanMemory());
  CUDAChooseStrategiesOptions strategies;
  strategies.arch = options.arch;
  strategies.shared = options.shared;
  strategies.tf32 = options.tf32;
  pm.addPass(createCUDAChooseStrategies(strategies));
  pm.addPass(createCUDAStage());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
  pm.addPass(createCUDASynchronize());
  pm.addPass(createCUDALowerKernels());
  pm.addPass(createCUDAMoveConstants());
  pm.addPass(createCUDAOutlineRest());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void ockham::buildCUDACodePipeline(OpPassManager &pm) {
  pm.addPass(createLowerExpandShape());
  OpPassManager &kernels = pm.nest<gpu::GPUModuleOp>();
  kernels.addPass(memref::createExpandStridedMetadataPass());
  kernels.addPass(createLowerAffinePass());
  kernels.addPass(createConvertVectorToSCFPass());
  kernels.addPass(createSCFToControlFlowPass());
  ConvertGpuOpsToNVVMOpsOptions nvvm;
  nvvm.indexBitwidth = 64;
  kernels.addPass(createConvertGpuOpsToNVVMOps(nvvm));
  kernels.addPass(createConvertNVVMToLLVMPass());
  kernels.addPass(createConvertMathToLLVMPass());
  kernels.addPass(createArithToLLVMConversionPass());
  kernels.addPass(createConvertVectorToLLVMPass());
  kernels.addPass(createReconcileUnrealizedCastsPass());
  kernels.addPass(createCanonicalizerPass());
  kernels.addPass(createCSEPass());
  pm.addPass(createCUDANumberKernels());
  pm.addPass(createCUDALowerBranches());
  buildHostCodePipeline(pm);
}

void ockham::buildCUDAPipeline(OpPassManager &pm,
                               const CUDAPipelineOptions &options) {
  buildCUDAPreparePipeline(pm, options);
  buildCUDACodePipeline(pm);
}

void ockham::registerPipelines() {
  PassPipelineRegistration<>(
      "ockham-raise", "Bring an imported module to tfm, as far as recognised",
      buildRaisePipeline);
  PassPipelineRegistration<>(
      "ockham-simplify",
      "Remove what the blocks of a model do not need, exactly",
      buildSimplifyPipeline);
  PassPipelineRegistration<ToONNXPipelineOptions>(
      "ockham-to-onnx",
      "Write onnx and tfm ops as operators that can be exported",
      buildToONNXPipeline);
  PassPipelineRegistration<ToTilePipelineOptions>(
      "ockham-to-tile", "Give tfm ops to kernels, where there are some",
      buildToTilePipeline);
  PassPipelineRegistration<>("ockham-to-linalg",
                             "Lower onnx and tfm ops to linalg on tensors, and "
                             "pack the weights of kernels",
                             buildToLinalgPipeline);
  PassPipelineRegistration<>("ockham-bufferize",
                             "Turn tensors into buffers, once, for everything",
                             buildBufferizePipeline);
  PassPipelineRegistration<CPUPipelineOptions>(
      "ockham-cpu", "Lower linalg on tensors to LLVM, for the CPU",
      buildCPUPipeline);
  PassPipelineRegistration<CUDAPipelineOptions>(
      "ockham-cuda", "Lower linalg on tensors to LLVM and NVVM, for GPUs",
      buildCUDAPipeline);
}
