//===- MergeNorms.cpp - Equal norms of one input become one ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Ockham/OckhamDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/Dominance.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Transforms/Passes.h"

namespace ockham {
#define GEN_PASS_DEF_MERGENORMS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

/// Whether two operands are the same value, or parameters with the same
/// elements.
static bool areEqual(Value lhs, Value rhs) {
  if (lhs == rhs)
    return true;
  if (!lhs || !rhs || lhs.getType() != rhs.getType())
    return false;
  std::optional<ConstantData> left = ConstantData::get(lhs);
  std::optional<ConstantData> right = ConstantData::get(rhs);
  if (!left || !right)
    return false;
  for (int64_t i = 0, e = left->size(); i < e; ++i)
    if (left->getFloat(i) != right->getFloat(i))
      return false;
  return true;
}

static bool areEqual(tfm::NormOp lhs, tfm::NormOp rhs) {
  return lhs.getKind() == rhs.getKind() && lhs.getEps() == rhs.getEps() &&
         lhs.getEpsOutside() == rhs.getEpsOutside() &&
         lhs.getUncentred() == rhs.getUncentred() &&
         lhs.getStdAxis() == rhs.getStdAxis() &&
         areEqual(lhs.getScale(), rhs.getScale()) &&
         areEqual(lhs.getShift(), rhs.getShift()) &&
         areEqual(lhs.getStd(), rhs.getStd()) &&
         areEqual(lhs.getAlpha(), rhs.getAlpha()) &&
         areEqual(lhs.getOffset(), rhs.getOffset()) &&
         lhs.getPast() == rhs.getPast();
}

namespace {

struct MergeNorms : ockham::impl::MergeNormsBase<MergeNorms> {
  void runOnOperation() override {
    DenseMap<Value, SmallVector<tfm::NormOp, 2>> kept;
    DominanceInfo dominance(getOperation());
    // In the order of the module, so that what is kept comes first.
    getOperation().walk([&](tfm::NormOp norm) {
      for (tfm::NormOp other : kept[norm.getInput()])
        if (dominance.properlyDominates(other.getOperation(),
                                        norm.getOperation()) &&
            areEqual(other, norm)) {
          norm.getResult().replaceAllUsesWith(other.getResult());
          norm.erase();
          return;
        }
      kept[norm.getInput()].push_back(norm);
    });
    eraseUnusedWeights(getOperation());
  }
};

} // namespace
