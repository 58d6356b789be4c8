//===- VectorUtils.h - 1-D vectors over buffers -----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_CPU_VECTORUTILS_H
#define OCKHAM_LIB_TARGET_CPU_VECTORUTILS_H

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"

namespace ockham::cpu {

/// Attribute of `scf.parallel`: how many iterations make a piece that is worth
/// a thread (an integer, at least 1).
inline constexpr llvm::StringLiteral kGrainAttrName = "ockham.grain";

mlir::Value constantIndex(mlir::OpBuilder &b, mlir::Location loc,
                          int64_t value);

/// `vector<lanes x i1>` whose lane l is `l < count`. `count` is an index, of
/// which only the part up to `lanes` matters.
mlir::Value createLaneMask(mlir::OpBuilder &b, mlir::Location loc,
                           mlir::Value count, int64_t lanes);

/// Loads `lanes` elements from `memref` at `indices` (the last one contiguous);
/// lanes outside `mask` (when given) are not touched and read as zero.
mlir::Value loadLanes(mlir::OpBuilder &b, mlir::Location loc,
                      mlir::Value memref, mlir::ValueRange indices,
                      int64_t lanes, mlir::Value mask);
void storeLanes(mlir::OpBuilder &b, mlir::Location loc, mlir::Value value,
                mlir::Value memref, mlir::ValueRange indices, mlir::Value mask);

/// True if neighbouring elements of the last dimension are neighbours in memory
/// and can be loaded as a vector.
bool isContiguousInLastDim(mlir::MemRefType type);

} // namespace ockham::cpu

#endif // OCKHAM_LIB_TARGET_CPU_VECTORUTILS_H
