//===- KernelEmitter.cpp - The code of one thread -------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;
using namespace ockham;
using namespace ockham::cuda;

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

Value KernelEmitter::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}
Value KernelEmitter::i32(int64_t value) {
  return arith::ConstantOp::create(
      b, b.getI32IntegerAttr(static_cast<int32_t>(value)));
}
Value KernelEmitter::add(Value lhs, Value rhs) {
  return b.createOrFold<arith::AddIOp>(lhs, rhs);
}
Value KernelEmitter::add(Value lhs, int64_t rhs) {
  if (rhs == 0)
    return lhs;
  return add(lhs, lhs.getType().isIndex() ? index(rhs) : i32(rhs));
}
Value KernelEmitter::sub(Value lhs, Value rhs) {
  return b.createOrFold<arith::SubIOp>(lhs, rhs);
}
Value KernelEmitter::mul(Value lhs, Value rhs) {
  return b.createOrFold<arith::MulIOp>(lhs, rhs);
}
Value KernelEmitter::mul(Value lhs, int64_t rhs) {
  if (rhs == 1)
    return lhs;
  return mul(lhs, lhs.getType().isIndex() ? index(rhs) : i32(rhs));
}
Value KernelEmitter::div(Value lhs, int64_t rhs) {
  if (rhs == 1)
    return lhs;
  return b.createOrFold<arith::DivUIOp>(
      lhs, lhs.getType().isIndex() ? index(rhs) : i32(rhs));
}
Value KernelEmitter::rem(Value lhs, int64_t rhs) {
  return b.createOrFold<arith::RemUIOp>(
      lhs, lhs.getType().isIndex() ? index(rhs) : i32(rhs));
}
Value KernelEmitter::both(Value lhs, Value rhs) {
  if (!lhs || !rhs)
    return lhs ? lhs : rhs;
  return b.createOrFold<arith::AndIOp>(lhs, rhs);
}
Value KernelEmitter::isLess(Value lhs, Value rhs) {
  return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, lhs, rhs);
}
Value KernelEmitter::toIndex(Value value) {
  if (value.getType().isIndex())
    return value;
  return b.createOrFold<arith::IndexCastOp>(b.getIndexType(), value);
}
Value KernelEmitter::toI32(Value value) {
  if (value.getType().isInteger(32))
    return value;
  return b.createOrFold<arith::IndexCastOp>(b.getI32Type(), value);
}
Value KernelEmitter::makeNumber(Place place) {
  return place.base ? add(place.base, place.offset) : i32(place.offset);
}
Value KernelEmitter::zeroOf(Type type) {
  return arith::ConstantOp::create(b, b.getZeroAttr(type));
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

void KernelEmitter::emitThread() {
  thread = NVVM::ThreadIdXOp::create(b, b.getI32Type());
  lane = rem(thread, 32);
  shared = LLVM::AddressOfOp::create(
      b, LLVM::LLVMPointerType::get(b.getContext(), 3), kSharedName);
  threadEnd = arith::ConstantIndexOp::create(b, 0);
}

Value KernelEmitter::getBase(const AxisLayout &axis) {
  // Other code gets it from here, so it stands in the entry.
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(threadEnd);
  Value base;
  for (const AxisTerm &term : axis.terms) {
    if (term.mod == 1)
      continue;
    Value &value = terms[{term.div, term.mod, term.scale}];
    if (!value)
      value = mul(rem(div(thread, term.div), term.mod), term.scale);
    // Sums are few, and LLVM finds those that are the same.
    base = base ? add(base, value) : value;
  }
  return base;
}

Value KernelEmitter::isOwner(bool rows) {
  int64_t extent = 2;
  AxisLayout axis =
      rows ? getRowLayout(strategy, extent) : getColLayout(strategy, extent);
  Value base;
  for (AxisTerm &term : axis.terms)
    term.scale = term.mod == 1 ? 0 : 1;
  base = getBase(axis);
  if (!base)
    return {};
  return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, base, i32(0));
}

Value KernelEmitter::isOwner(const AxisLayout &rows, const AxisLayout &cols) {
  Value owner;
  if (rows.isReplicated())
    owner = isOwner(/*rows=*/true);
  return cols.isReplicated() ? both(owner, isOwner(/*rows=*/false)) : owner;
}

Value KernelEmitter::getSlice() {
  if (strategy.getSlices() == 1)
    return {};
  AxisLayout axis;
  axis.terms = {
      {strategy.getThreads() / strategy.getSlices(), strategy.getSlices(), 1}};
  return getBase(axis);
}

Value KernelEmitter::isFirstSlice() {
  Value slice = getSlice();
  if (!slice)
    return {};
  return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq, slice, i32(0));
}

AxisLayout KernelEmitter::rowsOf(Value block) {
  return getRowLayout(strategy,
                      cast<RankedTensorType>(block.getType()).getDimSize(0));
}
AxisLayout KernelEmitter::colsOf(Value block) {
  return getColLayout(strategy,
                      cast<RankedTensorType>(block.getType()).getDimSize(1));
}

Type KernelEmitter::getRegisterType(Value block) {
  Type element = cast<RankedTensorType>(block.getType()).getElementType();
  int64_t width = colsOf(block).width;
  return width == 1 ? element : VectorType::get(width, element);
}

Registers KernelEmitter::getRegisters(Value block) {
  return blocks.lookup(block);
}

void KernelEmitter::setRegisters(Value block, RowRange range,
                                 const Registers &rows) {
  size_t perRow = colsOf(block).offsets.size();
  Registers &registers = blocks[block];
  registers.resize(rowsOf(block).offsets.size() * perRow);
  llvm::copy(rows, registers.begin() + range.begin * perRow);
}

//===----------------------------------------------------------------------===//
// Control
//===----------------------------------------------------------------------===//

static bool isBlock(Value value) {
  return isa<RankedTensorType>(value.getType());
}

void KernelEmitter::appendValues(Value value, SmallVectorImpl<Value> &to) {
  if (isBlock(value))
    llvm::append_range(to, getRegisters(value));
  else
    to.push_back(scalar(value));
}

void KernelEmitter::appendTypes(Value value, SmallVectorImpl<Type> &to) {
  if (isBlock(value))
    to.append(rowsOf(value).offsets.size() * colsOf(value).offsets.size(),
              getRegisterType(value));
  else
    to.push_back(value.getType());
}

void KernelEmitter::takeValues(Value value, ValueRange &from) {
  if (!isBlock(value)) {
    scalars.map(value, from.front());
    from = from.drop_front();
    return;
  }
  size_t count = rowsOf(value).offsets.size() * colsOf(value).offsets.size();
  blocks[value] = Registers(from.take_front(count));
  from = from.drop_front(count);
}

LogicalResult KernelEmitter::emitBlock(Block &block) {
  findRowwise(block);
  for (Operation &op : block.without_terminator())
    if (!delayed.contains(&op) && failed(emitOp(&op)))
      return failure();
  return success();
}

LogicalResult KernelEmitter::emitFor(scf::ForOp op) {
  SmallVector<Value> inits;
  for (Value init : op.getInitArgs())
    appendValues(init, inits);
  auto loop = scf::ForOp::create(b, scalar(op.getLowerBound()),
                                 scalar(op.getUpperBound()),
                                 scalar(op.getStep()), inits);
  {
    OpBuilder::InsertionGuard guard(b);
    if (!loop.getBody()->empty())
      loop.getBody()->back().erase();
    b.setInsertionPointToStart(loop.getBody());
    scalars.map(op.getInductionVar(), loop.getInductionVar());
    ValueRange carried = loop.getRegionIterArgs();
    for (Value argument : op.getRegionIterArgs())
      takeValues(argument, carried);
    if (failed(emitBlock(*op.getBody())))
      return failure();
    SmallVector<Value> next;
    for (Value value : op.getYieldedValues())
      appendValues(value, next);
    scf::YieldOp::create(b, next);
  }
  ValueRange results = loop.getResults();
  for (Value result : op.getResults())
    takeValues(result, results);
  return success();
}

LogicalResult KernelEmitter::emitIf(scf::IfOp op) {
  SmallVector<Type> types;
  for (Value result : op.getResults())
    appendTypes(result, types);
  auto branch =
      scf::IfOp::create(b, types, scalar(op.getCondition()),
                        /*addThenBlock=*/true, op.elseBlock() != nullptr);
  OpBuilder::InsertionGuard guard(b);
  auto emitBranch = [&](Block *from, Block *to) {
    if (!from)
      return success();
    if (!to->empty())
      to->back().erase();
    b.setInsertionPointToStart(to);
    if (failed(emitBlock(*from)))
      return failure();
    SmallVector<Value> values;
    for (Value value : from->getTerminator()->getOperands())
      appendValues(value, values);
    scf::YieldOp::create(b, values);
    return success();
  };
  if (failed(emitBranch(op.thenBlock(), branch.thenBlock())) ||
      failed(emitBranch(op.elseBlock(),
                        op.elseBlock() ? branch.elseBlock() : nullptr)))
    return failure();
  ValueRange results = branch.getResults();
  for (Value result : op.getResults())
    takeValues(result, results);
  return success();
}

LogicalResult KernelEmitter::emitOp(Operation *op) {
  b.setLoc(op->getLoc());
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return emitFor(loop);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return emitIf(branch);
  if (auto dot = dyn_cast<tile::DotOp>(op))
    return emitDot(dot);
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return emitConstant(constant);
  if (isa<tile::ForOp, tile::SliceOp, tile::ScanOp, tile::TransposeOp,
          tile::DeinterleaveOp>(op))
    return op->emitOpError("is left in a kernel that should be staged "
                           "(--ockham-cuda-stage)");
  if (auto subview = dyn_cast<tile::SubviewOp>(op))
    return emitSubview(subview), success();
  if (auto load = dyn_cast<tile::LoadOp>(op))
    return emitLoad(load), success();
  if (auto gather = dyn_cast<tile::GatherOp>(op))
    return emitGather(gather), success();
  if (rowwise.contains(op))
    return emitRowwise(cast<tile::StoreOp>(op));
  if (auto store = dyn_cast<tile::StoreOp>(op))
    return emitStore(store), success();
  if (auto reduce = dyn_cast<tile::ReduceOp>(op))
    return emitReduce(reduce), success();
  if (auto broadcast = dyn_cast<tile::BroadcastOp>(op))
    return emitBroadcast(broadcast), success();
  if (auto iota = dyn_cast<tile::IotaOp>(op))
    return emitIota(iota), success();
  if (auto place = dyn_cast<SharedOp>(op))
    return emitShared(place), success();
  if (auto acquire = dyn_cast<AcquireOp>(op))
    return emitAcquire(acquire), success();
  if (auto copy = dyn_cast<CopyOp>(op))
    return emitCopy(copy);
  if (auto put = dyn_cast<PutOp>(op))
    return emitPut(put), success();
  if (auto get = dyn_cast<GetOp>(op))
    return emitGet(get), success();
  if (auto put = dyn_cast<PutPartOp>(op))
    return emitPutPart(put), success();
  if (auto get = dyn_cast<GetWholeOp>(op))
    return emitGetWhole(get), success();
  if (isa<BarrierOp>(op))
    return NVVM::Barrier0Op::create(b), success();
  if (isa<CommitOp>(op))
    return NVVM::CpAsyncCommitGroupOp::create(b), success();
  if (auto wait = dyn_cast<WaitOp>(op)) {
    NVVM::CpAsyncWaitGroupOp::create(b,
                                     static_cast<uint32_t>(wait.getGroups()));
    return success();
  }
  if (auto element = dyn_cast<tile::ScalarOp>(op)) {
    setScalar(element.getResult(), getRegisters(element.getInput()).front());
    return success();
  }
  if (op->getNumRegions() == 0 && op->getNumResults() == 1 &&
      isBlock(op->getResult(0)))
    return emitElementwise(op);
  if (op->getNumRegions() == 0 && llvm::none_of(op->getOperands(), isBlock)) {
    b.clone(*op, scalars);
    return success();
  }
  return op->emitOpError("has no code on the GPU");
}

//===----------------------------------------------------------------------===//
// Element by element
//===----------------------------------------------------------------------===//

LogicalResult KernelEmitter::emitElementwise(Operation *op, RowRange range) {
  Value result = op->getResult(0);
  Type type = getRegisterType(result);
  size_t rows = rowsOf(result).offsets.size(),
         perRow = colsOf(result).offsets.size(), count = rows * perRow;
  size_t end = range.end < 0 ? rows : range.end;
  SmallVector<Registers> operands;
  for (Value operand : op->getOperands())
    operands.push_back(isBlock(operand) ? getRegisters(operand)
                                        : Registers(count, scalar(operand)));
  Registers registers;
  for (size_t i = range.begin * perRow; i < end * perRow; ++i) {
    OperationState state(op->getLoc(), op->getName());
    for (const Registers &operand : operands)
      state.addOperands(operand[i]);
    state.addTypes(type);
    state.addAttributes(op->getAttrs());
    state.propertiesAttr = op->getPropertiesAsAttribute();
    registers.push_back(b.create(state)->getResult(0));
  }
  setRegisters(result, range, registers);
  return success();
}

LogicalResult KernelEmitter::emitConstant(arith::ConstantOp op) {
  if (!isBlock(op)) {
    b.clone(*op, scalars);
    return success();
  }
  auto elements = dyn_cast<DenseElementsAttr>(op.getValue());
  if (!elements || !elements.isSplat())
    return op.emitOpError("has different elements, which no thread knows its "
                          "own of; expected a splat");
  Type type = getRegisterType(op);
  TypedAttr value = elements.getSplatValue<TypedAttr>();
  if (auto vector = dyn_cast<VectorType>(type))
    value = DenseElementsAttr::get(vector, static_cast<Attribute>(value));
  Value constant = arith::ConstantOp::create(b, value);
  blocks[op] = Registers(rowsOf(op).offsets.size() * colsOf(op).offsets.size(),
                         constant);
  return success();
}

void KernelEmitter::emitBroadcast(tile::BroadcastOp op, RowRange range) {
  Value result = op.getResult(), input = op.getInput();
  size_t rows = rowsOf(result).offsets.size(),
         cols = colsOf(result).offsets.size();
  size_t end = range.end < 0 ? rows : range.end;
  Type type = getRegisterType(result);
  auto spread = [&](Value value) -> Value {
    if (value.getType() == type)
      return value;
    return vector::BroadcastOp::create(b, type, value);
  };
  Registers registers;
  if (!isBlock(input)) {
    registers.assign((end - range.begin) * cols, spread(scalar(input)));
  } else {
    auto from = cast<RankedTensorType>(input.getType());
    Registers values = getRegisters(input);
    bool manyRows = from.getDimSize(0) != 1, manyCols = from.getDimSize(1) != 1;
    size_t perRow = manyCols ? cols : 1;
    for (size_t i = range.begin; i < end; ++i)
      for (size_t j = 0; j < cols; ++j)
        registers.push_back(
            spread(values[(manyRows ? i : 0) * perRow + (manyCols ? j : 0)]));
  }
  setRegisters(result, range, registers);
}

void KernelEmitter::emitIota(tile::IotaOp op) {
  Value result = op.getResult();
  auto type = cast<RankedTensorType>(result.getType());
  Type element = type.getElementType();
  Registers registers;
  auto toElement = [&](Value number) -> Value {
    if (element.isInteger(32))
      return number;
    return arith::ExtSIOp::create(b, element, number);
  };
  bool down = type.getDimSize(1) == 1;
  AxisLayout axis = down ? rowsOf(result) : colsOf(result);
  Value base = getBase(axis);
  for (int64_t offset : axis.offsets) {
    SmallVector<Value> elements;
    for (int64_t e = 0; e < axis.width; ++e)
      elements.push_back(toElement(makeNumber({base, offset + e})));
    if (axis.width == 1)
      registers.push_back(elements.front());
    else
      registers.push_back(vector::FromElementsOp::create(
          b, VectorType::get(axis.width, element), elements));
  }
  blocks[result] = registers;
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

Value KernelEmitter::combine(tile::ReduceKind kind, Value lhs, Value rhs) {
  switch (kind) {
  case tile::ReduceKind::Max:
    return arith::MaximumFOp::create(b, lhs, rhs);
  case tile::ReduceKind::MaxNum:
    return arith::MaxNumFOp::create(b, lhs, rhs);
  case tile::ReduceKind::Sum:
    return arith::AddFOp::create(b, lhs, rhs);
  }
  llvm_unreachable("all kinds are listed");
}

/// What the lane whose number differs by `distance` has. Words are exchanged.
Value KernelEmitter::shuffle(Value value, int64_t distance) {
  auto exchange = [&](Value word) -> Value {
    return NVVM::ShflOp::create(b, word.getType(), i32(-1), word, i32(distance),
                                i32(31), NVVM::ShflKind::bfly, UnitAttr());
  };
  Type type = value.getType();
  int64_t bits = type.getIntOrFloatBitWidth();
  if (type.isF32())
    return exchange(value);
  if (bits == 64) {
    auto words = VectorType::get(2, b.getI32Type());
    Value pair = LLVM::BitcastOp::create(b, words, value);
    SmallVector<Value> other;
    for (int64_t i : {0, 1})
      other.push_back(exchange(vector::ExtractOp::create(b, pair, i)));
    Value moved = vector::FromElementsOp::create(b, words, other);
    return LLVM::BitcastOp::create(b, type, moved);
  }
  auto integer = b.getIntegerType(bits);
  Value word = arith::BitcastOp::create(b, integer, value);
  word = arith::ExtUIOp::create(b, b.getI32Type(), word);
  word = arith::TruncIOp::create(b, integer, exchange(word));
  return arith::BitcastOp::create(b, type, word);
}

/// For each row that a thread has, the columns of its warp combined.
Registers KernelEmitter::reduceRows(tile::ReduceKind kind, Value block) {
  auto type = cast<RankedTensorType>(block.getType());
  AxisLayout rows = rowsOf(block), cols = colsOf(block);
  Registers input = getRegisters(block);
  if (cols.isReplicated())
    return input;
  Type registerType = getRegisterType(block);
  Type element = type.getElementType();
  // What fills up the last registers must not be seen.
  SmallVector<Value> inside(cols.offsets.size());
  Value identity;
  if (cols.padded != type.getDimSize(1)) {
    Value base = getBase(cols), end = i32(type.getDimSize(1));
    double number = kind == tile::ReduceKind::Sum
                        ? 0
                        : -std::numeric_limits<double>::infinity();
    TypedAttr value = b.getFloatAttr(element, number);
    if (auto vector = dyn_cast<VectorType>(registerType))
      value = DenseElementsAttr::get(vector, static_cast<Attribute>(value));
    identity = arith::ConstantOp::create(b, value);
    for (auto [j, offset] : llvm::enumerate(cols.offsets)) {
      SmallVector<Value> elements;
      for (int64_t e = 0; e < cols.width; ++e)
        elements.push_back(isLess(makeNumber({base, offset + e}), end));
      inside[j] =
          cols.width == 1
              ? elements.front()
              : Value(vector::FromElementsOp::create(
                    b, VectorType::get(cols.width, b.getI1Type()), elements));
    }
  }
  Registers result;
  for (size_t i = 0; i < rows.offsets.size(); ++i) {
    Value all;
    for (size_t j = 0; j < cols.offsets.size(); ++j) {
      Value part = input[i * cols.offsets.size() + j];
      if (inside[j])
        part = arith::SelectOp::create(b, inside[j], part, identity);
      all = all ? combine(kind, all, part) : part;
    }
    if (cols.width > 1) {
      SmallVector<Value> lanes;
      for (int64_t e = 0; e < cols.width; ++e)
        lanes.push_back(vector::ExtractOp::create(b, all, e));
      // In pairs: sums of neighbours are of about the same size.
      while (lanes.size() > 1) {
        SmallVector<Value> half;
        for (size_t e = 0; e < lanes.size(); e += 2)
          half.push_back(combine(kind, lanes[e], lanes[e + 1]));
        lanes = half;
      }
      all = lanes.front();
    }
    for (int64_t distance = 1; distance < strategy.getLanes()[1]; distance *= 2)
      all = combine(kind, all, shuffle(all, distance));
    result.push_back(all);
  }
  return result;
}

void KernelEmitter::emitReduce(tile::ReduceOp op) {
  blocks[op.getResult()] = reduceRows(op.getKind(), op.getInput());
}

/// Sums of slices lie below each other, as the block does.
void KernelEmitter::emitPutSlices(PutPartOp op) {
  Value block = op.getValue();
  auto type = cast<RankedTensorType>(block.getType());
  WindowValues window = getWindow(op.getBuffer(), index(0), 0);
  AxisLayout rows = rowsOf(block), cols = colsOf(block);
  Value rowBase = getBase(rows), colBase = getBase(cols);
  Value top = getSlice();
  if (top)
    top = mul(top, type.getDimSize(0));
  Value owner = isOwner(rows, cols);
  Registers registers = getRegisters(block);
  int64_t bytes = getBytes(type.getElementType());
  for (auto [i, rowOffset] : llvm::enumerate(rows.offsets))
    for (auto [j, colOffset] : llvm::enumerate(cols.offsets)) {
      OpBuilder::InsertionGuard guard(b);
      Value row = makeNumber({rowBase, rowOffset}), inside = owner;
      if (rows.padded > type.getDimSize(0))
        inside = both(inside, isLess(row, i32(type.getDimSize(0))));
      // Columns that fill up the window are there to be written.
      if (cols.padded > window.type.getPaddedCols())
        inside = both(inside, isLess(makeNumber({colBase, colOffset}),
                                     i32(window.type.getPaddedCols())));
      if (inside)
        b.setInsertionPointToStart(
            scf::IfOp::create(b, inside, /*withElseRegion=*/false).thenBlock());
      Value to = getSharedPointer(window, {top ? add(top, row) : row, 0},
                                  {colBase, colOffset});
      LLVM::StoreOp::create(b, registers[i * cols.offsets.size() + j], to,
                            cols.width * bytes);
    }
}

void KernelEmitter::emitGetSlices(GetWholeOp op) {
  Value result = op.getResult();
  auto type = cast<RankedTensorType>(result.getType());
  WindowValues window = getWindow(op.getBuffer(), index(0), 0);
  AxisLayout rows = rowsOf(result), cols = colsOf(result);
  Value rowBase = getBase(rows), colBase = getBase(cols);
  Registers registers;
  for (int64_t rowOffset : rows.offsets)
    for (int64_t colOffset : cols.offsets) {
      Value row = makeNumber({rowBase, rowOffset});
      if (rows.padded > type.getDimSize(0))
        row = b.createOrFold<arith::MinSIOp>(row, i32(type.getDimSize(0) - 1));
      Value col = makeNumber({colBase, colOffset});
      if (int64_t padded = window.type.getPaddedCols(); cols.padded > padded)
        col = b.createOrFold<arith::MinSIOp>(col, i32(padded - cols.width));
      // All slices in one order: every thread gets the same sum.
      Value all;
      for (int64_t slice = 0; slice < strategy.getSlices(); ++slice) {
        Value part = loadShared(window, {row, slice * type.getDimSize(0)},
                                {col, 0}, cols.width);
        all = all ? arith::AddFOp::create(b, all, part).getResult() : part;
      }
      registers.push_back(all);
    }
  blocks[result] = registers;
}

void KernelEmitter::emitPutPart(PutPartOp op) {
  if (op.getKind() == PartKind::Slices)
    return emitPutSlices(op);
  auto kind = static_cast<tile::ReduceKind>(op.getKind());
  Registers parts = reduceRows(kind, op.getValue());
  WindowValues window = getWindow(op.getBuffer(), index(0), 0);
  AxisLayout rows = rowsOf(op.getValue());
  int64_t count = op.getValue().getType().getDimSize(0);
  Value base = getBase(rows);
  Value warp = rem(div(thread, 32), strategy.getWarps()[1]);
  // One lane of those that have the row.
  Value owner = b.createOrFold<arith::CmpIOp>(
      arith::CmpIPredicate::eq, rem(thread, strategy.getLanes()[1]), i32(0));
  // All warps along the rows have it, too: the first of them puts it.
  if (rows.isReplicated())
    owner = both(owner, isOwner(/*rows=*/true));
  owner = both(owner, isFirstSlice());
  for (auto [offset, part] : llvm::zip(rows.offsets, parts)) {
    Value isThere = owner;
    if (rows.padded > count)
      isThere = both(isThere, isLess(makeNumber({base, offset}), i32(count)));
    auto branch = scf::IfOp::create(b, isThere, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    LLVM::StoreOp::create(b, part,
                          getSharedPointer(window, {warp, 0}, {base, offset}));
  }
}

void KernelEmitter::emitGetWhole(GetWholeOp op) {
  if (op.getKind() == PartKind::Slices)
    return emitGetSlices(op);
  auto kind = static_cast<tile::ReduceKind>(op.getKind());
  Value result = op.getResult();
  WindowValues window = getWindow(op.getBuffer(), index(0), 0);
  AxisLayout rows = rowsOf(result);
  int64_t count = cast<RankedTensorType>(result.getType()).getDimSize(0);
  Value base = getBase(rows);
  Registers registers;
  for (int64_t offset : rows.offsets) {
    Value row = makeNumber({base, offset});
    if (rows.padded > count)
      row = b.createOrFold<arith::MinSIOp>(row, i32(count - 1));
    Value all;
    for (int64_t warp = 0; warp < strategy.getWarps()[1]; ++warp) {
      Value part = loadShared(window, {Value(), warp}, {row, 0}, 1);
      all = all ? combine(kind, all, part) : part;
    }
    registers.push_back(all);
  }
  blocks[result] = registers;
}
