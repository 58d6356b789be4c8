//===- Counting.h - Operations and bytes of ops -----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_REPORT_COUNTING_H
#define OCKHAM_LIB_REPORT_COUNTING_H

#include "SymbolicExtents.h"
#include "mlir/IR/Operation.h"
#include "ockham/Report/Report.h"

namespace ockham::report {

/// What one execution of the op costs; ops with regions cost nothing by
/// themselves. Nothing if an extent is not known, or the operator.
std::optional<Cost> countOp(mlir::Operation *op, SymbolicExtents &extents);

} // namespace ockham::report

#endif // OCKHAM_LIB_REPORT_COUNTING_H
