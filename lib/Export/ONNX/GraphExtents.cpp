//===- GraphExtents.cpp - Extents known to be equal -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphExtents.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace ockham::exporter {

/// Expressions of more parts are not followed: each is an extent of its own.
static constexpr unsigned kMaxComplexity = 64;

GraphExtents::GraphExtents(func::FuncOp function) {
  // Extents of one name are one extent.
  llvm::StringMap<onnx::ShapeExpr> named;
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    auto dims = function.getArgAttrOfType<ArrayAttr>(argument.getArgNumber(),
                                                     kDimsAttrName);
    if (!type)
      continue;
    onnx::SymbolicShape shape = getDims(argument);
    for (int64_t i = 0; dims && i < type.getRank(); ++i) {
      auto name = i < static_cast<int64_t>(dims.size())
                      ? dyn_cast<StringAttr>(dims[i])
                      : StringAttr();
      if (type.isDynamicDim(i) && name && !name.getValue().empty())
        shape[i] = named.try_emplace(name.getValue(), shape[i]).first->second;
    }
    shapes[argument] = shape;
  }
}

onnx::ShapeExpr GraphExtents::getDim(Value tensor, int64_t position) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(position))
    return type.getDimSize(position);
  if (auto it = shapes.find(tensor); it != shapes.end())
    return it->second[position];
  return ShapeScope::getDim(tensor, position);
}

onnx::ShapeExpr GraphExtents::getElement(Value tensor, int64_t position) {
  // The limit of a Range of positions.
  if (auto elements = tensor.getDefiningOp<tensor::FromElementsOp>())
    if (position < static_cast<int64_t>(elements.getElements().size()))
      return getScalar(elements.getElements()[position]);
  return ShapeScope::getElement(tensor, position);
}

onnx::ShapeExpr GraphExtents::getScalar(Value value) {
  if (auto it = scalars.find(value); it != scalars.end())
    return it->second;
  return ShapeScope::getScalar(value);
}

/// Rows of activations: what the op computes has the rows of its first operand.
static bool keepsRows(Operation *op) {
  return isa<tfm::NormOp, tfm::ActivationOp, tfm::AttentionOp>(op);
}

void GraphExtents::visit(Operation *op) {
  auto remember = [&](Value result, const onnx::SymbolicShape &dims) {
    auto type = cast<RankedTensorType>(result.getType());
    onnx::SymbolicShape shape;
    for (int64_t i = 0; i < type.getRank(); ++i)
      shape.push_back(type.isDynamicDim(i) &&
                              getComplexity(dims[i]) <= kMaxComplexity
                          ? dims[i]
                          : getDim(result, i));
    shapes[result] = shape;
  };
  if (auto symbolic = dyn_cast<onnx::SymbolicShapeOpInterface>(op)) {
    SmallVector<onnx::InferredTensor> results;
    if (succeeded(symbolic.inferResults(*this, results)) &&
        results.size() == op->getNumResults())
      for (auto [result, inferred] : llvm::zip(op->getResults(), results))
        remember(result, inferred.dims);
    return;
  }
  if (auto cast = dyn_cast<tensor::CastOp>(op)) {
    if (isa<RankedTensorType>(cast.getSource().getType()) &&
        isa<RankedTensorType>(cast.getType()))
      remember(cast, getDims(cast.getSource()));
    return;
  }
  if (keepsRows(op)) {
    onnx::SymbolicShape dims = getDims(op->getOperand(0));
    Value result = op->getResult(0);
    dims.back() = ShapeScope::getDim(result, dims.size() - 1);
    remember(result, dims);
    return;
  }
  if (op->getNumResults() != 1)
    return;
  auto operand = [&](unsigned index) {
    return getScalar(op->getOperand(index));
  };
  std::optional<onnx::ShapeExpr> value;
  if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
    std::optional<int64_t> index = dim.getConstantIndex();
    if (type && index && *index >= 0 && *index < type.getRank())
      value = getDim(dim.getSource(), *index);
  } else if (isa<arith::AddIOp>(op)) {
    value = operand(0) + operand(1);
  } else if (isa<arith::SubIOp>(op)) {
    value = operand(0) - operand(1);
  } else if (isa<arith::MulIOp>(op)) {
    value = operand(0) * operand(1);
  } else if (isa<arith::IndexCastOp>(op) &&
             op->getOperand(0).getType().isIntOrIndex()) {
    value = operand(0);
  }
  if (value && getComplexity(*value) <= kMaxComplexity)
    scalars[op->getResult(0)] = *value;
}

} // namespace ockham::exporter
