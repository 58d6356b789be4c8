//===- Counting.cpp - Operations and bytes of ops -------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One formula per op, all in this file; docs/report.md says the same in words.
// An addition, a multiplication, a division, a comparison, an exp, tanh, erf,
// sigmoid or root is one operation. Per row, a norm's root and the division by
// the width are not counted.
//
//===----------------------------------------------------------------------===//

#include "Counting.h"

#include "dialects/ONNX/ONNXDialect.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace ockham::report {

Cost &Cost::operator+=(const Cost &other) {
  linear += other.linear;
  attention += other.attention;
  pointwise += other.pointwise;
  activationBytes += other.activationBytes;
  return *this;
}

namespace {

/// Thrown away when an extent is unknown: the formulas below read like
/// formulas and are checked once, at the end.
class Counter {
public:
  explicit Counter(SymbolicExtents &extents) : extents(extents) {}

  std::optional<Cost> count(Operation *op);

private:
  Polynomial elements(Value value) {
    return orUnknown(extents.getElements(value));
  }
  Polynomial rows(Value value) { return orUnknown(extents.getRows(value)); }
  Polynomial extent(Value value, int64_t dim) {
    return orUnknown(extents.getExtent(value, dim));
  }
  Polynomial orUnknown(std::optional<Polynomial> value) {
    if (value)
      return *value;
    known = false;
    return {};
  }

  void count(tfm::LinearOp op);
  void count(tfm::NormOp op);
  void count(tfm::AttentionOp op);
  void count(onnx::MatMulOp op);
  void count(onnx::GemmOp op);
  void count(onnx::ConvOp op);
  void countPointwise(Operation *op);
  void countTraffic(Operation *op);
  /// Operations per element of a norm of this kind.
  static double perElement(tfm::NormKind kind, bool hasScale, bool hasShift,
                           bool hasOffset, bool uncentred);

  SymbolicExtents &extents;
  Cost cost;
  bool known = true;
};

} // namespace

static bool isWeight(Value value) {
  return isa_and_nonnull<LoadWeightOp, onnx::ConstantOp, arith::ConstantOp>(
      value.getDefiningOp());
}

void Counter::count(tfm::LinearOp op) {
  Polynomial results = elements(op.getResult());
  cost.linear += rows(op.getInput()) * elements(op.getWeight()) * 2.0;
  double extra = 0.0;
  if (op.getBias())
    extra += 1.0;
  if (op.getRowScale())
    extra += 1.0;
  if (op.getResidGain())
    extra += 1.0;
  // skip * x, and its sum with the product.
  if (op.getSkipGain())
    extra += 2.0;
  // The sum with what the product accumulates onto.
  if (op.getInit())
    extra += 1.0;
  cost.pointwise += results * extra;
}

double Counter::perElement(tfm::NormKind kind, bool hasScale, bool hasShift,
                           bool hasOffset, bool uncentred) {
  double count = (hasScale ? 1.0 : 0.0) + (hasShift ? 1.0 : 0.0);
  switch (kind) {
  case tfm::NormKind::Layer:
    // The mean's sum, the difference, its square and their sum, the quotient.
    return count + 5.0;
  case tfm::NormKind::RMS:
    return count + 3.0;
  case tfm::NormKind::Fixed:
    return count + (uncentred ? 1.0 : 3.0);
  case tfm::NormKind::Tanh:
  case tfm::NormKind::Erf:
    return count + 2.0 + (hasOffset ? 1.0 : 0.0);
  }
  return count;
}

void Counter::count(tfm::NormOp op) {
  cost.pointwise += elements(op.getInput()) *
                    perElement(op.getKind(), !!op.getScale(), !!op.getShift(),
                               !!op.getOffset(), op.getUncentred());
}

void Counter::count(tfm::AttentionOp op) {
  double heads = static_cast<double>(op.getNumHeads());
  double kvHeads = static_cast<double>(op.getNumKvHeads());
  Polynomial batch = extent(op.getQuery(), 0);
  Polynomial queries = extent(op.getQuery(), 1);
  Polynomial keys = extent(op.getKey(), 1);

  // Pairs of a query and a key that it sees. With `past`, query t stands at
  // position keys - queries + t.
  Polynomial pairs = batch * queries * keys;
  if (op.getCausal()) {
    pairs = batch * queries * (queries + 1.0) * 0.5;
    if (op.getPast())
      pairs += batch * queries * (keys - queries);
  }
  // All heads together are as wide as queries and output.
  Polynomial outputWidth = extent(op.getOutput(), 2);
  cost.attention += pairs * (extent(op.getQuery(), 2) + outputWidth) * 2.0;
  pairs *= heads;

  // Maximum, difference, exp, sum, quotient.
  double perPair = 5.0;
  if (op.getScale().convertToDouble() != 1.0)
    perPair += 1.0;
  if (op.getSoftCap())
    perPair += 3.0;
  if (Value mask = op.getMask())
    if (isa<FloatType>(getElementTypeOrSelf(mask)))
      perPair += 1.0;
  cost.pointwise += pairs * perPair;

  Polynomial queryRows = batch * queries, keyRows = batch * keys;
  if (std::optional<tfm::NormKind> kind = op.getQkNorm())
    cost.pointwise +=
        elements(op.getQuery()) *
            perElement(*kind, !!op.getQueryScale(), false, false, false) +
        elements(op.getKey()) *
            perElement(*kind, !!op.getKeyScale(), false, false, false);
  if (Value cos = op.getCos())
    cost.pointwise +=
        (queryRows * heads + keyRows * kvHeads) * extent(cos, 1) * (3.0 * 2.0);

  Polynomial outputs = queryRows * outputWidth;
  // alpha v and the sum; the gain of the product; the centre as a running sum
  // with a division, times gamma, and the difference.
  if (op.getAlpha())
    cost.pointwise += outputs * 2.0;
  if (op.getBeta())
    cost.pointwise += outputs;
  if (op.getGamma())
    cost.pointwise += outputs * 4.0;
  // A logarithm and a sum; a product and a sum per pair.
  if (op.getLogsumexp())
    cost.pointwise += queryRows * (2.0 * heads);
  if (op.getEntropy())
    cost.pointwise += pairs * 2.0;
}

void Counter::count(onnx::MatMulOp op) {
  auto lhs = cast<RankedTensorType>(op->getOperand(0).getType());
  Polynomial inner = extent(op->getOperand(0), lhs.getRank() - 1);
  Polynomial products = elements(op->getResult(0)) * inner * 2.0;
  // A product with a weight is a linear that was not recognised; of two
  // activations, as in an attention.
  bool hasWeight = llvm::any_of(op->getOperands(), isWeight);
  (hasWeight ? cost.linear : cost.attention) += products;
}

void Counter::count(onnx::GemmOp op) {
  Polynomial inner = extent(op->getOperand(0), op.getTransA() ? 0 : 1);
  Polynomial results = elements(op->getResult(0));
  cost.linear += results * inner * 2.0;
  if (op->getNumOperands() > 2)
    cost.pointwise += results;
}

void Counter::count(onnx::ConvOp op) {
  // Each output reads one filter: the weight without its first dimension.
  auto weight = cast<RankedTensorType>(op->getOperand(1).getType());
  Polynomial filter(1.0);
  for (int64_t dim = 1; dim < weight.getRank(); ++dim)
    filter *= extent(op->getOperand(1), dim);
  cost.linear += elements(op->getResult(0)) * filter * 2.0;
}

/// One operation per element of the result.
void Counter::countPointwise(Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  // Integers and truth values are positions and masks.
  if (type && isa<FloatType>(type.getElementType()))
    cost.pointwise += elements(op->getResult(0));
}

/// Activations go in and out once; parameters are counted by the model.
void Counter::countTraffic(Operation *op) {
  auto bytes = [&](Value value) {
    auto type = dyn_cast<RankedTensorType>(value.getType());
    if (!type)
      return Polynomial();
    return elements(value) *
           static_cast<double>(getStorageBytes(type.getElementType()));
  };
  for (Value operand : op->getOperands())
    if (!isWeight(operand))
      cost.activationBytes += bytes(operand);
  for (Value result : op->getResults())
    cost.activationBytes += bytes(result);
}

static double perElement(tfm::ActivationKind kind) {
  switch (kind) {
  case tfm::ActivationKind::ReLU:
  case tfm::ActivationKind::Tanh:
  case tfm::ActivationKind::Sigmoid:
    return 1.0;
  case tfm::ActivationKind::LeakyReLU: // a comparison, a product
  case tfm::ActivationKind::SiLU:      // x sigmoid(x)
    return 2.0;
  case tfm::ActivationKind::GELUSigmoid: // x sigmoid(1.702 x)
    return 3.0;
  case tfm::ActivationKind::GELUErf: // x / 2 (1 + erf(x / sqrt(2)))
    return 5.0;
  case tfm::ActivationKind::GELUTanh: // x / 2 (1 + tanh(a (x + b x^3)))
    return 9.0;
  }
  return 1.0;
}

std::optional<Cost> Counter::count(Operation *op) {
  bool isCounted =
      llvm::TypeSwitch<Operation *, bool>(op)
          .Case<tfm::LinearOp, tfm::NormOp, tfm::AttentionOp, onnx::MatMulOp,
                onnx::GemmOp, onnx::ConvOp>([&](auto typed) {
            count(typed);
            return true;
          })
          .Case([&](tfm::ActivationOp activation) {
            cost.pointwise += elements(activation->getResult(0)) *
                              report::perElement(activation.getKind());
            return true;
          })
          .Case([&](tfm::AddScaledOp sum) {
            cost.pointwise += elements(sum.getResult()) *
                              (1.0 + (sum.getLhsGain() ? 1.0 : 0.0) +
                               (sum.getRhsGain() ? 1.0 : 0.0));
            return true;
          })
          .Case<tfm::ScaleOp, tfm::GateOp>([&](auto product) {
            cost.pointwise += elements(product.getResult());
            return true;
          })
          .Case([&](tfm::EmbeddingOp embedding) {
            if (embedding.getPositionTable())
              cost.pointwise += elements(embedding.getResult());
            return true;
          })
          // Maximum, difference, exponential, sum; a logarithm per row.
          .Case([&](tfm::CrossEntropyOp loss) {
            cost.pointwise += elements(loss.getLogits()) * 4.0 +
                              elements(loss.getResult()) * 2.0;
            return true;
          })
          .Case([&](onnx::SoftmaxOp softmax) {
            cost.pointwise += elements(softmax->getResult(0)) * 5.0;
            return true;
          })
          .Case([&](onnx::LayerNormalizationOp norm) {
            cost.pointwise +=
                elements(norm->getOperand(0)) *
                (5.0 + static_cast<double>(norm->getNumOperands() - 1));
            return true;
          })
          .Case<onnx::ReduceMeanOp, onnx::ReduceSumOp, onnx::ReduceMaxOp,
                onnx::ReduceMinOp, onnx::ReduceProdOp, onnx::CumSumOp>(
              [&](auto reduction) {
                cost.pointwise += elements(reduction->getOperand(0));
                return true;
              })
          .Case([&](onnx::ReduceL2Op reduction) {
            cost.pointwise += elements(reduction->getOperand(0)) * 2.0;
            return true;
          })
          // No arithmetic: copies, comparisons of positions, selections.
          .Case<tfm::SplitOp, tfm::CastOp, onnx::ShapeOp, onnx::ReshapeOp,
                onnx::ExpandOp, onnx::ConstantOfShapeOp, onnx::SliceOp,
                onnx::GatherOp, onnx::ConcatOp, onnx::SplitOp,
                onnx::TransposeOp, onnx::SqueezeOp, onnx::UnsqueezeOp,
                onnx::RangeOp, onnx::IdentityOp, onnx::CastOp, onnx::WhereOp,
                onnx::GatherElementsOp, onnx::GatherNDOp,
                onnx::ScatterElementsOp, onnx::ScatterNDOp, onnx::PadOp>(
              [&](auto) { return true; })
          .Case<onnx::AddOp, onnx::SubOp, onnx::MulOp, onnx::DivOp, onnx::MaxOp,
                onnx::MinOp, onnx::ModOp, onnx::PowOp, onnx::EqualOp,
                onnx::LessOp, onnx::LessOrEqualOp, onnx::GreaterOp,
                onnx::GreaterOrEqualOp, onnx::AndOp, onnx::OrOp, onnx::NotOp,
                onnx::NegOp, onnx::AbsOp, onnx::ReluOp, onnx::ExpOp,
                onnx::LogOp, onnx::SqrtOp, onnx::ReciprocalOp, onnx::ErfOp,
                onnx::SinOp, onnx::CosOp, onnx::TanOp, onnx::TanhOp,
                onnx::SigmoidOp, onnx::FloorOp, onnx::CeilOp, onnx::RoundOp>(
              [&](auto pointwise) {
                countPointwise(pointwise);
                return true;
              })
          .Default([](Operation *) { return false; });
  if (!isCounted)
    return std::nullopt;
  // Reshapes and their like are views.
  if (!isa<onnx::ReshapeOp, onnx::SqueezeOp, onnx::UnsqueezeOp, onnx::ShapeOp,
           onnx::IdentityOp, tfm::SplitOp>(op))
    countTraffic(op);
  if (!known)
    return std::nullopt;
  return cost;
}

std::optional<Cost> countOp(Operation *op, SymbolicExtents &extents) {
  return Counter(extents).count(op);
}

} // namespace ockham::report
