//===- Reductions.cpp - Reductions, Softmax, LayerNormalization -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/TypeSwitch.h"

#include <limits>

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;
using namespace ockham::onnxlinalg;

static constexpr double kInfinity = std::numeric_limits<double>::infinity();

static Value addElements(ImplicitLocOpBuilder &b, Value lhs, Value rhs) {
  if (isa<FloatType>(lhs.getType()))
    return arith::AddFOp::create(b, lhs, rhs);
  return arith::AddIOp::create(b, lhs, rhs);
}

/// The number of elements along the axes, as a scalar of the given type.
static Value getCount(Lowering &l, const Tensor &tensor, ArrayRef<int64_t> axes,
                      Type type) {
  ShapeExpr count = 1;
  for (int64_t axis : axes)
    count = count * tensor.dims[axis];
  if (std::optional<int64_t> constant = count.getConstant())
    return makeScalar(l.b, type, *constant);
  Value size =
      arith::IndexCastOp::create(l.b, l.b.getI64Type(), l.getSize(count));
  if (isa<FloatType>(type))
    return arith::SIToFPOp::create(l.b, type, size);
  if (type.isInteger(64))
    return size;
  return arith::TruncIOp::create(l.b, type, size);
}

//===----------------------------------------------------------------------===//
// Reduce*
//===----------------------------------------------------------------------===//

static Tensor reduceSum(Lowering &l, const Tensor &x, ArrayRef<int64_t> axes) {
  Type type = getComputeType(x.getElementType());
  return l.reduce(x, axes, makeScalar(l.b, type, 0),
                  [](ImplicitLocOpBuilder &b, ValueRange e) {
                    return addElements(b, e[0], e[1]);
                  });
}

/// sum / count, the count converted once outside of the loop.
static Tensor divideByCount(Lowering &l, const Tensor &sum, Value count,
                            Type elementType) {
  bool isUnsignedSum = isUnsigned(l.op->getOperand(0));
  return l.elementwise(sum, sum.dims, elementType,
                       [&](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
                         if (isa<FloatType>(count.getType()))
                           return arith::DivFOp::create(b, e[0], count);
                         if (isUnsignedSum)
                           return arith::DivUIOp::create(b, e[0], count);
                         return arith::DivSIOp::create(b, e[0], count);
                       });
}

static Tensor reduceMean(Lowering &l, const Tensor &x, ArrayRef<int64_t> axes) {
  Type elementType = x.getElementType();
  Type type = getComputeType(elementType);
  Tensor sum = reduceSum(l, x, axes);
  Value count = getCount(l, x, axes, type);
  if (!isa<FloatType>(type)) {
    // The mean of nothing is 0 / 1 for integers, which have no NaN.
    Value zero = makeScalar(l.b, type, 0), one = makeScalar(l.b, type, 1);
    Value empty = l.compare(arith::CmpIPredicate::eq, count, zero);
    count = arith::SelectOp::create(l.b, empty, one, count);
  }
  return divideByCount(l, sum, count, elementType);
}

/// The largest or smallest element, a NaN if there is one.
static Tensor reduceExtremum(Lowering &l, const Tensor &x,
                             ArrayRef<int64_t> axes, bool isMax) {
  Type elementType = x.getElementType();
  Type type = getComputeType(elementType);
  bool isUnsignedOp = isUnsigned(l.op->getOperand(0));
  Value init;
  if (isa<FloatType>(type)) {
    init = makeScalar(l.b, type, isMax ? -kInfinity : kInfinity);
  } else {
    unsigned width = type.getIntOrFloatBitWidth();
    APInt lowest = isUnsignedOp ? APInt::getMinValue(width)
                                : APInt::getSignedMinValue(width);
    init = arith::ConstantOp::create(
        l.b, l.b.getIntegerAttr(type, isMax ? lowest : ~lowest));
  }
  auto choose = [&](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
    if (isa<FloatType>(type)) {
      if (isMax)
        return arith::MaximumFOp::create(b, e[0], e[1]);
      return arith::MinimumFOp::create(b, e[0], e[1]);
    }
    if (isUnsignedOp) {
      if (isMax)
        return arith::MaxUIOp::create(b, e[0], e[1]);
      return arith::MinUIOp::create(b, e[0], e[1]);
    }
    if (isMax)
      return arith::MaxSIOp::create(b, e[0], e[1]);
    return arith::MinSIOp::create(b, e[0], e[1]);
  };
  return l.roundTo(l.reduce(x, axes, init, choose), elementType);
}

static Tensor reduceMax(Lowering &l, const Tensor &x, ArrayRef<int64_t> axes) {
  return reduceExtremum(l, x, axes, /*isMax=*/true);
}

static Tensor reduceMin(Lowering &l, const Tensor &x, ArrayRef<int64_t> axes) {
  return reduceExtremum(l, x, axes, /*isMax=*/false);
}

static Tensor reduceProd(Lowering &l, const Tensor &x, ArrayRef<int64_t> axes) {
  Type type = getComputeType(x.getElementType());
  Tensor product = l.reduce(x, axes, makeScalar(l.b, type, 1),
                            [](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
                              if (isa<FloatType>(e[0].getType()))
                                return arith::MulFOp::create(b, e[0], e[1]);
                              return arith::MulIOp::create(b, e[0], e[1]);
                            });
  return l.roundTo(product, x.getElementType());
}

static Tensor reduceL2(Lowering &l, const Tensor &x, ArrayRef<int64_t> axes) {
  Type elementType = x.getElementType();
  bool isFloat = isa<FloatType>(elementType);
  Type type = isFloat ? getComputeType(elementType) : l.b.getF64Type();
  bool isUnsignedOp = isUnsigned(l.op->getOperand(0));
  auto toFloat = [&](ImplicitLocOpBuilder &b, Value value) -> Value {
    if (isFloat)
      return value;
    if (isUnsignedOp)
      return arith::UIToFPOp::create(b, type, value);
    return arith::SIToFPOp::create(b, type, value);
  };
  Tensor squares =
      l.reduce(x, axes, makeScalar(l.b, type, 0),
               [&](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
                 Value value = toFloat(b, e[0]);
                 Value square = arith::MulFOp::create(b, value, value);
                 return arith::AddFOp::create(b, square, e[1]);
               });
  return l.elementwise(squares, squares.dims, elementType,
                       [&](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
                         Value root = math::SqrtOp::create(b, e[0]);
                         if (isFloat)
                           return root;
                         if (isUnsignedOp)
                           return arith::FPToUIOp::create(b, elementType, root);
                         return arith::FPToSIOp::create(b, elementType, root);
                       });
}

/// The one lowering of all reductions with axes and keepdims.
template <typename Op, typename Reduce>
static Tensor lowerReduce(Lowering &l, Op op, Reduce reduce) {
  Tensor x = l.get(op.getInput());
  ArrayRef<int64_t> axes = op.getAxes();
  if (axes.empty())
    return x;
  Tensor result = reduce(l, x, axes);
  return op.getKeepdims() ? l.insertUnitDims(result, axes) : result;
}

//===----------------------------------------------------------------------===//
// ArgMax, ArgMin
//===----------------------------------------------------------------------===//

/// The extremum first, then the first or last position that has it: two
/// reductions of one value each.
template <typename Op>
static Tensor lowerArgReduction(Lowering &l, Op op, bool isMax) {
  Tensor x = l.get(op.getInput());
  int64_t axis = op.getAxis();
  if (!x.dims[axis].getConstant()) {
    Value size = l.getSize(x.dims[axis]);
    Value zero = arith::ConstantIndexOp::create(l.b, 0);
    l.check(l.compare(arith::CmpIPredicate::sgt, size, zero),
            "the axis has {} elements, expected at least 1", size);
  }
  Tensor extremum = l.insertUnitDims(reduceExtremum(l, x, axis, isMax), axis);
  bool takeLast = op.getSelectLast();
  Type i64 = l.b.getI64Type();
  // What no position is: it never stays, for one position has the extremum.
  Value none = arith::ConstantOp::create(
      l.b, l.b.getIntegerAttr(i64, takeLast ? APInt::getAllOnes(64)
                                            : APInt::getSignedMaxValue(64)));
  Tensor result = l.reduce(
      {x, extremum}, axis, none,
      [&](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
        Value found;
        if (isa<FloatType>(e[0].getType())) {
          Value equal =
              arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, e[0], e[1]);
          // Where there is a NaN, it is the extremum.
          Value isNaN =
              arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, e[0], e[0]);
          found = arith::OrIOp::create(b, equal, isNaN);
        } else {
          found =
              arith::CmpIOp::create(b, arith::CmpIPredicate::eq, e[0], e[1]);
        }
        Value here = arith::IndexCastOp::create(
            b, i64, linalg::IndexOp::create(b, axis));
        Value candidate = arith::SelectOp::create(b, found, here, none);
        if (takeLast)
          return arith::MaxSIOp::create(b, candidate, e[2]);
        return arith::MinSIOp::create(b, candidate, e[2]);
      });
  return op.getKeepdims() ? l.insertUnitDims(result, axis) : result;
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// Two reductions and one point-wise pass. The exponential is computed twice,
/// which costs less than another trip of all the scores through memory.
static Tensor lowerSoftmax(Lowering &l, SoftmaxOp op) {
  Tensor x = l.get(op.getInput());
  int64_t axis = op.getAxis();
  Type type = getComputeType(x.getElementType());
  Tensor max = l.reduce(x, axis, makeScalar(l.b, type, -kInfinity),
                        [](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
                          // A NaN returns through the sum.
                          return arith::MaxNumFOp::create(b, e[0], e[1]);
                        });
  max = l.insertUnitDims(max, axis);
  auto shiftedExp = [](ImplicitLocOpBuilder &b, Value x, Value max) -> Value {
    return math::ExpOp::create(b, arith::SubFOp::create(b, x, max));
  };
  Tensor sum = l.reduce({x, max}, axis, makeScalar(l.b, type, 0),
                        [&](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
                          return arith::AddFOp::create(
                              b, shiftedExp(b, e[0], e[1]), e[2]);
                        });
  sum = l.insertUnitDims(sum, axis);
  return l.elementwise({x, max, sum}, x.dims, x.getElementType(),
                       [&](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
                         return arith::DivFOp::create(
                             b, shiftedExp(b, e[0], e[1]), e[2]);
                       });
}

//===----------------------------------------------------------------------===//
// LayerNormalization
//===----------------------------------------------------------------------===//

static Tensor lowerLayerNorm(Lowering &l, LayerNormalizationOp op) {
  Tensor x = l.get(op.getInput());
  auto axes = llvm::to_vector(llvm::seq<int64_t>(op.getAxis(), x.getRank()));
  Type type = getComputeType(x.getElementType());
  Value count = getCount(l, x, axes, type);
  Value epsilon = makeScalar(l.b, type, op.getEpsilon().convertToDouble());

  // The variance is that of the differences: a large mean costs no digits.
  Tensor mean = divideByCount(l, reduceSum(l, x, axes), count, type);
  mean = l.insertUnitDims(mean, axes);
  Tensor squares =
      l.reduce({x, mean}, axes, makeScalar(l.b, type, 0),
               [](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
                 Value centred = arith::SubFOp::create(b, e[0], e[1]);
                 Value square = arith::MulFOp::create(b, centred, centred);
                 return arith::AddFOp::create(b, square, e[2]);
               });
  Tensor inverse = l.elementwise(
      squares, squares.dims, type,
      [&](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
        Value variance = arith::DivFOp::create(b, e[0], count);
        Value shifted = arith::AddFOp::create(b, variance, epsilon);
        Value one = makeScalar(b, type, 1);
        return arith::DivFOp::create(b, one, math::SqrtOp::create(b, shifted));
      });
  inverse = l.insertUnitDims(inverse, axes);

  SmallVector<Tensor> operands = {x, mean, inverse};
  if (op.getScale())
    operands.push_back(l.get(op.getScale()));
  if (op.getBias())
    operands.push_back(l.get(op.getBias()));
  return l.elementwise(operands, x.dims, x.getElementType(),
                       [&](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
                         Value centred = arith::SubFOp::create(b, e[0], e[1]);
                         Value result = arith::MulFOp::create(b, centred, e[2]);
                         unsigned next = 3;
                         if (op.getScale())
                           result = arith::MulFOp::create(b, result, e[next++]);
                         if (op.getBias())
                           result = arith::AddFOp::create(b, result, e[next]);
                         return result;
                       });
}

FailureOr<Tensor> ockham::onnxlinalg::lowerReduction(Lowering &l) {
  return llvm::TypeSwitch<Operation *, FailureOr<Tensor>>(l.op)
      .Case([&](ReduceSumOp op) {
        return lowerReduce(
            l, op, [](Lowering &l, const Tensor &x, ArrayRef<int64_t> axes) {
              return l.roundTo(reduceSum(l, x, axes), x.getElementType());
            });
      })
      .Case([&](ReduceMeanOp op) { return lowerReduce(l, op, reduceMean); })
      .Case([&](ReduceMaxOp op) { return lowerReduce(l, op, reduceMax); })
      .Case([&](ReduceMinOp op) { return lowerReduce(l, op, reduceMin); })
      .Case([&](ReduceProdOp op) { return lowerReduce(l, op, reduceProd); })
      .Case(
          [&](ArgMaxOp op) { return lowerArgReduction(l, op, /*isMax=*/true); })
      .Case([&](ArgMinOp op) {
        return lowerArgReduction(l, op, /*isMax=*/false);
      })
      .Case([&](ReduceL2Op op) { return lowerReduce(l, op, reduceL2); })
      .Case([&](SoftmaxOp op) { return lowerSoftmax(l, op); })
      .Case([&](LayerNormalizationOp op) { return lowerLayerNorm(l, op); })
      .Default([](Operation *) { return failure(); });
}
