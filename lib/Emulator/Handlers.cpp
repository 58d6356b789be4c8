//===- Handlers.cpp - The instructions and who executes them --------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Handlers.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"

using namespace ockham::emulator;

const Handler *HandlerTable::find(llvm::StringRef name) const {
  auto it = handlers.find(name);
  if (it != handlers.end())
    return &it->second;
  // Overloads for pointers of several address spaces are the same here.
  auto [head, tail] = name.rsplit('.');
  if (tail.size() >= 2 && tail[0] == 'p' &&
      llvm::all_of(tail.drop_front(), llvm::isDigit))
    return find(head);
  return nullptr;
}

PTXTranslation HandlerTable::findPTX(llvm::StringRef opcode) const {
  PTXTranslation best = nullptr;
  size_t length = 0;
  for (const auto &[prefix, translation] : translations)
    if (opcode.starts_with(prefix) && prefix.size() >= length &&
        (opcode.size() == prefix.size() || opcode[prefix.size()] == '.')) {
      best = translation;
      length = prefix.size();
    }
  return best;
}

const HandlerTable &ockham::emulator::getHandlers() {
  static const HandlerTable table = [] {
    HandlerTable table;
    addApproximateMathHandlers(table);
    addAsyncCopyHandlers(table);
    addAtomicHandlers(table);
    addBarrierHandlers(table);
    addBulkCopyHandlers(table);
    addFenceHandlers(table);
    addMathHandlers(table);
    addMatrixHandlers(table);
    addMBarrierHandlers(table);
    addRoundedMathHandlers(table);
    addShuffleHandlers(table);
    addSpecialRegisterHandlers(table);
    addWarpGroupHandlers(table);
    return table;
  }();
  return table;
}

llvm::Error ockham::emulator::translateToCall(llvm::StringRef handler,
                                              unsigned results,
                                              const PTXInstruction &instruction,
                                              PTXBuilder &builder) {
  if (instruction.operands.size() < results)
    return llvm::createStringError("expected at least " + llvm::Twine(results) +
                                   " operands, got " +
                                   llvm::Twine(instruction.operands.size()));
  llvm::SmallVector<llvm::Value *> arguments;
  for (const PTXOperand &operand :
       llvm::ArrayRef(instruction.operands).drop_front(results))
    arguments.push_back(builder.read(operand));
  llvm::Expected<llvm::Value *> result = builder.call(handler, arguments);
  if (!result)
    return result.takeError();
  if (results == 1 && *result)
    return builder.write(instruction.operands[0], *result);
  return llvm::Error::success();
}
