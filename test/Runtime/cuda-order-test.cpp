//===- cuda-order-test.cpp - What waits for what on a GPU -----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The emulator does all work as late as CUDA allows here: what nobody waits for
// is not done, and what no stream or event orders has no order.
//
//===----------------------------------------------------------------------===//

#include "CudaHelpers.h"
#include "ockham-c/CudaEmulator.h"
#include <dlfcn.h>

static const char negative[] = "x begins with -7, expected 0 or more";

/// Whether everything is done that was enqueued for a session.
static bool isDone(ockham_session *session) {
  void *driver = dlopen(OCKHAM_TEST_EMULATOR, RTLD_NOW | RTLD_NOLOAD);
  auto query = reinterpret_cast<decltype(&cuStreamQuery)>(
      dlsym(driver, "cuStreamQuery"));
  dlclose(driver);
  auto stream = static_cast<CUstream>(ockham_session_stream(session));
  return query(stream) == CUDA_SUCCESS;
}

static ockham_argument viewOf(const char *name, const DLTensor &tensor) {
  ockham_argument argument = {};
  argument.name = name;
  argument.view = &tensor;
  return argument;
}

static Floats readBy(Session &reader, const DLTensor &tensor) {
  ockham_argument x = viewOf("x", tensor), y = wanted("y");
  CHECK_OK(ockham_session_run(reader.get(), "copy", &x, 1, &y, 1));
  return take<float>(y);
}

/// Calls that do not wait, with inputs that change as soon as they return.
TEST(inputsOfTheHost) {
  Session session(/*resultsOnDevice=*/1), reader;
  std::vector<ockham_argument> kept;
  for (int round = 0; round < 5; ++round) {
    kept.push_back(wanted("y"));
    CHECK_OK(session.run("scale", range(50, static_cast<float>(round)),
                         &kept.back(), 1));
    CHECK(!isDone(session.get()));
  }
  for (int round = 0; round < 5; ++round) {
    CHECK(readBy(reader, kept[round].managed->dl_tensor) ==
          range(50, static_cast<float>(9 * round)));
    ockham_argument_release(&kept[round]);
  }
  // More than the pinned memory takes at once.
  CHECK_OK(session.run("copy", range(3000000), &kept[0], 1));
  CHECK(readBy(reader, kept[0].managed->dl_tensor) == range(3000000));
  ockham_argument_release(&kept[0]);
}

/// What a session has enqueued for a tensor comes before what another one does
/// with it.
TEST(sessions) {
  Session first(/*resultsOnDevice=*/1), second(/*resultsOnDevice=*/1), reader;
  for (int round = 1; round <= 3; ++round) {
    float factor = static_cast<float>(round);
    ockham_argument a = wanted("y"), b = wanted("y");
    // Read by another session.
    CHECK_OK(first.run("scale", range(40, factor), &a, 1));
    ockham_argument x = viewOf("x", a.managed->dl_tensor);
    CHECK_OK(ockham_session_run(second.get(), "scale", &x, 1, &b, 1));
    CHECK(!isDone(first.get()));
    CHECK(!isDone(second.get()));
    CHECK(readBy(reader, b.managed->dl_tensor) == range(40, 81 * factor));
    // A buffer of another session, read by the first one next; then written by
    // the first one again, while the other one still has to read it.
    ockham_argument target = viewOf("y", a.managed->dl_tensor);
    CHECK_OK(second.run("scale", range(40, 2), &target, 1));
    ockham_argument c = wanted("y"), d = wanted("y");
    CHECK_OK(ockham_session_run(first.get(), "scale", &x, 1, &c, 1));
    CHECK_OK(ockham_session_run(second.get(), "scale", &x, 1, &d, 1));
    CHECK_OK(first.run("scale", range(40, 100), &target, 1));
    CHECK(readBy(reader, a.managed->dl_tensor) == range(40, 900));
    CHECK(readBy(reader, c.managed->dl_tensor) == range(40, 162));
    CHECK(readBy(reader, d.managed->dl_tensor) == range(40, 162));
    for (ockham_argument *argument : {&a, &b, &c, &d})
      ockham_argument_release(argument);
  }
}

/// Pieces of a tensor.
TEST(parts) {
  Session first(/*resultsOnDevice=*/1), second(/*resultsOnDevice=*/1), reader;
  ockham_argument a = wanted("y");
  CHECK_OK(first.run("scale", Floats(12, 1), &a, 1));
  int64_t four = 4, two = 2;
  DLTensor middle = a.managed->dl_tensor;
  middle.shape = &four;
  middle.byte_offset = 16;
  ockham_argument target = viewOf("y", middle);
  CHECK_OK(second.run("scale", range(4), &target, 1));
  // The session that wrote the ends is waited for, too.
  DLTensor end = a.managed->dl_tensor;
  end.shape = &two;
  end.byte_offset = 40;
  CHECK(readBy(reader, end) == Floats(2, 9));
  CHECK(readBy(reader, a.managed->dl_tensor) ==
        Floats({9, 9, 9, 9, 0, 9, 18, 27, 9, 9, 9, 9}));
  // A state is written from what another session makes, and copied to there.
  CHECK_OK(second.run("scale", range(4, 2), &target, 1));
  ockham_argument sum = viewOf("sum", middle);
  CHECK_OK(ockham_session_write_state(first.get(), &sum));
  CHECK(readState(first.get(), "sum") == range(4, 18));
  ockham_argument_release(&a);
}

/// A session that ends is done with what others read.
TEST(sessionThatEnds) {
  Session reader;
  ockham_argument y = wanted("y");
  {
    Session session(/*resultsOnDevice=*/1);
    CHECK_OK(session.run("scale", range(40), &y, 1));
  }
  CHECK(readBy(reader, y.managed->dl_tensor) == range(40, 9));
  ockham_argument_release(&y);
}

/// Who waits hears of a check that failed, whatever happened meanwhile.
TEST(failuresAreKept) {
  Session session(/*resultsOnDevice=*/1);
  ockham_argument y = wanted("y");
  auto fail = [&] {
    ockham_argument result = wanted("y");
    CHECK_OK(session.run("checked", {-7, 1}, &result, 1));
    ockham_argument_release(&result);
  };
  const std::string earlier = std::string("an earlier call: ") + negative;
  fail();
  ockham_session_trim(session.get());
  CHECK_FAILS(ockham_session_wait(session.get()), OCKHAM_INVALID_ARGUMENT,
              negative);
  CHECK_OK(ockham_session_wait(session.get()));

  // A call whose arguments are wrong, and one that fails by itself.
  fail();
  ockham_argument wrong = wanted("nothing");
  CHECK_FAILS_WITH(session.run("scale", {1}, &wrong, 1),
                   OCKHAM_INVALID_ARGUMENT, "'nothing'");
  CHECK_FAILS(session.run("scale", {1}, &y, 1), OCKHAM_INVALID_ARGUMENT,
              earlier);
  fail();
  CHECK_FAILS_WITH(session.run("copy", {17}, &y, 1), OCKHAM_INTERNAL, "copy");
  CHECK_FAILS(session.run("scale", {1}, &y, 1), OCKHAM_INVALID_ARGUMENT,
              earlier);

  // What is written is written; what is read comes from the call that failed.
  fail();
  Tensor<float> ten({1}, {10}), values({4}, {5, 6, 7, 8});
  ockham_argument factor = ten.as("factor"), sum = values.as("sum");
  CHECK_OK(ockham_session_write_weight(session.get(), &factor));
  CHECK_OK(ockham_session_write_state(session.get(), &sum));
  CHECK_OK(ockham_session_reset_state(session.get(), "trained"));
  ockham_argument read = wanted("factor");
  CHECK_FAILS(ockham_session_read_weight(session.get(), &read),
              OCKHAM_INVALID_ARGUMENT, earlier);
  CHECK(read.managed == nullptr);
  CHECK(readWeight(session.get(), "factor") == Floats{10});
  CHECK(readState(session.get(), "sum") == values.values);
  CHECK(readState(session.get(), "trained") == Floats{10});
}

/// A call that fails behind its checks leaves nothing to the next one.
TEST(checksOfFailedCalls) {
  for (int32_t resultsOnDevice : {0, 1}) {
    Session session(resultsOnDevice);
    ockham_argument y = wanted("y");
    for (int round = 0; round < 2; ++round) {
      CHECK_FAILS_WITH(session.run("checked", {-7, 1, 2}, &y, 1),
                       OCKHAM_INTERNAL, "'checked' failed with 'internal'");
      CHECK_OK(session.run("checked", {7, 1}, &y, 1));
      CHECK_OK(ockham_session_wait(session.get()));
      ockham_argument_release(&y);
    }
  }
}

static DLManagedTensor lend(const DLTensor &tensor, void *context,
                            void (*deleter)(DLManagedTensor *)) {
  return {tensor, context, deleter};
}

/// What is handed over stays as long as the device uses it, and its deleter may
/// call anything.
TEST(handedOver) {
  static int deleted;
  deleted = 0;
  Session session(/*resultsOnDevice=*/1);
  ockham_argument x = wanted("y"), y = wanted("y"), z = wanted("y");
  CHECK_OK(session.run("scale", range(4), &x, 1));
  DLManagedTensor owned =
      lend(x.managed->dl_tensor, session.get(), [](DLManagedTensor *self) {
        ++deleted;
        auto *session = static_cast<ockham_session *>(self->manager_ctx);
        ockham_memory memory = {};
        memory.struct_bytes = sizeof(memory);
        CHECK_OK(ockham_session_memory(session, &memory));
      });
  ockham_argument input = {};
  input.name = "x";
  input.managed = &owned;
  CHECK_OK(ockham_session_run(session.get(), "scale", &input, 1, &y, 1));
  CHECK(input.managed == nullptr);
  CHECK_EQ(deleted, 0);
  CHECK_OK(session.run("scale", range(4), &z, 1));
  CHECK_EQ(deleted, 0);
  CHECK_OK(ockham_session_wait(session.get()));
  CHECK_EQ(deleted, 1);
  for (ockham_argument *argument : {&x, &y, &z})
    ockham_argument_release(argument);
}

/// A call that fails has finished with its inputs when it gives them back.
TEST(handedOverToFailure) {
  static bool wasDone;
  wasDone = false;
  Session maker(/*resultsOnDevice=*/1);
  ockham_argument big = wanted("y");
  CHECK_OK(maker.run("copy", range(50000), &big, 1));
  LibraryPtr library = load(testModel("cuda"));
  ockham_session_options options = {};
  options.struct_bytes = sizeof(options);
  options.device = "emulated";
  options.results_on_device = 1;
  options.memory_limit = 300000;
  SessionPtr session = createSession(library.get(), &options);
  // Not aligned: a copy is enqueued, and then there is no workspace.
  DLTensor part = big.managed->dl_tensor;
  int64_t count = 49999;
  part.shape = &count;
  part.byte_offset = 4;
  DLManagedTensor owned = lend(part, session.get(), [](DLManagedTensor *self) {
    wasDone = isDone(static_cast<ockham_session *>(self->manager_ctx));
  });
  ockham_argument input = {}, y = wanted("y");
  input.name = "x";
  input.managed = &owned;
  CHECK_FAILS_WITH(ockham_session_run(session.get(), "scale", &input, 1, &y, 1),
                   OCKHAM_OUT_OF_MEMORY, "the workspace of 'scale'");
  CHECK(wasDone);
  ockham_argument_release(&big);
}

/// What fails on the device is told with what was launched last.
TEST(failedLaunches) {
  for (bool graphs : {false, true}) {
    std::unique_ptr<Session> session =
        graphs ? withGraphs(1) : std::make_unique<Session>(1);
    ockham_argument y = wanted("y");
    // Input and result change places from call to call.
    for (int round = 0; round < 4; ++round) {
      CHECK_OK(session->run("race", range(50), &y, 1));
      bool asGraph = graphs && round >= 2;
      CHECK_FAILS(
          ockham_session_wait(session->get()), OCKHAM_INTERNAL,
          std::string("an earlier call failed on emulated (Ockham GPU "
                      "emulator): the emulated launch failed, see stderr "
                      "(error 719); the last launch was ") +
              (asGraph ? "in the graph of 'race'"
                       : "kernel 'race' with a grid of 2 x 1 x 1 blocks of 32 "
                         "x 1 x 1 threads and 64 bytes of shared memory") +
              "; with OCKHAM_CUDA_SYNC=1 in the environment, the one that "
              "fails is named");
      ockham_argument_release(&y);
    }
  }
}

/// Graphs are launched in the order of calls, with the places of their call.
TEST(graphs) {
  std::unique_ptr<Session> session = withGraphs(1);
  Session reader;
  ockham_argument first = wanted("y");
  CHECK_OK(session->run("scale", range(40), &first, 1));
  for (int round = 1; round <= 6; ++round) {
    // In place of an input that is there already.
    ockham_argument x = viewOf("x", first.managed->dl_tensor);
    ockham_argument y = wanted("y");
    CHECK_OK(ockham_session_run(session->get(), "scale", &x, 1, &y, 1));
    ockham_argument back = viewOf("y", first.managed->dl_tensor);
    ockham_argument again = viewOf("x", y.managed->dl_tensor);
    CHECK_OK(ockham_session_run(reader.get(), "scale", &again, 1, &back, 1));
    ockham_argument_release(&y);
    float factor = 1;
    for (int i = 0; i < round; ++i)
      factor *= 81;
    Floats expected = range(40, 9 * factor);
    Floats found = readBy(reader, first.managed->dl_tensor);
    for (size_t i = 0; i < found.size(); ++i)
      CHECK(std::abs(found[i] - expected[i]) <= 1e-5f * expected[i]);
  }
  ockham_argument_release(&first);
}

/// Branches run side by side, in calls and in graphs, where they do not fill
/// the device; the rest of the call comes behind them.
TEST(branches) {
  for (bool graphs : {false, true}) {
    std::unique_ptr<Session> session =
        graphs ? withGraphs() : std::make_unique<Session>();
    // 132 multiprocessors, and 32 elements in a block.
    for (int64_t count : {40, 132 * 32}) {
      for (int round = 1; round <= 4; ++round) {
        // Other numbers each time: what was there before is wrong.
        float factor = static_cast<float>(4 * round);
        for (const char *entry : {"forked", "open", "copied", "unjoined"}) {
          Floats x = range(count, ++factor);
          ockham_argument outputs[] = {wanted("y"), wanted("z")};
          CHECK_OK(session->run(entry, x, outputs, 2));
          Floats y = take<float>(outputs[0]), z = take<float>(outputs[1]);
          CHECK(z == range(count, (entry[0] == 'c' ? 3 : 9) * factor));
          // Where the first branch is not waited for, what it has not written
          // yet is copied; unless both are in one stream.
          bool isRight = entry[0] != 'u' || count > 40;
          CHECK_EQ(y == range(count, 3 * factor), isRight);
        }
      }
    }
  }
}

int main() {
  setenv("OCKHAM_CUDA_DRIVER", OCKHAM_TEST_EMULATOR, 1);
  setenv("OCKHAM_EMULATOR", "streams=late,memory=100000000", 1);
  return check::runAll();
}
