//===- ConvertAttention.cpp - tfm.attention as standard operators ---------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Written as PyTorch exports it, so that raising finds it again and every
// runtime can run it: heads by Reshape and Transpose, masks by Where and Add,
// shape gains on matrices over positions.
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"

#include <limits>

using namespace mlir;

namespace ockham::tfm2onnx {

namespace {

class AttentionWriter {
public:
  AttentionWriter(Formulas &f, tfm::AttentionOp op)
      : f(f), op(op), element(f.getElement(op.getQuery())),
        heads(op.getNumHeads()), kvHeads(op.getNumKvHeads()) {
    batch = f.getDim(op.getQuery(), 0);
    queries = f.getDim(op.getQuery(), 1);
    keys = f.getDim(op.getKey(), 1);
  }

  Value write();

private:
  /// [batch, sequence, count * width] as [batch, count, sequence, width].
  Value splitHeads(Value rows, OpFoldResult sequence, int64_t count);
  /// Norm and rotation of a query or key.
  Value prepare(Value x, Value scale, OpFoldResult sequence);
  Value rotate(Value x, OpFoldResult sequence);
  /// Every key or value head for each of its query heads.
  Value repeat(Value x);
  Value getScores();
  Value applyMasks(Value scores);
  Value applyShape(Value weights);
  /// One gain per head, in front of a matrix.
  Value perHead(Value gain) {
    return f.reshape(
        gain, {f.getIndex(1), f.getIndex(heads), f.getIndex(1), f.getIndex(1)});
  }
  /// True where the key is not behind the query, [queries, keys].
  Value getCausal();
  Value getRows() { return f.unsqueeze(f.positions(queries), {1}); }
  Value getColumns() { return f.unsqueeze(f.positions(keys), {0}); }

  Formulas &f;
  tfm::AttentionOp op;
  Type element;
  int64_t heads, kvHeads;
  OpFoldResult batch, queries, keys;
};

} // namespace

Value AttentionWriter::splitHeads(Value rows, OpFoldResult sequence,
                                  int64_t count) {
  int64_t width = f.getWidth(rows) / count;
  Value split =
      f.reshape(rows, {batch, sequence, f.getIndex(count), f.getIndex(width)});
  return f.transpose(split, {0, 2, 1, 3});
}

Value AttentionWriter::rotate(Value x, OpFoldResult sequence) {
  int64_t half = f.getWidth(op.getCos());
  int64_t width = f.getWidth(x), rotated = 2 * half;
  // Rows of the tables are positions.
  Value cos = f.slice(op.getCos(), 0, f.getIndex(0), sequence);
  Value sin = f.slice(op.getSin(), 0, f.getIndex(0), sequence);
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
                       {batch, f.getDim(x, 1), sequence, f.getIndex(rotated)});
  } else {
    turned = f.concat(a, b, 3);
  }
  if (rotated == width)
    return turned;
  Value rest = f.slice(x, 3, f.getIndex(rotated), f.getIndex(width));
  return f.concat(turned, rest, 3);
}

Value AttentionWriter::prepare(Value x, Value scale, OpFoldResult sequence) {
  if (auto kind = op.getQkNorm()) {
    x = emitLiveNorm(f, x, *kind, op.getQkNormEps().convertToDouble(),
                     op.getQkNormEpsOutside());
    if (scale)
      x = f.mul(x, scale);
  }
  return op.getCos() ? rotate(x, sequence) : x;
}

Value AttentionWriter::repeat(Value x) {
  int64_t group = heads / kvHeads;
  if (group == 1)
    return x;
  OpFoldResult width = f.getDim(x, 3);
  Value expanded =
      f.expand(f.unsqueeze(x, {2}),
               {batch, f.getIndex(kvHeads), f.getIndex(group), keys, width});
  return f.reshape(expanded, {batch, f.getIndex(heads), keys, width});
}

Value AttentionWriter::getCausal() {
  return f.create<onnx::LessOrEqualOp>(f.getBuilder().getI1Type(), getColumns(),
                                       getRows());
}

Value AttentionWriter::applyMasks(Value scores) {
  double lowest =
      element.isF16()
          ? -65504.0
          : static_cast<double>(std::numeric_limits<float>::lowest());
  Value mask = op.getMask();
  bool isBoolean = mask && f.getElement(mask).isInteger(1);
  if (mask && !isBoolean)
    scores = f.add(scores, mask);
  if (isBoolean)
    scores = f.where(mask, scores, f.scalar(element, lowest));
  if (op.getCausal())
    scores = f.where(getCausal(), scores, f.scalar(element, lowest));
  return scores;
}

Value AttentionWriter::getScores() {
  Value query = prepare(splitHeads(op.getQuery(), queries, heads),
                        op.getQueryScale(), queries);
  Value key = repeat(
      prepare(splitHeads(op.getKey(), keys, kvHeads), op.getKeyScale(), keys));
  Value scores = f.scale(f.matMul(query, f.transpose(key, {0, 1, 3, 2})),
                         op.getScale().convertToDouble());
  if (auto cap = op.getSoftCap()) {
    double number = cap->convertToDouble();
    scores = f.create<onnx::TanhOp>(element, f.scale(scores, 1.0 / number));
    scores = f.scale(scores, number);
  }
  return applyMasks(scores);
}

Value AttentionWriter::applyShape(Value weights) {
  if (!op.isShaped())
    return weights;
  if (op.getBeta())
    weights = f.mul(perHead(op.getBeta()), weights);
  if (op.getAlpha()) {
    Value diagonal = f.create<onnx::EqualOp>(f.getBuilder().getI1Type(),
                                             getColumns(), getRows());
    Value identity = f.create<onnx::CastOp>(element, diagonal);
    weights = f.add(weights, f.mul(perHead(op.getAlpha()), identity));
  }
  if (op.getGamma()) {
    Value count, centre;
    if (op.getCausal()) {
      count = f.create<onnx::CastOp>(element, f.shift(getRows(), 1.0));
      centre = f.div(f.create<onnx::CastOp>(element, getCausal()), count);
    } else {
      Value ones = f.expand(f.scalar(element, 1.0), {queries, keys});
      Value last = f.shift(f.positions(keys), 1.0);
      count = f.create<onnx::CastOp>(
          element, f.create<onnx::ReduceMaxOp>(f.getElement(last), last,
                                               ArrayRef<int64_t>{0},
                                               /*keepdims=*/false));
      centre = f.div(ones, count);
    }
    weights = f.sub(weights, f.mul(perHead(op.getGamma()), centre));
  }
  return weights;
}

Value AttentionWriter::write() {
  auto refuse = [&](StringRef what) -> Value {
    op.emitError() << what << " cannot be written as ONNX operators";
    return Value();
  };
  if (op.getPast() || op.getKeyLengths())
    return refuse("attention with past positions or key lengths");
  if (op.getLogsumexp() || op.getEntropy())
    return refuse("attention with logsumexp or entropy");
  if (op.getGamma() && op.getCentre() == tfm::Centre::Visible)
    return refuse("a centre of the visible keys");
  Value weights = f.create<onnx::SoftmaxOp>(
      element, getScores(), f.getBuilder().getI64IntegerAttr(3));
  Value value = repeat(splitHeads(op.getValue(), keys, kvHeads));
  Value output =
      f.transpose(f.matMul(applyShape(weights), value), {0, 2, 1, 3});
  return f.reshape(output,
                   {batch, queries, f.getIndex(f.getWidth(op.getOutput()))});
}

Value emitAttention(Formulas &f, tfm::AttentionOp op) {
  return AttentionWriter(f, op).write();
}

} // namespace ockham::tfm2onnx
