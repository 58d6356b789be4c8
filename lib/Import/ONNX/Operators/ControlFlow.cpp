//===- ControlFlow.cpp - Branches -----------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "../IndexValues.h"
#include "../Origins.h"
#include "ockham/Support/ConstantData.h"

using namespace mlir;

namespace ockham::importer {

LogicalResult importIf(NodeImporter &n) {
  Value condition = n.getOperand(0);
  RankedTensorType type = n.getType(condition);
  if (!type.getElementType().isInteger(1))
    return n.fail("its condition has element type " +
                  print(type.getElementType()) + ", expected i1");
  ElementsAttr elements = evaluateConstant(condition);
  if (!elements)
    return n.fail("its condition " + quote(n.getOperandName(0)) +
                  " is not constant: it is computed from " +
                  explainOrigins(condition));
  std::optional<ConstantData> data = ConstantData::get(elements);
  if (!data || data->size() != 1)
    return n.fail("its condition has shape " + formatShape(type.getShape()) +
                  ", expected one element");
  return n.importBranch(data->getInt(0) ? "then_branch" : "else_branch");
}

} // namespace ockham::importer
