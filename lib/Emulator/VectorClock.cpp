//===- VectorClock.cpp - What an agent knows to have happened -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorClock.h"

#include <algorithm>

using namespace ockham::emulator;

/// Entries ahead of the shared vector are searched one by one.
static constexpr size_t kMaxAhead = 12;

SharedTimes &DomainClock::getOwnBase() {
  if (!base)
    base = llvm::makeIntrusiveRefCnt<SharedTimes>();
  else if (base->UseCount() != 1)
    base = llvm::makeIntrusiveRefCnt<SharedTimes>(*base);
  return *base;
}

static void raiseIn(SharedTimes &shared, uint32_t agent, uint32_t time) {
  if (agent >= shared.times.size())
    shared.times.resize(agent + 1, 0);
  shared.times[agent] = std::max(shared.times[agent], time);
}

void DomainClock::share() {
  if (ahead.empty())
    return;
  SharedTimes &shared = getOwnBase();
  for (const auto &[agent, time] : ahead)
    raiseIn(shared, agent, time);
  ahead.clear();
}

void DomainClock::raise(uint32_t agent, uint32_t time) {
  for (auto &[other, current] : ahead)
    if (other == agent) {
      current = std::max(current, time);
      return;
    }
  if (base && agent < base->times.size() && base->times[agent] >= time)
    return;
  if (ahead.size() < kMaxAhead) {
    ahead.push_back({agent, time});
    return;
  }
  share();
  raiseIn(*base, agent, time);
}

namespace {
/// The last few joins of two vectors: a warp group that waits for a barrier
/// makes the same one 128 times.
struct JoinMemo {
  static constexpr unsigned kEntries = 16;
  struct Entry {
    SharedTimesPtr a, b, result;
  };
  Entry entries[kEntries];
  unsigned next = 0;
};
} // namespace

static SharedTimesPtr joinTimes(const SharedTimesPtr &a,
                                const SharedTimesPtr &b) {
  static thread_local JoinMemo memo;
  for (const JoinMemo::Entry &entry : memo.entries)
    if (entry.a == a && entry.b == b)
      return entry.result;

  const SharedTimes &x = *a, &y = *b;
  size_t common = std::min(x.times.size(), y.times.size());
  bool someLess = x.times.size() < y.times.size();
  bool someGreater = x.times.size() > y.times.size();
  for (size_t i = 0; i < common; ++i) {
    someLess |= x.times[i] < y.times[i];
    someGreater |= x.times[i] > y.times[i];
  }
  SharedTimesPtr result;
  if (!someLess) {
    result = a;
  } else if (!someGreater) {
    result = b;
  } else {
    result = llvm::makeIntrusiveRefCnt<SharedTimes>(
        x.times.size() < y.times.size() ? y : x);
    for (size_t i = 0; i < common; ++i)
      result->times[i] = std::max(x.times[i], y.times[i]);
  }
  memo.entries[memo.next] = {a, b, result};
  memo.next = (memo.next + 1) % JoinMemo::kEntries;
  return result;
}

void DomainClock::join(const DomainClock &other) {
  if (other.base && other.base != base)
    base = base ? joinTimes(base, other.base) : other.base;
  for (const auto &[agent, time] : other.ahead)
    raise(agent, time);
}

DomainClock DomainClock::clone() const {
  DomainClock copy;
  if (base)
    copy.base = llvm::makeIntrusiveRefCnt<SharedTimes>(*base);
  copy.ahead = ahead;
  return copy;
}

VectorClock VectorClock::clone() const {
  VectorClock copy;
  copy.own = own.clone();
  if (!foreign)
    return copy;
  copy.foreign = llvm::makeIntrusiveRefCnt<ForeignClocks>();
  for (const auto &[domain, clock] : foreign->domains)
    copy.foreign->domains[domain] = clock.clone();
  return copy;
}

uint32_t VectorClock::getForeign(uint32_t domain, uint32_t agent) const {
  if (!foreign)
    return 0;
  auto it = foreign->domains.find(domain);
  return it == foreign->domains.end() ? 0 : it->second.get(agent);
}

ForeignClocks &VectorClock::getOwnForeign() {
  if (!foreign)
    foreign = llvm::makeIntrusiveRefCnt<ForeignClocks>();
  else if (foreign->UseCount() != 1)
    foreign = llvm::makeIntrusiveRefCnt<ForeignClocks>(*foreign);
  return *foreign;
}

void VectorClock::joinForeign(const ForeignClocksPtr &other) {
  if (!other || other == foreign)
    return;
  if (!foreign) {
    foreign = other;
    return;
  }
  ForeignClocks &mine = getOwnForeign();
  for (const auto &[domain, clock] : other->domains)
    mine.domains[domain].join(clock);
}

void VectorClock::joinFrom(uint32_t domain, const VectorClock &other,
                           uint32_t otherDomain) {
  if (domain == otherDomain) {
    join(other);
    return;
  }
  getOwnForeign().domains[otherDomain].join(other.own);
  if (!other.foreign)
    return;
  for (const auto &[third, clock] : other.foreign->domains) {
    // What comes back to this domain by way of others is its own again.
    if (third == domain)
      own.join(clock);
    else
      getOwnForeign().domains[third].join(clock);
  }
}
