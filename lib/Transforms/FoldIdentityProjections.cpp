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

#include "WeightMath.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "ockham/Support/ConstantData.h"
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
      if (linear.getInput().getType() == linear.getResult().getType())
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

void FoldIdentityProjections::merge(tfm::LinearOp linear) {
  if (!linear.getSkipGain() && !linear.getResidGain())
    return;
  std::optional<LinearWeights> weights = LinearWeights::read(linear);
  if (!weights)
    return;
  // Gains may differ per output channel.
  int64_t width = weights->getOutputWidth();
  auto skip = readGain(linear.getSkipGain(), width, 0.0);
  auto resid = readGain(linear.getResidGain(), width, 1.0);
  if (!skip || !resid)
    return;
  for (int64_t i = 0; i < weights->getInputWidth(); ++i)
    for (int64_t j = 0; j < width; ++j)
      weights->at(i, j) =
          (*resid)[j] * weights->at(i, j) + (i == j ? (*skip)[j] : 0.0);
  OpBuilder builder(linear);
  weights->write(builder, linear);
  linear.getSkipGainMutable().clear();
  linear.getResidGainMutable().clear();
}

static NearestIdentity getNearestIdentity(LinearWeights &weights) {
  int64_t width = weights.getInputWidth();
  NearestIdentity nearest;
  for (int64_t i = 0; i < width; ++i)
    nearest.factor += weights.at(i, i);
  nearest.factor /= static_cast<double>(width);
  double squares = 0.0;
  for (int64_t i = 0; i < width; ++i)
    for (int64_t j = 0; j < width; ++j) {
      double difference = weights.at(i, j) - (i == j ? nearest.factor : 0.0);
      squares += difference * difference;
    }
  nearest.distance = nearest.factor == 0.0
                         ? std::numeric_limits<double>::infinity()
                         : std::sqrt(squares / static_cast<double>(width)) /
                               std::abs(nearest.factor);
  return nearest;
}

/// factor * input, with the factor as the element type holds it.
static Value makeScale(OpBuilder &builder, tfm::LinearOp linear,
                       double factor) {
  if (factor == 1.0)
    return linear.getInput();
  auto type = RankedTensorType::get({}, getElementTypeOrSelf(linear.getType()));
  Value gain = arith::ConstantOp::create(
      builder, linear.getLoc(),
      DenseElementsAttr::get(
          type, builder.getFloatAttr(type.getElementType(), factor)));
  return tfm::ScaleOp::create(builder, linear.getLoc(), linear.getInput(),
                              gain);
}

void FoldIdentityProjections::fold(tfm::LinearOp linear) {
  if (linear.getSkipGain() || linear.getResidGain())
    return;
  std::optional<LinearWeights> weights = LinearWeights::read(linear);
  if (!weights)
    return;
  NearestIdentity nearest = getNearestIdentity(*weights);
  if (!(nearest.distance < kNear) && !(nearest.distance <= tolerance))
    return;
  std::string name = getWeightName(linear.getWeight());
  std::string distance;
  llvm::raw_string_ostream(distance) << llvm::format("%.3g", nearest.distance);
  auto remark = [&](const Twine &text) {
    emitRemark(linear.getLoc())
        << name << " is " << distance << " from " << nearest.factor
        << " times the identity: " << text.str();
  };
  if (nearest.distance > tolerance)
    return remark("kept; a tolerance of at least that folds it");
  if (llvm::any_of(weights->bias, [](double b) { return b != 0.0; }))
    return remark("kept, because it has a bias");
  if (linear.getRowScale())
    return remark("kept, because it has a row scale");
  if (linear.getInit())
    return remark("kept, because it accumulates onto something");
  if (nearest.distance > 0.0)
    remark("folded, which changes the results");
  OpBuilder builder(linear);
  linear.getResult().replaceAllUsesWith(
      makeScale(builder, linear, nearest.factor));
  linear.erase();
}
