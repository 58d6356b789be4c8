//===- ONNXIndexForms.cpp - Integer tensors as formulas of positions ------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exporters compute masks with the operators of the model: positions are Ranges
// that are cut, joined, summed up and gathered with each other. Here each such
// tensor is what it is as a function of the position in it, if that is affine.
//
//===----------------------------------------------------------------------===//

#include "ONNXFunctionShapes.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;

/// Larger constants are not looked through.
static constexpr int64_t kMaxScannedElements = 1 << 16;

namespace {
using Form = std::optional<IndexForm>;

/// What the form of one operator's result is.
class IndexRules {
public:
  IndexRules(FunctionShapes &shapes, Operation *op)
      : shapes(shapes), dims(shapes.getDims(op->getResult(0))),
        elementType(cast<RankedTensorType>(op->getResult(0).getType())
                        .getElementType()) {}

  Form get(Operation *op);

private:
  Form uniform(ShapeExpr value) const {
    return IndexForm{std::move(value),
                     SmallVector<ShapeExpr, 4>(dims.size(), ShapeExpr(0))};
  }
  Form broadcast(Value operand);
  Form moveUnitDims(Value input);
  Form getArithmetic(Operation *op);
  Form getComparison(Operation *op);
  Form getLogical(Operation *op);
  Form getCast(CastOp op);
  Form getSlice(SliceOp op);
  Form getConcat(ConcatOp op);
  Form getCumSum(CumSumOp op);
  Form getGather(GatherOp op);
  Form getGatherND(GatherNDOp op);

  FunctionShapes &shapes;
  SymbolicShape dims;
  Type elementType;
};
} // namespace

/// An operand's form in the result's dimensions.
Form IndexRules::broadcast(Value operand) {
  Form form = shapes.getIndexForm(operand);
  SymbolicShape from = shapes.getDims(operand);
  if (!form || from.size() > dims.size())
    return std::nullopt;
  Form result = uniform(form->offset);
  size_t missing = dims.size() - from.size();
  for (auto [index, slope] : llvm::enumerate(form->slopes)) {
    if (slope.isConstant(0))
      continue;
    if (from[index] != dims[missing + index])
      return std::nullopt;
    result->slopes[missing + index] = slope;
  }
  return result;
}

/// The same elements in dimensions that differ by ones only.
Form IndexRules::moveUnitDims(Value input) {
  Form form = shapes.getIndexForm(input);
  if (!form)
    return std::nullopt;
  SymbolicShape from = shapes.getDims(input);
  Form result = uniform(form->offset);
  if (form->isUniform())
    return result;
  size_t next = 0;
  for (auto [index, dim] : llvm::enumerate(from)) {
    if (dim.isConstant(1))
      continue;
    while (next < dims.size() && dims[next].isConstant(1))
      ++next;
    if (next == dims.size() || dims[next] != dim)
      return std::nullopt;
    result->slopes[next++] = form->slopes[index];
  }
  return result;
}

Form IndexRules::getArithmetic(Operation *op) {
  Form lhs = broadcast(op->getOperand(0)), rhs = broadcast(op->getOperand(1));
  if (!lhs || !rhs)
    return std::nullopt;
  if (isa<MulOp>(op)) {
    if (!rhs->isUniform())
      std::swap(lhs, rhs);
    if (!rhs->isUniform())
      return std::nullopt;
    Form result = uniform(lhs->offset * rhs->offset);
    for (auto [slope, factor] : llvm::zip_equal(result->slopes, lhs->slopes))
      slope = factor * rhs->offset;
    return result;
  }
  Form result = lhs;
  bool isSum = isa<AddOp>(op);
  auto combine = [&](const ShapeExpr &a, const ShapeExpr &b) {
    return isSum ? a + b : a - b;
  };
  result->offset = combine(lhs->offset, rhs->offset);
  for (auto [slope, other] : llvm::zip_equal(result->slopes, rhs->slopes))
    slope = combine(slope, other);
  return result;
}

Form IndexRules::getComparison(Operation *op) {
  Form lhs = broadcast(op->getOperand(0)), rhs = broadcast(op->getOperand(1));
  if (!lhs || !rhs || lhs->slopes != rhs->slopes)
    return std::nullopt;
  ShapeExpr difference = rhs->offset - lhs->offset;
  bool isLess = shapes.isNonNegative(difference - 1);
  bool isMore = shapes.isNonNegative(ShapeExpr(0) - difference - 1);
  bool isEqual = difference.isConstant(0);
  bool isAtMost = shapes.isNonNegative(difference);
  bool isAtLeast = shapes.isNonNegative(ShapeExpr(0) - difference);
  auto decide = [&](bool isTrue, bool isFalse) -> Form {
    if (!isTrue && !isFalse)
      return std::nullopt;
    return uniform(isTrue ? 1 : 0);
  };
  return TypeSwitch<Operation *, Form>(op)
      .Case<EqualOp>([&](auto) { return decide(isEqual, isLess || isMore); })
      .Case<LessOp>([&](auto) { return decide(isLess, isAtLeast); })
      .Case<GreaterOp>([&](auto) { return decide(isMore, isAtMost); })
      .Case<LessOrEqualOp>([&](auto) { return decide(isAtMost, isMore); })
      .Case<GreaterOrEqualOp>([&](auto) { return decide(isAtLeast, isLess); })
      .Default(Form());
}

Form IndexRules::getLogical(Operation *op) {
  auto getValue = [&](unsigned index) -> std::optional<int64_t> {
    Form form = shapes.getIndexForm(op->getOperand(index));
    return form && form->isUniform() ? form->offset.getConstant()
                                     : std::nullopt;
  };
  std::optional<int64_t> lhs = getValue(0);
  if (isa<NotOp>(op))
    return lhs ? uniform(*lhs == 0) : std::nullopt;
  std::optional<int64_t> rhs = getValue(1);
  // What decides alone.
  int64_t dominant = isa<OrOp>(op);
  if (lhs == dominant || rhs == dominant)
    return uniform(dominant);
  return lhs && rhs ? uniform(1 - dominant) : std::nullopt;
}

Form IndexRules::getCast(CastOp op) {
  Form form = shapes.getIndexForm(op.getInput());
  if (!form)
    return std::nullopt;
  if (elementType.isInteger(1)) {
    std::optional<int64_t> value = form->offset.getConstant();
    if (!value || !form->isUniform())
      return std::nullopt;
    return uniform(*value != 0);
  }
  // Extents, and what is counted up to them, fit the types that files use for
  // them. A constant may not.
  auto fits = [&](const ShapeExpr &expr) {
    std::optional<int64_t> value = expr.getConstant();
    return !elementType.isInteger(32) || !value ||
           *value == static_cast<int32_t>(*value);
  };
  if (!fits(form->offset) || !llvm::all_of(form->slopes, fits))
    return std::nullopt;
  return form;
}

Form IndexRules::getSlice(SliceOp op) {
  Form form = shapes.getIndexForm(op.getInput());
  if (!form)
    return std::nullopt;
  SymbolicShape starts = shapes.getSizes(op.getStaticStarts(), op.getStarts());
  for (auto [start, axis, step] :
       llvm::zip_equal(starts, op.getAxes(), op.getSteps())) {
    ShapeExpr &slope = form->slopes[axis];
    if (slope.isConstant(0))
      continue;
    // From the front, and if it is beyond the end then there are no elements.
    if (step < 0 || !shapes.isNonNegative(start))
      return std::nullopt;
    form->offset = form->offset + slope * start;
    slope = slope * step;
  }
  return form;
}

Form IndexRules::getConcat(ConcatOp op) {
  int64_t axis = op.getAxis();
  SmallVector<std::pair<IndexForm, ShapeExpr>, 4> pieces;
  for (Value input : op.getInputs()) {
    Form form = shapes.getIndexForm(input);
    if (!form)
      return std::nullopt;
    ShapeExpr extent = shapes.getDim(input, axis);
    if (!extent.isConstant(0))
      pieces.push_back({*form, extent});
  }
  if (pieces.empty())
    return std::nullopt;
  // min(1, e) elements, as in x[:, :1], are one if what follows are multiples
  // of e: where they are none nothing follows.
  for (size_t i = 0; i < pieces.size(); ++i) {
    std::optional<ShapeExpr> whole = shapes.getPrefixed(pieces[i].second);
    if (whole && pieces[i].second == shapes.min(1, *whole) &&
        llvm::all_of(
            ArrayRef(pieces).drop_front(i + 1), [&](const auto &piece) {
              return ShapeExpr::divideExactly(piece.second, *whole).has_value();
            }))
      pieces[i].second = 1;
  }
  // The slope is that of a piece that has one, or the step between two.
  IndexForm result = pieces.front().first;
  auto *longer = llvm::find_if(
      pieces, [](const auto &piece) { return !piece.second.isConstant(1); });
  if (longer != pieces.end())
    result.slopes[axis] = longer->first.slopes[axis];
  else if (pieces.size() > 1)
    result.slopes[axis] = pieces[1].first.offset - pieces[0].first.offset;
  ShapeExpr position = 0;
  for (const auto &[form, extent] : pieces) {
    IndexForm expected = result;
    expected.offset = result.offset + result.slopes[axis] * position;
    if (extent.isConstant(1))
      expected.slopes[axis] = form.slopes[axis];
    if (form.offset != expected.offset || form.slopes != expected.slopes)
      return std::nullopt;
    position = position + extent;
  }
  return result;
}

/// Of a constant c: c for each element so far.
Form IndexRules::getCumSum(CumSumOp op) {
  Form form = shapes.getIndexForm(op.getInput());
  if (!form || !form->isUniform())
    return std::nullopt;
  ShapeExpr value = form->offset;
  if (op.getReverse()) {
    form->offset = value * (dims[op.getAxis()] - (op.getExclusive() ? 1 : 0));
    form->slopes[op.getAxis()] = 0 - value;
  } else {
    form->offset = op.getExclusive() ? ShapeExpr(0) : value;
    form->slopes[op.getAxis()] = value;
  }
  return form;
}

/// Whether indices that run along one of their dimensions stay within `extent`.
static bool isWithin(FunctionShapes &shapes, const IndexForm &indices,
                     ArrayRef<ShapeExpr> dims, const ShapeExpr &extent) {
  // From the front on: the first one, and no step back.
  if (!shapes.isNonNegative(indices.offset))
    return false;
  ShapeExpr last = indices.offset;
  for (auto [slope, dim] : llvm::zip_equal(indices.slopes, dims)) {
    if (!shapes.isNonNegative(slope))
      return false;
    last = last + slope * (dim - 1);
  }
  return shapes.isNonNegative(extent - last - 1);
}

Form IndexRules::getGather(GatherOp op) {
  Form data = shapes.getIndexForm(op.getData());
  Form indices = shapes.getIndexForm(op.getIndices());
  SymbolicShape from = shapes.getDims(op.getData());
  SymbolicShape rows = shapes.getDims(op.getIndices());
  size_t axis = op.getAxis();
  // An index that is out of range stays an error.
  if (!data || !indices || !isWithin(shapes, *indices, rows, from[axis]))
    return std::nullopt;
  Form result = uniform(data->offset + data->slopes[axis] * indices->offset);
  for (auto [index, slope] : llvm::enumerate(result->slopes))
    slope = index < axis ? data->slopes[index]
            : index < axis + rows.size()
                ? data->slopes[axis] * indices->slopes[index - axis]
                : data->slopes[index + 1 - rows.size()];
  return result;
}

Form IndexRules::getGatherND(GatherNDOp op) {
  Form data = shapes.getIndexForm(op.getData());
  std::optional<SmallVector<IndexForm, 4>> indices =
      shapes.getIndexComponents(op.getIndices());
  if (!data || !indices || op.getBatchDims() != 0)
    return std::nullopt;
  SymbolicShape from = shapes.getDims(op.getData());
  SymbolicShape rows = shapes.getDims(op.getIndices());
  rows.pop_back();
  Form result = uniform(data->offset);
  for (auto [axis, index] : llvm::enumerate(*indices)) {
    const ShapeExpr &slope = data->slopes[axis];
    if (!isWithin(shapes, index, rows, from[axis]))
      return std::nullopt;
    result->offset = result->offset + slope * index.offset;
    for (size_t i = 0; i < rows.size(); ++i)
      result->slopes[i] = result->slopes[i] + slope * index.slopes[i];
  }
  for (size_t i = indices->size(); i < from.size(); ++i)
    result->slopes[rows.size() + i - indices->size()] = data->slopes[i];
  return result;
}

Form IndexRules::get(Operation *op) {
  return TypeSwitch<Operation *, Form>(op)
      .Case<RangeOp>([&](RangeOp range) -> Form {
        Form start = shapes.getIndexForm(range.getStart());
        Form delta = shapes.getIndexForm(range.getDelta());
        if (!start || !delta)
          return std::nullopt;
        Form result = uniform(start->offset);
        result->slopes[0] = delta->offset;
        return result;
      })
      .Case<ConstantOfShapeOp>([&](ConstantOfShapeOp fill) -> Form {
        auto value = dyn_cast<IntegerAttr>(fill.getValue());
        if (!value)
          return std::nullopt;
        APInt number = value.getValue();
        return uniform(elementType.isInteger(1) ? int64_t(number.getZExtValue())
                                                : number.getSExtValue());
      })
      .Case<IdentityOp>(
          [&](IdentityOp id) { return shapes.getIndexForm(id.getInput()); })
      .Case<ExpandOp>(
          [&](ExpandOp expand) { return broadcast(expand.getInput()); })
      .Case<ReshapeOp, SqueezeOp, UnsqueezeOp>(
          [&](auto) { return moveUnitDims(op->getOperand(0)); })
      .Case<TransposeOp>([&](TransposeOp transpose) -> Form {
        Form form = shapes.getIndexForm(transpose.getInput());
        if (!form)
          return std::nullopt;
        Form result = uniform(form->offset);
        for (auto [index, position] : llvm::enumerate(transpose.getPerm()))
          result->slopes[index] = form->slopes[position];
        return result;
      })
      .Case<AddOp, SubOp, MulOp>([&](auto) { return getArithmetic(op); })
      .Case<EqualOp, LessOp, LessOrEqualOp, GreaterOp, GreaterOrEqualOp>(
          [&](auto) { return getComparison(op); })
      .Case<AndOp, OrOp, NotOp>([&](auto) { return getLogical(op); })
      .Case<WhereOp>([&](WhereOp where) -> Form {
        Form condition = shapes.getIndexForm(where.getCondition());
        if (!condition || !condition->isUniform() ||
            !condition->offset.getConstant())
          return std::nullopt;
        return broadcast(condition->offset.isConstant(0) ? where.getRhs()
                                                         : where.getLhs());
      })
      .Case<CastOp>([&](CastOp cast) { return getCast(cast); })
      .Case<SliceOp>([&](SliceOp slice) { return getSlice(slice); })
      .Case<ConcatOp>([&](ConcatOp concat) { return getConcat(concat); })
      .Case<CumSumOp>([&](CumSumOp sum) { return getCumSum(sum); })
      .Case<GatherOp>([&](GatherOp gather) { return getGather(gather); })
      .Case<GatherNDOp>([&](GatherNDOp gather) { return getGatherND(gather); })
      .Default(Form());
}

//===----------------------------------------------------------------------===//
// Forms of a function's tensors
//===----------------------------------------------------------------------===//

bool IndexForm::isUniform() const {
  return llvm::all_of(
      slopes, [](const ShapeExpr &slope) { return slope.isConstant(0); });
}

static bool isIndexLike(Type elementType) {
  return elementType.isInteger(1) || elementType.isSignlessInteger(32) ||
         elementType.isSignlessInteger(64);
}

/// A constant whose elements are affine: the slopes are the steps from the
/// first element, and every other one must agree.
static Form scanConstant(const ConstantData &data, RankedTensorType type) {
  if (data.size() == 0 || data.size() > kMaxScannedElements)
    return std::nullopt;
  ArrayRef<int64_t> shape = type.getShape();
  SmallVector<int64_t, 4> strides(shape.size(), 1), slopes(shape.size(), 0);
  for (size_t i = shape.size(); i-- > 1;)
    strides[i - 1] = strides[i] * shape[i];
  int64_t first = data.getInt(0);
  for (size_t i = 0; i < shape.size(); ++i)
    if (shape[i] > 1)
      slopes[i] =
          static_cast<int64_t>(static_cast<uint64_t>(data.getInt(strides[i])) -
                               static_cast<uint64_t>(first));
  for (int64_t i = 0, e = data.size(); i < e; ++i) {
    uint64_t value = first;
    for (size_t k = 0; k < shape.size(); ++k)
      value += static_cast<uint64_t>(slopes[k]) *
               static_cast<uint64_t>(i / strides[k] % shape[k]);
    if (value != static_cast<uint64_t>(data.getInt(i)))
      return std::nullopt;
  }
  IndexForm form{first, {}};
  for (int64_t slope : slopes)
    form.slopes.push_back(slope);
  return form;
}

Form FunctionShapes::getIndexForm(Value tensor) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || !isIndexLike(type.getElementType()))
    return std::nullopt;
  if (auto it = indexForms.find(tensor); it != indexForms.end())
    return it->second;
  if (std::optional<ArrayRef<ShapeExpr>> known = getElements(tensor))
    if (!known->empty() && llvm::all_equal(*known))
      return IndexForm{known->front(),
                       SmallVector<ShapeExpr, 4>(type.getRank(), ShapeExpr(0))};
  if (!type.hasStaticShape())
    return std::nullopt;
  std::optional<ConstantData> data = getConstant(tensor);
  Form form = data ? scanConstant(*data, type) : std::nullopt;
  if (form)
    indexForms[tensor] = *form;
  return form;
}

/// The parts of the last dimension, which a Concat has put together.
std::optional<SmallVector<IndexForm, 4>>
FunctionShapes::getIndexComponents(Value indices) {
  auto type = cast<RankedTensorType>(indices.getType());
  if (type.getRank() == 0)
    return std::nullopt;
  int64_t last = type.getRank() - 1, count = type.getDimSize(last);
  SmallVector<IndexForm, 4> components;
  auto concat = indices.getDefiningOp<ConcatOp>();
  if (concat && static_cast<int64_t>(concat.getAxis()) == last &&
      static_cast<int64_t>(concat.getInputs().size()) == count) {
    for (Value input : concat.getInputs()) {
      Form form = getIndexForm(input);
      if (!form || !getDim(input, last).isConstant(1))
        return std::nullopt;
      form->slopes.pop_back();
      components.push_back(std::move(*form));
    }
    return components;
  }
  Form form = getIndexForm(indices);
  if (!form || ShapedType::isDynamic(count))
    return std::nullopt;
  ShapeExpr step = form->slopes.pop_back_val();
  for (int64_t i = 0; i < count; ++i) {
    components.push_back(*form);
    form->offset = form->offset + step;
  }
  return components;
}

void FunctionShapes::visitIndexForm(Operation *op) {
  if (op->getNumResults() != 1)
    return;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !isIndexLike(type.getElementType()))
    return;
  Form form = IndexRules(*this, op).get(op);
  if (!form)
    return;
  SymbolicShape dims = getDims(op->getResult(0));
  unsigned complexity = getComplexity(form->offset);
  for (auto [slope, dim] : llvm::zip_equal(form->slopes, dims)) {
    if (dim.isConstant(1))
      slope = 0;
    complexity += getComplexity(slope);
  }
  if (complexity <= kMaxComplexity)
    indexForms[op->getResult(0)] = std::move(*form);
}
