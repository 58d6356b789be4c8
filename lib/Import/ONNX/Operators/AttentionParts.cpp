//===- AttentionParts.cpp - What operators of attention share -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "AttentionParts.h"

#include "Operators.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace ockham::importer {

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

FailureOr<int64_t> getHeadWidth(NodeImporter &n, Value rows, int64_t heads,
                                StringRef what) {
  if (!rows)
    return failure();
  int64_t width = n.getType(rows).getShape().back();
  if (ShapedType::isDynamic(width))
    return n.fail("the width of " + what +
                  " is known only at run time, expected a fixed number");
  if (heads < 1 || width % heads != 0)
    return n.fail("the width of " + what + " is " + llvm::Twine(width) +
                  ", expected a multiple of its " + count(heads, "head"));
  return width / heads;
}

Value splitHeads(NodeImporter &n, Value rows, int64_t heads, StringRef what) {
  FailureOr<int64_t> width = getHeadWidth(n, rows, heads, what);
  if (failed(width))
    return Value();
  OpBuilder &b = n.getBuilder();
  Value split =
      n.createReshape(rows, {n.getDim(rows, 0), n.getDim(rows, 1),
                             b.getIndexAttr(heads), b.getIndexAttr(*width)});
  return transpose(n, split, {0, 2, 1, 3});
}

Value mergeHeads(NodeImporter &n, Value heads) {
  Value rows = transpose(n, heads, {0, 2, 1, 3});
  if (!rows)
    return Value();
  return n.createReshape(rows, {n.getDim(rows, 0), n.getDim(rows, 1),
                                n.getDimProduct(rows, 2, 4)});
}

Value repeatHeads(NodeImporter &n, Value heads, int64_t times) {
  return repeatHeads(n, heads,
                     OpFoldResult(n.getBuilder().getIndexAttr(times)));
}

Value repeatHeads(NodeImporter &n, Value heads, OpFoldResult times) {
  if (!heads || isConstantIntValue(times, 1))
    return heads;
  SmallVector<OpFoldResult> shape = {n.getDim(heads, 0), n.getDim(heads, 1),
                                     times, n.getDim(heads, 2),
                                     n.getDim(heads, 3)};
  SmallVector<Value> dynamicShape;
  SmallVector<int64_t> staticShape;
  dispatchIndexOpFoldResults(shape, dynamicShape, staticShape);
  Value copies = n.create<onnx::ExpandOp>(
      n.getElement(heads), unsqueeze(n, heads, {2}), ValueRange(dynamicShape),
      ArrayRef<int64_t>(staticShape));
  if (!copies)
    return Value();
  return n.createReshape(
      copies, {shape[0], n.getDimProduct(copies, 1, 3), shape[3], shape[4]});
}

Value appendToPast(NodeImporter &n, Value past, Value heads) {
  return past ? concatenate(n, {past, heads}, 2) : heads;
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

Value createScores(NodeImporter &n, Value query, Value key) {
  if (!query)
    return Value();
  return n.create<onnx::MatMulOp>(n.getElement(query), query,
                                  transpose(n, key, {0, 1, 3, 2}));
}

Value createCausalMask(NodeImporter &n, Value scores, Value offset) {
  if (!scores)
    return Value();
  return createDiagonalOrder(n, scores, offset, /*equal=*/false,
                             /*upper=*/false);
}

Value createLengthMask(NodeImporter &n, Value scores, Value lengths) {
  OpBuilder &b = n.getBuilder();
  return n.create<onnx::LessOp>(
      b.getI1Type(), createPositionRange(n, scores, 3),
      unsqueeze(n, castTo(n, b.getI64Type(), lengths), {1, 2, 3}));
}

Value maskScores(NodeImporter &n, Value scores, Value keep, double fill) {
  if (!scores)
    return Value();
  Type element = n.getElement(scores);
  return n.create<onnx::WhereOp>(element, keep, scores,
                                 n.createScalar(element, fill));
}

} // namespace ockham::importer
