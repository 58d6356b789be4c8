//===- Staging.h - Between the host's memory and a GPU's --------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CUDA_STAGING_H
#define OCKHAM_RUNTIME_CUDA_STAGING_H

#include "Device.h"

namespace ockham::runtime::cuda {

/// Two pieces of pinned memory that tensors go through by turns: while the GPU
/// copies one, the host fills or reads the other.
class Staging {
public:
  explicit Staging(const Device &device) : device(device) {}
  ~Staging();
  Staging(const Staging &) = delete;
  Staging &operator=(const Staging &) = delete;

  /// Returns when `from` has been read.
  Status copyIn(CUstream stream, void *to, const TensorView &from);
  /// Returns when `to` has been written.
  Status copyOut(CUstream stream, const TensorView &to, const void *from);

private:
  struct Piece {
    void *memory = nullptr;
    CUevent done = nullptr;
    bool busy = false;
  };
  Status prepare();
  Status wait(Piece &piece);
  Status mark(Piece &piece, CUstream stream);

  const Device &device;
  Piece pieces[2];
  int next = 0;
};

} // namespace ockham::runtime::cuda

#endif // OCKHAM_RUNTIME_CUDA_STAGING_H
