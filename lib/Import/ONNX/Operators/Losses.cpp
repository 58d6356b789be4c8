//===- Losses.cpp - Losses of classification ------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"
#include "Operators.h"

#include "llvm/ADT/Sequence.h"

using namespace mlir;

namespace ockham::importer {

/// The sum or mean of all elements.
template <typename OpT>
static Value reduceAll(NodeImporter &n, Value x) {
  if (!x)
    return Value();
  SmallVector<int64_t> axes =
      llvm::to_vector(llvm::seq<int64_t>(0, n.getType(x).getRank()));
  return n.create<OpT>(n.getElement(x), x, ArrayRef<int64_t>(axes), false);
}

/// Where a label says that its sample does not count; null if none can.
static FailureOr<Value> createIgnored(NodeImporter &n, Value labels) {
  if (!n.hasAttribute("ignore_index"))
    return Value();
  int64_t index = n.getInt("ignore_index", 0);
  auto type = cast<IntegerType>(n.getElement(labels));
  if (type.getWidth() < 64 && !llvm::isIntN(type.getWidth(), index))
    return n.fail("ignore_index is " + llvm::Twine(index) +
                  ", which labels of " + llvm::Twine(type.getWidth()) +
                  " bits cannot be");
  auto scalar = RankedTensorType::get({}, type);
  Value ignored = onnx::ConstantOp::create(
      n.getBuilder(), n.getLoc(), scalar,
      DenseElementsAttr::get(scalar, Attribute(IntegerAttr::get(type, index))));
  Value mask =
      n.create<onnx::EqualOp>(n.getBuilder().getI1Type(), labels, ignored);
  if (!mask)
    return failure();
  return mask;
}

/// `-logProb[label] * weights[label]` per sample, then reduced; 0 for samples
/// that do not count, and the mean is over the weights of those that do.
static LogicalResult importLoss(NodeImporter &n, Value logProb) {
  Value labels = n.getOperand(1), weights = n.getOperand(2);
  if (!logProb || failed(n.requireFloat(logProb)))
    return failure();
  ArrayRef<int64_t> shape = n.getType(logProb).getShape();
  if (shape.size() < 2)
    return n.fail("operand #0 has rank " + llvm::Twine(shape.size()) +
                  ", expected at least 2, batch and classes");
  SmallVector<int64_t> samples(shape);
  samples.erase(samples.begin() + 1);
  if (failed(requireShape(n, labels, "operand #1", samples)) ||
      (weights && failed(requireShape(n, weights, "operand #2", {shape[1]}))))
    return failure();
  if (!isa<IntegerType>(n.getElement(labels)))
    return n.fail("the labels are floats, expected integers");
  StringRef reduction = n.getString("reduction", "mean");
  if (reduction != "none" && reduction != "sum" && reduction != "mean")
    return n.fail("reduction is " + quote(reduction) +
                  ", expected 'none', 'sum' or 'mean'");

  Type element = n.getElement(logProb);
  FailureOr<Value> ignored = createIgnored(n, labels);
  if (failed(ignored))
    return failure();
  auto clear = [&](Type type, Value value) {
    return *ignored ? n.create<onnx::WhereOp>(type, *ignored,
                                              n.createScalar(type, 0), value)
                    : value;
  };
  // What does not count need not be a class.
  labels = clear(n.getElement(labels), labels);
  Value picked = n.create<onnx::GatherElementsOp>(
      element, logProb, unsqueeze(n, labels, {1}), int64_t(1));
  Value loss = n.create<onnx::NegOp>(
      element,
      n.create<onnx::SqueezeOp>(element, picked, ArrayRef<int64_t>{1}));
  // What each sample counts; null for 1.
  Value counts;
  if (weights) {
    counts = n.create<onnx::GatherOp>(element, weights, labels, int64_t(0));
    loss = n.create<onnx::MulOp>(element, loss, counts);
  }
  loss = clear(element, loss);
  if (!loss)
    return failure();
  if (reduction == "none")
    return n.setResult(loss);
  if (reduction == "mean" && !counts && !*ignored)
    return n.setResult(reduceAll<onnx::ReduceMeanOp>(n, loss));
  Value sum = reduceAll<onnx::ReduceSumOp>(n, loss);
  if (reduction == "sum")
    return n.setResult(sum);
  if (!counts)
    counts = n.createFilled(element, loss, 1);
  return n.setResult(n.create<onnx::DivOp>(
      element, sum, reduceAll<onnx::ReduceSumOp>(n, clear(element, counts))));
}

LogicalResult importNegativeLogLikelihoodLoss(NodeImporter &n) {
  return importLoss(n, n.getOperand(0));
}

LogicalResult importSoftmaxCrossEntropyLoss(NodeImporter &n) {
  Value scores = n.getOperand(0);
  if (n.getType(scores).getRank() < 2)
    return importLoss(n, scores);
  Value logProb = createLogSoftmax(n, scores, 1);
  if (!logProb || (n.isResultUsed(1) && failed(n.setResult(1, logProb))))
    return failure();
  return importLoss(n, logProb);
}

} // namespace ockham::importer
