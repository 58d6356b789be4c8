//===- WriteTransformer.cpp - Operators that newer opsets have ------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PRelu, Gelu (opset 20), RMSNormalization and Attention (23) have no onnx op:
// the importer writes them out. Each is one tfm op, which --convert-tfm-to-onnx
// leaves as it is where its meaning is the operator's.
//
//===----------------------------------------------------------------------===//

#include "GraphWriter.h"

#include "dialects/Transformer/TransformerDialect.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ockham::exporter {

static bool write(GraphWriter &w, tfm::ActivationOp op) {
  if (op.getKind() == tfm::ActivationKind::LeakyReLU) {
    w.addNode(op, "PRelu");
    return true;
  }
  bool isTanh = op.getKind() == tfm::ActivationKind::GELUTanh;
  if (w.getOpset() < 20 ||
      (!isTanh && op.getKind() != tfm::ActivationKind::GELUErf))
    return false;
  pb::NodeProto &node = w.addNode(op, "Gelu");
  if (isTanh)
    GraphWriter::setString(node, "approximate", "tanh");
  return true;
}

static bool write(GraphWriter &w, tfm::NormOp op) {
  if (w.getOpset() < 23 || op.getKind() != tfm::NormKind::RMS ||
      op.getEpsOutside() || op.getShift() || op.getPast())
    return false;
  auto type = cast<RankedTensorType>(op.getInput().getType());
  // The operator demands a scale.
  std::string scale =
      op.getScale()
          ? w.getName(op.getScale())
          : w.addFilled(RankedTensorType::get({type.getShape().back()},
                                              type.getElementType()),
                        1.0);
  pb::NodeProto &node = w.addOutputs(op, "RMSNormalization");
  node.add_input(w.getName(op.getInput()));
  node.add_input(scale);
  GraphWriter::setInt(node, "axis", -1);
  GraphWriter::setFloat(node, "epsilon", op.getEps().convertToDouble());
  return true;
}

static bool write(GraphWriter &w, tfm::AttentionOp op) {
  // Everything that the operator has no attribute for was written out.
  if (w.getOpset() < 23 || op.isShaped() || op.getQkNorm() || op.getCos() ||
      op.getPast() || op.getKeyLengths() || op.getLogsumexp() ||
      op.getEntropy() || op.getSoftCap())
    return false;
  pb::NodeProto &node = w.addOutputs(op, "Attention");
  for (Value operand : {Value(op.getQuery()), Value(op.getKey()),
                        Value(op.getValue()), Value(op.getMask())})
    if (operand)
      node.add_input(w.getName(operand));
  GraphWriter::setInt(node, "q_num_heads", op.getNumHeads());
  GraphWriter::setInt(node, "kv_num_heads", op.getNumKvHeads());
  GraphWriter::setFloat(node, "scale", op.getScale().convertToDouble());
  if (op.getCausal())
    GraphWriter::setInt(node, "is_causal", 1);
  return true;
}

bool writeTransformerOp(GraphWriter &w, Operation *op) {
  return TypeSwitch<Operation *, bool>(op)
      .Case<tfm::ActivationOp, tfm::NormOp, tfm::AttentionOp>(
          [&](auto typed) { return write(w, typed); })
      .Default([](Operation *) { return false; });
}

} // namespace ockham::exporter
