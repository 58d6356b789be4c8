//===- Memory.cpp - The memory of a session -------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Memory.h"
#include <algorithm>
#include <cstdlib>
#include <sys/mman.h>

namespace ockham::runtime {

#ifdef MADV_HUGEPAGE
/// Of x86-64, and of Arm with small pages of 4 KiB. Reading through memory in
/// small pages is slower, by up to 1.7 times with one thread
/// (docs/performance.md): each ends what is fetched ahead.
static constexpr uint64_t hugePageBytes = 2 << 20;
#endif

void *allocateAligned(uint64_t bytes) {
  constexpr uint64_t mask = OCKHAM_ALIGNMENT - 1;
  if (bytes > static_cast<uint64_t>(INT64_MAX) - mask)
    return nullptr;
  uint64_t rounded = bytes == 0 ? OCKHAM_ALIGNMENT : (bytes + mask) & ~mask;
#ifdef MADV_HUGEPAGE
  if (rounded >= 2 * hugePageBytes) {
    void *memory = std::aligned_alloc(hugePageBytes, rounded);
    // A wish: where the system has none, the pages are small ones.
    if (memory)
      madvise(memory, rounded, MADV_HUGEPAGE);
    return memory;
  }
#endif
  return std::aligned_alloc(OCKHAM_ALIGNMENT, rounded);
}

void freeAligned(void *memory) { std::free(memory); }

struct MemoryPool::Block {
  void *memory;
  uint64_t size;
  int sizeClass; ///< Of small blocks; -1 for large ones.
  Lifetime lifetime;
  uint64_t number = 0; ///< Of those that were taken so far.
};

MemoryPool::~MemoryPool() {
  trimLocked();
  for (auto &[memory, block] : inUse) {
    device->release(memory);
    delete block;
  }
}

/// The size to take for `bytes`, and its class. Callers have bounded `bytes`.
uint64_t MemoryPool::roundSize(uint64_t bytes, int &sizeClass) {
  constexpr uint64_t large = 1 << 20, page = 4096;
  if (bytes >= large) {
    sizeClass = -1;
    return (bytes + page - 1) & ~(page - 1);
  }
  // Classes: 64, 128, 192, 256, then four steps per power of two.
  if (bytes <= 256) {
    uint64_t units = bytes == 0 ? 1 : (bytes + 63) / 64;
    sizeClass = static_cast<int>(units) - 1;
    return units * 64;
  }
  int log = 63 - __builtin_clzll(bytes - 1); // 2^log < bytes <= 2^(log + 1)
  uint64_t step = 1ull << (log - 2);
  uint64_t steps = (bytes - (1ull << log) + step - 1) / step; // 1 to 4
  sizeClass = 4 * (log - 7) + static_cast<int>(steps) - 1;
  return (1ull << log) + steps * step;
}

Status MemoryPool::noMemory(uint64_t bytes, const char *purpose) {
  std::string text = format("%s needs %s", purpose, formatBytes(bytes).c_str());
  uint64_t taken = usage.fixed + usage.used;
  // Not every session with a limit has reached it.
  if (bytes <= usage.limit ? !isOverLimit(bytes) : usage.limit == 0) {
    text += format(" and %s; the session uses %s",
                   device->describeFree().c_str(), formatBytes(taken).c_str());
    if (sharedBytes)
      text += format(", and its weights, which sessions share, %s",
                     formatBytes(sharedBytes).c_str());
    return {OCKHAM_OUT_OF_MEMORY, text};
  }
  return {
      OCKHAM_OUT_OF_MEMORY,
      text +
          format(
              "; the session's limit is %s, of which %s are in use "
              "(%s by states and weights, %s by this call and by "
              "results not yet released) and %s are free",
              formatBytes(usage.limit).c_str(), formatBytes(taken).c_str(),
              formatBytes(usage.fixed).c_str(), formatBytes(usage.used).c_str(),
              formatBytes(usage.limit - std::min(taken, usage.limit)).c_str())};
}

/// A block in use, or null when the system or the limit has no room.
void *MemoryPool::take(uint64_t bytes, Lifetime lifetime) {
  int sizeClass;
  uint64_t size = roundSize(bytes, sizeClass);
  Block *block = nullptr;
  if (sizeClass >= 0) {
    if (smallFree.size() <= static_cast<size_t>(sizeClass))
      smallFree.resize(sizeClass + 1);
    if (!smallFree[sizeClass].empty()) {
      block = smallFree[sizeClass].back();
      smallFree[sizeClass].pop_back();
    }
  } else {
    auto best = largeFree.lower_bound(size);
    if (best != largeFree.end() && best->first - size <= size / 4) {
      block = best->second;
      largeFree.erase(best);
    }
  }
  if (!block) {
    // Free large blocks that fit nothing now in use make room first.
    mostUsed = std::max(mostUsed, occupied() + size);
    while (!largeFree.empty() && usage.held + size > mostUsed) {
      auto largest = std::prev(largeFree.end());
      usage.held -= largest->first;
      device->release(largest->second->memory);
      delete largest->second;
      largeFree.erase(largest);
    }
    if (isOverLimit(size))
      trimLocked();
    if (isOverLimit(size))
      return nullptr;
    void *memory = device->allocate(size);
    if (!memory) {
      trimLocked();
      memory = device->allocate(size);
    }
    if (!memory)
      return nullptr;
    block = new Block{memory, size, sizeClass, lifetime};
    usage.held += size;
  }
  block->lifetime = lifetime;
  block->number = ++taken;
  usage.used += block->size;
  mostUsed = std::max(mostUsed, occupied());
  usage.peak = std::max(usage.peak, usage.fixed + usage.used);
  inUse[block->memory] = block;
  return block->memory;
}

void *MemoryPool::allocate(uint64_t bytes, Lifetime lifetime,
                           const char *purpose, Status &status) {
  std::lock_guard<std::mutex> lock(mutex);
  void *memory = bytes <= static_cast<uint64_t>(INT64_MAX) / 2
                     ? take(bytes, lifetime)
                     : nullptr;
  if (!memory)
    status = noMemory(bytes, purpose);
  return memory;
}

/// Leaves no arena where there is no room.
void MemoryPool::resizeArena(uint64_t bytes) {
  arena.reset();
  usage.held -= arenaBytes;
  arenaBytes = 0;
  if (isOverLimit(bytes))
    trimLocked();
  if (isOverLimit(bytes))
    return;
  arena.allocate(device, bytes);
  if (!arena) {
    trimLocked();
    arena.allocate(device, bytes);
  }
  if (!arena)
    return;
  arenaBytes = bytes;
  usage.held += bytes;
}

void *MemoryPool::takeArena(uint64_t bytes, const char *purpose,
                            Status &status) {
  std::lock_guard<std::mutex> lock(mutex);
  constexpr uint64_t mask = OCKHAM_ALIGNMENT - 1;
  uint64_t size = (std::max<uint64_t>(bytes, 1) + mask) & ~mask;
  if (bytes > static_cast<uint64_t>(INT64_MAX) / 2) {
    status = noMemory(bytes, purpose);
    return nullptr;
  }
  if (size > arenaBytes) {
    uint64_t grown = (arenaBytes + arenaBytes / 8 + mask) & ~mask;
    resizeArena(std::max(size, grown));
    if (!arena && grown > size)
      resizeArena(size);
    if (!arena) {
      status = noMemory(bytes, purpose);
      return nullptr;
    }
  }
  arenaUsed = size;
  usage.used += size;
  mostUsed = std::max(mostUsed, occupied());
  usage.peak = std::max(usage.peak, usage.fixed + usage.used);
  return arena.get();
}

void MemoryPool::putBack(Block *block) {
  usage.used -= block->size;
  if (block->sizeClass >= 0)
    smallFree[block->sizeClass].push_back(block);
  else
    // Of equal ones the last comes first, as with small ones.
    largeFree.emplace_hint(largeFree.lower_bound(block->size), block->size,
                           block);
}

bool MemoryPool::release(void *memory) {
  if (!memory)
    return true;
  std::lock_guard<std::mutex> lock(mutex);
  auto found = inUse.find(memory);
  if (found == inUse.end())
    return false;
  putBack(found->second);
  inUse.erase(found);
  return true;
}

void MemoryPool::keepAsResult(void *memory) {
  std::lock_guard<std::mutex> lock(mutex);
  auto found = inUse.find(memory);
  if (found != inUse.end())
    found->second->lifetime = Lifetime::Result;
}

void MemoryPool::releaseCall() {
  std::lock_guard<std::mutex> lock(mutex);
  usage.used -= arenaUsed;
  arenaUsed = 0;
  std::vector<Block *> ended;
  for (auto &[memory, block] : inUse)
    if (block->lifetime == Lifetime::Call)
      ended.push_back(block);
  // What was taken first comes to lie on top: a call like this one then gets
  // the same places, and can be launched as the same graph.
  std::sort(ended.begin(), ended.end(), [](const Block *a, const Block *b) {
    return a->number > b->number;
  });
  for (Block *block : ended) {
    inUse.erase(block->memory);
    putBack(block);
  }
}

Status MemoryPool::reserveFixed(uint64_t bytes, const char *purpose) {
  std::lock_guard<std::mutex> lock(mutex);
  if (isOverLimit(bytes))
    trimLocked();
  if (usage.limit && (bytes > usage.limit || isOverLimit(bytes)))
    return noMemory(bytes, purpose);
  usage.fixed += bytes;
  usage.peak = std::max(usage.peak, usage.fixed + usage.used);
  return Status::ok();
}

void MemoryPool::unreserveFixed(uint64_t bytes) {
  std::lock_guard<std::mutex> lock(mutex);
  usage.fixed -= bytes;
}

void MemoryPool::trimLocked() {
  auto discard = [&](Block *block) {
    usage.held -= block->size;
    device->release(block->memory);
    delete block;
  };
  for (auto &list : smallFree) {
    for (Block *block : list)
      discard(block);
    list.clear();
  }
  for (auto &[size, block] : largeFree)
    discard(block);
  largeFree.clear();
  if (arenaUsed == 0) {
    arena.reset();
    usage.held -= arenaBytes;
    arenaBytes = 0;
  }
}

void MemoryPool::trim() {
  std::lock_guard<std::mutex> lock(mutex);
  trimLocked();
  mostUsed = occupied();
}

MemoryPool::Usage MemoryPool::getUsage() {
  std::lock_guard<std::mutex> lock(mutex);
  return usage;
}

} // namespace ockham::runtime
