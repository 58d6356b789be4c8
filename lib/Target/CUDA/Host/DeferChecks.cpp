//===- DeferChecks.cpp - Checks of elements are kernels' ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A check whose condition depends on elements would have the host wait for the
// device in the middle of a call, which then is no graph, either. It becomes a
// loop of one iteration, of which --ockham-cuda-outline-rest makes a kernel,
// that leaves the values of a check that fails in a record.
//
// This comes before memory is planned: it moves loads towards the check, and
// the memory of a buffer is another's from its last load on.
//
//===----------------------------------------------------------------------===//

#include "dialects/Ockham/OckhamDeviceOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "ockham-c/ModelABI.h"
#include "ockham/Target/CUDA/Host/Passes.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringSet.h"

namespace ockham {
#define GEN_PASS_DEF_CUDADEFERCHECKS
#include "ockham/Target/CUDA/Host/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

namespace {
/// What a check is computed from on the device: loads, and what follows from
/// them.
class Slice {
public:
  explicit Slice(CheckOp check) {
    for (Value operand : check->getOperands())
      dependsOnLoad(operand);
  }
  bool empty() const { return loads.empty(); }

  ArrayRef<memref::LoadOp> getLoads() const { return loads.getArrayRef(); }
  /// In the order of the program.
  SmallVector<Operation *> getOps() const {
    SmallVector<Operation *> sorted(ops.begin(), ops.end());
    llvm::sort(sorted, [](Operation *a, Operation *b) {
      return a->isBeforeInBlock(b);
    });
    return sorted;
  }
  bool isWithin(Block *block) const {
    return llvm::all_of(ops,
                        [&](Operation *op) { return op->getBlock() == block; });
  }

private:
  bool dependsOnLoad(Value value) {
    Operation *op = value.getDefiningOp();
    if (!op)
      return false;
    if (ops.contains(op))
      return true;
    if (auto load = dyn_cast<memref::LoadOp>(op)) {
      loads.insert(load);
      ops.insert(op);
      return true;
    }
    if (op->getNumRegions() || !isPure(op) ||
        !llvm::all_of(op->getOperandTypes(),
                      [](Type type) { return type.isIntOrIndexOrFloat(); }))
      return false;
    bool depends = false;
    for (Value operand : op->getOperands())
      depends |= dependsOnLoad(operand);
    if (depends)
      ops.insert(op);
    return depends;
  }

  llvm::SetVector<memref::LoadOp> loads;
  llvm::SetVector<Operation *> ops;
};

struct CUDADeferChecks : ockham::impl::CUDADeferChecksBase<CUDADeferChecks> {
  void runOnOperation() override {
    SmallVector<CheckOp> checks;
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(kEntryAttrName))
        function.walk([&](CheckOp check) { checks.push_back(check); });
    llvm::StringSet<> messages;
    for (CheckOp check : checks) {
      Slice slice(check);
      if (slice.empty() || !canMove(check, slice))
        continue;
      bool isKnown = messages.contains(check.getMessage());
      // The host waits for those that are too many for records.
      if (check.getValues().size() >= OCKHAM_CHECK_RECORD_VALUES ||
          (!isKnown && messages.size() == OCKHAM_MOST_CHECK_RECORDS))
        continue;
      messages.insert(check.getMessage());
      defer(check, slice);
    }
  }

private:
  bool canMove(CheckOp check, const Slice &slice);
  void defer(CheckOp check, const Slice &slice);
};
} // namespace

/// Whether all that follows from a value on the host is checks.
static bool isForChecksAlone(Value value) {
  return llvm::all_of(value.getUsers(), [](Operation *user) {
    if (isa<CheckOp>(user))
      return true;
    return isPure(user) && user->getNumRegions() == 0 &&
           llvm::all_of(user->getResults(),
                        [](Value result) { return isForChecksAlone(result); });
  });
}

static Value getRoot(Value memref) {
  while (auto view = memref.getDefiningOp<ViewLikeOpInterface>())
    memref = view.getViewSource();
  return memref;
}

/// Whether an operation, or one in its regions, may write to the buffer.
static bool mayWrite(Operation *op, Value root) {
  return op
      ->walk([&](Operation *inner) {
        if (isa<CheckOp, memref::DimOp, memref::LoadOp>(inner) || isPure(inner))
          return WalkResult::advance();
        bool uses = llvm::any_of(inner->getOperands(), [&](Value operand) {
          return isa<BaseMemRefType>(operand.getType()) &&
                 getRoot(operand) == root;
        });
        if (!uses || inner->hasTrait<OpTrait::HasRecursiveMemoryEffects>())
          return WalkResult::advance();
        auto effects = dyn_cast<MemoryEffectOpInterface>(inner);
        if (!effects)
          return WalkResult::interrupt();
        for (Value operand : inner->getOperands())
          if (isa<BaseMemRefType>(operand.getType()) &&
              getRoot(operand) == root &&
              (effects.getEffectOnValue<MemoryEffects::Write>(operand) ||
               effects.getEffectOnValue<MemoryEffects::Free>(operand)))
            return WalkResult::interrupt();
        return WalkResult::advance();
      })
      .wasInterrupted();
}

bool CUDADeferChecks::canMove(CheckOp check, const Slice &slice) {
  if (!slice.isWithin(check->getBlock()))
    return false;
  for (memref::LoadOp load : slice.getLoads()) {
    // Where the host waits for it anyway, it is checked before it is used.
    if (!isForChecksAlone(load.getResult()))
      return false;
    Value root = getRoot(load.getMemref());
    for (Operation *op = load->getNextNode(); op != check.getOperation();
         op = op->getNextNode())
      if (mayWrite(op, root))
        return false;
  }
  return true;
}

void CUDADeferChecks::defer(CheckOp check, const Slice &slice) {
  OpBuilder b(check);
  Location loc = check.getLoc();
  auto makeIndex = [&](int64_t value) {
    return arith::ConstantIndexOp::create(b, loc, value).getResult();
  };
  auto type = MemRefType::get({OCKHAM_CHECK_RECORD_VALUES}, b.getI64Type());
  Value record = CheckRecordOp::create(
      b, loc, type, check.getMessageAttr(),
      b.getI32IntegerAttr(static_cast<int32_t>(check.getValues().size())));
  Value zero = makeIndex(0), one = makeIndex(1);
  auto loop = scf::ParallelOp::create(b, loc, ValueRange{zero}, ValueRange{one},
                                      ValueRange{one});
  b.setInsertionPoint(loop.getBody()->getTerminator());
  IRMapping map;
  for (Operation *op : slice.getOps())
    b.clone(*op, map);
  Value yes = arith::ConstantIntOp::create(b, loc, 1, 1);
  Value fails = arith::XOrIOp::create(
      b, loc, map.lookupOrDefault(check.getCondition()), yes);
  auto ifFails = scf::IfOp::create(b, loc, fails, /*withElseRegion=*/false);
  b.setInsertionPointToStart(ifFails.thenBlock());
  // The first one that fails is reported.
  Value none = arith::ConstantIntOp::create(b, loc, 0, 64);
  Value before = memref::LoadOp::create(b, loc, record, zero);
  Value isFirst =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, before, none);
  auto ifFirst = scf::IfOp::create(b, loc, isFirst, /*withElseRegion=*/false);
  b.setInsertionPointToStart(ifFirst.thenBlock());
  for (auto [i, value] : llvm::enumerate(check.getValues())) {
    Value inside = map.lookupOrDefault(value);
    if (inside.getType().isIndex())
      inside = arith::IndexCastOp::create(b, loc, b.getI64Type(), inside);
    memref::StoreOp::create(b, loc, inside, record,
                            makeIndex(static_cast<int64_t>(i) + 1));
  }
  Value set = arith::ConstantIntOp::create(b, loc, 1, 64);
  memref::StoreOp::create(b, loc, set, record, zero);
  check.erase();
  // What nothing on the host uses any more.
  SmallVector<Operation *> left = slice.getOps();
  for (Operation *op : llvm::reverse(left))
    if (op->use_empty())
      op->erase();
}
