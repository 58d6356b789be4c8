//===- Indexing.cpp - Elements by index, padding, repetition --------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "../IndexValues.h"
#include "Axes.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/SmallSet.h"

using namespace mlir;

namespace ockham::importer {

static OpFoldResult multiplyExtents(NodeImporter &n,
                                    ArrayRef<OpFoldResult> factors) {
  return multiplyIndices(n.getBuilder(), n.getLoc(), factors);
}

Value createScalarOperand(NodeImporter &n, Value value) {
  if (!value || n.getType(value).getRank() == 0)
    return value;
  DenseElementsAttr constant;
  if (matchPattern(value, m_Constant(&constant)) &&
      constant.getNumElements() == 1) {
    auto type = RankedTensorType::get({}, n.getElement(value));
    return onnx::ConstantOp::create(n.getBuilder(), n.getLoc(), type,
                                    constant.reshape(type));
  }
  SmallVector<int64_t> axes;
  for (auto [dim, extent] : llvm::enumerate(n.getType(value).getShape()))
    if (extent == 1)
      axes.push_back(dim);
  // Anything else is refused where it is used.
  return n.create<onnx::SqueezeOp>(n.getElement(value), value,
                                   ArrayRef<int64_t>(axes));
}

Value createExtent(NodeImporter &n, Value x, int64_t dim) {
  Type i64 = n.getBuilder().getI64Type();
  int64_t extent = n.getType(x).getDimSize(dim);
  if (!ShapedType::isDynamic(extent))
    return n.createScalar(i64, static_cast<double>(extent));
  Value shape = n.create<onnx::ShapeOp>(i64, x, dim, dim + 1);
  return n.create<onnx::SqueezeOp>(i64, shape, ArrayRef<int64_t>{0});
}

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

LogicalResult importGather(NodeImporter &n) {
  Value data = n.getOperand(0);
  auto axis = n.normalizeAxis(n.getInt("axis", 0), n.getType(data).getRank());
  if (failed(axis))
    return failure();
  return n.setResult(n.create<onnx::GatherOp>(n.getElement(data), data,
                                              n.getOperand(1), *axis));
}

LogicalResult importGatherElements(NodeImporter &n) {
  Value data = n.getOperand(0);
  auto axis = n.normalizeAxis(n.getInt("axis", 0), n.getType(data).getRank());
  if (failed(axis))
    return failure();
  return n.setResult(n.create<onnx::GatherElementsOp>(n.getElement(data), data,
                                                      n.getOperand(1), *axis));
}

LogicalResult importGatherND(NodeImporter &n) {
  Value data = n.getOperand(0);
  return n.setResult(n.create<onnx::GatherNDOp>(
      n.getElement(data), data, n.getOperand(1), n.getInt("batch_dims", 0)));
}

//===----------------------------------------------------------------------===//
// Scatter
//===----------------------------------------------------------------------===//

static FailureOr<onnx::ScatterReduction> getReductionKind(NodeImporter &n) {
  StringRef name = n.getString("reduction", "none");
  if (name == "none")
    return onnx::ScatterReduction::Replace;
  std::optional<onnx::ScatterReduction> kind =
      onnx::symbolizeScatterReduction(name);
  if (!kind || *kind == onnx::ScatterReduction::Replace)
    return n.fail("reduction is " + quote(name) +
                  ", expected 'none', 'add', 'mul', 'min' or 'max'");
  return *kind;
}

LogicalResult importScatterElements(NodeImporter &n) {
  Value data = n.getOperand(0);
  auto axis = n.normalizeAxis(n.getInt("axis", 0), n.getType(data).getRank());
  auto kind = getReductionKind(n);
  if (failed(axis) || failed(kind))
    return failure();
  return n.setResult(n.create<onnx::ScatterElementsOp>(
      n.getElement(data), *kind, data, n.getOperand(1), n.getOperand(2),
      *axis));
}

LogicalResult importScatterND(NodeImporter &n) {
  Value data = n.getOperand(0);
  auto kind = getReductionKind(n);
  if (failed(kind))
    return failure();
  return n.setResult(n.create<onnx::ScatterNDOp>(
      n.getElement(data), *kind, data, n.getOperand(1), n.getOperand(2)));
}

// The update goes to rows write_indices[b] + s of the cache: a ScatterElements
// whose indices are the same for all other dimensions.
LogicalResult importTensorScatter(NodeImporter &n) {
  Value cache = n.getOperand(0), update = n.getOperand(1);
  RankedTensorType type = n.getType(cache), given = n.getType(update);
  int64_t rank = type.getRank();
  auto axis = n.normalizeAxis(n.getInt("axis", -2), rank);
  if (failed(axis))
    return failure();
  if (*axis == 0)
    return n.fail("axis is 0, the batch, expected another");
  if (given.getRank() != rank)
    return n.fail("the cache has rank " + llvm::Twine(rank) +
                  " but the update has rank " + llvm::Twine(given.getRank()));
  for (int64_t dim = 0; dim < rank; ++dim) {
    int64_t have = type.getDimSize(dim), want = given.getDimSize(dim);
    if (ShapedType::isDynamic(have) || ShapedType::isDynamic(want))
      continue;
    if (dim == *axis ? want > have : want != have)
      return n.fail("the cache has shape " + formatShape(type.getShape()) +
                    " but the update has shape " +
                    formatShape(given.getShape()));
  }
  StringRef mode = n.getString("mode", "linear");
  if (mode != "linear" && mode != "circular")
    return n.fail("mode is " + quote(mode) +
                  ", expected 'linear' or 'circular'");

  Type i64 = n.getBuilder().getI64Type();
  Value rows = n.create<onnx::RangeOp>(i64, n.createScalar(i64, 0),
                                       createExtent(n, update, *axis),
                                       n.createScalar(i64, 1));
  if (Value first = n.getOperand(2)) {
    if (!isa<IntegerType>(n.getElement(first)))
      return n.fail("write_indices have element type " +
                    print(n.getElement(first)) + ", expected integers");
    if (n.getElement(first) != i64)
      first = n.create<onnx::CastOp>(i64, first);
    first = n.create<onnx::UnsqueezeOp>(i64, first, ArrayRef<int64_t>{1});
    rows = n.create<onnx::AddOp>(i64, first, rows);
  } else {
    rows = n.create<onnx::UnsqueezeOp>(i64, rows, ArrayRef<int64_t>{0});
  }
  if (mode == "circular") {
    // What remains has the sign of the position: a negative index again.
    Value extent = createExtent(n, cache, *axis);
    Value turns = n.create<onnx::DivOp>(i64, rows, extent);
    rows = n.create<onnx::SubOp>(i64, rows,
                                 n.create<onnx::MulOp>(i64, turns, extent));
  }
  // [B, S] to [B, 1.., S, 1..], then to the update's shape.
  SmallVector<int64_t> unit;
  for (int64_t dim = 1; dim < rank; ++dim)
    if (dim != *axis)
      unit.push_back(dim);
  if (!unit.empty())
    rows = n.create<onnx::UnsqueezeOp>(i64, rows, ArrayRef<int64_t>(unit));
  SmallVector<OpFoldResult> shape;
  for (int64_t dim = 0; dim < rank; ++dim)
    shape.push_back(n.getDim(update, dim));
  Value indices = createExpand(n, rows, shape);
  return n.setResult(n.create<onnx::ScatterElementsOp>(
      type.getElementType(), onnx::ScatterReduction::Replace, cache, indices,
      update, *axis));
}

// `on` where the index is the position along the new axis.
LogicalResult importOneHot(NodeImporter &n) {
  Type i64 = n.getBuilder().getI64Type(), i1 = n.getBuilder().getI1Type();
  Value indices = n.getOperand(0), values = n.getOperand(2);
  int64_t rank = n.getType(indices).getRank();
  auto axis = n.normalizeAxis(n.getInt("axis", -1), rank + 1);
  if (failed(axis))
    return failure();
  Value depth = createScalarOperand(n, n.getOperand(1));
  if (depth && n.getElement(depth) != i64)
    depth = n.create<onnx::CastOp>(i64, depth);
  if (n.getElement(indices) != i64)
    indices = n.create<onnx::CastOp>(i64, indices);
  Value zero = n.createScalar(i64, 0);
  Value isNegative = n.create<onnx::LessOp>(i1, indices, zero);
  Value fromBack = n.create<onnx::AddOp>(i64, indices, depth);
  indices = n.create<onnx::WhereOp>(i64, isNegative, fromBack, indices);
  indices = n.create<onnx::UnsqueezeOp>(i64, indices, ArrayRef<int64_t>{*axis});
  Value positions =
      n.create<onnx::RangeOp>(i64, zero, depth, n.createScalar(i64, 1));
  SmallVector<int64_t> behind;
  for (int64_t dim = *axis; dim < rank; ++dim)
    behind.push_back(dim - *axis + 1);
  if (!behind.empty())
    positions =
        n.create<onnx::UnsqueezeOp>(i64, positions, ArrayRef<int64_t>(behind));
  Value hot = n.create<onnx::EqualOp>(i1, indices, positions);
  Type element = n.getElement(values);
  auto pick = [&](int64_t i) {
    return n.create<onnx::GatherOp>(element, values, n.createScalar(i64, i),
                                    int64_t(0));
  };
  if (n.getType(values).getRank() != 1)
    return n.fail("values have rank " +
                  llvm::Twine(n.getType(values).getRank()) + ", expected 1");
  return n.setResult(n.create<onnx::WhereOp>(element, hot, pick(1), pick(0)));
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

Value createPad(NodeImporter &n, onnx::PadMode mode, Value x, Value value,
                ArrayRef<OpFoldResult> low, ArrayRef<OpFoldResult> high) {
  SmallVector<Value> dynamicLow, dynamicHigh;
  SmallVector<int64_t> staticLow, staticHigh;
  dispatchIndexOpFoldResults(low, dynamicLow, staticLow);
  dispatchIndexOpFoldResults(high, dynamicHigh, staticHigh);
  return n.createWithOptional<onnx::PadOp>(
      n.getElement(x), mode, x, value, ValueRange(dynamicLow),
      ValueRange(dynamicHigh), ArrayRef<int64_t>(staticLow),
      ArrayRef<int64_t>(staticHigh));
}

/// Pad with its list of sizes on the low sides, then on the high sides, of the
/// axes, or of all dimensions if there are none.
static LogicalResult importPad(NodeImporter &n, ArrayRef<OpFoldResult> pads,
                               std::optional<SmallVector<OpFoldResult>> axes,
                               Value value) {
  Value x = n.getOperand(0);
  int64_t rank = n.getType(x).getRank();
  std::optional<onnx::PadMode> mode =
      onnx::symbolizePadMode(n.getString("mode", "constant"));
  if (!mode)
    return n.fail("mode is " + quote(n.getString("mode", "")) +
                  ", expected 'constant', 'reflect', 'edge' or 'wrap'");
  size_t count = axes ? axes->size() : rank;
  if (pads.size() != 2 * count)
    return n.fail("has " + llvm::Twine(pads.size()) + " pads, expected " +
                  llvm::Twine(2 * count));
  SmallVector<OpFoldResult> low(pads.take_front(count));
  SmallVector<OpFoldResult> high(pads.drop_front(count));
  if (axes && !areKnown(*axes)) {
    low = spreadOverDims(n, *axes, low, rank, 0);
    high = spreadOverDims(n, *axes, high, rank, 0);
  } else if (axes) {
    OpFoldResult zero = n.getBuilder().getIndexAttr(0);
    SmallVector<OpFoldResult> lowOf(rank, zero), highOf(rank, zero);
    llvm::SmallSet<int64_t, 4> seen;
    for (auto [i, given] : llvm::enumerate(*getConstantIntValues(*axes))) {
      auto axis = n.normalizeAxis(given, rank);
      if (failed(axis))
        return failure();
      if (!seen.insert(*axis).second)
        return n.fail("axis " + llvm::Twine(*axis) + " appears twice");
      lowOf[*axis] = low[i];
      highOf[*axis] = high[i];
    }
    low = lowOf;
    high = highOf;
  }
  if (*mode != onnx::PadMode::Constant)
    value = Value();
  return n.setResult(createPad(n, *mode, x, value, low, high));
}

LogicalResult importPadAttributes(NodeImporter &n) {
  auto given = n.getInts("pads");
  if (!given)
    return n.fail("has no pads");
  Type element = n.getElement(n.getOperand(0));
  double fill = n.getFloat("value", 0);
  return importPad(
      n, getAsIndexOpFoldResult(n.getBuilder().getContext(), *given),
      std::nullopt, fill == 0 ? Value() : n.createScalar(element, fill));
}

LogicalResult importPad(NodeImporter &n) {
  auto pads = n.getIndexList(n.getOperand(1), "pads");
  if (failed(pads))
    return failure();
  std::optional<SmallVector<OpFoldResult>> axes;
  if (n.hasOperand(3)) {
    auto given = n.getIndexList(n.getOperand(3), "axes");
    if (failed(given))
      return failure();
    axes = *given;
  }
  return importPad(n, *pads, axes, createScalarOperand(n, n.getOperand(2)));
}

//===----------------------------------------------------------------------===//
// Tile, CumSum, DepthToSpace, SpaceToDepth
//===----------------------------------------------------------------------===//

// Every dimension gets a new one in front, which is expanded and joined.
LogicalResult importTile(NodeImporter &n) {
  Value x = n.getOperand(0);
  int64_t rank = n.getType(x).getRank();
  auto repeats = n.getIndexList(n.getOperand(1), "repeats");
  if (failed(repeats))
    return failure();
  if (static_cast<int64_t>(repeats->size()) != rank)
    return n.fail("has " + llvm::Twine(repeats->size()) + " repeats for rank " +
                  llvm::Twine(rank));
  SmallVector<int64_t> newAxes;
  SmallVector<OpFoldResult> expanded, joined;
  bool isExpand = true, isIdentity = true;
  for (auto [dim, repeat] : llvm::enumerate(*repeats)) {
    std::optional<int64_t> known = getConstantIntValue(repeat);
    if (known && *known < 0)
      return n.fail("repeats dimension " + llvm::Twine(dim) + " " +
                    llvm::Twine(*known) + " times, expected at least 0");
    OpFoldResult extent = n.getDim(x, dim);
    if (known == 1) {
      expanded.push_back(extent);
      joined.push_back(extent);
      continue;
    }
    isIdentity = false;
    // A dimension of extent 1 is expanded itself.
    if (n.getType(x).getDimSize(dim) == 1) {
      expanded.push_back(repeat);
      joined.push_back(repeat);
      continue;
    }
    isExpand = false;
    newAxes.push_back(expanded.size());
    expanded.push_back(repeat);
    expanded.push_back(extent);
    joined.push_back(multiplyExtents(n, {repeat, extent}));
  }
  if (isIdentity)
    return n.setResult(x);
  if (isExpand)
    return n.setResult(createExpand(n, x, expanded));
  Value apart = n.create<onnx::UnsqueezeOp>(n.getElement(x), x,
                                            ArrayRef<int64_t>(newAxes));
  return n.setResult(n.createReshape(createExpand(n, apart, expanded), joined));
}

LogicalResult importCumSum(NodeImporter &n) {
  Value x = n.getOperand(0);
  int64_t rank = n.getType(x).getRank();
  auto given = n.getIndexList(n.getOperand(1), "the axis");
  if (failed(given))
    return failure();
  if (given->size() != 1)
    return n.fail("the axis has " + count(given->size(), "element") +
                  ", expected 1");
  auto sumAlong = [&](int64_t axis) {
    return n.create<onnx::CumSumOp>(n.getElement(x), x, axis,
                                    n.getInt("exclusive", 0) != 0,
                                    n.getInt("reverse", 0) != 0);
  };
  std::optional<int64_t> known = getConstantIntValue(given->front());
  if (known || rank == 0) {
    auto axis = n.normalizeAxis(known.value_or(0), rank);
    if (failed(axis))
      return failure();
    return n.setResult(sumAlong(*axis));
  }
  // The sums along the axis that it turns out to be.
  Value result = sumAlong(0);
  for (int64_t dim = 1; dim < rank; ++dim)
    result = n.create<onnx::WhereOp>(n.getElement(x),
                                     createIsAxis(n, given->front(), dim, rank),
                                     sumAlong(dim), result);
  return n.setResult(result);
}

/// The block size and the channels of an image [N, C, H, W].
static FailureOr<int64_t> getBlock(NodeImporter &n) {
  RankedTensorType type = n.getType(n.getOperand(0));
  if (type.getRank() != 4)
    return n.fail("operand has rank " + llvm::Twine(type.getRank()) +
                  ", expected 4");
  int64_t block = n.getInt("blocksize", 0);
  if (block < 1 || block > (1 << 15))
    return n.fail("blocksize is " + llvm::Twine(block) + ", expected 1 to " +
                  llvm::Twine(1 << 15));
  return block;
}

/// extent / divisor, which must be whole where it is known.
static FailureOr<OpFoldResult> divideDim(NodeImporter &n, int64_t dim,
                                         int64_t divisor) {
  OpFoldResult extent = n.getDim(n.getOperand(0), dim);
  std::optional<int64_t> known = getConstantIntValue(extent);
  if (!known)
    return combineIndices(n.getBuilder(), n.getLoc(), IndexOp::Div, extent,
                          n.getBuilder().getIndexAttr(divisor));
  if (*known % divisor != 0)
    return n.fail("dimension " + llvm::Twine(dim) + " has extent " +
                  llvm::Twine(*known) + ", expected a multiple of " +
                  llvm::Twine(divisor));
  return OpFoldResult(n.getBuilder().getIndexAttr(*known / divisor));
}

LogicalResult importDepthToSpace(NodeImporter &n) {
  Value x = n.getOperand(0);
  auto block = getBlock(n);
  if (failed(block))
    return failure();
  auto channels = divideDim(n, 1, *block * *block);
  if (failed(channels))
    return failure();
  StringRef mode = n.getString("mode", "DCR");
  if (mode != "DCR" && mode != "CRD")
    return n.fail("mode is " + quote(mode) + ", expected 'DCR' or 'CRD'");
  OpFoldResult batch = n.getDim(x, 0), b = n.getBuilder().getIndexAttr(*block);
  OpFoldResult height = n.getDim(x, 2), width = n.getDim(x, 3);
  bool isDepthFirst = mode == "DCR";
  Value apart =
      isDepthFirst
          ? n.createReshape(x, {batch, b, b, *channels, height, width})
          : n.createReshape(x, {batch, *channels, b, b, height, width});
  SmallVector<int64_t> perm = isDepthFirst
                                  ? SmallVector<int64_t>{0, 3, 4, 1, 5, 2}
                                  : SmallVector<int64_t>{0, 1, 4, 2, 5, 3};
  Value moved = n.create<onnx::TransposeOp>(n.getElement(x), apart,
                                            ArrayRef<int64_t>(perm));
  return n.setResult(
      n.createReshape(moved, {batch, *channels, multiplyExtents(n, {height, b}),
                              multiplyExtents(n, {width, b})}));
}

LogicalResult importSpaceToDepth(NodeImporter &n) {
  Value x = n.getOperand(0);
  auto block = getBlock(n);
  if (failed(block))
    return failure();
  auto height = divideDim(n, 2, *block), width = divideDim(n, 3, *block);
  if (failed(height) || failed(width))
    return failure();
  OpFoldResult batch = n.getDim(x, 0), channels = n.getDim(x, 1);
  OpFoldResult b = n.getBuilder().getIndexAttr(*block);
  Value apart = n.createReshape(x, {batch, channels, *height, b, *width, b});
  Value moved = n.create<onnx::TransposeOp>(
      n.getElement(x), apart, ArrayRef<int64_t>{0, 3, 5, 1, 2, 4});
  return n.setResult(n.createReshape(
      moved, {batch, multiplyExtents(n, {channels, b, b}), *height, *width}));
}

} // namespace ockham::importer
