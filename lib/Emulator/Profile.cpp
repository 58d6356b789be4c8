//===- Profile.cpp - How well warps use memory ----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Profile.h"
#include "Machine.h"
#include "llvm/ADT/SmallSet.h"

using namespace ockham::emulator;

static constexpr unsigned kBanks = 32, kBankBytes = 4, kSectorBytes = 32;
/// An access that so many later ones of the same instruction have overtaken is
/// not waited for: some lanes do not take part.
static constexpr size_t kMaxPending = 64;

/// The shared memory serves lanes in order: all of them where each wants at
/// most four bytes, fewer where they want more, as 128 bytes are what it moves
/// at a time. Of these lanes, those that want different words of a bank wait
/// for each other.
static void countWavefronts(const uint64_t *offsets, uint32_t lanes,
                            uint32_t bytes, AccessProfile &profile) {
  unsigned step = std::clamp(kBanks * kBankBytes / bytes, 1u, 32u);
  for (unsigned first = 0; first < 32; first += step) {
    llvm::SmallSet<uint64_t, 32> words[kBanks];
    size_t wavefronts = 0;
    for (unsigned lane = first; lane < first + step; ++lane) {
      if (!(lanes >> lane & 1))
        continue;
      uint64_t end = offsets[lane] + bytes;
      for (uint64_t word = offsets[lane] / kBankBytes; word * kBankBytes < end;
           ++word) {
        auto &bank = words[word % kBanks];
        bank.insert(word);
        wavefronts = std::max<size_t>(wavefronts, bank.size());
      }
    }
    profile.wavefronts += wavefronts;
    profile.idealWavefronts += wavefronts != 0;
  }
}

/// Global memory moves sectors. Bytes that several lanes want count once.
static void countSectors(const uint64_t *addresses, uint32_t lanes,
                         uint32_t bytes, AccessProfile &profile) {
  llvm::SmallSet<uint64_t, 32> sectors;
  llvm::SmallVector<uint64_t, 32> sorted;
  for (unsigned lane = 0; lane < 32; ++lane) {
    if (!(lanes >> lane & 1))
      continue;
    sorted.push_back(addresses[lane]);
    for (uint64_t sector = addresses[lane] / kSectorBytes;
         sector * kSectorBytes < addresses[lane] + bytes; ++sector)
      sectors.insert(sector);
  }
  llvm::sort(sorted);
  uint64_t covered = 0;
  for (uint64_t address : sorted) {
    uint64_t begin = std::max(covered, address);
    uint64_t end = address + bytes;
    profile.bytes += end > begin ? end - begin : 0;
    covered = std::max(covered, end);
  }
  profile.sectors += sectors.size();
}

void Profile::count(uint32_t site, const Request &request) {
  AccessProfile &profile = counts[site];
  profile.shared = request.shared;
  ++profile.requests;
  (request.shared ? countWavefronts : countSectors)(
      request.offsets, request.lanes, request.bytes, profile);
}

void Profile::countFirst(uint32_t site, Pending &pending) {
  count(site, pending.requests.front());
  pending.requests.pop_front();
  ++pending.first;
}

void Profile::add(const Thread &thread, uint64_t offset, uint32_t bytes,
                  bool shared) {
  Pending &pending = warps[thread.warp][thread.site];
  // Who comes back to what has been counted without it joins those that are
  // there now.
  uint64_t &number = pending.next[thread.lane];
  number = std::max(number, pending.first);
  while (pending.requests.size() <= number - pending.first) {
    if (pending.requests.size() == kMaxPending) {
      countFirst(thread.site, pending);
      number = std::max(number, pending.first);
    }
    pending.requests.emplace_back();
  }
  Request &request = pending.requests[number - pending.first];
  ++number;
  request.bytes = bytes;
  request.shared = shared;
  request.lanes |= 1u << thread.lane;
  request.offsets[thread.lane] = offset;
  if (request.lanes == thread.warp->alive &&
      &request == &pending.requests.front())
    countFirst(thread.site, pending);
}

void Profile::add(const Profile &other) {
  for (const auto &[site, access] : other.counts)
    counts[site].add(access);
}

void Profile::finish(const Block &block) {
  for (const Warp &warp : block.warps) {
    auto it = warps.find(&warp);
    if (it == warps.end())
      continue;
    for (auto &[site, pending] : it->second)
      while (!pending.requests.empty())
        countFirst(site, pending);
    warps.erase(it);
  }
}
