//===- Shapes.cpp - Constants, shapes and changes of shape ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;
using namespace ockham::onnxlinalg;

static Tensor lowerConstant(Lowering &l, ConstantOp op) {
  auto value = cast<TypedAttr>(op.getValueAttr());
  // A constant of unsigned integers is one of their bits.
  auto type = cast<ShapedType>(getSignless(value.getType()));
  if (type == value.getType())
    return l.get(arith::ConstantOp::create(l.b, value));
  if (auto elements = dyn_cast<DenseElementsAttr>(value))
    value = DenseElementsAttr::getFromRawBuffer(type, elements.getRawData());
  else if (auto resource = dyn_cast<DenseResourceElementsAttr>(value))
    value = DenseResourceElementsAttr::get(type, resource.getRawHandle());
  return l.get(arith::ConstantOp::create(l.b, value));
}

static Tensor lowerShape(Lowering &l, ShapeOp op) {
  SmallVector<Value> extents;
  for (uint64_t i = op.getStart(); i < op.getEnd(); ++i)
    extents.push_back(arith::IndexCastOp::create(
        l.b, l.b.getI64Type(), l.getSize(l.shapes.getDim(op.getInput(), i))));
  auto type = RankedTensorType::get({static_cast<int64_t>(extents.size())},
                                    l.b.getI64Type());
  // from_elements has no element type to go by when there are none.
  if (extents.empty())
    return l.get(arith::ConstantOp::create(
        l.b, DenseElementsAttr::get(type, ArrayRef<int64_t>())));
  return l.get(tensor::FromElementsOp::create(l.b, type, extents));
}

//===----------------------------------------------------------------------===//
// Reshape, Squeeze, Unsqueeze, Expand
//===----------------------------------------------------------------------===//

/// Checks that `sizes` hold `total` elements. Their product is not trusted
/// where it overflows: an empty tensor must not become a huge one.
static void checkElementCount(Lowering &l, const ShapeExpr &total,
                              ArrayRef<ShapeExpr> sizes) {
  ShapeExpr product = ShapeScope::getProduct(sizes);
  if (product == total)
    return;
  Value have = l.getSize(total), want = l.getSize(product);
  Value fits = l.compare(arith::CmpIPredicate::eq, have, want);
  Value zero = arith::ConstantIndexOp::create(l.b, 0);
  Value count;
  for (const ShapeExpr &size : sizes) {
    Value factor = l.getSize(size);
    if (!count) {
      count = factor;
      continue;
    }
    auto wide = arith::MulUIExtendedOp::create(l.b, count, factor);
    count = wide.getLow();
    fits = arith::AndIOp::create(
        l.b, fits, l.compare(arith::CmpIPredicate::eq, wide.getHigh(), zero));
  }
  l.check(fits, "cannot reshape {} elements to {}", {have, want});
}

/// The sizes of a Reshape with -1 replaced, and the checks that they hold as
/// many elements as the operand. A size that is computed may turn out to be -1
/// only at run time.
static SymbolicShape resolveSizes(Lowering &l, ReshapeOp op, const Tensor &x) {
  SymbolicShape sizes = l.shapes.getSizes(op.getStaticShape(), op.getShape());
  ShapeExpr total = ShapeScope::getProduct(x.dims);
  auto *open = llvm::find_if(
      sizes, [](const ShapeExpr &size) { return size.isConstant(-1); });
  auto isCertain = [&](const ShapeExpr &size) {
    return size.isConstant(-1) || l.shapes.isNonNegative(size);
  };
  if (open == sizes.end() && !llvm::all_of(sizes, isCertain)) {
    Value one = arith::ConstantIndexOp::create(l.b, 1);
    Value minusOne = arith::ConstantIndexOp::create(l.b, -1);
    Value zero = arith::ConstantIndexOp::create(l.b, 0);
    SmallVector<Value> isOpen(sizes.size());
    Value known = one;
    for (auto [index, size] : llvm::enumerate(sizes)) {
      Value value = l.getSize(size);
      if (!isCertain(size)) {
        isOpen[index] = l.compare(arith::CmpIPredicate::eq, value, minusOne);
        value = arith::SelectOp::create(l.b, isOpen[index], one, value);
        l.check(l.compare(arith::CmpIPredicate::sge, value, zero),
                "size {} is negative", value);
      }
      known = arith::MulIOp::create(l.b, known, value);
    }
    // An empty operand fits a -1 of any size; it becomes 0.
    Value empty = l.compare(arith::CmpIPredicate::eq, known, zero);
    Value divisor = arith::SelectOp::create(l.b, empty, one, known);
    Value rest = arith::DivSIOp::create(l.b, l.getSize(total), divisor);
    for (auto [size, isOpen] : llvm::zip(sizes, isOpen))
      if (isOpen)
        size = l.shapes.getScalar(
            arith::SelectOp::create(l.b, isOpen, rest, l.getSize(size)));
  } else if (open != sizes.end()) {
    ShapeExpr known = 1;
    for (const ShapeExpr &size : sizes)
      if (&size != open)
        known = known * size;
    ShapeExpr quotient = l.shapes.floorDiv(total, known);
    if (quotient * known != total) {
      // Before the division, which must not be by zero.
      Value zero = arith::ConstantIndexOp::create(l.b, 0);
      Value divisor = l.getSize(known);
      l.check(l.compare(arith::CmpIPredicate::sgt, divisor, zero),
              "cannot divide {} elements into rows of {}",
              {l.getSize(total), divisor});
    }
    *open = quotient;
  }
  checkElementCount(l, total, sizes);
  return sizes;
}

static Tensor lowerReshape(Lowering &l, ReshapeOp op) {
  Tensor x = l.get(op.getInput());
  SymbolicShape sizes = resolveSizes(l, op, x);
  // The declared type may know more than the sizes say.
  for (auto [size, declared] : llvm::zip(sizes, op.getType().getShape()))
    if (!ShapedType::isDynamic(declared)) {
      l.checkEqual(size, declared, "size is {}, expected {}");
      size = declared;
    }
  return l.reshape(x, sizes);
}

static Tensor lowerSqueeze(Lowering &l, SqueezeOp op) {
  Tensor x = l.get(op.getInput());
  SymbolicShape dims;
  for (auto [index, dim] : llvm::enumerate(x.dims)) {
    if (!llvm::is_contained(op.getAxes(), static_cast<int64_t>(index))) {
      dims.push_back(dim);
      continue;
    }
    l.checkEqual(dim, 1, "cannot remove a dimension of extent {}, expected {}");
  }
  return l.reshape(x, dims);
}

static Tensor lowerExpand(Lowering &l, ExpandOp op) {
  Tensor x = l.get(op.getInput());
  SymbolicShape sizes = l.shapes.getSizes(op.getStaticShape(), op.getShape());
  l.checkSizes(sizes);
  SymbolicShape dims = l.getResultDims();
  // The asked-for size is the result's, or 1; the operand is checked where it
  // is read.
  for (auto [index, size] : llvm::enumerate(sizes)) {
    const ShapeExpr &dim = dims[dims.size() - sizes.size() + index];
    if (size == dim || size.isConstant(1))
      continue;
    Value have = l.getSize(size), want = l.getSize(dim);
    Value one = arith::ConstantIndexOp::create(l.b, 1);
    Value equal = l.compare(arith::CmpIPredicate::eq, have, want);
    Value isOne = l.compare(arith::CmpIPredicate::eq, have, one);
    l.check(arith::OrIOp::create(l.b, equal, isOne),
            "cannot expand to size {} where the extent is {}", {have, want});
  }
  return l.broadcastTo(x, dims);
}

//===----------------------------------------------------------------------===//
// ConstantOfShape, Range
//===----------------------------------------------------------------------===//

static Tensor lowerConstantOfShape(Lowering &l, ConstantOfShapeOp op) {
  SymbolicShape dims = l.getResultDims();
  l.checkSizes(dims);
  TypedAttr value = op.getValue();
  if (auto number = dyn_cast<IntegerAttr>(value))
    value = IntegerAttr::get(getSignless(number.getType()), number.getValue());
  return l.makeFilled(dims, arith::ConstantOp::create(l.b, value));
}

static Tensor lowerRange(Lowering &l, RangeOp op) {
  Tensor start = l.get(op.getStart()), delta = l.get(op.getDelta());
  Type elementType = start.getElementType();
  Type type = getComputeType(elementType);
  Value from = l.extract(l.b, start, {});
  Value step = l.extract(l.b, delta, {});
  if (!matchPattern(op.getDelta(), m_Constant())) {
    Value zero = makeScalar(l.b, type, 0);
    Value moves =
        isa<FloatType>(type)
            ? arith::CmpFOp::create(l.b, arith::CmpFPredicate::UNE, step, zero)
                  .getResult()
            : l.compare(arith::CmpIPredicate::ne, step, zero);
    l.check(moves, "delta is 0");
  }
  return l.elementwise(
      {}, l.getResultDims(), elementType,
      [&](ImplicitLocOpBuilder &b, ValueRange) -> Value {
        Value index = linalg::IndexOp::create(b, 0);
        Value wide = arith::IndexCastOp::create(b, b.getI64Type(), index);
        if (isa<FloatType>(type)) {
          Value i = arith::SIToFPOp::create(b, type, wide);
          return arith::AddFOp::create(b, from,
                                       arith::MulFOp::create(b, i, step));
        }
        if (!type.isInteger(64))
          wide = arith::TruncIOp::create(b, type, wide);
        return arith::AddIOp::create(b, from,
                                     arith::MulIOp::create(b, wide, step));
      });
}

FailureOr<Tensor> ockham::onnxlinalg::lowerShapeOp(Lowering &l) {
  return llvm::TypeSwitch<Operation *, FailureOr<Tensor>>(l.op)
      .Case([&](ConstantOp op) { return lowerConstant(l, op); })
      .Case([&](IdentityOp op) { return l.get(op.getInput()); })
      .Case([&](ShapeOp op) { return lowerShape(l, op); })
      .Case([&](ReshapeOp op) { return lowerReshape(l, op); })
      .Case([&](SqueezeOp op) { return lowerSqueeze(l, op); })
      .Case([&](UnsqueezeOp op) {
        return l.insertUnitDims(l.get(op.getInput()), op.getAxes());
      })
      .Case([&](ExpandOp op) { return lowerExpand(l, op); })
      .Case([&](ConstantOfShapeOp op) { return lowerConstantOfShape(l, op); })
      .Case([&](RangeOp op) { return lowerRange(l, op); })
      .Default([](Operation *) { return failure(); });
}
