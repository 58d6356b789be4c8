//===- FoldIdentityProjections.cpp - Weights that are s * I go ------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// [SAS] section 4.2: value and projection matrices start as the identity and
// may stay there. The equations are in docs/simplification.md.
//
//===----------------------------------------------------------------------===//

#include "RemarkNames.h"
#include "WeightMath.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Support/RewriteRemark.h"
#include "ockham/Transforms/Passes.h"
#include "llvm/Support/Format.h"

#include <cmath>

namespace ockham {
#define GEN_PASS_DEF_FOLDIDENTITYPROJECTIONS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

namespace {

/// The multiple of the identity that is nearest to a matrix, and how far it is:
/// |M - s I| / |s I| in the Frobenius norm.
struct NearestIdentity {
  double factor = 0.0;
  double distance = 0.0;
};

struct FoldIdentityProjections
    : ockham::impl::FoldIdentityProjectionsBase<FoldIdentityProjections> {
  using FoldIdentityProjectionsBase::FoldIdentityProjectionsBase;

  void runOnOperation() override {
    SmallVector<tfm::LinearOp> linears;
    getOperation().walk([&](tfm::LinearOp linear) {
      // Unknown widths are equal types, too.
      auto weight = cast<RankedTensorType>(linear.getWeight().getType());
      if (linear.getInput().getType() == linear.getResult().getType() &&
          weight.getDimSize(0) == weight.getDimSize(1))
        linears.push_back(linear);
    });
    for (tfm::LinearOp linear : linears) {
      merge(linear);
      fold(linear);
    }
    eraseUnusedWeights(getOperation());
  }

  /// What is folded under a tolerance was not the identity.
  Accuracy getAccuracy() const override {
    return tolerance > 0.0 ? Accuracy::ChangesResults : Accuracy::UpToRounding;
  }

private:
  /// M = skip * I + resid * W becomes one matrix.
  static void merge(tfm::LinearOp linear);
  void fold(tfm::LinearOp linear);
};

} // namespace

/// A matrix nearer than this is worth a remark.
static constexpr double kNear = 0.1;

static InFlightDiagnostic report(tfm::LinearOp linear, RewriteOutcome outcome) {
  InFlightDiagnostic remark = emitRewriteRemark(
      linear.getLoc(), "tfm-fold-identity-projections", outcome);
  remark << getNameForRemark(linear);
  return remark;
}

void FoldIdentityProjections::merge(tfm::LinearOp linear) {
  if (!linear.getSkipGain() && !linear.getResidGain())
    return;
  std::optional<LinearWeights> weights = LinearWeights::read(linear);
  // Gains may differ per output channel.
  int64_t width = weights ? weights->getOutputWidth() : 0;
  auto skip = readGain(linear.getSkipGain(), width, 0.0);
  auto resid = readGain(linear.getResidGain(), width, 1.0);
  if (!weights || !skip || !resid) {
    report(linear, RewriteOutcome::Kept)
        << " stays reparametrised: its elements or gains are not known";
    return;
  }
  weights->forEach([&](int64_t i, int64_t j, double &w) {
    w = (*resid)[j] * w + (i == j ? (*skip)[j] : 0.0);
  });
  if (!weights->isFinite()) {
    report(linear, RewriteOutcome::Kept)
        << " stays reparametrised: skip * I + resid * W would not be finite";
    return;
  }
  report(linear, RewriteOutcome::Done)
      << " becomes one matrix: skip * I + resid * W";
  OpBuilder builder(linear);
  weights->write(builder, linear);
  linear.getSkipGainMutable().clear();
  linear.getResidGainMutable().clear();
}

static NearestIdentity getNearestIdentity(LinearWeights &weights) {
  auto width = static_cast<double>(weights.getInputWidth());
  NearestIdentity nearest;
  for (int64_t i = 0; i < weights.getInputWidth(); ++i)
    nearest.factor += weights.at(i, i);
  nearest.factor /= width;
  if (weights.getInputWidth() == 0)
    return {0.0, std::numeric_limits<double>::infinity()};
  // A mean is rounded; what is the same everywhere is exact.
  bool isExact = true;
  double first = weights.at(0, 0), squares = 0.0;
  weights.forEach([&](int64_t i, int64_t j, double w) {
    isExact &= w == (i == j ? first : 0.0);
    double difference = w - (i == j ? nearest.factor : 0.0);
    squares += difference * difference;
  });
  if (isExact && first != 0.0)
    return {first, 0.0};
  nearest.distance =
      nearest.factor == 0.0
          ? std::numeric_limits<double>::infinity()
          : std::sqrt(squares / width) / std::abs(nearest.factor);
  return nearest;
}

/// factor * input, with the factor as the matrix held it.
static Value makeScale(OpBuilder &builder, tfm::LinearOp linear,
                       double factor) {
  if (factor == 1.0)
    return linear.getInput();
  auto type = RankedTensorType::get(
      {}, getElementTypeOrSelf(linear.getWeight().getType()));
  Value gain = arith::ConstantOp::create(
      builder, linear.getLoc(),
      DenseElementsAttr::get(
          type, builder.getFloatAttr(type.getElementType(), factor)));
  return tfm::ScaleOp::create(builder, linear.getLoc(), linear.getInput(),
                              gain);
}

/// What a linear of the identity does besides; null if nothing.
static const char *getOtherDuty(tfm::LinearOp linear,
                                const LinearWeights &weights) {
  if (llvm::any_of(weights.bias, [](double b) { return b != 0.0; }))
    return "has a bias";
  if (linear.getRowScale())
    return "has a row scale";
  if (linear.getInit())
    return "accumulates onto something";
  return nullptr;
}

void FoldIdentityProjections::fold(tfm::LinearOp linear) {
  if (linear.getSkipGain() || linear.getResidGain())
    return;
  std::optional<LinearWeights> weights = LinearWeights::read(linear);
  if (!weights)
    return;
  NearestIdentity nearest = getNearestIdentity(*weights);
  bool isExact = nearest.distance == 0.0;
  if (!(nearest.distance < kNear) && !(nearest.distance <= tolerance))
    return;
  std::string what;
  llvm::raw_string_ostream stream(what);
  if (!isExact)
    stream << llvm::format("%.3g from ", nearest.distance);
  if (nearest.factor != 1.0)
    stream << llvm::format("%.6g times ", nearest.factor);
  stream << "the identity";

  if (nearest.distance > tolerance) {
    report(linear, RewriteOutcome::Kept) << " stays: it is " << what;
    return;
  }
  if (const char *duty = getOtherDuty(linear, *weights)) {
    report(linear, RewriteOutcome::Kept)
        << " stays: it is " << what << ", but " << duty;
    return;
  }
  report(linear, RewriteOutcome::Done)
      << (nearest.factor == 1.0 ? " removed: it is "
                                : " becomes a factor: it is ")
      << what << (isExact ? "" : ", which changes the results");
  OpBuilder builder(linear);
  linear.getResult().replaceAllUsesWith(
      makeScale(builder, linear, nearest.factor));
  linear.erase();
}
