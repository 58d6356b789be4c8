//===- Rotary.cpp - Rotary position embeddings ----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Su et al. 2021, RoFormer: pairs of channels are turned by an angle that grows
// with the position. Here cosine and sine come as tables.
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"
#include "Operators.h"

using namespace mlir;

namespace ockham::importer {

Value rotate(NodeImporter &n, Value x, Value cos, Value sin, int64_t width,
             bool interleaved) {
  if (!x || !cos || !sin)
    return Value();
  RankedTensorType type = n.getType(x);
  Type element = type.getElementType();
  int64_t rank = type.getRank(), full = type.getShape().back();
  Value turned = sliceLast(n, x, 0, width);
  if (!turned)
    return Value();
  SmallVector<OpFoldResult> shape;
  Value first, second;
  if (interleaved) {
    // Neighbours are pairs: they get a dimension of their own.
    for (int64_t dim = 0; dim < rank; ++dim)
      shape.push_back(n.getDim(turned, dim));
    SmallVector<OpFoldResult> paired(shape);
    paired.back() = n.getBuilder().getIndexAttr(width / 2);
    paired.push_back(n.getBuilder().getIndexAttr(2));
    Value pairs = n.createReshape(turned, paired);
    first = sliceLast(n, pairs, 0, 1);
    second = sliceLast(n, pairs, 1, 2);
    cos = unsqueeze(n, cos, {n.getType(cos).getRank()});
    sin = unsqueeze(n, sin, {n.getType(sin).getRank()});
  } else {
    first = sliceLast(n, turned, 0, width / 2);
    second = sliceLast(n, turned, width / 2, width);
  }
  auto product = [&](Value lhs, Value rhs) {
    return n.create<onnx::MulOp>(element, lhs, rhs);
  };
  Value real =
      n.create<onnx::SubOp>(element, product(first, cos), product(second, sin));
  Value imaginary =
      n.create<onnx::AddOp>(element, product(second, cos), product(first, sin));
  Value result =
      concatenate(n, {real, imaginary}, interleaved ? rank : rank - 1);
  if (interleaved && result)
    result = n.createReshape(result, shape);
  if (width == full)
    return result;
  return concatenate(n, {result, sliceLast(n, x, width, full)}, rank - 1);
}

namespace {

/// An operand of a rotary embedding as [batch, heads, sequence, head size] or
/// [batch, sequence, heads, head size].
struct RotaryInput {
  Value heads;
  int64_t sequenceDim;
  int64_t width;
};

} // namespace

/// Splits `x` into heads; `numHeads` is 0 where rank 4 tells it.
static FailureOr<RotaryInput> getRotaryInput(NodeImporter &n, Value x,
                                             int64_t numHeads) {
  RankedTensorType type = n.getType(x);
  if (failed(n.requireFloat(x)))
    return failure();
  if (type.getRank() == 4) {
    int64_t width = type.getDimSize(3);
    if (ShapedType::isDynamic(width))
      return n.fail("the head size is known only at run time, expected a fixed "
                    "number");
    return RotaryInput{x, 2, width};
  }
  if (type.getRank() != 3)
    return n.fail("operand has rank " + llvm::Twine(type.getRank()) +
                  ", expected 3 or 4");
  FailureOr<int64_t> width = getHeadWidth(n, x, numHeads, "the operand");
  if (failed(width))
    return failure();
  OpBuilder &b = n.getBuilder();
  Value heads =
      n.createReshape(x, {n.getDim(x, 0), n.getDim(x, 1),
                          b.getIndexAttr(numHeads), b.getIndexAttr(*width)});
  if (!heads)
    return failure();
  return RotaryInput{heads, 1, *width};
}

/// How many channels of a head are turned.
static FailureOr<int64_t> getRotaryWidth(NodeImporter &n, int64_t headWidth) {
  int64_t width = n.getInt("rotary_embedding_dim", 0);
  if (width == 0)
    width = headWidth;
  if (width < 2 || width > headWidth || width % 2 != 0)
    return n.fail("rotates " + llvm::Twine(width) + " of " +
                  count(headWidth, "channel") +
                  ", expected an even number of them");
  return width;
}

/// Rotates by [batch, sequence, width / 2] of cosines and sines and gives the
/// result the shape of the operand.
static LogicalResult finishRotary(NodeImporter &n, Value x,
                                  const RotaryInput &input, Value cos,
                                  Value sin, int64_t width) {
  int64_t headDim = input.sequenceDim == 2 ? 1 : 2;
  Value result =
      rotate(n, input.heads, unsqueeze(n, cos, {headDim}),
             unsqueeze(n, sin, {headDim}), width, n.getInt("interleaved", 0));
  if (!result || n.getType(x).getRank() == 4)
    return n.setResult(result);
  return n.setResult(n.createReshape(
      result, {n.getDim(x, 0), n.getDim(x, 1), n.getDim(x, 2)}));
}

LogicalResult importRotaryEmbedding(NodeImporter &n) {
  Value x = n.getOperand(0);
  int64_t heads = n.getInt("num_heads", 0);
  if (n.getType(x).getRank() == 3 && heads == 0)
    return n.fail("has no num_heads, which an operand of rank 3 needs");
  FailureOr<RotaryInput> input = getRotaryInput(n, x, heads);
  if (failed(input))
    return failure();
  FailureOr<int64_t> width = getRotaryWidth(n, input->width);
  if (failed(width))
    return failure();
  Value ids = n.getOperand(3), caches[2];
  for (unsigned i = 0; i < 2; ++i) {
    StringRef name = i == 0 ? "cos_cache" : "sin_cache";
    Value cache = caches[i] = n.getOperand(1 + i);
    RankedTensorType type = n.getType(input->heads);
    SmallVector<int64_t> shape = {ShapedType::kDynamic, *width / 2};
    if (!ids)
      shape = {type.getDimSize(0), type.getDimSize(input->sequenceDim),
               *width / 2};
    if (failed(requireShape(n, cache, name, shape)))
      return failure();
    if (ids)
      caches[i] =
          n.create<onnx::GatherOp>(n.getElement(cache), cache, ids, int64_t(0));
  }
  if (ids && failed(requireShape(n, ids, "position_ids",
                                 {ShapedType::kDynamic, ShapedType::kDynamic})))
    return failure();
  return finishRotary(n, x, *input, caches[0], caches[1], *width);
}

// The positions are an operand always: [batch, sequence], or one that the
// first token of every sequence has.
LogicalResult importMicrosoftRotaryEmbedding(NodeImporter &n) {
  Value x = n.getOperand(0), ids = n.getOperand(1);
  if (n.getInt("is_packed_batching", 0) != 0)
    return n.fail("is_packed_batching is set, which is not supported");
  if (n.getFloat("scale", 1) != 1)
    return n.fail("scale is " + std::to_string(n.getFloat("scale", 1)) +
                  ", expected 1");
  int64_t heads = n.getInt("num_heads", 0);
  if (n.getType(x).getRank() == 3 && heads == 0) {
    if (n.getInt("rotary_embedding_dim", 0) != 0)
      return n.fail(
          "has rotary_embedding_dim but no num_heads, which it needs");
    // Heads are as wide as the tables tell.
    constexpr int64_t any = ShapedType::kDynamic;
    if (failed(requireShape(n, n.getOperand(2), "cos_cache", {any, any})))
      return failure();
    int64_t half = n.getType(n.getOperand(2)).getDimSize(1);
    int64_t width = n.getType(x).getShape().back();
    if (ShapedType::isDynamic(half) || ShapedType::isDynamic(width) ||
        half == 0)
      return n.fail("has no num_heads, and the widths of the operand and of "
                    "cos_cache are known only at run time");
    heads = width / half / 2;
  }
  FailureOr<RotaryInput> input = getRotaryInput(n, x, heads);
  if (failed(input))
    return failure();
  FailureOr<int64_t> width = getRotaryWidth(n, input->width);
  if (failed(width))
    return failure();
  if (n.getType(ids).getRank() == 1) {
    if (failed(requireShape(n, ids, "position_ids", {1})))
      return failure();
    Type i64 = n.getBuilder().getI64Type();
    ids = n.create<onnx::AddOp>(
        i64, createPositionRange(n, input->heads, input->sequenceDim),
        castTo(n, i64, ids));
    ids = unsqueeze(n, ids, {0});
  }
  if (!ids ||
      failed(requireShape(n, ids, "position_ids",
                          {ShapedType::kDynamic, ShapedType::kDynamic})))
    return failure();
  Value caches[2];
  for (unsigned i = 0; i < 2; ++i) {
    Value cache = n.getOperand(2 + i);
    if (failed(requireShape(n, cache, i == 0 ? "cos_cache" : "sin_cache",
                            {ShapedType::kDynamic, *width / 2})))
      return failure();
    caches[i] =
        n.create<onnx::GatherOp>(n.getElement(cache), cache, ids, int64_t(0));
  }
  return finishRotary(n, x, *input, caches[0], caches[1], *width);
}

} // namespace ockham::importer
