//===- Formulas.h - Standard operators, with inferred types -----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_TRANSFORMERTOONNX_FORMULAS_H
#define OCKHAM_LIB_CONVERSION_TRANSFORMERTOONNX_FORMULAS_H

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace ockham::tfm2onnx {

/// Creates operators before one tfm op, at its location.
class Formulas {
public:
  explicit Formulas(mlir::Operation *before)
      : builder(before), loc(before->getLoc()) {}

  /// An operator with one result of the given element type, whose shape is
  /// inferred.
  template <typename OpT, typename... Args>
  mlir::Value create(mlir::Type element, const Args &...args) {
    auto op = OpT::create(builder, loc, mlir::UnrankedTensorType::get(element),
                          args...);
    return infer(op, element);
  }

  mlir::Value add(mlir::Value lhs, mlir::Value rhs) {
    return create<onnx::AddOp>(getElement(lhs), lhs, rhs);
  }
  mlir::Value sub(mlir::Value lhs, mlir::Value rhs) {
    return create<onnx::SubOp>(getElement(lhs), lhs, rhs);
  }
  mlir::Value mul(mlir::Value lhs, mlir::Value rhs) {
    return create<onnx::MulOp>(getElement(lhs), lhs, rhs);
  }
  mlir::Value div(mlir::Value lhs, mlir::Value rhs) {
    return create<onnx::DivOp>(getElement(lhs), lhs, rhs);
  }
  mlir::Value matMul(mlir::Value lhs, mlir::Value rhs) {
    return create<onnx::MatMulOp>(getElement(lhs), lhs, rhs);
  }
  mlir::Value where(mlir::Value condition, mlir::Value lhs, mlir::Value rhs) {
    return create<onnx::WhereOp>(getElement(lhs), condition, lhs, rhs);
  }
  /// value * number, value + number, with the number in the element type.
  mlir::Value scale(mlir::Value value, double number);
  mlir::Value shift(mlir::Value value, double number);

  /// Mean over the last dimension, which stays with extent 1.
  mlir::Value rowMean(mlir::Value value);
  mlir::Value transpose(mlir::Value value, llvm::ArrayRef<int64_t> perm);
  mlir::Value unsqueeze(mlir::Value value, llvm::ArrayRef<int64_t> axes);
  mlir::Value concat(mlir::Value lhs, mlir::Value rhs, int64_t axis);
  /// Elements [begin, end) of one dimension in steps.
  mlir::Value slice(mlir::Value value, int64_t axis, mlir::OpFoldResult begin,
                    mlir::OpFoldResult end, int64_t step = 1);
  mlir::Value reshape(mlir::Value value,
                      llvm::ArrayRef<mlir::OpFoldResult> shape);
  mlir::Value expand(mlir::Value value,
                     llvm::ArrayRef<mlir::OpFoldResult> shape);
  mlir::OpFoldResult getDim(mlir::Value value, int64_t dim);
  mlir::OpFoldResult getIndex(int64_t value) {
    return builder.getIndexAttr(value);
  }

  /// A scalar constant.
  mlir::Value scalar(mlir::Type element, double number);
  /// 0, 1, ... below an extent, as integers of 64 bits.
  mlir::Value positions(mlir::OpFoldResult extent);

  /// Absolute positions of `extent` rows: [extent], or, behind `past` (which
  /// may be null), [batch, extent].
  mlir::Value positions(mlir::OpFoldResult extent, mlir::Value past);
  /// Integers as ones of 64 bits.
  mlir::Value toInt64(mlir::Value value);

  static mlir::RankedTensorType getType(mlir::Value value) {
    return llvm::cast<mlir::RankedTensorType>(value.getType());
  }
  static mlir::Type getElement(mlir::Value value) {
    return getType(value).getElementType();
  }
  static int64_t getRank(mlir::Value value) { return getType(value).getRank(); }
  static int64_t getWidth(mlir::Value value) {
    return getType(value).getShape().back();
  }

  mlir::OpBuilder &getBuilder() { return builder; }
  mlir::Location getLoc() const { return loc; }

private:
  mlir::Value infer(mlir::Operation *op, mlir::Type element);

  mlir::OpBuilder builder;
  mlir::Location loc;
};

/// The first opsets with these operators.
inline constexpr int64_t kGeluOpset = 20;
inline constexpr int64_t kRMSNormalizationOpset = 23;
inline constexpr int64_t kAttentionOpset = 23;

/// What a tfm.norm of kind layer or rms computes, over the last dimension of
/// any tensor. Scale and shift may be null.
mlir::Value emitLiveNorm(Formulas &f, mlir::Value x, tfm::NormKind kind,
                         double eps, bool epsOutside, mlir::Value scale,
                         mlir::Value shift, int64_t opset);

/// The output of an attention; null, with an error, for what ONNX exports do
/// not contain. What is one operator in the opset stays a tfm.attention.
mlir::Value emitAttention(Formulas &f, tfm::AttentionOp op, int64_t opset);

} // namespace ockham::tfm2onnx

#endif // OCKHAM_LIB_CONVERSION_TRANSFORMERTOONNX_FORMULAS_H
