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
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::cpu;

/// Lanes of the instruction's sums.
static constexpr int64_t kPairLanes = 16;

void KernelEmitter::multiplyPairs(Registers &sums, const SliceValues &lhs,
                                  const SliceValues &rhs, Value k, int64_t rows,
                                  ArrayRef<int64_t> widths, int64_t firstCol) {
  Type bf16 = b.getBF16Type(), f32 = b.getF32Type(), i32 = b.getI32Type();
  // The instruction does not have parts of a vector.
  bool atOnce =
      strategy.getBf16Pairs() &&
      cast<MemRefType>(lhs.memory.getType()).getElementType() == bf16 &&
      llvm::all_equal(widths) && widths.front() == kPairLanes;
  SmallVector<Value> right;
  Value start = add(rhs.offset, mul(k, rhs.stride));
  int64_t at = firstCol;
  for (int64_t width : widths) {
    right.push_back(
        loadVector(rhs.memory, add(start, 2 * at), 2 * width, Value(), bf16));
    at += width;
  }
  Value first = add(lhs.offset, k);
  auto getAddress = [&](int64_t row) {
    return add(first, mul(index(row), lhs.stride));
  };

  if (atOnce) {
    auto pairs = VectorType::get(2 * kPairLanes, bf16);
    for (int64_t r = 0; r < rows; ++r) {
      Value pair = loadVector(lhs.memory, getAddress(r), 2, Value(), bf16);
      Value word = vector::ExtractOp::create(
          b, vector::BitCastOp::create(b, VectorType::get(1, i32), pair), 0);
      Value words = vector::BroadcastOp::create(
          b, VectorType::get(kPairLanes, i32), word);
      Value repeated = vector::BitCastOp::create(b, pairs, words);
      for (auto [v, factor] : llvm::enumerate(right)) {
        Value &sum = sums[r * widths.size() + v];
        sum = LLVM::CallIntrinsicOp::create(
                  b, sum.getType(),
                  b.getStringAttr("llvm.x86.avx512bf16.dpbf16ps.512"),
                  ValueRange{sum, repeated, factor})
                  .getResult(0);
      }
    }
    return;
  }

  for (int64_t half : {0, 1}) {
    SmallVector<Value> factors;
    for (auto [pairs, width] : llvm::zip(right, widths)) {
      auto wordType = VectorType::get(width, i32);
      Value words = vector::BitCastOp::create(b, wordType, pairs);
      auto constant = [&](int32_t value) -> Value {
        return arith::ConstantOp::create(
            b, DenseElementsAttr::get(wordType, b.getI32IntegerAttr(value)));
      };
      // The first of a pair is the lower half of its word.
      words = half == 0 ? Value(arith::ShLIOp::create(b, words, constant(16)))
                        : Value(arith::AndIOp::create(
                              b, words, constant(int32_t(0xffff0000))));
      factors.push_back(
          vector::BitCastOp::create(b, VectorType::get(width, f32), words));
    }
    for (int64_t r = 0; r < rows; ++r) {
      Value factor = loadElement(lhs.memory, add(getAddress(r), half), f32);
      for (auto [v, width] : llvm::enumerate(widths)) {
        Value repeated =
            vector::BroadcastOp::create(b, VectorType::get(width, f32), factor);
        Value &sum = sums[r * widths.size() + v];
        sum = vector::FMAOp::create(b, repeated, factors[v], sum);
      }
    }
  }
}
