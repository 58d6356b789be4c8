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
  for (uint64_t byte = first; byte < first + bytes; ++byte)
    allocation->initialized[byte / 64] |= uint64_t(1) << byte % 64;
}

bool DeviceMemory::Allocation::isInitialized(uint64_t first,
                                             uint64_t count) const {
  if (initialized.empty())
    return true;
  for (uint64_t byte = first; byte < first + count; ++byte)
    if (!(initialized[byte / 64] >> byte % 64 & 1))
      return false;
  return true;
}

DeviceMemory::Allocation *DeviceMemory::find(uint64_t address) {
  if (last && address - last->begin < last->bytes)
    return last;
  auto it = allocations.upper_bound(address);
  if (it == allocations.begin())
    return nullptr;
  Allocation &found = std::prev(it)->second;
  // An access that begins right behind an allocation is reported as outside of
  // it.
  if (address - found.begin > found.bytes)
    return nullptr;
  last = &found;
  return last;
}
