//===- ChooseStrategies.cpp - How the CPU runs each kernel ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BodySplit.h"
#include "MatrixUnit.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "ockham/Target/CPU/CPUDialect.h"
#include "ockham/Target/CPU/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CPUCHOOSESTRATEGIES
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

/// The dimension of the grid along which the rows of products go, or, where
/// there are none, those of what is stored.
static std::optional<unsigned> findRowDim(tile::KernelOp kernel,
                                          const tile::BlockSizes &sizes) {
  std::optional<unsigned> found;
  kernel.getBody().walk([&](tile::DotOp dot) {
    for (unsigned d = 0; d < kernel.getGridRank(); ++d)
      if (sizes.isSame(sizes.getGridClass(d), sizes.getClass(dot.getAcc(), 0)))
        found = d;
  });
  if (found)
    return found;
  kernel.getBody().walk([&](tile::StoreOp store) {
    for (auto [d, index] : llvm::enumerate(kernel.getGridIndices()))
      if (store.getRow() == index)
        found = d;
  });
  return found;
}

/// The loop that a packed matrix streams through, panel by panel, and that
/// accumulates its products: a product of activations and weights.
static tile::ForOp findPanelLoop(tile::KernelOp kernel) {
  tile::ForOp found;
  kernel.getBody().walk([&](tile::ForOp loop) {
    bool accumulates =
        llvm::any_of(loop.getBlock().getOps<tile::DotOp>(), cpu::isStepOfLoop);
    for (auto [i, view] : llvm::enumerate(loop.getViews()))
      if (cast<tile::ViewType>(view.getType()).isPacked() &&
          loop.goesAlongRows(i) && accumulates)
        found = loop;
  });
  return found;
}

namespace {
struct CPUChooseStrategies
    : ockham::impl::CPUChooseStrategiesBase<CPUChooseStrategies> {
  using CPUChooseStrategiesBase::CPUChooseStrategiesBase;

  void runOnOperation() override {
    launches.clear();
    getOperation().walk([&](tile::LaunchOp launch) {
      launches[launch.getKernelAttr().getAttr()].push_back(launch);
    });
    for (auto kernel : getOperation().getOps<tile::KernelOp>())
      if (!kernel.getStrategy())
        choose(kernel);
  }

private:
  /// One row is read as fast as its products are done either way. With a few,
  /// what is left of a tile costs less than what vectors take.
  static constexpr int64_t kFewestTileRows = 4;

  llvm::DenseMap<StringAttr, SmallVector<tile::LaunchOp>> launches;

  /// True if blocks of another size can be chosen: the kernel goes along these
  /// extents in steps.
  static bool isFree(tile::KernelOp kernel, const tile::BlockSizes &sizes,
                     unsigned cls) {
    bool found = false;
    for (unsigned d = 0; d < kernel.getGridRank(); ++d)
      found |= sizes.isSame(cls, sizes.getGridClass(d));
    kernel.getBody().walk([&](tile::ForOp loop) {
      found |= sizes.isSame(cls, sizes.getLoopClass(loop));
    });
    return found && sizes.canResize(cls);
  }

  /// Shrinks the rows of a product with a loop of its own until two vectors of
  /// each fit at once. False for other products.
  bool fitLongProduct(tile::KernelOp kernel, tile::DotOp dot, int64_t lanes) {
    if (cpu::isStepOfLoop(dot))
      return false;
    tile::BlockSizes sizes(kernel);
    auto acc = dot.getAcc().getType();
    int64_t rows = acc.getDimSize(0),
            atOnce = acc.getDimSize(1) > lanes ? 2 : 1;
    while (rows > 1 && cpu::countRegisters(rows, atOnce) >
                           cpu::countPresentRegisters(vectorBytes))
      --rows;
    // Blocks are written out vector by vector. Code for wide rows of narrow
    // vectors takes seconds to compile, and is run on old processors only.
    constexpr int64_t mostNarrow = 128;
    int64_t vectors = llvm::divideCeil(acc.getDimSize(1), lanes);
    while (vectorBytes < 32 && rows > 1 && rows * vectors > mostNarrow)
      --rows;
    unsigned cls = sizes.getClass(dot.getAcc(), 0);
    if (rows != acc.getDimSize(0) && isFree(kernel, sizes, cls))
      tile::resizeBlocks(kernel, sizes, cls, rows);
    return true;
  }

  /// Shrinks accumulators to what the registers hold.
  void fitRegisters(tile::KernelOp kernel) {
    SmallVector<tile::DotOp> dots;
    kernel.getBody().walk([&](tile::DotOp dot) { dots.push_back(dot); });
    int64_t present = cpu::countPresentRegisters(vectorBytes);
    for (tile::DotOp dot : dots) {
      int64_t lanes =
          vectorBytes * 8 / dot.getAcc().getType().getElementTypeBitWidth();
      if (fitLongProduct(kernel, dot, lanes))
        continue;
      {
        // Halves, so that parts of a panel do not cross its end.
        tile::BlockSizes sizes(kernel);
        unsigned cls = sizes.getClass(dot.getAcc(), 1);
        int64_t size = sizes.getSize(cls);
        while (size > 3 * lanes && size % 2 == 0)
          size /= 2;
        if (size != sizes.getSize(cls) && isFree(kernel, sizes, cls))
          tile::resizeBlocks(kernel, sizes, cls, size);
      }
      tile::BlockSizes sizes(kernel);
      unsigned cls = sizes.getClass(dot.getAcc(), 0);
      auto acc = dot.getAcc().getType();
      int64_t rows = acc.getDimSize(0);
      int64_t vectors = llvm::divideCeil(acc.getDimSize(1), lanes);
      while (rows > 1 && cpu::countRegisters(rows, vectors) > present)
        --rows;
      if (rows != acc.getDimSize(0) && isFree(kernel, sizes, cls))
        tile::resizeBlocks(kernel, sizes, cls, rows);
    }
  }

  /// Parts of the depth of a product that are about as large; 0 where it is
  /// gone through at once.
  int64_t chooseDepth(tile::KernelOp kernel, const tile::BlockSizes &sizes,
                      unsigned loopDim) {
    std::optional<cpu::BodySplit> split =
        cpu::splitBody(kernel, sizes, sizes.getGridClass(loopDim));
    tile::ForOp loop = split ? cpu::findDepthLoop(*split) : tile::ForOp();
    if (!loop || loop != findPanelLoop(kernel) || mostDepth <= 0)
      return 0;
    int64_t depth = cpu::getDepth(loop);
    int64_t parts = llvm::divideCeil(depth, mostDepth);
    if (parts == 1)
      return 0;
    return llvm::alignTo(llvm::divideCeil(depth, parts), loop.getStep());
  }

  /// True if a launch may have so many rows that the matrix unit gains: all
  /// launches whose grid is known have fewer.
  static bool mayHaveRows(tile::KernelOp kernel,
                          ArrayRef<tile::LaunchOp> launches, unsigned rowDim) {
    return launches.empty() ||
           llvm::any_of(launches, [&](tile::LaunchOp launch) {
             std::optional<int64_t> rows =
                 getConstantIntValue(launch.getGrid()[rowDim]);
             return !rows || *rows >= kFewestTileRows;
           });
  }

  /// Gives the products of a kernel as many rows as tiles for sums hold. False
  /// if the matrix unit cannot or should not do them.
  bool fitTiles(tile::KernelOp kernel, unsigned rowDim) {
    std::string problem;
    std::optional<cpu::MatrixProducts> found;
    if (amx && vectorBytes == 64)
      found = cpu::findMatrixProducts(kernel, rowDim, problem);
    tile::BlockSizes sizes(kernel);
    unsigned cls = sizes.getGridClass(rowDim);
    if (!found ||
        !mayHaveRows(kernel, launches[kernel.getSymNameAttr()], rowDim) ||
        !isFree(kernel, sizes, cls))
      return false;
    int64_t rowTiles =
        std::min<int64_t>(2, cpu::kMostSumTiles / found->colTiles);
    tile::resizeBlocks(kernel, sizes, cls, rowTiles * cpu::kTileRows);
    return true;
  }

  void choose(tile::KernelOp kernel) {
    unsigned loopDim = findRowDim(kernel, tile::BlockSizes(kernel)).value_or(0);
    bool hasTiles = fitTiles(kernel, loopDim);
    if (!hasTiles)
      fitRegisters(kernel);
    tile::BlockSizes sizes(kernel);
    int64_t step = kernel.getSteps()[loopDim], block = step, prefetch = 0,
            partDepth = 0;
    if (tile::ForOp loop = findPanelLoop(kernel)) {
      partDepth = hasTiles ? 0 : chooseDepth(kernel, sizes, loopDim);
      // Rows of the left-hand side that stay in the cache; more of them where
      // only a part of their depth is in use at a time, and on processors with
      // a matrix unit, whose caches are larger.
      int64_t depth = 0, bytes = 4,
              most = partDepth > 0 || hasTiles ? 2 * cacheBytes : cacheBytes;
      for (Value view : loop.getViews()) {
        auto type = cast<tile::ViewType>(view.getType());
        if (!type.isPacked()) {
          depth = type.getCols();
          bytes = type.getElementType().getIntOrFloatBitWidth() / 8;
        }
      }
      int64_t rows = depth > 0 ? most / (depth * bytes) : 16 * step;
      if (partDepth > 0)
        rows = std::min(rows, cpu::kMostSumBytes / cpu::getSumBytes(loop));
      block = std::max<int64_t>(step, rows / step * step);
      prefetch = hasTiles ? cpu::countPanelLines(loop) : 1;
    }
    kernel.setStrategyAttr(cpu::StrategyAttr::get(
        &getContext(), vectorBytes, loopDim, block, prefetch, partDepth,
        bf16Pairs && vectorBytes == 64 && cpu::multipliesBf16Pairs(kernel),
        hasTiles ? kFewestTileRows : 0));
  }
};
} // namespace
