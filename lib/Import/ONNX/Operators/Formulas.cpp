//===- Formulas.cpp - Steps of formulas -----------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Formulas.h"

#include "Operators.h"

#include <limits>

using namespace mlir;

namespace ockham::importer {

//===----------------------------------------------------------------------===//
// Checks
//===----------------------------------------------------------------------===//

LogicalResult requireOperands(NodeImporter &n, ArrayRef<unsigned> operands) {
  for (unsigned i : operands)
    if (!n.hasOperand(i))
      return n.fail("operand #" + llvm::Twine(i) + " is left out");
  return success();
}

FailureOr<int64_t> getCount(NodeImporter &n, StringRef name) {
  if (!n.hasAttribute(name))
    return n.fail("has no " + name);
  int64_t number = n.getInt(name, 0);
  // Products of two of them are still numbers.
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  if (number < 1 || number > most)
    return n.fail(name + " is " + llvm::Twine(number) + ", expected 1 to " +
                  llvm::Twine(most));
  return number;
}

static bool mayBeEqual(int64_t lhs, int64_t rhs) {
  return ShapedType::isDynamic(lhs) || ShapedType::isDynamic(rhs) || lhs == rhs;
}

LogicalResult requireShape(NodeImporter &n, Value value, StringRef what,
                           ArrayRef<int64_t> shape) {
  if (!value)
    return failure();
  ArrayRef<int64_t> actual = n.getType(value).getShape();
  if (actual.size() == shape.size() &&
      llvm::all_of_zip(actual, shape, mayBeEqual))
    return success();
  return n.fail(what + " has shape " + formatShape(actual) + ", expected " +
                formatShape(shape));
}

LogicalResult requireBroadcast(NodeImporter &n, Value value, Value target,
                               StringRef what) {
  if (!value || !target)
    return failure();
  ArrayRef<int64_t> shape = n.getType(value).getShape();
  ArrayRef<int64_t> wanted = n.getType(target).getShape();
  bool fits = shape.size() <= wanted.size();
  if (fits)
    for (auto [have, want] : llvm::zip(shape, wanted.take_back(shape.size())))
      fits &= have == 1 || mayBeEqual(have, want);
  if (fits)
    return success();
  return n.fail(what + " has shape " + formatShape(shape) +
                ", expected one that broadcasts to " + formatShape(wanted));
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

Value transpose(NodeImporter &n, Value value, ArrayRef<int64_t> perm) {
  if (!value)
    return Value();
  return n.create<onnx::TransposeOp>(n.getElement(value), value, perm);
}

Value concatenate(NodeImporter &n, ArrayRef<Value> values, int64_t axis) {
  if (llvm::is_contained(values, Value()))
    return Value();
  return n.create<onnx::ConcatOp>(n.getElement(values.front()),
                                  ValueRange(values), axis);
}

Value unsqueeze(NodeImporter &n, Value value, ArrayRef<int64_t> axes) {
  if (!value)
    return Value();
  return n.create<onnx::UnsqueezeOp>(n.getElement(value), value, axes);
}

Value multiply(NodeImporter &n, Value value, double factor) {
  if (!value)
    return Value();
  Type element = n.getElement(value);
  return n.create<onnx::MulOp>(element, value, n.createScalar(element, factor));
}

Value castTo(NodeImporter &n, Type element, Value value) {
  if (!value || n.getElement(value) == element)
    return value;
  return n.create<onnx::CastOp>(element, value);
}

Value sliceLast(NodeImporter &n, Value value, int64_t begin, int64_t end) {
  if (!value)
    return Value();
  RankedTensorType type = n.getType(value);
  int64_t last = type.getRank() - 1;
  if (begin == 0 && end == type.getDimSize(last))
    return value;
  return n.create<onnx::SliceOp>(type.getElementType(), value, ValueRange(),
                                 ValueRange(), ArrayRef<int64_t>{begin},
                                 ArrayRef<int64_t>{end},
                                 ArrayRef<int64_t>{last}, ArrayRef<int64_t>{1});
}

Value createPositionRange(NodeImporter &n, Value value, int64_t dim) {
  if (!value)
    return Value();
  Type i64 = n.getBuilder().getI64Type();
  return n.create<onnx::RangeOp>(i64, n.createScalar(i64, 0),
                                 createExtent(n, value, dim),
                                 n.createScalar(i64, 1));
}

} // namespace ockham::importer
