//===- AssumeParallel.cpp - Serial blocks as parallel ones ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// x' = x + a(x); y = x' + m(x') becomes y = x + a(x) + m(x). What is assumed is
// in docs/simplification.md.
//
//===----------------------------------------------------------------------===//

#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/IR/Builders.h"
#include "ockham/Support/RewriteRemark.h"
#include "ockham/Transforms/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_ASSUMEPARALLEL
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

static constexpr llvm::StringLiteral kAssumeParallel = "tfm-assume-parallel";

namespace {

/// A block's two sums: x' = input + attention, and x' + MLP.
struct SerialBlock {
  tfm::AddScaledOp middle, end;
  Value input, attention, mlp;
};

struct AssumeParallel : ockham::impl::AssumeParallelBase<AssumeParallel> {
  using AssumeParallelBase::AssumeParallelBase;
  void runOnOperation() override;

private:
  void rewrite(const SerialBlock &serial);
};

} // namespace

/// What computes `value` in its block, back to the sums of the stream.
static SetVector<Operation *> getBranchOps(Value value) {
  SetVector<Operation *> ops;
  Operation *op = value.getDefiningOp();
  if (!op || isa<tfm::AddScaledOp>(op))
    return ops;
  BackwardSliceOptions options;
  options.inclusive = true;
  options.omitBlockArguments = true;
  options.filter = [&](Operation *source) {
    return source->getBlock() == op->getBlock() &&
           !isa<tfm::AddScaledOp>(source);
  };
  if (failed(getBackwardSlice(op, &ops, options)))
    ops.clear();
  return ops;
}

static bool hasAttention(const SetVector<Operation *> &ops) {
  return llvm::any_of(ops, llvm::IsaPred<tfm::AttentionOp>);
}

/// The serial block that ends with this sum, if one does.
static std::optional<SerialBlock> matchSerialBlock(tfm::AddScaledOp end) {
  for (bool swapped : {false, true}) {
    SerialBlock serial;
    serial.end = end;
    Value stream = swapped ? end.getRhs() : end.getLhs();
    serial.mlp = swapped ? end.getLhs() : end.getRhs();
    serial.middle = stream.getDefiningOp<tfm::AddScaledOp>();
    if (!serial.middle || serial.middle->getBlock() != end->getBlock() ||
        serial.middle.getLhs() == serial.middle.getRhs())
      continue;
    serial.input = serial.middle.getLhs();
    serial.attention = serial.middle.getRhs();
    if (!hasAttention(getBranchOps(serial.attention)))
      std::swap(serial.input, serial.attention);
    SetVector<Operation *> mlp = getBranchOps(serial.mlp);
    // The MLP reads the sum, and the model nothing else of it.
    auto isRead = [&](Operation *user) {
      return user == end || mlp.contains(user);
    };
    if (hasAttention(getBranchOps(serial.attention)) &&
        !hasAttention(getBranchOps(serial.input)) && !hasAttention(mlp) &&
        llvm::any_of(mlp, llvm::IsaPred<tfm::LinearOp>) &&
        llvm::all_of(serial.middle->getUsers(), isRead) &&
        !serial.middle.getResult().hasOneUse())
      return serial;
  }
  return std::nullopt;
}

/// The one norm of the attention's branch that reads the block's input.
static tfm::NormOp findInputNorm(const SerialBlock &serial) {
  tfm::NormOp found;
  for (Operation *op : getBranchOps(serial.attention))
    if (auto norm = dyn_cast<tfm::NormOp>(op))
      if (norm.getInput() == serial.input) {
        if (found)
          return {};
        found = norm;
      }
  return found;
}

void AssumeParallel::rewrite(const SerialBlock &serial) {
  tfm::AddScaledOp middle = serial.middle;
  auto parent = dyn_cast<tfm::BlockOp>(middle->getParentOp());
  Location loc = parent ? parent.getLoc() : middle.getLoc();
  auto keep = [&](const Twine &text) {
    emitRewriteRemark(loc, kAssumeParallel, RewriteOutcome::Kept)
        << "the MLP stays behind the attention: " << text.str();
  };
  Value inputGain = serial.input == middle.getLhs() ? middle.getLhsGain()
                                                    : middle.getRhsGain();
  if (inputGain)
    return keep("the skip around the attention has a gain");
  SmallVector<OpOperand *> reads;
  SmallVector<tfm::NormOp> norms;
  for (OpOperand &use : middle.getResult().getUses())
    if (use.getOwner() != serial.end) {
      reads.push_back(&use);
      if (auto norm = dyn_cast<tfm::NormOp>(use.getOwner()))
        norms.push_back(norm);
    }
  std::string which = "with its own norm";
  if (norms.empty()) {
    which = "without a norm";
  } else if (sharedNorm) {
    tfm::NormOp shared = findInputNorm(serial);
    if (!shared)
      return keep("no single norm of the attention reads the block's input");
    if (norms.size() != reads.size())
      return keep("the MLP reads the sum through more than norms");
    which = "through the attention's norm";
    for (tfm::NormOp norm : norms) {
      norm.getResult().replaceAllUsesWith(shared.getResult());
      norm.erase();
    }
    reads.clear();
  }
  for (OpOperand *use : reads)
    use->set(serial.input);
  if (parent)
    parent.setKind(norms.empty() ? tfm::BlockKind::Other
                   : sharedNorm  ? tfm::BlockKind::Parallel
                                 : tfm::BlockKind::ParallelTwoNorms);
  emitRewriteRemark(loc, kAssumeParallel, RewriteOutcome::Done)
      << "the MLP reads the block's input, " << which
      << ", instead of its sum with the attention: the results change, "
         "compare the loss before and after";
}

void AssumeParallel::runOnOperation() {
  SmallVector<tfm::AddScaledOp> sums;
  getOperation().walk([&](tfm::AddScaledOp sum) { sums.push_back(sum); });
  bool found = false;
  for (tfm::AddScaledOp sum : sums)
    if (std::optional<SerialBlock> serial = matchSerialBlock(sum)) {
      rewrite(*serial);
      found = true;
    }
  if (!found)
    emitRewriteRemark(getOperation().getLoc(), kAssumeParallel,
                      RewriteOutcome::Kept)
        << "no block has an MLP behind its attention, with a skip around each";
}
