//===- ConvertAttention.cpp - tfm.attention as standard operators ---------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Only the scores, one mask and the softmax have the size of queries times
// keys. The scale goes to the queries; norms and rotations happen before heads
// move in front of positions; and of shaped attention, [SAS] equation 5,
//
//   out = beta A V + alpha V - gamma prefix_mean(V),
//
// the second and third term are rows of values and their running sums: no
// matrix over positions. docs/export.md has what that takes in ONNX Runtime
// beside (beta A + alpha I - gamma C) V, as exporters write it.
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"

#include <limits>

using namespace mlir;

namespace ockham::tfm2onnx {

namespace {

class AttentionWriter {
public:
  AttentionWriter(Formulas &f, tfm::AttentionOp op, int64_t opset)
      : f(f), op(op), element(f.getElement(op.getQuery())),
        heads(op.getNumHeads()), kvHeads(op.getNumKvHeads()), opset(opset) {
    batch = f.getDim(op.getQuery(), 0);
    queries = f.getDim(op.getQuery(), 1);
    keys = f.getDim(op.getKey(), 1);
  }

  Value write();

private:
  /// [batch, sequence, count * width] as [batch, sequence, count, width].
  Value splitHeads(Value rows, OpFoldResult sequence, int64_t count);
  /// Back.
  Value mergeHeads(Value x, OpFoldResult sequence);
  /// Norm and rotation of query or key heads.
  Value prepare(Value x, Value scale, OpFoldResult sequence, Value past);
  Value rotate(Value x, OpFoldResult sequence, Value past);
  /// Every key or value head for each of its query heads.
  Value repeat(Value x);
  /// The softmax times the values, with the query's heads behind positions.
  Value writeProducts(Value query, Value key, Value value);
  /// The same as one operator, where the opset has one that means it.
  bool hasOperator();
  Value writeOperator(Value query, Value key);
  /// Fills `added` and `visible`.
  void readMasks();
  Value addShape(Value output, Value value);
  /// One gain per head, in front of [batch, sequence, heads, width].
  Value perHead(Value gain) {
    return f.reshape(gain, {f.getIndex(heads), f.getIndex(1)});
  }
  /// True where the key is not behind the query, [queries, keys] or, behind a
  /// past, [batch, 1, queries, keys].
  Value getCausal();

  Formulas &f;
  tfm::AttentionOp op;
  Type element;
  int64_t heads, kvHeads, opset;
  OpFoldResult batch, queries, keys;
  /// What is added to the scores, and, where a row may have no visible key,
  /// which keys are. Both broadcast to the scores; null where not needed.
  Value added, visible;
};

} // namespace

Value AttentionWriter::splitHeads(Value rows, OpFoldResult sequence,
                                  int64_t count) {
  int64_t width = f.getWidth(rows) / count;
  return f.reshape(rows,
                   {batch, sequence, f.getIndex(count), f.getIndex(width)});
}

Value AttentionWriter::mergeHeads(Value x, OpFoldResult sequence) {
  auto type = f.getType(x);
  return f.reshape(x, {batch, sequence,
                       f.getIndex(type.getDimSize(2) * type.getDimSize(3))});
}

Value AttentionWriter::rotate(Value x, OpFoldResult sequence, Value past) {
  int64_t half = f.getWidth(op.getCos());
  int64_t width = f.getWidth(x), rotated = 2 * half;
  // Rows of the tables are positions; heads stand between.
  auto getTable = [&](Value table) {
    if (!past)
      return f.unsqueeze(f.slice(table, 0, f.getIndex(0), sequence), {1});
    Value rows = f.create<onnx::GatherOp>(f.getElement(table), table,
                                          f.positions(sequence, past),
                                          f.getBuilder().getI64IntegerAttr(0));
    return f.unsqueeze(rows, {2});
  };
  Value cos = getTable(op.getCos()), sin = getTable(op.getSin());
  Value turned = x;
  if (rotated != width)
    turned = f.slice(x, 3, f.getIndex(0), f.getIndex(rotated));
  Value first, second;
  if (op.getInterleaved()) {
    first = f.slice(turned, 3, f.getIndex(0), f.getIndex(rotated), 2);
    second = f.slice(turned, 3, f.getIndex(1), f.getIndex(rotated), 2);
  } else {
    first = f.slice(turned, 3, f.getIndex(0), f.getIndex(half));
    second = f.slice(turned, 3, f.getIndex(half), f.getIndex(rotated));
  }
  Value a = f.sub(f.mul(first, cos), f.mul(second, sin));
  Value b = f.add(f.mul(second, cos), f.mul(first, sin));
  if (op.getInterleaved()) {
    turned = f.concat(f.unsqueeze(a, {4}), f.unsqueeze(b, {4}), 4);
    turned = f.reshape(turned,
                       {batch, sequence, f.getIndex(f.getType(x).getDimSize(2)),
                        f.getIndex(rotated)});
  } else {
    turned = f.concat(a, b, 3);
  }
  if (rotated == width)
    return turned;
  Value rest = f.slice(x, 3, f.getIndex(rotated), f.getIndex(width));
  return f.concat(turned, rest, 3);
}

Value AttentionWriter::prepare(Value x, Value scale, OpFoldResult sequence,
                               Value past) {
  if (auto kind = op.getQkNorm())
    x = emitLiveNorm(f, x, *kind, op.getQkNormEps().convertToDouble(),
                     op.getQkNormEpsOutside(), scale, /*shift=*/Value(), opset);
  return op.getCos() ? rotate(x, sequence, past) : x;
}

Value AttentionWriter::repeat(Value x) {
  int64_t group = heads / kvHeads;
  if (group == 1)
    return x;
  OpFoldResult width = f.getIndex(f.getWidth(x));
  Value expanded =
      f.expand(f.unsqueeze(x, {3}),
               {batch, keys, f.getIndex(kvHeads), f.getIndex(group), width});
  return f.reshape(expanded, {batch, keys, f.getIndex(heads), width});
}

Value AttentionWriter::getCausal() {
  Value rows = f.positions(queries, op.getPast());
  rows = op.getPast() ? f.unsqueeze(rows, {1, 3}) : f.unsqueeze(rows, {1});
  Value columns = f.unsqueeze(f.positions(keys), {0});
  return f.create<onnx::LessOrEqualOp>(f.getBuilder().getI1Type(), columns,
                                       rows);
}

void AttentionWriter::readMasks() {
  Value mask = op.getMask(), causal;
  if (op.getCausal())
    causal = getCausal();
  // Of all other masks nobody knows that they leave a key to every row.
  auto hide = [&](Value shown) {
    visible = causal ? f.create<onnx::AndOp>(f.getBuilder().getI1Type(), shown,
                                             causal)
                     : shown;
    causal = visible;
  };
  if (mask && f.getElement(mask).isInteger(1)) {
    hide(mask);
    mask = Value();
  }
  if (Value lengths = op.getKeyLengths())
    hide(f.create<onnx::LessOp>(f.getBuilder().getI1Type(),
                                f.unsqueeze(f.positions(keys), {0, 1, 2}),
                                f.unsqueeze(f.toInt64(lengths), {1, 2, 3})));
  // Infinite, so that nothing of a key that is not visible is left, whatever
  // the other mask adds. Of causal keys the first is always visible.
  constexpr double hidden = -std::numeric_limits<double>::infinity();
  if (causal)
    causal = f.where(causal, f.scalar(element, 0.0), f.scalar(element, hidden));
  // The masks are smaller than the scores: they are joined first.
  added = mask && causal ? f.add(mask, causal) : mask ? mask : causal;
}

Value AttentionWriter::writeProducts(Value query, Value key, Value value) {
  query = f.transpose(f.scale(query, op.getScale().convertToDouble()),
                      {0, 2, 1, 3});
  Value scores = f.matMul(query, f.transpose(repeat(key), {0, 2, 3, 1}));
  if (auto cap = op.getSoftCap()) {
    double number = cap->convertToDouble();
    scores = f.create<onnx::TanhOp>(element, f.scale(scores, 1.0 / number));
    scores = f.scale(scores, number);
  }
  readMasks();
  if (added)
    scores = f.add(scores, added);
  Value weights = f.create<onnx::SoftmaxOp>(
      element, scores, f.getBuilder().getI64IntegerAttr(3));
  // Where no key is visible, the softmax is not a number, but the weights are
  // 0.
  if (visible)
    weights = f.where(visible, weights, f.scalar(element, 0.0));
  return f.transpose(f.matMul(weights, f.transpose(value, {0, 2, 1, 3})),
                     {0, 2, 1, 3});
}

bool AttentionWriter::hasOperator() {
  // Attention takes the root of the scale; caps scores behind the mask, not
  // before; and runtimes disagree on rows that see no key, or only keys with a
  // huge negative number.
  return opset >= kAttentionOpset && op.getScale().convertToDouble() > 0 &&
         !op.getSoftCap() && !op.getKeyLengths() && !op.getMask();
}

Value AttentionWriter::writeOperator(Value query, Value key) {
  Value mask;
  bool isCausal = op.getCausal();
  // The operator counts queries from 0.
  if (op.getPast() && isCausal) {
    readMasks();
    mask = added;
    isCausal = false;
  }
  auto plain = tfm::AttentionOp::create(
      f.getBuilder(), f.getLoc(), query, key, op.getValue(), heads,
      op.getScale().convertToDouble(), isCausal);
  plain.setNumKvHeads(kvHeads);
  if (mask)
    plain.getMaskMutable().assign(mask);
  plain.getOutput().setType(op.getOutput().getType());
  return plain.getOutput();
}

Value AttentionWriter::addShape(Value output, Value value) {
  if (op.getBeta())
    output = f.mul(output, perHead(op.getBeta()));
  // Of the values, those at the positions of queries.
  Value rows = f.slice(value, 1, f.getIndex(0), queries);
  if (op.getAlpha())
    output = f.add(output, f.mul(rows, perHead(op.getAlpha())));
  if (!op.getGamma())
    return output;
  Value centre;
  if (op.getCausal()) {
    // Sums over positions need more than 16 bits.
    Type wide = element.isF64() ? element : f.getBuilder().getF32Type();
    Value sums = rows;
    if (wide != element)
      sums = f.create<onnx::CastOp>(wide, sums);
    sums = f.create<onnx::CumSumOp>(wide, sums,
                                    f.getBuilder().getI64IntegerAttr(1),
                                    /*exclusive=*/UnitAttr(),
                                    /*reverse=*/UnitAttr());
    Value count = f.create<onnx::CastOp>(
        wide, f.unsqueeze(f.shift(f.positions(queries), 1.0), {1, 2}));
    centre = f.div(sums, count);
    if (wide != element)
      centre = f.create<onnx::CastOp>(element, centre);
  } else {
    centre = f.create<onnx::ReduceMeanOp>(element, value, ArrayRef<int64_t>{1},
                                          /*keepdims=*/true);
  }
  return f.sub(output, f.mul(centre, perHead(op.getGamma())));
}

Value AttentionWriter::write() {
  auto refuse = [&](StringRef what) -> Value {
    op.emitError() << what << " cannot be written as ONNX operators";
    return Value();
  };
  if (op.getPast() && (op.getAlpha() || op.getGamma()))
    return refuse("shaped attention with past positions");
  if (op.getLogsumexp() || op.getEntropy())
    return refuse("attention with logsumexp or entropy");
  if (op.getGamma() && op.getCentre() == tfm::Centre::Visible &&
      (op.getMask() || op.getKeyLengths()))
    return refuse("a centre of the keys that a mask shows");

  bool isPrepared = op.getQkNorm() || op.getCos();
  auto getHeads = [&](Value rows, Value scale, OpFoldResult sequence,
                      int64_t count, Value past) {
    return prepare(splitHeads(rows, sequence, count), scale, sequence, past);
  };
  Value output;
  if (hasOperator()) {
    Value query = op.getQuery(), key = op.getKey();
    if (isPrepared) {
      query = mergeHeads(
          getHeads(query, op.getQueryScale(), queries, heads, op.getPast()),
          queries);
      key = mergeHeads(
          getHeads(key, op.getKeyScale(), keys, kvHeads, /*past=*/Value()),
          keys);
    }
    output = writeOperator(query, key);
    if (!op.isShaped())
      return output;
    output = splitHeads(output, queries, heads);
  }
  Value value = repeat(splitHeads(op.getValue(), keys, kvHeads));
  if (!output)
    output = writeProducts(getHeads(op.getQuery(), op.getQueryScale(), queries,
                                    heads, op.getPast()),
                           getHeads(op.getKey(), op.getKeyScale(), keys,
                                    kvHeads, /*past=*/Value()),
                           value);
  if (op.isShaped())
    output = addShape(output, value);
  return mergeHeads(output, queries);
}

Value emitAttention(Formulas &f, tfm::AttentionOp op, int64_t opset) {
  return AttentionWriter(f, op, opset).write();
}

} // namespace ockham::tfm2onnx
