//===- SharedMemory.h - Memory that several streams use ---------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each session has a stream, and streams are not ordered with each other. A
// result that stays on the device may be an input of another session, or the
// buffer of its output: what that does has to come after what was enqueued for
// the result. So a device notes which stream has used a piece of memory last.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CUDA_SHAREDMEMORY_H
#define OCKHAM_RUNTIME_CUDA_SHAREDMEMORY_H

#include "Driver.h"
#include <map>
#include <mutex>

namespace ockham::runtime::cuda {

/// Thread-safe. The device's context is current where it is used.
class SharedMemory {
public:
  explicit SharedMemory(const Driver &driver) : driver(driver) {}

  /// Lets `stream` wait for the others that have used the bytes, whose last
  /// user it is from now on. `event` is its own.
  Status use(CUstream stream, CUevent event, const void *data, uint64_t bytes);

  /// What the stream has used is done with.
  void forget(CUstream stream);

private:
  struct Use {
    uintptr_t end;
    CUstream stream;
  };
  const Driver &driver;
  std::mutex mutex;
  std::map<uintptr_t, Use> uses; ///< By their begin; they do not overlap.
};

} // namespace ockham::runtime::cuda

#endif // OCKHAM_RUNTIME_CUDA_SHAREDMEMORY_H
