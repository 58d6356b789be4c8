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
  split = splitBody(kernel, sizes, cls);
  return split.has_value();
}

bool KernelEmitter::hasLongRest() const {
  return llvm::any_of(getOpsBehind(split->products), [](Operation &op) {
    return isa<math::MathDialect>(op.getDialect()) && !isa<math::FmaOp>(op) &&
           isa<RankedTensorType>(op.getResult(0).getType());
  });
}

Value KernelEmitter::getSums(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t rows = type.getDimSize(0);
  if (strategy.getDepth() != 0)
    rows = std::max(rows, strategy.getBlock());
  return getSpill(value, type.getElementType(), rows * getExtent(value, 1));
}

Registers KernelEmitter::loadSums(Value value, Value row) {
  Value memory = getSums(value), place = mul(row, index(getExtent(value, 1)));
  Registers registers;
  for (Type type : getRegisterTypes(value)) {
    registers.push_back(vector::LoadOp::create(b, cast<VectorType>(type),
                                               memory, ValueRange{place}));
    place = add(place, cast<VectorType>(type).getNumElements());
  }
  return registers;
}

LogicalResult KernelEmitter::emitProducts(const GridPoint &at,
                                          Override override,
                                          const DepthPart *part) {
  enter(at, override);
  this->part = part;
  for (Operation &op : kernel.getBlock().without_terminator()) {
    if (failed(emitOp(&op)))
      return failure();
    storeFactors(&op);
    if (&op == split->products)
      break;
  }
  this->part = nullptr;
  for (Value value : split->kept) {
    Value memory = getSums(value), place = index(0);
    if (part)
      place = mul(part->row, index(getExtent(value, 1)));
    for (Value sum : getBlock(value)) {
      vector::StoreOp::create(b, sum, memory, ValueRange{place});
      place = add(place, cast<VectorType>(sum.getType()).getNumElements());
    }
  }
  return success();
}

/// Sums up a part of the products, onto what is in memory unless it is the
/// first one.
LogicalResult KernelEmitter::emitPart(tile::ForOp op,
                                      SmallVector<Registers> &carried) {
  SmallVector<Value> inits;
  for (const Registers &registers : carried)
    llvm::append_range(inits, registers);
  auto begin = scf::IfOp::create(b, ValueRange(inits).getTypes(), part->isFirst,
                                 /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(begin.thenBlock());
    scf::YieldOp::create(b, inits);
    b.setInsertionPointToStart(begin.elseBlock());
    SmallVector<Value> sums;
    for (Value result : op.getResults())
      llvm::append_range(sums, loadSums(result, part->row));
    scf::YieldOp::create(b, sums);
  }
  ValueRange values = begin.getResults();
  for (Registers &registers : carried) {
    size_t count = registers.size();
    ValueRange mine = values.take_front(count);
    registers.assign(mine.begin(), mine.end());
    values = values.drop_front(count);
  }
  limits[op.getPosition()] = getDepth(op);
  if (part->rest == 0)
    return emitSteps(op, part->first, part->last, /*inside=*/true, carried);
  return emitShortStep(op, part->first, part->rest, carried);
}

LogicalResult KernelEmitter::emitRest(const GridPoint &at, unsigned cls,
                                      Value row) {
  enter(at, std::pair(cls, 1));
  for (Value value : split->kept)
    blocks[value] = loadSums(value, row);
  for (Operation *op : split->repeated)
    if (failed(emitOp(op)))
      return failure();
  for (Operation &op : getOpsBehind(split->products))
    if (failed(emitOp(&op)))
      return failure();
  return success();
}
