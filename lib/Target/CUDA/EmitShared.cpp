//===- EmitShared.cpp - Windows and blocks in shared memory ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::cuda;

//===----------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------===//

void KernelEmitter::emitShared(SharedOp op) {
  Value pointer =
      LLVM::GEPOp::create(b, shared.getType(), b.getI8Type(), shared,
                          ArrayRef<LLVM::GEPArg>{int32_t(op.getOffset())});
  windows[op.getBuffer()] = {pointer, op.getBuffer().getType()};
}

/// Number `number + ahead` of a buffer.
WindowValues KernelEmitter::getWindow(Value buffer, Value number,
                                      int64_t ahead) {
  WindowValues window = windows.lookup(buffer);
  int64_t stages = window.type.getStages();
  if (stages == 1)
    return window;
  Value slot = rem(add(toI32(number), ahead), stages);
  Value bytes = mul(slot, window.type.getWindowBytes());
  window.pointer = LLVM::GEPOp::create(b, shared.getType(), b.getI8Type(),
                                       window.pointer, ValueRange{bytes});
  return window;
}

void KernelEmitter::emitAcquire(AcquireOp op) {
  windows[op.getWindow()] =
      getWindow(op.getBuffer(), scalar(op.getNumber()), 0);
}

/// Bytes from a window's begin to an element, i32. Columns of a group lie
/// behind each other, pieces of 16 bytes in the order that the row makes of
/// them.
Value KernelEmitter::getSharedOffset(BufferType type, Place row, Place col) {
  int64_t size = type.getElementBytes(), group = type.getGroupCols();
  int64_t pitch = group * size, perPiece = 16 / size, pieces = pitch / 16;
  Value r = makeNumber(row), c = makeNumber(col);
  Value place = mul(div(c, group), type.getPaddedRows() * pitch);
  place = add(place, mul(r, pitch));
  Value piece = div(rem(c, group), perPiece);
  if (pieces > 1) {
    // Rows that lie in the same 128 bytes are in different banks anyway.
    Value turn = rem(div(r, 128 / pitch), pieces);
    piece = b.createOrFold<arith::XOrIOp>(piece, turn);
  }
  place = add(place, mul(piece, 16));
  if (perPiece > 1)
    place = add(place, mul(rem(c, perPiece), size));
  return place;
}

Value KernelEmitter::getSharedPointer(const WindowValues &window, Place row,
                                      Place col) {
  return LLVM::GEPOp::create(
      b, window.pointer.getType(), b.getI8Type(), window.pointer,
      ValueRange{getSharedOffset(window.type, row, col)});
}

/// The same where no bit is set in an offset and in what it is added to: the
/// order of pieces is an exclusive or, so that all places are those of few
/// others and a known distance, and need few registers.
Value KernelEmitter::getSharedPointerApart(const WindowValues &window,
                                           Place row, Place col) {
  BufferType type = window.type;
  int64_t size = type.getElementBytes(), group = type.getGroupCols();
  int64_t pitch = group * size, pieces = pitch / 16;
  int64_t perPiece = 16 / size;
  int64_t turned =
      col.offset % group / perPiece ^ row.offset / (128 / pitch) % pieces;
  int64_t distance =
      (row.offset + col.offset / group * type.getPaddedRows()) * pitch +
      col.offset % perPiece * size;
  Value place = getSharedOffset(type, {row.base, 0}, {col.base, 0});
  // The bits of the piece are nothing else's.
  if (turned != 0)
    place = b.createOrFold<arith::XOrIOp>(place, i32(16 * turned));
  Value pointer =
      LLVM::GEPOp::create(b, window.pointer.getType(), b.getI8Type(),
                          window.pointer, ValueRange{place});
  if (distance == 0)
    return pointer;
  return LLVM::GEPOp::create(
      b, pointer.getType(), b.getI8Type(), pointer,
      ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(distance)});
}

/// `width` neighbours, which lie in one piece.
Value KernelEmitter::loadShared(const WindowValues &window, Place row,
                                Place col, int64_t width) {
  return loadShared(window, getSharedPointer(window, row, col), width);
}

Value KernelEmitter::loadShared(const WindowValues &window, Value pointer,
                                int64_t width) {
  Type element = window.type.getElementType(), memory = getMemoryType(element);
  Type type = width == 1 ? memory : VectorType::get(width, memory);
  Value value = LLVM::LoadOp::create(b, type, pointer,
                                     width * window.type.getElementBytes());
  if (memory != element)
    value = arith::TruncIOp::create(
        b, width == 1 ? element : Type(VectorType::get(width, element)), value);
  return value;
}

void KernelEmitter::emitPut(PutOp op) {
  Value block = op.getValue();
  WindowValues window = getWindow(op.getBuffer(), index(0), 0);
  BufferType type = window.type;
  AxisLayout rows = rowsOf(block), cols = colsOf(block);
  Value rowBase = getBase(rows), colBase = getBase(cols);
  int64_t size = type.getElementBytes();
  int64_t piece = std::min<int64_t>(cols.width, 16 / size);
  Type memory = getMemoryType(type.getElementType());
  Value owner = isOwner(rows, cols);
  owner = both(owner, isFirstSlice());
  Registers registers = getRegisters(block);
  OpBuilder::InsertionGuard all(b);
  if (owner)
    b.setInsertionPointToStart(
        scf::IfOp::create(b, owner, /*withElseRegion=*/false).thenBlock());
  // What fills up the window is zero: products read it.
  int64_t paddedCols = std::min(type.getPaddedCols(), cols.padded);
  for (auto [i, rowOffset] : llvm::enumerate(rows.offsets))
    for (auto [j, colOffset] : llvm::enumerate(cols.offsets)) {
      OpBuilder::InsertionGuard guard(b);
      Value value = registers[i * cols.offsets.size() + j];
      Value row = makeNumber({rowBase, rowOffset}), inside, exists;
      if (rows.padded > type.getPaddedRows())
        inside = isLess(row, i32(type.getPaddedRows()));
      if (rows.padded > type.getRows())
        exists = isLess(row, i32(type.getRows()));
      if (cols.padded > paddedCols)
        inside = both(
            inside, isLess(makeNumber({colBase, colOffset}), i32(paddedCols)));
      if (inside)
        b.setInsertionPointToStart(
            scf::IfOp::create(b, inside, /*withElseRegion=*/false).thenBlock());
      for (int64_t e = 0; e < cols.width; e += piece) {
        SmallVector<Value> elements;
        for (int64_t k = 0; k < piece; ++k) {
          Value element =
              cols.width == 1
                  ? value
                  : Value(vector::ExtractOp::create(b, value, e + k));
          Value there = exists;
          if (cols.padded > type.getCols())
            there = both(there, isLess(makeNumber({colBase, colOffset + e + k}),
                                       i32(type.getCols())));
          if (there)
            element = arith::SelectOp::create(b, there, element,
                                              zeroOf(element.getType()));
          if (memory != element.getType())
            element = arith::ExtUIOp::create(b, memory, element);
          elements.push_back(element);
        }
        Value stored = piece == 1
                           ? elements.front()
                           : Value(vector::FromElementsOp::create(
                                 b, VectorType::get(piece, memory), elements));
        LLVM::StoreOp::create(
            b, stored,
            getSharedPointer(window, {row, 0}, {colBase, colOffset + e}),
            piece * size);
      }
    }
  if (cols.padded >= type.getPaddedCols())
    return;
  // Columns behind those that registers have.
  if (colBase)
    b.setInsertionPointToStart(
        scf::IfOp::create(b, isLess(colBase, i32(1)), /*withElseRegion=*/false)
            .thenBlock());
  for (int64_t rowOffset : rows.offsets) {
    OpBuilder::InsertionGuard guard(b);
    Value row = makeNumber({rowBase, rowOffset});
    if (rows.padded > type.getPaddedRows())
      b.setInsertionPointToStart(
          scf::IfOp::create(b, isLess(row, i32(type.getPaddedRows())),
                            /*withElseRegion=*/false)
              .thenBlock());
    for (int64_t col = cols.padded; col < type.getPaddedCols(); ++col)
      LLVM::StoreOp::create(b, zeroOf(memory),
                            getSharedPointer(window, {row, 0}, {Value(), col}),
                            size);
  }
}

void KernelEmitter::emitGet(GetOp op) {
  Value result = op.getResult();
  WindowValues window = getWindow(op.getBuffer(), index(0), 0);
  auto type = cast<RankedTensorType>(result.getType());
  AxisLayout rows = rowsOf(result), cols = colsOf(result);
  Value rowBase = getBase(rows), colBase = getBase(cols);
  // What fills up registers repeats the last row or column.
  auto clamp = [&](Value base, int64_t offset, const AxisLayout &axis,
                   int64_t extent) {
    Value number = makeNumber({base, offset});
    return axis.padded > extent
               ? b.createOrFold<arith::MinSIOp>(number, i32(extent - 1))
               : number;
  };
  Registers registers;
  for (int64_t rowOffset : rows.offsets)
    for (int64_t colOffset : cols.offsets) {
      Value row = clamp(rowBase, rowOffset, rows, type.getDimSize(0));
      SmallVector<Value> elements;
      for (int64_t e = 0; e < cols.width; ++e) {
        Value col = clamp(colBase, colOffset + e, cols, type.getDimSize(1));
        switch (op.getKind()) {
        case GetKind::Transpose:
          elements.push_back(loadShared(window, {col, 0}, {row, 0}, 1));
          break;
        case GetKind::Even:
        case GetKind::Odd:
          elements.push_back(
              loadShared(window, {row, 0},
                         {mul(col, 2), op.getKind() == GetKind::Odd}, 1));
          break;
        case GetKind::Scan: {
          // Every thread adds up what is above its own rows.
          auto loop =
              scf::ForOp::create(b, i32(0), add(row, 1), i32(1),
                                 ValueRange{zeroOf(type.getElementType())});
          OpBuilder::InsertionGuard guard(b);
          if (!loop.getBody()->empty())
            loop.getBody()->back().erase();
          b.setInsertionPointToStart(loop.getBody());
          Value sum = arith::AddFOp::create(
              b, loop.getRegionIterArgs()[0],
              loadShared(window, {loop.getInductionVar(), 0}, {col, 0}, 1));
          scf::YieldOp::create(b, ValueRange{sum});
          elements.push_back(loop.getResult(0));
          break;
        }
        }
      }
      registers.push_back(
          cols.width == 1
              ? elements.front()
              : Value(vector::FromElementsOp::create(
                    b, cast<VectorType>(getRegisterType(result)), elements)));
    }
  blocks[result] = registers;
}

//===----------------------------------------------------------------------===//
// Copies
//===----------------------------------------------------------------------===//

LogicalResult KernelEmitter::emitCopy(CopyOp op) {
  auto bytes = static_cast<int64_t>(op.getBytes());
  int64_t most = alignment.getPieceBytes(op.getView(), op.getCol());
  if (bytes > most)
    return op.emitOpError()
           << "copies pieces of " << bytes << " bytes, but of "
           << op.getView().getType()
           << " it is known only that pieces begin at multiples of " << most
           << " bytes; expected " << (most < 4 ? 0 : most);
  OpBuilder::InsertionGuard guard(b);
  if (Value condition = op.getCondition())
    b.setInsertionPointToStart(scf::IfOp::create(b, scalar(condition),
                                                 /*withElseRegion=*/false)
                                   .thenBlock());
  emitCopyPieces(op);
  return success();
}

void KernelEmitter::emitCopyPieces(CopyOp op) {
  auto viewType = op.getView().getType();
  const ViewValues view = views.lookup(op.getView());
  WindowValues window =
      getWindow(op.getBuffer(), scalar(op.getNumber()), op.getAhead());
  BufferType type = window.type;
  Type element = type.getElementType();
  int64_t size = type.getElementBytes();
  bool isAsync = op.getBytes() != 0;
  int64_t bytes = isAsync ? op.getBytes() : size;
  int64_t perPiece = bytes / size;
  int64_t perRow = type.getPaddedCols() / perPiece,
          pieces = type.getPaddedRows() * perRow,
          threads = strategy.getThreads();
  Value row = scalar(op.getRow()), col = scalar(op.getCol());
  Assumption assumption = getAssumption(op.getCondition());
  Span rows = getSpan(op.getView(), 0, op.getRow(), type.getRows(),
                      type.getPaddedRows(), assumption);
  Span cols = getSpan(op.getView(), 1, op.getCol(), type.getCols(),
                      type.getPaddedCols(), assumption);

  auto emitPiece = [&](Value r, Value c) {
    Value inside = isIn(rows, r);
    Value from =
        getPointer(view, viewType, add(row, toIndex(r)), add(col, toIndex(c)));
    Value to = getSharedPointer(window, {r, 0}, {c, 0});
    if (!isAsync) {
      inside = both(inside, isIn(cols, c));
      Value value = guard(inside, element,
                          [&] { return loadGlobal(from, element, 1, 1); });
      storeGlobal(value, to, element, 1, 1);
      return;
    }
    Value count;
    if (cols.end) {
      Value left = sub(cols.end, c);
      left = b.createOrFold<arith::MaxSIOp>(left, i32(0));
      count = mul(b.createOrFold<arith::MinSIOp>(left, i32(perPiece)), size);
    }
    // Pieces begin at multiples of their size, and so does the view: in front
    // of it there are whole ones.
    if (cols.begin)
      inside = both(inside, isIn({cols.begin, Value()}, c));
    if (inside)
      count = b.createOrFold<arith::SelectOp>(
          inside, count ? count : i32(bytes), i32(0));
    NVVM::CpAsyncOp::create(b, to, from, static_cast<uint32_t>(bytes),
                            bytes == 16 ? NVVM::LoadCacheModifierKind::CG
                                        : NVVM::LoadCacheModifierKind::CA,
                            count);
  };
  auto emitNumber = [&](Value number) {
    emitPiece(div(number, perRow), mul(rem(number, perRow), perPiece));
  };
  constexpr int64_t kMostUnrolled = 16;
  if (pieces <= kMostUnrolled * threads) {
    for (int64_t first = 0; first < pieces; first += threads) {
      OpBuilder::InsertionGuard guard(b);
      Value number = add(thread, first);
      if (first + threads > pieces)
        b.setInsertionPointToStart(
            scf::IfOp::create(b, isLess(number, i32(pieces)),
                              /*withElseRegion=*/false)
                .thenBlock());
      // Where threads are whole rows, only the row changes.
      if (threads % perRow == 0)
        emitPiece(add(div(thread, perRow), first / perRow),
                  mul(rem(thread, perRow), perPiece));
      else
        emitNumber(number);
    }
    return;
  }
  auto loop = scf::ForOp::create(b, thread, i32(pieces), i32(threads));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  emitNumber(loop.getInductionVar());
}
