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
