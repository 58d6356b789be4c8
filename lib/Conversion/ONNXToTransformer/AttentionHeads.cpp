//===- AttentionHeads.cpp - From a product back to rows -------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionHeads.h"

#include "Constants.h"
#include "Expressions.h"
#include "Extents.h"

using namespace mlir;

namespace ockham::raising {

namespace {

/// One way back. `dims[i]` is where dimension i of the product's operand is
/// among the dimensions of the current value.
class HeadsWalk {
public:
  HeadsWalk(Value value, const HeadsRole &role, Attempt &attempt, Heads &heads)
      : value(value), role(role), attempt(attempt), heads(heads) {}

  LogicalResult run();

private:
  unsigned getChannelDim() const { return dims[role.isTransposed ? 2 : 3]; }
  unsigned getPositionDim() const { return dims[role.isTransposed ? 3 : 2]; }
  unsigned getHeadDim() const { return dims[1]; }
  int64_t getRank() const {
    return cast<RankedTensorType>(value.getType()).getRank();
  }
  bool isChannelLast() const { return getChannelDim() == getRank() - 1; }

  /// Constant factors, before and after the split.
  bool skipScale();
  bool skipTranspose();
  bool skipRotary();
  bool skipNorm();
  bool skipRepeats();
  bool skipSlice();
  LogicalResult matchSplit();
  LogicalResult fail(const Twine &why) {
    return attempt.fail(value.getDefiningOp(), why);
  }

  Value value;
  const HeadsRole &role;
  Attempt &attempt;
  Heads &heads;
  SmallVector<int64_t, 4> dims = {0, 1, 2, 3};
};

} // namespace

/// c and w where the value is c * w with a constant c.
static std::optional<std::pair<double, Value>>
matchConstantFactor(Value value) {
  Expression expression = getExpression(value);
  if (expression.terms.size() != 1)
    return std::nullopt;
  Value atom = expression.terms.front().getSingleAtom();
  if (!atom || atom == value || atom.getType() != value.getType())
    return std::nullopt;
  return std::pair(expression.terms.front().coefficient, atom);
}

bool HeadsWalk::skipScale() {
  // A norm makes what is in front of it independent of a factor, but not the
  // other way round.
  if (!role.isScored || heads.norm)
    return false;
  auto factor = matchConstantFactor(value);
  if (!factor)
    return false;
  heads.scale *= factor->first;
  value = factor->second;
  return true;
}

bool HeadsWalk::skipTranspose() {
  auto transpose = value.getDefiningOp<onnx::TransposeOp>();
  if (!transpose)
    return false;
  for (int64_t &dim : dims)
    dim = transpose.getPerm()[dim];
  value = transpose.getInput();
  return true;
}

bool HeadsWalk::skipRotary() {
  if (!role.isScored || heads.rotary || heads.norm || !isChannelLast() ||
      getPositionDim() != getRank() - 2)
    return false;
  std::optional<Rotary> rotary = matchRotary(value);
  if (!rotary)
    return false;
  heads.rotary = rotary;
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

/// Heads that several queries share: [.., heads, 1, ..] expanded to
/// [.., heads, group, ..] and merged.
bool HeadsWalk::skipRepeats() {
  auto reshape = value.getDefiningOp<onnx::ReshapeOp>();
  if (!reshape || heads.repeats != 1)
    return false;
  auto expand = reshape.getInput().getDefiningOp<onnx::ExpandOp>();
  if (!expand)
    return false;
  auto unsqueeze = expand.getInput().getDefiningOp<onnx::UnsqueezeOp>();
  int64_t head = getHeadDim();
  auto merged = cast<RankedTensorType>(reshape.getType());
  auto expanded = cast<RankedTensorType>(expand.getType());
  if (!unsqueeze || unsqueeze.getAxes() != ArrayRef<int64_t>{head + 1} ||
      expanded.getRank() != merged.getRank() + 1 ||
      expanded.isDynamicDim(head) || expanded.isDynamicDim(head + 1) ||
      merged.getDimSize(head) !=
          expanded.getDimSize(head) * expanded.getDimSize(head + 1))
    return false;
  // The other dimensions stay: the one before the head's and all after.
  for (int64_t dim = 0; dim < merged.getRank(); ++dim) {
    int64_t from = dim <= head ? dim : dim + 1;
    if (dim == head)
      continue;
    Extent extent = getExtent(unsqueeze, from);
    if (getExtent(value, dim) != extent || getExtent(expand, from) != extent)
      return false;
  }
  heads.repeats = expanded.getDimSize(head + 1);
  value = unsqueeze.getInput();
  return true;
}

bool HeadsWalk::skipSlice() {
  if (!isChannelLast() || heads.rangeWidth)
    return false;
  std::optional<ChannelSlice> slice = matchChannelSlice(value);
  if (!slice || slice->step != 1)
    return false;
  int64_t range =
      cast<RankedTensorType>(slice->input.getType()).getShape().back();
  if (ShapedType::isDynamic(range))
    return false;
  heads.rangeWidth = range;
  heads.partBegin = slice->begin;
  value = slice->input;
  return true;
}

LogicalResult HeadsWalk::matchSplit() {
  auto reshape = value.getDefiningOp<onnx::ReshapeOp>();
  if (!reshape)
    return fail("the " + role.name + " is not split into heads by a Reshape");
  auto type = cast<RankedTensorType>(reshape.getType());
  auto rows = cast<RankedTensorType>(reshape.getInput().getType());
  SmallVector<int64_t, 4> wanted = {0, 2, 1, 3};
  if (role.isTransposed)
    wanted = {0, 2, 3, 1};
  if (dims != wanted)
    return fail("the dimensions of the " + role.name + " have another order");
  if (type.getRank() != 4 || rows.getRank() != 3 || type.isDynamicDim(2) ||
      type.isDynamicDim(3) ||
      type.getDimSize(2) * type.getDimSize(3) != rows.getDimSize(2) ||
      !haveEqualLeadingExtents(reshape.getInput(), 1, reshape.getStaticShape(),
                               reshape.getShape(), 2))
    return fail("the Reshape of the " + role.name +
                " is not [batch, sequence, width] to [batch, sequence, heads, "
                "width / heads]");
  heads.count = type.getDimSize(2);
  if (!heads.rangeWidth)
    heads.rangeWidth = type.getDimSize(3);
  heads.rows = reshape.getInput();
  attempt.found(reshape);
  value = heads.rows;
  return success();
}

LogicalResult HeadsWalk::run() {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() != 4)
    return fail("the " + role.name + " is not [batch, heads, sequence, width]");
  heads.width = type.getDimSize(getChannelDim());
  if (ShapedType::isDynamic(heads.width))
    return fail("the width of the " + role.name + " is not known");
  while (skipScale() || skipTranspose() || skipRotary() || skipNorm() ||
         skipRepeats() || skipSlice()) {
  }
  if (failed(matchSplit()))
    return failure();
  while (skipScale()) {
  }
  heads.rows = value;
  return success();
}

LogicalResult matchHeads(Value value, const HeadsRole &role, Attempt &attempt,
                         Heads &heads) {
  return HeadsWalk(value, role, attempt, heads).run();
}

Value getRows(OpBuilder &builder, const Heads &heads) {
  if (heads.isWhole())
    return heads.rows;
  auto linear = heads.rows.getDefiningOp<tfm::LinearOp>();
  if (!linear || linear.getSkipGain() || linear.getResidGain() ||
      linear.getRowScale())
    return Value();
  SmallVector<int64_t> columns;
  for (int64_t head = 0; head < heads.count; ++head)
    for (int64_t i = 0; i < heads.width; ++i)
      columns.push_back(head * heads.rangeWidth + heads.partBegin + i);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(linear);
  Value weight = gatherConstant(builder, linear.getWeight(),
                                linear.getTransposed() ? 0 : 1, columns);
  Value bias;
  if (linear.getBias())
    bias = gatherConstant(builder, linear.getBias(), 0, columns);
  if (!weight || (linear.getBias() && !bias))
    return Value();
  auto type = cast<RankedTensorType>(heads.rows.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = columns.size();
  return tfm::LinearOp::create(
      builder, linear.getLoc(), type.clone(shape), linear.getInput(), weight,
      bias, /*skip_gain=*/Value(), /*resid_gain=*/Value(),
      /*row_scale=*/Value(), linear.getTransposedAttr());
}

} // namespace ockham::raising
