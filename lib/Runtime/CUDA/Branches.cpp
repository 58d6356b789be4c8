//===- Branches.cpp - What runs side by side ------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Branches.h"

namespace ockham::runtime::cuda {

Branches::~Branches() {
  ContextScope scope(device.driver, device.context());
  for (Branch &branch : branches) {
    if (branch.stream)
      device.driver.cuStreamDestroy_v2(branch.stream);
    if (branch.done)
      device.driver.cuEventDestroy_v2(branch.done);
  }
  if (forked)
    device.driver.cuEventDestroy_v2(forked);
}

Status Branches::enter(CUstream main, int32_t branch) {
  if (branch < 0)
    return join(main);
  if (branch >= most)
    return {OCKHAM_BAD_MODEL,
            format("the model has a branch %d on the device, expected 0 to %d",
                   branch, most - 1)};
  const Driver &driver = device.driver;
  // CU_EVENT_DISABLE_TIMING
  if (!forked)
    OCKHAM_RETURN_IF_FAILED(
        driver.check(driver.cuEventCreate(&forked, 2), "making an event"));
  if (!isForked)
    OCKHAM_RETURN_IF_FAILED(
        driver.check(driver.cuEventRecord(forked, main),
                     "recording an event on " + device.describe()));
  isForked = true;
  entered = branch;
  active = nullptr;
  isUndecided = false;
  if (branch == 0)
    return Status::ok();
  if (branches.size() < static_cast<size_t>(branch))
    branches.resize(branch);
  // Where it went when it was entered before, it goes on.
  const Branch &known = branches[branch - 1];
  isUndecided = !known.isDecided;
  if (known.isUsed)
    active = known.stream;
  return Status::ok();
}

Status Branches::choose(CUstream main, uint64_t blocks, CUstream &stream) {
  if (isUndecided) {
    decide();
    if (blocks < static_cast<uint64_t>(device.multiprocessors())) {
      const Driver &driver = device.driver;
      Branch &branch = branches[entered - 1];
      // CU_STREAM_NON_BLOCKING: ordered with the call's stream alone.
      if (!branch.stream)
        OCKHAM_RETURN_IF_FAILED(
            driver.check(driver.cuStreamCreate(&branch.stream, 1),
                         "making a stream on " + device.describe()));
      if (!branch.done)
        OCKHAM_RETURN_IF_FAILED(driver.check(
            driver.cuEventCreate(&branch.done, 2), "making an event"));
      OCKHAM_RETURN_IF_FAILED(
          driver.check(driver.cuStreamWaitEvent(branch.stream, forked, 0),
                       "waiting for an event on " + device.describe()));
      branch.isUsed = true;
      active = branch.stream;
    }
  }
  stream = current(main);
  return Status::ok();
}

Status Branches::join(CUstream main) {
  const Driver &driver = device.driver;
  CUresult result = CUDA_SUCCESS;
  for (Branch &branch : branches) {
    branch.isDecided = false;
    if (!branch.isUsed)
      continue;
    branch.isUsed = false;
    if (result == CUDA_SUCCESS)
      result = driver.cuEventRecord(branch.done, branch.stream);
    if (result == CUDA_SUCCESS)
      result = driver.cuStreamWaitEvent(main, branch.done, 0);
  }
  isForked = isUndecided = false;
  active = nullptr;
  return driver.check(result, "waiting for branches on " + device.describe());
}

} // namespace ockham::runtime::cuda
