//===- MergeNorms.cpp - Equal norms of one input become one ---------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RemarkNames.h"
#include "dialects/Ockham/OckhamDialect.h"
#include "dialects/Transformer/TransformerDialect.h"
#include "mlir/IR/Dominance.h"
#include "ockham/Support/ConstantData.h"
#include "ockham/Support/RewriteRemark.h"
#include "ockham/Transforms/Passes.h"
#include "llvm/Support/Format.h"

namespace ockham {
#define GEN_PASS_DEF_MERGENORMS
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;
using namespace ockham;

static std::string format(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.9g", value);
  return text;
}

/// In what two parameters differ, with both values; empty if they are the same
/// or have the same elements.
static std::string compare(StringRef what, Value lhs, Value rhs) {
  if (lhs == rhs)
    return "";
  if (!lhs || !rhs)
    return ("only one has a " + what).str();
  if (lhs.getType() != rhs.getType())
    return (what + " differs in shape").str();
  std::optional<ConstantData> left = ConstantData::get(lhs);
  std::optional<ConstantData> right = ConstantData::get(rhs);
  if (!left || !right)
    return (what + " is not known").str();
  for (int64_t i = 0, e = left->size(); i < e; ++i)
    if (double a = left->getFloat(i), b = right->getFloat(i); a != b)
      return (what + "[" + Twine(i) + "] is " + format(a) + " and " + format(b))
          .str();
  return "";
}

/// In what two norms of the same rows and kind differ; empty if they are equal.
static std::string compare(tfm::NormOp lhs, tfm::NormOp rhs) {
  double left = lhs.getEps().convertToDouble();
  double right = rhs.getEps().convertToDouble();
  if (left != right)
    return "epsilon is " + format(left) + " and " + format(right);
  if (lhs.getEpsOutside() != rhs.getEpsOutside())
    return "only one has epsilon outside the root";
  if (lhs.getUncentred() != rhs.getUncentred())
    return "only one is centred";
  if (lhs.getStdAxis() != rhs.getStdAxis())
    return "std varies along another axis";
  if (lhs.getPast() != rhs.getPast())
    return "they count positions from elsewhere";
  for (auto [what, a, b] :
       {std::tuple("scale", lhs.getScale(), rhs.getScale()),
        std::tuple("shift", lhs.getShift(), rhs.getShift()),
        std::tuple("std", lhs.getStd(), rhs.getStd()),
        std::tuple("alpha", lhs.getAlpha(), rhs.getAlpha()),
        std::tuple("offset", lhs.getOffset(), rhs.getOffset())})
    if (std::string difference = compare(what, Value(a), Value(b));
        !difference.empty())
      return difference;
  return "";
}

namespace {

struct MergeNorms : ockham::impl::MergeNormsBase<MergeNorms> {
  void runOnOperation() override;

private:
  /// Whether `norm` was replaced by one of the earlier norms of its input.
  static bool merge(tfm::NormOp norm, ArrayRef<tfm::NormOp> earlier,
                    DominanceInfo &dominance);
};

} // namespace

bool MergeNorms::merge(tfm::NormOp norm, ArrayRef<tfm::NormOp> earlier,
                       DominanceInfo &dominance) {
  std::string why;
  tfm::NormOp nearest;
  for (tfm::NormOp other : earlier) {
    if (norm.getKind() != other.getKind() ||
        !dominance.properlyDominates(other.getOperation(), norm))
      continue;
    std::string difference = compare(other, norm);
    if (difference.empty()) {
      std::string name = getNameForRemark(norm);
      std::string kept = getNameForRemark(other);
      auto remark = emitRewriteRemark(norm.getLoc(), "tfm-merge-norms",
                                      RewriteOutcome::Done);
      if (name == kept) // Both read its parameters.
        remark << name << " computed once where it was twice, of the same rows";
      else
        remark << name << " merged into " << kept;
      remark.report();
      norm.getResult().replaceAllUsesWith(other.getResult());
      norm.erase();
      return true;
    }
    why = difference;
    nearest = other;
  }
  if (nearest) {
    std::string name = getNameForRemark(norm);
    std::string beside = getNameForRemark(nearest);
    emitRewriteRemark(norm.getLoc(), "tfm-merge-norms", RewriteOutcome::Kept)
        << name << " stays beside "
        << (name == beside ? "another of that name" : beside) << ": " << why;
  }
  return false;
}

void MergeNorms::runOnOperation() {
  DenseMap<Value, SmallVector<tfm::NormOp, 2>> kept;
  DominanceInfo dominance(getOperation());
  // In the order of the module, so that what is kept comes first.
  getOperation().walk([&](tfm::NormOp norm) {
    SmallVector<tfm::NormOp, 2> &earlier = kept[norm.getInput()];
    if (!merge(norm, earlier, dominance))
      earlier.push_back(norm);
  });
  eraseUnusedWeights(getOperation());
}
