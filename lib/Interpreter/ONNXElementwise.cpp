//===- ONNXElementwise.cpp - Point-wise onnx ops --------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Evaluator.h"
#include "dialects/ONNX/ONNXDialect.h"

#include <cmath>

using namespace mlir;

namespace ockham::interpreter {

/// The result's element type is the static one: comparisons give booleans, Cast
/// what it casts to.
static llvm::Expected<Tensor> createResult(Value result,
                                           ArrayRef<int64_t> shape) {
  Type type = getElementTypeOrSelf(result.getType());
  std::optional<ockham_dtype> dtype = getDType(type);
  if (!dtype) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return makeError("element type " + text + " is not supported");
  }
  return Tensor::create(*dtype, shape);
}

//===----------------------------------------------------------------------===//
// Binary
//===----------------------------------------------------------------------===//

/// Walks two operands with broadcasting; `element(result, to, lhs, i, rhs, j)`
/// computes one element and may fail.
template <typename OpTy, typename Fn>
static llvm::Expected<Tensor> evaluateBinary(OpTy op, Frame &frame,
                                             Fn element) {
  const Tensor &lhs = frame.get(op.getLhs());
  const Tensor &rhs = frame.get(op.getRhs());
  llvm::Expected<Extents> shape =
      broadcastShapes(lhs.getShape(), rhs.getShape());
  if (!shape)
    return shape.takeError();
  llvm::Expected<Tensor> result = createResult(op.getResult(), *shape);
  if (!result)
    return result;
  llvm::Error error = llvm::Error::success();
  forEachIndex(*shape, [&](ArrayRef<int64_t> index, int64_t to) {
    int64_t i = getBroadcastPosition(index, lhs.getShape());
    int64_t j = getBroadcastPosition(index, rhs.getShape());
    if (!error)
      error = element(*result, to, lhs, i, rhs, j);
  });
  if (error)
    return error;
  return result;
}

/// Arithmetic: one function for floats, one for integers that works modulo 2^64
/// (the result wraps to its type), one for them as signed numbers where the
/// two differ.
template <typename OpTy>
static void addArithmetic(OpTable &table, double (*onFloats)(double, double),
                          uint64_t (*onInts)(uint64_t, uint64_t),
                          int64_t (*onSigned)(int64_t, int64_t) = nullptr) {
  table.add<OpTy>([=](OpTy op, Frame &frame) {
    return evaluateBinary(
        op, frame,
        [=](Tensor &result, int64_t to, const Tensor &lhs, int64_t i,
            const Tensor &rhs, int64_t j) {
          if (result.isFloat())
            result.setFloat(to, onFloats(lhs.getFloat(i), rhs.getFloat(j)));
          else if (onSigned && !result.isUnsigned())
            result.setInt(to, onSigned(lhs.getInt(i), rhs.getInt(j)));
          else
            result.setInt(to, onInts(lhs.getInt(i), rhs.getInt(j)));
          return llvm::Error::success();
        });
  });
}

static llvm::Error divide(Tensor &result, int64_t to, const Tensor &lhs,
                          int64_t i, const Tensor &rhs, int64_t j) {
  if (result.isFloat()) {
    result.setFloat(to, lhs.getFloat(i) / rhs.getFloat(j));
    return llvm::Error::success();
  }
  int64_t dividend = lhs.getInt(i), divisor = rhs.getInt(j);
  if (divisor == 0)
    return makeError("integer division of " + llvm::Twine(dividend) +
                     " by zero");
  if (result.isUnsigned())
    result.setInt(to, uint64_t(dividend) / uint64_t(divisor));
  // The smallest integer divided by -1 wraps, as negation does.
  else if (divisor == -1)
    result.setInt(to, -uint64_t(dividend));
  else
    result.setInt(to, dividend / divisor);
  return llvm::Error::success();
}

static llvm::Expected<Tensor> evaluateMod(onnx::ModOp op, Frame &frame) {
  bool isFmod = op.getFmod();
  auto element = [=](Tensor &result, int64_t to, const Tensor &lhs, int64_t i,
                     const Tensor &rhs, int64_t j) -> llvm::Error {
    if (result.isFloat()) {
      result.setFloat(to, std::fmod(lhs.getFloat(i), rhs.getFloat(j)));
      return llvm::Error::success();
    }
    int64_t dividend = lhs.getInt(i), divisor = rhs.getInt(j);
    if (divisor == 0)
      return makeError("remainder of " + llvm::Twine(dividend) +
                       " divided by zero");
    if (result.isUnsigned()) {
      result.setInt(to, uint64_t(dividend) % uint64_t(divisor));
      return llvm::Error::success();
    }
    // C's operator has the dividend's sign, and no result for the smallest
    // integer divided by -1.
    int64_t remainder = divisor == -1 ? 0 : dividend % divisor;
    if (!isFmod && remainder != 0 && (remainder < 0) != (divisor < 0))
      remainder += divisor;
    result.setInt(to, remainder);
    return llvm::Error::success();
  };
  return evaluateBinary(op, frame, element);
}

static llvm::Expected<Tensor> evaluateBitShift(onnx::BitShiftOp op,
                                               Frame &frame) {
  bool isLeft = op.getLeft();
  return evaluateBinary(op, frame,
                        [=](Tensor &result, int64_t to, const Tensor &lhs,
                            int64_t i, const Tensor &rhs, int64_t j) {
                          uint64_t value = lhs.getInt(i), bits = rhs.getInt(j);
                          if (bits >= 64)
                            value = 0;
                          else
                            value = isLeft ? value << bits : value >> bits;
                          result.setInt(to, value);
                          return llvm::Error::success();
                        });
}

static llvm::Error power(Tensor &result, int64_t to, const Tensor &lhs,
                         int64_t i, const Tensor &rhs, int64_t j) {
  bool isWhole = !result.isFloat() && !rhs.isFloat();
  if (isWhole && (rhs.isUnsigned() || rhs.getInt(j) >= 0)) {
    // By squaring, modulo 2^64.
    uint64_t base = lhs.getInt(i), product = 1;
    for (uint64_t exponent = rhs.getInt(j); exponent; exponent >>= 1) {
      if (exponent & 1)
        product *= base;
      base *= base;
    }
    result.setInt(to, product);
    return llvm::Error::success();
  }
  result.setFloat(to, std::pow(lhs.getFloat(i), rhs.getFloat(j)));
  return llvm::Error::success();
}

/// Comparisons: `compare` is called with two numbers of the operands' kind.
template <typename OpTy, typename Fn>
static void addComparison(OpTable &table, Fn compare) {
  table.add<OpTy>([=](OpTy op, Frame &frame) {
    return evaluateBinary(op, frame,
                          [=](Tensor &result, int64_t to, const Tensor &lhs,
                              int64_t i, const Tensor &rhs, int64_t j) {
                            bool holds;
                            if (lhs.isFloat())
                              holds = compare(lhs.getFloat(i), rhs.getFloat(j));
                            else if (lhs.isUnsigned())
                              holds = compare(uint64_t(lhs.getInt(i)),
                                              uint64_t(rhs.getInt(j)));
                            else
                              holds = compare(lhs.getInt(i), rhs.getInt(j));
                            result.setInt(to, holds);
                            return llvm::Error::success();
                          });
  });
}

//===----------------------------------------------------------------------===//
// Unary
//===----------------------------------------------------------------------===//

template <typename OpTy, typename Fn>
static llvm::Expected<Tensor> evaluateUnary(OpTy op, Frame &frame, Fn element) {
  const Tensor &input = frame.get(op.getInput());
  llvm::Expected<Tensor> result =
      createResult(op.getResult(), input.getShape());
  if (!result)
    return result;
  for (int64_t i = 0, e = input.size(); i < e; ++i)
    element(*result, i, input);
  return result;
}

template <typename OpTy>
static void addFloatUnary(OpTable &table, double (*fn)(double)) {
  table.add<OpTy>([=](OpTy op, Frame &frame) {
    return evaluateUnary(op, frame,
                         [=](Tensor &result, int64_t i, const Tensor &input) {
                           result.setFloat(i, fn(input.getFloat(i)));
                         });
  });
}

template <typename OpTy>
static void addUnary(OpTable &table, double (*onFloats)(double),
                     int64_t (*onInts)(int64_t), bool sameIfUnsigned = false) {
  table.add<OpTy>([=](OpTy op, Frame &frame) {
    return evaluateUnary(op, frame,
                         [=](Tensor &result, int64_t i, const Tensor &input) {
                           if (input.isFloat())
                             result.setFloat(i, onFloats(input.getFloat(i)));
                           // No unsigned number is negative.
                           else if (input.isUnsigned() && sameIfUnsigned)
                             result.setInt(i, input.getInt(i));
                           else
                             result.setInt(i, onInts(input.getInt(i)));
                         });
  });
}

//===----------------------------------------------------------------------===//
// Where, Cast, Identity
//===----------------------------------------------------------------------===//

static llvm::Expected<Tensor> evaluateWhere(onnx::WhereOp op, Frame &frame) {
  const Tensor &condition = frame.get(op.getCondition());
  const Tensor &lhs = frame.get(op.getLhs());
  const Tensor &rhs = frame.get(op.getRhs());
  llvm::Expected<Extents> operands =
      broadcastShapes(lhs.getShape(), rhs.getShape());
  if (!operands)
    return operands.takeError();
  llvm::Expected<Extents> shape =
      broadcastShapes(condition.getShape(), *operands);
  if (!shape)
    return shape.takeError();
  llvm::Expected<Tensor> result = createResult(op.getResult(), *shape);
  if (!result)
    return result;
  forEachIndex(*shape, [&](ArrayRef<int64_t> index, int64_t to) {
    bool first =
        condition.getInt(getBroadcastPosition(index, condition.getShape()));
    const Tensor &from = first ? lhs : rhs;
    result->copyElement(to, from, getBroadcastPosition(index, from.getShape()));
  });
  return result;
}

/// Float to integer, with the definition that the op gives for what the type
/// cannot hold.
static int64_t castToInt(double value, ockham_dtype dtype) {
  bool isWide = dtype == OCKHAM_U32 || getDTypeBytes(dtype) == 8;
  double bound = isWide ? 9223372036854775808.0 : 2147483648.0;
  if (std::isnan(value) || value < -bound)
    return isWide ? INT64_MIN : INT32_MIN;
  if (value < bound)
    return static_cast<int64_t>(value);
  if (dtype != OCKHAM_U64)
    return isWide ? INT64_MAX : INT32_MAX;
  return value < 2 * bound ? static_cast<uint64_t>(value) : UINT64_MAX;
}

static llvm::Expected<Tensor> evaluateCast(onnx::CastOp op, Frame &frame) {
  return evaluateUnary(
      op, frame, [](Tensor &result, int64_t i, const Tensor &input) {
        if (result.isFloat() || result.getDType() == OCKHAM_BOOL)
          result.setFloat(i, input.getFloat(i));
        else if (input.isFloat())
          result.setInt(i, castToInt(input.getFloat(i), result.getDType()));
        else
          result.setInt(i, input.getInt(i));
      });
}

//===----------------------------------------------------------------------===//
// Table
//===----------------------------------------------------------------------===//

void addONNXElementwiseOps(OpTable &table) {
  using namespace onnx;
  addArithmetic<AddOp>(
      table, [](double a, double b) { return a + b; },
      [](uint64_t a, uint64_t b) { return a + b; });
  addArithmetic<SubOp>(
      table, [](double a, double b) { return a - b; },
      [](uint64_t a, uint64_t b) { return a - b; });
  addArithmetic<MulOp>(
      table, [](double a, double b) { return a * b; },
      [](uint64_t a, uint64_t b) { return a * b; });
  table.add<DivOp>(
      [](DivOp op, Frame &frame) { return evaluateBinary(op, frame, divide); });
  table.add<PowOp>(
      [](PowOp op, Frame &frame) { return evaluateBinary(op, frame, power); });

  table.add<ModOp>(evaluateMod);
  // A NaN on either side is the result.
  addArithmetic<MaxOp>(
      table, [](double a, double b) { return std::isnan(a) || a > b ? a : b; },
      [](uint64_t a, uint64_t b) { return a > b ? a : b; },
      [](int64_t a, int64_t b) { return a > b ? a : b; });
  addArithmetic<MinOp>(
      table, [](double a, double b) { return std::isnan(a) || a < b ? a : b; },
      [](uint64_t a, uint64_t b) { return a < b ? a : b; },
      [](int64_t a, int64_t b) { return a < b ? a : b; });

  addComparison<EqualOp>(table, [](auto a, auto b) { return a == b; });
  addComparison<LessOp>(table, [](auto a, auto b) { return a < b; });
  addComparison<LessOrEqualOp>(table, [](auto a, auto b) { return a <= b; });
  addComparison<GreaterOp>(table, [](auto a, auto b) { return a > b; });
  addComparison<GreaterOrEqualOp>(table, [](auto a, auto b) { return a >= b; });
  // These have no floats.
  auto noFloats = [](double, double) { return 0.0; };
  auto bitAnd = [](uint64_t a, uint64_t b) { return a & b; };
  auto bitOr = [](uint64_t a, uint64_t b) { return a | b; };
  addArithmetic<AndOp>(table, noFloats, bitAnd);
  addArithmetic<OrOp>(table, noFloats, bitOr);
  addArithmetic<BitwiseAndOp>(table, noFloats, bitAnd);
  addArithmetic<BitwiseOrOp>(table, noFloats, bitOr);
  addArithmetic<BitwiseXorOp>(table, noFloats,
                              [](uint64_t a, uint64_t b) { return a ^ b; });
  table.add<BitShiftOp>(evaluateBitShift);

  addUnary<NegOp>(
      table, [](double x) { return -x; },
      [](int64_t x) { return int64_t(-uint64_t(x)); });
  addUnary<AbsOp>(
      table, [](double x) { return std::fabs(x); },
      [](int64_t x) { return x < 0 ? int64_t(-uint64_t(x)) : x; },
      /*sameIfUnsigned=*/true);
  // A NaN stays one.
  addUnary<ReluOp>(
      table, [](double x) { return x < 0 ? 0 : x; },
      [](int64_t x) { return x < 0 ? 0 : x; }, /*sameIfUnsigned=*/true);
  addUnary<NotOp>(
      table, [](double x) { return x; }, [](int64_t x) { return int64_t(!x); });
  addFloatUnary<ExpOp>(table, [](double x) { return std::exp(x); });
  addFloatUnary<LogOp>(table, [](double x) { return std::log(x); });
  addFloatUnary<SqrtOp>(table, [](double x) { return std::sqrt(x); });
  addFloatUnary<ReciprocalOp>(table, [](double x) { return 1 / x; });
  addFloatUnary<ErfOp>(table, [](double x) { return std::erf(x); });
  addFloatUnary<SinOp>(table, [](double x) { return std::sin(x); });
  addFloatUnary<CosOp>(table, [](double x) { return std::cos(x); });
  addFloatUnary<TanOp>(table, [](double x) { return std::tan(x); });
  addFloatUnary<AsinOp>(table, [](double x) { return std::asin(x); });
  addFloatUnary<AcosOp>(table, [](double x) { return std::acos(x); });
  addFloatUnary<AtanOp>(table, [](double x) { return std::atan(x); });
  addFloatUnary<SinhOp>(table, [](double x) { return std::sinh(x); });
  addFloatUnary<CoshOp>(table, [](double x) { return std::cosh(x); });
  addFloatUnary<AsinhOp>(table, [](double x) { return std::asinh(x); });
  addFloatUnary<AcoshOp>(table, [](double x) { return std::acosh(x); });
  addFloatUnary<AtanhOp>(table, [](double x) { return std::atanh(x); });
  addFloatUnary<TanhOp>(table, [](double x) { return std::tanh(x); });
  addFloatUnary<SigmoidOp>(table,
                           [](double x) { return 1 / (1 + std::exp(-x)); });

  addFloatUnary<FloorOp>(table, [](double x) { return std::floor(x); });
  addFloatUnary<CeilOp>(table, [](double x) { return std::ceil(x); });
  // In the default rounding mode, which nothing here changes.
  addFloatUnary<RoundOp>(table, [](double x) { return std::nearbyint(x); });

  table.add<WhereOp>(evaluateWhere);
  table.add<CastOp>(evaluateCast);
  table.add<IdentityOp>([](IdentityOp op, Frame &frame) {
    return llvm::Expected<Tensor>(frame.get(op.getInput()));
  });
}

} // namespace ockham::interpreter
