//===- CPUDialect.cpp - How a CPU runs kernels ----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Target/CPU/CPUDialect.h"

#include "BodySplit.h"
#include "MatrixUnit.h"
#include "PanelChecks.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ockham::cpu;

#include "ockham/Target/CPU/CPUDialect.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "ockham/Target/CPU/CPUAttrs.cpp.inc"

void CPUDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "ockham/Target/CPU/CPUAttrs.cpp.inc"
      >();
}

int64_t ockham::cpu::countRegisters(int64_t rows, int64_t vectors) {
  return rows * vectors + std::min(rows, vectors) + 1;
}

int64_t ockham::cpu::countPresentRegisters(int64_t vectorBytes) {
  return vectorBytes >= 64 ? 32 : 16;
}

bool ockham::cpu::isStepOfLoop(tile::DotOp dot) {
  auto carried = dyn_cast<BlockArgument>(dot.getAcc());
  return carried && isa<tile::ForOp>(carried.getOwner()->getParentOp());
}

int64_t ockham::cpu::getVectorsAtOnce(tile::DotOp dot, int64_t rows,
                                      int64_t vectors, int64_t vectorBytes) {
  if (isStepOfLoop(dot))
    return vectors;
  int64_t most = vectors, present = countPresentRegisters(vectorBytes);
  while (most > 1 && countRegisters(rows, most) > present)
    --most;
  // Parts that are about as large.
  return llvm::divideCeil(vectors, llvm::divideCeil(vectors, most));
}

int64_t ockham::cpu::countPanelLines(tile::ForOp loop) {
  int64_t most = 0;
  for (auto [i, window] : llvm::enumerate(loop.getWindows())) {
    auto type = cast<tile::SliceType>(window.getType());
    if (type.getPanel() == 0 || !loop.goesAlongRows(i))
      continue;
    int64_t bits = type.getRows() * type.getCols() *
                   type.getElementType().getIntOrFloatBitWidth();
    most = std::max<int64_t>(most, llvm::divideCeil(bits, kLineBytes * 8));
  }
  return most;
}

/// A product keeps its accumulators in registers; where the matrix unit does
/// it, those of the fewer rows that are left.
static LogicalResult verifyRegisters(ockham::tile::DotOp dot,
                                     int64_t vectorBytes, int64_t amx) {
  auto acc = dot.getAcc().getType();
  if (amx > 0)
    acc = acc.clone({std::clamp<int64_t>(amx - 1, 1, acc.getDimSize(0)),
                     acc.getDimSize(1)});
  int64_t elementBytes = acc.getElementTypeBitWidth() / 8;
  int64_t perRow =
      llvm::divideCeil(acc.getDimSize(1) * elementBytes, vectorBytes);
  int64_t needed =
      countRegisters(acc.getDimSize(0), getVectorsAtOnce(dot, acc.getDimSize(0),
                                                         perRow, vectorBytes));
  int64_t present = countPresentRegisters(vectorBytes);
  // One row is the least there is; what it lacks comes from the cache.
  if (needed <= present || acc.getDimSize(0) == 1)
    return success();
  return dot.emitOpError() << "accumulates " << acc << ", which needs "
                           << needed << " registers of " << vectorBytes
                           << " bytes, but there are " << present;
}

/// Products can be summed up in parts of their depth.
static LogicalResult verifyDepth(ockham::tile::KernelOp kernel,
                                 StrategyAttr strategy) {
  int64_t depth = strategy.getDepth();
  if (depth < 0)
    return kernel.emitOpError() << "splits the depth of products into parts of "
                                << depth << ", expected 0 or more";
  if (depth == 0)
    return success();
  unsigned loopDim = strategy.getLoop();
  ockham::tile::BlockSizes sizes(kernel);
  std::optional<BodySplit> split =
      splitBody(kernel, sizes, sizes.getGridClass(loopDim));
  ockham::tile::ForOp loop =
      split ? findDepthLoop(*split) : ockham::tile::ForOp();
  if (!loop)
    return kernel.emitOpError()
           << "splits the depth of products into parts of " << depth
           << ", expected a loop from 0 to a constant that does nothing but "
              "add up products of the rows of grid dimension #"
           << loopDim << ", and behind it what is done row by row";
  int64_t step = loop.getStep();
  if (depth % step != 0)
    return kernel.emitOpError()
           << "splits the depth of products into parts of " << depth
           << ", expected a multiple of the loop's step, " << step;
  int64_t perRow = getSumBytes(loop), most = kMostSumBytes / perRow;
  if (strategy.getBlock() > 0 && strategy.getBlock() <= most)
    return success();
  return kernel.emitOpError()
         << "keeps the sums of blocks of " << strategy.getBlock() << " rows"
         << (strategy.getBlock() == 0 ? " (all)" : "")
         << " from one part of the depth to the next, " << perRow
         << " bytes each; expected blocks of 1 to " << most << " rows";
}

/// Products go through the matrix unit.
static LogicalResult verifyMatrixUnit(ockham::tile::KernelOp kernel,
                                      StrategyAttr strategy) {
  int64_t fewest = strategy.getAmx();
  if (fewest < 0)
    return kernel.emitOpError()
           << "multiplies " << fewest
           << " rows or more by the matrix unit, expected 1 or more, or 0 for "
              "none";
  if (fewest == 0)
    return success();
  if (strategy.getDepth() != 0)
    return kernel.emitOpError()
           << "splits the depth of products into parts of "
           << strategy.getDepth()
           << ", but the matrix unit keeps their sums over all of it; expected "
              "0";
  int64_t step = kernel.getSteps()[strategy.getLoop()];
  if (step == 1 || fewest > step)
    return kernel.emitOpError()
           << "multiplies " << fewest
           << " rows or more by the matrix unit in blocks of " << step
           << "; expected blocks of 2 rows or more, and at most as many rows";
  std::string problem;
  if (findMatrixProducts(kernel, strategy.getLoop(), problem))
    return success();
  return kernel.emitOpError()
         << "multiplies " << fewest << " rows or more by the matrix unit, but "
         << problem;
}

/// Panels are fetched ahead in the steps of a loop that reads panels, no more
/// in a step than it reads.
static LogicalResult verifyPrefetch(ockham::tile::KernelOp kernel,
                                    int64_t lines) {
  int64_t most = 0;
  kernel.getBody().walk([&](ockham::tile::ForOp loop) {
    most = std::max(most, countPanelLines(loop));
  });
  if (lines >= 0 && lines <= most)
    return success();
  if (most == 0 && lines > 0)
    return kernel.emitOpError()
           << "prefetches " << lines
           << " lines of the next panel, but none of its loops goes down the "
              "rows of a packed matrix; expected 0";
  return kernel.emitOpError() << "prefetches " << lines
                              << " lines in each step of a loop, expected 0 to "
                              << most << ", which is what a step reads";
}

LogicalResult StrategyAttr::verifyKernel(Operation *op) const {
  auto kernel = cast<ockham::tile::KernelOp>(op);
  int64_t bytes = getVectorBytes();
  if (bytes < 8 || bytes > 64 || !llvm::isPowerOf2_64(bytes))
    return op->emitOpError() << "has vectors of " << bytes
                             << " bytes, expected a power of two from 8 to 64";
  int64_t rank = kernel.getGridRank();
  if (getLoop() < 0 || getLoop() >= rank)
    return op->emitOpError() << "loops over grid dimension #" << getLoop()
                             << ", but the grid has " << rank;
  int64_t step = kernel.getSteps()[getLoop()];
  if (getBlock() < 0 || getBlock() % step != 0)
    return op->emitOpError()
           << "has blocks of " << getBlock() << " in grid dimension #"
           << getLoop() << ", expected a multiple of its step, " << step;
  ockham::tile::BlockSizes sizes(kernel);
  if (step > 1 && !sizes.canResize(sizes.getGridClass(getLoop())))
    return op->emitOpError()
           << "loops over grid dimension #" << getLoop() << " in steps of "
           << step
           << ", but its blocks cannot have another size, as the last ones "
              "would; expected a dimension in steps of 1, or another body";
  if (failed(verifyPrefetch(kernel, getPrefetch())))
    return failure();
  for (BlockArgument argument : kernel.getKernelArguments())
    if (auto view = dyn_cast<ockham::tile::ViewType>(argument.getType());
        view && view.getInterleave() != 1 &&
        !(view.getInterleave() == 2 && view.getElementType().isBF16()))
      return op->emitOpError()
             << "has argument #" << argument.getArgNumber() << " of type "
             << view << ", whose rows are interleaved by "
             << view.getInterleave()
             << ", but the CPU has no product that reads them; expected "
                "panels without interleaving, or of pairs of bf16";
  if (failed(verifyPanels(kernel)))
    return failure();
  if (getBf16Pairs() && bytes != 64)
    return op->emitOpError() << "multiplies pairs of bf16 in vectors of "
                             << bytes << " bytes, but the instruction has 64";
  WalkResult result = kernel.getBody().walk([&](ockham::tile::DotOp dot) {
    if (failed(verifyRegisters(dot, bytes, getAmx())))
      return WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (result.wasInterrupted() || failed(verifyMatrixUnit(kernel, *this)))
    return failure();
  return verifyDepth(kernel, *this);
}
