//===- MatrixUnit.h - Products in tiles -------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A matrix unit (AMX) has eight registers of 16 rows of 64 bytes. One of f32
// takes up the products of 16 rows of up to 32 bf16 by as many rows of 16
// columns, which lie in pairs, as panels with interleaved rows have them.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_CPU_MATRIXUNIT_H
#define OCKHAM_LIB_TARGET_CPU_MATRIXUNIT_H

#include "BodySplit.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <map>
#include <string>
#include <tuple>

namespace ockham::cpu {

constexpr int64_t kTileRows = 16;  ///< And columns of f32.
constexpr int64_t kTileDepth = 32; ///< Elements of bf16 in a row.
/// Tiles for sums: two of the eight are for what is multiplied.
constexpr int64_t kMostSumTiles = 6;

/// A sum of products of two windows that a loop streams.
struct MatrixProduct {
  mlir::Value sums; ///< The result of the loop.
  unsigned left, right;
};

/// All products of a kernel.
struct MatrixProducts {
  tile::ForOp loop;
  llvm::SmallVector<MatrixProduct> products;
  int64_t depth;
  /// Tiles of the widest sums: of one row of them.
  int64_t colTiles = 0;
};

/// Finds what a matrix unit can do all at once: sums of products of rows at
/// `rowDim` of the grid by panels whose rows lie in pairs. Otherwise `problem`
/// says what is not so.
std::optional<MatrixProducts> findMatrixProducts(tile::KernelOp kernel,
                                                 unsigned rowDim,
                                                 std::string &problem);

/// What a function for products gets, but for its shape.
struct MatrixOperands {
  /// Addresses, and bytes from row to row; of the right-hand side, from pair to
  /// pair of rows.
  mlir::Value lhs, lhsStride, rhs, rhsStride, sums, sumsStride;
  mlir::Value rows;  ///< i16, of a function for a single row of tiles.
  mlir::Value steps; ///< Of the depth: i64.
  /// Where the lines begin that are fetched meanwhile, and how many in a step
  /// (i64).
  mlir::Value next, lines;
};

/// What there is a function for.
struct MatrixShape {
  int64_t rowTiles, colTiles;
  int64_t pairs; ///< Of rows of the right-hand side, in a step.
  bool adds;     ///< To what is there.

  bool operator<(const MatrixShape &other) const {
    return std::tie(rowTiles, colTiles, pairs, adds) <
           std::tie(other.rowTiles, other.colTiles, other.pairs, other.adds);
  }
};

/// The functions of a module that multiply in tiles.
class MatrixUnit {
public:
  explicit MatrixUnit(mlir::ModuleOp module) : module(module) {}

  /// Writes a call that multiplies and stores the sums.
  void multiply(mlir::ImplicitLocOpBuilder &b, const MatrixShape &shape,
                const MatrixOperands &operands);

private:
  mlir::LLVM::LLVMFuncOp getFunction(const MatrixShape &shape);

  mlir::ModuleOp module;
  std::map<MatrixShape, mlir::LLVM::LLVMFuncOp> functions;
};

} // namespace ockham::cpu

#endif // OCKHAM_LIB_TARGET_CPU_MATRIXUNIT_H
