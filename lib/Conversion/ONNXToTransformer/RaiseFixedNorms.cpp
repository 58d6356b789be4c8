//===- RaiseFixedNorms.cpp - Norms with a fixed std become tfm.norm -------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// [noLN] replaces a LayerNorm by (x - mean(x)) / std * scale + shift, with a
// std that is a parameter: one number, one per channel, or one per position.
// Centring and a division are little to go by, so this comes after all other
// norms; what divides or multiplies must be a parameter.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Expressions.h"
#include "Extents.h"
#include "NormParts.h"

using namespace mlir;

namespace ockham::raising {

/// The vector of a parameter along the positions of `input`: the first rows of
/// a column, as many as the input has positions. Null if it is none.
static Value matchPositions(OpBuilder &builder, Value value, Value input) {
  auto type = cast<RankedTensorType>(value.getType());
  auto rows = cast<RankedTensorType>(input.getType());
  if (type.getRank() < 2 || rows.getRank() < 2 ||
      type.getDimSize(type.getRank() - 1) != 1 ||
      getExtent(value, type.getRank() - 2) !=
          getExtent(input, rows.getRank() - 2))
    return Value();
  while (Operation *op = value.getDefiningOp()) {
    if (auto unsqueeze = dyn_cast<onnx::UnsqueezeOp>(op))
      value = unsqueeze.getInput();
    else if (auto slice = dyn_cast<onnx::SliceOp>(op); slice && isPrefix(slice))
      value = slice.getInput();
    else
      break;
  }
  auto whole = cast<RankedTensorType>(value.getType());
  if (whole.getRank() < 2 || !whole.hasStaticShape())
    return Value();
  return getVectorAlong(builder, value, 2,
                        whole.getDimSize(whole.getRank() - 2));
}

/// Fills std and stdAxis from what the input is divided by.
static LogicalResult matchStd(OpBuilder &builder, Value divisor,
                              NormParts &parts) {
  auto type = cast<RankedTensorType>(divisor.getType());
  if (isParameterOrConstant(divisor) && type.hasStaticShape() &&
      type.getNumElements() == 1) {
    parts.std = type.getRank() == 0 ? divisor : getVector(builder, divisor, 1);
  } else if (isPerChannel(divisor, parts.input)) {
    parts.std = getVector(builder, divisor, getWidth(parts.input));
    parts.stdAxis = tfm::StdAxis::Channel;
  } else {
    parts.std = matchPositions(builder, divisor, parts.input);
    parts.stdAxis = tfm::StdAxis::Position;
  }
  return success(parts.std != nullptr);
}

/// Whether `value` is (input - mean) / std * scale + shift, with at least one
/// of std and scale. Without a mean, input / std * scale + shift.
static LogicalResult matchFixed(OpBuilder &builder, Value mean, Value value,
                                NormParts &parts) {
  SmallVector<Value, 2> stops = {parts.input};
  if (mean)
    stops.push_back(mean);
  // The quotient may be distributed over the difference.
  std::optional<Term> lead, meanLead;
  for (const Term &term : getExpression(value, stops).terms) {
    bool hasMean = mean && term.getExponent(mean) != 0;
    if (!hasMean && term.getExponent(parts.input) == 0) {
      parts.shift = parts.shift ? Value() : term.getSingleAtom();
      if (!parts.shift || term.coefficient != 1.0 ||
          !isPerChannel(parts.shift, parts.input))
        return failure();
      continue;
    }
    std::optional<Term> &slot = hasMean ? meanLead : lead;
    Value row = hasMean ? mean : parts.input;
    if (slot || term.getExponent(row) != 1)
      return failure();
    slot = term.without(row);
  }
  if (!lead || meanLead.has_value() != (mean != nullptr))
    return failure();
  double factor = lead->coefficient;
  if (meanLead && (!isClose(meanLead->coefficient, -factor) ||
                   !meanLead->hasFactors(lead->factors)))
    return failure();

  Value divisor;
  for (const Factor &other : lead->factors) {
    Value &slot = other.exponent == -1 ? divisor : parts.scale;
    if (slot || (other.exponent != 1 && other.exponent != -1))
      return failure();
    slot = other.atom;
  }
  if (parts.scale && !isPerChannel(parts.scale, parts.input))
    return failure();
  if (divisor)
    return success(factor == 1.0 &&
                   succeeded(matchStd(builder, divisor, parts)));
  if (factor == 1.0 && !parts.scale)
    return failure();
  parts.std = makeSplat(builder, value.getLoc(), getElementTypeOrSelf(value),
                        /*width=*/0, 1.0 / factor);
  return success();
}

/// Replaces every norm that is computed from the mean, or, without one, from
/// the input.
static bool raiseReaders(Raiser &raiser, Value input, Value mean) {
  bool isMatched = false;
  // The outermost come last; what they read is dead after them.
  SmallVector<Value> readers = getElementwiseReaders(mean ? mean : input, 5);
  for (Value value : llvm::reverse(readers)) {
    Operation *op = value.getDefiningOp();
    if (raiser.eraseIfDead(op) || value.getType() != input.getType())
      continue;
    NormParts parts;
    parts.kind = tfm::NormKind::Fixed;
    parts.input = input;
    parts.uncentred = !mean;
    if (failed(matchFixed(raiser.at(op), mean, value, parts)) ||
        (parts.uncentred && parts.stdAxis == tfm::StdAxis::None) ||
        failed(replaceByNorm(raiser, parts, value)))
      continue;
    raiser.eraseIfDead(op);
    isMatched = true;
  }
  return isMatched;
}

static void raiseCentred(Raiser &raiser, onnx::ReduceMeanOp mean) {
  // Mean, rows, centring, division.
  Attempt attempt("a norm with fixed std", 4);
  attempt.addAnchor(mean);
  attempt.found(mean);
  if (failed(checkRows(mean, attempt)))
    return;
  attempt.found(mean);
  Value input = mean.getInput();
  if (raiseReaders(raiser, input, mean))
    return;
  // A mean alone is nothing that looks like a norm.
  if (llvm::none_of(mean->getUsers(), [&](Operation *user) {
        return isa<onnx::SubOp>(user) && user->getOperand(0) == input;
      }))
    return;
  attempt.found(mean);
  (void)attempt.fail("the centred input is not divided by a parameter");
  raiser.record(std::move(attempt));
}

void raiseFixedNorms(Raiser &raiser) {
  raiser.walkBackwards([&](Operation *op) {
    if (auto mean = dyn_cast<onnx::ReduceMeanOp>(op))
      raiseCentred(raiser, mean);
  });
  // Without centring only a division by a vector tells it from a gain.
  raiser.walkBackwards([&](Operation *op) {
    if (auto div = dyn_cast<onnx::DivOp>(op))
      if (isRows(div.getLhs()))
        (void)raiseReaders(raiser, div.getLhs(), /*mean=*/Value());
  });
}

} // namespace ockham::raising
