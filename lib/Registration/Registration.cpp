//===- Registration.cpp - All dialects, passes and pipelines --------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Support/Registration.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Ockham/OckhamBufferize.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "dialects/Tile/TileBufferize.h"
#include "dialects/Tile/TileDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "ockham/Conversion/Passes.h"
#include "ockham/Pipelines/Pipelines.h"
#include "ockham/Target/CPU/CPUDialect.h"
#include "ockham/Target/CPU/Passes.h"
#include "ockham/Target/CUDA/Passes.h"
#include "ockham/Target/CUDA/Host/Passes.h"
#include "ockham/Transforms/Passes.h"

#include <mutex>

using namespace mlir;

void ockham::registerDialects(DialectRegistry &registry) {
  registry.insert<OckhamDialect, onnx::ONNXDialect, tfm::TfmDialect,
                  tile::TileDialect, cpu::CPUDialect, cuda::CUDADialect>();
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  registerBufferizableOpInterfaceExternalModels(registry);
  tile::registerBufferizableOpInterfaceExternalModels(registry);
}

void ockham::registerPasses() {
  // A pipeline that is registered twice ends the process.
  static std::once_flag once;
  std::call_once(once, [] {
    registerConversionPasses();
    registerTransformsPasses();
    registerTargetCPUPasses();
    registerTargetCUDAPasses();
    registerTargetCUDAHostPasses();
    registerPipelines();
    registerAllPasses();
  });
}

void ockham::registerEverything(DialectRegistry &registry) {
  registerDialects(registry);
  registerPasses();
}
