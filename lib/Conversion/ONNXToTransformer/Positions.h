//===- Positions.h - Tensors that count positions ---------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Position ids reach the graph as a Range, as a prefix of a buffer that counts,
// or as one of these with the length of a cache added.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_POSITIONS_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_POSITIONS_H

#include "Extents.h"

#include <optional>

namespace ockham::raising {

/// The integers first, first + 1, ..., first + count - 1.
struct Positions {
  Extent first;
  Extent count;
};

/// What an integer tensor counts along dimension `dim`, if it is the same along
/// all others.
std::optional<Positions> matchPositions(mlir::Value value, int64_t dim);

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_POSITIONS_H
