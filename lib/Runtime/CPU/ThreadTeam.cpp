//===- ThreadTeam.cpp - Threads of one call -------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ThreadTeam.h"
#include "Futex.h"
#include <algorithm>
#include <cassert>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <pthread.h>
#include <sched.h>
#include <system_error>

namespace ockham::runtime {

//===----------------------------------------------------------------------===//
// Spinning
//===----------------------------------------------------------------------===//

/// Threads of all leased teams together. While there are more of them than
/// cores, whoever waits sleeps at once: a core that spins is then taken from a
/// thread with work.
static std::atomic<int32_t> threadsInUse{0};

static int32_t availableCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

/// Waits a few ten microseconds, about what a futex wake-up costs, until `done`
/// holds. Returns whether it did.
template <typename Predicate>
static bool spinUntil(Predicate done) {
  static const int32_t cores = availableCores();
  int rounds = threadsInUse.load(std::memory_order_relaxed) <= cores ? 2000 : 1;
  for (int round = 0; round < rounds; ++round) {
    if (done())
      return true;
    pauseCore();
  }
  return done();
}

//===----------------------------------------------------------------------===//
// Jobs
//===----------------------------------------------------------------------===//

/// A barrier for threads that exist at the same time. The last one to arrive
/// opens it by counting the phase up.
class ThreadTeam::Barrier {
public:
  explicit Barrier(int32_t count) : count(count) {}

  void wait() {
    uint32_t now = phase.load(std::memory_order_acquire);
    if (arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == count) {
      arrived.store(0, std::memory_order_relaxed);
      phase.fetch_add(1, std::memory_order_acq_rel);
      futexWakeAll(phase);
      return;
    }
    auto open = [&] { return phase.load(std::memory_order_acquire) != now; };
    if (spinUntil(open))
      return;
    while (!open())
      futexWait(phase, now);
  }

private:
  const int32_t count;
  std::atomic<int32_t> arrived{0};
  std::atomic<uint32_t> phase{0};
};

/// A parallel loop of `pieces` pieces, or a team, where piece = worker.
struct ThreadTeam::Job {
  ockham_loop_body body;
  void *argument;
  int64_t count;
  int64_t pieces;
  Barrier *barrier; ///< Null in loops.
  alignas(64) std::atomic<int64_t> next{0};
};

struct ThreadTeam::Worker {
  enum State : uint32_t { Idle, Sleeping, Assigned, Running, Awaited, Stop };
  alignas(64) std::atomic<uint32_t> state{Idle};
  int32_t number = 0; ///< 1 and up; 0 is the caller.
  std::thread thread;
};

namespace {
/// Where the calling thread is in a loop or team.
struct Position {
  bool inside = false;
  int32_t worker = 0;
  void *barrier = nullptr;
};
} // namespace

static thread_local Position position;

bool ThreadTeam::inside() { return position.inside; }

void ThreadTeam::runPieces(Job &job, int32_t worker) {
  Position before = position;
  position = {true, worker, job.barrier};
  if (job.barrier) {
    job.body(job.argument, worker, worker + 1, worker);
  } else {
    // Piece i starts at i * size + min(i, rest): sizes differ by one at most.
    int64_t size = job.count / job.pieces, rest = job.count % job.pieces;
    for (;;) {
      int64_t piece = job.next.fetch_add(1, std::memory_order_relaxed);
      if (piece >= job.pieces)
        break;
      int64_t begin = piece * size + std::min(piece, rest);
      job.body(job.argument, begin, begin + size + (piece < rest), worker);
    }
  }
  position = before;
}

//===----------------------------------------------------------------------===//
// Workers
//===----------------------------------------------------------------------===//

void ThreadTeam::workerMain(Worker &worker) {
  std::atomic<uint32_t> &state = worker.state;
  for (;;) {
    auto called = [&] {
      uint32_t now = state.load(std::memory_order_acquire);
      return now == Worker::Assigned || now == Worker::Stop;
    };
    if (!spinUntil(called)) {
      uint32_t idle = Worker::Idle;
      state.compare_exchange_strong(idle, Worker::Sleeping,
                                    std::memory_order_acq_rel);
      while (state.load(std::memory_order_acquire) == Worker::Sleeping)
        futexWait(state, Worker::Sleeping);
    }
    if (state.load(std::memory_order_acquire) == Worker::Stop)
      return;
    uint32_t assigned = Worker::Assigned;
    // Fails when the caller has taken the assignment back.
    if (!state.compare_exchange_strong(assigned, Worker::Running,
                                       std::memory_order_acq_rel))
      continue;
    runPieces(*job, worker.number);
    if (state.exchange(Worker::Idle, std::memory_order_acq_rel) ==
        Worker::Awaited)
      futexWakeAll(state);
  }
}

void ThreadTeam::assign(Worker &worker) {
  if (worker.state.exchange(Worker::Assigned, std::memory_order_acq_rel) ==
      Worker::Sleeping)
    futexWakeAll(worker.state);
}

/// Returns when `worker` does not run the job and will not start it.
void ThreadTeam::await(Worker &worker) {
  std::atomic<uint32_t> &state = worker.state;
  uint32_t assigned = Worker::Assigned;
  if (!job->barrier && state.compare_exchange_strong(assigned, Worker::Idle,
                                                     std::memory_order_acq_rel))
    return;
  auto ended = [&] {
    uint32_t now = state.load(std::memory_order_acquire);
    return now == Worker::Idle || now == Worker::Sleeping;
  };
  while (!spinUntil(ended)) {
    uint32_t running = Worker::Running;
    if (state.compare_exchange_strong(running, Worker::Awaited,
                                      std::memory_order_acq_rel) ||
        running == Worker::Awaited)
      futexWait(state, Worker::Awaited);
    else if (running == Worker::Assigned)
      // A member of a team that has not woken up yet.
      std::this_thread::yield();
  }
}

ThreadTeam::ThreadTeam(int32_t size) {
  // Signals are the program's own threads' business.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (int32_t number = 1; number < size; ++number) {
    auto worker = std::make_unique<Worker>();
    Worker &started = *worker;
    started.number = number;
    try {
      started.thread = std::thread([this, &started] { workerMain(started); });
    } catch (const std::system_error &) {
      break;
    }
    pthread_setname_np(started.thread.native_handle(), "ockham-worker");
    workers.push_back(std::move(worker));
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

ThreadTeam::~ThreadTeam() {
  for (auto &worker : workers) {
    worker->state.store(Worker::Stop, std::memory_order_release);
    futexWakeAll(worker->state);
  }
  for (auto &worker : workers)
    worker->thread.join();
}

void ThreadTeam::parallelFor(int32_t limit, int64_t count, int64_t grain,
                             ockham_loop_body body, void *argument) {
  if (count <= 0)
    return;
  // Some more pieces than threads even out cores of different speed.
  constexpr int64_t piecesPerThread = 4;
  int64_t threads = std::min<int64_t>(limit, size());
  int64_t pieces =
      std::min(count / std::max<int64_t>(grain, 1), threads * piecesPerThread);
  threads = std::min(threads, pieces);
  if (position.inside || threads <= 1) {
    Position before = position;
    position.inside = true;
    body(argument, 0, count, position.worker);
    position = before;
    return;
  }
  Job loop{body, argument, count, pieces, nullptr};
  job = &loop;
  for (int64_t i = 0; i + 1 < threads; ++i)
    assign(*workers[i]);
  runPieces(loop, 0);
  for (int64_t i = 0; i + 1 < threads; ++i)
    await(*workers[i]);
}

bool ThreadTeam::runTeam(int32_t count, ockham_loop_body body, void *argument) {
  if (count < 1 || count > (position.inside ? 1 : size()))
    return false;
  if (count == 1) {
    Position before = position;
    position = {true, before.worker, nullptr};
    body(argument, 0, 1, 0);
    position = before;
    return true;
  }
  Barrier barrier(count);
  Job team{body, argument, count, count, &barrier};
  job = &team;
  for (int32_t i = 0; i + 1 < count; ++i)
    assign(*workers[i]);
  runPieces(team, 0);
  for (int32_t i = 0; i + 1 < count; ++i)
    await(*workers[i]);
  return true;
}

void ThreadTeam::barrier() {
  if (position.barrier)
    static_cast<Barrier *>(position.barrier)->wait();
}

//===----------------------------------------------------------------------===//
// Leases
//===----------------------------------------------------------------------===//

namespace {
struct IdleTeams {
  std::mutex mutex;
  std::vector<std::unique_ptr<ThreadTeam>> teams;
  int32_t workerCount = 0;
};
} // namespace

/// Never destroyed: workers may outlive main, and calls may come from
/// destructors. After a fork the child has none of the threads, so it forgets
/// the teams without touching them.
static IdleTeams *idleTeams = nullptr;

static void createIdleTeams() {
  idleTeams = new IdleTeams;
  pthread_atfork([] { idleTeams->mutex.lock(); },
                 [] { idleTeams->mutex.unlock(); },
                 [] {
                   threadsInUse.store(0);
                   idleTeams = new IdleTeams;
                 });
}

static IdleTeams &getIdleTeams() {
  static std::once_flag once;
  std::call_once(once, createIdleTeams);
  return *idleTeams;
}

TeamLease::TeamLease(int32_t size) {
  threadsInUse.fetch_add(size, std::memory_order_relaxed);
  if (size > 1) {
    IdleTeams &idle = getIdleTeams();
    std::lock_guard<std::mutex> lock(idle.mutex);
    auto found =
        std::find_if(idle.teams.rbegin(), idle.teams.rend(),
                     [&](const auto &team) { return team->size() == size; });
    if (found != idle.teams.rend()) {
      leased = std::move(*found);
      idle.teams.erase(std::next(found).base());
      idle.workerCount -= size - 1;
    }
  }
  if (!leased)
    leased = std::make_unique<ThreadTeam>(size);
  // The system may have had fewer threads to give.
  threadsInUse.fetch_add(leased->size() - size, std::memory_order_relaxed);
}

TeamLease::~TeamLease() {
  threadsInUse.fetch_sub(leased->size(), std::memory_order_relaxed);
  if (leased->size() == 1)
    return;
  // Sleeping threads are cheap, but not free.
  static const int32_t mostIdleWorkers = std::max(64, 4 * availableCores());
  IdleTeams &idle = getIdleTeams();
  std::lock_guard<std::mutex> lock(idle.mutex);
  if (idle.workerCount + leased->size() - 1 > mostIdleWorkers)
    return;
  idle.workerCount += leased->size() - 1;
  idle.teams.push_back(std::move(leased));
}

int32_t defaultThreadCount() {
  if (const char *text = std::getenv("OCKHAM_NUM_THREADS")) {
    char *end = nullptr;
    long value = std::strtol(text, &end, 10);
    if (end != text && *end == '\0' && value > 0 && value <= 4096)
      return static_cast<int32_t>(value);
  }
  return availableCores();
}

} // namespace ockham::runtime
