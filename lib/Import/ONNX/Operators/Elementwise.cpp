//===- Elementwise.cpp - Point-wise operators -----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"
#include "Operators.h"

#include "../TensorReader.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ockham/Support/ConstantData.h"

#include <limits>

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

LogicalResult importMod(NodeImporter &n) {
  OpBuilder &b = n.getBuilder();
  return n.setResult(n.create<onnx::ModOp>(
      n.getElement(n.getOperand(0)), n.getOperand(0), n.getOperand(1),
      n.getInt("fmod", 0) ? b.getUnitAttr() : UnitAttr()));
}

LogicalResult importBitShift(NodeImporter &n) {
  StringRef direction = n.getString("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return n.fail("direction is " + quote(direction) +
                  ", expected 'LEFT' or 'RIGHT'");
  OpBuilder &b = n.getBuilder();
  return n.setResult(n.create<onnx::BitShiftOp>(
      n.getElement(n.getOperand(0)), n.getOperand(0), n.getOperand(1),
      direction == "LEFT" ? b.getUnitAttr() : UnitAttr()));
}

// All bits turned by those of a number that has them all.
LogicalResult importBitwiseNot(NodeImporter &n) {
  Value x = n.getOperand(0);
  auto element = dyn_cast<IntegerType>(n.getElement(x));
  if (!element)
    return n.fail("operand has element type " + print(n.getElement(x)) +
                  ", expected integers");
  Value ones = onnx::ConstantOp::create(
      n.getBuilder(), n.getLoc(),
      DenseElementsAttr::get(RankedTensorType::get({}, element),
                             APInt::getAllOnes(element.getWidth())));
  return n.setResult(n.create<onnx::BitwiseXorOp>(element, x, ones));
}

/// `x != x`, which only a NaN satisfies.
LogicalResult importIsNaN(NodeImporter &n) {
  Type i1 = n.getBuilder().getI1Type();
  Value x = n.getOperand(0);
  return n.setResult(
      n.create<onnx::NotOp>(i1, n.create<onnx::EqualOp>(i1, x, x)));
}

LogicalResult importIsInf(NodeImporter &n) {
  Type i1 = n.getBuilder().getI1Type();
  Value x = n.getOperand(0);
  if (failed(n.requireFloat(x)))
    return failure();
  bool positive = n.getInt("detect_positive", 1);
  bool negative = n.getInt("detect_negative", 1);
  if (!positive && !negative)
    return n.setResult(n.createFilled(i1, x, 0));
  double infinity = std::numeric_limits<double>::infinity();
  Type element = n.getElement(x);
  if (positive && negative)
    x = n.create<onnx::AbsOp>(element, x);
  Value bound = n.createScalar(element, positive ? infinity : -infinity);
  return n.setResult(n.create<onnx::EqualOp>(i1, x, bound));
}

// 1, -1, or the operand itself, which is then 0 or NaN.
LogicalResult importSign(NodeImporter &n) {
  Type i1 = n.getBuilder().getI1Type();
  Value x = n.getOperand(0), sign = x;
  Type element = n.getElement(x);
  auto number = [&](double value) { return n.createScalar(element, value); };
  if (!element.isUnsignedInteger())
    sign = n.create<onnx::WhereOp>(
        element, n.create<onnx::LessOp>(i1, x, number(0)), number(-1), sign);
  return n.setResult(n.create<onnx::WhereOp>(
      element, n.create<onnx::GreaterOp>(i1, x, number(0)), number(1), sign));
}

/// None of the operands may be left out.
static LogicalResult requireOperands(NodeImporter &n) {
  for (unsigned i = 0; i < n.getNumOperands(); ++i)
    if (!n.hasOperand(i))
      return n.fail("operand #" + llvm::Twine(i) + " is left out");
  return success();
}

/// Folds the operands from the left.
template <typename OpT>
static LogicalResult importChain(NodeImporter &n) {
  if (failed(requireOperands(n)))
    return failure();
  Value result = n.getOperand(0);
  for (Value operand : n.getOperands().drop_front())
    result = n.create<OpT>(n.getElement(operand), result, operand);
  return n.setResult(result);
}

/// The sum of all operands; that of several 16-bit floats in f32.
static Value createSum(NodeImporter &n) {
  if (failed(requireOperands(n)))
    return Value();
  Value sum = n.getOperand(0);
  Type element = n.getElement(sum);
  for (Value operand : n.getOperands().drop_front())
    if (n.getElement(operand) != element) {
      (void)n.fail("operands have different element types " + print(element) +
                   " and " + print(n.getElement(operand)));
      return Value();
    }
  Type wide = element;
  if (isa<FloatType>(element) && element.getIntOrFloatBitWidth() < 32 &&
      n.getNumOperands() > 2)
    wide = n.getBuilder().getF32Type();
  sum = castTo(n, wide, sum);
  for (Value operand : n.getOperands().drop_front())
    sum = n.create<onnx::AddOp>(wide, sum, castTo(n, wide, operand));
  return sum;
}

LogicalResult importMin(NodeImporter &n) { return importChain<onnx::MinOp>(n); }

LogicalResult importMax(NodeImporter &n) { return importChain<onnx::MaxOp>(n); }

// Sums of 16-bit floats are rounded once, at their end.
LogicalResult importSum(NodeImporter &n) {
  Value sum = createSum(n);
  return n.setResult(sum ? castTo(n, n.getElement(n.getOperand(0)), sum) : sum);
}

LogicalResult importMean(NodeImporter &n) {
  if (failed(n.requireFloat(n.getOperand(0))))
    return failure();
  Value sum = createSum(n);
  if (!sum)
    return failure();
  Type wide = n.getElement(sum);
  Value mean = n.create<onnx::DivOp>(wide, sum,
                                     n.createScalar(wide, n.getNumOperands()));
  return n.setResult(castTo(n, n.getElement(n.getOperand(0)), mean));
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

/// Refuses a Dropout that drops, now or, where it depends on operands of the
/// graph, when the model runs. Before opset 12 there was no such thing.
static LogicalResult requireInference(NodeImporter &n) {
  if (!n.hasOperand(2))
    return success();
  static constexpr StringLiteral message =
      "training_mode is true, expected an inference graph: export the model in "
      "evaluation mode";
  auto find = [&](unsigned i, double otherwise) -> std::optional<double> {
    if (!n.hasOperand(i))
      return otherwise;
    std::optional<ConstantData> data = ConstantData::get(n.getOperand(i));
    return data ? data->getSplatFloat() : std::nullopt;
  };
  std::optional<double> ratio = find(1, 0.5), training = find(2, 0);
  // Nothing is dropped with a ratio of 0, whatever the mode.
  if (training == 0.0 || ratio == 0.0)
    return success();
  if (training && ratio)
    return n.fail(message);
  Type i1 = n.getBuilder().getI1Type();
  Value drops = n.getOperand(2);
  if (!ratio) {
    Value zero = n.createScalar(n.getElement(n.getOperand(1)), 0);
    Value isZero = n.create<onnx::EqualOp>(i1, n.getOperand(1), zero);
    drops = n.create<onnx::AndOp>(i1, drops, n.create<onnx::NotOp>(i1, isZero));
  }
  Value keeps = n.create<onnx::NotOp>(i1, drops);
  if (!keeps)
    return failure();
  if (n.getType(keeps).getRank() != 0)
    return n.fail("training_mode and ratio have shape " +
                  formatShape(n.getType(keeps).getShape()) +
                  ", expected scalars");
  Value condition =
      tensor::ExtractOp::create(n.getBuilder(), n.getLoc(), keeps);
  n.createCheck(condition, message);
  return success();
}

LogicalResult importDropout(NodeImporter &n) {
  if (failed(requireInference(n)))
    return failure();
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
