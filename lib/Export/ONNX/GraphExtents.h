//===- GraphExtents.h - Extents known to be equal ---------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// ONNX says "as in the operand" in a shape (0 for Reshape, 1 for Expand), which
// needs no Shape and Concat when the model runs and lets runtimes plan. So the
// writer follows extents through the function, and asks where the extent wanted
// is the one that is there.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EXPORT_ONNX_GRAPHEXTENTS_H
#define OCKHAM_LIB_EXPORT_ONNX_GRAPHEXTENTS_H

#include "dialects/ONNX/ShapeScope.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseMap.h"

namespace ockham::exporter {

class GraphExtents : public onnx::ShapeScope {
public:
  explicit GraphExtents(mlir::func::FuncOp function);

  onnx::ShapeExpr getDim(mlir::Value tensor, int64_t position) override;
  onnx::ShapeExpr getElement(mlir::Value tensor, int64_t position) override;
  onnx::ShapeExpr getScalar(mlir::Value value) override;

  /// Works out the extents of the op's results from those of its operands.
  void visit(mlir::Operation *op);

private:
  llvm::DenseMap<mlir::Value, onnx::SymbolicShape> shapes;
  llvm::DenseMap<mlir::Value, onnx::ShapeExpr> scalars;
};

} // namespace ockham::exporter

#endif // OCKHAM_LIB_EXPORT_ONNX_GRAPHEXTENTS_H
