//===- KernelGroup.cpp - Ops that become one kernel -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelGroup.h"

#include "llvm/ADT/DenseMap.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::tfm_to_tile;

/// Runs on what comes from registers, so that it is no root if there is
/// another.
static bool isStep(Operation *op) {
  auto member = dyn_cast<tfm::KernelOpInterface>(op);
  return member && !member.getRegisterOperands().empty();
}

/// The op with a kernel of its own; of a chain of point-wise ops its first.
/// Gains in front of other operands are shorter chains.
static Operation *findRoot(Block &body) {
  llvm::DenseMap<Operation *, int64_t> behind;
  Operation *root = nullptr;
  for (Operation &op : llvm::reverse(body.without_terminator())) {
    int64_t count = 0;
    for (Operation *user : op.getUsers())
      count = std::max(count, behind.lookup(user) + 1);
    behind[&op] = count;
    if (!root || !isStep(&op) || (isStep(root) && count >= behind[root]))
      root = &op;
  }
  return root;
}

KernelGroup::KernelGroup(Operation *op) : op(op), root(op) {
  auto fused = dyn_cast<tfm::FusedOp>(op);
  if (!fused)
    return;
  Block &body = fused.getBody().front();
  root = findRoot(body);
  bool isBehind = false;
  for (Operation &member : body.without_terminator()) {
    if (isBehind)
      steps.push_back(&member);
    isBehind |= &member == root;
  }
}

void KernelGroup::replace(Value member, Value with) const {
  auto fused = dyn_cast<tfm::FusedOp>(op);
  if (!fused)
    return member.replaceAllUsesWith(with);
  Operation *yield = fused.getBody().front().getTerminator();
  for (auto [value, result] :
       llvm::zip(yield->getOperands(), fused.getResults()))
    if (value == member)
      result.replaceAllUsesWith(with);
}

bool KernelGroup::isResult(Value member) const {
  auto fused = dyn_cast<tfm::FusedOp>(op);
  if (!fused)
    return true;
  return llvm::is_contained(
      fused.getBody().front().getTerminator()->getOperands(), member);
}

void KernelGroup::erase() {
  op->erase();
  op = root = nullptr;
  steps.clear();
}
