//===- FuzzImportONNX.cpp - Random files to the importer ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A libFuzzer target: any bytes are imported, verified and normalised. Whatever
// the bytes are, the importer gives one error or a module that the verifier
// accepts, and so does --onnx-normalize.
//
//===----------------------------------------------------------------------===//

#include "MutateONNX.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "ockham/Import/ImportONNX.h"
#include "ockham/Transforms/Passes.h"

using namespace mlir;

/// Contexts keep all types and names that they have seen, and are slow to set
/// up.
static MLIRContext &getContext() {
  constexpr unsigned lifetime = 64;
  static std::unique_ptr<MLIRContext> context;
  static unsigned uses = 0;
  if (!context || ++uses % lifetime == 0)
    context = std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
  return *context;
}

[[noreturn]] static void fail(const llvm::Twine &text) {
  llvm::errs() << "fuzz-import-onnx: " << text << "\n";
  abort();
}

static bool isOneLine(llvm::StringRef text) {
  return !text.empty() && llvm::all_of(text, [](unsigned char c) {
    return c >= ' ' && c != 0x7f;
  });
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  MLIRContext &context = getContext();
  unsigned errors = 0;
  auto check = [&](const llvm::Twine &message) {
    if (!isOneLine(message.str()))
      fail("the message is not one line: " + message);
  };
  OwningOpRef<ModuleOp> module = ockham::importONNX(
      llvm::StringRef(reinterpret_cast<const char *>(data), size),
      // No external data lie there.
      "/nonexistent/fuzz.onnx", context, ockham::ImportOptions(),
      [&](const llvm::Twine &message) {
        ++errors;
        check(message);
      },
      check);
  if (errors != (module ? 0u : 1u))
    fail(llvm::Twine(errors) + " errors for a model that was " +
         (module ? "accepted" : "refused"));
  if (!module)
    return 0;
  std::string diagnostic;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &d) {
    if (d.getSeverity() == DiagnosticSeverity::Error)
      diagnostic = d.str();
    return success();
  });
  if (failed(verify(*module)))
    fail("the importer's module is not valid: " + diagnostic);
  PassManager passes(&context);
  passes.enableVerifier(false);
  passes.addPass(ockham::createONNXNormalize());
  if (failed(passes.run(*module))) {
    // A pass may find out that the model is wrong, but has to say so.
    if (diagnostic.empty())
      fail("--onnx-normalize failed without a message");
  } else if (failed(verify(*module))) {
    fail("--onnx-normalize's module is not valid: " + diagnostic);
  }
  return 0;
}

extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size,
                                          size_t maxSize, unsigned seed) {
  std::string mutated = ockham::mutateModel(
      llvm::StringRef(reinterpret_cast<const char *>(data), size), seed,
      [](std::string &bytes) {
        size_t old = bytes.size(), most = old + 16;
        bytes.resize(most);
        bytes.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t *>(bytes.data()),
                                      old, most));
      });
  // Damage to the bytes themselves, too, and where the rest gave nothing.
  if (mutated.empty() || mutated.size() > maxSize || seed % 8 == 0)
    return LLVMFuzzerMutate(data, size, maxSize);
  std::copy(mutated.begin(), mutated.end(), data);
  return mutated.size();
}
