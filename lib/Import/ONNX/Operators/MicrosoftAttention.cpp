//===- MicrosoftAttention.cpp - Attention of com.microsoft ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MicrosoftAttention.h"
#include "AttentionParts.h"
#include "Operators.h"

#include "../IndexValues.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;

namespace ockham::importer {

LogicalResult refuseOperands(NodeImporter &n, ArrayRef<NamedOperand> operands) {
  for (auto [index, name] : operands)
    if (n.hasOperand(index))
      return n.fail("has an operand " + quote(name) +
                    ", which is not supported");
  return success();
}

LogicalResult refuseFlags(NodeImporter &n, ArrayRef<StringRef> names) {
  for (StringRef name : names)
    if (n.getInt(name, 0) != 0)
      return n.fail(name + " is " + llvm::Twine(n.getInt(name, 0)) +
                    ", which is not supported");
  return success();
}

double getScale(NodeImporter &n, Value query) {
  double scale = n.getFloat("scale", 0);
  // 0 stands for the default.
  return scale != 0 ? scale
                    : 1 / std::sqrt(static_cast<double>(
                              n.getType(query).getDimSize(3)));
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

/// Rows of the last queries and columns of the first keys of a mask that is
/// made for the longest sequence.
static Value sliceLargeMask(NodeImporter &n, Value mask, Value scores,
                            OpFoldResult past) {
  OpBuilder &b = n.getBuilder();
  OpFoldResult queries = n.getDim(scores, 2);
  OpFoldResult end = combineIndices(b, n.getLoc(), IndexOp::Add, past, queries);
  SmallVector<OpFoldResult> starts = {past, b.getIndexAttr(0)};
  SmallVector<OpFoldResult> ends = {end, n.getDim(scores, 3)};
  SmallVector<Value> dynamicStarts, dynamicEnds;
  SmallVector<int64_t> staticStarts, staticEnds;
  dispatchIndexOpFoldResults(starts, dynamicStarts, staticStarts);
  dispatchIndexOpFoldResults(ends, dynamicEnds, staticEnds);
  return n.create<onnx::SliceOp>(
      n.getElement(mask), mask, ValueRange(dynamicStarts),
      ValueRange(dynamicEnds), ArrayRef<int64_t>(staticStarts),
      ArrayRef<int64_t>(staticEnds), ArrayRef<int64_t>{2, 3},
      ArrayRef<int64_t>{1, 1});
}

/// A vector of one number per sequence as [batch, 1, 1, 1].
static Value alongBatch(NodeImporter &n, Value numbers, Value scores) {
  Attribute one = n.getBuilder().getIndexAttr(1);
  return castTo(n, n.getBuilder().getI64Type(),
                n.createReshape(numbers, {n.getDim(scores, 0), one, one, one}));
}

/// Which keys are there, by the end of each sequence or, for a vector twice as
/// long as the batch, by its ends and then its starts.
static Value createRangeMask(NodeImporter &n, Value ranges, Value scores,
                             StringRef what) {
  Type i1 = n.getBuilder().getI1Type();
  int64_t size = n.getType(ranges).getDimSize(0);
  int64_t batch = n.getType(scores).getDimSize(0);
  bool isKnown = !ShapedType::isDynamic(size) && !ShapedType::isDynamic(batch);
  bool hasStarts = isKnown && batch > 0 && size == 2 * batch;
  if (isKnown && size != batch && !hasStarts) {
    (void)n.fail(what + " has " + count(size, "element") + " for a batch of " +
                 llvm::Twine(batch) + ", expected " + llvm::Twine(batch) +
                 " ends, or ends and starts");
    return Value();
  }
  Value positions = createPositionRange(n, scores, 3);
  if (!hasStarts)
    return n.create<onnx::LessOp>(i1, positions, alongBatch(n, ranges, scores));
  Value ends = alongBatch(n, sliceLast(n, ranges, 0, batch), scores);
  Value starts = alongBatch(n, sliceLast(n, ranges, batch, size), scores);
  return n.create<onnx::AndOp>(
      i1, n.create<onnx::LessOp>(i1, positions, ends),
      n.create<onnx::GreaterOrEqualOp>(i1, positions, starts));
}

/// Adds mask_filter_value to the scores of keys that are not there.
static Value applyPadding(NodeImporter &n, const DotProduct &product,
                          Value scores) {
  Value mask = product.mask, keep;
  if (!mask || !scores)
    return scores;
  int64_t rank = n.getType(mask).getRank();
  auto isSet = [&](Value x) -> Value {
    if (!x || n.getElement(x).isInteger(1))
      return x;
    return n.create<onnx::GreaterOp>(n.getBuilder().getI1Type(), x,
                                     n.createScalar(n.getElement(x), 0));
  };
  if (!isa<IntegerType>(n.getElement(mask))) {
    (void)n.fail(product.maskName + " holds floats, expected integers");
    return Value();
  }
  switch (rank) {
  case 1:
    keep = createRangeMask(n, mask, scores, product.maskName);
    break;
  case 2:
    keep = unsqueeze(n, isSet(mask), {1, 2});
    break;
  case 3:
    keep = unsqueeze(n, isSet(mask), {1});
    break;
  case 4:
    keep = isSet(sliceLargeMask(n, mask, scores, product.pastLength));
    break;
  default:
    (void)n.fail(product.maskName + " has rank " + llvm::Twine(rank) +
                 ", expected 1 to 4");
    return Value();
  }
  if (failed(requireBroadcast(n, keep, scores, product.maskName)))
    return Value();
  Type element = n.getElement(scores);
  Value addend = n.create<onnx::WhereOp>(
      element, keep, n.createScalar(element, 0),
      n.createScalar(element, n.getFloat("mask_filter_value", -10000)));
  return n.create<onnx::AddOp>(element, scores, addend);
}

//===----------------------------------------------------------------------===//
// The formula
//===----------------------------------------------------------------------===//

Value createDotProduct(NodeImporter &n, const DotProduct &product,
                       std::optional<unsigned> scoresResult) {
  if (!product.query || !product.key || !product.value)
    return Value();
  Type element = n.getElement(product.query);
  Value scores = multiply(n, createScores(n, product.query, product.key),
                          getScale(n, product.query));
  if (Value bias = product.bias) {
    if (failed(requireBroadcast(n, bias, scores, "attention_bias")))
      return Value();
    scores = n.create<onnx::AddOp>(element, scores, bias);
  }
  scores = applyPadding(n, product, scores);
  if (n.getInt("unidirectional", 0))
    scores = maskScores(n, scores,
                        createCausalMask(n, scores, product.causalOffset));
  if (scoresResult && n.isResultUsed(*scoresResult) &&
      (!scores || failed(n.setResult(*scoresResult, scores))))
    return Value();
  Value weights = n.create<onnx::SoftmaxOp>(element, scores, int64_t(3));
  return mergeHeads(n,
                    n.create<onnx::MatMulOp>(element, weights, product.value));
}

LogicalResult usePast(NodeImporter &n, DotProduct &product, Value pastKey,
                      Value pastValue) {
  product.pastLength = n.getBuilder().getIndexAttr(0);
  if (pastKey) {
    product.pastLength = n.getDim(pastKey, 2);
    product.causalOffset = createExtent(n, pastKey, 2);
  }
  product.key = appendToPast(n, pastKey, product.key);
  product.value = appendToPast(n, pastValue, product.value);
  return success(product.key && product.value);
}

//===----------------------------------------------------------------------===//
// Attention: with the projection of its input
//===----------------------------------------------------------------------===//

/// The widths of query, key and value in the columns of the weights.
static FailureOr<SmallVector<int64_t>> getProjectionWidths(NodeImporter &n,
                                                           Value weights) {
  int64_t width = n.getType(weights).getDimSize(1);
  if (ShapedType::isDynamic(width))
    return n.fail("the width of the weights is known only at run time, "
                  "expected a fixed number");
  SmallVector<int64_t> widths(3, width / 3);
  if (auto given = n.getInts("qkv_hidden_sizes"))
    if (!given->empty())
      widths = *given;
  if (widths.size() != 3 || widths[0] != widths[1] || widths[0] < 1 ||
      widths[2] < 1 || widths[0] > width || widths[2] > width ||
      width - widths[0] - widths[1] != widths[2])
    return n.fail("qkv_hidden_sizes are " + formatShape(widths) +
                  ", expected two equal widths and a third that add up to the "
                  "weights' " +
                  llvm::Twine(width));
  return widths;
}

LogicalResult importMicrosoftAttention(NodeImporter &n) {
  Value x = n.getOperand(0), weights = n.getOperand(1), bias = n.getOperand(2);
  constexpr int64_t any = ShapedType::kDynamic;
  if (failed(n.requireFloat(x)) ||
      failed(refuseFlags(n, {"do_rotary", "past_present_share_buffer"})) ||
      failed(refuseOperands(n, {{6, "past_sequence_length"}})) ||
      failed(requireShape(n, x, "input", {any, any, any})) ||
      failed(requireShape(n, weights, "weights", {any, any})))
    return failure();
  auto heads = getCount(n, "num_heads");
  auto widths = getProjectionWidths(n, weights);
  if (failed(heads) || failed(widths))
    return failure();
  Type element = n.getElement(x);
  Value rows = n.create<onnx::MatMulOp>(element, x, weights);
  if (bias) {
    if (failed(
            requireShape(n, bias, "bias", {n.getType(weights).getDimSize(1)})))
      return failure();
    rows = n.create<onnx::AddOp>(element, rows, bias);
  }
  if (!rows)
    return failure();
  auto split = onnx::SplitOp::create(
      n.getBuilder(), n.getLoc(),
      SmallVector<Type>(3, UnrankedTensorType::get(element)), rows,
      ValueRange(), ArrayRef<int64_t>(*widths), uint64_t(2));
  if (failed(n.finish(split, element)))
    return failure();
  DotProduct product;
  product.query = splitHeads(n, split->getResult(0), *heads, "the query");
  product.key = splitHeads(n, split->getResult(1), *heads, "the key");
  product.value = splitHeads(n, split->getResult(2), *heads, "the value");
  product.mask = n.getOperand(3);
  product.maskName = "mask_index";
  product.bias = n.getOperand(5);

  Value past[2];
  if (n.hasOperand(4)) {
    if (failed(requireShape(n, n.getOperand(4), "past",
                            {2, any, *heads, any, any})))
      return failure();
    for (int64_t i = 0; i < 2; ++i) {
      Value part = n.create<onnx::SliceOp>(
          element, n.getOperand(4), ValueRange(), ValueRange(),
          ArrayRef<int64_t>{i}, ArrayRef<int64_t>{i + 1}, ArrayRef<int64_t>{0},
          ArrayRef<int64_t>{1});
      past[i] = n.create<onnx::SqueezeOp>(element, part, ArrayRef<int64_t>{0});
      if (!past[i])
        return failure();
    }
  }
  if (failed(usePast(n, product, past[0], past[1])))
    return failure();
  if (n.isResultUsed(1)) {
    Value present = concatenate(
        n, {unsqueeze(n, product.key, {0}), unsqueeze(n, product.value, {0})},
        0);
    if (failed(n.setResult(1, present)))
      return failure();
  }
  return n.setResult(createDotProduct(n, product));
}

//===----------------------------------------------------------------------===//
// MultiHeadAttention
//===----------------------------------------------------------------------===//

/// Part `i` of [batch, sequence, heads, parts, width] as [batch, sequence,
/// heads * width].
static Value unpack(NodeImporter &n, Value packed, int64_t i) {
  Value part = n.create<onnx::SliceOp>(
      n.getElement(packed), packed, ValueRange(), ValueRange(),
      ArrayRef<int64_t>{i}, ArrayRef<int64_t>{i + 1}, ArrayRef<int64_t>{3},
      ArrayRef<int64_t>{1});
  if (!part)
    return Value();
  return n.createReshape(part, {n.getDim(part, 0), n.getDim(part, 1),
                                n.getDimProduct(part, 2, 5)});
}

/// Query, key and value as rows, or as heads where they come so.
static LogicalResult getMultiHeadRows(NodeImporter &n, int64_t heads,
                                      Value (&rows)[3]) {
  constexpr int64_t any = ShapedType::kDynamic;
  for (unsigned i = 0; i < 3; ++i)
    rows[i] = n.getOperand(i);
  int64_t rank = n.getType(rows[0]).getRank();
  if (rank == 5) {
    Value packed = rows[0];
    if (rows[1] || rows[2])
      return n.fail("query has rank 5, which holds key and value, but there "
                    "is a key or value");
    if (failed(requireShape(n, packed, "query", {any, any, heads, 3, any})))
      return failure();
    for (unsigned i = 0; i < 3; ++i)
      rows[i] = unpack(n, packed, i);
    return success(rows[0] && rows[1] && rows[2]);
  }
  if (rank != 3)
    return n.fail("query has rank " + llvm::Twine(rank) + ", expected 3 or 5");
  if (!rows[1])
    return n.fail("has no key, which a query of rank 3 needs");
  int64_t keyRank = n.getType(rows[1]).getRank();
  if (keyRank == 5) {
    Value packed = rows[1];
    if (rows[2])
      return n.fail("key has rank 5, which holds the value, but there is a "
                    "value");
    if (failed(requireShape(n, packed, "key", {any, any, heads, 2, any})))
      return failure();
    rows[1] = unpack(n, packed, 0);
    rows[2] = unpack(n, packed, 1);
    return success(rows[1] && rows[2]);
  }
  if (!rows[2])
    return n.fail("has no value, which a key of rank " + llvm::Twine(keyRank) +
                  " needs");
  SmallVector<int64_t> shape(3, any);
  if (keyRank == 4)
    shape = {any, heads, any, any};
  return success(succeeded(requireShape(n, rows[1], "key", shape)) &&
                 succeeded(requireShape(n, rows[2], "value", shape)));
}

/// Adds the parts of `bias` to query, key and value.
static LogicalResult addProjectionBias(NodeImporter &n, Value bias,
                                       Value (&rows)[3]) {
  if (!bias)
    return success();
  int64_t widths[3], total = 0;
  for (unsigned i = 0; i < 3; ++i) {
    RankedTensorType type = n.getType(rows[i]);
    if (type.getRank() != 3)
      return n.fail("has a bias and a key of rank 4, which is not supported");
    widths[i] = type.getDimSize(2);
    if (ShapedType::isDynamic(widths[i]))
      return n.fail("has a bias, and a width that is known only at run time");
    if (llvm::AddOverflow(total, widths[i], total))
      return n.fail("has rows of more elements than can be counted");
  }
  if (failed(requireShape(n, bias, "bias", {total})))
    return failure();
  int64_t begin = 0;
  for (unsigned i = 0; i < 3; begin += widths[i++])
    rows[i] =
        n.create<onnx::AddOp>(n.getElement(rows[i]), rows[i],
                              sliceLast(n, bias, begin, begin + widths[i]));
  return success(rows[0] && rows[1] && rows[2]);
}

LogicalResult importMultiHeadAttention(NodeImporter &n) {
  auto heads = getCount(n, "num_heads");
  if (failed(heads) || failed(n.requireFloat(n.getOperand(0))) ||
      failed(refuseOperands(
          n, {{8, "past_sequence_length"}, {9, "cache_indirection"}})))
    return failure();
  Value rows[3];
  if (failed(getMultiHeadRows(n, *heads, rows)) ||
      failed(addProjectionBias(n, n.getOperand(3), rows)))
    return failure();
  DotProduct product;
  auto split = [&](unsigned i, StringRef what) {
    return n.getType(rows[i]).getRank() == 4
               ? rows[i]
               : splitHeads(n, rows[i], *heads, what);
  };
  product.query = split(0, "the query");
  product.key = product.query ? split(1, "the key") : Value();
  product.value = product.key ? split(2, "the value") : Value();
  product.mask = n.getOperand(4);
  product.maskName = "key_padding_mask";
  product.bias = n.getOperand(5);
  Value pastKey = n.getOperand(6), pastValue = n.getOperand(7);
  if (!pastKey != !pastValue)
    return n.fail("has only one of past_key and past_value");
  constexpr int64_t any = ShapedType::kDynamic;
  SmallVector<int64_t> shape = {any, *heads, any, any};
  if ((pastKey && failed(requireShape(n, pastKey, "past_key", shape))) ||
      (pastValue && failed(requireShape(n, pastValue, "past_value", shape))))
    return failure();
  if (!product.value || failed(usePast(n, product, pastKey, pastValue)))
    return failure();
  if ((n.isResultUsed(1) && failed(n.setResult(1, product.key))) ||
      (n.isResultUsed(2) && failed(n.setResult(2, product.value))))
    return failure();
  return n.setResult(createDotProduct(n, product, 3));
}

} // namespace ockham::importer
