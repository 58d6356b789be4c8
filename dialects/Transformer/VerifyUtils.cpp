//===- VerifyUtils.cpp - Checks that the verifiers of tfm share -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Transformer/VerifyUtils.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;

namespace ockham::tfm::detail {

static bool agree(int64_t lhs, int64_t rhs) {
  return lhs == rhs || ShapedType::isDynamic(lhs) || ShapedType::isDynamic(rhs);
}

std::string extentText(int64_t extent) {
  return ShapedType::isDynamic(extent) ? "?" : std::to_string(extent);
}

LogicalResult expectExtent(Operation *op, StringRef what, RankedTensorType type,
                           unsigned dim, int64_t expected, StringRef reason) {
  if (agree(type.getDimSize(dim), expected))
    return success();
  return op->emitOpError() << what << ": expected extent "
                           << extentText(expected) << " (" << reason
                           << ") in dimension " << dim << ", got "
                           << extentText(type.getDimSize(dim));
}

LogicalResult expectSameExtents(Operation *op, StringRef what,
                                RankedTensorType type,
                                RankedTensorType reference,
                                StringRef referenceName, unsigned skipLast) {
  if (type.getRank() != reference.getRank())
    return op->emitOpError()
           << what << ": expected rank " << reference.getRank() << " ("
           << referenceName << "), got " << type.getRank();
  for (unsigned dim = 0, e = type.getRank() - skipLast; dim < e; ++dim)
    if (failed(expectExtent(op, what, type, dim, reference.getDimSize(dim),
                            referenceName)))
      return failure();
  return success();
}

LogicalResult expectGain(Operation *op, StringRef what, Value gain,
                         int64_t width) {
  if (!gain)
    return success();
  auto type = cast<RankedTensorType>(gain.getType());
  if (type.getRank() == 0 || type.getDimSize(0) == 1 ||
      agree(type.getDimSize(0), width))
    return success();
  return op->emitOpError() << what << ": expected one element or "
                           << extentText(width) << " (one per channel), got "
                           << type.getDimSize(0);
}

LogicalResult expectExtentOfOne(Operation *op, StringRef what, Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() == 0)
    return success();
  return expectExtent(op, what, type, 0, 1, "one number for all");
}

LogicalResult expectElementType(Operation *op, StringRef what,
                                RankedTensorType type,
                                RankedTensorType reference,
                                StringRef referenceName) {
  if (type.getElementType() == reference.getElementType())
    return success();
  return op->emitOpError() << what << ": expected element type "
                           << reference.getElementType() << " ("
                           << referenceName << "), got "
                           << type.getElementType();
}

SmallVector<OpFoldResult> extentsOf(OpBuilder &builder, Location loc,
                                    Value value) {
  return tensor::getMixedSizes(builder, loc, value);
}

void append(SmallVectorImpl<OpOperand *> &list, MutableOperandRange range) {
  for (OpOperand &operand : range)
    list.push_back(&operand);
}

bool isConstantOne(Value value) {
  SplatElementsAttr splat;
  if (!value || !matchPattern(value, m_Constant(&splat)))
    return false;
  auto element = dyn_cast<FloatAttr>(splat.getSplatValue<Attribute>());
  return element && element.getValue().isExactlyValue(1.0);
}

} // namespace ockham::tfm::detail
