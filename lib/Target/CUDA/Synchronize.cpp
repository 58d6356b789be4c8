//===- Synchronize.cpp - Barriers, groups and waits -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All synchronisation of a kernel comes from here. Walking through its body in
// the order in which threads run it, the pass keeps what has been read and
// written since the last barrier, and which copies nobody has waited for. In
// front of an access that conflicts with one of them it places a wait, if it is
// such a copy, and a barrier. Bodies of loops are walked through until what is
// known at their beginning no longer changes; what was placed on the way counts
// from then on, so that no hazard is met twice. In the end, whatever could be
// left out is: inner loops first.
//
// Which window of a ring an access means is a number, the turn of a loop plus a
// distance: from one turn to the next, what was window n + 1 becomes window n.
// Copies ahead are made only if the loop comes to their number, so none is
// under way behind it. Behind a loop of known length the numbers are known, and
// with them the bytes that the last turns have touched.
//
// All branches are taken by all threads of a block, because what they depend on
// is the same for all of them (grid, arguments, loaded scalars). Arguments of a
// kernel are different memory. The strategy's verifier sees to it that views
// and buffers are no results of branches or loops, and that there are no other
// branches and loops than scf.if, scf.for and tile.for.
//
//===----------------------------------------------------------------------===//

#include "Alignment.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "ockham/Target/CUDA/Passes.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"

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
  Value memory;               ///< An argument of the kernel; null: shared.
  tile::StoreOp store;        ///< If it is one: others may be elsewhere.
  int64_t begin = 0, end = 1; ///< Bytes of shared memory.
  int64_t stages = 1;
  Window window;
  bool isWrite = false, isCopy = false;
  /// A copy is made only if its number is less; null: in any case.
  Value limit;
  /// Groups that were ended behind the one of this copy; -1 before that is
  /// ended. Copies that were waited for are writes like others.
  int64_t age = 0;

  bool isSame(const Access &other) const {
    return memory == other.memory && store == other.store &&
           begin == other.begin && end == other.end && stages == other.stages &&
           window == other.window && isWrite == other.isWrite &&
           isCopy == other.isCopy;
  }
  bool isSameBuffer(const Access &other) const {
    return memory == other.memory && begin == other.begin && end == other.end &&
           stages == other.stages;
  }
  /// First and end of the bytes, those of one window where that is known.
  std::pair<int64_t, int64_t> getBytes() const {
    if (window.kind != Window::Constant)
      return {begin, end};
    int64_t bytes = (end - begin) / stages;
    int64_t slot = (window.distance % stages + stages) % stages;
    return {begin + slot * bytes, begin + (slot + 1) * bytes};
  }
  bool conflictsWith(const Access &other) const;
};

using State = SmallVector<Access>;

/// A barrier in front of an op, and what is waited for before it.
struct Placement {
  std::optional<int64_t> groups;
};

class Synchronizer {
public:
  explicit Synchronizer(tile::KernelOp kernel)
      : kernel(kernel), b(kernel.getLoc(), kernel.getContext()) {}

  void run();

private:
  void findStored();
  SmallVector<Access> getAccesses(Operation &op) const;
  void endGroups(Block &block);

  void walk(Block &block, State &state);
  void visit(Operation &op, State &state);
  void visitLoop(scf::ForOp loop, State &state);
  const State &getNumbered(scf::ForOp loop);
  void enter(scf::ForOp loop, State &state);
  void synchronize(Operation &op, const Access &access, State &state);
  bool isEnough();
  void prune();

  tile::KernelOp kernel;
  ImplicitLocOpBuilder b;
  /// Arguments that the kernel writes: only these can conflict.
  llvm::SmallDenseSet<Value> stored;
  /// What a loop does to windows that its turns number.
  llvm::DenseMap<Operation *, State> numbered;
  llvm::MapVector<Operation *, Placement> placements;
  /// While it is only asked whether the placements are enough.
  bool isChecking = false;
  /// If so: they are not. Otherwise: there are new ones.
  bool hasChanged = false;
};
} // namespace

/// True for what is the same in all turns of loops.
static bool isInvariant(Value value) {
  return isa<tile::KernelOp>(value.getParentBlock()->getParentOp());
}

/// True if a place is a multiple of a block's extent, or the same in all turns
/// of loops: then blocks at two values of it are the same or apart.
static bool isInGrid(Value place, int64_t extent) {
  if (isInvariant(place) || cuda::getKnownFactor(place) % extent == 0)
    return true;
  auto sum = place.getDefiningOp<arith::AddIOp>();
  return sum && isInGrid(sum.getLhs(), extent) &&
         isInGrid(sum.getRhs(), extent);
}

static std::pair<Value, int64_t> splitPlace(Value place) {
  if (std::optional<int64_t> value = getConstantIntValue(place))
    return {Value(), *value};
  if (auto sum = place.getDefiningOp<arith::AddIOp>())
    if (std::optional<int64_t> value = getConstantIntValue(sum.getRhs())) {
      auto [base, offset] = splitPlace(sum.getLhs());
      return {base, offset + *value};
    }
  return {place, 0};
}

/// True if two stores, or one in two turns of a loop, never write the same
/// element from different threads.
static bool areApart(tile::StoreOp a, tile::StoreOp b) {
  auto getExtent = [](tile::StoreOp store, unsigned axis) {
    return cast<RankedTensorType>(store.getValue().getType()).getDimSize(axis);
  };
  if (a.getView() != b.getView() || !isInvariant(a.getView()))
    return false;
  if (a == b)
    return isInGrid(a.getRow(), getExtent(a, 0)) &&
           isInGrid(a.getCol(), getExtent(a, 1));
  for (unsigned axis : {0u, 1u}) {
    auto [base, first] = splitPlace(axis == 0 ? a.getRow() : a.getCol());
    auto [other, second] = splitPlace(axis == 0 ? b.getRow() : b.getCol());
    // A base of a loop's would be another one in another turn.
    if (base != other || (base && !isInvariant(base)))
      continue;
    if (first + getExtent(a, axis) <= second ||
        second + getExtent(b, axis) <= first)
      return true;
  }
  return false;
}

bool Access::conflictsWith(const Access &other) const {
  if (store && other.store && memory == other.memory)
    return !areApart(store, other.store);
  auto [first, last] = getBytes();
  auto [otherFirst, otherLast] = other.getBytes();
  if ((!isWrite && !other.isWrite) || memory != other.memory ||
      last <= otherFirst || otherLast <= first)
    return false;
  if (!isSameBuffer(other) || window.kind == Window::Any ||
      window.kind != other.window.kind || window.turn != other.window.turn)
    return true;
  return (window.distance - other.window.distance) % stages == 0;
}

/// Adds an access, or what two that are the same have in common: the younger,
/// made in more cases.
static void insert(State &state, const Access &access) {
  for (Access &present : state)
    if (present.isSame(access)) {
      present.age = std::min(present.age, access.age);
      if (present.limit != access.limit)
        present.limit = Value();
      return;
    }
  state.push_back(access);
}

static void insert(State &state, const State &accesses) {
  for (const Access &access : accesses)
    insert(state, access);
}

static bool isEqual(const State &a, const State &b) {
  return a.size() == b.size() && llvm::all_of(a, [&](const Access &access) {
           return llvm::any_of(b, [&](const Access &other) {
             return access.isSame(other) && access.age == other.age &&
                    access.limit == other.limit;
           });
         });
}

//===----------------------------------------------------------------------===//
// What ops read and write
//===----------------------------------------------------------------------===//

/// True for loops over 0, 1, ...: their turns count windows.
static bool countsTurns(scf::ForOp loop) {
  return getConstantIntValue(loop.getLowerBound()) == 0 &&
         getConstantIntValue(loop.getStep()) == 1;
}

static Window getWindow(Value number, int64_t ahead) {
  Window window;
  if (std::optional<int64_t> value = getConstantIntValue(number)) {
    window.kind = Window::Constant;
    window.distance = *value + ahead;
    return window;
  }
  auto argument = dyn_cast<BlockArgument>(number);
  auto loop = argument
                  ? dyn_cast<scf::ForOp>(argument.getOwner()->getParentOp())
                  : scf::ForOp();
  if (loop && number == loop.getInductionVar() && countsTurns(loop)) {
    window.kind = Window::OfLoop;
    window.turn = number;
    window.distance = ahead;
  }
  return window;
}

/// What the number of a copy is less than wherever the copy is made, as its
/// condition says it; null if it says something else.
static Value getLimit(CopyOp copy) {
  Value condition = copy.getCondition();
  auto compare =
      condition ? condition.getDefiningOp<arith::CmpIOp>() : arith::CmpIOp();
  if (!compare)
    return {};
  Value lesser = compare.getLhs(), greater = compare.getRhs();
  if (compare.getPredicate() == arith::CmpIPredicate::sgt)
    std::swap(lesser, greater);
  else if (compare.getPredicate() != arith::CmpIPredicate::slt)
    return {};
  auto ahead = static_cast<int64_t>(copy.getAhead());
  if (ahead == 0 && lesser == copy.getNumber())
    return greater;
  std::optional<int64_t> number = getConstantIntValue(copy.getNumber()),
                         value = getConstantIntValue(lesser);
  if (number && value && *number + ahead == *value)
    return greater;
  auto sum = lesser.getDefiningOp<arith::AddIOp>();
  if (sum && sum.getLhs() == copy.getNumber() &&
      getConstantIntValue(sum.getRhs()) == ahead)
    return greater;
  return {};
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

static Value getMemory(Value view) {
  while (auto part = view.getDefiningOp<tile::SubviewOp>())
    view = part.getView();
  return view;
}

void Synchronizer::findStored() {
  kernel.getBody().walk(
      [&](tile::StoreOp store) { stored.insert(getMemory(store.getView())); });
}

SmallVector<Access> Synchronizer::getAccesses(Operation &op) const {
  SmallVector<Access> accesses;
  auto acquired = [&](AcquireOp acquire) {
    Access access = makeAccess(acquire.getBuffer(), /*isWrite=*/false);
    access.window = getWindow(acquire.getNumber(), 0);
    accesses.push_back(access);
  };
  auto global = [&](Value view, bool isWrite) {
    Access access;
    access.memory = getMemory(view);
    access.isWrite = isWrite;
    access.store = dyn_cast<tile::StoreOp>(op);
    if (stored.contains(access.memory))
      accesses.push_back(access);
  };
  if (auto copy = dyn_cast<CopyOp>(op)) {
    Access access = makeAccess(copy.getBuffer(), /*isWrite=*/true);
    access.window = getWindow(copy.getNumber(), copy.getAhead());
    access.limit = getLimit(copy);
    accesses.push_back(access);
    global(copy.getView(), /*isWrite=*/false);
    if (copy.getBytes() != 0)
      for (Access &part : accesses) {
        part.isCopy = true;
        part.age = -1;
      }
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
  } else if (auto load = dyn_cast<tile::LoadOp>(op)) {
    global(load.getView(), /*isWrite=*/false);
  } else if (auto gather = dyn_cast<tile::GatherOp>(op)) {
    global(gather.getView(), /*isWrite=*/false);
  } else if (auto store = dyn_cast<tile::StoreOp>(op)) {
    global(store.getView(), /*isWrite=*/true);
  }
  return accesses;
}

//===----------------------------------------------------------------------===//
// Groups of copies
//===----------------------------------------------------------------------===//

/// Ends a group behind the last copy of each window number, and in front of
/// whatever else touches memory. Groups are ended whether their copies were
/// made or not, so that they can be counted.
void Synchronizer::endGroups(Block &block) {
  CopyOp last;
  State open;
  auto end = [&] {
    if (last) {
      b.setLoc(last.getLoc());
      b.setInsertionPointAfter(last);
      CommitOp::create(b);
    }
    last = CopyOp();
    open.clear();
  };
  for (Operation &op : llvm::make_early_inc_range(block)) {
    SmallVector<Access> accesses = getAccesses(op);
    if (auto copy = dyn_cast<CopyOp>(op); copy && copy.getBytes() != 0) {
      bool isApart = last && (last.getNumber() != copy.getNumber() ||
                              last.getAhead() != copy.getAhead());
      for (const Access &access : accesses)
        isApart |= llvm::any_of(open, [&](const Access &before) {
          return before.conflictsWith(access);
        });
      if (isApart)
        end();
      last = copy;
      llvm::append_range(open, accesses);
    } else if (op.getNumRegions() > 0 || !accesses.empty()) {
      end();
    }
    for (Region &region : op.getRegions())
      for (Block &inner : region)
        endGroups(inner);
  }
  end();
}

//===----------------------------------------------------------------------===//
// Waits and barriers
//===----------------------------------------------------------------------===//

static void apply(const Placement &placement, State &state) {
  if (placement.groups)
    for (Access &before : state)
      if (before.isCopy && before.age >= *placement.groups) {
        before.isCopy = false;
        before.age = 0;
      }
  llvm::erase_if(state, [](const Access &before) { return !before.isCopy; });
}

void Synchronizer::synchronize(Operation &op, const Access &access,
                               State &state) {
  bool isNeeded = false;
  std::optional<int64_t> groups;
  for (const Access &before : state)
    if (before.conflictsWith(access)) {
      isNeeded = true;
      // Groups end before any other access, so none is open here.
      if (before.isCopy)
        groups = std::min(groups.value_or(before.age),
                          std::max<int64_t>(before.age, 0));
    }
  if (!isNeeded)
    return;
  hasChanged = true;
  if (isChecking)
    return;
  Placement &placement = placements[&op];
  if (groups)
    placement.groups = std::min(placement.groups.value_or(*groups), *groups);
  apply(placement, state);
}

const State &Synchronizer::getNumbered(scf::ForOp loop) {
  auto [it, isNew] = numbered.try_emplace(loop);
  if (isNew)
    loop.getBody()->walk([&](Operation *op) {
      for (const Access &access : getAccesses(*op))
        if (access.window.kind == Window::OfLoop &&
            access.window.turn == loop.getInductionVar())
          insert(it->second, access);
    });
  return it->second;
}

/// Numbers of windows become those of the first turn.
void Synchronizer::enter(scf::ForOp loop, State &state) {
  if (!countsTurns(loop))
    return;
  std::optional<int64_t> turns = getConstantIntValue(loop.getUpperBound());
  State moved;
  for (Access access : state) {
    if (access.window.kind == Window::Constant &&
        llvm::any_of(getNumbered(loop), [&](const Access &other) {
          return access.isSameBuffer(other);
        })) {
      access.window.kind = Window::OfLoop;
      access.window.turn = loop.getInductionVar();
      if (!access.limit && turns && access.window.distance < *turns)
        access.limit = loop.getUpperBound();
    }
    insert(moved, access);
  }
  state = moved;
}

void Synchronizer::visitLoop(scf::ForOp loop, State &state) {
  Value turn = loop.getInductionVar();
  enter(loop, state);
  // What the end of a turn is to the next one.
  auto move = [&](const State &after) {
    State moved;
    for (Access access : after) {
      if (access.window.kind == Window::OfLoop && access.window.turn == turn)
        // Numbers that are long past need not be told apart.
        if (--access.window.distance < -access.stages)
          access.window.distance += access.stages;
      insert(moved, access);
    }
    return moved;
  };
  State head, again;
  bool changedBefore = hasChanged;
  do {
    // What is new is in the way of what was found without it.
    hasChanged = isChecking && hasChanged;
    head = state;
    while (true) {
      State body = head;
      walk(*loop.getBody(), body);
      again = move(body);
      State next = head;
      insert(next, again);
      if (isEqual(next, head) || (hasChanged && !isChecking))
        break;
      // It only grows, so this ends.
      head = next;
    }
    changedBefore |= hasChanged;
  } while (hasChanged && !isChecking);
  hasChanged = changedBefore;
  std::optional<int64_t> lower = getConstantIntValue(loop.getLowerBound()),
                         upper = getConstantIntValue(loop.getUpperBound());
  bool isKnown = lower && upper && *lower < *upper;
  state = isKnown ? again : head;
  // Copies of numbers that the loop does not come to were not made.
  llvm::erase_if(state, [&](const Access &access) {
    return access.isWrite && access.limit &&
           isEqualConstantIntOrValue(access.limit, loop.getUpperBound()) &&
           access.window.kind == Window::OfLoop && access.window.turn == turn &&
           access.window.distance >= 0;
  });
  State left;
  for (Access access : state) {
    if (access.window.kind == Window::OfLoop && access.window.turn == turn) {
      Window window;
      if (isKnown) {
        // The least of those that mean the same, so that loops which come
        // again have few.
        window.kind = Window::Constant;
        window.distance = (*upper + access.window.distance) % access.stages;
        window.distance += window.distance < 0 ? access.stages : 0;
        access.limit = Value();
      }
      access.window = window;
    }
    insert(left, access);
  }
  state = left;
}

/// The next of several copies, or of several acquisitions, between which there
/// is nothing but the numbers that they are made of; null behind the last one.
static Operation *getNextOfKind(Operation &op) {
  if (!isa<CopyOp, AcquireOp>(op))
    return nullptr;
  for (Operation *next = op.getNextNode(); next; next = next->getNextNode()) {
    if (next->getName() == op.getName())
      return next;
    if (next->getNumRegions() > 0 || !isMemoryEffectFree(next) ||
        llvm::any_of(next->getResultTypes(), llvm::IsaPred<RankedTensorType>))
      return nullptr;
  }
  return nullptr;
}

void Synchronizer::visit(Operation &op, State &state) {
  if (isa<CommitOp>(op)) {
    for (Access &access : state)
      if (access.isCopy)
        // Older ones need not be told apart.
        access.age = std::min<int64_t>(access.age + 1, 16);
    return;
  }
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return visitLoop(loop, state);
  if (op.getNumRegions() > 0) {
    State joined;
    if (auto branch = dyn_cast<scf::IfOp>(op); branch && !branch.elseBlock())
      joined = state;
    for (Region &region : op.getRegions())
      for (Block &block : region) {
        State inner = state;
        walk(block, inner);
        insert(joined, inner);
      }
    state = joined;
    return;
  }
  if (auto it = placements.find(&op); it != placements.end())
    apply(it->second, state);
  SmallVector<Access> accesses = getAccesses(op);
  for (const Access &access : accesses)
    synchronize(op, access, state);
  // One barrier is for all windows that are acquired, or copied, together.
  for (Operation *next = getNextOfKind(op); next; next = getNextOfKind(*next))
    for (const Access &access : getAccesses(*next))
      synchronize(op, access, state);
  insert(state, accesses);
}

void Synchronizer::walk(Block &block, State &state) {
  for (Operation &op : block)
    visit(op, state);
}

/// True if nothing conflicts with the placements that there are.
bool Synchronizer::isEnough() {
  isChecking = true;
  hasChanged = false;
  State state;
  walk(kernel.getBlock(), state);
  isChecking = false;
  return !hasChanged;
}

/// Leaves out what other placements, found later, have made needless.
void Synchronizer::prune() {
  auto getDepth = [](Operation *op) {
    unsigned depth = 0;
    while ((op = op->getParentOp()))
      ++depth;
    return depth;
  };
  SmallVector<std::pair<Operation *, Placement>> order(placements.begin(),
                                                       placements.end());
  std::reverse(order.begin(), order.end());
  llvm::stable_sort(order, [&](const auto &a, const auto &b) {
    return getDepth(a.first) > getDepth(b.first);
  });
  for (const auto &[op, placement] : order) {
    placements.erase(op);
    if (isEnough())
      continue;
    std::optional<int64_t> groups = placement.groups;
    placements[op].groups = std::nullopt;
    if (groups && !isEnough())
      placements[op].groups = groups;
  }
}

void Synchronizer::run() {
  findStored();
  endGroups(kernel.getBlock());
  State state;
  walk(kernel.getBlock(), state);
  prune();
  for (const auto &[op, placement] : placements) {
    b.setLoc(op->getLoc());
    b.setInsertionPoint(op);
    if (placement.groups)
      WaitOp::create(b, *placement.groups);
    BarrierOp::create(b);
  }
}

namespace {
struct CUDASynchronize : ockham::impl::CUDASynchronizeBase<CUDASynchronize> {
  void runOnOperation() override {
    for (auto kernel : getOperation().getOps<tile::KernelOp>())
      if (isa_and_nonnull<StrategyAttr>(
              kernel.getStrategy().value_or(Attribute())))
        Synchronizer(kernel).run();
  }
};
} // namespace
