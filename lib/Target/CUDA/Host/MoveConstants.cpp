//===- MoveConstants.cpp - Constants are weights of the device ------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/IR/SymbolTable.h"
#include "ockham/Target/CUDA/Host/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CUDAMOVECONSTANTS
#include "ockham/Target/CUDA/Host/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

namespace {
struct CUDAMoveConstants
    : ockham::impl::CUDAMoveConstantsBase<CUDAMoveConstants> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    SymbolTable symbols(module);
    SmallVector<memref::GetGlobalOp> uses;
    module.walk([&](memref::GetGlobalOp op) { uses.push_back(op); });
    for (memref::GetGlobalOp use : uses) {
      auto global = symbols.lookup<memref::GlobalOp>(use.getName());
      auto name = FlatSymbolRefAttr::get(&getContext(),
                                         use.getName().str() + ".weight");
      auto value = global ? dyn_cast_or_null<ElementsAttr>(
                                global.getInitialValue().value_or(Attribute()))
                          : ElementsAttr();
      if (!value || !global.getConstant()) {
        use.emitOpError("reads a global that is not constant; expected an "
                        "initialised constant, which becomes a weight");
        return signalPassFailure();
      }
      if (!symbols.lookup(name.getValue())) {
        OpBuilder b(global);
        auto weight = WeightOp::create(
            b, global.getLoc(), b.getStringAttr(name.getValue()),
            TypeAttr::get(
                RankedTensorType::get(global.getType().getShape(),
                                      global.getType().getElementType())),
            /*source=*/StringAttr(), b.getStringAttr("row-major"), value,
            /*init=*/nullptr);
        symbols.insert(weight);
      }
      OpBuilder b(use);
      auto load = LoadWeightOp::create(b, use.getLoc(), use.getType(), name);
      use.replaceAllUsesWith(load.getResult());
      use.erase();
    }
    for (auto global :
         llvm::make_early_inc_range(module.getOps<memref::GlobalOp>()))
      global.erase();
  }
};
} // namespace
