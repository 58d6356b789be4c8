//===- ONNXSimplifyIndices.cpp - Positions instead of gatherings ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ONNXEmitter.h"
#include "ONNXNormalize.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;

namespace {
class IndexSimplifier {
public:
  IndexSimplifier(Operation *op, FunctionShapes &shapes)
      : op(op), shapes(shapes), emit(shapes, op),
        dims(shapes.getDims(op->getResult(0))),
        elementType(cast<RankedTensorType>(op->getResult(0).getType())
                        .getElementType()) {}

  Value run();

private:
  Value fill();
  Value removeNeutral();
  Value selectBranch(WhereOp op);
  Value buildForm();
  Value gatherInPlace();
  Value scatterInPlace(ScatterNDOp op);
  Value mergeUnsqueezes(UnsqueezeOp op);
  Value placeDims(Value data, ArrayRef<int64_t> positions);
  Value expand(Value value);

  Operation *op;
  FunctionShapes &shapes;
  Emitter emit;
  SymbolicShape dims;
  Type elementType;
};
} // namespace

/// The value with the result's extents.
Value IndexSimplifier::expand(Value value) {
  return shapes.getDims(value) == dims ? value : emit.expand(value, dims);
}

/// A tensor of one value.
Value IndexSimplifier::fill() {
  std::optional<IndexForm> form = shapes.getIndexForm(op->getResult(0));
  if (!form || !form->isUniform() || isa<ConstantOfShapeOp>(op))
    return {};
  std::optional<int64_t> value = form->offset.getConstant();
  if (!value)
    return {};
  return emit.fill(IntegerAttr::get(elementType, *value), dims);
}

/// x and true, x or false, x + 0, x - 0, x * 1: x.
Value IndexSimplifier::removeNeutral() {
  int64_t neutral;
  if (isa<AndOp, MulOp>(op))
    neutral = 1;
  else if (isa<OrOp, AddOp, SubOp>(op))
    neutral = 0;
  else
    return {};
  for (unsigned index : {1, 0}) {
    if (index == 0 && isa<SubOp>(op))
      break;
    std::optional<IndexForm> form = shapes.getIndexForm(op->getOperand(index));
    if (form && form->isUniform() && form->offset.isConstant(neutral))
      return expand(op->getOperand(1 - index));
  }
  return {};
}

Value IndexSimplifier::selectBranch(WhereOp where) {
  std::optional<IndexForm> form = shapes.getIndexForm(where.getCondition());
  if (!form || !form->isUniform() || !form->offset.getConstant())
    return {};
  return expand(form->offset.isConstant(0) ? where.getRhs() : where.getLhs());
}

/// The sum of a Range for each dimension that the elements depend on.
Value IndexSimplifier::buildForm() {
  Value result = op->getResult(0);
  std::optional<IndexForm> form = shapes.getIndexForm(result);
  // Elements that are all known are written out elsewhere.
  if (!form || form->isUniform() || shapes.getElements(result))
    return {};
  Value sum;
  ShapeExpr offset = form->offset;
  for (auto [index, slope] : llvm::enumerate(form->slopes)) {
    if (slope.isConstant(0))
      continue;
    Value term;
    if (std::optional<int64_t> step = slope.getConstant()) {
      term = emit.range(offset, *step, dims[index], elementType);
      offset = 0;
    } else {
      term = emit.mul(emit.range(0, 1, dims[index], elementType),
                      emit.scalar(slope, elementType));
    }
    SmallVector<int64_t> axes;
    for (size_t axis = 0; axis < dims.size(); ++axis)
      if (axis != index)
        axes.push_back(axis);
    term = emit.unsqueeze(term, axes);
    sum = sum ? emit.add(sum, term) : term;
  }
  if (!offset.isConstant(0))
    sum = emit.add(sum, emit.scalar(offset, elementType));
  return expand(sum);
}

/// `data`, whose dimension k is dimension `positions[k]` of the result; the
/// other ones are repeated.
Value IndexSimplifier::placeDims(Value data, ArrayRef<int64_t> positions) {
  SmallVector<int64_t> perm = llvm::to_vector(
      llvm::seq<int64_t>(0, static_cast<int64_t>(positions.size())));
  llvm::sort(perm, [&](int64_t lhs, int64_t rhs) {
    return positions[lhs] < positions[rhs];
  });
  if (!llvm::is_sorted(perm))
    data = emit.transpose(data, perm);
  SmallVector<int64_t> axes;
  for (int64_t axis = 0, e = dims.size(); axis < e; ++axis)
    if (!llvm::is_contained(positions, axis))
      axes.push_back(axis);
  return expand(emit.unsqueeze(data, axes));
}

/// The one dimension along which an index runs from 0 on in steps of `step`, up
/// to `extent`.
static std::optional<int64_t> getRun(const IndexForm &index,
                                     ArrayRef<ShapeExpr> dims,
                                     const ShapeExpr &step,
                                     const ShapeExpr &extent) {
  for (auto [position, slope] : llvm::enumerate(index.slopes))
    if (slope == step && dims[position] == extent)
      return position;
  return std::nullopt;
}

/// Gathering each element where it is: masks that are indexed with positions.
Value IndexSimplifier::gatherInPlace() {
  if (auto gather = dyn_cast<GatherNDOp>(op)) {
    std::optional<SmallVector<IndexForm, 4>> indices =
        shapes.getIndexComponents(gather.getIndices());
    SymbolicShape from = shapes.getDims(gather.getData());
    if (!indices || indices->size() != from.size() ||
        gather.getBatchDims() != 0)
      return {};
    SmallVector<int64_t> positions;
    for (auto [index, extent] : llvm::zip_equal(*indices, from)) {
      std::optional<int64_t> position = getRun(index, dims, 1, extent);
      IndexForm rest = index;
      if (position)
        rest.slopes[*position] = 0;
      if (!position || !rest.isUniform() || !rest.offset.isConstant(0) ||
          llvm::is_contained(positions, *position))
        return {};
      positions.push_back(*position);
    }
    return placeDims(gather.getData(), positions);
  }

  // The same in a tensor that has been flattened, by positions in memory.
  auto gather = dyn_cast<GatherOp>(op);
  if (!gather || gather.getAxis() != 0)
    return {};
  auto flatten = gather.getData().getDefiningOp<ReshapeOp>();
  std::optional<IndexForm> index = shapes.getIndexForm(gather.getIndices());
  if (!flatten || !index || !index->offset.isConstant(0))
    return {};
  SymbolicShape rows = shapes.getDims(flatten.getResult());
  SymbolicShape from = shapes.getDims(flatten.getInput());
  ShapeExpr stride = 1;
  SmallVector<int64_t> positions(from.size());
  for (size_t k = from.size(); k-- > 0;) {
    std::optional<int64_t> position = getRun(*index, dims, stride, from[k]);
    if (!position)
      return {};
    index->slopes[*position] = 0;
    positions[k] = *position;
    stride = stride * from[k];
  }
  bool isFlat = rows[0] == stride && llvm::all_of(ArrayRef(rows).drop_front(),
                                                  [](const ShapeExpr &dim) {
                                                    return dim.isConstant(1);
                                                  });
  if (!isFlat || !index->isUniform())
    return {};
  return placeDims(flatten.getInput(), positions);
}

/// Every element is replaced by the update at its own place: x[:, :, :, :] = y.
Value IndexSimplifier::scatterInPlace(ScatterNDOp scatter) {
  std::optional<SmallVector<IndexForm, 4>> indices =
      shapes.getIndexComponents(scatter.getIndices());
  if (scatter.getReduction() != ScatterReduction::Replace || !indices ||
      indices->size() != dims.size() ||
      shapes.getDims(scatter.getUpdates()) != dims)
    return {};
  for (auto [position, index] : llvm::enumerate(*indices)) {
    IndexForm rest = index;
    if (!dims[position].isConstant(1)) {
      if (!rest.slopes[position].isConstant(1))
        return {};
      rest.slopes[position] = 0;
    }
    if (!rest.isUniform() || !rest.offset.isConstant(0))
      return {};
  }
  return scatter.getUpdates();
}

/// New dimensions on new dimensions.
Value IndexSimplifier::mergeUnsqueezes(UnsqueezeOp outer) {
  auto inner = outer.getInput().getDefiningOp<UnsqueezeOp>();
  if (!inner)
    return {};
  // The places of the inner ones among what the outer ones leave free.
  SmallVector<int64_t> axes(outer.getAxes());
  int64_t free = 0;
  for (int64_t axis = 0, e = dims.size(); axis < e; ++axis) {
    if (llvm::is_contained(outer.getAxes(), axis))
      continue;
    if (llvm::is_contained(inner.getAxes(), free++))
      axes.push_back(axis);
  }
  llvm::sort(axes);
  return emit.unsqueeze(inner.getInput(), axes);
}

Value IndexSimplifier::run() {
  if (Value value = fill())
    return value;
  if (auto scatter = dyn_cast<ScatterNDOp>(op))
    return scatterInPlace(scatter);
  if (auto unsqueeze = dyn_cast<UnsqueezeOp>(op))
    return mergeUnsqueezes(unsqueeze);
  if (Value value = removeNeutral())
    return value;
  if (auto where = dyn_cast<WhereOp>(op))
    return selectBranch(where);
  if (isa<GatherOp, GatherNDOp, CumSumOp, ConcatOp>(op))
    if (Value value = buildForm())
      return value;
  return gatherInPlace();
}

Value ockham::onnx::simplifyIndices(Operation *op, FunctionShapes &shapes) {
  if (op->getNumResults() != 1 || isa<ConstantOp>(op) ||
      !isa<RankedTensorType>(op->getResult(0).getType()))
    return {};
  return IndexSimplifier(op, shapes).run();
}
