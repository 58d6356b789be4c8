//===- KernelPairs.cpp - Products of pairs of bf16 ------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Two rows of a panel lie together: a lane of 32 bits has the numbers of one
// column in both. AVX512-BF16 has an instruction that multiplies these by a
// pair of the left-hand side and adds both products to a sum of f32, at twice
// the rate of multiply-adds of f32. Without it a lane is taken apart by a shift
// and a mask, which is all that it takes to make f32 of bf16.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"

#include "VectorUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::cpu;

/// The instruction for vectors of so many sums; null if there is none.
static const char *getInstruction(int64_t lanes) {
  switch (lanes) {
  case kPairLanes:
    return "llvm.x86.avx512bf16.dpbf16ps.512";
  case kPairLanes / 2:
    return "llvm.x86.avx512bf16.dpbf16ps.256";
  case kPairLanes / 4:
    return "llvm.x86.avx512bf16.dpbf16ps.128";
  default:
    return nullptr;
  }
}

void KernelEmitter::multiplyPairs(Registers &sums, const SliceValues &lhs,
                                  const SliceValues &rhs, Value k, int64_t rows,
                                  ArrayRef<int64_t> widths, int64_t firstCol) {
  Type bf16 = b.getBF16Type(), f32 = b.getF32Type(), i32 = b.getI32Type();
  bool leftPairs =
      strategy.getBf16Pairs() &&
      cast<MemRefType>(lhs.memory.getType()).getElementType() == bf16;
  auto hasInstruction = [&](int64_t width) {
    return leftPairs && getInstruction(width);
  };
  auto splatWord = [&](int64_t width, Value word) -> Value {
    return vector::BroadcastOp::create(b, VectorType::get(width, i32), word);
  };
  // The first of a pair is the lower half of its word.
  Value there;
  if (rhs.rowsLeft)
    there = arith::SelectOp::create(
        b, isLess(add(k, 1), rhs.rowsLeft),
        arith::ConstantOp::create(b, b.getI32IntegerAttr(-1)),
        arith::ConstantOp::create(b, b.getI32IntegerAttr(0xffff)));

  SmallVector<Value> right; // pairs as words
  Value start = add(rhs.offset, mul(k, rhs.stride));
  int64_t at = firstCol;
  for (int64_t width : widths) {
    Value pairs =
        loadVector(rhs.memory, add(start, 2 * at), 2 * width, Value(), bf16);
    Value words =
        vector::BitCastOp::create(b, VectorType::get(width, i32), pairs);
    if (there)
      words = arith::AndIOp::create(b, words, splatWord(width, there));
    right.push_back(words);
    at += width;
  }
  Value first = add(lhs.offset, k);
  auto getAddress = [&](int64_t row) {
    return add(first, mul(index(row), lhs.stride));
  };

  if (llvm::any_of(widths, hasInstruction)) {
    auto asPairs = [&](Value words) -> Value {
      int64_t width = cast<VectorType>(words.getType()).getNumElements();
      return vector::BitCastOp::create(b, VectorType::get(2 * width, bf16),
                                       words);
    };
    for (int64_t r = 0; r < rows; ++r) {
      Value pair = loadVector(lhs.memory, getAddress(r), 2, Value(), bf16);
      Value word = vector::ExtractOp::create(
          b, vector::BitCastOp::create(b, VectorType::get(1, i32), pair), 0);
      for (auto [v, width] : llvm::enumerate(widths)) {
        if (!hasInstruction(width))
          continue;
        Value &sum = sums[r * widths.size() + v];
        sum = LLVM::CallIntrinsicOp::create(
                  b, sum.getType(), b.getStringAttr(getInstruction(width)),
                  ValueRange{sum, asPairs(splatWord(width, word)),
                             asPairs(right[v])})
                  .getResult(0);
      }
    }
  }
  if (llvm::all_of(widths, hasInstruction))
    return;

  for (int64_t half : {0, 1}) {
    SmallVector<Value> factors;
    for (auto [words, width] : llvm::zip(right, widths)) {
      auto wordType = VectorType::get(width, i32);
      auto constant = [&](int32_t value) -> Value {
        return arith::ConstantOp::create(
            b, DenseElementsAttr::get(wordType, b.getI32IntegerAttr(value)));
      };
      Value bits =
          half == 0
              ? Value(arith::ShLIOp::create(b, words, constant(16)))
              : Value(arith::AndIOp::create(
                    b, words, constant(static_cast<int32_t>(0xffff0000))));
      factors.push_back(
          vector::BitCastOp::create(b, VectorType::get(width, f32), bits));
    }
    for (int64_t r = 0; r < rows; ++r) {
      Value factor = loadElement(lhs.memory, add(getAddress(r), half), f32);
      for (auto [v, width] : llvm::enumerate(widths)) {
        if (hasInstruction(width))
          continue;
        Value repeated =
            vector::BroadcastOp::create(b, VectorType::get(width, f32), factor);
        Value &sum = sums[r * widths.size() + v];
        sum = vector::FMAOp::create(b, repeated, factors[v], sum);
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// Stores
//===----------------------------------------------------------------------===//

/// The lanes of both in turns, as integers, of which all processors have
/// vectors.
static Value interleave(ImplicitLocOpBuilder &b, Value first, Value second) {
  auto type = cast<VectorType>(first.getType());
  VectorType integers =
      type.clone(b.getIntegerType(type.getElementTypeBitWidth()));
  Value both = vector::InterleaveOp::create(
      b, vector::BitCastOp::create(b, integers, first),
      vector::BitCastOp::create(b, integers, second));
  auto pairs =
      VectorType::get(2 * type.getNumElements(), type.getElementType());
  return vector::BitCastOp::create(b, pairs, both);
}

void KernelEmitter::emitStoreOfPairs(tile::StoreOp op) {
  const ViewValues &view = views[op.getView()];
  Value value = op.getValue();
  Type element = op.getValue().getType().getElementType();
  int64_t rows = getExtent(value, 0), cols = getExtent(value, 1);
  Value row = scalar(op.getRow()), col = scalar(op.getCol());
  Value rowEnd = getEnd(op.getView(), 0, op.getRow(), rows);
  Value colEnd = getEnd(op.getView(), 1, op.getCol(), cols);
  // What fills up the last panel stays zero.
  if (!colEnd)
    colEnd = view.cols;
  Registers registers = getBlock(value);
  SmallVector<int64_t> widths = splitColumns(cols, getLanes(value));
  auto getPart = [&](int64_t r, size_t v) -> Value {
    if (cols > 1)
      return registers[r * widths.size() + v];
    Value one = vector::ExtractOp::create(b, registers.front(), r);
    return vector::FromElementsOp::create(b, VectorType::get(1, element), one);
  };
  for (int64_t r = 0; r < rows; r += 2) {
    OpBuilder::InsertionGuard guard(b);
    Value isSecond; // null: it is there
    if (rowEnd) {
      auto branch = scf::IfOp::create(b, isLess(add(row, r), rowEnd),
                                      /*withElseRegion=*/false);
      b.setInsertionPointToStart(branch.thenBlock());
      isSecond = isLess(add(row, r + 1), rowEnd);
    }
    Value address = getAddress(op.getView().getType(), view, add(row, r), col);
    int64_t at = 0;
    for (auto [v, width] : llvm::enumerate(widths)) {
      Value mask = createLaneMask(
          b, b.getLoc(), mul(sub(colEnd, add(col, at)), index(2)), 2 * width);
      bool alone = r + 1 == rows;
      if (alone || isSecond) {
        // The second row of the pair keeps what it has.
        SmallVector<bool> lanes;
        for (int64_t lane = 0; lane < 2 * width; ++lane)
          lanes.push_back(lane % 2 == 0);
        auto type = VectorType::get(2 * width, b.getI1Type());
        Value only = arith::ConstantOp::create(
            b, DenseElementsAttr::get(type, ArrayRef<bool>(lanes)));
        if (!alone)
          only = arith::OrIOp::create(
              b, only, vector::BroadcastOp::create(b, type, isSecond));
        mask = arith::AndIOp::create(b, mask, only);
      }
      Value first = getPart(r, v);
      storeLanes(b, b.getLoc(),
                 interleave(b, first, alone ? first : getPart(r + 1, v)),
                 view.memory, ValueRange{add(address, 2 * at)}, mask);
      at += width;
    }
  }
}
