//===- GroupQueryAttention.cpp - GroupQueryAttention of com.microsoft -----===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Causal attention with fewer heads of keys than of queries, its own rotary
// embedding, and a past whose sequences have lengths of their own: sequence b
// has seqlens_k[b] + 1 keys, the new ones last. Where the first prompt is read
// there is no past, and shorter sequences end with padding.
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"
#include "MicrosoftAttention.h"
#include "Operators.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace ockham::importer {

namespace {

class GroupQueryImporter {
public:
  explicit GroupQueryImporter(NodeImporter &n)
      : n(n), i64(n.getBuilder().getI64Type()), i1(n.getBuilder().getI1Type()) {
  }

  LogicalResult run();

private:
  enum Input : unsigned {
    kPastKey = 3,
    kPastValue = 4,
    kLengths = 5,
    kTotal = 6,
    kCos = 7,
    kSin = 8,
    kBias = 10,
  };

  LogicalResult refuseRest();
  LogicalResult splitOperands();
  LogicalResult findPositions();
  LogicalResult applyRotary();
  LogicalResult usePast();
  Value insert(Value past, Value heads, Value index, Value isThere);
  Value createKeep(Value scores);

  Value number(int64_t value) {
    return n.createScalar(i64, static_cast<double>(value));
  }
  template <typename OpT>
  Value compute(Value lhs, Value rhs) {
    return n.create<OpT>(i64, lhs, rhs);
  }
  template <typename OpT>
  Value compare(Value lhs, Value rhs) {
    return n.create<OpT>(i1, lhs, rhs);
  }
  /// One number per sequence, [batch, 1, 1, 1].
  Value alongBatch(Value numbers) {
    if (!numbers)
      return Value();
    Attribute one = n.getBuilder().getIndexAttr(1);
    return n.createReshape(numbers, {n.getDim(query, 0), one, one, one});
  }

  NodeImporter &n;
  Type i64, i1;
  int64_t heads = 0, keyHeads = 0;
  /// [batch, heads, sequence, width]
  Value query, key, value;
  /// [batch, 1, 1, 1]: how many keys each sequence has, and how many of them
  /// are older than the queries (null for none).
  Value lengths, pastLengths;
  /// Of the queries, [batch or 1, 1, sequence, 1].
  Value positions;
};

} // namespace

LogicalResult GroupQueryImporter::refuseRest() {
  if (failed(requireOperands(n, {0, kLengths, kTotal})) ||
      failed(n.requireFloat(n.getOperand(0))) ||
      failed(refuseOperands(n, {{9, "position_ids"},
                                {11, "head_sink"},
                                {12, "k_scale"},
                                {13, "v_scale"},
                                {14, "q_norm_weight"},
                                {15, "k_norm_weight"}})) ||
      failed(refuseFlags(
          n, {"sliding_window_cache", "qk_output", "kv_cache_bit_width"})))
    return failure();
  if (n.getInt("smooth_softmax", -1) > 0)
    return n.fail("smooth_softmax is set, which is not supported");
  for (StringRef name : {"k_quant_type", "v_quant_type"})
    if (n.getString(name, "NONE") != "NONE")
      return n.fail(name + " is " + quote(n.getString(name, "NONE")) +
                    ", expected 'NONE'");
  return success();
}

LogicalResult GroupQueryImporter::splitOperands() {
  constexpr int64_t any = ShapedType::kDynamic;
  auto number = getCount(n, "num_heads"),
       keyNumber = getCount(n, "kv_num_heads");
  if (failed(number) || failed(keyNumber))
    return failure();
  heads = *number, keyHeads = *keyNumber;
  if (heads % keyHeads != 0)
    return n.fail("num_heads is " + llvm::Twine(heads) +
                  ", expected a multiple of kv_num_heads, " +
                  llvm::Twine(keyHeads));
  if (n.hasOperand(1) != n.hasOperand(2))
    return n.fail("has only one of key and value");
  if (n.hasOperand(kPastKey) != n.hasOperand(kPastValue))
    return n.fail("has only one of past_key and past_value");
  for (auto [i, name] :
       {std::pair(kPastKey, "past_key"), std::pair(kPastValue, "past_value")})
    if (n.hasOperand(i) && failed(requireShape(n, n.getOperand(i), name,
                                               {any, keyHeads, any, any})))
      return failure();
  if (failed(requireShape(n, n.getOperand(0), "query", {any, any, any})))
    return failure();
  Value rows[] = {n.getOperand(0), n.getOperand(1), n.getOperand(2)};
  if (!rows[1]) {
    auto width = getHeadWidth(n, rows[0], heads + 2 * keyHeads, "the query");
    if (failed(width))
      return failure();
    int64_t ends[] = {0, heads * *width, (heads + keyHeads) * *width,
                      (heads + 2 * keyHeads) * *width};
    for (int i = 2; i >= 0; --i)
      rows[i] = sliceLast(n, rows[0], ends[i], ends[i + 1]);
  } else if (failed(requireShape(n, rows[1], "key", {any, any, any})) ||
             failed(requireShape(n, rows[2], "value", {any, any, any}))) {
    return failure();
  }
  query = splitHeads(n, rows[0], heads, "the query");
  key = query ? splitHeads(n, rows[1], keyHeads, "the key") : Value();
  value = key ? splitHeads(n, rows[2], keyHeads, "the value") : Value();
  return success(value != nullptr);
}

LogicalResult GroupQueryImporter::findPositions() {
  lengths = compute<onnx::AddOp>(
      alongBatch(castTo(n, i64, n.getOperand(kLengths))), number(1));
  positions = unsqueeze(n, createPositionRange(n, query, 2), {0, 1, 3});
  if (!n.hasOperand(kPastKey))
    return success(lengths && positions);
  // In the first prompt all keys are new.
  Value sequence = createExtent(n, query, 2);
  Value total = n.createReshape(castTo(n, i64, n.getOperand(kTotal)), {});
  pastLengths = n.create<onnx::WhereOp>(
      i64, compare<onnx::EqualOp>(sequence, total), number(0),
      compute<onnx::SubOp>(lengths, sequence));
  positions = compute<onnx::AddOp>(positions, pastLengths);
  return success(positions != nullptr);
}

LogicalResult GroupQueryImporter::applyRotary() {
  if (!n.getInt("do_rotary", 0))
    return success();
  if (!n.hasOperand(kCos) || !n.hasOperand(kSin))
    return n.fail("do_rotary is set, but there is no cos_cache or sin_cache");
  int64_t width = n.getType(query).getDimSize(3);
  constexpr int64_t any = ShapedType::kDynamic;
  if (failed(requireShape(n, n.getOperand(kCos), "cos_cache", {any, any})))
    return failure();
  int64_t half = n.getType(n.getOperand(kCos)).getDimSize(1);
  if (half < 1 || half > width / 2)
    return n.fail("cos_cache has shape " +
                  formatShape(n.getType(n.getOperand(kCos)).getShape()) +
                  ", expected at most " + llvm::Twine(width / 2) + " columns");
  Value rows = n.create<onnx::SqueezeOp>(i64, positions, ArrayRef<int64_t>{3});
  Value tables[2];
  for (unsigned i = 0; i < 2; ++i) {
    Value cache = n.getOperand(kCos + i);
    if (failed(requireShape(n, cache, i ? "sin_cache" : "cos_cache",
                            {ShapedType::kDynamic, half})))
      return failure();
    tables[i] =
        n.create<onnx::GatherOp>(n.getElement(cache), cache, rows, int64_t(0));
  }
  bool interleaved = n.getInt("rotary_interleaved", 0) != 0;
  query = rotate(n, query, tables[0], tables[1], 2 * half, interleaved);
  key = rotate(n, key, tables[0], tables[1], 2 * half, interleaved);
  return success(query && key);
}

/// Rows of past and new heads by index, 0 where there are none.
Value GroupQueryImporter::insert(Value past, Value heads, Value index,
                                 Value isThere) {
  Value all = concatenate(n, {past, heads}, 2);
  if (!all || !index)
    return Value();
  SmallVector<OpFoldResult> shape = {n.getDim(index, 0), n.getDim(heads, 1),
                                     n.getDim(index, 2), n.getDim(heads, 3)};
  SmallVector<Value> dynamicShape;
  SmallVector<int64_t> staticShape;
  dispatchIndexOpFoldResults(shape, dynamicShape, staticShape);
  Value indices = n.create<onnx::ExpandOp>(i64, index, ValueRange(dynamicShape),
                                           ArrayRef<int64_t>(staticShape));
  Type element = n.getElement(heads);
  Value rows =
      n.create<onnx::GatherElementsOp>(element, all, indices, int64_t(2));
  return n.create<onnx::WhereOp>(element, isThere, rows,
                                 n.createScalar(element, 0));
}

LogicalResult GroupQueryImporter::usePast() {
  Value pastKey = n.getOperand(kPastKey), pastValue = n.getOperand(kPastValue);
  if (pastKey) {
    // As long as the past's buffer, or longer if that is full.
    Value capacity = createExtent(n, pastKey, 2);
    Value total = n.createReshape(castTo(n, i64, n.getOperand(kTotal)), {});
    Value extent = n.create<onnx::WhereOp>(
        i64, compare<onnx::GreaterOp>(capacity, total), capacity, total);
    Value at =
        unsqueeze(n, n.create<onnx::RangeOp>(i64, number(0), extent, number(1)),
                  {0, 1, 3});
    Value offset = compute<onnx::SubOp>(at, pastLengths);
    Value isOld = compare<onnx::LessOp>(offset, number(0));
    Value isThere = compare<onnx::LessOp>(offset, createExtent(n, query, 2));
    Value isNew =
        compare<onnx::AndOp>(n.create<onnx::NotOp>(i1, isOld), isThere);
    Value index = n.create<onnx::WhereOp>(
        i64, isNew, compute<onnx::AddOp>(offset, capacity),
        n.create<onnx::WhereOp>(i64, isOld, at, number(0)));
    key = insert(pastKey, key, index, isThere);
    value = insert(pastValue, value, index, isThere);
  }
  if (!key || !value || (n.isResultUsed(1) && failed(n.setResult(1, key))) ||
      (n.isResultUsed(2) && failed(n.setResult(2, value))))
    return failure();
  return success();
}

/// Which keys a query sees: those of its sequence, and if causal those up to
/// its own position, in a window if there is one.
Value GroupQueryImporter::createKeep(Value scores) {
  Value at = createPositionRange(n, scores, 3);
  Value keep = compare<onnx::LessOp>(at, lengths);
  if (n.getInt("causal", 1) == 0)
    return keep;
  keep =
      compare<onnx::AndOp>(keep, compare<onnx::LessOrEqualOp>(at, positions));
  int64_t window = n.getInt("local_window_size", -1);
  if (window <= 0)
    return keep;
  Value first = compute<onnx::SubOp>(positions, number(window));
  return compare<onnx::AndOp>(keep, compare<onnx::GreaterOp>(at, first));
}

LogicalResult GroupQueryImporter::run() {
  if (failed(refuseRest()) || failed(splitOperands()) ||
      failed(findPositions()) || failed(applyRotary()) || failed(usePast()))
    return failure();
  Type element = n.getElement(query);
  int64_t times = heads / keyHeads;
  Value scores = multiply(n, createScores(n, query, repeatHeads(n, key, times)),
                          getScale(n, query));
  if (!scores)
    return failure();
  double cap = n.getFloat("softcap", 0);
  if (cap > 0) {
    Value ratio =
        n.create<onnx::DivOp>(element, scores, n.createScalar(element, cap));
    scores = multiply(n, n.create<onnx::TanhOp>(element, ratio), cap);
  }
  if (Value bias = n.getOperand(kBias)) {
    if (failed(requireBroadcast(n, bias, scores, "attention_bias")))
      return failure();
    scores = n.create<onnx::AddOp>(element, scores, bias);
  }
  if (!scores)
    return failure();
  scores = maskScores(n, scores, createKeep(scores));
  Value weights = n.create<onnx::SoftmaxOp>(element, scores, int64_t(3));
  return n.setResult(
      mergeHeads(n, n.create<onnx::MatMulOp>(element, weights,
                                             repeatHeads(n, value, times))));
}

LogicalResult importGroupQueryAttention(NodeImporter &n) {
  return GroupQueryImporter(n).run();
}

} // namespace ockham::importer
