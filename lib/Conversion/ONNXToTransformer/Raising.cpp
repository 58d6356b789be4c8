//===- Raising.cpp - What the matchers share ------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Raising.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringExtras.h"

#include <map>

using namespace mlir;

namespace ockham::raising {

std::string getNodeName(Operation *op) {
  std::string name;
  op->getLoc()->walk([&](Location loc) {
    auto named = dyn_cast<NameLoc>(loc);
    if (!named)
      return WalkResult::advance();
    name = named.getName().str();
    return WalkResult::interrupt();
  });
  return name.empty() ? op->getName().getStringRef().str() : name;
}

bool isRows(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 3 && isa<FloatType>(type.getElementType());
}

LogicalResult Attempt::fail(Operation *op, const Twine &reason) {
  why = reason.str();
  if (op)
    node = getNodeName(op);
  return failure();
}

bool Raiser::eraseIfDead(Operation *op) {
  if (!isOpTriviallyDead(op))
    return false;
  attempts.erase(op);
  erased.insert(op);
  op->erase();
  return true;
}

void Raiser::walkBackwards(llvm::function_ref<void(Operation *)> visit) {
  SmallVector<Operation *> ops;
  for (Operation &op : function.getBody().front())
    ops.push_back(&op);
  // Whatever reads an op's results comes later in the block and has been
  // visited, so an op that is dead now stays dead. A visit may erase any op,
  // also itself; what it creates is not in the list, wherever it is allocated.
  erased.clear();
  for (Operation *op : llvm::reverse(ops)) {
    if (erased.contains(op) || eraseIfDead(op))
      continue;
    visit(op);
    if (!erased.contains(op))
      eraseIfDead(op);
  }
}

LogicalResult Raiser::replace(Value from, Value to) {
  if (from.getType() != to.getType()) {
    if (failed(verifyCompatibleShape(from.getType(), to.getType())) ||
        getElementTypeOrSelf(from) != getElementTypeOrSelf(to))
      return failure();
    builder.setInsertionPointAfterValue(to);
    to = tensor::CastOp::create(builder, from.getLoc(), from.getType(), to);
  }
  from.replaceAllUsesWith(to);
  return success();
}

void Raiser::record(Attempt attempt) {
  if (attempt.anchors.empty())
    return;
  attempt.anchorName = getNodeName(attempt.anchors.front());
  attempt.anchorLoc = attempt.anchors.front()->getLoc();
  auto shared = std::make_shared<Attempt>(std::move(attempt));
  for (Operation *anchor : shared->anchors) {
    std::shared_ptr<Attempt> &best = attempts[anchor];
    if (!best || best->matched < shared->matched)
      best = shared;
  }
}

/// Ops that only transformers' concepts contain: if one is left, something was
/// not recognised.
static bool isAnchor(Operation *op) {
  return isa<onnx::SoftmaxOp, onnx::ErfOp, onnx::SqrtOp, onnx::ReduceMeanOp,
             onnx::ReduceL2Op, onnx::LayerNormalizationOp, onnx::TanhOp,
             onnx::SigmoidOp>(op);
}

//===----------------------------------------------------------------------===//
// What stays
//===----------------------------------------------------------------------===//

namespace {
/// What an onnx op that stays is for.
enum class Use { None, Mask, Angles, Positions, Heads, Other };
} // namespace

/// What an operand of a tfm op is for.
static Use getUse(OpOperand &operand) {
  Operation *op = operand.getOwner();
  Value value = operand.get();
  if (auto attention = dyn_cast<tfm::AttentionOp>(op)) {
    if (value == attention.getMask())
      return Use::Mask;
    if (value == attention.getCos() || value == attention.getSin())
      return Use::Angles;
    if (value == attention.getPast())
      return Use::Positions;
    return Use::Heads;
  }
  if (auto embedding = dyn_cast<tfm::EmbeddingOp>(op))
    if (value == embedding.getIds() || value == embedding.getPast())
      return Use::Positions;
  // A cache is also returned, for the next step.
  return isa<func::ReturnOp>(op) ? Use::None : Use::Other;
}

/// The uses of all ops of a block: what serves one purpose alone has it.
static llvm::DenseMap<Operation *, Use> findUses(Block &block) {
  llvm::DenseMap<Operation *, Use> uses;
  auto isAbout = [](Use use) {
    return use == Use::Mask || use == Use::Angles || use == Use::Positions;
  };
  for (Operation &op : llvm::reverse(block)) {
    Use all = Use::None;
    for (OpOperand &operand : op.getUses()) {
      Operation *user = operand.getOwner();
      bool isShape =
          isa<onnx::ONNXDialect, arith::ArithDialect, tensor::TensorDialect>(
              user->getDialect());
      Use use = isShape ? uses.lookup(user) : getUse(operand);
      if (use == Use::None)
        continue;
      if (all == Use::None || all == use)
        all = use;
      else if (isAbout(all) && isAbout(use))
        // Masks and angles are computed from the same positions.
        all = Use::Positions;
      else
        all = Use::Other;
    }
    uses[&op] = all;
  }
  return uses;
}

/// "3 onnx operators <what>: Cast (1), Sub (2)".
static void reportCount(Location loc,
                        const std::map<std::string, unsigned> &counts,
                        StringRef one, StringRef many) {
  unsigned total = 0;
  for (const auto &entry : counts)
    total += entry.second;
  if (total == 0)
    return;
  std::string list;
  llvm::raw_string_ostream stream(list);
  llvm::interleaveComma(counts, stream, [&](const auto &entry) {
    stream << entry.first << " (" << entry.second << ")";
  });
  emitRemark(loc) << total << " onnx operator" << (total == 1 ? " " : "s ")
                  << (total == 1 ? one : many) << ": " << list;
}

void Raiser::reportLeftovers() {
  llvm::SmallPtrSet<Attempt *, 16> reported;
  std::map<Use, std::map<std::string, unsigned>> left;
  llvm::DenseMap<Operation *, Use> uses = findUses(function.getBody().front());
  function.walk([&](Operation *op) {
    if (!isa_and_nonnull<onnx::ONNXDialect>(op->getDialect()))
      return;
    if (!isa<onnx::ConstantOp>(op)) {
      Use use = uses.lookup(op);
      ++left[use == Use::None ? Use::Other : use]
            [op->getName().stripDialect().str()];
    }
    auto it = attempts.find(op);
    if (it == attempts.end()) {
      if (isAnchor(op))
        emitRemark(op->getLoc())
            << getNodeName(op) << ": not part of anything known";
      return;
    }
    Attempt &attempt = *it->second;
    // One remark for all anchors of one failed norm or attention.
    if (!reported.insert(&attempt).second)
      return;
    std::string remark = attempt.anchorName + ": " +
                         std::to_string(attempt.matched) + " of " +
                         std::to_string(attempt.total) + " ops matched " +
                         attempt.concept_ + "; " + attempt.why;
    if (!attempt.node.empty() && attempt.node != attempt.anchorName)
      remark += " (at " + attempt.node + ")";
    emitRemark(attempt.anchorLoc) << remark;
  });
  Location loc = function.getLoc();
  reportCount(loc, left[Use::Positions], "computes positions and ids",
              "compute positions and ids");
  reportCount(loc, left[Use::Mask], "computes masks of attentions",
              "compute masks of attentions");
  reportCount(loc, left[Use::Angles], "computes rotary angles",
              "compute rotary angles");
  reportCount(loc, left[Use::Heads],
              "brings queries, keys and values to attentions",
              "bring queries, keys and values to attentions");
  reportCount(loc, left[Use::Other], "stays", "stay");
}

} // namespace ockham::raising
