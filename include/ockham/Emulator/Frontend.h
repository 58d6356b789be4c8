//===- Frontend.h - From MLIR to what the emulator runs ---------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_EMULATOR_FRONTEND_H
#define OCKHAM_EMULATOR_FRONTEND_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace ockham::emulator {

/// Lowers the one `gpu.module` of `module` as the GPU target does, up to the
/// bitcode that the NVPTX backend would get. `chip` is taken where the module
/// names no target itself. The module's own locations become debug information,
/// if `debugInfo` is set. Errors of passes are diagnostics as usual.
llvm::Expected<std::string> compileKernels(mlir::ModuleOp module,
                                           llvm::StringRef chip,
                                           bool debugInfo = true);

} // namespace ockham::emulator

#endif // OCKHAM_EMULATOR_FRONTEND_H
