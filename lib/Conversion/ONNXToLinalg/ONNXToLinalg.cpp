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
  static constexpr Family families[] = {
      lowerElementwise, lowerLinearAlgebra, lowerReduction,  lowerShapeOp,
      lowerIndexing,    lowerPadding,       lowerContraction};
  for (Family family : families)
    if (FailureOr<Tensor> result = family(l); succeeded(result))
      return SmallVector<Tensor>{*result};
  return lowerDataMovement(l);
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
    Lowering l(op, shapes, sizes);
    if (failed(l.inferResults()))
      return op->emitOpError("has operands whose extents contradict each other "
                             "where the function is followed");
    FailureOr<SmallVector<Tensor>> results = lowerOperator(l);
    if (failed(results))
      return op->emitOpError("has no lowering to linalg");
    for (auto [old, result] : llvm::zip(op->getResults(), *results)) {
      Value value = result.value;
      if (Type type = getSignless(old.getType()); value.getType() != type)
        value = tensor::CastOp::create(l.b, type, value);
      // Casts and values that stand for several results keep what is known.
      shapes.setDims(value, result.dims);
      value = castSignedness(l.b, value, old.getType());
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

//===----------------------------------------------------------------------===//
// Unsigned integers
//===----------------------------------------------------------------------===//

/// Operators know from their types which integers are unsigned; behind them
/// only bits are left. The casts between the two disappear with the unsigned
/// types of arguments, weights and whatever else only moves tensors.
static void dropSignedness(FunctionOpInterface function) {
  auto drop = [](Value value) { value.setType(getSignless(value.getType())); };
  function.walk([&](Operation *op) {
    llvm::for_each(op->getResults(), drop);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        llvm::for_each(block.getArguments(), drop);
  });
  function.walk([](UnrealizedConversionCastOp cast) {
    if (cast->getNumOperands() != 1 || cast->getNumResults() != 1 ||
        cast.getOperand(0).getType() != cast.getResult(0).getType())
      return;
    cast.getResult(0).replaceAllUsesWith(cast.getOperand(0));
    cast.erase();
  });
  auto getTypes = [](ArrayRef<Type> types) {
    return llvm::map_to_vector(types, getSignless);
  };
  function.setType(function.cloneTypeWith(getTypes(function.getArgumentTypes()),
                                          getTypes(function.getResultTypes())));
}

namespace {
struct ConvertONNXToLinalg
    : ockham::impl::ConvertONNXToLinalgBase<ConvertONNXToLinalg> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<FunctionOpInterface>())
      if (!function.isExternal() && failed(lowerFunction(function)))
        return signalPassFailure();
    for (auto function : getOperation().getOps<FunctionOpInterface>())
      dropSignedness(function);
  }
};
} // namespace
