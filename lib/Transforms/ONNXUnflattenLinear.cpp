//===- ONNXUnflattenLinear.cpp - Linears on all leading dimensions --------===//
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
/// rows weight (+ addend), or with the weight's transpose.
struct Linear {
  Value rows, weight, addend;
  bool transposed = false;
};
} // namespace

/// What a Gemm or a product of matrices is, if it is no more than a linear.
static std::optional<Linear> matchLinear(Operation *op) {
  if (auto gemm = dyn_cast<GemmOp>(op)) {
    bool hasFactors = !gemm.getAlpha().isExactlyValue(1.0) ||
                      (gemm.getC() && !gemm.getBeta().isExactlyValue(1.0));
    if (gemm.getTransA() || hasFactors)
      return std::nullopt;
    return Linear{gemm.getA(), gemm.getB(), gemm.getC(), gemm.getTransB()};
  }
  auto product = dyn_cast<MatMulOp>(op);
  auto isMatrix = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getRank() == 2;
  };
  if (!product || !isMatrix(product.getLhs()) || !isMatrix(product.getRhs()))
    return std::nullopt;
  return Linear{product.getLhs(), product.getRhs(), Value()};
}

Value ockham::onnx::unflattenLinear(Operation *op, FunctionShapes &shapes) {
  std::optional<Linear> linear = matchLinear(op);
  if (!linear)
    return {};
  auto flatten = linear->rows.getDefiningOp<ReshapeOp>();
  if (!flatten)
    return {};
  SymbolicShape rows = shapes.getDims(linear->rows);
  SymbolicShape result = shapes.getDims(op->getResult(0));

  // Which leading dimensions of the reshaped tensor are the rows?
  Value input = flatten.getInput();
  SymbolicShape dims = shapes.getDims(input);
  size_t leading = 0;
  for (size_t i = 2; i < dims.size() && leading == 0; ++i)
    if (ShapeScope::getProduct(ArrayRef(dims).take_front(i)) == rows[0] &&
        ShapeScope::getProduct(ArrayRef(dims).drop_front(i)) == rows[1])
      leading = i;
  if (leading == 0)
    return {};

  // An addend per row would need its own dimensions back.
  if (linear->addend) {
    SymbolicShape extents = shapes.getDims(linear->addend);
    if (extents.size() > 1 && !extents[0].isConstant(1))
      return {};
  }

  Emitter emit(shapes, op);
  SymbolicShape outer(dims.begin(), dims.begin() + leading);
  if (leading + 1 != dims.size()) {
    outer.push_back(rows[1]);
    input = emit.reshape(input, outer);
    outer.pop_back();
  }
  Value weight = linear->weight;
  if (linear->transposed)
    weight = emit.transpose(weight, {1, 0});
  outer.push_back(result[1]);
  Value value = emit.matMul(input, weight, outer);
  if (linear->addend)
    value = emit.add(value, linear->addend);
  return emit.reshape(value, result);
}

Value ockham::onnx::unflattenPointwise(Operation *op, FunctionShapes &shapes) {
  if (!isPointwise(op) || op->getNumOperands() > 2)
    return {};
  SymbolicShape rows = shapes.getDims(op->getResult(0));
  if (rows.size() != 2)
    return {};
  // Both operands may be rows of one shape: a residual connection.
  SymbolicShape dims;
  SmallVector<Value> operands;
  for (Value operand : op->getOperands()) {
    auto flatten = operand.getDefiningOp<ReshapeOp>();
    SymbolicShape extents = shapes.getDims(operand);
    if (flatten && extents == rows) {
      SymbolicShape input = shapes.getDims(flatten.getInput());
      bool keepsRows = input.size() > 2 && input.back() == rows.back();
      if (!keepsRows || (!dims.empty() && dims != input))
        return {};
      dims = input;
      operands.push_back(flatten.getInput());
      continue;
    }
    // One row, or a number.
    if (extents.size() > 1)
      return {};
    operands.push_back(operand);
  }
  if (dims.empty())
    return {};
  Emitter emit(shapes, op);
  return emit.reshape(emit.clone(op, operands, dims), rows);
}
