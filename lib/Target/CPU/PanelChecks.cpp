//===- PanelChecks.cpp - What kernels may read of panels ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PanelChecks.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace ockham;
using tile::SliceType;
using tile::ViewType;

static int64_t getInterleave(Value view) {
  auto type = dyn_cast<ViewType>(view.getType());
  return type ? type.getInterleave() : 1;
}

/// True if that can be seen: a constant, or a product with one.
static bool isMultiple(Value place, int64_t of) {
  if (std::optional<int64_t> constant = getConstantIntValue(place))
    return *constant % of == 0;
  auto product = place.getDefiningOp<arith::MulIOp>();
  return product &&
         (isMultiple(product.getLhs(), of) || isMultiple(product.getRhs(), of));
}

/// True if all positions of the loop are multiples.
static bool hasMultiples(tile::ForOp loop, int64_t of) {
  return loop.getStep() % of == 0 && isMultiple(loop.getLower(), of);
}

/// True if the place is a multiple wherever it is: a constant, the position of
/// a loop, or an index of the grid.
static bool isAlwaysMultiple(tile::KernelOp kernel, Value place, int64_t of) {
  if (isMultiple(place, of))
    return true;
  auto argument = dyn_cast<BlockArgument>(place);
  if (!argument)
    return false;
  if (auto loop = dyn_cast<tile::ForOp>(argument.getOwner()->getParentOp()))
    return place == loop.getPosition() && hasMultiples(loop, of);
  for (auto [index, step] :
       llvm::zip(kernel.getGridIndices(), kernel.getSteps()))
    if (place == index)
      return step % of == 0;
  return false;
}

static LogicalResult verifyLoop(tile::ForOp loop) {
  for (auto [i, view] : llvm::enumerate(loop.getViews())) {
    int64_t by = getInterleave(view);
    if (by == 1)
      continue;
    if (!loop.goesAlongRows(i)) {
      if (!isMultiple(loop.getPlaces()[i], by))
        return loop.emitOpError()
               << "reads window #" << i << " of " << view.getType()
               << ", whose rows lie together by " << by
               << ", along its columns; expected it at a row that is a "
                  "multiple of "
               << by;
    } else if (!hasMultiples(loop, by) ||
               (getConstantIntValue(loop.getUpper()) &&
                !isMultiple(loop.getUpper(), by))) {
      // Where the end is not known, products look for the end of the rows.
      return loop.emitOpError()
             << "reads window #" << i << " of " << view.getType()
             << ", whose rows lie together by " << by
             << "; expected a loop down the rows, from and to a multiple of "
             << by << " and in such steps";
    }
    for (Operation *user : loop.getWindows()[i].getUsers())
      if (auto dot = dyn_cast<tile::DotOp>(user);
          dot && dot.getLhs() == loop.getWindows()[i])
        return dot.emitOpError()
               << "has a left-hand side whose rows lie together by " << by
               << "; expected only right-hand sides in such panels";
  }
  return success();
}

static LogicalResult verifyGather(tile::KernelOp kernel, tile::GatherOp op) {
  int64_t by = getInterleave(op.getView());
  int64_t cols = op.getResult().getType().getDimSize(1);
  if (by == 1 || (cols % by == 0 && isAlwaysMultiple(kernel, op.getCol(), by)))
    return success();
  return op.emitOpError() << "gathers " << cols << " rows of "
                          << op.getView().getType()
                          << ", which lie together by " << by
                          << "; expected multiples of that, from one on";
}

static LogicalResult verifyStore(tile::KernelOp kernel, tile::StoreOp op) {
  int64_t by = getInterleave(op.getView());
  if (by == 1 || isAlwaysMultiple(kernel, op.getRow(), by))
    return success();
  return op.emitOpError() << "writes rows of " << op.getView().getType()
                          << ", which lie together by " << by
                          << "; expected them from a multiple of that on";
}

LogicalResult cpu::verifyPanels(tile::KernelOp kernel) {
  WalkResult result = kernel.getBody().walk([&](Operation *op) {
    LogicalResult done = success();
    if (auto loop = dyn_cast<tile::ForOp>(op)) {
      done = verifyLoop(loop);
    } else if (auto gather = dyn_cast<tile::GatherOp>(op)) {
      done = verifyGather(kernel, gather);
    } else if (auto store = dyn_cast<tile::StoreOp>(op)) {
      done = verifyStore(kernel, store);
    } else if (auto dot = dyn_cast<tile::DotOp>(op)) {
      auto rhs = dyn_cast<SliceType>(dot.getRhs().getType());
      if (rhs && rhs.getPanel() != 0 && rhs.getCols() > rhs.getPanel())
        done = op->emitOpError()
               << "reads " << rhs.getCols() << " columns in panels of "
               << rhs.getPanel() << " at once; expected those of one panel";
    } else if (!isa<tile::SubviewOp>(op)) {
      for (Value operand : op->getOperands())
        if (int64_t by = getInterleave(operand); by > 1) {
          done = op->emitOpError()
                 << "reads " << operand.getType()
                 << ", whose rows lie together by " << by
                 << "; expected only products and gathered columns to do so";
          break;
        }
    }
    return failed(done) ? WalkResult::interrupt() : WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}
