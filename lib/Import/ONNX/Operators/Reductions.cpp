//===- Reductions.cpp - Reductions ----------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Axes.h"
#include "Formulas.h"
#include "Operators.h"

#include "../IndexValues.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/Sequence.h"

#include <limits>

using namespace mlir;

namespace ockham::importer {

/// Ends a call whose axes are none of the operand's.
static void checkAxes(NodeImporter &n, ArrayRef<OpFoldResult> axes,
                      int64_t rank) {
  ImplicitLocOpBuilder b(n.getLoc(), n.getBuilder());
  for (OpFoldResult axis : axes) {
    Value value = getValueOrCreateConstantIndexOp(b, n.getLoc(), axis);
    auto isAtLeast = [&](Value lhs, Value rhs) -> Value {
      return arith::CmpIOp::create(b, arith::CmpIPredicate::sge, lhs, rhs);
    };
    Value low = arith::ConstantIndexOp::create(b, -rank);
    Value high = arith::ConstantIndexOp::create(b, rank - 1);
    Value isInside =
        arith::AndIOp::create(b, isAtLeast(value, low), isAtLeast(high, value));
    std::string bounds =
        "[" + std::to_string(-rank) + ", " + std::to_string(rank - 1) + "]";
    n.createCheck(isInside, "axis {} is outside " + bounds, value);
  }
}

/// Axes that are an operand of the graph.
static FailureOr<Reduction> getComputedReduction(NodeImporter &n) {
  Value x = n.getOperand(0);
  int64_t rank = n.getType(x).getRank();
  auto axes = n.getIndexList(n.getOperand(1), "axes");
  if (failed(axes))
    return failure();
  if (static_cast<int64_t>(axes->size()) > rank)
    return n.fail("reduces " + count(axes->size(), "dimension") + " of " +
                  llvm::Twine(rank));
  checkAxes(n, *axes, rank);
  OpBuilder &b = n.getBuilder();
  SmallVector<OpFoldResult> ones(axes->size(), b.getIndexAttr(1));
  SmallVector<OpFoldResult> isReduced =
      spreadOverDims(n, *axes, ones, rank, /*otherwise=*/0);
  Reduction reduction;
  reduction.keepDims = n.getInt("keepdims", 1) != 0;
  auto combine = [&](IndexOp op, OpFoldResult lhs, OpFoldResult rhs) {
    return combineIndices(b, n.getLoc(), op, lhs, rhs);
  };
  for (int64_t dim = 0; dim < rank; ++dim) {
    OpFoldResult one = b.getIndexAttr(1), extent = n.getDim(x, dim);
    OpFoldResult isKept = combine(IndexOp::Sub, one, isReduced[dim]);
    for (auto [takes, gives] :
         {std::pair(isKept, isReduced[dim]), std::pair(isReduced[dim], isKept)})
      reduction.splitShape.push_back(
          combine(IndexOp::Add, combine(IndexOp::Mul, extent, takes), gives));
    reduction.axes.push_back(2 * dim + 1);
  }
  if (!reduction.keepDims)
    reduction.resultShape = removeExtents(n, x, *axes);
  return reduction;
}

FailureOr<Reduction> getReduction(NodeImporter &n) {
  int64_t rank = n.getType(n.getOperand(0)).getRank();
  std::optional<SmallVector<int64_t>> given = n.getInts("axes");
  if (n.hasOperand(1)) {
    auto axes = n.getIndexList(n.getOperand(1), "axes");
    if (failed(axes))
      return failure();
    given = getConstantIntValues(*axes);
    if (!given)
      return getComputedReduction(n);
  }
  Reduction reduction;
  reduction.keepDims = n.getInt("keepdims", 1) != 0;
  // No axes mean all of them.
  if (!given || given->empty()) {
    reduction.isNoop = n.getInt("noop_with_empty_axes", 0) != 0;
    reduction.axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    return reduction;
  }
  auto axes = n.normalizeAxes(*given, rank);
  if (failed(axes))
    return failure();
  reduction.axes = *axes;
  return reduction;
}

Value splitForReduction(NodeImporter &n, Value value,
                        const Reduction &reduction) {
  return reduction.splitShape.empty()
             ? value
             : n.createReshape(value, reduction.splitShape);
}

Value joinAfterReduction(NodeImporter &n, Value value,
                         const Reduction &reduction) {
  ArrayRef<int64_t> axes(reduction.axes);
  bool isSplit = !reduction.splitShape.empty();
  if (value && (isSplit || !reduction.keepDims))
    value = n.create<onnx::SqueezeOp>(n.getElement(value), value, axes);
  if (isSplit && !reduction.keepDims)
    value = n.createReshape(value, reduction.resultShape);
  return value;
}

/// The extremum of booleans is that of the integers 0 and 1.
template <typename OpT>
static LogicalResult importReduceExtremum(NodeImporter &n) {
  auto reduction = getReduction(n);
  if (failed(reduction))
    return failure();
  Value x = n.getOperand(0);
  Type element = n.getElement(x);
  if (!element.isInteger(1))
    return n.setResult(createReduction<OpT>(n, x, *reduction));
  Type number = n.getBuilder().getIntegerType(8, /*isSigned=*/false);
  return n.setResult(castTo(
      n, element, createReduction<OpT>(n, castTo(n, number, x), *reduction)));
}

LogicalResult importReduceMax(NodeImporter &n) {
  return importReduceExtremum<onnx::ReduceMaxOp>(n);
}

LogicalResult importReduceMin(NodeImporter &n) {
  return importReduceExtremum<onnx::ReduceMinOp>(n);
}

// Without axes, what is done to the elements is still done.
LogicalResult importReduceL2(NodeImporter &n) {
  auto reduction = getReduction(n);
  if (failed(reduction))
    return failure();
  Value x = n.getOperand(0);
  if (reduction->isNoop)
    return n.setResult(n.create<onnx::AbsOp>(n.getElement(x), x));
  return n.setResult(createReduction<onnx::ReduceL2Op>(n, x, *reduction));
}

LogicalResult importReduceL1(NodeImporter &n) {
  auto reduction = getReduction(n);
  if (failed(reduction))
    return failure();
  Value absolute =
      n.create<onnx::AbsOp>(n.getElement(n.getOperand(0)), n.getOperand(0));
  return n.setResult(
      createReduction<onnx::ReduceSumOp>(n, absolute, *reduction));
}

LogicalResult importReduceSumSquare(NodeImporter &n) {
  auto reduction = getReduction(n);
  if (failed(reduction))
    return failure();
  Value x = n.getOperand(0);
  Value square = n.create<onnx::MulOp>(n.getElement(x), x, x);
  return n.setResult(createReduction<onnx::ReduceSumOp>(n, square, *reduction));
}

LogicalResult importReduceLogSum(NodeImporter &n) {
  auto reduction = getReduction(n);
  Value x = n.getOperand(0);
  if (failed(reduction) || failed(n.requireFloat(x)))
    return failure();
  Value sum = createReduction<onnx::ReduceSumOp>(n, x, *reduction);
  return n.setResult(n.create<onnx::LogOp>(n.getElement(x), sum));
}

// log(sum(exp(x - max))) + max. A maximum that is infinite is left out: it
// would make NaNs, and exp does not overflow (or may) where it is.
LogicalResult importReduceLogSumExp(NodeImporter &n) {
  auto reduction = getReduction(n);
  Value x = n.getOperand(0);
  if (failed(reduction) || failed(n.requireFloat(x)))
    return failure();
  if (reduction->isNoop)
    return n.setResult(x);
  Type element = n.getElement(x), i1 = n.getBuilder().getI1Type();
  ArrayRef<int64_t> axes(reduction->axes);
  x = splitForReduction(n, x, *reduction);
  Value max = n.create<onnx::ReduceMaxOp>(element, x, axes, true);
  Value isInfinite = n.create<onnx::EqualOp>(
      i1, n.create<onnx::AbsOp>(element, max),
      n.createScalar(element, std::numeric_limits<double>::infinity()));
  Value shift = n.create<onnx::WhereOp>(element, isInfinite,
                                        n.createScalar(element, 0), max);
  Value exp =
      n.create<onnx::ExpOp>(element, n.create<onnx::SubOp>(element, x, shift));
  Value sum = n.create<onnx::ReduceSumOp>(element, exp, axes, true);
  Value result = n.create<onnx::AddOp>(
      element, n.create<onnx::LogOp>(element, sum), shift);
  return n.setResult(joinAfterReduction(n, result, *reduction));
}

//===----------------------------------------------------------------------===//
// ArgMax, ArgMin
//===----------------------------------------------------------------------===//

template <typename OpT>
static LogicalResult importArgReduction(NodeImporter &n) {
  Value x = n.getOperand(0);
  auto axis = n.normalizeAxis(n.getInt("axis", 0), n.getType(x).getRank());
  if (failed(axis))
    return failure();
  auto flag = [&](StringRef name, int64_t otherwise) {
    return n.getInt(name, otherwise) ? n.getBuilder().getUnitAttr()
                                     : UnitAttr();
  };
  return n.setResult(n.create<OpT>(
      n.getBuilder().getI64Type(), x, n.getBuilder().getI64IntegerAttr(*axis),
      flag("keepdims", 1), flag("select_last_index", 0)));
}

LogicalResult importArgMax(NodeImporter &n) {
  return importArgReduction<onnx::ArgMaxOp>(n);
}

LogicalResult importArgMin(NodeImporter &n) {
  return importArgReduction<onnx::ArgMinOp>(n);
}

} // namespace ockham::importer
