//===- Norms.h - Norms that several operators consist of --------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_OPERATORS_NORMS_H
#define OCKHAM_LIB_IMPORT_ONNX_OPERATORS_NORMS_H

#include "../NodeImporter.h"

namespace ockham::importer {

/// A layer norm over the dimensions from `axis` on; scale and bias may be null.
mlir::Value createLayerNorm(NodeImporter &n, mlir::Value x, mlir::Value scale,
                            mlir::Value bias, int64_t axis, double epsilon);

/// Results 1 and 2 of a layer norm of `x`, if they are used: the mean, and the
/// reciprocal of the standard deviation.
llvm::LogicalResult createStatistics(NodeImporter &n, mlir::Value x,
                                     int64_t axis, double epsilon);

struct RMSNorm {
  mlir::Value result;
  /// sqrt(mean(x^2) + epsilon)
  mlir::Value root;
  /// The element type of statistics.
  mlir::Type stash;
};

/// `x / sqrt(mean(x^2) + epsilon) * scale` over the dimensions from `axis` on.
mlir::FailureOr<RMSNorm> createRMSNorm(NodeImporter &n, mlir::Value x,
                                       mlir::Value scale, int64_t axis,
                                       double epsilon);
/// The reciprocal of the norm's root, if this result is used.
llvm::LogicalResult createInverseRoot(NodeImporter &n, const RMSNorm &norm,
                                      unsigned result);

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_OPERATORS_NORMS_H
