//===- Passes.h - Host programs of GPUs -------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TARGET_CUDA_HOST_PASSES_H
#define OCKHAM_TARGET_CUDA_HOST_PASSES_H

#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace ockham {

#define GEN_PASS_DECL
#include "ockham/Target/CUDA/Host/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "ockham/Target/CUDA/Host/Passes.h.inc"

} // namespace ockham

#endif // OCKHAM_TARGET_CUDA_HOST_PASSES_H
