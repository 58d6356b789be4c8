//===- ParseModule.h - Device code from bitcode or text ---------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EMULATOR_PARSEMODULE_H
#define OCKHAM_LIB_EMULATOR_PARSEMODULE_H

#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBufferRef.h"

namespace ockham::emulator {

/// LLVM bitcode or text as a module that LLVM's verifier accepts, or an error
/// that says what is wrong with it. Debug information that is wrong is dropped.
llvm::Expected<std::unique_ptr<llvm::Module>>
parseModule(llvm::MemoryBufferRef buffer, llvm::LLVMContext &context);

} // namespace ockham::emulator

#endif // OCKHAM_LIB_EMULATOR_PARSEMODULE_H
