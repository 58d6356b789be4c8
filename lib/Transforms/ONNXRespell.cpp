//===- ONNXRespell.cpp - One spelling of what is written in several -------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Differences that say nothing about the model, and would double the patterns
// of recognition.
//
//===----------------------------------------------------------------------===//

#include "ONNXEmitter.h"
#include "ONNXNormalize.h"

#include <cmath>

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;

/// A constant with one element that is a float.
static std::optional<double> getNumber(Value value,
                                       const FunctionShapes &shapes) {
  std::optional<ConstantData> data = shapes.getConstant(value);
  if (!data || data->size() != 1 || !isa<FloatType>(data->getElementType()))
    return std::nullopt;
  return data->getFloat(0);
}

/// Whether a number has no dimensions that it would lend to what it is combined
/// with.
static bool addsNoDimensions(Value number, Value other) {
  return cast<RankedTensorType>(number.getType()).getRank() <=
         cast<RankedTensorType>(other.getType()).getRank();
}

template <typename OpTy, typename... Args>
static Value replaceBy(Operation *op, FunctionShapes &shapes, Args... args) {
  OpBuilder builder(op);
  auto made =
      OpTy::create(builder, op->getLoc(), op->getResult(0).getType(), args...);
  shapes.visit(made);
  return made;
}

/// x, where `value` is -x in one of its spellings.
static Value getNegated(Value value, const FunctionShapes &shapes) {
  if (!isa<FloatType>(getElementTypeOrSelf(value)))
    return {};
  if (auto negation = value.getDefiningOp<NegOp>())
    return negation.getInput();
  if (auto product = value.getDefiningOp<MulOp>()) {
    for (auto [number, other] : {std::pair(product.getLhs(), product.getRhs()),
                                 std::pair(product.getRhs(), product.getLhs())})
      if (getNumber(number, shapes) == -1.0 && addsNoDimensions(number, other))
        return other;
  }
  if (auto quotient = value.getDefiningOp<DivOp>())
    if (getNumber(quotient.getRhs(), shapes) == -1.0 &&
        addsNoDimensions(quotient.getRhs(), quotient.getLhs()))
      return quotient.getLhs();
  // 0 - 0 is another zero than -0, which no sum tells apart.
  if (auto difference = value.getDefiningOp<SubOp>())
    if (getNumber(difference.getLhs(), shapes) == 0.0 &&
        addsNoDimensions(difference.getLhs(), difference.getRhs()))
      return difference.getRhs();
  return {};
}

/// a + (-b) is a - b, and a - (-b) is a + b.
static Value respellSum(Operation *op, FunctionShapes &shapes) {
  if (auto sum = dyn_cast<AddOp>(op)) {
    if (Value subtrahend = getNegated(sum.getRhs(), shapes))
      return replaceBy<SubOp>(op, shapes, sum.getLhs(), subtrahend);
    if (Value subtrahend = getNegated(sum.getLhs(), shapes))
      return replaceBy<SubOp>(op, shapes, sum.getRhs(), subtrahend);
  } else if (auto difference = dyn_cast<SubOp>(op)) {
    if (Value addend = getNegated(difference.getRhs(), shapes))
      return replaceBy<AddOp>(op, shapes, difference.getLhs(), addend);
  }
  return {};
}

/// x (-1), x / (-1) and 0 - x are -x.
static Value respellNegation(Operation *op, FunctionShapes &shapes) {
  if (!isa<MulOp, DivOp, SubOp>(op))
    return {};
  Value value = getNegated(op->getResult(0), shapes);
  return value ? replaceBy<NegOp>(op, shapes, value) : Value();
}

/// A sum over n elements times 1 / n, or divided by n, is a mean.
static Value respellMean(Operation *op, FunctionShapes &shapes) {
  if (!isa<MulOp, DivOp>(op))
    return {};
  for (unsigned i : {0, 1}) {
    auto sum = op->getOperand(i).getDefiningOp<ReduceSumOp>();
    std::optional<double> number = getNumber(op->getOperand(1 - i), shapes);
    if (!sum || !number || (isa<DivOp>(op) && i != 0) ||
        !addsNoDimensions(op->getOperand(1 - i), sum))
      continue;
    SymbolicShape dims = shapes.getDims(sum.getInput());
    double count = 1.0;
    for (int64_t axis : sum.getAxes())
      count *= static_cast<double>(dims[axis].getConstant().value_or(0));
    double factor = isa<DivOp>(op) ? 1.0 / *number : *number;
    // As it went through float32.
    if (sum.getAxes().empty() || !(std::abs(factor * count - 1.0) <= 1e-6))
      continue;
    return replaceBy<ReduceMeanOp>(op, shapes, sum.getInput(), sum.getAxes(),
                                   sum.getKeepdims());
  }
  return {};
}

/// Where(not c, a, b) is Where(c, b, a).
static Value respellChoice(Operation *op, FunctionShapes &shapes) {
  auto choice = dyn_cast<WhereOp>(op);
  if (!choice)
    return {};
  auto opposite = choice.getCondition().getDefiningOp<NotOp>();
  if (!opposite)
    return {};
  return replaceBy<WhereOp>(op, shapes, opposite.getInput(), choice.getRhs(),
                            choice.getLhs());
}

/// (x c) d is x (c d), and (x + c) + d is x + (c + d), of numbers.
static Value joinNumbers(Operation *op, FunctionShapes &shapes) {
  if (!isa<AddOp, MulOp>(op))
    return {};
  for (unsigned i : {0, 1}) {
    Operation *inner = op->getOperand(i).getDefiningOp();
    Value outerNumber = op->getOperand(1 - i);
    std::optional<double> outer = getNumber(outerNumber, shapes);
    if (!outer || !inner || inner->getName() != op->getName() ||
        outerNumber.getDefiningOp<LoadWeightOp>() ||
        !addsNoDimensions(outerNumber, op->getOperand(i)))
      continue;
    for (unsigned j : {0, 1}) {
      Value innerNumber = inner->getOperand(j);
      std::optional<double> number = getNumber(innerNumber, shapes);
      if (!number || innerNumber.getDefiningOp<LoadWeightOp>() ||
          !addsNoDimensions(innerNumber, inner->getOperand(1 - j)))
        continue;
      double joined = isa<AddOp>(op) ? *number + *outer : *number * *outer;
      auto type = cast<FloatType>(getElementTypeOrSelf(op->getResult(0)));
      OpBuilder builder(op);
      Emitter emit(shapes, op);
      Value value = emit.scalar(builder.getFloatAttr(type, joined));
      return isa<AddOp>(op)
                 ? replaceBy<AddOp>(op, shapes, inner->getOperand(1 - j), value)
                 : replaceBy<MulOp>(op, shapes, inner->getOperand(1 - j),
                                    value);
    }
  }
  return {};
}

/// a (1 / b) is a / b.
static Value respellQuotient(Operation *op, FunctionShapes &shapes) {
  if (!isa<MulOp>(op))
    return {};
  for (unsigned i : {1, 0})
    if (auto inverse = op->getOperand(i).getDefiningOp<ReciprocalOp>())
      return replaceBy<DivOp>(op, shapes, op->getOperand(1 - i),
                              inverse.getInput());
  return {};
}

/// The operand of `op` that a number, the other one, multiplies or divides; -1
/// if there is none.
static int findScaled(Operation *op, const FunctionShapes &shapes) {
  if (!isa<MulOp, DivOp>(op))
    return -1;
  for (int scaled = 0, e = isa<MulOp>(op) ? 2 : 1; scaled < e; ++scaled) {
    Value number = op->getOperand(1 - scaled);
    if (getNumber(number, shapes) && !number.getDefiningOp<LoadWeightOp>() &&
        addsNoDimensions(number, op->getOperand(scaled)))
      return scaled;
  }
  return -1;
}

/// `scale` with `value` instead of what it scales now.
static Value rescale(Operation *scale, int scaled, Value value,
                     Operation *before, FunctionShapes &shapes) {
  Value operands[] = {value, value};
  operands[1 - scaled] = scale->getOperand(1 - scaled);
  return Emitter(shapes, before).clone(scale, operands, shapes.getDims(value));
}

/// Two transpositions with a scale between them are one, behind the scale.
static Value joinTransposes(Operation *op, FunctionShapes &shapes) {
  auto outer = dyn_cast<TransposeOp>(op);
  Operation *scale = outer ? outer.getInput().getDefiningOp() : nullptr;
  int scaled = scale && scale->hasOneUse() ? findScaled(scale, shapes) : -1;
  auto inner = scaled < 0
                   ? TransposeOp()
                   : scale->getOperand(scaled).getDefiningOp<TransposeOp>();
  if (!inner)
    return {};
  SmallVector<int64_t> perm;
  for (int64_t dim : outer.getPerm())
    perm.push_back(inner.getPerm()[dim]);
  Value value = rescale(scale, scaled, inner.getInput(), op, shapes);
  return Emitter(shapes, op).transpose(value, perm);
}

static bool isWeight(Value value) {
  while (auto transpose = value.getDefiningOp<TransposeOp>())
    value = transpose.getInput();
  return isa_and_nonnull<LoadWeightOp>(value.getDefiningOp());
}

/// (x W) c + b, of a weight W and a vector b, is (x c) W + b: the product and
/// its bias are one linear then. Without a bias the number may be the gain of a
/// residual connection, which stays where it is.
static Value scaleBeforeProduct(Operation *op, FunctionShapes &shapes) {
  int scaled = op->hasOneUse() ? findScaled(op, shapes) : -1;
  auto product = scaled < 0 ? MatMulOp()
                            : op->getOperand(scaled).getDefiningOp<MatMulOp>();
  auto sum = dyn_cast_or_null<AddOp>(op->hasOneUse() ? *op->getUsers().begin()
                                                     : nullptr);
  if (!product || !sum || !product->hasOneUse() ||
      !isWeight(product.getRhs()) || isWeight(product.getLhs()) ||
      cast<RankedTensorType>(product.getLhs().getType()).getRank() < 2)
    return {};
  Value bias = sum.getLhs() == op->getResult(0) ? sum.getRhs() : sum.getLhs();
  auto biasType = cast<RankedTensorType>(bias.getType());
  if (biasType.getRank() != 1 || !shapes.getConstant(bias))
    return {};
  Value input = rescale(op, scaled, product.getLhs(), op, shapes);
  return Emitter(shapes, op)
      .matMul(input, product.getRhs(), shapes.getDims(op->getResult(0)));
}

Value ockham::onnx::respell(Operation *op, FunctionShapes &shapes) {
  if (Value value = respellSum(op, shapes))
    return value;
  if (Value value = respellNegation(op, shapes))
    return value;
  if (Value value = respellMean(op, shapes))
    return value;
  if (Value value = joinNumbers(op, shapes))
    return value;
  if (Value value = respellQuotient(op, shapes))
    return value;
  if (Value value = joinTransposes(op, shapes))
    return value;
  if (Value value = scaleBeforeProduct(op, shapes))
    return value;
  return respellChoice(op, shapes);
}
