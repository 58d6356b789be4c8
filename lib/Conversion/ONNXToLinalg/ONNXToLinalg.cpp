//===- ONNXToLinalg.cpp - Lower ONNX operators to linalg on tensors -------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Operators are lowered in the order of the function, each with the extents of
// everything before it at hand as expressions over the arguments' extents. So
// two dimensions that must be equal are known to be equal, and only what is not
// known is checked at run time.
//
//===----------------------------------------------------------------------===//

#include "ockham/Conversion/Passes.h"

#include "Lowering.h"

#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace ockham {
#define GEN_PASS_DEF_CONVERTONNXTOLINALG
#include "ockham/Conversion/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;
using namespace ockham::onnxlinalg;

/// Tries the families one after the other.
static FailureOr<SmallVector<Tensor>> lowerOperator(Lowering &l) {
  using Family = FailureOr<Tensor> (*)(Lowering &);
  static constexpr Family families[] = {lowerElementwise, lowerLinearAlgebra,
                                        lowerReduction, lowerShapeOp};
  for (Family family : families)
    if (FailureOr<Tensor> result = family(l); succeeded(result))
      return SmallVector<Tensor>{*result};
  return lowerDataMovement(l);
}

/// There is no signless arithmetic on unsigned integers.
static LogicalResult checkElementTypes(Operation *op) {
  auto isUnsigned = [](Type type) {
    return getElementTypeOrSelf(type).isUnsignedInteger();
  };
  for (TypeRange types :
       {TypeRange(op->getOperandTypes()), TypeRange(op->getResultTypes())})
    for (Type type : types)
      if (isUnsigned(type))
        return op->emitOpError()
               << "has a tensor of type " << type
               << ", which cannot be compiled; expected signed integers, "
                  "booleans or floats";
  return success();
}

static LogicalResult lowerFunction(FunctionOpInterface function) {
  FunctionShapes shapes(function);
  SizeCache sizes;
  SmallVector<Operation *> operators;
  function.walk([&](Operation *op) {
    if (isa_and_nonnull<onnx::ONNXDialect>(op->getDialect()))
      operators.push_back(op);
  });
  for (Operation *op : operators) {
    if (failed(checkElementTypes(op)))
      return failure();
    Lowering l(op, shapes, sizes);
    if (failed(l.inferResults()))
      return op->emitOpError("has operands whose extents contradict each other "
                             "where the function is followed");
    FailureOr<SmallVector<Tensor>> results = lowerOperator(l);
    if (failed(results))
      return op->emitOpError("has no lowering to linalg");
    for (auto [old, result] : llvm::zip(op->getResults(), *results)) {
      Value value = result.value;
      if (value.getType() != old.getType())
        value = tensor::CastOp::create(l.b, old.getType(), value);
      // Casts and values that stand for several results keep what is known.
      shapes.setDims(value, result.dims);
      shapes.followElements(op, value);
      old.replaceAllUsesWith(value);
    }
  }
  // Expressions refer to values by address: none is freed before the end.
  for (Operation *op : llvm::reverse(operators))
    op->erase();
  return success();
}

namespace {
struct ConvertONNXToLinalg
    : ockham::impl::ConvertONNXToLinalgBase<ConvertONNXToLinalg> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<FunctionOpInterface>())
      if (!function.isExternal() && failed(lowerFunction(function)))
        return signalPassFailure();
  }
};
} // namespace
