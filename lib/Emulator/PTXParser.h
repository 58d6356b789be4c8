//===- PTXParser.h - Reads inline PTX ---------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EMULATOR_PTXPARSER_H
#define OCKHAM_LIB_EMULATOR_PTXPARSER_H

#include "Handlers.h"

namespace ockham::emulator {

/// A statement of inline PTX: a label, a declaration of registers, or an
/// instruction that may be predicated.
struct PTXStatement {
  enum Kind { Label, Declaration, Instruction } kind = Instruction;
  /// The label; or the type of declared registers, e.g. "pred".
  std::string name;
  /// Declared registers.
  std::vector<std::string> registers;
  PTXInstruction instruction;
  std::string predicate;
  bool negatedPredicate = false;
};

/// Operands of the asm statement are registers named "$0", "$1" and so on.
llvm::Expected<std::vector<PTXStatement>> parsePTX(llvm::StringRef text);

} // namespace ockham::emulator

#endif // OCKHAM_LIB_EMULATOR_PTXPARSER_H
