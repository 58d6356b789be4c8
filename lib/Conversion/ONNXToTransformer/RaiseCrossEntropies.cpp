//===- RaiseCrossEntropies.cpp - Losses become tfm.cross_entropy ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Raising.h"

using namespace mlir;

namespace ockham::raising {

/// True if the reduction is over the last dimension, which stays.
template <typename OpT>
static bool isOfRows(OpT op) {
  int64_t rank = cast<RankedTensorType>(op.getInput().getType()).getRank();
  return op.getKeepdims() && op.getAxes() == ArrayRef<int64_t>{rank - 1};
}

/// x of `(x - max) - log(sum(exp(x - max)))` over the last dimension.
static Value matchLogSoftmax(Value value) {
  auto difference = value.getDefiningOp<onnx::SubOp>();
  if (!difference)
    return {};
  auto shifted = difference.getLhs().getDefiningOp<onnx::SubOp>();
  auto log = difference.getRhs().getDefiningOp<onnx::LogOp>();
  if (!shifted || !log)
    return {};
  auto max = shifted.getRhs().getDefiningOp<onnx::ReduceMaxOp>();
  auto sum = log.getInput().getDefiningOp<onnx::ReduceSumOp>();
  if (!max || !sum || max.getInput() != shifted.getLhs() || !isOfRows(max) ||
      !isOfRows(sum))
    return {};
  auto exp = sum.getInput().getDefiningOp<onnx::ExpOp>();
  if (!exp || exp.getInput() != shifted.getResult())
    return {};
  return shifted.getLhs();
}

/// The labels of `[..., 1]`, without the last dimension.
static Value matchLabels(Value indices) {
  auto unsqueeze = indices.getDefiningOp<onnx::UnsqueezeOp>();
  int64_t rank = cast<RankedTensorType>(indices.getType()).getRank();
  if (!unsqueeze || unsqueeze.getAxes() != ArrayRef<int64_t>{rank - 1})
    return {};
  return unsqueeze.getInput();
}

/// `-squeeze(logSoftmax(x)[labels])`
static void raiseLoss(Raiser &raiser, onnx::NegOp op) {
  auto squeeze = op.getInput().getDefiningOp<onnx::SqueezeOp>();
  auto picked = squeeze
                    ? squeeze.getInput().getDefiningOp<onnx::GatherElementsOp>()
                    : onnx::GatherElementsOp();
  if (!picked)
    return;
  auto type = cast<RankedTensorType>(picked.getData().getType());
  int64_t last = type.getRank() - 1;
  if (static_cast<int64_t>(picked.getAxis()) != last ||
      squeeze.getAxes() != ArrayRef<int64_t>{last})
    return;
  // Probabilities that somebody else reads are there anyway.
  Value logits = matchLogSoftmax(picked.getData());
  Value labels = matchLabels(picked.getIndices());
  if (!logits || !labels || !picked.getData().hasOneUse() ||
      !isa<FloatType>(type.getElementType()))
    return;
  OpBuilder &builder = raiser.at(op);
  Value loss = tfm::CrossEntropyOp::create(builder, op.getLoc(), op.getType(),
                                           logits, labels);
  (void)raiser.replace(op, loss);
}

void raiseCrossEntropies(Raiser &raiser) {
  raiser.walkBackwards([&](Operation *op) {
    if (auto negation = dyn_cast<onnx::NegOp>(op))
      raiseLoss(raiser, negation);
  });
}

} // namespace ockham::raising
