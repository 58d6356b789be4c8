//===- VectorClock.h - What an agent knows to have happened -----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Vector clocks of hundreds of agents, cheap where many agents know the same:
// after a barrier, all threads share one vector and differ in their own entry.
//
// Agents belong to a domain, the cluster that they are in. A clock is dense for
// its own domain; what is known of other domains, which is seldom anything, is
// a map to clocks that are shared, too.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EMULATOR_VECTORCLOCK_H
#define OCKHAM_LIB_EMULATOR_VECTORCLOCK_H

#include "llvm/ADT/IntrusiveRefCntPtr.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <map>

namespace ockham::emulator {

/// The time of each agent of one domain, in agent order.
struct SharedTimes : llvm::RefCountedBase<SharedTimes> {
  llvm::SmallVector<uint32_t, 0> times;

  SharedTimes() = default;
  // A copy starts without references, whatever the original has.
  SharedTimes(const SharedTimes &other) : times(other.times) {}
};
using SharedTimesPtr = llvm::IntrusiveRefCntPtr<SharedTimes>;

/// The times of one domain's agents: a shared vector, and entries that are
/// ahead of it.
class DomainClock {
public:
  uint32_t get(uint32_t agent) const {
    for (const auto &[other, time] : ahead)
      if (other == agent)
        return time;
    return base && agent < base->times.size() ? base->times[agent] : 0;
  }
  /// Makes the agent's time at least `time`.
  void raise(uint32_t agent, uint32_t time);
  void join(const DomainClock &other);
  /// Moves all entries into the shared vector, before the clock is copied to
  /// many.
  void share();
  /// A copy that shares nothing with this one.
  DomainClock clone() const;
  /// Whether both are the same without a look at the shared vectors.
  bool isSame(const DomainClock &other) const {
    return base == other.base && ahead == other.ahead;
  }

private:
  SharedTimes &getOwnBase();

  SharedTimesPtr base;
  llvm::SmallVector<std::pair<uint32_t, uint32_t>, 4> ahead;
};

struct ForeignClocks : llvm::RefCountedBase<ForeignClocks> {
  std::map<uint32_t, DomainClock> domains;

  ForeignClocks() = default;
  ForeignClocks(const ForeignClocks &other) : domains(other.domains) {}
};
using ForeignClocksPtr = llvm::IntrusiveRefCntPtr<ForeignClocks>;

/// A clock of an agent in one domain that may know of others.
class VectorClock {
public:
  DomainClock own;

  uint32_t getForeign(uint32_t domain, uint32_t agent) const;
  /// Joins what somebody of the same domain knows.
  void join(const VectorClock &other) {
    own.join(other.own);
    joinForeign(other.foreign);
  }
  /// Joins, as a member of `domain`, what a member of `otherDomain` knows.
  void joinFrom(uint32_t domain, const VectorClock &other,
                uint32_t otherDomain);
  void share() { own.share(); }
  bool isSame(const VectorClock &other) const {
    return own.isSame(other.own) && foreign == other.foreign;
  }
  void clear() { *this = VectorClock(); }
  /// A copy that shares nothing with this one, for another OS thread: reference
  /// counts are not atomic.
  VectorClock clone() const;

private:
  void joinForeign(const ForeignClocksPtr &other);
  ForeignClocks &getOwnForeign();

  ForeignClocksPtr foreign;
};

} // namespace ockham::emulator

#endif // OCKHAM_LIB_EMULATOR_VECTORCLOCK_H
