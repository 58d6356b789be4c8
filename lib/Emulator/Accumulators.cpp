//===- Accumulators.cpp - Who uses the accumulators of wgmma when ---------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Accumulators are registers that change after the instruction: nothing but
// another wgmma may use them before a wait. In LLVM's IR they are values, which
// a token accompanies here through phis and structs: the time of the product
// that wrote them, 0 for values that something else made.
//
//===----------------------------------------------------------------------===//

#include "Rewriter.h"
#include "llvm/IR/Instructions.h"

using namespace ockham::emulator;

namespace {
class Tokens {
public:
  Tokens(llvm::Function &function, llvm::ArrayRef<AccumulatorUse> uses)
      : zero(llvm::ConstantInt::get(
            llvm::Type::getInt32Ty(function.getContext()), 0)) {
    for (const AccumulatorUse &use : uses)
      for (llvm::Value *output : use.outputs)
        tokens[output] = use.call;
  }

  llvm::Value *get(llvm::Value *value);
  /// Whether the instruction only passes accumulators on.
  static bool isTransparent(const llvm::Instruction &instruction) {
    return llvm::isa<llvm::PHINode, llvm::SelectInst, llvm::InsertValueInst,
                     llvm::ExtractValueInst>(instruction);
  }

private:
  llvm::Value *make(llvm::Instruction &instruction);

  llvm::Value *zero;
  llvm::DenseMap<llvm::Value *, llvm::Value *> tokens;
};
} // namespace

/// The value at one place of a struct that insertvalues have built, or the
/// struct itself where they end.
static llvm::Value *findInserted(llvm::Value *aggregate,
                                 llvm::ArrayRef<unsigned> indices) {
  while (auto *insert = llvm::dyn_cast<llvm::InsertValueInst>(aggregate)) {
    if (insert->getIndices() == indices)
      return insert->getInsertedValueOperand();
    aggregate = insert->getAggregateOperand();
  }
  return aggregate;
}

llvm::Value *Tokens::make(llvm::Instruction &instruction) {
  if (auto *phi = llvm::dyn_cast<llvm::PHINode>(&instruction)) {
    llvm::IRBuilder<> builder(phi);
    auto *token = builder.CreatePHI(zero->getType(),
                                    phi->getNumIncomingValues(), "token");
    // Before its operands, which may lead back here.
    tokens[phi] = token;
    for (unsigned i = 0; i < phi->getNumIncomingValues(); ++i)
      token->addIncoming(get(phi->getIncomingValue(i)),
                         phi->getIncomingBlock(i));
    // A phi of what never was an accumulator needs none; LLVM removes it.
    return token;
  }
  llvm::IRBuilder<> builder(&instruction);
  if (auto *select = llvm::dyn_cast<llvm::SelectInst>(&instruction)) {
    llvm::Value *a = get(select->getTrueValue());
    llvm::Value *b = get(select->getFalseValue());
    return a == b ? a : builder.CreateSelect(select->getCondition(), a, b);
  }
  if (auto *extract = llvm::dyn_cast<llvm::ExtractValueInst>(&instruction))
    return get(
        findInserted(extract->getAggregateOperand(), extract->getIndices()));
  auto &insert = llvm::cast<llvm::InsertValueInst>(instruction);
  // Of a struct that mixes accumulators with others, the youngest counts.
  llvm::Value *a = get(insert.getAggregateOperand());
  llvm::Value *b = get(insert.getInsertedValueOperand());
  if (a == b || b == zero)
    return a;
  if (a == zero)
    return b;
  return builder.CreateBinaryIntrinsic(llvm::Intrinsic::umax, a, b);
}

llvm::Value *Tokens::get(llvm::Value *value) {
  auto it = tokens.find(value);
  if (it != tokens.end())
    return it->second;
  auto *instruction = llvm::dyn_cast<llvm::Instruction>(value);
  llvm::Value *token =
      instruction && isTransparent(*instruction) ? make(*instruction) : zero;
  tokens[value] = token;
  return token;
}

llvm::Error
ockham::emulator::addAccumulatorChecks(llvm::Function &function,
                                       CallBuilder &calls,
                                       llvm::ArrayRef<AccumulatorUse> uses) {
  if (uses.empty())
    return llvm::Error::success();
  Tokens tokens(function, uses);
  llvm::SmallPtrSet<llvm::Instruction *, 32> stores;
  for (const AccumulatorUse &use : uses) {
    // The oldest input counts: one that is not an accumulator is enough to
    // need a fence.
    llvm::IRBuilder<> builder(use.call);
    llvm::Value *token = nullptr;
    llvm::SmallPtrSet<llvm::Value *, 4> seen;
    for (llvm::Value *input : use.inputs) {
      llvm::Value *other = tokens.get(input);
      if (!seen.insert(other).second)
        continue;
      token = token ? builder.CreateBinaryIntrinsic(llvm::Intrinsic::umin,
                                                    token, other)
                    : other;
    }
    if (token)
      use.call->setArgOperand(use.call->arg_size() - 1, token);
    // The stores that hand the inputs to the handler are no uses.
    llvm::Value *words = use.call->getArgOperand(0);
    for (llvm::User *user : words->users()) {
      if (auto *store = llvm::dyn_cast<llvm::StoreInst>(user))
        stores.insert(store);
      for (llvm::User *inner : user->users())
        if (auto *store = llvm::dyn_cast<llvm::StoreInst>(inner))
          stores.insert(store);
    }
  }

  // Everything that accumulators flow to.
  llvm::SmallVector<llvm::Value *> worklist;
  llvm::SmallPtrSet<llvm::Value *, 32> visited;
  for (const AccumulatorUse &use : uses)
    for (llvm::Value *output : use.outputs)
      if (visited.insert(output).second)
        worklist.push_back(output);
  llvm::SmallPtrSet<llvm::Instruction *, 32> checked;
  while (!worklist.empty()) {
    llvm::Value *value = worklist.pop_back_val();
    llvm::SmallVector<llvm::User *> users(value->users());
    for (llvm::User *user : users) {
      auto *instruction = llvm::dyn_cast<llvm::Instruction>(user);
      if (!instruction || stores.count(instruction))
        continue;
      if (Tokens::isTransparent(*instruction)) {
        if (visited.insert(instruction).second)
          worklist.push_back(instruction);
        continue;
      }
      if (!checked.insert(instruction).second)
        continue;
      llvm::Value *token = tokens.get(value);
      if (token == llvm::ConstantInt::get(token->getType(), 0))
        continue;
      llvm::IRBuilder<> builder(instruction);
      calls.setSite(builder, *instruction,
                    (llvm::Twine("use of accumulators in ") +
                     instruction->getOpcodeName())
                        .str());
      auto result = calls.call(builder, "ockham.wgmma.check",
                               builder.getVoidTy(), {token});
      if (!result)
        return result.takeError();
    }
  }
  return llvm::Error::success();
}
