//===- Lowering.cpp - Tools for lowering one operator ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnxlinalg;

//===----------------------------------------------------------------------===//
// Signedness
//===----------------------------------------------------------------------===//

Type ockham::onnxlinalg::getSignless(Type type) {
  if (auto shaped = dyn_cast<ShapedType>(type))
    return shaped.clone(getSignless(shaped.getElementType()));
  if (type.isUnsignedInteger())
    return IntegerType::get(type.getContext(), type.getIntOrFloatBitWidth());
  return type;
}

Value ockham::onnxlinalg::castSignedness(OpBuilder &b, Value value, Type type) {
  if (value.getType() == type)
    return value;
  // Back and forth is nothing.
  if (auto cast = value.getDefiningOp<UnrealizedConversionCastOp>())
    if (cast->getNumOperands() == 1 && cast.getOperand(0).getType() == type)
      return cast.getOperand(0);
  return UnrealizedConversionCastOp::create(b, value.getLoc(), type, value)
      .getResult(0);
}

bool ockham::onnxlinalg::isUnsigned(Value tensor) {
  return getElementTypeOrSelf(tensor.getType()).isUnsignedInteger();
}

//===----------------------------------------------------------------------===//
// Scalars
//===----------------------------------------------------------------------===//

Type ockham::onnxlinalg::getComputeType(Type elementType) {
  auto type = dyn_cast<FloatType>(elementType);
  if (type && type.getWidth() < 32)
    return Float32Type::get(type.getContext());
  return elementType;
}

Value ockham::onnxlinalg::convertFloat(ImplicitLocOpBuilder &b, Value value,
                                       Type to) {
  auto from = cast<FloatType>(value.getType());
  auto target = cast<FloatType>(to);
  if (from == target)
    return value;
  if (from.getWidth() < target.getWidth())
    return arith::ExtFOp::create(b, target, value);
  // The two 16-bit types meet in f32.
  if (from.getWidth() == target.getWidth())
    value = arith::ExtFOp::create(b, b.getF32Type(), value);
  return arith::TruncFOp::create(b, target, value);
}

Value ockham::onnxlinalg::makeScalar(ImplicitLocOpBuilder &b, Type type,
                                     double value) {
  if (isa<FloatType>(type))
    return arith::ConstantOp::create(b, b.getFloatAttr(type, value));
  return arith::ConstantOp::create(
      b, b.getIntegerAttr(type, static_cast<int64_t>(value)));
}

/// In the type that elements are computed in.
static Value toComputeType(ImplicitLocOpBuilder &b, Value value) {
  if (!isa<FloatType>(value.getType()))
    return value;
  return convertFloat(b, value, getComputeType(value.getType()));
}

//===----------------------------------------------------------------------===//
// Names, sizes, checks
//===----------------------------------------------------------------------===//

/// The node's name in the file, or the operator's.
static std::string getNodeName(Operation *op) {
  std::string name = op->getName().getStringRef().str();
  if (auto loc = op->getLoc()->findInstanceOf<NameLoc>())
    if (!loc.getName().empty())
      name = loc.getName().str();
  // Braces are places for values in a check's message.
  std::replace(name.begin(), name.end(), '{', '(');
  std::replace(name.begin(), name.end(), '}', ')');
  return name;
}

Lowering::Lowering(Operation *op, FunctionShapes &shapes, SizeCache &sizes)
    : op(op), b(op->getLoc(), op), shapes(shapes), sizes(sizes),
      nodeName(getNodeName(op)) {}

Tensor Lowering::get(Value operand) {
  SymbolicShape dims = shapes.getDims(operand);
  Value value = castSignedness(b, operand, getSignless(operand.getType()));
  return cast({value, {}}, dims);
}

Tensor Lowering::cast(const Tensor &tensor, ArrayRef<ShapeExpr> dims) {
  Tensor result{tensor.value, SymbolicShape(dims)};
  RankedTensorType type = getType(dims, tensor.getElementType());
  if (type != tensor.getType())
    result.value = tensor::CastOp::create(b, type, tensor.value);
  return result;
}

LogicalResult Lowering::inferResults() {
  auto shaped = dyn_cast<onnx::SymbolicShapeOpInterface>(op);
  return success(!shaped || succeeded(shaped.inferResults(shapes, inferred)));
}

SymbolicShape Lowering::getResultDims(unsigned index) {
  SymbolicShape dims = inferred[index].dims;
  // The declared type may know more.
  auto type = llvm::cast<RankedTensorType>(op->getResult(index).getType());
  for (int64_t i = 0, e = type.getRank(); i < e; ++i)
    if (!type.isDynamicDim(i))
      dims[i] = type.getDimSize(i);
  return dims;
}

Type Lowering::getResultElementType() {
  return getSignless(getElementTypeOrSelf(op->getResult(0).getType()));
}

RankedTensorType Lowering::getType(ArrayRef<ShapeExpr> dims, Type elementType) {
  SmallVector<int64_t> shape;
  for (const ShapeExpr &dim : dims)
    shape.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
  return RankedTensorType::get(shape, elementType);
}

Value Lowering::getSize(const ShapeExpr &dim) {
  Value &value = sizes[{b.getInsertionBlock(), dim}];
  if (!value)
    value = shapes.materializeValue(b, b.getLoc(), dim);
  return value;
}

OpFoldResult Lowering::getMixedSize(const ShapeExpr &dim) {
  if (std::optional<int64_t> constant = dim.getConstant())
    return b.getIndexAttr(*constant);
  return getSize(dim);
}

SmallVector<OpFoldResult> Lowering::getMixedSizes(ArrayRef<ShapeExpr> dims) {
  return llvm::map_to_vector(
      dims, [&](const ShapeExpr &dim) { return getMixedSize(dim); });
}

Value Lowering::makeEmpty(ArrayRef<ShapeExpr> dims, Type elementType) {
  return tensor::EmptyOp::create(b, getMixedSizes(dims), elementType);
}

Tensor Lowering::makeFilled(ArrayRef<ShapeExpr> dims, Value scalar) {
  Value empty = makeEmpty(dims, scalar.getType());
  return {linalg::FillOp::create(b, scalar, empty).getResult(0),
          SymbolicShape(dims)};
}

Value Lowering::compare(arith::CmpIPredicate predicate, Value lhs, Value rhs) {
  return arith::CmpIOp::create(b, predicate, lhs, rhs);
}

void Lowering::check(Value condition, const Twine &message, ValueRange values) {
  if (matchPattern(condition, m_One()))
    return;
  CheckOp::create(b, condition, (nodeName + ": " + message).str(), values);
}

void Lowering::checkEqual(const ShapeExpr &lhs, const ShapeExpr &rhs,
                          const Twine &message) {
  if (lhs == rhs)
    return;
  Value left = getSize(lhs), right = getSize(rhs);
  check(compare(arith::CmpIPredicate::eq, left, right), message, {left, right});
}

void Lowering::checkSizes(ArrayRef<ShapeExpr> dims) {
  for (const ShapeExpr &dim : dims) {
    if (shapes.isNonNegative(dim))
      continue;
    Value size = getSize(dim);
    Value zero = arith::ConstantIndexOp::create(b, 0);
    check(compare(arith::CmpIPredicate::sge, size, zero), "size {} is negative",
          size);
  }
}

Value Lowering::extract(ImplicitLocOpBuilder &at, const Tensor &tensor,
                        ValueRange indices) {
  return toComputeType(at,
                       tensor::ExtractOp::create(at, tensor.value, indices));
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

/// The value of all elements of a constant with one value.
static TypedAttr getSplat(Value value) {
  DenseElementsAttr elements;
  if (matchPattern(value, m_Constant(&elements)) && elements.isSplat())
    return dyn_cast<TypedAttr>(elements.getSplatValue<Attribute>());
  return {};
}

/// How dimension `extent` of an operand meets dimension `target` of the result.
enum class Meeting { Equal, One, Unknown };

static Meeting meet(const ShapeExpr &extent, const ShapeExpr &target) {
  if (extent == target)
    return Meeting::Equal;
  return extent.isConstant(1) ? Meeting::One : Meeting::Unknown;
}

Tensor Lowering::buildElementwise(ImplicitLocOpBuilder &at,
                                  ArrayRef<Tensor> operands,
                                  ArrayRef<ShapeExpr> dims, Value init,
                                  bool assumeEqual, ElementBody body) {
  int64_t rank = dims.size();
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  // What each operand is in the body: a block argument, or built there.
  SmallVector<int64_t> argumentOf(operands.size(), -1);
  for (auto [index, operand] : llvm::enumerate(operands)) {
    if (getSplat(operand.value))
      continue;
    SmallVector<AffineExpr> exprs;
    bool known = true;
    for (auto [dim, extent] : llvm::enumerate(operand.dims)) {
      int64_t position = rank - operand.getRank() + dim;
      Meeting meeting = meet(extent, dims[position]);
      known &= meeting != Meeting::Unknown;
      exprs.push_back(meeting == Meeting::One
                          ? getAffineConstantExpr(0, at.getContext())
                          : getAffineDimExpr(position, at.getContext()));
    }
    if (!known && !assumeEqual)
      continue;
    argumentOf[index] = inputs.size();
    inputs.push_back(operand.value);
    maps.push_back(AffineMap::get(rank, 0, exprs, at.getContext()));
  }
  maps.push_back(at.getMultiDimIdentityMap(rank));

  Type elementType =
      llvm::cast<RankedTensorType>(init.getType()).getElementType();
  auto buildBody = [&](OpBuilder &builder, Location loc, ValueRange arguments) {
    ImplicitLocOpBuilder inner(loc, builder);
    SmallVector<Value> elements;
    for (auto [index, operand] : llvm::enumerate(operands)) {
      if (TypedAttr splat = getSplat(operand.value)) {
        elements.push_back(
            toComputeType(inner, arith::ConstantOp::create(inner, splat)));
        continue;
      }
      if (argumentOf[index] >= 0) {
        elements.push_back(toComputeType(inner, arguments[argumentOf[index]]));
        continue;
      }
      // An extent that may turn out to be 1 is looked at for every element.
      SmallVector<Value> indices;
      for (auto [dim, extent] : llvm::enumerate(operand.dims)) {
        int64_t position = rank - operand.getRank() + dim;
        Value zero = arith::ConstantIndexOp::create(inner, 0);
        Meeting meeting = meet(extent, dims[position]);
        if (meeting == Meeting::One) {
          indices.push_back(zero);
          continue;
        }
        Value here = linalg::IndexOp::create(inner, position);
        if (meeting == Meeting::Unknown) {
          Value one = arith::ConstantIndexOp::create(inner, 1);
          Value isOne = arith::CmpIOp::create(inner, arith::CmpIPredicate::eq,
                                              getSize(extent), one);
          here = arith::SelectOp::create(inner, isOne, zero, here);
        }
        indices.push_back(here);
      }
      elements.push_back(extract(inner, operand, indices));
    }
    Value result = body(inner, elements);
    if (isa<FloatType>(elementType))
      result = convertFloat(inner, result, elementType);
    linalg::YieldOp::create(inner, result);
  };
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(at, init.getType(), inputs, init,
                                           maps, iterators, buildBody);
  return {generic.getResult(0), SymbolicShape(dims)};
}

Tensor Lowering::elementwise(ArrayRef<Tensor> operands,
                             ArrayRef<ShapeExpr> dims, Type elementType,
                             ElementBody body) {
  int64_t rank = dims.size();
  // Extents that are neither 1 nor known to be the result's: they must be one
  // of the two at run time. Usually they are equal, and the code for that case
  // is the same as if it were known.
  Value allEqual;
  for (const Tensor &operand : operands)
    for (auto [dim, extent] : llvm::enumerate(operand.dims)) {
      const ShapeExpr &target = dims[rank - operand.getRank() + dim];
      if (meet(extent, target) != Meeting::Unknown)
        continue;
      Value have = getSize(extent), want = getSize(target);
      Value equal = compare(arith::CmpIPredicate::eq, have, want);
      Value fits = equal;
      // The part of a table that a sequence covers has the sequence's extent;
      // the shape function says so by taking the other side.
      bool mayBeOne =
          target.getConstant() || shapes.broadcast(extent, target) != target;
      if (mayBeOne) {
        Value one = arith::ConstantIndexOp::create(b, 1);
        Value isOne = compare(arith::CmpIPredicate::eq, have, one);
        fits = arith::OrIOp::create(b, equal, isOne);
        allEqual = allEqual
                       ? arith::AndIOp::create(b, allEqual, equal).getResult()
                       : equal;
      }
      check(fits, "extents {} and {} do not broadcast", {have, want});
    }

  Value init = makeEmpty(dims, elementType);
  if (!allEqual)
    return buildElementwise(b, operands, dims, init, /*assumeEqual=*/true,
                            body);
  auto choice = scf::IfOp::create(b, init.getType(), allEqual,
                                  /*withElseRegion=*/true);
  for (bool equal : {true, false}) {
    ImplicitLocOpBuilder inner = ImplicitLocOpBuilder::atBlockBegin(
        b.getLoc(), equal ? choice.thenBlock() : choice.elseBlock());
    Tensor result = buildElementwise(inner, operands, dims, init, equal, body);
    scf::YieldOp::create(inner, result.value);
  }
  return {choice.getResult(0), SymbolicShape(dims)};
}

Tensor Lowering::reduce(ArrayRef<Tensor> operands, ArrayRef<int64_t> axes,
                        Value init, ElementBody body) {
  const SymbolicShape &dims = operands.front().dims;
  int64_t rank = dims.size();
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (const Tensor &operand : operands) {
    SmallVector<AffineExpr> exprs;
    for (auto [dim, extent] : llvm::enumerate(operand.dims)) {
      int64_t position = rank - operand.getRank() + dim;
      exprs.push_back(meet(extent, dims[position]) == Meeting::One
                          ? getAffineConstantExpr(0, b.getContext())
                          : b.getAffineDimExpr(position));
    }
    inputs.push_back(operand.value);
    maps.push_back(AffineMap::get(rank, 0, exprs, b.getContext()));
  }
  SmallVector<utils::IteratorType> iterators;
  SmallVector<AffineExpr> kept;
  SymbolicShape keptDims;
  for (int64_t i = 0; i < rank; ++i) {
    bool reduced = llvm::is_contained(axes, i);
    iterators.push_back(reduced ? utils::IteratorType::reduction
                                : utils::IteratorType::parallel);
    if (reduced)
      continue;
    kept.push_back(b.getAffineDimExpr(i));
    keptDims.push_back(dims[i]);
  }
  maps.push_back(AffineMap::get(rank, 0, kept, b.getContext()));
  Tensor filled = makeFilled(keptDims, init);
  auto generic = linalg::GenericOp::create(
      b, filled.getType(), inputs, filled.value, maps, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder inner(loc, builder);
        SmallVector<Value> elements;
        for (Value argument : arguments.drop_back())
          elements.push_back(toComputeType(inner, argument));
        elements.push_back(arguments.back());
        linalg::YieldOp::create(inner, body(inner, elements));
      });
  return {generic.getResult(0), keptDims};
}

Tensor Lowering::roundTo(const Tensor &tensor, Type elementType) {
  if (tensor.getElementType() == elementType)
    return tensor;
  return elementwise(
      tensor, tensor.dims, elementType,
      [](ImplicitLocOpBuilder &, ValueRange elements) { return elements[0]; });
}

//===----------------------------------------------------------------------===//
// Data movement
//===----------------------------------------------------------------------===//

Tensor Lowering::broadcastTo(const Tensor &tensor, ArrayRef<ShapeExpr> dims) {
  if (ArrayRef<ShapeExpr>(tensor.dims) == dims)
    return tensor;
  return elementwise(
      tensor, dims, tensor.getElementType(),
      [](ImplicitLocOpBuilder &, ValueRange elements) { return elements[0]; });
}

Tensor Lowering::transpose(const Tensor &tensor, ArrayRef<int64_t> perm) {
  SymbolicShape dims;
  bool identity = true;
  for (auto [index, dim] : llvm::enumerate(perm)) {
    dims.push_back(tensor.dims[dim]);
    identity &= static_cast<int64_t>(index) == dim;
  }
  if (identity)
    return tensor;
  Value init = makeEmpty(dims, tensor.getElementType());
  auto transposed = linalg::TransposeOp::create(b, tensor.value, init, perm);
  return {transposed->getResult(0), dims};
}

Tensor Lowering::slice(const Tensor &tensor, ArrayRef<ShapeExpr> offsets,
                       ArrayRef<ShapeExpr> dims, ArrayRef<int64_t> strides) {
  bool unitStrides =
      llvm::all_of(strides, [](int64_t stride) { return stride == 1; });
  if (ArrayRef<ShapeExpr>(tensor.dims) == dims && unitStrides)
    return tensor;
  // An offset at the end of a dimension is refused by extract_slice, even if
  // nothing is taken.
  for (auto [offset, extent, dim] : llvm::zip(offsets, tensor.dims, dims)) {
    std::optional<int64_t> from = offset.getConstant();
    std::optional<int64_t> end = extent.getConstant();
    if (dim.isConstant(0) || (from && end && *from >= *end))
      return {makeEmpty(dims, tensor.getElementType()), SymbolicShape(dims)};
  }
  SmallVector<OpFoldResult> steps;
  for (size_t i = 0; i < dims.size(); ++i)
    steps.push_back(b.getIndexAttr(strides.empty() ? 1 : strides[i]));
  Value value = tensor::ExtractSliceOp::create(
      b, tensor.value, getMixedSizes(offsets), getMixedSizes(dims), steps);
  return {value, SymbolicShape(dims)};
}

Tensor Lowering::insertUnitDims(const Tensor &tensor, ArrayRef<int64_t> axes) {
  SymbolicShape dims = tensor.dims;
  for (int64_t axis : axes)
    dims.insert(dims.begin() + axis, ShapeExpr(1));
  return reshape(tensor, dims);
}

namespace {
/// Dimensions of a reshape's operand and result that hold the same elements.
struct ReshapeGroup {
  ReassociationIndices from, to;
};
} // namespace

/// The finest groups whose extents are known to have equal products, or
/// nothing.
static std::optional<SmallVector<ReshapeGroup>>
groupDims(ArrayRef<ShapeExpr> from, ArrayRef<ShapeExpr> to) {
  SmallVector<ReshapeGroup> groups;
  size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    bool found = false;
    for (size_t sum = 2; !found && sum <= from.size() - i + to.size() - j;
         ++sum)
      for (size_t take = 1; !found && take < sum; ++take) {
        size_t give = sum - take;
        if (take > from.size() - i || give > to.size() - j ||
            onnx::ShapeScope::getProduct(from.slice(i, take)) !=
                onnx::ShapeScope::getProduct(to.slice(j, give)))
          continue;
        ReshapeGroup group;
        for (size_t k = 0; k < take; ++k)
          group.from.push_back(i++);
        for (size_t k = 0; k < give; ++k)
          group.to.push_back(j++);
        groups.push_back(group);
        found = true;
      }
    if (!found)
      return std::nullopt;
  }
  // What is left must be ones; they join the last group.
  if (groups.empty() && i + j != from.size() + to.size())
    return std::nullopt;
  for (; i < from.size(); ++i) {
    if (!from[i].isConstant(1))
      return std::nullopt;
    groups.back().from.push_back(i);
  }
  for (; j < to.size(); ++j) {
    if (!to[j].isConstant(1))
      return std::nullopt;
    groups.back().to.push_back(j);
  }
  return groups;
}

Tensor Lowering::reshape(const Tensor &tensor, ArrayRef<ShapeExpr> dims) {
  if (ArrayRef<ShapeExpr>(tensor.dims) == dims)
    return tensor;
  Type elementType = tensor.getElementType();
  std::optional<SmallVector<ReshapeGroup>> groups =
      groupDims(tensor.dims, dims);
  if (!groups) {
    // All elements in one row.
    ReshapeGroup all;
    for (size_t i = 0; i < tensor.dims.size(); ++i)
      all.from.push_back(i);
    for (size_t i = 0; i < dims.size(); ++i)
      all.to.push_back(i);
    groups = {all};
  }
  if (tensor.dims.empty()) {
    // A scalar becomes one element first, then whatever was asked for.
    Tensor one{tensor::ExpandShapeOp::create(
                   b, getType({ShapeExpr(1)}, elementType), tensor.value,
                   ArrayRef<ReassociationIndices>()),
               {ShapeExpr(1)}};
    return reshape(one, dims);
  }
  if (dims.empty()) {
    Tensor ones = cast(tensor, SymbolicShape(tensor.dims.size(), ShapeExpr(1)));
    return {tensor::CollapseShapeOp::create(b, getType({}, elementType),
                                            ones.value,
                                            ArrayRef<ReassociationIndices>()),
            {}};
  }

  // One dimension per group: static where all that it holds is static.
  auto getGroupExtent = [](ArrayRef<int64_t> positions,
                           ArrayRef<ShapeExpr> dims) {
    int64_t product = 1;
    for (int64_t position : positions) {
      std::optional<int64_t> extent = dims[position].getConstant();
      if (!extent)
        return ShapedType::kDynamic;
      product *= *extent;
    }
    return product;
  };
  SmallVector<ReassociationIndices> collapse, expand;
  SmallVector<int64_t> haveShape, wantShape;
  for (const ReshapeGroup &group : *groups) {
    collapse.push_back(group.from);
    expand.push_back(group.to);
    haveShape.push_back(getGroupExtent(group.from, tensor.dims));
    wantShape.push_back(getGroupExtent(group.to, dims));
  }
  Value middle = tensor.value;
  if (tensor.dims.size() != groups->size())
    middle = tensor::CollapseShapeOp::create(
        b, RankedTensorType::get(haveShape, elementType), middle, collapse);
  if (haveShape != wantShape)
    middle = tensor::CastOp::create(
        b, RankedTensorType::get(wantShape, elementType), middle);
  if (dims.size() != groups->size())
    middle = tensor::ExpandShapeOp::create(b, getType(dims, elementType),
                                           middle, expand, getMixedSizes(dims));
  return {middle, SymbolicShape(dims)};
}
