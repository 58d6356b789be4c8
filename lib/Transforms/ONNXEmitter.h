//===- ONNXEmitter.h - New operators with known shapes ----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TRANSFORMS_ONNXEMITTER_H
#define OCKHAM_LIB_TRANSFORMS_ONNXEMITTER_H

#include "ONNXFunctionShapes.h"
#include "mlir/IR/Builders.h"

namespace ockham::onnx {

/// Creates operators before another one, at its location. Result types follow
/// from symbolic extents, and what is created is known to the shapes.
class Emitter {
public:
  Emitter(FunctionShapes &shapes, mlir::Operation *before)
      : shapes(shapes), before(before), builder(before) {}

  mlir::Value reshape(mlir::Value input, llvm::ArrayRef<ShapeExpr> dims);
  mlir::Value expand(mlir::Value input, llvm::ArrayRef<ShapeExpr> dims);
  mlir::Value transpose(mlir::Value input, llvm::ArrayRef<int64_t> perm);
  /// With new dimensions of extent 1 at these positions of the result.
  mlir::Value unsqueeze(mlir::Value input, llvm::ArrayRef<int64_t> axes);
  /// With `dims` as the result's extents.
  mlir::Value matMul(mlir::Value lhs, mlir::Value rhs,
                     llvm::ArrayRef<ShapeExpr> dims);
  mlir::Value add(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs);
  /// A tensor without dimensions.
  mlir::Value scalar(const ShapeExpr &value, mlir::Type elementType);
  mlir::Value scalar(mlir::TypedAttr value);
  /// start + i * step, `count` elements.
  mlir::Value range(const ShapeExpr &start, int64_t step,
                    const ShapeExpr &count, mlir::Type elementType);
  mlir::Value fill(mlir::TypedAttr value, llvm::ArrayRef<ShapeExpr> dims);
  /// `op` on other operands, with one result of the given extents.
  mlir::Value clone(mlir::Operation *op, mlir::ValueRange operands,
                    llvm::ArrayRef<ShapeExpr> dims);

  static mlir::RankedTensorType getType(llvm::ArrayRef<ShapeExpr> dims,
                                        mlir::Type elementType);
  /// The extents that operands of these extents broadcast to.
  static SymbolicShape broadcast(ShapeScope &scope,
                                 llvm::ArrayRef<SymbolicShape> operands);

private:
  struct Sizes {
    llvm::SmallVector<int64_t> constants;
    llvm::SmallVector<mlir::Value> values;
  };
  Sizes getSizes(llvm::ArrayRef<ShapeExpr> dims);
  mlir::Value visit(mlir::Operation *op);

  FunctionShapes &shapes;
  mlir::Operation *before;
  mlir::OpBuilder builder;
};

} // namespace ockham::onnx

#endif // OCKHAM_LIB_TRANSFORMS_ONNXEMITTER_H
