//===- WriteDataMovement.cpp - Shapes, indices, elements that move --------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GraphWriter.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ockham::exporter {

static void write(GraphWriter &w, onnx::SliceOp op) {
  std::string operands[] = {w.addSizes(op.getStaticStarts(), op.getStarts()),
                            w.addSizes(op.getStaticEnds(), op.getEnds()),
                            w.addInts(op.getAxes()), w.addInts(op.getSteps())};
  pb::NodeProto &node = w.addOutputs(op, "Slice");
  node.add_input(w.getName(op.getInput()));
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
  std::string shape =
      w.addShape(op.getInput(), op.getStaticShape(), op.getShape(),
                 /*kept=*/0, /*canBeOpen=*/true);
  pb::NodeProto &node = w.addNode(op, "Reshape");
  node.add_input(shape);
  // An extent of 0 is one here; addShape has then used no other zeros.
  if (llvm::is_contained(op.getStaticShape(), 0))
    GraphWriter::setInt(node, "allowzero", 1);
}

static void write(GraphWriter &w, onnx::ExpandOp op) {
  std::string shape =
      w.addShape(op.getInput(), op.getStaticShape(), op.getShape(), /*kept=*/1,
                 /*canBeOpen=*/false);
  w.addNode(op, "Expand").add_input(shape);
}

static void write(GraphWriter &w, onnx::ConstantOfShapeOp op) {
  std::string shape = w.addSizes(op.getStaticShape(), op.getShape());
  pb::NodeProto &node = w.addNode(op, "ConstantOfShape");
  node.add_input(shape);
  // ONNX wants a vector of one element.
  TypedAttr value = op.getValue();
  auto constant = DenseElementsAttr::get(
      RankedTensorType::get({1}, value.getType()), Attribute(value));
  pb::AttributeProto &attribute = *node.add_attribute();
  attribute.set_name("value");
  attribute.set_type(pb::AttributeProto::TENSOR);
  GraphWriter::setTensor(*attribute.mutable_t(), *ConstantData::get(constant));
}

static void write(GraphWriter &w, onnx::ShapeOp op) {
  pb::NodeProto &node = w.addNode(op, "Shape");
  GraphWriter::setInt(node, "start", op.getStart());
  GraphWriter::setInt(node, "end", op.getEnd());
}

static void write(GraphWriter &w, onnx::TransposeOp op) {
  GraphWriter::setInts(w.addNode(op, "Transpose"), "perm", op.getPerm());
}

static void write(GraphWriter &w, onnx::GatherNDOp op) {
  GraphWriter::setInt(w.addNode(op, "GatherND"), "batch_dims",
                      op.getBatchDims());
}

template <typename OpT>
static void writeWithAxis(GraphWriter &w, OpT op) {
  pb::NodeProto &node = w.addNode(op, op->getName().stripDialect());
  GraphWriter::setInt(node, "axis", op.getAxis());
}

template <typename OpT>
static void writeWithAxes(GraphWriter &w, OpT op) {
  std::string axes = w.addInts(op.getAxes());
  w.addNode(op, op->getName().stripDialect()).add_input(axes);
}

/// "replace" is called "none", and is the default.
template <typename OpT>
static pb::NodeProto &writeScatter(GraphWriter &w, OpT op) {
  pb::NodeProto &node = w.addNode(op, op->getName().stripDialect());
  if (op.getReduction() != onnx::ScatterReduction::Replace)
    GraphWriter::setString(node, "reduction",
                           onnx::stringifyEnum(op.getReduction()));
  return node;
}

static void write(GraphWriter &w, onnx::ScatterElementsOp op) {
  GraphWriter::setInt(writeScatter(w, op), "axis", op.getAxis());
}

static void write(GraphWriter &w, onnx::ScatterNDOp op) { writeScatter(w, op); }

static void write(GraphWriter &w, onnx::PadOp op) {
  // First before every dimension, then behind every one.
  SmallVector<int64_t> pads(op.getStaticLow());
  llvm::append_range(pads, op.getStaticHigh());
  SmallVector<Value> open(op.getLow());
  llvm::append_range(open, op.getHigh());
  std::string sizes = w.addSizes(pads, open);
  pb::NodeProto &node = w.addOutputs(op, "Pad");
  node.add_input(w.getName(op.getInput()));
  node.add_input(sizes);
  if (op.getValue())
    node.add_input(w.getName(op.getValue()));
  GraphWriter::setString(node, "mode", onnx::stringifyEnum(op.getMode()));
}

bool writeDataMovement(GraphWriter &w, Operation *op) {
  return TypeSwitch<Operation *, bool>(op)
      .Case<onnx::SliceOp, onnx::SplitOp, onnx::ReshapeOp, onnx::ExpandOp,
            onnx::ConstantOfShapeOp, onnx::ShapeOp, onnx::TransposeOp,
            onnx::GatherNDOp, onnx::ScatterElementsOp, onnx::ScatterNDOp,
            onnx::PadOp>([&](auto typed) { return write(w, typed), true; })
      .Case<onnx::GatherOp, onnx::GatherElementsOp, onnx::ConcatOp>(
          [&](auto typed) { return writeWithAxis(w, typed), true; })
      .Case<onnx::SqueezeOp, onnx::UnsqueezeOp>(
          [&](auto typed) { return writeWithAxes(w, typed), true; })
      .Default([](Operation *) { return false; });
}

} // namespace ockham::exporter
