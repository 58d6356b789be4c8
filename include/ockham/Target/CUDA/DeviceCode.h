//===- DeviceCode.h - Kernels as PTX, cubins and bitcode --------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TARGET_CUDA_DEVICECODE_H
#define OCKHAM_TARGET_CUDA_DEVICECODE_H

#include "ockham/Target/Package/ModelDescription.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace mlir {
class Operation;
} // namespace mlir

namespace ockham {

/// An architecture of GPUs that code is generated for.
struct GPUArch {
  std::string name;        ///< "sm_80", "sm_90a"
  unsigned version = 0;    ///< 80
  bool isSpecific = false; ///< Its code runs on no other: "sm_90a".
  unsigned ptxVersion = 0; ///< 83 for PTX 8.3
};

/// Reads "sm_80,sm_90a", the oldest one first in the result. Names that LLVM or
/// Ockham do not know are errors that say which ones there are.
llvm::Expected<std::vector<GPUArch>> parseGPUArchs(llvm::StringRef names);

struct DeviceCodeOptions {
  std::vector<GPUArch> archs;
  /// Spilled registers and warnings of ptxas's about what it could not do well
  /// (C75xx) are errors, and so is a ptxas that could not say it.
  bool strict = false;
  /// Factors of f32 products are rounded to tf32.
  bool tf32 = false;
};

/// Compiles the functions of a gpu.module, which are in the LLVM dialect: LLVM
/// bitcode as NVPTX's backend gets it, PTX for each architecture, and, where
/// there is ptxas, cubins. `warn` gets what was noticed on the way, one line
/// each: a missing ptxas, spilled registers.
llvm::Expected<std::vector<DeviceImage>>
generateDeviceCode(mlir::Operation *gpuModule, const DeviceCodeOptions &options,
                   llvm::function_ref<void(llvm::StringRef)> warn);

/// A file of CUDA's toolkit, such as "bin/ptxas", or "" where there is none.
/// Looks in CUDA_HOME, PATH (programs), /usr/local/cuda, the packages of the
/// active Python (pip install nvidia-cuda-nvcc nvidia-nvvm), and in the folder
/// that scripts/install-dependencies.sh fills.
std::string findCUDAFile(llvm::StringRef path);

} // namespace ockham

#endif // OCKHAM_TARGET_CUDA_DEVICECODE_H
