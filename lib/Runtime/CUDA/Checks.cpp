//===- Checks.cpp - Checks that kernels make ------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Checks.h"
#include "../CPU/Host.h"
#include <algorithm>

namespace ockham::runtime::cuda {

static constexpr size_t recordBytes =
    OCKHAM_CHECK_RECORD_VALUES * sizeof(int64_t);
/// A compiler that makes more of them lets the host wait instead.
static constexpr size_t mostRecords = OCKHAM_MOST_CHECK_RECORDS;

Checks::~Checks() {
  ContextScope scope(device.driver, device.context());
  if (copied) {
    device.driver.cuEventSynchronize(copied);
    device.driver.cuEventDestroy_v2(copied);
  }
  if (copy)
    device.driver.cuMemFreeHost(copy);
  if (records)
    device.driver.cuMemFree_v2(records);
}

Status Checks::prepare(CUstream stream) {
  const Driver &driver = device.driver;
  constexpr uint64_t bytes = mostRecords * recordBytes;
  std::string what =
      formatBytes(bytes) + " for checks of indices on " + device.describe();
  if (!records)
    OCKHAM_RETURN_IF_FAILED(
        driver.check(driver.cuMemAlloc_v2(&records, bytes), "taking " + what));
  if (!copy) {
    void *memory = nullptr;
    OCKHAM_RETURN_IF_FAILED(driver.check(
        driver.cuMemAllocHost_v2(&memory, bytes), "taking pinned " + what));
    copy = static_cast<int64_t *>(memory);
    std::fill_n(copy, bytes / sizeof(int64_t), 0);
  }
  if (!copied) // CU_EVENT_DISABLE_TIMING
    OCKHAM_RETURN_IF_FAILED(
        driver.check(driver.cuEventCreate(&copied, 2), "making an event"));
  if (!isCleared)
    OCKHAM_RETURN_IF_FAILED(driver.check(
        driver.cuMemsetD8Async(records, 0, bytes, stream), "clearing " + what));
  isCleared = true;
  return Status::ok();
}

Status Checks::find(CUstream stream, bool isCaptured, int32_t status,
                    const char *message, int32_t valueCount, void *&record,
                    bool &isRefused) {
  isRefused = false;
  if (!message || status <= OCKHAM_OK || status > OCKHAM_INTERNAL ||
      valueCount < 0 || valueCount >= OCKHAM_CHECK_RECORD_VALUES)
    return {OCKHAM_BAD_MODEL,
            format("a check of the device with %s, the status %d and the "
                   "message '%s'; expected at most %d values, a status that "
                   "is a failure, and a message",
                   plural(valueCount, "value").c_str(), status,
                   message ? message : "(null)",
                   OCKHAM_CHECK_RECORD_VALUES - 1)};
  auto [known, isNew] = numbers.try_emplace(message, checks.size());
  if (isNew) {
    isRefused = isCaptured;
    Status ready = isCaptured ? Status::ok() : prepare(stream);
    if (!ready.failed() && checks.size() == mostRecords)
      ready = {OCKHAM_BAD_MODEL,
               format("the model makes more than %zu checks on the device",
                      mostRecords)};
    if (isRefused || ready.failed()) {
      numbers.erase(known);
      return ready;
    }
    checks.push_back({status, message, valueCount});
  }
  record = reinterpret_cast<void *>(records + known->second * recordBytes);
  return Status::ok();
}

Status Checks::enqueueRead(CUstream stream) {
  if (checks.empty())
    return Status::ok();
  const Driver &driver = device.driver;
  OCKHAM_RETURN_IF_FAILED(
      driver.check(driver.cuMemcpyDtoHAsync_v2(
                       copy, records, checks.size() * recordBytes, stream),
                   "reading the checks of indices on " + device.describe()));
  isUnderWay = true;
  return driver.check(driver.cuEventRecord(copied, stream),
                      "recording an event on " + device.describe());
}

CUresult Checks::query() const {
  return isUnderWay ? device.driver.cuEventQuery(copied) : CUDA_SUCCESS;
}

Status Checks::take(CUstream stream) {
  if (!isUnderWay)
    return Status::ok();
  isUnderWay = false;
  for (size_t i = 0; i < checks.size(); ++i) {
    int64_t *record = copy + i * OCKHAM_CHECK_RECORD_VALUES;
    if (!record[0])
      continue;
    const Check &check = checks[i];
    Status failure = {static_cast<ockham_status>(check.status),
                      fillIn(check.message, record + 1, check.valueCount)};
    std::fill_n(copy, checks.size() * OCKHAM_CHECK_RECORD_VALUES, 0);
    OCKHAM_RETURN_IF_FAILED(forget(stream));
    return failure;
  }
  return Status::ok();
}

Status Checks::forget(CUstream stream) {
  if (checks.empty())
    return Status::ok();
  return device.driver.check(
      device.driver.cuMemsetD8Async(records, 0, checks.size() * recordBytes,
                                    stream),
      "clearing the checks of indices on " + device.describe());
}

} // namespace ockham::runtime::cuda
