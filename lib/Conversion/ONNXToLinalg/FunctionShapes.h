//===- FunctionShapes.h - Extents followed through a function ---*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOLINALG_FUNCTIONSHAPES_H
#define OCKHAM_LIB_CONVERSION_ONNXTOLINALG_FUNCTIONSHAPES_H

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/ONNX/ShapeScope.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/DenseMap.h"

namespace ockham::onnxlinalg {

/// The extents of all tensors of a function as expressions over the extents of
/// its arguments, so that two dimensions that must be equal compare equal.
/// Small integer tensors are followed element by element: that is where the
/// sizes of a Reshape come from in a graph that was not normalised.
class FunctionShapes : public onnx::ShapeScope {
public:
  /// Dimensions of arguments that share a name have equal extents.
  explicit FunctionShapes(mlir::FunctionOpInterface function);

  onnx::ShapeExpr getDim(mlir::Value tensor, int64_t position) override;
  onnx::ShapeExpr getElement(mlir::Value tensor, int64_t position) override;
  onnx::ShapeExpr getScalar(mlir::Value value) override;

  void setDims(mlir::Value tensor, llvm::ArrayRef<onnx::ShapeExpr> dims);

  /// Notes the elements of `value`, which takes the place of a result of `op`,
  /// if they follow from the operands.
  void followElements(mlir::Operation *op, mlir::Value value);

private:
  using Elements = llvm::SmallVector<onnx::ShapeExpr, 4>;
  std::optional<Elements> getElements(mlir::Value tensor);
  std::optional<Elements> evaluate(mlir::Operation *op);

  llvm::DenseMap<mlir::Value, onnx::SymbolicShape> dims;
  llvm::DenseMap<mlir::Value, Elements> elements;
};

} // namespace ockham::onnxlinalg

#endif // OCKHAM_LIB_CONVERSION_ONNXTOLINALG_FUNCTIONSHAPES_H
