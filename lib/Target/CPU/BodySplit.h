//===- BodySplit.h - Products, and what follows them ------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The body of a kernel falls into two parts where its products end and what
// follows them is done row by row: then the sums may pass through memory.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_CPU_BODYSPLIT_H
#define OCKHAM_LIB_TARGET_CPU_BODYSPLIT_H

#include "dialects/Tile/BlockSizes.h"
#include "llvm/ADT/SetVector.h"

#include <optional>

namespace ockham::cpu {

struct BodySplit {
  mlir::Operation *products; ///< The last loop with products.
  /// What of the ops before it the rest does once more.
  llvm::SetVector<mlir::Operation *> repeated;
  /// The results of loops that the rest reads.
  llvm::SmallVector<mlir::Value> kept;
};

/// Nothing if the body does not fall apart. `rows` is the class of its rows.
std::optional<BodySplit>
splitBody(tile::KernelOp kernel, const tile::BlockSizes &sizes, unsigned rows);

/// The loop of the products, if they can be summed up in parts: it goes from 0
/// to a constant, its windows lie inside, and only its results are kept.
tile::ForOp findDepthLoop(const BodySplit &split);
/// What that loop goes up to.
int64_t getDepth(tile::ForOp loop);
/// Bytes of a row of the sums that it carries.
int64_t getSumBytes(tile::ForOp loop);

} // namespace ockham::cpu

#endif // OCKHAM_LIB_TARGET_CPU_BODYSPLIT_H
