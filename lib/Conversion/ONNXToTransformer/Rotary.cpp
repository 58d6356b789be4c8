//===- Rotary.cpp - Rotary position embeddings ----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Rotary.h"

#include "Constants.h"
#include "Raising.h"
#include "ockham/Support/ConstantData.h"

using namespace mlir;

namespace ockham::raising {

static int64_t getLastExtent(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape().back();
}

//===----------------------------------------------------------------------===//
// Slices of channels
//===----------------------------------------------------------------------===//

static std::optional<ChannelSlice> matchSplitResult(Value input,
                                                    OpResult result) {
  ChannelSlice slice{input};
  for (Value part :
       result.getOwner()->getResults().take_front(result.getResultNumber())) {
    if (ShapedType::isDynamic(getLastExtent(part)))
      return std::nullopt;
    slice.begin += getLastExtent(part);
  }
  slice.size = getLastExtent(result);
  return slice;
}

std::optional<ChannelSlice> matchChannelSlice(Value value) {
  auto result = dyn_cast<OpResult>(value);
  if (!result || getRank(value) == 0 ||
      ShapedType::isDynamic(getLastExtent(value)))
    return std::nullopt;
  if (auto split = dyn_cast<onnx::SplitOp>(result.getOwner()))
    return static_cast<int64_t>(split.getAxis()) == getRank(result) - 1
               ? matchSplitResult(split.getInput(), result)
               : std::nullopt;
  if (auto split = dyn_cast<tfm::SplitOp>(result.getOwner()))
    return matchSplitResult(split.getInput(), result);
  auto slice = dyn_cast<onnx::SliceOp>(result.getOwner());
  if (!slice || slice.getAxes() != ArrayRef<int64_t>{getRank(value) - 1} ||
      slice.getStaticStarts()[0] < 0 || slice.getSteps()[0] <= 0)
    return std::nullopt;
  return ChannelSlice{slice.getInput(), slice.getStaticStarts()[0],
                      slice.getSteps()[0], getLastExtent(value)};
}

//===----------------------------------------------------------------------===//
// The rotation
//===----------------------------------------------------------------------===//

namespace {

/// The first or second members of all pairs of channels of `input`.
struct HalfPairs {
  Value input;
  bool isSecond = false;
  bool interleaved = false;
};

} // namespace

static std::optional<HalfPairs> matchHalf(Value value) {
  // Neighbours are often put together along a dimension of their own.
  if (auto unsqueeze = value.getDefiningOp<onnx::UnsqueezeOp>())
    if (unsqueeze.getAxes() == ArrayRef<int64_t>{getRank(value) - 1})
      value = unsqueeze.getInput();
  std::optional<ChannelSlice> slice = matchChannelSlice(value);
  if (!slice || slice->size * 2 != getLastExtent(slice->input))
    return std::nullopt;
  HalfPairs half{slice->input};
  half.interleaved = slice->step == 2;
  if (slice->step > 2)
    return std::nullopt;
  int64_t second = half.interleaved ? 1 : slice->size;
  if (slice->begin != 0 && slice->begin != second)
    return std::nullopt;
  half.isSecond = slice->begin != 0;
  // One pair is both.
  if (slice->size == 1)
    half.interleaved = false;
  return half;
}

/// The two halves that were put together: as halves, or as neighbours.
static std::optional<std::pair<Value, Value>> matchPairs(Value value,
                                                         bool &interleaved) {
  interleaved = false;
  Value joined = value;
  if (auto reshape = value.getDefiningOp<onnx::ReshapeOp>()) {
    // [.., pairs, 2] to [.., channels]: the leading extents cannot change
    // places.
    auto type = cast<RankedTensorType>(reshape.getInput().getType());
    if (type.getRank() != getRank(value) + 1 || type.getShape().back() != 2 ||
        ShapedType::isDynamic(getLastExtent(value)) ||
        type.getDimSize(type.getRank() - 2) * 2 != getLastExtent(value) ||
        !haveEqualLeadingExtents(reshape.getInput(), 2,
                                 reshape.getStaticShape(), reshape.getShape(),
                                 1))
      return std::nullopt;
    interleaved = true;
    joined = reshape.getInput();
  }
  auto concat = joined.getDefiningOp<onnx::ConcatOp>();
  if (!concat || concat.getInputs().size() != 2 ||
      static_cast<int64_t>(concat.getAxis()) != getRank(joined) - 1)
    return std::nullopt;
  Value first = concat.getInputs()[0], second = concat.getInputs()[1];
  if (getLastExtent(first) != getLastExtent(second))
    return std::nullopt;
  return std::pair(first, second);
}

/// Whether `value` is (-b, a) for the pairs (a, b) of a value.
static std::optional<HalfPairs> matchTurned(Value value) {
  bool interleaved = false;
  auto pairs = matchPairs(value, interleaved);
  if (!pairs)
    return std::nullopt;
  Value negated = pairs->first;
  if (auto unsqueeze = negated.getDefiningOp<onnx::UnsqueezeOp>())
    if (unsqueeze.getAxes() == ArrayRef<int64_t>{getRank(negated) - 1})
      negated = unsqueeze.getInput();
  auto neg = negated.getDefiningOp<onnx::NegOp>();
  if (!neg)
    return std::nullopt;
  std::optional<HalfPairs> second = matchHalf(neg.getInput());
  std::optional<HalfPairs> first = matchHalf(pairs->second);
  if (!first || !second || first->isSecond || !second->isSecond ||
      first->input != second->input ||
      first->interleaved != second->interleaved)
    return std::nullopt;
  if (getLastExtent(first->input) > 2 && first->interleaved != interleaved)
    return std::nullopt;
  first->interleaved = interleaved;
  return first;
}

static std::array<Value, 2> getFactors(Value value) {
  if (auto mul = value.getDefiningOp<onnx::MulOp>())
    return {mul.getLhs(), mul.getRhs()};
  return {};
}

/// x cos + turned(x) sin.
static std::optional<Rotary> matchSumForm(Value value) {
  auto add = value.getDefiningOp<onnx::AddOp>();
  if (!add)
    return std::nullopt;
  std::array<Value, 2> left = getFactors(add.getLhs());
  std::array<Value, 2> right = getFactors(add.getRhs());
  if (!left[0] || !right[0])
    return std::nullopt;
  for (bool swapped : {false, true}) {
    auto &plain = swapped ? right : left, &turned = swapped ? left : right;
    for (unsigned i : {0, 1}) {
      std::optional<HalfPairs> half = matchTurned(turned[i]);
      if (!half)
        continue;
      for (unsigned j : {0, 1})
        if (plain[j] == half->input)
          return Rotary{half->input, getLastExtent(value), half->interleaved,
                        plain[1 - j], turned[1 - i]};
    }
  }
  return std::nullopt;
}

/// One member of the turned pairs: a * p + sign * b * q.
static bool matchMember(Value value, double sign, Value &a, Value &p, Value &b,
                        Value &q) {
  Operation *op = value.getDefiningOp();
  if (auto unsqueeze = dyn_cast_or_null<onnx::UnsqueezeOp>(op))
    if (unsqueeze.getAxes() == ArrayRef<int64_t>{getRank(value) - 1})
      op = unsqueeze.getInput().getDefiningOp();
  if (sign < 0 ? !isa_and_nonnull<onnx::SubOp>(op)
               : !isa_and_nonnull<onnx::AddOp>(op))
    return false;
  auto left = getFactors(op->getOperand(0)),
       right = getFactors(op->getOperand(1));
  if (!left[0] || !right[0])
    return false;
  for (auto &factors : {&left, &right})
    if (!matchHalf((*factors)[0]))
      std::swap((*factors)[0], (*factors)[1]);
  std::optional<HalfPairs> half = matchHalf(left[0]);
  if (!half || !matchHalf(right[0]))
    return false;
  if (half->isSecond) {
    if (sign < 0)
      return false;
    std::swap(left, right);
  }
  a = left[0];
  p = left[1];
  b = right[0];
  q = right[1];
  return true;
}

/// (a cos - b sin, b cos + a sin), put together.
static std::optional<Rotary> matchPairForm(Value value) {
  bool interleaved = false;
  auto pairs = matchPairs(value, interleaved);
  if (!pairs)
    return std::nullopt;
  Value a, b, cos, sin, otherA, otherB, otherCos, otherSin;
  if (!matchMember(pairs->first, -1.0, a, cos, b, sin) ||
      !matchMember(pairs->second, 1.0, otherA, otherSin, otherB, otherCos))
    return std::nullopt;
  std::optional<HalfPairs> first = matchHalf(a), second = matchHalf(b);
  if (a != otherA || b != otherB || cos != otherCos || sin != otherSin ||
      first->isSecond || !second->isSecond || first->input != second->input ||
      first->interleaved != second->interleaved)
    return std::nullopt;
  if (getLastExtent(first->input) > 2 && first->interleaved != interleaved)
    return std::nullopt;
  return Rotary{first->input, getLastExtent(value), interleaved, cos, sin};
}

static std::optional<Rotary> matchWhole(Value value) {
  std::optional<Rotary> rotary = matchSumForm(value);
  return rotary ? rotary : matchPairForm(value);
}

std::optional<Rotary> matchRotary(Value value) {
  if (ShapedType::isDynamic(getLastExtent(value)))
    return std::nullopt;
  if (std::optional<Rotary> rotary = matchWhole(value))
    return rotary;
  // The first channels are rotated, the others pass.
  auto concat = value.getDefiningOp<onnx::ConcatOp>();
  if (!concat || concat.getInputs().size() != 2 ||
      static_cast<int64_t>(concat.getAxis()) != getRank(value) - 1)
    return std::nullopt;
  std::optional<Rotary> rotary = matchWhole(concat.getInputs()[0]);
  std::optional<ChannelSlice> rest = matchChannelSlice(concat.getInputs()[1]);
  if (!rotary || !rest)
    return std::nullopt;
  std::optional<ChannelSlice> turned = matchChannelSlice(rotary->input);
  if (!turned || turned->input != rest->input || turned->begin != 0 ||
      turned->step != 1 || rest->begin != turned->size || rest->step != 1 ||
      turned->size + rest->size != getLastExtent(rest->input))
    return std::nullopt;
  rotary->input = turned->input;
  return rotary;
}

} // namespace ockham::raising
