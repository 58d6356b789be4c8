//===- EmitMemory.cpp - Views and windows ---------------------------------===//
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

static int64_t getBytes(Type element) {
  return llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
}

/// The type that an element has in memory: i1 is a byte.
static Type getMemoryType(Type element) {
  if (element.isInteger(1))
    return IntegerType::get(element.getContext(), 8);
  return element;
}

//===----------------------------------------------------------------------===//
// Addresses in global memory
//===----------------------------------------------------------------------===//

/// Elements from element (0, 0) to (row, col), an index.
Value KernelEmitter::getElementOffset(const ViewValues &view,
                                      tile::ViewType type, Value row,
                                      Value col) {
  Value offset = mul(row, view.stride);
  if (!type.isPacked())
    return add(offset, col);
  Value panel = div(col, type.getPanel());
  return add(add(mul(panel, view.panelStride), offset),
             rem(col, type.getPanel()));
}

Value KernelEmitter::getPointer(const ViewValues &view, tile::ViewType type,
                                Value row, Value col) {
  Value offset = arith::IndexCastOp::create(
      b, b.getI64Type(), getElementOffset(view, type, row, col));
  return LLVM::GEPOp::create(b, view.pointer.getType(),
                             getMemoryType(type.getElementType()), view.pointer,
                             ValueRange{offset});
}

void KernelEmitter::emitSubview(tile::SubviewOp op) {
  auto type = op.getView().getType();
  ViewValues view = views.lookup(op.getView());
  // Columns of a packed view begin with a panel.
  view.pointer =
      getPointer(view, type, scalar(op.getRow()), scalar(op.getCol()));
  auto known = [&](int64_t extent, Value given) {
    return ShapedType::isDynamic(extent) ? scalar(given) : index(extent);
  };
  view.rows = known(op.getType().getRows(), op.getRows());
  view.cols = known(op.getType().getCols(), op.getCols());
  views[op.getResult()] = view;
}

/// True if `count` elements from `place` on are known to lie inside.
bool KernelEmitter::isInside(Value view, unsigned axis, Value place,
                             int64_t count) {
  auto type = cast<tile::ViewType>(view.getType());
  int64_t extent = axis == 0 ? type.getRows() : type.getCols();
  if (ShapedType::isDynamic(extent))
    return false;
  if (std::optional<int64_t> at = getConstantIntValue(place))
    return *at >= 0 && *at + count <= extent;
  auto argument = dyn_cast<BlockArgument>(place);
  auto loop = argument
                  ? dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp())
                  : scf::ForOp();
  if (!loop || place != loop.getInductionVar())
    return false;
  std::optional<int64_t> lower = getConstantIntValue(loop.getLowerBound()),
                         upper = getConstantIntValue(loop.getUpperBound()),
                         step = getConstantIntValue(loop.getStep());
  if (!lower || !upper || !step || *lower < 0 || *upper <= *lower)
    return false;
  int64_t last = *lower + (*upper - *lower - 1) / *step * *step;
  return last + count <= extent;
}

Value KernelEmitter::guard(Value condition, Type type,
                           llvm::function_ref<Value()> value) {
  if (!condition)
    return value();
  auto branch = scf::IfOp::create(b, type, condition, /*addThenBlock=*/true,
                                  /*addElseBlock=*/true);
  OpBuilder::InsertionGuard guard(b);
  for (Block *block : {branch.thenBlock(), branch.elseBlock()})
    if (!block->empty())
      block->back().erase();
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(b, zeroOf(type));
  b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(b, value());
  return branch.getResult(0);
}

Value KernelEmitter::loadGlobal(Value pointer, Type element, int64_t width,
                                int64_t bytes) {
  Type memory = getMemoryType(element);
  int64_t size = getBytes(element);
  int64_t piece = std::clamp<int64_t>(bytes / size, 1, width);
  SmallVector<Value> elements;
  for (int64_t e = 0; e < width; e += piece) {
    Value from = pointer;
    if (e > 0)
      from = LLVM::GEPOp::create(b, pointer.getType(), memory, pointer,
                                 ArrayRef<LLVM::GEPArg>{int32_t(e)});
    Type type = piece == 1 ? memory : VectorType::get(piece, memory);
    Value part = LLVM::LoadOp::create(b, type, from, piece * size);
    if (memory != element) {
      Type bits = piece == 1 ? element : VectorType::get(piece, element);
      part = arith::TruncIOp::create(b, bits, part);
    }
    if (piece == width)
      return part;
    for (int64_t i = 0; i < piece; ++i)
      elements.push_back(
          piece == 1 ? part : Value(vector::ExtractOp::create(b, part, i)));
  }
  return vector::FromElementsOp::create(b, VectorType::get(width, element),
                                        elements);
}

void KernelEmitter::storeGlobal(Value value, Value pointer, Type element,
                                int64_t width, int64_t bytes) {
  Type memory = getMemoryType(element);
  int64_t size = getBytes(element);
  int64_t piece = std::clamp<int64_t>(bytes / size, 1, width);
  for (int64_t e = 0; e < width; e += piece) {
    Value to = pointer, part = value;
    if (e > 0)
      to = LLVM::GEPOp::create(b, pointer.getType(), memory, pointer,
                               ArrayRef<LLVM::GEPArg>{int32_t(e)});
    if (piece != width) {
      SmallVector<Value> elements;
      for (int64_t i = 0; i < piece; ++i)
        elements.push_back(vector::ExtractOp::create(b, value, e + i));
      part = piece == 1 ? elements.front()
                        : Value(vector::FromElementsOp::create(
                              b, VectorType::get(piece, element), elements));
    }
    if (memory != element) {
      Type bits = piece == 1 ? memory : VectorType::get(piece, memory);
      part = arith::ExtUIOp::create(b, bits, part);
    }
    LLVM::StoreOp::create(b, part, to, piece * size);
  }
}

//===----------------------------------------------------------------------===//
// Blocks of views
//===----------------------------------------------------------------------===//

/// How the columns of a block lie in a view.
struct KernelEmitter::Columns {
  ViewValues view;
  tile::ViewType type;
  AxisLayout axis;
  Type element, registerType;
  Value first;       ///< The thread's first column in the view, an index.
  Value own;         ///< The same in the block, i32; null: 0.
  int64_t bytes = 1; ///< Of pieces that may be moved at once.
  Value end;         ///< In the block, i32; null: all columns are there.
  bool hasWholeRegisters = true; ///< The end does not lie inside of one.
};

KernelEmitter::Columns KernelEmitter::getColumns(Value view, Value block,
                                                 Value col) {
  Columns columns;
  columns.view = views.lookup(view);
  columns.type = cast<tile::ViewType>(view.getType());
  columns.axis = colsOf(block);
  columns.element = cast<RankedTensorType>(block.getType()).getElementType();
  columns.registerType = getRegisterType(block);
  columns.own = getBase(columns.axis);
  Value place = scalar(col);
  columns.first = columns.own ? add(place, toIndex(columns.own)) : place;
  columns.bytes = alignment.getBytes(view, col);
  tile::ViewType type = columns.type;
  if (type.isPacked())
    // A piece lies in one panel.
    while (type.getPanel() * getBytes(columns.element) % columns.bytes != 0)
      columns.bytes /= 2;
  int64_t count = cast<RankedTensorType>(block.getType()).getDimSize(1);
  int64_t width = columns.axis.width;
  if (!isInside(view, 1, col, count)) {
    // Past the end there is no more of the view, or no more of the block.
    Value left = sub(columns.view.cols, place);
    columns.end = toI32(b.createOrFold<arith::MinSIOp>(left, index(count)));
    bool isKnown = !ShapedType::isDynamic(type.getCols());
    columns.hasWholeRegisters =
        width == 1 || (isKnown && type.getCols() % width == 0 &&
                       getKnownFactor(col) % width == 0 && count % width == 0);
  } else if (columns.axis.padded != count) {
    columns.end = i32(count);
    columns.hasWholeRegisters = count % width == 0;
  }
  return columns;
}

/// A pointer to the element that is `offset` columns behind the thread's first.
Value KernelEmitter::getAddress(const Columns &columns, Value row,
                                int64_t offset) {
  return getPointer(columns.view, columns.type, row,
                    add(columns.first, offset));
}

/// Null if all columns are there.
Value KernelEmitter::hasColumn(const Columns &columns, int64_t offset) {
  if (!columns.end)
    return {};
  return isLess(makeNumber({columns.own, offset}), columns.end);
}

/// The registers of one row of the view.
Registers KernelEmitter::loadRow(const Columns &columns, Value row) {
  Registers registers;
  int64_t width = columns.axis.width;
  auto load = [&](int64_t offset, int64_t count, int64_t bytes, Type type) {
    return guard(hasColumn(columns, offset), type, [&] {
      return loadGlobal(getAddress(columns, row, offset), columns.element,
                        count, bytes);
    });
  };
  for (int64_t offset : columns.axis.offsets) {
    if (columns.hasWholeRegisters) {
      registers.push_back(
          load(offset, width, columns.bytes, columns.registerType));
      continue;
    }
    SmallVector<Value> elements;
    for (int64_t e = 0; e < width; ++e)
      elements.push_back(load(offset + e, 1, 1, columns.element));
    registers.push_back(vector::FromElementsOp::create(
        b, cast<VectorType>(columns.registerType), elements));
  }
  return registers;
}

void KernelEmitter::storeRow(const Columns &columns, Value row,
                             ArrayRef<Value> registers) {
  int64_t width = columns.axis.width;
  auto store = [&](Value value, int64_t offset, int64_t count, int64_t bytes) {
    OpBuilder::InsertionGuard guard(b);
    if (Value condition = hasColumn(columns, offset))
      b.setInsertionPointToStart(
          scf::IfOp::create(b, condition, /*withElseRegion=*/false)
              .thenBlock());
    storeGlobal(value, getAddress(columns, row, offset), columns.element, count,
                bytes);
  };
  for (auto [offset, value] : llvm::zip(columns.axis.offsets, registers)) {
    if (columns.hasWholeRegisters) {
      store(value, offset, width, columns.bytes);
      continue;
    }
    for (int64_t e = 0; e < width; ++e)
      store(vector::ExtractOp::create(b, value, e), offset + e, 1, 1);
  }
}

/// Where the rows of a block end that lies at `row` of a view: in the block,
/// i32; null if all rows are there.
Value KernelEmitter::getRowEnd(Value view, Value block, Value row) {
  int64_t count = cast<RankedTensorType>(block.getType()).getDimSize(0);
  if (!isInside(view, 0, row, count))
    return toI32(b.createOrFold<arith::MinSIOp>(
        sub(views.lookup(view).rows, scalar(row)), index(count)));
  if (rowsOf(block).padded != count)
    return i32(count);
  return {};
}

/// `loadRow`, or zeros where the condition does not hold.
Registers KernelEmitter::loadRowIf(Value condition, const Columns &columns,
                                   Value row) {
  if (!condition)
    return loadRow(columns, row);
  SmallVector<Type> types(columns.axis.offsets.size(), columns.registerType);
  auto branch = scf::IfOp::create(b, types, condition, /*addThenBlock=*/true,
                                  /*addElseBlock=*/true);
  OpBuilder::InsertionGuard guard(b);
  for (Block *block : {branch.thenBlock(), branch.elseBlock()})
    if (!block->empty())
      block->back().erase();
  b.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(
      b, SmallVector<Value>(types.size(), zeroOf(columns.registerType)));
  b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(b, loadRow(columns, row));
  return Registers(branch.getResults());
}

void KernelEmitter::emitLoad(tile::LoadOp op) {
  Value result = op.getResult();
  Columns columns = getColumns(op.getView(), result, op.getCol());
  AxisLayout rows = rowsOf(result);
  Value base = getBase(rows), first = scalar(op.getRow());
  if (base)
    first = add(first, toIndex(base));
  Value end = getRowEnd(op.getView(), result, op.getRow());
  Registers registers;
  for (int64_t offset : rows.offsets) {
    Value inside = end ? isLess(makeNumber({base, offset}), end) : Value();
    llvm::append_range(registers,
                       loadRowIf(inside, columns, add(first, offset)));
  }
  blocks[result] = registers;
}

void KernelEmitter::emitGather(tile::GatherOp op) {
  Value result = op.getResult();
  Columns columns = getColumns(op.getView(), result, op.getCol());
  Registers registers;
  for (Value number : getRegisters(op.getRows())) {
    Value row = toIndex(number);
    // Numbers of no row, and those that fill up the last registers.
    Value inside = both(
        b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sge, row, index(0)),
        isLess(row, columns.view.rows));
    llvm::append_range(registers, loadRowIf(inside, columns, row));
  }
  blocks[result] = registers;
}

void KernelEmitter::emitStore(tile::StoreOp op) {
  Value block = op.getValue();
  Columns columns = getColumns(op.getView(), block, op.getCol());
  AxisLayout rows = rowsOf(block);
  Value base = getBase(rows), first = scalar(op.getRow());
  if (base)
    first = add(first, toIndex(base));
  Value end = getRowEnd(op.getView(), block, op.getRow());
  // Of threads that have the same, one stores it.
  Value owner;
  if (rows.isReplicated())
    owner = both(owner, isOwner(/*rows=*/true));
  if (columns.axis.isReplicated())
    owner = both(owner, isOwner(/*rows=*/false));
  Registers registers = getRegisters(block);
  size_t perRow = columns.axis.offsets.size();
  for (auto [i, offset] : llvm::enumerate(rows.offsets)) {
    OpBuilder::InsertionGuard guard(b);
    Value inside = end ? isLess(makeNumber({base, offset}), end) : Value();
    if (Value condition = both(owner, inside))
      b.setInsertionPointToStart(
          scf::IfOp::create(b, condition, /*withElseRegion=*/false)
              .thenBlock());
    storeRow(columns, add(first, offset),
             ArrayRef(registers).slice(i * perRow, perRow));
  }
}

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

/// A pointer to an element. Columns of a group lie behind each other, pieces of
/// 16 bytes in the order that the row makes of them.
Value KernelEmitter::getSharedPointer(const WindowValues &window, Place row,
                                      Place col) {
  BufferType type = window.type;
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
  return LLVM::GEPOp::create(b, window.pointer.getType(), b.getI8Type(),
                             window.pointer, ValueRange{place});
}

/// `width` neighbours, which lie in one piece.
Value KernelEmitter::loadShared(const WindowValues &window, Place row,
                                Place col, int64_t width) {
  Type element = window.type.getElementType(), memory = getMemoryType(element);
  Type type = width == 1 ? memory : VectorType::get(width, memory);
  Value value =
      LLVM::LoadOp::create(b, type, getSharedPointer(window, row, col),
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
  Value owner;
  if (rows.isReplicated())
    owner = both(owner, isOwner(/*rows=*/true));
  if (cols.isReplicated())
    owner = both(owner, isOwner(/*rows=*/false));
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

void KernelEmitter::emitCopy(CopyOp op) {
  OpBuilder::InsertionGuard guard(b);
  if (Value condition = op.getCondition())
    b.setInsertionPointToStart(scf::IfOp::create(b, scalar(condition),
                                                 /*withElseRegion=*/false)
                                   .thenBlock());
  emitCopyPieces(op);
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
  // Columns and rows of the window that exist.
  auto getEnd = [&](unsigned axis, Value place, int64_t count, int64_t padded) {
    if (isInside(op.getView(), axis, axis == 0 ? op.getRow() : op.getCol(),
                 count))
      return padded == count ? Value() : i32(count);
    Value left = sub(axis == 0 ? view.rows : view.cols, place);
    return toI32(b.createOrFold<arith::MinSIOp>(left, index(count)));
  };
  Value rowEnd = getEnd(0, row, type.getRows(), type.getPaddedRows());
  Value colEnd = getEnd(1, col, type.getCols(), type.getPaddedCols());

  auto emitPiece = [&](Value number) {
    Value r = div(number, perRow), c = mul(rem(number, perRow), perPiece);
    Value inside = rowEnd ? isLess(r, rowEnd) : Value();
    Value from =
        getPointer(view, viewType, add(row, toIndex(r)), add(col, toIndex(c)));
    Value to = getSharedPointer(window, {r, 0}, {c, 0});
    if (!isAsync) {
      inside = both(inside, colEnd ? isLess(c, colEnd) : Value());
      Value value = guard(inside, element,
                          [&] { return loadGlobal(from, element, 1, 1); });
      storeGlobal(value, to, element, 1, 1);
      return;
    }
    Value count;
    if (colEnd) {
      Value left = sub(colEnd, c);
      left = b.createOrFold<arith::MaxSIOp>(left, i32(0));
      count = mul(b.createOrFold<arith::MinSIOp>(left, i32(perPiece)), size);
    }
    if (inside)
      count = b.createOrFold<arith::SelectOp>(
          inside, count ? count : i32(bytes), i32(0));
    NVVM::CpAsyncOp::create(b, to, from, static_cast<uint32_t>(bytes),
                            bytes == 16 ? NVVM::LoadCacheModifierKind::CG
                                        : NVVM::LoadCacheModifierKind::CA,
                            count);
  };
  auto emitIfThere = [&](Value number, bool isWhole) {
    OpBuilder::InsertionGuard guard(b);
    if (!isWhole)
      b.setInsertionPointToStart(scf::IfOp::create(b,
                                                   isLess(number, i32(pieces)),
                                                   /*withElseRegion=*/false)
                                     .thenBlock());
    emitPiece(number);
  };
  constexpr int64_t kMostUnrolled = 16;
  if (pieces <= kMostUnrolled * threads) {
    for (int64_t first = 0; first < pieces; first += threads)
      emitIfThere(add(thread, first), first + threads <= pieces);
    return;
  }
  auto loop = scf::ForOp::create(b, thread, i32(pieces), i32(threads));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  emitPiece(loop.getInductionVar());
}
