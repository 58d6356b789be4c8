//===- Atomics.h - How compiled code describes atomic accesses --*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EMULATOR_ATOMICS_H
#define OCKHAM_LIB_EMULATOR_ATOMICS_H

#include <cstdint>

namespace ockham::emulator {

/// What an atomic or volatile access, or a fence, does.
enum AtomicFlags : uint32_t {
  kAtomicRead = 1,
  kAtomicWrite = 2,
  kAcquire = 4,
  kRelease = 8,
  /// For more than the block, or cluster.
  kDeviceScope = 16
};

} // namespace ockham::emulator

#endif // OCKHAM_LIB_EMULATOR_ATOMICS_H
