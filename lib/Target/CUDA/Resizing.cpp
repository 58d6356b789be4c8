//===- Resizing.cpp - Which blocks may have another size ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Resizing.h"

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::cuda;

namespace {
/// One class, and whether what depends on its size allows another one.
class ResizeCheck {
public:
  ResizeCheck(tile::KernelOp kernel, ArrayRef<tile::LaunchOp> launches,
              const tile::BlockSizes &sizes, unsigned cls, int64_t size)
      : kernel(kernel), launches(launches), sizes(sizes), cls(cls), size(size) {
  }

  bool run();

private:
  bool isOfClass(Value value, unsigned axis) const {
    return sizes.isSame(sizes.getClass(value, axis), cls);
  }
  bool checkLoop(tile::ForOp loop);
  bool checkGrid(unsigned dim);
  bool checkStore(tile::StoreOp store, unsigned axis, unsigned dim);
  bool checkBody();

  tile::KernelOp kernel;
  ArrayRef<tile::LaunchOp> launches;
  const tile::BlockSizes &sizes;
  unsigned cls;
  int64_t size;
};
} // namespace

static int64_t getExtent(Value view, unsigned axis) {
  auto type = cast<tile::ViewType>(view.getType());
  return axis == 0 ? type.getRows() : type.getCols();
}

/// A loop ends where its blocks do, or where there is no more of its views.
bool ResizeCheck::checkLoop(tile::ForOp loop) {
  std::optional<int64_t> lower = getConstantIntValue(loop.getLower()),
                         upper = getConstantIntValue(loop.getUpper());
  // Blocks that end behind the loop read what lies there, and other ones read
  // less of it, or more.
  auto endsWith = [&](int64_t step) { return (*upper - *lower) % step == 0; };
  if (lower && upper && endsWith(size) && endsWith(loop.getStep()))
    return true;
  // What begins behind the beginning of a view still ends with it.
  auto ends = [&](Value view, unsigned axis) {
    return upper && getExtent(view, axis) == *upper;
  };
  for (auto [i, view] : llvm::enumerate(loop.getViews()))
    if (!ends(view, loop.goesAlongRows(i) ? 0 : 1))
      return false;
  Value position = loop.getPosition();
  for (Operation *user : position.getUsers()) {
    Value view, row, col;
    if (auto load = dyn_cast<tile::LoadOp>(user))
      view = load.getView(), row = load.getRow(), col = load.getCol();
    else if (auto store = dyn_cast<tile::StoreOp>(user))
      view = store.getView(), row = store.getRow(), col = store.getCol();
    else if (auto gather = dyn_cast<tile::GatherOp>(user))
      view = gather.getView(), col = gather.getCol();
    else
      return false;
    bool alongRows = row == position, alongCols = col == position;
    if (auto gather = dyn_cast<tile::GatherOp>(user))
      alongRows = gather.getTransposed(), alongCols = !alongRows;
    if ((alongRows && !ends(view, 0)) || (alongCols && !ends(view, 1)))
      return false;
  }
  return true;
}

/// What is stored ends where the grid does, as far as that is known.
bool ResizeCheck::checkStore(tile::StoreOp store, unsigned axis, unsigned dim) {
  int64_t step = kernel.getSteps()[dim];
  auto argument = dyn_cast<BlockArgument>(store.getView());
  for (tile::LaunchOp launch : launches) {
    std::optional<int64_t> end = getConstantIntValue(launch.getGrid()[dim]);
    int64_t extent = getExtent(store.getView(), axis);
    if (argument && ShapedType::isDynamic(extent)) {
      SmallVector<Value> operands(launch.getInputs());
      llvm::append_range(operands, launch.getOutputs());
      auto type =
          dyn_cast<ShapedType>(operands[argument.getArgNumber()].getType());
      if (type && type.hasRank() && type.getRank() == 2)
        extent = type.getDimSize(axis);
    }
    if (!end || ShapedType::isDynamic(extent) || extent == *end)
      continue;
    // Blocks end at the same place, whatever lies behind it.
    auto stop = [&](int64_t unit) {
      return std::min<int64_t>(extent, llvm::alignTo(*end, unit));
    };
    if (stop(step) != stop(size))
      return false;
  }
  return true;
}

/// True if something is stored at a place that is computed from this one: where
/// that lies, and ends, is not followed.
static bool isStoredApart(Value place) {
  llvm::SetVector<Value> found;
  auto follow = [&](Operation *user) {
    for (Value result : user->getResults())
      if (result.getType().isIntOrIndex())
        found.insert(result);
    // The position of a loop that begins or ends there.
    if (isa<tile::ForOp, scf::ForOp>(user))
      found.insert(user->getRegion(0).getArgument(0));
  };
  for (Operation *user : place.getUsers())
    follow(user);
  for (size_t i = 0; i < found.size(); ++i)
    for (Operation *user : found[i].getUsers()) {
      if (isa<tile::StoreOp, tile::SubviewOp>(user))
        return true;
      follow(user);
    }
  return false;
}

bool ResizeCheck::checkGrid(unsigned dim) {
  BlockArgument index = kernel.getGridIndices()[dim];
  for (Operation *user : index.getUsers()) {
    // A window as long as the step would have to grow as well.
    if (isa<tile::SubviewOp>(user))
      return false;
    auto store = dyn_cast<tile::StoreOp>(user);
    if (!store)
      continue;
    for (auto [axis, place] :
         {std::pair<unsigned, Value>(0, store.getRow()), {1, store.getCol()}})
      if (place == index && !checkStore(store, axis, dim))
        return false;
  }
  return !isStoredApart(index);
}

/// What is computed of whole blocks.
bool ResizeCheck::checkBody() {
  WalkResult result = kernel.getBody().walk([&](Operation *op) {
    bool isOfWhole = false;
    if (auto reduce = dyn_cast<tile::ReduceOp>(op))
      isOfWhole = isOfClass(reduce.getInput(), 1);
    else if (auto scan = dyn_cast<tile::ScanOp>(op))
      isOfWhole = isOfClass(scan.getInput(), 0);
    else if (auto scalar = dyn_cast<tile::ScalarOp>(op))
      isOfWhole =
          isOfClass(scalar.getInput(), 0) || isOfClass(scalar.getInput(), 1);
    return isOfWhole ? WalkResult::interrupt() : WalkResult::advance();
  });
  return !result.wasInterrupted();
}

bool ResizeCheck::run() {
  bool isFree = false;
  for (unsigned dim = 0; dim < kernel.getGridRank(); ++dim)
    if (sizes.isSame(cls, sizes.getGridClass(dim))) {
      isFree = true;
      if (!checkGrid(dim))
        return false;
    }
  WalkResult result = kernel.getBody().walk([&](tile::ForOp loop) {
    if (!sizes.isSame(cls, sizes.getLoopClass(loop)))
      return WalkResult::advance();
    isFree = true;
    return checkLoop(loop) ? WalkResult::advance() : WalkResult::interrupt();
  });
  return isFree && !result.wasInterrupted() && checkBody();
}

bool cuda::canResize(tile::KernelOp kernel, ArrayRef<tile::LaunchOp> launches,
                     const tile::BlockSizes &sizes, unsigned cls,
                     int64_t size) {
  return sizes.canResize(cls) &&
         ResizeCheck(kernel, launches, sizes, cls, size).run();
}

bool cuda::isRunningSum(tile::DotOp dot) {
  auto sum = dyn_cast<BlockArgument>(dot.getAcc());
  auto loop = dyn_cast<tile::ForOp>(dot->getParentOp());
  if (!sum || !loop || sum.getOwner() != &loop.getBlock() || !sum.hasOneUse() ||
      !dot.getResult().hasOneUse())
    return false;
  auto carried = llvm::find(loop.getCarried(), sum);
  if (carried == loop.getCarried().end())
    return false;
  auto number = carried - loop.getCarried().begin();
  auto yield = cast<tile::YieldOp>(loop.getBlock().getTerminator());
  return yield.getValues()[number] == dot.getResult() &&
         matchPattern(loop.getInits()[number], m_AnyZeroFloat());
}
