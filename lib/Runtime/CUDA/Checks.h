//===- Checks.h - Checks that kernels make ----------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The host cannot look at elements without waiting, so a check of elements is a
// kernel's, which leaves its result in a record on the device. Records are read
// where a call waits anyway, and cleared when one of them says that a check has
// failed: as long as none does, a check costs the copy of all records.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CUDA_CHECKS_H
#define OCKHAM_RUNTIME_CUDA_CHECKS_H

#include "Device.h"
#include <map>

namespace ockham::runtime::cuda {

/// The records of a session, one for each message.
class Checks {
public:
  explicit Checks(const Device &device) : device(device) {}
  ~Checks();
  Checks(const Checks &) = delete;
  Checks &operator=(const Checks &) = delete;

  /// The record of the check with that message, which lives as long as the
  /// library. `isRefused` where it would have to be made while `stream` is
  /// captured.
  Status find(CUstream stream, bool isCaptured, int32_t status,
              const char *message, int32_t valueCount, void *&record,
              bool &isRefused);

  /// Copies the records to the host, behind what is enqueued.
  Status enqueueRead(CUstream stream);

  /// Success if the records that were read last have arrived, or none were;
  /// CUDA_ERROR_NOT_READY, or what has kept them from it.
  CUresult query() const;

  /// The first check that has failed in records that have arrived.
  Status take(CUstream stream);

  /// Clears the records, behind what is enqueued: nobody will ask for them.
  Status forget(CUstream stream);

private:
  struct Check {
    int32_t status;
    const char *message;
    int32_t valueCount;
  };
  Status prepare(CUstream stream);

  const Device &device;
  CUdeviceptr records = 0;
  int64_t *copy = nullptr; ///< Pinned.
  CUevent copied = nullptr;
  bool isCleared = false;  ///< What was in the records before the first check.
  bool isUnderWay = false; ///< A copy that was not looked at.
  std::map<const char *, size_t> numbers;
  std::vector<Check> checks;
};

} // namespace ockham::runtime::cuda

#endif // OCKHAM_RUNTIME_CUDA_CHECKS_H
