//===- Rewriter.cpp - From NVPTX's LLVM IR to the host's ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Rewriter.h"
#include "Atomics.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"
#include "llvm/IR/ReplaceConstant.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace ockham::emulator;

/// The address spaces of NVPTX.
static constexpr unsigned kGenericSpace = 0, kGlobalSpace = 1, kSharedSpace = 3,
                          kClusterSpace = 7;
/// What a fiber needs besides the kernel's own variables.
static constexpr uint64_t kBaseStackBytes = 64 << 10;

static llvm::Error makeError(const llvm::Twine &message) {
  return llvm::createStringError(message);
}

namespace {
class Rewriter {
public:
  Rewriter(llvm::Module &module, const llvm::DataLayout &layout,
           bool detectRaces, RewrittenModule &result)
      : module(module), layout(layout), detectRaces(detectRaces),
        result(result) {}

  llvm::Error run();

private:
  void addEntry(llvm::Function &kernel);
  void placeSharedVariables();
  llvm::Error rewriteSharedVariables(llvm::Function &function,
                                     CallBuilder &calls);
  llvm::Error rewriteFunction(llvm::Function &function);
  llvm::Error rewriteCall(llvm::CallInst &call, CallBuilder &calls,
                          std::vector<AccumulatorUse> &accumulators);
  llvm::Error instrument(llvm::Instruction &instruction, CallBuilder &calls);
  llvm::Error addAccess(llvm::Instruction &instruction, CallBuilder &calls,
                        llvm::Value *pointer, llvm::Value *bytes,
                        uint8_t flags);
  bool isWide(llvm::SyncScope::ID scope) const;

  llvm::Module &module;
  const llvm::DataLayout &layout;
  bool detectRaces;
  RewrittenModule &result;
  llvm::DenseMap<llvm::GlobalVariable *, uint64_t> sharedOffsets;
  uint64_t staticSharedBytes = 0, dynamicOffset = 0;
  uint64_t localBytes = 0;
};
} // namespace

/// A function that loads the arguments and calls the kernel.
void Rewriter::addEntry(llvm::Function &kernel) {
  llvm::LLVMContext &context = module.getContext();
  std::vector<uint64_t> &sizes = result.parameterBytes[kernel.getName().str()];
  auto *pointer = llvm::PointerType::get(context, 0);
  auto *entry = llvm::Function::Create(
      llvm::FunctionType::get(llvm::Type::getVoidTy(context), {pointer}, false),
      llvm::GlobalValue::ExternalLinkage, kEntryPrefix + kernel.getName(),
      module);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(context, "", entry));
  llvm::SmallVector<llvm::Value *> arguments;
  for (llvm::Argument &argument : kernel.args()) {
    llvm::Value *place = builder.CreateLoad(
        pointer, builder.CreateConstGEP1_32(pointer, entry->getArg(0),
                                            argument.getArgNo()));
    if (argument.hasByValAttr()) {
      sizes.push_back(layout.getTypeAllocSize(argument.getParamByValType()));
      argument.removeAttr(llvm::Attribute::ByVal);
      arguments.push_back(place);
      continue;
    }
    llvm::Type *type = argument.getType();
    sizes.push_back(layout.getTypeAllocSize(type));
    if (type->isIntegerTy(1))
      arguments.push_back(builder.CreateTrunc(
          builder.CreateLoad(builder.getInt8Ty(), place), type));
    else
      arguments.push_back(builder.CreateLoad(type, place));
  }
  builder.CreateCall(&kernel, arguments);
  builder.CreateRetVoid();
}

/// Variables with a size get their places; external ones without are the
/// dynamic shared memory behind them.
void Rewriter::placeSharedVariables() {
  llvm::SmallVector<llvm::GlobalVariable *> dynamic;
  uint64_t alignment = 16;
  for (llvm::GlobalVariable &variable : module.globals()) {
    if (variable.getAddressSpace() != kSharedSpace)
      continue;
    llvm::Type *type = variable.getValueType();
    uint64_t bytes = layout.getTypeAllocSize(type);
    uint64_t align =
        variable.getAlign().value_or(layout.getABITypeAlign(type)).value();
    if (!bytes) {
      dynamic.push_back(&variable);
      alignment = std::max(alignment, align);
      continue;
    }
    staticSharedBytes = llvm::alignTo(staticSharedBytes, align);
    sharedOffsets[&variable] = staticSharedBytes;
    staticSharedBytes += bytes;
  }
  dynamicOffset = llvm::alignTo(staticSharedBytes, alignment);
  for (llvm::GlobalVariable *variable : dynamic)
    sharedOffsets[variable] = dynamicOffset;
}

llvm::Error Rewriter::rewriteSharedVariables(llvm::Function &function,
                                             CallBuilder &calls) {
  // In the entry block, where the base of shared memory is.
  llvm::DenseMap<llvm::GlobalVariable *, llvm::Value *> addresses;
  auto getAddress = [&](llvm::GlobalVariable *variable) {
    llvm::Value *&address = addresses[variable];
    if (!address) {
      auto *base = llvm::cast<llvm::Instruction>(calls.getSharedBase());
      llvm::IRBuilder<> builder(base->getNextNode());
      address = builder.CreateAddrSpaceCast(
          builder.CreateConstGEP1_64(builder.getInt8Ty(), base,
                                     sharedOffsets.lookup(variable)),
          variable->getType());
    }
    return address;
  };
  for (llvm::Instruction &instruction : llvm::instructions(function))
    for (llvm::Use &use : instruction.operands()) {
      auto *variable = llvm::dyn_cast<llvm::GlobalVariable>(use.get());
      if (variable && sharedOffsets.count(variable))
        use.set(getAddress(variable));
    }
  return llvm::Error::success();
}

bool Rewriter::isWide(llvm::SyncScope::ID scope) const {
  llvm::SmallVector<llvm::StringRef> names;
  module.getContext().getSyncScopeNames(names);
  llvm::StringRef name = scope < names.size() ? names[scope] : "";
  return name.empty() || name == "device";
}

llvm::Error Rewriter::addAccess(llvm::Instruction &instruction,
                                CallBuilder &calls, llvm::Value *pointer,
                                llvm::Value *bytes, uint8_t flags) {
  llvm::IRBuilder<> builder(&instruction);
  return calls
      .call(builder, "ockham.access", builder.getVoidTy(),
            {pointer, bytes, builder.getInt32(flags)})
      .takeError();
}

/// Whether an access may be to memory that others see.
static bool isSharedAccess(const llvm::Value *pointer) {
  unsigned space = pointer->getType()->getPointerAddressSpace();
  if (space != kGenericSpace && space != kGlobalSpace &&
      space != kSharedSpace && space != kClusterSpace)
    return false;
  return !llvm::isa<llvm::AllocaInst>(pointer->stripInBoundsOffsets());
}

/// Plain accesses are announced to the race detector, atomic ones always: they
/// are where a thread may wait for another.
llvm::Error Rewriter::instrument(llvm::Instruction &instruction,
                                 CallBuilder &calls) {
  llvm::IRBuilder<> builder(&instruction);
  if (auto *fence = llvm::dyn_cast<llvm::FenceInst>(&instruction)) {
    calls.setSite(builder, instruction, "fence");
    return calls
        .call(builder,
              isWide(fence->getSyncScopeID()) ? "ockham.fence.device"
                                              : "ockham.fence.block",
              builder.getVoidTy(), {})
        .takeError();
  }
  if (auto *intrinsic = llvm::dyn_cast<llvm::MemIntrinsic>(&instruction)) {
    if (!detectRaces)
      return llvm::Error::success();
    calls.setSite(builder, instruction, "memory copy");
    if (auto *transfer = llvm::dyn_cast<llvm::MemTransferInst>(intrinsic))
      if (isSharedAccess(transfer->getRawSource()))
        if (llvm::Error error =
                addAccess(instruction, calls, transfer->getRawSource(),
                          transfer->getLength(), kRead))
          return error;
    if (!isSharedAccess(intrinsic->getRawDest()))
      return llvm::Error::success();
    return addAccess(instruction, calls, intrinsic->getRawDest(),
                     intrinsic->getLength(), kWrite);
  }

  llvm::Value *pointer = nullptr;
  llvm::Type *type = nullptr;
  uint32_t flags = 0;
  llvm::AtomicOrdering ordering = llvm::AtomicOrdering::NotAtomic;
  llvm::SyncScope::ID scope = llvm::SyncScope::System;
  bool isVolatile = false;
  if (auto *load = llvm::dyn_cast<llvm::LoadInst>(&instruction)) {
    pointer = load->getPointerOperand();
    type = load->getType();
    flags = kAtomicRead;
    ordering = load->getOrdering();
    scope = load->getSyncScopeID();
    isVolatile = load->isVolatile();
  } else if (auto *store = llvm::dyn_cast<llvm::StoreInst>(&instruction)) {
    pointer = store->getPointerOperand();
    type = store->getValueOperand()->getType();
    flags = kAtomicWrite;
    ordering = store->getOrdering();
    scope = store->getSyncScopeID();
    isVolatile = store->isVolatile();
  } else if (auto *update = llvm::dyn_cast<llvm::AtomicRMWInst>(&instruction)) {
    pointer = update->getPointerOperand();
    type = update->getType();
    flags = kAtomicRead | kAtomicWrite;
    ordering = update->getOrdering();
    scope = update->getSyncScopeID();
  } else if (auto *exchange =
                 llvm::dyn_cast<llvm::AtomicCmpXchgInst>(&instruction)) {
    pointer = exchange->getPointerOperand();
    type = exchange->getCompareOperand()->getType();
    flags = kAtomicRead | kAtomicWrite;
    ordering = exchange->getSuccessOrdering();
    scope = exchange->getSyncScopeID();
  }
  if (!pointer || !isSharedAccess(pointer))
    return llvm::Error::success();

  uint64_t bytes = layout.getTypeStoreSize(type);
  bool atomic = ordering != llvm::AtomicOrdering::NotAtomic;
  // A volatile access of a word is as good as a relaxed one of the system.
  if (isVolatile && bytes <= 8)
    atomic = true;
  if (!atomic) {
    if (!detectRaces)
      return llvm::Error::success();
    calls.setSite(builder, instruction,
                  flags & kAtomicWrite ? "store" : "load");
    return addAccess(instruction, calls, pointer, builder.getInt32(bytes),
                     flags & kAtomicWrite ? kWrite : kRead);
  }
  if (llvm::isAcquireOrStronger(ordering) && (flags & kAtomicRead))
    flags |= kAcquire;
  if (llvm::isReleaseOrStronger(ordering) && (flags & kAtomicWrite))
    flags |= kRelease;
  if (isWide(scope))
    flags |= kDeviceScope;
  calls.setSite(builder, instruction,
                flags == (flags & (kAtomicRead | kAcquire | kDeviceScope))
                    ? "atomic load"
                : flags & kAtomicRead ? "atomic operation"
                                      : "atomic store");
  if (llvm::Error error =
          calls
              .call(builder, "ockham.atomic", builder.getVoidTy(),
                    {pointer, builder.getInt32(bytes), builder.getInt32(flags)})
              .takeError())
    return error;
  if (!detectRaces)
    return llvm::Error::success();
  builder.SetInsertPoint(instruction.getNextNode());
  return calls.call(builder, "ockham.atomic.end", builder.getVoidTy(), {})
      .takeError();
}

llvm::Error Rewriter::rewriteCall(llvm::CallInst &call, CallBuilder &calls,
                                  std::vector<AccumulatorUse> &accumulators) {
  auto atLocation = [&](llvm::Error error) {
    if (!error)
      return error;
    return makeError(describeLocation(call) + ": " +
                     llvm::toString(std::move(error)));
  };
  if (call.isInlineAsm())
    return atLocation(rewriteInlineAssembly(call, calls, accumulators));
  llvm::Function *callee = call.getCalledFunction();
  if (!callee)
    return atLocation(makeError("indirect calls are not modelled"));
  llvm::StringRef name = callee->getName();
  const Handler *handler = getHandlers().find(name);
  if (!handler) {
    if (!callee->isDeclaration() || name.starts_with(kHandlerPrefix) ||
        (callee->isIntrinsic() && !name.starts_with("llvm.nvvm.")))
      return llvm::Error::success();
    return atLocation(makeError(
        (callee->isIntrinsic() ? "unknown instruction " : "unknown function ") +
        name));
  }
  llvm::IRBuilder<> builder(&call);
  if (!handler->pure) {
    llvm::StringRef shown = name;
    shown.consume_front("llvm.nvvm.");
    calls.setSite(builder, call, shown);
  }
  llvm::SmallVector<llvm::Value *> arguments(call.args());
  auto replaced = calls.call(builder, name, call.getType(), arguments);
  if (!replaced)
    return atLocation(replaced.takeError());
  if (!call.getType()->isVoidTy())
    call.replaceAllUsesWith(*replaced);
  call.eraseFromParent();
  return llvm::Error::success();
}

llvm::Error Rewriter::rewriteFunction(llvm::Function &function) {
  llvm::SmallVector<llvm::CallInst *> toRewrite;
  llvm::SmallVector<llvm::Instruction *> toInstrument;
  for (llvm::Instruction &instruction : llvm::instructions(function)) {
    if (auto *alloca = llvm::dyn_cast<llvm::AllocaInst>(&instruction)) {
      std::optional<llvm::TypeSize> size = alloca->getAllocationSize(layout);
      if (!size || size->isScalable())
        return makeError(describeLocation(instruction) +
                         ": local arrays of dynamic size are not modelled");
      localBytes += size->getFixedValue();
    }
    auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction);
    if (call && !llvm::isa<llvm::MemIntrinsic>(call)) {
      if (!llvm::isa<llvm::DbgInfoIntrinsic>(call))
        toRewrite.push_back(call);
    } else {
      toInstrument.push_back(&instruction);
    }
  }
  CallBuilder calls(function, result.sites);
  // First: casts of constants, which variables are, would be constants.
  if (llvm::Error error = rewriteSharedVariables(function, calls))
    return error;
  for (llvm::Instruction *instruction : toInstrument)
    if (llvm::Error error = instrument(*instruction, calls))
      return error;
  std::vector<AccumulatorUse> accumulators;
  for (llvm::CallInst *call : toRewrite)
    if (llvm::Error error = rewriteCall(*call, calls, accumulators))
      return error;
  return addAccumulatorChecks(function, calls, accumulators);
}

/// The product of what "nvvm.maxntid" or "nvvm.reqntid" lists.
static uint32_t getMaxThreads(const llvm::Function &kernel) {
  for (llvm::StringRef name : {"nvvm.reqntid", "nvvm.maxntid"}) {
    llvm::Attribute attribute = kernel.getFnAttribute(name);
    if (!attribute.isStringAttribute())
      continue;
    uint32_t product = 1, value;
    llvm::SmallVector<llvm::StringRef> parts;
    attribute.getValueAsString().split(parts, ',');
    for (llvm::StringRef part : parts)
      if (!part.trim().getAsInteger(10, value))
        product *= value;
    return product;
  }
  return 0;
}

llvm::Error Rewriter::run() {
  llvm::SmallVector<llvm::Function *> kernels, functions;
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    functions.push_back(&function);
    if (function.getCallingConv() == llvm::CallingConv::PTX_Kernel)
      kernels.push_back(&function);
  }
  if (kernels.empty())
    return makeError("the module has no kernels");
  module.setTargetTriple(llvm::Triple(llvm::sys::getProcessTriple()));
  module.setDataLayout(layout);
  // Site 0 is no instruction.
  result.sites.push_back({"nothing", "nowhere"});
  placeSharedVariables();
  llvm::SmallVector<llvm::Constant *> shared;
  for (auto &[variable, offset] : sharedOffsets)
    shared.push_back(variable);
  llvm::convertUsersOfConstantsToInstructions(shared);
  for (llvm::Function *function : functions)
    if (llvm::Error error = rewriteFunction(*function))
      return error;
  for (llvm::Constant *variable : shared) {
    variable->removeDeadConstantUsers();
    if (!variable->use_empty())
      return makeError("the address of the shared variable " +
                       variable->getName() + " is needed at compile time");
    llvm::cast<llvm::GlobalVariable>(variable)->eraseFromParent();
  }
  for (llvm::Function *kernel : kernels) {
    KernelCode &code = result.kernels[kernel->getName().str()];
    code.staticSharedBytes = staticSharedBytes;
    code.dynamicOffset = dynamicOffset;
    code.stackBytes = kBaseStackBytes + 2 * localBytes;
    code.maxThreads = getMaxThreads(*kernel);
    addEntry(*kernel);
    kernel->setCallingConv(llvm::CallingConv::C);
    kernel->setLinkage(llvm::GlobalValue::InternalLinkage);
  }
  for (llvm::GlobalVariable &variable : module.globals())
    if (!variable.isDeclaration() && !variable.getName().starts_with("llvm.") &&
        (variable.getAddressSpace() == kGlobalSpace ||
         variable.getAddressSpace() == kGenericSpace)) {
      // Found by name once it is compiled.
      variable.setLinkage(llvm::GlobalValue::ExternalLinkage);
      result.variables.push_back(variable.getName().str());
    }
  return llvm::Error::success();
}

llvm::Error ockham::emulator::rewriteModule(llvm::Module &module,
                                            const llvm::DataLayout &layout,
                                            bool detectRaces,
                                            RewrittenModule &result) {
  return Rewriter(module, layout, detectRaces, result).run();
}
