//===- RowLaunch.h - Launching kernels that give rows -----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_ROWLAUNCH_H
#define OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_ROWLAUNCH_H

#include "dialects/Tile/TileDialect.h"
#include "mlir/IR/BuiltinOps.h"

#include <string>

namespace ockham::tfm_to_tile {

/// Why `op` has no kernel, if it is because of a type of floats that it reads
/// or gives; empty else.
std::string checkElements(mlir::Operation *op);

/// Why rows of `op` have no kernel; empty if they may have one: kernels have
/// its floats, and the last extent of `rows` is known.
std::string checkRows(mlir::Operation *op, mlir::Value rows);

/// The elements of a tensor as a matrix of one column.
mlir::Value toColumn(mlir::OpBuilder &b, mlir::Location loc,
                     mlir::Value tensor);

/// The product of all extents of a tensor but its last `skip` ones.
mlir::Value countElements(mlir::OpBuilder &b, mlir::Location loc,
                          mlir::Value tensor, int64_t skip);

/// Launches the kernel, which gives a matrix of `rows` x `width` of `element`.
mlir::Value launchRows(mlir::OpBuilder &b, mlir::Location loc,
                       tile::KernelOp kernel, mlir::ValueRange grid,
                       mlir::ValueRange inputs, mlir::OpFoldResult rows,
                       int64_t width, mlir::Type element);

} // namespace ockham::tfm_to_tile

#endif // OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_ROWLAUNCH_H
