//===- Arith.cpp - Numbers of shapes and conditions -----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scalars are tensors of rank 0, so the same loops run arith ops on tensors.
//
//===----------------------------------------------------------------------===//

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "Evaluator.h"
#include "mlir/IR/TypeUtilities.h"
#include "ockham/Support/ConstantData.h"

#include <cmath>

using namespace mlir;

namespace ockham::interpreter {

/// The bits of a value as an unsigned number of its type's width.
static uint64_t asUnsigned(const Tensor &tensor, int64_t i) {
  uint64_t value = tensor.getInt(i);
  unsigned bits = 8 * getDTypeBytes(tensor.getDType());
  return bits == 64 ? value : value & ((uint64_t(1) << bits) - 1);
}

/// As a signed number: the only bit of an i1 is its sign.
static int64_t asSigned(const Tensor &tensor, int64_t i) {
  int64_t value = tensor.getInt(i);
  return tensor.getDType() == OCKHAM_BOOL ? -value : value;
}

/// Wraps an i1 to its bit; other widths wrap when they are stored.
static int64_t toStored(const Tensor &tensor, int64_t value) {
  return tensor.getDType() == OCKHAM_BOOL ? value & 1 : value;
}

/// A result of the op's type; its operands have equal shapes.
static llvm::Expected<Tensor> createScalarResult(Operation *op,
                                                 const Tensor &like) {
  std::optional<ockham_dtype> dtype =
      getDType(getElementTypeOrSelf(op->getResult(0).getType()));
  if (!dtype)
    return makeError("the result's type is not supported");
  return Tensor::create(*dtype, like.getShape());
}

/// `element(result, i, operands)` for every element. Operands of different
/// shapes are refused (only a dynamic shape can hide that from the verifier).
template <typename OpTy, typename Fn>
static void addPointwise(OpTable &table, Fn element) {
  table.add<OpTy>([=](OpTy op, Frame &frame) -> llvm::Expected<Tensor> {
    SmallVector<const Tensor *, 3> operands;
    for (Value operand : op->getOperands()) {
      operands.push_back(&frame.get(operand));
      if (operands.back()->getShape() != operands.front()->getShape())
        return makeError("operands of shape " +
                         formatShape(operands.front()->getShape()) + " and " +
                         formatShape(operands.back()->getShape()));
    }
    llvm::Expected<Tensor> result = createScalarResult(op, *operands.front());
    if (!result)
      return result;
    for (int64_t i = 0, e = result->size(); i < e; ++i)
      if (llvm::Error error = element(op, *result, i, operands))
        return error;
    return result;
  });
}

using Operands = ArrayRef<const Tensor *>;

template <typename OpTy>
static void addModular(OpTable &table, uint64_t (*fn)(uint64_t, uint64_t)) {
  addPointwise<OpTy>(
      table, [=](OpTy, Tensor &result, int64_t i, Operands operands) {
        result.setInt(i, toStored(result, fn(operands[0]->getInt(i),
                                             operands[1]->getInt(i))));
        return llvm::Error::success();
      });
}

template <typename OpTy>
static void addSigned(OpTable &table, int64_t (*fn)(int64_t, int64_t)) {
  addPointwise<OpTy>(
      table, [=](OpTy, Tensor &result, int64_t i, Operands operands) {
        result.setInt(i, toStored(result, fn(asSigned(*operands[0], i),
                                             asSigned(*operands[1], i))));
        return llvm::Error::success();
      });
}

template <typename OpTy>
static void addUnsigned(OpTable &table, uint64_t (*fn)(uint64_t, uint64_t)) {
  addPointwise<OpTy>(
      table, [=](OpTy, Tensor &result, int64_t i, Operands operands) {
        result.setInt(i, toStored(result, fn(asUnsigned(*operands[0], i),
                                             asUnsigned(*operands[1], i))));
        return llvm::Error::success();
      });
}

/// Division and remainder: refuse a zero, and -1 where negation overflows.
template <typename OpTy>
static void addSignedDivision(OpTable &table, int64_t (*fn)(int64_t, int64_t)) {
  addPointwise<OpTy>(
      table,
      [=](OpTy, Tensor &result, int64_t i, Operands operands) -> llvm::Error {
        int64_t lhs = asSigned(*operands[0], i);
        int64_t rhs = asSigned(*operands[1], i);
        if (rhs == 0)
          return makeError("division of " + llvm::Twine(lhs) + " by zero");
        if (rhs == -1 && lhs == INT64_MIN)
          return makeError("division of " + llvm::Twine(lhs) +
                           " by -1 overflows");
        result.setInt(i, toStored(result, fn(lhs, rhs)));
        return llvm::Error::success();
      });
}

template <typename OpTy>
static void addUnsignedDivision(OpTable &table,
                                uint64_t (*fn)(uint64_t, uint64_t)) {
  addPointwise<OpTy>(
      table,
      [=](OpTy, Tensor &result, int64_t i, Operands operands) -> llvm::Error {
        uint64_t lhs = asUnsigned(*operands[0], i);
        uint64_t rhs = asUnsigned(*operands[1], i);
        if (rhs == 0)
          return makeError("division of " + llvm::Twine(lhs) + " by zero");
        result.setInt(i, toStored(result, fn(lhs, rhs)));
        return llvm::Error::success();
      });
}

template <typename OpTy>
static void addFloat(OpTable &table, double (*fn)(double, double)) {
  addPointwise<OpTy>(table, [=](OpTy, Tensor &result, int64_t i,
                                Operands operands) {
    result.setFloat(i, fn(operands[0]->getFloat(i), operands[1]->getFloat(i)));
    return llvm::Error::success();
  });
}

/// Conversions: `convert(result, i, operand)` stores the value.
template <typename OpTy>
static void addConversion(OpTable &table,
                          void (*convert)(Tensor &, int64_t, const Tensor &)) {
  addPointwise<OpTy>(table,
                     [=](OpTy, Tensor &result, int64_t i, Operands operands) {
                       convert(result, i, *operands[0]);
                       return llvm::Error::success();
                     });
}

static int64_t floorDivide(int64_t a, int64_t b) {
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}
static int64_t ceilDivide(int64_t a, int64_t b) {
  return a / b + (a % b != 0 && (a < 0) == (b < 0));
}

static llvm::Error compareInts(arith::CmpIOp op, Tensor &result, int64_t i,
                               Operands operands) {
  int64_t a = asSigned(*operands[0], i), b = asSigned(*operands[1], i);
  uint64_t ua = asUnsigned(*operands[0], i), ub = asUnsigned(*operands[1], i);
  auto holds = [&] {
    using P = arith::CmpIPredicate;
    switch (op.getPredicate()) {
    case P::eq:
      return a == b;
    case P::ne:
      return a != b;
    case P::slt:
      return a < b;
    case P::sle:
      return a <= b;
    case P::sgt:
      return a > b;
    case P::sge:
      return a >= b;
    case P::ult:
      return ua < ub;
    case P::ule:
      return ua <= ub;
    case P::ugt:
      return ua > ub;
    case P::uge:
      return ua >= ub;
    }
    return false;
  };
  result.setInt(i, holds());
  return llvm::Error::success();
}

static llvm::Error compareFloats(arith::CmpFOp op, Tensor &result, int64_t i,
                                 Operands operands) {
  double a = operands[0]->getFloat(i), b = operands[1]->getFloat(i);
  bool unordered = std::isnan(a) || std::isnan(b);
  auto holds = [&] {
    using P = arith::CmpFPredicate;
    switch (op.getPredicate()) {
    case P::AlwaysFalse:
      return false;
    case P::OEQ:
      return a == b;
    case P::OGT:
      return a > b;
    case P::OGE:
      return a >= b;
    case P::OLT:
      return a < b;
    case P::OLE:
      return a <= b;
    case P::ONE:
      return !unordered && a != b;
    case P::ORD:
      return !unordered;
    case P::UEQ:
      return unordered || a == b;
    case P::UGT:
      return unordered || a > b;
    case P::UGE:
      return unordered || a >= b;
    case P::ULT:
      return unordered || a < b;
    case P::ULE:
      return unordered || a <= b;
    case P::UNE:
      return unordered || a != b;
    case P::UNO:
      return unordered;
    case P::AlwaysTrue:
      return true;
    }
    return false;
  };
  result.setInt(i, holds());
  return llvm::Error::success();
}

static llvm::Expected<Tensor> evaluateArithConstant(arith::ConstantOp op,
                                                    Frame &) {
  if (auto elements = dyn_cast<ElementsAttr>(op.getValue())) {
    std::optional<ConstantData> data = ConstantData::get(elements);
    if (!data)
      return makeError("the elements of the value are not available");
    return Tensor::fromConstant(*data);
  }
  std::optional<ockham_dtype> dtype = getDType(op.getType());
  if (dtype)
    if (auto integer = dyn_cast<IntegerAttr>(op.getValue()))
      return Tensor::makeInt(*dtype, integer.getValue().getSExtValue());
  if (dtype)
    if (auto real = dyn_cast<FloatAttr>(op.getValue()))
      return Tensor::makeFloat(*dtype, real.getValueAsDouble());
  return makeError("the constant's type is not supported");
}

/// The condition is a scalar, or has the operands' shape.
static llvm::Expected<Tensor> evaluateSelect(arith::SelectOp op, Frame &frame) {
  const Tensor &condition = frame.get(op.getCondition());
  const Tensor &lhs = frame.get(op.getTrueValue());
  const Tensor &rhs = frame.get(op.getFalseValue());
  if (condition.getRank() == 0)
    return condition.getInt(0) ? lhs : rhs;
  if (lhs.getShape() != rhs.getShape() ||
      lhs.getShape() != condition.getShape())
    return makeError("operands of shape " + formatShape(condition.getShape()) +
                     ", " + formatShape(lhs.getShape()) + " and " +
                     formatShape(rhs.getShape()));
  Tensor result = rhs;
  for (int64_t i = 0, e = result.size(); i < e; ++i)
    if (condition.getInt(i))
      result.copyElement(i, lhs, i);
  return result;
}

static void addIntegerOps(OpTable &table) {
  using namespace arith;
  addModular<AddIOp>(table, [](uint64_t a, uint64_t b) { return a + b; });
  addModular<SubIOp>(table, [](uint64_t a, uint64_t b) { return a - b; });
  addModular<MulIOp>(table, [](uint64_t a, uint64_t b) { return a * b; });
  addModular<AndIOp>(table, [](uint64_t a, uint64_t b) { return a & b; });
  addModular<OrIOp>(table, [](uint64_t a, uint64_t b) { return a | b; });
  addModular<XOrIOp>(table, [](uint64_t a, uint64_t b) { return a ^ b; });
  addSigned<MinSIOp>(table,
                     [](int64_t a, int64_t b) { return std::min(a, b); });
  addSigned<MaxSIOp>(table,
                     [](int64_t a, int64_t b) { return std::max(a, b); });
  addUnsigned<MinUIOp>(table,
                       [](uint64_t a, uint64_t b) { return std::min(a, b); });
  addUnsigned<MaxUIOp>(table,
                       [](uint64_t a, uint64_t b) { return std::max(a, b); });
  addSignedDivision<DivSIOp>(table, [](int64_t a, int64_t b) { return a / b; });
  addSignedDivision<RemSIOp>(table, [](int64_t a, int64_t b) { return a % b; });
  addSignedDivision<FloorDivSIOp>(table, floorDivide);
  addSignedDivision<CeilDivSIOp>(table, ceilDivide);
  addUnsignedDivision<DivUIOp>(table,
                               [](uint64_t a, uint64_t b) { return a / b; });
  addUnsignedDivision<RemUIOp>(table,
                               [](uint64_t a, uint64_t b) { return a % b; });
  addUnsignedDivision<CeilDivUIOp>(
      table, [](uint64_t a, uint64_t b) { return a / b + (a % b != 0); });
  addPointwise<CmpIOp>(table, compareInts);
}

static void addFloatOps(OpTable &table) {
  using namespace arith;
  addFloat<AddFOp>(table, [](double a, double b) { return a + b; });
  addFloat<SubFOp>(table, [](double a, double b) { return a - b; });
  addFloat<MulFOp>(table, [](double a, double b) { return a * b; });
  addFloat<DivFOp>(table, [](double a, double b) { return a / b; });
  // A NaN wins over a number, in either place.
  addFloat<MaximumFOp>(
      table, [](double a, double b) { return a > b || std::isnan(a) ? a : b; });
  addFloat<MinimumFOp>(
      table, [](double a, double b) { return a < b || std::isnan(a) ? a : b; });
  // Here the number wins.
  addFloat<MaxNumFOp>(
      table, [](double a, double b) { return a > b || std::isnan(b) ? a : b; });
  addFloat<MinNumFOp>(
      table, [](double a, double b) { return a < b || std::isnan(b) ? a : b; });
  addPointwise<NegFOp>(
      table, [](NegFOp, Tensor &result, int64_t i, Operands operands) {
        result.setFloat(i, -operands[0]->getFloat(i));
        return llvm::Error::success();
      });
  addPointwise<CmpFOp>(table, compareFloats);
}

static void addConversions(OpTable &table) {
  using namespace arith;
  auto fromSigned = [](Tensor &result, int64_t i, const Tensor &from) {
    result.setInt(i, toStored(result, asSigned(from, i)));
  };
  auto fromUnsigned = [](Tensor &result, int64_t i, const Tensor &from) {
    result.setInt(i, toStored(result, asUnsigned(from, i)));
  };
  auto fromFloat = [](Tensor &result, int64_t i, const Tensor &from) {
    result.setFloat(i, from.getFloat(i));
  };
  addConversion<IndexCastOp>(table, fromSigned);
  addConversion<IndexCastUIOp>(table, fromUnsigned);
  addConversion<ExtSIOp>(table, fromSigned);
  addConversion<ExtUIOp>(table, fromUnsigned);
  addConversion<TruncIOp>(table, fromSigned);
  addConversion<ExtFOp>(table, fromFloat);
  addConversion<TruncFOp>(table, fromFloat);
  addConversion<SIToFPOp>(
      table, [](Tensor &result, int64_t i, const Tensor &from) {
        result.setFloat(i, static_cast<double>(asSigned(from, i)));
      });
  addConversion<UIToFPOp>(
      table, [](Tensor &result, int64_t i, const Tensor &from) {
        result.setFloat(i, static_cast<double>(asUnsigned(from, i)));
      });
  addConversion<FPToSIOp>(
      table, [](Tensor &result, int64_t i, const Tensor &from) {
        result.setInt(i, toStored(result, truncateToInt(from.getFloat(i))));
      });
}

void addArithOps(OpTable &table) {
  table.add<arith::ConstantOp>(evaluateArithConstant);
  table.add<arith::SelectOp>(evaluateSelect);
  addIntegerOps(table);
  addFloatOps(table);
  addConversions(table);
}

} // namespace ockham::interpreter
