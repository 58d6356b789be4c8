//===- BufferLifetimes.cpp - From the first to the last use ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BufferLifetimes.h"

#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/CallInterfaces.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;

namespace ockham {

/// Whether the op's regions run one after the other, in the order of the text:
/// a loop, too, but nothing whose parts run at the same time, and no op that
/// this pass knows nothing of.
static bool runsInOrder(Operation *op) {
  return isa<RegionBranchOpInterface>(op) &&
         !op->hasTrait<OpTrait::HasParallelRegion>() &&
         llvm::all_of(op->getRegions(), [](Region &region) {
           return region.empty() || region.hasOneBlock();
         });
}

/// Whether each region of the op runs at most once when the op does.
static bool runsOnce(Operation *op) {
  return runsInOrder(op) && !isa<LoopLikeOpInterface>(op) &&
         !cast<RegionBranchOpInterface>(op).hasLoop();
}

BufferLifetimes::BufferLifetimes(func::FuncOp function)
    : function(function), views(function) {
  number(function.getBody().front());
}

void BufferLifetimes::number(Block &block) {
  for (Operation &op : block) {
    if (isPure(&op) || isa<AllocateOp, ReleaseOp>(op))
      continue;
    int64_t first = next++;
    if (runsInOrder(&op))
      for (Region &region : op.getRegions())
        for (Block &inner : region)
          number(inner);
    steps[&op] = {first, next - 1};
  }
}

BufferLifetimes::Steps BufferLifetimes::getSteps(Operation *op) const {
  // What stands in an op that is one step is part of it.
  while (true) {
    auto found = steps.find(op);
    if (found != steps.end())
      return found->second;
    op = op->getParentOp();
  }
}

void BufferLifetimes::addUse(Lifetime &lifetime, Operation *user,
                             Operation *alloc) const {
  auto add = [&](Operation *op) {
    Steps range = getSteps(op);
    bool isFirstUse = lifetime.isEmpty();
    if (isFirstUse || range.first < lifetime.first) {
      lifetime.first = range.first;
      lifetime.firstUser = user;
    }
    lifetime.last =
        isFirstUse ? range.last : std::max(lifetime.last, range.last);
  };
  add(user);
  // What a loop touches in one iteration it may touch in the next.
  for (Operation *parent = user->getParentOp();
       parent && !parent->isProperAncestor(alloc);
       parent = parent->getParentOp())
    if (!runsOnce(parent))
      add(parent);
}

/// Ops that read of a buffer nothing but how it lies in memory.
static bool readsShapeOnly(Operation *op) {
  return isa<memref::DimOp, memref::RankOp>(op);
}

Lifetime BufferLifetimes::get(Value buffer) {
  Lifetime lifetime;
  Operation *alloc = buffer.getDefiningOp();
  for (Operation *parent = alloc->getParentOp(); parent != function;
       parent = parent->getParentOp())
    if (!runsInOrder(parent)) {
      lifetime.obstacle =
          ("it is made in '" + parent->getName().getStringRef() +
           "', whose iterations may run side by side")
              .str();
      return lifetime;
    }
  for (Value alias : views.resolve(buffer)) {
    for (Operation *user : alias.getUsers()) {
      if (readsShapeOnly(user))
        continue;
      if (isa<ReleaseOp>(user)) {
        if (alias == buffer)
          continue;
        lifetime.obstacle = "it is released through another name";
        return lifetime;
      }
      if (isa<CallOpInterface>(user) ||
          isa<memref::ExtractAlignedPointerAsIndexOp,
              UnrealizedConversionCastOp>(user)) {
        lifetime.obstacle =
            ("'" + user->getName().getStringRef() + "' takes its address")
                .str();
        return lifetime;
      }
      if (user->hasTrait<OpTrait::IsTerminator>()) {
        Operation *parent = user->getParentOp();
        if (parent == function) {
          lifetime.obstacle = "it is returned";
          return lifetime;
        }
        if (parent->isProperAncestor(alloc) && !runsOnce(parent)) {
          lifetime.obstacle =
              ("an iteration of '" + parent->getName().getStringRef() +
               "' hands it to the next one")
                  .str();
          return lifetime;
        }
      }
      // Views touch no memory; what uses them does.
      if (isPure(user))
        continue;
      addUse(lifetime, user, alloc);
    }
  }
  return lifetime;
}

} // namespace ockham
