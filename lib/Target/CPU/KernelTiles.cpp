//===- KernelTiles.cpp - Products by the matrix unit ----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "MatrixUnit.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::cpu;

/// The address of an element of a flat buffer.
static Value getPointer(ImplicitLocOpBuilder &b, Value memory, Value element) {
  Type i64 = b.getI64Type();
  Value base = arith::IndexCastOp::create(
      b, i64, memref::ExtractAlignedPointerAsIndexOp::create(b, memory));
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  return LLVM::GEPOp::create(
      b, pointer, cast<MemRefType>(memory.getType()).getElementType(),
      LLVM::IntToPtrOp::create(b, pointer, base),
      ArrayRef<LLVM::GEPArg>{
          Value(arith::IndexCastOp::create(b, i64, element))});
}

LogicalResult KernelEmitter::emitTiles(const GridPoint &at,
                                       const MatrixProducts &found, Value rows,
                                       bool whole, MatrixUnit &unit) {
  enter(at, std::nullopt);
  for (Operation &op : kernel.getBlock().without_terminator()) {
    if (&op == found.loop)
      break;
    if (failed(emitOp(&op)))
      return failure();
  }
  for (const MatrixProduct &product : found.products)
    emitProduct(found, product, rows, whole, unit);
  return success();
}

void KernelEmitter::emitProduct(const MatrixProducts &found,
                                const MatrixProduct &product, Value rows,
                                bool whole, MatrixUnit &unit) {
  Type i16 = b.getI16Type(), i64 = b.getI64Type();
  auto number = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, b.getI64IntegerAttr(value));
  };
  auto convert = [&](Value index, Type type) -> Value {
    return b.createOrFold<arith::IndexCastOp>(type, index);
  };
  tile::ForOp loop = found.loop;
  Value left = loop.getViews()[product.left],
        right = loop.getViews()[product.right];
  auto leftType = cast<tile::ViewType>(left.getType());
  auto rightType = cast<tile::ViewType>(right.getType());
  const ViewValues &lhs = views[left], &rhs = views[right];
  Value lhsFirst = getAddress(leftType, lhs,
                              scalar(loop.getPlaces()[product.left]), index(0));
  Value place = loop.getPlaces()[product.right], col = scalar(place);
  Value rhsFirst = getAddress(rightType, rhs, index(0), col);
  Value sums = getSums(product.sums);
  int64_t cols = getExtent(product.sums, 1), colTiles = cols / kTileRows;
  int64_t steps = found.depth / kTileDepth, rest = found.depth % kTileDepth;

  MatrixOperands operands;
  operands.lhsStride = mul(convert(lhs.stride, i64), number(2));
  operands.rhsStride = number(4 * rightType.getPanel());
  operands.rhs = getPointer(b, rhs.memory, rhsFirst);
  operands.sumsStride = number(4 * cols);
  operands.next = operands.rhs;
  operands.lines = number(0);
  // The panel that the next point of the grid reads, a share of it for each
  // block of rows.
  std::optional<unsigned> dim = getGridDim(place);
  if (whole && strategy.getPrefetch() != 0 && dim &&
      *dim != static_cast<unsigned>(strategy.getLoop())) {
    Value lines = b.createOrFold<arith::CeilDivUIOp>(index(cols), point.count);
    int64_t most = strategy.getPrefetch() * kTileDepth / loop.getStep();
    lines = min(lines, index(most));
    Value next =
        getAddress(rightType, rhs, index(0), add(col, kernel.getSteps()[*dim]));
    int64_t line = kLineBytes / 2;
    next = add(next, mul(mul(point.number, lines), index(steps * line)));
    operands.next = getPointer(b, rhs.memory, next);
    operands.lines = convert(lines, i64);
  }

  auto multiply = [&](int64_t rowTiles) {
    MatrixOperands last = operands;
    if (steps > 0) {
      operands.steps = number(steps);
      unit.multiply(b, {rowTiles, colTiles, kTileDepth / 2, /*adds=*/false},
                    operands);
    }
    if (rest > 0) {
      auto skip = [&](Value start, int64_t bytes) -> Value {
        return LLVM::GEPOp::create(b, start.getType(), b.getI8Type(), start,
                                   ArrayRef<LLVM::GEPArg>{number(bytes)});
      };
      last.lhs = skip(last.lhs, steps * 2 * kTileDepth);
      last.rhs = skip(last.rhs, steps * 2 * kTileDepth * rightType.getPanel());
      last.steps = number(1);
      last.next = last.rhs;
      last.lines = number(0);
      unit.multiply(b, {rowTiles, colTiles, rest / 2, /*adds=*/steps > 0},
                    last);
    }
  };
  // `row` of the block.
  auto setRow = [&](Value row) {
    operands.lhs =
        getPointer(b, lhs.memory, add(lhsFirst, mul(row, lhs.stride)));
    operands.sums = getPointer(b, sums, mul(row, index(cols)));
  };
  if (whole && getExtent(product.sums, 0) == 2 * kTileRows) {
    setRow(index(0));
    multiply(2);
    return;
  }
  auto tiles = scf::ForOp::create(b, index(0), rows, index(kTileRows));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(tiles.getBody());
  Value row = tiles.getInductionVar();
  setRow(row);
  operands.rows = convert(min(sub(rows, row), index(kTileRows)), i16);
  multiply(1);
}
