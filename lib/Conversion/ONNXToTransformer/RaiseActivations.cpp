//===- RaiseActivations.cpp - Point-wise activations become tfm.activation ===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Expressions.h"
#include "Raising.h"
#include "llvm/ADT/SetVector.h"

#include <cmath>

using namespace mlir;

namespace ockham::raising {

static LogicalResult createActivation(Raiser &raiser, tfm::ActivationKind kind,
                                      Value input, Value slope,
                                      Value replaced) {
  Value activation =
      tfm::ActivationOp::create(raiser.at(replaced.getDefiningOp()),
                                replaced.getLoc(), kind, input, slope);
  return raiser.replace(replaced, activation);
}

static bool isFloatActivation(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() >= 1 && isa<FloatType>(type.getElementType());
}

//===----------------------------------------------------------------------===//
// GELU and SiLU: x times a gate of x
//===----------------------------------------------------------------------===//

/// What `value` may be a function of: itself and everything that it is
/// computed from by arithmetic, nearest first.
static SmallVector<Value> getArithmeticSources(Value value, unsigned depth) {
  llvm::SetVector<Value> found;
  found.insert(value);
  SmallVector<Value> front = {value};
  for (unsigned i = 0; i < depth; ++i) {
    SmallVector<Value> next;
    for (Value at : front) {
      Operation *op = at.getDefiningOp();
      if (!op || !isa<onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::DivOp,
                      onnx::PowOp, onnx::NegOp>(op))
        continue;
      for (Value operand : op->getOperands())
        if (operand.getType() == value.getType() && found.insert(operand))
          next.push_back(operand);
    }
    front = std::move(next);
  }
  return found.takeVector();
}

/// Whether the expression consists of exactly these monomials, up to rounding
/// of the coefficients.
static bool
isPolynomial(const Expression &expression,
             ArrayRef<std::pair<SmallVector<Factor, 2>, double>> expected) {
  return expression.terms.size() == expected.size() &&
         llvm::all_of(expected, [&](const auto &entry) {
           return isClose(expression.getCoefficient(entry.first), entry.second);
         });
}

namespace {

/// x * (offset + factor * gate(argument of x)).
struct GatedActivation {
  tfm::ActivationKind kind;
  StringRef concept_;
  /// The coefficients of the argument: of x and of x^3.
  double linear;
  double cubic;
  double offset;
  double factor;
};

} // namespace

static constexpr double kSqrtHalf = 0.70710678118654752440;
static constexpr double kSqrtTwoOverPi = 0.79788456080286535588;

static SmallVector<GatedActivation> getGatedActivations(Operation *gate) {
  if (isa<onnx::ErfOp>(gate))
    return {{tfm::ActivationKind::GELUErf, "a GELU (erf)", kSqrtHalf, 0.0, 0.5,
             0.5}};
  if (isa<onnx::TanhOp>(gate))
    return {{tfm::ActivationKind::GELUTanh, "a GELU (tanh)", kSqrtTwoOverPi,
             0.044715 * kSqrtTwoOverPi, 0.5, 0.5}};
  return {{tfm::ActivationKind::SiLU, "a SiLU", 1.0, 0.0, 0.0, 1.0},
          {tfm::ActivationKind::GELUSigmoid, "a GELU (sigmoid)", 1.702, 0.0,
           0.0, 1.0}};
}

static LogicalResult raiseGated(Raiser &raiser, Operation *gate,
                                const GatedActivation &kind, Attempt &attempt) {
  attempt.addAnchor(gate);
  attempt.found(gate);
  Value argument = gate->getOperand(0), result = gate->getResult(0);

  Value input;
  for (Value candidate : getArithmeticSources(argument, 6)) {
    Expression expression = getExpression(argument, candidate, Scalars::All);
    if (candidate == argument)
      expression.terms = {{1.0, {{candidate, 1}}}};
    if (kind.cubic == 0.0
            ? isPolynomial(expression, {{{{candidate, 1}}, kind.linear}})
            : isPolynomial(expression, {{{{candidate, 1}}, kind.linear},
                                        {{{candidate, 3}}, kind.cubic}})) {
      input = candidate;
      break;
    }
  }
  if (!input)
    return attempt.fail(
        argument.getDefiningOp() ? argument.getDefiningOp() : gate,
        kind.cubic == 0.0
            ? "the argument is not x times " + std::to_string(kind.linear)
            : "the argument is not " + std::to_string(kind.linear) +
                  " (x + 0.044715 x^3)");
  attempt.found(gate);

  for (Value reader : getElementwiseReaders(result, 5)) {
    if (reader.getType() != input.getType())
      continue;
    SmallVector<std::pair<SmallVector<Factor, 2>, double>, 2> expected = {
        {{{input, 1}, {result, 1}}, kind.factor}};
    if (kind.offset != 0.0)
      expected.push_back({{{input, 1}}, kind.offset});
    if (isPolynomial(getExpression(reader, {input, result}, Scalars::All),
                     expected))
      return createActivation(raiser, kind.kind, input, Value(), reader);
  }
  return attempt.fail(gate, kind.offset == 0.0
                                ? "the result is not multiplied by x"
                                : "the result is not used as x/2 (1 + " +
                                      getNodeName(gate) + ")");
}

//===----------------------------------------------------------------------===//
// ReLU and LeakyReLU
//===----------------------------------------------------------------------===//

/// For a comparison of x with zero: x, and whether it holds where x > 0. What
/// happens at zero does not matter: both branches are zero there.
static std::pair<Value, bool> matchSign(Value condition) {
  Operation *op = condition.getDefiningOp();
  if (!op || !isa<onnx::GreaterOp, onnx::GreaterOrEqualOp, onnx::LessOp,
                  onnx::LessOrEqualOp>(op))
    return {};
  bool isGreater = isa<onnx::GreaterOp, onnx::GreaterOrEqualOp>(op);
  if (getScalar(op->getOperand(1), Scalars::All) == 0.0)
    return {op->getOperand(0), isGreater};
  if (getScalar(op->getOperand(0), Scalars::All) == 0.0)
    return {op->getOperand(1), !isGreater};
  return {};
}

static void raiseWhere(Raiser &raiser, onnx::WhereOp where) {
  auto [input, isPositive] = matchSign(where.getCondition());
  if (!input || !isFloatActivation(input) || input.getType() != where.getType())
    return;
  Value positive = isPositive ? where.getLhs() : where.getRhs();
  Value negative = isPositive ? where.getRhs() : where.getLhs();
  if (positive != input)
    return;
  Expression expression = getExpression(negative, input);
  if (expression.terms.empty()) {
    (void)createActivation(raiser, tfm::ActivationKind::ReLU, input, Value(),
                           where);
    return;
  }
  if (expression.terms.size() != 1)
    return;
  Term term = expression.terms.front();
  if (term.getExponent(input) != 1)
    return;
  Term slopeTerm = term.without(input);
  OpBuilder &builder = raiser.at(where);
  Value slope;
  if (slopeTerm.factors.empty()) {
    slope = makeSplat(builder, where.getLoc(),
                      getElementTypeOrSelf(input.getType()), 0,
                      slopeTerm.coefficient);
  } else {
    // A slope that is trained: one parameter for the whole layer.
    Value parameter = slopeTerm.getSingleAtom();
    if (!parameter || slopeTerm.coefficient != 1.0)
      return;
    slope = cast<RankedTensorType>(parameter.getType()).getRank() == 0
                ? parameter
                : getVector(builder, parameter, 1);
  }
  if (slope)
    (void)createActivation(raiser, tfm::ActivationKind::LeakyReLU, input, slope,
                           where);
}

void raiseActivations(Raiser &raiser) {
  raiser.walkBackwards([&](Operation *op) {
    if (auto relu = dyn_cast<onnx::ReluOp>(op)) {
      if (isFloatActivation(relu.getInput()) &&
          relu.getInput().getType() == relu.getType())
        (void)createActivation(raiser, tfm::ActivationKind::ReLU,
                               relu.getInput(), Value(), relu);
    } else if (auto where = dyn_cast<onnx::WhereOp>(op)) {
      raiseWhere(raiser, where);
    } else if (isa<onnx::ErfOp, onnx::TanhOp, onnx::SigmoidOp>(op)) {
      for (const GatedActivation &kind : getGatedActivations(op)) {
        // Argument, gate, product.
        Attempt attempt(kind.concept_, 3);
        if (succeeded(raiseGated(raiser, op, kind, attempt)))
          break;
        raiser.record(std::move(attempt));
      }
    }
  });
}

} // namespace ockham::raising
