//===- OperandRoles.cpp - A pass plugin that asks an interface ------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Tools/Plugins/PassPlugin.h"

using namespace mlir;
using namespace ockham;

namespace {
/// Says at each op what TransformerOpInterface answers for its operands.
struct OperandRoles : PassWrapper<OperandRoles, OperationPass<func::FuncOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OperandRoles)

  StringRef getArgument() const override { return "operand-roles"; }
  StringRef getDescription() const override {
    return "Print parameters, linearity and row independence of tfm ops";
  }
  void runOnOperation() override {
    getOperation().walk([](tfm::TransformerOpInterface op) {
      SmallVector<OpOperand *> parameters = op.getParameterOperands();
      InFlightDiagnostic remark = op->emitRemark();
      for (OpOperand &operand : op->getOpOperands()) {
        remark << operand.getOperandNumber() << ":";
        remark << (llvm::is_contained(parameters, &operand) ? " parameter"
                                                            : " activation");
        remark << (op.isLinearIn(operand) ? " linear, " : ", ");
      }
      remark << (op.hasIndependentRows() ? "rows independent" : "rows mixed");
    });
  }
};
} // namespace

extern "C" LLVM_ATTRIBUTE_WEAK PassPluginLibraryInfo mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "OperandRoles", "0.1",
          [] { PassRegistration<OperandRoles>(); }};
}
