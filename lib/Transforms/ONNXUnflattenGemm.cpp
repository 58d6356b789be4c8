//===- ONNXUnflattenGemm.cpp - Linears on all leading dimensions ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ONNXNormalize.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;

namespace {
/// Creates operators whose result types follow from their operands.
class Emitter {
public:
  Emitter(FunctionShapes &shapes, Operation *before)
      : shapes(shapes), before(before), builder(before) {}

  Value reshape(Value input, ArrayRef<ShapeExpr> dims) {
    SmallVector<int64_t> staticSizes;
    SmallVector<Value> sizes;
    for (const ShapeExpr &dim : dims) {
      staticSizes.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
      if (!dim.getConstant())
        sizes.push_back(shapes.build(dim, before));
    }
    return visit(ReshapeOp::create(builder, before->getLoc(), getType(dims),
                                   input, sizes, staticSizes));
  }
  Value matMul(Value lhs, Value rhs, ArrayRef<ShapeExpr> dims) {
    return visit(
        MatMulOp::create(builder, before->getLoc(), getType(dims), lhs, rhs));
  }
  Value add(Value lhs, Value rhs) {
    return visit(
        AddOp::create(builder, before->getLoc(), lhs.getType(), lhs, rhs));
  }
  Value transpose(Value matrix, ArrayRef<ShapeExpr> dims) {
    return visit(TransposeOp::create(builder, before->getLoc(), getType(dims),
                                     matrix, ArrayRef<int64_t>{1, 0}));
  }

private:
  RankedTensorType getType(ArrayRef<ShapeExpr> dims) {
    SmallVector<int64_t> shape;
    for (const ShapeExpr &dim : dims)
      shape.push_back(dim.getConstant().value_or(ShapedType::kDynamic));
    return RankedTensorType::get(
        shape, cast<RankedTensorType>(before->getResult(0).getType())
                   .getElementType());
  }
  Value visit(Operation *op) {
    shapes.visit(op);
    return op->getResult(0);
  }

  FunctionShapes &shapes;
  Operation *before;
  OpBuilder builder;
};
} // namespace

Value ockham::onnx::unflattenGemm(GemmOp gemm, FunctionShapes &shapes) {
  auto flatten = gemm.getA().getDefiningOp<ReshapeOp>();
  bool hasFactors = !gemm.getAlpha().isExactlyValue(1.0) ||
                    (gemm.getC() && !gemm.getBeta().isExactlyValue(1.0));
  if (!flatten || gemm.getTransA() || hasFactors)
    return {};
  SymbolicShape rows = shapes.getDims(gemm.getA());
  SymbolicShape result = shapes.getDims(gemm.getResult());

  // Which leading dimensions of the reshaped tensor are the Gemm's rows?
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
  Value addend = gemm.getC();
  if (addend) {
    SymbolicShape extents = shapes.getDims(addend);
    if (extents.size() > 1 && !extents[0].isConstant(1))
      return {};
  }

  Emitter emit(shapes, gemm);
  SymbolicShape outer(dims.begin(), dims.begin() + leading);
  if (leading + 1 != dims.size()) {
    outer.push_back(rows[1]);
    input = emit.reshape(input, outer);
    outer.pop_back();
  }
  Value weight = gemm.getB();
  if (gemm.getTransB())
    weight = emit.transpose(weight, {rows[1], result[1]});
  outer.push_back(result[1]);
  Value value = emit.matMul(input, weight, outer);
  if (addend)
    value = emit.add(value, addend);
  return emit.reshape(value, result);
}
