//===- UseHostMemory.cpp - Buffers and outputs from the host --------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/IR/IRMapping.h"
#include "ockham/Target/CPU/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CPUUSEHOSTMEMORY
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

/// The last operation of `block` that may touch memory that `value` or a view
/// of it names; null if it leaves the block through its terminator.
static Operation *findLastUse(Value value, Block *block,
                              BufferViewFlowAnalysis &views) {
  Operation *last = value.getDefiningOp();
  for (Value alias : views.resolve(value)) {
    for (Operation *user : alias.getUsers()) {
      Operation *inBlock = block->findAncestorOpInBlock(*user);
      if (!inBlock || inBlock->hasTrait<OpTrait::IsTerminator>())
        return nullptr;
      if (last->isBeforeInBlock(inBlock))
        last = inBlock;
    }
  }
  return last;
}

/// The same extent where it was computed, if views only hand it on.
static Value findExtent(Value extent) {
  while (auto dim = extent.getDefiningOp<memref::DimOp>()) {
    std::optional<int64_t> number = dim.getConstantIndex();
    auto type = dyn_cast<MemRefType>(dim.getSource().getType());
    if (!number || !type || *number < 0 || *number >= type.getRank() ||
        !type.isDynamicDim(*number))
      break;
    unsigned position = type.getDynamicDimIndex(*number);
    if (auto view = dim.getSource().getDefiningOp<memref::ExpandShapeOp>())
      extent = view.getOutputShape()[position];
    else if (auto alloc = dim.getSource().getDefiningOp<memref::AllocOp>())
      extent = alloc.getDynamicSizes()[position];
    else
      break;
  }
  return extent;
}

namespace {
struct CPUUseHostMemory : ockham::impl::CPUUseHostMemoryBase<CPUUseHostMemory> {

  void runOnOperation() override {
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr(kEntryAttrName))
        continue;
      if (function.isExternal()) {
        function.emitOpError("is an entry point without a body");
        return signalPassFailure();
      }
      if (!function.getBody().hasOneBlock()) {
        function.emitOpError("has several blocks; expected structured control "
                             "flow only");
        return signalPassFailure();
      }
      WalkResult result = function.walk([&](CallOpInterface call) {
        call.emitOpError("is in an entry point, whose operations must all be "
                         "its own; inline the function that it calls");
        return WalkResult::interrupt();
      });
      if (result.wasInterrupted())
        return signalPassFailure();
      handOverOutputs(function);
      takeMemoryFromHost(function);
    }
  }

private:
  /// A product of [batch * sequence, width] is returned as [batch, sequence,
  /// width]: the output takes the shape that is returned, and the product
  /// writes to a collapsed view of it.
  bool handOverReshaped(Value value, int32_t number,
                        llvm::SmallPtrSetImpl<Operation *> &taken) {
    auto expand = value.getDefiningOp<memref::ExpandShapeOp>();
    auto alloc = expand ? expand.getSrc().getDefiningOp<memref::AllocOp>()
                        : memref::AllocOp();
    if (!alloc || alloc->getBlock() != expand->getBlock() ||
        !alloc.getType().getLayout().isIdentity() ||
        !expand.getResultType().getLayout().isIdentity())
      return false;
    // The extents must be known where the memory is taken.
    SmallVector<Operation *> toMove;
    SmallVector<Value> sizes;
    for (Value extent : expand.getOutputShape()) {
      Value size = findExtent(extent);
      sizes.push_back(size);
      Operation *def = size.getDefiningOp();
      if (!def)
        continue;
      if (def->getBlock() == alloc->getBlock() && def->isBeforeInBlock(alloc))
        continue;
      auto dim = dyn_cast<memref::DimOp>(def);
      if (!dim || !isa<BlockArgument>(dim.getSource()) ||
          !matchPattern(dim.getIndex(), m_Constant()))
        return false;
      toMove.push_back(dim.getIndex().getDefiningOp());
      toMove.push_back(def);
    }
    if (!taken.insert(alloc).second)
      return false;
    for (Operation *op : toMove)
      if (!(op->getBlock() == alloc->getBlock() && op->isBeforeInBlock(alloc)))
        op->moveBefore(alloc);
    OpBuilder b(alloc);
    auto output = OutputOp::create(b, alloc.getLoc(), expand.getResultType(),
                                   number, sizes);
    auto collapsed = memref::CollapseShapeOp::create(
        b, alloc.getLoc(), output, expand.getReassociationIndices());
    alloc.replaceAllUsesWith(collapsed.getResult());
    expand.replaceAllUsesWith(output.getResult());
    expand.erase();
    alloc.erase();
    return true;
  }

  void handOverOutputs(func::FuncOp function) {
    Block &block = function.getBody().front();
    auto exit = cast<func::ReturnOp>(block.getTerminator());
    llvm::SmallPtrSet<Operation *, 4> taken;
    for (auto [index, value] : llvm::enumerate(exit.getOperands())) {
      auto type = cast<MemRefType>(value.getType());
      auto alloc = value.getDefiningOp<memref::AllocOp>();
      auto number = static_cast<int32_t>(index);
      OpBuilder b(exit);
      if (alloc && alloc->getBlock() == &block &&
          type.getLayout().isIdentity() && taken.insert(alloc).second) {
        // Computed in place, in the caller's buffer.
        b.setInsertionPoint(alloc);
        auto output = OutputOp::create(b, alloc.getLoc(), type, number,
                                       alloc.getDynamicSizes());
        alloc.replaceAllUsesWith(output.getResult());
        alloc.erase();
        continue;
      }
      if (handOverReshaped(value, number, taken))
        continue;
      SmallVector<Value> sizes;
      for (int64_t i = 0, e = type.getRank(); i < e; ++i)
        if (type.isDynamicDim(i))
          sizes.push_back(memref::DimOp::create(b, exit.getLoc(), value, i));
      auto plain = MemRefType::get(type.getShape(), type.getElementType());
      auto output = OutputOp::create(b, exit.getLoc(), plain, number, sizes);
      memref::CopyOp::create(b, exit.getLoc(), value, output);
    }
    OpBuilder b(exit);
    func::ReturnOp::create(b, exit.getLoc());
    exit.erase();
    // The attributes of results go with them; signatures are taken before.
    auto type = FunctionType::get(&getContext(),
                                  function.getFunctionType().getInputs(), {});
    function.setType(type);
    function.removeResAttrsAttr();
  }

  void takeMemoryFromHost(func::FuncOp function) {
    // A buffer is released after its last use in the block that allocates it;
    // one that leaves its block lives until the end of the call.
    SmallVector<memref::AllocOp> allocs;
    bool hasDeallocs = false;
    function.walk([&](Operation *op) {
      if (auto alloc = dyn_cast<memref::AllocOp>(op))
        allocs.push_back(alloc);
      hasDeallocs |= isa<memref::DeallocOp>(op);
    });
    if (!hasDeallocs) {
      BufferViewFlowAnalysis views(function);
      SmallVector<std::pair<memref::AllocOp, Operation *>> ends;
      for (memref::AllocOp alloc : allocs)
        if (Operation *last = findLastUse(alloc, alloc->getBlock(), views))
          ends.push_back({alloc, last});
      for (auto [alloc, last] : ends) {
        OpBuilder b(last->getContext());
        b.setInsertionPointAfter(last);
        ReleaseOp::create(b, alloc.getLoc(), alloc.getMemref());
      }
    }
    for (memref::AllocOp alloc : allocs) {
      OpBuilder b(alloc);
      auto memory = AllocateOp::create(b, alloc.getLoc(), alloc.getType(),
                                       alloc.getDynamicSizes());
      alloc.replaceAllUsesWith(memory.getResult());
      alloc.erase();
    }
    function.walk([&](memref::DeallocOp dealloc) {
      OpBuilder b(dealloc);
      ReleaseOp::create(b, dealloc.getLoc(), dealloc.getMemref());
      dealloc.erase();
    });
  }
};
} // namespace
