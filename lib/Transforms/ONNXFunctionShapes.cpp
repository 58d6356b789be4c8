//===- ONNXFunctionShapes.cpp - Shapes followed through a function --------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ONNXFunctionShapes.h"

#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;

/// Shapes and the like; anything longer is data.
static constexpr int64_t kMaxTrackedElements = 64;

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

WeightTable::WeightTable(ModuleOp module) {
  for (WeightOp weight : module.getOps<WeightOp>())
    add(weight);
}

void WeightTable::add(WeightOp weight) {
  weights[weight.getSymNameAttr()] = weight;
}

WeightOp WeightTable::lookup(LoadWeightOp load) const {
  return weights.lookup(load.getWeightAttr().getAttr());
}

std::optional<ConstantData> WeightTable::getConstant(Value value) const {
  if (auto load = value.getDefiningOp<LoadWeightOp>()) {
    WeightOp weight = lookup(load);
    return weight ? ConstantData::get(weight) : std::nullopt;
  }
  return ConstantData::get(value);
}

//===----------------------------------------------------------------------===//
// Extents
//===----------------------------------------------------------------------===//

FunctionShapes::FunctionShapes(FunctionOpInterface function,
                               const WeightTable &weights)
    : function(function), weights(weights) {
  nameDims();
}

/// "past + sequence", as exporters of decoders name what they have summed up.
static std::optional<ShapeExpr>
parseSum(StringRef name, const llvm::StringMap<ShapeExpr> &named) {
  if (!name.contains('+'))
    return std::nullopt;
  ShapeExpr sum = 0;
  for (StringRef part : llvm::split(name, '+')) {
    int64_t constant;
    if (auto it = named.find(part.trim()); it != named.end())
      sum = sum + it->second;
    else if (!part.trim().getAsInteger(10, constant))
      sum = sum + constant;
    else
      return std::nullopt;
  }
  return sum;
}

/// The extent of a name is that of the first argument that has it, or a static
/// one where any argument knows it.
void FunctionShapes::nameDims() {
  llvm::StringMap<ShapeExpr> named;
  SmallVector<std::pair<std::pair<Value, int64_t>, StringRef>> places;
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    auto names = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(),
                                                      kDimsAttrName);
    if (!type || !names || static_cast<int64_t>(names.size()) != type.getRank())
      continue;
    for (auto [position, attribute] : llvm::enumerate(names)) {
      auto name = dyn_cast<StringAttr>(attribute);
      if (!name || name.empty())
        continue;
      ShapeExpr dim = ShapeScope::getDim(argument, position);
      auto [it, isNew] = named.try_emplace(name.getValue(), dim);
      if (!isNew && dim.getConstant())
        it->second = dim;
      places.push_back({{argument, position}, name.getValue()});
    }
  }
  for (auto &[place, name] : places)
    argumentDims[place] = parseSum(name, named).value_or(named[name]);
}

ShapeExpr FunctionShapes::getDim(Value tensor, int64_t position) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(position))
    return type.getDimSize(position);
  if (auto it = argumentDims.find({tensor, position}); it != argumentDims.end())
    return it->second;
  if (auto it = shapes.find(tensor);
      it != shapes.end() && position < static_cast<int64_t>(it->second.size()))
    return it->second[position];
  if (auto cast = tensor.getDefiningOp<tensor::CastOp>())
    if (auto source = dyn_cast<RankedTensorType>(cast.getSource().getType()))
      return getDim(cast.getSource(), position);
  return ShapeScope::getDim(tensor, position);
}

ShapeExpr FunctionShapes::getElement(Value tensor, int64_t position) {
  if (std::optional<ArrayRef<ShapeExpr>> known = getElements(tensor))
    if (position < static_cast<int64_t>(known->size()))
      return (*known)[position];
  if (std::optional<ConstantData> data = getConstant(tensor))
    if (position < data->size())
      return data->getInt(position);
  return getLeaf(AtomKind::Element, tensor, position);
}

ShapeExpr FunctionShapes::getScalar(Value value) {
  if (auto it = scalars.find(value); it != scalars.end())
    return it->second;
  return ShapeScope::getScalar(value);
}

/// Ranges of floats are written with bounds cast from integers.
ShapeExpr FunctionShapes::getRangeLength(Value start, Value limit,
                                         Value delta) {
  Value operands[] = {start, limit, delta};
  ShapeExpr bounds[3];
  for (auto [bound, operand] : llvm::zip_equal(bounds, operands)) {
    Value value = operand;
    while (auto cast = value.getDefiningOp<CastOp>())
      value = cast.getInput();
    if (std::optional<ArrayRef<ShapeExpr>> known = getElements(value);
        known && known->size() == 1) {
      bound = known->front();
      continue;
    }
    std::optional<ConstantData> data = getConstant(value);
    if (!data || data->size() != 1 ||
        data->getFloat(0) != std::floor(data->getFloat(0)) ||
        std::abs(data->getFloat(0)) > 1e15)
      return ShapeScope::getRangeLength(start, limit, delta);
    bound = data->getInt(0);
  }
  return ShapeScope::getRangeLength(bounds[0], bounds[1], bounds[2]);
}

std::optional<ArrayRef<ShapeExpr>>
FunctionShapes::getElements(Value tensor) const {
  auto it = elements.find(tensor);
  if (it == elements.end())
    return std::nullopt;
  return ArrayRef<ShapeExpr>(it->second);
}

bool FunctionShapes::isKnownScalar(Value value) const {
  return scalars.contains(value);
}

SmallVector<InferredTensor, 1> FunctionShapes::visit(Operation *op) {
  SmallVector<InferredTensor, 1> results;
  // What an export leaves as tfm: rows for rows.
  if (isa<tfm::NormOp, tfm::ActivationOp, tfm::AttentionOp>(op)) {
    Value result = op->getResult(0);
    SymbolicShape dims = getDims(op->getOperand(0));
    dims.back() = ShapeScope::getDim(result, dims.size() - 1);
    shapes[result] = dims;
  }
  if (auto symbolic = dyn_cast<SymbolicShapeOpInterface>(op)) {
    if (failed(symbolic.inferResults(*this, results)) ||
        results.size() != op->getNumResults()) {
      results.clear();
    } else {
      for (auto [result, inferred] :
           llvm::zip_equal(op->getResults(), results)) {
        // What the file says about a type is as good as what follows from it.
        auto type = cast<RankedTensorType>(result.getType());
        for (auto [index, extent] : llvm::enumerate(type.getShape())) {
          ShapeExpr &dim = inferred.dims[index];
          if (!ShapedType::isDynamic(extent))
            dim = extent;
          else if (getComplexity(dim) > kMaxComplexity)
            dim = getLeaf(AtomKind::Dim, result, index);
        }
        shapes[result] = inferred.dims;
      }
    }
  }
  if (op->getNumResults() > 0) {
    visitElements(op);
    visitScalar(op);
    visitIndexForm(op);
  }
  return results;
}

//===----------------------------------------------------------------------===//
// Index arithmetic
//===----------------------------------------------------------------------===//

void FunctionShapes::visitScalar(Operation *op) {
  if (op->getNumResults() != 1)
    return;
  Type type = op->getResult(0).getType();
  if (!type.isIndex() && !type.isInteger(1) && !type.isInteger(32) &&
      !type.isInteger(64))
    return;
  auto operand = [&](unsigned index) {
    return getScalar(op->getOperand(index));
  };
  std::optional<ShapeExpr> value =
      TypeSwitch<Operation *, std::optional<ShapeExpr>>(op)
          .Case<arith::AddIOp>([&](auto) { return operand(0) + operand(1); })
          .Case<arith::SubIOp>([&](auto) { return operand(0) - operand(1); })
          .Case<arith::MulIOp>([&](auto) { return operand(0) * operand(1); })
          .Case<arith::MaxSIOp>(
              [&](auto) { return max(operand(0), operand(1)); })
          .Case<arith::MinSIOp>(
              [&](auto) { return min(operand(0), operand(1)); })
          .Case<arith::IndexCastOp>([&](auto) -> std::optional<ShapeExpr> {
            if (!op->getOperand(0).getType().isIntOrIndex())
              return std::nullopt;
            return operand(0);
          })
          .Case<arith::DivSIOp, arith::FloorDivSIOp>(
              [&](auto) -> std::optional<ShapeExpr> {
                // Both round down where nothing is negative.
                if (!isNonNegative(operand(0)) || !isNonNegative(operand(1)) ||
                    operand(1).isConstant(0))
                  return std::nullopt;
                return floorDiv(operand(0), operand(1));
              })
          // Whether a size is -1 or 0, as the importer asks.
          .Case<arith::CmpIOp>(
              [&](arith::CmpIOp compare) -> std::optional<ShapeExpr> {
                if (compare.getPredicate() != arith::CmpIPredicate::eq)
                  return std::nullopt;
                ShapeExpr difference = operand(0) - operand(1);
                if (difference.isConstant(0))
                  return 1;
                if (isNonNegative(difference - 1) ||
                    isNonNegative(0 - difference - 1))
                  return 0;
                return std::nullopt;
              })
          .Case<arith::SelectOp>([&](auto) -> std::optional<ShapeExpr> {
            std::optional<int64_t> condition = operand(0).getConstant();
            if (!condition)
              return std::nullopt;
            return operand(*condition ? 1 : 2);
          })
          .Case<tensor::DimOp>(
              [&](tensor::DimOp dim) -> std::optional<ShapeExpr> {
                std::optional<int64_t> position = operand(1).getConstant();
                auto type =
                    dyn_cast<RankedTensorType>(dim.getSource().getType());
                if (!position || !type || *position < 0 ||
                    *position >= type.getRank())
                  return std::nullopt;
                return getDim(dim.getSource(), *position);
              })
          .Case<tensor::ExtractOp>(
              [&](tensor::ExtractOp extract) -> std::optional<ShapeExpr> {
                std::optional<ArrayRef<ShapeExpr>> known =
                    getElements(extract.getTensor());
                if (!known) {
                  std::optional<ConstantData> data =
                      getConstant(extract.getTensor());
                  if (!data || !data->getElementType().isIntOrIndex())
                    return std::nullopt;
                }
                auto type =
                    cast<RankedTensorType>(extract.getTensor().getType());
                int64_t flat = 0;
                for (auto [index, extent] :
                     llvm::zip_equal(extract.getIndices(), type.getShape())) {
                  std::optional<int64_t> position =
                      getScalar(index).getConstant();
                  if (!position || *position < 0 || *position >= extent)
                    return std::nullopt;
                  flat = flat * extent + *position;
                }
                return getElement(extract.getTensor(), flat);
              })
          .Default(std::optional<ShapeExpr>());
  if (value && getComplexity(*value) <= kMaxComplexity)
    scalars[op->getResult(0)] = *value;
}

//===----------------------------------------------------------------------===//
// Small integer tensors
//===----------------------------------------------------------------------===//

using Elements = SmallVector<ShapeExpr, 4>;

namespace {
/// What the elements of one operator's result are.
class ElementRules {
public:
  ElementRules(FunctionShapes &shapes, RankedTensorType type)
      : shapes(shapes), type(type) {}

  std::optional<Elements> get(Operation *op);

private:
  std::optional<Elements> read(Value tensor);
  std::optional<Elements> broadcast(Value tensor);
  std::optional<ShapeExpr> combine(Operation *op, const ShapeExpr &lhs,
                                   const ShapeExpr &rhs);
  std::optional<Elements> getElementwise(Operation *op);
  std::optional<Elements> getExtrema(WhereOp op);
  std::optional<Elements> getSlice(SliceOp op);
  std::optional<Elements> getGather(GatherOp op);
  std::optional<Elements> getConcat(ConcatOp op);

  FunctionShapes &shapes;
  RankedTensorType type;
};
} // namespace

std::optional<Elements> ElementRules::read(Value tensor) {
  if (std::optional<ArrayRef<ShapeExpr>> known = shapes.getElements(tensor))
    return Elements(*known);
  std::optional<ConstantData> data = shapes.getConstant(tensor);
  if (!data || !data->getElementType().isInteger() ||
      data->size() > kMaxTrackedElements)
    return std::nullopt;
  Elements values;
  for (int64_t i = 0, e = data->size(); i < e; ++i)
    values.push_back(data->getInt(i));
  return values;
}

/// The elements of an operand where the result's shape is broadcast to.
std::optional<Elements> ElementRules::broadcast(Value tensor) {
  std::optional<Elements> values = read(tensor);
  auto from = cast<RankedTensorType>(tensor.getType());
  if (!values || from.getRank() > type.getRank())
    return std::nullopt;
  if (from.getShape() == type.getShape())
    return values;
  Elements expanded;
  int64_t missing = type.getRank() - from.getRank();
  SmallVector<int64_t> position(type.getRank());
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i) {
    int64_t rest = i;
    for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
      position[dim] = rest % type.getDimSize(dim);
      rest /= type.getDimSize(dim);
    }
    int64_t flat = 0;
    for (int64_t dim = 0; dim < from.getRank(); ++dim) {
      int64_t extent = from.getDimSize(dim);
      flat = flat * extent + (extent == 1 ? 0 : position[missing + dim]);
    }
    if (flat >= static_cast<int64_t>(values->size()))
      return std::nullopt;
    expanded.push_back((*values)[flat]);
  }
  return expanded;
}

std::optional<ShapeExpr> ElementRules::combine(Operation *op,
                                               const ShapeExpr &lhs,
                                               const ShapeExpr &rhs) {
  std::optional<int64_t> left = lhs.getConstant(), right = rhs.getConstant();
  auto isLess = [&](const ShapeExpr &a,
                    const ShapeExpr &b) -> std::optional<ShapeExpr> {
    if (shapes.isNonNegative(b - a - 1))
      return 1;
    if (shapes.isNonNegative(a - b))
      return 0;
    return std::nullopt;
  };
  auto negate = [](std::optional<ShapeExpr> value) -> std::optional<ShapeExpr> {
    if (value)
      return 1 - *value;
    return std::nullopt;
  };
  using Result = std::optional<ShapeExpr>;
  return TypeSwitch<Operation *, Result>(op)
      .Case<AddOp>([&](auto) { return lhs + rhs; })
      .Case<SubOp>([&](auto) { return lhs - rhs; })
      .Case<MulOp>([&](auto) { return lhs * rhs; })
      .Case<MaxOp>([&](auto) { return shapes.max(lhs, rhs); })
      .Case<MinOp>([&](auto) { return shapes.min(lhs, rhs); })
      .Case<DivOp>([&](auto) -> Result {
        // Towards zero is down where nothing is negative. (Constants of either
        // sign are folded elsewhere.)
        if (!shapes.isNonNegative(lhs) || !shapes.isNonNegative(rhs) ||
            right == 0)
          return std::nullopt;
        return shapes.floorDiv(lhs, rhs);
      })
      .Case<EqualOp>([&](auto) -> Result {
        if (lhs == rhs)
          return 1;
        if (shapes.isNonNegative(lhs - rhs - 1) ||
            shapes.isNonNegative(rhs - lhs - 1))
          return 0;
        return std::nullopt;
      })
      .Case<LessOp>([&](auto) { return isLess(lhs, rhs); })
      .Case<GreaterOp>([&](auto) { return isLess(rhs, lhs); })
      .Case<LessOrEqualOp>([&](auto) { return negate(isLess(rhs, lhs)); })
      .Case<GreaterOrEqualOp>([&](auto) { return negate(isLess(lhs, rhs)); })
      .Case<AndOp>([&](auto) -> Result {
        if (!left || !right)
          return std::nullopt;
        return *left & *right;
      })
      .Case<OrOp>([&](auto) -> Result {
        if (!left || !right)
          return std::nullopt;
        return *left | *right;
      })
      .Default(Result());
}

/// Where(a < b, a, b) is the smaller one, as exporters bound a range by a
/// buffer: nothing need be known about a and b.
std::optional<Elements> ElementRules::getExtrema(WhereOp op) {
  Operation *condition = op.getCondition().getDefiningOp();
  bool isLess = isa_and_nonnull<LessOp, LessOrEqualOp>(condition);
  if (!isLess && !isa_and_nonnull<GreaterOp, GreaterOrEqualOp>(condition))
    return std::nullopt;
  Elements operands[4];
  Value values[] = {condition->getOperand(0), condition->getOperand(1),
                    op.getLhs(), op.getRhs()};
  for (auto [elements, value] : llvm::zip_equal(operands, values)) {
    std::optional<Elements> known = broadcast(value);
    if (!known)
      return std::nullopt;
    elements = std::move(*known);
  }
  auto &[lhs, rhs, onTrue, onFalse] = operands;
  Elements result;
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i) {
    bool isStraight = lhs[i] == onTrue[i] && rhs[i] == onFalse[i];
    if (!isStraight && !(lhs[i] == onFalse[i] && rhs[i] == onTrue[i]))
      return std::nullopt;
    result.push_back(isLess == isStraight ? shapes.min(lhs[i], rhs[i])
                                          : shapes.max(lhs[i], rhs[i]));
  }
  return result;
}

std::optional<Elements> ElementRules::getElementwise(Operation *op) {
  SmallVector<Elements, 3> operands;
  for (Value operand : op->getOperands()) {
    std::optional<Elements> values = broadcast(operand);
    if (!values)
      return std::nullopt;
    operands.push_back(std::move(*values));
  }
  Elements values;
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i) {
    if (isa<WhereOp>(op)) {
      std::optional<int64_t> condition = operands[0][i].getConstant();
      if (!condition && operands[1][i] != operands[2][i])
        return std::nullopt;
      values.push_back(operands[condition.value_or(1) ? 1 : 2][i]);
      continue;
    }
    std::optional<ShapeExpr> value =
        combine(op, operands[0][i], operands[1][i]);
    if (!value)
      return std::nullopt;
    values.push_back(std::move(*value));
  }
  return values;
}

std::optional<Elements> ElementRules::getSlice(SliceOp op) {
  std::optional<Elements> values = read(op.getInput());
  auto from = cast<RankedTensorType>(op.getInput().getType());
  if (!values || from.getRank() != 1 || op.getAxes().size() != 1)
    return std::nullopt;
  std::optional<int64_t> start =
      shapes.getSizes(op.getStaticStarts(), op.getStarts())[0].getConstant();
  if (!start)
    return std::nullopt;
  int64_t size = values->size(), step = op.getSteps()[0];
  int64_t first = *start < 0 ? *start + size : *start;
  first = std::max<int64_t>(0, std::min(first, step > 0 ? size : size - 1));
  Elements result;
  for (int64_t i = 0, e = type.getNumElements(); i < e; ++i) {
    int64_t position = first + i * step;
    if (position < 0 || position >= size)
      return std::nullopt;
    result.push_back((*values)[position]);
  }
  return result;
}

std::optional<Elements> ElementRules::getGather(GatherOp op) {
  std::optional<Elements> values = read(op.getData());
  std::optional<Elements> indices = read(op.getIndices());
  if (!values || !indices ||
      cast<RankedTensorType>(op.getData().getType()).getRank() != 1)
    return std::nullopt;
  Elements result;
  for (const ShapeExpr &index : *indices) {
    std::optional<int64_t> position = index.getConstant();
    int64_t size = values->size();
    if (position && *position < 0)
      *position += size;
    if (!position || *position < 0 || *position >= size)
      return std::nullopt;
    result.push_back((*values)[*position]);
  }
  return result;
}

std::optional<Elements> ElementRules::getConcat(ConcatOp op) {
  if (type.getRank() != 1)
    return std::nullopt;
  Elements result;
  for (Value input : op.getInputs()) {
    std::optional<Elements> values = read(input);
    if (!values)
      return std::nullopt;
    result.append(*values);
  }
  return result;
}

std::optional<Elements> ElementRules::get(Operation *op) {
  using Result = std::optional<Elements>;
  return TypeSwitch<Operation *, Result>(op)
      .Case<ShapeOp>([&](ShapeOp shape) -> Result {
        SymbolicShape dims = shapes.getDims(shape.getInput());
        return Elements(dims.begin() + shape.getStart(),
                        dims.begin() + shape.getEnd());
      })
      .Case<IdentityOp, ReshapeOp, SqueezeOp, UnsqueezeOp>(
          [&](auto) { return read(op->getOperand(0)); })
      .Case<CastOp>([&](CastOp cast) -> Result {
        std::optional<Elements> values = read(cast.getInput());
        if (!values)
          return std::nullopt;
        // An extent fits the integer types that files use for it. A constant
        // may not, and a boolean is another matter.
        bool isBoolean = type.getElementType().isInteger(1);
        bool isNarrow = type.getElementType().isInteger(32);
        for (ShapeExpr &value : *values) {
          std::optional<int64_t> constant = value.getConstant();
          if (isBoolean ? !constant
                        : isNarrow && constant &&
                              *constant != static_cast<int32_t>(*constant))
            return std::nullopt;
          if (isBoolean)
            value = *constant != 0;
        }
        return values;
      })
      .Case<AddOp, SubOp, MulOp, MaxOp, MinOp, DivOp, EqualOp, LessOp,
            GreaterOp, LessOrEqualOp, GreaterOrEqualOp, AndOp, OrOp>(
          [&](auto) { return getElementwise(op); })
      .Case<WhereOp>([&](WhereOp where) -> Result {
        if (Result values = getElementwise(op))
          return values;
        return getExtrema(where);
      })
      .Case<ExpandOp>(
          [&](ExpandOp expand) { return broadcast(expand.getInput()); })
      .Case<SliceOp>([&](SliceOp slice) { return getSlice(slice); })
      .Case<GatherOp>([&](GatherOp gather) { return getGather(gather); })
      .Case<ConcatOp>([&](ConcatOp concat) { return getConcat(concat); })
      .Case<ConstantOfShapeOp>([&](ConstantOfShapeOp fill) -> Result {
        auto value = dyn_cast<IntegerAttr>(fill.getValue());
        if (!value)
          return std::nullopt;
        APInt number = value.getValue();
        return Elements(type.getNumElements(),
                        ShapeExpr(number.getBitWidth() == 1
                                      ? int64_t(number.getZExtValue())
                                      : number.getSExtValue()));
      })
      .Case<tensor::FromElementsOp>([&](tensor::FromElementsOp from) {
        Elements values;
        for (Value element : from.getElements())
          values.push_back(shapes.getScalar(element));
        return values;
      })
      .Default(Result());
}

void FunctionShapes::visitElements(Operation *op) {
  if (op->getNumResults() != 1)
    return;
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!type || !(type.getElementType().isInteger(1) ||
                 type.getElementType().isSignlessInteger(32) ||
                 type.getElementType().isSignlessInteger(64)))
    return;
  // The declared type may not know yet what the extents are.
  if (auto it = shapes.find(op->getResult(0)); it != shapes.end()) {
    SmallVector<int64_t> extents;
    for (const ShapeExpr &dim : it->second)
      extents.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
    type = RankedTensorType::get(extents, type.getElementType());
  }
  if (!type.hasStaticShape())
    return;
  int64_t count = 1;
  for (int64_t extent : type.getShape())
    if (llvm::MulOverflow(count, extent, count) || count > kMaxTrackedElements)
      return;
  std::optional<Elements> values = ElementRules(*this, type).get(op);
  if (values && static_cast<int64_t>(values->size()) == count &&
      llvm::all_of(*values, [&](const ShapeExpr &value) {
        return getComplexity(value) <= kMaxComplexity;
      }))
    elements[op->getResult(0)] = std::move(*values);
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

bool FunctionShapes::dependsOnArgumentsOnly(const ShapeExpr &expr) const {
  bool result = true;
  forEachLeaf(expr, [&](AtomKind kind, Value value, int64_t) {
    auto argument = dyn_cast<BlockArgument>(value);
    result &= kind == AtomKind::Dim && argument &&
              argument.getOwner()->isEntryBlock() &&
              argument.getOwner()->getParentOp() == function;
  });
  return result;
}

Value FunctionShapes::build(const ShapeExpr &expr, Operation *user) {
  if (!dependsOnArgumentsOnly(expr)) {
    OpBuilder builder(user);
    Value value = materializeValue(builder, user->getLoc(), expr);
    scalars[value] = expr;
    return value;
  }
  auto [it, isNew] = built.try_emplace(expr);
  if (isNew) {
    OpBuilder builder(function.getContext());
    if (lastBuilt)
      builder.setInsertionPointAfter(lastBuilt);
    else
      builder.setInsertionPointToStart(&function.getFunctionBody().front());
    it->second = materializeValue(builder, function.getLoc(), expr);
    lastBuilt = it->second.getDefiningOp();
    scalars[it->second] = expr;
  }
  return it->second;
}
