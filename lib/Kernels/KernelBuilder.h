//===- KernelBuilder.h - Shorthand for kernel bodies ------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_KERNELS_KERNELBUILDER_H
#define OCKHAM_LIB_KERNELS_KERNELBUILDER_H

#include "dialects/Tile/TileDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ockham::kernels {

/// One window that a loop reads: `rows` x `cols` of `view`, down its rows from
/// column `place` on, or along its columns from row `place` on.
struct Stream {
  mlir::Value view, place;
  bool alongRows;
  int64_t rows, cols;
};

/// Builds ops on blocks. Operands of a binary op are repeated to the larger
/// one's shape.
class KernelBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  mlir::RankedTensorType type(int64_t rows, int64_t cols, mlir::Type element) {
    return mlir::RankedTensorType::get({rows, cols}, element);
  }
  mlir::Value addIndex(mlir::Value lhs, mlir::Value rhs) {
    return mlir::arith::AddIOp::create(*this, lhs, rhs);
  }
  mlir::Value mulIndex(mlir::Value lhs, mlir::Value rhs) {
    return mlir::arith::MulIOp::create(*this, lhs, rhs);
  }
  mlir::Value divIndex(mlir::Value lhs, mlir::Value rhs) {
    return mlir::arith::DivUIOp::create(*this, lhs, rhs);
  }
  mlir::Value minIndex(mlir::Value lhs, mlir::Value rhs) {
    return mlir::arith::MinSIOp::create(*this, lhs, rhs);
  }
  mlir::Value maxIndex(mlir::Value lhs, mlir::Value rhs) {
    return mlir::arith::MaxSIOp::create(*this, lhs, rhs);
  }
  mlir::Value toI32(mlir::Value index) {
    return mlir::arith::IndexCastOp::create(*this, getI32Type(), index);
  }
  /// Element `col` of a vector of integers, as an index.
  mlir::Value loadIndex(mlir::Value view, mlir::Value col);
  mlir::Value index(int64_t value) {
    return mlir::arith::ConstantIndexOp::create(*this, value);
  }
  mlir::Value splat(mlir::RankedTensorType type, double value);
  /// A constant of the type of `like`.
  mlir::Value splatLike(mlir::Value like, double value) {
    return splat(mlir::cast<mlir::RankedTensorType>(like.getType()), value);
  }
  mlir::Value broadcast(mlir::Value value, mlir::RankedTensorType type);

  /// A block as it is in memory.
  mlir::Value loadStored(mlir::Value view, mlir::Value row, mlir::Value col,
                         int64_t rows, int64_t cols);
  /// A block to compute with.
  mlir::Value load(mlir::Value view, mlir::Value row, mlir::Value col,
                   int64_t rows, int64_t cols);
  /// Rows of a view by index, to compute with.
  mlir::Value gather(mlir::Value view, mlir::Value rows, mlir::Value col,
                     int64_t cols);
  /// A block of floats, extended or rounded to the nearest, ties to even.
  mlir::Value convert(mlir::Value block, mlir::Type element);
  mlir::Value slice(mlir::Value view, mlir::Value row, mlir::Value col,
                    int64_t rows, int64_t cols);
  /// Writes a block as elements of the view.
  void store(mlir::Value value, mlir::Value view, mlir::Value row,
             mlir::Value col);

  mlir::Value add(mlir::Value lhs, mlir::Value rhs) {
    return binary<mlir::arith::AddFOp>(lhs, rhs);
  }
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs) {
    return binary<mlir::arith::SubFOp>(lhs, rhs);
  }
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs) {
    return binary<mlir::arith::MulFOp>(lhs, rhs);
  }
  mlir::Value div(mlir::Value lhs, mlir::Value rhs) {
    return binary<mlir::arith::DivFOp>(lhs, rhs);
  }
  mlir::Value max(mlir::Value lhs, mlir::Value rhs) {
    return binary<mlir::arith::MaximumFOp>(lhs, rhs);
  }
  mlir::Value addInts(mlir::Value lhs, mlir::Value rhs) {
    return binary<mlir::arith::AddIOp>(lhs, rhs);
  }
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value lhs,
                      mlir::Value rhs);
  mlir::Value select(mlir::Value condition, mlir::Value lhs, mlir::Value rhs) {
    unify(lhs, rhs);
    if (condition.getType() != lhs.getType())
      condition = broadcast(
          condition,
          mlir::cast<mlir::RankedTensorType>(lhs.getType()).clone(getI1Type()));
    return mlir::arith::SelectOp::create(*this, condition, lhs, rhs);
  }
  mlir::Value compareFloats(mlir::arith::CmpFPredicate predicate,
                            mlir::Value lhs, mlir::Value rhs) {
    unify(lhs, rhs);
    return mlir::arith::CmpFOp::create(*this, predicate, lhs, rhs);
  }
  mlir::Value reduce(tile::ReduceKind kind, mlir::Value value);
  mlir::Value transpose(mlir::Value value);
  mlir::Value dot(mlir::Value acc, mlir::Value lhs, mlir::Value rhs,
                  bool transposed = false);
  /// tfm.activation of a block. `slope` belongs to leaky_relu.
  mlir::Value activate(tfm::ActivationKind kind, mlir::Value value,
                       mlir::Value slope);

  /// A loop; `body` gets the position, the windows and the carried values, and
  /// returns what is carried next.
  mlir::ValueRange loop(mlir::Value lower, mlir::Value upper, int64_t step,
                        llvm::ArrayRef<Stream> streams, mlir::ValueRange inits,
                        llvm::function_ref<llvm::SmallVector<mlir::Value>(
                            mlir::Value, mlir::ValueRange, mlir::ValueRange)>
                            body);

private:
  /// Repeats both to the extents of the larger one.
  void unify(mlir::Value &lhs, mlir::Value &rhs);
  template <typename Op>
  mlir::Value binary(mlir::Value lhs, mlir::Value rhs) {
    unify(lhs, rhs);
    return Op::create(*this, lhs, rhs);
  }
};

} // namespace ockham::kernels

#endif // OCKHAM_LIB_KERNELS_KERNELBUILDER_H
