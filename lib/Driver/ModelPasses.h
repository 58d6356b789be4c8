//===- ModelPasses.h - From a file to a simplified module -------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What compiling and simplifying have in common.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_DRIVER_MODELPASSES_H
#define OCKHAM_LIB_DRIVER_MODELPASSES_H

#include "mlir/Pass/PassManager.h"
#include "ockham/Driver/Compile.h"

namespace ockham {

/// What Ockham calls itself in the files that it writes.
inline constexpr llvm::StringLiteral kVersion = "0.1.0";

/// Runs passes; `what` is what failed if they fail without a message. With
/// `verify` the module is interpreted before and after each of them.
llvm::Error runPassManager(mlir::PassManager &pm, mlir::ModuleOp module,
                           const CompileLog &log, llvm::StringRef what,
                           bool verify = false,
                           std::vector<RewriteCount> *rewrites = nullptr);

/// Runs `passes` or, without them, recognition and (with `simplify`)
/// simplification, and says what became of the model.
llvm::Expected<ModelSummary>
transformModel(mlir::ModuleOp module, const std::optional<std::string> &passes,
               bool simplify, bool verify, const CompileLog &log);

/// Counts parameters, blocks and what stayed onnx.
ModelSummary summariseModel(mlir::ModuleOp module);

/// Refuses to write over the model itself; `option` says what the path is.
llvm::Error checkIsNotModel(llvm::StringRef option, llvm::StringRef path,
                            llvm::StringRef model);

} // namespace ockham

#endif // OCKHAM_LIB_DRIVER_MODELPASSES_H
