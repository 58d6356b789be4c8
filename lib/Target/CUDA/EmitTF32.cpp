//===- EmitTF32.cpp - mma.sync on f32 that is rounded to tf32 -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Accumulators of mma.m16n8k8 lie as those of m16n8k16 do. Of the left factor,
// lane l has rows l / 4 and l / 4 + 8, contracted positions l % 4 and l % 4 +
// 4; of the right one these positions, and column l / 4 (PTX ISA, "Matrix
// Fragments for mma.m16n8k8"). ldmatrix moves words as well, of rows of a
// window, but does not transpose them: windows whose rows are contracted are
// read word by word.
//
// Where the left factor are registers of accumulators, a lane has the positions
// 2 (l % 4) and the one behind it. The order of what is contracted does not
// matter, as long as it is the same in both factors: the right one is read so.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::cuda;

/// Positions that one instruction contracts.
static constexpr int64_t kDepth = 8;

/// A float or a word of one, to nearest; the instruction would cut it off.
Value KernelEmitter::roundToTF32(Value value) {
  if (!value.getType().isF32())
    value = LLVM::BitcastOp::create(b, b.getF32Type(), value);
  return NVVM::ConvertFloatToTF32Op::create(b, b.getI32Type(), value,
                                            NVVM::FPRoundingMode::RNA);
}

/// For each 16 rows of the warp four words, of contracted positions from `k`
/// on.
SmallVector<Registers> KernelEmitter::getLeftTF32(tile::DotOp op, int64_t k) {
  AxisLayout rows = rowsOf(op.getAcc());
  int64_t count = std::max<int64_t>(1, rows.offsets.size() / 2);
  SmallVector<Registers> fragments;
  if (auto window = windows.find(op.getLhs()); window != windows.end()) {
    BufferType type = window->second.type;
    AxisLayout warps = rows;
    // The part of a row's number that the lane makes is another here.
    if (!warps.terms.empty())
      warps.terms.erase(warps.terms.begin());
    Value base = getBase(warps);
    Value row = rem(lane, 16), col = mul(div(lane, 16), 4);
    if (Value slice = getSlice())
      col = add(col, mul(slice, kDepth));
    for (int64_t i = 0; i < count; ++i) {
      Value at = add(base ? add(base, row) : row, 16 * i);
      if (rows.isReplicated())
        at = i32(0);
      else if (rows.padded > type.getPaddedRows())
        at = b.createOrFold<arith::MinSIOp>(at, i32(type.getPaddedRows() - 1));
      Registers words =
          loadMatrices(window->second, at, add(col, k), /*transposed=*/false);
      for (Value &word : words)
        word = roundToTF32(word);
      fragments.push_back(words);
    }
    return fragments;
  }
  Value block = op.getLhs();
  AxisLayout cols = colsOf(block);
  int64_t perRow = cols.offsets.size(), depth = getDepth(op), col = k / kDepth;
  Registers registers = getRegisters(block);
  Value base = getBase(cols);
  for (int64_t i = 0; i < count; ++i) {
    Registers words;
    for (int64_t q = 0; q < 4; ++q) {
      int64_t row = rows.isReplicated() ? 0 : 2 * i + q % 2;
      Value element =
          vector::ExtractOp::create(b, registers[row * perRow + col], q / 2);
      // Positions that fill up the last register add nothing.
      if (k + kDepth > depth)
        element = arith::SelectOp::create(
            b, isLess(makeNumber({base, k + q / 2}), i32(depth)), element,
            zeroOf(element.getType()));
      words.push_back(roundToTF32(element));
    }
    fragments.push_back(words);
  }
  return fragments;
}

/// Of 16 columns of the product from `col` on two words of each 8, of
/// contracted positions from `k` on.
Registers KernelEmitter::getRightTF32(tile::DotOp op, Value firstCol,
                                      int64_t col, int64_t k, int64_t count) {
  const WindowValues window = windows.lookup(op.getRhs());
  BufferType type = window.type;
  bool isPaired = !windows.count(op.getLhs());
  Value first = getSlice();
  if (first)
    first = mul(first, kDepth);
  auto from = [&](Value number) {
    return add(firstCol ? add(firstCol, number) : number, col);
  };
  AxisLayout cols = colsOf(op.getAcc());
  // Two times 8 columns are read at once, also where a warp has an odd number.
  int64_t least = cols.padded + cols.offsets.size() % 2 * 8;
  auto clamp = [&](Value number, int64_t extent) {
    // Columns that fill up registers are not looked at, but must be somewhere.
    return least > extent
               ? b.createOrFold<arith::MinSIOp>(number, i32(extent - 1))
               : number;
  };
  Registers words;
  if (op.getTransposed() && !isPaired) {
    // Rows of the window are columns of the product.
    Value row = clamp(from(add(rem(lane, 8), mul(div(lane, 16), 8))),
                      type.getPaddedRows());
    Value at = add(mul(rem(div(lane, 8), 2), 4), k);
    words = loadMatrices(window, row, first ? add(at, first) : at,
                         /*transposed=*/false);
  } else {
    Value own = rem(lane, 4);
    for (int64_t half = 0; half < count; ++half)
      for (int64_t q : {0, 1}) {
        Value at = isPaired ? add(mul(own, 2), k + q) : add(own, k + 4 * q);
        if (first)
          at = add(at, first);
        Value number = from(add(div(lane, 4), 8 * half));
        number = clamp(number, op.getTransposed() ? type.getPaddedRows()
                                                  : type.getPaddedCols());
        if (op.getTransposed())
          words.push_back(loadShared(window, {number, 0}, {at, 0}, 1));
        else
          words.push_back(loadShared(window, {at, 0}, {number, 0}, 1));
      }
  }
  for (Value &word : words)
    word = roundToTF32(word);
  return words;
}

Registers KernelEmitter::emitTF32(tile::DotOp op) {
  AxisLayout rows = rowsOf(op.getAcc()), cols = colsOf(op.getAcc());
  int64_t perRow = cols.offsets.size(), depth = getDepth(op);
  int64_t tiles = std::max<int64_t>(1, rows.offsets.size() / 2);
  // Where this warp's columns begin; those of one column are in all warps.
  AxisLayout warps = cols;
  if (!warps.terms.empty())
    warps.terms.erase(warps.terms.begin());
  Value firstCol = getBase(warps);
  Type f32 = b.getF32Type();
  auto sums =
      LLVM::LLVMStructType::getLiteral(b.getContext(), {f32, f32, f32, f32});
  auto pairs = VectorType::get(2, f32);
  Registers acc = getRegisters(op.getAcc());
  for (int64_t k = 0; k < depth; k += kDepth * strategy.getSlices()) {
    SmallVector<Registers> left = getLeftTF32(op, k);
    for (int64_t j = 0; j < perRow; j += 2) {
      int64_t count = std::min<int64_t>(2, perRow - j);
      Registers words = getRightTF32(op, firstCol, 8 * j, k, count);
      for (int64_t i = 0; i < tiles; ++i)
        for (int64_t h = 0; h < count; ++h) {
          int64_t top = rows.isReplicated() ? 0 : 2 * i,
                  bottom = rows.isReplicated() ? 0 : 2 * i + 1;
          SmallVector<Value> before;
          for (int64_t row : {top, bottom})
            for (int64_t e : {0, 1})
              before.push_back(
                  vector::ExtractOp::create(b, acc[row * perRow + j + h], e));
          Value product = NVVM::MmaOp::create(
              b, sums, left[i], ValueRange{words[2 * h], words[2 * h + 1]},
              before, ArrayRef<int64_t>{16, 8, kDepth}, std::nullopt,
              std::nullopt,
              std::array<NVVM::MMATypes, 2>{NVVM::MMATypes::tf32,
                                            NVVM::MMATypes::tf32},
              std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row,
                                             NVVM::MMALayout::col});
          auto set = [&](int64_t row, int64_t first) {
            Value low = LLVM::ExtractValueOp::create(b, product, first);
            Value high = LLVM::ExtractValueOp::create(b, product, first + 1);
            acc[row * perRow + j + h] =
                vector::FromElementsOp::create(b, pairs, ValueRange{low, high});
          };
          set(top, 0);
          if (bottom != top)
            set(bottom, 2);
        }
    }
  }
  return acc;
}
