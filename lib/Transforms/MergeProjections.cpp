//===- MergeProjections.cpp - Linears of one input become one -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightMath.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Transforms/Passes.h"
#include "llvm/ADT/MapVector.h"

namespace ockham {
#define GEN_PASS_DEF_MERGEPROJECTIONS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

namespace {

/// Columns [begin, begin + size) of a linear, which someone reads as `value`.
struct ColumnRange {
  tfm::LinearOp linear;
  Value value;
  int64_t begin = 0, size = 0;
};

struct MergeProjections : ockham::impl::MergeProjectionsBase<MergeProjections> {
  void runOnOperation() override;

private:
  static void merge(ArrayRef<tfm::LinearOp> linears);
};

} // namespace

static int64_t getWidth(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape().back();
}

/// Whether the columns of the linear's weight can be taken apart.
static bool isMergeable(tfm::LinearOp linear) {
  return !linear.getSkipGain() && !linear.getResidGain() &&
         !linear.getRowScale() && !linear.getInit() &&
         isKnownOrAbsent(linear.getWeight()) &&
         isKnownOrAbsent(linear.getBias()) && !linear.getResult().use_empty();
}

/// What is read of a linear: all of it, or the parts of its split that have
/// readers.
static SmallVector<ColumnRange> getColumnRanges(tfm::LinearOp linear) {
  auto split = linear.getResult().hasOneUse()
                   ? dyn_cast<tfm::SplitOp>(*linear->getUsers().begin())
                   : tfm::SplitOp();
  if (!split)
    return {{linear, linear.getResult(), 0, getWidth(linear)}};
  SmallVector<ColumnRange> ranges;
  int64_t begin = 0;
  for (Value part : split.getResults()) {
    if (!part.use_empty())
      ranges.push_back({linear, part, begin, getWidth(part)});
    begin += getWidth(part);
  }
  return ranges;
}

void MergeProjections::merge(ArrayRef<tfm::LinearOp> linears) {
  SmallVector<ColumnRange> ranges;
  int64_t width = 0, oldWidth = 0;
  bool hasBias = false;
  for (tfm::LinearOp linear : linears) {
    llvm::append_range(ranges, getColumnRanges(linear));
    oldWidth += getWidth(linear);
    hasBias |= linear.getBias() != nullptr;
  }
  for (const ColumnRange &range : ranges)
    width += range.size;
  // One linear, all of whose columns are read.
  if (linears.size() == 1 && width == oldWidth)
    return;

  tfm::LinearOp first = linears.front();
  int64_t in = getWidth(first.getInput());
  std::vector<double> weight(in * width), bias;
  int64_t begin = 0;
  tfm::LinearOp current;
  std::optional<LinearWeights> weights;
  for (const ColumnRange &range : ranges) {
    if (range.linear != current) {
      current = range.linear;
      weights = LinearWeights::read(current);
      if (!weights)
        return;
    }
    for (int64_t i = 0; i < in; ++i)
      for (int64_t j = 0; j < range.size; ++j)
        weight[i * width + begin + j] = weights->at(i, range.begin + j);
    for (int64_t j = 0; j < range.size; ++j)
      bias.push_back(weights->bias[range.begin + j]);
    begin += range.size;
  }

  OpBuilder builder(first);
  Location loc = first.getLoc();
  Type element = getElementTypeOrSelf(first.getType());
  std::string name = getWeightName(first.getWeight()) + ".merged";
  Value newWeight = writeFloats(
      builder, loc, name, RankedTensorType::get({in, width}, element), weight);
  Value newBias;
  if (hasBias)
    newBias = writeFloats(builder, loc, name + ".bias",
                          RankedTensorType::get({width}, element), bias);
  auto type = cast<RankedTensorType>(first.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = width;
  Value merged = tfm::LinearOp::create(
      builder, loc, type.clone(shape), first.getInput(), newWeight, newBias,
      /*skip_gain=*/Value(), /*resid_gain=*/Value(), /*row_scale=*/Value(),
      /*transposed=*/UnitAttr());
  if (ranges.size() == 1) {
    ranges.front().value.replaceAllUsesWith(merged);
  } else {
    SmallVector<Type> types;
    for (const ColumnRange &range : ranges)
      types.push_back(range.value.getType());
    auto split = tfm::SplitOp::create(builder, loc, types, merged);
    for (auto [range, part] : llvm::zip(ranges, split.getResults()))
      range.value.replaceAllUsesWith(part);
  }
  for (tfm::LinearOp linear : linears) {
    for (Operation *user : llvm::make_early_inc_range(linear->getUsers()))
      user->erase();
    linear.erase();
  }
}

void MergeProjections::runOnOperation() {
  // Linears of one input in one region, in the order of the module. The first
  // one's place serves all: what they read is their input and parameters.
  llvm::MapVector<std::pair<Value, Block *>, SmallVector<tfm::LinearOp, 2>>
      groups;
  getOperation().walk([&](tfm::LinearOp linear) {
    if (isMergeable(linear))
      groups[{linear.getInput(), linear->getBlock()}].push_back(linear);
  });
  for (auto &[key, linears] : groups)
    merge(linears);
  eraseUnusedWeights(getOperation());
}
