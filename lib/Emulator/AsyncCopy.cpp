//===- AsyncCopy.cpp - cp.async and its groups ----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The copies of a thread are an agent of their own. For the race detector they
// happen when they are issued, on behalf of the thread; what they wrote is
// known to the thread once it has waited for their group. The bytes move then,
// or earlier, as the options say.
//
//===----------------------------------------------------------------------===//

#include "Handlers.h"
#include "MBarriers.h"
#include "Machine.h"

#include <cstring>

using namespace ockham::emulator;

static void copy(const AsyncCopy &pending) {
  std::memcpy(pending.destination, pending.source, pending.sourceBytes);
  std::memset(pending.destination + pending.sourceBytes, 0,
              pending.bytes - pending.sourceBytes);
}

static void runUntil(AsyncCopyQueue &queue, uint32_t time) {
  while (!queue.pending.empty() && queue.pending.front().time <= time) {
    copy(queue.pending.front());
    queue.pending.pop_front();
  }
}

namespace {
template <int bytes>
void copyPart(uint8_t *destination, const uint8_t *source,
              uint32_t sourceBytes) {
  Thread &thread = current();
  AsyncCopyQueue &queue = thread.asyncCopies;
  for (const void *address : {static_cast<const void *>(destination),
                              static_cast<const void *>(source)})
    if (reinterpret_cast<uint64_t>(address) % bytes)
      fail("cp.async of " + llvm::Twine(bytes) +
           " bytes needs addresses aligned to them, got " +
           describeAddress(reinterpret_cast<uint64_t>(address)));
  SharedPlace place = locateShared(destination, bytes, "cp.async");
  if (sourceBytes > bytes)
    fail("cp.async of " + llvm::Twine(bytes) +
         " bytes reads at most these, "
         "got a source size of " +
         llvm::Twine(sourceBytes));
  AsyncCopy pending{destination, source, sourceBytes, bytes, ++queue.time};
  if (detectsRaces()) {
    Actor actor = getEngineActor(
        thread.block->cluster->getAsyncCopyAgent(thread), queue.time);
    accessMemoryAs(actor, source, sourceBytes, kRead);
    accessSharedAs(actor, place, bytes, kWrite);
    profileAccess(thread, source, sourceBytes);
  }
  Completion completion = grid().options.completion;
  if (completion == Completion::Eager ||
      (completion == Completion::Random && worker().nextRandom() % 2))
    copy(pending);
  else
    queue.pending.push_back(pending);
}

template <int bytes>
void copyAll(uint8_t *destination, const uint8_t *source) {
  copyPart<bytes>(destination, source, bytes);
}

void commit() {
  AsyncCopyQueue &queue = current().asyncCopies;
  queue.groups.push_back(queue.time);
  queue.committed = queue.time;
}

/// Stands for an instruction that mutations ask about.
void commitEmpty() {
  AsyncCopyQueue &queue = current().asyncCopies;
  if (uint32_t count = queue.time - queue.committed)
    fail("the group of cp.async that ends here was expected to be empty, got " +
         llvm::Twine(count) + (count == 1 ? " copy" : " copies"));
  commit();
}

void waitForGroups(uint32_t left) {
  Thread &thread = current();
  AsyncCopyQueue &queue = thread.asyncCopies;
  ++worker().events;
  while (queue.groups.size() > left) {
    uint32_t time = queue.groups.front();
    queue.groups.pop_front();
    runUntil(queue, time);
    if (detectsRaces())
      thread.clock.own.raise(thread.block->cluster->getAsyncCopyAgent(thread),
                             time);
  }
}

void waitForAll() {
  commit();
  waitForGroups(0);
}

/// An mbarrier completes when all copies so far have arrived.
void arriveWithCopies(uint64_t *barrier, bool increments) {
  Thread &thread = current();
  Cluster &cluster = *thread.block->cluster;
  checkMBarrier(barrier, "cp.async.mbarrier.arrive");
  if (increments)
    addPendingArrival(barrier);
  uint32_t time = thread.asyncCopies.time;
  Thread *issuer = &thread;
  auto arrive = [issuer, barrier, time] {
    Cluster &cluster = *issuer->block->cluster;
    runUntil(issuer->asyncCopies, time);
    arriveFromEngine(*issuer, barrier, cluster.getAsyncCopyAgent(*issuer),
                     time);
  };
  if (grid().options.completion == Completion::Eager)
    arrive();
  else
    cluster.work.push_back({std::move(arrive)});
}
void arriveIncrementing(uint64_t *barrier) { arriveWithCopies(barrier, true); }
void arriveOnly(uint64_t *barrier) { arriveWithCopies(barrier, false); }
} // namespace

void ockham::emulator::addAsyncCopyHandlers(HandlerTable &table) {
  const std::string prefix = "llvm.nvvm.cp.async.";
  table.add(prefix + "ca.shared.global.4", copyAll<4>);
  table.add(prefix + "ca.shared.global.8", copyAll<8>);
  table.add(prefix + "ca.shared.global.16", copyAll<16>);
  table.add(prefix + "cg.shared.global.16", copyAll<16>);
  table.add(prefix + "ca.shared.global.4.s", copyPart<4>);
  table.add(prefix + "ca.shared.global.8.s", copyPart<8>);
  table.add(prefix + "ca.shared.global.16.s", copyPart<16>);
  table.add(prefix + "cg.shared.global.16.s", copyPart<16>);
  table.add(prefix + "commit.group", commit);
  table.add(kCommitEmpty, commitEmpty);
  table.add(prefix + "wait.group", waitForGroups);
  table.add(prefix + "wait.all", waitForAll);
  for (const char *space : {"", ".shared"}) {
    table.add(prefix + "mbarrier.arrive" + space, arriveIncrementing);
    table.add(prefix + "mbarrier.arrive.noinc" + space, arriveOnly);
  }
}
