//===- threads-test.cpp - Parallel loops and teams ------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CPU/ThreadTeam.h"
#include "Check.h"
#include <sys/wait.h>
#include <unistd.h>

using namespace ockham::runtime;

namespace {
/// Counts how often every iteration runs.
struct Loop {
  explicit Loop(int64_t count) : visits(count) {}
  std::vector<std::atomic<uint8_t>> visits;
  std::atomic<int64_t> pieces{0}, smallest{INT64_MAX};
  std::atomic<int32_t> largestWorker{0};
  ThreadTeam *nestIn = nullptr;
  std::atomic<int> errors{0};
};
} // namespace

static void raise(std::atomic<int32_t> &to, int32_t value) {
  int32_t now = to;
  while (now < value && !to.compare_exchange_weak(now, value))
    ;
}

static void body(void *argument, int64_t begin, int64_t end, int32_t worker) {
  Loop &loop = *static_cast<Loop *>(argument);
  for (int64_t i = begin; i < end; ++i)
    ++loop.visits[i];
  ++loop.pieces;
  int64_t now = loop.smallest;
  while (now > end - begin &&
         !loop.smallest.compare_exchange_weak(now, end - begin))
    ;
  raise(loop.largestWorker, worker);
  if (!loop.nestIn)
    return;
  // A loop in a loop runs here, in one piece, as the same worker.
  struct Inner {
    std::thread::id thread;
    int32_t worker;
    int calls;
  } inner = {std::this_thread::get_id(), worker, 0};
  loop.nestIn->parallelFor(
      8, 100, 1,
      [](void *argument, int64_t begin, int64_t end, int32_t worker) {
        Inner &inner = *static_cast<Inner *>(argument);
        inner.calls += begin == 0 && end == 100 && worker == inner.worker &&
                       inner.thread == std::this_thread::get_id();
      },
      &inner);
  loop.errors += inner.calls != 1;
  loop.errors += loop.nestIn->runTeam(2, ::body, &loop);
}

static bool visitedOnce(Loop &loop) {
  for (auto &visits : loop.visits)
    if (visits != 1)
      return false;
  return true;
}

TEST(countsAndGrains) {
  ThreadTeam team(4);
  for (int64_t count : {0, 1, 2, 3, 7, 8, 100, 1000000})
    for (int64_t grain : {-1, 0, 1, 3, 64, 1000, 2000000}) {
      Loop loop(count);
      team.parallelFor(team.size(), count, grain, body, &loop);
      CHECK(visitedOnce(loop));
      CHECK(loop.largestWorker < team.size());
      if (count >= grain && count > 0)
        CHECK(loop.smallest >= grain);
      if (count < grain && count > 0)
        CHECK_EQ(loop.pieces.load(), 1);
    }
}

TEST(limit) {
  ThreadTeam team(4);
  for (int32_t limit = 1; limit <= 6; ++limit)
    for (int round = 0; round < 100; ++round) {
      Loop loop(1000);
      team.parallelFor(limit, 1000, 1, body, &loop);
      CHECK(visitedOnce(loop));
      CHECK(loop.largestWorker < limit);
    }
}

TEST(nested) {
  ThreadTeam team(3);
  for (int round = 0; round < 200; ++round) {
    Loop loop(64);
    loop.nestIn = &team;
    team.parallelFor(team.size(), 64, 1, body, &loop);
    CHECK(visitedOnce(loop));
    CHECK_EQ(loop.errors.load(), 0);
  }
  CHECK(!ThreadTeam::inside());
}

TEST(manyShortLoops) {
  ThreadTeam team(4);
  std::atomic<int64_t> sum{0};
  for (int round = 0; round < 20000; ++round)
    team.parallelFor(
        4, 8, 1,
        [](void *argument, int64_t begin, int64_t end, int32_t) {
          *static_cast<std::atomic<int64_t> *>(argument) += end - begin;
        },
        &sum);
  CHECK_EQ(sum.load(), 160000);
}

TEST(loopsAtTheSameTime) {
  std::vector<std::thread> callers;
  for (int t = 0; t < 6; ++t)
    callers.emplace_back([t] {
      for (int round = 0; round < 200; ++round) {
        TeamLease lease(1 + (t + round) % 4);
        Loop loop(5000);
        lease.team().parallelFor(lease.team().size(), 5000, 10, body, &loop);
        CHECK(visitedOnce(loop));
      }
    });
  for (std::thread &caller : callers)
    caller.join();
}

namespace {
struct TeamTest {
  int32_t size;
  std::vector<int> values; ///< Plain: the barrier must order them.
  std::atomic<int> errors{0};
};
} // namespace

static void member(void *argument, int64_t begin, int64_t end, int32_t worker) {
  TeamTest &test = *static_cast<TeamTest *>(argument);
  test.errors += begin != worker || end != worker + 1;
  for (int round = 0; round < 300; ++round) {
    test.values[worker] = round;
    ThreadTeam::barrier();
    for (int value : test.values)
      test.errors += value != round;
    ThreadTeam::barrier();
  }
}

TEST(teamsAndBarriers) {
  ThreadTeam team(4);
  for (int32_t size = 1; size <= 4; ++size)
    for (int round = 0; round < 5; ++round) {
      TeamTest test{size, std::vector<int>(size, -1)};
      CHECK(team.runTeam(size, member, &test));
      CHECK_EQ(test.errors.load(), 0);
    }
  TeamTest test{5, std::vector<int>(5, -1)};
  CHECK(!team.runTeam(5, member, &test));
  CHECK(!team.runTeam(0, member, &test));
  ThreadTeam::barrier(); // Outside of a team: nothing.
}

TEST(teamsAtTheSameTime) {
  std::vector<std::thread> callers;
  for (int t = 0; t < 4; ++t)
    callers.emplace_back([] {
      for (int round = 0; round < 5; ++round) {
        TeamLease lease(3);
        TeamTest test{3, std::vector<int>(3, -1)};
        CHECK(lease.team().runTeam(3, member, &test));
        CHECK_EQ(test.errors.load(), 0);
      }
    });
  for (std::thread &caller : callers)
    caller.join();
}

TEST(leasesReuseTeams) {
  ThreadTeam *first;
  {
    TeamLease lease(3);
    first = &lease.team();
  }
  TeamLease again(3);
  CHECK(&again.team() == first);
  TeamLease other(3);
  CHECK(&other.team() != first);
}

#if !defined(__SANITIZE_THREAD__) && !__has_feature(thread_sanitizer)
TEST(forkedChildrenHaveThreadsToo) {
  {
    TeamLease warm(3);
  }
  pid_t child = fork();
  if (child == 0) {
    TeamLease lease(3);
    Loop loop(1000);
    lease.team().parallelFor(3, 1000, 1, body, &loop);
    _exit(visitedOnce(loop) && lease.team().size() == 3 ? 0 : 1);
  }
  int status = -1;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}
#endif

int main() { return check::runAll(); }
