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
/// (the result wraps to its type).
template <typename OpTy>
static void addArithmetic(OpTable &table, double (*onFloats)(double, double),
                          uint64_t (*onInts)(uint64_t, uint64_t)) {
  table.add<OpTy>([=](OpTy op, Frame &frame) {
    return evaluateBinary(
        op, frame,
        [=](Tensor &result, int64_t to, const Tensor &lhs, int64_t i,
            const Tensor &rhs, int64_t j) {
          if (result.isFloat())
            result.setFloat(to, onFloats(lhs.getFloat(i), rhs.getFloat(j)));
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
  // The smallest integer divided by -1 wraps, as negation does.
  result.setInt(to, divisor == -1 ? int64_t(-uint64_t(dividend))
                                  : dividend / divisor);
  return llvm::Error::success();
}

static llvm::Error power(Tensor &result, int64_t to, const Tensor &lhs,
                         int64_t i, const Tensor &rhs, int64_t j) {
  if (!result.isFloat() && !rhs.isFloat() && rhs.getInt(j) >= 0) {
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

/// Comparisons: integers as integers, anything else as floats.
template <typename OpTy>
static void addComparison(OpTable &table, bool (*onFloats)(double, double),
                          bool (*onInts)(int64_t, int64_t)) {
  table.add<OpTy>([=](OpTy op, Frame &frame) {
    return evaluateBinary(
        op, frame,
        [=](Tensor &result, int64_t to, const Tensor &lhs, int64_t i,
            const Tensor &rhs, int64_t j) {
          bool asFloats = lhs.isFloat() || rhs.isFloat();
          result.setInt(to, asFloats
                                ? onFloats(lhs.getFloat(i), rhs.getFloat(j))
                                : onInts(lhs.getInt(i), rhs.getInt(j)));
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
                     int64_t (*onInts)(int64_t)) {
  table.add<OpTy>([=](OpTy op, Frame &frame) {
    return evaluateUnary(op, frame,
                         [=](Tensor &result, int64_t i, const Tensor &input) {
                           if (input.isFloat())
                             result.setFloat(i, onFloats(input.getFloat(i)));
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

static llvm::Expected<Tensor> evaluateCast(onnx::CastOp op, Frame &frame) {
  return evaluateUnary(op, frame,
                       [](Tensor &result, int64_t i, const Tensor &input) {
                         if (input.isFloat())
                           result.setFloat(i, input.getFloat(i));
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

  addComparison<EqualOp>(
      table, [](double a, double b) { return a == b; },
      [](int64_t a, int64_t b) { return a == b; });
  addComparison<LessOp>(
      table, [](double a, double b) { return a < b; },
      [](int64_t a, int64_t b) { return a < b; });
  addComparison<LessOrEqualOp>(
      table, [](double a, double b) { return a <= b; },
      [](int64_t a, int64_t b) { return a <= b; });
  addComparison<GreaterOp>(
      table, [](double a, double b) { return a > b; },
      [](int64_t a, int64_t b) { return a > b; });
  addComparison<GreaterOrEqualOp>(
      table, [](double a, double b) { return a >= b; },
      [](int64_t a, int64_t b) { return a >= b; });
  addArithmetic<AndOp>(
      table, [](double, double) { return 0.0; },
      [](uint64_t a, uint64_t b) { return a & b; });
  addArithmetic<OrOp>(
      table, [](double, double) { return 0.0; },
      [](uint64_t a, uint64_t b) { return a | b; });

  addUnary<NegOp>(
      table, [](double x) { return -x; },
      [](int64_t x) { return int64_t(-uint64_t(x)); });
  addUnary<AbsOp>(
      table, [](double x) { return std::fabs(x); },
      [](int64_t x) { return x < 0 ? int64_t(-uint64_t(x)) : x; });
  // A NaN stays one.
  addUnary<ReluOp>(
      table, [](double x) { return x < 0 ? 0 : x; },
      [](int64_t x) { return x < 0 ? 0 : x; });
  addUnary<NotOp>(
      table, [](double x) { return x; }, [](int64_t x) { return int64_t(!x); });
  addFloatUnary<ExpOp>(table, [](double x) { return std::exp(x); });
  addFloatUnary<LogOp>(table, [](double x) { return std::log(x); });
  addFloatUnary<SqrtOp>(table, [](double x) { return std::sqrt(x); });
  addFloatUnary<ReciprocalOp>(table, [](double x) { return 1 / x; });
  addFloatUnary<ErfOp>(table, [](double x) { return std::erf(x); });
  addFloatUnary<TanhOp>(table, [](double x) { return std::tanh(x); });
  addFloatUnary<SigmoidOp>(table,
                           [](double x) { return 1 / (1 + std::exp(-x)); });

  table.add<WhereOp>(evaluateWhere);
  table.add<CastOp>(evaluateCast);
  table.add<IdentityOp>([](IdentityOp op, Frame &frame) {
    return llvm::Expected<Tensor>(frame.get(op.getInput()));
  });
}

} // namespace ockham::interpreter
