//===- GraphBuilder.h - IR as a graph without names -------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_REPORT_GRAPHBUILDER_H
#define OCKHAM_LIB_REPORT_GRAPHBUILDER_H

#include "mlir/IR/Operation.h"
#include "mlir/IR/ValueRange.h"
#include "ockham/Report/Report.h"
#include "llvm/ADT/DenseSet.h"

namespace ockham::report {

/// The ops through which the activations of a function go: what depends on an
/// embedding or on rows of floats that come from outside.
llvm::DenseSet<mlir::Operation *> findStream(mlir::Operation *function);

/// The ops of `stream` behind `outputs` that lie in `region` (or in a branch of
/// a tfm.parallel in it), readers last. The order depends on the data flow
/// alone: of a sum, what is simpler comes first, however the sum was written.
Graph buildGraph(mlir::Region &region, mlir::ValueRange outputs,
                 const llvm::DenseSet<mlir::Operation *> &stream);

} // namespace ockham::report

#endif // OCKHAM_LIB_REPORT_GRAPHBUILDER_H
