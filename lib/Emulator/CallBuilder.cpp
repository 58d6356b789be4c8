//===- CallBuilder.cpp - Calls of handlers in compiled code ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Rewriter.h"
#include "llvm/IR/DebugInfoMetadata.h"

using namespace ockham::emulator;

static llvm::Type *getType(llvm::LLVMContext &context, ValueKind kind) {
  switch (kind) {
  case ValueKind::Void:
    return llvm::Type::getVoidTy(context);
  case ValueKind::I32:
    return llvm::Type::getInt32Ty(context);
  case ValueKind::I64:
    return llvm::Type::getInt64Ty(context);
  case ValueKind::F32:
    return llvm::Type::getFloatTy(context);
  case ValueKind::F64:
    return llvm::Type::getDoubleTy(context);
  case ValueKind::Pointer:
  case ValueKind::Result:
    return llvm::PointerType::get(context, 0);
  }
  llvm_unreachable("unknown kind of value");
}

static llvm::FunctionCallee declareHandler(llvm::Module &module,
                                           const Handler &handler) {
  llvm::LLVMContext &context = module.getContext();
  llvm::SmallVector<llvm::Type *> types;
  for (ValueKind kind : handler.arguments)
    types.push_back(getType(context, kind));
  auto callee = module.getOrInsertFunction(
      kHandlerPrefix + handler.name,
      llvm::FunctionType::get(getType(context, handler.result), types, false));
  auto *function = llvm::cast<llvm::Function>(callee.getCallee());
  function->addFnAttr(llvm::Attribute::NoUnwind);
  if (handler.pure) {
    function->addFnAttr(llvm::Attribute::WillReturn);
    if (llvm::is_contained(handler.arguments, ValueKind::Result))
      function->setOnlyAccessesArgMemory();
    else
      function->setDoesNotAccessMemory();
  } else {
    function->setConvergent();
  }
  return callee;
}

std::string
ockham::emulator::describeLocation(const llvm::Instruction &instruction) {
  if (const llvm::DebugLoc &location = instruction.getDebugLoc())
    return (location->getFilename() + ":" + llvm::Twine(location->getLine()) +
            ":" + llvm::Twine(location->getColumn()))
        .str();
  return ("in " + instruction.getFunction()->getName()).str();
}

CallBuilder::CallBuilder(llvm::Function &function, std::vector<Site> &sites)
    : function(function), module(*function.getParent()), sites(sites) {
  llvm::IRBuilder<> builder(&*function.getEntryBlock().getFirstInsertionPt());
  auto callPlain = [&](llvm::StringRef name) -> llvm::Value * {
    return builder.CreateCall(
        declareHandler(module, *getHandlers().find(name)));
  };
  sitePlace = callPlain("ockham.site");
  counts = callPlain("ockham.counts");
  sharedBase = callPlain("ockham.shared.base");
}

void CallBuilder::setSite(llvm::IRBuilder<> &builder,
                          const llvm::Instruction &where,
                          llvm::StringRef instruction) {
  sites.push_back({instruction.str(), describeLocation(where)});
  builder.CreateStore(builder.getInt32(getSite()), sitePlace);
  llvm::Value *count =
      builder.CreateConstGEP1_64(builder.getInt64Ty(), counts, getSite());
  builder.CreateStore(
      builder.CreateAdd(builder.CreateLoad(builder.getInt64Ty(), count),
                        builder.getInt64(1)),
      count);
}

llvm::Value *CallBuilder::allocate(llvm::Type *type, unsigned count) {
  llvm::IRBuilder<> builder(&*function.getEntryBlock().getFirstInsertionPt());
  return builder.CreateAlloca(type, builder.getInt32(count));
}

/// Any value of the right size, as its bits.
static llvm::Value *toBits(llvm::IRBuilder<> &builder, llvm::Value *value) {
  llvm::Type *type = value->getType();
  if (type->isPointerTy())
    return builder.CreatePtrToInt(value, builder.getInt64Ty());
  if (type->isIntegerTy())
    return value;
  return builder.CreateBitCast(
      value, builder.getIntNTy(type->getPrimitiveSizeInBits()));
}

llvm::Value *CallBuilder::toHandlerType(llvm::IRBuilder<> &builder,
                                        llvm::Value *value, ValueKind kind) {
  llvm::Type *type = value->getType();
  llvm::Type *wanted = getType(module.getContext(), kind);
  if (type == wanted)
    return value;
  switch (kind) {
  case ValueKind::Pointer: {
    if (type->isPointerTy())
      return builder.CreateAddrSpaceCast(value, wanted);
    // 32 bits are an address within the windows of the cluster.
    llvm::Value *bits = builder.CreateZExtOrTrunc(value, builder.getInt64Ty());
    if (type->isIntegerTy(64))
      return builder.CreateIntToPtr(bits, wanted);
    const Handler &handler = *getHandlers().find("ockham.shared.address");
    return builder.CreateCall(declareHandler(module, handler), {bits});
  }
  case ValueKind::I32:
  case ValueKind::I64:
    return builder.CreateZExtOrTrunc(toBits(builder, value), wanted);
  case ValueKind::F32:
  case ValueKind::F64:
    return builder.CreateBitCast(toBits(builder, value), wanted);
  case ValueKind::Void:
  case ValueKind::Result:
    break;
  }
  llvm_unreachable("no value of this kind is passed");
}

/// Whether an argument can be passed as `kind` at all.
static bool fits(llvm::Type *type, ValueKind kind) {
  unsigned bits = type->isPointerTy() ? 64 : type->getPrimitiveSizeInBits();
  if (!bits || bits > 64)
    return false;
  switch (kind) {
  case ValueKind::Pointer:
    return type->isPointerTy() || type->isIntegerTy(32) ||
           type->isIntegerTy(64);
  case ValueKind::F32:
    return bits == 32;
  case ValueKind::F64:
    return bits == 64;
  default:
    return true;
  }
}

llvm::Expected<llvm::Value *>
CallBuilder::call(llvm::IRBuilder<> &builder, llvm::StringRef name,
                  llvm::Type *type, llvm::ArrayRef<llvm::Value *> arguments) {
  const Handler *handler = getHandlers().find(name);
  if (!handler)
    return llvm::createStringError("unknown instruction " + name);
  bool hasSlot = llvm::is_contained(handler->arguments, ValueKind::Result);
  llvm::ArrayRef<ValueKind> kinds(handler->arguments);
  kinds = kinds.drop_front(hasSlot);
  if (kinds.size() != arguments.size())
    return llvm::createStringError(
        name + ": expected " + llvm::Twine(kinds.size()) + " arguments, got " +
        llvm::Twine(arguments.size()));
  llvm::SmallVector<llvm::Value *> passed;
  llvm::Value *slot = nullptr;
  if (hasSlot) {
    slot = allocate(type, 1);
    passed.push_back(slot);
  }
  for (auto [i, argument] : llvm::enumerate(arguments)) {
    if (!fits(argument->getType(), kinds[i]))
      return llvm::createStringError(name + ": unexpected type of argument " +
                                     llvm::Twine(i));
    passed.push_back(toHandlerType(builder, argument, kinds[i]));
  }
  llvm::CallInst *result =
      builder.CreateCall(declareHandler(module, *handler), passed);
  if (hasSlot)
    return builder.CreateLoad(type, slot);
  if (type->isVoidTy() || result->getType() == type)
    return result;
  if (handler->result == ValueKind::Void)
    return llvm::createStringError(name + ": a result was expected");
  if (type->isPointerTy())
    return builder.CreateAddrSpaceCast(result, type);
  llvm::Value *bits = toBits(builder, result);
  if (type->isIntegerTy())
    return builder.CreateZExtOrTrunc(bits, type);
  return builder.CreateBitCast(
      builder.CreateZExtOrTrunc(
          bits, builder.getIntNTy(type->getPrimitiveSizeInBits())),
      type);
}
