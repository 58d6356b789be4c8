//===- DeviceMemory.cpp - Allocations of global memory --------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Emulator/Emulator.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

using namespace ockham::emulator;

DeviceMemory::DeviceMemory() = default;

DeviceMemory::~DeviceMemory() {
  for (auto &[begin, allocation] : allocations)
    if (allocation.owned)
      std::free(reinterpret_cast<void *>(begin));
}

void *DeviceMemory::allocate(uint64_t bytes) {
  // A little apart, so that the end of one is not the beginning of the next.
  uint64_t padded = (bytes + 511) / 256 * 256;
  if (padded < bytes)
    return nullptr;
  void *address = std::aligned_alloc(256, padded);
  if (!address)
    return nullptr;
  std::memset(address, 0xff, padded);
  add(address, bytes, /*initialized=*/false);
  find(reinterpret_cast<uint64_t>(address))->owned = true;
  return address;
}

void DeviceMemory::add(const void *address, uint64_t bytes, bool initialized) {
  Allocation allocation{reinterpret_cast<uint64_t>(address), bytes, false, {}};
  if (!initialized)
    allocation.initialized.resize((bytes + 63) / 64);
  last = nullptr;
  allocations[allocation.begin] = std::move(allocation);
}

llvm::Error DeviceMemory::release(void *address) {
  auto it = allocations.find(reinterpret_cast<uint64_t>(address));
  if (it == allocations.end() || !it->second.owned)
    return llvm::createStringError(
        llvm::formatv("{0} was not allocated", address).str());
  std::free(address);
  last = nullptr;
  allocations.erase(it);
  return llvm::Error::success();
}

void DeviceMemory::remove(const void *address) {
  last = nullptr;
  allocations.erase(reinterpret_cast<uint64_t>(address));
}

void DeviceMemory::markInitialized(const void *address, uint64_t bytes) {
  uint64_t first = reinterpret_cast<uint64_t>(address);
  Allocation *allocation = find(first);
  if (!allocation || allocation->initialized.empty())
    return;
  first -= allocation->begin;
  bytes = std::min(bytes, allocation->bytes - first);
  if (bytes == allocation->bytes) {
    allocation->initialized.clear();
    return;
  }
  allocation->markInitialized(first, bytes);
}

/// Calls `function` with each word that has bits of the range, and which these
/// are, as long as it returns true.
template <typename Function>
static bool forEachWord(uint64_t first, uint64_t count, Function function) {
  for (uint64_t end = first + count; first < end;) {
    uint64_t bits = std::min<uint64_t>(64 - first % 64, end - first);
    uint64_t mask = (~uint64_t(0) >> (64 - bits)) << first % 64;
    if (!function(first / 64, mask))
      return false;
    first += bits;
  }
  return true;
}

void DeviceMemory::Allocation::markInitialized(uint64_t first, uint64_t count) {
  forEachWord(first, count, [&](uint64_t index, uint64_t mask) {
    uint64_t *word = &initialized[index];
    if ((__atomic_load_n(word, __ATOMIC_RELAXED) & mask) != mask)
      __atomic_fetch_or(word, mask, __ATOMIC_RELAXED);
    return true;
  });
}

bool DeviceMemory::Allocation::isInitialized(uint64_t first,
                                             uint64_t count) const {
  return initialized.empty() ||
         forEachWord(first, count, [&](uint64_t index, uint64_t mask) {
           uint64_t word =
               __atomic_load_n(&initialized[index], __ATOMIC_RELAXED);
           return (word & mask) == mask;
         });
}

DeviceMemory::Allocation *DeviceMemory::find(uint64_t address) {
  Allocation *latest = last.load(std::memory_order_relaxed);
  if (latest && address - latest->begin < latest->bytes)
    return latest;
  auto it = allocations.upper_bound(address);
  if (it == allocations.begin())
    return nullptr;
  Allocation &found = std::prev(it)->second;
  // An access that begins right behind an allocation is reported as outside of
  // it.
  if (address - found.begin > found.bytes)
    return nullptr;
  last.store(&found, std::memory_order_relaxed);
  return &found;
}
