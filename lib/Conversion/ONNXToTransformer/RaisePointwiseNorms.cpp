//===- RaisePointwiseNorms.cpp - DyT and Derf become tfm.norm -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// In place of a norm: tanh(alpha x) * scale + shift ("Transformers without
// normalization", DyT) and erf(alpha x + offset) * scale + shift (Derf). What
// an activation or a soft cap is made of has been fused before.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Expressions.h"
#include "NormParts.h"

using namespace mlir;

namespace ockham::raising {

/// What a gate's argument may be alpha * x + offset of, outermost first: what
/// is left when parameters are taken off by arithmetic.
static SmallVector<Value> getInputCandidates(Value argument) {
  SmallVector<Value> candidates = {argument};
  for (Value at = argument; Operation *op = at.getDefiningOp();) {
    if (!isa<onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::DivOp, onnx::NegOp>(
            op))
      break;
    SmallVector<Value, 2> activations;
    for (Value operand : op->getOperands())
      if (!isParameterOrConstant(operand))
        activations.push_back(operand);
    if (activations.size() != 1 ||
        activations.front().getType() != argument.getType())
      break;
    at = activations.front();
    candidates.push_back(at);
  }
  return candidates;
}

/// The parameter that a term is, or its one factor besides `input`.
static LogicalResult takeParameter(const Term &term, Value &parameter,
                                   double &factor) {
  factor = term.coefficient;
  if (term.factors.empty())
    return success();
  parameter = term.getSingleAtom();
  return success(parameter && factor == 1.0 &&
                 isParameterOrConstant(parameter));
}

/// alpha * input + offset: fills alpha and offset. A number in place of a
/// parameter becomes a constant.
static LogicalResult matchArgument(OpBuilder &builder, Value argument,
                                   NormParts &parts) {
  Value alpha, offset;
  double factor = 0.0, constant = 0.0;
  Expression sum;
  if (argument == parts.input)
    sum.terms = {{1.0, {{argument, 1}}}};
  else
    sum = getExpression(argument, parts.input);
  for (const Term &term : sum.terms) {
    bool isAlpha = term.getExponent(parts.input) == 1;
    double &number = isAlpha ? factor : constant;
    Value &parameter = isAlpha ? alpha : offset;
    // Twice the same role: for instance two parameters that are added.
    if (number != 0.0 ||
        failed(takeParameter(term.without(parts.input), parameter, number)))
      return failure();
  }
  // Only erf has an offset; in front of a tanh it belongs to the input.
  if (factor == 0.0 || (constant != 0.0 && parts.kind != tfm::NormKind::Erf))
    return failure();
  auto getParameter = [&](Value parameter, double number) {
    return parameter ? getGain(builder, parameter, parts.input)
                     : makeSplat(builder, argument.getLoc(),
                                 getElementTypeOrSelf(argument), 0, number);
  };
  parts.alpha = getParameter(alpha, factor);
  if (constant != 0.0)
    parts.offset = getParameter(offset, constant);
  return success(parts.alpha && (parts.offset || constant == 0.0));
}

/// gate * scale + shift with parameters per channel, at least one of them.
static bool matchScaleAndShift(Value gate, Value value, NormParts &parts) {
  bool isFound = false;
  for (const Term &term : getExpression(value, gate).terms) {
    Value atom;
    if (term.getExponent(gate) == 1) {
      Term scale = term.without(gate);
      if (isFound || (!scale.factors.empty() && !scale.getSingleAtom()))
        return false;
      isFound = true;
      atom = parts.scale = scale.getSingleAtom();
    } else {
      if (parts.shift)
        return false;
      atom = parts.shift = term.getSingleAtom();
      if (!atom)
        return false;
    }
    if (term.coefficient != 1.0 || (atom && !isPerChannel(atom, gate)))
      return false;
  }
  return isFound;
}

static LogicalResult raisePointwise(Raiser &raiser, Operation *gate,
                                    Attempt &attempt) {
  attempt.addAnchor(gate);
  attempt.found(gate);
  Value result = gate->getResult(0);
  NormParts core;
  core.kind = isa<onnx::ErfOp>(gate) ? tfm::NormKind::Erf : tfm::NormKind::Tanh;
  // The innermost that matches; the argument itself always does.
  for (Value candidate : getInputCandidates(gate->getOperand(0))) {
    NormParts parts;
    parts.kind = core.kind;
    parts.input = candidate;
    if (succeeded(matchArgument(raiser.at(gate), gate->getOperand(0), parts)))
      core = parts;
  }
  bool isMatched = false;
  SmallVector<Value> readers = getElementwiseReaders(result, 4);
  for (Value value : llvm::reverse(readers)) {
    Operation *op = value.getDefiningOp();
    if (raiser.eraseIfDead(op) || value.getType() != result.getType())
      continue;
    NormParts parts = core;
    if (!matchScaleAndShift(result, value, parts) ||
        failed(replaceByNorm(raiser, parts, value)))
      continue;
    raiser.eraseIfDead(op);
    isMatched = true;
  }
  if (isMatched)
    return success();
  return attempt.fail("no parameter per channel multiplies the result");
}

/// A gate that stands for itself.
static void raiseActivation(Raiser &raiser, Operation *op) {
  Value input = op->getOperand(0), result = op->getResult(0);
  if (!isRows(input) || isa<onnx::ErfOp>(op) ||
      input.getType() != result.getType())
    return;
  auto kind = isa<onnx::TanhOp>(op) ? tfm::ActivationKind::Tanh
                                    : tfm::ActivationKind::Sigmoid;
  Value activation = tfm::ActivationOp::create(raiser.at(op), op->getLoc(),
                                               kind, input, Value());
  (void)raiser.replace(result, activation);
}

void raisePointwiseNorms(Raiser &raiser) {
  raiser.walkBackwards([&](Operation *op) {
    if (!isa<onnx::TanhOp, onnx::ErfOp, onnx::SigmoidOp>(op))
      return;
    if (isa<onnx::TanhOp, onnx::ErfOp>(op) &&
        !isParameterOrConstant(op->getOperand(0))) {
      // Gate, scale and shift.
      Attempt attempt("a point-wise norm", 2);
      if (succeeded(raisePointwise(raiser, op, attempt)))
        return;
      raiser.record(std::move(attempt));
    }
    raiseActivation(raiser, op);
  });
}

} // namespace ockham::raising
