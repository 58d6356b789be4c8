//===- Bounds.cpp - How small and how large places are --------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Bounds.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::cuda;

using GridRef = ArrayRef<std::optional<int64_t>>;

/// What is infinite stays so, and what overflows is.
static int64_t addEnds(int64_t a, int64_t b, int64_t infinity) {
  int64_t sum;
  if (a == infinity || b == infinity || llvm::AddOverflow(a, b, sum))
    return infinity;
  return sum;
}

static Bounds negate(Bounds x) {
  Bounds result;
  // The least number has no opposite, so that what ends there is infinite.
  if (x.most != Bounds::kMost && x.most != Bounds::kLeast)
    result.least = -x.most;
  if (x.least != Bounds::kLeast)
    result.most = -x.least;
  return result;
}

static Bounds add(Bounds a, Bounds b) {
  return {addEnds(a.least, b.least, Bounds::kLeast),
          addEnds(a.most, b.most, Bounds::kMost)};
}

static Bounds scale(Bounds x, int64_t factor) {
  if (factor < 0)
    return factor == Bounds::kLeast ? Bounds() : scale(negate(x), -factor);
  if (factor == 0)
    return {0, 0};
  Bounds result;
  if (x.least != Bounds::kLeast &&
      llvm::MulOverflow(x.least, factor, result.least))
    result.least = Bounds::kLeast;
  if (x.most != Bounds::kMost && llvm::MulOverflow(x.most, factor, result.most))
    result.most = Bounds::kMost;
  return result;
}

static Bounds multiply(Bounds a, Bounds b) {
  if (a.least == a.most)
    return scale(b, a.least);
  if (b.least == b.most)
    return scale(a, b.least);
  Bounds result;
  if (!a.isNeverNegative() || !b.isNeverNegative())
    return result;
  result.least = 0;
  if (a.most != Bounds::kMost && b.most != Bounds::kMost &&
      llvm::MulOverflow(a.most, b.most, result.most))
    result.most = Bounds::kMost;
  return result;
}

/// Where the last of `first`, `first + step`, ... below `end` is.
static Bounds getTurns(Bounds first, Bounds end, int64_t step) {
  Bounds result{first.least, Bounds::kMost};
  if (end.most == Bounds::kMost || first.least == Bounds::kLeast ||
      end.most <= first.least || step < 1)
    return result;
  int64_t length;
  if (llvm::SubOverflow(end.most, first.least, length))
    return result;
  // Where the first one is not known, any place below the end may be the last.
  result.most = first.least == first.most
                    ? first.least + (length - 1) / step * step
                    : end.most - 1;
  return result;
}

Assumption cuda::getAssumption(Value condition) {
  auto less =
      condition ? condition.getDefiningOp<arith::CmpIOp>() : arith::CmpIOp();
  std::optional<int64_t> end =
      less ? getConstantIntValue(less.getRhs()) : std::nullopt;
  if (!end || *end == Bounds::kLeast ||
      less.getPredicate() != arith::CmpIPredicate::slt)
    return {};
  return {less.getLhs(), *end - 1};
}

/// Bounds of arguments of blocks do not depend on assumptions.
static Bounds getArgumentBounds(BlockArgument argument, GridRef grid) {
  Operation *parent = argument.getOwner()->getParentOp();
  unsigned number = argument.getArgNumber();
  if (auto kernel = dyn_cast<tile::KernelOp>(parent)) {
    unsigned first = kernel.getNumKernelArguments(),
             rank = kernel.getGridRank();
    if (number < first)
      return {};
    unsigned dim = (number - first) % rank;
    std::optional<int64_t> extent =
        dim < grid.size() ? grid[dim] : std::nullopt;
    // Nobody runs for an extent of nothing.
    if (number >= first + rank)
      return extent ? Bounds{*extent, *extent} : Bounds{1, Bounds::kMost};
    Bounds end{1, extent.value_or(Bounds::kMost)};
    return getTurns({0, 0}, end, kernel.getSteps()[dim]);
  }
  if (auto loop = dyn_cast<scf::ForOp>(parent); loop && number == 0) {
    std::optional<int64_t> step = getConstantIntValue(loop.getStep());
    return getTurns(getBounds(loop.getLowerBound(), grid),
                    getBounds(loop.getUpperBound(), grid), step.value_or(1));
  }
  if (auto loop = dyn_cast<tile::ForOp>(parent); loop && number == 0)
    return getTurns(getBounds(loop.getLower(), grid),
                    getBounds(loop.getUpper(), grid), loop.getStep());
  return {};
}

static Bounds getUsualBounds(Value index, GridRef grid,
                             const Assumption &assumption) {
  if (std::optional<int64_t> value = getConstantIntValue(index))
    return {*value, *value};
  if (auto argument = dyn_cast<BlockArgument>(index))
    return getArgumentBounds(argument, grid);
  Operation *op = index.getDefiningOp();
  auto operand = [&](unsigned number) {
    return getBounds(op->getOperand(number), grid, assumption);
  };
  if (isa<arith::AddIOp>(op))
    return add(operand(0), operand(1));
  if (isa<arith::SubIOp>(op))
    return add(operand(0), negate(operand(1)));
  if (isa<arith::MulIOp>(op))
    return multiply(operand(0), operand(1));
  if (isa<arith::MinSIOp>(op)) {
    Bounds a = operand(0), b = operand(1);
    return {std::min(a.least, b.least), std::min(a.most, b.most)};
  }
  if (isa<arith::MaxSIOp>(op)) {
    Bounds a = operand(0), b = operand(1);
    return {std::max(a.least, b.least), std::max(a.most, b.most)};
  }
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    Bounds a = operand(1), b = operand(2);
    return {std::min(a.least, b.least), std::max(a.most, b.most)};
  }
  if (isa<arith::DivUIOp, arith::DivSIOp, arith::CeilDivSIOp,
          arith::CeilDivUIOp, arith::FloorDivSIOp, arith::RemUIOp,
          arith::RemSIOp>(op)) {
    std::optional<int64_t> divisor = getConstantIntValue(op->getOperand(1));
    Bounds x = operand(0);
    if (!divisor || *divisor < 1 || !x.isNeverNegative())
      return {};
    if (isa<arith::RemUIOp, arith::RemSIOp>(op))
      return {0, std::min(x.most, *divisor - 1)};
    bool up = isa<arith::CeilDivSIOp, arith::CeilDivUIOp>(op);
    auto divide = [&](int64_t value) {
      return value / *divisor + (up && value % *divisor != 0);
    };
    return {divide(x.least),
            x.most == Bounds::kMost ? Bounds::kMost : divide(x.most)};
  }
  return {};
}

Bounds cuda::getBounds(Value index, GridRef grid,
                       const Assumption &assumption) {
  Bounds bounds = getUsualBounds(index, grid, assumption);
  if (index == assumption.number)
    bounds.most = std::min(bounds.most, assumption.most);
  return bounds;
}
