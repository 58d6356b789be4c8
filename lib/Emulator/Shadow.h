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

/// One access as memory remembers it.
struct AccessRecord {
  uint32_t agent = 0;
  uint32_t time = 0;
  uint32_t site = 0;
  uint32_t domain : 24;
  uint32_t flags : 8;
  /// Which bytes of the cell; none in a record of nothing.
  uint16_t mask = 0;

  AccessRecord() : domain(0), flags(0) {}
  bool isWrite() const { return flags & kWrite; }
};

/// Who makes an access, and what it knows.
struct Actor {
  uint32_t domain;
  uint32_t agent;
  uint32_t time;
  uint32_t site;
  const VectorClock *clock;
  /// What the async proxy sees; only looked at for kAsyncProxy.
  const VectorClock *proxy;
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
    AccessRecord write, read;
    /// Further records: one more than their index in `overflow`.
    uint32_t more = 0;
    /// Which bytes have been written.
    uint16_t initialized = 0;
    /// Whether the further records include writes.
    bool hasMoreWrites = false;
  };

  /// Forgets all that was there.
  void resize(uint64_t bytes) {
    cells.assign((bytes + kCellBytes - 1) / kCellBytes, Cell());
    overflow.clear();
    freeOverflow.clear();
  }
  /// Checks and records an access of [offset, offset + bytes), which must lie
  /// within. Returns the first conflict.
  Conflict access(const Actor &actor, uint64_t offset, uint64_t bytes,
                  uint8_t flags, bool checkInitialized);
  void markInitialized(uint64_t offset, uint64_t bytes);
  /// Calls `function` for all accesses that are remembered.
  void forEachRecord(
      llvm::function_ref<void(uint64_t offset, const AccessRecord &record)>
          function) const;

private:
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
  Conflict access(const Actor &actor, uint64_t address, uint64_t bytes,
                  uint8_t flags, bool locks);

private:
  static constexpr unsigned kPageBits = 12, kShards = 64;
  /// Every so many-th page.
  struct Shard {
    std::mutex mutex;
    llvm::DenseMap<uint64_t, std::unique_ptr<ShadowCells>> pages;
    uint64_t lastNumber = ~uint64_t(0);
    ShadowCells *last = nullptr;

    ShadowCells &getPage(uint64_t number);
  };
  Shard shards[kShards];
};

} // namespace ockham::emulator

#endif // OCKHAM_LIB_EMULATOR_SHADOW_H
