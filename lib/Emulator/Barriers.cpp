//===- Barriers.cpp - Barriers of warps, blocks and clusters --------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A barrier joins what all who arrive know, and gives it to all who waited.
//
//===----------------------------------------------------------------------===//

#include "Handlers.h"
#include "Machine.h"

using namespace ockham::emulator;

/// Gives the barrier's knowledge to those who wait, and lets them go.
static void complete(NamedBarrier &barrier) {
  barrier.clock.share();
  barrier.proxy.share();
  barrier.lastTrueCount = barrier.trueCount;
  barrier.lastCount = barrier.waiting.size() + barrier.arrivedOnly;
  for (Thread *thread : barrier.waiting) {
    // What each of them knew has been joined.
    thread->clock = barrier.clock;
    thread->proxy = barrier.proxy;
    wake(*thread);
  }
  barrier.waiting.clear();
  barrier.arrivedOnly = barrier.expected = barrier.trueCount = 0;
  barrier.clock.clear();
  barrier.proxy.clear();
}

static void checkCount(NamedBarrier &barrier, uint32_t number, uint32_t count) {
  if (count % 32)
    fail("a barrier takes a multiple of 32 threads, got " + llvm::Twine(count));
  uint32_t arrived = barrier.waiting.size() + barrier.arrivedOnly;
  if (arrived && barrier.expected != count)
    fail("barrier " + llvm::Twine(number) + " expects " +
         (barrier.expected ? llvm::Twine(barrier.expected) : "all") +
         " threads for those who are there, got " +
         (count ? llvm::Twine(count) : "all"));
  barrier.expected = count;
}

static bool isComplete(const Block &block, const NamedBarrier &barrier) {
  uint32_t arrived = barrier.waiting.size() + barrier.arrivedOnly;
  return arrived &&
         arrived >= (barrier.expected ? barrier.expected : block.alive);
}

static NamedBarrier &getBarrier(uint32_t number) {
  if (number >= 16)
    fail("a block has barriers 0 to 15, got " + llvm::Twine(number));
  return current().block->barriers[number];
}

static void synchronize(uint32_t number, uint32_t count, bool predicate) {
  Thread &thread = current();
  NamedBarrier &barrier = getBarrier(number);
  checkCount(barrier, number, count);
  if (detectsRaces())
    release(thread, barrier.clock, barrier.proxy);
  barrier.waiting.push_back(&thread);
  barrier.trueCount += predicate;
  if (isComplete(*thread.block, barrier))
    complete(barrier);
  else
    block({"a barrier", 0, number});
}

namespace {
void syncAll(uint32_t number) { synchronize(number, 0, false); }
void syncCount(uint32_t number, uint32_t count) {
  synchronize(number, count, false);
}
void syncZero() { synchronize(0, 0, false); }

void arriveCount(uint32_t number, uint32_t count) {
  Thread &thread = current();
  NamedBarrier &barrier = getBarrier(number);
  if (!count)
    fail("barrier.arrive needs a number of threads, got 0");
  checkCount(barrier, number, count);
  ++worker().events;
  if (detectsRaces())
    release(thread, barrier.clock, barrier.proxy);
  ++barrier.arrivedOnly;
  if (isComplete(*thread.block, barrier))
    complete(barrier);
}

uint32_t reduceCount(uint32_t number, uint32_t predicate) {
  synchronize(number, 0, predicate & 1);
  return getBarrier(number).lastTrueCount;
}
uint32_t reduceAnd(uint32_t number, uint32_t predicate) {
  synchronize(number, 0, predicate & 1);
  return getBarrier(number).lastTrueCount == getBarrier(number).lastCount;
}
uint32_t reduceOr(uint32_t number, uint32_t predicate) {
  synchronize(number, 0, predicate & 1);
  return getBarrier(number).lastTrueCount != 0;
}
uint32_t reduceZeroCount(uint32_t predicate) {
  return reduceCount(0, predicate != 0);
}
uint32_t reduceZeroAnd(uint32_t predicate) {
  return reduceAnd(0, predicate != 0);
}
uint32_t reduceZeroOr(uint32_t predicate) {
  return reduceOr(0, predicate != 0);
}

void syncWarp(uint32_t mask) {
  meetInWarp("bar.warp.sync", mask, nullptr, [](Warp &warp, Meeting &meeting) {
    if (!detectsRaces())
      return;
    VectorClock clock, proxy;
    for (unsigned lane = 0; lane < 32; ++lane)
      if (meeting.has(lane))
        release(*warp.threads[lane], clock, proxy);
    clock.share();
    proxy.share();
    for (unsigned lane = 0; lane < 32; ++lane) {
      if (!meeting.has(lane))
        continue;
      warp.threads[lane]->clock = clock;
      warp.threads[lane]->proxy = proxy;
    }
  });
}

//===----------------------------------------------------------------------===//
// Clusters: each thread arrives, and then waits.
//===----------------------------------------------------------------------===//

void completeClusterBarrier(Cluster &cluster) {
  ClusterBarrier &barrier = cluster.barrier;
  if (!barrier.arrived || barrier.arrived < cluster.alive)
    return;
  ++barrier.completed;
  barrier.arrived = 0;
  barrier.lastClock = std::move(barrier.clock);
  barrier.lastProxy = std::move(barrier.proxy);
  barrier.clock.clear();
  barrier.proxy.clear();
  barrier.lastClock.share();
  barrier.lastProxy.share();
  for (Thread *thread : barrier.waiting)
    wake(*thread);
  barrier.waiting.clear();
}

void arriveInCluster(bool releases) {
  Thread &thread = current();
  Cluster &cluster = *thread.block->cluster;
  if (thread.clusterArrivals != thread.clusterWaits)
    fail("barrier.cluster.arrive again, without barrier.cluster.wait");
  ++thread.clusterArrivals;
  ++worker().events;
  if (detectsRaces() && releases)
    release(thread, cluster.barrier.clock, cluster.barrier.proxy);
  ++cluster.barrier.arrived;
  completeClusterBarrier(cluster);
}
void arriveReleasing() { arriveInCluster(true); }
void arriveRelaxed() { arriveInCluster(false); }

void waitForCluster() {
  Thread &thread = current();
  ClusterBarrier &barrier = thread.block->cluster->barrier;
  if (thread.clusterArrivals == thread.clusterWaits)
    fail("barrier.cluster.wait without barrier.cluster.arrive");
  ++thread.clusterWaits;
  while (barrier.completed < thread.clusterWaits) {
    barrier.waiting.push_back(&thread);
    block({"the cluster's barrier", 0, 0});
  }
  if (detectsRaces()) {
    thread.clock.join(barrier.lastClock);
    thread.proxy.join(barrier.lastProxy);
  }
}
} // namespace

void ockham::emulator::updateBarriersAfterExit(Thread &thread) {
  // Whoever waits for all threads waits for one less.
  for (NamedBarrier &barrier : thread.block->barriers)
    if (!barrier.expected && isComplete(*thread.block, barrier))
      complete(barrier);
  if (thread.clusterArrivals != thread.clusterWaits &&
      thread.block->cluster->barrier.completed < thread.clusterArrivals)
    --thread.block->cluster->barrier.arrived;
  completeClusterBarrier(*thread.block->cluster);
}

void ockham::emulator::addBarrierHandlers(HandlerTable &table) {
  for (const char *aligned : {"", "aligned."}) {
    std::string prefix = std::string("llvm.nvvm.barrier.cta.");
    table.add(prefix + "sync." + aligned + "all", syncAll);
    table.add(prefix + "sync." + aligned + "count", syncCount);
    table.add(prefix + "arrive." + aligned + "count", arriveCount);
    table.add(prefix + "red.popc." + aligned + "all", reduceCount);
    table.add(prefix + "red.and." + aligned + "all", reduceAnd);
    table.add(prefix + "red.or." + aligned + "all", reduceOr);
    for (const char *relaxed : {"", "relaxed."}) {
      bool releases = !*relaxed;
      table.add(std::string("llvm.nvvm.barrier.cluster.arrive") +
                    (releases ? "" : ".relaxed") + (*aligned ? ".aligned" : ""),
                releases ? arriveReleasing : arriveRelaxed);
    }
    table.add(std::string("llvm.nvvm.barrier.cluster.wait") +
                  (*aligned ? ".aligned" : ""),
              waitForCluster);
  }
  table.add("llvm.nvvm.barrier0", syncZero);
  table.add("llvm.nvvm.barrier0.popc", reduceZeroCount);
  table.add("llvm.nvvm.barrier0.and", reduceZeroAnd);
  table.add("llvm.nvvm.barrier0.or", reduceZeroOr);
  table.add("llvm.nvvm.bar.warp.sync", syncWarp);

  auto arrive = [](const PTXInstruction &instruction, PTXBuilder &builder) {
    return translateToCall("llvm.nvvm.barrier.cta.arrive.count", 0, instruction,
                           builder);
  };
  auto sync = [](const PTXInstruction &instruction, PTXBuilder &builder) {
    return translateToCall(instruction.operands.size() == 2
                               ? "llvm.nvvm.barrier.cta.sync.count"
                               : "llvm.nvvm.barrier.cta.sync.all",
                           0, instruction, builder);
  };
  for (const char *name : {"bar", "barrier"}) {
    table.addPTX(std::string(name) + ".arrive", arrive);
    table.addPTX(std::string(name) + ".sync", sync);
    // Without `.sync`, which is the default of bar and dropped by the reader.
    table.addPTX(name, sync);
  }
}
