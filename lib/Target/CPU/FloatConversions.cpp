//===- FloatConversions.cpp - Conversions that processors lack ------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FloatConversions.h"

#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/Module.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

using namespace llvm;

namespace {
/// How a type lays out its bits.
struct Format {
  explicit Format(Type *type)
      : fraction(APFloat::semanticsPrecision(type->getFltSemantics()) - 1),
        bias(APFloat::semanticsMaxExponent(type->getFltSemantics())) {}
  /// The exponent field of infinities and NaNs.
  uint64_t largest() const { return 2 * bias + 1; }

  uint64_t fraction, bias;
};
} // namespace

/// The empty function `to name(from)`, or null where the module has the name.
static Function *createFunction(Module &module, StringRef name, Type *from,
                                Type *to) {
  if (module.getNamedValue(name))
    return nullptr;
  auto *function =
      Function::Create(FunctionType::get(to, {from}, /*isVarArg=*/false),
                       GlobalValue::InternalLinkage, name, module);
  // Nobody calls it yet, but the code generator will. Not shared with code for
  // other processors.
  appendToCompilerUsed(module, {function});
  BasicBlock::Create(module.getContext(), "", function);
  return function;
}

/// From f32 or f64 to f16 or bf16: to nearest, ties to even.
static void defineTruncation(Module &module, StringRef name, Type *from,
                             Type *to) {
  Function *function = createFunction(module, name, from, to);
  if (!function)
    return;
  IRBuilder<> b(&function->front());
  Format wide(from), narrow(to);
  unsigned width = from->getScalarSizeInBits();
  auto number = [&](uint64_t value) { return b.getIntN(width, value); };
  // A value of the wide type with this exponent field and no fraction.
  auto exponent = [&](uint64_t field) {
    return number(field << wide.fraction);
  };
  uint64_t shift = wide.fraction - narrow.fraction;
  uint64_t biases = wide.bias - narrow.bias;

  Type *integer = b.getIntNTy(width);
  Value *bits = b.CreateBitCast(function->getArg(0), integer);
  Value *magnitude =
      b.CreateAnd(bits, b.getInt(APInt::getSignedMaxValue(width)));
  Value *sign =
      b.CreateAnd(b.CreateLShr(bits, width - 16), number(uint64_t(1) << 15));

  Value *isOdd = b.CreateAnd(b.CreateLShr(magnitude, shift), number(1));
  Value *half = number((uint64_t(1) << (shift - 1)) - 1);
  Value *normal = b.CreateSub(magnitude, exponent(biases));
  normal = b.CreateAdd(b.CreateAdd(normal, half), isOdd);
  normal = b.CreateLShr(normal, shift);
  // The addition rounds where the last bit of a subnormal result lies.
  Value *anchor = exponent(biases + shift + 1);
  Value *sum = b.CreateFAdd(b.CreateBitCast(magnitude, from),
                            b.CreateBitCast(anchor, from));
  Value *subnormal = b.CreateSub(b.CreateBitCast(sum, integer), anchor);
  uint64_t infinity = narrow.largest() << narrow.fraction;
  uint64_t payload = (uint64_t(1) << narrow.fraction) - 1;
  Value *nan = b.CreateAnd(b.CreateLShr(magnitude, shift), number(payload));
  nan = b.CreateOr(nan,
                   number(infinity | (uint64_t(1) << (narrow.fraction - 1))));

  Value *result = b.CreateSelect(
      b.CreateICmpULT(magnitude, exponent(biases + 1)), subnormal, normal);
  result = b.CreateSelect(
      b.CreateICmpUGE(magnitude, exponent(biases + narrow.largest())),
      number(infinity), result);
  result = b.CreateSelect(b.CreateICmpUGT(magnitude, exponent(wide.largest())),
                          nan, result);
  result = b.CreateTrunc(b.CreateOr(result, sign), b.getInt16Ty());
  b.CreateRet(b.CreateBitCast(result, to));
}

/// From f16 to f32. From bf16 it is a shift, which needs no function.
static void defineExtension(Module &module, StringRef name, Type *from,
                            Type *to) {
  Function *function = createFunction(module, name, from, to);
  if (!function)
    return;
  IRBuilder<> b(&function->front());
  Format narrow(from), wide(to);
  auto exponent = [&](uint64_t field) {
    return b.getInt32(static_cast<uint32_t>(field << wide.fraction));
  };
  uint64_t biases = wide.bias - narrow.bias;
  Value *bits = b.CreateZExt(
      b.CreateBitCast(function->getArg(0), b.getInt16Ty()), b.getInt32Ty());
  Value *sign = b.CreateShl(b.CreateAnd(bits, 0x8000), 16);
  Value *magnitude =
      b.CreateShl(b.CreateAnd(bits, 0x7fff), wide.fraction - narrow.fraction);

  Value *normal = b.CreateAdd(magnitude, exponent(biases));
  Value *special =
      b.CreateAdd(magnitude, exponent(wide.largest() - narrow.largest()));
  // A subnormal as the fraction of the least normal value, which then goes.
  Value *anchor = exponent(biases + 1);
  Value *difference =
      b.CreateFSub(b.CreateBitCast(b.CreateAdd(magnitude, anchor), to),
                   b.CreateBitCast(anchor, to));
  Value *subnormal = b.CreateBitCast(difference, b.getInt32Ty());

  Value *result = b.CreateSelect(b.CreateICmpULT(magnitude, exponent(1)),
                                 subnormal, normal);
  result = b.CreateSelect(
      b.CreateICmpUGE(magnitude, exponent(narrow.largest())), special, result);
  b.CreateRet(b.CreateBitCast(b.CreateOr(result, sign), to));
}

static bool usesSmallFloats(Module &module) {
  auto isSmall = [](Type *type) {
    return type->getScalarType()->is16bitFPTy();
  };
  for (Function &function : module)
    for (Instruction &instruction : instructions(function)) {
      if (isSmall(instruction.getType()))
        return true;
      for (Value *operand : instruction.operands())
        if (isSmall(operand->getType()))
          return true;
    }
  return false;
}

void ockham::cpu::defineFloatConversions(Module &module) {
  if (!usesSmallFloats(module))
    return;
  LLVMContext &context = module.getContext();
  Type *f16 = Type::getHalfTy(context), *bf16 = Type::getBFloatTy(context);
  Type *f32 = Type::getFloatTy(context), *f64 = Type::getDoubleTy(context);
  defineTruncation(module, "__truncsfhf2", f32, f16);
  defineTruncation(module, "__truncdfhf2", f64, f16);
  defineTruncation(module, "__truncsfbf2", f32, bf16);
  defineTruncation(module, "__truncdfbf2", f64, bf16);
  defineExtension(module, "__extendhfsf2", f16, f32);
}

//===----------------------------------------------------------------------===//
// Floats as integers
//===----------------------------------------------------------------------===//

/// `type` with integers of 16 bits for its floats, or null if it has none.
static Type *getIntegers(Type *type) {
  if (!type->getScalarType()->is16bitFPTy())
    return nullptr;
  Type *integer = Type::getInt16Ty(type->getContext());
  auto *vector = dyn_cast<VectorType>(type);
  return vector ? VectorType::get(integer, vector) : integer;
}

static Value *castToIntegers(IRBuilder<> &b, Value *value) {
  return b.CreateBitCast(value, getIntegers(value->getType()));
}

/// Each incoming value is cast where it comes from.
static Value *mergeAsIntegers(PHINode &phi, Type *integer) {
  IRBuilder<> b(&phi);
  PHINode *merged = b.CreatePHI(integer, phi.getNumIncomingValues());
  for (auto [value, from] : zip(phi.incoming_values(), phi.blocks())) {
    // A block that comes in twice does so with one value.
    int known = merged->getBasicBlockIndex(from);
    b.SetInsertPoint(from->getTerminator());
    merged->addIncoming(known >= 0 ? merged->getIncomingValue(known)
                                   : castToIntegers(b, value),
                        from);
  }
  return merged;
}

/// The same instruction on integers, or null if there is none to make. One
/// without a result gives itself.
static Value *moveAsIntegers(Instruction &instruction) {
  IRBuilder<> b(&instruction);
  if (auto *store = dyn_cast<StoreInst>(&instruction)) {
    if (!store->isSimple() || !getIntegers(store->getValueOperand()->getType()))
      return nullptr;
    store->setOperand(0, castToIntegers(b, store->getValueOperand()));
    return store;
  }
  auto *call = dyn_cast<IntrinsicInst>(&instruction);
  if (call && call->getIntrinsicID() == Intrinsic::masked_store &&
      getIntegers(call->getArgOperand(0)->getType()))
    return b.CreateMaskedStore(
        castToIntegers(b, call->getArgOperand(0)), call->getArgOperand(1),
        call->getParamAlign(1).valueOrOne(), call->getArgOperand(2));
  Type *integer = getIntegers(instruction.getType());
  if (!integer)
    return nullptr;
  if (call && call->getIntrinsicID() == Intrinsic::masked_load)
    return b.CreateMaskedLoad(
        integer, call->getArgOperand(0), call->getParamAlign(0).valueOrOne(),
        call->getArgOperand(1), castToIntegers(b, call->getArgOperand(2)));
  if (auto *load = dyn_cast<LoadInst>(&instruction))
    return load->isSimple()
               ? b.CreateAlignedLoad(integer, load->getPointerOperand(),
                                     load->getAlign())
               : nullptr;
  if (auto *select = dyn_cast<SelectInst>(&instruction))
    return b.CreateSelect(select->getCondition(),
                          castToIntegers(b, select->getTrueValue()),
                          castToIntegers(b, select->getFalseValue()));
  if (auto *shuffle = dyn_cast<ShuffleVectorInst>(&instruction))
    return b.CreateShuffleVector(castToIntegers(b, shuffle->getOperand(0)),
                                 castToIntegers(b, shuffle->getOperand(1)),
                                 shuffle->getShuffleMask());
  if (auto *phi = dyn_cast<PHINode>(&instruction))
    return mergeAsIntegers(*phi, integer);
  return nullptr;
}

/// Values that are cast to what they were cast from.
static void foldCasts(Function &function) {
  SmallVector<BitCastInst *> casts;
  for (Instruction &instruction : instructions(function))
    if (auto *cast = dyn_cast<BitCastInst>(&instruction))
      casts.push_back(cast);
  for (BitCastInst *cast : casts) {
    auto *before = dyn_cast<BitCastInst>(cast->getOperand(0));
    if (before && before->getSrcTy() == cast->getType())
      cast->replaceAllUsesWith(before->getOperand(0));
  }
  // Users first.
  for (BitCastInst *cast : reverse(casts))
    if (cast->use_empty())
      cast->eraseFromParent();
}

void ockham::cpu::moveFloatsAsIntegers(Module &module) {
  for (Function &function : module) {
    SmallVector<Instruction *> all;
    for (Instruction &instruction : instructions(function))
      all.push_back(&instruction);
    for (Instruction *instruction : all) {
      Value *moved = moveAsIntegers(*instruction);
      if (!moved || moved == instruction)
        continue;
      if (!instruction->getType()->isVoidTy()) {
        BasicBlock *block = instruction->getParent();
        BasicBlock::iterator at = isa<PHINode>(instruction)
                                      ? block->getFirstInsertionPt()
                                      : instruction->getIterator();
        IRBuilder<> b(block, at);
        instruction->replaceAllUsesWith(
            b.CreateBitCast(moved, instruction->getType()));
      }
      instruction->eraseFromParent();
    }
    foldCasts(function);
  }
}
