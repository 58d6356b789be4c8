//===- FunctionShapes.cpp - Extents followed through a function -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionShapes.h"

#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;
using namespace ockham::onnxlinalg;

/// Shapes have few elements; longer tensors are data.
static constexpr int64_t kMaxElements = 32;

FunctionShapes::FunctionShapes(FunctionOpInterface function) {
  llvm::StringMap<ShapeExpr> named;
  for (BlockArgument argument : function.getArguments()) {
    auto names = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(),
                                                      kDimsAttrName);
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type)
      continue;
    SymbolicShape shape;
    for (int64_t i = 0, e = type.getRank(); i < e; ++i) {
      ShapeExpr dim = ShapeScope::getDim(argument, i);
      StringAttr name = names ? dyn_cast<StringAttr>(names[i]) : StringAttr();
      if (!dim.getConstant() && name && !name.empty())
        dim = named.try_emplace(name.getValue(), dim).first->second;
      shape.push_back(dim);
    }
    setDims(argument, shape);
  }
}

void FunctionShapes::setDims(Value tensor, ArrayRef<ShapeExpr> shape) {
  dims[tensor] = SymbolicShape(shape);
}

ShapeExpr FunctionShapes::getDim(Value tensor, int64_t position) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(position))
    return type.getDimSize(position);
  if (auto it = dims.find(tensor); it != dims.end())
    return it->second[position];
  // What was linalg before.
  auto getMixed = [&](OpFoldResult size) {
    if (std::optional<int64_t> constant = getConstantIntValue(size))
      return ShapeExpr(*constant);
    return getScalar(cast<Value>(size));
  };
  Operation *op = tensor.getDefiningOp();
  if (auto destination = dyn_cast_or_null<DestinationStyleOpInterface>(op))
    return getDim(destination.getTiedOpOperand(cast<OpResult>(tensor))->get(),
                  position);
  if (auto empty = dyn_cast_or_null<tensor::EmptyOp>(op))
    return getMixed(empty.getMixedSizes()[position]);
  if (auto expand = dyn_cast_or_null<tensor::ExpandShapeOp>(op))
    return getMixed(expand.getMixedOutputShape()[position]);
  if (auto slice = dyn_cast_or_null<tensor::ExtractSliceOp>(op))
    if (slice.getType().getRank() == slice.getSourceType().getRank())
      return getMixed(slice.getMixedSizes()[position]);
  if (auto cast = dyn_cast_or_null<tensor::CastOp>(op))
    if (isa<RankedTensorType>(cast.getSource().getType()))
      return getDim(cast.getSource(), position);
  return ShapeScope::getDim(tensor, position);
}

ShapeExpr FunctionShapes::getElement(Value tensor, int64_t position) {
  if (auto it = elements.find(tensor); it != elements.end())
    if (position < static_cast<int64_t>(it->second.size()))
      return it->second[position];
  if (auto elements = tensor.getDefiningOp<tensor::FromElementsOp>())
    return getScalar(elements.getElements()[position]);
  return ShapeScope::getElement(tensor, position);
}

ShapeExpr FunctionShapes::getScalar(Value value) {
  Operation *op = value.getDefiningOp();
  // Arithmetic on narrow integers may wrap around.
  if (!op || !(value.getType().isIndex() || value.getType().isInteger(64) ||
               isa<tensor::ExtractOp>(op)))
    return ShapeScope::getScalar(value);
  return llvm::TypeSwitch<Operation *, ShapeExpr>(op)
      .Case([&](tensor::DimOp dim) {
        std::optional<int64_t> position = dim.getConstantIndex();
        auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
        if (!position || !type || *position < 0 || *position >= type.getRank())
          return ShapeScope::getScalar(value);
        return getDim(dim.getSource(), *position);
      })
      .Case([&](arith::IndexCastOp cast) {
        // A narrower integer would wrap around.
        Type from = cast.getIn().getType();
        if (from.isIndex() && !cast.getType().isInteger(64))
          return ShapeScope::getScalar(value);
        return getScalar(cast.getIn());
      })
      .Case([&](arith::AddIOp add) {
        return getScalar(add.getLhs()) + getScalar(add.getRhs());
      })
      .Case([&](arith::SubIOp sub) {
        return getScalar(sub.getLhs()) - getScalar(sub.getRhs());
      })
      .Case([&](arith::MulIOp mul) {
        return getScalar(mul.getLhs()) * getScalar(mul.getRhs());
      })
      .Case([&](arith::MinSIOp min) {
        return this->min(getScalar(min.getLhs()), getScalar(min.getRhs()));
      })
      .Case([&](arith::MaxSIOp max) {
        return this->max(getScalar(max.getLhs()), getScalar(max.getRhs()));
      })
      .Case([&](arith::FloorDivSIOp div) {
        return floorDiv(getScalar(div.getLhs()), getScalar(div.getRhs()));
      })
      .Case([&](tensor::ExtractOp extract) {
        RankedTensorType type = extract.getTensor().getType();
        if (!type.hasStaticShape() ||
            !isa<IntegerType>(type.getElementType()) ||
            type.getNumElements() > kMaxElements)
          return ShapeScope::getScalar(value);
        int64_t position = 0;
        for (auto [index, extent] :
             llvm::zip(extract.getIndices(), type.getShape())) {
          std::optional<int64_t> constant = getConstantIntValue(index);
          if (!constant || *constant < 0 || *constant >= extent)
            return ShapeScope::getScalar(value);
          position = position * extent + *constant;
        }
        return getElement(extract.getTensor(), position);
      })
      .Default([&](Operation *) { return ShapeScope::getScalar(value); });
}

std::optional<FunctionShapes::Elements>
FunctionShapes::getElements(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.hasStaticShape() || type.getNumElements() > kMaxElements ||
      !type.getElementType().isSignlessInteger() ||
      type.getElementTypeBitWidth() < 32)
    return std::nullopt;
  Elements result;
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i)
    result.push_back(getElement(tensor, i));
  return result;
}

/// Applies `combine` with a scalar or equally shaped right-hand side.
template <typename Combine>
static std::optional<SmallVector<ShapeExpr, 4>>
zipElements(std::optional<SmallVector<ShapeExpr, 4>> lhs,
            std::optional<SmallVector<ShapeExpr, 4>> rhs, size_t count,
            Combine combine) {
  if (!lhs || !rhs || count == 0)
    return std::nullopt;
  auto fits = [&](size_t size) { return size == 1 || size == count; };
  if (!fits(lhs->size()) || !fits(rhs->size()))
    return std::nullopt;
  SmallVector<ShapeExpr, 4> result;
  for (size_t i = 0; i < count; ++i)
    result.push_back(combine((*lhs)[lhs->size() == 1 ? 0 : i],
                             (*rhs)[rhs->size() == 1 ? 0 : i]));
  return result;
}

std::optional<FunctionShapes::Elements>
FunctionShapes::evaluate(Operation *op) {
  using Result = std::optional<Elements>;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  size_t count = type.getNumElements();
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](ShapeOp shape) -> Result {
        Elements result;
        for (uint64_t i = shape.getStart(); i < shape.getEnd(); ++i)
          result.push_back(getDim(shape.getInput(), i));
        return result;
      })
      .Case<IdentityOp, SqueezeOp, UnsqueezeOp, ReshapeOp, CastOp>(
          [&](auto same) -> Result {
            // Narrowing would wrap around.
            auto from = cast<RankedTensorType>(same.getInput().getType());
            if (from.getElementTypeBitWidth() > type.getElementTypeBitWidth())
              return std::nullopt;
            return getElements(same.getInput());
          })
      .Case([&](GatherOp gather) -> Result {
        Result data = getElements(gather.getData());
        auto indices = ConstantData::get(gather.getIndices());
        if (!data || !indices ||
            cast<RankedTensorType>(gather.getData().getType()).getRank() != 1)
          return std::nullopt;
        Elements result;
        for (int64_t i = 0, e = indices->size(), n = data->size(); i < e; ++i) {
          int64_t index = indices->getInt(i);
          index += index < 0 ? n : 0;
          if (index < 0 || index >= n)
            return std::nullopt;
          result.push_back((*data)[index]);
        }
        return result;
      })
      .Case([&](ConcatOp concat) -> Result {
        if (type.getRank() != 1)
          return std::nullopt;
        Elements result;
        for (Value input : concat.getInputs()) {
          Result part = getElements(input);
          if (!part)
            return std::nullopt;
          llvm::append_range(result, *part);
        }
        return result;
      })
      .Case([&](SliceOp slice) -> Result {
        Result data = getElements(slice.getInput());
        if (!data || type.getRank() != 1 || slice.getAxes().size() != 1 ||
            !slice.getStarts().empty() || slice.getSteps()[0] < 1)
          return std::nullopt;
        int64_t n = data->size(), start = slice.getStaticStarts()[0];
        start = std::clamp<int64_t>(start < 0 ? start + n : start, 0, n);
        Elements result;
        for (size_t i = 0; i < count; ++i) {
          int64_t position = start + i * slice.getSteps()[0];
          if (position >= n)
            return std::nullopt;
          result.push_back((*data)[position]);
        }
        return result;
      })
      .Case([&](AddOp add) {
        return zipElements(getElements(add.getLhs()), getElements(add.getRhs()),
                           count, [](auto a, auto b) { return a + b; });
      })
      .Case([&](SubOp sub) {
        return zipElements(getElements(sub.getLhs()), getElements(sub.getRhs()),
                           count, [](auto a, auto b) { return a - b; });
      })
      .Case([&](MulOp mul) {
        return zipElements(getElements(mul.getLhs()), getElements(mul.getRhs()),
                           count, [](auto a, auto b) { return a * b; });
      })
      .Case([&](DivOp div) -> Result {
        // Truncation is rounding down for what is not negative.
        Result lhs = getElements(div.getLhs()), rhs = getElements(div.getRhs());
        if (!lhs || !rhs ||
            !llvm::all_of(*lhs, [&](auto e) { return isNonNegative(e); }) ||
            !llvm::all_of(*rhs, [](const ShapeExpr &e) {
              return e.getConstant() && *e.getConstant() > 0;
            }))
          return std::nullopt;
        return zipElements(lhs, rhs, count,
                           [&](auto a, auto b) { return floorDiv(a, b); });
      })
      .Case([&](ConstantOfShapeOp fill) -> Result {
        auto value = dyn_cast<IntegerAttr>(fill.getValue());
        if (!value)
          return std::nullopt;
        return Elements(count, ShapeExpr(value.getValue().getSExtValue()));
      })
      .Default([](Operation *) { return std::nullopt; });
}

void FunctionShapes::followElements(Operation *op, Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || op->getNumResults() != 1 || !type.hasStaticShape() ||
      type.getNumElements() > kMaxElements ||
      !type.getElementType().isSignlessInteger() ||
      type.getElementTypeBitWidth() < 32)
    return;
  std::optional<Elements> result = evaluate(op);
  if (result && static_cast<int64_t>(result->size()) == type.getNumElements())
    elements[value] = *result;
}
