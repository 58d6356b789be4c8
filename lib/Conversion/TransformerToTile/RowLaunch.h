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

/// Why rows of `op` have no kernel; empty if they may have one. All floats that
/// it reads and gives are f32, and the last extent of `rows` is known.
std::string checkRows(mlir::Operation *op, mlir::Value rows);

/// The elements of a tensor as a matrix of one column.
mlir::Value toColumn(mlir::OpBuilder &b, mlir::Location loc,
                     mlir::Value tensor);

/// The product of all extents of a tensor but its last `skip` ones.
mlir::Value countElements(mlir::OpBuilder &b, mlir::Location loc,
                          mlir::Value tensor, int64_t skip);

/// Launches the kernel, which gives a matrix of `rows` x `width` of f32.
mlir::Value launchRows(mlir::OpBuilder &b, mlir::Location loc,
                       tile::KernelOp kernel, mlir::ValueRange grid,
                       mlir::ValueRange inputs, mlir::OpFoldResult rows,
                       int64_t width);

} // namespace ockham::tfm_to_tile

#endif // OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_ROWLAUNCH_H
