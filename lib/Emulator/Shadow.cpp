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

uint32_t Actor::look(const VectorClock &clock,
                     const AccessRecord &record) const {
  uint32_t itsDomain = record.getDomain(), itsAgent = record.getAgent();
  return itsDomain == domain ? clock.own.get(itsAgent)
                             : clock.getForeign(itsDomain, itsAgent);
}

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
    return old.key == record.key && old.flags == record.flags &&
           (old.mask & ~record.mask) == 0;
  };
  for (AccessRecord &old : cell.reads)
    if (!old.mask || supersedes(old)) {
      old = record;
      return;
    }
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
  uint64_t others = cell.write.mask | cell.reads[0].mask | cell.reads[1].mask;
  if (record.mask == 0xffff || (!cell.more && !(others & ~record.mask))) {
    dropMore(cell);
    cell.reads[0].mask = cell.reads[1].mask = 0;
    cell.write = record;
    return;
  }
  // Other bytes of the cell keep their history.
  auto &more = getMore(cell);
  for (AccessRecord &old : more)
    old.mask &= ~record.mask;
  llvm::erase_if(more, [](const AccessRecord &old) { return !old.mask; });
  for (AccessRecord *old : {&cell.write, &cell.reads[0], &cell.reads[1]}) {
    old->mask &= ~record.mask;
    if (!old->mask || more.size() >= kMaxRecords)
      continue;
    more.push_back(*old);
    cell.hasMoreWrites |= old->isWrite();
  }
  cell.reads[0].mask = cell.reads[1].mask = 0;
  cell.write = record;
}

/// What an access of `mask` does to an earlier one.
static inline ConflictKind compare(Actor &actor, const AccessRecord &old,
                                   uint32_t mask, uint8_t flags) {
  if (!(old.mask & mask) || !((old.flags | flags) & kWrite) ||
      (old.flags & flags & kAtomic))
    return ConflictKind::None;
  if (!actor.knows(old))
    return ConflictKind::Race;
  if ((flags & kAsyncProxy) && old.isWrite() && !(old.flags & kAsyncProxy) &&
      !actor.seesThroughProxy(old))
    return ConflictKind::Proxy;
  return ConflictKind::None;
}

LLVM_ATTRIBUTE_NOINLINE Conflict ShadowCells::findConflict(
    Actor &actor, const Cell &cell, uint32_t mask, uint8_t flags) const {
  Conflict conflict;
  auto check = [&](const AccessRecord &old) {
    if (conflict.kind != ConflictKind::None)
      return;
    conflict.kind = compare(actor, old, mask, flags);
    conflict.earlier = old;
    conflict.offset = llvm::countr_zero(uint32_t(old.mask & mask));
  };
  check(cell.write);
  for (const AccessRecord &old : cell.reads)
    check(old);
  if (cell.more)
    for (const AccessRecord &old : overflow[cell.more - 1])
      check(old);
  return conflict;
}

/// The bytes of a cell that begins at `begin` which lie in a range.
static uint32_t getMask(uint64_t begin, uint64_t offset, uint64_t end) {
  uint32_t mask = 0xffff;
  if (begin < offset)
    mask &= 0xffff << (offset - begin);
  if (begin + ShadowCells::kCellBytes > end)
    mask &= 0xffff >> (begin + ShadowCells::kCellBytes - end);
  return mask & 0xffff;
}

Conflict ShadowCells::access(Actor &actor, uint64_t offset, uint64_t bytes,
                             uint8_t flags, bool checkInitialized) {
  Conflict conflict;
  bool writes = flags & kWrite;
  AccessRecord record;
  record.key = actor.getKey();
  record.time = actor.time;
  record.site = actor.site;
  record.flags = flags;

  uint64_t end = offset + bytes;
  for (uint64_t index = offset / kCellBytes; index * kCellBytes < end;
       ++index) {
    Cell &cell = cells[index];
    uint64_t begin = index * kCellBytes;
    uint32_t mask = getMask(begin, offset, end);
    record.mask = mask;

    auto isConflict = [&](const AccessRecord &old) {
      return compare(actor, old, mask, flags) != ConflictKind::None;
    };
    bool found = isConflict(cell.write);
    if (writes)
      found |= isConflict(cell.reads[0]) || isConflict(cell.reads[1]);
    if (cell.more && (writes || cell.hasMoreWrites))
      for (const AccessRecord &old : overflow[cell.more - 1])
        found |= isConflict(old);
    if (found && conflict.kind == ConflictKind::None) {
      conflict = findConflict(actor, cell, mask, flags);
      conflict.offset += begin - offset;
    }
    if (writes) {
      if (mask == 0xffff && !cell.more) {
        cell.initialized = 0xffff;
        cell.reads[0].mask = cell.reads[1].mask = 0;
        cell.write = record;
      } else {
        recordWrite(cell, record);
      }
      continue;
    }
    uint32_t missing = mask & ~cell.initialized;
    if (checkInitialized && missing && conflict.kind == ConflictKind::None) {
      conflict.kind = ConflictKind::Uninitialized;
      conflict.offset = begin + llvm::countr_zero(missing) - offset;
    }
    // A write that knows of this read also knows of what this read knows.
    auto covers = [&](const AccessRecord &old) {
      return !old.mask || ((old.mask & ~mask) == 0 && old.flags == flags &&
                           actor.knows(old));
    };
    if (covers(cell.reads[0]))
      cell.reads[0] = record;
    else if (covers(cell.reads[1]))
      cell.reads[1] = record;
    else
      recordRead(cell, record);
  }
  return conflict;
}

void ShadowCells::addRead(AccessRecord record, uint64_t offset,
                          uint64_t bytes) {
  uint64_t end = offset + bytes;
  for (uint64_t index = offset / kCellBytes; index * kCellBytes < end;
       ++index) {
    record.mask = getMask(index * kCellBytes, offset, end);
    recordRead(cells[index], record);
  }
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
    for (const AccessRecord &record : cell.reads)
      call(record);
    if (cell.more)
      for (const AccessRecord &record : overflow[cell.more - 1])
        call(record);
  }
}

void GlobalShadow::Page::addRead(const AccessRecord &record, uint16_t begin,
                                 uint16_t end) {
  if (!reads.empty()) {
    // What a thread reads piece by piece, or again and again.
    Read &last = reads.back();
    if (last.record.key == record.key && last.record.site == record.site &&
        last.record.flags == record.flags) {
      if (last.begin == begin && last.end == end) {
        last.record.time = record.time;
        return;
      }
      if (last.end == begin && last.record.time == record.time) {
        last.end = end;
        return;
      }
    }
  }
  if (reads.size() == kMaxReads)
    moveReadsToCells();
  reads.push_back({record, begin, end});
}

void GlobalShadow::Page::moveReadsToCells() {
  if (cells.empty())
    cells.resize(uint64_t(1) << kPageBits);
  for (const Read &read : reads)
    cells.addRead(read.record, read.begin, read.end - read.begin);
  reads.clear();
}

Conflict GlobalShadow::Page::access(Actor &actor, uint64_t offset,
                                    uint64_t bytes, uint8_t flags) {
  if (!written && !(flags & kWrite)) {
    AccessRecord record;
    record.key = actor.getKey();
    record.time = actor.time;
    record.site = actor.site;
    record.flags = flags;
    addRead(record, offset, offset + bytes);
    return {};
  }
  if (!written)
    moveReadsToCells();
  written = true;
  return cells.access(actor, offset, bytes, flags, /*checkInitialized=*/false);
}

GlobalShadow::Page &GlobalShadow::Shard::getPage(uint64_t number) {
  if (number == lastNumber)
    return *last;
  std::unique_ptr<Page> &page = pages[number];
  if (!page)
    page = std::make_unique<Page>();
  lastNumber = number;
  last = page.get();
  return *last;
}

Conflict GlobalShadow::access(Actor &actor, uint64_t address, uint64_t bytes,
                              uint8_t flags, bool locks) {
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
    Conflict conflict =
        shard.getPage(number).access(actor, offset, count, flags);
    if (conflict.kind != ConflictKind::None &&
        first.kind == ConflictKind::None) {
      first = conflict;
      first.offset += done;
    }
    done += count;
  }
  return first;
}
