//===- Kernels.h - The kernels of a module's device code --------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TARGET_CUDA_KERNELS_H
#define OCKHAM_TARGET_CUDA_KERNELS_H

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "ockham/Target/Package/ModelDescription.h"

namespace ockham {

/// The gpu.module with all kernels of a model.
inline constexpr llvm::StringLiteral kKernelModuleName = "kernels";

/// On a kernel: bytes of dynamic shared memory that it is launched with.
inline constexpr llvm::StringLiteral kSharedBytesAttrName =
    "ockham_cuda.shared_bytes";

/// The kernels among the functions of the module, in their order, which is that
/// of the model's table.
llvm::SmallVector<mlir::FunctionOpInterface>
getKernels(mlir::gpu::GPUModuleOp module);

/// Name, threads of a block (`nvvm.reqntid`), shared memory and parameters.
mlir::FailureOr<KernelDescription>
describeKernel(mlir::FunctionOpInterface kernel);

} // namespace ockham

#endif // OCKHAM_TARGET_CUDA_KERNELS_H
