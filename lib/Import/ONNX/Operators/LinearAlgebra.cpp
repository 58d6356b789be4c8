//===- LinearAlgebra.cpp - Matrix products --------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

using namespace mlir;

namespace ockham::importer {

LogicalResult importGemm(NodeImporter &n) {
  OpBuilder &b = n.getBuilder();
  Value a = n.getOperand(0);
  return n.setResult(n.createWithOptional<onnx::GemmOp>(
      n.getElement(a), a, n.getOperand(1), n.getOperand(2),
      b.getF64FloatAttr(n.getFloat("alpha", 1)),
      b.getF64FloatAttr(n.getFloat("beta", 1)),
      n.getInt("transA", 0) ? b.getUnitAttr() : UnitAttr(),
      n.getInt("transB", 0) ? b.getUnitAttr() : UnitAttr()));
}

} // namespace ockham::importer
