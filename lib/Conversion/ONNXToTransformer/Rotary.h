//===- Rotary.h - Rotary position embeddings --------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rotary embeddings turn pairs of channels by an angle that grows with the
// position ("RoFormer", arXiv 2104.09864): (a, b) becomes
// (a cos - b sin, a sin + b cos). The pairs are the two halves of the rotated
// channels, or neighbours.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_ROTARY_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_ROTARY_H

#include "Extents.h"
#include "mlir/IR/Builders.h"

#include <optional>
#include <string>

namespace ockham::raising {

/// Channels from `begin` on in steps, of the last dimension of `input`.
struct ChannelSlice {
  mlir::Value input;
  int64_t begin = 0;
  int64_t step = 1;
  int64_t size = 0;
};

/// What a Slice or Split with constant bounds takes of the last dimension.
std::optional<ChannelSlice> matchChannelSlice(mlir::Value value);

struct Rotary {
  /// [.., positions, channels], of which the first `rotated` are turned.
  mlir::Value input;
  int64_t rotated = 0;
  bool interleaved = false;
  /// As the graph has them: [.., positions, rotated] with every angle twice, or
  /// [.., positions, rotated / 2].
  mlir::Value cos, sin;
};

/// Matches a value whose last dimension are the channels.
std::optional<Rotary> matchRotary(mlir::Value value);

/// The matrix [positions, rotated / 2] that `angles`, one of cos and sin, holds
/// for every sequence and head alike; null with the reason in `why` if it
/// differs between them, or holds unequal pairs. A prefix of a buffer gives the
/// whole buffer.
mlir::Value getAngleMatrix(mlir::OpBuilder &builder, mlir::Value angles,
                           const Rotary &rotary, const Extent &positions,
                           std::string &why);

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_ROTARY_H
