//===- ThreadTeam.h - Threads of one call -----------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Why there are threads of our own and no OpenMP: a process that also holds
// PyTorch has that library's OpenMP runtime, and two of them abort at start-up
// or fight for the cores.
//
// Who owns the threads: a *team* is a caller and its workers. Every call of a
// session leases a team for as long as it runs, and idle teams are kept for the
// whole process. So calls that follow each other, of whichever session, use the
// same threads; calls at the same time never share a worker. Hence no call
// waits for another's threads, which rules out deadlocks, and run_team always
// has its workers.
//
// How work is handed out: every worker has a state word of its own. The caller
// writes the job and sets the words of as many workers as the job has use for.
// All take pieces from one atomic counter. When none is left, the caller takes
// back the words of workers that have not woken up yet, so that a slow wake-up
// never delays the end of a loop that is done.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CPU_THREADTEAM_H
#define OCKHAM_RUNTIME_CPU_THREADTEAM_H

#include "ockham-c/ModelABI.h"
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace ockham::runtime {

class ThreadTeam {
public:
  /// Starts size - 1 workers; fewer where the system has no more threads.
  explicit ThreadTeam(int32_t size);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam &) = delete;
  ThreadTeam &operator=(const ThreadTeam &) = delete;

  /// Threads, the caller's included.
  int32_t size() const { return static_cast<int32_t>(workers.size()) + 1; }

  /// See ockham_host. At most `limit` threads take part.
  void parallelFor(int32_t limit, int64_t count, int64_t grain,
                   ockham_loop_body body, void *argument);

  /// See ockham_host. False when `count` threads cannot be had here.
  bool runTeam(int32_t count, ockham_loop_body body, void *argument);

  /// Waits for all threads of the runTeam that the calling thread is in.
  static void barrier();

  /// Whether the calling thread is inside a loop or team.
  static bool inside();

private:
  struct Worker;
  struct Job;
  class Barrier;

  void workerMain(Worker &worker);
  void assign(Worker &worker);
  void await(Worker &worker);
  static void runPieces(Job &job, int32_t worker);

  std::vector<std::unique_ptr<Worker>> workers;
  Job *job = nullptr;
};

/// Owns a team for as long as it lives.
class TeamLease {
public:
  explicit TeamLease(int32_t size);
  ~TeamLease();
  TeamLease(const TeamLease &) = delete;
  TeamLease &operator=(const TeamLease &) = delete;
  ThreadTeam &team() { return *leased; }

private:
  std::unique_ptr<ThreadTeam> leased;
};

/// OCKHAM_NUM_THREADS if it is a positive number, else the number of cores that
/// this process may run on.
int32_t defaultThreadCount();

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CPU_THREADTEAM_H
