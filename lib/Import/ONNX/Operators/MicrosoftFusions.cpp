//===- MicrosoftFusions.cpp - Fusions of com.microsoft --------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What ONNX Runtime's optimiser makes of activations, norms and embeddings.
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"
#include "Norms.h"
#include "Operators.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/Sequence.h"

#include <algorithm>

using namespace mlir;

namespace ockham::importer {

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

/// `x + bias`, or x where there is no bias.
static Value addBias(NodeImporter &n, Value x, Value bias) {
  if (!x || !bias)
    return x;
  return n.create<onnx::AddOp>(n.getElement(x), x, bias);
}

static LogicalResult importBiasedGelu(NodeImporter &n, bool isTanh) {
  Value x = n.getOperand(0), bias = n.getOperand(1);
  if (failed(n.requireFloat(x)) ||
      (bias && failed(requireBroadcast(n, bias, x, "the bias"))))
    return failure();
  return n.setResult(createGelu(n, addBias(n, x, bias), isTanh));
}

LogicalResult importBiasGelu(NodeImporter &n) {
  return importBiasedGelu(n, /*isTanh=*/false);
}

LogicalResult importFastGelu(NodeImporter &n) {
  return importBiasedGelu(n, /*isTanh=*/true);
}

LogicalResult importQuickGelu(NodeImporter &n) {
  if (failed(n.requireFloat(n.getOperand(0))))
    return failure();
  return n.setResult(
      createSwish(n, n.getOperand(0), n.getFloat("alpha", 1.702f)));
}

//===----------------------------------------------------------------------===//
// Matrix products
//===----------------------------------------------------------------------===//

/// The operand of a product with the dimensions that are to be multiplied last.
/// With `isBatchFirst` they are the first and the last.
static Value transposeFactor(NodeImporter &n, Value x, bool isBatchFirst,
                             bool isTransposed) {
  int64_t rank = n.getType(x).getRank();
  if (rank < 2)
    return x;
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (isBatchFirst)
    std::rotate(perm.begin(), perm.begin() + 1, perm.end() - 1);
  if (isTransposed)
    std::swap(perm[rank - 2], perm[rank - 1]);
  return llvm::is_sorted(perm) ? x : transpose(n, x, perm);
}

LogicalResult importFusedMatMul(NodeImporter &n) {
  auto factor = [&](unsigned i, StringRef batch, StringRef transposed) {
    return transposeFactor(n, n.getOperand(i), n.getInt(batch, 0) != 0,
                           n.getInt(transposed, 0) != 0);
  };
  Value lhs = factor(0, "transBatchA", "transA");
  Value rhs = factor(1, "transBatchB", "transB");
  Value product =
      n.create<onnx::MatMulOp>(n.getElement(n.getOperand(0)), lhs, rhs);
  double alpha = n.getFloat("alpha", 1);
  return n.setResult(alpha == 1 ? product : multiply(n, product, alpha));
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

/// `input + skip + bias`, which is the last result as well.
static Value createSkipSum(NodeImporter &n, unsigned bias) {
  Value x = n.getOperand(0), skip = n.getOperand(1);
  if (failed(n.requireFloat(x)) || failed(requireBroadcast(n, skip, x, "skip")))
    return Value();
  if (n.getType(x).getRank() == 0) {
    (void)n.fail("operand has rank 0, expected at least 1");
    return Value();
  }
  Type element = n.getElement(x);
  Value sum =
      addBias(n, n.create<onnx::AddOp>(element, x, skip), n.getOperand(bias));
  if (!sum || (n.isResultUsed(3) && failed(n.setResult(3, sum))))
    return Value();
  return sum;
}

LogicalResult importSkipLayerNormalization(NodeImporter &n) {
  Value sum = createSkipSum(n, 4);
  double epsilon = n.getFloat("epsilon", 1e-12f);
  if (!sum)
    return failure();
  int64_t axis = n.getType(sum).getRank() - 1;
  if (failed(createStatistics(n, sum, axis, epsilon)))
    return failure();
  return n.setResult(
      createLayerNorm(n, sum, n.getOperand(2), n.getOperand(3), axis, epsilon));
}

LogicalResult importSkipSimplifiedLayerNormalization(NodeImporter &n) {
  if (n.isResultUsed(1))
    return n.fail("result #1, a mean that this norm does not have, is used");
  Value sum = createSkipSum(n, 3);
  if (!sum)
    return failure();
  auto norm =
      createRMSNorm(n, sum, n.getOperand(2), n.getType(sum).getRank() - 1,
                    n.getFloat("epsilon", 1e-12f));
  if (failed(norm) || failed(createInverseRoot(n, *norm, 2)))
    return failure();
  return n.setResult(norm->result);
}

//===----------------------------------------------------------------------===//
// Embeddings
//===----------------------------------------------------------------------===//

/// How many ids of each sequence the mask shows, as 32-bit integers.
static LogicalResult importMaskIndex(NodeImporter &n, Value ids, Value mask) {
  if (!n.isResultUsed(1))
    return success();
  Type i1 = n.getBuilder().getI1Type(), i32 = n.getBuilder().getI32Type();
  Value shown;
  if (mask)
    shown = castTo(n, i32,
                   n.create<onnx::EqualOp>(
                       i1, mask, n.createScalar(n.getElement(mask), 1)));
  else // Without a mask ONNX Runtime counts none.
    shown = n.createFilled(i32, ids, 0);
  return n.setResult(
      1, n.create<onnx::ReduceSumOp>(i32, shown, ArrayRef<int64_t>{1}, false));
}

LogicalResult importEmbedLayerNormalization(NodeImporter &n) {
  if (failed(requireOperands(n, {0, 2, 3, 5, 6})))
    return failure();
  constexpr int64_t any = ShapedType::kDynamic;
  Value ids = n.getOperand(0), segments = n.getOperand(1);
  Value words = n.getOperand(2), positions = n.getOperand(3);
  Value segmentTable = n.getOperand(4), mask = n.getOperand(7);
  Value positionIds = n.getOperand(8);
  if (failed(requireShape(n, ids, "input_ids", {any, any})) ||
      failed(requireShape(n, words, "word_embedding", {any, any})) ||
      failed(requireShape(n, positions, "position_embedding", {any, any})))
    return failure();
  if (!segments != !segmentTable)
    return n.fail("has only one of segment_ids and segment_embedding");
  if (mask && failed(requireShape(n, mask, "mask", n.getType(ids).getShape())))
    return failure();
  Type element = n.getElement(words);
  auto look = [&](Value table, Value at) {
    return n.create<onnx::GatherOp>(element, table, at, int64_t(0));
  };
  Value position;
  if (positionIds) {
    if (failed(requireBroadcast(n, positionIds, ids, "position_ids")))
      return failure();
    position = look(positions, positionIds);
  } else {
    // The first rows of the table.
    OpFoldResult length = n.getDim(ids, 1);
    SmallVector<Value> ends;
    SmallVector<int64_t> staticEnds;
    dispatchIndexOpFoldResult(length, ends, staticEnds);
    position = n.create<onnx::SliceOp>(
        element, positions, ValueRange(), ValueRange(ends),
        ArrayRef<int64_t>{0}, ArrayRef<int64_t>(staticEnds),
        ArrayRef<int64_t>{0}, ArrayRef<int64_t>{1});
  }
  Value sum = n.create<onnx::AddOp>(element, look(words, ids), position);
  if (segments)
    sum = n.create<onnx::AddOp>(element, sum, look(segmentTable, segments));
  if (!sum || failed(importMaskIndex(n, ids, mask)) ||
      (n.isResultUsed(2) && failed(n.setResult(2, sum))))
    return failure();
  return n.setResult(createLayerNorm(n, sum, n.getOperand(5), n.getOperand(6),
                                     2, n.getFloat("epsilon", 1e-12f)));
}

} // namespace ockham::importer
