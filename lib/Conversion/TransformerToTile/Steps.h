//===- Steps.h - Point-wise work beside a kernel's own ----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_STEPS_H
#define OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_STEPS_H

#include "dialects/Transformer/TransformerDialect.h"
#include "ockham/Kernels/Kernels.h"

#include <string>

namespace ockham::tfm_to_tile {

/// Steps with what they read, and a name for them all. Null values add nothing.
class StepList {
public:
  explicit StepList(int64_t columns) : columns(columns) {}

  void addBias(mlir::Value bias) {
    addVector(kernels::EpilogueStep::Bias, bias, "bias");
  }
  void addGain(mlir::Value gain) {
    addVector(kernels::EpilogueStep::Gain, gain, "gain");
  }
  void addDivisor(mlir::Value divisor) {
    addVector(kernels::EpilogueStep::Divide, divisor, "div");
  }
  /// `scale` has one element per row, and one column.
  void addRowScale(mlir::Value scale);
  /// `matrix` has the rows that the steps work on, as a matrix.
  void addMatrix(mlir::Value matrix);
  /// + gain * matrix; without a gain, + matrix.
  void addScaled(mlir::Value gain, mlir::Value matrix);
  void addErf();
  void activate(tfm::ActivationKind kind, mlir::Value slope);
  void multiply(mlir::Value matrix);
  /// What a point-wise op does to `current`, one of its operands: a member of
  /// the same kernel, whose other operands are read where `b` stands.
  void addOp(mlir::OpBuilder &b, mlir::Operation *op, mlir::Value current);
  /// The steps of those members that run on `current`, on what they make of it,
  /// and so on, up to a split or to `end`; returns the last value.
  mlir::Value addChain(mlir::OpBuilder &b,
                       llvm::ArrayRef<mlir::Operation *> members,
                       mlir::Value current, mlir::Operation *end = nullptr);
  /// + gain * rows, where a gain in front of the rows may be a member, too.
  void addSummand(mlir::OpBuilder &b, mlir::Location loc, mlir::Value gain,
                  mlir::Value rows);
  /// The steps from number `first` on run on the columns [begin, end) only.
  void restrictTo(size_t first, int64_t begin, int64_t end);

  llvm::SmallVector<kernels::EpilogueStep> steps;
  llvm::SmallVector<mlir::Value> inputs;
  std::string name;

private:
  void addVector(kernels::EpilogueStep::Kind kind, mlir::Value vector,
                 llvm::StringRef what);
  /// A vector of one element; where there is one column it makes no difference.
  bool isScalar(mlir::Value vector) const;

  int64_t columns;
};

} // namespace ockham::tfm_to_tile

#endif // OCKHAM_LIB_CONVERSION_TRANSFORMERTOTILE_STEPS_H
