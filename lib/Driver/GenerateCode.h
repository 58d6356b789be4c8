//===- GenerateCode.h - Object files of a module ----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_DRIVER_GENERATECODE_H
#define OCKHAM_LIB_DRIVER_GENERATECODE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "ockham/Driver/Compile.h"
#include "ockham/Target/CPU/Codegen.h"
#include "ockham/Target/Package/ModelDescription.h"

namespace ockham {

/// Lowers linalg on tensors to the LLVM dialect, for one processor. Appends the
/// table of what lies where in the arena to `memoryPlan`.
llvm::Error lowerForCPU(mlir::ModuleOp module, const CPUTarget &target,
                        const CompileLog &log,
                        std::string *memoryPlan = nullptr);

/// Writes one object file for each target from a module of linalg on tensors,
/// and describes the weights. All but the first target get a copy of the
/// module, and have the same plan of memory. Returns what holds the weights, as
/// long as `description` is used.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
generateCode(mlir::ModuleOp module, llvm::ArrayRef<CPUTarget> targets,
             llvm::ArrayRef<llvm::raw_pwrite_stream *> objects,
             ModelDescription &description, const CompileLog &log,
             std::string *memoryPlan = nullptr);

} // namespace ockham

#endif // OCKHAM_LIB_DRIVER_GENERATECODE_H
