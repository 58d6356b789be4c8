//===- SymbolicExtents.cpp - Extents of values as polynomials -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SymbolicExtents.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace ockham::report {

/// The extent that a name of `ockham.dims` stands for. Exporters name sums
/// ("past_sequence + sequence"); other names are symbols.
static Polynomial readName(StringRef name) {
  Polynomial sum;
  SmallVector<StringRef> parts;
  name.split(parts, '+');
  for (StringRef part : parts) {
    part = part.trim();
    int64_t number;
    if (!part.getAsInteger(10, number))
      sum += Polynomial(static_cast<double>(number));
    else if (!part.empty() && llvm::all_of(part, [](char c) {
               return llvm::isAlnum(c) || c == '_' || c == '.';
             }))
      sum += Polynomial::extent(part);
    else
      return Polynomial::extent(name);
  }
  return sum;
}

/// The extent of a function argument.
static std::optional<Polynomial> getArgumentExtent(BlockArgument argument,
                                                   int64_t dim) {
  auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
  if (!function)
    return std::nullopt;
  if (auto names = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(),
                                                        "ockham.dims"))
    if (dim < static_cast<int64_t>(names.size()))
      if (auto name = dyn_cast<StringAttr>(names[dim]))
        if (!name.getValue().trim().empty())
          return readName(name);
  // Without a name, by its place.
  return Polynomial::extent("argument" +
                            std::to_string(argument.getArgNumber()) + "_dim" +
                            std::to_string(dim));
}

std::optional<Polynomial> SymbolicExtents::getExtent(Value tensor,
                                                     int64_t dim) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type || dim < 0 || dim >= type.getRank())
    return std::nullopt;
  if (!type.isDynamicDim(dim))
    return Polynomial(static_cast<double>(type.getDimSize(dim)));
  return getExtents(tensor)[dim];
}

std::optional<Polynomial> SymbolicExtents::getElements(Value tensor) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type)
    return std::nullopt;
  Polynomial product(1.0);
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    std::optional<Polynomial> extent = getExtent(tensor, dim);
    if (!extent)
      return std::nullopt;
    product *= *extent;
  }
  return product;
}

std::optional<Polynomial> SymbolicExtents::getRows(Value tensor) {
  auto type = dyn_cast<RankedTensorType>(tensor.getType());
  if (!type)
    return std::nullopt;
  Polynomial product(1.0);
  for (int64_t dim = 0; dim + 1 < type.getRank(); ++dim) {
    std::optional<Polynomial> extent = getExtent(tensor, dim);
    if (!extent)
      return std::nullopt;
    product *= *extent;
  }
  return product;
}

const SymbolicExtents::Extents &SymbolicExtents::getExtents(Value tensor) {
  auto found = known.find(tensor);
  if (found != known.end())
    return found->second;
  // Computing one adds others.
  Extents extents = compute(tensor);
  return known[tensor] = std::move(extents);
}

SymbolicExtents::Extents SymbolicExtents::compute(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Extents extents(type.getRank());
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      extents[dim] = getArgumentExtent(argument, dim);
    return extents;
  }
  auto result = cast<OpResult>(tensor);
  Operation *op = result.getOwner();
  auto copyFrom = [&](Value other) {
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      extents[dim] = getExtent(other, dim);
    return extents;
  };
  if (auto cast = dyn_cast<tensor::CastOp>(op))
    return copyFrom(cast.getSource());
  if (auto block = dyn_cast<tfm::BlockOp>(op))
    return copyFrom(block.getBody().front().getTerminator()->getOperand(
        result.getResultNumber()));
  if (auto parallel = dyn_cast<tfm::ParallelOp>(op)) {
    unsigned number = result.getResultNumber();
    for (Region &branch : parallel.getBranches()) {
      Operation *yield = branch.front().getTerminator();
      if (number < yield->getNumOperands())
        return copyFrom(yield->getOperand(number));
      number -= yield->getNumOperands();
    }
    return extents;
  }
  auto reifiable = dyn_cast<ReifyRankedShapedTypeOpInterface>(op);
  if (!reifiable)
    return extents;
  builder.setInsertionPoint(op);
  ReifiedRankedShapedTypeDims shapes;
  if (failed(reifiable.reifyResultShapes(builder, shapes)))
    return extents;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    extents[dim] = evaluate(shapes[result.getResultNumber()][dim]);
  return extents;
}

std::optional<Polynomial> SymbolicExtents::evaluate(OpFoldResult index) {
  if (auto attribute = dyn_cast<Attribute>(index)) {
    if (auto number = dyn_cast<IntegerAttr>(attribute))
      return Polynomial(static_cast<double>(number.getInt()));
    return std::nullopt;
  }
  return evaluate(cast<Value>(index));
}

std::optional<Polynomial> SymbolicExtents::evaluate(Value index) {
  APInt number;
  if (matchPattern(index, m_ConstantInt(&number)))
    return Polynomial(static_cast<double>(number.getSExtValue()));
  Operation *op = index.getDefiningOp();
  if (!op)
    return std::nullopt;
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    std::optional<int64_t> constant = dim.getConstantIndex();
    return constant ? getExtent(dim.getSource(), *constant) : std::nullopt;
  }
  if (isa<arith::IndexCastOp, arith::ExtSIOp, arith::TruncIOp>(op))
    return evaluate(op->getOperand(0));
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    auto source = extract.getTensor().getDefiningOp<tensor::FromElementsOp>();
    if (source && source.getElements().size() == 1)
      return evaluate(source.getElements().front());
    if (std::optional<ConstantData> data =
            ConstantData::get(extract.getTensor()))
      if (data->size() == 1 && data->getElementType().isSignlessInteger())
        return Polynomial(static_cast<double>(data->getInt(0)));
    return std::nullopt;
  }
  if (auto select = dyn_cast<arith::SelectOp>(op)) {
    std::optional<Polynomial> yes = evaluate(select.getTrueValue());
    std::optional<Polynomial> no = evaluate(select.getFalseValue());
    if (!yes || !no)
      return std::nullopt;
    // Broadcasting asks whether one extent is 1 and then takes the other.
    if (*yes == *no || *no == Polynomial(1.0))
      return yes;
    if (*yes == Polynomial(1.0))
      return no;
    return std::nullopt;
  }
  if (op->getNumOperands() != 2)
    return std::nullopt;
  std::optional<Polynomial> lhs = evaluate(op->getOperand(0));
  std::optional<Polynomial> rhs = evaluate(op->getOperand(1));
  if (!lhs || !rhs)
    return std::nullopt;
  if (isa<arith::AddIOp>(op))
    return *lhs + *rhs;
  if (isa<arith::SubIOp>(op))
    return *lhs - *rhs;
  if (isa<arith::MulIOp>(op))
    return *lhs * *rhs;
  if (isa<arith::DivSIOp, arith::DivUIOp, arith::FloorDivSIOp>(op))
    if (std::optional<double> divisor = rhs->getConstant())
      return lhs->divideExactly(*divisor);
  if (isa<arith::MaxSIOp, arith::MaxUIOp>(op)) {
    // Broadcasting again, or no less than nothing.
    auto isLow = [](const Polynomial &value) {
      return value.isZero() || value == Polynomial(1.0);
    };
    if (*lhs == *rhs || isLow(*rhs))
      return lhs;
    if (isLow(*lhs))
      return rhs;
  }
  // The smaller of an extent and the size of a buffer: within the buffer.
  if (isa<arith::MinSIOp, arith::MinUIOp>(op)) {
    if (*lhs == *rhs || (rhs->getConstant() && !lhs->getConstant()))
      return lhs;
    if (lhs->getConstant() && !rhs->getConstant())
      return rhs;
  }
  return std::nullopt;
}

} // namespace ockham::report
