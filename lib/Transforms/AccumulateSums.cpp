//===- AccumulateSums.cpp - Products are added to while they are made -----===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// x + h W is a product with an initial value: one pass over the rows less than
// a product that is written, read and added.
//
//===----------------------------------------------------------------------===//

#include "Schedule.h"
#include "WeightMath.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Transforms/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_ACCUMULATESUMS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

bool ockham::isInnerSum(tfm::AddScaledOp sum) {
  if (!sum.getResult().hasOneUse())
    return false;
  OpOperand &use = *sum.getResult().use_begin();
  auto outer = dyn_cast<tfm::AddScaledOp>(use.getOwner());
  if (!outer || outer->getBlock() != sum->getBlock())
    return false;
  return use.get() == outer.getLhs() ? !outer.getLhsGain()
                                     : !outer.getRhsGain();
}

SmallVector<Summand> ockham::getSummands(tfm::AddScaledOp sum) {
  SmallVector<Summand> summands;
  for (Summand summand : {Summand{sum.getLhs(), sum.getLhsGain()},
                          Summand{sum.getRhs(), sum.getRhsGain()}}) {
    auto inner = summand.value.getDefiningOp<tfm::AddScaledOp>();
    if (inner && isInnerSum(inner))
      llvm::append_range(summands, getSummands(inner));
    else
      summands.push_back(summand);
  }
  return summands;
}

tfm::LinearOp ockham::getAccumulating(const Summand &summand,
                                      tfm::AddScaledOp sum) {
  auto linear = summand.value.getDefiningOp<tfm::LinearOp>();
  if (!linear || summand.gain || linear.getInit() ||
      linear->getBlock() != sum->getBlock() || !linear.getResult().hasOneUse())
    return {};
  return linear;
}

/// Whether an attention computes what the linear reads.
static bool isBehindAttention(tfm::LinearOp linear) {
  BackwardSliceOptions options;
  options.omitBlockArguments = true;
  options.inclusive = true;
  // The stream before the block is no part of the branch.
  options.filter = [&](Operation *op) {
    return op->getBlock() == linear->getBlock() && !isa<tfm::AddScaledOp>(op);
  };
  SetVector<Operation *> slice;
  if (failed(getBackwardSlice(linear.getInput(), &slice, options)))
    return false;
  return llvm::any_of(slice, llvm::IsaPred<tfm::AttentionOp>);
}

/// Two biases that are added one after the other are one.
static void mergeBiases(OpBuilder &builder, tfm::LinearOp first,
                        tfm::LinearOp second) {
  if (!first.getBias() || !second.getBias() ||
      first.getBias().getType() != second.getBias().getType())
    return;
  auto sum = readFloats(first.getBias()), other = readFloats(second.getBias());
  if (!sum || !other)
    return;
  for (auto [a, b] : llvm::zip_equal(*sum, *other))
    a += b;
  if (!areStorable(*sum, getElementTypeOrSelf(first.getBias().getType())))
    return;
  // Both may read one value.
  llvm::SmallSetVector<Value, 2> oldBiases;
  oldBiases.insert(first.getBias());
  oldBiases.insert(second.getBias());
  builder.setInsertionPoint(first);
  first.getBiasMutable().assign(writeFloats(
      builder, first.getLoc(), getWeightName(first.getBias()) + ".merged",
      cast<RankedTensorType>(first.getBias().getType()), *sum));
  second.getBiasMutable().clear();
  for (Value bias : oldBiases)
    if (Operation *load = bias.getDefiningOp())
      if (load->use_empty())
        load->erase();
}

std::optional<AccumulatedSum> ockham::accumulateSum(tfm::AddScaledOp sum) {
  SmallVector<Summand> rest;
  SmallVector<tfm::LinearOp> behindAttention, others;
  for (const Summand &summand : getSummands(sum)) {
    tfm::LinearOp linear = getAccumulating(summand, sum);
    if (!linear)
      rest.push_back(summand);
    else
      (isBehindAttention(linear) ? behindAttention : others).push_back(linear);
  }
  AccumulatedSum result;
  llvm::append_range(result.linears, behindAttention);
  llvm::append_range(result.linears, others);
  if (result.linears.empty())
    return std::nullopt;

  OpBuilder builder(sum);
  Location loc = sum.getLoc();
  auto note = [&](Operation *op) {
    if (!result.first)
      result.first = op;
  };
  if (rest.size() == 1) {
    result.base = rest[0].value;
    if (rest[0].gain) {
      result.base =
          tfm::ScaleOp::create(builder, loc, rest[0].value, rest[0].gain);
      note(result.base.getDefiningOp());
    }
  } else if (!rest.empty()) {
    Summand sumOfRest = rest[0];
    for (const Summand &next : ArrayRef(rest).drop_front()) {
      sumOfRest = {tfm::AddScaledOp::create(builder, loc, sumOfRest.value,
                                            next.value, sumOfRest.gain,
                                            next.gain),
                   Value()};
      note(sumOfRest.value.getDefiningOp());
    }
    result.base = sumOfRest.value;
  }

  Value value = result.base;
  tfm::LinearOp previous;
  for (tfm::LinearOp linear : result.linears) {
    // The inner sums lose this reader now.
    linear->moveBefore(sum);
    note(linear);
    if (previous)
      mergeBiases(builder, previous, linear);
    if (value)
      linear.getInitMutable().assign(value);
    value = linear;
    previous = linear;
  }
  SmallVector<Operation *> dead = {sum};
  sum.getResult().replaceAllUsesWith(value);
  while (!dead.empty()) {
    Operation *op = dead.pop_back_val();
    SmallVector<Value> operands(op->getOperands());
    op->erase();
    for (Value operand : operands)
      if (auto inner = operand.getDefiningOp<tfm::AddScaledOp>())
        if (inner->use_empty() && !llvm::is_contained(dead, inner))
          dead.push_back(inner);
  }
  return result;
}

namespace {
struct AccumulateSums : ockham::impl::AccumulateSumsBase<AccumulateSums> {
  void runOnOperation() override {
    SmallVector<tfm::AddScaledOp> sums;
    getOperation().walk([&](tfm::AddScaledOp sum) {
      if (!isInnerSum(sum))
        sums.push_back(sum);
    });
    for (tfm::AddScaledOp sum : sums)
      accumulateSum(sum);
    eraseUnusedWeights(getOperation());
  }
};
} // namespace
