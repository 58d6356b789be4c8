//===- Host.h - The host table of GPUs --------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CUDA_HOST_H
#define OCKHAM_RUNTIME_CUDA_HOST_H

#include "ockham-c/ModelABI.h"

namespace ockham::runtime::cuda {

/// What models get on a GPU. The context of its functions is a Call whose
/// stream is a cuda::Stream.
const ockham_host &getHost();

} // namespace ockham::runtime::cuda

#endif // OCKHAM_RUNTIME_CUDA_HOST_H
