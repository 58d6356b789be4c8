//===- Elementwise.cpp - Point-wise operators to linalg.generic -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;
using namespace ockham::onnxlinalg;

static bool isFloat(Value value) { return isa<FloatType>(value.getType()); }

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

/// Truncating division that is defined everywhere: by zero it gives 0, and the
/// one quotient that does not fit wraps around.
static Value divideIntegers(ImplicitLocOpBuilder &b, Value lhs, Value rhs) {
  Type type = lhs.getType();
  Value zero = makeScalar(b, type, 0), one = makeScalar(b, type, 1);
  Value minusOne = makeScalar(b, type, -1);
  auto equals = [&](Value value) -> Value {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rhs, value);
  };
  Value isZero = equals(zero), isMinusOne = equals(minusOne);
  Value special = arith::OrIOp::create(b, isZero, isMinusOne);
  Value divisor = arith::SelectOp::create(b, special, one, rhs);
  Value quotient = arith::DivSIOp::create(b, lhs, divisor);
  Value negated = arith::SubIOp::create(b, zero, lhs);
  Value result = arith::SelectOp::create(b, isMinusOne, negated, quotient);
  return arith::SelectOp::create(b, isZero, zero, result);
}

template <typename FloatOp, typename IntOp>
static Value arithmetic(ImplicitLocOpBuilder &b, ValueRange e) {
  if (isFloat(e[0]))
    return FloatOp::create(b, e[0], e[1]);
  return IntOp::create(b, e[0], e[1]);
}

static Value compare(ImplicitLocOpBuilder &b, ValueRange e,
                     arith::CmpFPredicate floats, arith::CmpIPredicate ints) {
  // Ordered predicates: nothing compares with a NaN.
  if (isFloat(e[0]))
    return arith::CmpFOp::create(b, floats, e[0], e[1]);
  return arith::CmpIOp::create(b, ints, e[0], e[1]);
}

/// Between any two element types.
static Value convertElement(ImplicitLocOpBuilder &b, Value value, Type to) {
  Type from = value.getType();
  if (from == to)
    return value;
  if (to.isInteger(1)) {
    Value zero = makeScalar(b, from, 0);
    if (isFloat(value))
      return arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, value, zero);
    return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, value, zero);
  }
  if (isFloat(value) && isa<FloatType>(to))
    return convertFloat(b, value, to);
  if (isFloat(value)) {
    // What does not fit becomes the nearest value that does, NaN the lowest:
    // the conversion alone would be undefined there.
    unsigned width = to.getIntOrFloatBitWidth();
    double bound = std::ldexp(1.0, width - 1);
    unsigned precision = from.isF64() ? 53 : 24;
    double high = width - 1 <= precision
                      ? bound - 1
                      : bound - std::ldexp(1.0, width - 1 - precision);
    value = arith::MaxNumFOp::create(b, value, makeScalar(b, from, -bound));
    value = arith::MinNumFOp::create(b, value, makeScalar(b, from, high));
    return arith::FPToSIOp::create(b, to, value);
  }
  if (auto type = dyn_cast<FloatType>(to)) {
    Type wide = getComputeType(type);
    value = from.isInteger(1)
                ? arith::UIToFPOp::create(b, wide, value).getResult()
                : arith::SIToFPOp::create(b, wide, value).getResult();
    return convertFloat(b, value, to);
  }
  if (from.isInteger(1))
    return arith::ExtUIOp::create(b, to, value);
  if (from.getIntOrFloatBitWidth() < to.getIntOrFloatBitWidth())
    return arith::ExtSIOp::create(b, to, value);
  return arith::TruncIOp::create(b, to, value);
}

//===----------------------------------------------------------------------===//
// Pow
//===----------------------------------------------------------------------===//

/// value to the power of a small positive integer, by squaring.
static Value multiplyOut(ImplicitLocOpBuilder &b, Value value,
                         unsigned exponent) {
  Value result;
  for (Value power = value;; exponent >>= 1) {
    if (exponent & 1)
      result =
          result ? arithmetic<arith::MulFOp, arith::MulIOp>(b, {result, power})
                 : power;
    if (exponent <= 1)
      return result;
    power = arithmetic<arith::MulFOp, arith::MulIOp>(b, {power, power});
  }
}

/// A power with a constant exponent that needs no general power function, or
/// null.
static Value raiseToConstant(ImplicitLocOpBuilder &b, Value base,
                             double exponent) {
  bool isWhole = exponent == std::floor(exponent);
  if (exponent == 0)
    return makeScalar(b, base.getType(), 1);
  if (isWhole && exponent > 0 && exponent <= 8)
    return multiplyOut(b, base, static_cast<unsigned>(exponent));
  if (!isFloat(base))
    return {};
  if (exponent == 0.5)
    return math::SqrtOp::create(b, base);
  Value one = makeScalar(b, base.getType(), 1);
  if (exponent == -0.5)
    return arith::DivFOp::create(b, one, math::SqrtOp::create(b, base));
  if (isWhole && exponent < 0 && exponent >= -8)
    return arith::DivFOp::create(
        b, one, multiplyOut(b, base, static_cast<unsigned>(-exponent)));
  return {};
}

static Tensor lowerPow(Lowering &l, PowOp op) {
  std::optional<double> constant;
  if (matchPattern(op.getRhs(), m_Constant()))
    if (std::optional<ConstantData> data = ConstantData::get(op.getRhs()))
      constant = data->getSplatFloat();
  SmallVector<Tensor> operands = {l.get(op.getLhs()), l.get(op.getRhs())};
  Type elementType = operands[0].getElementType();
  return l.elementwise(
      operands, l.getResultDims(), elementType,
      [&](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
        if (constant)
          if (Value result = raiseToConstant(b, e[0], *constant))
            return result;
        // Integers go through f64, which holds what usual powers give.
        Type type = isFloat(e[0]) ? e[0].getType() : b.getF64Type();
        Value power = math::PowFOp::create(b, convertElement(b, e[0], type),
                                           convertElement(b, e[1], type));
        return convertElement(b, power, getComputeType(elementType));
      });
}

//===----------------------------------------------------------------------===//
// Dispatch
//===----------------------------------------------------------------------===//

/// The element of a unary operator of floats.
static Value buildFloatUnary(Operation *op, ImplicitLocOpBuilder &b, Value x) {
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case([&](ExpOp) { return math::ExpOp::create(b, x); })
      .Case([&](LogOp) { return math::LogOp::create(b, x); })
      .Case([&](SqrtOp) { return math::SqrtOp::create(b, x); })
      .Case([&](ErfOp) { return math::ErfOp::create(b, x); })
      .Case([&](TanhOp) { return math::TanhOp::create(b, x); })
      .Case([&](ReciprocalOp) {
        return arith::DivFOp::create(b, makeScalar(b, x.getType(), 1), x);
      })
      .Case([&](SigmoidOp) {
        Value one = makeScalar(b, x.getType(), 1);
        Value exp = math::ExpOp::create(b, arith::NegFOp::create(b, x));
        return arith::DivFOp::create(b, one,
                                     arith::AddFOp::create(b, one, exp));
      })
      .Default([](Operation *) { return Value(); });
}

/// The element of any other point-wise operator.
static Value buildElement(Operation *op, ImplicitLocOpBuilder &b,
                          ValueRange e) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  return llvm::TypeSwitch<Operation *, Value>(op)
      .Case(
          [&](AddOp) { return arithmetic<arith::AddFOp, arith::AddIOp>(b, e); })
      .Case(
          [&](SubOp) { return arithmetic<arith::SubFOp, arith::SubIOp>(b, e); })
      .Case(
          [&](MulOp) { return arithmetic<arith::MulFOp, arith::MulIOp>(b, e); })
      .Case([&](DivOp) -> Value {
        if (isFloat(e[0]))
          return arith::DivFOp::create(b, e[0], e[1]);
        return divideIntegers(b, e[0], e[1]);
      })
      .Case([&](EqualOp) { return compare(b, e, F::OEQ, I::eq); })
      .Case([&](LessOp) { return compare(b, e, F::OLT, I::slt); })
      .Case([&](LessOrEqualOp) { return compare(b, e, F::OLE, I::sle); })
      .Case([&](GreaterOp) { return compare(b, e, F::OGT, I::sgt); })
      .Case([&](GreaterOrEqualOp) { return compare(b, e, F::OGE, I::sge); })
      .Case([&](AndOp) { return arith::AndIOp::create(b, e[0], e[1]); })
      .Case([&](OrOp) { return arith::OrIOp::create(b, e[0], e[1]); })
      .Case([&](NotOp) {
        return arith::XOrIOp::create(b, e[0], makeScalar(b, e[0].getType(), 1));
      })
      .Case(
          [&](WhereOp) { return arith::SelectOp::create(b, e[0], e[1], e[2]); })
      .Case([&](NegOp) -> Value {
        if (isFloat(e[0]))
          return arith::NegFOp::create(b, e[0]);
        return arith::SubIOp::create(b, makeScalar(b, e[0].getType(), 0), e[0]);
      })
      .Case([&](AbsOp) -> Value {
        if (isFloat(e[0]))
          return math::AbsFOp::create(b, e[0]);
        return math::AbsIOp::create(b, e[0]);
      })
      .Case([&](ReluOp) {
        // A NaN is not below zero and stays.
        Value zero = makeScalar(b, e[0].getType(), 0);
        Value negative = compare(b, {e[0], zero}, F::OLT, I::slt);
        return arith::SelectOp::create(b, negative, zero, e[0]);
      })
      .Default(
          [&](Operation *unary) { return buildFloatUnary(unary, b, e[0]); });
}

FailureOr<Tensor> ockham::onnxlinalg::lowerElementwise(Lowering &l) {
  if (auto pow = dyn_cast<PowOp>(l.op))
    return lowerPow(l, pow);
  if (!isa<AddOp, SubOp, MulOp, DivOp, EqualOp, LessOp, LessOrEqualOp,
           GreaterOp, GreaterOrEqualOp, AndOp, OrOp, NotOp, WhereOp, NegOp,
           AbsOp, ReluOp, ExpOp, LogOp, SqrtOp, ErfOp, TanhOp, ReciprocalOp,
           SigmoidOp, CastOp>(l.op))
    return failure();

  SmallVector<Tensor> operands;
  for (Value operand : l.op->getOperands())
    operands.push_back(l.get(operand));
  Type elementType =
      cast<RankedTensorType>(l.op->getResult(0).getType()).getElementType();
  return l.elementwise(operands, l.getResultDims(), elementType,
                       [&](ImplicitLocOpBuilder &b, ValueRange e) {
                         if (isa<CastOp>(l.op))
                           return convertElement(b, e[0], elementType);
                         return buildElement(l.op, b, e);
                       });
}
