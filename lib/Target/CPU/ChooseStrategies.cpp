//===- ChooseStrategies.cpp - How the CPU runs each kernel ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BodySplit.h"
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

/// The loop that a packed matrix streams through, panel by panel: a product of
/// activations and weights.
static tile::ForOp findPanelLoop(tile::KernelOp kernel) {
  tile::ForOp found;
  kernel.getBody().walk([&](tile::ForOp loop) {
    for (auto [i, view] : llvm::enumerate(loop.getViews()))
      if (cast<tile::ViewType>(view.getType()).isPacked() &&
          loop.goesAlongRows(i))
        found = loop;
  });
  return found;
}

namespace {
struct CPUChooseStrategies
    : ockham::impl::CPUChooseStrategiesBase<CPUChooseStrategies> {
  using CPUChooseStrategiesBase::CPUChooseStrategiesBase;

  void runOnOperation() override {
    for (auto kernel : getOperation().getOps<tile::KernelOp>())
      if (!kernel.getStrategy())
        choose(kernel);
  }

private:
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

  /// True if a product reads pairs of bf16 on both sides.
  static bool multipliesPairs(tile::KernelOp kernel) {
    WalkResult result = kernel.getBody().walk([&](tile::DotOp dot) {
      auto lhs = dyn_cast<tile::SliceType>(dot.getLhs().getType());
      auto rhs = dyn_cast<tile::SliceType>(dot.getRhs().getType());
      bool pairs = lhs && rhs && lhs.getElementType().isBF16() &&
                   rhs.getInterleave() == 2;
      return pairs ? WalkResult::interrupt() : WalkResult::advance();
    });
    return result.wasInterrupted();
  }

  void choose(tile::KernelOp kernel) {
    fitRegisters(kernel);
    tile::BlockSizes sizes(kernel);
    unsigned loopDim = findRowDim(kernel, sizes).value_or(0);
    int64_t step = kernel.getSteps()[loopDim], block = step, prefetch = 0,
            partDepth = 0;
    if (tile::ForOp loop = findPanelLoop(kernel)) {
      partDepth = chooseDepth(kernel, sizes, loopDim);
      // Rows of the left-hand side that stay in the cache; more of them where
      // only a part of their depth is in use at a time.
      int64_t depth = 0, bytes = 4,
              most = partDepth > 0 ? 2 * cacheBytes : cacheBytes;
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
      prefetch = 1;
    }
    kernel.setStrategyAttr(cpu::StrategyAttr::get(
        &getContext(), vectorBytes, loopDim, block, prefetch, partDepth,
        bf16Pairs && multipliesPairs(kernel)));
  }
};
} // namespace
