//===- Attention.cpp - Attention, as the formula of the reference ---------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"
#include "Operators.h"

#include "../GraphImporter.h"
#include "../TensorReader.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <cmath>

using namespace mlir;

namespace ockham::importer {

namespace {

/// What the importer of an Attention node passes from step to step.
struct AttentionState {
  /// [batch, heads, sequence, width]
  Value query, key, value;
  int64_t queryHeads = ShapedType::kDynamic;
  int64_t keyHeads = ShapedType::kDynamic;
  bool isFlat = false;
};

enum AttentionOperand : unsigned {
  kMask = 3,
  kPastKey,
  kPastValue,
  kLengths,
};
enum AttentionResult : unsigned { kPresentKey = 1, kPresentValue, kScores };

/// Which scores qk_matmul_output shows.
enum class ScoresMode : int64_t { Product, Capped, Masked, Normalised };

} // namespace

/// Reads query, key and value into [batch, heads, sequence, width].
static LogicalResult splitOperands(NodeImporter &n, AttentionState &state) {
  static constexpr StringLiteral names[] = {"Q", "K", "V"};
  static constexpr StringLiteral counts[] = {"q_num_heads", "kv_num_heads",
                                             "kv_num_heads"};
  Value *heads[] = {&state.query, &state.key, &state.value};
  for (unsigned i = 0; i < 3; ++i) {
    Value operand = n.getOperand(i);
    int64_t rank = n.getType(operand).getRank();
    state.isFlat = n.getType(n.getOperand(0)).getRank() == 3;
    if (failed(n.requireFloat(operand)))
      return failure();
    if (rank != (state.isFlat ? 3 : 4))
      return n.fail(
          names[i] + " has rank " + llvm::Twine(rank) +
          (i ? ", expected that of Q, " +
                   std::to_string(n.getType(n.getOperand(0)).getRank())
             : ", expected 3 or 4"));
    int64_t &number = i == 0 ? state.queryHeads : state.keyHeads;
    bool isGiven = n.hasAttribute(counts[i]);
    if (isGiven) {
      auto given = getCount(n, counts[i]);
      if (failed(given))
        return failure();
      number = *given;
    }
    if (state.isFlat && !isGiven)
      return n.fail("has no " + counts[i] + ", which operands of rank 3 need");
    if (state.isFlat) {
      *heads[i] = splitHeads(n, operand, number, names[i]);
    } else {
      *heads[i] = operand;
      int64_t extent = n.getType(operand).getDimSize(1);
      if (isGiven && !ShapedType::isDynamic(extent) && extent != number)
        return n.fail(names[i] + " has " + count(extent, "head") + ", but " +
                      counts[i] + " is " + llvm::Twine(number));
      if (i == 2 && !ShapedType::isDynamic(extent) &&
          !ShapedType::isDynamic(number) && extent != number)
        return n.fail("V has " + count(extent, "head") +
                      ", expected as many as K, " + llvm::Twine(number));
      if (!ShapedType::isDynamic(extent))
        number = extent;
    }
    if (!*heads[i])
      return failure();
  }
  return success();
}

/// How often each head of keys and values is used.
static FailureOr<OpFoldResult> getGroupSize(NodeImporter &n,
                                            const AttentionState &state) {
  OpBuilder &b = n.getBuilder();
  if (ShapedType::isDynamic(state.queryHeads) ||
      ShapedType::isDynamic(state.keyHeads)) {
    // Files say -1 for the number of heads; it is known once shapes are.
    auto getHeads = [&](Value value) {
      return getValueOrCreateConstantIndexOp(b, n.getLoc(), n.getDim(value, 1));
    };
    Value one = arith::ConstantIndexOp::create(b, n.getLoc(), 1);
    Value keyHeads =
        arith::MaxSIOp::create(b, n.getLoc(), getHeads(state.key), one);
    return OpFoldResult(
        arith::DivSIOp::create(b, n.getLoc(), getHeads(state.query), keyHeads)
            .getResult());
  }
  if (state.keyHeads == 0 || state.queryHeads % state.keyHeads != 0)
    return n.fail("Q has " + count(state.queryHeads, "head") +
                  ", expected a multiple of the " +
                  count(state.keyHeads, "head") + " of K and V");
  return OpFoldResult(b.getIndexAttr(state.queryHeads / state.keyHeads));
}

/// The factor of queries and keys: the root of the scale, on both sides, so
/// that products of narrow floats do not overflow.
static FailureOr<double> getScaleRoot(NodeImporter &n, Value query) {
  if (n.hasAttribute("scale")) {
    double scale = n.getFloat("scale", 1);
    if (!(scale >= 0))
      return n.fail("scale is " + std::to_string(scale) +
                    ", expected at least 0");
    return std::sqrt(scale);
  }
  int64_t width = n.getType(query).getDimSize(3);
  if (ShapedType::isDynamic(width) || width == 0)
    return n.fail("the head size of Q is " +
                  (width ? "known only at run time" : std::string("0")) +
                  ", and there is no scale");
  return std::pow(static_cast<double>(width), -0.25);
}

/// A mask that is shorter than the keys masks the rest, since version 24.
static Value padMask(NodeImporter &n, Value mask, Value scores) {
  RankedTensorType type = n.getType(mask);
  int64_t last = type.getRank() - 1;
  if (last < 0 || !scores)
    return mask;
  OpFoldResult given = n.getDim(mask, last), wanted = n.getDim(scores, 3);
  std::optional<int64_t> givenExtent = getConstantIntValue(given);
  std::optional<int64_t> wantedExtent = getConstantIntValue(wanted);
  OpBuilder &b = n.getBuilder();
  SmallVector<OpFoldResult> shape;
  for (int64_t dim = 0; dim < last; ++dim)
    shape.push_back(n.getDim(mask, dim));
  if (givenExtent && wantedExtent) {
    if (*givenExtent >= *wantedExtent)
      return mask;
    shape.push_back(b.getIndexAttr(*wantedExtent - *givenExtent));
  } else {
    Value lhs = getValueOrCreateConstantIndexOp(b, n.getLoc(), wanted);
    Value rhs = getValueOrCreateConstantIndexOp(b, n.getLoc(), given);
    shape.push_back(arith::SubIOp::create(b, n.getLoc(), lhs, rhs).getResult());
  }
  Type element = type.getElementType();
  TypedAttr hidden = b.getBoolAttr(false);
  if (auto floatType = dyn_cast<FloatType>(element)) {
    hidden = FloatAttr::get(
        floatType, APFloat::getInf(floatType.getFloatSemantics(), true));
  } else if (!element.isInteger(1)) {
    // An integer has no -inf.
    (void)n.fail("attn_mask has element type " + print(element) +
                 ", expected a float or bool where it is shorter than the "
                 "keys");
    return Value();
  }
  SmallVector<Value> dynamicShape;
  SmallVector<int64_t> staticShape;
  dispatchIndexOpFoldResults(shape, dynamicShape, staticShape);
  Value rest =
      n.create<onnx::ConstantOfShapeOp>(element, ValueRange(dynamicShape),
                                        ArrayRef<int64_t>(staticShape), hidden);
  return concatenate(n, {mask, rest}, last);
}

static Value applyMask(NodeImporter &n, Value scores) {
  Value mask = n.getOperand(kMask);
  if (!mask || !scores)
    return scores;
  if (n.getOpset() >= 24)
    mask = padMask(n, mask, scores);
  if (failed(requireBroadcast(n, mask, scores, "attn_mask")))
    return Value();
  Type element = n.getElement(scores);
  if (n.getElement(mask).isInteger(1))
    return maskScores(n, scores, mask);
  return n.create<onnx::AddOp>(element, scores, castTo(n, element, mask));
}

/// The element type in which the softmax is computed.
static FailureOr<Type> getSoftmaxType(NodeImporter &n, Type element) {
  if (!n.hasAttribute("softmax_precision"))
    return element;
  int32_t code = static_cast<int32_t>(n.getInt("softmax_precision", 0));
  Type precision = getElementType(code, n.getBuilder().getContext());
  if (!precision || !isa<FloatType>(precision))
    return n.fail("softmax_precision is element type " +
                  getElementTypeName(code) + ", expected a float");
  return precision;
}

/// Concatenates past and new keys and values.
static LogicalResult appendPast(NodeImporter &n, AttentionState &state) {
  Value pastKey = n.getOperand(kPastKey), pastValue = n.getOperand(kPastValue);
  if (!pastKey != !pastValue)
    return n.fail(llvm::Twine("has ") + (pastKey
                                             ? "past_key but no past_value"
                                             : "past_value but no past_key"));
  if (pastKey && n.hasOperand(kLengths))
    return n.fail("has past_key and nonpad_kv_seqlen, expected one of them");
  state.key = appendToPast(n, pastKey, state.key);
  state.value = appendToPast(n, pastValue, state.value);
  if (!state.key || !state.value)
    return failure();
  if (n.isResultUsed(kPresentKey) &&
      failed(n.setResult(kPresentKey, state.key)))
    return failure();
  if (n.isResultUsed(kPresentValue))
    return n.setResult(kPresentValue, state.value);
  return success();
}

LogicalResult importAttention(NodeImporter &n) {
  AttentionState state;
  if (failed(splitOperands(n, state)) || failed(appendPast(n, state)))
    return failure();
  FailureOr<OpFoldResult> groupSize = getGroupSize(n, state);
  FailureOr<double> root = getScaleRoot(n, state.query);
  Type element = n.getElement(state.query);
  FailureOr<Type> precision = getSoftmaxType(n, element);
  if (failed(groupSize) || failed(root) || failed(precision))
    return failure();
  int64_t mode = n.getInt("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3)
    return n.fail("qk_matmul_output_mode is " + llvm::Twine(mode) +
                  ", expected 0 to 3");
  auto showScores = [&](ScoresMode at, Value scores) -> LogicalResult {
    if (mode != static_cast<int64_t>(at) || !n.isResultUsed(kScores))
      return success(scores != nullptr);
    return n.setResult(kScores, castTo(n, element, scores));
  };

  Value scores =
      createScores(n, multiply(n, state.query, *root),
                   multiply(n, repeatHeads(n, state.key, *groupSize), *root));
  if (failed(showScores(ScoresMode::Product, scores)))
    return failure();

  double cap = n.getFloat("softcap", 0);
  if (!(cap >= 0))
    return n.fail("softcap is " + std::to_string(cap) +
                  ", expected at least 0");
  if (cap > 0) {
    Value ratio =
        n.create<onnx::DivOp>(element, scores, n.createScalar(element, cap));
    scores = multiply(n, n.create<onnx::TanhOp>(element, ratio), cap);
  }
  if (failed(showScores(ScoresMode::Capped, scores)))
    return failure();

  scores = applyMask(n, scores);
  if (n.getInt("is_causal", 0)) {
    // The first query stands behind what is past.
    Value offset;
    if (Value past = n.getOperand(kPastKey))
      offset = createExtent(n, past, 2);
    scores = maskScores(n, scores, createCausalMask(n, scores, offset));
  }
  if (Value lengths = n.getOperand(kLengths)) {
    if (failed(requireShape(n, lengths, "nonpad_kv_seqlen",
                            {n.getType(state.query).getDimSize(0)})))
      return failure();
    scores = maskScores(n, scores, createLengthMask(n, scores, lengths));
  }
  if (failed(showScores(ScoresMode::Masked, scores)))
    return failure();

  Value weights = n.create<onnx::SoftmaxOp>(
      *precision, castTo(n, *precision, scores), int64_t(3));
  if (failed(showScores(ScoresMode::Normalised, weights)))
    return failure();
  Value value = castTo(n, element, repeatHeads(n, state.value, *groupSize));
  Value output =
      n.create<onnx::MatMulOp>(element, castTo(n, element, weights), value);
  return n.setResult(state.isFlat ? mergeHeads(n, output) : output);
}

} // namespace ockham::importer
