//===- Rewriter.h - From NVPTX's LLVM IR to the host's ----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EMULATOR_REWRITER_H
#define OCKHAM_LIB_EMULATOR_REWRITER_H

#include "Handlers.h"
#include "Machine.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InlineAsm.h"
#include "llvm/IR/Module.h"

namespace ockham::emulator {

/// The functions that compiled code calls are named so, followed by the name of
/// the handler.
constexpr const char kHandlerPrefix[] = "ockham_emulator$";
/// The functions that start a kernel take an array of pointers to arguments.
constexpr const char kEntryPrefix[] = "ockham_entry$";

/// A wgmma in compiled code.
struct AccumulatorUse {
  llvm::CallInst *call;
  llvm::SmallVector<llvm::Value *> inputs, outputs;
};

/// What a module's compiled code needs when it runs.
struct RewrittenModule {
  std::vector<Site> sites;
  std::map<std::string, KernelCode> kernels;
  std::map<std::string, std::vector<uint64_t>> parameterBytes;
  /// Global variables in global memory, by name.
  std::vector<std::string> variables;
};

/// Inserts calls of handlers into one function.
class CallBuilder {
public:
  CallBuilder(llvm::Function &function, std::vector<Site> &sites);

  /// Calls a handler before `where`, with arguments of any type; returns its
  /// result as `type`.
  llvm::Expected<llvm::Value *> call(llvm::IRBuilder<> &builder,
                                     llvm::StringRef name, llvm::Type *type,
                                     llvm::ArrayRef<llvm::Value *> arguments);
  /// Declares the instruction that the next calls belong to.
  void setSite(llvm::IRBuilder<> &builder, const llvm::Instruction &where,
               llvm::StringRef instruction);
  /// The current site's number.
  uint32_t getSite() const { return sites.size() - 1; }
  llvm::Value *getSharedBase() const { return sharedBase; }
  /// An alloca in the entry block.
  llvm::Value *allocate(llvm::Type *type, unsigned count);

private:
  llvm::Value *toHandlerType(llvm::IRBuilder<> &builder, llvm::Value *value,
                             ValueKind kind);

  llvm::Function &function;
  llvm::Module &module;
  std::vector<Site> &sites;
  llvm::Value *sitePlace, *counts, *sharedBase;
};

/// "file:line:column", or the function's name.
std::string describeLocation(const llvm::Instruction &instruction);

/// Replaces all that is NVPTX's in the module, whose data layout becomes that
/// of the host.
llvm::Error rewriteModule(llvm::Module &module, const llvm::DataLayout &layout,
                          bool detectRaces, RewrittenModule &result);

/// Replaces one inline PTX statement.
llvm::Error rewriteInlineAssembly(llvm::CallInst &call, CallBuilder &calls,
                                  std::vector<AccumulatorUse> &accumulators);

/// Gives each wgmma the token of its accumulators, and checks them where
/// anything else uses them.
llvm::Error addAccumulatorChecks(llvm::Function &function, CallBuilder &calls,
                                 llvm::ArrayRef<AccumulatorUse> uses);

} // namespace ockham::emulator

#endif // OCKHAM_LIB_EMULATOR_REWRITER_H
