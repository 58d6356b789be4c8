//===- OckhamDeviceOps.cpp - What the host table has for kernels ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Ockham/OckhamDeviceOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "ockham-c/ModelABI.h"

using namespace mlir;
using namespace ockham;

#define GET_OP_CLASSES
#include "dialects/Ockham/OckhamDeviceOps.cpp.inc"

LogicalResult BranchesOp::verify() {
  if (getBranches().size() < 2)
    return emitOpError() << "has " << getBranches().size()
                         << " branches, expected at least 2";
  return success();
}

LogicalResult CheckRecordOp::verify() {
  size_t holes = getMessage().count("{}");
  if (holes != getValues())
    return emitOpError() << "message has " << holes
                         << " places for values but says that there are "
                         << getValues();
  auto type = cast<MemRefType>(getRecord().getType());
  if (type.getRank() != 1 || type.isDynamicDim(0) ||
      type.getDimSize(0) != OCKHAM_CHECK_RECORD_VALUES ||
      !type.getLayout().isIdentity())
    return emitOpError() << "gives a record of type " << type << ", expected "
                         << OCKHAM_CHECK_RECORD_VALUES
                         << " integers of 64 bits without gaps";
  if (getValues() >= OCKHAM_CHECK_RECORD_VALUES)
    return emitOpError() << "has " << getValues()
                         << " values, but a record has room for "
                         << OCKHAM_CHECK_RECORD_VALUES - 1;
  return success();
}
