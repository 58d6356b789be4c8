//===- NormParts.h - What the matchers of norms share -----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_NORMPARTS_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_NORMPARTS_H

#include "Raising.h"

namespace ockham::raising {

/// What a matcher found of a norm, as the graph has it. Parameters may still
/// have unit dimensions around their channels.
struct NormParts {
  tfm::NormKind kind = tfm::NormKind::Layer;
  mlir::Value input;
  mlir::Value scale, shift;
  /// Of kind fixed; a vector along `stdAxis`, or a scalar.
  mlir::Value std;
  tfm::StdAxis stdAxis = tfm::StdAxis::None;
  bool uncentred = false;
  /// Of kinds tanh and erf: scalars or vectors.
  mlir::Value alpha, offset;
  double eps = 0.0;
  bool epsOutside = false;
};

/// The last extent of a tensor.
int64_t getWidth(mlir::Value value);

/// Checks that a reduction is over the last dimension, which stays with
/// extent 1 and is known.
llvm::LogicalResult checkRows(mlir::Operation *reduce,
                              llvm::ArrayRef<int64_t> axes, bool keepdims,
                              Attempt &attempt);
template <typename Reduce>
llvm::LogicalResult checkRows(Reduce reduce, Attempt &attempt) {
  return checkRows(reduce, reduce.getAxes(), reduce.getKeepdims(), attempt);
}

/// The input of a row mean, if the value is one.
mlir::Value matchRowMean(mlir::Value value);

/// Whether a value has the shape of a parameter per channel of `input`.
bool isPerChannel(mlir::Value value, mlir::Value input);

/// Creates the norm in place of a value; fails, replacing nothing, if scale or
/// shift are no parameters as wide as the rows.
llvm::LogicalResult replaceByNorm(Raiser &raiser, const NormParts &parts,
                                  mlir::Value replaced);

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_NORMPARTS_H
