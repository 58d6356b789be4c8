//===- ShapeOutside.h - Shape gains behind the products ---------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A shaped attention ([SAS]) without a matrix for its identity and its centre,
// as `ockham simplify` writes it:
//
//   alpha V + beta (A V) - gamma CumSum(V) / (i + 1)
//
// and ReduceMean(V) in the place of the running mean where all keys are seen.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_SHAPEOUTSIDE_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_SHAPEOUTSIDE_H

#include "Extents.h"
#include "HeadDims.h"
#include "Raising.h"
#include "mlir/IR/Value.h"

#include <optional>

namespace ockham::raising {

/// The sum, and its gains per head; alpha or gamma may be null, not both.
struct ShapeOutside {
  mlir::Value sum, alpha, beta, gamma;
};

/// What is known of the attention.
struct ShapedProduct {
  /// A V, and V in the same order of dimensions, which are `dims`.
  mlir::Value product, values;
  HeadDims dims;
  bool isCausal;
  Extent positions; ///< Of queries and of keys.
  int64_t heads;
};

/// Finds the sum that reads the product. Gains are made in front of it.
std::optional<ShapeOutside> matchShapeOutside(Raiser &raiser,
                                              const ShapedProduct &shaped);

/// V as a value that has the dimensions of `product` after a Transpose by
/// `perm`: null if the graph has none.
mlir::Value findTransposed(mlir::Value values, llvm::ArrayRef<int64_t> perm);

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_SHAPEOUTSIDE_H
