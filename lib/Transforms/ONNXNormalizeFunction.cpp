//===- ONNXNormalizeFunction.cpp - Sizes, types, data movement ------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One walk over the function, in order, so that what an operator's operands are
// is final when it is its turn. Operators that have become unnecessary are
// erased at the end.
//
//===----------------------------------------------------------------------===//

#include "ONNXNormalize.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;

/// How often one operator may be changed in place.
static constexpr unsigned kMaxStepsPerOperator = 8;

namespace {
class FunctionNormalizer {
public:
  FunctionNormalizer(FunctionOpInterface function, const WeightTable &weights,
                     ConstantFolder &folder)
      : function(function), shapes(function, weights), folder(folder) {}

  void run();

private:
  void normalize(Operation *op);
  void refineTypes(Operation *op, ArrayRef<InferredTensor> results);
  void normalizeSizes(Operation *op);
  void normalizeTargets(Operation *op, ArrayRef<InferredTensor> results);
  void unbound(SymbolicShape &target, const SymbolicShape &dims);
  void normalizeSlice(SliceOp op);
  void normalizeSplit(SplitOp op);
  SmallVector<Value> simplify(Operation *op);
  SmallVector<Value> runFolder(Operation *op, bool &changed);
  SmallVector<Value> foldElements(Operation *op);
  Value removeMovement(Operation *op);
  Value removeReshapes(Operation *op);
  Value sinkIntoSlicedConstant(Operation *op);
  void finish();
  void finish(Operation *op);

  std::pair<SmallVector<int64_t>, SmallVector<Value>>
  buildSizes(ArrayRef<ShapeExpr> dims, Operation *user);
  void replaceUses(Value from, Value to);

  FunctionOpInterface function;
  FunctionShapes shapes;
  ConstantFolder &folder;
};
} // namespace

//===----------------------------------------------------------------------===//
// Types
//===----------------------------------------------------------------------===//

/// Whether an operator takes any refinement of an operand's type. What it then
/// gives is refined when its own turn comes.
static bool acceptsRefinedOperands(Operation *op) {
  return isa<ONNXDialect>(op->getDialect()) ||
         isa<tensor::DimOp, tensor::ExtractOp, tensor::CastOp>(op);
}

/// Lets `to` stand for `from`, cast back where the old type is asked for.
void FunctionNormalizer::replaceUses(Value from, Value to) {
  Value castBack;
  for (OpOperand &use : llvm::make_early_inc_range(from.getUses())) {
    if (from.getType() == to.getType() ||
        acceptsRefinedOperands(use.getOwner())) {
      use.set(to);
      continue;
    }
    if (!castBack) {
      OpBuilder builder(function.getContext());
      builder.setInsertionPointAfterValue(to);
      castBack =
          tensor::CastOp::create(builder, to.getLoc(), from.getType(), to);
    }
    use.set(castBack);
  }
}

void FunctionNormalizer::refineTypes(Operation *op,
                                     ArrayRef<InferredTensor> results) {
  if (results.empty())
    return;
  for (auto [result, inferred] : llvm::zip_equal(op->getResults(), results)) {
    auto type = cast<RankedTensorType>(result.getType());
    SmallVector<int64_t> shape(type.getShape());
    for (auto [extent, dim] : llvm::zip_equal(shape, inferred.dims))
      if (ShapedType::isDynamic(extent))
        extent = dim.getConstant().value_or(ShapedType::kDynamic);
    auto refined = RankedTensorType::get(shape, type.getElementType());
    if (refined == type)
      continue;
    SmallVector<OpOperand *> strict;
    for (OpOperand &use : result.getUses())
      if (!acceptsRefinedOperands(use.getOwner()))
        strict.push_back(&use);
    result.setType(refined);
    if (strict.empty())
      continue;
    OpBuilder builder(function.getContext());
    builder.setInsertionPointAfter(op);
    Value castBack =
        tensor::CastOp::create(builder, op->getLoc(), type, result);
    for (OpOperand *use : strict)
      use->set(castBack);
  }
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

/// Integers where they are known and values elsewhere, as ops keep them.
std::pair<SmallVector<int64_t>, SmallVector<Value>>
FunctionNormalizer::buildSizes(ArrayRef<ShapeExpr> dims, Operation *user) {
  SmallVector<int64_t> staticSizes;
  SmallVector<Value> sizes;
  for (const ShapeExpr &dim : dims) {
    std::optional<int64_t> constant = dim.getConstant();
    if (constant && !ShapedType::isDynamic(*constant)) {
      staticSizes.push_back(*constant);
      continue;
    }
    staticSizes.push_back(ShapedType::kDynamic);
    sizes.push_back(shapes.build(dim, user));
  }
  return {std::move(staticSizes), std::move(sizes)};
}

/// Sizes that say min(e, capacity) where the elements are as many as with e,
/// and not with less: the capacity is that of a buffer which the same elements
/// have met before.
void FunctionNormalizer::unbound(SymbolicShape &target,
                                 const SymbolicShape &dims) {
  SymbolicShape whole;
  for (const ShapeExpr &size : target)
    whole.push_back(shapes.getPrefixed(size).value_or(size));
  if (whole != target &&
      ShapeScope::getProduct(whole) == ShapeScope::getProduct(dims))
    target = std::move(whole);
}

/// Sizes that are computed become arithmetic on the arguments' extents.
void FunctionNormalizer::normalizeSizes(Operation *op) {
  auto normalizeShape = [&](auto sized) {
    if (sized.getShape().empty())
      return;
    SymbolicShape dims =
        shapes.getSizes(sized.getStaticShape(), sized.getShape());
    if (isa<ReshapeOp>(op))
      unbound(dims, shapes.getDims(op->getOperand(0)));
    auto [staticSizes, sizes] = buildSizes(dims, op);
    sized.getShapeMutable().assign(sizes);
    sized.setStaticShape(staticSizes);
  };
  if (auto reshape = dyn_cast<ReshapeOp>(op))
    normalizeShape(reshape);
  else if (auto expand = dyn_cast<ExpandOp>(op))
    normalizeShape(expand);
  else if (auto fill = dyn_cast<ConstantOfShapeOp>(op))
    normalizeShape(fill);
  else if (auto slice = dyn_cast<SliceOp>(op))
    normalizeSlice(slice);
  else if (auto split = dyn_cast<SplitOp>(op))
    normalizeSplit(split);
}

void FunctionNormalizer::normalizeSplit(SplitOp op) {
  if (op.getSizes().empty())
    return;
  auto [staticSizes, sizes] =
      buildSizes(shapes.getSizes(op.getStaticSizes(), op.getSizes()), op);
  op.getSizesMutable().assign(sizes);
  op.setStaticSizes(staticSizes);
}

/// The target shapes of Reshape and Expand are written out: no -1 that follows
/// from the rest, no 1 that means the operand's extent.
void FunctionNormalizer::normalizeTargets(Operation *op,
                                          ArrayRef<InferredTensor> results) {
  if (results.empty())
    return;
  ArrayRef<ShapeExpr> dims = results.front().dims;
  if (auto reshape = dyn_cast<ReshapeOp>(op)) {
    SymbolicShape target =
        shapes.getSizes(reshape.getStaticShape(), reshape.getShape());
    for (auto [size, dim] : llvm::zip_equal(target, dims))
      if (dim.getConstant() ||
          (size.isConstant(-1) && shapes.dependsOnArgumentsOnly(dim)))
        size = dim;
    auto [staticSizes, sizes] = buildSizes(target, op);
    reshape.getShapeMutable().assign(sizes);
    reshape.setStaticShape(staticSizes);
  } else if (auto expand = dyn_cast<ExpandOp>(op)) {
    auto [staticSizes, sizes] = buildSizes(dims, op);
    expand.getShapeMutable().assign(sizes);
    expand.setStaticShape(staticSizes);
  }
}

/// Ranges within known extents are written from the front and end there, axes
/// ascend, axes that are taken whole are left out, and slices of slices along
/// other axes are one.
void FunctionNormalizer::normalizeSlice(SliceOp op) {
  struct Range {
    int64_t axis, step;
    ShapeExpr start, end;
  };
  SmallVector<Range> ranges;
  auto addRanges = [&](SliceOp slice) {
    SymbolicShape starts =
        shapes.getSizes(slice.getStaticStarts(), slice.getStarts());
    SymbolicShape ends =
        shapes.getSizes(slice.getStaticEnds(), slice.getEnds());
    for (auto [i, axis] : llvm::enumerate(slice.getAxes()))
      ranges.push_back({axis, slice.getSteps()[i], starts[i], ends[i]});
  };
  addRanges(op);
  Value input = op.getInput();
  while (auto inner = input.getDefiningOp<SliceOp>()) {
    bool isDisjoint = llvm::none_of(inner.getAxes(), [&](int64_t axis) {
      return llvm::any_of(
          ranges, [&](const Range &range) { return range.axis == axis; });
    });
    if (!isDisjoint)
      break;
    addRanges(inner);
    input = inner.getInput();
  }

  SymbolicShape dims = shapes.getDims(input);
  for (Range &range : ranges) {
    std::optional<int64_t> extent = dims[range.axis].getConstant();
    if (!extent || range.step < 0)
      continue;
    for (ShapeExpr *bound : {&range.start, &range.end})
      if (std::optional<int64_t> position = bound->getConstant()) {
        int64_t front = *position < 0 && *position >= -*extent
                            ? *position + *extent
                            : *position;
        *bound = std::max<int64_t>(0, std::min(front, *extent));
      }
    // Up to min(e, extent) is up to e: the end is clamped anyway.
    if (std::optional<ShapeExpr> whole = shapes.getPrefixed(range.end);
        whole && shapes.isNonNegative(*whole) &&
        shapes.min(range.end, *extent) == shapes.min(*whole, *extent))
      range.end = *whole;
  }
  llvm::erase_if(ranges, [&](const Range &range) {
    const ShapeExpr &dim = dims[range.axis];
    std::optional<int64_t> end = range.end.getConstant();
    return range.step == 1 && range.start.isConstant(0) &&
           (shapes.isNonNegative(range.end - dim) ||
            (end && *end >= std::numeric_limits<int32_t>::max()));
  });
  llvm::sort(ranges, [](const Range &lhs, const Range &rhs) {
    return lhs.axis < rhs.axis;
  });

  SmallVector<ShapeExpr> starts, ends;
  SmallVector<int64_t> axes, steps;
  for (const Range &range : ranges) {
    starts.push_back(range.start);
    ends.push_back(range.end);
    axes.push_back(range.axis);
    steps.push_back(range.step);
  }
  auto [staticStarts, dynamicStarts] = buildSizes(starts, op);
  auto [staticEnds, dynamicEnds] = buildSizes(ends, op);
  op.getInputMutable().assign(input);
  op.getStartsMutable().assign(dynamicStarts);
  op.getEndsMutable().assign(dynamicEnds);
  op.setStaticStarts(staticStarts);
  op.setStaticEnds(staticEnds);
  op.setAxes(axes);
  op.setSteps(steps);
}

//===----------------------------------------------------------------------===//
// Simplification
//===----------------------------------------------------------------------===//

/// An integer tensor of which every element is known.
SmallVector<Value> FunctionNormalizer::foldElements(Operation *op) {
  if (op->getNumResults() != 1 || isa<ConstantOp>(op))
    return {};
  std::optional<ArrayRef<ShapeExpr>> elements =
      shapes.getElements(op->getResult(0));
  if (!elements || !isa<ONNXDialect>(op->getDialect()))
    return {};
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  unsigned width = getStorageBytes(type.getElementType());
  std::string bytes;
  for (const ShapeExpr &element : *elements) {
    std::optional<int64_t> value = element.getConstant();
    if (!value)
      return {};
    bytes.append(reinterpret_cast<const char *>(&*value), width);
  }
  if (!type.hasStaticShape() || bytes.size() != getStorageBytes(type))
    return {};
  return {folder.makeConstant(op, type, std::move(bytes), "")};
}

/// The operand, where an operator only moves data and moves it nowhere.
Value FunctionNormalizer::removeMovement(Operation *op) {
  if (!isa<IdentityOp, ReshapeOp, ExpandOp, SliceOp, ConcatOp>(op) ||
      (isa<ConcatOp>(op) && op->getNumOperands() != 1))
    return {};
  Value input = op->getOperand(0);
  return shapes.getDims(input) == shapes.getDims(op->getResult(0)) &&
                 (!isa<SliceOp>(op) || cast<SliceOp>(op).getAxes().empty())
             ? input
             : Value();
}

/// The value with the shape of the result, some reshapes back.
Value FunctionNormalizer::removeReshapes(Operation *op) {
  SymbolicShape dims = shapes.getDims(op->getResult(0));
  for (Operation *reshape = op;
       isa_and_nonnull<ReshapeOp, SqueezeOp, UnsqueezeOp>(reshape);
       reshape = reshape->getOperand(0).getDefiningOp())
    if (shapes.getDims(reshape->getOperand(0)) == dims)
      return reshape->getOperand(0);
  return {};
}

/// Whether an operator's result is a mask or a conversion: worth computing for
/// a whole buffer of which a part is taken.
static bool isCheapOnConstants(Operation *op) {
  return isa<CastOp, NotOp, EqualOp, LessOp, LessOrEqualOp, GreaterOp,
             GreaterOrEqualOp>(op);
}

/// f(slice of a constant, scalar) is a slice of f(constant, scalar), and that
/// is a constant again. Leaves masks as slices of boolean buffers.
Value FunctionNormalizer::sinkIntoSlicedConstant(Operation *op) {
  if (!isCheapOnConstants(op))
    return {};
  SliceOp slice;
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    if (auto candidate = operand.getDefiningOp<SliceOp>();
        candidate && !slice && shapes.getConstant(candidate.getInput())) {
      slice = candidate;
      operands.push_back(slice.getInput());
      continue;
    }
    std::optional<ConstantData> data = shapes.getConstant(operand);
    if (!data || data->size() != 1)
      return {};
    operands.push_back(operand);
  }
  if (!slice)
    return {};
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  auto whole = cast<RankedTensorType>(slice.getInput().getType());
  // A scalar of higher rank would add dimensions.
  if (type.getRank() != whole.getRank())
    return {};
  Value constant = folder.foldAs(
      op, RankedTensorType::get(whole.getShape(), type.getElementType()),
      operands);
  if (!constant)
    return {};
  OpBuilder builder(op);
  auto result = cast<SliceOp>(builder.clone(*slice));
  result->setLoc(op->getLoc());
  result.getInputMutable().assign(constant);
  result.getResult().setType(type);
  shapes.visit(result);
  return result;
}

/// What replaces the results of `op`, or nothing.
SmallVector<Value> FunctionNormalizer::simplify(Operation *op) {
  if (SmallVector<Value> values = foldElements(op); !values.empty())
    return values;
  if (SmallVector<Value> values = folder.fold(op); !values.empty())
    return values;
  if (Value value = removeMovement(op))
    return {value};
  if (isa<ReshapeOp, SqueezeOp, UnsqueezeOp>(op))
    if (Value value = removeReshapes(op))
      return {value};
  if (Value value = sinkIntoSlicedConstant(op))
    return {value};
  if (Value value = simplifyIndices(op, shapes))
    return {value};
  if (Value value = sinkExpand(op, shapes))
    return {value};
  if (Value value = unflattenLinear(op, shapes))
    return {value};
  if (Value value = unflattenPointwise(op, shapes))
    return {value};
  if (Value value = respell(op, shapes))
    return {value};
  return {};
}

/// Runs the operator's own folder. Gives what replaces it; sets `changed` if it
/// was changed in place.
SmallVector<Value> FunctionNormalizer::runFolder(Operation *op, bool &changed) {
  SmallVector<Attribute> operands;
  for (Value operand : op->getOperands()) {
    Attribute constant;
    matchPattern(operand, m_Constant(&constant));
    operands.push_back(constant);
  }
  SmallVector<OpFoldResult> folded;
  if (failed(op->fold(operands, folded)))
    return {};
  changed = folded.empty();
  SmallVector<Value> values;
  for (OpFoldResult result : folded) {
    // Constants have been folded already, within this pass's own limits.
    auto value = dyn_cast<Value>(result);
    if (!value)
      return {};
    values.push_back(value);
  }
  return values;
}

void FunctionNormalizer::normalize(Operation *op) {
  bool changed = true;
  // A chain of transposes or reshapes is one step per link.
  for (unsigned step = 0; changed && step < kMaxStepsPerOperator; ++step) {
    changed = false;
    normalizeSizes(op);
    SmallVector<InferredTensor, 1> results = shapes.visit(op);
    if (!isa<ONNXDialect>(op->getDialect()) || isa<ConstantOp>(op))
      return;
    normalizeTargets(op, results);
    refineTypes(op, results);
    SmallVector<Value> values = simplify(op);
    if (values.empty())
      values = runFolder(op, changed);
    for (auto [result, value] :
         llvm::zip(op->getResults().take_front(values.size()), values))
      replaceUses(result, value);
  }
}

//===----------------------------------------------------------------------===//
// Shape computations that are left
//===----------------------------------------------------------------------===//

void FunctionNormalizer::finish(Operation *op) {
  if (isOpTriviallyDead(op)) {
    op->erase();
    return;
  }
  if (op->getNumResults() != 1)
    return;
  Value result = op->getResult(0);
  // A leaf of its own: nothing simpler is known.
  auto dependsOn = [&](const ShapeExpr &expr, Value source) {
    bool found = false;
    shapes.forEachLeaf(expr, [&](ShapeScope::AtomKind, Value value, int64_t) {
      found |= value == source || value == result;
    });
    return found;
  };

  if (isa<tensor::DimOp, tensor::ExtractOp>(op)) {
    if (!shapes.isKnownScalar(result))
      return;
    ShapeExpr expr = shapes.getScalar(result);
    if (dependsOn(expr, op->getOperand(0)))
      return;
    Value value = shapes.build(expr, op);
    if (value.getType() != result.getType()) {
      OpBuilder builder(op);
      value = arith::IndexCastOp::create(builder, op->getLoc(),
                                         result.getType(), value);
    }
    result.replaceAllUsesWith(value);
    op->erase();
    return;
  }

  if (!isa<ONNXDialect>(op->getDialect()) || isa<ConstantOp>(op))
    return;
  std::optional<ArrayRef<ShapeExpr>> elements = shapes.getElements(result);
  if (!elements)
    return;
  auto type = cast<RankedTensorType>(result.getType());
  if (!type.hasStaticShape())
    return;
  OpBuilder builder(op);
  SmallVector<Value> values;
  for (const ShapeExpr &element : *elements) {
    if (dependsOn(element, result))
      return;
    if (std::optional<int64_t> constant = element.getConstant())
      values.push_back(arith::ConstantIntOp::create(
          builder, op->getLoc(), type.getElementType(), *constant));
    else
      values.push_back(arith::IndexCastOp::create(builder, op->getLoc(),
                                                  type.getElementType(),
                                                  shapes.build(element, op)));
  }
  Value tensor =
      tensor::FromElementsOp::create(builder, op->getLoc(), type, values);
  replaceUses(result, tensor);
  op->erase();
}

/// From the end, so that an operator's users are final when it is its turn.
void FunctionNormalizer::finish() {
  SmallVector<Operation *> ops;
  function.getFunctionBody().walk<WalkOrder::PreOrder>(
      [&](Operation *op) { ops.push_back(op); });
  for (Operation *op : llvm::reverse(ops))
    finish(op);
}

void FunctionNormalizer::run() {
  SmallVector<Operation *> ops;
  function.getFunctionBody().walk<WalkOrder::PreOrder>(
      [&](Operation *op) { ops.push_back(op); });
  for (Operation *op : ops)
    normalize(op);
  finish();
}

void ockham::onnx::normalizeFunction(FunctionOpInterface function,
                                     const WeightTable &weights,
                                     ConstantFolder &folder) {
  FunctionNormalizer(function, weights, folder).run();
}
