//===- Reductions.cpp - Reductions ----------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "llvm/ADT/Sequence.h"

using namespace mlir;

namespace ockham::importer {

FailureOr<Reduction> getReduction(NodeImporter &n) {
  auto given = n.getIntsOrOperand("axes", 1);
  if (failed(given))
    return failure();
  int64_t rank = n.getType(n.getOperand(0)).getRank();
  Reduction reduction;
  reduction.keepDims = n.getInt("keepdims", 1) != 0;
  bool isEmpty = !*given || (*given)->empty();
  reduction.isNoop = isEmpty && n.getInt("noop_with_empty_axes", 0) != 0;
  if (isEmpty) {
    // No axes mean all of them.
    reduction.axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
    return reduction;
  }
  auto axes = n.normalizeAxes(**given, rank);
  if (failed(axes))
    return failure();
  reduction.axes = *axes;
  return reduction;
}

/// Creates the reduction of a value computed from the operand.
template <typename OpT>
static Value createReduction(NodeImporter &n, Value value,
                             const Reduction &reduction) {
  if (!value || reduction.isNoop)
    return value;
  return n.create<OpT>(n.getElement(value), value,
                       ArrayRef<int64_t>(reduction.axes), reduction.keepDims);
}

LogicalResult importReduceMin(NodeImporter &n) {
  auto reduction = getReduction(n);
  if (failed(reduction))
    return failure();
  Type element = n.getElement(n.getOperand(0));
  // The smallest integer has no negative.
  if (failed(n.requireFloat(n.getOperand(0))))
    return failure();
  Value negative = n.create<onnx::NegOp>(element, n.getOperand(0));
  return n.setResult(n.create<onnx::NegOp>(
      element, createReduction<onnx::ReduceMaxOp>(n, negative, *reduction)));
}

LogicalResult importReduceL1(NodeImporter &n) {
  auto reduction = getReduction(n);
  if (failed(reduction))
    return failure();
  Value absolute =
      n.create<onnx::AbsOp>(n.getElement(n.getOperand(0)), n.getOperand(0));
  return n.setResult(
      createReduction<onnx::ReduceSumOp>(n, absolute, *reduction));
}

LogicalResult importReduceSumSquare(NodeImporter &n) {
  auto reduction = getReduction(n);
  if (failed(reduction))
    return failure();
  Value x = n.getOperand(0);
  Value square = n.create<onnx::MulOp>(n.getElement(x), x, x);
  return n.setResult(createReduction<onnx::ReduceSumOp>(n, square, *reduction));
}

} // namespace ockham::importer
