//===- DeviceLoops.cpp - Loops that become kernels ------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "DeviceLoops.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/IR/IRMapping.h"
#include "ockham/Target/CUDA/Host/Passes.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ockham;

/// How a reduction of integers, in any order, is done by atomic operations.
static std::optional<arith::AtomicRMWKind> getAtomicKind(Operation *combiner) {
  if (!combiner->getResult(0).getType().isInteger(32) &&
      !combiner->getResult(0).getType().isInteger(64))
    return std::nullopt;
  return llvm::TypeSwitch<Operation *, std::optional<arith::AtomicRMWKind>>(
             combiner)
      .Case([](arith::AddIOp) { return arith::AtomicRMWKind::addi; })
      .Case([](arith::MaxSIOp) { return arith::AtomicRMWKind::maxs; })
      .Case([](arith::MinSIOp) { return arith::AtomicRMWKind::mins; })
      .Case([](arith::MaxUIOp) { return arith::AtomicRMWKind::maxu; })
      .Case([](arith::MinUIOp) { return arith::AtomicRMWKind::minu; })
      .Case([](arith::AndIOp) { return arith::AtomicRMWKind::andi; })
      .Case([](arith::OrIOp) { return arith::AtomicRMWKind::ori; })
      .Default([](Operation *) { return std::nullopt; });
}

bool ockham::lowerToAtomics(linalg::LinalgOp op) {
  if (op.getNumParallelLoops() > 0 || op.getNumLoops() == 0 ||
      op.getNumDpsInits() != 1 || op.hasIndexSemantics() ||
      !op.hasPureBufferSemantics())
    return false;
  Value result = op.getDpsInitOperand(0)->get();
  auto type = dyn_cast<MemRefType>(result.getType());
  Block *body = op.getBlock();
  SmallVector<Operation *> combiners;
  if (!type || type.getRank() != 0 ||
      !matchReduction(op.getRegionOutputArgs(), 0, combiners) ||
      combiners.size() != 1)
    return false;
  Operation *combiner = combiners.front();
  auto kind = getAtomicKind(combiner);
  BlockArgument before = body->getArgument(op.getNumDpsInputs());
  if (!kind || !before.hasOneUse() ||
      body->getTerminator()->getOperand(0) != combiner->getResult(0))
    return false;
  for (OpOperand *input : op.getDpsInputOperands())
    if (!isa<MemRefType>(input->get().getType()) && op.getRank(input) != 0)
      return false;

  OpBuilder b(op);
  Location loc = op.getLoc();
  SmallVector<Value> lowers, uppers, steps;
  for (Range range : op.createLoopRanges(b, loc)) {
    lowers.push_back(getValueOrCreateConstantIndexOp(b, loc, range.offset));
    uppers.push_back(getValueOrCreateConstantIndexOp(b, loc, range.size));
    steps.push_back(getValueOrCreateConstantIndexOp(b, loc, range.stride));
  }
  auto loop = scf::ParallelOp::create(b, loc, lowers, uppers, steps);
  b.setInsertionPoint(loop.getBody()->getTerminator());
  IRMapping map;
  for (OpOperand *input : op.getDpsInputOperands()) {
    Value value = input->get();
    if (isa<MemRefType>(value.getType())) {
      SmallVector<Value> indices =
          affine::expandAffineMap(b, loc, op.getMatchingIndexingMap(input),
                                  loop.getInductionVars())
              .value_or(SmallVector<Value, 8>());
      value = memref::LoadOp::create(b, loc, value, indices);
    }
    map.map(body->getArgument(input->getOperandNumber()), value);
  }
  for (Operation &inner : body->without_terminator())
    if (&inner != combiner)
      b.clone(inner, map);
  Value other = combiner->getOperand(combiner->getOperand(0) == before ? 1 : 0);
  memref::AtomicRMWOp::create(b, loc, *kind, map.lookupOrDefault(other), result,
                              ValueRange());
  op->erase();
  return true;
}

/// Whether a value in a loop follows from an element that the loop reads.
static bool followsFromElement(Value value, Operation *loop,
                               llvm::SmallPtrSetImpl<Operation *> &seen) {
  Operation *op = value.getDefiningOp();
  if (!op || !loop->isProperAncestor(op) || !seen.insert(op).second)
    return false;
  if (isa<memref::LoadOp>(op))
    return true;
  return llvm::any_of(op->getOperands(), [&](Value operand) {
    return followsFromElement(operand, loop, seen);
  });
}

/// Whether all indices that follow from elements are inside of the buffer; a
/// null value where there are none.
static Value checkIndices(OpBuilder &b, Operation *loop, Location loc,
                          Value memref, ValueRange indices) {
  Value inside;
  for (auto [i, index] : llvm::enumerate(indices)) {
    llvm::SmallPtrSet<Operation *, 8> seen;
    if (!followsFromElement(index, loop, seen))
      continue;
    Value extent = memref::DimOp::create(b, loc, memref, i);
    // A negative one is large without a sign.
    Value holds =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, index, extent);
    inside = inside ? arith::AndIOp::create(b, loc, inside, holds).getResult()
                    : holds;
  }
  return inside;
}

void ockham::guardAccesses(scf::ParallelOp loop) {
  SmallVector<Operation *> accesses;
  loop.walk([&](Operation *op) {
    if (isa<memref::LoadOp, memref::StoreOp>(op))
      accesses.push_back(op);
  });
  for (Operation *op : accesses) {
    OpBuilder b(op);
    Location loc = op->getLoc();
    if (auto store = dyn_cast<memref::StoreOp>(op)) {
      Value inside =
          checkIndices(b, loop, loc, store.getMemref(), store.getIndices());
      if (!inside)
        continue;
      auto guard = scf::IfOp::create(b, loc, inside, /*withElseRegion=*/false);
      store->moveBefore(guard.thenBlock()->getTerminator());
      continue;
    }
    auto load = cast<memref::LoadOp>(op);
    Value inside =
        checkIndices(b, loop, loc, load.getMemref(), load.getIndices());
    TypedAttr zero = inside ? b.getZeroAttr(load.getType()) : TypedAttr();
    if (!zero)
      continue;
    auto guard = scf::IfOp::create(b, loc, load.getType(), inside,
                                   /*withElseRegion=*/true);
    load.replaceAllUsesWith(guard.getResult(0));
    load->moveBefore(guard.thenBlock(), guard.thenBlock()->end());
    b.setInsertionPointToEnd(guard.thenBlock());
    scf::YieldOp::create(b, loc, load.getResult());
    b.setInsertionPointToEnd(guard.elseBlock());
    scf::YieldOp::create(b, loc,
                         arith::ConstantOp::create(b, loc, zero).getResult());
  }
}
