//===- probe-model.c - A model that asks its host for everything ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Entry points that each use one part of the host table, rightly or wrongly,
// so that the tests see what the runtime does about it. With BREAK defined, the
// table contradicts itself in one way.
//
//===----------------------------------------------------------------------===//

#include "ockham-c/ModelABI.h"
#include <stddef.h>
#include <string.h>

#ifndef BREAK
#define BREAK 0
#endif

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

/// a, b [n, m] -> sum, difference [n, m]
static int32_t addSubtract(const ockham_host *host, const ockham_call *call) {
  const ockham_tensor *a = &call->inputs[0], *b = &call->inputs[1];
  float *sum = host->output(call->context, 0, 2, a->shape);
  float *difference = host->output(call->context, 1, 2, a->shape);
  if (!sum || !difference)
    return OCKHAM_INVALID_ARGUMENT;
  for (int64_t i = 0; i < a->shape[0] * a->shape[1]; ++i) {
    sum[i] = ((float *)a->data)[i] + ((float *)b->data)[i];
    difference[i] = ((float *)a->data)[i] - ((float *)b->data)[i];
  }
  return OCKHAM_OK;
}

/// values [n] -> indices [count] of those that are not zero
static int32_t nonzero(const ockham_host *host, const ockham_call *call) {
  const int64_t *values = call->inputs[0].data;
  int64_t n = call->inputs[0].shape[0], count = 0;
  for (int64_t i = 0; i < n; ++i)
    count += values[i] != 0;
  int64_t *indices = host->output(call->context, 0, 1, &count);
  if (!indices)
    return OCKHAM_INVALID_ARGUMENT;
  for (int64_t i = 0; i < n; ++i)
    if (values[i])
      *indices++ = i;
  return OCKHAM_OK;
}

/// bytes [] -> nothing: takes memory twice and never gives it back.
static int32_t allocate(const ockham_host *host, const ockham_call *call) {
  int64_t bytes = *(const int64_t *)call->inputs[0].data;
  char *first = host->allocate(call->context, (uint64_t)bytes);
  if (!first)
    return OCKHAM_OUT_OF_MEMORY;
  char *second = host->allocate(call->context, (uint64_t)bytes);
  if (!second)
    return OCKHAM_OUT_OF_MEMORY;
  first[0] = second[0] = 1;
  if (bytes > 0)
    first[bytes - 1] = second[bytes - 1] = 1;
  return OCKHAM_OK;
}

typedef struct {
  const ockham_host *host;
  void *context;
  int32_t *seen;
  int32_t workers;
  int32_t errors;
} Team;

static void teamMember(void *argument, int64_t begin, int64_t end,
                       int32_t worker) {
  Team *team = argument;
  if (begin != worker || end != worker + 1)
    team->errors = 1;
  // Round r is seen by all only if the barrier holds everybody.
  for (int32_t round = 1; round <= 200; ++round) {
    team->seen[worker] = round;
    team->host->barrier(team->context);
    for (int32_t other = 0; other < team->workers; ++other)
      if (team->seen[other] != round)
        team->errors = 1;
    team->host->barrier(team->context);
  }
}

/// width [] -> errors []: a team of `width` threads.
static int32_t team(const ockham_host *host, const ockham_call *call) {
  int64_t width = *(const int64_t *)call->inputs[0].data;
  int64_t *errors = host->output(call->context, 0, 0, NULL);
  int32_t seen[64] = {0};
  if (!errors || width > 64)
    return OCKHAM_INVALID_ARGUMENT;
  Team all = {host, call->context, seen, (int32_t)width, 0};
  int32_t status =
      host->run_team(call->context, (int32_t)width, teamMember, &all);
  *errors = all.errors;
  return status;
}

enum {
  Mode_Ok,
  Mode_Code,
  Mode_Nonsense,
  Mode_NoOutput,
  Mode_Rank,
  Mode_Shape,
  Mode_Twice,
  Mode_Release,
  Mode_Index,
  Mode_FailThenOk,
  Mode_Cope
};

/// mode [] -> result [2]
static int32_t misbehave(const ockham_host *host, const ockham_call *call) {
  int64_t mode = *(const int64_t *)call->inputs[0].data;
  int64_t two[] = {2}, three[] = {3}, matrix[] = {2, 2};
  int local;
  switch (mode) {
  case Mode_Code:
    return OCKHAM_UNSUPPORTED;
  case Mode_Nonsense:
    return 99;
  case Mode_NoOutput:
    return OCKHAM_OK;
  case Mode_Rank:
    return host->output(call->context, 0, 2, matrix) ? 0
                                                     : OCKHAM_INVALID_ARGUMENT;
  case Mode_Shape:
    return host->output(call->context, 0, 1, three) ? 0
                                                    : OCKHAM_INVALID_ARGUMENT;
  case Mode_Release:
    host->release(call->context, &local);
    break;
  case Mode_Index:
    return host->output(call->context, 5, 1, two) ? 0 : OCKHAM_INVALID_ARGUMENT;
  case Mode_FailThenOk:
    host->fail(call->context, OCKHAM_UNSUPPORTED, "not today", 0, 0);
    host->fail(call->context, OCKHAM_INTERNAL, "nor tomorrow", 0, 0);
    break;
  case Mode_Cope:
    if (host->allocate(call->context, UINT64_MAX / 2))
      return OCKHAM_INTERNAL;
    break;
  }
  float *result = host->output(call->context, 0, 1, two);
  if (!result || host->output(call->context, 0, 1, two) != result)
    return OCKHAM_INTERNAL;
  if (mode == Mode_Twice && !host->output(call->context, 0, 1, three))
    return OCKHAM_INVALID_ARGUMENT;
  result[0] = 1;
  result[1] = 2;
  return OCKHAM_OK;
}

static uint64_t planned(const ockham_tensor *inputs,
                        const ockham_tensor *states, int32_t workers) {
  (void)states;
  int64_t n = inputs[0].shape[0];
  if (n == 12345)
    return UINT64_MAX;
  return (uint64_t)n * 8 + (uint64_t)workers * 64;
}

/// values [n] -> first []: with workspace
static int32_t copy(const ockham_host *host, const ockham_call *call) {
  int64_t n = call->inputs[0].shape[0];
  int64_t *first = host->output(call->context, 0, 0, NULL);
  if (!first || n == 0 || !call->workspace ||
      call->workspace_bytes < (uint64_t)n * 8)
    return OCKHAM_INTERNAL;
  memcpy(call->workspace, call->inputs[0].data, (size_t)n * 8);
  *first = *(int64_t *)call->workspace;
  return OCKHAM_OK;
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static const ockham_dim MatrixDims[] = {{-1, "n"}, {-1, "m"}};
static const ockham_dim VectorDims[] = {{-1, "n"}};
static const ockham_dim CountDims[] = {{-1, "count"}};
static const ockham_dim TwoDims[] = {{2, 0}};

static const ockham_tensor_spec AddInputs[] = {
    {"a", OCKHAM_F32, 2, MatrixDims},
    {BREAK == 1 ? "a" : "b", OCKHAM_F32, 2, MatrixDims}};
static const ockham_tensor_spec AddOutputs[] = {
    {"sum", OCKHAM_F32, 2, MatrixDims},
    {"difference", OCKHAM_F32, 2, MatrixDims}};
static const ockham_tensor_spec ValuesInput[] = {
    {"values", OCKHAM_I64, 1, VectorDims}};
static const ockham_tensor_spec IndicesOutput[] = {
    {"indices", OCKHAM_I64, 1, CountDims}};
static const ockham_tensor_spec ScalarInput[] = {
    {"value", BREAK == 2 ? 77 : OCKHAM_I64, 0, 0}};
static const ockham_tensor_spec ScalarOutput[] = {{"errors", OCKHAM_I64, 0, 0}};
static const ockham_tensor_spec ResultOutput[] = {
    {"result", OCKHAM_F32, 1, TwoDims}};

static const ockham_entry Entries[] = {
    {"add_subtract", OCKHAM_ENTRY_OTHER, 2, 2, 0, AddInputs, AddOutputs, 0,
     addSubtract},
    {"nonzero", OCKHAM_ENTRY_OTHER, 1, 1, 0, ValuesInput, IndicesOutput, 0,
     nonzero},
    {"allocate", OCKHAM_ENTRY_OTHER, 1, 0, 0, ScalarInput, 0, 0, allocate},
    {"team", OCKHAM_ENTRY_OTHER, 1, 1, 0, ScalarInput, ScalarOutput, 0, team},
    {"misbehave", OCKHAM_ENTRY_OTHER, 1, 1, 0, ScalarInput, ResultOutput, 0,
     misbehave},
    {"copy", OCKHAM_ENTRY_OTHER, 1, 1, 0, ValuesInput, ScalarOutput, planned,
     BREAK == 3 ? 0 : copy}};

static const char Packed[128] __attribute__((aligned(OCKHAM_ALIGNMENT))) = {7};
static const int64_t PackedShape[] = {3, 5};
static const int64_t NormalShape[] = {1000, 300};
static const int64_t ConstantShape[] = {4};

static const ockham_weight_spec Weights[] = {
    {"packed", OCKHAM_F32, 2, PackedShape, "tiles-4x8", BREAK == 4 ? 64 : 0,
     128, OCKHAM_INIT_STORED, 0, 0, 0, 0},
    {"normal", OCKHAM_BF16, 2, NormalShape, "row-major", 0,
     BREAK == 5 ? 599999 : 600000, OCKHAM_INIT_NORMAL, 0, 0.5, 0.25, 11},
    {"constant", OCKHAM_I32, 1, ConstantShape, "row-major", 0, 16,
     BREAK == 6 ? OCKHAM_INIT_NORMAL : OCKHAM_INIT_CONSTANT, 0, -3, 0, 0}};

static const ockham_state_spec States[] = {
    {{"from_constant", OCKHAM_I32, 1, CountDims}, OCKHAM_STATE_PARAMETER, 2}};

// The same for processors that do not exist, and for this one.
static const ockham_model Fastest = {
    BREAK == 13 ? 16 : offsetof(ockham_model, faster),
    BREAK == 14 ? 2 : OCKHAM_ABI_VERSION,
    "probe",
    "cpu",
    "x86-64 avx9000",
    "by hand",
    "",
    sizeof(Entries) / sizeof(Entries[0]) - (BREAK == 15),
    sizeof(Weights) / sizeof(Weights[0]),
    0,
    0,
    Entries,
    Weights,
    NULL,
    Packed,
    sizeof(Packed),
    NULL,
    &Fastest};
static const ockham_model Faster = {sizeof(ockham_model),
                                    OCKHAM_ABI_VERSION,
                                    "probe",
                                    "cpu",
                                    "x86-64 sse2",
                                    "by hand, faster",
                                    "",
                                    sizeof(Entries) / sizeof(Entries[0]),
                                    sizeof(Weights) / sizeof(Weights[0]),
                                    0,
                                    0,
                                    Entries,
                                    Weights,
                                    NULL,
                                    Packed,
                                    sizeof(Packed),
                                    NULL,
                                    &Fastest};

static const ockham_model Model = {BREAK == 7 ? 16 : sizeof(ockham_model),
                                   OCKHAM_ABI_VERSION,
                                   BREAK == 8 ? NULL : "probe",
                                   BREAK == 9 ? "abacus" : "cpu",
                                   "x86-64",
                                   "by hand",
                                   "",
                                   sizeof(Entries) / sizeof(Entries[0]),
                                   sizeof(Weights) / sizeof(Weights[0]),
                                   BREAK == 10 ? 1 : 0,
                                   0,
                                   BREAK == 11 ? NULL : Entries,
                                   Weights,
                                   BREAK == 10 ? States : NULL,
                                   BREAK == 12 ? NULL : Packed,
                                   sizeof(Packed),
                                   NULL,
                                   &Faster};

const ockham_model *ockham_model_query(uint32_t max_version) {
  return max_version >= 1 ? &Model : NULL;
}
