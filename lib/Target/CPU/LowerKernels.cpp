//===- LowerKernels.cpp - Kernels for the host's threads ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"
#include "MatrixUnit.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "ockham/Target/CPU/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CPULOWERKERNELS
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;
using namespace ockham::cpu;

namespace {

/// What a function gets of one view; what is known stays out of it.
struct ViewLayout {
  tile::ViewType type;
  bool hasStride = false;        ///< Rows do not simply follow each other.
  std::optional<int64_t> stride; ///< Known from row to row.

  bool passesRows() const { return ShapedType::isDynamic(type.getRows()); }
  bool passesCols() const { return ShapedType::isDynamic(type.getCols()); }
};

/// One kernel and the launches that share a function, which gets `name`.
class KernelLowering {
public:
  KernelLowering(tile::KernelOp kernel, ArrayRef<tile::LaunchOp> launches,
                 StringRef name, MatrixUnit &matrixUnit)
      : kernel(kernel), launches(launches.begin(), launches.end()), name(name),
        matrixUnit(matrixUnit), b(kernel.getLoc(), kernel.getContext()) {}

  LogicalResult run();

private:
  LogicalResult chooseLayouts();
  LogicalResult makeFunction();
  LogicalResult emitTask(KernelEmitter &emitter, Value task);
  LogicalResult emitRows(KernelEmitter &emitter, GridPoint point, unsigned cls,
                         Value count);
  LogicalResult emitLastRows(KernelEmitter &emitter, const GridPoint &point,
                             unsigned cls, Value left,
                             const DepthPart *part = nullptr);
  LogicalResult emitCases(KernelEmitter &emitter, const GridPoint &point,
                          unsigned cls, Value left, int64_t most,
                          const DepthPart *part = nullptr);
  LogicalResult emitTiles(KernelEmitter &emitter, GridPoint point, unsigned cls,
                          Value span);
  LogicalResult emitParts(KernelEmitter &emitter, const GridPoint &point,
                          unsigned cls, Value span);
  LogicalResult emitPart(KernelEmitter &emitter, GridPoint point, unsigned cls,
                         Value span, DepthPart part);
  LogicalResult lowerLaunch(tile::LaunchOp launch);
  ViewValues getOperandView(Value operand, const ViewLayout &layout);

  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }
  Value divideUp(Value lhs, Value rhs) {
    return b.createOrFold<arith::CeilDivUIOp>(lhs, rhs);
  }
  /// Points of a dimension of the grid, or blocks of the one that is a loop.
  Value countPoints(unsigned dim, Value extent);
  /// Elements that a task covers in a dimension.
  Value getTaskStep(unsigned dim, Value extent);

  tile::KernelOp kernel;
  SmallVector<tile::LaunchOp> launches;
  std::string name;
  MatrixUnit &matrixUnit;
  ImplicitLocOpBuilder b;
  StrategyAttr strategy;
  func::FuncOp function;
  SmallVector<ViewLayout> layouts; ///< Per argument; null type: a scalar.
  SmallVector<Value> extents;
};

} // namespace

/// True if a product reads the rows of the argument number by number.
static bool isFactor(BlockArgument argument) {
  for (OpOperand &use : argument.getUses()) {
    auto loop = dyn_cast<tile::ForOp>(use.getOwner());
    if (!loop)
      continue;
    for (auto [i, view] : llvm::enumerate(loop.getViews()))
      if (view == argument && !loop.goesAlongRows(i) &&
          llvm::any_of(loop.getWindows()[i].getUsers(),
                       [](Operation *user) { return isa<tile::DotOp>(user); }))
        return true;
  }
  return false;
}

/// The distance of rows where it is known and they do not follow each other; 0
/// where they do.
static int64_t getRowStride(Type buffer) {
  auto type = dyn_cast<MemRefType>(buffer);
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!type || type.getLayout().isIdentity() || type.getRank() != 2 ||
      failed(type.getStridesAndOffset(strides, offset)))
    return 0;
  return strides.front();
}

/// Launches that share a function. The addresses of eight rows at a distance
/// that is not known take as many registers, which products need for more: a
/// product has a function for each distance, unless there are many.
static SmallVector<SmallVector<tile::LaunchOp>>
groupLaunches(tile::KernelOp kernel, ArrayRef<tile::LaunchOp> launches) {
  constexpr size_t mostFunctions = 4;
  llvm::MapVector<SmallVector<int64_t>, SmallVector<tile::LaunchOp>> groups;
  for (tile::LaunchOp launch : launches) {
    SmallVector<Value> operands(launch.getInputs());
    llvm::append_range(operands, launch.getOutputs());
    SmallVector<int64_t> key;
    for (auto [argument, operand] :
         llvm::zip(kernel.getKernelArguments(), operands))
      if (isFactor(argument))
        key.push_back(getRowStride(operand.getType()));
    groups[key].push_back(launch);
  }
  if (groups.size() > mostFunctions)
    return {SmallVector<tile::LaunchOp>(launches)};
  SmallVector<SmallVector<tile::LaunchOp>> result;
  for (auto &[key, group] : groups)
    result.push_back(std::move(group));
  return result;
}

static Value countRows(ImplicitLocOpBuilder &b, Value buffer, int64_t rank) {
  Value rows = arith::ConstantIndexOp::create(b, 1);
  for (int64_t i = 0; i + 1 < rank; ++i)
    rows = b.createOrFold<arith::MulIOp>(
        rows, b.createOrFold<memref::DimOp>(buffer, i));
  return rows;
}

/// Buffers are dense, or matrices whose rows are apart.
LogicalResult KernelLowering::chooseLayouts() {
  for (BlockArgument argument : kernel.getKernelArguments())
    layouts.push_back({dyn_cast<tile::ViewType>(argument.getType())});
  for (tile::LaunchOp launch : launches) {
    SmallVector<Value> operands(launch.getInputs());
    llvm::append_range(operands, launch.getOutputs());
    for (auto [operand, layout] : llvm::zip(operands, layouts)) {
      if (!layout.type)
        continue;
      auto type = dyn_cast<MemRefType>(operand.getType());
      if (!type)
        return launch.emitOpError() << "is on " << operand.getType()
                                    << "; expected buffers (bufferize first)";
      if (type.getLayout().isIdentity())
        continue;
      SmallVector<int64_t> strides;
      int64_t offset;
      if (type.getRank() != 2 || layout.type.isPacked() ||
          failed(type.getStridesAndOffset(strides, offset)) ||
          strides.back() != 1)
        return launch.emitOpError()
               << "has a buffer of type " << type << " for " << layout.type
               << "; expected a dense one, or a matrix with dense rows";
      layout.hasStride = true;
    }
  }
  // All launches have what the first one has, or it is not known.
  for (auto [i, argument] : llvm::enumerate(kernel.getKernelArguments())) {
    if (!layouts[i].hasStride || !isFactor(argument))
      continue;
    auto strideOf = [i = i](tile::LaunchOp launch) {
      unsigned inputs = launch.getInputs().size();
      return getRowStride(i < inputs
                              ? launch.getInputs()[i].getType()
                              : launch.getOutputs()[i - inputs].getType());
    };
    int64_t stride = strideOf(launches.front());
    if (stride > 0 && llvm::all_of(launches, [&](tile::LaunchOp launch) {
          return strideOf(launch) == stride;
        }))
      layouts[i].stride = stride;
  }
  return success();
}

Value KernelLowering::getTaskStep(unsigned dim, Value extent) {
  if (static_cast<int64_t>(dim) != strategy.getLoop())
    return index(kernel.getSteps()[dim]);
  // All of it is one block, also if it is nothing.
  if (strategy.getBlock() == 0)
    return b.createOrFold<arith::MaxSIOp>(extent, index(1));
  // As many blocks as needed, all about as large.
  Value blocks = divideUp(extent, index(strategy.getBlock()));
  Value step = index(kernel.getSteps()[dim]);
  Value share =
      divideUp(extent, b.createOrFold<arith::MaxSIOp>(blocks, index(1)));
  return b.createOrFold<arith::MaxSIOp>(
      b.createOrFold<arith::MulIOp>(divideUp(share, step), step), index(1));
}

Value KernelLowering::countPoints(unsigned dim, Value extent) {
  return divideUp(extent, getTaskStep(dim, extent));
}

/// Writes the points of one task at the insertion point.
LogicalResult KernelLowering::emitTask(KernelEmitter &emitter, Value task) {
  unsigned rank = kernel.getGridRank();
  unsigned loopDim = strategy.getLoop();
  GridPoint point;
  point.extents = extents;
  point.indices.resize(rank);
  Value rest = task, first, last;
  for (unsigned d = rank; d-- > 0;) {
    Value count = countPoints(d, extents[d]), number = rest;
    if (d > 0) {
      number = b.createOrFold<arith::RemUIOp>(rest, count);
      rest = b.createOrFold<arith::DivUIOp>(rest, count);
    }
    Value step = getTaskStep(d, extents[d]);
    Value start = b.createOrFold<arith::MulIOp>(number, step);
    point.indices[d] = start;
    if (d == loopDim) {
      first = start;
      last = b.createOrFold<arith::MinSIOp>(
          b.createOrFold<arith::AddIOp>(start, step), extents[d]);
    }
  }

  int64_t step = kernel.getSteps()[loopDim];
  tile::BlockSizes sizes(kernel);
  unsigned cls = sizes.getGridClass(loopDim);
  bool canResize = step > 1 && sizes.canResize(cls);
  bool canSplit = canResize && emitter.canSplit(cls);
  bool isRagged = canResize && !canSplit && emitter.canBeRagged(cls);
  if (isRagged)
    emitter.setRagged();

  Value span = b.createOrFold<arith::SubIOp>(last, first);
  point.count = divideUp(span, index(step));
  if (strategy.getAmx() != 0) {
    if (!canSplit)
      return kernel.emitOpError("has products for the matrix unit that nothing "
                                "row by row follows");
    return emitTiles(emitter, point, cls, span);
  }
  if (strategy.getDepth() != 0) {
    if (!canSplit)
      return kernel.emitOpError("has products whose depth cannot be split");
    return emitParts(emitter, point, cls, span);
  }
  Value whole =
      isRagged
          ? span
          : b.createOrFold<arith::MulIOp>(
                b.createOrFold<arith::DivUIOp>(span, index(step)), index(step));
  auto loop = scf::ForOp::create(b, index(0), whole, index(step));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    point.number =
        arith::DivUIOp::create(b, loop.getInductionVar(), index(step));
    point.indices[loopDim] =
        arith::AddIOp::create(b, first, loop.getInductionVar());
    if (canSplit && emitter.hasLongRest()) {
      if (failed(emitter.emitProducts(point, std::nullopt)) ||
          failed(emitRows(emitter, point, cls, index(step))))
        return failure();
    } else if (failed(emitter.emit(point, std::nullopt))) {
      return failure();
    }
  }
  if (step == 1 || isRagged)
    return success();

  // The last rows: fewer than a step.
  b.setLoc(kernel.getLoc());
  if (!canResize)
    return kernel.emitOpError()
           << "has blocks in grid dimension #" << loopDim
           << " that cannot have another size than its step, " << step;
  Value left = b.createOrFold<arith::SubIOp>(span, whole);
  point.number = b.createOrFold<arith::DivUIOp>(whole, index(step));
  point.indices[loopDim] = b.createOrFold<arith::AddIOp>(first, whole);
  if (canSplit)
    return emitLastRows(emitter, point, cls, left);
  // In blocks of powers of two: all of them together are less code than one
  // whole block.
  for (int64_t size = llvm::bit_floor<uint64_t>(step - 1); size > 0;
       size /= 2) {
    Value rows = b.createOrFold<arith::AndIOp>(left, index(size));
    Value some =
        b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ne, rows, index(0));
    auto branch = scf::IfOp::create(b, some, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    if (failed(emitter.emit(point, std::pair(cls, size))))
      return failure();
    b.setInsertionPointAfter(branch);
    b.setLoc(kernel.getLoc());
    point.indices[loopDim] =
        b.createOrFold<arith::AddIOp>(point.indices[loopDim], rows);
  }
  return success();
}

/// What follows the products of `count` rows from `point` on.
LogicalResult KernelLowering::emitRows(KernelEmitter &emitter, GridPoint point,
                                       unsigned cls, Value count) {
  auto loop = scf::ForOp::create(b, index(0), count, index(1));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value &place = point.indices[strategy.getLoop()];
  place = arith::AddIOp::create(b, place, loop.getInductionVar());
  return emitter.emitRest(point, cls, loop.getInductionVar());
}

/// Products for each number of rows there can be, in one go, and the rest once.
LogicalResult KernelLowering::emitLastRows(KernelEmitter &emitter,
                                           const GridPoint &point, unsigned cls,
                                           Value left, const DepthPart *part) {
  int64_t step = kernel.getSteps()[strategy.getLoop()];
  if (failed(emitCases(emitter, point, cls, left, step - 1, part)))
    return failure();
  return part ? success() : emitRows(emitter, point, cls, left);
}

/// Products of `left` rows, for up to `most` of them.
LogicalResult KernelLowering::emitCases(KernelEmitter &emitter,
                                        const GridPoint &point, unsigned cls,
                                        Value left, int64_t most,
                                        const DepthPart *part) {
  SmallVector<int64_t> cases = llvm::to_vector(llvm::seq<int64_t>(1, most + 1));
  auto branch =
      scf::IndexSwitchOp::create(b, TypeRange{}, left, cases, cases.size());
  {
    OpBuilder::InsertionGuard guard(b);
    for (auto [size, region] : llvm::zip(cases, branch.getCaseRegions())) {
      b.createBlock(&region);
      if (failed(emitter.emitProducts(point, std::pair(cls, size), part)))
        return failure();
      scf::YieldOp::create(b);
    }
    b.createBlock(&branch.getDefaultRegion());
    scf::YieldOp::create(b);
  }
  b.setLoc(kernel.getLoc());
  return success();
}

/// Products by the matrix unit, but for a few last rows.
LogicalResult KernelLowering::emitTiles(KernelEmitter &emitter, GridPoint point,
                                        unsigned cls, Value span) {
  int64_t loopDim = strategy.getLoop(), step = kernel.getSteps()[loopDim];
  std::string problem;
  std::optional<MatrixProducts> found =
      findMatrixProducts(kernel, loopDim, problem);
  if (!found)
    return kernel.emitOpError()
           << "has products for the matrix unit, but " << problem;
  Value first = point.indices[loopDim];
  Value whole = b.createOrFold<arith::MulIOp>(
      b.createOrFold<arith::DivUIOp>(span, index(step)), index(step));
  auto loop = scf::ForOp::create(b, index(0), whole, index(step));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value row = loop.getInductionVar();
    point.number = arith::DivUIOp::create(b, row, index(step));
    point.indices[loopDim] = arith::AddIOp::create(b, first, row);
    if (failed(emitter.emitTiles(point, *found, index(step), /*whole=*/true,
                                 matrixUnit)) ||
        failed(emitRows(emitter, point, cls, index(step))))
      return failure();
  }

  b.setLoc(kernel.getLoc());
  Value left = b.createOrFold<arith::SubIOp>(span, whole);
  point.number = b.createOrFold<arith::DivUIOp>(whole, index(step));
  point.indices[loopDim] = b.createOrFold<arith::AddIOp>(first, whole);
  Value enough = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sge, left,
                                               index(strategy.getAmx()));
  auto branch = scf::IfOp::create(b, enough, /*withElseRegion=*/true);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    if (failed(emitter.emitTiles(point, *found, left, /*whole=*/false,
                                 matrixUnit)))
      return failure();
    b.setInsertionPointToStart(branch.elseBlock());
    int64_t fewest = std::min(strategy.getAmx(), step);
    if (failed(emitCases(emitter, point, cls, left, fewest - 1)))
      return failure();
  }
  b.setLoc(kernel.getLoc());
  return emitRows(emitter, point, cls, left);
}

/// The products of a block of rows in parts of their depth, so that what a part
/// reads of the right-hand side stays in the cache for all rows, and the rest
/// when all parts are summed up. `point` is at the first row.
LogicalResult KernelLowering::emitParts(KernelEmitter &emitter,
                                        const GridPoint &point, unsigned cls,
                                        Value span) {
  tile::ForOp depthLoop = emitter.getDepthLoop();
  int64_t depth = getDepth(depthLoop), step = depthLoop.getStep();
  int64_t whole = depth - depth % step, partDepth = strategy.getDepth();
  DepthPart part;
  if (whole > 0) {
    auto parts =
        scf::ForOp::create(b, index(0), index(whole), index(partDepth));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(parts.getBody());
    part.first = parts.getInductionVar();
    part.last = arith::AddIOp::create(b, part.first, index(partDepth));
    if (whole % partDepth != 0)
      part.last = arith::MinSIOp::create(b, part.last, index(whole));
    part.isFirst = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                         part.first, index(0));
    part.isLast = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, part.last,
                                        index(whole));
    if (failed(emitPart(emitter, point, cls, span, part)))
      return failure();
  }
  b.setLoc(kernel.getLoc());
  if (whole < depth) {
    part.first = index(whole);
    part.last = index(depth);
    part.isFirst = arith::ConstantOp::create(b, b.getBoolAttr(whole == 0));
    part.isLast = arith::ConstantOp::create(b, b.getBoolAttr(true));
    part.rest = depth - whole;
    if (failed(emitPart(emitter, point, cls, span, part)))
      return failure();
  }
  b.setLoc(kernel.getLoc());
  return emitRows(emitter, point, cls, span);
}

LogicalResult KernelLowering::emitPart(KernelEmitter &emitter, GridPoint point,
                                       unsigned cls, Value span,
                                       DepthPart part) {
  int64_t loopDim = strategy.getLoop(), step = kernel.getSteps()[loopDim];
  Value first = point.indices[loopDim];
  Value whole = b.createOrFold<arith::MulIOp>(
      b.createOrFold<arith::DivUIOp>(span, index(step)), index(step));
  auto at = [&](Value row) {
    part.row = row;
    point.number = b.createOrFold<arith::DivUIOp>(row, index(step));
    point.indices[loopDim] = b.createOrFold<arith::AddIOp>(first, row);
  };
  auto loop = scf::ForOp::create(b, index(0), whole, index(step));
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    at(loop.getInductionVar());
    if (failed(emitter.emitProducts(point, std::nullopt, &part)))
      return failure();
  }
  b.setLoc(kernel.getLoc());
  if (step == 1)
    return success();
  at(whole);
  return emitLastRows(emitter, point, cls,
                      b.createOrFold<arith::SubIOp>(span, whole), &part);
}

LogicalResult KernelLowering::makeFunction() {
  // Extents that all launches agree on are constants.
  SmallVector<std::optional<int64_t>> known;
  for (unsigned d = 0; d < kernel.getGridRank(); ++d) {
    known.push_back(getConstantIntValue(launches.front().getGrid()[d]));
    for (tile::LaunchOp launch : launches)
      if (getConstantIntValue(launch.getGrid()[d]) != known.back())
        known.back() = std::nullopt;
  }
  Type indexType = b.getIndexType();
  SmallVector<Type> types{indexType, indexType};
  for (auto [argument, layout] :
       llvm::zip(kernel.getKernelArguments(), layouts)) {
    if (!layout.type) {
      types.push_back(argument.getType());
      continue;
    }
    types.push_back(
        MemRefType::get({ShapedType::kDynamic}, layout.type.getElementType()));
    types.append(layout.passesRows() + layout.passesCols() +
                     2 * layout.hasStride - layout.stride.has_value(),
                 indexType);
  }
  types.append(kernel.getGridRank(), indexType);

  b.setInsertionPoint(kernel);
  function = func::FuncOp::create(b, name, b.getFunctionType(types, {}));
  function.setPrivate();
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToStart(entry);
  ValueRange arguments = entry->getArguments();
  auto take = [&] {
    Value value = arguments.front();
    arguments = arguments.drop_front();
    return value;
  };
  Value begin = take(), end = take();

  tile::BlockSizes sizes(kernel);
  KernelEmitter emitter(b, kernel, sizes, strategy, entry);
  for (auto [argument, layout] :
       llvm::zip(kernel.getKernelArguments(), layouts)) {
    if (!layout.type) {
      emitter.setScalar(argument, take());
      continue;
    }
    ViewValues view;
    view.memory = take();
    view.rows = layout.passesRows() ? take() : index(layout.type.getRows());
    view.cols = layout.passesCols() ? take() : index(layout.type.getCols());
    view.offset = layout.hasStride ? take() : index(0);
    view.stride = layout.stride      ? index(*layout.stride)
                  : layout.hasStride ? take()
                                     : view.cols;
    if (layout.type.isPacked()) {
      view.stride = index(layout.type.getPanel());
      // Interleaved rows are filled up, too.
      Value rows = view.rows;
      if (int64_t by = layout.type.getInterleave(); by > 1)
        rows = b.createOrFold<arith::MulIOp>(
            b.createOrFold<arith::CeilDivUIOp>(rows, index(by)), index(by));
      view.panelStride = b.createOrFold<arith::MulIOp>(rows, view.stride);
    }
    emitter.setView(argument, view);
  }
  for (std::optional<int64_t> extent : known) {
    Value passed = take();
    extents.push_back(extent ? index(*extent) : passed);
  }

  auto tasks = scf::ForOp::create(b, begin, end, index(1));
  b.setInsertionPointToStart(tasks.getBody());
  if (failed(emitTask(emitter, tasks.getInductionVar())))
    return failure();
  b.setInsertionPointToEnd(entry);
  func::ReturnOp::create(b);
  return success();
}

/// A buffer as a matrix: flat memory, offset, extents, stride.
ViewValues KernelLowering::getOperandView(Value operand,
                                          const ViewLayout &layout) {
  auto type = cast<MemRefType>(operand.getType());
  ViewValues view;
  Value size;
  if (layout.type.isPacked()) {
    view.rows =
        b.createOrFold<arith::MulIOp>(b.createOrFold<memref::DimOp>(operand, 1),
                                      index(layout.type.getInterleave()));
    view.cols =
        b.createOrFold<arith::MulIOp>(b.createOrFold<memref::DimOp>(operand, 0),
                                      index(layout.type.getPanel()));
    size = b.createOrFold<arith::MulIOp>(view.rows, view.cols);
  } else {
    view.rows = countRows(b, operand, type.getRank());
    view.cols =
        type.getRank() == 0
            ? index(1)
            : b.createOrFold<memref::DimOp>(operand, type.getRank() - 1);
    size = b.createOrFold<arith::MulIOp>(view.rows, view.cols);
  }
  view.offset = index(0);
  view.stride = view.cols;
  Value base = operand;
  if (!type.getLayout().isIdentity()) {
    auto metadata = memref::ExtractStridedMetadataOp::create(b, operand);
    base = metadata.getBaseBuffer();
    view.offset = metadata.getOffset();
    view.stride = metadata.getStrides().front();
    size = b.createOrFold<arith::AddIOp>(
        view.offset, b.createOrFold<arith::MulIOp>(view.rows, view.stride));
  }
  auto flat = MemRefType::get({ShapedType::kDynamic}, type.getElementType());
  view.memory = memref::ReinterpretCastOp::create(
      b, flat, base, OpFoldResult(b.getIndexAttr(0)),
      ArrayRef<OpFoldResult>{size}, ArrayRef<OpFoldResult>{b.getIndexAttr(1)});
  return view;
}

LogicalResult KernelLowering::lowerLaunch(tile::LaunchOp launch) {
  b.setInsertionPoint(launch);
  b.setLoc(launch.getLoc());
  SmallVector<Value> operands(launch.getInputs());
  llvm::append_range(operands, launch.getOutputs());
  SmallVector<Value> captures;
  SmallVector<ViewValues> views;
  for (auto [operand, layout] : llvm::zip(operands, layouts)) {
    views.emplace_back();
    if (!layout.type) {
      captures.push_back(operand);
      continue;
    }
    views.back() = getOperandView(operand, layout);
    const ViewValues &view = views.back();
    captures.push_back(view.memory);
    if (layout.passesRows())
      captures.push_back(view.rows);
    if (layout.passesCols())
      captures.push_back(view.cols);
    if (layout.hasStride)
      captures.push_back(view.offset);
    if (layout.hasStride && !layout.stride)
      captures.push_back(view.stride);
  }
  llvm::append_range(captures, launch.getGrid());

  for (const GridAccess &access : findGridAccesses(kernel)) {
    Value extent = launch.getGrid()[access.dim];
    Value have = access.axis == 0 ? views[access.argument].rows
                                  : views[access.argument].cols;
    Value fits =
        b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sle, extent, have);
    CheckOp::create(b, fits,
                    b.getStringAttr("kernel '" + kernel.getSymName() +
                                    "': operand #" + Twine(access.argument) +
                                    " has {} " +
                                    (access.axis == 0 ? "rows" : "columns") +
                                    ", fewer than the grid's {}"),
                    ValueRange{have, extent});
  }

  Value total = index(1);
  for (auto [d, extent] : llvm::enumerate(launch.getGrid()))
    total = b.createOrFold<arith::MulIOp>(
        total,
        countPoints(d, b.createOrFold<arith::MaxSIOp>(extent, index(0))));
  ParallelForOp::create(b, function.getSymName(), total, index(1), captures);
  launch.erase();
  return success();
}

LogicalResult KernelLowering::run() {
  strategy = dyn_cast_or_null<StrategyAttr>(
      kernel.getStrategy().value_or(Attribute()));
  if (!strategy)
    return kernel.emitOpError(
        "has no strategy for the CPU, expected #ockham_cpu.strategy");
  if (failed(chooseLayouts()) || failed(makeFunction()))
    return failure();
  for (tile::LaunchOp launch : launches)
    if (failed(lowerLaunch(launch)))
      return failure();
  return success();
}

namespace {
struct CPULowerKernels : ockham::impl::CPULowerKernelsBase<CPULowerKernels> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    llvm::DenseMap<StringAttr, SmallVector<tile::LaunchOp>> launches;
    module.walk([&](tile::LaunchOp launch) {
      launches[launch.getKernelAttr().getAttr()].push_back(launch);
    });
    MatrixUnit matrixUnit(module);
    for (tile::KernelOp kernel :
         llvm::make_early_inc_range(module.getOps<tile::KernelOp>())) {
      std::string name = kernel.getSymName().str();
      for (ArrayRef<tile::LaunchOp> group :
           groupLaunches(kernel, launches.lookup(kernel.getSymNameAttr()))) {
        if (failed(KernelLowering(kernel, group, name, matrixUnit).run()))
          return signalPassFailure();
        do
          name += "_apart";
        while (SymbolTable::lookupSymbolIn(module, name));
      }
      kernel.erase();
    }
  }
};
} // namespace
