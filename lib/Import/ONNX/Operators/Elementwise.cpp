//===- Elementwise.cpp - Point-wise operators -----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "../TensorReader.h"
#include "ockham/Support/ConstantData.h"

using namespace mlir;

namespace ockham::importer {

// The exponent may have a type of its own.
LogicalResult importPow(NodeImporter &n) {
  return n.setResult(n.create<onnx::PowOp>(n.getElement(n.getOperand(0)),
                                           n.getOperand(0), n.getOperand(1)));
}

LogicalResult importXor(NodeImporter &n) {
  Type i1 = n.getBuilder().getI1Type();
  Value equal = n.create<onnx::EqualOp>(i1, n.getOperand(0), n.getOperand(1));
  return n.setResult(n.create<onnx::NotOp>(i1, equal));
}

/// `x != x`, which only a NaN satisfies.
static Value createIsNaN(NodeImporter &n, Value x) {
  Type i1 = n.getBuilder().getI1Type();
  return n.create<onnx::NotOp>(i1, n.create<onnx::EqualOp>(i1, x, x));
}

LogicalResult importIsNaN(NodeImporter &n) {
  return n.setResult(createIsNaN(n, n.getOperand(0)));
}

/// Folds the operands from the left.
static LogicalResult importVariadic(NodeImporter &n,
                                    llvm::function_ref<Value(Value, Value)> f) {
  Value result = n.getOperand(0);
  for (unsigned i = 1; i < n.getNumOperands(); ++i) {
    if (!n.hasOperand(i))
      return n.fail("operand #" + llvm::Twine(i) + " is left out");
    result = f(result, n.getOperand(i));
  }
  return n.setResult(result);
}

/// Where `CompareOp` holds, lhs; else rhs. A NaN on either side wins.
template <typename CompareOp>
static LogicalResult importExtremum(NodeImporter &n) {
  Type i1 = n.getBuilder().getI1Type();
  return importVariadic(n, [&](Value lhs, Value rhs) -> Value {
    if (!lhs)
      return Value();
    Type element = n.getElement(lhs);
    Value takeLeft = n.create<CompareOp>(i1, lhs, rhs);
    if (isa<FloatType>(element))
      takeLeft = n.create<onnx::OrOp>(i1, takeLeft, createIsNaN(n, lhs));
    return n.create<onnx::WhereOp>(element, takeLeft, lhs, rhs);
  });
}

LogicalResult importMin(NodeImporter &n) {
  return importExtremum<onnx::LessOp>(n);
}

LogicalResult importMax(NodeImporter &n) {
  return importExtremum<onnx::GreaterOp>(n);
}

LogicalResult importSum(NodeImporter &n) {
  return importVariadic(n, [&](Value lhs, Value rhs) {
    return n.create<onnx::AddOp>(n.getElement(rhs), lhs, rhs);
  });
}

LogicalResult importMean(NodeImporter &n) {
  if (failed(n.requireFloat(n.getOperand(0))))
    return failure();
  Type element = n.getElement(n.getOperand(0));
  Value sum = n.getOperand(0);
  for (unsigned i = 1; i < n.getNumOperands(); ++i)
    sum = n.create<onnx::AddOp>(element, sum, n.getOperand(i));
  return n.setResult(n.create<onnx::DivOp>(
      element, sum, n.createScalar(element, n.getNumOperands())));
}

LogicalResult importWhere(NodeImporter &n) {
  Value lhs = n.getOperand(1), rhs = n.getOperand(2);
  n.unifyScalars(lhs, rhs);
  return n.setResult(
      n.create<onnx::WhereOp>(n.getElement(lhs), n.getOperand(0), lhs, rhs));
}

// The value goes by both names: axes and shapes behind an Identity stay
// visible.
LogicalResult importIdentity(NodeImporter &n) {
  return n.setResult(n.getOperand(0));
}

// Inference: nothing is dropped.
LogicalResult importDropout(NodeImporter &n) {
  if (n.hasOperand(2)) {
    std::optional<ConstantData> training = ConstantData::get(n.getOperand(2));
    if (!training || training->size() != 1)
      return n.fail("needs a constant for 'training_mode', but it is computed");
    if (training->getInt(0))
      return n.fail("training_mode is true, expected an inference graph");
  }
  Value x = n.getOperand(0);
  if (n.isResultUsed(1)) {
    // The mask is boolean since opset 10 and says that all elements stay.
    Type element =
        n.getOpset() < 10 ? n.getElement(x) : Type(n.getBuilder().getI1Type());
    if (failed(n.setResult(1, n.createFilled(element, x, 1))))
      return failure();
  }
  return n.setResult(x);
}

LogicalResult importCast(NodeImporter &n) {
  int32_t to = static_cast<int32_t>(n.getInt("to", 0));
  Type element = getElementType(to, n.getBuilder().getContext());
  if (!element)
    return n.fail("casts to element type " + getElementTypeName(to) +
                  ", which is not supported");
  return n.setResult(n.create<onnx::CastOp>(element, n.getOperand(0)));
}

LogicalResult importCastLike(NodeImporter &n) {
  return n.setResult(
      n.create<onnx::CastOp>(n.getElement(n.getOperand(1)), n.getOperand(0)));
}

} // namespace ockham::importer
