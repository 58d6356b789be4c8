//===- cuda-model.c - A compiled model for GPUs, written by hand ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a model for the target "cuda" has beyond one for the CPU: kernels, and
// images with their code, here as LLVM bitcode for the emulator. Its tensors
// are memory of the device; the functions below see shapes and launch. With
// BREAK defined, its tables contradict themselves in one way.
//
//===----------------------------------------------------------------------===//

#include "ockham-c/ModelABI.h"
#include <stddef.h>
#include <string.h>

#ifndef BREAK
#define BREAK 0
#endif

// The bitcode, in LLVM's wrapper, which says how long it is.
__asm__(".section .rodata\n"
        ".balign 16\n"
        "cuda_model_image:\n"
        ".long 0x0b17c0de, 0, 20, cuda_model_end - cuda_model_code, 0\n"
        "cuda_model_code:\n"
        ".incbin \"" BITCODE "\"\n"
        "cuda_model_end:\n"
        ".previous\n");
extern const char cuda_model_image[] __attribute__((visibility("hidden")));
extern const char cuda_model_end[] __attribute__((visibility("hidden")));

enum { Scale, Accumulate, Race, Check, Threads = 32, StateLength = 4 };

/// How often functions of entry points were called, for tests of graphs.
int cuda_model_runs = 0;

static int32_t launchScale(const ockham_host *host, const ockham_call *call,
                           void *in, void *out, int64_t n) {
  const void *factor = call->weights[0];
  int32_t count = (int32_t)n;
  void *arguments[] = {&in, &out, &factor, &count};
  const uint32_t grid[] = {(uint32_t)((n + Threads - 1) / Threads), 1, 1};
  const uint32_t block[] = {Threads, 1, 1};
  return host->launch(call->context, Scale, grid, block, 0, arguments, 4);
}

/// x [n] -> y [n]: factor * (factor * x), through the workspace.
static int32_t scaleTwice(const ockham_host *host, const ockham_call *call) {
  ++cuda_model_runs;
  const ockham_tensor *x = &call->inputs[0];
  void *y = host->output(call->context, 0, 1, x->shape);
  if (!y)
    return OCKHAM_INVALID_ARGUMENT;
  int32_t status =
      launchScale(host, call, x->data, call->workspace, x->shape[0]);
  if (status)
    return status;
  return launchScale(host, call, call->workspace, y, x->shape[0]);
}

static uint64_t countWorkspace(const ockham_tensor *inputs,
                               const ockham_tensor *states, int32_t workers) {
  (void)states;
  (void)workers;
  return (uint64_t)inputs[0].shape[0] * sizeof(float);
}

/// x [4] -> total [4]: the sum of all x so far, copied out of the state, and
/// zeros [n, 4].
static int32_t accumulate(const ockham_host *host, const ockham_call *call) {
  ++cuda_model_runs;
  const int64_t zeroShape[] = {3, StateLength};
  void *total = host->output(call->context, 0, 1, call->inputs[0].shape);
  void *zeros = host->output(call->context, 1, 2, zeroShape);
  if (!total || !zeros)
    return OCKHAM_INVALID_ARGUMENT;
  void *arguments[] = {(void *)&call->inputs[0].data,
                       (void *)&call->states[0].data};
  const uint32_t grid[] = {1, 1, 1}, block[] = {StateLength, 1, 1};
  int32_t status =
      host->launch(call->context, Accumulate, grid, block, 0, arguments, 2);
  if (!status)
    status = host->device_copy(call->context, total, call->states[0].data,
                               StateLength * sizeof(float));
  if (!status)
    status = host->device_fill(call->context, zeros, 0, 4,
                               3 * StateLength * sizeof(float));
  return status;
}

/// x [n] -> y [n], by a kernel whose threads race.
static int32_t race(const ockham_host *host, const ockham_call *call) {
  const ockham_tensor *x = &call->inputs[0];
  void *y = host->output(call->context, 0, 1, x->shape);
  if (!y)
    return OCKHAM_INVALID_ARGUMENT;
  void *arguments[] = {&y};
  const uint32_t grid[] = {2, 1, 1}, block[] = {Threads, 1, 1};
  return host->launch(call->context, Race, grid, block, 64, arguments, 1);
}

/// x [n] -> y [n]: factor * x, where x[0] is not negative, as a kernel checks.
/// Where n is 3 the call fails behind that.
static int32_t checked(const ockham_host *host, const ockham_call *call) {
  ++cuda_model_runs;
  const ockham_tensor *x = &call->inputs[0];
  void *y = host->output(call->context, 0, 1, x->shape);
  void *record = host->device_check(call->context, OCKHAM_INVALID_ARGUMENT,
                                    "x begins with {}, expected 0 or more", 1);
  if (!y || !record)
    return OCKHAM_UNSUPPORTED;
  void *arguments[] = {(void *)&x->data, &record};
  const uint32_t one[] = {1, 1, 1};
  int32_t status =
      host->launch(call->context, Check, one, one, 0, arguments, 2);
  if (!status && x->shape[0] == 3)
    return OCKHAM_INTERNAL;
  return status ? status : launchScale(host, call, x->data, y, x->shape[0]);
}

/// x [n] -> y [n]: a copy, through memory that is no part of a plan where n is
/// even, and after a look at x[0] where it is odd.
static int32_t copy(const ockham_host *host, const ockham_call *call) {
  ++cuda_model_runs;
  const ockham_tensor *x = &call->inputs[0];
  uint64_t bytes = (uint64_t)x->shape[0] * sizeof(float);
  float first = 0;
  void *from = x->data;
  void *y = host->output(call->context, 0, 1, x->shape);
  if (!y)
    return OCKHAM_INVALID_ARGUMENT;
  int32_t status = OCKHAM_OK;
  if (x->shape[0] % 2) {
    status = host->device_read(call->context, &first, from, sizeof(first));
    if (!status && first == 17)
      status = OCKHAM_INTERNAL;
  } else {
    void *memory = host->allocate(call->context, bytes);
    if (!memory)
      return OCKHAM_OUT_OF_MEMORY;
    status = host->device_copy(call->context, memory, from, bytes);
    from = memory;
  }
  return status ? status : host->device_copy(call->context, y, from, bytes);
}

/// x [n] -> y [n], z [n]: copies. Asks for z first.
static int32_t copyTwice(const ockham_host *host, const ockham_call *call) {
  ++cuda_model_runs;
  const ockham_tensor *x = &call->inputs[0];
  uint64_t bytes = (uint64_t)x->shape[0] * sizeof(float);
  void *z = host->output(call->context, 1, 1, x->shape);
  void *y = host->output(call->context, 0, 1, x->shape);
  if (!y || !z)
    return OCKHAM_INVALID_ARGUMENT;
  int32_t status = host->device_copy(call->context, y, x->data, bytes);
  return status ? status : host->device_copy(call->context, z, y, bytes);
}

/// x [n] -> y [n], z [n]: factor * x in one branch, factor * (factor * x) in
/// another one. With `joins` at 0 both are copied out in the second branch,
/// which must not look at what the first one writes; with 2 the branches are
/// left open. With 3 the second branch begins with a copy, and is entered
/// twice.
static int32_t fork(const ockham_host *host, const ockham_call *call,
                    int32_t joins) {
  ++cuda_model_runs;
  const ockham_tensor *x = &call->inputs[0];
  int64_t n = x->shape[0];
  uint64_t bytes = (uint64_t)n * sizeof(float);
  char *parts = call->workspace;
  void *y = host->output(call->context, 0, 1, x->shape);
  void *z = host->output(call->context, 1, 1, x->shape);
  if (!y || !z)
    return OCKHAM_INVALID_ARGUMENT;
  int32_t status = host->device_branch(call->context, 0);
  if (!status)
    status = launchScale(host, call, x->data, parts, n);
  if (!status)
    status = host->device_branch(call->context, 1);
  if (!status && joins == 3)
    status = host->device_copy(call->context, parts + bytes, x->data, bytes);
  if (!status && joins == 3)
    status = host->device_branch(call->context, 1);
  if (!status && joins < 3)
    status = launchScale(host, call, x->data, parts + bytes, n);
  if (!status)
    status = launchScale(host, call, parts + bytes, parts + 2 * bytes, n);
  if (!status && (joins == 1 || joins == 3))
    status = host->device_branch(call->context, -1);
  if (!status && joins != 2)
    status = host->device_copy(call->context, y, parts, bytes);
  if (!status)
    status = host->device_copy(call->context, z, parts + 2 * bytes, bytes);
  if (!status && joins == 2)
    status = host->device_branch(call->context, 0);
  if (!status && joins == 2)
    status = host->device_copy(call->context, y, parts, bytes);
  return status;
}

static int32_t forked(const ockham_host *host, const ockham_call *call) {
  return fork(host, call, 1);
}
static int32_t unjoined(const ockham_host *host, const ockham_call *call) {
  return fork(host, call, 0);
}
static int32_t open(const ockham_host *host, const ockham_call *call) {
  return fork(host, call, 2);
}

static int32_t copied(const ockham_host *host, const ockham_call *call) {
  return fork(host, call, 3);
}

static uint64_t countParts(const ockham_tensor *inputs,
                           const ockham_tensor *states, int32_t workers) {
  return 3 * countWorkspace(inputs, states, workers);
}

static void body(void *argument, int64_t begin, int64_t end, int32_t worker) {
  (void)argument;
  (void)begin;
  (void)end;
  (void)worker;
}

/// x [n] -> y [n]: uses the host wrongly, in a way that n chooses.
static int32_t misuse(const ockham_host *host, const ockham_call *call) {
  const ockham_tensor *x = &call->inputs[0];
  void *y = host->output(call->context, 0, 1, x->shape);
  if (!y)
    return OCKHAM_INVALID_ARGUMENT;
  void *arguments[] = {&y, &y};
  const uint32_t grid[] = {1, 1, 1}, none[] = {0, 1, 1};
  const uint32_t block[] = {Threads, 1, 1}, wide[] = {2 * Threads, 1, 1};
  switch (x->shape[0]) {
  case 1:
    return host->launch(call->context, 17, grid, block, 0, arguments, 1);
  case 2:
    return host->launch(call->context, Race, grid, block, 0, arguments, 2);
  case 3:
    return host->launch(call->context, Race, grid, wide, 0, arguments, 1);
  case 4:
    return host->launch(call->context, Race, grid, block, 65, arguments, 1);
  case 5:
    return host->device_fill(call->context, y, 0, 2, 20);
  case 6:
    host->parallel_for(call->context, 1, 1, body, NULL);
    return OCKHAM_OK;
  case 8:
    return host->device_branch(call->context, 16);
  default: // No blocks are no mistake.
    return host->launch(call->context, Race, none, block, 0, arguments, 1);
  }
}

static const ockham_dim VectorDims[] = {{-1, "n"}};
static const ockham_dim StateDims[] = {{StateLength, NULL}};
static const ockham_dim ZeroDims[] = {{-1, NULL}, {StateLength, NULL}};
static const ockham_tensor_spec X[] = {{"x", OCKHAM_F32, 1, VectorDims}};
static const ockham_tensor_spec Y[] = {{"y", OCKHAM_F32, 1, VectorDims}};
static const ockham_tensor_spec Copies[] = {{"y", OCKHAM_F32, 1, VectorDims},
                                            {"z", OCKHAM_F32, 1, VectorDims}};
static const ockham_tensor_spec Step[] = {{"x", OCKHAM_F32, 1, StateDims}};
static const ockham_tensor_spec Sums[] = {{"total", OCKHAM_F32, 1, StateDims},
                                          {"zeros", OCKHAM_F32, 2, ZeroDims}};

static const ockham_entry Entries[] = {
    {"scale", OCKHAM_ENTRY_FORWARD, 1, 1, 0, X, Y, countWorkspace, scaleTwice},
    {"accumulate", OCKHAM_ENTRY_DECODE, 1, 2, 0, Step, Sums, NULL, accumulate},
    {"race", OCKHAM_ENTRY_OTHER, 1, 1, 0, X, Y, NULL, race},
    {"misuse", OCKHAM_ENTRY_OTHER, 1, 1, 0, X, Y, NULL, misuse},
    {"checked", OCKHAM_ENTRY_OTHER, 1, 1, 0, X, Y, NULL, checked},
    {"copy", OCKHAM_ENTRY_OTHER, 1, 1, 0, X, Y, NULL, copy},
    {"copies", OCKHAM_ENTRY_OTHER, 1, 2, 0, X, Copies, NULL, copyTwice},
    {"forked", OCKHAM_ENTRY_OTHER, 1, 2, 0, X, Copies, countParts, forked},
    {"unjoined", OCKHAM_ENTRY_OTHER, 1, 2, 0, X, Copies, countParts, unjoined},
    {"open", OCKHAM_ENTRY_OTHER, 1, 2, 0, X, Copies, countParts, open},
    {"copied", OCKHAM_ENTRY_OTHER, 1, 2, 0, X, Copies, countParts, copied}};

static const struct {
  float factor[16], panels[64];
} WeightData __attribute__((aligned(OCKHAM_ALIGNMENT))) = {
    {3}, {1, 2, 0, 0, 5, 6, 0, 0, 9, 10, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 11}};

static const int64_t FactorShape[] = {1}, PanelShape[] = {3, 5};
static const ockham_weight_spec Weights[] = {
    {"factor", OCKHAM_F32, 1, FactorShape, "row-major", 0, 4,
     OCKHAM_INIT_STORED, 0, 0, 0, 0},
    {"panels", OCKHAM_F32, 2, PanelShape, "panels<4>", 64, 2 * 3 * 4 * 4,
     OCKHAM_INIT_STORED, 0, 0, 0, 0},
    {"normal", OCKHAM_F32, 1, FactorShape, "row-major", 0, 4,
     OCKHAM_INIT_CONSTANT, 0, 0.5, 0, 0}};

static const ockham_state_spec States[] = {
    {{"sum", OCKHAM_F32, 1, StateDims}, OCKHAM_STATE_CACHE, -1},
    {{"trained", OCKHAM_F32, 1, (const ockham_dim[]){{1, NULL}}},
     OCKHAM_STATE_PARAMETER,
     0}};

static const ockham_kernel Kernels[] = {
    {BREAK == 1 ? "race" : "scale", {Threads, 1, 1}, 0, 4, 0},
    {"accumulate", {StateLength, BREAK == 2 ? 0 : 1, 1}, 0, 2, 0},
    {"race", {Threads, 1, BREAK == 3 ? 64 : 1}, 64, BREAK == 4 ? -1 : 1, 0},
    {"check", {1, 1, 1}, 0, 2, 0}};

static const char Text[] = "//\n";
static const char Unclosed[] = {'/', '/'};
// 64-bit ELF with two sections behind the header, of which half of one is
// there.
static const struct {
  unsigned char magic[16];
  uint16_t type, machine;
  uint32_t version;
  uint64_t entry, programs, sections;
  uint32_t flags;
  uint16_t header_bytes, program_bytes, programs_count, section_bytes,
      section_count, names;
  char section[32];
} Elf = {
    {0x7f, 'E', 'L', 'F', 2}, 0, 0, 0, 0, 0, 64, 0, 64, 0, 0, 64, 2, 0, {0}};
// 100 bytes of members, of which 8 are there.
static const struct {
  uint32_t magic;
  uint16_t version, header_bytes;
  uint64_t bytes;
  char members[8];
} Fatbin = {0xba55ed50, 1, 16, 100, {0}};
static ockham_device_image Images[] = {
    {BREAK == 5 ? 9 : OCKHAM_IMAGE_BITCODE, 0, BREAK == 6 ? "80" : "sm_80",
     cuda_model_image, 0},
    {OCKHAM_IMAGE_PTX, 0, "sm_80", BREAK == 7 ? Unclosed : Text,
     BREAK == 7 ? sizeof(Unclosed) : sizeof(Text)}};

static ockham_model Model = {sizeof(ockham_model),
                             OCKHAM_ABI_VERSION,
                             "scaler",
                             "cuda",
                             "",
                             "by hand",
                             "",
                             sizeof(Entries) / sizeof(Entries[0]),
                             sizeof(Weights) / sizeof(Weights[0]),
                             sizeof(States) / sizeof(States[0]),
                             0,
                             Entries,
                             Weights,
                             States,
                             &WeightData,
                             sizeof(WeightData),
                             NULL,
                             NULL,
                             sizeof(Kernels) / sizeof(Kernels[0]),
                             BREAK == 10 ? 0
                                         : sizeof(Images) / sizeof(Images[0]),
                             BREAK == 11 ? NULL : Kernels,
                             Images};

const ockham_model *ockham_model_query(uint32_t max_version) {
  // Sizes that only the linker knows.
  Images[0].bytes = (uint64_t)(cuda_model_end - cuda_model_image);
  if (BREAK == 8)
    Images[0].bytes -= 4;
  if (BREAK == 9)
    Images[1].kind = OCKHAM_IMAGE_CUBIN;
  if (BREAK == 12)
    Images[1].bytes = 0;
  if (BREAK == 14) {
    const ockham_device_image image = {OCKHAM_IMAGE_CUBIN, 0, "sm_80", &Elf,
                                       sizeof(Elf)};
    Images[1] = image;
  }
  if (BREAK == 15) {
    const ockham_device_image image = {OCKHAM_IMAGE_FATBIN, 0, "sm_80", &Fatbin,
                                       sizeof(Fatbin)};
    Images[1] = image;
  }
  if (BREAK == 13) { // Nothing for the emulator.
    Images[0] = Images[1];
    Images[1].arch = "sm_90a";
  }
  if (BREAK == 16) {
    static char members[16 + 8];
    memcpy(members, &Fatbin, sizeof(members));
    members[8] = 8; // the size
    const ockham_device_image image = {OCKHAM_IMAGE_FATBIN, 0, "sm_80", members,
                                       sizeof(members)};
    Images[1] = image;
  }
  return max_version >= OCKHAM_ABI_VERSION ? &Model : NULL;
}
