//===- ObserveNorms.cpp - What norms divide by becomes an output ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "NormNames.h"
#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "ockham/Transforms/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_OBSERVENORMS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

namespace {

struct ObserveNorms : ockham::impl::ObserveNormsBase<ObserveNorms> {
  void runOnOperation() override;
};

} // namespace

/// A scalar constant of the element type.
static Value makeScalar(OpBuilder &builder, Location loc, Type element,
                        double value) {
  auto type = RankedTensorType::get({}, element);
  return onnx::ConstantOp::create(
      builder, loc, type,
      DenseElementsAttr::get(type, builder.getFloatAttr(element, value)));
}

/// One number per row: what the norm divides it by.
static Value makeStd(tfm::NormOp norm) {
  OpBuilder builder(norm);
  Location loc = norm.getLoc();
  Value x = norm.getInput();
  auto type = norm.getInput().getType();
  Type element = type.getElementType();
  int64_t last = type.getRank() - 1;
  SmallVector<int64_t> shape(type.getShape());
  auto rows = RankedTensorType::get(ArrayRef(shape).drop_back(), element);
  shape.back() = 1;
  auto column = RankedTensorType::get(shape, element);

  if (norm.getKind() == tfm::NormKind::Layer) {
    Value mean = onnx::ReduceMeanOp::create(builder, loc, column, x,
                                            ArrayRef<int64_t>{last},
                                            /*keepdims=*/true);
    x = onnx::SubOp::create(builder, loc, type, x, mean);
  }
  Value square = onnx::MulOp::create(builder, loc, type, x, x);
  Value std = onnx::ReduceMeanOp::create(builder, loc, rows, square,
                                         ArrayRef<int64_t>{last},
                                         /*keepdims=*/false);
  Value eps =
      makeScalar(builder, loc, element, norm.getEps().convertToDouble());
  if (!norm.getEpsOutside())
    std = onnx::AddOp::create(builder, loc, rows, std, eps);
  std = onnx::SqrtOp::create(builder, loc, rows, std);
  if (norm.getEpsOutside())
    std = onnx::AddOp::create(builder, loc, rows, std, eps);
  return std;
}

void ObserveNorms::runOnOperation() {
  llvm::MapVector<func::FuncOp, SmallVector<Value>> added;
  for (auto &[norm, name] : getLiveNorms(getOperation())) {
    auto function = dyn_cast<func::FuncOp>(norm->getParentOp());
    if (!function) {
      norm.emitError("expected norm '" + name +
                     "' in a function, got one in '" +
                     norm->getParentOp()->getName().getStringRef() +
                     "'; run --tfm-inline-blocks first");
      return signalPassFailure();
    }
    Value std = makeStd(norm);
    Builder builder(&getContext());
    auto attributes = builder.getDictionaryAttr({builder.getNamedAttr(
        "ockham.name",
        builder.getStringAttr(
            "std:" + stringifyEnum(norm.getKind()) + ":" +
            Twine(norm.getInput().getType().getShape().back()) + ":" + name))});
    if (failed(function.insertResult(function.getNumResults(), std.getType(),
                                     attributes)))
      return signalPassFailure();
    added[function].push_back(std);
  }
  for (auto &[function, values] : added)
    for (Block &block : function.getBody())
      if (auto end = dyn_cast<func::ReturnOp>(block.getTerminator()))
        end.getOperandsMutable().append(values);
}
