//===- Fatbin.h - One image for several architectures -----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_CUDA_CODE_FATBIN_H
#define OCKHAM_LIB_TARGET_CUDA_CODE_FATBIN_H

#include "ockham/Target/CUDA/DeviceCode.h"
#include "ockham/Target/Package/ModelDescription.h"

namespace ockham {

/// PTX (with its closing zero) and cubins in one container, from which the
/// driver takes what suits its GPU best. Nothing is compressed.
std::string makeFatbin(llvm::ArrayRef<DeviceImage> members,
                       llvm::ArrayRef<GPUArch> archs);

} // namespace ockham

#endif // OCKHAM_LIB_TARGET_CUDA_CODE_FATBIN_H
