//===- Passes.h - Transforms of onnx and tfm modules ------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TRANSFORMS_PASSES_H
#define OCKHAM_TRANSFORMS_PASSES_H

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "ockham/Support/RewritePass.h"

namespace ockham {

#define GEN_PASS_DECL
#include "ockham/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "ockham/Transforms/Passes.h.inc"

/// `--ockham-plan-memory` that writes the plans to `table`, which outlives it.
std::unique_ptr<mlir::Pass> createPlanMemory(llvm::raw_ostream &table);

} // namespace ockham

#endif // OCKHAM_TRANSFORMS_PASSES_H
