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

static int64_t getRank(Value value) {
  return cast<RankedTensorType>(value.getType()).getRank();
}

//===----------------------------------------------------------------------===//
// Slices of channels
//===----------------------------------------------------------------------===//

static std::optional<ChannelSlice> matchSplitResult(onnx::SplitOp split,
                                                    OpResult result) {
  if (static_cast<int64_t>(split.getAxis()) != getRank(result) - 1)
    return std::nullopt;
  ChannelSlice slice{split.getInput()};
  for (Value part : split.getResults().take_front(result.getResultNumber())) {
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
    return matchSplitResult(split, result);
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

//===----------------------------------------------------------------------===//
// Angles
//===----------------------------------------------------------------------===//

/// Whether the last dimension holds every element twice because two equal
/// tensors were put together, halves or neighbours; looks through what works
/// element by element.
static bool isDoubled(Value value, bool interleaved, unsigned depth = 0) {
  Operation *op = value.getDefiningOp();
  if (!op || depth > 8)
    return false;
  bool areNeighbours = false;
  if (auto pairs = matchPairs(value, areNeighbours)) {
    auto peel = [&](Value half) {
      auto unsqueeze = half.getDefiningOp<onnx::UnsqueezeOp>();
      return areNeighbours && unsqueeze ? Value(unsqueeze.getInput()) : half;
    };
    return areNeighbours == interleaved &&
           peel(pairs->first) == peel(pairs->second);
  }
  if (isa<onnx::CosOp, onnx::SinOp, onnx::CastOp, onnx::IdentityOp>(op))
    return isDoubled(op->getOperand(0), interleaved, depth + 1);
  if (auto unsqueeze = dyn_cast<onnx::UnsqueezeOp>(op))
    return !llvm::is_contained(unsqueeze.getAxes(), getRank(value) - 1) &&
           isDoubled(unsqueeze.getInput(), interleaved, depth + 1);
  if (auto mul = dyn_cast<onnx::MulOp>(op)) {
    auto type = cast<RankedTensorType>(mul.getRhs().getType());
    return type.hasStaticShape() && type.getNumElements() == 1 &&
           isDoubled(mul.getLhs(), interleaved, depth + 1);
  }
  return false;
}

/// The matrix of a constant buffer.
static Value getConstantMatrix(OpBuilder &builder, Value buffer,
                               const Rotary &rotary, std::string &why) {
  std::optional<ConstantData> data = ConstantData::get(buffer);
  if (!data) {
    why = "the angles are not known";
    return Value();
  }
  int64_t half = rotary.rotated / 2, width = data->getShape().back();
  int64_t count = data->size() / width;
  if (width == half)
    return reshapeConstant(builder, buffer, {count, half});
  SmallVector<int64_t> indices;
  for (int64_t i = 0; i < half; ++i)
    indices.push_back(rotary.interleaved ? 2 * i : i);
  int64_t distance = rotary.interleaved ? 1 : half;
  for (int64_t row = 0; row < count; ++row)
    for (int64_t i : indices)
      if (data->getFloat(row * width + i) !=
          data->getFloat(row * width + i + distance)) {
        why = "the angles of a pair differ";
        return Value();
      }
  Value matrix = reshapeConstant(builder, buffer, {count, width});
  return matrix ? gatherConstant(builder, matrix, 1, indices) : Value();
}

Value getAngleMatrix(OpBuilder &builder, Value angles, const Rotary &rotary,
                     const Extent &positions, std::string &why) {
  auto type = cast<RankedTensorType>(angles.getType());
  int64_t rank = type.getRank(), half = rotary.rotated / 2;
  if (rank < 2 || (type.getShape().back() != half &&
                   type.getShape().back() != rotary.rotated)) {
    why = "cos and sin are not [.., positions, channels]";
    return Value();
  }
  if (llvm::any_of(type.getShape().drop_back(2),
                   [](int64_t extent) { return extent != 1; })) {
    why = "the angles differ between sequences or heads";
    return Value();
  }
  if (getExtent(angles, rank - 2) != positions) {
    why = "the angles are not one row per position";
    return Value();
  }
  // A buffer of which the first positions are taken.
  Value buffer = angles;
  while (Operation *op = buffer.getDefiningOp()) {
    if (auto unsqueeze = dyn_cast<onnx::UnsqueezeOp>(op))
      buffer = unsqueeze.getInput();
    else if (auto slice = dyn_cast<onnx::SliceOp>(op);
             slice && isPrefix(slice) &&
             slice.getAxes() ==
                 ArrayRef<int64_t>{getRank(slice.getInput()) - 2})
      buffer = slice.getInput();
    else
      break;
  }
  if (isParameterOrConstant(buffer))
    return getConstantMatrix(builder, buffer, rotary, why);

  if (type.getShape().back() != half) {
    if (!isDoubled(angles, rotary.interleaved)) {
      why = "the angles of a pair may differ";
      return Value();
    }
    SmallVector<int64_t> shape(type.getShape());
    shape.back() = half;
    // Every second one, or the first half.
    angles = onnx::SliceOp::create(
        builder, angles.getLoc(), type.clone(shape), angles, ValueRange(),
        ValueRange(), ArrayRef<int64_t>{0},
        ArrayRef<int64_t>{rotary.interleaved ? rotary.rotated : half},
        ArrayRef<int64_t>{rank - 1},
        ArrayRef<int64_t>{rotary.interleaved ? 2 : 1});
  }
  if (rank == 2)
    return angles;
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank - 2));
  auto matrix = RankedTensorType::get({type.getDimSize(rank - 2), half},
                                      type.getElementType());
  return onnx::SqueezeOp::create(builder, angles.getLoc(), matrix, angles,
                                 ArrayRef<int64_t>(axes));
}

} // namespace ockham::raising
