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

void ockham::cpu::accessFloatsAsIntegers(Module &module) {
  for (Function &function : module)
    for (Instruction &instruction :
         make_early_inc_range(instructions(function))) {
      auto *call = dyn_cast<IntrinsicInst>(&instruction);
      if (!call)
        continue;
      bool loads = call->getIntrinsicID() == Intrinsic::masked_load;
      if (!loads && call->getIntrinsicID() != Intrinsic::masked_store)
        continue;
      Type *type = loads ? call->getType() : call->getArgOperand(0)->getType();
      if (!type->getScalarType()->is16bitFPTy())
        continue;
      IRBuilder<> b(call);
      Type *integer = VectorType::get(b.getInt16Ty(), cast<VectorType>(type));
      unsigned place = loads ? 0 : 1;
      Value *pointer = call->getArgOperand(place);
      Value *mask = call->getArgOperand(place + 1);
      Align align = call->getParamAlign(place).valueOrOne();
      if (loads) {
        Value *rest = b.CreateBitCast(call->getArgOperand(2), integer);
        Value *value = b.CreateMaskedLoad(integer, pointer, align, mask, rest);
        call->replaceAllUsesWith(b.CreateBitCast(value, type));
      } else {
        Value *value = b.CreateBitCast(call->getArgOperand(0), integer);
        b.CreateMaskedStore(value, pointer, align, mask);
      }
      call->eraseFromParent();
    }
}
