//===- ChooseStrategies.cpp - How thread blocks run each kernel -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Alignment.h"
#include "Resizing.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "ockham/Target/CUDA/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CUDACHOOSESTRATEGIES
#include "ockham/Target/CUDA/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;
using namespace ockham::cuda;

/// How many rows a product has. With few rows it reads its weight and does
/// little else; with some, large blocks would leave most of the GPU idle.
enum class Rows { Few, Some, Many };

/// Up to so many rows are few.
static constexpr int64_t kFewRows = 16;

/// Multiprocessors of a GPU: how many blocks it takes to use all of them.
static int64_t countMultiprocessors(int64_t arch) {
  return arch >= 90 ? 132 : 108;
}

static SmallVector<tile::DotOp> getDots(tile::KernelOp kernel) {
  SmallVector<tile::DotOp> dots;
  kernel.getBody().walk([&](tile::DotOp dot) { dots.push_back(dot); });
  return dots;
}

namespace {
/// What the pass is told of GPUs.
struct Device {
  int64_t arch;
  int64_t shared; ///< Bytes of a block at most, 0 for what the GPU has.
  bool tf32;      ///< Products of f32 may be rounded to it.

  int64_t getMostShared() const {
    int64_t most = getMostSharedBytes(arch);
    return shared == 0 ? most : std::min(most, shared);
  }
};

/// What computes all products of a kernel.
DotKind getDotKind(ArrayRef<tile::DotOp> dots, const Device &device) {
  if (llvm::all_of(dots, isForTensorCores))
    return DotKind::MMA;
  return device.tf32 && llvm::all_of(dots, isForTF32) ? DotKind::TF32
                                                      : DotKind::FMA;
}

/// Sizes and a strategy for one kernel.
class Chooser {
public:
  Chooser(tile::KernelOp kernel, ArrayRef<tile::LaunchOp> launches,
          const Device &device)
      : kernel(kernel), launches(launches), device(device) {}
  /// False if blocks could not be made as small as so many rows want them.
  bool choose(Rows rows = Rows::Many);

private:
  bool chooseProduct(ArrayRef<tile::DotOp> dots, Rows rows);
  bool chooseFewRows(ArrayRef<tile::DotOp> dots);
  void resizeProduct(ArrayRef<tile::DotOp> dots, int64_t rows, int64_t cols,
                     int64_t depth);
  void chooseAttention(ArrayRef<tile::DotOp> dots);
  void chooseRows();
  /// Gives a class another size, if anything lets that be chosen.
  void resize(Value value, unsigned axis, int64_t size);
  /// Bytes of the largest ring with one stage.
  int64_t countRingBytes();
  void set(DotKind dot, ArrayRef<int64_t> warps, ArrayRef<int64_t> lanes,
           int64_t vector, int64_t stages = 1, int64_t slices = 1) {
    kernel.setStrategyAttr(StrategyAttr::get(
        kernel.getContext(), device.arch, dot, warps, lanes, vector, stages,
        /*fastest=*/0, device.shared, slices));
  }

  tile::KernelOp kernel;
  ArrayRef<tile::LaunchOp> launches;
  Device device;
};
} // namespace

void Chooser::resize(Value value, unsigned axis, int64_t size) {
  tile::BlockSizes sizes(kernel);
  unsigned cls = sizes.getClass(value, axis);
  // A single row or column is one, and stays one.
  if (sizes.getSize(cls) == size || sizes.getSize(cls) == 1 ||
      !canResize(kernel, launches, sizes, cls, size))
    return;
  tile::resizeBlocks(kernel, sizes, cls, size);
}

static int64_t countBytes(Type type) {
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
  return BufferType::get(type.getContext(), rows, cols, element, 1).getBytes();
}

int64_t Chooser::countRingBytes() {
  int64_t most = 0;
  kernel.getBody().walk([&](tile::ForOp loop) {
    int64_t bytes = 0;
    for (Value window : loop.getWindows())
      bytes += countBytes(window.getType());
    most = std::max(most, bytes);
  });
  return most;
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

void Chooser::resizeProduct(ArrayRef<tile::DotOp> dots, int64_t rows,
                            int64_t cols, int64_t depth) {
  for (tile::DotOp dot : dots) {
    Value acc = dot.getAcc();
    int64_t present = cast<RankedTensorType>(acc.getType()).getDimSize(1);
    resize(acc, 0, rows);
    resize(acc, 1, hasColumnRanges(kernel) ? std::min(cols, present) : cols);
    resize(dot.getLhs(), 1, depth);
  }
}

/// True if no product has more rows and columns.
static bool areWithin(ArrayRef<tile::DotOp> dots, int64_t rows, int64_t cols) {
  return llvm::all_of(dots, [&](tile::DotOp dot) {
    RankedTensorType acc = dot.getAcc().getType();
    return acc.getDimSize(0) <= rows && acc.getDimSize(1) <= cols;
  });
}

/// Columns of blocks with many rows. Two sums side by side take the registers
/// of two.
static int64_t getLargeCols(ArrayRef<tile::DotOp> dots, DotKind kind) {
  return kind != DotKind::FMA && dots.size() == 1 ? 128 : 64;
}

/// A product of activations and weights: accumulators of the grid's steps.
bool Chooser::chooseProduct(ArrayRef<tile::DotOp> dots, Rows rows) {
  if (rows == Rows::Few)
    return chooseFewRows(dots);
  DotKind kind = getDotKind(dots, device);
  bool isTensor = kind != DotKind::FMA, isLarge = rows == Rows::Many;
  int64_t size = isTensor && isLarge ? 128 : 64,
          cols = isLarge ? getLargeCols(dots, kind) : 64;
  // Rows of 128 bytes, and few barriers, where shared memory has room for them
  // twice: two blocks of a multiprocessor hide each other's waits. Of f32,
  // large ones take more registers than there are.
  bool isDeep =
      isTensor && (!isLarge || (kind == DotKind::MMA &&
                                device.getMostShared() >= 200 * 1024));
  int64_t bytes = isDeep ? 128 : 64;
  resizeProduct(dots, size, cols, bytes / (kind == DotKind::MMA ? 2 : 4));
  if (isTensor)
    set(kind, {2, 2}, {8, 4}, 2, /*stages=*/isDeep ? 3 : 4);
  else
    set(DotKind::FMA, {2, 2}, {4, 8}, 4, /*stages=*/3);
  return isLarge || areWithin(dots, size, cols);
}

/// Where a weight is read once, many narrow blocks read it side by side. That
/// leaves few numbers to compute for each, so that warps share the depth.
bool Chooser::chooseFewRows(ArrayRef<tile::DotOp> dots) {
  DotKind kind = getDotKind(dots, device);
  bool isTensor = kind != DotKind::FMA;
  int64_t rows = isTensor ? kFewRows : 8, cols = 16, slices = 8;
  int64_t unit = kind == DotKind::MMA ? 16
                 : isTensor           ? 8
                                      : 4,
          depth = kind == DotKind::MMA ? 256 : 128;
  // Products that are less deep have fewer slices.
  auto loop = dyn_cast<tile::ForOp>(dots.front()->getParentOp());
  std::optional<int64_t> present =
      loop ? getConstantIntValue(loop.getUpper()) : std::nullopt;
  if (present) {
    while (slices > 1 && slices * unit > *present)
      slices /= 2;
    depth = std::min<int64_t>(depth, llvm::alignTo(*present, slices * unit));
  }
  resizeProduct(dots, rows, cols, depth);
  // Larger blocks do not fit into the registers of one warp.
  if (!areWithin(dots, rows, cols))
    return false;
  if (llvm::any_of(dots, [&](tile::DotOp dot) {
        return !isRunningSum(dot) || getDepth(dot) % (slices * unit) != 0 ||
               isa<RankedTensorType>(dot.getLhs().getType()) ||
               isa<RankedTensorType>(dot.getRhs().getType());
      }))
    slices = 1;
  int64_t stages = std::clamp<int64_t>(
      device.getMostShared() / std::max<int64_t>(1, countRingBytes()), 1, 4);
  set(kind, {1, 1}, {8, 4}, isTensor ? 2 : 4, stages, slices);
  return true;
}

/// Blocks of queries against blocks of keys. Rows of scores are in one warp,
/// where there are rows enough.
void Chooser::chooseAttention(ArrayRef<tile::DotOp> dots) {
  DotKind kind = getDotKind(dots, device);
  bool isTensor = kind != DotKind::FMA;
  tile::DotOp scores = dots.front();
  int64_t rows = scores.getAcc().getType().getDimSize(0);
  // Sums of f32 take twice the registers that those of tensor cores do, with
  // their factors: they get more warps.
  int64_t unit = isTensor ? 16 : 4;
  int64_t down = 1;
  while (down < 8 && 2 * down * unit <= rows)
    down *= 2;
  SmallVector<int64_t> warps{down, rows == 1 ? 4 : 1};
  SmallVector<int64_t> lanes{8, 4};
  if (!isTensor)
    lanes = {4, 8};
  // As many stages as there is room for, beside factors that are blocks.
  int64_t ring = countRingBytes(), blocks = 0;
  for (tile::DotOp dot : dots)
    for (Value factor : {dot.getLhs(), dot.getRhs()})
      if (isa<RankedTensorType>(factor.getType()))
        blocks += countBytes(factor.getType());
  int64_t stages = blocks + 2 * ring <= device.getMostShared() ? 2 : 1;
  set(kind, warps, lanes, isTensor ? 2 : 4, stages);
}

/// Rows without products: threads along a row, 16 bytes each.
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
  // Short rows: each thread has 16 bytes. Longer ones: a warp has a row, and
  // sums it up without shared memory, as long as its registers hold it.
  constexpr int64_t kMostElements = 32, kMostThreads = 256;
  int64_t across =
      std::min<int64_t>(llvm::PowerOf2Ceil(llvm::divideCeil(cols, vector)), 32);
  while (across < kMostThreads && across * kMostElements < cols)
    across *= 2;
  int64_t down = std::min<int64_t>(llvm::PowerOf2Ceil(rows),
                                   std::max<int64_t>(1, kMostThreads / across));
  int64_t laneCols = std::min<int64_t>(across, 32);
  int64_t laneRows = 32 / laneCols;
  int64_t warpCols = across / laneCols;
  int64_t warpRows = std::max<int64_t>(1, down / laneRows);
  set(DotKind::None, {warpRows, warpCols}, {laneRows, laneCols}, vector);
}

/// The dimensions of the grid that rows and columns of products are; nothing
/// for other kernels.
static std::optional<std::pair<unsigned, unsigned>>
findProductGrid(tile::KernelOp kernel) {
  tile::BlockSizes sizes(kernel);
  std::optional<std::pair<unsigned, unsigned>> result;
  for (tile::DotOp dot : getDots(kernel)) {
    unsigned found[2];
    for (unsigned axis : {0u, 1u}) {
      unsigned cls = sizes.getClass(dot.getAcc(), axis);
      auto dims = llvm::seq(0u, kernel.getGridRank());
      auto dim = llvm::find_if(dims, [&](unsigned d) {
        return sizes.isSame(cls, sizes.getGridClass(d));
      });
      // Both extents of a product's accumulators are the grid's.
      if (dim == dims.end())
        return std::nullopt;
      found[axis] = *dim;
    }
    result = {found[0], found[1]};
  }
  return result;
}

bool Chooser::choose(Rows rows) {
  SmallVector<tile::DotOp> dots = getDots(kernel);
  if (!dots.empty() && findProductGrid(kernel))
    return chooseProduct(dots, rows);
  if (dots.empty())
    chooseRows();
  else
    chooseAttention(dots);
  return true;
}

namespace {
/// A kernel of a product in several sizes of blocks, one of which each launch
/// takes. Where the number of rows is not known, the launch chooses.
class RowVariants {
public:
  RowVariants(tile::KernelOp kernel, ArrayRef<tile::LaunchOp> launches,
              SymbolTable &symbols, const Device &device)
      : kernel(kernel), launches(launches), symbols(symbols), device(device) {}

  void make();

private:
  /// One more, for launches of at most so many rows, if its blocks may be as
  /// small as that.
  void add(Rows rows, StringRef suffix, int64_t most);
  /// Up to how many rows larger blocks are too few for the GPU; 0: never.
  int64_t countSomeRows(unsigned colsDim);

  struct Variant {
    FlatSymbolRefAttr kernel;
    int64_t most;
  };
  tile::KernelOp kernel;
  ArrayRef<tile::LaunchOp> launches;
  SymbolTable &symbols;
  Device device;
  SmallVector<Variant> variants;
};
} // namespace

int64_t RowVariants::countSomeRows(unsigned colsDim) {
  SmallVector<tile::DotOp> dots = getDots(kernel);
  DotKind kind = getDotKind(dots, device);
  if (kind == DotKind::FMA)
    return 0;
  constexpr int64_t size = 128;
  int64_t rows = 0, width = getLargeCols(dots, kind);
  if (hasColumnRanges(kernel))
    width = std::min(width, kernel.getSteps()[colsDim]);
  for (tile::LaunchOp launch : launches) {
    std::optional<int64_t> cols =
        getConstantIntValue(launch.getGrid()[colsDim]);
    if (!cols || *cols < 1)
      return 0;
    int64_t across = llvm::divideCeil(*cols, width);
    rows =
        std::max(rows, (countMultiprocessors(device.arch) - 1) / across * size);
  }
  return rows;
}

void RowVariants::add(Rows rows, StringRef suffix, int64_t most) {
  OpBuilder b(kernel);
  b.setInsertionPointAfter(kernel);
  auto variant = cast<tile::KernelOp>(b.clone(*kernel));
  if (!Chooser(variant, launches, device).choose(rows)) {
    variant.erase();
    return;
  }
  variant.setSymName((kernel.getSymName() + suffix).str());
  variants.push_back({FlatSymbolRefAttr::get(symbols.insert(variant)), most});
}

void RowVariants::make() {
  auto grid = findProductGrid(kernel);
  // On tensors there is nothing to choose between yet.
  if (!grid || kernel.getSteps()[grid->first] == 1 || launches.empty() ||
      llvm::any_of(launches, [](tile::LaunchOp launch) {
        return launch->getNumResults() != 0;
      }))
    return;
  unsigned dim = grid->first;
  SmallVector<std::optional<int64_t>> known =
      llvm::map_to_vector(launches, [&](tile::LaunchOp launch) {
        return getConstantIntValue(launch.getGrid()[dim]);
      });
  auto mayBe = [&](int64_t least, int64_t most) {
    return llvm::any_of(known, [&](std::optional<int64_t> rows) {
      return !rows || (*rows >= least && *rows <= most);
    });
  };
  if (mayBe(0, kFewRows))
    add(Rows::Few, "_few", kFewRows);
  int64_t some = countSomeRows(grid->second);
  if (some > kFewRows && mayBe(kFewRows + 1, some))
    add(Rows::Some, "_some", some);
  for (auto [each, rows] : llvm::zip(launches, known)) {
    tile::LaunchOp launch = each;
    OpBuilder b(launch);
    Location loc = launch.getLoc();
    for (const Variant &variant : variants) {
      if (rows) {
        if (*rows > variant.most)
          continue;
        launch.setKernelAttr(variant.kernel);
        break;
      }
      Value extent = launch.getGrid()[dim];
      Value most = arith::ConstantIndexOp::create(b, loc, variant.most);
      Value fits = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle,
                                         extent, most);
      auto branch = scf::IfOp::create(b, loc, fits, /*withElseRegion=*/true);
      b.setInsertionPointToStart(branch.thenBlock());
      cast<tile::LaunchOp>(b.clone(*launch)).setKernelAttr(variant.kernel);
      b.setInsertionPointToStart(branch.elseBlock());
    }
    if (!rows && !variants.empty())
      launch->moveBefore(b.getBlock()->getTerminator());
  }
}

namespace {
struct CUDAChooseStrategies
    : ockham::impl::CUDAChooseStrategiesBase<CUDAChooseStrategies> {
  using CUDAChooseStrategiesBase::CUDAChooseStrategiesBase;

  void runOnOperation() override {
    if (shared < 0) {
      emitError(UnknownLoc::get(&getContext()))
          << "ockham-cuda-choose-strategies: shared is " << shared
          << ", expected at least 0";
      return signalPassFailure();
    }
    LaunchMap launches = findLaunches(getOperation());
    SymbolTable symbols(getOperation());
    Device device{arch, shared, tf32};
    for (auto kernel :
         llvm::to_vector(getOperation().getOps<tile::KernelOp>())) {
      if (kernel.getStrategy())
        continue;
      SmallVector<tile::LaunchOp> mine =
          launches.lookup(kernel.getSymNameAttr());
      RowVariants(kernel, mine, symbols, device).make();
      Chooser(kernel, mine, device).choose();
    }
  }
};
} // namespace
