//===- WriteOperator.cpp - One onnx op as a node --------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the importer turned into attributes becomes operands again, where the
// opset has it so: the opposite of lib/Import/ONNX/Operators.
//
//===----------------------------------------------------------------------===//

#include "GraphWriter.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ockham::exporter {

/// Since this opset, all reductions take their axes as an operand; ReduceSum
/// always did in the opsets that are written.
static constexpr int64_t kAxesAreOperands = 18;

template <typename Reduce>
static void writeReduce(GraphWriter &w, Reduce op) {
  bool isOperand = isa<onnx::ReduceSumOp>(op.getOperation()) ||
                   w.getOpset() >= kAxesAreOperands;
  std::string axes = isOperand ? w.addInts(op.getAxes()) : "";
  pb::NodeProto &node = w.addNode(op, op->getName().stripDialect());
  if (isOperand)
    node.add_input(axes);
  else
    GraphWriter::setInts(node, "axes", op.getAxes());
  GraphWriter::setInt(node, "keepdims", op.getKeepdims());
  // Without axes nothing is reduced; ONNX reduces everything unless told.
  if (op.getAxes().empty() && isOperand)
    GraphWriter::setInt(node, "noop_with_empty_axes", 1);
}

/// A node with one operand and a vector behind it.
static void writeWithVector(GraphWriter &w, Operation *op,
                            const std::string &vector) {
  w.addNode(op, op->getName().stripDialect()).add_input(vector);
}

static void write(GraphWriter &w, onnx::SliceOp op) {
  std::string operands[] = {w.addSizes(op.getStaticStarts(), op.getStarts()),
                            w.addSizes(op.getStaticEnds(), op.getEnds()),
                            w.addInts(op.getAxes()), w.addInts(op.getSteps())};
  pb::NodeProto &node = w.addNode(op, "Slice");
  for (const std::string &operand : operands)
    node.add_input(operand);
}

static void write(GraphWriter &w, onnx::SplitOp op) {
  std::string sizes = w.addSizes(op.getStaticSizes(), op.getSizes());
  pb::NodeProto &node = w.addNode(op, "Split");
  node.add_input(sizes);
  GraphWriter::setInt(node, "axis", op.getAxis());
}

static void write(GraphWriter &w, onnx::ReshapeOp op) {
  // -1 keeps its meaning; 0 is an extent here.
  std::string shape = w.addSizes(op.getStaticShape(), op.getShape());
  pb::NodeProto &node = w.addNode(op, "Reshape");
  node.add_input(shape);
  if (llvm::is_contained(op.getStaticShape(), 0))
    GraphWriter::setInt(node, "allowzero", 1);
}

static void write(GraphWriter &w, onnx::ConstantOfShapeOp op) {
  std::string shape = w.addSizes(op.getStaticShape(), op.getShape());
  pb::NodeProto &node = w.addNode(op, "ConstantOfShape");
  node.add_input(shape);
  auto value = cast<ElementsAttr>(op.getValue());
  ConstantData data = *ConstantData::get(value);
  pb::AttributeProto &attribute = *node.add_attribute();
  attribute.set_name("value");
  attribute.set_type(pb::AttributeProto::TENSOR);
  GraphWriter::setTensor(*attribute.mutable_t(), data);
  // ONNX wants a vector of one element.
  attribute.mutable_t()->clear_dims();
  attribute.mutable_t()->add_dims(1);
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
  if (op.getScale())
    scale = w.getName(op.getScale());
  else
    scale = w.addFilled(
        RankedTensorType::get(type.getShape().drop_front(op.getAxis()),
                              type.getElementType()),
        1.0);
  pb::NodeProto &node = w.addNode(op, "LayerNormalization");
  node.clear_input();
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

template <typename OpT>
static void writeWithAxis(GraphWriter &w, OpT op) {
  pb::NodeProto &node = w.addNode(op, op->getName().stripDialect());
  GraphWriter::setInt(node, "axis", op.getAxis());
}

/// Operators without attributes, whose operands are ONNX's.
static bool isPlain(Operation *op) {
  return isa<onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::DivOp, onnx::MaxOp,
             onnx::MinOp, onnx::PowOp, onnx::EqualOp, onnx::LessOp,
             onnx::LessOrEqualOp, onnx::GreaterOp, onnx::GreaterOrEqualOp,
             onnx::AndOp, onnx::OrOp, onnx::WhereOp, onnx::NegOp, onnx::AbsOp,
             onnx::ReluOp, onnx::ExpOp, onnx::LogOp, onnx::SqrtOp,
             onnx::ReciprocalOp, onnx::ErfOp, onnx::SinOp, onnx::CosOp,
             onnx::TanOp, onnx::AsinOp, onnx::AcosOp, onnx::AtanOp,
             onnx::SinhOp, onnx::CoshOp, onnx::AsinhOp, onnx::AcoshOp,
             onnx::AtanhOp, onnx::TanhOp, onnx::SigmoidOp, onnx::FloorOp,
             onnx::CeilOp, onnx::RoundOp, onnx::NotOp, onnx::IdentityOp,
             onnx::MatMulOp, onnx::RangeOp>(op);
}

llvm::Error writeOperator(GraphWriter &w, Operation *op) {
  if (isPlain(op)) {
    w.addNode(op, op->getName().stripDialect());
    return llvm::Error::success();
  }
  bool isWritten =
      TypeSwitch<Operation *, bool>(op)
          .Case<onnx::ReduceMeanOp, onnx::ReduceSumOp, onnx::ReduceMaxOp,
                onnx::ReduceMinOp, onnx::ReduceProdOp, onnx::ReduceL2Op>(
              [&](auto reduce) { return writeReduce(w, reduce), true; })
          .Case<onnx::SliceOp, onnx::SplitOp, onnx::ReshapeOp,
                onnx::ConstantOfShapeOp, onnx::GemmOp,
                onnx::LayerNormalizationOp, onnx::CastOp>(
              [&](auto typed) { return write(w, typed), true; })
          .Case<onnx::SoftmaxOp, onnx::GatherOp, onnx::GatherElementsOp,
                onnx::ConcatOp>(
              [&](auto typed) { return writeWithAxis(w, typed), true; })
          .Case<onnx::SqueezeOp, onnx::UnsqueezeOp>([&](auto typed) {
            return writeWithVector(w, typed, w.addInts(typed.getAxes())), true;
          })
          .Case([&](onnx::ExpandOp expand) {
            return writeWithVector(
                       w, expand,
                       w.addSizes(expand.getStaticShape(), expand.getShape())),
                   true;
          })
          .Case([&](onnx::TransposeOp transpose) {
            GraphWriter::setInts(w.addNode(transpose, "Transpose"), "perm",
                                 transpose.getPerm());
            return true;
          })
          .Case([&](onnx::CumSumOp sum) {
            writeWithVector(w, sum, w.addScalar(sum.getAxis()));
            return true;
          })
          .Default([](Operation *) { return false; });
  if (isWritten)
    return llvm::Error::success();
  return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                 "writing the operator " +
                                     op->getName().stripDialect() +
                                     " is not supported");
}

} // namespace ockham::exporter
