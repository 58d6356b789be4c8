//===- Synchronize.cpp - Barriers, groups and waits -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All synchronisation of a kernel comes from here. Walking through its body
// once, in the order in which threads run it, the pass keeps what has been read
// and written since the last barrier, and which copies nobody has waited for.
// An access that conflicts with one of them gets a wait, if it is such a copy,
// and a barrier. Bodies of loops are walked through until what is known at
// their beginning no longer changes.
//
// Which window of a ring an access means is a number, the turn of a loop plus a
// distance: from one turn to the next, what was window n + 1 becomes window n.
// All branches are taken by all threads of a block, because what they depend on
// is the same for all of them (grid, arguments, loaded scalars).
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ockham/Target/CUDA/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CUDASYNCHRONIZE
#include "ockham/Target/CUDA/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;
using namespace ockham::cuda;

namespace {
/// Which window of a buffer: number `turn` + `distance`, modulo its stages.
struct Window {
  enum Kind { Constant, OfLoop, Any };
  Kind kind = Any;
  Value turn; ///< Of which loop.
  int64_t distance = 0;

  bool operator==(const Window &other) const {
    return kind == other.kind && turn == other.turn &&
           distance == other.distance;
  }
};

struct Access {
  int64_t begin = 0, end = 0; ///< Bytes of the buffer.
  int64_t stages = 1;
  Window window;
  bool isWrite = false, isCopy = false;
  /// Groups that were ended behind the one of this copy; -1 before that is
  /// ended. Copies that were waited for are writes like others.
  int64_t age = 0;

  bool isSame(const Access &other) const {
    return begin == other.begin && end == other.end && stages == other.stages &&
           window == other.window && isWrite == other.isWrite &&
           isCopy == other.isCopy;
  }
  bool conflictsWith(const Access &other) const;
};

using State = SmallVector<Access>;

class Synchronizer {
public:
  explicit Synchronizer(tile::KernelOp kernel)
      : b(kernel.getLoc(), kernel.getContext()) {}

  void endGroups(Block &block);
  void walk(Block &block, State &state, bool insert);

private:
  void visit(Operation &op, State &state, bool insert);
  void visitLoop(scf::ForOp loop, State &state, bool insert);
  void synchronize(Operation &op, const Access &access, State &state,
                   bool insert);

  ImplicitLocOpBuilder b;
};
} // namespace

bool Access::conflictsWith(const Access &other) const {
  if ((!isWrite && !other.isWrite) || end <= other.begin || other.end <= begin)
    return false;
  bool isSameBuffer =
      begin == other.begin && end == other.end && stages == other.stages;
  if (!isSameBuffer || window.kind == Window::Any ||
      window.kind != other.window.kind || window.turn != other.window.turn)
    return true;
  return (window.distance - other.window.distance) % stages == 0;
}

/// Adds an access, or the younger of two that are the same.
static void insert(State &state, const Access &access) {
  for (Access &present : state)
    if (present.isSame(access)) {
      present.age = std::min(present.age, access.age);
      return;
    }
  state.push_back(access);
}

static bool isEqual(const State &a, const State &b) {
  return a.size() == b.size() && llvm::all_of(a, [&](const Access &access) {
           return llvm::any_of(b, [&](const Access &other) {
             return access.isSame(other) && access.age == other.age;
           });
         });
}

//===----------------------------------------------------------------------===//
// What ops read and write
//===----------------------------------------------------------------------===//

static Window getWindow(Value number, int64_t ahead, int64_t stages) {
  Window window;
  if (std::optional<int64_t> value = getConstantIntValue(number)) {
    window.kind = Window::Constant;
    window.distance = (*value + ahead) % stages;
    return window;
  }
  auto argument = dyn_cast<BlockArgument>(number);
  auto loop = argument
                  ? dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp())
                  : scf::ForOp();
  if (loop && number == loop.getInductionVar() &&
      getConstantIntValue(loop.getLowerBound()) == 0 &&
      getConstantIntValue(loop.getStep()) == 1) {
    window.kind = Window::OfLoop;
    window.turn = number;
    window.distance = ahead % stages;
  }
  return window;
}

static Access makeAccess(Value buffer, bool isWrite) {
  auto place = buffer.getDefiningOp<SharedOp>();
  BufferType type = place.getBuffer().getType();
  Access access;
  access.begin = place.getOffset();
  access.end = access.begin + type.getBytes();
  access.stages = type.getStages();
  access.isWrite = isWrite;
  access.window.kind = Window::Constant;
  return access;
}

static SmallVector<Access> getAccesses(Operation &op) {
  SmallVector<Access> accesses;
  auto acquired = [&](AcquireOp acquire) {
    Access access = makeAccess(acquire.getBuffer(), /*isWrite=*/false);
    access.window = getWindow(acquire.getNumber(), 0, access.stages);
    accesses.push_back(access);
  };
  if (auto copy = dyn_cast<CopyOp>(op)) {
    Access access = makeAccess(copy.getBuffer(), /*isWrite=*/true);
    access.window = getWindow(copy.getNumber(), copy.getAhead(), access.stages);
    access.isCopy = copy.getBytes() != 0;
    access.age = access.isCopy ? -1 : 0;
    accesses.push_back(access);
  } else if (auto acquire = dyn_cast<AcquireOp>(op)) {
    acquired(acquire);
  } else if (auto dot = dyn_cast<tile::DotOp>(op)) {
    for (Value factor : {dot.getLhs(), dot.getRhs()})
      if (auto acquire = factor.getDefiningOp<AcquireOp>())
        acquired(acquire);
  } else if (auto put = dyn_cast<PutOp>(op)) {
    accesses.push_back(makeAccess(put.getBuffer(), /*isWrite=*/true));
  } else if (auto put = dyn_cast<PutPartOp>(op)) {
    accesses.push_back(makeAccess(put.getBuffer(), /*isWrite=*/true));
  } else if (auto get = dyn_cast<GetOp>(op)) {
    accesses.push_back(makeAccess(get.getBuffer(), /*isWrite=*/false));
  } else if (auto get = dyn_cast<GetWholeOp>(op)) {
    accesses.push_back(makeAccess(get.getBuffer(), /*isWrite=*/false));
  }
  return accesses;
}

//===----------------------------------------------------------------------===//
// Groups of copies
//===----------------------------------------------------------------------===//

/// Ends a group behind the last copy of each window number. Groups are ended
/// whether their copies were made or not, so that they can be counted.
void Synchronizer::endGroups(Block &block) {
  CopyOp last;
  auto end = [&] {
    if (last) {
      b.setLoc(last.getLoc());
      b.setInsertionPointAfter(last);
      CommitOp::create(b);
    }
    last = CopyOp();
  };
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (auto copy = dyn_cast<CopyOp>(op); copy && copy.getBytes() != 0) {
      if (last && (last.getNumber() != copy.getNumber() ||
                   last.getAhead() != copy.getAhead()))
        end();
      last = copy;
    } else if (op.getNumRegions() > 0 || !getAccesses(op).empty() ||
               op.hasTrait<OpTrait::IsTerminator>()) {
      end();
    }
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        endGroups(inner);
  }
}

//===----------------------------------------------------------------------===//
// Waits and barriers
//===----------------------------------------------------------------------===//

void Synchronizer::synchronize(Operation &op, const Access &access,
                               State &state, bool insert) {
  bool isNeeded = false;
  std::optional<int64_t> wait;
  for (const Access &before : state)
    if (before.conflictsWith(access)) {
      isNeeded = true;
      if (before.isCopy)
        wait = std::min(wait.value_or(before.age), before.age);
    }
  if (!isNeeded)
    return;
  b.setLoc(op.getLoc());
  b.setInsertionPoint(&op);
  if (wait) {
    // Copies of a group that is still open conflict with nothing behind them
    // in the same group; groups end before any other access.
    int64_t groups = std::max<int64_t>(*wait, 0);
    if (insert)
      WaitOp::create(b, groups);
    for (Access &before : state)
      if (before.isCopy && before.age >= groups) {
        before.isCopy = false;
        before.age = 0;
      }
  }
  if (insert)
    BarrierOp::create(b);
  llvm::erase_if(state, [](const Access &before) { return !before.isCopy; });
}

void Synchronizer::visitLoop(scf::ForOp loop, State &state, bool insert) {
  Value turn = loop.getInductionVar();
  // In the first turn, number n is number 0.
  State start;
  for (Access access : state) {
    ::insert(start, access);
    if (access.window.kind == Window::Constant && access.stages > 1) {
      access.window.kind = Window::OfLoop;
      access.window.turn = turn;
      ::insert(start, access);
    }
  }
  // Where constants are meant, they are what the windows of this loop are.
  llvm::erase_if(start, [&](const Access &access) {
    return access.window.kind == Window::Constant && access.stages > 1 &&
           llvm::any_of(start, [&](const Access &other) {
             return other.window.kind == Window::OfLoop &&
                    other.window.turn == turn && other.begin == access.begin &&
                    other.end == access.end;
           });
  });
  auto next = [&](const State &head, const State &after) {
    State moved = head;
    for (Access access : after) {
      if (access.window.kind == Window::OfLoop && access.window.turn == turn)
        access.window.distance =
            (access.window.distance + access.stages - 1) % access.stages;
      ::insert(moved, access);
    }
    return moved;
  };
  // It only grows, so this ends.
  State head = start;
  while (true) {
    State body = head;
    walk(*loop.getBody(), body, /*insert=*/false);
    State again = next(head, body);
    if (isEqual(again, head))
      break;
    head = again;
  }
  State body = head;
  walk(*loop.getBody(), body, insert);
  // After the last turn, or without any.
  state = start;
  for (const Access &access : body)
    ::insert(state, access);
  for (Access &access : state)
    if (access.window.kind == Window::OfLoop && access.window.turn == turn)
      access.window = Window();
}

void Synchronizer::visit(Operation &op, State &state, bool insert) {
  if (isa<CommitOp>(op)) {
    for (Access &access : state)
      if (access.isCopy)
        // Older ones need not be told apart.
        access.age = std::min<int64_t>(access.age + 1, 16);
    return;
  }
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return visitLoop(loop, state, insert);
  if (op.getNumRegions() > 0) {
    State joined;
    if (auto branch = dyn_cast<scf::IfOp>(op); branch && !branch.elseBlock())
      joined = state;
    for (Region &region : op.getRegions())
      for (Block &block : region) {
        State inner = state;
        walk(block, inner, insert);
        for (const Access &access : inner)
          ::insert(joined, access);
      }
    state = joined;
    return;
  }
  SmallVector<Access> accesses = getAccesses(op);
  for (const Access &access : accesses)
    synchronize(op, access, state, insert);
  for (const Access &access : accesses)
    ::insert(state, access);
}

void Synchronizer::walk(Block &block, State &state, bool insert) {
  for (Operation &op : llvm::make_early_inc_range(block))
    visit(op, state, insert);
}

namespace {
struct CUDASynchronize : ockham::impl::CUDASynchronizeBase<CUDASynchronize> {
  void runOnOperation() override {
    for (auto kernel : getOperation().getOps<tile::KernelOp>()) {
      if (!isa_and_nonnull<StrategyAttr>(
              kernel.getStrategy().value_or(Attribute())))
        continue;
      Synchronizer synchronizer(kernel);
      synchronizer.endGroups(kernel.getBlock());
      State state;
      synchronizer.walk(kernel.getBlock(), state, /*insert=*/true);
    }
  }
};
} // namespace
