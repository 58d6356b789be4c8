//===- ONNXOps.cpp - What all operators share -----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/ONNXOpDetails.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace ockham::onnx;

#include "dialects/ONNX/ONNXOpInterfaces.cpp.inc"

#define GET_OP_CLASSES
#include "dialects/ONNX/ONNXOps.cpp.inc"

static SmallVector<int64_t> getStaticShape(ArrayRef<ShapeExpr> dims) {
  return llvm::map_to_vector(dims, [](const ShapeExpr &dim) {
    return dim.getConstant().value_or(ShapedType::kDynamic);
  });
}

LogicalResult
ockham::onnx::detail::verifyResultTypes(Operation *op, const ShapeErrors &error,
                                        ArrayRef<InferredTensor> results) {
  if (op->getNumResults() != results.size())
    return error("has ", op->getNumResults(), " results, expected ",
                 results.size());
  for (auto [result, inferred] : llvm::zip_equal(op->getResults(), results)) {
    RankedTensorType declared = detail::getTensorType(result);
    auto type =
        RankedTensorType::get(getStaticShape(inferred.dims),
                              inferred.elementType ? inferred.elementType
                                                   : declared.getElementType());
    if (declared.getElementType() != type.getElementType() ||
        failed(verifyCompatibleShape(declared, type)))
      return error("result type ", declared,
                   " is not compatible with the inferred ", type);
  }
  return success();
}

void ockham::onnx::detail::getComponents(
    ArrayRef<InferredTensor> results,
    SmallVectorImpl<ShapedTypeComponents> &components) {
  for (const InferredTensor &inferred : results)
    components.emplace_back(getStaticShape(inferred.dims),
                            inferred.elementType);
}

LogicalResult
ockham::onnx::detail::reifyResultShapes(Operation *op, OpBuilder &builder,
                                        ReifiedRankedShapedTypeDims &reified) {
  ShapeScope scope;
  SmallVector<InferredTensor, 1> results;
  if (failed(cast<SymbolicShapeOpInterface>(op).inferResults(scope, results)) ||
      results.size() != op->getNumResults())
    return failure();
  for (auto [result, inferred] : llvm::zip_equal(op->getResults(), results)) {
    RankedTensorType type = detail::getTensorType(result);
    SmallVector<OpFoldResult> &dims = reified.emplace_back();
    for (auto [size, dim] : llvm::zip_equal(type.getShape(), inferred.dims)) {
      // Callers expect an attribute exactly where the type is static.
      if (!ShapedType::isDynamic(size))
        dims.push_back(builder.getIndexAttr(size));
      else
        dims.push_back(scope.materializeValue(builder, op->getLoc(), dim));
    }
  }
  return success();
}

std::string ockham::onnx::detail::toString(ArrayRef<ShapeExpr> dims) {
  return llvm::join(llvm::map_range(dims,
                                    [](const ShapeExpr &dim) {
                                      std::optional<int64_t> constant =
                                          dim.getConstant();
                                      return constant
                                                 ? std::to_string(*constant)
                                                 : std::string("?");
                                    }),
                    "x");
}
