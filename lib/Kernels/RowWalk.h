//===- RowWalk.h - Reductions of whole rows ---------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_KERNELS_ROWWALK_H
#define OCKHAM_LIB_KERNELS_ROWWALK_H

#include "KernelBuilder.h"

namespace ockham::kernels {

/// `rows` rows of a view from `row` on, walked through in blocks of `step`
/// columns. A block keeps one result per column, and only the end of the row
/// combines them; the columns that are left over are a block of their own.
struct RowWalk {
  mlir::Value view, row;
  int64_t columns, rows, step;

  using Function = llvm::function_ref<mlir::Value(mlir::Value)>;

  /// The sum of a function of each element.
  mlir::Value sum(KernelBuilder &b, Function of) const;
  /// The largest element; NaN if there is one.
  mlir::Value max(KernelBuilder &b) const;

private:
  mlir::Value reduce(KernelBuilder &b, tile::ReduceKind kind,
                     Function of) const;
};

} // namespace ockham::kernels

#endif // OCKHAM_LIB_KERNELS_ROWWALK_H
