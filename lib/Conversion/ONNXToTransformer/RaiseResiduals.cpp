//===- RaiseResiduals.cpp - Sums and gains become tfm.add_scaled, tfm.scale
//===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Expressions.h"
#include "Extents.h"
#include "Raising.h"

using namespace mlir;

namespace ockham::raising {

namespace {

/// gain * value; a null gain is 1.
struct Scaled {
  Value value;
  Value gain;
};

} // namespace

/// Takes one gain off a value. The product itself stays if others read it.
static Scaled peelGain(OpBuilder &builder, Value value) {
  Operation *op = value.getDefiningOp();
  if (auto mul = dyn_cast_or_null<onnx::MulOp>(op)) {
    for (auto [inner, factor] : {std::pair(mul.getLhs(), mul.getRhs()),
                                 std::pair(mul.getRhs(), mul.getLhs())})
      if (inner.getType() == value.getType())
        if (Value gain = getGain(builder, factor, value))
          return {inner, gain};
  } else if (auto div = dyn_cast_or_null<onnx::DivOp>(op)) {
    std::optional<double> divisor = getScalar(div.getRhs());
    if (divisor && *divisor != 0.0 && div.getLhs().getType() == value.getType())
      return {div.getLhs(),
              makeSplat(builder, div.getLoc(), getElementTypeOrSelf(value), 0,
                        1.0 / *divisor)};
  } else if (auto neg = dyn_cast_or_null<onnx::NegOp>(op)) {
    return {neg.getInput(), makeSplat(builder, neg.getLoc(),
                                      getElementTypeOrSelf(value), 0, -1.0)};
  }
  return {value, Value()};
}

/// Whether two activations have the same extents at run time, so that nothing
/// is broadcast.
static bool haveEqualExtents(Value lhs, Value rhs) {
  return lhs.getType() == rhs.getType() &&
         getExtent(lhs, 0) == getExtent(rhs, 0) &&
         getExtent(lhs, 1) == getExtent(rhs, 1) &&
         getExtent(lhs, 2) == getExtent(rhs, 2);
}

static void raiseSum(Raiser &raiser, Operation *op, bool isDifference) {
  Value result = op->getResult(0);
  if (!isRows(result) ||
      !haveEqualExtents(op->getOperand(0), op->getOperand(1)) ||
      op->getOperand(0).getType() != result.getType())
    return;
  OpBuilder &builder = raiser.at(op);
  Scaled lhs = peelGain(builder, op->getOperand(0));
  Scaled rhs{op->getOperand(1), Value()};
  if (isDifference)
    rhs.gain =
        makeSplat(builder, op->getLoc(), getElementTypeOrSelf(result), 0, -1.0);
  else
    rhs = peelGain(builder, rhs.value);
  Value sum = tfm::AddScaledOp::create(builder, op->getLoc(), lhs.value,
                                       rhs.value, lhs.gain, rhs.gain);
  (void)raiser.replace(result, sum);
}

/// A gated MLP: an activation times what another linear gives.
static void raiseGate(Raiser &raiser, Operation *op) {
  Value lhs = op->getOperand(0), rhs = op->getOperand(1);
  Value result = op->getResult(0);
  if ((!lhs.getDefiningOp<tfm::ActivationOp>() &&
       !rhs.getDefiningOp<tfm::ActivationOp>()) ||
      !haveEqualExtents(lhs, rhs) || lhs.getType() != result.getType())
    return;
  (void)raiser.replace(
      result, tfm::GateOp::create(raiser.at(op), op->getLoc(), lhs, rhs));
}

static void raiseProduct(Raiser &raiser, Operation *op) {
  Value result = op->getResult(0);
  if (!isRows(result))
    return;
  OpBuilder &builder = raiser.at(op);
  Scaled scaled = peelGain(builder, result);
  if (scaled.gain)
    (void)raiser.replace(
        result,
        tfm::ScaleOp::create(builder, op->getLoc(), scaled.value, scaled.gain));
  else if (isa<onnx::MulOp>(op))
    raiseGate(raiser, op);
}

void raiseResiduals(Raiser &raiser) {
  raiser.walkBackwards([&](Operation *op) {
    if (isa<onnx::AddOp, onnx::SubOp>(op))
      raiseSum(raiser, op, isa<onnx::SubOp>(op));
    else if (isa<onnx::MulOp, onnx::DivOp, onnx::NegOp>(op))
      raiseProduct(raiser, op);
  });
}

} // namespace ockham::raising
