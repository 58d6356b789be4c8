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

/// Whether two integers are equal.
static Value areEqual(ImplicitLocOpBuilder &b, Value lhs, Value rhs) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, lhs, rhs);
}

/// Division that is defined everywhere: by zero it gives 0, and the one signed
/// quotient that does not fit wraps around.
static Value divideIntegers(ImplicitLocOpBuilder &b, Value lhs, Value rhs,
                            bool isUnsigned) {
  Type type = lhs.getType();
  Value zero = makeScalar(b, type, 0), one = makeScalar(b, type, 1);
  Value isZero = areEqual(b, rhs, zero);
  if (isUnsigned) {
    Value divisor = arith::SelectOp::create(b, isZero, one, rhs);
    Value quotient = arith::DivUIOp::create(b, lhs, divisor);
    return arith::SelectOp::create(b, isZero, zero, quotient);
  }
  Value isMinusOne = areEqual(b, rhs, makeScalar(b, type, -1));
  Value special = arith::OrIOp::create(b, isZero, isMinusOne);
  Value divisor = arith::SelectOp::create(b, special, one, rhs);
  Value quotient = arith::DivSIOp::create(b, lhs, divisor);
  Value negated = arith::SubIOp::create(b, zero, lhs);
  Value result = arith::SelectOp::create(b, isMinusOne, negated, quotient);
  return arith::SelectOp::create(b, isZero, zero, result);
}

/// The remainder of a division, 0 where the divisor is.
static Value buildMod(ImplicitLocOpBuilder &b, Value lhs, Value rhs,
                      bool isUnsigned, bool isFmod) {
  if (isFloat(lhs))
    return arith::RemFOp::create(b, lhs, rhs);
  Type type = lhs.getType();
  Value zero = makeScalar(b, type, 0), one = makeScalar(b, type, 1);
  Value special = areEqual(b, rhs, zero);
  // What is divided by 1 leaves nothing, as by 0 and -1.
  if (!isUnsigned)
    special = arith::OrIOp::create(b, special,
                                   areEqual(b, rhs, makeScalar(b, type, -1)));
  Value divisor = arith::SelectOp::create(b, special, one, rhs);
  if (isUnsigned)
    return arith::RemUIOp::create(b, lhs, divisor);
  Value remainder = arith::RemSIOp::create(b, lhs, divisor);
  if (isFmod)
    return remainder;
  // C's remainder has the dividend's sign.
  Value signs = arith::XOrIOp::create(b, remainder, divisor);
  Value differ =
      arith::CmpIOp::create(b, arith::CmpIPredicate::slt, signs, zero);
  Value isWhole = areEqual(b, remainder, zero);
  Value moved = arith::AddIOp::create(b, remainder, divisor);
  Value result = arith::SelectOp::create(b, differ, moved, remainder);
  return arith::SelectOp::create(b, isWhole, zero, result);
}

/// Zeros where nothing of the value is left.
static Value buildShift(ImplicitLocOpBuilder &b, Value value, Value bits,
                        bool isLeft) {
  Type type = value.getType();
  Value zero = makeScalar(b, type, 0);
  Value width = makeScalar(b, type, type.getIntOrFloatBitWidth());
  Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, bits, width);
  bits = arith::SelectOp::create(b, fits, bits, zero);
  Value shifted = isLeft ? arith::ShLIOp::create(b, value, bits).getResult()
                         : arith::ShRUIOp::create(b, value, bits).getResult();
  return arith::SelectOp::create(b, fits, shifted, zero);
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

/// The predicate for unsigned integers.
static arith::CmpIPredicate toUnsigned(arith::CmpIPredicate predicate) {
  using I = arith::CmpIPredicate;
  switch (predicate) {
  case I::slt:
    return I::ult;
  case I::sle:
    return I::ule;
  case I::sgt:
    return I::ugt;
  case I::sge:
    return I::uge;
  default:
    return predicate;
  }
}

/// The float as a signed integer of the type `to`: the nearest one where it
/// does not fit, the lowest for a NaN. The conversion alone would be undefined
/// there.
static Value convertToSigned(ImplicitLocOpBuilder &b, Value value, Type to) {
  Type from = value.getType();
  unsigned width = to.getIntOrFloatBitWidth();
  double bound = std::ldexp(1.0, width - 1);
  // The largest float below the bound.
  unsigned precision = from.isF64() ? 53 : 24;
  double high = width - 1 <= precision
                    ? bound - 1
                    : bound - std::ldexp(1.0, width - 1 - precision);
  Value clamped =
      arith::MaxNumFOp::create(b, value, makeScalar(b, from, -bound));
  clamped = arith::MinNumFOp::create(b, clamped, makeScalar(b, from, high));
  Value result = arith::FPToSIOp::create(b, to, clamped);
  if (width - 1 <= precision)
    return result;
  Value isHigh = arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, value,
                                       makeScalar(b, from, bound));
  Value largest = arith::ConstantOp::create(
      b, b.getIntegerAttr(to, APInt::getSignedMaxValue(width)));
  return arith::SelectOp::create(b, isHigh, largest, result);
}

/// Float to integer, as Cast is defined for what does not fit.
static Value convertToInteger(ImplicitLocOpBuilder &b, Value value, Type to,
                              bool isUnsigned) {
  unsigned width = to.getIntOrFloatBitWidth();
  if (width < 32 || !isUnsigned) {
    Type wide = b.getIntegerType(std::max(width, 32u));
    value = convertToSigned(b, value, wide);
    return wide == to ? value : arith::TruncIOp::create(b, to, value);
  }
  Type i64 = b.getI64Type();
  Value low = convertToSigned(b, value, i64);
  if (width < 64)
    return arith::TruncIOp::create(b, to, low);
  // The upper half: what is above 2^63, with the highest bit set.
  Value half = makeScalar(b, value.getType(), std::ldexp(1.0, 63));
  Value rest = convertToSigned(b, arith::SubFOp::create(b, value, half), i64);
  Value bit = arith::ConstantOp::create(
      b, b.getIntegerAttr(i64, APInt::getSignMask(64)));
  Value high = arith::XOrIOp::create(b, rest, bit);
  Value isHigh =
      arith::CmpFOp::create(b, arith::CmpFPredicate::OGE, value, half);
  return arith::SelectOp::create(b, isHigh, high, low);
}

/// Between any two element types, whose integers may be unsigned.
static Value convertElement(ImplicitLocOpBuilder &b, Value value, Type to,
                            bool fromUnsigned = false,
                            bool toUnsigned = false) {
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
  if (isFloat(value))
    return convertToInteger(b, value, to, toUnsigned);
  // A boolean is 0 or 1.
  fromUnsigned |= from.isInteger(1);
  if (auto type = dyn_cast<FloatType>(to)) {
    Type wide = getComputeType(type);
    value = fromUnsigned ? arith::UIToFPOp::create(b, wide, value).getResult()
                         : arith::SIToFPOp::create(b, wide, value).getResult();
    return convertFloat(b, value, to);
  }
  if (from.getIntOrFloatBitWidth() > to.getIntOrFloatBitWidth())
    return arith::TruncIOp::create(b, to, value);
  if (fromUnsigned)
    return arith::ExtUIOp::create(b, to, value);
  return arith::ExtSIOp::create(b, to, value);
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
  SmallVector<Tensor> operands = {l.get(op.getLhs()), l.get(op.getRhs())};
  Type elementType = operands[0].getElementType();
  bool baseUnsigned = isUnsigned(op.getLhs());
  bool exponentUnsigned = isUnsigned(op.getRhs());
  std::optional<double> constant;
  if (matchPattern(operands[1].value, m_Constant()))
    if (std::optional<ConstantData> data = ConstantData::get(operands[1].value))
      constant = data->getSplatFloat();
  // Bits that are read as a negative number may be a large one.
  if (exponentUnsigned && constant && *constant < 0)
    constant = std::nullopt;
  return l.elementwise(
      operands, l.getResultDims(), elementType,
      [&](ImplicitLocOpBuilder &b, ValueRange e) -> Value {
        if (constant)
          if (Value result = raiseToConstant(b, e[0], *constant))
            return result;
        // Integers go through f64, which holds what usual powers give.
        Type type = isFloat(e[0]) ? e[0].getType() : b.getF64Type();
        Value power = math::PowFOp::create(
            b, convertElement(b, e[0], type, baseUnsigned),
            convertElement(b, e[1], type, exponentUnsigned));
        return convertElement(b, power, getComputeType(elementType),
                              /*fromUnsigned=*/false, baseUnsigned);
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
      .Case([&](SinOp) { return math::SinOp::create(b, x); })
      .Case([&](CosOp) { return math::CosOp::create(b, x); })
      .Case([&](TanOp) { return math::TanOp::create(b, x); })
      .Case([&](AsinOp) { return math::AsinOp::create(b, x); })
      .Case([&](AcosOp) { return math::AcosOp::create(b, x); })
      .Case([&](AtanOp) { return math::AtanOp::create(b, x); })
      .Case([&](SinhOp) { return math::SinhOp::create(b, x); })
      .Case([&](CoshOp) { return math::CoshOp::create(b, x); })
      .Case([&](AsinhOp) { return math::AsinhOp::create(b, x); })
      .Case([&](AcoshOp) { return math::AcoshOp::create(b, x); })
      .Case([&](AtanhOp) { return math::AtanhOp::create(b, x); })
      .Case([&](TanhOp) { return math::TanhOp::create(b, x); })
      .Case([&](FloorOp) { return math::FloorOp::create(b, x); })
      .Case([&](CeilOp) { return math::CeilOp::create(b, x); })
      .Case([&](RoundOp) { return math::RoundEvenOp::create(b, x); })
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

/// The larger or the smaller element.
template <typename FloatOp, typename SignedOp, typename UnsignedOp>
static Value buildExtremum(ImplicitLocOpBuilder &b, ValueRange e,
                           bool isUnsigned) {
  if (isFloat(e[0]))
    return FloatOp::create(b, e[0], e[1]);
  if (isUnsigned)
    return UnsignedOp::create(b, e[0], e[1]);
  return SignedOp::create(b, e[0], e[1]);
}

/// The element of any other point-wise operator.
static Value buildElement(Operation *op, ImplicitLocOpBuilder &b,
                          ValueRange e) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  bool isUnsignedOp = isUnsigned(op->getOperand(0));
  auto test = [&](ValueRange values, F floats, I ints) {
    return compare(b, values, floats, isUnsignedOp ? toUnsigned(ints) : ints);
  };
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
        return divideIntegers(b, e[0], e[1], isUnsignedOp);
      })
      .Case([&](ModOp mod) {
        return buildMod(b, e[0], e[1], isUnsignedOp, mod.getFmod());
      })
      .Case([&](MaxOp) {
        return buildExtremum<arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>(
            b, e, isUnsignedOp);
      })
      .Case([&](MinOp) {
        return buildExtremum<arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp>(
            b, e, isUnsignedOp);
      })
      .Case([&](EqualOp) { return test(e, F::OEQ, I::eq); })
      .Case([&](LessOp) { return test(e, F::OLT, I::slt); })
      .Case([&](LessOrEqualOp) { return test(e, F::OLE, I::sle); })
      .Case([&](GreaterOp) { return test(e, F::OGT, I::sgt); })
      .Case([&](GreaterOrEqualOp) { return test(e, F::OGE, I::sge); })
      .Case<AndOp, BitwiseAndOp>(
          [&](auto) { return arith::AndIOp::create(b, e[0], e[1]); })
      .Case<OrOp, BitwiseOrOp>(
          [&](auto) { return arith::OrIOp::create(b, e[0], e[1]); })
      .Case([&](BitwiseXorOp) { return arith::XOrIOp::create(b, e[0], e[1]); })
      .Case([&](BitShiftOp shift) {
        return buildShift(b, e[0], e[1], shift.getLeft());
      })
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
        if (isUnsignedOp)
          return e[0];
        return math::AbsIOp::create(b, e[0]);
      })
      .Case([&](ReluOp) {
        // A NaN is not below zero and stays.
        Value zero = makeScalar(b, e[0].getType(), 0);
        Value negative = test({e[0], zero}, F::OLT, I::slt);
        return arith::SelectOp::create(b, negative, zero, e[0]);
      })
      .Default(
          [&](Operation *unary) { return buildFloatUnary(unary, b, e[0]); });
}

FailureOr<Tensor> ockham::onnxlinalg::lowerElementwise(Lowering &l) {
  if (auto pow = dyn_cast<PowOp>(l.op))
    return lowerPow(l, pow);
  if (!isa<AddOp, SubOp, MulOp, DivOp, MaxOp, MinOp, ModOp, EqualOp, LessOp,
           LessOrEqualOp, GreaterOp, GreaterOrEqualOp, AndOp, OrOp, NotOp,
           BitwiseAndOp, BitwiseOrOp, BitwiseXorOp, BitShiftOp, WhereOp, NegOp,
           AbsOp, ReluOp, ExpOp, LogOp, SqrtOp, ErfOp, SinOp, CosOp, TanOp,
           AsinOp, AcosOp, AtanOp, SinhOp, CoshOp, AsinhOp, AcoshOp, AtanhOp,
           TanhOp, ReciprocalOp, SigmoidOp, FloorOp, CeilOp, RoundOp, CastOp>(
          l.op))
    return failure();

  SmallVector<Tensor> operands;
  for (Value operand : l.op->getOperands())
    operands.push_back(l.get(operand));
  Type elementType = l.getResultElementType();
  return l.elementwise(operands, l.getResultDims(), elementType,
                       [&](ImplicitLocOpBuilder &b, ValueRange e) {
                         if (isa<CastOp>(l.op))
                           return convertElement(
                               b, e[0], elementType,
                               isUnsigned(l.op->getOperand(0)),
                               isUnsigned(l.op->getResult(0)));
                         return buildElement(l.op, b, e);
                       });
}
