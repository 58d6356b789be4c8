//===- CountLinears.cpp - A pass plugin -----------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An example of a pass that lives outside of Ockham. ockham-opt loads it with
// --load-pass-plugin; --pass-pipeline then knows count-linears.
//
//===----------------------------------------------------------------------===//

#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

using namespace mlir;
using namespace ockham;

namespace {
/// Says at each function how many linear layers it has.
struct CountLinears : PassWrapper<CountLinears, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CountLinears)

  StringRef getArgument() const override { return "count-linears"; }
  StringRef getDescription() const override {
    return "Count the linear layers of each function";
  }
  void runOnOperation() override {
    unsigned count = 0;
    getOperation().walk([&](tfm::LinearOp) { ++count; });
    getOperation().emitRemark() << count << " linear layers";
  }
};
} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "CountLinears", "0.1",
          [] { PassRegistration<CountLinears>(); }};
}
