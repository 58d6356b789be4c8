//===- Atomics.cpp - Accesses of compiled code, plain and atomic ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Loads and stores are the host's own; these handlers run before them. Fibers
// of a grid take turns, so nothing happens between a handler and its access.
//
// Synchronisation follows the rules of PTX's memory model: a release publishes
// what its thread knows with the value it writes; an acquire takes it with the
// value it reads; fences do the same for relaxed accesses after and before
// them.
//
//===----------------------------------------------------------------------===//

#include "Atomics.h"
#include "Handlers.h"
#include "Machine.h"

#include <algorithm>
#include <cstring>

using namespace ockham::emulator;

/// What the word has for the thread, if anything.
static const VectorClock *getPublished(const SyncVariable &variable,
                                       uint32_t domain) {
  if (!variable.domain || (variable.narrow && variable.domain != domain))
    return nullptr;
  return &variable.clock;
}

static void publish(SyncVariable &variable, const VectorClock &clock,
                    uint32_t domain, uint32_t flags) {
  if (!(flags & kAtomicRead)) {
    // A store ends the sequence of those who released before; an atomic
    // operation continues it.
    variable = SyncVariable();
  }
  bool narrow = !(flags & kDeviceScope);
  if (!variable.domain) {
    variable.domain = domain;
    variable.clock = clock;
    variable.narrow = narrow;
    return;
  }
  if (narrow && variable.domain != domain)
    return;
  variable.clock.joinFrom(variable.domain, clock, domain);
  variable.narrow &= narrow;
}

static void synchronize(SyncVariable &variable, uint32_t flags) {
  Thread &thread = current();
  uint32_t domain = thread.block->cluster->domain;
  if (flags & kAtomicRead) {
    if (const VectorClock *published = getPublished(variable, domain)) {
      if (flags & kAcquire) {
        thread.clock.joinFrom(domain, *published, variable.domain);
      } else {
        thread.seen.joinFrom(domain, *published, variable.domain);
        thread.hasSeen = true;
      }
    }
  }
  if (!(flags & kAtomicWrite))
    return;
  if (flags & kRelease) {
    VectorClock known = thread.clock;
    known.own.raise(thread.agent, thread.time);
    known.share();
    ++thread.time;
    publish(variable, known, domain, flags);
  } else if (thread.hasFenced) {
    if (thread.fencedNarrow)
      flags &= ~kDeviceScope;
    publish(variable, thread.fenced, domain, flags);
  } else if (!(flags & kAtomicRead)) {
    variable = SyncVariable();
  }
}

/// Whoever comes back to the same instruction and finds what was there before
/// is waiting for somebody, and lets the others run first.
static void pollIfUnchanged(Thread &thread, uint64_t address, uint32_t bytes) {
  uint64_t value = 0;
  std::memcpy(&value, reinterpret_cast<void *>(address),
              std::min<size_t>(bytes, sizeof(value)));
  if (thread.pollSite == thread.site && thread.pollAddress == address &&
      thread.pollValue == value) {
    poll({"a value in memory", address, 0});
    std::memcpy(&value, reinterpret_cast<void *>(address),
                std::min<size_t>(bytes, sizeof(value)));
  } else {
    ++worker().events;
  }
  thread.pollSite = thread.site;
  thread.pollAddress = address;
  thread.pollValue = value;
}

namespace {
void access(void *address, uint32_t bytes, uint32_t flags) {
  accessMemory(address, bytes, flags);
}

void accessAtomically(void *address, uint32_t bytes, uint32_t flags) {
  Thread &thread = current();
  // First, because what is out of bounds must not be looked at.
  accessMemory(address, bytes,
               (flags & kAtomicWrite ? kWrite : kRead) | kAtomic);
  if (flags & kAtomicRead)
    pollIfUnchanged(thread, reinterpret_cast<uint64_t>(address), bytes);
  if (!detectsRaces())
    return;
  if (!grid().isParallel()) {
    synchronize(getSyncVariable(reinterpret_cast<uint64_t>(address)), flags);
    return;
  }
  // Until endAtomicAccess, so that who sees the value sees what was published
  // with it.
  grid().atomicMutex.lock();
  SyncVariable &variable = getSyncVariable(reinterpret_cast<uint64_t>(address));
  SyncVariable copy = variable.clone();
  synchronize(copy, flags);
  if (flags & kAtomicWrite)
    variable = copy.clone();
}

void endAtomicAccess() {
  if (grid().isParallel())
    grid().atomicMutex.unlock();
}
} // namespace

void ockham::emulator::addAtomicHandlers(HandlerTable &table) {
  table.add("ockham.access", access);
  table.add("ockham.atomic", accessAtomically);
  table.add("ockham.atomic.end", endAtomicAccess);
}
