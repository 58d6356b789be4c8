//===- MemoryAccess.cpp - Checks accesses and reports races ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Machine.h"
#include "llvm/Support/FormatVariadic.h"

using namespace ockham::emulator;

void ockham::emulator::report(Report::Kind kind, uint32_t site,
                              uint32_t otherSite, const llvm::Twine &message) {
  Grid &running = grid();
  std::lock_guard<std::mutex> lock(running.mutex);
  if (!running.reported.insert({int(kind), site, otherSite}).second)
    return;
  ++running.result->reportCount;
  if (running.result->reports.size() < running.options.maxReports)
    running.result->reports.push_back({kind, message.str()});
}

uint8_t *ockham::emulator::getSharedAddress(uint64_t address) {
  const Cluster &cluster = *current().block->cluster;
  return cluster.window + address % (kMaxClusterBlocks * kSharedWindow);
}

/// Whether an address lies in the windows of the current cluster.
static bool isShared(uint64_t address) {
  const Cluster &cluster = *current().block->cluster;
  return address - reinterpret_cast<uint64_t>(cluster.window) <
         kMaxClusterBlocks * kSharedWindow;
}

SyncVariable &ockham::emulator::getSyncVariable(uint64_t address) {
  Cluster &cluster = *current().block->cluster;
  auto &variables =
      isShared(address) ? cluster.syncVariables : cluster.grid->syncVariables;
  return variables[address];
}

static bool isOnStack(uint64_t address) {
  const Cluster &cluster = *current().block->cluster;
  return address - reinterpret_cast<uint64_t>(cluster.stacks) <
         cluster.worker->stacks.getSlabBytes();
}

std::string ockham::emulator::describeAddress(uint64_t address) {
  const Cluster &cluster = *current().block->cluster;
  if (isShared(address)) {
    uint64_t offset = address - reinterpret_cast<uint64_t>(cluster.window);
    uint64_t rank = offset / kSharedWindow;
    std::string text =
        llvm::formatv("shared memory + {0:x}", offset % kSharedWindow).str();
    if (rank != current().block->rank)
      text += llvm::formatv(" of rank {0} of the cluster", rank).str();
    return text;
  }
  if (auto *allocation = cluster.grid->memory->find(address))
    return llvm::formatv("global memory {0:x} + {1}", allocation->begin,
                         address - allocation->begin)
        .str();
  return llvm::formatv("address {0:x}", address).str();
}

SharedPlace ockham::emulator::locateShared(const void *pointer, uint64_t bytes,
                                           const char *instruction) {
  uint64_t address = reinterpret_cast<uint64_t>(pointer);
  const Cluster &cluster = *current().block->cluster;
  if (!isShared(address))
    fail(llvm::Twine(instruction) + " needs an address in shared memory");
  uint64_t offset = address - reinterpret_cast<uint64_t>(cluster.window);
  uint64_t rank = offset / kSharedWindow;
  offset %= kSharedWindow;
  if (rank >= cluster.blocks.size() ||
      offset + bytes > cluster.grid->sharedBytes)
    fail(llvm::Twine(instruction) + " of " + llvm::Twine(bytes) +
         " bytes at shared memory + 0x" + llvm::utohexstr(offset) +
         " is outside of the block's " +
         llvm::Twine(cluster.grid->sharedBytes) + " bytes");
  return {cluster.blocks[rank].get(), uint32_t(offset)};
}

Actor ockham::emulator::getActor(const Thread &thread) {
  return {thread.block->cluster->domain,
          thread.agent,
          thread.time,
          thread.site,
          thread.clock,
          thread.proxy};
}

Actor ockham::emulator::getEngineActor(uint32_t agent, uint32_t time) {
  Actor actor = getActor(current());
  actor.agent = agent;
  actor.time = time;
  return actor;
}

void ockham::emulator::release(Thread &thread, VectorClock &clock,
                               VectorClock &proxy) {
  clock.join(thread.clock);
  clock.own.raise(thread.agent, thread.time);
  proxy.join(thread.proxy);
  ++thread.time;
}

static void reportConflict(const Actor &actor, const Conflict &conflict,
                           uint64_t address, uint8_t flags) {
  Grid &running = grid();
  auto nameAccess = [](uint8_t flags) {
    return (flags & kAtomic) ? "atomic access"
                             : (flags & kWrite ? "write" : "read");
  };
  std::string place = describeAddress(address + conflict.offset);
  std::string now =
      llvm::formatv("{0} by {1} at {2}", nameAccess(flags),
                    running.describeAgent(actor.domain, actor.agent),
                    running.describeSite(actor.site))
          .str();
  if (conflict.kind == ConflictKind::Uninitialized) {
    report(Report::Kind::Uninitialized, actor.site, 0,
           "uninitialised memory at " + place + ": " + now);
    return;
  }
  const AccessRecord &old = conflict.earlier;
  std::string before =
      llvm::formatv("{0} by {1} at {2}", nameAccess(old.flags),
                    running.describeAgent(old.getDomain(), old.getAgent()),
                    running.describeSite(old.site))
          .str();
  if (conflict.kind == ConflictKind::Proxy)
    report(Report::Kind::MissingProxyFence, actor.site, old.site,
           "missing fence.proxy.async at " + place + ": " + now +
               " may not see the " + before);
  else
    report(Report::Kind::Race, actor.site, old.site,
           "race at " + place + ": " + now +
               " is not synchronised with the earlier " + before);
}

static void countTraffic(Traffic &traffic, uint64_t bytes, uint8_t flags) {
  (flags & kWrite ? traffic.written : traffic.read) += bytes;
}

LLVM_ATTRIBUTE_NOINLINE static void reportEndedBlock(const Actor &actor,
                                                     uint64_t address) {
  Grid &running = grid();
  report(Report::Kind::Race, actor.site, 0,
         "race at " + describeAddress(address) +
             ": its block has ended before the access by " +
             running.describeAgent(actor.domain, actor.agent) + " at " +
             running.describeSite(actor.site));
}

void ockham::emulator::accessSharedAs(Actor &actor, const SharedPlace &place,
                                      uint64_t bytes, uint8_t flags) {
  Block &block = *place.block;
  countTraffic(block.cluster->worker->shared, bytes, flags);
  auto address = reinterpret_cast<uint64_t>(block.shared) + place.offset;
  if (LLVM_UNLIKELY(!block.alive))
    reportEndedBlock(actor, address);
  Conflict conflict = block.shadow.access(actor, place.offset, bytes, flags,
                                          /*checkInitialized=*/true);
  if (LLVM_UNLIKELY(conflict.kind != ConflictKind::None))
    reportConflict(actor, conflict, address, flags);
}

void ockham::emulator::accessMemoryAs(Actor &actor, const void *pointer,
                                      uint64_t bytes, uint8_t flags) {
  Grid &running = grid();
  if (!running.options.detectRaces || !bytes)
    return;
  uint64_t address = reinterpret_cast<uint64_t>(pointer);
  auto reportOutside = [&](const llvm::Twine &limit) {
    report(Report::Kind::OutOfBounds, actor.site, 0,
           llvm::formatv("{0} of {1} bytes at {2}, ",
                         flags & kWrite ? "write" : "read", bytes,
                         describeAddress(address))
                   .str() +
               limit + ": " + running.describeAgent(actor.domain, actor.agent) +
               " at " + running.describeSite(actor.site));
    // Such an access must not happen on the host.
    fail("an access out of bounds ends the grid");
  };

  Conflict conflict;
  if (isShared(address)) {
    Cluster &cluster = *current().block->cluster;
    uint64_t offset = address - reinterpret_cast<uint64_t>(cluster.window);
    uint64_t rank = offset / kSharedWindow;
    offset %= kSharedWindow;
    if (rank >= cluster.blocks.size() || offset + bytes > running.sharedBytes)
      return reportOutside("outside of the block's " +
                           llvm::Twine(running.sharedBytes) + " bytes");
    accessSharedAs(actor, {cluster.blocks[rank].get(), uint32_t(offset)}, bytes,
                   flags);
    return;
  } else if (isOnStack(address)) {
    return;
  } else {
    countTraffic(worker().global, bytes, flags);
    auto *allocation = running.memory->find(address);
    if (allocation) {
      uint64_t offset = address - allocation->begin;
      if (offset + bytes > allocation->bytes)
        return reportOutside("outside of an allocation of " +
                             llvm::Twine(allocation->bytes) + " bytes");
      if (!allocation->initialized.empty()) {
        if (flags & kWrite)
          allocation->markInitialized(offset, bytes);
        else if (!allocation->isInitialized(offset, bytes))
          conflict.kind = ConflictKind::Uninitialized;
      }
    } else if (llvm::none_of(running.variables, [&](const auto &range) {
                 return address >= range.first &&
                        address + bytes <= range.second;
               })) {
      return reportOutside("which is in no allocation");
    }
    if (conflict.kind == ConflictKind::None)
      conflict = running.globalShadow.access(actor, address, bytes, flags,
                                             running.isParallel());
  }
  if (conflict.kind != ConflictKind::None)
    reportConflict(actor, conflict, address, flags);
}

void ockham::emulator::checkBlockEnd(Block &block) {
  Cluster &cluster = *block.cluster;
  Grid &running = *cluster.grid;
  uint32_t threads = cluster.getThreadsPerBlock();
  for (auto &[offset, barrier] : block.mbarriers)
    if (!barrier.inFlight.empty())
      report(Report::Kind::Race, current().site, 1,
             "race at the end of a block: bulk loads that report to the "
             "mbarrier at shared memory + 0x" +
                 llvm::utohexstr(offset) + " are still under way");
  if (cluster.blocks.size() == 1)
    return;
  // Threads of other blocks, which must have been waited for.
  block.shadow.forEachRecord([&](uint64_t offset, const AccessRecord &record) {
    uint32_t agent = record.getAgent();
    if (agent >= cluster.blocks.size() * threads ||
        agent / threads == block.rank ||
        block.exitClock.own.get(agent) >= record.time)
      return;
    report(Report::Kind::Race, current().site, record.site,
           "race at shared memory + 0x" + llvm::utohexstr(offset) +
               ": the end of a block is not synchronised with the earlier "
               "access by " +
               running.describeAgent(record.getDomain(), record.getAgent()) +
               " at " + running.describeSite(record.site));
  });
}

void ockham::emulator::addToProfile(const Thread &thread, const void *pointer,
                                    uint64_t bytes) {
  uint64_t address = reinterpret_cast<uint64_t>(pointer);
  if (!bytes || isOnStack(address))
    return;
  if (isShared(address))
    worker().profile.add(thread, address % kSharedWindow, bytes, true);
  else
    worker().profile.add(thread, address, bytes, false);
}

void ockham::emulator::accessMemory(const void *address, uint64_t bytes,
                                    uint8_t flags) {
  if (!detectsRaces())
    return;
  Actor actor = getActor(current());
  accessMemoryAs(actor, address, bytes, flags);
  profileAccess(current(), address, bytes);
}
