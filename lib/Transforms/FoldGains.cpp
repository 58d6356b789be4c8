//===- FoldGains.cpp - Gains go into the parameters beside them -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// [SAS]: the gain of a branch goes into the MLP's second matrix, or into the
// shape gains of the attention. The equations are in docs/simplification.md.
//
//===----------------------------------------------------------------------===//

#include "WeightMath.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Transforms/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_FOLDGAINS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

namespace {

struct FoldGains : ockham::impl::FoldGainsBase<FoldGains> {
  void runOnOperation() override {
    // Readers first: what a sum hands to a scale, the scale hands on.
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<tfm::AddScaledOp, tfm::ScaleOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : llvm::reverse(ops)) {
      if (auto sum = dyn_cast<tfm::AddScaledOp>(op))
        fold(sum);
      else
        fold(cast<tfm::ScaleOp>(op));
    }
    eraseUnusedWeights(getOperation());
  }

private:
  static void fold(tfm::AddScaledOp sum);
  static void fold(tfm::ScaleOp scale);
  /// Multiplies what computes `value` by the gain, if that costs nothing.
  static bool foldInto(Value value, Value gain);
  static bool foldIntoLinear(tfm::LinearOp linear, Value gain);
  static bool foldIntoAttention(tfm::AttentionOp attention, Value gain);
};

} // namespace

static int64_t getSize(Value gain) {
  return cast<RankedTensorType>(gain.getType()).getNumElements();
}

bool FoldGains::foldIntoLinear(tfm::LinearOp linear, Value gain) {
  // A weight that serves elsewhere would be stored twice.
  if (linear.getSkipGain() || linear.getResidGain() || linear.getInit() ||
      countLoads(linear.getWeight()) > 1)
    return false;
  std::optional<LinearWeights> weights = LinearWeights::read(linear);
  if (!weights)
    return false;
  auto factors = readGain(gain, weights->getOutputWidth(), 1.0);
  if (!factors)
    return false;
  for (int64_t i = 0; i < weights->getInputWidth(); ++i)
    for (int64_t j = 0; j < weights->getOutputWidth(); ++j)
      weights->at(i, j) *= (*factors)[j];
  for (auto [b, factor] : llvm::zip(weights->bias, *factors))
    b *= factor;
  OpBuilder builder(linear);
  weights->write(builder, linear);
  return true;
}

/// The attention's output is linear in its shape gains together. Without them
/// it is linear in the values.
bool FoldGains::foldIntoAttention(tfm::AttentionOp attention, Value gain) {
  if (getSize(gain) != 1)
    return false;
  if (!attention.isShaped())
    return foldInto(attention.getValue(), gain);
  auto factor = readFloats(gain);
  SmallVector<MutableOperandRange, 3> gains = {attention.getAlphaMutable(),
                                               attention.getBetaMutable(),
                                               attention.getGammaMutable()};
  if (!factor || !isKnownOrAbsent(attention.getAlpha()) ||
      !isKnownOrAbsent(attention.getBeta()) ||
      !isKnownOrAbsent(attention.getGamma()))
    return false;
  OpBuilder builder(attention);
  auto element = getElementTypeOrSelf(attention.getOutput().getType());
  int64_t heads = attention.getNumHeads();
  for (auto [index, operand] : llvm::enumerate(gains)) {
    Value value = operand.empty() ? Value() : operand[0].get();
    // An absent beta is 1; absent alpha and gamma are 0.
    if (!value && index != 1)
      continue;
    std::vector<double> elements = *readGain(value, heads, 1.0);
    for (double &number : elements)
      number *= factor->front();
    operand.assign(writeFloats(
        builder, attention.getLoc(),
        (value ? getWeightName(value) : std::string("beta")) + ".folded",
        RankedTensorType::get({heads}, element), elements));
  }
  return true;
}

bool FoldGains::foldInto(Value value, Value gain) {
  if (!value.hasOneUse() || !isKnownOrAbsent(gain))
    return false;
  if (auto linear = value.getDefiningOp<tfm::LinearOp>())
    return foldIntoLinear(linear, gain);
  if (auto attention = value.getDefiningOp<tfm::AttentionOp>())
    return value == attention.getOutput() && foldIntoAttention(attention, gain);
  return false;
}

void FoldGains::fold(tfm::AddScaledOp sum) {
  if (sum.getLhs() == sum.getRhs())
    return;
  if (sum.getLhsGain() && foldInto(sum.getLhs(), sum.getLhsGain()))
    sum.getLhsGainMutable().clear();
  if (sum.getRhsGain() && foldInto(sum.getRhs(), sum.getRhsGain()))
    sum.getRhsGainMutable().clear();
}

void FoldGains::fold(tfm::ScaleOp scale) {
  if (!foldInto(scale.getInput(), scale.getGain()))
    return;
  scale.getResult().replaceAllUsesWith(scale.getInput());
  scale.erase();
}
