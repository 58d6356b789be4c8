//===- Worker.cpp - An OS thread that runs clusters -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A worker takes one cluster of blocks after another. Where a cluster polls
// memory that another must write, it takes more, and they take turns.
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdlib>
#include <thread>

using namespace ockham::emulator;

/// Rounds in which nothing happened but polling, before it counts as endless.
static constexpr unsigned kMaxIdleRounds = 2000;

Worker::Worker(Grid &grid, unsigned index)
    : grid(grid),
      random((grid.options.seed + 1 + index) * 0x9e3779b97f4a7c15ull),
      inOrder(grid.options.schedule == Schedule::RoundRobin &&
              grid.options.completion != Completion::Random),
      stacks(grid.kernel->stackBytes,
             grid.getThreadsPerBlock() * grid.getBlocksPerCluster()),
      instructionCounts(grid.sites->size()) {}

Worker::~Worker() {
  for (uint8_t *window : freeWindows)
    std::free(window);
}

void Worker::fail(const llvm::Twine &message) {
  std::lock_guard<std::mutex> lock(grid.mutex);
  if (!grid.failed)
    grid.failure = message.str();
  grid.failed = true;
}

/// Takes the next cluster; false if there is none, or no more may be resident.
bool Worker::beginCluster() {
  uint64_t index;
  {
    std::lock_guard<std::mutex> lock(grid.mutex);
    if (grid.nextCluster == grid.totalClusters ||
        grid.residentClusters == grid.maxClusters)
      return false;
    index = grid.nextCluster++;
    ++grid.residentClusters;
  }
  auto cluster = grid.makeCluster(index, *this);
  if (!cluster) {
    fail("out of memory for the threads of a block");
    return false;
  }
  resident.push_back(std::move(cluster));
  return true;
}

void Worker::endCluster(size_t index) {
  Cluster &cluster = *resident[index];
  freeWindows.push_back(cluster.window);
  stacks.release(cluster.stacks);
  for (const auto &block : cluster.blocks)
    if (grid.options.detectRaces)
      freeShadows.push_back(std::move(block->shadow));
  resident.erase(resident.begin() + index);
  std::lock_guard<std::mutex> lock(grid.mutex);
  --grid.residentClusters;
}

/// Whether all workers have polled in vain for long, and know of each other's
/// events.
bool Worker::isDeadlock(uint64_t events) {
  return llvm::all_of(grid.workers, [&](const auto &other) {
    return other->done ||
           (other->idleRounds > kMaxIdleRounds && other->eventsSeen == events);
  });
}

void Worker::run() {
  mainFiber = getThreadFiber();
  bool isRandom = grid.options.schedule == Schedule::Random;
  // With a random schedule, a few blocks run mixed even if none waits for
  // another.
  size_t wanted = isRandom ? 3 : 1;
  while (!grid.failed) {
    while (resident.size() < wanted && beginCluster())
      ;
    if (resident.empty())
      break;
    size_t first = isRandom ? nextRandom() % resident.size() : 0;
    for (size_t k = 0; k < resident.size(); ++k)
      runCluster(*resident[(first + k) % resident.size()]);
    if (grid.failed)
      break;

    bool finished = false, polling = false;
    for (size_t i = resident.size(); i-- > 0;) {
      Cluster &cluster = *resident[i];
      if (!cluster.alive) {
        blocks += cluster.blocks.size();
        endCluster(i);
        finished = true;
      } else if (cluster.hasPolling()) {
        polling = true;
        for (Warp *warp : cluster.warps) {
          warp->ready |= warp->polling;
          warp->polling = 0;
        }
      } else if (!cluster.hasReady()) {
        // Nobody outside of a cluster wakes its threads.
        std::string text = "deadlock";
        llvm::raw_string_ostream os(text);
        grid.describeDeadlock(cluster, os);
        fail(text);
      }
    }
    if (finished || !polling) {
      idleRounds = 0;
      continue;
    }
    // Perhaps they wait for a block that has not begun.
    if (resident.size() >= wanted && beginCluster()) {
      ++wanted;
      continue;
    }
    uint64_t events = 0;
    for (const auto &other : grid.workers)
      events += other->events.get();
    if (events != eventsSeen) {
      eventsSeen = events;
      idleRounds = 0;
    } else if (++idleRounds > kMaxIdleRounds && isDeadlock(events)) {
      std::string text = "deadlock: all threads that run poll in vain";
      llvm::raw_string_ostream os(text);
      grid.describeResidents(os);
      for (const auto &cluster : resident)
        grid.describeDeadlock(*cluster, os);
      fail(text);
    } else if (grid.isParallel()) {
      std::this_thread::yield();
    }
  }
  while (!resident.empty())
    endCluster(resident.size() - 1);
  done = true;
}
