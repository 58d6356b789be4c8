//===- KernelEmitter.cpp - Kernels as loops over vectors ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::cpu;

//===----------------------------------------------------------------------===//
// Accesses by grid index
//===----------------------------------------------------------------------===//

static std::optional<unsigned> findGridDim(tile::KernelOp kernel, Value place) {
  for (auto [d, index] : llvm::enumerate(kernel.getGridIndices()))
    if (place == index)
      return d;
  return std::nullopt;
}

SmallVector<GridAccess> cpu::findGridAccesses(tile::KernelOp kernel) {
  SmallVector<GridAccess> accesses;
  auto visit = [&](Value view, unsigned axis, Value place) {
    auto argument = dyn_cast<BlockArgument>(view);
    std::optional<unsigned> dim = findGridDim(kernel, place);
    if (!dim || !argument || argument.getOwner() != &kernel.getBlock())
      return;
    for (const GridAccess &other : accesses)
      if (other.argument == argument.getArgNumber() && other.axis == axis &&
          other.dim == *dim)
        return;
    accesses.push_back({argument.getArgNumber(), axis, *dim});
  };
  kernel.getBody().walk([&](Operation *op) {
    if (auto load = dyn_cast<tile::LoadOp>(op)) {
      visit(load.getView(), 0, load.getRow());
      visit(load.getView(), 1, load.getCol());
    } else if (auto gather = dyn_cast<tile::GatherOp>(op)) {
      visit(gather.getView(), gather.getTransposed() ? 0 : 1, gather.getCol());
    } else if (auto store = dyn_cast<tile::StoreOp>(op)) {
      visit(store.getView(), 0, store.getRow());
      visit(store.getView(), 1, store.getCol());
    } else if (auto slice = dyn_cast<tile::SliceOp>(op)) {
      visit(slice.getView(), 0, slice.getRow());
      visit(slice.getView(), 1, slice.getCol());
    } else if (auto loop = dyn_cast<tile::ForOp>(op)) {
      for (unsigned i = 0, e = loop.getViews().size(); i < e; ++i)
        visit(loop.getViews()[i], loop.goesAlongRows(i) ? 1 : 0,
              loop.getPlaces()[i]);
    }
  });
  return accesses;
}

//===----------------------------------------------------------------------===//
// Sizes and numbers
//===----------------------------------------------------------------------===//

int64_t KernelEmitter::getExtent(Value value, unsigned axis) const {
  unsigned cls = sizes.getClass(value, axis);
  for (auto [other, size] : overrides)
    if (sizes.isSame(cls, other))
      return size;
  auto slice = dyn_cast<tile::SliceType>(value.getType());
  if (slice)
    return axis == 0 ? slice.getRows() : slice.getCols();
  return cast<RankedTensorType>(value.getType()).getDimSize(axis);
}

std::optional<unsigned> KernelEmitter::getGridDim(Value place) {
  return findGridDim(kernel, place);
}

int64_t KernelEmitter::getLanes(Value block) const {
  // Masks have the lanes of what they mask, and floats of 16 bits those of what
  // they are extended to: at least i32 and f32.
  Type element = cast<RankedTensorType>(block.getType()).getElementType();
  if (element.getIntOrFloatBitWidth() < 32)
    return getLanes(b.getF32Type());
  return getLanes(element);
}

SmallVector<int64_t> KernelEmitter::splitColumns(int64_t cols,
                                                 int64_t lanes) const {
  SmallVector<int64_t> widths(cols / lanes, lanes);
  if (cols % lanes != 0)
    widths.push_back(cols % lanes);
  return widths;
}

SmallVector<Type> KernelEmitter::getRegisterTypes(Value block) const {
  Type element = cast<RankedTensorType>(block.getType()).getElementType();
  int64_t rows = getExtent(block, 0), cols = getExtent(block, 1);
  if (cols == 1)
    return {VectorType::get(rows, element)};
  SmallVector<Type> types;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t width : splitColumns(cols, getLanes(block)))
      types.push_back(VectorType::get(width, element));
  return types;
}

Value KernelEmitter::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}
Value KernelEmitter::add(Value lhs, Value rhs) {
  return b.createOrFold<arith::AddIOp>(lhs, rhs);
}
Value KernelEmitter::add(Value lhs, int64_t rhs) {
  return rhs == 0 ? lhs : add(lhs, index(rhs));
}
Value KernelEmitter::sub(Value lhs, Value rhs) {
  return b.createOrFold<arith::SubIOp>(lhs, rhs);
}
Value KernelEmitter::mul(Value lhs, Value rhs) {
  return b.createOrFold<arith::MulIOp>(lhs, rhs);
}
Value KernelEmitter::min(Value lhs, Value rhs) {
  return b.createOrFold<arith::MinSIOp>(lhs, rhs);
}
Value KernelEmitter::isLess(Value lhs, Value rhs) {
  return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, lhs, rhs);
}

//===----------------------------------------------------------------------===//
// Blocks of ops
//===----------------------------------------------------------------------===//

void KernelEmitter::enter(const GridPoint &at, Override override) {
  point = at;
  overrides.clear();
  if (override)
    overrides.push_back(*override);
  blocks.clear();
  slices.clear();
  stored.clear();
  for (auto [from, to] : llvm::zip(kernel.getGridIndices(), at.indices))
    scalars.map(from, to);
  for (auto [from, to] : llvm::zip(kernel.getGridExtents(), at.extents))
    scalars.map(from, to);
}

LogicalResult KernelEmitter::emit(const GridPoint &at, Override override) {
  enter(at, override);
  return emitBlock(kernel.getBlock());
}

bool KernelEmitter::canBeRagged(unsigned cls) {
  bool isLong = false, fits = true;
  kernel.getBody().walk([&](Operation *op) {
    isLong |= isa<tile::DotOp, tile::TransposeOp>(op);
    // Blocks repeat their last row; windows cannot.
    if (auto dot = dyn_cast<tile::DotOp>(op))
      fits &= isa<RankedTensorType>(dot.getLhs().getType()) ||
              !sizes.isSame(sizes.getClass(dot.getLhs(), 0), cls);
    fits &= !isa<tile::ScanOp>(op);
  });
  return isLong && fits;
}

LogicalResult KernelEmitter::emitBlock(Block &block) {
  for (Operation &op : block.without_terminator())
    if (failed(emitOp(&op)))
      return failure();
    else
      storeFactors(&op);
  return success();
}

LogicalResult KernelEmitter::emitOp(Operation *op) {
  b.setLoc(op->getLoc());
  auto run = [&](auto typed, auto emit) {
    (this->*emit)(typed);
    return success();
  };
  if (auto loop = dyn_cast<tile::ForOp>(op))
    return emitFor(loop);
  if (auto dot = dyn_cast<tile::DotOp>(op))
    return emitDot(dot);
  if (auto load = dyn_cast<tile::LoadOp>(op))
    return run(load, &KernelEmitter::emitLoad);
  if (auto gather = dyn_cast<tile::GatherOp>(op))
    return run(gather, &KernelEmitter::emitGather);
  if (auto store = dyn_cast<tile::StoreOp>(op))
    return run(store, &KernelEmitter::emitStore);
  if (auto subview = dyn_cast<tile::SubviewOp>(op))
    return run(subview, &KernelEmitter::emitSubview);
  if (auto reduce = dyn_cast<tile::ReduceOp>(op))
    return run(reduce, &KernelEmitter::emitReduce);
  if (auto scan = dyn_cast<tile::ScanOp>(op))
    return run(scan, &KernelEmitter::emitScan);
  if (auto split = dyn_cast<tile::DeinterleaveOp>(op))
    return run(split, &KernelEmitter::emitDeinterleave);
  if (auto element = dyn_cast<tile::ScalarOp>(op)) {
    scalars.map(
        element.getResult(),
        vector::ExtractOp::create(b, getBlock(element.getInput()).front(), 0));
    return success();
  }
  if (auto transpose = dyn_cast<tile::TransposeOp>(op))
    return run(transpose, &KernelEmitter::emitTranspose);
  if (auto broadcast = dyn_cast<tile::BroadcastOp>(op))
    return run(broadcast, &KernelEmitter::emitBroadcast);
  if (auto iota = dyn_cast<tile::IotaOp>(op))
    return run(iota, &KernelEmitter::emitIota);
  if (auto slice = dyn_cast<tile::SliceOp>(op)) {
    Value row = slice.getRow(), col = slice.getCol();
    slices[slice.getResult()] =
        makeSlice(slice.getView(), row, col, scalar(row), scalar(col),
                  getExtent(slice.getResult(), 0),
                  getExtent(slice.getResult(), 1), std::nullopt);
    return success();
  }
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return emitScfFor(loop);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return emitScfIf(branch);
  if (isa<arith::ConstantOp>(op) &&
      isa<RankedTensorType>(op->getResult(0).getType()))
    return emitConstant(op);
  if (op->getNumRegions() == 0 && op->getNumResults() == 1 &&
      isa<arith::ArithDialect, math::MathDialect>(op->getDialect()))
    return emitElementwise(op);
  return op->emitOpError("has no lowering for the CPU");
}

/// What stands before a loop (constants, repeated scalars) may be as long as
/// its steps, and its last step is shorter: then it is written once more.
Registers KernelEmitter::getBlock(Value value) {
  auto have = [&] {
    auto it = blocks.find(value);
    return it == blocks.end() ? SmallVector<Type>()
                              : llvm::map_to_vector(it->second, [](Value v) {
                                  return v.getType();
                                });
  };
  Operation *def = value.getDefiningOp();
  if (have() != getRegisterTypes(value) && def && isMemoryEffectFree(def) &&
      def->getNumRegions() == 0)
    (void)emitOp(def);
  return blocks[value];
}

LogicalResult KernelEmitter::emitConstant(Operation *op) {
  auto elements =
      dyn_cast<DenseElementsAttr>(cast<arith::ConstantOp>(op).getValue());
  if (!elements)
    return op->emitOpError("has elements that are not in the module");
  Value result = op->getResult(0);
  Registers &registers = blocks[result];
  registers.clear();
  int64_t next = 0;
  for (Type type : getRegisterTypes(result)) {
    auto vector = cast<VectorType>(type);
    DenseElementsAttr part;
    if (elements.isSplat()) {
      part = elements.resizeSplat(vector);
    } else {
      SmallVector<Attribute> values;
      for (int64_t i = 0; i < vector.getNumElements(); ++i)
        values.push_back(elements.getValues<Attribute>()[next + i]);
      part = DenseElementsAttr::get(vector, values);
    }
    next += vector.getNumElements();
    registers.push_back(arith::ConstantOp::create(b, part));
  }
  return success();
}

bool KernelEmitter::roundsToPairs(Operation *op) const {
  return isa<arith::TruncFOp>(op) && strategy.getBf16Pairs() &&
         getElementTypeOrSelf(op->getResult(0)).isBF16() &&
         getElementTypeOrSelf(op->getOperand(0)).isF32() &&
         llvm::all_of(op->getUses(), [](OpOperand &use) {
           auto dot = dyn_cast<tile::DotOp>(use.getOwner());
           auto rhs = dot ? dyn_cast<tile::SliceType>(dot.getRhs().getType())
                          : tile::SliceType();
           return rhs && rhs.getInterleave() == 2 && use.get() == dot.getLhs();
         });
}

/// One copy of the op per register.
LogicalResult KernelEmitter::emitElementwise(Operation *op) {
  Value result = op->getResult(0);
  auto create = [&](ValueRange operands, Type type) {
    OperationState state(op->getLoc(), op->getName(), operands, type,
                         op->getAttrs());
    return b.create(state)->getResult(0);
  };
  if (!isa<RankedTensorType>(result.getType())) {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands())
      operands.push_back(scalar(operand));
    scalars.map(result, create(operands, result.getType()));
    return success();
  }
  SmallVector<Type> types = getRegisterTypes(result);
  bool toPairs = roundsToPairs(op);
  Registers registers;
  for (auto [i, type] : llvm::enumerate(types)) {
    SmallVector<Value> operands;
    for (Value operand : op->getOperands()) {
      if (!isa<RankedTensorType>(operand.getType())) {
        operands.push_back(scalar(operand));
        continue;
      }
      Registers from = getBlock(operand);
      auto have = cast<VectorType>(from[i < from.size() ? i : 0].getType());
      if (from.size() != types.size() ||
          have.getShape() != cast<VectorType>(type).getShape())
        return op->emitOpError()
               << "has operands whose elements lie in vectors of different "
                  "lengths: "
               << have << " for " << type;
      operands.push_back(from[i]);
    }
    // What the instruction takes for zero, those that multiply do, too.
    if (toPairs && cast<VectorType>(type).getNumElements() == kPairLanes)
      registers.push_back(
          LLVM::CallIntrinsicOp::create(
              b, type, b.getStringAttr("llvm.x86.avx512bf16.cvtneps2bf16.512"),
              operands)
              .getResult(0));
    else
      registers.push_back(create(operands, type));
  }
  blocks[result] = registers;
  return success();
}

//===----------------------------------------------------------------------===//
// Structured control flow
//===----------------------------------------------------------------------===//

void KernelEmitter::appendValues(Value value, SmallVectorImpl<Value> &to) {
  if (isa<RankedTensorType>(value.getType()))
    llvm::append_range(to, getBlock(value));
  else
    to.push_back(scalar(value));
}

void KernelEmitter::appendTypes(Value value, SmallVectorImpl<Type> &to) {
  if (isa<RankedTensorType>(value.getType()))
    llvm::append_range(to, getRegisterTypes(value));
  else
    to.push_back(value.getType());
}

void KernelEmitter::takeValues(Value value, ValueRange &from) {
  if (!isa<RankedTensorType>(value.getType())) {
    scalars.map(value, from.front());
    from = from.drop_front();
    return;
  }
  size_t count = getRegisterTypes(value).size();
  ValueRange mine = from.take_front(count);
  blocks[value] = Registers(mine.begin(), mine.end());
  from = from.drop_front(count);
}

LogicalResult KernelEmitter::emitScfFor(scf::ForOp op) {
  SmallVector<Value> inits;
  for (Value init : op.getInitArgs())
    appendValues(init, inits);
  auto loop = scf::ForOp::create(b, scalar(op.getLowerBound()),
                                 scalar(op.getUpperBound()),
                                 scalar(op.getStep()), inits);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    scalars.map(op.getInductionVar(), loop.getInductionVar());
    ValueRange arguments = loop.getRegionIterArgs();
    for (Value argument : op.getRegionIterArgs())
      takeValues(argument, arguments);
    if (failed(emitBlock(*op.getBody())))
      return failure();
    SmallVector<Value> next;
    for (Value value : op.getYieldedValues())
      appendValues(value, next);
    // Without carried values the builder has made the terminator.
    if (!next.empty())
      scf::YieldOp::create(b, next);
  }
  ValueRange results = loop.getResults();
  for (Value result : op.getResults())
    takeValues(result, results);
  return success();
}

LogicalResult KernelEmitter::emitScfIf(scf::IfOp op) {
  SmallVector<Type> types;
  for (Value result : op.getResults())
    appendTypes(result, types);
  bool hasElse = !op.getElseRegion().empty();
  auto branch = scf::IfOp::create(b, types, scalar(op.getCondition()), hasElse);
  auto emitRegion = [&](Region &from, Block *to) -> LogicalResult {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(to);
    if (failed(emitBlock(from.front())))
      return failure();
    SmallVector<Value> values;
    for (Value value : from.front().getTerminator()->getOperands())
      appendValues(value, values);
    if (!values.empty())
      scf::YieldOp::create(b, values);
    return success();
  };
  if (failed(emitRegion(op.getThenRegion(), branch.thenBlock())))
    return failure();
  if (hasElse && failed(emitRegion(op.getElseRegion(), branch.elseBlock())))
    return failure();
  ValueRange results = branch.getResults();
  for (Value result : op.getResults())
    takeValues(result, results);
  return success();
}

//===----------------------------------------------------------------------===//
// Loops over windows
//===----------------------------------------------------------------------===//

bool cpu::isAtMost(Value value, Value bound) {
  if (value == bound)
    return true;
  if (auto least = value.getDefiningOp<arith::MinSIOp>())
    return isAtMost(least.getLhs(), bound) || isAtMost(least.getRhs(), bound);
  // What is not negative otherwise.
  if (auto most = value.getDefiningOp<arith::MaxSIOp>())
    return getConstantIntValue(most.getRhs()) == 0 &&
           isAtMost(most.getLhs(), bound);
  return false;
}

/// Where the loop goes from 0 to the largest multiple of its step that is not
/// beyond some number, that number, if no view that streams by ends before.
static Value findWholeSteps(tile::ForOp op) {
  auto product = op.getUpper().getDefiningOp<arith::MulIOp>();
  auto quotient = product ? product.getLhs().getDefiningOp<arith::DivUIOp>()
                          : arith::DivUIOp();
  int64_t step = op.getStep();
  if (!quotient || getConstantIntValue(op.getLower()) != 0 ||
      getConstantIntValue(product.getRhs()) != step ||
      getConstantIntValue(quotient.getRhs()) != step)
    return {};
  for (auto [i, view] : llvm::enumerate(op.getViews())) {
    auto subview = view.getDefiningOp<tile::SubviewOp>();
    if (!subview ||
        !isAtMost(quotient.getLhs(),
                  op.goesAlongRows(i) ? subview.getRows() : subview.getCols()))
      return {};
  }
  return quotient.getLhs();
}

LogicalResult KernelEmitter::emitFor(tile::ForOp op) {
  Value lower = scalar(op.getLower()), upper = scalar(op.getUpper());
  int64_t step = op.getStep();
  SmallVector<Registers> carried;
  for (Value init : op.getInits()) {
    carried.emplace_back();
    appendValues(init, carried.back());
  }

  // Up to `full`, whole windows lie inside all views that stream by.
  Value inside = upper;
  for (auto [i, view] : llvm::enumerate(op.getViews())) {
    auto type = cast<tile::ViewType>(view.getType());
    bool rows = op.goesAlongRows(i);
    Value extent = rows ? views[view].rows : views[view].cols;
    if (!rows && type.isPacked()) { // filled up with zeros
      Value panel = index(type.getPanel());
      extent = mul(b.createOrFold<arith::CeilDivUIOp>(extent, panel), panel);
    }
    inside = min(inside, extent);
  }
  std::optional<int64_t> from = getConstantIntValue(lower),
                         to = getConstantIntValue(upper),
                         known = getConstantIntValue(inside);
  unsigned cls = sizes.getLoopClass(op);
  auto emitAll = [&]() -> LogicalResult {
    if (part && op == split->products)
      return emitPart(op, carried);
    if (from && to && known == to && sizes.canResize(cls)) {
      // The last windows, if they are shorter, get code of their own.
      limits[op.getPosition()] = *to;
      int64_t count = std::max<int64_t>(0, *to - *from);
      int64_t rest = count % step;
      if (count >= step &&
          failed(emitSteps(op, lower, index(*to - rest), true, carried)))
        return failure();
      if (rest == 0)
        return success();
      return emitShortStep(op, index(*to - rest), rest, carried);
    }
    // Whole windows that lie inside, because the kernel's loop ends with them.
    if (Value bound = findWholeSteps(op)) {
      wholeLoops[op.getPosition()] = {bound, op.getStep()};
      return emitSteps(op, lower, upper, true, carried);
    }
    wholeLoops.erase(op.getPosition());
    // The rest of another loop: not worth two of its own.
    if (!from)
      return emitSteps(op, lower, upper, false, carried);
    Value span = b.createOrFold<arith::MaxSIOp>(sub(inside, lower), index(0));
    Value whole = b.createOrFold<arith::DivUIOp>(span, index(step));
    Value full = add(lower, mul(whole, index(step)));
    if (failed(emitSteps(op, lower, full, true, carried)))
      return failure();
    return emitSteps(op, full, upper, false, carried);
  };
  if (failed(emitAll()))
    return failure();
  for (auto [result, registers] : llvm::zip(op.getResults(), carried)) {
    ValueRange values(registers);
    takeValues(result, values);
  }
  return success();
}

LogicalResult KernelEmitter::emitShortStep(tile::ForOp op, Value position,
                                           int64_t size,
                                           SmallVector<Registers> &carried) {
  overrides.push_back({sizes.getLoopClass(op), size});
  llvm::DenseMap<Value, Registers> outside = blocks;
  LogicalResult result = emitStep(op, position, /*inside=*/true, carried);
  blocks = std::move(outside);
  overrides.pop_back();
  return result;
}

LogicalResult KernelEmitter::emitSteps(tile::ForOp op, Value from, Value to,
                                       bool inside,
                                       SmallVector<Registers> &carried) {
  SmallVector<Value> inits;
  for (const Registers &registers : carried)
    llvm::append_range(inits, registers);
  auto loop = scf::ForOp::create(
      b, from, to, index(static_cast<int64_t>(op.getStep())), inits);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    // What is written in the body is not seen behind it.
    llvm::DenseMap<Value, Registers> outside = blocks;
    ValueRange arguments = loop.getRegionIterArgs();
    for (Registers &registers : carried) {
      size_t count = registers.size();
      ValueRange mine = arguments.take_front(count);
      registers.assign(mine.begin(), mine.end());
      arguments = arguments.drop_front(count);
    }
    if (failed(emitStep(op, loop.getInductionVar(), inside, carried)))
      return failure();
    SmallVector<Value> next;
    for (const Registers &registers : carried)
      llvm::append_range(next, registers);
    if (!next.empty())
      scf::YieldOp::create(b, next);
    blocks = std::move(outside);
  }
  ValueRange results = loop.getResults();
  for (Registers &registers : carried) {
    size_t count = registers.size();
    ValueRange mine = results.take_front(count);
    registers.assign(mine.begin(), mine.end());
    results = results.drop_front(count);
  }
  return success();
}

LogicalResult KernelEmitter::emitStep(tile::ForOp op, Value position,
                                      bool inside,
                                      SmallVector<Registers> &carried) {
  scalars.map(op.getPosition(), position);
  for (auto [argument, registers] : llvm::zip(op.getCarried(), carried)) {
    ValueRange values(registers);
    takeValues(argument, values);
  }
  for (auto [i, window] : llvm::enumerate(op.getWindows())) {
    bool rows = op.goesAlongRows(i);
    Value place = op.getPlaces()[i];
    Value row = position, col = scalar(place);
    Value rowPlace = op.getPosition(), colPlace = place;
    if (!rows) {
      std::swap(row, col);
      std::swap(rowPlace, colPlace);
    }
    slices[window] = makeSlice(op.getViews()[i], rowPlace, colPlace, row, col,
                               getExtent(window, 0), getExtent(window, 1),
                               inside ? std::optional<unsigned>(rows ? 0 : 1)
                                      : std::nullopt);
  }
  emitPrefetch(op, position);
  if (failed(emitBlock(op.getBlock())))
    return failure();
  auto yield = cast<tile::YieldOp>(op.getBlock().getTerminator());
  for (auto [value, registers] : llvm::zip(yield.getValues(), carried)) {
    registers.clear();
    appendValues(value, registers);
  }
  return success();
}

/// Fetches the panel that the next point of the grid reads, a share of it for
/// each block of rows. The last rows leave it: where they are all there are,
/// the processor sees by itself what is read next.
void KernelEmitter::emitPrefetch(tile::ForOp op, Value position) {
  bool isTail = llvm::any_of(overrides, [&](auto override) {
    return sizes.isSame(override.first, sizes.getGridClass(strategy.getLoop()));
  });
  if (strategy.getPrefetch() == 0 || isTail || (part && part->rest))
    return;
  for (auto [i, view] : llvm::enumerate(op.getViews())) {
    auto type = cast<tile::ViewType>(view.getType());
    std::optional<unsigned> dim = getGridDim(op.getPlaces()[i]);
    if (!type.isPacked() || !op.goesAlongRows(i) || !dim ||
        *dim == static_cast<unsigned>(strategy.getLoop()))
      continue;
    const ViewValues &values = views[view];
    Value window = op.getWindows()[i];
    int64_t line =
        kLineBytes * 8 / type.getElementType().getIntOrFloatBitWidth();
    int64_t width = getExtent(window, 1);
    // The window that follows in the grid, or the next part of this one; from
    // the row on at which the share of this block begins.
    Value col = scalar(op.getPlaces()[i]);
    Value start =
        getAddress(type, values, index(0), add(col, kernel.getSteps()[*dim]));
    Value rows = values.rows, passed = position;
    if (part) {
      start = arith::SelectOp::create(
          b, part->isLast, start, getAddress(type, values, part->last, col));
      rows = index(strategy.getDepth());
      passed = sub(position, part->first);
    }
    Value share = b.createOrFold<arith::DivUIOp>(
        mul(mul(rows, index(width)), point.number), point.count);
    Value perRow =
        b.createOrFold<arith::CeilDivUIOp>(index(width), point.count);
    Value address = add(add(start, share), mul(passed, perRow));
    for (int64_t l = 0; l < strategy.getPrefetch(); ++l)
      memref::PrefetchOp::create(b, values.memory,
                                 ValueRange{add(address, l * line)},
                                 /*isWrite=*/false, /*localityHint=*/2,
                                 /*isDataCache=*/true);
  }
}
