//===- RaiseNorms.cpp - Layer and RMS norms become tfm.norm ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A decomposed norm is found from its root (Sqrt, or ReduceL2 which holds one)
// in two directions: back through the mean of squares to the input, forward
// through the quotient to the scale and the shift.
//
//===----------------------------------------------------------------------===//

#include "Constants.h"
#include "Expressions.h"
#include "NormParts.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Format.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace ockham::raising {

namespace {

/// What stands below the fraction bar: root * factor + epsilon, with the
/// root of the mean of the squares of `input`, less `mean` if there is one.
struct NormCore {
  Value input;
  Value mean;
  Value root;
  /// root is `rootFactor` times the root of the mean of squares (a ReduceL2
  /// or a ReduceSum lacks the 1/d), or its inverse when `inverted`.
  double rootFactor = 1.0;
  bool inverted = false;
  double epsInside = 0.0;
};

/// scale and shift around a core.
struct NormReader {
  Value scale;
  Value shift;
  double epsOutside = 0.0;
};

} // namespace

/// y where the value is y * y.
static Value matchSquare(Value value) {
  if (auto mul = value.getDefiningOp<onnx::MulOp>())
    return mul.getLhs() == mul.getRhs() ? mul.getLhs() : Value();
  if (auto pow = value.getDefiningOp<onnx::PowOp>())
    if (getScalar(pow.getRhs(), Scalars::All) == 2.0)
      return pow.getLhs();
  return Value();
}

/// The mean of squares under a root: fills input, mean and epsInside.
static LogicalResult matchMeanOfSquares(Operation *root, Value radicand,
                                        NormCore &core, Attempt &attempt) {
  Expression sum = getExpression(radicand, {}, Scalars::All);
  SmallVector<Term, 4> terms = sum.getVariableTerms();
  Operation *reduce = nullptr;
  double factor = 0.0;
  for (const Term &term : terms)
    if (Value atom = term.getSingleAtom())
      if (Operation *op = atom.getDefiningOp())
        if (isa<onnx::ReduceMeanOp, onnx::ReduceSumOp>(op)) {
          reduce = op;
          factor = term.coefficient;
        }
  if (!reduce)
    return attempt.fail(root, "the root is not of a mean");
  attempt.addAnchor(reduce);
  attempt.found(reduce);
  // Go on, to say how much of it is a norm.
  Operation *computedEpsilon = nullptr;
  if (terms.size() != 1) {
    computedEpsilon = root;
    for (const Term &term : terms)
      for (const Factor &other : term.factors)
        if (other.atom != reduce->getResult(0) && other.atom.getDefiningOp())
          computedEpsilon = other.atom.getDefiningOp();
  }
  core.epsInside = sum.getConstant();

  Value squares = reduce->getOperand(0);
  if (auto mean = dyn_cast<onnx::ReduceMeanOp>(reduce)) {
    if (failed(checkRows(mean, attempt)))
      return failure();
  } else {
    if (failed(checkRows(cast<onnx::ReduceSumOp>(reduce), attempt)))
      return failure();
    factor *= getWidth(squares);
  }
  if (!(factor > 0.0))
    return attempt.fail(root, "the mean of squares has the factor " +
                                  std::to_string(factor) +
                                  ", expected a positive one");
  // A norm may be the root of a sum, with 1/d behind the root (Tensor.norm):
  // the quotient decides.
  if (!isClose(factor, 1.0)) {
    core.rootFactor = std::sqrt(factor);
    core.epsInside /= factor;
  }
  attempt.found(reduce);

  Value base = matchSquare(squares);
  if (!base)
    return attempt.fail(reduce, "the mean is not of squares");
  attempt.found(squares.getDefiningOp());
  core.input = base;
  if (auto centred = base.getDefiningOp<onnx::SubOp>())
    if (matchRowMean(centred.getRhs()) == centred.getLhs()) {
      core.input = centred.getLhs();
      core.mean = centred.getRhs();
      attempt.addAnchor(core.mean.getDefiningOp());
      attempt.found(centred, 2);
    }
  if (computedEpsilon)
    return attempt.fail(computedEpsilon, "epsilon is not constant");
  return success();
}

static LogicalResult matchCore(Operation *root, NormCore &core,
                               Attempt &attempt) {
  attempt.addAnchor(root);
  attempt.found(root);
  core.root = root->getResult(0);
  if (auto l2 = dyn_cast<onnx::ReduceL2Op>(root)) {
    if (failed(checkRows(l2, attempt)))
      return failure();
    core.input = l2.getInput();
    core.rootFactor = std::sqrt(static_cast<double>(getWidth(core.input)));
    attempt.found(root, 3);
    return success();
  }
  if (auto pow = dyn_cast<onnx::PowOp>(root))
    core.inverted = getScalar(pow.getRhs(), Scalars::All) == -0.5;
  return matchMeanOfSquares(root, root->getOperand(0), core, attempt);
}

/// Whether `divisor` is factor * root + constant; the effect of both on the
/// quotient is divided out of `lead` and given as `epsOutside`.
static bool matchDivisor(const NormCore &core, Value divisor, double &lead,
                         double &epsOutside) {
  double factor = 1.0, constant = 0.0;
  if (divisor != core.root) {
    Expression sum = getExpression(divisor, core.root, Scalars::All);
    SmallVector<Term, 4> terms = sum.getVariableTerms();
    if (terms.size() != 1 || terms.front().getSingleAtom() != core.root)
      return false;
    factor = terms.front().coefficient;
    constant = sum.getConstant();
  }
  factor *= core.rootFactor;
  lead /= factor;
  epsOutside = constant / factor;
  return true;
}

/// One term of the value: the numerator over the divisor, times a scale.
/// Returns the lead coefficient, or nothing.
static std::optional<double> matchQuotient(const NormCore &core, Term term,
                                           Value numerator,
                                           NormReader &reader) {
  if (term.getExponent(numerator) != 1)
    return std::nullopt;
  term = term.without(numerator);
  Value divisor;
  for (const Factor &factor : term.factors)
    if (factor.exponent == (core.inverted ? 1 : -1) &&
        (!core.inverted || factor.atom == core.root)) {
      divisor = factor.atom;
      break;
    }
  double lead = term.coefficient;
  if (!divisor || !matchDivisor(core, divisor, lead, reader.epsOutside))
    return std::nullopt;
  term = term.without(divisor);
  if (!term.factors.empty()) {
    reader.scale = term.getSingleAtom();
    if (!reader.scale)
      return std::nullopt;
  }
  return lead;
}

/// Whether `value` is the norm of the core, with or without scale and shift.
static std::optional<NormReader> matchReader(const NormCore &core,
                                             Value value) {
  if (value.getType() != core.input.getType())
    return std::nullopt;
  SmallVector<Value, 3> stops = {core.input, core.root};
  if (core.mean)
    stops.push_back(core.mean);
  NormReader reader;
  double lead = 0.0, meanLead = 0.0;
  for (const Term &term : getExpression(value, stops).terms) {
    NormReader other;
    if (std::optional<double> found =
            matchQuotient(core, term, core.input, other)) {
      if (lead != 0.0)
        return std::nullopt;
      lead = *found;
    } else if (core.mean &&
               (found = matchQuotient(core, term, core.mean, other))) {
      if (meanLead != 0.0)
        return std::nullopt;
      meanLead = *found;
    } else {
      Value shift = term.getSingleAtom();
      if (!shift || reader.shift || term.coefficient != 1.0)
        return std::nullopt;
      reader.shift = shift;
      continue;
    }
    bool isFirst = lead == 0.0 || meanLead == 0.0;
    if (!isFirst &&
        (reader.scale != other.scale || reader.epsOutside != other.epsOutside))
      return std::nullopt;
    reader.scale = other.scale;
    reader.epsOutside = other.epsOutside;
  }
  if (!isClose(lead, 1.0) || (core.mean && !isClose(meanLead, -1.0)))
    return std::nullopt;
  if (reader.epsOutside != 0.0 && core.epsInside != 0.0)
    return std::nullopt;
  return reader;
}

/// The variances that change nothing when `eps` is added to them in float32:
/// those below half the distance to the next number.
static double getAbsorbedVariance(double eps, Type element) {
  auto single = static_cast<float>(eps);
  if (!element.isF32() || !std::isfinite(single))
    return 0.0;
  return (std::nextafter(single, std::numeric_limits<float>::infinity()) -
          single) /
         2.0;
}

static std::string formatNumber(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", value);
  return text;
}

/// Below this, a variance is nothing special: activations reach it.
static constexpr double kLargeVariance = 1e4;

/// [noLN]'s published files are LayerNorms whose eps (1e12) is so large that
/// the variance cannot matter: a fixed std in disguise. Gives what to tell the
/// user, nothing where the norm is live.
static std::string makeAffine(Raiser &raiser, NormParts &parts,
                              Value replaced) {
  double bound = getAbsorbedVariance(parts.eps, getElementTypeOrSelf(replaced));
  if (parts.epsOutside || bound < kLargeVariance)
    return "";
  std::string remark = getNodeName(replaced.getDefiningOp()) +
                       ": its epsilon " + formatNumber(parts.eps) +
                       " makes this norm affine while the variance stays "
                       "below " +
                       formatNumber(bound);
  parts.uncentred = parts.kind == tfm::NormKind::RMS;
  parts.kind = tfm::NormKind::Fixed;
  parts.std = makeSplat(raiser.at(replaced.getDefiningOp()), replaced.getLoc(),
                        getElementTypeOrSelf(replaced), /*width=*/0,
                        std::sqrt(parts.eps));
  parts.eps = 0.0;
  return remark;
}

static LogicalResult createNorm(Raiser &raiser, const NormCore &core,
                                const NormReader &reader, Value replaced) {
  NormParts parts;
  parts.kind = core.mean ? tfm::NormKind::Layer : tfm::NormKind::RMS;
  parts.input = core.input;
  parts.scale = reader.scale;
  parts.shift = reader.shift;
  parts.epsOutside = reader.epsOutside != 0.0;
  parts.eps = parts.epsOutside ? reader.epsOutside : core.epsInside;
  // What is negative, or NaN, is no norm.
  if (!(parts.eps >= 0))
    return failure();
  std::string remark = makeAffine(raiser, parts, replaced);
  if (failed(replaceByNorm(raiser, parts, replaced)))
    return failure();
  if (!remark.empty())
    emitRemark(replaced.getLoc()) << remark;
  return success();
}

static LogicalResult raiseDecomposed(Raiser &raiser, Operation *root,
                                     Attempt &attempt) {
  NormCore core;
  if (failed(matchCore(root, core, attempt)))
    return failure();
  // Twin norms share the root: each reader with its own scale and shift is a
  // norm. The outermost come last, and what they read is dead after them.
  SmallVector<Value> readers = getElementwiseReaders(core.root, 8);
  bool isMatched = false;
  for (Value value : llvm::reverse(readers)) {
    if (raiser.eraseIfDead(value.getDefiningOp()))
      continue;
    std::optional<NormReader> reader = matchReader(core, value);
    if (!reader || failed(createNorm(raiser, core, *reader, value)))
      continue;
    raiser.eraseIfDead(value.getDefiningOp());
    isMatched = true;
  }
  if (isMatched)
    return success();
  return attempt.fail(root, core.mean
                                ? "the root does not divide the centred input"
                                : "the root does not divide the input");
}

static LogicalResult raiseOperator(Raiser &raiser,
                                   onnx::LayerNormalizationOp norm,
                                   Attempt &attempt) {
  attempt.addAnchor(norm);
  attempt.found(norm);
  auto type = cast<RankedTensorType>(norm.getInput().getType());
  int64_t last = type.getRank() - 1;
  if (static_cast<int64_t>(norm.getAxis()) != last)
    return attempt.fail("normalises from axis " + Twine(norm.getAxis()) +
                        " on, expected " + Twine(last) + ", the last");
  if (type.isDynamicDim(last))
    return attempt.fail("the width is not known");
  attempt.found(norm);
  NormCore core;
  core.input = norm.getInput();
  // Any value that is not null: the operator centres by itself.
  core.mean = norm.getInput();
  core.epsInside = norm.getEpsilon().convertToDouble();
  if (!(core.epsInside >= 0))
    return attempt.fail("epsilon is " + std::to_string(core.epsInside) +
                        ", expected at least 0");
  NormReader reader{norm.getScale(), norm.getBias()};
  if (failed(createNorm(raiser, core, reader, norm)))
    return attempt.fail("scale and bias are not vectors of " +
                        Twine(getWidth(norm.getInput())) + " elements");
  return success();
}

/// A Sqrt, or a Pow that is one.
static bool isRoot(Operation *op) {
  if (auto pow = dyn_cast<onnx::PowOp>(op)) {
    std::optional<double> power = getScalar(pow.getRhs(), Scalars::All);
    return power == 0.5 || power == -0.5;
  }
  return isa<onnx::SqrtOp, onnx::ReduceL2Op>(op);
}

void raiseNorms(Raiser &raiser) {
  raiser.walkBackwards([&](Operation *op) {
    if (auto norm = dyn_cast<onnx::LayerNormalizationOp>(op)) {
      Attempt attempt("a layer norm", 3);
      if (failed(raiseOperator(raiser, norm, attempt)))
        raiser.record(std::move(attempt));
    } else if (isRoot(op)) {
      // Mean, centring, square, mean of squares, epsilon, root, quotient.
      Attempt attempt("a norm", 7);
      if (failed(raiseDecomposed(raiser, op, attempt)))
        raiser.record(std::move(attempt));
    }
  });
}

} // namespace ockham::raising
