//===- cuda-test.cpp - Models for GPUs, on the emulator -------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CudaHelpers.h"
#include <atomic>
#include <dlfcn.h>
#include <mutex>
#include <thread>

/// The emulated device has a million bytes.
static const char driver[] = OCKHAM_TEST_EMULATOR;

TEST(calls) {
  Session session;
  CHECK_EQ(std::string(ockham_session_device(session.get())), "emulated");
  CHECK(ockham_session_stream(session.get()) != nullptr);
  CHECK(ockham_session_detects_races(session.get()));
  CHECK(session.scale(range(70)) == range(70, 9));
  CHECK(session.scale(range(1000)) == range(1000, 9));
  CHECK(session.scale({}) == Floats{});
  ockham_launch launches[4];
  CHECK_EQ(ockham_session_launches(session.get(), nullptr, 0), 2u);
  CHECK_EQ(ockham_session_launches(session.get(), launches, 4), 2u);
  CHECK_EQ(std::string(launches[0].kernel), "scale");
  CHECK_EQ(launches[0].count, 2u);
  CHECK_EQ(launches[0].grid[0], 3u);
  CHECK_EQ(launches[0].block[0], 32u);
  CHECK_EQ(launches[1].count, 2u);
  CHECK_EQ(launches[1].grid[0], 32u);

  // Strides are taken out on the way.
  Floats values = range(20);
  int64_t shape = 10, stride = 2;
  DLTensor view = {values.data(), {kDLCPU, 0}, 1, {kDLFloat, 32, 1},
                   &shape,        &stride,     0};
  ockham_argument input = {}, y = wanted("y");
  input.name = "x";
  input.view = &view;
  CHECK_OK(ockham_session_run(session.get(), "scale", &input, 1, &y, 1));
  CHECK(take<float>(y) == range(10, 18));

  // And so are those of a buffer for a result.
  Floats buffer(20, -1);
  DLTensor target = view;
  target.data = buffer.data();
  Tensor<float> x({10}, range(10));
  input = x.as("x");
  y.view = &target;
  CHECK_OK(ockham_session_run(session.get(), "scale", &input, 1, &y, 1));
  CHECK_EQ(buffer[18], 81.0f);
  CHECK_EQ(buffer[19], -1.0f);
}

/// More than goes through the pinned memory at once.
TEST(largeTensors) {
  Session session;
  ockham_argument y = wanted("y");
  // 1.2 MB is more than the device has.
  CHECK_FAILS_WITH(session.run("scale", range(300000), &y, 1),
                   OCKHAM_OUT_OF_MEMORY,
                   "the copy of input 'x' on emulated needs 1.1 MiB (1200000 "
                   "bytes) and emulated (Ockham GPU emulator) has ");
  CHECK_CONTAINS(std::string(ockham_last_error()),
                 " free of 976.6 KiB (1000000 bytes); the session uses ");
  CHECK(session.scale(range(50000)) == range(50000, 9));
  CHECK_FAILS_WITH(session.run("scale", range(120000), &y, 1),
                   OCKHAM_OUT_OF_MEMORY, "the workspace of 'scale' needs");
  CHECK(session.scale(range(5)) == range(5, 9));
}

TEST(statesAndWeights) {
  Session session, other;
  for (int step = 1; step <= 3; ++step) {
    ockham_argument outputs[] = {wanted("total"), wanted("zeros")};
    CHECK_OK(session.run("accumulate", range(4), outputs, 2));
    CHECK(take<float>(outputs[0]) == range(4, static_cast<float>(step)));
    CHECK(take<float>(outputs[1]) == Floats(12, 0.0f));
  }
  CHECK(readState(session.get(), "sum") == range(4, 3));
  CHECK(readState(other.get(), "sum") == Floats(4, 0.0f));
  Tensor<float> values({4}, {5, 6, 7, 8});
  ockham_argument input = values.as("sum");
  CHECK_OK(ockham_session_write_state(session.get(), &input));
  CHECK(readState(session.get(), "sum") == values.values);
  CHECK_OK(ockham_session_reset_state(session.get(), nullptr));
  CHECK(readState(session.get(), "sum") == Floats(4, 0.0f));
  CHECK(readState(session.get(), "trained") == Floats{3});

  CHECK(readWeight(session.get(), "normal") == Floats{0.5});
  const Floats panels = {1, 2, 0, 0, 3, 5, 6, 0, 0, 7, 9, 10, 0, 0, 11};
  CHECK(readWeight(session.get(), "panels") == panels);
  Tensor<float> matrix({3, 5}, range(15));
  input = matrix.as("panels");
  CHECK_OK(ockham_session_write_weight(session.get(), &input));
  CHECK(readWeight(session.get(), "panels") == range(15));
  CHECK(readWeight(other.get(), "panels") == panels);
  Tensor<float> factor({1}, {10});
  input = factor.as("factor");
  CHECK_OK(ockham_session_write_weight(session.get(), &input));
  CHECK(session.scale(range(9)) == range(9, 100));
  CHECK(other.scale(range(9)) == range(9, 9));
  CHECK_OK(ockham_session_reset_state(session.get(), "trained"));
  CHECK(readState(session.get(), "trained") == Floats{10});

  // Sessions of a library share its weights.
  ockham_memory memory = {};
  memory.struct_bytes = sizeof(memory);
  CHECK_OK(ockham_session_memory(session.get(), &memory));
  CHECK_EQ(memory.weights, 100u);
  CHECK_EQ(memory.shared_weights, 104u);
  CHECK_EQ(memory.states, 20u);
}

TEST(tensorsOnTheDevice) {
  Session session(/*resultsOnDevice=*/1);
  ockham_argument y = wanted("y");
  CHECK_OK(session.run("scale", range(40), &y, 1));
  DLManagedTensor *result = y.managed;
  CHECK_EQ(result->dl_tensor.device.device_type, kDLExtDev);

  // A result is an input where it lies, and a buffer.
  Session reader;
  ockham_argument input = {}, again = wanted("y");
  input.name = "x";
  input.view = &result->dl_tensor;
  CHECK_OK(ockham_session_run(reader.get(), "scale", &input, 1, &again, 1));
  CHECK(take<float>(again) == range(40, 81));
  ockham_memory before = {}, after = {};
  before.struct_bytes = after.struct_bytes = sizeof(before);
  CHECK_OK(ockham_session_memory(reader.get(), &before));
  again = wanted("y");
  again.view = &result->dl_tensor;
  Tensor<float> x({40}, range(40, 2));
  ockham_argument onHost = x.as("x");
  CHECK_OK(ockham_session_run(reader.get(), "scale", &onHost, 1, &again, 1));
  CHECK_OK(ockham_session_memory(reader.get(), &after));
  CHECK_EQ(before.workspace, after.workspace);
  // In place: input and buffer are one.
  CHECK_OK(ockham_session_run(reader.get(), "scale", &input, 1, &again, 1));
  again = wanted("y");
  CHECK_OK(ockham_session_run(reader.get(), "scale", &input, 1, &again, 1));
  CHECK(take<float>(again) == range(40, 2 * 9 * 9 * 9));

  // A state, too.
  int64_t four = 4;
  DLTensor part = result->dl_tensor;
  part.shape = &four;
  part.strides = nullptr;
  input.name = "sum";
  input.view = &part;
  CHECK_OK(ockham_session_write_state(reader.get(), &input));
  CHECK(readState(reader.get(), "sum") == range(4, 162));
  // Not aligned: copied first.
  DLTensor moved = result->dl_tensor;
  int64_t thirty = 30;
  moved.shape = &thirty;
  moved.byte_offset = 4;
  input.name = "x";
  input.view = &moved;
  again = wanted("y");
  CHECK_OK(ockham_session_run(reader.get(), "scale", &input, 1, &again, 1));
  CHECK_EQ(take<float>(again)[0], 162.0f * 9);

  int64_t stride = 2;
  moved.strides = &stride;
  CHECK_FAILS(ockham_session_run(reader.get(), "scale", &input, 1, &again, 1),
              OCKHAM_INVALID_ARGUMENT,
              "input 'x': expected a dense row-major tensor in the memory of "
              "emulated, got one with strides; make it contiguous first");
  moved.device = {kDLCUDA, 0};
  CHECK_FAILS(ockham_session_run(reader.get(), "scale", &input, 1, &again, 1),
              OCKHAM_INVALID_ARGUMENT,
              "input 'x': expected memory of the CPU or of the emulated GPU, "
              "got that of CUDA device 0; copy the tensor to one of these "
              "first");
  ockham_argument_release(&y);
}

TEST(graphs) {
  setenv("OCKHAM_CUDA_GRAPHS", "1", 1);
  Session session;
  unsetenv("OCKHAM_CUDA_GRAPHS");
  void *handle = dlopen(testModel("cuda").c_str(), RTLD_NOW | RTLD_NOLOAD);
  int *runs =
      handle ? static_cast<int *>(dlsym(handle, "cuda_model_runs")) : nullptr;
  if (!CHECK(runs != nullptr))
    return;
  int before = *runs;
  // The first call runs, the second is captured, later ones are launched.
  // Others between them have graphs of their own.
  for (int round = 0; round < 5; ++round) {
    float factor = static_cast<float>(round + 1);
    CHECK(session.scale(range(50, factor)) == range(50, 9 * factor));
    CHECK(session.scale(range(60, factor)) == range(60, 9 * factor));
  }
  int calls = *runs - before;
  CHECK(calls >= 4 && calls <= 6);
  ockham_launch launches[4];
  CHECK_EQ(ockham_session_launches(session.get(), launches, 4), 1u);
  CHECK_EQ(launches[0].count, 20u);

  // State lies on the device and changes there.
  before = *runs;
  for (int step = 1; step <= 6; ++step) {
    ockham_argument outputs[] = {wanted("total"), wanted("zeros")};
    CHECK_OK(session.run("accumulate", range(4), outputs, 2));
    CHECK(take<float>(outputs[0]) == range(4, static_cast<float>(step)));
    CHECK(take<float>(outputs[1]) == Floats(12, 0.0f));
  }
  CHECK(*runs - before < 6);

  // Outputs are asked for in the entry point's order, not in that of their
  // indices, so that they lie where they were.
  before = *runs;
  for (int round = 1; round <= 6; ++round) {
    ockham_argument outputs[] = {wanted("y"), wanted("z")};
    Floats values = range(30, static_cast<float>(round));
    CHECK_OK(session.run("copies", values, outputs, 2));
    CHECK(take<float>(outputs[0]) == values);
    CHECK(take<float>(outputs[1]) == values);
  }
  CHECK_EQ(*runs - before, 2);

  // Results that move from call to call are right, too.
  setenv("OCKHAM_CUDA_GRAPHS", "1", 1);
  Session moving(/*resultsOnDevice=*/1);
  unsetenv("OCKHAM_CUDA_GRAPHS");
  std::vector<ockham_argument> kept;
  Session reader;
  for (int round = 0; round < 6; ++round) {
    kept.push_back(wanted("y"));
    CHECK_OK(moving.run("scale", range(50, static_cast<float>(round)),
                        &kept.back(), 1));
  }
  for (int round = 0; round < 6; ++round) {
    ockham_argument input = {}, y = wanted("y");
    input.name = "x";
    input.view = &kept[round].managed->dl_tensor;
    CHECK_OK(ockham_session_run(reader.get(), "scale", &input, 1, &y, 1));
    CHECK(take<float>(y) == range(50, static_cast<float>(81 * round)));
    ockham_argument_release(&kept[round]);
  }

  ockham_argument y = wanted("y");
  CHECK_FAILS_WITH(session.run("race", range(50), &y, 1), OCKHAM_INTERNAL,
                   "kernel 'race' with a grid of 2 x 1 x 1 blocks");
  CHECK_FAILS_WITH(session.run("race", range(50), &y, 1), OCKHAM_INTERNAL,
                   "the graph of 'race' failed on emulated (Ockham GPU "
                   "emulator): the emulated launch failed, see stderr (error "
                   "719); with OCKHAM_CUDA_SYNC=1 in the environment, the "
                   "kernel that fails is named");
  dlclose(handle);

  setenv("OCKHAM_CUDA_GRAPHS", "yes", 1);
  ockham_session *none;
  ockham_session_options options = {};
  options.struct_bytes = sizeof(options);
  options.device = "emulated";
  CHECK_FAILS(ockham_session_create(session.library.get(), &options, &none),
              OCKHAM_INVALID_ARGUMENT,
              "the environment's OCKHAM_CUDA_GRAPHS: expected 0 or 1, got "
              "'yes'");
  unsetenv("OCKHAM_CUDA_GRAPHS");
}

/// Kernels check on the device; the call fails where it waits.
TEST(checks) {
  const char *message = "x begins with -7, expected 0 or more";
  for (bool graphs : {false, true}) {
    std::unique_ptr<Session> session =
        graphs ? withGraphs() : std::make_unique<Session>();
    for (int round = 0; round < 3; ++round) {
      ockham_argument y = wanted("y");
      CHECK_FAILS(session->run("checked", {-7, 1}, &y, 1),
                  OCKHAM_INVALID_ARGUMENT, message);
      CHECK(y.managed == nullptr);
      // A check that has failed is no longer there in the next call.
      CHECK_OK(session->run("checked", {7, 1}, &y, 1));
      CHECK(take<float>(y) == Floats({21, 3}));
    }
    CHECK(session->scale(range(9)) == range(9, 9));
  }

  // A call that does not wait leaves it to a later one, or to who waits.
  Session session(/*resultsOnDevice=*/1);
  ockham_argument y = wanted("y"), z = wanted("y");
  CHECK_OK(session.run("checked", {-7, 1}, &y, 1));
  ockham_argument_release(&y);
  CHECK_FAILS(session.run("scale", range(3), &z, 1), OCKHAM_INVALID_ARGUMENT,
              std::string("an earlier call: ") + message);
  CHECK_OK(session.run("checked", {-7, 1}, &y, 1));
  ockham_argument_release(&y);
  CHECK_FAILS(ockham_session_wait(session.get()), OCKHAM_INVALID_ARGUMENT,
              message);
  CHECK_OK(ockham_session_wait(session.get()));
  CHECK_OK(session.run("checked", {7, 1}, &y, 1));
  CHECK_OK(ockham_session_wait(session.get()));
  ockham_argument_release(&y);
  CHECK_FAILS(ockham_session_wait(nullptr), OCKHAM_INVALID_ARGUMENT,
              "session: expected a pointer, got null");
}

/// What cannot be captured runs as it is, every time.
TEST(unfitForGraphs) {
  void *handle = dlopen(testModel("cuda").c_str(), RTLD_NOW | RTLD_NOLOAD);
  int *runs =
      handle ? static_cast<int *>(dlsym(handle, "cuda_model_runs")) : nullptr;
  if (!CHECK(runs != nullptr))
    return;
  std::unique_ptr<Session> session = withGraphs();
  // Memory that is no part of the plan, and a look at an element.
  for (int64_t count : {8, 9}) {
    int before = *runs;
    for (int round = 1; round <= 5; ++round) {
      ockham_argument y = wanted("y");
      Floats values = range(count, static_cast<float>(round));
      CHECK_OK(session->run("copy", values, &y, 1));
      CHECK(take<float>(y) == values);
    }
    // One of them was an attempt.
    CHECK_EQ(*runs - before, 6);
  }
  ockham_argument y = wanted("y");
  CHECK_FAILS_WITH(session->run("copy", {17}, &y, 1), OCKHAM_INTERNAL,
                   "the entry point 'copy' failed with 'internal'");

  // More shapes than a session keeps graphs for.
  int before = *runs;
  for (int round = 0; round < 3; ++round)
    for (int64_t count = 20; count < 32; ++count)
      CHECK(session->scale(range(count)) == range(count, 9));
  CHECK(*runs - before >= 12);
  dlclose(handle);
}

TEST(threads) {
  std::atomic<int> right{0};
  auto work = [&](float factor) {
    std::unique_ptr<Session> session;
    {
      static std::mutex mutex; // of the environment
      std::lock_guard<std::mutex> lock(mutex);
      session = withGraphs();
    }
    for (int round = 0; round < 8; ++round)
      right += session->scale(range(40, factor)) == range(40, 9 * factor);
  };
  std::thread first(work, 1.0f), second(work, 2.0f);
  first.join();
  second.join();
  CHECK_EQ(right.load(), 16);
}

/// Each launch is waited for, so that the one that fails is named.
TEST(waitsForLaunches) {
  setenv("OCKHAM_CUDA_SYNC", "1", 1);
  setenv("OCKHAM_CUDA_GRAPHS", "1", 1);
  Session session;
  unsetenv("OCKHAM_CUDA_GRAPHS");
  ockham_session *none;
  ockham_session_options options = {};
  options.struct_bytes = sizeof(options);
  options.device = "emulated";
  setenv("OCKHAM_CUDA_SYNC", "2", 1);
  CHECK_FAILS(ockham_session_create(session.library.get(), &options, &none),
              OCKHAM_INVALID_ARGUMENT,
              "the environment's OCKHAM_CUDA_SYNC: expected 0 or 1, got '2'");
  unsetenv("OCKHAM_CUDA_SYNC");
  for (int round = 0; round < 3; ++round) {
    CHECK(session.scale(range(70)) == range(70, 9));
    // Never as a graph.
    ockham_argument y = wanted("y");
    CHECK_FAILS_WITH(session.run("race", range(50), &y, 1), OCKHAM_INTERNAL,
                     "kernel 'race' with a grid of 2 x 1 x 1 blocks");
  }
}

/// A tensor of the caller that is not aligned is no place for a kernel.
TEST(unalignedBuffer) {
  Session session(/*resultsOnDevice=*/1), reader;
  ockham_argument y = wanted("y");
  CHECK_OK(session.run("scale", Floats(12, 1.0f), &y, 1));
  DLTensor part = y.managed->dl_tensor;
  int64_t eight = 8;
  part.shape = &eight;
  part.byte_offset = 4;
  ockham_argument target = wanted("y");
  target.view = &part;
  CHECK_OK(reader.run("scale", range(8), &target, 1));
  ockham_argument input = {}, all = wanted("y");
  input.name = "x";
  input.view = &y.managed->dl_tensor;
  CHECK_OK(ockham_session_run(reader.get(), "copy", &input, 1, &all, 1));
  CHECK(take<float>(all) == Floats({9, 0, 9, 18, 27, 36, 45, 54, 63, 9, 9, 9}));
  ockham_argument_release(&y);
}

/// Tensors that were handed over go when the device is done with them.
TEST(handedOver) {
  Session session(/*resultsOnDevice=*/1);
  static int deleted;
  deleted = 0;
  ockham_argument x = wanted("y"), y = wanted("y");
  CHECK_OK(session.run("scale", range(4), &x, 1));
  DLManagedTensor owned = *x.managed;
  owned.deleter = [](DLManagedTensor *) { ++deleted; };
  ockham_argument input = {};
  input.name = "x";
  input.managed = &owned;
  CHECK_OK(ockham_session_run(session.get(), "scale", &input, 1, &y, 1));
  CHECK(input.managed == nullptr);
  CHECK_OK(ockham_session_wait(session.get()));
  CHECK_EQ(deleted, 1);
  ockham_argument_release(&y);
  // A call that fails gives them back before it returns.
  input.managed = &owned;
  y.name = "z";
  CHECK_FAILS_WITH(ockham_session_run(session.get(), "scale", &input, 1, &y, 1),
                   OCKHAM_INVALID_ARGUMENT, "'z'");
  CHECK_EQ(deleted, 2);
  ockham_argument_release(&x);
}

TEST(failedLaunches) {
  Session session;
  ockham_argument y = wanted("y");
  CHECK_FAILS(session.run("race", range(50), &y, 1), OCKHAM_INTERNAL,
              "kernel 'race' with a grid of 2 x 1 x 1 blocks of 32 x 1 x 1 "
              "threads and 64 bytes of shared memory failed on emulated "
              "(Ockham GPU emulator): the emulated launch failed, see stderr "
              "(error 719)");
  const char *messages[] = {
      "the model 'scaler' launched kernel 17, but it has 4 kernels",
      "kernel 'race' was launched with 2 arguments, but its table says 1",
      "kernel 'race' with a grid of 1 x 1 x 1 blocks of 64 x 1 x 1 threads and "
      "0 bytes of shared memory, but its table says blocks of 32 x 1 x 1 "
      "threads and at most 64 bytes",
      "kernel 'race' with a grid of 1 x 1 x 1 blocks of 32 x 1 x 1 threads and "
      "65 bytes of shared memory, but its table says blocks of 32 x 1 x 1 "
      "threads and at most 64 bytes",
      "with a pattern of 2 bytes; expected multiples of a pattern of 1 or 4 "
      "bytes",
      "the entry point 'misuse' was compiled for 'cuda', but asks for threads "
      "of the host",
      nullptr,
      "the model has a branch 16 on the device, expected 0 to 15"};
  for (int64_t kind : {1, 2, 3, 4, 5, 6, 8})
    CHECK_FAILS_WITH(session.run("misuse", range(kind), &y, 1),
                     OCKHAM_BAD_MODEL, messages[kind - 1]);
  CHECK_OK(session.run("misuse", range(7), &y, 1));
  ockham_argument_release(&y);
  CHECK(session.scale(range(9)) == range(9, 9));
}

TEST(devices) {
  LibraryPtr library = load(testModel("cuda"));
  CHECK_EQ(std::string(ockham_library_model(library.get())->target), "cuda");
  auto attempt = [&](const char *device) {
    ockham_session_options options = {};
    options.struct_bytes = sizeof(options);
    options.device = device;
    ockham_session *session = nullptr;
    ockham_status status =
        ockham_session_create(library.get(), &options, &session);
    ockham_session_destroy(session);
    return status;
  };
  for (const char *wrong : {"cpu", "cuda:", "cuda:x", "gpu"})
    CHECK_FAILS(attempt(wrong), OCKHAM_UNSUPPORTED,
                std::string("device: the model 'scaler' was compiled for "
                            "'cuda', got '") +
                    wrong +
                    "'; expected 'cuda', 'cuda:' and the device's number, or "
                    "'emulated'");
  CHECK_FAILS(attempt("cuda:3"), OCKHAM_UNSUPPORTED,
              std::string("device: 'cuda:3' does not exist; the driver '") +
                  driver + "' has one GPU, 'cuda:0'");
  CHECK_OK(attempt("cuda:0"));
  CHECK_OK(attempt(nullptr));

  // Without a driver everything works but running.
  setenv("OCKHAM_CUDA_DRIVER", "/nowhere/libcuda.so.1", 1);
  LibraryPtr unused = load(testModel("cuda"));
  CHECK_EQ(ockham_library_model(unused.get())->kernel_count, 4);
  CHECK_FAILS(attempt("cuda"), OCKHAM_UNSUPPORTED,
              "the model 'scaler' was compiled for 'cuda': the CUDA driver "
              "cannot be loaded: /nowhere/libcuda.so.1: cannot open shared "
              "object file: No such file or directory; it comes with NVIDIA's "
              "driver for the GPU, or with the device 'emulated' the model "
              "runs without a GPU");
  CHECK_FAILS_WITH(attempt("emulated"), OCKHAM_UNSUPPORTED,
                   "the emulator of GPUs cannot be loaded: /nowhere/");
  setenv("OCKHAM_CUDA_DRIVER", "libm.so.6", 1);
  CHECK_FAILS_WITH(attempt("cuda"), OCKHAM_UNSUPPORTED,
                   "the CUDA driver 'libm.so.6' lacks cuInit, ");
  setenv("OCKHAM_CUDA_DRIVER", driver, 1);
}

TEST(brokenTables) {
  const char *messages[] = {
      "two are called 'race' among its kernels",
      "kernel 'accumulate': a block has 4 x 0 x 1 threads, expected 1 to 1024 "
      "of them",
      "kernel 'race': a block has 32 x 1 x 64 threads, expected 1 to 1024 of "
      "them",
      "kernel 'race': it has -1 parameters, expected at least 0",
      "device image 0: 9 is no value of ockham_image_kind",
      "device image 0: its architecture is '80', expected one as 'sm_80' or "
      "'sm_90a'",
      "device image 1: its text has no closing zero",
      "device image 0: its ",
      "device image 1: its bytes are no ELF file, as a cubin is",
      "model table: it has 4 kernels, but no device image with their code",
      "4 kernels are counted, but their table is a null pointer",
      "device image 1: it has no bytes",
      nullptr, // loads, but there is nothing for the emulator
      "device image 1: its ELF file has 192 bytes, of which 96 are there",
      "device image 1: its fatbin has 100 bytes of members behind a header of "
      "16, but there are 24 bytes in all",
      "device image 1: its fatbin's members do not add up to their 8 bytes"};
  for (int kind = 1; kind <= 16; ++kind) {
    if (!messages[kind - 1])
      continue;
    std::string name = "cuda-broken-" + std::to_string(kind);
    ockham_library *library = nullptr;
    CHECK_FAILS_WITH(
        ockham_library_load(testModel(name.c_str()).c_str(), nullptr, &library),
        OCKHAM_BAD_MODEL, messages[kind - 1]);
  }
  LibraryPtr library = load(testModel("cuda-broken-13"));
  ockham_session *session = nullptr;
  CHECK_FAILS(ockham_session_create(library.get(), nullptr, &session),
              OCKHAM_UNSUPPORTED,
              "the model 'scaler' has no bitcode, which the emulator runs; it "
              "has: PTX for sm_80, PTX for sm_90a");
}

int main() {
  setenv("OCKHAM_CUDA_DRIVER", driver, 1);
  setenv("OCKHAM_EMULATOR", "memory=1000000", 1);
  return check::runAll();
}
