//===- ONNXSinkExpand.cpp - Repeating elements as late as possible --------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Masks are expanded to batch, heads and queries first and computed afterwards.
// Point-wise operators broadcast: they work on the small tensors, and mostly
// the large one is never needed.
//
//===----------------------------------------------------------------------===//

#include "ONNXEmitter.h"
#include "ONNXNormalize.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;

bool ockham::onnx::isPointwise(Operation *op) {
  return isa<AddOp, SubOp, MulOp, DivOp, MaxOp, MinOp, ModOp, PowOp, EqualOp,
             LessOp, LessOrEqualOp, GreaterOp, GreaterOrEqualOp, AndOp, OrOp,
             NotOp, WhereOp, CastOp, NegOp, AbsOp, ReluOp, ExpOp, LogOp, SqrtOp,
             ReciprocalOp, ErfOp, SinOp, CosOp, TanhOp, SigmoidOp>(op);
}

static bool fillsWithFloats(Operation *op) {
  return llvm::any_of(op->getOperands(), [](Value operand) {
    auto fill = operand.getDefiningOp<ConstantOfShapeOp>();
    return fill && isa<FloatType>(fill.getValue().getType());
  });
}

Value ockham::onnx::sinkExpand(Operation *op, FunctionShapes &shapes) {
  if (!isPointwise(op))
    return {};
  Emitter emit(shapes, op);
  SmallVector<Value> operands;
  SmallVector<SymbolicShape> extents;
  bool changed = false;
  for (Value operand : op->getOperands()) {
    Value source = operand;
    if (auto expand = operand.getDefiningOp<ExpandOp>()) {
      source = expand.getInput();
    } else if (auto fill = operand.getDefiningOp<ConstantOfShapeOp>()) {
      // One value, of any extents.
      source = emit.scalar(fill.getValue());
    }
    changed |= source != operand;
    operands.push_back(source);
    extents.push_back(shapes.getDims(source));
  }
  if (!changed)
    return {};
  SymbolicShape dims = shapes.getDims(op->getResult(0));
  SymbolicShape small = Emitter::broadcast(shapes, extents);
  // Filled tensors of floats are matrices that raising knows, unless something
  // else has their extents anyway.
  if (small != dims && fillsWithFloats(op))
    return {};
  Value value = emit.clone(op, operands, small);
  return small == dims ? value : emit.expand(value, dims);
}
