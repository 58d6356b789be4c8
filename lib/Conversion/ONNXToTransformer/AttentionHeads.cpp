//===- AttentionHeads.cpp - From a product back to rows -------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionHeads.h"

#include "Constants.h"
#include "Expressions.h"
#include "HeadDims.h"
#include "ockham/Support/ConstantData.h"

#include <cmath>

using namespace mlir;

namespace ockham::raising {

static constexpr AxisKind kRows[] = {AxisKind::Batch, AxisKind::Position,
                                     AxisKind::Channel};

/// The kinds of the dimensions of a product's operand.
static SmallVector<AxisKind, 4> getKinds(int64_t rank, bool isTransposed) {
  SmallVector<AxisKind, 4> kinds = {AxisKind::Batch, AxisKind::Head};
  if (rank == 3)
    kinds = {AxisKind::BatchAndHead};
  kinds.push_back(isTransposed ? AxisKind::Channel : AxisKind::Position);
  kinds.push_back(isTransposed ? AxisKind::Position : AxisKind::Channel);
  return kinds;
}

namespace {

/// One way back.
class HeadsWalk {
public:
  HeadsWalk(Value value, const HeadsRole &role, Attempt &attempt, Heads &heads)
      : value(value), role(role), attempt(attempt), heads(heads),
        dims(value,
             getKinds(getTensorType(value).getRank(), role.isTransposed)) {}

  LogicalResult run();

private:
  int64_t getRank() const { return getTensorType(value).getRank(); }
  bool isChannelLast() const {
    return dims.getDim(AxisKind::Channel) == getRank() - 1;
  }

  /// Each goes one step back.
  bool skipScale();
  bool skipRotary();
  bool skipNorm();
  bool skipShape();
  bool skipRepeats();
  bool skipSlice();
  bool skipChoice();
  /// Whether this is [batch, sequence, columns of the heads].
  bool areRows();
  LogicalResult finishRows();
  LogicalResult finishSplit();
  LogicalResult fail(const Twine &why) {
    return attempt.fail(value.getDefiningOp(), why);
  }

  Value value;
  const HeadsRole &role;
  Attempt &attempt;
  Heads &heads;
  HeadDims dims;
};

} // namespace

/// c and w where the value is c * w with a constant c. A parameter with one
/// element is constant if it is what `isFixed` expects.
static std::optional<std::pair<double, Value>>
matchConstantFactor(Value value, llvm::function_ref<bool(double)> isFixed) {
  // Not into what is scaled: a rotation is a sum.
  SmallVector<Value, 2> stops;
  if (Operation *op = value.getDefiningOp())
    llvm::copy_if(
        op->getOperands(), std::back_inserter(stops),
        [&](Value operand) { return operand.getType() == value.getType(); });
  for (Scalars scalars : {Scalars::Constants, Scalars::All}) {
    Expression expression = getExpression(value, stops, scalars);
    if (expression.terms.size() != 1)
      continue;
    Value atom = expression.terms.front().getSingleAtom();
    double factor = expression.terms.front().coefficient;
    if (!atom || atom == value || atom.getType() != value.getType() ||
        (scalars == Scalars::All && !isFixed(factor)))
      continue;
    return std::pair(factor, atom);
  }
  return std::nullopt;
}

bool HeadsWalk::skipScale() {
  // A norm makes what is in front of it independent of a factor, but not the
  // other way round.
  if (!role.isScored || heads.norm)
    return false;
  // Some exporters write 1 / sqrt(width), or its root on both sides, as an
  // initializer.
  auto factor = matchConstantFactor(value, [&](double number) {
    std::optional<int64_t> width = dims.getCount(AxisKind::Channel);
    return width && *width > 0 &&
           (isClose(number, std::pow(double(*width), -0.5)) ||
            isClose(number, std::pow(double(*width), -0.25)));
  });
  if (!factor)
    return false;
  heads.scale *= factor->first;
  value = factor->second;
  return true;
}

bool HeadsWalk::skipRotary() {
  std::optional<int64_t> position = dims.getDim(AxisKind::Position);
  if (!role.isScored || !role.mayRotate || heads.rotary || heads.norm ||
      !isChannelLast() || !position)
    return false;
  std::optional<Rotary> rotary = matchRotary(value);
  if (!rotary)
    return false;
  heads.rotary = rotary;
  heads.rotaryPositions = getRank() - 1 - *position;
  attempt.found(value.getDefiningOp());
  value = rotary->input;
  return true;
}

bool HeadsWalk::skipNorm() {
  auto norm = value.getDefiningOp<tfm::NormOp>();
  if (!norm || !role.isScored || heads.norm || !isChannelLast() ||
      norm.getShift() ||
      (norm.getKind() != tfm::NormKind::Layer &&
       norm.getKind() != tfm::NormKind::RMS))
    return false;
  heads.norm = norm;
  attempt.found(norm);
  value = norm.getInput();
  return true;
}

bool HeadsWalk::skipShape() {
  Operation *op = value.getDefiningOp();
  if (auto transpose = dyn_cast_or_null<onnx::TransposeOp>(op)) {
    dims.transposeBack(transpose.getPerm());
    value = transpose.getInput();
    return true;
  }
  if (auto unsqueeze = dyn_cast_or_null<onnx::UnsqueezeOp>(op)) {
    if (!dims.removeUnits(unsqueeze.getAxes()))
      return false;
    value = unsqueeze.getInput();
    return true;
  }
  if (auto squeeze = dyn_cast_or_null<onnx::SqueezeOp>(op)) {
    dims.insertUnits(squeeze.getAxes());
    value = squeeze.getInput();
    return true;
  }
  auto reshape = dyn_cast_or_null<onnx::ReshapeOp>(op);
  if (!reshape || !dims.regroup(reshape.getInput()))
    return false;
  attempt.found(reshape, 0);
  value = reshape.getInput();
  return true;
}

/// Heads that several queries share: a dimension of extent 1 expanded.
bool HeadsWalk::skipRepeats() {
  auto expand = value.getDefiningOp<onnx::ExpandOp>();
  if (!expand || heads.repeats != 1)
    return false;
  RankedTensorType from = getTensorType(expand.getInput()),
                   to = getTensorType(value);
  if (from.getRank() != to.getRank())
    return false;
  std::optional<int64_t> repeated;
  for (int64_t dim = 0; dim < to.getRank(); ++dim) {
    if (getExtent(expand.getInput(), dim) == getExtent(value, dim))
      continue;
    if (from.getDimSize(dim) != 1 || repeated)
      return false;
    repeated = dim;
  }
  HeadDims before = dims;
  std::optional<int64_t> repeats =
      repeated ? before.dropRepeated(*repeated) : 1;
  if (!repeats)
    return false;
  dims = before;
  heads.repeats = *repeats;
  value = expand.getInput();
  return true;
}

bool HeadsWalk::skipSlice() {
  std::optional<ChannelSlice> slice = matchChannelSlice(value);
  if (!slice || slice->step != 1 ||
      ShapedType::isDynamic(getTensorType(slice->input).getShape().back()) ||
      !dims.widenLast(slice->begin, slice->size,
                      getTensorType(slice->input).getShape().back()))
    return false;
  value = slice->input;
  return true;
}

/// One of several tensors that lie along a dimension of their own.
bool HeadsWalk::skipChoice() {
  auto gather = value.getDefiningOp<onnx::GatherOp>();
  if (!gather || getTensorType(gather.getIndices()).getRank() != 0)
    return false;
  std::optional<ConstantData> data = ConstantData::get(gather.getIndices());
  int64_t axis = gather.getAxis();
  int64_t count = getTensorType(gather.getData()).getDimSize(axis);
  if (!data || ShapedType::isDynamic(count))
    return false;
  int64_t index = data->getInt(0) + (data->getInt(0) < 0 ? count : 0);
  if (index < 0 || index >= count)
    return false;
  dims.insertChoice(axis, index, count);
  value = gather.getData();
  return true;
}

bool HeadsWalk::areRows() {
  if (getRank() != 3 || !dims.getColumns())
    return false;
  for (unsigned dim : {0, 1}) {
    std::optional<int64_t> found = dims.getDim(kRows[dim]);
    bool isUnit = getTensorType(value).getDimSize(dim) == 1 &&
                  dims.getAxes(kRows[dim]).empty();
    if (!isUnit && found != dim)
      return false;
  }
  return true;
}

LogicalResult HeadsWalk::finishRows() {
  std::optional<int64_t> count = dims.getCount(AxisKind::Head);
  std::optional<int64_t> width = dims.getCount(AxisKind::Channel);
  if (!count || !width)
    return fail("the heads of the " + role.name + " are not known");
  heads.count = *count;
  heads.width = *width;
  heads.columns = *dims.getColumns();
  attempt.found(value.getDefiningOp());
  while (skipScale()) {
  }
  heads.rows = value;
  heads.batch = getExtent(value, 0);
  heads.positions = getExtent(value, 1);
  return success();
}

/// Heads that are not split off rows: those of a cache come first in a Concat,
/// and then neither they nor the queries can be rotated by the attention.
LogicalResult HeadsWalk::finishSplit() {
  for (AxisKind kind : {AxisKind::Batch, AxisKind::Position, AxisKind::Head,
                        AxisKind::Channel}) {
    std::optional<int64_t> dim = dims.getDim(kind);
    if (!dim)
      return fail("the dimensions of the " + role.name +
                  " are not batch, heads, positions and channels");
    heads.splitOrder.push_back(*dim);
  }
  std::optional<int64_t> count = dims.getCount(AxisKind::Head);
  std::optional<int64_t> width = dims.getCount(AxisKind::Channel);
  if (getRank() != 4 || !count || !width)
    return fail("the heads of the " + role.name + " are not known");
  heads.count = *count;
  heads.width = *width;
  heads.split = value;
  heads.batch = getExtent(value, heads.splitOrder[0]);
  heads.positions = getExtent(value, heads.splitOrder[1]);
  attempt.found(value.getDefiningOp());
  return success();
}

LogicalResult HeadsWalk::run() {
  if (!dims.getCount(AxisKind::Channel))
    return fail("the width of the " + role.name + " is not known");
  while (!areRows()) {
    if (skipScale() || skipRotary() || skipNorm() || skipShape() ||
        skipRepeats() || skipSlice() || skipChoice())
      continue;
    auto concat = value.getDefiningOp<onnx::ConcatOp>();
    std::optional<int64_t> position = dims.getDim(AxisKind::Position);
    if (concat && position &&
        static_cast<int64_t>(concat.getAxis()) == *position)
      return finishSplit();
    if (!role.mayRotate && matchRotary(value))
      return finishSplit();
    if (value.getDefiningOp<onnx::ReshapeOp>())
      return fail("the Reshape of the " + role.name +
                  " is not [batch, sequence, width] to [batch, sequence, "
                  "heads, width / heads]");
    return fail("the " + role.name + " is not split into heads by a Reshape");
  }
  return finishRows();
}

LogicalResult matchHeads(Value value, const HeadsRole &role, Attempt &attempt,
                         Heads &heads) {
  int64_t rank = getTensorType(value).getRank();
  if (rank != 3 && rank != 4)
    return attempt.fail(value.getDefiningOp(),
                        "the " + role.name +
                            " is not [batch, heads, sequence, width]");
  return HeadsWalk(value, role, attempt, heads).run();
}

//===----------------------------------------------------------------------===//
// Rows of the heads alone
//===----------------------------------------------------------------------===//

/// A range of the columns, as a result of a split.
static Value getRange(OpBuilder &builder, Value rows, int64_t begin,
                      int64_t size) {
  RankedTensorType type = getTensorType(rows);
  int64_t width = type.getShape().back();
  if (begin == 0 && size == width)
    return rows;
  // Equal parts, so that query, key and value come from one split.
  bool areEqual = width % size == 0 && begin % size == 0;
  SmallVector<int64_t> sizes;
  if (areEqual) {
    sizes.assign(width / size, size);
  } else {
    for (int64_t part : {begin, size, width - begin - size})
      if (part != 0)
        sizes.push_back(part);
  }
  unsigned index = areEqual ? begin / size : (begin == 0 ? 0 : 1);
  for (Operation *user : rows.getUsers()) {
    auto split = dyn_cast<tfm::SplitOp>(user);
    if (split && split.getNumResults() == sizes.size() &&
        llvm::all_of(llvm::zip(split.getResults(), sizes), [](auto pair) {
          return getTensorType(std::get<0>(pair)).getShape().back() ==
                 std::get<1>(pair);
        }))
      return split.getResult(index);
  }
  SmallVector<Type> types;
  for (int64_t part : sizes) {
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = part;
    types.push_back(type.clone(shape));
  }
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(rows);
  return tfm::SplitOp::create(builder, rows.getLoc(), types, rows)
      .getResult(index);
}

/// Heads that are already split, as rows.
static Value mergeHeads(OpBuilder &builder, const Heads &heads) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfterValue(heads.split);
  RankedTensorType type = getTensorType(heads.split);
  Location loc = heads.split.getLoc();
  SmallVector<int64_t> shape;
  for (int64_t dim : heads.splitOrder)
    shape.push_back(type.getDimSize(dim));
  Value rows =
      onnx::TransposeOp::create(builder, loc, type.clone(shape), heads.split,
                                ArrayRef<int64_t>(heads.splitOrder));
  SmallVector<int64_t> sizes = {shape[0], shape[1], heads.count * heads.width};
  SmallVector<Value, 2> dynamic;
  for (int64_t dim : {0, 1}) {
    if (!ShapedType::isDynamic(sizes[dim]))
      continue;
    Value size =
        makeIndex(builder, loc, dim == 0 ? heads.batch : heads.positions);
    if (!size)
      return Value();
    dynamic.push_back(size);
  }
  return onnx::ReshapeOp::create(builder, loc, type.clone(sizes), rows, dynamic,
                                 ArrayRef<int64_t>(sizes));
}

Value getRows(OpBuilder &builder, const Heads &heads) {
  if (heads.split)
    return mergeHeads(builder, heads);
  ArrayRef<int64_t> columns = heads.columns;
  bool isRange = true;
  for (auto [i, column] : llvm::enumerate(columns))
    isRange &= column == columns.front() + static_cast<int64_t>(i);
  if (isRange)
    return getRange(builder, heads.rows, columns.front(), columns.size());

  auto linear = heads.rows.getDefiningOp<tfm::LinearOp>();
  if (!linear || linear.getSkipGain() || linear.getResidGain() ||
      linear.getRowScale())
    return Value();
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(linear);
  Value weight = gatherConstant(builder, linear.getWeight(),
                                linear.getTransposed() ? 0 : 1, columns);
  Value bias;
  if (linear.getBias())
    bias = gatherConstant(builder, linear.getBias(), 0, columns);
  if (!weight || (linear.getBias() && !bias))
    return Value();
  RankedTensorType type = getTensorType(heads.rows);
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = columns.size();
  return tfm::LinearOp::create(
      builder, linear.getLoc(), type.clone(shape), linear.getInput(), weight,
      bias, /*skip_gain=*/Value(), /*resid_gain=*/Value(),
      /*row_scale=*/Value(), linear.getTransposedAttr());
}

} // namespace ockham::raising
