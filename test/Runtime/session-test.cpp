//===- session-test.cpp - Sessions, their state, and threads --------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Helpers.h"
#include <cmath>
#include <cstdlib>
#include <thread>

using Floats = std::vector<float>;
using Ints = std::vector<int64_t>;

static Floats runForward(ockham_session *session, int64_t batch,
                         const Ints &tokens) {
  Tensor<int64_t> ids({batch, static_cast<int64_t>(tokens.size()) / batch},
                      tokens);
  ockham_argument input = ids.as("input_ids"), output = wanted("logits");
  CHECK_OK(ockham_session_run(session, "forward", &input, 1, &output, 1));
  return take<float>(output);
}

static Floats runDecode(ockham_session *session, const Ints &tokens) {
  Tensor<int64_t> ids({static_cast<int64_t>(tokens.size()), 1}, tokens);
  ockham_argument input = ids.as("input_ids"), output = wanted("logits");
  CHECK_OK(ockham_session_run(session, "decode", &input, 1, &output, 1));
  return take<float>(output);
}

template <typename T>
static std::vector<T> readState(ockham_session *session, const char *name) {
  ockham_argument output = wanted(name);
  CHECK_OK(ockham_session_read_state(session, &output));
  return take<T>(output);
}

static Floats readWeight(ockham_session *session, const char *name) {
  ockham_argument output = wanted(name);
  CHECK_OK(ockham_session_read_weight(session, &output));
  return take<float>(output);
}

/// forward in plain loops.
static Floats reference(const Ints &tokens, const Floats &gain) {
  Floats logits;
  double sum[8] = {};
  for (int64_t token : tokens) {
    for (int64_t j = 0; j < 8; ++j)
      sum[j] += embeddingValue(token, j);
    for (int64_t v = 0; v < 16; ++v) {
      double logit = 0;
      for (int64_t j = 0; j < 8; ++j)
        logit += gain[j] * sum[j] * headValue(j, v);
      logits.push_back(static_cast<float>(logit));
    }
  }
  return logits;
}

static bool near(const Floats &a, const Floats &b) {
  bool close = a.size() == b.size();
  for (size_t i = 0; close && i < a.size(); ++i)
    close = std::fabs(a[i] - b[i]) < 1e-5;
  return close;
}

TEST(forward) {
  LibraryPtr library = load(testModel("handwritten"));
  Options options;
  SessionPtr session = createSession(library.get(), &options);
  Floats gain = readWeight(session.get(), "gain");
  Floats expected = reference({1, 2, 3}, gain);
  Floats second = reference({15, 0, 7}, gain);
  expected.insert(expected.end(), second.begin(), second.end());
  CHECK(near(runForward(session.get(), 2, {1, 2, 3, 15, 0, 7}), expected));
  CHECK_EQ(std::string(ockham_session_device(session.get())), "cpu");
  CHECK(ockham_session_stream(session.get()) == nullptr);
  CHECK_EQ(ockham_session_threads(session.get()), 2);
  // A message of the model itself.
  Tensor<int64_t> ids({2, 1}, {3, 16});
  ockham_argument input = ids.as("input_ids");
  CHECK_FAILS(
      ockham_session_run(session.get(), "forward", &input, 1, nullptr, 0),
      OCKHAM_INVALID_ARGUMENT, "token 16 is not within the vocabulary of 16");
}

TEST(decodeContinuesForward) {
  LibraryPtr library = load(testModel("handwritten"));
  Options options(2, 1);
  SessionPtr session = createSession(library.get(), &options);
  library.reset(); // The session keeps the model.
  Ints tokens = {3, 1, 4, 1, 5};
  Floats whole = runForward(session.get(), 1, tokens);
  for (int round = 0; round < 2; ++round) {
    for (size_t s = 0; s < tokens.size(); ++s) {
      Floats step = runDecode(session.get(), {tokens[s]});
      CHECK(step ==
            Floats(whole.begin() + s * 16, whole.begin() + s * 16 + 16));
    }
    CHECK(readState<int64_t>(session.get(), "tokens_seen") == Ints{5});
    CHECK(readState<int64_t>(session.get(), "history") ==
          (Ints{3, 1, 4, 1, 5, 0, 0, 0}));
    CHECK_OK(ockham_session_reset_state(session.get(), nullptr));
    CHECK(readState<int64_t>(session.get(), "tokens_seen") == Ints{0});
  }
  Tensor<int64_t> seen({}, {8});
  ockham_argument state = seen.as("tokens_seen");
  CHECK_OK(ockham_session_write_state(session.get(), &state));
  Tensor<int64_t> ids({1, 1}, {1});
  ockham_argument input = ids.as("input_ids");
  CHECK_FAILS(
      ockham_session_run(session.get(), "decode", &input, 1, nullptr, 0),
      OCKHAM_INVALID_ARGUMENT,
      "the cache is full; bind a larger 'cache_length'");
}

TEST(training) {
  LibraryPtr library = load(testModel("handwritten"));
  Options options;
  SessionPtr session = createSession(library.get(), &options);
  Floats head = readWeight(session.get(), "head");
  CHECK_EQ(head[17], headValue(1, 1));
  CHECK(readState<float>(session.get(), "trained_head") == head);
  Tensor<int64_t> ids({2, 3}, {1, 2, 3, 4, 5, 6});
  Tensor<int64_t> labels({2, 3}, {2, 3, 4, 5, 6, 7});
  Tensor<float> rate({}, {0.1f});
  float first = 0, last = 0;
  for (int step = 0; step < 50; ++step) {
    ockham_argument inputs[] = {labels.as("labels"), rate.as("learning_rate"),
                                ids.as("input_ids")};
    ockham_argument loss = wanted("loss");
    CHECK_OK(
        ockham_session_run(session.get(), "train_step", inputs, 3, &loss, 1));
    last = take<float>(loss)[0];
    if (step == 0)
      first = last;
  }
  CHECK(first > 2 && last < first / 2);
  CHECK(readState<int64_t>(session.get(), "step") == Ints{50});
  CHECK(readState<float>(session.get(), "trained_head") != head);
  CHECK(readWeight(session.get(), "head") == head);
  CHECK_OK(ockham_session_reset_state(session.get(), "trained_head"));
  CHECK(readState<float>(session.get(), "trained_head") == head);
  CHECK(readState<int64_t>(session.get(), "step") == Ints{50});
}

TEST(statesAndWeightsByName) {
  LibraryPtr library = load(testModel("handwritten"));
  Options options;
  SessionPtr session = createSession(library.get(), &options);
  SessionPtr other = createSession(library.get(), &options);
  ockham_argument output = wanted("head_velocity");
  CHECK_FAILS(ockham_session_read_state(session.get(), &output),
              OCKHAM_NOT_FOUND,
              "the model has no state 'head_velocity'; it has: 'running_sum', "
              "'history', 'tokens_seen', 'trained_head', 'head_momentum', "
              "'step'");
  output = wanted("tail");
  CHECK_FAILS(
      ockham_session_read_weight(session.get(), &output), OCKHAM_NOT_FOUND,
      "the model has no weight 'tail'; it has: 'embedding', 'head', 'gain'");
  Tensor<int64_t> small({2, 4}, Ints(8));
  ockham_argument input = small.as("history");
  CHECK_FAILS(ockham_session_write_state(session.get(), &input),
              OCKHAM_INVALID_ARGUMENT,
              "state 'history': expected int64 [2, 8], got int64 [2, 4]; axis "
              "1 must be 8, not 4");
  input = wanted("history");
  CHECK_FAILS(ockham_session_write_state(session.get(), &input),
              OCKHAM_INVALID_ARGUMENT,
              "state 'history': a tensor int64 [2, 8] is expected, got none");

  // A weight that is written is this session's own.
  Floats before = runForward(other.get(), 2, {1, 2});
  CHECK(runForward(session.get(), 2, {1, 2}) == before);
  Tensor<float> gain({8}, Floats(8, 0.0f));
  for (int round = 0; round < 2; ++round) {
    input = gain.as("gain");
    CHECK_OK(ockham_session_write_weight(session.get(), &input));
  }
  CHECK(readWeight(session.get(), "gain") == Floats(8, 0.0f));
  CHECK(runForward(session.get(), 2, {1, 2}) == Floats(32, 0.0f));
  CHECK(runForward(other.get(), 2, {1, 2}) == before);
  ockham_memory memory = {};
  memory.struct_bytes = sizeof(memory);
  CHECK_OK(ockham_session_memory(session.get(), &memory));
  CHECK_EQ(memory.weights, 32u);

  // Other packed weights have no values that could be read.
  LibraryPtr probe = load(testModel("probe"));
  SessionPtr packed = createSession(probe.get(), nullptr);
  output = wanted("packed");
  CHECK_FAILS(ockham_session_read_weight(packed.get(), &output),
              OCKHAM_UNSUPPORTED,
              "weight 'packed' has the packed layout 'tiles-4x8'; only "
              "weights in row-major and in panels can be read and written");
}

TEST(wrongOptions) {
  LibraryPtr library = load(testModel("handwritten"));
  auto attempt = [&](const ockham_session_options *options) {
    ockham_session *session = reinterpret_cast<ockham_session *>(1);
    ockham_status status =
        ockham_session_create(library.get(), options, &session);
    CHECK_EQ(session == nullptr, status != OCKHAM_OK);
    ockham_session_destroy(session);
    return status;
  };
  CHECK_FAILS(attempt(nullptr), OCKHAM_INVALID_ARGUMENT,
              "state 'running_sum' is float32 [batch, 8]: bind dimension "
              "'batch' to an extent when the session is created");
  Options options;
  options.device = "cuda";
  CHECK_FAILS(attempt(&options), OCKHAM_UNSUPPORTED,
              "device: the model 'running-sum' was compiled for 'cpu', got "
              "'cuda'");
  options.device = "cpu";
  CHECK_OK(attempt(&options));
  options.threads = -1;
  CHECK_FAILS(attempt(&options), OCKHAM_INVALID_ARGUMENT,
              "threads: expected 1 to 4096, or 0 for the default, got -1");
  options.threads = 1;
  options.values[1].symbol = "depth";
  CHECK_FAILS(attempt(&options), OCKHAM_INVALID_ARGUMENT,
              "bindings: the model 'running-sum' has no dimension 'depth'; it "
              "has: 'batch', 'cache_length', 'sequence'");
  options.values[1] = {"batch", 3};
  CHECK_FAILS(attempt(&options), OCKHAM_INVALID_ARGUMENT,
              "dimension 'batch' is 2 in the session's bindings but 3 in the "
              "session's bindings");
  options.values[1] = {"cache_length", -5};
  CHECK_FAILS(attempt(&options), OCKHAM_INVALID_ARGUMENT,
              "bindings: dimension 'cache_length': expected at least 0, got "
              "-5");
  options.values[1] = {"cache_length", INT64_MAX / 2};
  CHECK_FAILS(attempt(&options), OCKHAM_INVALID_ARGUMENT,
              "state 'history': int64 [2, 4611686018427387903] has more bytes "
              "than can be addressed");
  options.values[1] = {"cache_length", int64_t(1) << 50};
  CHECK_FAILS_WITH(attempt(&options), OCKHAM_OUT_OF_MEMORY,
                   "state 'history' needs 16.0 PiB");
}

TEST(threadCountOfTheEnvironment) {
  LibraryPtr library = load(testModel("handwritten"));
  Options options(0);
  setenv("OCKHAM_NUM_THREADS", "3", 1);
  CHECK_EQ(ockham_session_threads(createSession(library.get(), &options).get()),
           3);
  setenv("OCKHAM_NUM_THREADS", "many", 1);
  ockham_session *session;
  CHECK_FAILS(ockham_session_create(library.get(), &options, &session),
              OCKHAM_INVALID_ARGUMENT,
              "the environment's OCKHAM_NUM_THREADS: expected a number from 1 "
              "to 4096, got 'many'");
  unsetenv("OCKHAM_NUM_THREADS");
  CHECK(ockham_session_threads(createSession(library.get(), &options).get()) >=
        1);
}

TEST(manySessionsAtOnce) {
  LibraryPtr library = load(testModel("handwritten"));
  Options options(1, 4);
  SessionPtr alone = createSession(library.get(), &options);
  Ints tokens;
  for (int64_t i = 0; i < 4 * 32; ++i)
    tokens.push_back(i * 5 % 16);
  const Floats expected = runForward(alone.get(), 4, tokens);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      Options mine(1 + t % 3, 4);
      SessionPtr a = createSession(library.get(), &mine);
      SessionPtr b = createSession(library.get(), &mine);
      for (int round = 0; round < 100; ++round) {
        CHECK(runForward(a.get(), 4, tokens) == expected);
        CHECK(runForward(b.get(), 4, tokens) == expected);
        if (round % 8 == 0)
          CHECK_OK(ockham_session_reset_state(b.get(), nullptr));
        CHECK(runDecode(b.get(), {1, 2, 3, 4}).size() == 64);
        // Each thread has its own message.
        ockham_argument wrong = wanted(t % 2 ? "odd" : "even");
        CHECK_FAILS_WITH(ockham_session_read_state(a.get(), &wrong),
                         OCKHAM_NOT_FOUND, t % 2 ? "'odd'" : "'even'");
      }
    });
  // One session from two threads: its calls take turns.
  SessionPtr shared = createSession(library.get(), &options);
  for (int t = 0; t < 2; ++t)
    threads.emplace_back([&] {
      for (int round = 0; round < 100; ++round)
        CHECK(runForward(shared.get(), 4, tokens) == expected);
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST(teams) {
  LibraryPtr library = load(testModel("probe"));
  Options options(4);
  options.binding_count = 0;
  SessionPtr session = createSession(library.get(), &options);
  auto runTeam = [&](int64_t width) {
    Tensor<int64_t> value({}, {width});
    ockham_argument input = value.as("value"), output = wanted("errors");
    ockham_status status =
        ockham_session_run(session.get(), "team", &input, 1, &output, 1);
    if (status == OCKHAM_OK)
      CHECK(take<int64_t>(output) == Ints{0});
    return status;
  };
  for (int64_t width = 1; width <= 4; ++width)
    CHECK_OK(runTeam(width));
  CHECK_FAILS(runTeam(5), OCKHAM_UNSUPPORTED,
              "the model wants 5 threads at the same time, but the session has "
              "4; create the session with more threads");
}

int main() { return check::runAll(); }
