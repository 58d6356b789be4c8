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

/// The attribute that names or holds the elements of a constant.
static const void *getIdentity(Value value) {
  if (auto load = value.getDefiningOp<LoadWeightOp>())
    return load.getWeightAttr().getAsOpaquePointer();
  Attribute attribute;
  matchPattern(value, m_Constant(&attribute));
  return attribute.getAsOpaquePointer();
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
  while (true) {
    if (std::optional<ConstantData> data = ConstantData::get(value)) {
      ArrayRef<int64_t> shape = data->getShape();
      if (shape.size() < 2 ||
          llvm::any_of(shape.drop_back(2),
                       [](int64_t extent) { return extent != 1; })) {
        why = "it differs between batches or heads";
        return std::nullopt;
      }
      PositionMatrix matrix(std::move(*data), verdicts);
      llvm::raw_string_ostream(key) << getIdentity(value);
      matrix.key = std::move(key);
      matrix.rows = rows;
      matrix.columns = columns;
      matrix.steps.assign(steps.rbegin(), steps.rend());
      return matrix;
    }
    Operation *op = value.getDefiningOp();
    if (!op) {
      why = "it depends on an input of the model";
      return std::nullopt;
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
  ArrayRef<int64_t> shape = data.getShape();
  int64_t width = shape.back(), height = shape[shape.size() - 2];
  for (int64_t row = 0; row < height; ++row)
    for (int64_t column = 0; column < width; ++column) {
      double value = data.getFloat(row * width + column);
      for (const Step &step : steps)
        value = step(value);
      if (!holds(row, column, value))
        return verdict->second = false;
    }
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
