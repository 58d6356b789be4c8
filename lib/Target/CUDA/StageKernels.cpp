//===- StageKernels.cpp - Windows in shared memory ------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shared memory is handed out as a stack: what a loop needs lies above what is
// there when it begins, and is free behind it.
//
//===----------------------------------------------------------------------===//

#include "Alignment.h"
#include "Layout.h"
#include "Resizing.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ockham/Target/CUDA/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace ockham {
#define GEN_PASS_DEF_CUDASTAGE
#include "ockham/Target/CUDA/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;
using namespace ockham::cuda;

namespace {
class Stager {
public:
  Stager(tile::KernelOp kernel, StrategyAttr strategy,
         ArrayRef<ArgumentLayout> layouts)
      : kernel(kernel), strategy(strategy), alignment(kernel, layouts),
        b(kernel.getLoc(), kernel.getContext()) {}

  LogicalResult run();

private:
  void findFactors();
  LogicalResult checkSlices();
  /// Adds up what slices have of the sums that a loop carried.
  SmallVector<Value> addSlices(ValueRange values, ArrayRef<bool> isSum);
  void stageBlock(Block &block);
  std::optional<SmallVector<Value>> stageOp(Operation &op);
  SmallVector<Value> stageLoop(tile::ForOp loop);
  SmallVector<Value> stageSlice(tile::SliceOp slice);
  std::optional<SmallVector<Value>> stageReduce(tile::ReduceOp reduce);
  void takeFactors(tile::DotOp dot);
  bool isInShared(OpOperand &factor) const;

  Value allocate(int64_t rows, int64_t cols, Type element, int64_t stages);
  Value put(Value value);
  Value get(GetKind kind, Value place, Type type);
  Value acquire(Value place, Value number);
  void copy(Value view, Value row, Value col, Value buffer, Value number,
            int64_t ahead, Value condition);
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(b, value);
  }

  tile::KernelOp kernel;
  StrategyAttr strategy;
  Alignment alignment;
  ImplicitLocOpBuilder b;
  int64_t top = 0, most = 0;
  /// Blocks that products read from shared memory, and where they lie.
  llvm::SetVector<Value> factors;
  llvm::DenseMap<Value, Value> places;
};
} // namespace

/// True if the product reads a block through shared memory. A left factor of
/// mma.sync is made of the registers of accumulators, if a warp has whole rows;
/// a wide one would take too many of them. A block may be both factors.
bool Stager::isInShared(OpOperand &factor) const {
  if (!isa<RankedTensorType>(factor.get().getType()))
    return false;
  auto dot = cast<tile::DotOp>(factor.getOwner());
  bool isTF32 = strategy.getDot() == DotKind::TF32;
  // ldmatrix reads both factors of f32, if neither is to be transposed.
  if (isTF32 && dot.getTransposed())
    return true;
  int64_t mostDepth = isTF32 ? 64 : 128;
  return !strategy.usesTensorCores() || &factor != &dot.getLhsMutable() ||
         strategy.getWarps()[1] != 1 || getDepth(dot) > mostDepth;
}

void Stager::findFactors() {
  kernel.getBody().walk([&](tile::DotOp dot) {
    for (OpOperand *factor : {&dot.getLhsMutable(), &dot.getRhsMutable()})
      if (isInShared(*factor))
        factors.insert(factor->get());
  });
}

LogicalResult Stager::checkSlices() {
  LogicalResult result = success();
  if (strategy.getSlices() > 1)
    kernel.getBody().walk([&](tile::DotOp dot) {
      if (succeeded(result) && !isRunningSum(dot)) {
        dot.emitOpError() << "is no running sum of a loop from zero on, which "
                             "is what is done in "
                          << strategy.getSlices()
                          << " slices; expected slices = 1";
        result = failure();
      }
    });
  return result;
}

SmallVector<Value> Stager::addSlices(ValueRange values, ArrayRef<bool> isSum) {
  // All of them lie there before one is read.
  SmallVector<Value> places, result(values);
  for (auto [value, summed] : llvm::zip(values, isSum)) {
    if (!summed)
      continue;
    auto type = cast<RankedTensorType>(value.getType());
    places.push_back(allocate(strategy.getSlices() * type.getDimSize(0),
                              type.getDimSize(1), type.getElementType(), 1));
    PutPartOp::create(b, PartKind::Slices, value, places.back());
  }
  ArrayRef<Value> next = places;
  for (auto [value, summed] : llvm::zip(result, isSum)) {
    if (!summed)
      continue;
    value =
        GetWholeOp::create(b, value.getType(), PartKind::Slices, next.front());
    next = next.drop_front();
  }
  return result;
}

Value Stager::allocate(int64_t rows, int64_t cols, Type element,
                       int64_t stages) {
  auto type = BufferType::get(b.getContext(), rows, cols, element, stages);
  Value place = SharedOp::create(b, type, top);
  top += type.getBytes();
  most = std::max(most, top);
  return place;
}

void Stager::copy(Value view, Value row, Value col, Value buffer, Value number,
                  int64_t ahead, Value condition) {
  int64_t bytes = alignment.getPieceBytes(view, col);
  if (bytes < 4)
    bytes = 0;
  CopyOp::create(b, view, row, col, buffer, number, ahead, bytes, condition);
}

/// Writes a block to a place of its own.
Value Stager::put(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  Value place = allocate(type.getDimSize(0), type.getDimSize(1),
                         type.getElementType(), 1);
  PutOp::create(b, value, place);
  return place;
}

Value Stager::get(GetKind kind, Value place, Type type) {
  return GetOp::create(b, type, kind, place);
}

Value Stager::acquire(Value place, Value number) {
  auto type = cast<BufferType>(place.getType());
  return AcquireOp::create(b,
                           tile::SliceType::get(b.getContext(), type.getRows(),
                                                type.getCols(),
                                                type.getElementType()),
                           place, number);
}

void Stager::takeFactors(tile::DotOp dot) {
  b.setInsertionPoint(dot);
  for (OpOperand *factor : {&dot.getLhsMutable(), &dot.getRhsMutable()})
    if (isInShared(*factor))
      factor->set(acquire(places.lookup(factor->get()), index(0)));
}

SmallVector<Value> Stager::stageSlice(tile::SliceOp slice) {
  tile::SliceType type = slice.getResult().getType();
  Value place =
      allocate(type.getRows(), type.getCols(), type.getElementType(), 1);
  Value zero = index(0);
  copy(slice.getView(), slice.getRow(), slice.getCol(), place, zero, 0,
       Value());
  return {acquire(place, zero)};
}

/// Warps that have parts of a row put them beside each other.
std::optional<SmallVector<Value>> Stager::stageReduce(tile::ReduceOp reduce) {
  auto type = reduce.getInput().getType();
  if (strategy.getWarps()[1] == 1 || type.getDimSize(1) == 1)
    return std::nullopt;
  Value place = allocate(strategy.getWarps()[1], type.getDimSize(0),
                         type.getElementType(), 1);
  auto kind = static_cast<PartKind>(reduce.getKind());
  PutPartOp::create(b, kind, reduce.getInput(), place);
  return SmallVector<Value>{
      GetWholeOp::create(b, reduce.getResult().getType(), kind, place)};
}

SmallVector<Value> Stager::stageLoop(tile::ForOp loop) {
  int64_t before = top;
  // Those of what the loop carries that are sums of slices.
  SmallVector<bool> isSum =
      llvm::map_to_vector(loop.getCarried(), [&](BlockArgument carried) {
        return strategy.getSlices() > 1 &&
               llvm::any_of(carried.getUsers(), llvm::IsaPred<tile::DotOp>);
      });
  Value lower = loop.getLower(), upper = loop.getUpper();
  int64_t step = loop.getStep();
  SmallVector<BlockArgument> windows(loop.getWindows());
  scf::ForOp staged;
  SmallVector<Value> arguments;
  if (windows.empty()) {
    staged = scf::ForOp::create(b, lower, upper, index(step), loop.getInits());
    arguments.push_back(staged.getInductionVar());
  } else {
    int64_t stages = strategy.getStages();
    Value length = b.createOrFold<arith::SubIOp>(upper, lower);
    Value count = b.createOrFold<arith::MaxSIOp>(
        b.createOrFold<arith::CeilDivSIOp>(length, index(step)), index(0));
    std::optional<int64_t> known = getConstantIntValue(count);
    if (known)
      stages = std::clamp<int64_t>(*known, 1, stages);
    SmallVector<Value> buffers;
    for (BlockArgument window : windows) {
      auto type = cast<tile::SliceType>(window.getType());
      buffers.push_back(allocate(type.getRows(), type.getCols(),
                                 type.getElementType(), stages));
    }
    Value zero = index(0), one = index(1);
    auto fetch = [&](Value at, Value number, int64_t ahead, Value condition) {
      for (auto [i, buffer] : llvm::enumerate(buffers)) {
        Value row = at, col = loop.getPlaces()[i];
        if (!loop.goesAlongRows(i))
          std::swap(row, col);
        copy(loop.getViews()[i], row, col, buffer, number, ahead, condition);
      }
    };
    auto isLess = [&](Value lhs, Value rhs) {
      return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::slt, lhs, rhs);
    };
    auto getPosition = [&](Value number) {
      return b.createOrFold<arith::AddIOp>(
          lower, b.createOrFold<arith::MulIOp>(number, index(step)));
    };
    for (int64_t s = 0; s + 1 < stages; ++s) {
      Value number = index(s);
      fetch(getPosition(number), number, 0,
            known ? Value() : isLess(number, count));
    }
    staged = scf::ForOp::create(b, zero, count, one, loop.getInits());
    b.setInsertionPointToStart(staged.getBody());
    Value number = staged.getInductionVar();
    Value position = getPosition(number);
    arguments.push_back(position);
    auto take = [&] {
      for (Value buffer : buffers)
        arguments.push_back(acquire(buffer, number));
    };
    if (stages == 1) {
      fetch(position, number, 0, Value());
      take();
    } else {
      // Whoever waits for this window has also read the one before, whose
      // place is filled next.
      take();
      Value ahead = b.createOrFold<arith::AddIOp>(number, index(stages - 1));
      fetch(getPosition(ahead), number, stages - 1, isLess(ahead, count));
    }
  }
  // What is carried is of another loop now.
  for (auto [before, after] :
       llvm::zip(loop.getCarried(), staged.getRegionIterArgs()))
    if (factors.contains(before))
      factors.insert(after);
  llvm::append_range(arguments, staged.getRegionIterArgs());
  // A loop that carries nothing comes with a terminator.
  if (!staged.getBody()->empty() &&
      staged.getBody()->back().hasTrait<OpTrait::IsTerminator>())
    staged.getBody()->back().erase();
  IRRewriter rewriter(b.getContext());
  auto yield = cast<tile::YieldOp>(loop.getBlock().getTerminator());
  rewriter.setInsertionPoint(yield);
  rewriter.replaceOpWithNewOp<scf::YieldOp>(yield, yield.getValues());
  rewriter.inlineBlockBefore(&loop.getBlock(), staged.getBody(),
                             staged.getBody()->end(), arguments);
  stageBlock(*staged.getBody());
  top = before;
  b.setInsertionPointAfter(staged);
  return addSlices(staged.getResults(), isSum);
}

/// Stages one op, and gives what its results have become; nothing if it stays.
std::optional<SmallVector<Value>> Stager::stageOp(Operation &op) {
  b.setInsertionPoint(&op);
  b.setLoc(op.getLoc());
  if (auto loop = dyn_cast<tile::ForOp>(op))
    return stageLoop(loop);
  if (auto slice = dyn_cast<tile::SliceOp>(op))
    return stageSlice(slice);
  if (auto reduce = dyn_cast<tile::ReduceOp>(op))
    return stageReduce(reduce);
  if (auto scan = dyn_cast<tile::ScanOp>(op))
    return SmallVector<Value>{
        get(GetKind::Scan, put(scan.getInput()), scan.getType())};
  if (auto transpose = dyn_cast<tile::TransposeOp>(op))
    return SmallVector<Value>{get(GetKind::Transpose, put(transpose.getInput()),
                                  transpose.getType())};
  if (auto split = dyn_cast<tile::DeinterleaveOp>(op)) {
    Value place = put(split.getInput());
    Type type = split.getEven().getType();
    return SmallVector<Value>{get(GetKind::Even, place, type),
                              get(GetKind::Odd, place, type)};
  }
  if (auto dot = dyn_cast<tile::DotOp>(op))
    takeFactors(dot);
  for (Region &region : op.getRegions())
    for (Block &inner : region) {
      int64_t before = top;
      stageBlock(inner);
      top = before;
    }
  return std::nullopt;
}

void Stager::stageBlock(Block &block) {
  b.setInsertionPointToStart(&block);
  for (BlockArgument argument : block.getArguments())
    if (factors.contains(argument))
      places[argument] = put(argument);
  for (Operation &op : llvm::make_early_inc_range(block)) {
    SmallVector<Value> before(op.getResults());
    SmallVector<bool> isFactor = llvm::map_to_vector(
        before, [&](Value value) { return factors.contains(value); });
    Operation *next = op.getNextNode();
    std::optional<SmallVector<Value>> staged = stageOp(op);
    SmallVector<Value> after = staged.value_or(before);
    if (next)
      b.setInsertionPoint(next);
    for (auto [value, wanted] : llvm::zip(after, isFactor))
      if (wanted)
        places[value] = put(value);
    if (!staged)
      continue;
    for (auto [from, to] : llvm::zip(before, after))
      from.replaceAllUsesWith(to);
    op.erase();
  }
}

LogicalResult Stager::run() {
  if (failed(checkSlices()))
    return failure();
  findFactors();
  stageBlock(kernel.getBlock());
  if (int64_t have = strategy.getMostShared(); most > have)
    return kernel.emitOpError()
           << "needs " << most << " bytes of shared memory, but a block of sm_"
           << strategy.getArch() << " has at most " << have
           << "; expected smaller blocks or fewer stages";
  return success();
}

namespace {
struct CUDAStage : ockham::impl::CUDAStageBase<CUDAStage> {
  void runOnOperation() override {
    LaunchMap launches = findLaunches(getOperation());
    for (auto kernel : getOperation().getOps<tile::KernelOp>()) {
      auto strategy = dyn_cast_or_null<StrategyAttr>(
          kernel.getStrategy().value_or(Attribute()));
      if (!strategy) {
        kernel.emitOpError(
            "has no strategy for CUDA, expected #ockham_cuda.strategy");
        return signalPassFailure();
      }
      auto layouts =
          getArgumentLayouts(kernel, launches.lookup(kernel.getSymNameAttr()));
      if (failed(layouts) || failed(Stager(kernel, strategy, *layouts).run()))
        return signalPassFailure();
    }
  }
};
} // namespace
