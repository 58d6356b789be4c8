//===- CPUDialect.cpp - How a CPU runs kernels ----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Target/CPU/CPUDialect.h"

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

/// A product keeps its accumulators in registers.
static LogicalResult verifyRegisters(ockham::tile::DotOp dot,
                                     int64_t vectorBytes) {
  auto acc = dot.getAcc().getType();
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

LogicalResult StrategyAttr::verifyKernel(Operation *op) const {
  auto kernel = cast<ockham::tile::KernelOp>(op);
  int64_t bytes = getVectorBytes();
  if (bytes < 8 || !llvm::isPowerOf2_64(bytes))
    return op->emitOpError() << "has vectors of " << bytes
                             << " bytes, expected a power of two from 8 on";
  int64_t rank = kernel.getGridRank();
  if (getLoop() < 0 || getLoop() >= rank)
    return op->emitOpError() << "loops over grid dimension #" << getLoop()
                             << ", but the grid has " << rank;
  int64_t step = kernel.getSteps()[getLoop()];
  if (getBlock() < 0 || getBlock() % step != 0)
    return op->emitOpError()
           << "has blocks of " << getBlock() << " in grid dimension #"
           << getLoop() << ", expected a multiple of its step, " << step;
  if (getPrefetch() < 0)
    return op->emitOpError()
           << "prefetches " << getPrefetch() << " lines, expected 0 or more";
  for (BlockArgument argument : kernel.getKernelArguments())
    if (auto view = dyn_cast<ockham::tile::ViewType>(argument.getType());
        view && view.getInterleave() != 1)
      return op->emitOpError()
             << "has argument #" << argument.getArgNumber() << " of type "
             << view << ", whose rows are interleaved by "
             << view.getInterleave()
             << ", but the CPU has no product that reads them; expected "
                "panels without interleaving";
  WalkResult result = kernel.getBody().walk([&](ockham::tile::DotOp dot) {
    if (failed(verifyRegisters(dot, bytes)))
      return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}
