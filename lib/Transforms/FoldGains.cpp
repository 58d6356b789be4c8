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

#include "RemarkNames.h"
#include "WeightMath.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Support/RewriteRemark.h"
#include "ockham/Transforms/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_FOLDGAINS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

namespace {

/// A gain whose elements are here: one, or one per channel.
struct Gain {
  std::string name;
  std::vector<double> elements;

  bool isScalar() const { return elements.size() == 1; }
  bool isOne() const {
    return llvm::all_of(elements, [](double g) { return g == 1.0; });
  }
  double at(int64_t channel) const {
    return elements[isScalar() ? 0 : channel];
  }
};

/// Where a gain went, or why it stays.
struct Outcome {
  std::string into;
  std::string why;

  bool isDone() const { return why.empty(); }
};

struct FoldGains : ockham::impl::FoldGainsBase<FoldGains> {
  void runOnOperation() override {
    // Readers first: what a sum hands to a scale, the scale hands on.
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<tfm::AddScaledOp, tfm::ScaleOp, tfm::AttentionOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : llvm::reverse(ops)) {
      if (auto sum = dyn_cast<tfm::AddScaledOp>(op))
        fold(sum);
      else if (auto scale = dyn_cast<tfm::ScaleOp>(op))
        fold(scale);
      else
        dropShapeGains(cast<tfm::AttentionOp>(op));
    }
    eraseUnusedWeights(getOperation());
  }

private:
  static void fold(tfm::AddScaledOp sum);
  static void fold(tfm::ScaleOp scale);
  static void dropShapeGains(tfm::AttentionOp attention);
};

} // namespace

static Outcome refuse(const Twine &why) { return {"", why.str()}; }

static std::optional<Gain> readGain(Value value) {
  std::optional<std::vector<double>> elements = readFloats(value);
  if (!elements)
    return std::nullopt;
  return Gain{getGainForRemark(value), std::move(*elements)};
}

static void report(Location loc, RewriteOutcome outcome, const Twine &text) {
  emitRewriteRemark(loc, "tfm-fold-gains", outcome) << text.str();
}

/// Why the weight of a linear cannot be multiplied; empty if it can.
static std::string whyNot(tfm::LinearOp linear) {
  std::string name = getNameForRemark(linear);
  if (linear.getSkipGain() || linear.getResidGain())
    return name + " is reparametrised";
  // It would be stored twice.
  if (countLoads(linear.getWeight()) > 1)
    return "the weight of " + name + " serves elsewhere too";
  if (!LinearWeights::read(linear))
    return "the elements of " + name + " are not here";
  return "";
}

static Outcome write(tfm::LinearOp linear, const LinearWeights &weights) {
  if (!weights.isFinite())
    return refuse(getNameForRemark(linear) + " would not be finite");
  OpBuilder builder(linear);
  weights.write(builder, linear);
  return {getNameForRemark(linear), ""};
}

//===----------------------------------------------------------------------===//
// Into what computes the value
//===----------------------------------------------------------------------===//

/// g (x W + c) = x (g W) + g c, for `some` columns from `begin` on, all of them
/// if that is not given.
static Outcome foldIntoColumns(tfm::LinearOp linear, const Gain &gain,
                               int64_t begin,
                               std::optional<int64_t> some = std::nullopt) {
  if (linear.getInit())
    return refuse(getNameForRemark(linear) + " accumulates onto something");
  if (std::string why = whyNot(linear); !why.empty())
    return refuse(why);
  LinearWeights weights = *LinearWeights::read(linear);
  int64_t size = some.value_or(weights.getOutputWidth());
  weights.forEach([&](int64_t, int64_t j, double &w) {
    if (j >= begin && j < begin + size)
      w *= gain.at(j - begin);
  });
  for (int64_t j = 0; j < size; ++j)
    weights.bias[begin + j] *= gain.at(j);
  return write(linear, weights);
}

static int64_t getWidth(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape().back();
}

static Outcome foldIntoSplit(tfm::SplitOp split, Value part, const Gain &gain) {
  auto linear = split.getInput().getDefiningOp<tfm::LinearOp>();
  if (!linear || !linear->hasOneUse())
    return refuse("no linear of its own computes what it multiplies");
  int64_t begin = 0;
  for (Value other : split.getResults()) {
    if (other == part)
      break;
    begin += getWidth(other);
  }
  return foldIntoColumns(linear, gain, begin, getWidth(part));
}

/// Why shape gains cannot be multiplied; empty if they can.
static std::string whyNot(tfm::AttentionOp attention, const Gain &gain) {
  std::string name = getNameForRemark(attention);
  if (!gain.isScalar())
    return "it differs per channel, the shape gains of " + name + " per head";
  if (!isKnownOrAbsent(attention.getAlpha()) ||
      !isKnownOrAbsent(attention.getBeta()) ||
      !isKnownOrAbsent(attention.getGamma()))
    return "the shape gains of " + name + " are not here";
  return "";
}

/// The output is linear in the shape gains together.
static Outcome foldIntoShape(tfm::AttentionOp attention, const Gain &gain) {
  if (std::string why = whyNot(attention, gain); !why.empty())
    return refuse(why);
  std::string name = getNameForRemark(attention);
  OpBuilder builder(attention);
  int64_t heads = attention.getNumHeads();
  // Ranges of operands move when one in front of them comes or goes.
  using GetRange = MutableOperandRange (tfm::AttentionOp::*)();
  struct Product {
    GetRange range;
    std::string name;
    Type element;
    std::vector<double> elements;
  };
  SmallVector<Product, 3> products;
  for (GetRange range :
       {&tfm::AttentionOp::getAlphaMutable, &tfm::AttentionOp::getBetaMutable,
        &tfm::AttentionOp::getGammaMutable}) {
    MutableOperandRange operand = (attention.*range)();
    Value value = operand.empty() ? Value() : operand[0].get();
    // An absent beta is 1; absent alpha and gamma are 0.
    if (!value && range != &tfm::AttentionOp::getBetaMutable)
      continue;
    std::vector<double> elements = *ockham::readGain(value, heads, 1.0);
    for (double &number : elements)
      number *= gain.elements.front();
    Type element = getElementTypeOrSelf(
        value ? value.getType() : attention.getOutput().getType());
    if (!areStorable(elements, element))
      return refuse("the shape gains of " + name + " would not be finite");
    products.push_back(
        {range, value ? getOriginalWeightName(value) : std::string("beta"),
         element, std::move(elements)});
  }
  for (const Product &product : products)
    (attention.*product.range)().assign(writeFloats(
        builder, attention.getLoc(), product.name + ".folded",
        RankedTensorType::get({heads}, product.element), product.elements));
  return {"the shape gains of " + name, ""};
}

static Outcome foldIntoNorm(tfm::NormOp norm, const Gain &gain) {
  int64_t width = getWidth(norm);
  if (ShapedType::isDynamic(width))
    return refuse("the width of " + getNameForRemark(norm) + " is not known");
  auto scale = ockham::readGain(norm.getScale(), width, 1.0);
  auto shift = ockham::readGain(norm.getShift(), width, 0.0);
  if (!scale || !shift)
    return refuse("the scale or shift of " + getNameForRemark(norm) +
                  " is not here");
  std::string name = getNameForRemark(norm);
  for (int64_t i = 0; i < width; ++i) {
    (*scale)[i] *= gain.at(i);
    (*shift)[i] *= gain.at(i);
  }
  OpBuilder builder(norm);
  auto getType = [&](Value old) {
    return getElementTypeOrSelf(old ? old.getType()
                                    : norm.getResult().getType());
  };
  if (!areStorable(*scale, getType(norm.getScale())) ||
      !areStorable(*shift, getType(norm.getShift())))
    return refuse("the scale or shift of " + name + " would not be finite");
  auto write = [&](Value old, StringRef what, ArrayRef<double> elements) {
    auto type = RankedTensorType::get({width}, getType(old));
    std::string base = old && old.getDefiningOp<LoadWeightOp>()
                           ? getOriginalWeightName(old)
                           : name + "." + what.str();
    return writeFloats(builder, norm.getLoc(), base + ".folded", type,
                       elements);
  };
  norm.getScaleMutable().assign(write(norm.getScale(), "scale", *scale));
  if (norm.getShift())
    norm.getShiftMutable().assign(write(norm.getShift(), "shift", *shift));
  return {name, ""};
}

/// One gain behind another is their product.
static Outcome foldIntoScale(tfm::ScaleOp scale, const Gain &gain) {
  std::optional<std::vector<double>> elements = readFloats(scale.getGain());
  std::string name = getGainForRemark(scale.getGain());
  if (!elements)
    return refuse("the elements of " + name + " are not here");
  if (elements->size() == 1)
    elements->assign(gain.elements.size(), elements->front());
  for (auto [i, element] : llvm::enumerate(*elements))
    element *= gain.at(i);
  Type element = getElementTypeOrSelf(scale.getGain().getType());
  if (!areStorable(*elements, element))
    return refuse("gain " + name + " would not be finite");
  OpBuilder builder(scale);
  auto size = static_cast<int64_t>(elements->size());
  Value product =
      writeFloats(builder, scale.getLoc(),
                  getOriginalWeightName(scale.getGain()) + ".folded",
                  RankedTensorType::get({size}, element), *elements);
  scale.getGainMutable().assign(product);
  return {"gain " + name, ""};
}

/// Multiplies what computes `value`, if only one op reads that.
static Outcome foldBackward(Value value, const Gain &gain) {
  if (!value.hasOneUse())
    return refuse("what it multiplies is read elsewhere too");
  Operation *op = value.getDefiningOp();
  if (auto linear = dyn_cast_or_null<tfm::LinearOp>(op))
    return foldIntoColumns(linear, gain, 0);
  if (auto split = dyn_cast_or_null<tfm::SplitOp>(op))
    return foldIntoSplit(split, value, gain);
  if (auto norm = dyn_cast_or_null<tfm::NormOp>(op))
    return foldIntoNorm(norm, gain);
  if (auto scale = dyn_cast_or_null<tfm::ScaleOp>(op))
    return foldIntoScale(scale, gain);
  if (auto attention = dyn_cast_or_null<tfm::AttentionOp>(op);
      attention && value == attention.getOutput()) {
    if (attention.isShaped())
      return foldIntoShape(attention, gain);
    // Without shape gains the output is linear in the values.
    if (!gain.isScalar())
      return refuse("it differs per channel behind an attention");
    return foldBackward(attention.getValue(), gain);
  }
  return refuse("no parameter in front of it takes it");
}

//===----------------------------------------------------------------------===//
// Into what reads the product
//===----------------------------------------------------------------------===//

/// (g x) W = x (diag(g) W), in every reader of the scale; or linear in the
/// values of shaped attentions.
static Outcome foldForward(tfm::ScaleOp scale, const Gain &gain) {
  if (scale.use_empty())
    return refuse("nothing reads it");
  // All of them or none.
  SmallVector<tfm::AttentionOp> attentions;
  SmallVector<std::pair<tfm::LinearOp, LinearWeights>> linears;
  for (OpOperand &use : scale.getResult().getUses()) {
    auto linear = dyn_cast<tfm::LinearOp>(use.getOwner());
    auto attention = dyn_cast<tfm::AttentionOp>(use.getOwner());
    std::string why;
    if (linear && &use == &linear.getInputMutable()) {
      why = whyNot(linear);
      if (why.empty()) {
        LinearWeights weights = *LinearWeights::read(linear);
        weights.forEach(
            [&](int64_t i, int64_t, double &w) { w *= gain.at(i); });
        if (!weights.isFinite())
          why = getNameForRemark(linear) + " would not be finite";
        linears.push_back({linear, std::move(weights)});
      }
    } else if (attention && &use == &attention.getValueMutable() &&
               attention.isShaped()) {
      why = whyNot(attention, gain);
      attentions.push_back(attention);
    } else {
      why = "no parameter beside it takes it";
    }
    if (!why.empty())
      return refuse(why);
  }
  std::string into;
  auto add = [&](const Outcome &outcome) {
    into += (into.empty() ? "" : " and ") + outcome.into;
  };
  for (auto &[linear, weights] : linears)
    add(write(linear, weights));
  for (tfm::AttentionOp attention : attentions)
    add(foldIntoShape(attention, gain));
  return {into, ""};
}

//===----------------------------------------------------------------------===//
// The ops
//===----------------------------------------------------------------------===//

void FoldGains::fold(tfm::AddScaledOp sum) {
  auto foldOne = [&](Value value, MutableOperandRange operand) {
    if (operand.empty())
      return;
    std::optional<Gain> gain = readGain(operand[0].get());
    if (!gain)
      return report(sum.getLoc(), RewriteOutcome::Kept,
                    "gain " + getGainForRemark(operand[0].get()) +
                        " stays: its elements are not here");
    if (gain->isOne()) {
      operand.clear();
      return report(sum.getLoc(), RewriteOutcome::Done,
                    "gain " + gain->name + " dropped: it is 1");
    }
    // x + x reads one value twice.
    Outcome outcome = foldBackward(value, *gain);
    if (!outcome.isDone())
      return report(sum.getLoc(), RewriteOutcome::Kept,
                    "gain " + gain->name + " stays: " + outcome.why);
    operand.clear();
    report(sum.getLoc(), RewriteOutcome::Done,
           "gain " + gain->name + " folded into " + outcome.into);
  };
  foldOne(sum.getLhs(), sum.getLhsGainMutable());
  foldOne(sum.getRhs(), sum.getRhsGainMutable());
}

void FoldGains::fold(tfm::ScaleOp scale) {
  std::optional<Gain> gain = readGain(scale.getGain());
  std::string name = getGainForRemark(scale.getGain());
  if (!gain)
    return report(scale.getLoc(), RewriteOutcome::Kept,
                  "gain " + name + " stays: its elements are not here");
  std::string done = "dropped: it is 1";
  if (!gain->isOne()) {
    Outcome outcome = foldBackward(scale.getInput(), *gain);
    if (!outcome.isDone()) {
      Outcome forward = foldForward(scale, *gain);
      if (!forward.isDone())
        return report(scale.getLoc(), RewriteOutcome::Kept,
                      "gain " + name + " stays: " + outcome.why + "; " +
                          forward.why);
      outcome = forward;
    }
    done = "folded into " + outcome.into;
  }
  report(scale.getLoc(), RewriteOutcome::Done, "gain " + name + " " + done);
  scale.getResult().replaceAllUsesWith(scale.getInput());
  scale.erase();
}

/// alpha and gamma that are 0, beta that is 1.
void FoldGains::dropShapeGains(tfm::AttentionOp attention) {
  auto drop = [&](StringRef what, MutableOperandRange operand, double neutral) {
    std::optional<Gain> gain;
    if (!operand.empty())
      gain = readGain(operand[0].get());
    if (!gain ||
        !llvm::all_of(gain->elements, [&](double g) { return g == neutral; }))
      return;
    operand.clear();
    report(attention.getLoc(), RewriteOutcome::Done,
           what + " " + gain->name + " of " + getNameForRemark(attention) +
               " dropped: it is " + (neutral == 0.0 ? "0" : "1"));
  };
  drop("alpha", attention.getAlphaMutable(), 0.0);
  drop("beta", attention.getBetaMutable(), 1.0);
  drop("gamma", attention.getGammaMutable(), 0.0);
}
