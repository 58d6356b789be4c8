//===- EmitProducts.cpp - mma.sync, and sums of products ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A fragment of mma.m16n8k16 (PTX ISA, "Matrix Fragments for mma.m16n8k16"):
// lane l has of the accumulators rows l / 4 and l / 4 + 8, columns 2 (l % 4)
// and the one behind it; of the left factor the same rows, and the same columns
// of each half of the 16. So accumulators are left factors once they are
// rounded.
//
// Of mma.m16n8k8 on tf32, a lane has of the left factor the same rows, and of
// the 8 contracted positions l % 4 and the one 4 behind it. Which positions
// these are is free, as long as both factors agree: windows of left factors
// have them in this order, and accumulators as neighbours.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::cuda;

LogicalResult KernelEmitter::emitDot(tile::DotOp op) {
  bool isTensor = strategy.usesTensorCores();
  for (Value factor : {op.getLhs(), op.getRhs()}) {
    // A left factor of mma.sync may be registers.
    bool isRegisters = isTensor && factor == op.getLhs() &&
                       !isa<tile::SliceType>(factor.getType());
    if (!isRegisters && !windows.count(factor))
      return op.emitOpError() << "reads a window that is not in shared memory, "
                              << factor.getType() << " (--ockham-cuda-stage)";
  }
  blocks[op.getResult()] = isTensor ? emitMMA(op) : emitFMA(op);
  return success();
}

//===----------------------------------------------------------------------===//
// Tensor cores
//===----------------------------------------------------------------------===//

/// Four matrices of 8 rows of 16 bytes, which the lanes' pointers begin.
Registers KernelEmitter::loadMatrices(const WindowValues &window, Place row,
                                      Place col, bool transposed) {
  Type word = b.getI32Type();
  auto type = LLVM::LLVMStructType::getLiteral(b.getContext(),
                                               {word, word, word, word});
  Value loaded = NVVM::LdMatrixOp::create(
      b, type, getSharedPointerApart(window, row, col), 4,
      transposed ? NVVM::MMALayout::col : NVVM::MMALayout::row,
      NVVM::LdStMatrixShapeAttr::get(b.getContext(), 8, 8),
      NVVM::LdStMatrixEltType::B16);
  Registers words;
  for (int64_t i = 0; i < 4; ++i)
    words.push_back(LLVM::ExtractValueOp::create(b, loaded, i));
  return words;
}

/// Words for mma.sync of words or floats, rounded to the nearest: the
/// instruction would cut them off.
void KernelEmitter::roundToTF32(Registers &values) {
  for (Value &value : values) {
    if (!value.getType().isF32())
      value = LLVM::BitcastOp::create(b, b.getF32Type(), value);
    value = NVVM::ConvertFloatToTF32Op::create(b, b.getI32Type(), value,
                                               NVVM::FPRoundingMode::RNA);
  }
}

/// A contracted position: slices take turns. The offset, a multiple of what all
/// of them do, has no bit of the number.
Place KernelEmitter::inSlice(Value number, int64_t offset) {
  if (Value slice = getSlice())
    number = add(number, mul(slice, strategy.getDotDepth()));
  Place place{number, offset};
  return llvm::isPowerOf2_64(strategy.getSlices()) ? place
                                                   : Place{makeNumber(place)};
}

/// The left factor of the contracted positions from `k` on: for each 16 rows of
/// the warp four words.
SmallVector<Registers> KernelEmitter::getLeftFragments(tile::DotOp op,
                                                       int64_t k) {
  AxisLayout rows = rowsOf(op.getAcc());
  int64_t count = std::max<int64_t>(1, rows.offsets.size() / 2);
  bool isTF32 = strategy.getDot() == DotKind::TF32;
  int64_t unit = strategy.getDotDepth();
  SmallVector<Registers> fragments;
  auto window = windows.find(op.getLhs());
  if (window != windows.end()) {
    BufferType type = window->second.type;
    AxisLayout warps = rows;
    // The part of a row's number that the lane makes is another here.
    if (!warps.terms.empty())
      warps.terms.erase(warps.terms.begin());
    Value base = getBase(warps);
    Value row = rem(lane, 16);
    Place col = inSlice(mul(div(lane, 16), unit / 2), k);
    for (int64_t i = 0; i < count; ++i) {
      Place at{base ? add(base, row) : row, 16 * i};
      if (rows.isReplicated())
        at = {};
      else if (rows.padded > type.getPaddedRows())
        at = {b.createOrFold<arith::MinSIOp>(makeNumber(at),
                                             i32(type.getPaddedRows() - 1))};
      fragments.push_back(
          loadMatrices(window->second, at, col, /*transposed=*/false));
      if (isTF32)
        roundToTF32(fragments.back());
    }
    return fragments;
  }
  Value block = op.getLhs();
  AxisLayout cols = colsOf(block);
  int64_t perRow = cols.offsets.size(), depth = getDepth(op);
  Registers registers = getRegisters(block);
  Value base = getBase(cols);
  for (int64_t i = 0; i < count; ++i) {
    Registers words;
    for (int64_t q = 0; q < 4; ++q) {
      int64_t row = rows.isReplicated() ? 0 : 2 * i + q % 2;
      int64_t col = k / 8 + (isTF32 ? 0 : q / 2);
      if (col >= perRow) {
        words.push_back(i32(0));
        continue;
      }
      Value pair = registers[row * perRow + col];
      // Positions that fill up the last register add nothing.
      if (8 * col + 8 > depth) {
        SmallVector<Value> elements;
        for (int64_t e : {0, 1}) {
          Value element = vector::ExtractOp::create(b, pair, e);
          elements.push_back(arith::SelectOp::create(
              b, isLess(makeNumber({base, 8 * col + e}), i32(depth)), element,
              zeroOf(element.getType())));
        }
        pair = vector::FromElementsOp::create(
            b, cast<VectorType>(pair.getType()), elements);
      }
      words.push_back(
          isTF32 ? Value(vector::ExtractOp::create(b, pair, q / 2))
                 : Value(LLVM::BitcastOp::create(b, b.getI32Type(), pair)));
    }
    if (isTF32)
      roundToTF32(words);
    fragments.push_back(words);
  }
  return fragments;
}

/// The right factor of the contracted positions from `k` on, for the warp's two
/// tiles of 8 columns from `8 j` on: two words each.
Registers KernelEmitter::getRightFragments(tile::DotOp op, int64_t k,
                                           int64_t j) {
  AxisLayout cols = colsOf(op.getAcc());
  int64_t perRow = cols.offsets.size();
  const WindowValues window = windows.lookup(op.getRhs());
  BufferType type = window.type;
  bool isTF32 = strategy.getDot() == DotKind::TF32;
  bool transposed = op.getTransposed();
  int64_t unit = strategy.getDotDepth();
  // Where this warp's columns begin; those of one column are in all warps.
  AxisLayout warps = cols;
  if (!warps.terms.empty())
    warps.terms.erase(warps.terms.begin());
  Value firstCol = getBase(warps);
  bool isApart = !firstCol || llvm::isPowerOf2_64(8 * perRow);
  auto from = [&](Value number, int64_t offset) {
    Place place{firstCol ? add(firstCol, number) : number, offset};
    return isApart ? place : Place{makeNumber(place)};
  };
  auto clamp = [&](Place place, int64_t last) {
    return Place{b.createOrFold<arith::MinSIOp>(makeNumber(place), i32(last))};
  };
  // ldmatrix cannot transpose words of 32 bits, and reads positions in the
  // order of windows.
  bool isLeftBlock = !windows.count(op.getLhs());
  if (isTF32 && (isLeftBlock || !transposed)) {
    Registers words;
    int64_t extent = transposed ? type.getPaddedRows() : type.getPaddedCols();
    Value within = rem(lane, 4);
    if (isLeftBlock)
      within = mul(within, 2);
    for (int64_t h = 0; h < 2 && j + h < perRow; ++h) {
      Place col = from(div(lane, 4), 8 * (j + h));
      if (cols.padded > extent)
        col = clamp(col, extent - 1);
      if (transposed) {
        Value pair = loadShared(
            window, getSharedPointerApart(window, col, inSlice(within, k)), 2);
        for (int64_t e : {0, 1})
          words.push_back(vector::ExtractOp::create(b, pair, e));
        continue;
      }
      for (int64_t e : {0, 1})
        words.push_back(loadShared(
            window,
            getSharedPointerApart(
                window, inSlice(within, k + (isLeftBlock ? e : 4 * e)), col),
            1));
    }
    roundToTF32(words);
    return words;
  }
  // Both tiles are loaded, also where a warp has an odd number of them.
  int64_t least = cols.padded + perRow % 2 * 8;
  Registers words;
  if (transposed) {
    // Rows of the window are columns of the product.
    Place row = from(add(rem(lane, 8), mul(div(lane, 16), 8)), 8 * j);
    if (least > type.getPaddedRows())
      row = clamp(row, type.getPaddedRows() - 1);
    Place col = inSlice(mul(rem(div(lane, 8), 2), unit / 2), k);
    words = loadMatrices(window, row, col, /*transposed=*/false);
  } else {
    Place col = from(mul(div(lane, 16), 8), 8 * j);
    // The last 8 columns, where these lie beyond all of them.
    if (least > type.getPaddedCols())
      col = clamp(col, type.getPaddedCols() - 8);
    words = loadMatrices(window, inSlice(rem(lane, 16), k), col,
                         /*transposed=*/true);
  }
  if (isTF32)
    roundToTF32(words);
  return words;
}

Registers KernelEmitter::emitMMA(tile::DotOp op) {
  AxisLayout rows = rowsOf(op.getAcc()), cols = colsOf(op.getAcc());
  int64_t perRow = cols.offsets.size(), depth = getDepth(op);
  int64_t tiles = std::max<int64_t>(1, rows.offsets.size() / 2);
  int64_t unit = strategy.getDotDepth();
  BufferType type = windows.lookup(op.getRhs()).type;
  NVVM::MMATypes kind = strategy.getDot() == DotKind::TF32
                            ? NVVM::MMATypes::tf32
                        : type.getElementType().isBF16() ? NVVM::MMATypes::bf16
                                                         : NVVM::MMATypes::f16;
  Type f32 = b.getF32Type();
  auto sums =
      LLVM::LLVMStructType::getLiteral(b.getContext(), {f32, f32, f32, f32});
  auto pairs = VectorType::get(2, f32);
  Registers acc = getRegisters(op.getAcc());
  bool isVector = cols.width == 2;
  auto get = [&](int64_t i, int64_t j, int64_t e) -> Value {
    Value value = acc[i * perRow + j];
    return isVector ? Value(vector::ExtractOp::create(b, value, e)) : value;
  };
  // The op wants bf16 as words, and f16 as what it is.
  auto castWords = [&](Registers &words) {
    if (kind == NVVM::MMATypes::f16)
      for (Value &word : words)
        word = LLVM::BitcastOp::create(
            b, VectorType::get(2, type.getElementType()), word);
  };
  for (int64_t k = 0; k < depth; k += unit * strategy.getSlices()) {
    SmallVector<Registers> left = getLeftFragments(op, k);
    for (Registers &fragment : left)
      castWords(fragment);
    for (int64_t j = 0; j < perRow; j += 2) {
      Registers words = getRightFragments(op, k, j);
      castWords(words);
      for (int64_t i = 0; i < tiles; ++i)
        for (int64_t h = 0; h < 2 && j + h < perRow; ++h) {
          int64_t top = rows.isReplicated() ? 0 : 2 * i,
                  bottom = rows.isReplicated() ? 0 : 2 * i + 1;
          SmallVector<Value> before{get(top, j + h, 0), get(top, j + h, 1),
                                    get(bottom, j + h, 0),
                                    get(bottom, j + h, 1)};
          Value product = NVVM::MmaOp::create(
              b, sums, left[i], ValueRange{words[2 * h], words[2 * h + 1]},
              before, ArrayRef<int64_t>{16, 8, unit}, std::nullopt,
              std::nullopt, std::array<NVVM::MMATypes, 2>{kind, kind},
              std::array<NVVM::MMALayout, 2>{NVVM::MMALayout::row,
                                             NVVM::MMALayout::col});
          auto set = [&](int64_t row, int64_t first) {
            Value low = LLVM::ExtractValueOp::create(b, product, first);
            Value high = LLVM::ExtractValueOp::create(b, product, first + 1);
            acc[row * perRow + j + h] =
                isVector ? Value(vector::FromElementsOp::create(
                               b, pairs, ValueRange{low, high}))
                         : low;
          };
          set(top, 0);
          if (bottom != top)
            set(bottom, 2);
        }
    }
  }
  return acc;
}

//===----------------------------------------------------------------------===//
// Multiply-adds
//===----------------------------------------------------------------------===//

Registers KernelEmitter::emitFMA(tile::DotOp op) {
  AxisLayout rows = rowsOf(op.getAcc()), cols = colsOf(op.getAcc());
  int64_t perRow = cols.offsets.size(), depth = getDepth(op);
  const WindowValues left = windows.lookup(op.getLhs());
  const WindowValues right = windows.lookup(op.getRhs());
  bool transposed = op.getTransposed();
  Type element = op.getAcc().getType().getElementType();
  Value rowBase = getBase(rows), colBase = getBase(cols);
  // Positions beyond the last are not looked at, but they must be somewhere.
  auto clamp = [&](Value base, int64_t offset, int64_t padded, int64_t extent) {
    Value number = makeNumber({base, offset});
    return padded > extent
               ? b.createOrFold<arith::MinSIOp>(number, i32(extent - 1))
               : number;
  };
  auto widen = [&](Value value) -> Value {
    Type type = value.getType();
    if (getElementTypeOrSelf(type) == element)
      return value;
    Type wide = element;
    if (auto vector = dyn_cast<VectorType>(type))
      wide = vector.clone(element);
    return arith::ExtFOp::create(b, wide, value);
  };
  auto extract = [&](Value value, int64_t e) -> Value {
    return isa<VectorType>(value.getType())
               ? Value(vector::ExtractOp::create(b, value, e))
               : value;
  };
  int64_t extent = op.getAcc().getType().getDimSize(1);
  Type registerType = getRegisterType(op.getAcc());
  Registers acc = getRegisters(op.getAcc());
  constexpr int64_t kStep = 4;
  // Slices take turns in what is contracted.
  Value first = getSlice();
  if (first)
    first = mul(first, kStep);
  for (int64_t k = 0; k < depth; k += kStep * strategy.getSlices()) {
    int64_t steps = std::min(kStep, depth - k);
    // What lies behind the last position may not have been written.
    auto loadSteps = [&](const WindowValues &window, Value row) -> Value {
      if (steps == kStep)
        return widen(loadShared(window, {row, 0}, {first, k}, kStep));
      SmallVector<Value> elements;
      for (int64_t s = 0; s < steps; ++s)
        elements.push_back(
            widen(loadShared(window, {row, 0}, {first, k + s}, 1)));
      if (steps == 1)
        return elements.front();
      return vector::FromElementsOp::create(b, VectorType::get(steps, element),
                                            elements);
    };
    SmallVector<Value> lhs;
    for (int64_t offset : rows.offsets)
      lhs.push_back(loadSteps(
          left, clamp(rowBase, offset, rows.padded, left.type.getRows())));
    // For each step and register of columns what it is multiplied with.
    SmallVector<SmallVector<Value>> rhs(steps);
    for (int64_t offset : cols.offsets) {
      if (!transposed) {
        for (int64_t s = 0; s < steps; ++s) {
          Value col = makeNumber({colBase, offset});
          if (cols.padded > right.type.getPaddedCols())
            col = b.createOrFold<arith::MinSIOp>(
                col, i32(right.type.getPaddedCols() - cols.width));
          rhs[s].push_back(
              widen(loadShared(right, {first, k + s}, {col, 0}, cols.width)));
        }
        continue;
      }
      SmallVector<Value> neighbours;
      for (int64_t e = 0; e < cols.width; ++e)
        neighbours.push_back(
            loadSteps(right, clamp(colBase, offset + e, cols.padded, extent)));
      for (int64_t s = 0; s < steps; ++s) {
        SmallVector<Value> elements;
        for (Value neighbour : neighbours)
          elements.push_back(extract(neighbour, s));
        rhs[s].push_back(
            cols.width == 1
                ? elements.front()
                : Value(vector::FromElementsOp::create(
                      b, cast<VectorType>(registerType), elements)));
      }
    }
    for (int64_t s = 0; s < steps; ++s)
      for (auto [i, row] : llvm::enumerate(lhs)) {
        Value factor = extract(row, s);
        if (isa<VectorType>(registerType))
          factor = vector::BroadcastOp::create(b, registerType, factor);
        for (int64_t j = 0; j < perRow; ++j) {
          Value &sum = acc[i * perRow + j];
          sum = math::FmaOp::create(b, factor, rhs[s][j], sum);
        }
      }
  }
  return acc;
}
