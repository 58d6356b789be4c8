//===- WriteOperator.cpp - One onnx op as a node --------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the importer turned into attributes becomes operands again, where the
// opset has it so: the opposite of lib/Import/ONNX/Operators. Here are
// operators that compute; those that move elements are in
// WriteDataMovement.cpp.
//
//===----------------------------------------------------------------------===//

#include "GraphWriter.h"

#include "dialects/Transformer/TransformerDialect.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ockham::exporter {

/// Since this opset, all reductions take their axes as an operand; ReduceSum
/// always did in the opsets that are written.
static constexpr int64_t kAxesAreOperands = 18;

template <typename Reduce>
static void writeReduce(GraphWriter &w, Reduce op) {
  // Without axes ONNX reduces everything, unless it is told not to; it can be
  // told only where axes are an operand.
  if (op.getAxes().empty() && w.getOpset() < kAxesAreOperands &&
      !isa<onnx::ReduceSumOp>(op.getOperation())) {
    w.addNode(op, "Identity");
    return;
  }
  bool isOperand = isa<onnx::ReduceSumOp>(op.getOperation()) ||
                   w.getOpset() >= kAxesAreOperands;
  std::string axes = isOperand ? w.addInts(op.getAxes()) : "";
  pb::NodeProto &node = w.addNode(op, op->getName().stripDialect());
  if (isOperand)
    node.add_input(axes);
  else
    GraphWriter::setInts(node, "axes", op.getAxes());
  GraphWriter::setInt(node, "keepdims", op.getKeepdims());
  if (op.getAxes().empty())
    GraphWriter::setInt(node, "noop_with_empty_axes", 1);
}

template <typename Reduce>
static void writeArgReduce(GraphWriter &w, Reduce op) {
  pb::NodeProto &node = w.addNode(op, op->getName().stripDialect());
  GraphWriter::setInt(node, "axis", op.getAxis());
  GraphWriter::setInt(node, "keepdims", op.getKeepdims());
  GraphWriter::setInt(node, "select_last_index", op.getSelectLast());
}

static void write(GraphWriter &w, onnx::GemmOp op) {
  pb::NodeProto &node = w.addNode(op, "Gemm");
  GraphWriter::setFloat(node, "alpha", op.getAlpha().convertToDouble());
  GraphWriter::setFloat(node, "beta", op.getBeta().convertToDouble());
  GraphWriter::setInt(node, "transA", op.getTransA());
  GraphWriter::setInt(node, "transB", op.getTransB());
}

static void write(GraphWriter &w, onnx::LayerNormalizationOp op) {
  // The operator demands a scale.
  auto type = op.getInput().getType();
  std::string scale;
  ArrayRef<int64_t> shape = type.getShape().drop_front(op.getAxis());
  if (op.getScale())
    scale = w.getName(op.getScale());
  else if (ShapedType::isDynamicShape(shape))
    scale = w.addFilled(RankedTensorType::get({}, type.getElementType()), 1.0);
  else
    scale =
        w.addFilled(RankedTensorType::get(shape, type.getElementType()), 1.0);
  pb::NodeProto &node = w.addOutputs(op, "LayerNormalization");
  node.add_input(w.getName(op.getInput()));
  node.add_input(scale);
  if (op.getBias())
    node.add_input(w.getName(op.getBias()));
  GraphWriter::setInt(node, "axis", op.getAxis());
  GraphWriter::setFloat(node, "epsilon", op.getEpsilon().convertToDouble());
}

static void write(GraphWriter &w, onnx::CastOp op) {
  pb::NodeProto &node = w.addNode(op, "Cast");
  GraphWriter::setInt(node, "to",
                      getDataType(op.getResult().getType().getElementType()));
}

static void write(GraphWriter &w, onnx::CumSumOp op) {
  std::string axis = w.addScalar(op.getAxis());
  pb::NodeProto &node = w.addNode(op, "CumSum");
  node.add_input(axis);
  GraphWriter::setInt(node, "exclusive", op.getExclusive());
  GraphWriter::setInt(node, "reverse", op.getReverse());
}

static void write(GraphWriter &w, onnx::SoftmaxOp op) {
  GraphWriter::setInt(w.addNode(op, "Softmax"), "axis", op.getAxis());
}

static void write(GraphWriter &w, onnx::ModOp op) {
  GraphWriter::setInt(w.addNode(op, "Mod"), "fmod", op.getFmod());
}

static void write(GraphWriter &w, onnx::BitShiftOp op) {
  GraphWriter::setString(w.addNode(op, "BitShift"), "direction",
                         op.getLeft() ? "LEFT" : "RIGHT");
}

static void write(GraphWriter &w, onnx::ConvOp op) {
  pb::NodeProto &node = w.addNode(op, "Conv");
  GraphWriter::setInts(node, "strides", op.getStrides());
  GraphWriter::setInts(node, "dilations", op.getDilations());
  GraphWriter::setInts(node, "pads", op.getPads());
  GraphWriter::setInt(node, "group", op.getGroup());
}

static void write(GraphWriter &w, onnx::EinsumOp op) {
  GraphWriter::setString(w.addNode(op, "Einsum"), "equation", op.getEquation());
}

/// Operators without attributes, whose operands are ONNX's.
static bool isPlain(Operation *op) {
  return isa<
      onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::DivOp, onnx::MaxOp,
      onnx::MinOp, onnx::PowOp, onnx::EqualOp, onnx::LessOp,
      onnx::LessOrEqualOp, onnx::GreaterOp, onnx::GreaterOrEqualOp, onnx::AndOp,
      onnx::OrOp, onnx::BitwiseAndOp, onnx::BitwiseOrOp, onnx::BitwiseXorOp,
      onnx::WhereOp, onnx::NegOp, onnx::AbsOp, onnx::ReluOp, onnx::ExpOp,
      onnx::LogOp, onnx::SqrtOp, onnx::ReciprocalOp, onnx::ErfOp, onnx::SinOp,
      onnx::CosOp, onnx::TanOp, onnx::AsinOp, onnx::AcosOp, onnx::AtanOp,
      onnx::SinhOp, onnx::CoshOp, onnx::AsinhOp, onnx::AcoshOp, onnx::AtanhOp,
      onnx::TanhOp, onnx::SigmoidOp, onnx::FloorOp, onnx::CeilOp, onnx::RoundOp,
      onnx::NotOp, onnx::IdentityOp, onnx::MatMulOp, onnx::RangeOp>(op);
}

/// The first opset with the operator, if that is none of the oldest.
static int64_t getSinceOpset(Operation *op) {
  if (isa<onnx::BitwiseAndOp, onnx::BitwiseOrOp, onnx::BitwiseXorOp>(op))
    return 18;
  if (auto scatter = dyn_cast<onnx::ScatterElementsOp>(op))
    return scatter.getReduction() >= onnx::ScatterReduction::Min ? 18 : 16;
  if (auto scatter = dyn_cast<onnx::ScatterNDOp>(op))
    return scatter.getReduction() >= onnx::ScatterReduction::Min ? 18 : 16;
  if (auto pad = dyn_cast<onnx::PadOp>(op))
    return pad.getMode() == onnx::PadMode::Wrap ? 19 : 13;
  return 1;
}

llvm::Error writeOperator(GraphWriter &w, Operation *op) {
  StringRef name = op->getName().stripDialect();
  if (getSinceOpset(op) > w.getOpset())
    return llvm::createStringError(
        "the operator " + name + " as it is used here needs opset " +
        llvm::Twine(getSinceOpset(op)) + " or later, got " +
        llvm::Twine(w.getOpset()));
  if (isPlain(op)) {
    w.addNode(op, name);
    return llvm::Error::success();
  }
  bool isWritten =
      TypeSwitch<Operation *, bool>(op)
          .Case<onnx::ReduceMeanOp, onnx::ReduceSumOp, onnx::ReduceMaxOp,
                onnx::ReduceMinOp, onnx::ReduceProdOp, onnx::ReduceL2Op>(
              [&](auto reduce) { return writeReduce(w, reduce), true; })
          .Case<onnx::ArgMaxOp, onnx::ArgMinOp>(
              [&](auto reduce) { return writeArgReduce(w, reduce), true; })
          .Case<onnx::GemmOp, onnx::LayerNormalizationOp, onnx::CastOp,
                onnx::CumSumOp, onnx::SoftmaxOp, onnx::ModOp, onnx::BitShiftOp,
                onnx::ConvOp, onnx::EinsumOp>(
              [&](auto typed) { return write(w, typed), true; })
          .Default([&](Operation *other) {
            return writeDataMovement(w, other) || writeTransformerOp(w, other);
          });
  if (isWritten)
    return llvm::Error::success();
  if (isa<tfm::TfmDialect>(op->getDialect()))
    return llvm::createStringError(
        "'" + op->getName().getStringRef() + "' has no operator in opset " +
        llvm::Twine(w.getOpset()) + "; run --convert-tfm-to-onnx first");
  return llvm::createStringError("writing the operator " + name +
                                 " is not supported");
}

} // namespace ockham::exporter
