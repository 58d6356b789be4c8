//===- Snapshot.h - A module at one time ------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_REPORT_SNAPSHOT_H
#define OCKHAM_LIB_REPORT_SNAPSHOT_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ockham/Report/Report.h"

namespace ockham::report {

/// Describes the function and the weights that it reads. The module stays as it
/// is.
Snapshot takeSnapshot(mlir::ModuleOp module, llvm::StringRef function);

} // namespace ockham::report

#endif // OCKHAM_LIB_REPORT_SNAPSHOT_H
