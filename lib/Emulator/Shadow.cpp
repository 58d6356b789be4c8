//===- Shadow.cpp - Who accessed which memory when ------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Shadow.h"
#include "llvm/ADT/bit.h"

#include <algorithm>

using namespace ockham::emulator;

/// A cell that very many agents read without synchronisation (a constant in
/// global memory) remembers this many accesses. A write that knows of none of
/// them is found anyway.
static constexpr size_t kMaxRecords = 64;

namespace {
/// Answers whether the actor knows of an earlier access. Neighbouring cells
/// mostly have the same history, so the last answers are kept.
class Knowledge {
public:
  explicit Knowledge(const Actor &actor) : actor(actor) {}

  bool isOrdered(const AccessRecord &record) {
    if (record.agent == actor.agent && record.domain == actor.domain)
      return true;
    if (record.agent != lastAgent || record.domain != lastDomain) {
      lastAgent = record.agent;
      lastDomain = record.domain;
      lastTime = look(*actor.clock, record);
    }
    return lastTime >= record.time;
  }
  bool isVisibleToProxy(const AccessRecord &record) const {
    return look(*actor.proxy, record) >= record.time;
  }

private:
  uint32_t look(const VectorClock &clock, const AccessRecord &record) const {
    return record.domain == actor.domain
               ? clock.own.get(record.agent)
               : clock.getForeign(record.domain, record.agent);
  }

  const Actor &actor;
  uint32_t lastAgent = ~0u, lastDomain = ~0u, lastTime = 0;
};
} // namespace

llvm::SmallVectorImpl<AccessRecord> &ShadowCells::getMore(Cell &cell) {
  if (!cell.more) {
    if (freeOverflow.empty()) {
      overflow.emplace_back();
      cell.more = overflow.size();
    } else {
      cell.more = freeOverflow.back();
      freeOverflow.pop_back();
    }
  }
  return overflow[cell.more - 1];
}

void ShadowCells::dropMore(Cell &cell) {
  if (!cell.more)
    return;
  overflow[cell.more - 1].clear();
  freeOverflow.push_back(cell.more);
  cell.more = 0;
  cell.hasMoreWrites = false;
}

void ShadowCells::recordRead(Cell &cell, const AccessRecord &record) {
  auto supersedes = [&](const AccessRecord &old) {
    return old.agent == record.agent && old.domain == record.domain &&
           old.flags == record.flags && (old.mask & ~record.mask) == 0;
  };
  auto &more = getMore(cell);
  for (AccessRecord &old : more)
    if (!old.isWrite() && supersedes(old)) {
      old = record;
      return;
    }
  if (more.size() < kMaxRecords)
    more.push_back(record);
}

void ShadowCells::recordWrite(Cell &cell, const AccessRecord &record) {
  cell.initialized |= record.mask;
  if (record.mask == 0xffff ||
      (!cell.more && !(cell.write.mask & ~record.mask) &&
       !(cell.read.mask & ~record.mask))) {
    dropMore(cell);
    cell.read.mask = 0;
    cell.write = record;
    return;
  }
  // Other bytes of the cell keep their history.
  auto &more = getMore(cell);
  for (AccessRecord &old : more)
    old.mask &= ~record.mask;
  llvm::erase_if(more, [](const AccessRecord &old) { return !old.mask; });
  for (AccessRecord *old : {&cell.write, &cell.read}) {
    old->mask &= ~record.mask;
    if (!old->mask || more.size() >= kMaxRecords)
      continue;
    more.push_back(*old);
    cell.hasMoreWrites |= old->isWrite();
  }
  cell.read.mask = 0;
  cell.write = record;
}

Conflict ShadowCells::access(const Actor &actor, uint64_t offset,
                             uint64_t bytes, uint8_t flags,
                             bool checkInitialized) {
  Conflict conflict;
  Knowledge knowledge(actor), readers(actor);
  bool writes = flags & kWrite;
  AccessRecord record;
  record.agent = actor.agent;
  record.time = actor.time;
  record.site = actor.site;
  record.domain = actor.domain;
  record.flags = flags;

  uint64_t end = offset + bytes;
  for (uint64_t index = offset / kCellBytes; index * kCellBytes < end;
       ++index) {
    Cell &cell = cells[index];
    uint64_t begin = index * kCellBytes;
    uint32_t mask = 0xffff;
    if (begin < offset)
      mask &= 0xffff << (offset - begin);
    if (begin + kCellBytes > end)
      mask &= 0xffff >> (begin + kCellBytes - end);
    mask &= 0xffff;
    record.mask = mask;

    if (conflict.kind == ConflictKind::None) {
      auto found = [&](ConflictKind kind, uint32_t bytes,
                       const AccessRecord &earlier) {
        conflict = {kind, begin + llvm::countr_zero(bytes) - offset, earlier};
      };
      auto check = [&](const AccessRecord &old) {
        if (!(old.mask & mask) || !(old.isWrite() || writes) ||
            (old.flags & flags & kAtomic) ||
            conflict.kind != ConflictKind::None)
          return;
        if (!knowledge.isOrdered(old))
          found(ConflictKind::Race, old.mask & mask, old);
        else if ((flags & kAsyncProxy) && old.isWrite() &&
                 !(old.flags & kAsyncProxy) && !knowledge.isVisibleToProxy(old))
          found(ConflictKind::Proxy, old.mask & mask, old);
      };
      check(cell.write);
      if (writes)
        check(cell.read);
      if (cell.more && (writes || cell.hasMoreWrites))
        for (const AccessRecord &old : overflow[cell.more - 1])
          check(old);
      uint32_t missing = mask & ~cell.initialized;
      if (checkInitialized && !writes && missing &&
          conflict.kind == ConflictKind::None)
        found(ConflictKind::Uninitialized, missing, AccessRecord());
    }
    if (writes)
      recordWrite(cell, record);
    else if (!cell.read.mask ||
             ((cell.read.mask & ~mask) == 0 && cell.read.flags == flags &&
              readers.isOrdered(cell.read)))
      // A write that knows of this read also knows of what this read knows.
      cell.read = record;
    else
      recordRead(cell, record);
  }
  return conflict;
}

void ShadowCells::markInitialized(uint64_t offset, uint64_t bytes) {
  for (uint64_t byte = offset; byte < offset + bytes; ++byte)
    cells[byte / kCellBytes].initialized |= 1 << byte % kCellBytes;
}

void ShadowCells::forEachRecord(
    llvm::function_ref<void(uint64_t, const AccessRecord &)> function) const {
  for (size_t index = 0; index < cells.size(); ++index) {
    const Cell &cell = cells[index];
    auto call = [&](const AccessRecord &record) {
      if (record.mask)
        function(index * kCellBytes + llvm::countr_zero(record.mask), record);
    };
    call(cell.write);
    call(cell.read);
    if (cell.more)
      for (const AccessRecord &record : overflow[cell.more - 1])
        call(record);
  }
}

ShadowCells &GlobalShadow::Shard::getPage(uint64_t number) {
  if (number == lastNumber)
    return *last;
  std::unique_ptr<ShadowCells> &page = pages[number];
  if (!page) {
    page = std::make_unique<ShadowCells>();
    page->resize(uint64_t(1) << kPageBits);
  }
  lastNumber = number;
  last = page.get();
  return *last;
}

Conflict GlobalShadow::access(const Actor &actor, uint64_t address,
                              uint64_t bytes, uint8_t flags, bool locks) {
  Conflict first;
  constexpr uint64_t pageBytes = uint64_t(1) << kPageBits;
  for (uint64_t done = 0; done < bytes;) {
    uint64_t offset = (address + done) % pageBytes;
    uint64_t count = std::min(bytes - done, pageBytes - offset);
    uint64_t number = (address + done) >> kPageBits;
    Shard &shard = shards[number % kShards];
    std::unique_lock<std::mutex> lock(shard.mutex, std::defer_lock);
    if (locks)
      lock.lock();
    Conflict conflict = shard.getPage(number).access(
        actor, offset, count, flags, /*checkInitialized=*/false);
    if (conflict.kind != ConflictKind::None &&
        first.kind == ConflictKind::None) {
      first = conflict;
      first.offset += done;
    }
    done += count;
  }
  return first;
}
