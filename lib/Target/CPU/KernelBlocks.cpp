//===- KernelBlocks.cpp - Loads, stores, products, reductions -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"

#include "VectorUtils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

#include <utility>

using namespace mlir;
using namespace ockham;
using namespace ockham::cpu;

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Value KernelEmitter::allocate(Type element, int64_t count) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(allocations);
  return memref::AllocaOp::create(b, MemRefType::get({count}, element),
                                  b.getI64IntegerAttr(64));
}

Value KernelEmitter::getAddress(tile::ViewType type, const ViewValues &view,
                                Value row, Value col) {
  Value address = add(view.offset, mul(row, view.stride));
  if (!type.isPacked())
    return add(address, col);
  Value panel = index(type.getPanel());
  Value number = b.createOrFold<arith::DivUIOp>(col, panel);
  Value within = b.createOrFold<arith::RemUIOp>(col, panel);
  // Windows begin with the first of the rows that lie together.
  if (type.getInterleave() > 1)
    within = mul(within, index(type.getInterleave()));
  return add(add(address, mul(number, view.panelStride)), within);
}

bool KernelEmitter::isInside(Value view, unsigned axis, Value place,
                             int64_t count) {
  auto type = cast<tile::ViewType>(view.getType());
  int64_t extent = axis == 0 ? type.getRows() : type.getCols();
  // The last panel is filled up with zeros.
  if (axis == 1 && type.isPacked() && count <= type.getPanel())
    return true;
  if (std::optional<int64_t> constant = getConstantIntValue(place))
    return !ShapedType::isDynamic(extent) && *constant >= 0 &&
           *constant + count <= extent;
  if (auto it = wholeLoops.find(place); it != wholeLoops.end()) {
    auto subview = view.getDefiningOp<tile::SubviewOp>();
    return subview && count <= it->second.second &&
           isAtMost(it->second.first,
                    axis == 0 ? subview.getRows() : subview.getCols());
  }
  if (auto it = limits.find(place); it != limits.end()) {
    auto loop =
        cast<tile::ForOp>(cast<BlockArgument>(place).getOwner()->getParentOp());
    unsigned cls = sizes.getLoopClass(loop);
    int64_t step = loop.getStep();
    for (auto [other, size] : overrides)
      if (sizes.isSame(cls, other))
        step = size;
    return !ShapedType::isDynamic(extent) && it->second <= extent &&
           count <= step;
  }
  for (auto [d, index] : llvm::enumerate(kernel.getGridIndices())) {
    if (place != index)
      continue;
    int64_t step = kernel.getSteps()[d];
    bool isLoop = static_cast<int64_t>(d) == strategy.getLoop();
    int64_t size = step;
    for (auto [cls, other] : overrides)
      if (sizes.isSame(cls, sizes.getGridClass(d)))
        size = other;
    // A thread's loop stops where the last whole step does. The other
    // dimensions end within a step, unless it divides what there is.
    bool ends = isLoop ? count <= size
                       : count <= step && !ShapedType::isDynamic(extent) &&
                             extent % step == 0;
    if (!ends)
      return false;
    // An argument is as large as the grid: the launch has checked it.
    if (isa<BlockArgument>(view))
      return true;
    auto subview = view.getDefiningOp<tile::SubviewOp>();
    if (!subview)
      return false;
    Value have = axis == 0 ? subview.getRows() : subview.getCols();
    return have == kernel.getGridExtents()[d];
  }
  return false;
}

Value KernelEmitter::getEnd(Value view, unsigned axis, Value place,
                            int64_t count) {
  Value end;
  if (!isInside(view, axis, place, count))
    end = axis == 0 ? views[view].rows : views[view].cols;
  if (!isCutOff(place))
    return end;
  Value last = point.extents[strategy.getLoop()];
  return end ? min(end, last) : last;
}

SliceValues KernelEmitter::makeSlice(Value view, Value rowPlace, Value colPlace,
                                     Value row, Value col, int64_t rows,
                                     int64_t cols,
                                     std::optional<unsigned> insideAxis) {
  const ViewValues &values = views[view];
  SliceValues slice;
  slice.memory = values.memory;
  slice.offset =
      getAddress(cast<tile::ViewType>(view.getType()), values, row, col);
  slice.stride = values.stride;
  Value rowEnd, colEnd;
  if (insideAxis != 0u)
    rowEnd = getEnd(view, 0, rowPlace, rows);
  if (insideAxis != 1u)
    colEnd = getEnd(view, 1, colPlace, cols);
  if (rowEnd)
    slice.rowsLeft = sub(rowEnd, row);
  if (colEnd)
    slice.colsLeft = sub(colEnd, col);
  return slice;
}

Value KernelEmitter::loadVector(Value memory, Value address, int64_t width,
                                Value left, Type as) {
  // Booleans are stored as bytes, but vectors of them are packed bits.
  if (cast<MemRefType>(memory.getType()).getElementType().isInteger(1)) {
    SmallVector<Value> bits;
    Value none = arith::ConstantOp::create(b, b.getBoolAttr(false));
    for (int64_t i = 0; i < width; ++i) {
      Value at = index(i);
      if (left) // some element exists
        at = min(at, sub(left, index(1)));
      Value bit =
          memref::LoadOp::create(b, memory, ValueRange{add(address, at)});
      if (left)
        bit = arith::SelectOp::create(b, isLess(index(i), left), bit, none);
      bits.push_back(bit);
    }
    return vector::FromElementsOp::create(b, VectorType::get(width, as), bits);
  }
  Value mask;
  if (left)
    mask = createLaneMask(b, b.getLoc(), left, width);
  Value value =
      loadLanes(b, b.getLoc(), memory, ValueRange{address}, width, mask);
  Type element = cast<VectorType>(value.getType()).getElementType();
  if (element == as)
    return value;
  return arith::ExtFOp::create(b, VectorType::get(width, as), value);
}

Value KernelEmitter::loadElement(Value memory, Value address, Type as) {
  Value value = memref::LoadOp::create(b, memory, ValueRange{address});
  if (value.getType() == as)
    return value;
  return arith::ExtFOp::create(b, as, value);
}

Value KernelEmitter::guard(Value condition, Type type,
                           llvm::function_ref<Value()> value) {
  if (!condition)
    return value();
  auto branch = scf::IfOp::create(b, TypeRange{type}, condition,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(branch.thenBlock());
  scf::YieldOp::create(b, ValueRange{value()});
  b.setInsertionPointToStart(branch.elseBlock());
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(type));
  scf::YieldOp::create(b, ValueRange{zero});
  return branch.getResult(0);
}

void KernelEmitter::emitSubview(tile::SubviewOp op) {
  ViewValues view = views[op.getView()];
  view.offset = getAddress(op.getView().getType(), view, scalar(op.getRow()),
                           scalar(op.getCol()));
  view.rows = scalar(op.getRows());
  view.cols = scalar(op.getCols());
  views[op.getResult()] = view;
}

void KernelEmitter::emitLoad(tile::LoadOp op) {
  const ViewValues &view = views[op.getView()];
  Value result = op.getResult();
  int64_t rows = getExtent(result, 0), cols = getExtent(result, 1);
  Value row = scalar(op.getRow()), col = scalar(op.getCol());
  Value rowEnd = getEnd(op.getView(), 0, op.getRow(), rows);
  Value colEnd = getEnd(op.getView(), 1, op.getCol(), cols);
  // Rows behind the last one repeat it: nobody stores what comes of them.
  Value lastRow;
  if (isCutOff(op.getRow()) && isInside(op.getView(), 0, op.getRow(), rows))
    lastRow = sub(std::exchange(rowEnd, Value()), index(1));
  Type element = op.getResult().getType().getElementType();
  Registers registers;
  SmallVector<Value> column;
  for (int64_t r = 0; r < rows; ++r) {
    Value condition, at = add(row, r);
    if (lastRow && r > 0)
      at = min(at, lastRow);
    if (rowEnd)
      condition = isLess(at, rowEnd);
    Value address = getAddress(op.getView().getType(), view, at, col);
    if (cols == 1) {
      if (colEnd) {
        Value valid = isLess(col, colEnd);
        condition =
            condition ? arith::AndIOp::create(b, condition, valid) : valid;
      }
      column.push_back(guard(condition, element, [&]() -> Value {
        return loadElement(view.memory, address, element);
      }));
      continue;
    }
    int64_t first = 0;
    for (int64_t width : splitColumns(cols, getLanes(result))) {
      Value left = colEnd ? sub(colEnd, add(col, first)) : Value();
      registers.push_back(
          guard(condition, VectorType::get(width, element), [&] {
            return loadVector(view.memory, add(address, first), width, left,
                              element);
          }));
      first += width;
    }
  }
  if (cols == 1)
    registers.push_back(vector::FromElementsOp::create(
        b, VectorType::get(rows, element), column));
  blocks[result] = registers;
}

Value KernelEmitter::loadApart(Value memory, Value address, Value stride,
                               int64_t together, int64_t width, Value left,
                               Type as) {
  Type element = cast<MemRefType>(memory.getType()).getElementType();
  auto type = VectorType::get(width, element);
  SmallVector<int64_t> rows, within;
  for (int64_t lane = 0; lane < width; ++lane) {
    rows.push_back(lane / together * together);
    within.push_back(lane % together);
  }
  Value places = arith::ConstantOp::create(b, b.getIndexVectorAttr(rows));
  places = arith::MulIOp::create(
      b, places, vector::BroadcastOp::create(b, places.getType(), stride));
  if (together > 1)
    places = arith::AddIOp::create(
        b, places, arith::ConstantOp::create(b, b.getIndexVectorAttr(within)));
  Value mask;
  if (left)
    mask = createLaneMask(b, b.getLoc(), left, width);
  else
    mask = arith::ConstantOp::create(
        b, DenseElementsAttr::get(VectorType::get(width, b.getI1Type()), true));
  Value none = arith::ConstantOp::create(b, b.getZeroAttr(type));
  Value value = vector::GatherOp::create(b, type, memory, ValueRange{address},
                                         places, mask, none);
  if (element == as)
    return value;
  return arith::ExtFOp::create(b, VectorType::get(width, as), value);
}

void KernelEmitter::emitGather(tile::GatherOp op) {
  const ViewValues &view = views[op.getView()];
  Value result = op.getResult();
  int64_t rows = getExtent(result, 0), cols = getExtent(result, 1);
  bool transposed = op.getTransposed();
  Value place = scalar(op.getCol());
  Value end = getEnd(op.getView(), transposed ? 0 : 1, op.getCol(), cols);
  Type element = op.getResult().getType().getElementType();
  Value indices = getBlock(op.getRows()).front();
  Registers registers;
  SmallVector<Value> column;
  for (int64_t r = 0; r < rows; ++r) {
    Value number = arith::IndexCastOp::create(
        b, b.getIndexType(), vector::ExtractOp::create(b, indices, r));
    // A negative index is a large one.
    Value condition =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ult, number,
                              transposed ? view.cols : view.rows);
    Value address =
        getAddress(op.getView().getType(), view, transposed ? place : number,
                   transposed ? number : place);
    if (cols == 1) {
      if (end)
        condition = arith::AndIOp::create(b, condition, isLess(place, end));
      column.push_back(guard(condition, element, [&]() -> Value {
        return loadElement(view.memory, address, element);
      }));
      continue;
    }
    int64_t at = 0;
    for (int64_t width : splitColumns(cols, getLanes(result))) {
      Value left = end ? sub(end, add(place, at)) : Value();
      registers.push_back(
          guard(condition, VectorType::get(width, element), [&] {
            if (transposed)
              return loadApart(
                  view.memory, add(address, mul(index(at), view.stride)),
                  view.stride, op.getView().getType().getInterleave(), width,
                  left, element);
            return loadVector(view.memory, add(address, at), width, left,
                              element);
          }));
      at += width;
    }
  }
  if (cols == 1)
    registers.push_back(vector::FromElementsOp::create(
        b, VectorType::get(rows, element), column));
  blocks[result] = registers;
}

void KernelEmitter::emitStore(tile::StoreOp op) {
  if (op.getView().getType().getInterleave() > 1)
    return emitStoreOfPairs(op);
  const ViewValues &view = views[op.getView()];
  Value value = op.getValue();
  int64_t rows = getExtent(value, 0), cols = getExtent(value, 1);
  Value row = scalar(op.getRow()), col = scalar(op.getCol());
  Value rowEnd = getEnd(op.getView(), 0, op.getRow(), rows);
  Value colEnd = getEnd(op.getView(), 1, op.getCol(), cols);
  // What fills up the last panel stays zero.
  if (op.getView().getType().isPacked() && !colEnd)
    colEnd = view.cols;
  Registers registers = getBlock(value);
  SmallVector<int64_t> widths = splitColumns(cols, getLanes(value));
  size_t next = 0;
  for (int64_t r = 0; r < rows; ++r) {
    OpBuilder::InsertionGuard guard(b);
    Value condition;
    if (rowEnd)
      condition = isLess(add(row, r), rowEnd);
    if (cols == 1 && colEnd) {
      Value valid = isLess(col, colEnd);
      condition =
          condition ? arith::AndIOp::create(b, condition, valid) : valid;
    }
    if (condition) {
      auto branch = scf::IfOp::create(b, condition, /*withElseRegion=*/false);
      b.setInsertionPointToStart(branch.thenBlock());
    }
    Value address = getAddress(op.getView().getType(), view, add(row, r), col);
    if (cols == 1) {
      Value element = vector::ExtractOp::create(b, registers.front(), r);
      memref::StoreOp::create(b, element, view.memory, ValueRange{address});
      continue;
    }
    int64_t at = 0;
    for (int64_t width : widths) {
      Value mask;
      if (colEnd)
        mask = createLaneMask(b, b.getLoc(), sub(colEnd, add(col, at)), width);
      storeLanes(b, b.getLoc(), registers[next++], view.memory,
                 ValueRange{add(address, at)}, mask);
      at += width;
    }
  }
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Value KernelEmitter::getSpill(Value value, Type element, int64_t count) {
  Value &memory = spills[value];
  if (!memory || cast<MemRefType>(memory.getType()).getNumElements() < count)
    memory = allocate(element, count);
  return memory;
}

void KernelEmitter::storeFactors(Operation *op) {
  for (Value result : op->getResults()) {
    if (!isa<RankedTensorType>(result.getType()))
      continue;
    bool inLoops = llvm::any_of(result.getUsers(), [&](Operation *user) {
      return isa<tile::DotOp>(user) && user->getBlock() != op->getBlock() &&
             user->getOperand(0) != result;
    });
    if (inLoops)
      stored[result] = storeFactor(result);
  }
}

SliceValues KernelEmitter::getFactor(Value value) {
  if (isa<tile::SliceType>(value.getType()))
    return slices[value];
  auto it = stored.find(value);
  return it == stored.end() ? storeFactor(value) : it->second;
}

SliceValues KernelEmitter::storeFactor(Value value) {
  // Elements are repeated from memory: there is no instruction that takes them
  // out of a register.
  int64_t rows = getExtent(value, 0), cols = getExtent(value, 1);
  Type element = cast<RankedTensorType>(value.getType()).getElementType();
  // Extended once, and not each time that an element is repeated.
  if (element.getIntOrFloatBitWidth() < 32 && !strategy.getBf16Pairs())
    element = b.getF32Type();
  Value memory = getSpill(value, element, rows * cols);
  int64_t at = 0;
  Registers parts = getBlock(value);
  for (Value part : parts) {
    if (part.getType() !=
        VectorType::get(cast<VectorType>(part.getType()).getShape(), element))
      part = arith::ExtFOp::create(
          b, cast<VectorType>(part.getType()).clone(element), part);
    vector::StoreOp::create(b, part, memory, ValueRange{index(at)});
    at += cast<VectorType>(part.getType()).getNumElements();
  }
  SliceValues slice;
  slice.memory = memory;
  slice.offset = index(0);
  slice.stride = index(cols);
  return slice;
}

SliceValues KernelEmitter::transpose(const SliceValues &slice, Value value) {
  int64_t rows = getExtent(value, 0), cols = getExtent(value, 1);
  Type element = cast<MemRefType>(slice.memory.getType()).getElementType();
  Value memory = getSpill(value, element, rows * cols);
  auto outer = scf::ForOp::create(b, index(0), index(rows), index(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(outer.getBody());
  Value row = outer.getInductionVar();
  Value condition;
  if (slice.rowsLeft)
    condition = isLess(row, slice.rowsLeft);
  Value start = add(slice.offset, mul(row, slice.stride));
  auto inner = scf::ForOp::create(b, index(0), index(cols), index(1));
  b.setInsertionPointToStart(inner.getBody());
  Value col = inner.getInductionVar();
  if (slice.colsLeft) {
    Value valid = isLess(col, slice.colsLeft);
    condition = condition ? arith::AndIOp::create(b, condition, valid) : valid;
  }
  Value loaded = this->guard(condition, element, [&]() -> Value {
    return memref::LoadOp::create(b, slice.memory, ValueRange{add(start, col)});
  });
  memref::StoreOp::create(b, loaded, memory,
                          ValueRange{add(mul(col, index(rows)), row)});
  SliceValues result;
  result.memory = memory;
  b.setInsertionPointAfter(outer);
  result.offset = index(0);
  result.stride = index(rows);
  return result;
}

LogicalResult KernelEmitter::emitDot(tile::DotOp op) {
  Value acc = op.getAcc();
  int64_t rows = getExtent(acc, 0), cols = getExtent(acc, 1);
  int64_t depth = getExtent(op.getLhs(), 1);
  Type element = op.getAcc().getType().getElementType();
  SliceValues lhs = getFactor(op.getLhs()), rhs = getFactor(op.getRhs());
  // With many rows, a copy of the transpose costs less than its rows read again
  // for each.
  constexpr int64_t fewRows = 4;
  bool ofRows = op.getTransposed() && rows <= fewRows;
  if (op.getTransposed() && !ofRows)
    rhs = transpose(rhs, op.getRhs());
  if (lhs.rowsLeft)
    return op.emitOpError()
           << "has a lhs whose " << rows
           << " rows may leave its view; expected rows at the index of the "
              "grid dimension that a thread loops over, #"
           << strategy.getLoop();
  if (cols == 1)
    return op.emitOpError("accumulates a single column, for which the CPU has "
                          "no product");
  if (ofRows) {
    emitDotOfRows(op, lhs, rhs);
    return success();
  }
  // Rows that lie together are multiplied together.
  auto panels = dyn_cast<tile::SliceType>(op.getRhs().getType());
  int64_t by = panels ? panels.getInterleave() : 1;
  if (by > 1 && (lhs.colsLeft || op.getTransposed()))
    return op.emitOpError()
           << "reads rows interleaved by " << by
           << " that may end inside of a step; expected a depth that the step "
              "of the loop divides";

  // What the registers do not hold is computed in parts of the columns.
  SmallVector<int64_t> allWidths = splitColumns(cols, getLanes(acc));
  int64_t perPart =
      getVectorsAtOnce(op, rows, allWidths.size(), strategy.getVectorBytes());
  ArrayRef<int64_t> widths;
  int64_t firstCol = 0;
  auto step = [&](Registers &sums, Value k) {
    if (by == 2)
      return multiplyPairs(sums, lhs, rhs, k, rows, widths, firstCol);
    SmallVector<Value> right;
    Value start = add(rhs.offset, mul(k, rhs.stride));
    int64_t at = firstCol;
    for (int64_t width : widths) {
      Value left = rhs.colsLeft ? sub(rhs.colsLeft, index(at)) : Value();
      right.push_back(
          loadVector(rhs.memory, add(start, at), width, left, element));
      at += width;
    }
    Value first = add(lhs.offset, k);
    for (int64_t r = 0; r < rows; ++r) {
      Value factor = loadElement(
          lhs.memory, add(first, mul(index(r), lhs.stride)), element);
      for (auto [v, width] : llvm::enumerate(widths)) {
        Value repeated = vector::BroadcastOp::create(
            b, VectorType::get(width, element), factor);
        Value &sum = sums[r * widths.size() + v];
        sum = vector::FMAOp::create(b, repeated, right[v], sum);
      }
    }
  };
  auto loop = [&](Registers &sums, Value from, Value to, int64_t unroll) {
    auto body = scf::ForOp::create(b, from, to, index(unroll * by), sums);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(body.getBody());
    ValueRange arguments = body.getRegionIterArgs();
    sums.assign(arguments.begin(), arguments.end());
    for (int64_t u = 0; u < unroll; ++u)
      step(sums, add(body.getInductionVar(), u * by));
    scf::YieldOp::create(b, sums);
    ValueRange results = body.getResults();
    sums.assign(results.begin(), results.end());
  };

  auto multiply = [&](Registers &sums) {
    constexpr int64_t maxUnrolled = 8, unroll = 4;
    if (lhs.colsLeft || rhs.rowsLeft) {
      // What lies outside adds nothing.
      Value count = index(depth);
      if (lhs.colsLeft)
        count = min(count, lhs.colsLeft);
      if (rhs.rowsLeft)
        count = min(count, rhs.rowsLeft);
      loop(sums, index(0), count, 1);
    } else if (depth <= maxUnrolled * by) {
      for (int64_t k = 0; k < depth; k += by)
        step(sums, index(k));
    } else {
      int64_t rest = depth % (unroll * by);
      loop(sums, index(0), index(depth - rest), unroll);
      for (int64_t k = depth - rest; k < depth; k += by)
        step(sums, index(k));
    }
  };

  Registers sums = getBlock(acc);
  size_t perRow = allWidths.size();
  for (size_t first = 0; first < perRow; first += perPart) {
    widths = ArrayRef(allWidths).slice(first).take_front(perPart);
    Registers part;
    for (int64_t r = 0; r < rows; ++r)
      llvm::append_range(
          part, ArrayRef(sums).slice(r * perRow + first, widths.size()));
    multiply(part);
    for (int64_t r = 0; r < rows; ++r)
      std::copy_n(part.begin() + r * widths.size(), widths.size(),
                  sums.begin() + r * perRow + first);
    for (int64_t width : widths)
      firstCol += width;
  }
  blocks[op.getResult()] = sums;
  return success();
}

//===----------------------------------------------------------------------===//
// Rows and columns
//===----------------------------------------------------------------------===//

void KernelEmitter::emitReduce(tile::ReduceOp op) {
  auto combine = [&](Value lhs, Value rhs) -> Value {
    switch (op.getKind()) {
    case tile::ReduceKind::Sum:
      return arith::AddFOp::create(b, lhs, rhs);
    case tile::ReduceKind::Max:
      return arith::MaximumFOp::create(b, lhs, rhs);
    case tile::ReduceKind::MaxNum:
      break;
    }
    // `rhs` is no NaN: one instruction.
    Value larger =
        arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, lhs, rhs);
    return arith::SelectOp::create(b, larger, lhs, rhs);
  };
  Value input = op.getInput();
  int64_t rows = getExtent(input, 0), cols = getExtent(input, 1);
  Registers registers = getBlock(input);
  Type element = op.getResult().getType().getElementType();
  if (op.getKind() == tile::ReduceKind::MaxNum)
    for (Value &part : registers) {
      auto type = cast<VectorType>(part.getType());
      FloatAttr least = b.getFloatAttr(
          element, APFloat::getInf(cast<FloatType>(element).getFloatSemantics(),
                                   /*Negative=*/true));
      part = combine(part, arith::ConstantOp::create(
                               b, DenseElementsAttr::get(type, least)));
    }
  if (cols == 1) {
    blocks[op.getResult()] = registers;
    return;
  }
  // Full vectors first, then the shorter one.
  size_t perRow = splitColumns(cols, getLanes(input)).size();
  SmallVector<Value> sums, rests;
  for (int64_t r = 0; r < rows; ++r) {
    ArrayRef<Value> row = ArrayRef(registers).slice(r * perRow, perRow);
    Value sum = row.front();
    for (Value part : row.drop_front()) {
      if (part.getType() == sum.getType())
        sum = combine(part, sum);
      else
        rests.push_back(part);
    }
    sums.push_back(sum);
  }
  auto reduce = [&](ArrayRef<Value> vectors) -> Value {
    auto type = cast<VectorType>(vectors.front().getType());
    if (llvm::isPowerOf2_64(type.getNumElements()))
      return reduceRows(b, vectors, combine);
    auto kind = op.getKind() == tile::ReduceKind::Sum
                    ? vector::CombiningKind::ADD
                : op.getKind() == tile::ReduceKind::Max
                    ? vector::CombiningKind::MAXIMUMF
                    : vector::CombiningKind::MAXNUMF;
    SmallVector<Value> elements;
    for (Value vector : vectors)
      elements.push_back(vector::ReductionOp::create(
          b, kind, vector, arith::FastMathFlags::reassoc));
    return vector::FromElementsOp::create(
        b, VectorType::get(vectors.size(), element), elements);
  };
  Value result = reduce(sums);
  if (!rests.empty())
    result = combine(reduce(rests), result);
  blocks[op.getResult()] = {result};
}

void KernelEmitter::emitScan(tile::ScanOp op) {
  Value input = op.getInput();
  int64_t rows = getExtent(input, 0), cols = getExtent(input, 1);
  Registers registers = getBlock(input);
  if (cols == 1) {
    Value column = registers.front(), sum;
    SmallVector<Value> sums;
    for (int64_t r = 0; r < rows; ++r) {
      Value element = vector::ExtractOp::create(b, column, r);
      sum = sum ? Value(arith::AddFOp::create(b, sum, element)) : element;
      sums.push_back(sum);
    }
    blocks[op.getResult()] = {
        vector::FromElementsOp::create(b, column.getType(), sums)};
    return;
  }
  size_t perRow = registers.size() / rows;
  for (size_t i = perRow; i < registers.size(); ++i)
    registers[i] =
        arith::AddFOp::create(b, registers[i - perRow], registers[i]);
  blocks[op.getResult()] = registers;
}

void KernelEmitter::emitBroadcast(tile::BroadcastOp op) {
  Value input = op.getInput(), result = op.getResult();
  SmallVector<Type> types = getRegisterTypes(result);
  int64_t rows = getExtent(result, 0), cols = getExtent(result, 1);
  Registers registers;
  bool isBlock = isa<RankedTensorType>(input.getType());
  Registers from;
  if (isBlock)
    from = getBlock(input);
  if (isBlock && getExtent(input, 0) == rows && getExtent(input, 1) == cols) {
    registers = from;
  } else if (!isBlock ||
             (getExtent(input, 0) == 1 && getExtent(input, 1) == 1)) {
    Value value = isBlock ? Value(vector::ExtractOp::create(b, from.front(), 0))
                          : scalar(input);
    for (Type type : types)
      registers.push_back(vector::BroadcastOp::create(b, type, value));
  } else if (getExtent(input, 1) == 1) {
    size_t perRow = types.size() / rows;
    for (int64_t r = 0; r < rows; ++r) {
      Value value = vector::ExtractOp::create(b, from.front(), r);
      for (size_t v = 0; v < perRow; ++v)
        registers.push_back(
            vector::BroadcastOp::create(b, types[r * perRow + v], value));
    }
  } else {
    for (int64_t r = 0; r < rows; ++r)
      llvm::append_range(registers, from);
  }
  blocks[result] = registers;
}

void KernelEmitter::emitIota(tile::IotaOp op) {
  Registers registers;
  int64_t next = 0;
  for (Type type : getRegisterTypes(op.getResult())) {
    auto vector = cast<VectorType>(type);
    SmallVector<Attribute> values;
    for (int64_t i = 0; i < vector.getNumElements(); ++i)
      values.push_back(b.getIntegerAttr(vector.getElementType(), next++));
    registers.push_back(
        arith::ConstantOp::create(b, DenseElementsAttr::get(vector, values)));
  }
  blocks[op.getResult()] = registers;
}
