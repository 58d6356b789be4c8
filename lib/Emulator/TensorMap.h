//===- TensorMap.h - Boxes of tensors in shared memory ----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EMULATOR_TENSORMAP_H
#define OCKHAM_LIB_EMULATOR_TENSORMAP_H

#include "ockham/Emulator/Emulator.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace ockham::emulator {

/// Where the hardware puts the byte that would lie at this address of shared
/// memory: bits 4 to 6 are mixed with those above.
inline uint64_t swizzle(uint64_t address, TensorMap::Swizzle mode) {
  static constexpr uint64_t masks[] = {0, 1, 3, 7};
  return address ^ (address >> 7 & masks[unsigned(mode)]) << 4;
}

/// One row of a box along the fastest dimension.
struct BoxRow {
  /// In shared memory, from where the box begins, before swizzling.
  uint64_t offset;
  uint64_t bytes;
  /// The part that lies in the tensor: where, and which bytes of the row.
  uint8_t *global;
  uint64_t validBegin, validBytes;
};

/// The number of bytes of a box in shared memory.
uint64_t getBoxBytes(const TensorMap &map);
/// Calls `function` for all rows of the box at `coordinates`.
void forEachRow(const TensorMap &map, const std::array<int32_t, 5> &coordinates,
                llvm::function_ref<void(const BoxRow &)> function);

/// Copies a box into shared memory, with what is outside of the tensor filled.
/// `shared` is the address that the instruction was given.
void loadBox(const TensorMap &map, const std::array<int32_t, 5> &coordinates,
             uint8_t *shared);
enum class StoreKind { Copy, Add, Min, Max };
/// Copies or adds a box to global memory.
void storeBox(const TensorMap &map, const std::array<int32_t, 5> &coordinates,
              const uint8_t *shared, StoreKind kind);
/// Whether reductions of this type are modelled.
bool canReduce(TensorMap::Type type);

} // namespace ockham::emulator

#endif // OCKHAM_LIB_EMULATOR_TENSORMAP_H
