//===- Expressions.cpp - Elementwise arithmetic in normal form ------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Expressions.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "mlir/IR/Matchers.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

#include <cmath>

using namespace mlir;

namespace ockham::raising {

/// Formulas of transformers are short; what grows beyond this is an atom.
static constexpr size_t kMaxTerms = 16;
static constexpr int kMaxPower = 4;
static constexpr unsigned kMaxDepth = 12;

//===----------------------------------------------------------------------===//
// Terms and sums
//===----------------------------------------------------------------------===//

int Term::getExponent(Value atom) const {
  for (const Factor &factor : factors)
    if (factor.atom == atom)
      return factor.exponent;
  return 0;
}

Term Term::without(Value atom) const {
  Term rest = *this;
  llvm::erase_if(rest.factors,
                 [&](const Factor &factor) { return factor.atom == atom; });
  return rest;
}

bool Term::hasFactors(ArrayRef<Factor> expected) const {
  return factors.size() == expected.size() &&
         llvm::all_of(expected, [&](const Factor &factor) {
           return getExponent(factor.atom) == factor.exponent;
         });
}

Value Term::getSingleAtom() const {
  return factors.size() == 1 && factors.front().exponent == 1
             ? factors.front().atom
             : Value();
}

double Expression::getConstant() const { return getCoefficient({}); }

SmallVector<Term, 4> Expression::getVariableTerms() const {
  SmallVector<Term, 4> variable;
  llvm::copy_if(terms, std::back_inserter(variable),
                [](const Term &term) { return !term.factors.empty(); });
  return variable;
}

double Expression::getCoefficient(ArrayRef<Factor> factors) const {
  for (const Term &term : terms)
    if (term.hasFactors(factors))
      return term.coefficient;
  return 0.0;
}

static void multiplyBy(Term &term, Value atom, int exponent) {
  for (Factor &factor : term.factors) {
    if (factor.atom != atom)
      continue;
    factor.exponent += exponent;
    if (factor.exponent == 0)
      term = term.without(atom);
    return;
  }
  term.factors.push_back({atom, exponent});
}

static void addTerm(Expression &sum, const Term &term) {
  for (Term &other : sum.terms) {
    if (!other.hasFactors(term.factors))
      continue;
    other.coefficient += term.coefficient;
    if (other.coefficient == 0.0)
      sum.terms.erase(&other);
    return;
  }
  if (term.coefficient != 0.0)
    sum.terms.push_back(term);
}

static Expression makeConstant(double value) {
  Expression result;
  if (value != 0.0)
    result.terms.push_back({value, {}});
  return result;
}

static Expression makeAtom(Value value) {
  Expression result;
  result.terms.push_back({1.0, {{value, 1}}});
  return result;
}

static Expression add(Expression lhs, const Expression &rhs, double sign) {
  for (Term term : rhs.terms) {
    term.coefficient *= sign;
    addTerm(lhs, term);
  }
  return lhs;
}

static Expression multiply(const Expression &lhs, const Expression &rhs) {
  Expression result;
  for (const Term &left : lhs.terms)
    for (const Term &right : rhs.terms) {
      Term term = left;
      term.coefficient *= right.coefficient;
      for (const Factor &factor : right.factors)
        multiplyBy(term, factor.atom, factor.exponent);
      addTerm(result, term);
    }
  return result;
}

//===----------------------------------------------------------------------===//
// From ops
//===----------------------------------------------------------------------===//

std::optional<double> getScalar(Value value, Scalars scalars) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape() || type.getNumElements() != 1 ||
      !type.getElementType().isIntOrFloat())
    return std::nullopt;
  if (scalars == Scalars::Constants && value.getDefiningOp<LoadWeightOp>())
    return std::nullopt;
  std::optional<ConstantData> data = ConstantData::get(value);
  if (!data)
    return std::nullopt;
  return data->getFloat(0);
}

namespace {

class Expander {
public:
  Expander(ArrayRef<Value> stops, Scalars scalars)
      : stops(stops), scalars(scalars) {}

  /// `isRoot` lets the expansion enter a stop: the question is about it.
  Expression expand(Value value, unsigned depth, bool isRoot = false);

private:
  std::optional<Expression> expandOp(Operation *op, unsigned depth);
  /// 1 / value: of a single term term by term, of a sum as an atom.
  Expression invert(Value value, unsigned depth);

  ArrayRef<Value> stops;
  Scalars scalars;
};

} // namespace

Expression Expander::invert(Value value, unsigned depth) {
  Expression divisor = expand(value, depth);
  if (divisor.terms.size() != 1)
    divisor = makeAtom(value);
  Term &term = divisor.terms.front();
  term.coefficient = 1.0 / term.coefficient;
  for (Factor &factor : term.factors)
    factor.exponent = -factor.exponent;
  return divisor;
}

std::optional<Expression> Expander::expandOp(Operation *op, unsigned depth) {
  auto operand = [&](unsigned i) {
    return expand(op->getOperand(i), depth + 1);
  };
  if (isa<onnx::AddOp>(op))
    return add(operand(0), operand(1), 1.0);
  if (isa<onnx::SubOp>(op))
    return add(operand(0), operand(1), -1.0);
  if (isa<onnx::NegOp>(op))
    return add(Expression(), operand(0), -1.0);
  if (isa<onnx::MulOp>(op))
    return multiply(operand(0), operand(1));
  if (isa<onnx::DivOp>(op))
    return multiply(operand(0), invert(op->getOperand(1), depth + 1));
  if (isa<onnx::ReciprocalOp>(op))
    return invert(op->getOperand(0), depth + 1);
  if (isa<onnx::PowOp>(op)) {
    std::optional<double> power = getScalar(op->getOperand(1), Scalars::All);
    if (!power || *power != std::rint(*power) || *power < 1 ||
        *power > kMaxPower)
      return std::nullopt;
    Expression base = operand(0), result = base;
    for (int i = 1; i < *power; ++i)
      result = multiply(result, base);
    return result;
  }
  return std::nullopt;
}

Expression Expander::expand(Value value, unsigned depth, bool isRoot) {
  if (!isRoot && llvm::is_contained(stops, value))
    return makeAtom(value);
  if (std::optional<double> number = getScalar(value, scalars))
    return makeConstant(*number);
  Operation *op = value.getDefiningOp();
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!op || depth > kMaxDepth || !type ||
      !isa<FloatType>(type.getElementType()))
    return makeAtom(value);
  std::optional<Expression> expanded = expandOp(op, depth);
  if (!expanded || expanded->terms.size() > kMaxTerms)
    return makeAtom(value);
  return *expanded;
}

Expression getExpression(Value value, ArrayRef<Value> stops, Scalars scalars) {
  return Expander(stops, scalars).expand(value, 0, /*isRoot=*/true);
}

SmallVector<Value> getElementwiseReaders(Value value, unsigned depth) {
  llvm::SetVector<Value> found;
  SmallVector<Value> front = {value};
  for (unsigned i = 0; i < depth; ++i) {
    SmallVector<Value> next;
    for (Value at : front)
      for (Operation *user : at.getUsers())
        if (isa<onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::DivOp, onnx::NegOp,
                onnx::ReciprocalOp>(user) &&
            found.insert(user->getResult(0)))
          next.push_back(user->getResult(0));
    front = std::move(next);
  }
  return found.takeVector();
}

} // namespace ockham::raising
