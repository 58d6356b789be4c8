//===- ONNXOpDetails.h - Shared parts of the operators ----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// For the sources of this dialect only.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_DIALECTS_ONNX_ONNXOPDETAILS_H
#define OCKHAM_DIALECTS_ONNX_ONNXOPDETAILS_H

#include "dialects/ONNX/ONNXDialect.h"

namespace ockham::onnx::detail {

/// Checks the declared result types against the inferred ones.
llvm::LogicalResult verifyResultTypes(mlir::Operation *op,
                                      const ShapeErrors &error,
                                      llvm::ArrayRef<InferredTensor> results);

/// Shape inference's form of inferred tensors: what is not constant is dynamic.
void getComponents(
    llvm::ArrayRef<InferredTensor> results,
    llvm::SmallVectorImpl<mlir::ShapedTypeComponents> &components);

/// The extents of all results as attributes and index values.
llvm::LogicalResult
reifyResultShapes(mlir::Operation *op, mlir::OpBuilder &builder,
                  mlir::ReifiedRankedShapedTypeDims &reified);

/// One operand's shape and element type.
llvm::LogicalResult inferUnary(mlir::ValueRange operands, ShapeScope &scope,
                               const ShapeErrors &error,
                               llvm::SmallVectorImpl<InferredTensor> &results);
/// Two broadcasting operands of one element type, which is the result's.
llvm::LogicalResult inferBinary(mlir::ValueRange operands, ShapeScope &scope,
                                const ShapeErrors &error,
                                llvm::SmallVectorImpl<InferredTensor> &results);
/// The same with booleans as result.
llvm::LogicalResult
inferComparison(mlir::ValueRange operands, ShapeScope &scope,
                const ShapeErrors &error,
                llvm::SmallVectorImpl<InferredTensor> &results);

/// Broadcasts the shapes of all operands against each other.
llvm::LogicalResult broadcastDims(mlir::ValueRange operands, ShapeScope &scope,
                                  const ShapeErrors &error,
                                  SymbolicShape &dims);

/// A list of sizes whose dynamic places and operands must be as many.
llvm::LogicalResult verifyDynamicCount(llvm::ArrayRef<int64_t> staticSizes,
                                       mlir::ValueRange sizes,
                                       llvm::StringRef what,
                                       const ShapeErrors &error);
llvm::LogicalResult verifyAxis(int64_t axis, int64_t rank,
                               const ShapeErrors &error);

/// "2x?x4", for messages.
std::string toString(llvm::ArrayRef<ShapeExpr> dims);

inline mlir::RankedTensorType getTensorType(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

/// Evaluates an operator whose operands are all constant, if the result is
/// small enough for a folder.
mlir::OpFoldResult foldConstants(mlir::Operation *op,
                                 llvm::ArrayRef<mlir::Attribute> operands);

} // namespace ockham::onnx::detail

#endif // OCKHAM_DIALECTS_ONNX_ONNXOPDETAILS_H
