//===- Result.h - Memory that is handed to the caller -----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_RESULT_H
#define OCKHAM_RUNTIME_CORE_RESULT_H

#include "Memory.h"
#include "Types.h"

namespace ockham::runtime {

/// A dense tensor over a block of `pool` with Lifetime::Result. Its deleter
/// gives the block back; the pool lives on until then.
DLManagedTensor *createResult(std::shared_ptr<MemoryPool> pool, void *memory,
                              int32_t dtype, const Shape &shape);

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_RESULT_H
