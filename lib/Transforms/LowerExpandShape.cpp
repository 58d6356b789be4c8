//===- LowerExpandShape.cpp - Views with several unknown extents ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Builders.h"

namespace ockham {
#define GEN_PASS_DEF_LOWEREXPANDSHAPE
#include "ockham/Transforms/Passes.h.inc"
} // namespace ockham

using namespace mlir;

namespace {

/// True if a group of the result has more than one dynamic extent, which
/// upstream's expansion cannot derive from the source alone.
bool hasAmbiguousGroup(memref::ExpandShapeOp op) {
  MemRefType type = op.getResultType();
  return llvm::any_of(op.getReassociationIndices(), [&](auto &group) {
    return llvm::count_if(
               group, [&](int64_t dim) { return type.isDynamicDim(dim); }) > 1;
  });
}

/// Replaces the op by a reinterpreted view with the extents that it lists.
LogicalResult lower(memref::ExpandShapeOp op) {
  OpBuilder builder(op);
  Location loc = op.getLoc();
  MemRefType type = op.getResultType();
  SmallVector<int64_t> knownStrides;
  int64_t knownOffset;
  if (failed(type.getStridesAndOffset(knownStrides, knownOffset)))
    return op.emitError() << "expected a strided result, got " << type;

  auto source =
      memref::ExtractStridedMetadataOp::create(builder, loc, op.getSrc());
  SmallVector<OpFoldResult> extents = op.getMixedOutputShape();
  SmallVector<OpFoldResult> strides(extents.size());
  for (auto [index, group] : llvm::enumerate(op.getReassociationIndices())) {
    // From the innermost dimension of the group outwards.
    Value stride = source.getStrides()[index];
    for (int64_t dim : llvm::reverse(group)) {
      if (ShapedType::isStatic(knownStrides[dim]))
        strides[dim] = builder.getIndexAttr(knownStrides[dim]);
      else
        strides[dim] = stride;
      if (dim == group.front())
        break;
      Value extent =
          getValueOrCreateConstantIndexOp(builder, loc, extents[dim]);
      stride = arith::MulIOp::create(builder, loc, stride, extent);
    }
  }
  OpFoldResult offset = source.getOffset();
  if (ShapedType::isStatic(knownOffset))
    offset = builder.getIndexAttr(knownOffset);
  Value view = memref::ReinterpretCastOp::create(
      builder, loc, type, source.getBaseBuffer(), offset, extents, strides);
  op.replaceAllUsesWith(view);
  op.erase();
  return success();
}

struct LowerExpandShape : ockham::impl::LowerExpandShapeBase<LowerExpandShape> {
  void runOnOperation() override {
    WalkResult result = getOperation().walk([](memref::ExpandShapeOp op) {
      if (hasAmbiguousGroup(op) && failed(lower(op)))
        return WalkResult::interrupt();
      return WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
