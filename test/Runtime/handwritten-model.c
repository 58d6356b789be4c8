//===- handwritten-model.c - A compiled model, written by hand ------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A language model so small that it can be read: its "attention" is a running
// sum. For tokens t_0 ... t_s
//   hidden_s = gain * (embedding[t_0] + ... + embedding[t_s])
//   logits_s = hidden_s . head
// It shows all that ABI version 1 has: entry points that run a whole sequence
// (forward), one more token with state (decode) and a training step of the head
// by momentum (train_step); embedded weights, or, with WEIGHT_FILE defined, a
// safetensors file beside the library; a weight from a recipe; state of every
// kind; parallel loops, host memory and a planned workspace.
//
//===----------------------------------------------------------------------===//

#include "ockham-c/ModelABI.h"
#include <math.h>
#include <string.h>

enum { Vocabulary = 16, Width = 8 };

#ifndef FEATURES
#define FEATURES ""
#endif
#ifndef ABI_VERSION
#define ABI_VERSION OCKHAM_ABI_VERSION
#endif

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

enum { WeightEmbedding, WeightHead, WeightGain };

static const int64_t EmbeddingShape[] = {Vocabulary, Width};
static const int64_t HeadShape[] = {Width, Vocabulary};
static const int64_t GainShape[] = {Width};

#ifndef WEIGHT_FILE
// The test writes the same values into the safetensors file.
#define E(t, j) (float)(((t) * 7 + (j) * 3) % 11 - 5) / 8
#define E8(t)                                                                  \
  E(t, 0), E(t, 1), E(t, 2), E(t, 3), E(t, 4), E(t, 5), E(t, 6), E(t, 7)
#define H(j, v) (float)(((j) * 5 + (v) * 2) % 13 - 6) / 16
#define H8(j, v)                                                               \
  H(j, v), H(j, v + 1), H(j, v + 2), H(j, v + 3), H(j, v + 4), H(j, v + 5),    \
      H(j, v + 6), H(j, v + 7)
#define H16(j) H8(j, 0), H8(j, 8)

static const struct {
  float embedding[Vocabulary * Width];
  float head[Width * Vocabulary];
} WeightData __attribute__((aligned(OCKHAM_ALIGNMENT))) = {
    {E8(0), E8(1), E8(2), E8(3), E8(4), E8(5), E8(6), E8(7), E8(8), E8(9),
     E8(10), E8(11), E8(12), E8(13), E8(14), E8(15)},
    {H16(0), H16(1), H16(2), H16(3), H16(4), H16(5), H16(6), H16(7)}};
#endif

static const ockham_weight_spec Weights[] = {
    {.name = "embedding",
     .dtype = OCKHAM_F32,
     .rank = 2,
     .shape = EmbeddingShape,
     .layout = "row-major",
     .offset = 0,
     .bytes = Vocabulary * Width * sizeof(float)},
    {.name = "head",
     .dtype = OCKHAM_F32,
     .rank = 2,
     .shape = HeadShape,
     .layout = "row-major",
     .offset = Vocabulary * Width * sizeof(float),
     .bytes = Width * Vocabulary * sizeof(float)},
    {.name = "gain",
     .dtype = OCKHAM_F32,
     .rank = 1,
     .shape = GainShape,
     .layout = "row-major",
     .bytes = Width * sizeof(float),
     .init = OCKHAM_INIT_NORMAL,
     .mean = 1.0,
     .std = 0.125,
     .seed = 7}};

//===----------------------------------------------------------------------===//
// State
//===----------------------------------------------------------------------===//

enum {
  StateRunningSum,
  StateHistory,
  StateSeen,
  StateHead,
  StateMomentum,
  StateStep
};

static const ockham_dim SumDims[] = {{-1, "batch"}, {Width, 0}};
static const ockham_dim HistoryDims[] = {{-1, "batch"}, {-1, "cache_length"}};
static const ockham_dim HeadDims[] = {{Width, 0}, {Vocabulary, 0}};

static const ockham_state_spec States[] = {
    {{"running_sum", OCKHAM_F32, 2, SumDims}, OCKHAM_STATE_CACHE, -1},
    {{"history", OCKHAM_I64, 2, HistoryDims}, OCKHAM_STATE_CACHE, -1},
    {{"tokens_seen", OCKHAM_I64, 0, 0}, OCKHAM_STATE_COUNTER, -1},
    {{"trained_head", OCKHAM_F32, 2, HeadDims},
     OCKHAM_STATE_PARAMETER,
     WeightHead},
    {{"head_momentum", OCKHAM_F32, 2, HeadDims}, OCKHAM_STATE_MOMENT, -1},
    {{"step", OCKHAM_I64, 0, 0}, OCKHAM_STATE_COUNTER, -1}};

//===----------------------------------------------------------------------===//
// Shared pieces
//===----------------------------------------------------------------------===//

static int checkTokens(const ockham_host *host, const ockham_call *call,
                       const int64_t *tokens, int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    if (tokens[i] < 0 || tokens[i] >= Vocabulary) {
      int64_t values[] = {tokens[i], Vocabulary};
      host->fail(call->context, OCKHAM_INVALID_ARGUMENT,
                 "token {} is not within the vocabulary of {}", values, 2);
      return 0;
    }
  return 1;
}

static void addToken(const ockham_call *call, int64_t token, float *sum) {
  const float *embedding = call->weights[WeightEmbedding];
  for (int j = 0; j < Width; ++j)
    sum[j] += embedding[token * Width + j];
}

/// logits = (gain * sum) . head; also gives hidden if it is wanted.
static void project(const ockham_call *call, const float *head,
                    const float *sum, float *logits, float *hidden) {
  const float *gain = call->weights[WeightGain];
  for (int v = 0; v < Vocabulary; ++v)
    logits[v] = 0;
  for (int j = 0; j < Width; ++j) {
    float h = gain[j] * sum[j];
    if (hidden)
      hidden[j] = h;
    for (int v = 0; v < Vocabulary; ++v)
      logits[v] += h * head[j * Vocabulary + v];
  }
}

//===----------------------------------------------------------------------===//
// forward: input_ids [batch, sequence] -> logits [batch, sequence, 16]
//===----------------------------------------------------------------------===//

typedef struct {
  const ockham_call *call;
  float *logits;
  float *sums; ///< Width floats per worker.
} ForwardLoop;

static void forwardSequences(void *argument, int64_t begin, int64_t end,
                             int32_t worker) {
  ForwardLoop *loop = argument;
  const ockham_tensor *ids = &loop->call->inputs[0];
  int64_t length = ids->shape[1];
  float *sum = loop->sums + worker * Width;
  for (int64_t b = begin; b < end; ++b) {
    const int64_t *tokens = (const int64_t *)ids->data + b * length;
    memset(sum, 0, Width * sizeof(float));
    for (int64_t s = 0; s < length; ++s) {
      addToken(loop->call, tokens[s], sum);
      project(loop->call, loop->call->weights[WeightHead], sum,
              loop->logits + (b * length + s) * Vocabulary, 0);
    }
  }
}

static uint64_t forwardWorkspace(const ockham_tensor *inputs,
                                 const ockham_tensor *states, int32_t workers) {
  (void)inputs;
  (void)states;
  return (uint64_t)workers * Width * sizeof(float);
}

static int32_t forward(const ockham_host *host, const ockham_call *call) {
  const ockham_tensor *ids = &call->inputs[0];
  if (!checkTokens(host, call, ids->data, ids->shape[0] * ids->shape[1]))
    return OCKHAM_INVALID_ARGUMENT;
  int64_t shape[] = {ids->shape[0], ids->shape[1], Vocabulary};
  ForwardLoop loop = {call, host->output(call->context, 0, 3, shape),
                      call->workspace};
  if (!loop.logits)
    return OCKHAM_INVALID_ARGUMENT;
  host->parallel_for(call->context, shape[0], 1, forwardSequences, &loop);
  return OCKHAM_OK;
}

//===----------------------------------------------------------------------===//
// decode: input_ids [batch, 1] -> logits [batch, 16], with running_sum
//===----------------------------------------------------------------------===//

static int32_t decode(const ockham_host *host, const ockham_call *call) {
  const ockham_tensor *ids = &call->inputs[0];
  const int64_t *tokens = ids->data;
  int64_t batch = ids->shape[0];
  const ockham_tensor *history = &call->states[StateHistory];
  int64_t capacity = history->shape[1];
  int64_t *seen = call->states[StateSeen].data;
  float *sums = call->states[StateRunningSum].data;
  if (!checkTokens(host, call, tokens, batch))
    return OCKHAM_INVALID_ARGUMENT;
  if (*seen >= capacity) {
    host->fail(call->context, OCKHAM_INVALID_ARGUMENT,
               "the cache is full; bind a larger 'cache_length'", 0, 0);
    return OCKHAM_INVALID_ARGUMENT;
  }
  int64_t shape[] = {batch, Vocabulary};
  float *logits = host->output(call->context, 0, 2, shape);
  if (!logits)
    return OCKHAM_INVALID_ARGUMENT;
  for (int64_t b = 0; b < batch; ++b) {
    ((int64_t *)history->data)[b * capacity + *seen] = tokens[b];
    addToken(call, tokens[b], sums + b * Width);
    project(call, call->weights[WeightHead], sums + b * Width,
            logits + b * Vocabulary, 0);
  }
  ++*seen;
  return OCKHAM_OK;
}

//===----------------------------------------------------------------------===//
// train_step: mean cross entropy; momentum of 0.9 on the head
//===----------------------------------------------------------------------===//

static int32_t trainStep(const ockham_host *host, const ockham_call *call) {
  const ockham_tensor *ids = &call->inputs[0];
  const int64_t *tokens = ids->data, *labels = call->inputs[1].data;
  float rate = *(const float *)call->inputs[2].data;
  float *head = call->states[StateHead].data;
  float *momentum = call->states[StateMomentum].data;
  int64_t *step = call->states[StateStep].data;
  int64_t batch = ids->shape[0], length = ids->shape[1];
  if (!checkTokens(host, call, tokens, batch * length) ||
      !checkTokens(host, call, labels, batch * length))
    return OCKHAM_INVALID_ARGUMENT;
  float *loss = host->output(call->context, 0, 0, 0);
  // Released by the host when the call ends.
  float *gradient =
      host->allocate(call->context, Width * Vocabulary * sizeof(float));
  if (!loss || !gradient)
    return loss ? OCKHAM_OUT_OF_MEMORY : OCKHAM_INVALID_ARGUMENT;
  memset(gradient, 0, Width * Vocabulary * sizeof(float));
  double total = 0;
  for (int64_t b = 0; b < batch; ++b) {
    float sum[Width] = {0}, hidden[Width], logits[Vocabulary];
    for (int64_t s = 0; s < length; ++s) {
      addToken(call, tokens[b * length + s], sum);
      project(call, head, sum, logits, hidden);
      float largest = logits[0], norm = 0;
      for (int v = 1; v < Vocabulary; ++v)
        largest = fmaxf(largest, logits[v]);
      for (int v = 0; v < Vocabulary; ++v)
        norm += expf(logits[v] - largest);
      int64_t label = labels[b * length + s];
      total += logf(norm) + largest - logits[label];
      for (int v = 0; v < Vocabulary; ++v) {
        float error = expf(logits[v] - largest) / norm - (v == label);
        for (int j = 0; j < Width; ++j)
          gradient[j * Vocabulary + v] += hidden[j] * error;
      }
    }
  }
  float count = (float)(batch * length);
  for (int i = 0; i < Width * Vocabulary; ++i) {
    momentum[i] = 0.9f * momentum[i] + gradient[i] / count;
    head[i] -= rate * momentum[i];
  }
  *loss = (float)(total / count);
  ++*step;
  return OCKHAM_OK;
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static const ockham_dim SequenceDims[] = {{-1, "batch"}, {-1, "sequence"}};
static const ockham_dim OneTokenDims[] = {{-1, "batch"}, {1, 0}};
static const ockham_dim LogitsDims[] = {
    {-1, "batch"}, {-1, "sequence"}, {Vocabulary, 0}};
static const ockham_dim LastLogitsDims[] = {{-1, "batch"}, {Vocabulary, 0}};

static const ockham_tensor_spec ForwardInputs[] = {
    {"input_ids", OCKHAM_I64, 2, SequenceDims}};
static const ockham_tensor_spec ForwardOutputs[] = {
    {"logits", OCKHAM_F32, 3, LogitsDims}};
static const ockham_tensor_spec DecodeInputs[] = {
    {"input_ids", OCKHAM_I64, 2, OneTokenDims}};
static const ockham_tensor_spec DecodeOutputs[] = {
    {"logits", OCKHAM_F32, 2, LastLogitsDims}};
static const ockham_tensor_spec TrainInputs[] = {
    {"input_ids", OCKHAM_I64, 2, SequenceDims},
    {"labels", OCKHAM_I64, 2, SequenceDims},
    {"learning_rate", OCKHAM_F32, 0, 0}};
static const ockham_tensor_spec TrainOutputs[] = {{"loss", OCKHAM_F32, 0, 0}};

static const ockham_entry Entries[] = {
    {"forward", OCKHAM_ENTRY_FORWARD, 1, 1, 0, ForwardInputs, ForwardOutputs,
     forwardWorkspace, forward},
    {"decode", OCKHAM_ENTRY_DECODE, 1, 1, 0, DecodeInputs, DecodeOutputs, 0,
     decode},
    {"train_step", OCKHAM_ENTRY_TRAIN_STEP, 3, 1, 0, TrainInputs, TrainOutputs,
     0, trainStep}};

static const ockham_model Model = {
    .struct_bytes = sizeof(ockham_model),
    .abi_version = ABI_VERSION,
    .name = "running-sum",
    .target = "cpu",
    .features = FEATURES,
    .producer = "by hand",
    .options = "",
    .entry_count = sizeof(Entries) / sizeof(Entries[0]),
    .weight_count = sizeof(Weights) / sizeof(Weights[0]),
    .state_count = sizeof(States) / sizeof(States[0]),
    .entries = Entries,
    .weights = Weights,
    .states = States,
#ifdef WEIGHT_FILE
    .weight_file = WEIGHT_FILE,
#else
    .weight_data = &WeightData,
    .weight_bytes = sizeof(WeightData),
#endif
};

const ockham_model *ockham_model_query(uint32_t max_version) {
  (void)max_version;
#ifdef REFUSES_OLD_RUNTIMES
  return 0;
#endif
  return &Model;
}
