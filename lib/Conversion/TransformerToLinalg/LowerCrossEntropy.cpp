//===- LowerCrossEntropy.cpp - tfm.cross_entropy to linalg ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "ockham/Conversion/IndexChecks.h"

#include <limits>

using namespace mlir;
using namespace ockham;
using namespace ockham::tfm_to_linalg;

namespace {

/// Maximum and sum of each row are reductions, then one number per row.
struct LowerCrossEntropy : OpRewritePattern<tfm::CrossEntropyOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tfm::CrossEntropyOp op,
                                PatternRewriter &rewriter) const override {
    Emitter e(rewriter, op.getLoc());
    Value logits = op.getLogits(), labels = op.getLabels();
    Extents extents = e.extents(logits);
    emitIndexCheck(rewriter, op, labels, extents.back(),
                   "label {} is not one of the {} classes");
    Type element =
        cast<RankedTensorType>(op.getResult().getType()).getElementType();
    Type compute = computeType(element);
    unsigned classes = extents.size() - 1;
    SmallVector<unsigned> rows = llvm::to_vector(llvm::seq(0u, classes));

    Generic largest(e, extents, compute);
    largest.in(logits);
    Value max = largest.reduce(
        compute, rows, -std::numeric_limits<double>::infinity(),
        [](Scalars &s, ValueRange args) { return s.max(args[1], args[0]); });
    Generic total(e, extents, compute);
    total.in(logits);
    total.in(max, rows);
    Value sum =
        total.reduce(compute, rows, 0.0, [](Scalars &s, ValueRange args) {
          return s.add(args[2], s.exp(s.sub(args[0], args[1])));
        });
    Generic losses(e, ArrayRef(extents).drop_back(), compute);
    losses.in(max);
    losses.in(sum);
    losses.in(labels);
    Value result = losses.map(element, [&](Scalars &s, ValueRange args) {
      SmallVector<Value> place;
      for (unsigned loop : rows)
        place.push_back(s.loop(loop));
      place.push_back(s.toIndex(args[2]));
      Value picked = tensor::ExtractOp::create(s.builder, s.loc, logits, place);
      return s.sub(s.add(s.log(args[1]), args[0]),
                   s.floatCast(picked, compute));
    });
    rewriter.replaceOp(op, e.castTo(result, op.getResult().getType()));
    return success();
  }
};

} // namespace

void ockham::tfm_to_linalg::populateCrossEntropy(RewritePatternSet &patterns) {
  patterns.add<LowerCrossEntropy>(patterns.getContext());
}
