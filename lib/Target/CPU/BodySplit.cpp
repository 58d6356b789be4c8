//===- BodySplit.cpp - Products, and what follows them --------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BodySplit.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "ockham/Target/CPU/CPUDialect.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::cpu;

std::optional<BodySplit> cpu::splitBody(tile::KernelOp kernel,
                                        const tile::BlockSizes &sizes,
                                        unsigned rows) {
  BodySplit split{};
  // Where more than products is in the loop, code for each number of rows is
  // long.
  bool isPlain = true;
  for (Operation &op : kernel.getBlock().without_terminator())
    op.walk([&](tile::DotOp dot) {
      isPlain &= isStepOfLoop(dot) && dot->getParentOp() == &op;
      split.products = &op;
    });
  if (!split.products || !isPlain)
    return std::nullopt;

  SmallVector<Operation *> open;
  for (Operation *op = split.products->getNextNode();
       op && !op->hasTrait<OpTrait::IsTerminator>(); op = op->getNextNode()) {
    // Not row by row.
    if (isa<tile::ForOp, scf::ForOp, tile::ScanOp>(op))
      return std::nullopt;
    open.push_back(op);
  }
  Block *block = &kernel.getBlock();
  llvm::SmallPtrSet<Operation *, 16> needed;
  bool fits = true;
  auto need = [&](Value value) {
    Operation *def = value.getDefiningOp();
    if (!def || def->getBlock() != block ||
        split.products->isBeforeInBlock(def))
      return;
    if (isa<tile::ForOp>(def)) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      fits &= type && sizes.isSame(sizes.getClass(value, 0), rows);
      if (fits && !llvm::is_contained(split.kept, value))
        split.kept.push_back(value);
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
    return std::nullopt;
  for (Operation &op : *block)
    if (needed.contains(&op))
      split.repeated.insert(&op);
  return split;
}

tile::ForOp cpu::findDepthLoop(const BodySplit &split) {
  auto loop = dyn_cast<tile::ForOp>(split.products);
  if (!loop || getConstantIntValue(loop.getLower()) != 0)
    return {};
  std::optional<int64_t> depth = getConstantIntValue(loop.getUpper());
  if (!depth || *depth <= 0)
    return {};
  for (auto [i, view] : llvm::enumerate(loop.getViews())) {
    auto type = cast<tile::ViewType>(view.getType());
    int64_t extent = loop.goesAlongRows(i) ? type.getRows() : type.getCols();
    if (ShapedType::isDynamic(extent) || extent < *depth)
      return {};
  }
  // Nothing else is carried, or computed by a loop that parts would repeat.
  for (Value result : loop.getResults())
    if (!llvm::is_contained(split.kept, result))
      return {};
  if (split.kept.size() != loop.getNumResults())
    return {};
  for (Operation &op : loop->getBlock()->without_terminator())
    if (&op != loop && op.isBeforeInBlock(loop) && op.getNumRegions() != 0)
      return {};
  return loop;
}

int64_t cpu::getSumBytes(tile::ForOp loop) {
  int64_t bytes = 0;
  for (Value sum : loop.getResults()) {
    auto type = cast<RankedTensorType>(sum.getType());
    bytes += type.getDimSize(1) * type.getElementTypeBitWidth() / 8;
  }
  return bytes;
}

int64_t cpu::getDepth(tile::ForOp loop) {
  return *getConstantIntValue(loop.getUpper());
}
