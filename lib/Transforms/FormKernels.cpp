//===- FormKernels.cpp - Which ops become one kernel ----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// docs/kernels.md has the rule. What may be fused is asked of the ops
// (tfm::KernelOpInterface); what pays is counted in bytes per row that are not
// written and not read again.
//
//===----------------------------------------------------------------------===//

#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "ockham/Kernels/Kernels.h"
#include "ockham/Kernels/Preferences.h"
#include "ockham/Support/RewriteRemark.h"
#include "ockham/Transforms/Passes.h"
#include "llvm/Support/Format.h"

namespace ockham {
#define GEN_PASS_DEF_FORMKERNELS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

static constexpr llvm::StringLiteral kPass = "tfm-form-kernels";

static std::string getName(Operation *op) {
  return op->getName().stripDialect().str();
}

static int64_t getRowBytes(Value rows) {
  auto type = cast<RankedTensorType>(rows.getType());
  int64_t width = type.getShape().back();
  return ShapedType::isDynamic(width)
             ? 0
             : width * type.getElementTypeBitWidth() / 8;
}

/// For as many rows traffic is stated.
static constexpr int64_t kRows = 128;

static std::string formatBytes(double perRow) {
  double bytes = perRow * kRows;
  std::string text;
  llvm::raw_string_ostream os(text);
  if (bytes >= 1e6)
    os << llvm::format("%.1f MB", bytes / 1e6);
  else
    os << llvm::format("%.1f kB", bytes / 1e3);
  return text;
}

/// What is not written and not read.
static std::string formatSaving(Value rows) {
  return "saves 2 x " + formatBytes(getRowBytes(rows)) + " of traffic per " +
         std::to_string(kRows) + " rows";
}

/// The only reader of a value that may run on it in registers, if it is in the
/// same block.
static tfm::KernelOpInterface getFollower(Value value) {
  if (!value.hasOneUse())
    return {};
  OpOperand &use = *value.getUses().begin();
  auto user = dyn_cast<tfm::KernelOpInterface>(use.getOwner());
  if (!user || user->getBlock() != value.getParentBlock() ||
      !llvm::is_contained(user.getRegisterOperands(), &use))
    return {};
  return user;
}

/// All other operands of the op are single numbers.
static bool readsOnlyNumbers(Operation *op, Value from) {
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    if (operand == from)
      return true;
    auto type = dyn_cast<RankedTensorType>(operand.getType());
    return type && type.hasStaticShape() && type.getNumElements() == 1;
  });
}

/// The op gives what it gets in another type: parts of a result have one.
static bool changesType(Operation *op) { return isa<tfm::CastOp>(op); }

/// All that the op reads and gives is computed with in one type: floats of 16
/// bits are f32 in registers.
static bool hasOneElementType(Operation *op) {
  Type element =
      kernels::getArithmeticType(getElementTypeOrSelf(op->getResult(0)));
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    Type type = getElementTypeOrSelf(operand);
    return !isa<FloatType>(type) || kernels::getArithmeticType(type) == element;
  });
}

namespace {
/// The ops of one kernel, in the order in which they stand in the block.
struct Group {
  Operation *root;
  SmallVector<Operation *> members;

  bool contains(Operation *op) const { return llvm::is_contained(members, op); }
};

class Former {
public:
  Former(Block &block, llvm::DenseSet<Operation *> &taken,
         const kernels::Preferences &sizes)
      : block(block), taken(taken), sizes(sizes) {}

  void run();

private:
  void form(tfm::KernelOpInterface root);
  /// Takes what follows the value; returns the last value of the chain.
  Value follow(Group &group, Value value);
  void followParts(Group &group, Operation *split);
  bool followGate(Group &group, Operation *split);
  /// A gain in front of what is read from memory.
  void takeGains(Group &group, Operation *op, Value fromRegisters);
  void formEmbeddings(tfm::AddScaledOp sum);
  bool collectEmbeddings(Value value, Operation *user, Group &group);
  void build(Group &group);
  void note(Operation *op, const Group &group, Value saved);
  void explain(const Group &group, Value value);

  Block &block;
  llvm::DenseSet<Operation *> &taken;
  const kernels::Preferences &sizes;
};
} // namespace

/// What stands behind `to` and can stand in front of it as well: weights and
/// constants.
static bool canHoist(Operation *def) {
  return def->getNumOperands() == 0 && isMemoryEffectFree(def);
}

/// Whether everything that the op reads, but for other members, is there or can
/// be there where `to` stands.
static bool canStandAt(Operation *op, Operation *to, const Group &group,
                       ArrayRef<Operation *> more = {}) {
  return llvm::all_of(op->getOperands(), [&](Value operand) {
    Operation *def = operand.getDefiningOp();
    return !def || def->getBlock() != to->getBlock() ||
           def->isBeforeInBlock(to) || group.contains(def) ||
           llvm::is_contained(more, def) || canHoist(def);
  });
}

void Former::note(Operation *op, const Group &group, Value saved) {
  emitRewriteRemark(op->getLoc(), kPass, RewriteOutcome::Done)
      << getName(op) << " joins " << getName(group.root) << ": "
      << formatSaving(saved);
}

/// Says why a point-wise reader does not join.
void Former::explain(const Group &group, Value value) {
  if (value.hasOneUse())
    return;
  int64_t readers = llvm::range_size(value.getUsers());
  for (OpOperand &use : value.getUses()) {
    auto user = dyn_cast<tfm::KernelOpInterface>(use.getOwner());
    if (!user || !llvm::is_contained(user.getRegisterOperands(), &use) ||
        user.dividesColumns())
      continue;
    emitRewriteRemark(user->getLoc(), kPass, RewriteOutcome::Kept)
        << getName(user) << " stays apart from " << getName(group.root)
        << ": the result has " << readers
        << " readers and is stored anyway, expected 1";
  }
}

void Former::takeGains(Group &group, Operation *op, Value fromRegisters) {
  // Of a linear only what it accumulates onto; of a sum the other summand.
  auto take = [&](Value value) {
    auto scale = value ? value.getDefiningOp<tfm::ScaleOp>() : tfm::ScaleOp();
    if (!scale || !value.hasOneUse() || scale->getBlock() != &block ||
        taken.contains(scale))
      return;
    note(scale, group, value);
    group.members.push_back(scale);
    taken.insert(scale);
  };
  if (auto linear = dyn_cast<tfm::LinearOp>(op))
    return take(linear.getInit());
  auto sum = dyn_cast<tfm::AddScaledOp>(op);
  if (!sum)
    return;
  bool isLhs = sum.getLhs() == fromRegisters;
  if (!(isLhs ? sum.getRhsGain() : sum.getLhsGain()))
    take(isLhs ? sum.getRhs() : sum.getLhs());
}

Value Former::follow(Group &group, Value value) {
  while (tfm::KernelOpInterface next = getFollower(value)) {
    if (next.dividesColumns()) {
      if (isa<tfm::LinearOp>(group.root))
        followParts(group, next);
      return value;
    }
    if (taken.contains(next) || !hasOneElementType(next))
      return value;
    note(next, group, value);
    takeGains(group, next, value);
    group.members.push_back(next);
    taken.insert(next);
    value = next->getResult(0);
  }
  explain(group, value);
  return value;
}

/// Both halves of a merged projection, multiplied: two products side by side.
bool Former::followGate(Group &group, Operation *split) {
  if (split->getNumResults() != 2)
    return false;
  SmallVector<Operation *> chain;
  tfm::GateOp gate;
  for (Value part : split->getResults()) {
    Value value = part;
    SmallVector<Operation *> ops;
    tfm::KernelOpInterface next = getFollower(value);
    while (next && !isa<tfm::GateOp>(next) && readsOnlyNumbers(next, value) &&
           hasOneElementType(next)) {
      ops.push_back(next);
      value = next->getResult(0);
      next = getFollower(value);
    }
    auto found = dyn_cast_or_null<tfm::GateOp>(next.getOperation());
    if (!found || (gate && gate != found))
      return false;
    gate = found;
    if (!ops.empty() && !chain.empty())
      return false;
    if (!ops.empty())
      chain = ops;
  }
  int64_t width =
      cast<RankedTensorType>(gate.getResult().getType()).getShape().back();
  if (width % sizes.gatePanel != 0) {
    emitRewriteRemark(gate.getLoc(), kPass, RewriteOutcome::Kept)
        << "gate stays apart from " << getName(group.root) << ": its " << width
        << " columns are not whole panels of " << sizes.gatePanel;
    return false;
  }
  // Both halves are held in registers for fewer rows than one product is, so
  // that the weight passes by more often. That is traffic, too, from the cache.
  int64_t depth = cast<RankedTensorType>(group.root->getOperand(0).getType())
                      .getShape()
                      .back();
  double both = getRowBytes(split->getOperand(0));
  double extra =
      both * depth * (1.0 / sizes.gateRows - 1.0 / sizes.productRows);
  if (ShapedType::isDynamic(depth) || extra > 2 * both) {
    emitRewriteRemark(gate.getLoc(), kPass, RewriteOutcome::Kept)
        << "gate stays apart from " << getName(group.root)
        << ": the weight would pass by for " << sizes.gateRows
        << " rows at a time instead of " << sizes.productRows << ", "
        << formatBytes(extra) << " more per " << kRows << " rows, to save 2 x "
        << formatBytes(both);
    return false;
  }
  group.members.push_back(split);
  taken.insert(split);
  for (Operation *op : chain) {
    note(op, group, op->getResult(0));
    group.members.push_back(op);
    taken.insert(op);
  }
  note(gate, group, split->getOperand(0));
  group.members.push_back(gate);
  taken.insert(gate);
  follow(group, gate.getResult());
  return true;
}

/// What runs on some of the columns only.
void Former::followParts(Group &group, Operation *split) {
  if (followGate(group, split))
    return;
  SmallVector<Operation *> joined;
  for (Value part : split->getResults()) {
    Value value = part;
    SmallVector<Operation *> chain;
    tfm::KernelOpInterface next = getFollower(value);
    while (next && !next.dividesColumns() && !taken.contains(next) &&
           readsOnlyNumbers(next, value) && hasOneElementType(next) &&
           !changesType(next)) {
      chain.push_back(next);
      value = next->getResult(0);
      next = getFollower(value);
    }
    if (chain.empty())
      continue;
    if (next) {
      // A kernel that reads the part runs in any case.
      emitRewriteRemark(chain.front()->getLoc(), kPass, RewriteOutcome::Kept)
          << getName(chain.front()) << " stays apart from "
          << getName(group.root) << ": the kernel of " << getName(next)
          << " reads the part anyway, nothing is saved";
      continue;
    }
    SmallVector<Operation *> known(chain);
    known.push_back(split);
    if (!llvm::all_of(chain, [&](Operation *op) {
          return canStandAt(op, group.root, group, known);
        })) {
      emitRewriteRemark(chain.front()->getLoc(), kPass, RewriteOutcome::Kept)
          << getName(chain.front()) << " stays apart from "
          << getName(group.root)
          << ": what it reads is computed later than the other columns are "
             "needed";
      continue;
    }
    Value before = part;
    for (Operation *op : chain) {
      note(op, group, before);
      before = op->getResult(0);
      joined.push_back(op);
      taken.insert(op);
    }
  }
  if (joined.empty())
    return;
  group.members.push_back(split);
  taken.insert(split);
  llvm::append_range(group.members, joined);
}

void Former::form(tfm::KernelOpInterface root) {
  Group group{root, {}};
  takeGains(group, root, Value());
  group.members.push_back(root);
  follow(group, root->getResult(0));
  if (group.members.size() > 1) {
    taken.insert(root);
    build(group);
  }
}

bool Former::collectEmbeddings(Value value, Operation *user, Group &group) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getBlock() != &block || (user && !value.hasOneUse()))
    return false;
  if (isa<tfm::EmbeddingOp>(op)) {
    group.members.push_back(op);
    return true;
  }
  auto sum = dyn_cast<tfm::AddScaledOp>(op);
  if (!sum || sum.getLhsGain() || sum.getRhsGain() ||
      !collectEmbeddings(sum.getLhs(), op, group) ||
      !collectEmbeddings(sum.getRhs(), op, group))
    return false;
  group.members.push_back(op);
  return true;
}

/// Rows of several tables are added up before they are written.
void Former::formEmbeddings(tfm::AddScaledOp sum) {
  Group group{nullptr, {}};
  if (taken.contains(sum) ||
      !collectEmbeddings(sum.getResult(), nullptr, group))
    return;
  group.root = group.members.front();
  for (Operation *op : group.members) {
    taken.insert(op);
    if (op != group.root)
      note(op, group, op->getResult(0));
  }
  build(group);
}

void Former::build(Group &group) {
  llvm::sort(group.members,
             [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  SmallVector<Value> results;
  SmallVector<Type> types;
  for (Operation *op : group.members)
    for (Value result : op->getResults())
      if (llvm::any_of(result.getUsers(), [&](Operation *user) {
            return !group.contains(user);
          })) {
        results.push_back(result);
        types.push_back(result.getType());
      }
  // Where the last one stands everything is known that they read. Parts may
  // have readers before it.
  Operation *place = group.members.back();
  bool isReadBefore = llvm::any_of(results, [&](Value result) {
    return llvm::any_of(result.getUsers(), [&](Operation *user) {
      Operation *reader = block.findAncestorOpInBlock(*user);
      return !group.contains(user) && reader && reader->isBeforeInBlock(place);
    });
  });
  if (isReadBefore) {
    place = group.members.front();
    for (Operation *op : group.members) {
      if (!canStandAt(op, place, group))
        return;
      for (Value operand : op->getOperands()) {
        Operation *def = operand.getDefiningOp();
        if (def && def->getBlock() == &block && place->isBeforeInBlock(def) &&
            !group.contains(def))
          def->moveBefore(place);
      }
    }
  }
  OpBuilder b(place);
  SmallVector<Location> locs;
  for (Operation *op : group.members)
    locs.push_back(op->getLoc());
  auto fused = tfm::FusedOp::create(b, group.root->getLoc(), types);
  Block &body = fused.getBody().emplaceBlock();
  for (auto [value, result] : llvm::zip(results, fused.getResults()))
    value.replaceUsesWithIf(result, [&](OpOperand &use) {
      return !group.contains(use.getOwner());
    });
  for (Operation *op : group.members)
    op->moveBefore(&body, body.end());
  b.setInsertionPointToEnd(&body);
  tfm::YieldOp::create(b, fused.getLoc(), results);
}

void Former::run() {
  SmallVector<tfm::KernelOpInterface> roots;
  SmallVector<tfm::AddScaledOp> sums;
  for (Operation &op : block) {
    if (auto root = dyn_cast<tfm::KernelOpInterface>(op))
      if (root.keepsResultInRegisters())
        roots.push_back(root);
    if (auto sum = dyn_cast<tfm::AddScaledOp>(op))
      sums.push_back(sum);
  }
  for (tfm::AddScaledOp sum : llvm::reverse(sums))
    formEmbeddings(sum);
  // What follows a product is worth most there; then the norms; what is left
  // are point-wise chains.
  auto formAll = [&](llvm::function_ref<bool(Operation *)> isMine) {
    for (tfm::KernelOpInterface root : roots)
      if (!taken.contains(root) && isMine(root))
        form(root);
  };
  formAll(llvm::IsaPred<tfm::LinearOp>);
  formAll([](Operation *op) {
    return cast<tfm::KernelOpInterface>(op).getRegisterOperands().empty();
  });
  formAll([](Operation *) { return true; });
}

namespace {
struct FormKernels : ockham::impl::FormKernelsBase<FormKernels> {
  using FormKernelsBase::FormKernelsBase;

  LogicalResult initialize(MLIRContext *context) override {
    for (auto [name, value] :
         {std::pair<StringRef, int64_t>("gate-panel", gatePanel),
          std::pair<StringRef, int64_t>("product-rows", productRows),
          std::pair<StringRef, int64_t>("gate-rows", gateRows)})
      if (value < 1)
        return emitError(UnknownLoc::get(context))
               << kPass << ": " << name << " is " << value
               << ", expected at least 1";
    return success();
  }

  void runOnOperation() override {
    kernels::Preferences sizes;
    sizes.gatePanel = gatePanel;
    sizes.productRows = productRows;
    sizes.gateRows = gateRows;
    // Merged projections are what is left of branches side by side: a kernel
    // has all cores.
    getOperation().walk([](tfm::ParallelOp op) { tfm::dissolve(op); });
    llvm::DenseSet<Operation *> taken;
    SmallVector<Block *> blocks;
    getOperation().walk([&](Block *block) { blocks.push_back(block); });
    for (Block *block : blocks)
      Former(*block, taken, sizes).run();
  }
};
} // namespace
