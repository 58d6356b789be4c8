//===- memory-test.cpp - Workspace, limits, reuse -------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Core/Memory.h"
#include "Helpers.h"
#include <thread>

using ockham::runtime::MemoryPool;
using ockham::runtime::Status;
using Lifetime = ockham::runtime::MemoryPool::Lifetime;

static ockham_memory memoryOf(ockham_session *session) {
  ockham_memory memory = {};
  memory.struct_bytes = sizeof(memory);
  CHECK_OK(ockham_session_memory(session, &memory));
  return memory;
}

/// Lets the probe model allocate twice this many bytes.
static ockham_status allocate(ockham_session *session, int64_t bytes) {
  Tensor<int64_t> value({}, {bytes});
  ockham_argument input = value.as("value");
  return ockham_session_run(session, "allocate", &input, 1, nullptr, 0);
}

TEST(memoryIsReusedAndCounted) {
  LibraryPtr library = load(testModel("probe"));
  SessionPtr session = createSession(library.get(), nullptr);
  CHECK_OK(allocate(session.get(), 10 << 20));
  ockham_memory memory = memoryOf(session.get());
  CHECK_EQ(memory.workspace, 20u << 20);
  CHECK_EQ(memory.workspace_used, 0u);
  CHECK_EQ(memory.peak, 20u << 20);
  for (int i = 0; i < 10; ++i)
    CHECK_OK(allocate(session.get(), (10 << 20) - i));
  CHECK_EQ(memoryOf(session.get()).workspace, 20u << 20);
  // Other sizes replace what is held instead of adding to it.
  for (int64_t mebibytes : {3, 7, 2, 9, 5, 11})
    CHECK_OK(allocate(session.get(), mebibytes << 20));
  CHECK(memoryOf(session.get()).workspace <= 22u << 20);
  CHECK_EQ(memoryOf(session.get()).peak, 22u << 20);
  ockham_session_trim(session.get());
  CHECK_EQ(memoryOf(session.get()).workspace, 0u);
  CHECK_OK(allocate(session.get(), 0));
}

TEST(limits) {
  LibraryPtr library = load(testModel("probe"));
  ockham_session_options options = {};
  options.struct_bytes = sizeof(options);
  options.threads = 1;
  options.memory_limit = 1 << 20;
  SessionPtr session = createSession(library.get(), &options);
  CHECK_OK(allocate(session.get(), 400 << 10));
  CHECK_FAILS(allocate(session.get(), 600 << 10), OCKHAM_OUT_OF_MEMORY,
              "an allocation of 'allocate' needs 600.0 KiB (614400 bytes); the "
              "session's limit is 1.0 MiB (1048576 bytes), of which 640.0 KiB "
              "(655360 bytes) are in use (0 bytes by states and weights, 640.0 "
              "KiB (655360 bytes) by this call and by results not yet "
              "released) and 384.0 KiB (393216 bytes) are free");
  CHECK_OK(allocate(session.get(), 400 << 10));
  CHECK_FAILS_WITH(allocate(session.get(), -1), OCKHAM_OUT_OF_MEMORY,
                   "an allocation of 'allocate' needs 16.0 EiB");
  CHECK_EQ(memoryOf(session.get()).limit, 1u << 20);

  // Without a limit, what the system does not have.
  SessionPtr unlimited = createSession(library.get(), nullptr);
  CHECK_FAILS_WITH(allocate(unlimited.get(), int64_t(1) << 60),
                   OCKHAM_OUT_OF_MEMORY, "the system has no more memory");

  // States count, and are named.
  LibraryPtr handwritten = load(testModel("handwritten"));
  Options stateful;
  stateful.memory_limit = 100;
  ockham_session *none;
  CHECK_FAILS(
      ockham_session_create(handwritten.get(), &stateful, &none),
      OCKHAM_OUT_OF_MEMORY,
      "state 'history' needs 128 bytes; the session's limit is 100 bytes, of "
      "which 64 bytes are in use (64 bytes by states and weights, 0 bytes by "
      "this call and by results not yet released) and 36 bytes are free");
}

TEST(resultsCount) {
  LibraryPtr library = load(testModel("probe"));
  ockham_session_options options = {};
  options.struct_bytes = sizeof(options);
  options.memory_limit = 1024;
  SessionPtr session = createSession(library.get(), &options);
  Tensor<int64_t> values({16}, std::vector<int64_t>(16, 1));
  std::vector<ockham_argument> results;
  ockham_status status = OCKHAM_OK;
  while (status == OCKHAM_OK && results.size() < 100) {
    ockham_argument input = values.as("values");
    results.push_back(wanted("indices"));
    status = ockham_session_run(session.get(), "nonzero", &input, 1,
                                &results.back(), 1);
  }
  CHECK_EQ(results.size(), 9u);
  CHECK_EQ(static_cast<int>(status), static_cast<int>(OCKHAM_OUT_OF_MEMORY));
  CHECK(results.back().managed == nullptr);
  CHECK_EQ(memoryOf(session.get()).workspace_used, 1024u);
  for (ockham_argument &result : results)
    ockham_argument_release(&result);
  CHECK_EQ(memoryOf(session.get()).workspace_used, 0u);
}

TEST(plannedWorkspace) {
  LibraryPtr library = load(testModel("probe"));
  ockham_session_options options = {};
  options.struct_bytes = sizeof(options);
  options.threads = 3;
  SessionPtr session = createSession(library.get(), &options);
  uint64_t bytes = 0;
  Tensor<int64_t> shape({1000}, {});
  shape.tensor.data = nullptr;
  ockham_argument input = shape.as("values");
  CHECK_OK(
      ockham_session_workspace_bytes(session.get(), "copy", &input, 1, &bytes));
  CHECK_EQ(bytes, 8000u + 3 * 64);
  CHECK_OK(ockham_session_workspace_bytes(session.get(), "nonzero", &input, 1,
                                          &bytes));
  CHECK_EQ(bytes, 0u);
  shape.shape[0] = 12345;
  CHECK_FAILS(
      ockham_session_workspace_bytes(session.get(), "copy", &input, 1, &bytes),
      OCKHAM_OUT_OF_MEMORY,
      "the entry point 'copy' needs more workspace for these inputs "
      "than can be addressed");
  shape.tensor.dtype = OCKHAM_F32;
  CHECK_FAILS_WITH(
      ockham_session_workspace_bytes(session.get(), "copy", &input, 1, &bytes),
      OCKHAM_INVALID_ARGUMENT, "expected int64 [n]");
  Tensor<int64_t> values({3}, {42, 1, 2});
  input = values.as("values");
  ockham_argument output = wanted("errors");
  CHECK_OK(ockham_session_run(session.get(), "copy", &input, 1, &output, 1));
  CHECK(take<int64_t>(output) == std::vector<int64_t>{42});
}

/// Lets the probe model copy `count` values through its workspace of
/// 8 * count + 64 bytes.
static void copyThroughWorkspace(ockham_session *session, int64_t count) {
  Tensor<int64_t> values({count}, std::vector<int64_t>(count, 42));
  ockham_argument input = values.as("values");
  Tensor<int64_t> result({}, {0});
  ockham_argument output = result.as("errors");
  CHECK_OK(ockham_session_run(session, "copy", &input, 1, &output, 1));
  CHECK_EQ(result.values[0], 42);
}

TEST(arenaGrowsAndStays) {
  LibraryPtr library = load(testModel("probe"));
  ockham_session_options options = {};
  options.struct_bytes = sizeof(options);
  options.threads = 1;
  SessionPtr session = createSession(library.get(), &options);
  SessionPtr other = createSession(library.get(), &options);
  copyThroughWorkspace(session.get(), 1000);
  CHECK_EQ(memoryOf(session.get()).workspace, 8064u);
  CHECK_EQ(memoryOf(session.get()).workspace_used, 0u);
  CHECK_EQ(memoryOf(session.get()).peak, 8064u);
  // Smaller calls use the same, and it stays.
  copyThroughWorkspace(session.get(), 100);
  CHECK_EQ(memoryOf(session.get()).workspace, 8064u);
  // A little more: an eighth more, for those that follow.
  copyThroughWorkspace(session.get(), 1008);
  CHECK_EQ(memoryOf(session.get()).workspace, 9088u);
  CHECK_EQ(memoryOf(session.get()).peak, 8128u);
  for (int64_t count = 1016; count <= 1128; count += 8)
    copyThroughWorkspace(session.get(), count);
  CHECK_EQ(memoryOf(session.get()).workspace, 9088u);
  // Much more: as much as it takes.
  copyThroughWorkspace(session.get(), 100000);
  CHECK_EQ(memoryOf(session.get()).workspace, 800064u);
  // Each session has its own.
  CHECK_EQ(memoryOf(other.get()).workspace, 0u);
  copyThroughWorkspace(other.get(), 8);
  CHECK_EQ(memoryOf(other.get()).workspace, 128u);
  ockham_session_trim(session.get());
  CHECK_EQ(memoryOf(session.get()).workspace, 0u);
  copyThroughWorkspace(session.get(), 8);
  CHECK_EQ(memoryOf(session.get()).workspace, 128u);
}

TEST(arenaWithinALimit) {
  LibraryPtr library = load(testModel("probe"));
  ockham_session_options options = {};
  options.struct_bytes = sizeof(options);
  options.threads = 1;
  options.memory_limit = 9000;
  SessionPtr session = createSession(library.get(), &options);
  copyThroughWorkspace(session.get(), 1000);
  // An eighth more would pass the limit; what is needed does not.
  copyThroughWorkspace(session.get(), 1008);
  CHECK_EQ(memoryOf(session.get()).workspace, 8128u);
  Tensor<int64_t> values({2000}, std::vector<int64_t>(2000, 1));
  ockham_argument input = values.as("values");
  Tensor<int64_t> result({}, {0});
  ockham_argument output = result.as("errors");
  CHECK_FAILS(ockham_session_run(session.get(), "copy", &input, 1, &output, 1),
              OCKHAM_OUT_OF_MEMORY,
              "the workspace of 'copy' needs 15.7 KiB (16064 bytes); the "
              "session's limit is 8.8 KiB (9000 bytes), of which 0 bytes are "
              "in use (0 bytes by states and weights, 0 bytes by this call and "
              "by results not yet released) and 8.8 KiB (9000 bytes) are free");
  // The session goes on.
  copyThroughWorkspace(session.get(), 1000);
  // Blocks of another entry point push an arena out that is not in use.
  CHECK_OK(allocate(session.get(), 4096));
  CHECK_EQ(memoryOf(session.get()).workspace, 8192u);
}

TEST(sizesRoundTrip) {
  MemoryPool pool(0, ockham::runtime::getHostDevice());
  Status status = Status::ok();
  uint64_t sizes[] = {0,    1,     63,     64,      65,      256,     257,
                      320,  321,   512,    513,     1000,    4096,    4097,
                      5000, 65535, 262145, 1048575, 1048576, 1048577, 9999999};
  for (uint64_t bytes : sizes) {
    MemoryPool::Usage before = pool.getUsage();
    char *memory = static_cast<char *>(
        pool.allocate(bytes, Lifetime::Call, "a test", status));
    CHECK(memory != nullptr);
    CHECK_EQ(reinterpret_cast<uintptr_t>(memory) % OCKHAM_ALIGNMENT, 0u);
    std::memset(memory, 1, bytes);
    uint64_t taken = pool.getUsage().used - before.used;
    CHECK(taken >= bytes &&
          taken <= std::max<uint64_t>(64, bytes * 5 / 4 + 63));
    CHECK(pool.release(memory));
    CHECK(!pool.release(memory));
    CHECK_EQ(pool.getUsage().used, before.used);
    // The same size again is the same block.
    CHECK_EQ(static_cast<void *>(memory),
             pool.allocate(bytes, Lifetime::Call, "a test", status));
    pool.releaseCall();
  }
}

TEST(poolFromManyThreads) {
  MemoryPool pool(0, ockham::runtime::getHostDevice());
  std::vector<std::thread> threads;
  for (unsigned seed = 1; seed <= 4; ++seed)
    threads.emplace_back([&pool, seed] {
      Status status = Status::ok();
      unsigned random = seed;
      for (int round = 0; round < 2000; ++round) {
        random = random * 1664525 + 1013904223;
        uint64_t bytes = (random >> 8) % 5000 + 1;
        char *memory = static_cast<char *>(
            pool.allocate(bytes, Lifetime::Call, "a test", status));
        memory[0] = memory[bytes - 1] = static_cast<char>(seed);
        std::this_thread::yield();
        CHECK(memory[0] == static_cast<char>(seed) &&
              memory[bytes - 1] == static_cast<char>(seed));
        pool.release(memory);
      }
    });
  for (std::thread &thread : threads)
    thread.join();
  CHECK_EQ(pool.getUsage().used, 0u);
}

int main() { return check::runAll(); }
