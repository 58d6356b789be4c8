//===- Memory.h - The memory of a session -----------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An allocator that keeps what is released for the next call: a model asks for
// the same sizes in every call, and fresh pages cost more than most kernels.
//
// Small blocks (below 1 MiB) come in sizes of four steps per power of two, with
// a free list each. Large blocks are rounded to pages and reused by best fit.
// Before fresh memory is taken beyond what was ever in use at one time, free
// blocks that did not fit are given back, so that what is held stays near the
// peak of what is used even when shapes change from call to call.
//
// What a model plans itself lies in the arena: one block, as large as the
// largest call needed, that stays.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CORE_MEMORY_H
#define OCKHAM_RUNTIME_CORE_MEMORY_H

#include "Device.h"
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace ockham::runtime {

/// Dense memory of OCKHAM_ALIGNMENT, outside of any accounting. At least one
/// alignment unit, so never null; null when the system has none.
void *allocateAligned(uint64_t bytes);
void freeAligned(void *memory);

struct AlignedDeleter {
  void operator()(void *memory) const { freeAligned(memory); }
};
using AlignedMemory = std::unique_ptr<void, AlignedDeleter>;

/// Thread-safe. Lives as long as its session and its last result.
class MemoryPool {
public:
  struct Usage {
    uint64_t fixed = 0; ///< States and weights of the session.
    uint64_t held = 0;  ///< Of the system, by blocks in use and free ones.
    uint64_t used = 0;  ///< By blocks in use.
    uint64_t peak = 0;  ///< Most of fixed + used.
    uint64_t limit = 0; ///< 0: none
  };

  enum class Lifetime {
    Call,   ///< Ends with releaseCall at the latest.
    Result, ///< Ends with release.
  };

  MemoryPool(uint64_t limit, std::shared_ptr<Device> on)
      : device(std::move(on)) {
    usage.limit = limit;
  }
  ~MemoryPool();
  MemoryPool(const MemoryPool &) = delete;
  MemoryPool &operator=(const MemoryPool &) = delete;

  /// Null and a status with numbers when there is no memory. `purpose` is for
  /// the message, e.g. "output 'logits'".
  void *allocate(uint64_t bytes, Lifetime lifetime, const char *purpose,
                 Status &status);

  /// The arena, of `bytes` at least, until releaseCall; one call at a time.
  /// What was in it is lost. Where it must grow while shapes grow from call to
  /// call, it grows by an eighth at least, so that not every call takes fresh
  /// memory.
  void *takeArena(uint64_t bytes, const char *purpose, Status &status);

  /// Takes back a block. Null is allowed. False for memory that this pool did
  /// not hand out, or no longer.
  bool release(void *memory);

  /// Makes a call's block outlive the call.
  void keepAsResult(void *memory);

  /// Takes back the arena and all blocks of the call that has ended.
  void releaseCall();

  /// What a session uses besides, of weights that others share: for messages.
  void noteShared(uint64_t bytes) { sharedBytes = bytes; }

  /// Counts memory from elsewhere against the limit.
  Status reserveFixed(uint64_t bytes, const char *purpose);
  void unreserveFixed(uint64_t bytes);

  /// Gives free blocks, and the arena when no call uses it, back to the system.
  void trim();

  Usage getUsage();

  Device &getDevice() { return *device; }

private:
  struct Block;

  static uint64_t roundSize(uint64_t bytes, int &sizeClass);
  void *take(uint64_t bytes, Lifetime lifetime);
  void putBack(Block *block);
  void trimLocked();
  bool isOverLimit(uint64_t more) const {
    return usage.limit && usage.fixed + usage.held + more > usage.limit;
  }
  void resizeArena(uint64_t bytes);
  /// What is in use, and the arena even if it is not.
  uint64_t occupied() const { return usage.used - arenaUsed + arenaBytes; }
  Status noMemory(uint64_t bytes, const char *purpose);

  std::mutex mutex;
  Usage usage;
  uint64_t mostUsed = 0; ///< Most that was occupied.
  uint64_t sharedBytes = 0;
  std::shared_ptr<Device> device;
  DeviceMemory arena;
  uint64_t arenaBytes = 0;
  uint64_t arenaUsed = 0; ///< Asked for by the call that runs.
  uint64_t taken = 0; ///< Blocks, so far.
  std::map<void *, Block *> inUse;
  std::vector<std::vector<Block *>> smallFree;
  std::multimap<uint64_t, Block *> largeFree;
};

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CORE_MEMORY_H
