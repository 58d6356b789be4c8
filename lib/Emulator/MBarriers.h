//===- MBarriers.h - mbarriers, for who reports to them ---------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EMULATOR_MBARRIERS_H
#define OCKHAM_LIB_EMULATOR_MBARRIERS_H

#include "Machine.h"

namespace ockham::emulator {

struct MBarrierPlace {
  Block *block;
  uint32_t offset;
  MBarrier *barrier;
};

/// The mbarrier at an address of shared memory. Fails where none has been
/// initialised, and reports one whose initialisation the thread need not see.
MBarrierPlace checkMBarrier(const uint64_t *address, const char *instruction);

/// One more arrival is needed to complete the phase.
void addPendingArrival(const uint64_t *address);
/// An arrival when all of a thread's copies up to `time` are done.
void arriveFromEngine(const Thread &issuer, const uint64_t *address,
                      uint32_t agent, uint32_t time);

/// A bulk load that will report to the barrier; returns its time as one of the
/// barrier's engine.
uint32_t beginBulkLoad(MBarrier &barrier);
/// The load has written its bytes.
void completeBulkLoad(MBarrier &barrier, uint32_t time, uint64_t bytes);

} // namespace ockham::emulator

#endif // OCKHAM_LIB_EMULATOR_MBARRIERS_H
