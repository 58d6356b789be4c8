//===- DescribeKernels.cpp - The table of a model's kernels ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "ockham/Target/CUDA/Kernels.h"

using namespace mlir;

namespace ockham {

SmallVector<FunctionOpInterface> getKernels(gpu::GPUModuleOp module) {
  SmallVector<FunctionOpInterface> kernels;
  for (auto function : module.getOps<FunctionOpInterface>())
    if (function->hasAttr(NVVM::NVVMDialect::getKernelFuncAttrName()) ||
        function->hasAttr(gpu::GPUDialect::getKernelFuncAttrName()))
      kernels.push_back(function);
  return kernels;
}

FailureOr<KernelDescription> describeKernel(FunctionOpInterface kernel) {
  KernelDescription description;
  description.name = kernel.getName().str();
  description.parameterCount = kernel.getNumArguments();
  auto threads = kernel->getAttrOfType<DenseI32ArrayAttr>(
      NVVM::NVVMDialect::getReqntidAttrName());
  if (!threads || threads.empty() || threads.size() > 3)
    return kernel->emitOpError()
           << "is a kernel without one to three extents of its blocks in '"
           << NVVM::NVVMDialect::getReqntidAttrName() << "'";
  for (auto [i, extent] : llvm::enumerate(threads.asArrayRef()))
    description.block[i] = static_cast<uint32_t>(extent);
  if (auto bytes = kernel->getAttrOfType<IntegerAttr>(kSharedBytesAttrName))
    description.sharedBytes = static_cast<uint32_t>(bytes.getInt());
  return description;
}

} // namespace ockham
