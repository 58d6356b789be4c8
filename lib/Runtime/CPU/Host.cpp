//===- Host.cpp - The host table of the CPU -------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Host.h"
#include "../Core/Call.h"

namespace ockham::runtime {

static Call &asCall(void *context) { return *static_cast<Call *>(context); }

static int32_t workerCount(void *context) {
  return asCall(context).threadCount();
}

static void parallelFor(void *context, int64_t count, int64_t grain,
                        ockham_loop_body body, void *argument) {
  ThreadTeam &team = asCall(context).team();
  team.parallelFor(team.size(), count, grain, body, argument);
}

static int32_t runTeam(void *context, int32_t workers, ockham_loop_body body,
                       void *argument) {
  Call &call = asCall(context);
  if (call.team().runTeam(workers, body, argument))
    return OCKHAM_OK;
  call.fail(
      {OCKHAM_UNSUPPORTED,
       format("the model wants %d threads at the same time, but %s; "
              "create the session with more threads",
              workers,
              ThreadTeam::inside()
                  ? "inside a parallel loop there is 1"
                  : format("the session has %d", call.threadCount()).c_str())});
  return OCKHAM_UNSUPPORTED;
}

static void barrier(void *) { ThreadTeam::barrier(); }

static void *allocate(void *context, uint64_t bytes) {
  return asCall(context).allocate(bytes);
}

static void release(void *context, void *memory) {
  asCall(context).release(memory);
}

static void *output(void *context, int32_t index, int32_t rank,
                    const int64_t *shape) {
  return asCall(context).output(index, shape, rank);
}

std::string fillIn(const char *message, const int64_t *values, int32_t count) {
  std::string text;
  int32_t next = 0;
  for (const char *at = message; *at; ++at) {
    if (at[0] == '{' && at[1] == '}' && next < count) {
      text += std::to_string(values[next++]);
      ++at;
    } else {
      text += *at;
    }
  }
  return text;
}

static void fail(void *context, int32_t status, const char *message,
                 const int64_t *values, int32_t count) {
  bool known = status > OCKHAM_OK && status <= OCKHAM_INTERNAL;
  asCall(context).fail(
      {known ? static_cast<ockham_status>(status) : OCKHAM_BAD_MODEL,
       message ? fillIn(message, values, count)
               : "the model failed without a message"});
}

const ockham_host &getCPUHost() {
  static const ockham_host host = {sizeof(ockham_host),
                                   OCKHAM_ABI_VERSION,
                                   workerCount,
                                   parallelFor,
                                   runTeam,
                                   barrier,
                                   allocate,
                                   release,
                                   output,
                                   fail,
                                   nullptr,
                                   nullptr,
                                   nullptr,
                                   nullptr,
                                   nullptr,
                                   nullptr};
  return host;
}

} // namespace ockham::runtime
