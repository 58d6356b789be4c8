//===- OckhamDialect.cpp - The dialect and its discardable attributes -----===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Ockham/OckhamDeviceOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ockham;

#include "dialects/Ockham/OckhamDialect.cpp.inc"

#include "dialects/Ockham/OckhamEnums.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/Ockham/OckhamAttrs.cpp.inc"

void OckhamDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Ockham/OckhamAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Ockham/OckhamOps.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Ockham/OckhamDeviceOps.cpp.inc"
      >();
}

LogicalResult OckhamDialect::verifyOperationAttribute(Operation *op,
                                                      NamedAttribute attr) {
  if (attr.getName() == kWorkspaceAttrName) {
    if (!isa<FunctionOpInterface>(op) || !op->hasAttr(kEntryAttrName))
      return op->emitOpError() << "carries '" << kWorkspaceAttrName
                               << "', which belongs on an entry point";
    if (!isa<FlatSymbolRefAttr>(attr.getValue()))
      return op->emitOpError()
             << "has '" << kWorkspaceAttrName << "' = " << attr.getValue()
             << ", expected the name of a function, e.g. @forward_workspace";
    return success();
  }
  if (attr.getName() != kEntryAttrName)
    return success();
  if (!isa<FunctionOpInterface>(op))
    return op->emitOpError()
           << "carries '" << kEntryAttrName << "', which belongs on a function";
  auto kind = dyn_cast<StringAttr>(attr.getValue());
  static constexpr StringLiteral kinds[] = {"forward", "prefill",    "decode",
                                            "loss",    "train_step", "other"};
  if (!kind || !llvm::is_contained(kinds, kind.getValue()))
    return op->emitOpError()
           << "has '" << kEntryAttrName << "' = " << attr.getValue()
           << ", expected one of \"forward\", \"prefill\", \"decode\", "
              "\"loss\", \"train_step\", \"other\"";
  return success();
}

/// Verifies `ockham.name` and `ockham.dims` on a value of the given type.
static LogicalResult verifySignatureAttribute(Operation *op, StringRef what,
                                              unsigned index, Type type,
                                              NamedAttribute attr) {
  if (attr.getName() == kNameAttrName) {
    if (!isa<StringAttr>(attr.getValue()))
      return op->emitOpError()
             << what << " #" << index << " has '" << kNameAttrName
             << "' = " << attr.getValue() << ", expected a string";
    return success();
  }
  if (attr.getName() != kDimsAttrName)
    return success();
  auto names = dyn_cast<ArrayAttr>(attr.getValue());
  if (!names || !llvm::all_of(names, llvm::IsaPred<StringAttr>))
    return op->emitOpError()
           << what << " #" << index << " has '" << kDimsAttrName
           << "' = " << attr.getValue() << ", expected an array of strings";
  auto shaped = dyn_cast<ShapedType>(type);
  if (shaped && shaped.hasRank() &&
      static_cast<int64_t>(names.size()) != shaped.getRank())
    return op->emitOpError() << what << " #" << index << " has rank "
                             << shaped.getRank() << " but '" << kDimsAttrName
                             << "' names " << names.size() << " dimensions";
  return success();
}

LogicalResult OckhamDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                      unsigned argIndex,
                                                      NamedAttribute attr) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return success();
  return verifySignatureAttribute(op, "argument", argIndex,
                                  function.getArgumentTypes()[argIndex], attr);
}

LogicalResult OckhamDialect::verifyRegionResultAttribute(Operation *op,
                                                         unsigned,
                                                         unsigned resultIndex,
                                                         NamedAttribute attr) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function)
    return success();
  return verifySignatureAttribute(op, "result", resultIndex,
                                  function.getResultTypes()[resultIndex], attr);
}
