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
#include "ockham/Target/CUDA/DeviceCode.h"
#include "ockham/Target/Package/ModelDescription.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

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

/// Lowers linalg on tensors to a host program in the LLVM dialect, and to
/// kernels in the NVVM dialect in its gpu.module.
llvm::Error lowerForCUDA(mlir::ModuleOp module, const DeviceCodeOptions &device,
                         const CompileLog &log,
                         std::string *memoryPlan = nullptr);

/// As generateCode, for GPUs: an object file with the host program, the table
/// of kernels and their code.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
generateCUDACode(mlir::ModuleOp module, const DeviceCodeOptions &options,
                 llvm::raw_pwrite_stream &object, ModelDescription &description,
                 const CompileLog &log, std::string *memoryPlan = nullptr);

/// Translates to LLVM IR.
llvm::Expected<std::unique_ptr<llvm::Module>>
translateToLLVM(mlir::ModuleOp module, llvm::LLVMContext &context,
                llvm::StringRef name, const CompileLog &log);

} // namespace ockham

#endif // OCKHAM_LIB_DRIVER_GENERATECODE_H
