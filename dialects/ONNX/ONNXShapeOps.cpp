//===- ONNXShapeOps.cpp - Constants, shapes and data movement -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/ONNXOpDetails.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ockham::onnx;
using namespace ockham::onnx::detail;

LogicalResult
ockham::onnx::detail::verifyDynamicCount(ArrayRef<int64_t> staticSizes,
                                         ValueRange sizes, StringRef what,
                                         const ShapeErrors &error) {
  size_t places = llvm::count_if(staticSizes, ShapedType::isDynamic);
  if (places != sizes.size())
    return error(what, " has ", places, " dynamic places but ", sizes.size(),
                 " operands");
  return success();
}

LogicalResult ockham::onnx::detail::verifyAxis(int64_t axis, int64_t rank,
                                               const ShapeErrors &error) {
  if (axis < 0 || axis >= rank)
    return error("axis ", axis, " is outside rank ", rank);
  return success();
}

static LogicalResult verifyAscendingAxes(ArrayRef<int64_t> axes, int64_t rank,
                                         const ShapeErrors &error) {
  for (auto [index, axis] : llvm::enumerate(axes)) {
    if (failed(verifyAxis(axis, rank, error)))
      return failure();
    if (index > 0 && axes[index - 1] >= axis)
      return error("axes are not ascending: ", axis, " follows ",
                   axes[index - 1]);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Constant, Shape
//===----------------------------------------------------------------------===//

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValueAttr(); }

LogicalResult ShapeOp::inferTensors(Adaptor adaptor, ShapeScope &,
                                    const ShapeErrors &error,
                                    SmallVectorImpl<InferredTensor> &results) {
  int64_t rank = getTensorType(adaptor.getInput()).getRank();
  int64_t start = adaptor.getStart(), end = adaptor.getEnd();
  if (start < 0 || end < start || end > rank)
    return error("takes dimensions ", start, " to ", end, " of rank ", rank);
  results.push_back({{ShapeExpr(end - start)},
                     IntegerType::get(adaptor.getInput().getContext(), 64)});
  return success();
}

OpFoldResult ShapeOp::fold(FoldAdaptor) {
  RankedTensorType type = getTensorType(getInput());
  ArrayRef<int64_t> dims =
      type.getShape().slice(getStart(), getEnd() - getStart());
  if (ShapedType::isDynamicShape(dims))
    return {};
  return DenseElementsAttr::get(
      RankedTensorType::get({static_cast<int64_t>(dims.size())},
                            getType().getElementType()),
      dims);
}

//===----------------------------------------------------------------------===//
// Reshape, Squeeze, Unsqueeze
//===----------------------------------------------------------------------===//

LogicalResult
ReshapeOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                        const ShapeErrors &error,
                        SmallVectorImpl<InferredTensor> &results) {
  if (failed(verifyDynamicCount(adaptor.getStaticShape(), adaptor.getShape(),
                                "shape", error)))
    return failure();
  SymbolicShape dims =
      scope.getSizes(adaptor.getStaticShape(), adaptor.getShape());
  ShapeExpr *open = nullptr;
  ShapeExpr known = 1;
  for (ShapeExpr &dim : dims) {
    std::optional<int64_t> size = dim.getConstant();
    if (size && *size < -1)
      return error("has size ", *size, ", expected at least -1");
    if (size != -1) {
      known = known * dim;
      continue;
    }
    if (open)
      return error("has 2 sizes of -1, expected at most 1");
    open = &dim;
  }
  ShapeExpr total = ShapeScope::getProduct(scope.getDims(adaptor.getInput()));
  std::optional<int64_t> have = total.getConstant();
  std::optional<int64_t> want = known.getConstant();
  if (have && want &&
      (open ? *want == 0 || *have % *want != 0 : *have != *want))
    return error("cannot reshape ", *have, " elements to ", toString(dims),
                 open ? ", a multiple of " : ", which has ", *want);
  if (open)
    *open = scope.floorDiv(total, known);
  results.push_back(
      {std::move(dims), getTensorType(adaptor.getInput()).getElementType()});
  return success();
}

LogicalResult
SqueezeOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                        const ShapeErrors &error,
                        SmallVectorImpl<InferredTensor> &results) {
  RankedTensorType type = getTensorType(adaptor.getInput());
  if (failed(verifyAscendingAxes(adaptor.getAxes(), type.getRank(), error)))
    return failure();
  InferredTensor result{{}, type.getElementType()};
  for (auto [index, dim] : llvm::enumerate(scope.getDims(adaptor.getInput()))) {
    if (!llvm::is_contained(adaptor.getAxes(), static_cast<int64_t>(index))) {
      result.dims.push_back(dim);
      continue;
    }
    std::optional<int64_t> extent = dim.getConstant();
    if (extent && *extent != 1)
      return error("squeezes dimension ", index, " of extent ", *extent,
                   ", expected 1");
  }
  results.push_back(std::move(result));
  return success();
}

LogicalResult
UnsqueezeOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                          const ShapeErrors &error,
                          SmallVectorImpl<InferredTensor> &results) {
  RankedTensorType type = getTensorType(adaptor.getInput());
  int64_t rank = type.getRank() + adaptor.getAxes().size();
  if (failed(verifyAscendingAxes(adaptor.getAxes(), rank, error)))
    return failure();
  InferredTensor result{scope.getDims(adaptor.getInput()),
                        type.getElementType()};
  for (int64_t axis : adaptor.getAxes())
    result.dims.insert(result.dims.begin() + axis, ShapeExpr(1));
  results.push_back(std::move(result));
  return success();
}

//===----------------------------------------------------------------------===//
// Expand, ConstantOfShape, Range
//===----------------------------------------------------------------------===//

/// Sizes that must not be negative.
static LogicalResult verifySizes(ArrayRef<ShapeExpr> dims,
                                 const ShapeErrors &error) {
  for (const ShapeExpr &dim : dims)
    if (std::optional<int64_t> size = dim.getConstant(); size && *size < 0)
      return error("has size ", *size, ", expected at least 0");
  return success();
}

LogicalResult ExpandOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                     const ShapeErrors &error,
                                     SmallVectorImpl<InferredTensor> &results) {
  if (failed(verifyDynamicCount(adaptor.getStaticShape(), adaptor.getShape(),
                                "shape", error)))
    return failure();
  SymbolicShape target =
      scope.getSizes(adaptor.getStaticShape(), adaptor.getShape());
  if (failed(verifySizes(target, error)))
    return failure();
  SymbolicShape have = scope.getDims(adaptor.getInput());
  SymbolicShape dims(std::max(have.size(), target.size()), ShapeExpr(1));
  llvm::copy(target, dims.end() - target.size());
  for (auto [index, extent] : llvm::enumerate(have)) {
    ShapeExpr &dim = dims[dims.size() - have.size() + index];
    std::optional<int64_t> left = extent.getConstant();
    std::optional<int64_t> right = dim.getConstant();
    if (left && right && *left != *right && *left != 1 && *right != 1)
      return error("cannot expand ", toString(have), " to ", toString(target));
    dim = scope.broadcast(extent, dim);
  }
  results.push_back(
      {std::move(dims), getTensorType(adaptor.getInput()).getElementType()});
  return success();
}

LogicalResult
ConstantOfShapeOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                const ShapeErrors &error,
                                SmallVectorImpl<InferredTensor> &results) {
  if (failed(verifyDynamicCount(adaptor.getStaticShape(), adaptor.getShape(),
                                "shape", error)))
    return failure();
  SymbolicShape dims =
      scope.getSizes(adaptor.getStaticShape(), adaptor.getShape());
  if (failed(verifySizes(dims, error)))
    return failure();
  results.push_back({std::move(dims), adaptor.getValue().getType()});
  return success();
}

LogicalResult RangeOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                    const ShapeErrors &error,
                                    SmallVectorImpl<InferredTensor> &results) {
  Type elementType = getTensorType(adaptor.getStart()).getElementType();
  for (Value operand : adaptor.getOperands()) {
    RankedTensorType type = getTensorType(operand);
    if (type.getRank() != 0)
      return error("has an operand of rank ", type.getRank(),
                   ", expected scalars");
    if (type.getElementType() != elementType)
      return error("operands have different element types ", elementType,
                   " and ", type.getElementType());
  }
  if (!isa<FloatType>(elementType) &&
      scope.getElement(adaptor.getDelta(), 0).isConstant(0))
    return error("has delta 0, expected another");
  results.push_back(
      {{scope.getRangeLength(adaptor.getStart(), adaptor.getLimit(),
                             adaptor.getDelta())},
       elementType});
  return success();
}

//===----------------------------------------------------------------------===//
// Slice, Gather, Concat, Split, Transpose
//===----------------------------------------------------------------------===//

/// ONNX writes "to the end" as the largest integer of 32 or 64 bits.
static bool isBeyondAnyExtent(const ShapeExpr &position) {
  std::optional<int64_t> constant = position.getConstant();
  return constant && *constant >= std::numeric_limits<int32_t>::max();
}
static bool isBeforeAnyExtent(const ShapeExpr &position) {
  std::optional<int64_t> constant = position.getConstant();
  return constant && *constant <= std::numeric_limits<int32_t>::min();
}

static ShapeExpr getSliceExtent(ShapeScope &scope, const ShapeExpr &dim,
                                const ShapeExpr &start, const ShapeExpr &end,
                                int64_t step) {
  auto clamp = [&](const ShapeExpr &position, const ShapeExpr &low,
                   const ShapeExpr &high) {
    if (isBeyondAnyExtent(position))
      return high;
    if (isBeforeAnyExtent(position))
      return low;
    return scope.min(scope.max(scope.fromBack(position, dim), low), high);
  };
  if (step > 0) {
    ShapeExpr from = clamp(start, 0, dim), to = clamp(end, 0, dim);
    return scope.max(0, scope.ceilDiv(to - from, step));
  }
  ShapeExpr from = clamp(start, 0, dim - 1), to = clamp(end, -1, dim - 1);
  // -INT64_MIN does not exist; no extent is that long.
  int64_t stride = step == std::numeric_limits<int64_t>::min()
                       ? std::numeric_limits<int64_t>::max()
                       : -step;
  return scope.max(0, scope.ceilDiv(from - to, stride));
}

LogicalResult SliceOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                    const ShapeErrors &error,
                                    SmallVectorImpl<InferredTensor> &results) {
  if (failed(verifyDynamicCount(adaptor.getStaticStarts(), adaptor.getStarts(),
                                "starts", error)) ||
      failed(verifyDynamicCount(adaptor.getStaticEnds(), adaptor.getEnds(),
                                "ends", error)))
    return failure();
  ArrayRef<int64_t> axes = adaptor.getAxes(), steps = adaptor.getSteps();
  auto verifyCount = [&](StringRef what, size_t count) -> LogicalResult {
    if (count != axes.size())
      return error("has ", count, " ", what, " for ", axes.size(), " axes");
    return success();
  };
  if (failed(verifyCount("starts", adaptor.getStaticStarts().size())) ||
      failed(verifyCount("ends", adaptor.getStaticEnds().size())) ||
      failed(verifyCount("steps", steps.size())))
    return failure();

  RankedTensorType type = getTensorType(adaptor.getInput());
  SymbolicShape starts =
      scope.getSizes(adaptor.getStaticStarts(), adaptor.getStarts());
  SymbolicShape ends =
      scope.getSizes(adaptor.getStaticEnds(), adaptor.getEnds());
  SymbolicShape dims = scope.getDims(adaptor.getInput());
  for (auto [index, axis] : llvm::enumerate(axes)) {
    if (failed(verifyAxis(axis, type.getRank(), error)))
      return failure();
    if (llvm::is_contained(axes.take_front(index), axis))
      return error("names axis ", axis, " twice");
    if (steps[index] == 0)
      return error("has step 0 on axis ", axis, ", expected another");
    dims[axis] = getSliceExtent(scope, dims[axis], starts[index], ends[index],
                                steps[index]);
  }
  results.push_back({std::move(dims), type.getElementType()});
  return success();
}

LogicalResult GatherOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                     const ShapeErrors &error,
                                     SmallVectorImpl<InferredTensor> &results) {
  RankedTensorType type = getTensorType(adaptor.getData());
  int64_t axis = adaptor.getAxis();
  if (failed(verifyAxis(axis, type.getRank(), error)))
    return failure();
  SymbolicShape dims = scope.getDims(adaptor.getData());
  SymbolicShape indices = scope.getDims(adaptor.getIndices());
  dims.erase(dims.begin() + axis);
  dims.insert(dims.begin() + axis, indices.begin(), indices.end());
  results.push_back({std::move(dims), type.getElementType()});
  return success();
}

LogicalResult ConcatOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                     const ShapeErrors &error,
                                     SmallVectorImpl<InferredTensor> &results) {
  if (adaptor.getInputs().empty())
    return error("has 0 operands, expected at least 1");
  RankedTensorType type = getTensorType(adaptor.getInputs().front());
  int64_t axis = adaptor.getAxis();
  if (failed(verifyAxis(axis, type.getRank(), error)))
    return failure();
  SymbolicShape dims = scope.getDims(adaptor.getInputs().front());
  for (Value input : adaptor.getInputs().drop_front()) {
    RankedTensorType other = getTensorType(input);
    if (other.getRank() != type.getRank())
      return error("operands have different ranks ", type.getRank(), " and ",
                   other.getRank());
    if (other.getElementType() != type.getElementType())
      return error("operands have different element types ",
                   type.getElementType(), " and ", other.getElementType());
    for (auto [index, extent] : llvm::enumerate(scope.getDims(input))) {
      ShapeExpr &dim = dims[index];
      if (static_cast<int64_t>(index) == axis) {
        dim = dim + extent;
        continue;
      }
      std::optional<int64_t> left = dim.getConstant();
      std::optional<int64_t> right = extent.getConstant();
      if (left && right && *left != *right)
        return error("operands have different extents ", *left, " and ", *right,
                     " in dimension ", index);
      if (!left && right)
        dim = extent;
    }
  }
  results.push_back({std::move(dims), type.getElementType()});
  return success();
}

LogicalResult SplitOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                                    const ShapeErrors &error,
                                    SmallVectorImpl<InferredTensor> &results) {
  RankedTensorType type = getTensorType(adaptor.getInput());
  int64_t axis = adaptor.getAxis();
  if (failed(verifyAxis(axis, type.getRank(), error)))
    return failure();
  if (failed(verifyDynamicCount(adaptor.getStaticSizes(), adaptor.getSizes(),
                                "sizes", error)))
    return failure();
  SymbolicShape dims = scope.getDims(adaptor.getInput());
  std::optional<int64_t> extent = dims[axis].getConstant();
  int64_t sum = 0;
  bool isKnown = true;
  for (const ShapeExpr &size :
       scope.getSizes(adaptor.getStaticSizes(), adaptor.getSizes())) {
    std::optional<int64_t> constant = size.getConstant();
    if (constant && *constant < 0)
      return error("has size ", *constant, ", expected at least 0");
    if (constant && llvm::AddOverflow(sum, *constant, sum))
      return error("has sizes that overflow");
    isKnown &= constant.has_value();
    dims[axis] = size;
    results.push_back({dims, type.getElementType()});
  }
  if (extent && (isKnown ? *extent != sum : sum > *extent))
    return error("sizes add up to ", sum, isKnown ? "" : " or more",
                 " but the extent of axis ", axis, " is ", *extent);
  return success();
}

LogicalResult
TransposeOp::inferTensors(Adaptor adaptor, ShapeScope &scope,
                          const ShapeErrors &error,
                          SmallVectorImpl<InferredTensor> &results) {
  RankedTensorType type = getTensorType(adaptor.getInput());
  ArrayRef<int64_t> perm = adaptor.getPerm();
  if (static_cast<int64_t>(perm.size()) != type.getRank())
    return error("operand rank ", type.getRank(),
                 " does not match permutation size ", perm.size());
  SymbolicShape have = scope.getDims(adaptor.getInput());
  InferredTensor result{{}, type.getElementType()};
  for (auto [index, dim] : llvm::enumerate(perm)) {
    if (failed(verifyAxis(dim, type.getRank(), error)))
      return failure();
    if (llvm::is_contained(perm.take_front(index), dim))
      return error("permutation names dimension ", dim, " twice");
    result.dims.push_back(have[dim]);
  }
  results.push_back(std::move(result));
  return success();
}

//===----------------------------------------------------------------------===//
// Folders
//===----------------------------------------------------------------------===//

/// Moves constant operands of a mixed list of sizes into the attribute, whose
/// new value it returns; nothing if none is constant.
static std::optional<SmallVector<int64_t>>
foldSizes(ArrayRef<int64_t> staticSizes, MutableOperandRange sizes) {
  SmallVector<int64_t> folded(staticSizes);
  SmallVector<Value> rest;
  unsigned next = 0;
  OperandRange operands = OperandRange(sizes);
  for (int64_t &size : folded) {
    if (!ShapedType::isDynamic(size))
      continue;
    Value operand = operands[next++];
    std::optional<int64_t> constant = getConstantIntValue(operand);
    // The marker of dynamic places itself cannot be a size.
    if (constant && !ShapedType::isDynamic(*constant))
      size = *constant;
    else
      rest.push_back(operand);
  }
  if (rest.size() == operands.size())
    return std::nullopt;
  sizes.assign(rest);
  return folded;
}

/// The tensor before Reshape, Squeeze and Unsqueeze, all of which keep the
/// elements and their order.
static Value lookThroughReshapes(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<ReshapeOp, SqueezeOp, UnsqueezeOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

OpFoldResult ReshapeOp::fold(FoldAdaptor adaptor) {
  if (std::optional<SmallVector<int64_t>> sizes =
          foldSizes(getStaticShape(), getShapeMutable())) {
    setStaticShape(*sizes);
    return getResult();
  }
  // To one and the same static shape. A single dynamic extent follows from the
  // number of elements as well, but only if the others are not 0.
  Value source = lookThroughReshapes(getInput());
  auto type = getTensorType(getResult());
  if (source.getType() == type && type.hasStaticShape())
    return source;
  if (source != getInput()) {
    getInputMutable().assign(source);
    return getResult();
  }
  if (getShape().empty() && adaptor.getInput())
    return foldConstants(*this, adaptor.getOperands());
  return {};
}

OpFoldResult SqueezeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto unsqueeze = getInput().getDefiningOp<UnsqueezeOp>())
    if (unsqueeze.getAxes() == getAxes() &&
        unsqueeze.getInput().getType() == getType())
      return unsqueeze.getInput();
  return foldConstants(*this, adaptor.getOperands());
}

OpFoldResult UnsqueezeOp::fold(FoldAdaptor adaptor) {
  if (getInput().getType() == getType())
    return getInput();
  if (auto squeeze = getInput().getDefiningOp<SqueezeOp>())
    if (squeeze.getAxes() == getAxes() &&
        squeeze.getInput().getType() == getType())
      return squeeze.getInput();
  return foldConstants(*this, adaptor.getOperands());
}

OpFoldResult ExpandOp::fold(FoldAdaptor adaptor) {
  if (std::optional<SmallVector<int64_t>> sizes =
          foldSizes(getStaticShape(), getShapeMutable())) {
    setStaticShape(*sizes);
    return getResult();
  }
  if (getInput().getType() == getType() &&
      getTensorType(getResult()).hasStaticShape())
    return getInput();
  if (getShape().empty() && adaptor.getInput())
    return foldConstants(*this, adaptor.getOperands());
  return {};
}

OpFoldResult ConstantOfShapeOp::fold(FoldAdaptor adaptor) {
  if (std::optional<SmallVector<int64_t>> sizes =
          foldSizes(getStaticShape(), getShapeMutable())) {
    setStaticShape(*sizes);
    return getResult();
  }
  return foldConstants(*this, adaptor.getOperands());
}

OpFoldResult RangeOp::fold(FoldAdaptor adaptor) {
  return foldConstants(*this, adaptor.getOperands());
}

/// Whether a slice takes everything: from 0 to the end or beyond, in steps of
/// 1, of extents that are known.
static bool takesEverything(SliceOp op) {
  RankedTensorType type = getTensorType(op.getInput());
  for (auto [start, end, axis, step] :
       llvm::zip_equal(op.getStaticStarts(), op.getStaticEnds(), op.getAxes(),
                       op.getSteps())) {
    bool reachesEnd =
        end >= std::numeric_limits<int32_t>::max() ||
        (!type.isDynamicDim(axis) && end >= type.getDimSize(axis));
    if (start != 0 || step != 1 || !reachesEnd)
      return false;
  }
  return true;
}

OpFoldResult SliceOp::fold(FoldAdaptor adaptor) {
  bool changed = false;
  if (std::optional<SmallVector<int64_t>> sizes =
          foldSizes(getStaticStarts(), getStartsMutable())) {
    setStaticStarts(*sizes);
    changed = true;
  }
  if (std::optional<SmallVector<int64_t>> sizes =
          foldSizes(getStaticEnds(), getEndsMutable())) {
    setStaticEnds(*sizes);
    changed = true;
  }
  if (changed)
    return getResult();
  if (getInput().getType() == getType() && takesEverything(*this))
    return getInput();
  if (getStarts().empty() && getEnds().empty() && adaptor.getInput())
    return foldConstants(*this, adaptor.getOperands());
  return {};
}

OpFoldResult GatherOp::fold(FoldAdaptor adaptor) {
  return foldConstants(*this, adaptor.getOperands());
}

OpFoldResult ConcatOp::fold(FoldAdaptor adaptor) {
  // What has no elements along the axis adds none.
  SmallVector<Value> filled = llvm::filter_to_vector(getInputs(), [&](Value x) {
    return cast<RankedTensorType>(x.getType()).getDimSize(getAxis()) != 0;
  });
  if (filled.size() == 1 && filled.front().getType() == getType())
    return filled.front();
  if (!filled.empty() && filled.size() < getInputs().size()) {
    getInputsMutable().assign(filled);
    return getResult();
  }
  return foldConstants(*this, adaptor.getOperands());
}

LogicalResult SplitOp::fold(FoldAdaptor, SmallVectorImpl<OpFoldResult> &) {
  std::optional<SmallVector<int64_t>> sizes =
      foldSizes(getStaticSizes(), getSizesMutable());
  if (!sizes)
    return failure();
  setStaticSizes(*sizes);
  return success();
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  bool isIdentity = true;
  for (auto [index, dim] : llvm::enumerate(getPerm()))
    isIdentity &= static_cast<int64_t>(index) == dim;
  if (isIdentity && getInput().getType() == getType())
    return getInput();
  if (auto inner = getInput().getDefiningOp<TransposeOp>()) {
    SmallVector<int64_t> perm;
    for (int64_t dim : getPerm())
      perm.push_back(inner.getPerm()[dim]);
    setPerm(perm);
    getInputMutable().assign(inner.getInput());
    return getResult();
  }
  return foldConstants(*this, adaptor.getOperands());
}
