//===- TransformerToONNX.cpp - tfm ops as standard operators --------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ockham/Conversion/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace ockham {
#define GEN_PASS_DEF_CONVERTTRANSFORMERTOONNX
#include "ockham/Conversion/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;
using namespace ockham::tfm2onnx;

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

static Value emit(Formulas &f, tfm::EmbeddingOp op) {
  IntegerAttr axis = f.getBuilder().getI64IntegerAttr(0);
  Value tokens = f.create<onnx::GatherOp>(f.getElement(op.getTable()),
                                          op.getTable(), op.getIds(), axis);
  if (!op.getPositionTable())
    return tokens;
  // Through ids, so that too long a sequence is an error in every runtime.
  Value positions = f.create<onnx::GatherOp>(
      f.getElement(op.getPositionTable()), op.getPositionTable(),
      f.positions(f.getDim(op.getIds(), 1), op.getPast()), axis);
  return f.add(tokens, positions);
}

static Value emit(Formulas &f, tfm::LinearOp op) {
  Value weight = op.getWeight();
  if (op.getTransposed())
    weight = f.transpose(weight, {1, 0});
  Value y = f.matMul(op.getInput(), weight);
  if (op.getResidGain())
    y = f.mul(y, op.getResidGain());
  if (op.getSkipGain())
    y = f.add(y, f.mul(op.getInput(), op.getSkipGain()));
  if (Value scale = op.getRowScale())
    y = f.mul(y, f.unsqueeze(scale, {f.getRank(scale)}));
  if (op.getBias())
    y = f.add(y, op.getBias());
  return op.getInit() ? f.add(op.getInit(), y) : y;
}

static Value emit(Formulas &f, tfm::ActivationOp op) {
  Value x = op.getInput();
  Type element = f.getElement(x);
  auto sigmoid = [&](Value value) {
    return f.create<onnx::SigmoidOp>(element, value);
  };
  switch (op.getKind()) {
  case tfm::ActivationKind::ReLU:
    return f.create<onnx::ReluOp>(element, x);
  case tfm::ActivationKind::LeakyReLU:
    break; // Stays.
  case tfm::ActivationKind::GELUErf: {
    Value gate = f.create<onnx::ErfOp>(
        element, f.div(x, f.scalar(element, 1.41421356237309504880)));
    return f.scale(f.mul(x, f.shift(gate, 1.0)), 0.5);
  }
  case tfm::ActivationKind::GELUTanh: {
    Value cube = f.mul(f.mul(x, x), x);
    Value argument =
        f.scale(f.add(x, f.scale(cube, 0.044715)), 0.79788456080286535588);
    Value gate = f.create<onnx::TanhOp>(element, argument);
    return f.mul(f.scale(x, 0.5), f.shift(gate, 1.0));
  }
  case tfm::ActivationKind::GELUSigmoid:
    return f.mul(x, sigmoid(f.scale(x, 1.702)));
  case tfm::ActivationKind::SiLU:
    return f.mul(x, sigmoid(x));
  case tfm::ActivationKind::Tanh:
    return f.create<onnx::TanhOp>(element, x);
  case tfm::ActivationKind::Sigmoid:
    return sigmoid(x);
  }
  return Value();
}

/// The std per position, [sequence, 1] or [batch, sequence, 1]: the last entry
/// serves all beyond.
static Value emitPositionStd(Formulas &f, tfm::NormOp op) {
  Value x = op.getInput(), table = op.getStd();
  Value positions = f.positions(f.getDim(x, f.getRank(x) - 2), op.getPast());
  Type element = f.getElement(positions);
  int64_t last = f.getType(table).getDimSize(0) - 1;
  positions = f.create<onnx::MinOp>(
      element, positions, f.scalar(element, static_cast<double>(last)));
  Value std = f.create<onnx::GatherOp>(f.getElement(table), table, positions,
                                       f.getBuilder().getI64IntegerAttr(0));
  return f.unsqueeze(std, {f.getRank(std)});
}

static Value emit(Formulas &f, tfm::NormOp op, int64_t opset) {
  Value x = op.getInput(), y = x;
  Type element = f.getElement(x);
  double eps = op.getEps().convertToDouble();
  switch (op.getKind()) {
  case tfm::NormKind::Layer:
  case tfm::NormKind::RMS:
    return emitLiveNorm(f, x, op.getKind(), eps, op.getEpsOutside(),
                        op.getScale(), op.getShift(), opset);
  case tfm::NormKind::Fixed:
    if (!op.getUncentred())
      y = f.sub(y, f.rowMean(y));
    y = f.div(y, op.getStdAxis() == tfm::StdAxis::Position
                     ? emitPositionStd(f, op)
                     : Value(op.getStd()));
    break;
  case tfm::NormKind::Tanh:
    y = f.create<onnx::TanhOp>(element, f.mul(x, op.getAlpha()));
    break;
  case tfm::NormKind::Erf:
    y = f.mul(x, op.getAlpha());
    if (op.getOffset())
      y = f.add(y, op.getOffset());
    y = f.create<onnx::ErfOp>(element, y);
    break;
  }
  if (op.getScale())
    y = f.mul(y, op.getScale());
  return op.getShift() ? f.add(y, op.getShift()) : y;
}

static Value emit(Formulas &f, tfm::AddScaledOp op) {
  Value lhs = op.getLhs(), rhs = op.getRhs();
  if (op.getLhsGain())
    lhs = f.mul(lhs, op.getLhsGain());
  if (op.getRhsGain())
    rhs = f.mul(rhs, op.getRhsGain());
  return f.add(lhs, rhs);
}

static Value emit(Formulas &f, tfm::ScaleOp op) {
  return f.mul(op.getInput(), op.getGain());
}

static Value emit(Formulas &f, tfm::GateOp op) {
  return f.mul(op.getLhs(), op.getRhs());
}

static Value emit(Formulas &f, tfm::CastOp op) {
  return f.create<onnx::CastOp>(f.getElement(op.getResult()), op.getInput());
}

/// -((x - max) - log(sum(exp(x - max))))[label]
static Value emit(Formulas &f, tfm::CrossEntropyOp op) {
  Value x = op.getLogits();
  Type element = f.getElement(x);
  int64_t axis = f.getRank(x) - 1;
  ArrayRef<int64_t> axes(axis);
  Value shifted = f.sub(x, f.create<onnx::ReduceMaxOp>(element, x, axes, true));
  Value exp = f.create<onnx::ExpOp>(element, shifted);
  Value sum = f.create<onnx::ReduceSumOp>(element, exp, axes, true);
  Value logProb = f.sub(shifted, f.create<onnx::LogOp>(element, sum));
  Value picked = f.create<onnx::GatherElementsOp>(
      element, logProb, f.unsqueeze(op.getLabels(), axes), axis);
  return f.create<onnx::NegOp>(
      element, f.create<onnx::SqueezeOp>(element, picked, axes));
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

/// Replaces a value by one whose type may know other extents.
static void replace(Operation *op, Value from, Value to) {
  if (from.getType() != to.getType()) {
    OpBuilder builder(op);
    to = tensor::CastOp::create(builder, op->getLoc(), from.getType(), to);
  }
  from.replaceAllUsesWith(to);
}

static LogicalResult convertSplit(tfm::SplitOp op) {
  OpBuilder builder(op);
  SmallVector<int64_t> sizes;
  for (Type type : op.getResultTypes())
    sizes.push_back(cast<RankedTensorType>(type).getShape().back());
  auto split = onnx::SplitOp::create(
      builder, op.getLoc(), op.getResultTypes(), op.getInput(), ValueRange(),
      ArrayRef<int64_t>(sizes), op.getInput().getType().getRank() - 1);
  op->replaceAllUsesWith(split.getResults());
  op.erase();
  return success();
}

/// Whether the op is an operator of the opset as it is: the exporter writes it.
static bool isOperator(Operation *op, int64_t opset) {
  auto activation = dyn_cast<tfm::ActivationOp>(op);
  if (!activation)
    return false;
  switch (activation.getKind()) {
  case tfm::ActivationKind::LeakyReLU:
    return true; // PRelu, whose slope is an operand.
  case tfm::ActivationKind::GELUErf:
  case tfm::ActivationKind::GELUTanh:
    return opset >= kGeluOpset;
  default:
    return false;
  }
}

static LogicalResult convert(Operation *op, int64_t opset) {
  if (isOperator(op, opset))
    return success();
  if (auto split = dyn_cast<tfm::SplitOp>(op))
    return convertSplit(split);
  if (isa<tfm::ParallelOp>(op)) {
    tfm::dissolve(op);
    return success();
  }
  Formulas f(op);
  auto result =
      TypeSwitch<Operation *, Value>(op)
          .Case<tfm::EmbeddingOp, tfm::LinearOp, tfm::ActivationOp,
                tfm::AddScaledOp, tfm::ScaleOp, tfm::GateOp, tfm::CastOp,
                tfm::CrossEntropyOp>([&](auto typed) { return emit(f, typed); })
          .Case([&](tfm::NormOp norm) { return emit(f, norm, opset); })
          .Case([&](tfm::AttentionOp attention) {
            return emitAttention(f, attention, opset);
          })
          .Default([](Operation *other) {
            other->emitError("is no op that ONNX operators stand for; run "
                             "--tfm-inline-blocks first");
            return Value();
          });
  if (!result)
    return failure();
  replace(op, op->getResult(0), result);
  op->erase();
  return success();
}

namespace {

struct ConvertTransformerToONNX
    : ockham::impl::ConvertTransformerToONNXBase<ConvertTransformerToONNX> {
  using ConvertTransformerToONNXBase::ConvertTransformerToONNXBase;

  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<tfm::TfmDialect>(op->getDialect()) && !isa<tfm::YieldOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : ops)
      if (failed(convert(op, opset)))
        return signalPassFailure();
  }
};

} // namespace
