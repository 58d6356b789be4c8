//===- Mutations.cpp - Kernels with synchronisation broken ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Emulator/Mutations.h"
#include "Handlers.h"
#include "ParseModule.h"
#include "Rewriter.h"
#include "llvm/Bitcode/BitcodeWriter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace ockham::emulator;

namespace {
/// One change of one instruction.
struct Mutation {
  std::string description;
  llvm::unique_function<void()> apply;
};

/// Finds the mutations of a module, in the order of its instructions.
class MutationFinder {
public:
  explicit MutationFinder(bool expectEmpty = false)
      : expectEmpty(expectEmpty) {}
  std::vector<Mutation> find(llvm::Module &module, llvm::StringRef kernel);

private:
  void add(const llvm::Instruction &instruction, const llvm::Twine &what,
           llvm::unique_function<void()> apply) {
    mutations.push_back(
        {(what + " (" + describeLocation(instruction) + ")").str(),
         std::move(apply)});
  }
  void visitCall(llvm::CallInst &call, llvm::StringRef name);
  void moveUp(llvm::CallInst &call, llvm::StringRef name);
  void visitAtomic(llvm::Instruction &instruction);

  bool expectEmpty;
  std::vector<Mutation> mutations;
};
} // namespace

static void drop(llvm::Instruction &instruction) {
  if (!instruction.getType()->isVoidTy())
    instruction.replaceAllUsesWith(
        llvm::Constant::getNullValue(instruction.getType()));
  instruction.eraseFromParent();
}

/// What orders memory or time, by the beginning of an intrinsic's name.
static bool isSynchronizing(llvm::StringRef name) {
  static const char *const prefixes[] = {"barrier",
                                         "bar.warp.sync",
                                         "bar.arrive",
                                         "bar.sync",
                                         "fence",
                                         "membar",
                                         "cp.async.commit",
                                         "cp.async.wait",
                                         "cp.async.mbarrier",
                                         "cp.async.bulk.commit",
                                         "cp.async.bulk.wait",
                                         "mbarrier.arrive",
                                         "mbarrier.expect.tx",
                                         "mbarrier.try",
                                         "mbarrier.test",
                                         "wgmma.fence",
                                         "wgmma.commit",
                                         "wgmma.wait"};
  return llvm::any_of(
      prefixes, [&](const char *prefix) { return name.starts_with(prefix); });
}

/// What a thread cannot pass before others have done something.
static bool isWaiting(llvm::StringRef name) {
  return isSynchronizing(name) && !name.contains("arrive") &&
         (name.contains("wait") || name.contains("sync")) &&
         !name.starts_with("wgmma.fence") && !name.starts_with("wgmma.commit");
}

/// The first instruction of inline PTX that synchronises.
static std::string findInAssembly(const llvm::InlineAsm &assembly) {
  for (llvm::StringRef name : {"mbarrier.try_wait", "mbarrier.arrive",
                               "bar.arrive", "bar.sync", "fence"})
    if (assembly.getAsmString().contains(name)) {
      bool parity = assembly.getAsmString().contains(".parity");
      std::string found = name.str();
      // As the intrinsics are spelled.
      if (name == "mbarrier.try_wait")
        found = parity ? "mbarrier.try.wait.parity" : "mbarrier.try.wait";
      return found;
    }
  return "";
}

/// As the intrinsic is called without its prefix; empty for what does not
/// synchronise in any case.
static std::string getInstructionName(const llvm::CallInst &call) {
  if (auto *assembly = llvm::dyn_cast<llvm::InlineAsm>(call.getCalledOperand()))
    return findInAssembly(*assembly);
  const llvm::Function *callee = call.getCalledFunction();
  llvm::StringRef name = callee ? callee->getName() : "";
  return name.consume_front("llvm.nvvm.") ? name.str() : "";
}

/// A test of an mbarrier is in a loop that a null result would never leave.
static void dropCall(llvm::CallInst &call, llvm::StringRef name) {
  if ((name.starts_with("mbarrier.try") || name.starts_with("mbarrier.test")) &&
      call.getType()->isIntegerTy(1)) {
    call.replaceAllUsesWith(llvm::ConstantInt::getTrue(call.getContext()));
    call.eraseFromParent();
    return;
  }
  drop(call);
}

/// The end of a group of cp.async, which fails if the group has copies.
static void expectEmptyGroup(llvm::CallInst &commit) {
  llvm::Function *callee = commit.getCalledFunction();
  commit.setCalledFunction(commit.getModule()->getOrInsertFunction(
      kCommitEmpty, callee->getFunctionType()));
}

void MutationFinder::visitCall(llvm::CallInst &call, llvm::StringRef name) {
  if (isSynchronizing(name))
    add(call, "drop " + name,
        [&call, name = name.str(), expectEmpty = expectEmpty] {
          if (expectEmpty && name == "cp.async.commit.group")
            return expectEmptyGroup(call);
          dropCall(call, name);
        });

  auto changeConstant = [&](unsigned index, const llvm::Twine &what,
                            llvm::function_ref<int64_t(int64_t)> change) {
    if (index >= call.arg_size())
      return;
    auto *constant =
        llvm::dyn_cast<llvm::ConstantInt>(call.getArgOperand(index));
    if (!constant)
      return;
    int64_t from = constant->getSExtValue(), to = change(from);
    if (to == from)
      return;
    llvm::Type *type = constant->getType();
    add(call,
        what + " " + llvm::Twine(from) + " becomes " + llvm::Twine(to) + ": " +
            name,
        [&call, index, type, to] {
          call.setArgOperand(index, llvm::ConstantInt::get(type, to));
        });
  };
  // A wait that leaves one more group in flight.
  if (name.starts_with("cp.async.wait.group") ||
      name.starts_with("cp.async.bulk.wait.group") ||
      name.starts_with("wgmma.wait_group"))
    changeConstant(0, "groups left", [](int64_t n) { return n + 1; });
  if (name.contains("expect.tx")) {
    changeConstant(1, "bytes", [](int64_t n) { return n / 2; });
    changeConstant(1, "bytes", [](int64_t n) { return n * 2; });
  }
  if (name.starts_with("mbarrier.init")) {
    changeConstant(1, "arrivals", [](int64_t n) { return n + 1; });
    changeConstant(1, "arrivals",
                   [](int64_t n) { return std::max<int64_t>(1, n - 1); });
  }
  if (name.starts_with("barrier.cta") && name.contains("count"))
    changeConstant(1, "threads", [](int64_t n) { return n - 32; });
  if (name.contains(".parity") && call.arg_size() >= 2)
    add(call, "other parity: " + name, [&call] {
      llvm::IRBuilder<> builder(&call);
      llvm::Value *parity = call.getArgOperand(1);
      call.setArgOperand(
          1, builder.CreateXor(parity,
                               llvm::ConstantInt::get(parity->getType(), 1)));
    });
  if (name.starts_with("mbarrier.arrive") ||
      name.starts_with("barrier.cta.arrive") || name.starts_with("bar.arrive"))
    moveUp(call, name);
}

namespace {
/// How far a call can move up in its block.
struct Hoisting {
  /// What computes its operands and moves with it, in order.
  llvm::SmallVector<llvm::Instruction *> operands;
  llvm::Instruction *first;
};
} // namespace

static void findOperands(const llvm::Instruction &instruction,
                         Hoisting &hoisting) {
  for (const llvm::Use &use : instruction.operands()) {
    auto *operand = llvm::dyn_cast<llvm::Instruction>(use.get());
    if (!operand || operand->getParent() != instruction.getParent() ||
        llvm::isa<llvm::PHINode>(operand) ||
        llvm::is_contained(hoisting.operands, operand))
      continue;
    if (operand->mayHaveSideEffects() || operand->mayReadFromMemory()) {
      if (hoisting.first->comesBefore(operand->getNextNode()))
        hoisting.first = operand->getNextNode();
      continue;
    }
    findOperands(*operand, hoisting);
    hoisting.operands.push_back(operand);
  }
}

/// A stage is released before what is done with it, or before that is waited
/// for.
void MutationFinder::moveUp(llvm::CallInst &call, llvm::StringRef name) {
  Hoisting hoisting;
  hoisting.first = &*call.getParent()->getFirstNonPHIOrDbg();
  findOperands(call, hoisting);
  // These stay where they are.
  while (llvm::is_contained(hoisting.operands, hoisting.first))
    hoisting.first = hoisting.first->getNextNode();
  bool passes = false;
  llvm::Instruction *previous = nullptr;
  for (llvm::Instruction *at = hoisting.first; at != &call;
       at = at->getNextNode()) {
    auto *other = llvm::dyn_cast<llvm::CallInst>(at);
    if (!other || !other->mayHaveSideEffects())
      continue;
    passes = true;
    if (isWaiting(getInstructionName(*other)))
      previous = at;
  }
  auto addMove = [&](llvm::Instruction *to, const llvm::Twine &what) {
    add(call, what + ": " + name, [&call, to, hoisting] {
      for (llvm::Instruction *operand : hoisting.operands)
        if (to->comesBefore(operand))
          operand->moveBefore(to->getIterator());
      call.moveBefore(to->getIterator());
    });
  };
  // Only if something synchronising or asynchronous lies in between.
  if (passes)
    addMove(hoisting.first, "earlier");
  if (previous && previous != hoisting.first)
    addMove(previous, "before " + getInstructionName(
                                      *llvm::cast<llvm::CallInst>(previous)));
}

void MutationFinder::visitAtomic(llvm::Instruction &instruction) {
  auto weaken = [&](auto *atomic, llvm::StringRef what) {
    if (atomic->getOrdering() == llvm::AtomicOrdering::Monotonic ||
        atomic->getOrdering() == llvm::AtomicOrdering::Unordered ||
        atomic->getOrdering() == llvm::AtomicOrdering::NotAtomic)
      return;
    add(instruction, "relax " + what,
        [atomic] { atomic->setOrdering(llvm::AtomicOrdering::Monotonic); });
  };
  if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction))
    weaken(load, "atomic load");
  else if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction))
    weaken(store, "atomic store");
  else if (auto *update = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction))
    weaken(update, "atomic operation");
  else if (llvm::isa<llvm::FenceInst>(instruction))
    add(instruction, "drop fence", [&instruction] { drop(instruction); });
}

std::vector<Mutation> MutationFinder::find(llvm::Module &module,
                                           llvm::StringRef kernel) {
  for (llvm::Function &function : module) {
    if (function.getCallingConv() == llvm::CallingConv::PTX_Kernel &&
        function.getName() != kernel)
      continue;
    for (llvm::Instruction &instruction : llvm::instructions(function)) {
      visitAtomic(instruction);
      if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction))
        if (std::string name = getInstructionName(*call); !name.empty())
          visitCall(*call, name);
    }
  }
  return std::move(mutations);
}

llvm::Expected<std::vector<std::string>>
ockham::emulator::listMutations(llvm::MemoryBufferRef buffer,
                                llvm::StringRef kernel) {
  llvm::LLVMContext context;
  auto module = parseModule(buffer, context);
  if (!module)
    return module.takeError();
  std::vector<std::string> descriptions;
  for (Mutation &mutation : MutationFinder().find(**module, kernel))
    descriptions.push_back(std::move(mutation.description));
  return descriptions;
}

llvm::Expected<std::string>
ockham::emulator::applyMutation(llvm::MemoryBufferRef buffer,
                                llvm::StringRef kernel, unsigned index,
                                bool expectEmpty) {
  llvm::LLVMContext context;
  auto module = parseModule(buffer, context);
  if (!module)
    return module.takeError();
  std::vector<Mutation> mutations =
      MutationFinder(expectEmpty).find(**module, kernel);
  if (index >= mutations.size())
    return llvm::createStringError(
        "there are " + llvm::Twine(mutations.size()) +
        " mutations, got index " + llvm::Twine(index));
  mutations[index].apply();
  std::string bitcode;
  llvm::raw_string_ostream os(bitcode);
  llvm::WriteBitcodeToFile(**module, os);
  return bitcode;
}
