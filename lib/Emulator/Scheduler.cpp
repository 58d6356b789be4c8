//===- Scheduler.cpp - Which thread runs next -----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Within a cluster, a thread that must wait switches to the next one itself.
// When a cluster has none left, or the grid has failed, it switches back to
// Grid::run.
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "llvm/ADT/bit.h"

using namespace ockham::emulator;

thread_local Thread *ockham::emulator::currentThread = nullptr;

uint64_t Worker::nextRandom() {
  random ^= random << 13;
  random ^= random >> 7;
  random ^= random << 17;
  return random;
}

bool Cluster::hasReady() const {
  return llvm::any_of(warps, [](const Warp *warp) { return warp->ready; });
}

bool Cluster::hasPolling() const {
  return llvm::any_of(warps, [](const Warp *warp) { return warp->polling; });
}

static void runWork(Cluster &cluster, size_t index) {
  ClusterWork work = std::move(cluster.work[index]);
  cluster.work.erase(cluster.work.begin() + index);
  work.run();
}

static Thread *getLowest(const Warp &warp) {
  return warp.threads[llvm::countr_zero(warp.ready)];
}

/// The next thread of the cluster, or null when all wait.
static Thread *pickNext(Cluster &cluster) {
  Grid &grid = *cluster.grid;
  Worker &worker = *cluster.worker;
  bool randomWork = grid.options.completion == Completion::Random;
  size_t count = cluster.warps.size();
  for (;;) {
    if (randomWork && !cluster.work.empty() && worker.nextRandom() % 8 == 0)
      runWork(cluster, worker.nextRandom() % cluster.work.size());
    if (grid.failed)
      return nullptr;

    if (grid.options.schedule == Schedule::Random) {
      size_t first = worker.nextRandom() % count;
      for (size_t i = 0; i < count; ++i) {
        Warp &warp = *cluster.warps[(first + i) % count];
        if (!warp.ready)
          continue;
        uint32_t ready = warp.ready;
        for (unsigned skip = worker.nextRandom() % llvm::popcount(ready); skip;
             --skip)
          ready &= ready - 1;
        return warp.threads[llvm::countr_zero(ready)];
      }
    } else {
      for (size_t i = 0; i < count; ++i) {
        size_t index = cluster.lastWarp + i;
        if (index >= count)
          index -= count;
        Warp &warp = *cluster.warps[index];
        if (warp.ready) {
          cluster.lastWarp = index;
          return getLowest(warp);
        }
      }
    }
    if (cluster.work.empty())
      return nullptr;
    runWork(cluster,
            randomWork ? worker.nextRandom() % cluster.work.size() : 0);
  }
}

static void switchTo(Thread &thread, Thread &next) {
  Worker &worker = *thread.block->cluster->worker;
  ++worker.switches;
  currentThread = &next;
  switchFiber(thread.fiber, next.fiber);
}

/// Leaves the current thread, whose state says when it may go on.
static void switchAway(Thread &thread) {
  Cluster &cluster = *thread.block->cluster;
  Thread *next = pickNext(cluster);
  if (next == &thread)
    return;
  if (next) {
    switchTo(thread, *next);
  } else {
    ++cluster.worker->switches;
    switchFiber(thread.fiber, cluster.worker->mainFiber);
  }
}

void ockham::emulator::block(const Waiting &waiting) {
  Thread &thread = current();
  ++worker().events;
  thread.waiting = waiting;
  Warp &warp = *thread.warp;
  warp.ready &= ~(1u << thread.lane);
  // What mostly comes next, without looking further.
  if (warp.ready && worker().inOrder)
    switchTo(thread, *getLowest(warp));
  else
    switchAway(thread);
}

void ockham::emulator::poll(const Waiting &waiting) {
  Thread &thread = current();
  thread.waiting = waiting;
  thread.warp->ready &= ~(1u << thread.lane);
  thread.warp->polling |= 1u << thread.lane;
  switchAway(thread);
}

void ockham::emulator::wake(Thread &thread) {
  thread.warp->ready |= 1u << thread.lane;
}

void ockham::emulator::recordFailure(const llvm::Twine &message) {
  Thread &thread = current();
  Grid &running = grid();
  std::lock_guard<std::mutex> lock(running.mutex);
  if (running.failed)
    return;
  running.failed = true;
  running.failure =
      (running.describeSite(thread.site) + ": " + message + " (" +
       running.describeAgent(thread.block->cluster->domain, thread.agent) + ")")
          .str();
}

void ockham::emulator::endIfFailed() {
  if (!grid().failed)
    return;
  switchFiber(current().fiber, worker().mainFiber);
  llvm_unreachable("an abandoned fiber runs");
}

void ockham::emulator::fail(const llvm::Twine &message) {
  recordFailure(message);
  endIfFailed();
  llvm_unreachable("a failure has been recorded");
}

void Worker::runCluster(Cluster &cluster) {
  // Work of engines is done on behalf of anybody.
  currentThread = &cluster.blocks[0]->threads[0];
  Thread *next = pickNext(cluster);
  if (!next)
    return;
  currentThread = next;
  switchFiber(mainFiber, next->fiber);
  currentThread = nullptr;
}

//===----------------------------------------------------------------------===//
// Meetings
//===----------------------------------------------------------------------===//

static void complete(Warp &warp, Meeting &meeting) {
  meeting.body(warp, meeting);
  warp.ready |= meeting.mask;
}

[[noreturn]] LLVM_ATTRIBUTE_NOINLINE static void failAtMask(unsigned lane,
                                                            uint32_t mask) {
  fail(llvm::Twine("lane ") + llvm::Twine(lane) +
       " is not in its own member mask 0x" + llvm::utohexstr(mask));
}

[[noreturn]] LLVM_ATTRIBUTE_NOINLINE static void
failAtMeeting(const char *name, uint32_t mask, const Meeting &meeting) {
  fail(llvm::Twine(name) + " with member mask 0x" + llvm::utohexstr(mask) +
       " meets " + meeting.name + " with member mask 0x" +
       llvm::utohexstr(meeting.mask) + " of the same warp");
}

void ockham::emulator::meetInWarp(const char *name, uint32_t mask,
                                  void *arguments,
                                  void (*body)(Warp &, Meeting &)) {
  Thread &thread = current();
  Warp &warp = *thread.warp;
  uint32_t bit = 1u << thread.lane;
  if (!(mask & bit))
    failAtMask(thread.lane, mask);
  mask &= warp.alive;
  for (Meeting &meeting : warp.meetings) {
    if (!(meeting.mask & mask))
      continue;
    if (meeting.name != name || meeting.mask != mask)
      failAtMeeting(name, mask, meeting);
    meeting.arguments[thread.lane] = arguments;
    meeting.arrived |= bit;
    if (meeting.arrived == mask) {
      // The body may not block, so the meeting stays where it is.
      complete(warp, meeting);
      warp.meetings.erase(&meeting);
    } else {
      block({name, mask, meeting.arrived});
    }
    return;
  }
  Meeting &meeting = warp.meetings.emplace_back();
  meeting.name = name;
  meeting.mask = mask;
  meeting.body = body;
  meeting.arrived = bit;
  meeting.arguments[thread.lane] = arguments;
  if (mask == bit) {
    complete(warp, meeting);
    warp.meetings.pop_back();
  } else {
    block({name, mask, 0});
  }
}

bool ockham::emulator::meetInWarpGroup(const char *name, void *arguments,
                                       WarpGroupMeeting *&meeting) {
  Thread &thread = current();
  Block &running = *thread.block;
  uint32_t index = thread.linear / 128;
  if (running.threads.size() < (index + 1) * 128)
    fail("a warp group needs 128 threads, but this one has " +
         llvm::Twine(running.threads.size() - index * 128));
  meeting = &running.warpGroups[index];
  if (!meeting->arrived)
    meeting->name = name;
  else if (meeting->name != name)
    fail(llvm::Twine(name) + " meets " + meeting->name +
         " of the same warp group");
  meeting->arguments[thread.linear % 128] = arguments;
  if (++meeting->arrived == 128)
    return true;
  block({name, index, meeting->arrived});
  return false;
}

void ockham::emulator::releaseWarpGroup(WarpGroupMeeting &meeting) {
  Thread &thread = current();
  meeting.arrived = 0;
  for (unsigned i = 0; i < 4; ++i)
    thread.block->warps[thread.linear / 128 * 4 + i].ready = ~0u;
}

/// Completes what waits for lanes of the warp that have exited.
static void updateMeetingsAfterExit(Warp &warp, uint32_t bit) {
  for (size_t i = 0; i < warp.meetings.size();) {
    Meeting &meeting = warp.meetings[i];
    meeting.mask &= ~bit;
    if (meeting.arrived == meeting.mask) {
      complete(warp, meeting);
      warp.meetings.erase(&meeting);
    } else {
      ++i;
    }
  }
}

/// Where every fiber begins.
static void runThread() {
  beginFiber();
  {
    Cluster &cluster = *current().block->cluster;
    cluster.grid->kernel->entry(cluster.grid->arguments);
  }
  Thread &thread = current();
  Cluster &cluster = *thread.block->cluster;
  uint32_t bit = 1u << thread.lane;
  ++cluster.worker->events;
  checkPendingAtExit(thread);
  thread.done = true;
  thread.warp->alive &= ~bit;
  thread.warp->ready &= ~bit;
  --thread.block->alive;
  --cluster.alive;
  if (cluster.grid->options.detectRaces) {
    thread.block->exitClock.join(thread.clock);
    if (!thread.block->alive) {
      checkBlockEnd(*thread.block);
      cluster.worker->profile.finish(*thread.block);
    }
  }
  updateMeetingsAfterExit(*thread.warp, bit);
  updateBarriersAfterExit(thread);
  switchAway(thread);
  llvm_unreachable("a finished thread runs");
}

//===----------------------------------------------------------------------===//
// Grids
//===----------------------------------------------------------------------===//

namespace ockham::emulator {
void addThreads(Grid &grid, Cluster &cluster, Block &block, StackPool &stacks) {
  const Dim3 &dim = grid.config.block;
  uint32_t count = dim[0] * dim[1] * dim[2];
  block.alive = count;
  block.threads = std::vector<Thread>(count);
  block.warps = std::vector<Warp>((count + 31) / 32);
  block.warpGroups.resize((count + 127) / 128);
  block.tensorCoreTimes.resize(block.warpGroups.size());
  for (uint32_t i = 0; i < count; ++i) {
    Thread &thread = block.threads[i];
    thread.block = &block;
    thread.linear = i;
    thread.agent = block.rank * count + i;
    thread.lane = i % 32;
    thread.index = {i % dim[0], i / dim[0] % dim[1], i / dim[0] / dim[1]};
    thread.warp = &block.warps[i / 32];
    thread.warp->block = &block;
    thread.warp->index = i / 32;
    thread.warp->threads[thread.lane] = &thread;
    thread.warp->alive |= 1u << thread.lane;
    thread.warp->ready = thread.warp->alive;
    thread.waiting = {"its turn", 0, 0};
    thread.fiber =
        stacks.prepare(cluster.stacks, block.rank * count + i, runThread);
  }
  for (Warp &warp : block.warps)
    cluster.warps.push_back(&warp);
}
} // namespace ockham::emulator
