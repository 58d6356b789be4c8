//===- Axes.cpp - Axes that are known only at run time --------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How many axes there are is always known; which ones may be an operand of the
// graph. Operators that only move data are then written for all dimensions,
// each with what a chain of selections finds for it.
//
//===----------------------------------------------------------------------===//

#include "Axes.h"

#include "../IndexValues.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace ockham::importer {

/// Small pieces of index arithmetic at the place of a node.
namespace {
class IndexBuilder {
public:
  explicit IndexBuilder(NodeImporter &n) : b(n.getBuilder()), loc(n.getLoc()) {}

  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value);
  }
  Value get(OpFoldResult index) {
    return getValueOrCreateConstantIndexOp(b, loc, index);
  }
  Value compare(arith::CmpIPredicate predicate, Value lhs, Value rhs) {
    return arith::CmpIOp::create(b, loc, predicate, lhs, rhs);
  }
  Value isEqual(Value lhs, int64_t rhs) {
    return compare(arith::CmpIPredicate::eq, lhs, constant(rhs));
  }
  Value isNegative(Value value) {
    return compare(arith::CmpIPredicate::slt, value, constant(0));
  }
  Value select(Value condition, Value lhs, Value rhs) {
    return arith::SelectOp::create(b, loc, condition, lhs, rhs);
  }
  Value either(Value lhs, Value rhs) {
    return lhs ? arith::OrIOp::create(b, loc, lhs, rhs).getResult() : rhs;
  }
  Value add(Value lhs, Value rhs) {
    return arith::AddIOp::create(b, loc, lhs, rhs);
  }
  Value clamp(Value value, Value low, Value high) {
    return arith::MinSIOp::create(
        b, loc, arith::MaxSIOp::create(b, loc, value, low), high);
  }
  /// A scalar tensor.
  Value makeTensor(Value index) {
    Type i64 = b.getI64Type();
    Value element = arith::IndexCastOp::create(b, loc, i64, index);
    return tensor::FromElementsOp::create(
        b, loc, RankedTensorType::get({}, i64), element);
  }
  /// Whether an axis, counted from either side, is dimension `dim`.
  Value isAxis(OpFoldResult axis, int64_t dim, int64_t rank) {
    Value value = get(axis);
    return either(isEqual(value, dim), isEqual(value, dim - rank));
  }
  /// Whether one of the axes is dimension `dim`.
  Value isAnyAxis(ArrayRef<OpFoldResult> axes, int64_t dim, int64_t rank) {
    Value found;
    for (OpFoldResult axis : axes)
      found = either(found, isAxis(axis, dim, rank));
    return found;
  }

  OpBuilder &b;
  Location loc;
};
} // namespace

bool areKnown(ArrayRef<OpFoldResult> entries) {
  return getConstantIntValues(entries).has_value();
}

SmallVector<OpFoldResult> spreadOverDims(NodeImporter &n,
                                         ArrayRef<OpFoldResult> axes,
                                         ArrayRef<OpFoldResult> entries,
                                         int64_t rank, int64_t otherwise) {
  IndexBuilder index(n);
  SmallVector<OpFoldResult> spread;
  for (int64_t dim = 0; dim < rank; ++dim) {
    Value value = index.constant(otherwise);
    for (auto [axis, entry] : llvm::zip_equal(axes, entries))
      value =
          index.select(index.isAxis(axis, dim, rank), index.get(entry), value);
    spread.push_back(value);
  }
  return spread;
}

Value createIsAxis(NodeImporter &n, OpFoldResult axis, int64_t dim,
                   int64_t rank) {
  IndexBuilder index(n);
  return tensor::FromElementsOp::create(
      index.b, index.loc, RankedTensorType::get({}, index.b.getI1Type()),
      index.isAxis(axis, dim, rank));
}

Value createStridedGather(NodeImporter &n, Value x, int64_t axis,
                          OpFoldResult start, OpFoldResult end,
                          OpFoldResult step) {
  if (!x)
    return Value();
  IndexBuilder index(n);
  Value extent = index.get(n.getDim(x, axis)), by = index.get(step);
  // Backwards, "before the first element" is the end of all.
  Value isBackwards = index.isNegative(by);
  Value low = index.select(isBackwards, index.constant(-1), index.constant(0));
  Value high = index.add(extent, low);
  auto place = [&](OpFoldResult position) {
    Value value = index.get(position);
    Value fromBack = index.add(value, extent);
    value = index.select(index.isNegative(value), fromBack, value);
    return index.makeTensor(index.clamp(value, low, high));
  };
  Type i64 = n.getBuilder().getI64Type();
  Value positions = n.create<onnx::RangeOp>(i64, place(start), place(end),
                                            index.makeTensor(by));
  return n.create<onnx::GatherOp>(n.getElement(x), x, positions, axis);
}

SmallVector<OpFoldResult> insertUnitExtents(NodeImporter &n, Value x,
                                            ArrayRef<OpFoldResult> axes) {
  IndexBuilder index(n);
  int64_t rank = n.getType(x).getRank();
  int64_t newRank = rank + static_cast<int64_t>(axes.size());
  SmallVector<OpFoldResult> shape;
  Value taken = index.constant(0);
  for (int64_t dim = 0; dim < newRank; ++dim) {
    Value isNew = index.isAnyAxis(axes, dim, newRank);
    // The operand's next extent; 0, which no Reshape accepts, where there is
    // none left because an axis is wrong.
    Value extent = index.constant(0);
    for (int64_t source = 0; source < rank; ++source)
      extent = index.select(index.isEqual(taken, source),
                            index.get(n.getDim(x, source)), extent);
    shape.push_back(index.select(isNew, index.constant(1), extent));
    taken = index.select(isNew, taken, index.add(taken, index.constant(1)));
  }
  return shape;
}

SmallVector<OpFoldResult> removeExtents(NodeImporter &n, Value x,
                                        ArrayRef<OpFoldResult> axes) {
  IndexBuilder index(n);
  int64_t rank = n.getType(x).getRank();
  int64_t newRank = rank - static_cast<int64_t>(axes.size());
  SmallVector<Value> shape(newRank);
  for (Value &extent : shape)
    extent = index.constant(0);
  Value taken = index.constant(0);
  for (int64_t source = 0; source < rank; ++source) {
    Value isGone = index.isAnyAxis(axes, source, rank);
    Value here = index.select(isGone, index.constant(-1), taken);
    for (auto [dim, extent] : llvm::enumerate(shape))
      extent = index.select(index.isEqual(here, dim),
                            index.get(n.getDim(x, source)), extent);
    taken = index.select(isGone, taken, index.add(taken, index.constant(1)));
  }
  return SmallVector<OpFoldResult>(shape.begin(), shape.end());
}

} // namespace ockham::importer
