//===- TransformerDialect.h - The tfm dialect -===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_DIALECTS_TRANSFORMER_TRANSFORMERDIALECT_H
#define OCKHAM_DIALECTS_TRANSFORMER_TRANSFORMERDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Transformer/TransformerDialect.h.inc"

#include "dialects/Transformer/TransformerEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Transformer/TransformerAttrs.h.inc"

#include "dialects/Transformer/TransformerOpInterfaces.h.inc"

#define GET_OP_CLASSES
#include "dialects/Transformer/TransformerOps.h.inc"

namespace ockham::tfm {
/// Moves the ops of a block or of parallel branches in front of it, one branch
/// after the other (one order of those that are allowed), and erases it.
void dissolve(mlir::Operation *op);
} // namespace ockham::tfm

#endif // OCKHAM_DIALECTS_TRANSFORMER_TRANSFORMERDIALECT_H
