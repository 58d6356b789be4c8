//===- Host.cpp - The host table of GPUs ----------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Host.h"
#include "../CPU/Host.h"
#include "../Core/Call.h"
#include "Stream.h"

namespace ockham::runtime::cuda {

static Call &asCall(void *context) { return *static_cast<Call *>(context); }

static Stream &streamOf(Call &call) {
  return static_cast<Stream &>(call.stream());
}

/// The tensors are not where threads of the host could read them.
static int32_t refuseThreads(void *context) {
  Call &call = asCall(context);
  call.fail({OCKHAM_BAD_MODEL,
             format("the entry point '%s' was compiled for 'cuda', but asks "
                    "for threads of the host",
                    call.signature().name)});
  return OCKHAM_BAD_MODEL;
}

static void parallelFor(void *context, int64_t, int64_t, ockham_loop_body,
                        void *) {
  refuseThreads(context);
}

static int32_t runTeam(void *context, int32_t, ockham_loop_body, void *) {
  return refuseThreads(context);
}

/// What cannot be captured runs once more without that, and is reported if it
/// fails then.
static int32_t report(Call &call, Status status) {
  int32_t code = status.code();
  if (status.failed() && !streamOf(call).refuseCapture())
    call.fail(std::move(status));
  return code;
}

static int32_t launch(void *context, int32_t kernel, const uint32_t grid[3],
                      const uint32_t block[3], uint32_t sharedBytes,
                      void **arguments, int32_t argumentCount) {
  Call &call = asCall(context);
  return report(call, streamOf(call).launch(kernel, grid, block, sharedBytes,
                                            arguments, argumentCount));
}

static int32_t deviceCopy(void *context, void *to, const void *from,
                          uint64_t bytes) {
  Call &call = asCall(context);
  return report(call, streamOf(call).copy(to, from, bytes));
}

static int32_t deviceFill(void *context, void *to, uint32_t pattern,
                          int32_t width, uint64_t bytes) {
  Call &call = asCall(context);
  return report(call, streamOf(call).fill(to, pattern, width, bytes));
}

static int32_t deviceRead(void *context, void *to, const void *from,
                          uint64_t bytes) {
  Call &call = asCall(context);
  bool isRefused;
  Status status = streamOf(call).read(to, from, bytes, isRefused);
  // The call then runs once more, without being captured.
  return isRefused ? OCKHAM_UNSUPPORTED : report(call, std::move(status));
}

static int64_t *deviceCheck(void *context, int32_t status, const char *message,
                            int32_t valueCount) {
  Call &call = asCall(context);
  void *record = nullptr;
  bool isRefused;
  Status found =
      streamOf(call).findCheck(status, message, valueCount, record, isRefused);
  if (isRefused || report(call, std::move(found)) != OCKHAM_OK)
    return nullptr;
  return static_cast<int64_t *>(record);
}

static int32_t deviceBranch(void *context, int32_t branch) {
  Call &call = asCall(context);
  return report(call, streamOf(call).branch(branch));
}

const ockham_host &getHost() {
  static const ockham_host host = [] {
    ockham_host table = getCPUHost();
    table.parallel_for = parallelFor;
    table.run_team = runTeam;
    table.launch = launch;
    table.device_copy = deviceCopy;
    table.device_fill = deviceFill;
    table.device_read = deviceRead;
    table.device_check = deviceCheck;
    table.device_branch = deviceBranch;
    return table;
  }();
  return host;
}

} // namespace ockham::runtime::cuda
