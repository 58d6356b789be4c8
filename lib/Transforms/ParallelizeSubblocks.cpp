//===- ParallelizeSubblocks.cpp - Attention and MLP side by side ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A branch is a summand of a block's residual sum with the ops that only it
// needs. Branches of one sum cannot read each other, so that all that has to be
// found out is which ops are whose.
//
//===----------------------------------------------------------------------===//

#include "Schedule.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/IR/Builders.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Support/RewriteRemark.h"
#include "ockham/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace ockham {
#define GEN_PASS_DEF_PARALLELIZESUBBLOCKS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

static constexpr llvm::StringLiteral kParallelize = "tfm-parallelize-subblocks";

namespace {

/// A value and the ops of its block that nothing but it needs.
struct Branch {
  Value value;
  llvm::SetVector<Operation *> ops;

  bool hasAttention() const {
    return llvm::any_of(ops, llvm::IsaPred<tfm::AttentionOp>);
  }
  bool hasProduct() const {
    return llvm::any_of(ops, llvm::IsaPred<tfm::LinearOp, tfm::AttentionOp>);
  }
};

struct ParallelizeSubblocks
    : ockham::impl::ParallelizeSubblocksBase<ParallelizeSubblocks> {
  void runOnOperation() override;

private:
  static void parallelize(tfm::AddScaledOp sum);
};

} // namespace

/// All that computes `value` in the block.
static SetVector<Operation *> getSlice(Value value, Block *block) {
  SetVector<Operation *> slice;
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != block)
    return slice;
  BackwardSliceOptions options;
  options.inclusive = true;
  options.omitBlockArguments = true;
  options.omitUsesFromAbove = false;
  options.filter = [&](Operation *source) {
    return source->getBlock() == block;
  };
  if (failed(getBackwardSlice(op, &slice, options)))
    slice.clear();
  return slice;
}

/// Removes what others need as well, and what that needs: it stays in front of
/// the branches.
static void removeShared(Branch &branch, Operation *before,
                         ArrayRef<Operation *> innerSums) {
  Block *block = before->getBlock();
  auto isPrivate = [&](Operation *op) {
    if (!isMemoryEffectFree(op))
      return false;
    return llvm::all_of(op->getUses(), [&](OpOperand &use) {
      Operation *user = block->findAncestorOpInBlock(*use.getOwner());
      return branch.ops.contains(user) ||
             (use.get() == branch.value &&
              (llvm::is_contained(innerSums, user) ||
               !user->isBeforeInBlock(before)));
    });
  };
  for (bool changed = true; changed;) {
    changed = false;
    SmallVector<Operation *> ops(branch.ops.begin(), branch.ops.end());
    // Readers first.
    for (Operation *op : llvm::reverse(ops))
      if (!isPrivate(op))
        changed |= branch.ops.remove(op);
  }
}

/// The branches that `values` are the ends of; one without ops is none. The
/// ends themselves are read from outside, from `before` on or by `innerSums`.
static SmallVector<Branch> getBranches(ArrayRef<Value> values,
                                       Operation *before,
                                       ArrayRef<Operation *> innerSums = {}) {
  Block *block = before->getBlock();
  SmallVector<SetVector<Operation *>> slices;
  llvm::DenseMap<Operation *, unsigned> readers;
  for (Value value : values) {
    slices.push_back(getSlice(value, block));
    for (Operation *op : slices.back())
      ++readers[op];
  }
  SmallVector<Branch> branches;
  for (auto [value, slice] : llvm::zip_equal(values, slices)) {
    Branch branch;
    branch.value = value;
    for (Operation *op : slice)
      if (readers[op] == 1)
        branch.ops.insert(op);
    removeShared(branch, before, innerSums);
    if (!branch.ops.empty() && branch.ops.contains(value.getDefiningOp()))
      branches.push_back(std::move(branch));
  }
  return branches;
}

/// The sums that getSummands looks into.
static SmallVector<Operation *> getInnerSums(tfm::AddScaledOp sum) {
  SmallVector<Operation *> inner;
  for (Value side : {sum.getLhs(), sum.getRhs()})
    if (auto op = side.getDefiningOp<tfm::AddScaledOp>())
      if (isInnerSum(op)) {
        inner.push_back(op);
        llvm::append_range(inner, getInnerSums(op));
      }
  return inner;
}

/// The branches of a sum that are worth a schedule of their own: one with the
/// attention, and others with products.
static SmallVector<Branch> getBranches(tfm::AddScaledOp sum) {
  SmallVector<Value> values;
  for (const Summand &summand : getSummands(sum))
    values.push_back(summand.value);
  SmallVector<Branch> branches = getBranches(values, sum, getInnerSums(sum));
  llvm::erase_if(branches,
                 [](const Branch &branch) { return !branch.hasProduct(); });
  if (branches.size() < 2 || llvm::none_of(branches, [](const Branch &branch) {
        return branch.hasAttention();
      }))
    branches.clear();
  return branches;
}

/// Moves the branches into a tfm.parallel before `before`.
static void formParallel(ArrayRef<Branch> branches, Operation *before) {
  Location loc = before->getLoc();
  OpBuilder builder(before);
  SmallVector<Type> types;
  for (const Branch &branch : branches)
    types.push_back(branch.value.getType());
  auto parallel = tfm::ParallelOp::create(builder, loc, types, branches.size());
  Block *block = before->getBlock();
  for (auto [index, branch] : llvm::enumerate(branches)) {
    Block *body = builder.createBlock(&parallel.getBranches()[index]);
    // In their order in the block.
    for (Operation &op : llvm::make_early_inc_range(*block))
      if (branch.ops.contains(&op))
        op.moveBefore(body, body->end());
    Value value = branch.value, result = parallel.getResult(index);
    value.replaceUsesWithIf(result, [&](OpOperand &use) {
      return !body->findAncestorOpInBlock(*use.getOwner());
    });
    builder.setInsertionPointToEnd(body);
    tfm::YieldOp::create(builder, loc, value);
  }
}

/// What stops the projections of the branches from being one product.
static void remarkInputs(Location loc, ArrayRef<Branch> branches) {
  llvm::SmallSetVector<Value, 2> inputs;
  for (const Branch &branch : branches)
    for (Operation *op : branch.ops)
      if (auto norm = dyn_cast<tfm::NormOp>(op))
        inputs.insert(norm.getInput());
  // Each branch has its norm, and all norms read the same rows.
  auto hasNorm = [](const Branch &branch) {
    return llvm::any_of(branch.ops, llvm::IsaPred<tfm::NormOp>);
  };
  if (inputs.size() == 1 && llvm::all_of(branches, hasNorm))
    emitRewriteRemark(loc, kParallelize, RewriteOutcome::Kept)
        << "the branches read different norms of the same rows: their "
           "projections stay products of their own";
}

void ParallelizeSubblocks::parallelize(tfm::AddScaledOp sum) {
  Block *block = sum->getBlock();
  auto parent = dyn_cast<tfm::BlockOp>(block->getParentOp());
  Location loc = parent ? parent.getLoc() : sum.getLoc();
  SmallVector<Value> summands;
  for (const Summand &summand : getSummands(sum)) {
    summands.push_back(summand.value);
    if (auto linear = summand.value.getDefiningOp<tfm::LinearOp>())
      if (summand.gain)
        emitRewriteRemark(linear.getLoc(), kParallelize, RewriteOutcome::Kept)
            << "the product is not accumulated onto the other branch: a gain "
               "stands in front of it";
  }
  llvm::SmallPtrSet<Operation *, 32> inBranches;
  for (const Branch &branch : getBranches(sum))
    inBranches.insert(branch.ops.begin(), branch.ops.end());
  std::optional<AccumulatedSum> accumulated = accumulateSum(sum);
  Operation *before = sum;
  if (accumulated) {
    before = accumulated->first;
    // A branch ends where its last product begins, unless that is the first one
    // and accumulates onto nothing of another branch.
    bool baseIsBranch =
        accumulated->base &&
        llvm::any_of(getSlice(accumulated->base, block),
                     [&](Operation *op) { return inBranches.contains(op); });
    for (tfm::LinearOp linear : accumulated->linears) {
      auto *summand = llvm::find(summands, Value(linear.getResult()));
      if (baseIsBranch)
        *summand = linear.getInput();
      baseIsBranch = true;
    }
  }
  SmallVector<Branch> branches = getBranches(summands, before);
  // However the sum was written: the attention last. A target that runs one
  // after the other then has the merged product's columns for the MLP, and
  // what the last product accumulates onto, in the cache when it needs them.
  std::stable_partition(
      branches.begin(), branches.end(),
      [](const Branch &branch) { return !branch.hasAttention(); });
  if (branches.size() < 2 && !accumulated)
    return;
  auto remark = emitRewriteRemark(loc, kParallelize, RewriteOutcome::Done);
  remark << "attention and MLP do not depend on each other";
  if (accumulated)
    remark << ": the last product accumulates onto the rest of the sum";
  remark.report();
  if (branches.size() >= 2)
    formParallel(branches, before);
}

void ParallelizeSubblocks::runOnOperation() {
  SmallVector<tfm::AddScaledOp> sums;
  llvm::SetVector<Block *> blocks;
  getOperation().walk([&](tfm::AddScaledOp sum) {
    if (isInnerSum(sum))
      return;
    SmallVector<Branch> branches = getBranches(sum);
    if (branches.empty())
      return;
    auto parent = dyn_cast<tfm::BlockOp>(sum->getParentOp());
    remarkInputs(parent ? parent.getLoc() : sum.getLoc(), branches);
    sums.push_back(sum);
    blocks.insert(sum->getBlock());
  });
  SmallVector<tfm::LinearOp> linears;
  for (Block *block : blocks)
    llvm::append_range(linears, block->getOps<tfm::LinearOp>());
  mergeProjections(getOperation(), linears, kParallelize);
  for (tfm::AddScaledOp sum : sums)
    parallelize(sum);
  eraseUnusedWeights(getOperation());
}
