//===- EmitRows.cpp - What is stored, row by row --------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The sums of a product are half of a thread's registers. What is added to them
// from memory, a residual or a gate, would be another quarter if all of it were
// loaded before the first of it is used. So it is loaded, added and stored a
// row after the other, with the loads of the next rows under way.
//
//===----------------------------------------------------------------------===//

#include "KernelEmitter.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::cuda;

/// Rows that are loaded before the one that is stored.
static constexpr int64_t kRowsAhead = 2;

static Value getArgument(Value view) {
  while (auto part = view.getDefiningOp<tile::SubviewOp>())
    view = part.getView();
  return view;
}

/// True if the kernel stores to what is loaded, so that it must be loaded where
/// the op is.
static bool isStoredTo(tile::LoadOp load) {
  Value memory = getArgument(load.getView());
  auto kernel = load->getParentOfType<tile::KernelOp>();
  WalkResult result = kernel.getBody().walk([&](tile::StoreOp store) {
    return getArgument(store.getView()) == memory ? WalkResult::interrupt()
                                                  : WalkResult::advance();
  });
  return result.wasInterrupted();
}

/// True if each row of the result is made of the same row of operands that are
/// blocks, or of what is the same in all rows.
static bool isOfRows(Operation &op) {
  if (auto load = dyn_cast<tile::LoadOp>(op))
    return !isStoredTo(load);
  return isa<tile::BroadcastOp>(op) ||
         (op.getNumResults() == 1 && op.getNumOperands() > 0 &&
          OpTrait::hasElementwiseMappableTraits(&op));
}

void KernelEmitter::findRowwise(Block &block) {
  // Elsewhere nothing takes so many registers that loads could not wait there.
  if (strategy.getDot() == DotKind::None)
    return;
  for (tile::StoreOp store : block.getOps<tile::StoreOp>()) {
    auto shape = cast<RankedTensorType>(store.getValue().getType()).getShape();
    llvm::SmallDenseSet<Operation *> users{store};
    SmallVector<Operation *> ops;
    for (Operation &op :
         llvm::reverse(llvm::make_range(block.begin(), store->getIterator()))) {
      if (op.getNumResults() != 1 || !isOfRows(op))
        continue;
      auto type = dyn_cast<RankedTensorType>(op.getResult(0).getType());
      if (!type || type.getShape() != shape ||
          !llvm::all_of(op.getUsers(),
                        [&](Operation *user) { return users.contains(user); }))
        continue;
      users.insert(&op);
      ops.push_back(&op);
    }
    if (llvm::none_of(ops, llvm::IsaPred<tile::LoadOp>))
      continue;
    std::reverse(ops.begin(), ops.end());
    delayed.insert(ops.begin(), ops.end());
    rowwise[store] = ops;
  }
}

LogicalResult KernelEmitter::emitRowwise(tile::StoreOp op) {
  SmallVector<Operation *> ops = rowwise.lookup(op);
  int64_t rows = rowsOf(op.getValue()).offsets.size();
  auto load = [&](int64_t row) {
    for (Operation *each : ops)
      if (auto load = dyn_cast<tile::LoadOp>(each)) {
        b.setLoc(load.getLoc());
        emitLoad(load, {row, row + 1});
      }
  };
  for (int64_t row = 0; row < std::min(rows, kRowsAhead); ++row)
    load(row);
  for (int64_t row = 0; row < rows; ++row) {
    if (row + kRowsAhead < rows)
      load(row + kRowsAhead);
    RowRange range{row, row + 1};
    for (Operation *each : ops) {
      b.setLoc(each->getLoc());
      if (auto broadcast = dyn_cast<tile::BroadcastOp>(each))
        emitBroadcast(broadcast, range);
      else if (!isa<tile::LoadOp>(each) && failed(emitElementwise(each, range)))
        return failure();
    }
    b.setLoc(op.getLoc());
    emitStore(op, range);
  }
  return success();
}
