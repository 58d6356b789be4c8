//===- KernelRest.cpp - What follows products, row by row -----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A product wants code for each number of rows, because its accumulators are
// registers. What is done with them afterwards, once per element, does not: it
// is written once, for one row, and the accumulators pass through memory. An
// activation function is a hundred instructions per vector.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"

#include "VectorUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::cpu;

/// The ops behind `op`, but for the terminator.
static auto getOpsBehind(Operation *op) {
  return llvm::make_range(std::next(op->getIterator()),
                          op->getBlock()->without_terminator().end());
}

bool KernelEmitter::canSplit(unsigned cls) {
  lastProducts = nullptr;
  repeated.clear();
  kept.clear();
  // Where more than products is in the loop, code for each number of rows is
  // long.
  bool isPlain = true;
  for (Operation &op : kernel.getBlock().without_terminator())
    op.walk([&](tile::DotOp dot) {
      isPlain &= isStepOfLoop(dot) && dot->getParentOp() == &op;
      lastProducts = &op;
    });
  if (!lastProducts || !isPlain)
    return false;

  SmallVector<Operation *> open;
  for (Operation &op : getOpsBehind(lastProducts)) {
    // Not row by row.
    if (isa<tile::ForOp, scf::ForOp, tile::ScanOp>(op))
      return false;
    open.push_back(&op);
  }
  Block *block = &kernel.getBlock();
  llvm::SmallPtrSet<Operation *, 16> needed;
  bool fits = true;
  auto need = [&](Value value) {
    Operation *def = value.getDefiningOp();
    if (!def || def->getBlock() != block || lastProducts->isBeforeInBlock(def))
      return;
    if (isa<tile::ForOp>(def)) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      fits &= type && sizes.isSame(sizes.getClass(value, 0), cls);
      if (fits && !llvm::is_contained(kept, value))
        kept.push_back(value);
      return;
    }
    // To be done once more it must be cheap, and change nothing.
    fits &= def->getNumRegions() == 0 &&
            !isa<tile::StoreOp, tile::ReduceOp, tile::ScanOp>(def);
    if (needed.insert(def).second)
      open.push_back(def);
  };
  while (!open.empty() && fits)
    open.pop_back_val()->walk([&](Operation *op) {
      for (Value operand : op->getOperands())
        need(operand);
    });
  if (!fits)
    return false;
  for (Operation &op : *block)
    if (needed.contains(&op))
      repeated.insert(&op);
  return true;
}

bool KernelEmitter::hasLongRest() const {
  return llvm::any_of(getOpsBehind(lastProducts), [](Operation &op) {
    return isa<math::MathDialect>(op.getDialect()) && !isa<math::FmaOp>(op) &&
           isa<RankedTensorType>(op.getResult(0).getType());
  });
}

LogicalResult KernelEmitter::emitProducts(const GridPoint &at,
                                          Override override) {
  enter(at, override);
  for (Operation &op : kernel.getBlock().without_terminator()) {
    if (failed(emitOp(&op)))
      return failure();
    storeFactors(&op);
    if (&op == lastProducts)
      break;
  }
  for (Value value : kept) {
    auto type = cast<RankedTensorType>(value.getType());
    int64_t cols = getExtent(value, 1), at = 0;
    Value memory =
        getSpill(value, type.getElementType(), type.getDimSize(0) * cols);
    for (Value part : getBlock(value)) {
      vector::StoreOp::create(b, part, memory, ValueRange{index(at)});
      at += cast<VectorType>(part.getType()).getNumElements();
    }
  }
  return success();
}

LogicalResult KernelEmitter::emitRest(const GridPoint &at, unsigned cls,
                                      Value row) {
  enter(at, std::pair(cls, 1));
  for (Value value : kept) {
    Value place = mul(row, index(getExtent(value, 1)));
    Registers registers;
    for (Type type : getRegisterTypes(value)) {
      registers.push_back(vector::LoadOp::create(
          b, cast<VectorType>(type), spills[value], ValueRange{place}));
      place = add(place, cast<VectorType>(type).getNumElements());
    }
    blocks[value] = registers;
  }
  for (Operation *op : repeated)
    if (failed(emitOp(op)))
      return failure();
  for (Operation &op : getOpsBehind(lastProducts))
    if (failed(emitOp(&op)))
      return failure();
  return success();
}
