//===- ProtectInputs.cpp - Inputs are read only ---------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "ockham/Target/CPU/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_CPUPROTECTINPUTS
#include "ockham/Target/CPU/Passes.h.inc"
} // namespace ockham

using namespace mlir;

namespace {
struct CPUProtectInputs : ockham::impl::CPUProtectInputsBase<CPUProtectInputs> {
  void runOnOperation() override {
    auto name = bufferization::BufferizationDialect::kWritableAttrName;
    for (func::FuncOp function : getOperation().getOps<func::FuncOp>()) {
      if (!function->hasAttr(ockham::kEntryAttrName) || function.isExternal())
        continue;
      for (unsigned i = 0, e = function.getNumArguments(); i < e; ++i)
        if (isa<TensorType>(function.getArgumentTypes()[i]))
          function.setArgAttr(i, name, BoolAttr::get(&getContext(), false));
    }
  }
};
} // namespace
