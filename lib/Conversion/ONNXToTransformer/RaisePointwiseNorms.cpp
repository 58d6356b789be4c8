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

/// alpha * input + offset: fills those three. A number in place of a parameter
/// becomes a constant.
static LogicalResult matchArgument(OpBuilder &builder, Operation *gate,
                                   NormParts &parts) {
  Value argument = gate->getOperand(0);
  Type element = getElementTypeOrSelf(argument);
  Value alpha, offset;
  double factor = 0.0, constant = 0.0;
  for (const Term &term : getExpression(argument).terms) {
    if (term.factors.empty()) {
      constant = term.coefficient;
      continue;
    }
    SmallVector<Value, 2> parameters, activations;
    for (const Factor &other : term.factors) {
      if (other.exponent != 1)
        return failure();
      (isParameterOrConstant(other.atom) ? parameters : activations)
          .push_back(other.atom);
    }
    if (parameters.size() > 1 || activations.size() > 1)
      return failure();
    if (activations.empty()) {
      if (offset || term.coefficient != 1.0)
        return failure();
      offset = parameters.front();
      continue;
    }
    if (parts.input)
      return failure();
    parts.input = activations.front();
    factor = term.coefficient;
    if (!parameters.empty())
      alpha = parameters.front();
  }
  if (!parts.input || parts.input.getType() != argument.getType() ||
      (alpha && factor != 1.0) || (offset && constant != 0.0))
    return failure();
  parts.alpha = alpha ? getGain(builder, alpha, parts.input)
                      : makeSplat(builder, gate->getLoc(), element, 0, factor);
  if (offset)
    parts.offset = getGain(builder, offset, parts.input);
  else if (constant != 0.0)
    parts.offset = makeSplat(builder, gate->getLoc(), element, 0, constant);
  return success(parts.alpha && (parts.offset || (!offset && constant == 0.0)));
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
  bool isErf = isa<onnx::ErfOp>(gate);
  core.kind = isErf ? tfm::NormKind::Erf : tfm::NormKind::Tanh;
  if (failed(matchArgument(raiser.at(gate), gate, core)))
    return attempt.fail("the argument is not an activation times a parameter");
  if (core.offset && !isErf)
    return attempt.fail("the argument has an offset");
  attempt.found(gate);
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
    if (isa<onnx::TanhOp, onnx::ErfOp>(op)) {
      // Gate, argument, scale and shift.
      Attempt attempt("a point-wise norm", 3);
      if (succeeded(raisePointwise(raiser, op, attempt)))
        return;
      raiser.record(std::move(attempt));
    }
    raiseActivation(raiser, op);
  });
}

} // namespace ockham::raising
