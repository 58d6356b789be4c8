//===- ChooseStrategies.cpp - How thread blocks run each kernel -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Alignment.h"
#include "dialects/Tile/BlockSizes.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "ockham/Target/CUDA/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CUDACHOOSESTRATEGIES
#include "ockham/Target/CUDA/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;
using namespace ockham::cuda;

/// Up to so many rows, a product reads its weight and does little else.
static constexpr int64_t kFewRows = 16;

/// True if tensor cores can do all products of a kernel.
static bool canUseTensorCores(ArrayRef<tile::DotOp> dots) {
  return llvm::all_of(dots, [](tile::DotOp dot) {
    Type lhs = getFactorElement(dot.getLhs());
    return lhs == getFactorElement(dot.getRhs()) &&
           (lhs.isBF16() || lhs.isF16()) &&
           dot.getAcc().getType().getElementType().isF32() &&
           dot.getAcc().getType().getDimSize(1) > 1 && getDepth(dot) > 1;
  });
}

namespace {
/// Sizes and a strategy for one kernel.
class Chooser {
public:
  Chooser(tile::KernelOp kernel, int64_t arch) : kernel(kernel), arch(arch) {}
  void choose(bool fewRows = false);
  /// The dimension of the grid that the rows of products are; nothing for other
  /// kernels.
  std::optional<unsigned> findProductRows();

private:
  void chooseProduct(ArrayRef<tile::DotOp> dots, bool fewRows);
  void chooseAttention(ArrayRef<tile::DotOp> dots);
  void chooseRows();
  /// Gives a class another size, if anything lets that be chosen.
  void resize(Value value, unsigned axis, int64_t size);
  void set(DotKind dot, ArrayRef<int64_t> warps, ArrayRef<int64_t> lanes,
           int64_t vector, int64_t stages = 1, int64_t fastest = 0) {
    kernel.setStrategyAttr(StrategyAttr::get(
        kernel.getContext(), arch, dot, warps, lanes, vector, stages, fastest));
  }

  tile::KernelOp kernel;
  int64_t arch;
};
} // namespace

void Chooser::resize(Value value, unsigned axis, int64_t size) {
  tile::BlockSizes sizes(kernel);
  unsigned cls = sizes.getClass(value, axis);
  // A single row or column is one, and stays one.
  if (sizes.getSize(cls) == size || sizes.getSize(cls) == 1 ||
      !sizes.canResize(cls))
    return;
  bool isFree = false;
  for (unsigned d = 0; d < kernel.getGridRank(); ++d)
    isFree |= sizes.isSame(cls, sizes.getGridClass(d));
  kernel.getBody().walk([&](tile::ForOp loop) {
    isFree |= sizes.isSame(cls, sizes.getLoopClass(loop));
  });
  if (isFree)
    tile::resizeBlocks(kernel, sizes, cls, size);
}

/// True if blocks may not become larger: what is done to some columns only is
/// decided for whole blocks.
static bool hasColumnRanges(tile::KernelOp kernel) {
  WalkResult result = kernel.getBody().walk([](scf::IfOp branch) {
    return llvm::any_of(branch.getResultTypes(),
                        llvm::IsaPred<RankedTensorType>)
               ? WalkResult::interrupt()
               : WalkResult::advance();
  });
  return result.wasInterrupted();
}

/// A product of activations and weights: accumulators of the grid's steps.
void Chooser::chooseProduct(ArrayRef<tile::DotOp> dots, bool fewRows) {
  bool isMMA = canUseTensorCores(dots);
  int64_t rows = isMMA ? 128 : 64, cols = isMMA ? 128 : 64,
          depth = isMMA ? 32 : 16;
  // Two sums side by side take the registers of two.
  if (dots.size() > 1)
    cols = 64;
  // Where the weight is read once, many narrow blocks read it side by side.
  if (fewRows) {
    rows = kFewRows;
    cols = 32;
    depth = isMMA ? 128 : 32;
  }
  for (tile::DotOp dot : dots) {
    Value acc = dot.getAcc();
    int64_t present = cast<RankedTensorType>(acc.getType()).getDimSize(1);
    resize(acc, 0, rows);
    resize(acc, 1, hasColumnRanges(kernel) ? std::min(cols, present) : cols);
    resize(dot.getLhs(), 1, depth);
  }
  SmallVector<int64_t> warps{2, 2};
  if (fewRows)
    warps = isMMA ? SmallVector<int64_t>{1, 4} : SmallVector<int64_t>{4, 1};
  if (isMMA)
    set(DotKind::MMA, warps, {8, 4}, 2, /*stages=*/4);
  else
    set(DotKind::FMA, warps, {4, 8}, 4, /*stages=*/3);
}

/// Blocks of queries against blocks of keys. Rows of scores are in one warp,
/// where there are rows enough.
void Chooser::chooseAttention(ArrayRef<tile::DotOp> dots) {
  bool isMMA = canUseTensorCores(dots);
  tile::DotOp scores = dots.front();
  int64_t rows = scores.getAcc().getType().getDimSize(0);
  // Sums of f32 take twice the registers that those of tensor cores do, with
  // their factors: they get more warps.
  int64_t unit = isMMA ? 16 : 4;
  int64_t down = 1;
  while (down < 8 && 2 * down * unit <= rows)
    down *= 2;
  SmallVector<int64_t> warps{down, rows == 1 ? 4 : 1};
  SmallVector<int64_t> lanes{8, 4};
  if (!isMMA)
    lanes = {4, 8};
  // As many stages as there is room for, beside factors that are blocks.
  int64_t ring = 0, blocks = 0;
  auto count = [&](Type type) {
    int64_t rows, cols;
    Type element;
    if (auto slice = dyn_cast<tile::SliceType>(type)) {
      rows = slice.getRows(), cols = slice.getCols();
      element = slice.getElementType();
    } else {
      auto block = cast<RankedTensorType>(type);
      rows = block.getDimSize(0), cols = block.getDimSize(1);
      element = block.getElementType();
    }
    return BufferType::get(kernel.getContext(), rows, cols, element, 1)
        .getBytes();
  };
  kernel.getBody().walk([&](tile::ForOp loop) {
    int64_t bytes = 0;
    for (Value window : loop.getWindows())
      bytes += count(window.getType());
    ring = std::max(ring, bytes);
  });
  for (tile::DotOp dot : dots)
    for (Value factor : {dot.getLhs(), dot.getRhs()})
      if (isa<RankedTensorType>(factor.getType()))
        blocks += count(factor.getType());
  int64_t stages = blocks + 2 * ring <= getMostSharedBytes(arch) ? 2 : 1;
  set(isMMA ? DotKind::MMA : DotKind::FMA, warps, lanes, isMMA ? 2 : 4, stages);
}

/// Rows without products: all threads along a row, 16 bytes each.
void Chooser::chooseRows() {
  int64_t rows = 1, cols = 1, bytes = 8;
  kernel.getBody().walk([&](Operation *op) {
    for (Value result : op->getResults())
      if (auto type = dyn_cast<RankedTensorType>(result.getType())) {
        rows = std::max(rows, type.getDimSize(0));
        cols = std::max(cols, type.getDimSize(1));
      }
  });
  for (BlockArgument argument : kernel.getKernelArguments())
    if (auto view = dyn_cast<tile::ViewType>(argument.getType()))
      if (isa<FloatType>(view.getElementType()))
        bytes = std::min<int64_t>(
            bytes, view.getElementType().getIntOrFloatBitWidth() / 8);
  int64_t vector = 16 / bytes;
  // Threads of a row, and then rows.
  int64_t across = std::min<int64_t>(
      llvm::PowerOf2Ceil(llvm::divideCeil(cols, vector)), 256);
  int64_t down = std::min<int64_t>(llvm::PowerOf2Ceil(rows),
                                   std::max<int64_t>(1, 256 / across));
  int64_t laneCols = std::min<int64_t>(across, 32);
  int64_t laneRows = 32 / laneCols;
  int64_t warpCols = across / laneCols;
  int64_t warpRows = std::max<int64_t>(1, down / laneRows);
  set(DotKind::None, {warpRows, warpCols}, {laneRows, laneCols}, vector);
}

std::optional<unsigned> Chooser::findProductRows() {
  SmallVector<tile::DotOp> dots;
  kernel.getBody().walk([&](tile::DotOp dot) { dots.push_back(dot); });
  tile::BlockSizes sizes(kernel);
  std::optional<unsigned> rows;
  for (tile::DotOp dot : dots)
    for (unsigned axis : {0u, 1u}) {
      unsigned cls = sizes.getClass(dot.getAcc(), axis);
      auto dims = llvm::seq(0u, kernel.getGridRank());
      auto dim = llvm::find_if(dims, [&](unsigned d) {
        return sizes.isSame(cls, sizes.getGridClass(d));
      });
      // Both extents of a product's accumulators are the grid's.
      if (dim == dims.end())
        return std::nullopt;
      if (axis == 0)
        rows = *dim;
    }
  return rows;
}

void Chooser::choose(bool fewRows) {
  SmallVector<tile::DotOp> dots;
  kernel.getBody().walk([&](tile::DotOp dot) { dots.push_back(dot); });
  if (dots.empty())
    chooseRows();
  else if (findProductRows())
    chooseProduct(dots, fewRows);
  else
    chooseAttention(dots);
}

/// Gives launches of a product with few rows a kernel of their own. Where the
/// number is not known, the launch chooses.
static void splitFewRows(tile::KernelOp kernel,
                         ArrayRef<tile::LaunchOp> launches,
                         SymbolTable &symbols, int64_t arch) {
  std::optional<unsigned> dim = Chooser(kernel, arch).findProductRows();
  // On tensors there is nothing to choose between yet.
  if (!dim || kernel.getSteps()[*dim] == 1 || launches.empty() ||
      llvm::any_of(launches, [](tile::LaunchOp launch) {
        return launch->getNumResults() != 0;
      }))
    return;
  OpBuilder b(kernel);
  b.setInsertionPointAfter(kernel);
  auto few = cast<tile::KernelOp>(b.clone(*kernel));
  few.setSymName((kernel.getSymName() + "_few").str());
  auto symbol = FlatSymbolRefAttr::get(symbols.insert(few));
  Chooser(few, arch).choose(/*fewRows=*/true);
  for (tile::LaunchOp launch : launches) {
    Value extent = launch.getGrid()[*dim];
    b.setInsertionPoint(launch);
    if (std::optional<int64_t> known = getConstantIntValue(extent)) {
      if (*known <= kFewRows)
        launch.setKernelAttr(symbol);
      continue;
    }
    Location loc = launch.getLoc();
    Value most = arith::ConstantIndexOp::create(b, loc, kFewRows);
    Value isFew =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle, extent, most);
    auto branch = scf::IfOp::create(b, loc, isFew, /*withElseRegion=*/true);
    b.setInsertionPointToStart(branch.thenBlock());
    cast<tile::LaunchOp>(b.clone(*launch)).setKernelAttr(symbol);
    launch->moveBefore(branch.elseBlock()->getTerminator());
  }
}

namespace {
struct CUDAChooseStrategies
    : ockham::impl::CUDAChooseStrategiesBase<CUDAChooseStrategies> {
  using CUDAChooseStrategiesBase::CUDAChooseStrategiesBase;

  void runOnOperation() override {
    LaunchMap launches = findLaunches(getOperation());
    SymbolTable symbols(getOperation());
    for (auto kernel :
         llvm::to_vector(getOperation().getOps<tile::KernelOp>())) {
      if (kernel.getStrategy())
        continue;
      splitFewRows(kernel, launches.lookup(kernel.getSymNameAttr()), symbols,
                   arch);
      Chooser(kernel, arch).choose();
    }
  }
};
} // namespace
