//===- AttentionHeads.h - Heads of queries, keys and values -----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_KERNELS_ATTENTIONHEADS_H
#define OCKHAM_LIB_KERNELS_ATTENTIONHEADS_H

#include "KernelBuilder.h"
#include "ockham/Kernels/Kernels.h"

namespace ockham::kernels {

/// The columns of one head in one sequence of an activation.
mlir::Value getHead(KernelBuilder &b, mlir::Value view, mlir::Value firstRow,
                    mlir::Value rows, mlir::Value head, int64_t width);

/// The keys of one head in one sequence, as columns of panels: each has whole
/// panels of its own, of which `cols` columns are looked at.
mlir::Value getPackedHead(KernelBuilder &b, mlir::Value view,
                          mlir::Value number, mlir::Value keys, int64_t panel,
                          mlir::Value cols);

/// The values of one head in one sequence, a panel of their own, of which
/// `rows` rows are looked at.
mlir::Value getPackedValues(KernelBuilder &b, mlir::Value view,
                            mlir::Value number, mlir::Value rows);

/// Columns of a head, from `col` on.
struct HeadPart {
  int64_t col;
  mlir::Value block;
};

/// What a preparation takes besides the head itself.
struct PreparationArguments {
  mlir::Value scale, cos, sin;
};

/// Where the parts of a head begin and how wide they are. Columns may be in
/// another order than in memory, the same for queries and keys: their product
/// does not see it.
llvm::SmallVector<std::pair<int64_t, int64_t>>
getHeadParts(const HeadPreparation &prepare, int64_t width);

/// The `rows` rows of a head from `row` on, prepared. Their positions begin
/// with `position`.
llvm::SmallVector<HeadPart>
loadHead(KernelBuilder &b, mlir::Value head, mlir::Value row, int64_t rows,
         int64_t width, const HeadPreparation &prepare,
         const PreparationArguments &arguments, mlir::Value position);

} // namespace ockham::kernels

#endif // OCKHAM_LIB_KERNELS_ATTENTIONHEADS_H
