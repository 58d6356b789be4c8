//===- RaiseSplits.cpp - Splits of a merged projection become tfm.split ---===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Raising.h"

using namespace mlir;

namespace ockham::raising {

void raiseSplits(Raiser &raiser) {
  raiser.walkBackwards([&](Operation *op) {
    auto split = dyn_cast<onnx::SplitOp>(op);
    if (!split)
      return;
    auto type = cast<RankedTensorType>(split.getInput().getType());
    if (!isa<FloatType>(type.getElementType()) ||
        static_cast<int64_t>(split.getAxis()) != type.getRank() - 1 ||
        type.isDynamicDim(type.getRank() - 1) || !split.getSizes().empty())
      return;
    // Nothing to give names to, and no place to take it from.
    if (llvm::is_contained(split.getStaticSizes(), 0))
      return;
    SmallVector<Type> types;
    for (int64_t size : split.getStaticSizes()) {
      SmallVector<int64_t> shape(type.getShape());
      shape.back() = size;
      types.push_back(type.clone(shape));
    }
    auto raised = tfm::SplitOp::create(raiser.at(split), split.getLoc(), types,
                                       split.getInput());
    for (auto [from, to] : llvm::zip(split.getResults(), raised.getResults()))
      (void)raiser.replace(from, to);
  });
}

} // namespace ockham::raising
