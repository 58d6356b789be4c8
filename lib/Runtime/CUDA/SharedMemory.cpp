//===- SharedMemory.cpp - Memory that several streams use -----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SharedMemory.h"
#include <set>

namespace ockham::runtime::cuda {

Status SharedMemory::use(CUstream stream, CUevent event, const void *data,
                         uint64_t bytes) {
  if (bytes == 0)
    return Status::ok();
  auto begin = reinterpret_cast<uintptr_t>(data);
  uintptr_t end = begin + bytes;
  std::lock_guard<std::mutex> lock(mutex);
  auto first = uses.upper_bound(begin);
  if (first != uses.begin() && std::prev(first)->second.end > begin)
    --first;
  auto last = first;
  std::set<CUstream> others;
  for (; last != uses.end() && last->first < end; ++last)
    if (last->second.stream != stream)
      others.insert(last->second.stream);
  // Streams are there as long as they are noted; what they have enqueued by now
  // is what counts.
  for (CUstream other : others) {
    CUresult result = driver.cuEventRecord(event, other);
    if (result == CUDA_SUCCESS)
      result = driver.cuStreamWaitEvent(stream, event, 0);
    OCKHAM_RETURN_IF_FAILED(driver.check(
        result, "waiting for another session that uses the same tensor"));
  }
  // Of others that reach beyond, the rest remains.
  if (first != last) {
    auto [lowBegin, low] = *first;
    Use high = std::prev(last)->second;
    uses.erase(first, last);
    if (lowBegin < begin)
      uses[lowBegin] = {begin, low.stream};
    if (high.end > end)
      uses[end] = high;
  }
  uses[begin] = {end, stream};
  return Status::ok();
}

void SharedMemory::forget(CUstream stream) {
  std::lock_guard<std::mutex> lock(mutex);
  for (auto it = uses.begin(); it != uses.end();)
    it = it->second.stream == stream ? uses.erase(it) : std::next(it);
}

} // namespace ockham::runtime::cuda
