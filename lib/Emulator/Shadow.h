//===- Shadow.h - Who accessed which memory when ----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The race detector's memory: for each cell of 16 bytes, which is what copies
// and matrix instructions move, the last write and the reads since then that
// the next write must know of. Bytes that different agents access are told
// apart by masks.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EMULATOR_SHADOW_H
#define OCKHAM_LIB_EMULATOR_SHADOW_H

#include "VectorClock.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <memory>
#include <mutex>
#include <vector>

namespace ockham::emulator {

/// What an access is, as flags.
enum AccessFlags : uint8_t {
  kRead = 0,
  kWrite = 1,
  /// Atomic accesses do not race with each other.
  kAtomic = 2,
  /// By the async proxy: bulk copies and tensor cores of warp groups.
  kAsyncProxy = 4
};

/// An agent among those of all domains.
using AgentKey = uint64_t;
constexpr unsigned kAgentBits = 24, kDomainBits = 24;
constexpr AgentKey getAgentKey(uint32_t domain, uint32_t agent) {
  return AgentKey(domain) << kAgentBits | agent;
}

/// One access as memory remembers it.
struct AccessRecord {
  AgentKey key : kAgentBits + kDomainBits;
  /// Which bytes of the cell; none in a record of nothing.
  uint64_t mask : 16;
  uint32_t time = 0;
  uint32_t site : 28;
  uint32_t flags : 4;

  AccessRecord() : key(0), mask(0), site(0), flags(0) {}
  bool isWrite() const { return flags & kWrite; }
  uint32_t getAgent() const { return key % (AgentKey(1) << kAgentBits); }
  uint32_t getDomain() const { return key >> kAgentBits; }
};
static_assert(sizeof(AccessRecord) == 16, "cells are what race mode reads");

/// Who makes an access, and what it knows. Lives no longer than an instruction:
/// it remembers answers of its clocks.
class Actor {
public:
  Actor(uint32_t domain, uint32_t agent, uint32_t time, uint32_t site,
        const VectorClock &clock, const VectorClock &proxy)
      : domain(domain), agent(agent), time(time), site(site), clock(clock),
        proxy(proxy) {}

  uint32_t domain;
  uint32_t agent;
  uint32_t time;
  uint32_t site;

  AgentKey getKey() const { return getAgentKey(domain, agent); }
  /// Whether the actor knows of an earlier access.
  bool knows(const AccessRecord &record) {
    if (record.key == getKey())
      return true;
    // Neighbouring cells mostly have the same history, whose writes and reads
    // alternate.
    Answer &answer = answers[record.isWrite()];
    if (record.key != answer.key) {
      answer.key = record.key;
      answer.time = look(clock, record);
    }
    return answer.time >= record.time;
  }
  /// Whether the async proxy sees what it wrote, if it acts for this actor.
  bool seesThroughProxy(const AccessRecord &record) const {
    return look(proxy, record) >= record.time;
  }

private:
  /// The time of the record's agent in one of the clocks.
  uint32_t look(const VectorClock &clock, const AccessRecord &record) const;

  struct Answer {
    AgentKey key = ~AgentKey(0);
    uint32_t time = 0;
  };

  const VectorClock &clock;
  const VectorClock &proxy;
  Answer answers[2];
};

enum class ConflictKind { None, Race, Proxy, Uninitialized };

struct Conflict {
  ConflictKind kind = ConflictKind::None;
  /// Of its first byte within the range that was accessed.
  uint64_t offset = 0;
  AccessRecord earlier;
};

/// The cells of a range of memory.
class ShadowCells {
public:
  static constexpr uint64_t kCellBytes = 16;

  struct Cell {
    AccessRecord write, reads[2];
    /// Further records: one more than their index in `overflow`.
    uint32_t more = 0;
    /// Which bytes have been written.
    uint16_t initialized = 0;
    /// Whether the further records include writes.
    bool hasMoreWrites = false;
  };

  bool empty() const { return cells.empty(); }
  /// Forgets all that was there.
  void resize(uint64_t bytes) {
    cells.assign((bytes + kCellBytes - 1) / kCellBytes, Cell());
    overflow.clear();
    freeOverflow.clear();
  }
  /// Checks and records an access of [offset, offset + bytes), which must lie
  /// within. Returns the first conflict.
  Conflict access(Actor &actor, uint64_t offset, uint64_t bytes, uint8_t flags,
                  bool checkInitialized);
  /// Records a read that conflicts with nothing; its mask means nothing.
  void addRead(AccessRecord record, uint64_t offset, uint64_t bytes);
  /// Calls `function` for all accesses that are remembered.
  void forEachRecord(
      llvm::function_ref<void(uint64_t offset, const AccessRecord &record)>
          function) const;

private:
  Conflict findConflict(Actor &actor, const Cell &cell, uint32_t mask,
                        uint8_t flags) const;
  void recordRead(Cell &cell, const AccessRecord &record);
  void recordWrite(Cell &cell, const AccessRecord &record);
  llvm::SmallVectorImpl<AccessRecord> &getMore(Cell &cell);
  void dropMore(Cell &cell);

  std::vector<Cell> cells;
  std::vector<llvm::SmallVector<AccessRecord, 4>> overflow;
  std::vector<uint32_t> freeOverflow;
};

/// Shadow of global memory, by pages that exist once they are touched.
class GlobalShadow {
public:
  /// `locks` is set where several OS threads do this at once.
  Conflict access(Actor &actor, uint64_t address, uint64_t bytes, uint8_t flags,
                  bool locks);

private:
  static constexpr unsigned kPageBits = 12, kShards = 64;

  /// Most pages hold inputs, which all blocks read and nobody writes. As long
  /// as that is so, reads cannot conflict, and are only listed; a write looks
  /// at what the list says of each cell.
  class Page {
  public:
    Conflict access(Actor &actor, uint64_t offset, uint64_t bytes,
                    uint8_t flags);

  private:
    struct Read {
      /// Without a mask.
      AccessRecord record;
      uint16_t begin, end;
    };
    /// Then the list takes more memory than cells do.
    static constexpr size_t kMaxReads = 4096;

    void addRead(const AccessRecord &record, uint16_t begin, uint16_t end);
    void moveReadsToCells();

    std::vector<Read> reads;
    ShadowCells cells;
    bool written = false;
  };

  /// Every so many-th page.
  struct Shard {
    std::mutex mutex;
    llvm::DenseMap<uint64_t, std::unique_ptr<Page>> pages;
    uint64_t lastNumber = ~uint64_t(0);
    Page *last = nullptr;

    Page &getPage(uint64_t number);
  };
  Shard shards[kShards];
};

} // namespace ockham::emulator

#endif // OCKHAM_LIB_EMULATOR_SHADOW_H
