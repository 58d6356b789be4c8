//===- InlineAssembly.cpp - Inline PTX becomes calls of handlers ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PTXParser.h"
#include "Rewriter.h"
#include "llvm/Transforms/Utils/BasicBlockUtils.h"

using namespace ockham::emulator;

static llvm::Error makeError(const llvm::Twine &message) {
  return llvm::createStringError(message);
}

namespace {
/// Lowers one statement. Registers are variables on the stack, which LLVM turns
/// into values again; where there are no branches, they are values at once.
class Lowering : public PTXBuilder {
public:
  Lowering(llvm::CallInst &call, CallBuilder &calls,
           std::vector<AccumulatorUse> &accumulators)
      : asmCall(call), calls(calls), accumulators(accumulators),
        builder(&call) {}

  llvm::Error run();

  llvm::Value *read(const PTXOperand &operand) override;
  llvm::Error write(const PTXOperand &operand, llvm::Value *value) override;
  llvm::Value *getInt32(uint32_t value) override {
    return builder.getInt32(value);
  }
  llvm::Value *getInt64(uint64_t value) override {
    return builder.getInt64(value);
  }
  llvm::Expected<llvm::Value *>
  call(llvm::StringRef handler,
       llvm::ArrayRef<llvm::Value *> arguments) override;
  llvm::Value *allocateWords(unsigned count) override {
    return calls.allocate(builder.getInt32Ty(), count);
  }
  void storeWord(llvm::Value *words, unsigned i, llvm::Value *value) override {
    builder.CreateStore(
        value, builder.CreateConstGEP1_32(builder.getInt32Ty(), words, i));
  }
  llvm::Value *loadWord(llvm::Value *words, unsigned i, bool isFloat) override {
    return builder.CreateLoad(
        isFloat ? builder.getFloatTy() : builder.getInt32Ty(),
        builder.CreateConstGEP1_32(builder.getInt32Ty(), words, i));
  }
  std::optional<int64_t> getConstant(const PTXOperand &operand) override;
  void markAccumulators(llvm::Value *time, llvm::ArrayRef<llvm::Value *> inputs,
                        llvm::ArrayRef<llvm::Value *> outputs) override {
    accumulators.push_back({llvm::cast<llvm::CallInst>(time),
                            llvm::SmallVector<llvm::Value *>(inputs),
                            llvm::SmallVector<llvm::Value *>(outputs)});
  }

private:
  llvm::Error bindOperands();
  llvm::Error declare(const PTXStatement &statement);
  llvm::Error lower(const PTXStatement &statement);
  llvm::Error lowerInstruction(const PTXInstruction &instruction);
  llvm::Error lowerComparison(const PTXInstruction &instruction);
  llvm::Value *readPredicate(llvm::StringRef name, bool negated);
  llvm::BasicBlock *getLabel(llvm::StringRef name);
  void addRegister(llvm::StringRef name, llvm::Type *type, llvm::Value *value);

  struct Register {
    llvm::Type *type;
    /// The variable if there are branches, or else the value.
    llvm::Value *storage;
  };

  llvm::CallInst &asmCall;
  CallBuilder &calls;
  std::vector<AccumulatorUse> &accumulators;
  llvm::IRBuilder<> builder;
  bool branches = false;
  std::map<std::string, Register> registers;
  std::map<std::string, llvm::BasicBlock *> labels;
  std::vector<std::string> outputs;
};
} // namespace

void Lowering::addRegister(llvm::StringRef name, llvm::Type *type,
                           llvm::Value *value) {
  if (branches) {
    llvm::Value *variable = calls.allocate(type, 1);
    if (value)
      builder.CreateStore(value, variable);
    value = variable;
  } else if (!value) {
    value = llvm::PoisonValue::get(type);
  }
  registers[name.str()] = {type, value};
}

/// Operands $i are the outputs, then the inputs.
llvm::Error Lowering::bindOperands() {
  auto &assembly = *llvm::cast<llvm::InlineAsm>(asmCall.getCalledOperand());
  unsigned next = 0, argument = 0;
  llvm::Type *result = asmCall.getType();
  for (const llvm::InlineAsm::ConstraintInfo &info :
       assembly.ParseConstraints()) {
    std::string name = "$" + std::to_string(next);
    switch (info.Type) {
    case llvm::InlineAsm::isOutput: {
      if (info.isIndirect)
        return makeError("indirect outputs of inline PTX are not modelled");
      unsigned index = outputs.size();
      llvm::Type *type =
          result->isStructTy() ? result->getStructElementType(index) : result;
      addRegister(name, type, nullptr);
      outputs.push_back(name);
      ++next;
      break;
    }
    case llvm::InlineAsm::isInput: {
      llvm::Value *value = asmCall.getArgOperand(argument++);
      addRegister(name, value->getType(), value);
      // A tied input is what its output holds at first.
      if (info.hasMatchingInput() || info.Codes.empty())
        return makeError("constraints of inline PTX that are not modelled");
      unsigned tied;
      if (!llvm::StringRef(info.Codes[0]).getAsInteger(10, tied)) {
        if (tied >= outputs.size())
          return makeError("a tied input without output");
        Register &output = registers[outputs[tied]];
        if (branches)
          builder.CreateStore(value, output.storage);
        else
          output.storage = value;
      }
      ++next;
      break;
    }
    case llvm::InlineAsm::isClobber:
      break;
    case llvm::InlineAsm::isLabel:
      return makeError("inline PTX that jumps out is not modelled");
    }
  }
  return llvm::Error::success();
}

llvm::Error Lowering::declare(const PTXStatement &statement) {
  llvm::Type *type = nullptr;
  llvm::StringRef name = statement.name;
  if (name == "pred")
    type = builder.getInt1Ty();
  else if (name == "f32")
    type = builder.getFloatTy();
  else if (name == "f64")
    type = builder.getDoubleTy();
  else if (name.ends_with("16"))
    type = builder.getInt16Ty();
  else if (name.ends_with("32"))
    type = builder.getInt32Ty();
  else if (name.ends_with("64"))
    type = builder.getInt64Ty();
  else
    return makeError("registers of type ." + name + " are not modelled");
  for (const std::string &declared : statement.registers)
    addRegister(declared, type, nullptr);
  return llvm::Error::success();
}

llvm::Value *Lowering::read(const PTXOperand &operand) {
  switch (operand.kind) {
  case PTXOperand::Immediate:
    return builder.getInt32(operand.value);
  case PTXOperand::Address: {
    llvm::Value *base = read(operand.elements[0]);
    if (!operand.value)
      return base;
    if (base->getType()->isPointerTy())
      return builder.CreateConstGEP1_64(builder.getInt8Ty(), base,
                                        operand.value);
    return builder.CreateAdd(
        base, llvm::ConstantInt::get(base->getType(), operand.value));
  }
  default: {
    auto it = registers.find(operand.text);
    // Unknown names have been refused before.
    if (it == registers.end())
      return builder.getInt32(0);
    return branches ? builder.CreateLoad(it->second.type, it->second.storage)
                    : it->second.storage;
  }
  }
}

std::optional<int64_t> Lowering::getConstant(const PTXOperand &operand) {
  auto *constant = llvm::dyn_cast<llvm::ConstantInt>(read(operand));
  if (!constant)
    return std::nullopt;
  return constant->getSExtValue();
}

llvm::Error Lowering::write(const PTXOperand &operand, llvm::Value *value) {
  if (operand.kind == PTXOperand::Sink)
    return llvm::Error::success();
  auto it = registers.find(operand.text);
  if (operand.kind != PTXOperand::Register || it == registers.end())
    return makeError("expected a register to write to, got '" + operand.text +
                     "'");
  llvm::Type *type = it->second.type;
  if (value->getType() != type) {
    if (value->getType()->isIntegerTy() && type->isIntegerTy(1))
      value = builder.CreateICmpNE(value,
                                   llvm::ConstantInt::get(value->getType(), 0));
    else if (value->getType()->isIntegerTy() && type->isIntegerTy())
      value = builder.CreateZExtOrTrunc(value, type);
    else
      value = builder.CreateBitCast(value, type);
  }
  if (branches)
    builder.CreateStore(value, it->second.storage);
  else
    it->second.storage = value;
  return llvm::Error::success();
}

llvm::Expected<llvm::Value *>
Lowering::call(llvm::StringRef handler,
               llvm::ArrayRef<llvm::Value *> arguments) {
  const Handler *found = getHandlers().find(handler);
  if (!found)
    return makeError("there is no handler " + handler);
  llvm::Type *type = builder.getVoidTy();
  switch (found->result) {
  case ValueKind::I32:
    type = builder.getInt32Ty();
    break;
  case ValueKind::I64:
    type = builder.getInt64Ty();
    break;
  case ValueKind::F32:
    type = builder.getFloatTy();
    break;
  case ValueKind::F64:
    type = builder.getDoubleTy();
    break;
  case ValueKind::Pointer:
    type = builder.getPtrTy();
    break;
  case ValueKind::Void:
  case ValueKind::Result:
    break;
  }
  return calls.call(builder, handler, type, arguments);
}

llvm::Value *Lowering::readPredicate(llvm::StringRef name, bool negated) {
  PTXOperand operand;
  operand.text = name.str();
  llvm::Value *value = read(operand);
  if (!value->getType()->isIntegerTy(1))
    value = builder.CreateICmpNE(value,
                                 llvm::ConstantInt::get(value->getType(), 0));
  return negated ? builder.CreateNot(value) : value;
}

llvm::BasicBlock *Lowering::getLabel(llvm::StringRef name) {
  llvm::BasicBlock *&block = labels[name.str()];
  if (!block)
    block = llvm::BasicBlock::Create(asmCall.getContext(), "ptx." + name,
                                     asmCall.getFunction());
  return block;
}

/// setp.cmp.type p, a, b
llvm::Error Lowering::lowerComparison(const PTXInstruction &instruction) {
  llvm::SmallVector<llvm::StringRef> parts;
  llvm::StringRef(instruction.text).split(parts, '.');
  if (parts.size() != 3 || instruction.operands.size() != 3)
    return makeError("this form of setp is not modelled");
  bool isSigned = parts[2].starts_with("s");
  using P = llvm::CmpInst::Predicate;
  std::optional<P> predicate =
      llvm::StringSwitch<std::optional<P>>(parts[1])
          .Case("eq", P::ICMP_EQ)
          .Case("ne", P::ICMP_NE)
          .Case("lt", isSigned ? P::ICMP_SLT : P::ICMP_ULT)
          .Case("le", isSigned ? P::ICMP_SLE : P::ICMP_ULE)
          .Case("gt", isSigned ? P::ICMP_SGT : P::ICMP_UGT)
          .Case("ge", isSigned ? P::ICMP_SGE : P::ICMP_UGE)
          .Default(std::nullopt);
  if (!predicate || parts[2].starts_with("f"))
    return makeError("this form of setp is not modelled");
  llvm::Value *a = read(instruction.operands[1]);
  llvm::Value *b = read(instruction.operands[2]);
  llvm::Type *type =
      a->getType()->isIntegerTy() ? a->getType() : builder.getInt32Ty();
  if (b->getType() != type)
    b = builder.CreateZExtOrTrunc(b, type);
  return write(instruction.operands[0], builder.CreateICmp(*predicate, a, b));
}

llvm::Error Lowering::lowerInstruction(const PTXInstruction &instruction) {
  llvm::StringRef opcode = instruction.opcode;
  llvm::StringRef first = opcode.split('.').first;
  if (first == "setp")
    return lowerComparison(instruction);
  if (first == "mov" && instruction.operands.size() == 2)
    return write(instruction.operands[0], read(instruction.operands[1]));
  if (first == "selp" && instruction.operands.size() == 4)
    return write(
        instruction.operands[0],
        builder.CreateSelect(readPredicate(instruction.operands[3].text, false),
                             read(instruction.operands[1]),
                             read(instruction.operands[2])));
  PTXTranslation translation = getHandlers().findPTX(opcode);
  if (!translation)
    return makeError("unknown instruction " + instruction.text);
  return translation(instruction, *this);
}

llvm::Error Lowering::lower(const PTXStatement &statement) {
  if (statement.kind == PTXStatement::Declaration)
    return declare(statement);
  if (statement.kind == PTXStatement::Label) {
    llvm::BasicBlock *block = getLabel(statement.name);
    builder.CreateBr(block);
    builder.SetInsertPoint(block);
    return llvm::Error::success();
  }
  llvm::BasicBlock *next = nullptr;
  const PTXInstruction &instruction = statement.instruction;
  bool isBranch = llvm::StringRef(instruction.opcode).split('.').first == "bra";
  auto makeBlock = [&](const llvm::Twine &name) {
    return llvm::BasicBlock::Create(asmCall.getContext(), name,
                                    asmCall.getFunction());
  };
  if (isBranch) {
    if (instruction.operands.size() != 1)
      return makeError("expected a label after bra");
    llvm::BasicBlock *target = getLabel(instruction.operands[0].text);
    next = makeBlock("ptx.next");
    if (statement.predicate.empty())
      builder.CreateBr(target);
    else
      builder.CreateCondBr(
          readPredicate(statement.predicate, statement.negatedPredicate),
          target, next);
    builder.SetInsertPoint(next);
    return llvm::Error::success();
  }
  if (!statement.predicate.empty()) {
    llvm::BasicBlock *then = makeBlock("ptx.then");
    next = makeBlock("ptx.next");
    builder.CreateCondBr(
        readPredicate(statement.predicate, statement.negatedPredicate), then,
        next);
    builder.SetInsertPoint(then);
  }
  if (llvm::Error error = lowerInstruction(instruction))
    return error;
  if (next) {
    builder.CreateBr(next);
    builder.SetInsertPoint(next);
  }
  return llvm::Error::success();
}

/// Registers that an operand names but nobody has declared.
static llvm::Error
checkNames(const PTXOperand &operand,
           llvm::function_ref<bool(llvm::StringRef)> isKnown) {
  if (operand.kind == PTXOperand::Register && !isKnown(operand.text))
    return makeError("unknown register '" + operand.text + "'");
  for (const PTXOperand &element : operand.elements)
    if (llvm::Error error = checkNames(element, isKnown))
      return error;
  return llvm::Error::success();
}

static llvm::Error checkNames(llvm::ArrayRef<PTXStatement> statements) {
  std::set<std::string> names, labels;
  for (const PTXStatement &statement : statements) {
    names.insert(statement.registers.begin(), statement.registers.end());
    if (statement.kind == PTXStatement::Label)
      labels.insert(statement.name);
  }
  for (const PTXStatement &statement : statements) {
    bool isBranch =
        llvm::StringRef(statement.instruction.opcode).split('.').first == "bra";
    auto isKnown = [&](llvm::StringRef name) {
      return isBranch ? labels.count(name.str()) != 0
                      : name.starts_with("$") || names.count(name.str());
    };
    if (!statement.predicate.empty() &&
        !llvm::StringRef(statement.predicate).starts_with("$") &&
        !names.count(statement.predicate))
      return makeError("unknown predicate '" + statement.predicate + "'");
    for (const PTXOperand &operand : statement.instruction.operands)
      if (llvm::Error error = checkNames(operand, isKnown))
        return error;
  }
  return llvm::Error::success();
}

llvm::Error Lowering::run() {
  auto &assembly = *llvm::cast<llvm::InlineAsm>(asmCall.getCalledOperand());
  auto statements = parsePTX(assembly.getAsmString());
  if (!statements)
    return statements.takeError();
  if (llvm::Error error = checkNames(*statements))
    return error;
  for (const PTXStatement &statement : *statements)
    branches |=
        statement.kind == PTXStatement::Label || !statement.predicate.empty();
  std::string name;
  for (const PTXStatement &statement : *statements)
    if (statement.kind == PTXStatement::Instruction) {
      llvm::StringRef opcode = statement.instruction.opcode;
      llvm::StringRef first = opcode.split('.').first;
      if (first != "setp" && first != "bra" && first != "mov") {
        name = statement.instruction.text;
        break;
      }
    }
  llvm::BasicBlock *after = nullptr;
  if (branches) {
    llvm::BasicBlock *before = asmCall.getParent();
    after = before->splitBasicBlock(&asmCall, "ptx.after");
    before->getTerminator()->eraseFromParent();
    builder.SetInsertPoint(before);
  }
  builder.SetCurrentDebugLocation(asmCall.getDebugLoc());
  if (llvm::Error error = bindOperands())
    return error;
  calls.setSite(builder, asmCall, name);
  for (const PTXStatement &statement : *statements)
    if (llvm::Error error = lower(statement))
      return error;
  if (branches) {
    builder.CreateBr(after);
    builder.SetInsertPoint(&asmCall);
  }
  auto getOutput = [&](unsigned i) {
    PTXOperand operand;
    operand.text = outputs[i];
    return read(operand);
  };
  if (asmCall.getType()->isStructTy()) {
    llvm::Value *result = llvm::PoisonValue::get(asmCall.getType());
    for (unsigned i = 0; i < outputs.size(); ++i)
      result = builder.CreateInsertValue(result, getOutput(i), i);
    asmCall.replaceAllUsesWith(result);
  } else if (!outputs.empty()) {
    asmCall.replaceAllUsesWith(getOutput(0));
  }
  asmCall.eraseFromParent();
  return llvm::Error::success();
}

llvm::Error ockham::emulator::rewriteInlineAssembly(
    llvm::CallInst &call, CallBuilder &calls,
    std::vector<AccumulatorUse> &accumulators) {
  return Lowering(call, calls, accumulators).run();
}
