//===- Steps.h - What happens to a block before it is stored ----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_KERNELS_STEPS_H
#define OCKHAM_LIB_KERNELS_STEPS_H

#include "KernelBuilder.h"
#include "ockham/Kernels/Kernels.h"

namespace ockham::kernels {

/// Appends the types of the views that the steps take; `columns` is the width
/// of the rows that they work on.
void appendStepTypes(llvm::SmallVectorImpl<mlir::Type> &types,
                     llvm::ArrayRef<EpilogueStep> steps, int64_t columns,
                     mlir::Type element);

/// How many arguments the steps take.
size_t countArguments(llvm::ArrayRef<EpilogueStep> steps);

/// The block at `[row, col]` of the rows, after the steps. `arguments` are
/// their views, in order.
mlir::Value applySteps(KernelBuilder &b, mlir::Value block,
                       llvm::ArrayRef<EpilogueStep> steps,
                       mlir::ValueRange arguments, mlir::Value row,
                       mlir::Value col);

} // namespace ockham::kernels

#endif // OCKHAM_LIB_KERNELS_STEPS_H
