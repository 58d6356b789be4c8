//===- RaiseSequenceFirst.cpp - Transposes of batch and sequence ----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// PyTorch's own attention works on [sequence, batch, width] and transposes what
// it gets and gives. A linear map of rows does not care: the Transpose goes
// behind it, until two meet and are nothing.
//
//===----------------------------------------------------------------------===//

#include "Extents.h"
#include "Raising.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;

namespace ockham::raising {

/// The operand of a Transpose that swaps batch and sequence.
static Value matchSwap(Value value) {
  auto transpose = value.getDefiningOp<onnx::TransposeOp>();
  return transpose && transpose.getPerm() == ArrayRef<int64_t>{1, 0, 2}
             ? transpose.getInput()
             : Value();
}

static Value createSwap(OpBuilder &builder, Location loc, Value value) {
  RankedTensorType type = getTensorType(value);
  SmallVector<int64_t> shape(type.getShape());
  std::swap(shape[0], shape[1]);
  return onnx::TransposeOp::create(builder, loc, type.clone(shape), value,
                                   ArrayRef<int64_t>{1, 0, 2});
}

void raiseSequenceFirst(Raiser &raiser) {
  // Writers first, so that a Transpose goes through several in one walk.
  SmallVector<Operation *> ops;
  for (Operation &op : raiser.getFunction().getBody().front())
    ops.push_back(&op);
  for (Operation *op : ops) {
    if (auto transpose = dyn_cast<onnx::TransposeOp>(op)) {
      Value once = matchSwap(transpose.getResult());
      Value twice = once ? matchSwap(once) : Value();
      if (twice)
        (void)raiser.replace(transpose, twice);
      continue;
    }
    auto linear = dyn_cast<tfm::LinearOp>(op);
    Value input = linear ? matchSwap(linear.getInput()) : Value();
    if (!input || linear.getRowScale())
      continue;
    OpBuilder &builder = raiser.at(linear);
    IRMapping mapping;
    mapping.map(linear.getInput(), input);
    auto moved = cast<tfm::LinearOp>(builder.clone(*linear, mapping));
    SmallVector<int64_t> shape(getTensorType(input).getShape());
    shape.back() = getTensorType(linear.getResult()).getShape().back();
    moved.getResult().setType(getTensorType(input).clone(shape));
    (void)raiser.replace(linear, createSwap(builder, linear.getLoc(), moved));
  }
  raiser.walkBackwards([](Operation *) {});
}

} // namespace ockham::raising
