//===- Lowering.h - Tools for lowering one operator -------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOLINALG_LOWERING_H
#define OCKHAM_LIB_CONVERSION_ONNXTOLINALG_LOWERING_H

#include "FunctionShapes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ockham::onnxlinalg {

using onnx::ShapeExpr;
using onnx::SymbolicShape;

/// A tensor and its extents. The value's type is static exactly where the
/// extents are constant, and signless.
struct Tensor {
  mlir::Value value;
  SymbolicShape dims;

  int64_t getRank() const { return dims.size(); }
  mlir::RankedTensorType getType() const {
    return llvm::cast<mlir::RankedTensorType>(value.getType());
  }
  mlir::Type getElementType() const { return getType().getElementType(); }
};

/// Index values of extents that were already built, per block.
using SizeCache = std::map<std::pair<mlir::Block *, ShapeExpr>, mlir::Value>;

/// Computes one element from the operands' elements. Floats arrive in the type
/// that getComputeType gives; the result may have that type too.
using ElementBody = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &,
                                                   mlir::ValueRange)>;

/// The type, or the tensor's, with integers that are bits only: arith and
/// linalg have no unsigned ones.
mlir::Type getSignless(mlir::Type type);
/// The same tensor with integers of other signedness.
mlir::Value castSignedness(mlir::OpBuilder &b, mlir::Value value,
                           mlir::Type type);
/// Whether the elements of an operand or result of an operator are unsigned.
bool isUnsigned(mlir::Value tensor);

/// 16-bit floats are computed in f32 and rounded once.
mlir::Type getComputeType(mlir::Type elementType);
/// Between float types, by extension or truncation.
mlir::Value convertFloat(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                         mlir::Type to);
/// A scalar constant of a float or integer type; floats are rounded to it.
mlir::Value makeScalar(mlir::ImplicitLocOpBuilder &b, mlir::Type type,
                       double value);

/// What the lowering of one operator builds with: positions itself in front of
/// it and knows the extents of everything before.
class Lowering {
public:
  Lowering(mlir::Operation *op, FunctionShapes &shapes, SizeCache &sizes);

  mlir::Operation *op;
  mlir::ImplicitLocOpBuilder b;
  FunctionShapes &shapes;

  /// The operand, its type refined to what is known about its extents.
  Tensor get(mlir::Value operand);
  /// Asks the operator's shape function. Fails, without a message, where what
  /// is known about the operands contradicts it.
  llvm::LogicalResult inferResults();
  /// The extents of a result, as the shape function gave them.
  SymbolicShape getResultDims(unsigned index = 0);
  /// The element type of the result, signless.
  mlir::Type getResultElementType();

  mlir::RankedTensorType getType(llvm::ArrayRef<ShapeExpr> dims,
                                 mlir::Type elementType);
  mlir::Value getSize(const ShapeExpr &dim);
  mlir::OpFoldResult getMixedSize(const ShapeExpr &dim);
  llvm::SmallVector<mlir::OpFoldResult>
  getMixedSizes(llvm::ArrayRef<ShapeExpr> dims);

  /// A tensor without contents.
  mlir::Value makeEmpty(llvm::ArrayRef<ShapeExpr> dims, mlir::Type elementType);
  Tensor makeFilled(llvm::ArrayRef<ShapeExpr> dims, mlir::Value scalar);

  /// Ends the call unless the condition holds. The message names the node.
  void check(mlir::Value condition, const llvm::Twine &message,
             mlir::ValueRange values = {});
  /// The same for two extents, unless they are known to be equal. The message
  /// has places for both.
  void checkEqual(const ShapeExpr &lhs, const ShapeExpr &rhs,
                  const llvm::Twine &message);
  /// Refuses sizes that are negative at run time.
  void checkSizes(llvm::ArrayRef<ShapeExpr> dims);
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value lhs,
                      mlir::Value rhs);

  /// Elements from elements, with NumPy broadcasting of the operands to `dims`.
  Tensor elementwise(llvm::ArrayRef<Tensor> operands,
                     llvm::ArrayRef<ShapeExpr> dims, mlir::Type elementType,
                     ElementBody body);

  /// Folds over `axes`, which disappear: `body` gets an element of each operand
  /// (broadcasting to the first one's extents), then the accumulator of type
  /// `init`.
  Tensor reduce(llvm::ArrayRef<Tensor> operands, llvm::ArrayRef<int64_t> axes,
                mlir::Value init, ElementBody body);

  /// Rounds what was accumulated in a wider type.
  Tensor roundTo(const Tensor &tensor, mlir::Type elementType);

  /// The same elements in row-major order. The caller has made sure that they
  /// are as many.
  Tensor reshape(const Tensor &tensor, llvm::ArrayRef<ShapeExpr> dims);
  Tensor broadcastTo(const Tensor &tensor, llvm::ArrayRef<ShapeExpr> dims);
  Tensor transpose(const Tensor &tensor, llvm::ArrayRef<int64_t> perm);
  /// A rectangle with the given offsets and unit strides unless given.
  Tensor slice(const Tensor &tensor, llvm::ArrayRef<ShapeExpr> offsets,
               llvm::ArrayRef<ShapeExpr> dims,
               llvm::ArrayRef<int64_t> strides = {});
  /// With extent 1 inserted at each of the (ascending) axes.
  Tensor insertUnitDims(const Tensor &tensor, llvm::ArrayRef<int64_t> axes);

  /// Element `indices` of a tensor with another element type than the
  /// computation's is converted.
  mlir::Value extract(mlir::ImplicitLocOpBuilder &at, const Tensor &tensor,
                      mlir::ValueRange indices);

private:
  Tensor cast(const Tensor &tensor, llvm::ArrayRef<ShapeExpr> dims);
  Tensor buildElementwise(mlir::ImplicitLocOpBuilder &at,
                          llvm::ArrayRef<Tensor> operands,
                          llvm::ArrayRef<ShapeExpr> dims, mlir::Value init,
                          bool assumeEqual, ElementBody body);

  SizeCache &sizes;
  std::string nodeName;
  llvm::SmallVector<onnx::InferredTensor> inferred;
};

/// The index as a position: negative ones count from the back.
mlir::Value wrapIndex(mlir::ImplicitLocOpBuilder &b, mlir::Value index,
                      mlir::Value extent);
/// Refuses indices below -extent or from extent on, between the two given.
void checkIndex(Lowering &l, mlir::Value lowest, mlir::Value highest,
                mlir::Value extent);
/// The same for all elements of an integer tensor.
void checkIndices(Lowering &l, const Tensor &indices, mlir::Value extent);

/// With `scalar` around it; negative sizes take elements away. `dims` are the
/// extents of the result, none of them negative.
Tensor padWith(Lowering &l, const Tensor &x, mlir::Value scalar,
               llvm::ArrayRef<ShapeExpr> low, llvm::ArrayRef<ShapeExpr> high,
               llvm::ArrayRef<ShapeExpr> dims);

// One function per family; failure without a message where the operator is of
// another one.
llvm::FailureOr<Tensor> lowerElementwise(Lowering &l);
llvm::FailureOr<Tensor> lowerLinearAlgebra(Lowering &l);
llvm::FailureOr<Tensor> lowerReduction(Lowering &l);
llvm::FailureOr<Tensor> lowerShapeOp(Lowering &l);
llvm::FailureOr<Tensor> lowerIndexing(Lowering &l);
llvm::FailureOr<Tensor> lowerPadding(Lowering &l);
llvm::FailureOr<Tensor> lowerContraction(Lowering &l);
llvm::FailureOr<llvm::SmallVector<Tensor>> lowerDataMovement(Lowering &l);

} // namespace ockham::onnxlinalg

#endif // OCKHAM_LIB_CONVERSION_ONNXTOLINALG_LOWERING_H
