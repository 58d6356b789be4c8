//===- Host.h - The host table of the CPU -----------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CPU_HOST_H
#define OCKHAM_RUNTIME_CPU_HOST_H

#include "ockham-c/ModelABI.h"
#include <string>

namespace ockham::runtime {

/// What models get on the CPU. The context of its functions is a Call.
const ockham_host &getCPUHost();

/// The message with each `{}` replaced by the next value.
std::string fillIn(const char *message, const int64_t *values, int32_t count);

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CPU_HOST_H
