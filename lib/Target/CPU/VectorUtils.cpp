//===- VectorUtils.cpp - 1-D vectors over buffers -------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VectorUtils.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace ockham::cpu {

Value constantIndex(OpBuilder &b, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

Value createLaneMask(OpBuilder &b, Location loc, Value count, int64_t lanes) {
  // Compared as i32, so that one AVX-512 instruction covers 16 lanes.
  Value limit =
      arith::MinSIOp::create(b, loc, count, constantIndex(b, loc, lanes));
  limit = arith::IndexCastOp::create(b, loc, b.getI32Type(), limit);
  auto type = VectorType::get(lanes, b.getI32Type());
  SmallVector<int32_t> numbers(lanes);
  for (int64_t i = 0; i < lanes; ++i)
    numbers[i] = static_cast<int32_t>(i);
  Value steps = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(type, ArrayRef<int32_t>(numbers)));
  Value limits = vector::BroadcastOp::create(b, loc, type, limit);
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, steps,
                               limits);
}

Value loadLanes(OpBuilder &b, Location loc, Value memref, ValueRange indices,
                int64_t lanes, Value mask) {
  Type element = cast<MemRefType>(memref.getType()).getElementType();
  auto type = VectorType::get(lanes, element);
  if (!mask)
    return vector::LoadOp::create(b, loc, type, memref, indices);
  Value zero = arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(type, b.getZeroAttr(element)));
  return vector::MaskedLoadOp::create(b, loc, type, memref, indices, mask,
                                      zero);
}

void storeLanes(OpBuilder &b, Location loc, Value value, Value memref,
                ValueRange indices, Value mask) {
  if (mask)
    vector::MaskedStoreOp::create(b, loc, memref, indices, mask, value);
  else
    vector::StoreOp::create(b, loc, value, memref, indices);
}

bool isContiguousInLastDim(MemRefType type) {
  // Booleans are stored as bytes but vectors of i1 are packed bits.
  if (type.getRank() == 0 || type.getElementType().isInteger(1) ||
      !type.getElementType().isIntOrFloat())
    return false;
  return type.isLastDimUnitStride();
}

} // namespace ockham::cpu
