//===- FindBranches.cpp - Launches that may run side by side --------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// docs/cuda-runtime.md says why. A run is a sequence of launches with nothing
// else for the device in between. A part of it whose launches fall into two or
// more components, by what they read and write, takes as long as the largest
// one of them instead of all: the cuts that save most are found from the end of
// the run to its begin. Launches count alike; how long they take is known only
// with the shapes.
//
//===----------------------------------------------------------------------===//

#include "dialects/Ockham/OckhamDeviceOps.h"
#include "dialects/Tile/TileDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "ockham/Target/CUDA/Host/Passes.h"
#include "llvm/ADT/EquivalenceClasses.h"

namespace ockham {
#define GEN_PASS_DEF_CUDAFINDBRANCHES
#include "ockham/Target/CUDA/Host/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

namespace {

/// A GPU gains little by more, and each needs a stream.
constexpr size_t kMostBranches = 4;

/// A launch, and the memory that it uses.
struct Step {
  tile::LaunchOp launch;
  SmallVector<Value, 4> reads, writes;

  bool dependsOn(const Step &other) const {
    auto meet = [](ArrayRef<Value> a, ArrayRef<Value> b) {
      return llvm::any_of(a, [&](Value v) { return llvm::is_contained(b, v); });
    };
    return meet(writes, other.writes) || meet(writes, other.reads) ||
           meet(reads, other.writes);
  }
};

/// Consecutive steps, and how they part.
struct Part {
  size_t begin = 0, end = 0;
  SmallVector<SmallVector<size_t>> components;
  size_t gain = 0; ///< 0: there is no such part.
};

struct CUDAFindBranches : ockham::impl::CUDAFindBranchesBase<CUDAFindBranches> {
  using CUDAFindBranchesBase::CUDAFindBranchesBase;
  void runOnOperation() override;

private:
  void visit(Block &block);
  void cut(ArrayRef<Step> run);
  void form(ArrayRef<Step> run, Part part);
};

} // namespace

/// The buffer or argument that a memref is part of; null where it could be
/// several.
static Value getWholeBuffer(Value memref) {
  while (Operation *op = memref.getDefiningOp()) {
    auto view = dyn_cast<ViewLikeOpInterface>(op);
    if (!view)
      return isa<AllocateOp, OutputOp, LoadWeightOp, memref::GetGlobalOp>(op)
                 ? memref
                 : Value();
    memref = view.getViewSource();
  }
  Operation *owner = cast<BlockArgument>(memref).getOwner()->getParentOp();
  return isa<func::FuncOp>(owner) ? memref : Value();
}

static std::optional<Step> makeStep(tile::LaunchOp launch) {
  Step step = {launch, {}, {}};
  auto add = [](ValueRange operands, SmallVectorImpl<Value> &roots) {
    for (Value operand : operands) {
      if (!isa<ShapedType>(operand.getType()))
        continue;
      Value root = isa<MemRefType>(operand.getType()) ? getWholeBuffer(operand)
                                                      : Value();
      if (!root)
        return false;
      roots.push_back(root);
    }
    return true;
  };
  if (!add(launch.getInputs(), step.reads) ||
      !add(launch.getOutputs(), step.writes))
    return std::nullopt;
  return step;
}

/// Ops that use no memory of the device, and depend on no launch: what they
/// need is there before the launches between which they stand.
static bool isOfHost(Operation *op) {
  return isPure(op) || isa<AllocateOp, OutputOp, CheckOp>(op);
}

void CUDAFindBranches::runOnOperation() {
  for (auto function : getOperation().getOps<func::FuncOp>())
    if (function->hasAttr(kEntryAttrName) && !function.isExternal())
      for (Block &block : function.getBody())
        visit(block);
}

void CUDAFindBranches::visit(Block &block) {
  SmallVector<Step> run;
  SmallVector<SmallVector<Step>> runs;
  auto end = [&] {
    if (run.size() > 1)
      runs.push_back(std::move(run));
    run.clear();
  };
  for (Operation &op : block) {
    if (auto launch = dyn_cast<tile::LaunchOp>(op)) {
      if (std::optional<Step> step = makeStep(launch)) {
        run.push_back(std::move(*step));
        continue;
      }
    }
    if (!isOfHost(&op) && !isa<ReleaseOp>(op))
      end();
  }
  end();
  for (ArrayRef<Step> steps : runs)
    cut(steps);
}

void CUDAFindBranches::cut(ArrayRef<Step> run) {
  // The gain from a step on, and the part that begins there, if one does. A
  // launch that need not be waited for counts twice, a fork once.
  std::vector<size_t> gain(run.size() + 1, 0);
  std::vector<Part> parts(run.size());
  for (size_t begin = run.size(); begin-- > 0;) {
    gain[begin] = gain[begin + 1];
    llvm::EquivalenceClasses<size_t> classes;
    DenseMap<size_t, size_t> sizes; // by leader
    size_t largest = 0;
    for (size_t i = begin, e = std::min<size_t>(run.size(), begin + window);
         i < e; ++i) {
      classes.insert(i);
      sizes[i] = 1;
      for (size_t k = begin; k < i; ++k) {
        size_t a = classes.getLeaderValue(i), b = classes.getLeaderValue(k);
        if (a == b || !run[i].dependsOn(run[k]))
          continue;
        size_t both = sizes[a] + sizes[b];
        classes.unionSets(a, b);
        sizes[classes.getLeaderValue(a)] = both;
      }
      largest = std::max(largest, sizes[classes.getLeaderValue(i)]);
      size_t saved = i + 1 - begin - largest;
      if (saved == 0 || 2 * saved - 1 + gain[i + 1] <= gain[begin])
        continue;
      gain[begin] = 2 * saved - 1 + gain[i + 1];
      Part &part = parts[begin];
      part = {begin, i + 1, {}, 2 * saved - 1};
      DenseMap<size_t, size_t> numbers;
      for (size_t k = begin; k <= i; ++k) {
        auto [at, isNew] = numbers.try_emplace(classes.getLeaderValue(k),
                                               part.components.size());
        if (isNew)
          part.components.emplace_back();
        part.components[at->second].push_back(k);
      }
    }
  }
  for (size_t i = 0; i < run.size();) {
    if (!parts[i].gain) {
      ++i;
      continue;
    }
    size_t next = parts[i].end;
    form(run, std::move(parts[i]));
    i = next;
  }
}

void CUDAFindBranches::form(ArrayRef<Step> run, Part part) {
  // The longest ones have a branch each, others go where least is done.
  auto &components = part.components;
  llvm::stable_sort(components, [](const auto &a, const auto &b) {
    return a.size() > b.size();
  });
  while (components.size() > kMostBranches) {
    SmallVector<size_t> last = components.pop_back_val();
    auto *shortest = std::min_element(
        components.begin(), components.end(),
        [](const auto &a, const auto &b) { return a.size() < b.size(); });
    shortest->append(last.begin(), last.end());
    llvm::sort(*shortest);
  }
  llvm::sort(components);

  Operation *first = run[part.begin].launch, *last = run[part.end - 1].launch;
  OpBuilder b(first);
  auto branches = BranchesOp::create(b, first->getLoc(),
                                     static_cast<unsigned>(components.size()));
  // Buffers are made before all branches and released behind them.
  SmallVector<Operation *> others;
  for (Operation *op = first; op != last; op = op->getNextNode())
    if (!isa<tile::LaunchOp>(op))
      others.push_back(op);
  Operation *behind = branches;
  for (Operation *op : others) {
    if (!isa<ReleaseOp>(op)) {
      op->moveBefore(branches);
      continue;
    }
    op->moveAfter(behind);
    behind = op;
  }
  for (auto [region, component] :
       llvm::zip_equal(branches.getBranches(), components)) {
    Block &block = region.emplaceBlock();
    for (size_t step : component)
      run[step].launch->moveBefore(&block, block.end());
  }
  InFlightDiagnostic remark = branches.emitRemark()
                              << (part.end - part.begin)
                              << " launches may run side by side, in branches"
                                 " of ";
  llvm::interleaveComma(components, remark,
                        [&](const auto &branch) { remark << branch.size(); });
  remark
      << "; a branch has a stream of its own where its first launch does not "
         "fill the GPU";
}
