//===- Staging.cpp - Between the host's memory and a GPU's ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Staging.h"
#include "../Core/Memory.h"
#include <algorithm>
#include <cstring>

namespace ockham::runtime::cuda {

/// Large enough for full speed, and small beside any model.
static constexpr uint64_t pieceBytes = 4 << 20;

Staging::~Staging() {
  ContextScope scope(device.driver, device.context());
  for (Piece &piece : pieces) {
    if (piece.busy)
      device.driver.cuEventSynchronize(piece.done);
    if (piece.done)
      device.driver.cuEventDestroy_v2(piece.done);
    if (piece.memory)
      device.driver.cuMemFreeHost(piece.memory);
  }
}

Status Staging::prepare() {
  for (Piece &piece : pieces) {
    if (!piece.memory)
      OCKHAM_RETURN_IF_FAILED(device.driver.check(
          device.driver.cuMemAllocHost_v2(&piece.memory, pieceBytes),
          "taking " + formatBytes(pieceBytes) + " of pinned memory"));
    // CU_EVENT_DISABLE_TIMING
    if (!piece.done)
      OCKHAM_RETURN_IF_FAILED(device.driver.check(
          device.driver.cuEventCreate(&piece.done, 2), "making an event"));
  }
  return Status::ok();
}

Status Staging::wait(Piece &piece) {
  if (!piece.busy)
    return Status::ok();
  piece.busy = false;
  return device.driver.check(device.driver.cuEventSynchronize(piece.done),
                             "waiting for " + device.describe());
}

Status Staging::mark(Piece &piece, CUstream stream) {
  piece.busy = true;
  return device.driver.check(device.driver.cuEventRecord(piece.done, stream),
                             "recording an event on " + device.describe());
}

/// Memory for a tensor that must be made dense, or strided, on the host.
static Status allocateDense(uint64_t bytes, AlignedMemory &memory) {
  memory.reset(allocateAligned(bytes));
  if (memory)
    return Status::ok();
  return {OCKHAM_OUT_OF_MEMORY,
          format("a dense copy of a tensor needs %s and the system has no more "
                 "memory",
                 formatBytes(bytes).c_str())};
}

Status Staging::copyIn(CUstream stream, void *to, const TensorView &from) {
  ContextScope scope(device.driver, device.context());
  OCKHAM_RETURN_IF_FAILED(prepare());
  uint64_t bytes = from.bytes();
  const char *source = from.data;
  AlignedMemory dense;
  if (!from.strides.empty()) {
    OCKHAM_RETURN_IF_FAILED(allocateDense(bytes, dense));
    copyToDense(from, dense.get());
    source = static_cast<const char *>(dense.get());
  }
  auto target = reinterpret_cast<CUdeviceptr>(to);
  for (uint64_t at = 0; at < bytes; at += pieceBytes, next ^= 1) {
    Piece &piece = pieces[next];
    uint64_t size = std::min(pieceBytes, bytes - at);
    OCKHAM_RETURN_IF_FAILED(wait(piece));
    std::memcpy(piece.memory, source + at, size);
    OCKHAM_RETURN_IF_FAILED(device.driver.check(
        device.driver.cuMemcpyHtoDAsync_v2(target + at, piece.memory, size,
                                           stream),
        format("copying %s to %s", formatBytes(size).c_str(),
               device.describe().c_str())));
    OCKHAM_RETURN_IF_FAILED(mark(piece, stream));
  }
  return Status::ok();
}

Status Staging::copyOut(CUstream stream, const TensorView &to,
                        const void *from) {
  ContextScope scope(device.driver, device.context());
  OCKHAM_RETURN_IF_FAILED(prepare());
  uint64_t bytes = to.bytes();
  char *target = to.data;
  AlignedMemory dense;
  if (!to.strides.empty()) {
    OCKHAM_RETURN_IF_FAILED(allocateDense(bytes, dense));
    target = static_cast<char *>(dense.get());
  }
  auto source = reinterpret_cast<CUdeviceptr>(from);
  uint64_t read = 0;
  /// Takes what the older piece has.
  auto take = [&](Piece &piece) {
    uint64_t size = std::min(pieceBytes, bytes - read);
    Status waited = wait(piece);
    if (!waited.failed())
      std::memcpy(target + read, piece.memory, size);
    read += size;
    return waited;
  };
  for (uint64_t at = 0; at < bytes; at += pieceBytes, next ^= 1) {
    if (at >= 2 * pieceBytes)
      OCKHAM_RETURN_IF_FAILED(take(pieces[next]));
    Piece &piece = pieces[next];
    OCKHAM_RETURN_IF_FAILED(wait(piece));
    uint64_t size = std::min(pieceBytes, bytes - at);
    OCKHAM_RETURN_IF_FAILED(device.driver.check(
        device.driver.cuMemcpyDtoHAsync_v2(piece.memory, source + at, size,
                                           stream),
        format("copying %s from %s", formatBytes(size).c_str(),
               device.describe().c_str())));
    OCKHAM_RETURN_IF_FAILED(mark(piece, stream));
  }
  // With a single piece the other one is not part of this.
  if (bytes > pieceBytes)
    OCKHAM_RETURN_IF_FAILED(take(pieces[next]));
  OCKHAM_RETURN_IF_FAILED(take(pieces[next ^ 1]));
  if (!to.strides.empty())
    copyFromDense(target, to);
  return Status::ok();
}

} // namespace ockham::runtime::cuda
