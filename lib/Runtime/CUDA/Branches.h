//===- Branches.h - What runs side by side ----------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Branches of a call that do not depend on each other. Each may have a stream
// of its own, which begins behind what the call had enqueued before the first
// branch, and for which the call waits at the end; so a call that is captured
// becomes a graph with branches. A launch that fills the GPU alone gains
// nothing by that: a branch that begins with one stays in the call's stream.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CUDA_BRANCHES_H
#define OCKHAM_RUNTIME_CUDA_BRANCHES_H

#include "Device.h"

namespace ockham::runtime::cuda {

class Branches {
public:
  explicit Branches(const Device &device) : device(device) {}
  ~Branches();
  Branches(const Branches &) = delete;
  Branches &operator=(const Branches &) = delete;

  /// What follows belongs to that branch; `main` is the call's stream.
  Status enter(CUstream main, int32_t branch);

  /// Where the next launch goes, of that many blocks.
  Status choose(CUstream main, uint64_t blocks, CUstream &stream);

  /// Where other work goes. A branch that begins with it stays in the call's
  /// stream, too.
  CUstream current(CUstream main) {
    decide();
    return active ? active : main;
  }

  /// What follows comes after all branches. Does nothing where there are none.
  Status join(CUstream main);

private:
  static constexpr int32_t most = 16;
  struct Branch {
    CUstream stream = nullptr;
    CUevent done = nullptr;
    bool isUsed = false;    ///< Since the fork.
    bool isDecided = false; ///< Where it goes, since the fork.
  };

  void decide() {
    if (isUndecided)
      branches[entered - 1].isDecided = true;
    isUndecided = false;
  }

  const Device &device;
  CUevent forked = nullptr;
  std::vector<Branch> branches; ///< From number 1 on.
  bool isForked = false;
  int32_t entered = 0;
  bool isUndecided = false; ///< The branch that was entered: no launch yet.
  CUstream active = nullptr;
};

} // namespace ockham::runtime::cuda

#endif // OCKHAM_RUNTIME_CUDA_BRANCHES_H
