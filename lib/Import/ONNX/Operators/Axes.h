//===- Axes.h - Axes that are known only at run time ------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_IMPORT_ONNX_OPERATORS_AXES_H
#define OCKHAM_LIB_IMPORT_ONNX_OPERATORS_AXES_H

#include "../NodeImporter.h"

namespace ockham::importer {

/// Whether all entries of a list are integers.
bool areKnown(llvm::ArrayRef<mlir::OpFoldResult> entries);

/// For every dimension the entry of the axis that names it, else `otherwise`.
llvm::SmallVector<mlir::OpFoldResult>
spreadOverDims(NodeImporter &n, llvm::ArrayRef<mlir::OpFoldResult> axes,
               llvm::ArrayRef<mlir::OpFoldResult> entries, int64_t rank,
               int64_t otherwise);

/// Whether an axis, counted from either side, is dimension `dim`: a scalar.
mlir::Value createIsAxis(NodeImporter &n, mlir::OpFoldResult axis, int64_t dim,
                         int64_t rank);

/// A slice along one axis whose step, and so whose direction, is known only at
/// run time.
mlir::Value createStridedGather(NodeImporter &n, mlir::Value x, int64_t axis,
                                mlir::OpFoldResult start,
                                mlir::OpFoldResult end,
                                mlir::OpFoldResult step);

/// The extents of `x` with ones at the axes, which are positions in the result.
llvm::SmallVector<mlir::OpFoldResult>
insertUnitExtents(NodeImporter &n, mlir::Value x,
                  llvm::ArrayRef<mlir::OpFoldResult> axes);

/// The extents of `x` without those of the axes.
llvm::SmallVector<mlir::OpFoldResult>
removeExtents(NodeImporter &n, mlir::Value x,
              llvm::ArrayRef<mlir::OpFoldResult> axes);

} // namespace ockham::importer

#endif // OCKHAM_LIB_IMPORT_ONNX_OPERATORS_AXES_H
