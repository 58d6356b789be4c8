//===- Profile.h - How well warps use memory --------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Lanes run on their own here, so an access of a warp is put together from
// those of its lanes: the n-th that each of them makes at one instruction. That
// is what a GPU executes as one, as long as lanes go through loops together.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EMULATOR_PROFILE_H
#define OCKHAM_LIB_EMULATOR_PROFILE_H

#include "ockham/Emulator/Emulator.h"
#include "llvm/ADT/DenseMap.h"

#include <deque>

namespace ockham::emulator {

struct Block;
struct Thread;
struct Warp;

class Profile {
public:
  /// `offset` is that in the block's shared memory, or the address.
  void add(const Thread &thread, uint64_t offset, uint32_t bytes, bool shared);
  /// Accesses that some lanes have not made are complete at a block's end.
  void finish(const Block &block);
  void add(const Profile &other);
  /// What has been counted, by site.
  const llvm::DenseMap<uint32_t, AccessProfile> &getCounts() const {
    return counts;
  }

private:
  /// One access of a warp, lane by lane.
  struct Request {
    uint32_t lanes = 0, bytes = 0;
    bool shared = false;
    uint64_t offsets[32];
  };
  struct Pending {
    /// Of each lane: how many requests it has been part of.
    uint64_t next[32] = {};
    /// The number of the first in the queue.
    uint64_t first = 0;
    std::deque<Request> requests;
  };
  void count(uint32_t site, const Request &request);
  void countFirst(uint32_t site, Pending &pending);

  llvm::DenseMap<const Warp *, llvm::DenseMap<uint32_t, Pending>> warps;
  llvm::DenseMap<uint32_t, AccessProfile> counts;
};

} // namespace ockham::emulator

#endif // OCKHAM_LIB_EMULATOR_PROFILE_H
