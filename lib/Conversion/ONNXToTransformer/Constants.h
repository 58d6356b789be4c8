//===- Constants.h - Weights and constants in the form that tfm reads -*- C++
//-*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_CONSTANTS_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_CONSTANTS_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

#include <optional>

namespace ockham::raising {

/// True for a loaded weight or a constant.
bool isParameterOrConstant(mlir::Value value);

/// The vector of `width` elements that a weight or constant holds, whatever
/// unit dimensions it has and wherever they are; null if it has another size.
/// A weight in another shape becomes a new symbol that refers to the same
/// bytes. Ops are created at the builder's insertion point.
mlir::Value getVector(mlir::OpBuilder &builder, mlir::Value value,
                      int64_t width);

/// The same for a weight or constant that broadcasts along one axis (counted
/// from the back, so 3 is the heads of [1, heads, 1, 1]): null unless the axis
/// has `width` elements (or the value has one element, which is repeated) and
/// all others are 1.
mlir::Value getVectorAlong(mlir::OpBuilder &builder, mlir::Value value,
                           unsigned axisFromBack, int64_t width);

/// A weight or constant that is one number for all of an activation, or one per
/// channel, as a scalar or a vector; null if it is neither.
mlir::Value getGain(mlir::OpBuilder &builder, mlir::Value value,
                    mlir::Value activation);

/// The same values with a leading dimension of 1 removed.
mlir::Value getMatrix(mlir::OpBuilder &builder, mlir::Value value);

/// A constant vector (or, with width 0, scalar) of one value.
mlir::Value makeSplat(mlir::OpBuilder &builder, mlir::Location loc,
                      mlir::Type elementType, int64_t width, double value);

/// The same elements under another static shape.
mlir::Value reshapeConstant(mlir::OpBuilder &builder, mlir::Value value,
                            llvm::ArrayRef<int64_t> shape);

/// A new weight (or constant) with the given rows or columns of a matrix or
/// vector, along `dim`; null for data that is not here.
mlir::Value gatherConstant(mlir::OpBuilder &builder, mlir::Value value,
                           unsigned dim, llvm::ArrayRef<int64_t> indices);

/// A new weight: the elements of `value` times a power of two, which is exact;
/// null for other factors or data that is not here.
mlir::Value getScaledExactly(mlir::OpBuilder &builder, mlir::Value value,
                             double factor);

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_CONSTANTS_H
