//===- EmitViews.cpp - Blocks of matrices in memory -----------------------===//
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

int64_t cuda::getBytes(Type element) {
  return llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
}

Type cuda::getMemoryType(Type element) {
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

Span KernelEmitter::getSpan(Value view, unsigned axis, Value place,
                            int64_t count, int64_t padded,
                            const Assumption &assumption) {
  auto type = cast<tile::ViewType>(view.getType());
  int64_t extent = axis == 0 ? type.getRows() : type.getCols();
  Bounds bounds = getBounds(place, grid, assumption);
  Span span;
  // A place may be anything; the number of what is left of a block is not.
  auto limit = [&](Value number) {
    number = b.createOrFold<arith::MaxSIOp>(number, index(0));
    return toI32(b.createOrFold<arith::MinSIOp>(number, index(count)));
  };
  if (!bounds.isNeverNegative())
    span.begin = limit(sub(index(0), scalar(place)));
  bool isInside = !ShapedType::isDynamic(extent) &&
                  bounds.most != Bounds::kMost && bounds.most <= extent - count;
  if (!isInside) {
    const ViewValues &values = views[view];
    span.end = limit(sub(axis == 0 ? values.rows : values.cols, scalar(place)));
  } else if (padded != count) {
    span.end = i32(count);
  }
  return span;
}

Value KernelEmitter::isIn(const Span &span, Value number) {
  Value result;
  if (span.begin)
    result = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sge, number,
                                           span.begin);
  return both(result, span.end ? isLess(number, span.end) : Value());
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
  Span span;         ///< Columns of the block that exist.
  /// Those of a register lie side by side, and all or none of them exist.
  bool hasWholeRegisters = true;
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
  columns.bytes = alignment.getPieceBytes(view, col);
  tile::ViewType type = columns.type;
  int64_t count = cast<RankedTensorType>(block.getType()).getDimSize(1);
  int64_t width = columns.axis.width;
  columns.span = getSpan(view, 1, col, count, columns.axis.padded);
  if (width == 1)
    return columns;
  auto divides = [&](int64_t number) { return number % width == 0; };
  // Columns of registers are multiples of their width, from the block's on.
  bool isEven = divides(getKnownFactor(col)),
       isKnown = !ShapedType::isDynamic(type.getCols());
  if (type.isPacked())
    columns.hasWholeRegisters &= isEven && divides(type.getPanel());
  if (columns.span.begin)
    columns.hasWholeRegisters &= isEven;
  if (Value end = columns.span.end) {
    std::optional<int64_t> known = getConstantIntValue(end);
    columns.hasWholeRegisters &=
        divides(count) &&
        (known ? divides(*known)
               : isEven && isKnown && divides(type.getCols()));
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
  if (!columns.span.begin && !columns.span.end)
    return {};
  return isIn(columns.span, makeNumber({columns.own, offset}));
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

Span KernelEmitter::getRowSpan(Value view, Value block, Value row) {
  int64_t count = cast<RankedTensorType>(block.getType()).getDimSize(0);
  return getSpan(view, 0, row, count, rowsOf(block).padded);
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

/// Of an axis' offsets those of some rows.
static ArrayRef<int64_t> getOffsets(const AxisLayout &rows, RowRange range) {
  int64_t end = range.end < 0 ? rows.offsets.size() : range.end;
  return ArrayRef(rows.offsets).slice(range.begin, end - range.begin);
}

void KernelEmitter::emitLoad(tile::LoadOp op, RowRange range) {
  Value result = op.getResult();
  Columns columns = getColumns(op.getView(), result, op.getCol());
  AxisLayout rows = rowsOf(result);
  Value base = getBase(rows), first = scalar(op.getRow());
  if (base)
    first = add(first, toIndex(base));
  Span span = getRowSpan(op.getView(), result, op.getRow());
  Registers registers;
  for (int64_t offset : getOffsets(rows, range)) {
    Value inside = isIn(span, makeNumber({base, offset}));
    llvm::append_range(registers,
                       loadRowIf(inside, columns, add(first, offset)));
  }
  setRegisters(result, range, registers);
}

void KernelEmitter::emitGather(tile::GatherOp op) {
  Value result = op.getResult();
  if (op.getTransposed())
    return emitGatherColumns(op);
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

/// Numbers are columns of the view, whose elements lie a row apart.
void KernelEmitter::emitGatherColumns(tile::GatherOp op) {
  Value result = op.getResult();
  ViewValues view = views.lookup(op.getView());
  tile::ViewType type = op.getView().getType();
  AxisLayout axis = colsOf(result);
  auto block = cast<RankedTensorType>(result.getType());
  Value base = getBase(axis), first = scalar(op.getCol());
  if (base)
    first = add(first, toIndex(base));
  Span span =
      getSpan(op.getView(), 0, op.getCol(), block.getDimSize(1), axis.padded);
  Type element = block.getElementType(), registerType = getRegisterType(result);
  Registers registers;
  for (Value number : getRegisters(op.getRows())) {
    Value col = toIndex(number);
    Value isThere = both(
        b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sge, col, index(0)),
        isLess(col, view.cols));
    for (int64_t offset : axis.offsets) {
      SmallVector<Value> elements;
      for (int64_t e = 0; e < axis.width; ++e) {
        Value inside =
            both(isThere, isIn(span, makeNumber({base, offset + e})));
        elements.push_back(guard(inside, element, [&] {
          Value pointer = getPointer(view, type, add(first, offset + e), col);
          return loadGlobal(pointer, element, 1, 1);
        }));
      }
      registers.push_back(
          axis.width == 1 ? elements.front()
                          : Value(vector::FromElementsOp::create(
                                b, cast<VectorType>(registerType), elements)));
    }
  }
  blocks[result] = registers;
}

void KernelEmitter::emitStore(tile::StoreOp op, RowRange range) {
  Value block = op.getValue();
  Columns columns = getColumns(op.getView(), block, op.getCol());
  AxisLayout rows = rowsOf(block);
  Value base = getBase(rows), first = scalar(op.getRow());
  if (base)
    first = add(first, toIndex(base));
  Span span = getRowSpan(op.getView(), block, op.getRow());
  // Of threads that have the same, one stores it.
  Value owner = isOwner(rows, columns.axis);
  owner = both(owner, isFirstSlice());
  Registers registers = getRegisters(block);
  size_t perRow = columns.axis.offsets.size();
  for (auto [i, offset] : llvm::enumerate(getOffsets(rows, range))) {
    OpBuilder::InsertionGuard guard(b);
    Value inside = isIn(span, makeNumber({base, offset}));
    if (Value condition = both(owner, inside))
      b.setInsertionPointToStart(
          scf::IfOp::create(b, condition, /*withElseRegion=*/false)
              .thenBlock());
    storeRow(columns, add(first, offset),
             ArrayRef(registers).slice((range.begin + i) * perRow, perRow));
  }
}
