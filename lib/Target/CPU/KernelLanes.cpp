//===- KernelLanes.cpp - Work across the lanes of vectors -----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Transposes, reductions of rows, and products with a transposed matrix whose
// lanes go along the contracted extent. All of them exchange halves (of halves
// ...) of pairs of vectors, so that many rows share the exchanges.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::cpu;

static int64_t countLanes(Value vector) {
  return cast<VectorType>(vector.getType()).getNumElements();
}

/// Lanes of `first`, then of `second`; those that the masks name.
static Value shuffle(ImplicitLocOpBuilder &b, Value first, Value second,
                     ArrayRef<int64_t> lanes) {
  return vector::ShuffleOp::create(b, first, second, lanes);
}

/// The two halves of a pair, by groups of `half` lanes: what the upper vector
/// has in even groups beside the same of the lower, and odd groups likewise.
static std::pair<Value, Value> exchange(ImplicitLocOpBuilder &b, Value upper,
                                        Value lower, int64_t half) {
  int64_t size = countLanes(upper);
  SmallVector<int64_t> even(size), odd(size);
  for (int64_t lane = 0; lane < size; ++lane) {
    bool low = (lane & half) == 0;
    even[lane] = low ? lane : size + lane - half;
    odd[lane] = low ? lane + half : size + lane;
  }
  return {shuffle(b, upper, lower, even), shuffle(b, upper, lower, odd)};
}

Value cpu::reduceRows(ImplicitLocOpBuilder &b, ArrayRef<Value> rows,
                      llvm::function_ref<Value(Value, Value)> combine) {
  int64_t lanes = countLanes(rows.front());
  assert(llvm::isPowerOf2_64(lanes) && "vectors have a power of two of lanes");
  SmallVector<Value> all;
  for (size_t from = 0; from < rows.size(); from += lanes) {
    ArrayRef<Value> part = rows.slice(from);
    part = part.take_front(lanes);
    int64_t count = part.size();
    SmallVector<Value> level(part.begin(), part.end());
    // Who has no partner gets one whose lanes nobody looks at.
    level.resize(llvm::PowerOf2Ceil(count), part.back());
    int64_t half = lanes / 2;
    for (; level.size() > 1; half /= 2) {
      size_t pairs = level.size() / 2;
      for (size_t i = 0; i < pairs; ++i) {
        auto [even, odd] = exchange(b, level[i], level[i + pairs], half);
        level[i] = combine(even, odd);
      }
      level.resize(pairs);
    }
    // What is left of a row lies side by side.
    int64_t group = std::max<int64_t>(1, 2 * half);
    Value sums = level.front();
    for (; half >= 1; half /= 2) {
      auto [even, odd] = exchange(b, sums, sums, half);
      sums = combine(even, odd);
    }
    SmallVector<int64_t> picked;
    for (int64_t r = 0; r < count; ++r)
      picked.push_back(r * group);
    all.push_back(shuffle(b, sums, sums, picked));
  }
  Value result = all.front();
  for (Value next : ArrayRef(all).drop_front())
    result = shuffle(b, result, next,
                     llvm::to_vector(llvm::seq<int64_t>(
                         0, countLanes(result) + countLanes(next))));
  return result;
}

void cpu::transposeSquare(ImplicitLocOpBuilder &b,
                          MutableArrayRef<Value> square) {
  for (int64_t size = square.size(), half = size / 2; half >= 1; half /= 2)
    for (int64_t row = 0; row < size; ++row)
      if ((row & half) == 0)
        std::tie(square[row], square[row + half]) =
            exchange(b, square[row], square[row + half], half);
}

/// The `count` lanes from `first` on; lanes beyond the end repeat the last.
static Value takeLanes(ImplicitLocOpBuilder &b, Value vector, int64_t first,
                       int64_t count) {
  int64_t have = countLanes(vector);
  if (first == 0 && count == have)
    return vector;
  SmallVector<int64_t> lanes;
  for (int64_t i = 0; i < count; ++i)
    lanes.push_back(std::min(first + i, have - 1));
  return shuffle(b, vector, vector, lanes);
}

void KernelEmitter::emitTranspose(tile::TransposeOp op) {
  Value input = op.getInput(), result = op.getResult();
  int64_t rows = getExtent(input, 0), cols = getExtent(input, 1);
  Registers from = getBlock(input);
  Registers &to = blocks[result];
  to.clear();
  int64_t lanes = getLanes(input);
  if (cols == 1 || rows == 1) {
    // One vector of all elements, or one row in parts.
    Value all = from.front();
    for (Value part : ArrayRef(from).drop_front())
      all = shuffle(b, all, part,
                    llvm::to_vector(llvm::seq<int64_t>(
                        0, countLanes(all) + countLanes(part))));
    int64_t first = 0;
    for (Type type : getRegisterTypes(result)) {
      int64_t count = cast<VectorType>(type).getNumElements();
      to.push_back(takeLanes(b, all, first, count));
      first += count;
    }
    return;
  }
  int64_t perRow = from.size() / rows;
  SmallVector<int64_t> widths = splitColumns(cols, lanes);
  int64_t perColumn = llvm::divideCeil(rows, lanes);
  to.resize(cols * perColumn);
  for (int64_t group = 0; group < perColumn; ++group) {
    int64_t firstRow = group * lanes;
    int64_t height = std::min(lanes, rows - firstRow);
    for (auto [part, width] : llvm::enumerate(widths)) {
      Registers square;
      for (int64_t r = 0; r < lanes; ++r) {
        int64_t row = firstRow + std::min(r, height - 1);
        square.push_back(takeLanes(b, from[row * perRow + part], 0, lanes));
      }
      transposeSquare(b, square);
      for (int64_t c = 0; c < width; ++c)
        to[(part * lanes + c) * perColumn + group] =
            takeLanes(b, square[c], 0, height);
    }
  }
}

void KernelEmitter::emitDeinterleave(tile::DeinterleaveOp op) {
  Value input = op.getInput();
  int64_t rows = getExtent(input, 0);
  Registers from = getBlock(input);
  size_t perRow = from.size() / rows;
  int64_t half = getExtent(op.getEven(), 1);
  for (auto [odd, result] : llvm::enumerate(op->getResults())) {
    Registers to;
    for (int64_t r = 0; r < rows; ++r) {
      ArrayRef<Value> row = ArrayRef(from).slice(r * perRow, perRow);
      int64_t col = 0;
      SmallVector<int64_t> widths = splitColumns(half, getLanes(input));
      for (auto [part, width] : llvm::enumerate(widths)) {
        // Twice as many columns: this vector and, if there are more, the next.
        Value first = row[2 * part];
        Value second = 2 * part + 1 < perRow ? row[2 * part + 1] : first;
        SmallVector<int64_t> lanes;
        for (int64_t i = 0; i < width; ++i)
          lanes.push_back(2 * i + odd);
        to.push_back(shuffle(b, first, second, lanes));
        col += width;
      }
    }
    // A single column is one vector of all rows.
    if (half == 1) {
      SmallVector<Value> elements;
      for (Value row : to)
        elements.push_back(vector::ExtractOp::create(b, row, 0));
      Type type = getRegisterTypes(result).front();
      to.assign({vector::FromElementsOp::create(b, type, elements)});
    }
    blocks[result] = to;
  }
}

/// Each element of the accumulator is a product of two rows, whose lanes are
/// summed up at the end: nothing is transposed, and each row is read once.
void KernelEmitter::emitDotOfRows(tile::DotOp op, const SliceValues &lhs,
                                  const SliceValues &rhs) {
  Value acc = op.getAcc();
  int64_t rows = getExtent(acc, 0), cols = getExtent(acc, 1);
  int64_t depth = getExtent(op.getLhs(), 1);
  Type element = op.getAcc().getType().getElementType();
  int64_t lanes = getLanes(element);
  Value left;
  for (Value limit : {lhs.colsLeft, rhs.colsLeft})
    if (limit)
      left = left ? min(left, limit) : limit;
  auto vectorType = VectorType::get(lanes, element);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(vectorType));
  // One vector of the depth; its last one may be shorter.
  auto loadPart = [&](const SliceValues &from, int64_t row, Value at,
                      int64_t width) {
    Value limit = left ? sub(left, at) : Value();
    Value address = add(add(from.offset, mul(index(row), from.stride)), at);
    Value part = loadVector(from.memory, address, width, limit, element);
    if (width == lanes)
      return part;
    SmallVector<int64_t> spread;
    for (int64_t i = 0; i < lanes; ++i)
      spread.push_back(std::min(i, width));
    Value none = arith::ConstantOp::create(b, b.getZeroAttr(part.getType()));
    return shuffle(b, part, none, spread);
  };
  constexpr int64_t maxUnrolled = 8;
  auto multiply = [&](int64_t r, int64_t c) -> Value {
    auto step = [&](Value sum, Value at, int64_t width) -> Value {
      return vector::FMAOp::create(b, loadPart(lhs, r, at, width),
                                   loadPart(rhs, c, at, width), sum);
    };
    Value sum = zero;
    int64_t whole = depth / lanes * lanes;
    if (whole / lanes <= maxUnrolled) {
      for (int64_t at = 0; at < whole; at += lanes)
        sum = step(sum, index(at), lanes);
    } else {
      auto loop = scf::ForOp::create(b, index(0), index(whole), index(lanes),
                                     ValueRange{sum});
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value next =
          step(loop.getRegionIterArgs().front(), loop.getInductionVar(), lanes);
      scf::YieldOp::create(b, ValueRange{next});
      sum = loop.getResult(0);
    }
    if (whole < depth)
      sum = step(sum, index(whole), depth - whole);
    return sum;
  };

  auto sumUp = [&](Value lhs, Value rhs) -> Value {
    return arith::AddFOp::create(b, lhs, rhs);
  };
  Registers sums;
  Registers before = getBlock(acc);
  for (int64_t r = 0; r < rows; ++r) {
    int64_t c = 0;
    for (int64_t width : splitColumns(cols, getLanes(acc))) {
      SmallVector<Value> products;
      for (int64_t i = 0; i < width; ++i, ++c) {
        Value inside;
        if (rhs.rowsLeft)
          inside = isLess(index(c), rhs.rowsLeft);
        products.push_back(
            guard(inside, vectorType, [&] { return multiply(r, c); }));
      }
      Value sum = reduceRows(b, products, sumUp);
      sums.push_back(arith::AddFOp::create(b, before[sums.size()], sum));
    }
  }
  blocks[op.getResult()] = sums;
}
