//===- PositionMatrix.cpp - Constant matrices over positions, by value ----===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PositionMatrix.h"

#include "Expressions.h"
#include "Raising.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Format.h"

#include <cmath>

using namespace mlir;

namespace ockham::raising {

namespace {

using Step = std::function<double(double)>;
using Binary = double (*)(double, double);

} // namespace

/// The elementwise binary ops that masks are made with.
static Binary getBinary(Operation *op) {
  return TypeSwitch<Operation *, Binary>(op)
      .Case(
          [](onnx::AddOp) { return [](double a, double b) { return a + b; }; })
      .Case(
          [](onnx::SubOp) { return [](double a, double b) { return a - b; }; })
      .Case(
          [](onnx::MulOp) { return [](double a, double b) { return a * b; }; })
      .Case([](onnx::EqualOp) {
        return [](double a, double b) { return double(a == b); };
      })
      .Case([](onnx::LessOp) {
        return [](double a, double b) { return double(a < b); };
      })
      .Case([](onnx::LessOrEqualOp) {
        return [](double a, double b) { return double(a <= b); };
      })
      .Case([](onnx::GreaterOp) {
        return [](double a, double b) { return double(a > b); };
      })
      .Case([](onnx::GreaterOrEqualOp) {
        return [](double a, double b) { return double(a >= b); };
      })
      .Default([](Operation *) { return nullptr; });
}

/// What an elementwise op does to one operand while the others are constant
/// numbers; the operand is given in `operand`.
static Step getStep(Operation *op, Value &operand) {
  if (auto cast = dyn_cast<onnx::CastOp>(op)) {
    operand = cast.getInput();
    if (getElementTypeOrSelf(cast.getType()).isInteger(1))
      return [](double value) { return double(value != 0.0); };
    if (isa<FloatType>(getElementTypeOrSelf(cast.getType())))
      return [](double value) { return value; };
    return [](double value) { return std::trunc(value); };
  }
  if (auto inversion = dyn_cast<onnx::NotOp>(op)) {
    operand = inversion.getInput();
    return [](double value) { return double(value == 0.0); };
  }
  if (auto negation = dyn_cast<onnx::NegOp>(op)) {
    operand = negation.getInput();
    return [](double value) { return -value; };
  }
  if (auto where = dyn_cast<onnx::WhereOp>(op)) {
    std::optional<double> yes = getScalar(where.getLhs(), Scalars::All);
    std::optional<double> no = getScalar(where.getRhs(), Scalars::All);
    if (!yes || !no)
      return nullptr;
    operand = where.getCondition();
    return [yes = *yes, no = *no](double value) {
      return value != 0.0 ? yes : no;
    };
  }
  Binary binary = getBinary(op);
  if (!binary)
    return nullptr;
  if (std::optional<double> rhs = getScalar(op->getOperand(1), Scalars::All)) {
    operand = op->getOperand(0);
    return [binary, rhs = *rhs](double value) { return binary(value, rhs); };
  }
  if (std::optional<double> lhs = getScalar(op->getOperand(0), Scalars::All)) {
    operand = op->getOperand(1);
    return [binary, lhs = *lhs](double value) { return binary(lhs, value); };
  }
  return nullptr;
}

/// Whether the slice takes a prefix of each of its axes.
static bool isPrefix(onnx::SliceOp slice) {
  return llvm::all_of(slice.getStaticStarts(),
                      [](int64_t start) { return start == 0; }) &&
         llvm::all_of(slice.getSteps(), [](int64_t step) { return step == 1; });
}

namespace {

/// Positions 0, 1, ... plus an offset along the last dimension or the last but
/// one.
struct Line {
  bool isColumn;
  int64_t offset;
};

} // namespace

/// Farther offsets than this are no masks of any model.
static constexpr int64_t kMaxOffset = 64;

static std::optional<int64_t> getWhole(Value value) {
  std::optional<double> number = getScalar(value, Scalars::All);
  if (!number || std::abs(*number) > kMaxOffset ||
      *number != std::trunc(*number))
    return std::nullopt;
  return static_cast<int64_t>(*number);
}

/// Follows positions along one dimension back to their Range.
static std::optional<Line> getLine(Value value) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(value.getType()).getShape();
  if (shape.size() < 2 ||
      llvm::count_if(shape, [](int64_t extent) { return extent != 1; }) != 1)
    return std::nullopt;
  Line line{shape.back() != 1, 0};
  if (!line.isColumn && shape[shape.size() - 2] == 1)
    return std::nullopt;
  while (Operation *op = value.getDefiningOp()) {
    if (auto range = dyn_cast<onnx::RangeOp>(op)) {
      std::optional<int64_t> start = getWhole(range.getStart());
      if (!start || getWhole(range.getDelta()) != 1)
        return std::nullopt;
      line.offset += *start;
      if (std::abs(line.offset) > kMaxOffset)
        return std::nullopt;
      return line;
    }
    if (auto add = dyn_cast<onnx::AddOp>(op)) {
      std::optional<int64_t> rhs = getWhole(add.getRhs());
      std::optional<int64_t> lhs = rhs ? std::nullopt : getWhole(add.getLhs());
      if (!lhs && !rhs)
        return std::nullopt;
      line.offset += rhs ? *rhs : *lhs;
      value = rhs ? add.getLhs() : add.getRhs();
    } else if (isa<onnx::UnsqueezeOp>(op)) {
      value = op->getOperand(0);
    } else if (auto reshape = dyn_cast<onnx::ReshapeOp>(op)) {
      // From a vector to one dimension of several.
      value = reshape.getInput();
      if (cast<RankedTensorType>(value.getType()).getRank() != 1)
        return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

/// The attribute that names or holds the elements of a constant.
static const void *getIdentity(Value value) {
  if (auto load = value.getDefiningOp<LoadWeightOp>())
    return load.getWeightAttr().getAsOpaquePointer();
  Attribute attribute;
  matchPattern(value, m_Constant(&attribute));
  return attribute.getAsOpaquePointer();
}

/// A comparison of columns with rows.
std::optional<PositionMatrix::Order> PositionMatrix::getOrder(Operation *op) {
  if (!isa<onnx::EqualOp, onnx::LessOp, onnx::LessOrEqualOp, onnx::GreaterOp,
           onnx::GreaterOrEqualOp>(op))
    return std::nullopt;
  std::optional<Line> first = getLine(op->getOperand(0));
  std::optional<Line> second = getLine(op->getOperand(1));
  if (!first || !second || first->isColumn == second->isColumn)
    return std::nullopt;
  return Order{getBinary(op), first->isColumn, first->offset, second->offset};
}

double PositionMatrix::getElement(int64_t row, int64_t column) const {
  double value;
  if (order) {
    int64_t first = order->isColumnFirst ? column : row;
    int64_t second = order->isColumnFirst ? row : column;
    value = order->compare(static_cast<double>(first + order->firstOffset),
                           static_cast<double>(second + order->secondOffset));
  } else {
    value = data->getFloat(row * data->getShape().back() + column);
  }
  for (const Step &step : steps)
    value = step(value);
  return value;
}

std::optional<PositionMatrix>
PositionMatrix::get(Value value, PositionVerdicts &verdicts, std::string &why) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() < 2) {
    why = "it is no matrix";
    return std::nullopt;
  }
  Extent rows = getExtent(value, type.getRank() - 2);
  Extent columns = getExtent(value, type.getRank() - 1);
  SmallVector<Step, 2> steps;
  std::string key;
  auto finish = [&] {
    PositionMatrix matrix(verdicts);
    matrix.key = std::move(key);
    matrix.rows = rows;
    matrix.columns = columns;
    matrix.steps.assign(steps.rbegin(), steps.rend());
    return matrix;
  };
  while (true) {
    if (std::optional<ConstantData> data = ConstantData::get(value)) {
      ArrayRef<int64_t> shape = data->getShape();
      if (shape.size() < 2 ||
          llvm::any_of(shape.drop_back(2),
                       [](int64_t extent) { return extent != 1; })) {
        why = "it differs between batches or heads";
        return std::nullopt;
      }
      llvm::raw_string_ostream(key) << getIdentity(value);
      PositionMatrix matrix = finish();
      matrix.data = std::move(data);
      return matrix;
    }
    Operation *op = value.getDefiningOp();
    if (!op) {
      why = "it depends on an input of the model";
      return std::nullopt;
    }
    if (std::optional<Order> order = getOrder(op)) {
      llvm::raw_string_ostream(key)
          << op->getName() << order->isColumnFirst << " " << order->firstOffset
          << " " << order->secondOffset;
      PositionMatrix matrix = finish();
      matrix.order = order;
      return matrix;
    }
    if (auto slice = dyn_cast<onnx::SliceOp>(op)) {
      if (!isPrefix(slice)) {
        why = "it is not a prefix of a constant";
        return std::nullopt;
      }
      value = slice.getInput();
      continue;
    }
    if (auto unsqueeze = dyn_cast<onnx::UnsqueezeOp>(op)) {
      auto outer = cast<RankedTensorType>(unsqueeze.getType());
      if (llvm::all_of(unsqueeze.getAxes(), [&](int64_t axis) {
            return axis < outer.getRank() - 2;
          })) {
        value = unsqueeze.getInput();
        continue;
      }
    }
    Value operand;
    Step step = getStep(op, operand);
    if (!step) {
      why = "it is computed by " + getNodeName(op);
      return std::nullopt;
    }
    steps.push_back(std::move(step));
    // The op, the types and the other operands make the step.
    llvm::raw_string_ostream stream(key);
    stream << op->getName() << op->getResult(0).getType();
    for (Value other : op->getOperands()) {
      std::optional<double> number = getScalar(other, Scalars::All);
      stream << (other == operand ? "x" : " ")
             << llvm::format("%.17g ", number.value_or(0.0));
    }
    value = operand;
  }
}

bool PositionMatrix::all(
    StringRef question,
    llvm::function_ref<bool(int64_t, int64_t, double)> holds) const {
  auto [verdict, isNew] = verdicts.try_emplace(key + question.str(), true);
  if (!isNew)
    return verdict->second;
  int64_t height, width;
  if (order) {
    // How a column compares depends on its distance from the row alone, and
    // changes where the offsets make up for that.
    height = width = std::abs(order->firstOffset - order->secondOffset) + 4;
  } else {
    ArrayRef<int64_t> shape = data->getShape();
    width = shape.back(), height = shape[shape.size() - 2];
  }
  for (int64_t row = 0; row < height; ++row)
    for (int64_t column = 0; column < width; ++column)
      if (!holds(row, column, getElement(row, column)))
        return verdict->second = false;
  return true;
}

bool PositionMatrix::isCausalCondition(bool inverted) const {
  return all(inverted ? "causal inverted" : "causal",
             [&](int64_t row, int64_t column, double value) {
               return ((value != 0.0) != inverted) == (column <= row);
             });
}

bool PositionMatrix::isCausalAddend() const {
  return all("causal addend", [](int64_t row, int64_t column, double value) {
    return column <= row ? value == 0.0 : value <= kMasked;
  });
}

bool PositionMatrix::isTrue(bool inverted) const {
  return all(inverted ? "false" : "true", [&](int64_t, int64_t, double value) {
    return (value != 0.0) != inverted;
  });
}

bool PositionMatrix::isIdentity() const {
  return all("identity", [](int64_t row, int64_t column, double value) {
    return value == (row == column ? 1.0 : 0.0);
  });
}

bool PositionMatrix::isCausalUniform() const {
  return all("causal uniform", [](int64_t row, int64_t column, double value) {
    return column <= row ? isClose(value, 1.0 / (row + 1)) : value == 0.0;
  });
}

} // namespace ockham::raising
