//===- MergeProjections.cpp - Linears of one input become one -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One product over the rows instead of several: the rows are read once, and
// there is one loop nest to start. What it must not cost is memory: a weight
// that others read as well would be stored twice. docs/simplification.md has
// the rule.
//
//===----------------------------------------------------------------------===//

#include "Schedule.h"
#include "WeightMath.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Support/RewriteRemark.h"
#include "ockham/Transforms/Passes.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

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

/// The linears of one input in one region.
struct Group {
  SmallVector<tfm::LinearOp, 3> linears;

  /// One linear all of whose columns are read stays.
  bool isWorthwhile() const;
};

class Merger {
public:
  Merger(ModuleOp module, llvm::StringLiteral pass)
      : module(module), pass(pass) {}

  void add(tfm::LinearOp linear);
  void run();

private:
  void keepSharedWeights();
  void merge(ArrayRef<tfm::LinearOp> inOrder);

  ModuleOp module;
  llvm::StringLiteral pass;
  /// In the order of the module. Linears with the same row scale can merge.
  using Key = std::tuple<Value, Value, Block *, Type>;
  llvm::MapVector<Key, Group> groups;
};

struct MergeProjections : ockham::impl::MergeProjectionsBase<MergeProjections> {
  void runOnOperation() override {
    SmallVector<tfm::LinearOp> linears;
    getOperation().walk(
        [&](tfm::LinearOp linear) { linears.push_back(linear); });
    mergeProjections(getOperation(), linears, "tfm-merge-projections");
  }
};

} // namespace

static int64_t getWidth(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape().back();
}

/// Whether the columns of the linear's weight can be taken apart.
static bool isMergeable(tfm::LinearOp linear) {
  if (linear.getSkipGain() || linear.getResidGain() || linear.getInit() ||
      linear.getResult().use_empty() || !isKnownOrAbsent(linear.getWeight()) ||
      !isKnownOrAbsent(linear.getBias()))
    return false;
  Type element = getElementTypeOrSelf(linear.getWeight().getType());
  return ShapedType::isStatic(getWidth(linear)) &&
         (!linear.getBias() ||
          getElementTypeOrSelf(linear.getBias().getType()) == element);
}

static tfm::SplitOp getOnlySplit(tfm::LinearOp linear) {
  return linear.getResult().hasOneUse()
             ? dyn_cast<tfm::SplitOp>(*linear->getUsers().begin())
             : tfm::SplitOp();
}

/// What is read of a linear: all of it, or the parts of its split that have
/// readers.
static SmallVector<ColumnRange> getColumnRanges(tfm::LinearOp linear) {
  tfm::SplitOp split = getOnlySplit(linear);
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

static int64_t countReadColumns(tfm::LinearOp linear) {
  int64_t count = 0;
  for (const ColumnRange &range : getColumnRanges(linear))
    count += range.size;
  return count;
}

bool Group::isWorthwhile() const {
  if (linears.size() != 1)
    return linears.size() > 1;
  tfm::LinearOp only = linears[0];
  return countReadColumns(only) != getWidth(only);
}

void Merger::add(tfm::LinearOp linear) {
  // A split that nothing reads is dead, not narrow.
  if (!isMergeable(linear) || countReadColumns(linear) == 0)
    return;
  Key key = {linear.getInput(), linear.getRowScale(), linear->getBlock(),
             getElementTypeOrSelf(linear.getWeight().getType())};
  groups[key].linears.push_back(linear);
}

/// Takes out linears whose weight is stored a second time when their columns
/// are: others read it, more columns than it has. What one group keeps may
/// change what another one may do.
void Merger::keepSharedWeights() {
  llvm::DenseMap<Attribute, SmallVector<Operation *, 2>> readers;
  module.walk([&](LoadWeightOp load) {
    llvm::append_range(readers[load.getWeightAttr().getAttr()],
                       load->getUsers());
  });
  auto getWeight = [](tfm::LinearOp linear) -> Attribute {
    auto load = linear.getWeight().getDefiningOp<LoadWeightOp>();
    return load ? load.getWeightAttr().getAttr() : Attribute();
  };
  for (bool changed = true; changed;) {
    changed = false;
    llvm::DenseSet<Operation *> rewritten;
    for (auto &[key, group] : groups)
      if (group.isWorthwhile())
        rewritten.insert(group.linears.begin(), group.linears.end());
    for (auto &[key, group] : groups) {
      if (!group.isWorthwhile())
        continue;
      llvm::erase_if(group.linears, [&](tfm::LinearOp linear) {
        Attribute weight = getWeight(linear);
        if (!weight)
          return false;
        int64_t stored = 0;
        for (Operation *reader : readers[weight]) {
          auto other = dyn_cast<tfm::LinearOp>(reader);
          stored += other && rewritten.contains(other) ? countReadColumns(other)
                                                       : getWidth(linear);
        }
        if (stored <= getWidth(linear))
          return false;
        emitRewriteRemark(linear.getLoc(), pass, RewriteOutcome::Kept)
            << getWeightName(linear.getWeight())
            << " stays a matrix of its own: it is read elsewhere too and would "
               "be stored twice";
        return changed = true;
      });
    }
  }
}

static std::string getNames(ArrayRef<tfm::LinearOp> linears) {
  SmallVector<std::string> names;
  for (tfm::LinearOp linear : linears)
    names.push_back(getWeightName(linear.getWeight()));
  return llvm::join(names, ", ");
}

/// The place of a linear's columns, by what reads them: queries, keys, values,
/// then what goes into an activation, then the rest. The order of the program
/// says nothing about the model.
static unsigned getRank(tfm::LinearOp linear) {
  unsigned rank = 4;
  for (const ColumnRange &range : getColumnRanges(linear))
    for (OpOperand &use : range.value.getUses()) {
      if (isa<tfm::AttentionOp>(use.getOwner()))
        rank = std::min(rank, use.getOperandNumber());
      else if (isa<tfm::ActivationOp>(use.getOwner()))
        rank = std::min(rank, 3u);
    }
  return rank;
}

void Merger::merge(ArrayRef<tfm::LinearOp> inOrder) {
  SmallVector<tfm::LinearOp, 3> linears(inOrder);
  llvm::stable_sort(linears, [](tfm::LinearOp a, tfm::LinearOp b) {
    return getRank(a) < getRank(b);
  });
  SmallVector<ColumnRange> ranges;
  int64_t width = 0, oldWidth = 0;
  bool hasBias = false;
  SmallVector<Location> locations;
  for (tfm::LinearOp linear : linears) {
    llvm::append_range(ranges, getColumnRanges(linear));
    oldWidth += getWidth(linear);
    hasBias |= linear.getBias() != nullptr;
    locations.push_back(linear.getLoc());
  }
  for (const ColumnRange &range : ranges)
    width += range.size;

  tfm::LinearOp first = linears.front();
  auto firstType = cast<RankedTensorType>(first.getWeight().getType());
  int64_t in = firstType.getDimSize(first.getTransposed() ? 1 : 0);
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

  OpBuilder builder(inOrder.front());
  // Each node's name is still found.
  Location loc = builder.getFusedLoc(locations);
  {
    auto remark = emitRewriteRemark(loc, pass, RewriteOutcome::Done);
    if (linears.size() > 1)
      remark << getNames(linears) << " are one product of width " << width;
    else
      remark << getNames(linears) << " is narrowed to width " << width;
    if (width < oldWidth)
      remark << "; nothing reads the other " << oldWidth - width << " columns";
  }
  Type element = getElementTypeOrSelf(first.getWeight().getType());
  std::string name = getWeightName(first.getWeight()) +
                     (linears.size() > 1 ? ".merged" : ".narrowed");
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
      /*skip_gain=*/Value(), /*resid_gain=*/Value(), first.getRowScale(),
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
    if (tfm::SplitOp split = getOnlySplit(linear))
      split.erase();
    SmallVector<Value> parameters = {linear.getWeight()};
    if (linear.getBias())
      parameters.push_back(linear.getBias());
    linear.erase();
    for (Value parameter : parameters)
      if (auto load = parameter.getDefiningOp<LoadWeightOp>())
        if (load->use_empty())
          load.erase();
  }
}

void Merger::run() {
  keepSharedWeights();
  for (auto &[key, group] : groups)
    if (group.isWorthwhile())
      merge(group.linears);
  eraseUnusedWeights(module);
}

void ockham::mergeProjections(ModuleOp module, ArrayRef<tfm::LinearOp> linears,
                              llvm::StringLiteral pass) {
  Merger merger(module, pass);
  for (tfm::LinearOp linear : linears)
    merger.add(linear);
  merger.run();
}
