//===- OckhamDialect.h - Weights, checks, the host table --------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_DIALECTS_OCKHAM_OCKHAMDIALECT_H
#define OCKHAM_DIALECTS_OCKHAM_OCKHAMDIALECT_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Ockham/OckhamDialect.h.inc"

#include "dialects/Ockham/OckhamEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Ockham/OckhamAttrs.h.inc"

#define GET_OP_CLASSES
#include "dialects/Ockham/OckhamOps.h.inc"

namespace ockham {
/// Names of the discardable attributes of entry points and their arguments.
inline constexpr llvm::StringLiteral kEntryAttrName = "ockham.entry";
inline constexpr llvm::StringLiteral kNameAttrName = "ockham.name";
inline constexpr llvm::StringLiteral kDimsAttrName = "ockham.dims";
inline constexpr llvm::StringLiteral kWorkspaceAttrName = "ockham.workspace";
} // namespace ockham

#endif // OCKHAM_DIALECTS_OCKHAM_OCKHAMDIALECT_H
