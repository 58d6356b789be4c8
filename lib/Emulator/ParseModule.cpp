//===- ParseModule.cpp - Device code from bitcode or text -----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ParseModule.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/Verifier.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/raw_ostream.h"

/// LLVM's readers verify a module before they bring its debug information up to
/// date, and end the process where it is not valid. This leaves both to us.
static void leaveVerificationToUs() {
  auto &options = llvm::cl::getRegisteredOptions();
  auto it = options.find("disable-auto-upgrade-debug-info");
  if (it != options.end())
    *static_cast<llvm::cl::opt<bool> *>(it->second) = true;
}

llvm::Expected<std::unique_ptr<llvm::Module>>
ockham::emulator::parseModule(llvm::MemoryBufferRef buffer,
                              llvm::LLVMContext &context) {
  static const bool once = (leaveVerificationToUs(), true);
  (void)once;
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::SMDiagnostic diagnostic;
  std::unique_ptr<llvm::Module> module =
      llvm::parseIR(buffer, diagnostic, context);
  if (!module) {
    diagnostic.print(nullptr, os, /*ShowColors=*/false);
    return llvm::createStringError(llvm::StringRef(text).rtrim());
  }
  bool brokenDebugInfo = false;
  if (llvm::verifyModule(*module, &os, &brokenDebugInfo))
    return llvm::createStringError(
        buffer.getBufferIdentifier() +
        ": no valid LLVM module: " + llvm::StringRef(text).rtrim());
  if (brokenDebugInfo)
    llvm::StripDebugInfo(*module);
  return module;
}
