//===- PositionMatrix.cpp - Matrices over positions, by value -------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PositionMatrix.h"

#include "Expressions.h"
#include "Raising.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "ockham/Support/ConstantData.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/SaveAndRestore.h"

#include <cmath>

using namespace mlir;

namespace ockham::raising {

namespace {

/// What a dimension of a value on the way runs along.
enum class Role { Row, Column, None };
using Roles = SmallVector<Role, 4>;

using Element = std::function<double(const Position &)>;
using Unary = double (*)(double);
using Binary = double (*)(double, double);

/// Makes the function of one matrix.
class Tracer {
public:
  Tracer(const Extent &rows, const Extent &columns, std::string &why)
      : rows(rows), columns(columns), key(keyText), why(why) {}

  /// The elements of `value`, whose dimensions run along `roles`. Null, with
  /// the reason in `why`, if they are no function of row and column.
  Element trace(Value value, Roles roles, unsigned depth = 0);

  std::string takeKey() { return std::move(keyText); }
  /// How many rows and columns there are to look at; nothing if that would not
  /// show all of a computed matrix.
  std::optional<std::pair<int64_t, int64_t>> getTested() const;

private:
  Element fail(const Twine &reason) {
    why = reason.str();
    return nullptr;
  }
  Element traceConstant(const ConstantData &data, const void *identity,
                        const Roles &roles);
  Element traceRange(onnx::RangeOp range, const Roles &roles);
  Element traceExtent(Value value);
  Element traceShape(Operation *op, const Roles &roles, unsigned depth,
                     bool &isShape);
  Element traceElementwise(Operation *op, const Roles &roles, unsigned depth);
  /// The roles of an operand that broadcasts to a result.
  static Roles broadcast(Value operand, const Roles &roles);
  static void limit(int64_t &bound, int64_t extent) {
    bound = bound < 0 ? extent : std::min(bound, extent);
  }

  const Extent &rows, &columns;
  std::string keyText;
  llvm::raw_string_ostream key;
  std::string &why;
  /// The extents of the buffers, -1 without one.
  int64_t boundRows = -1, boundColumns = -1;
  /// The sum of the numbers that positions are compared with.
  double offsets = 0.0;
  /// Inside of a comparison; numbers elsewhere are mask values.
  bool isCompared = false;
};

} // namespace

/// Longer chains than exporters write.
static constexpr unsigned kMaxDepth = 32;
/// The most rows and columns of a computed matrix that are looked at.
static constexpr int64_t kMaxTested = 2048;

//===----------------------------------------------------------------------===//
// Elementwise ops
//===----------------------------------------------------------------------===//

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
      .Case([](onnx::AndOp) {
        return [](double a, double b) { return double(a != 0.0 && b != 0.0); };
      })
      .Case([](onnx::OrOp) {
        return [](double a, double b) { return double(a != 0.0 || b != 0.0); };
      })
      .Case([](onnx::DivOp op) -> Binary {
        if (!isa<FloatType>(getElementTypeOrSelf(op.getType())))
          return nullptr;
        return [](double a, double b) { return a / b; };
      })
      .Default([](Operation *) { return nullptr; });
}

static Unary getUnary(Operation *op) {
  return TypeSwitch<Operation *, Unary>(op)
      .Case([](onnx::CastOp cast) -> Unary {
        Type type = getElementTypeOrSelf(cast.getType());
        if (type.isInteger(1))
          return [](double value) { return double(value != 0.0); };
        if (isa<FloatType>(type))
          return [](double value) { return value; };
        return [](double value) { return std::trunc(value); };
      })
      .Case([](onnx::NotOp) {
        return [](double value) { return double(value == 0.0); };
      })
      .Case([](onnx::NegOp) { return [](double value) { return -value; }; })
      .Case([](onnx::ReciprocalOp) {
        return [](double value) { return 1.0 / value; };
      })
      .Case([](onnx::IdentityOp) { return [](double value) { return value; }; })
      .Default([](Operation *) { return nullptr; });
}

/// Ops whose result jumps where their operands pass one another.
static bool isComparison(Operation *op) {
  if (auto cast = dyn_cast<onnx::CastOp>(op))
    return !isa<FloatType>(getElementTypeOrSelf(cast.getType()));
  return isa<onnx::EqualOp, onnx::LessOp, onnx::LessOrEqualOp, onnx::GreaterOp,
             onnx::GreaterOrEqualOp>(op);
}

Roles Tracer::broadcast(Value operand, const Roles &roles) {
  auto type = cast<RankedTensorType>(operand.getType());
  Roles own(roles.end() - std::min<size_t>(type.getRank(), roles.size()),
            roles.end());
  for (auto [dim, role] : llvm::enumerate(own))
    if (type.getDimSize(dim) == 1)
      role = Role::None;
  return own;
}

Element Tracer::traceElementwise(Operation *op, const Roles &roles,
                                 unsigned depth) {
  key << op->getName() << op->getResult(0).getType() << "(";
  llvm::SaveAndRestore<bool> compared(isCompared,
                                      isCompared || isComparison(op));
  SmallVector<Element, 3> operands;
  for (Value operand : op->getOperands()) {
    operands.push_back(trace(operand, broadcast(operand, roles), depth + 1));
    if (!operands.back())
      return nullptr;
  }
  key << ")";
  if (Unary unary = getUnary(op))
    return
        [unary, x = operands[0]](const Position &at) { return unary(x(at)); };
  if (isa<onnx::WhereOp>(op))
    return [c = operands[0], x = operands[1], y = operands[2]](
               const Position &at) { return c(at) != 0.0 ? x(at) : y(at); };
  return [binary = getBinary(op), x = operands[0],
          y = operands[1]](const Position &at) { return binary(x(at), y(at)); };
}

//===----------------------------------------------------------------------===//
// Leaves
//===----------------------------------------------------------------------===//

/// The attribute that names or holds the elements of a constant.
static const void *getIdentity(Value value) {
  if (auto load = value.getDefiningOp<LoadWeightOp>())
    return load.getWeightAttr().getAsOpaquePointer();
  Attribute attribute;
  matchPattern(value, m_Constant(&attribute));
  return attribute.getAsOpaquePointer();
}

Element Tracer::traceConstant(const ConstantData &data, const void *identity,
                              const Roles &roles) {
  if (data.size() == 1) {
    double value = data.getFloat(0);
    key << llvm::format("%.17g ", value);
    if (isCompared)
      offsets += std::abs(value);
    return [value](const Position &) { return value; };
  }
  int64_t rowStride = 0, columnStride = 0, stride = 1;
  ArrayRef<int64_t> shape = data.getShape();
  for (int64_t dim = shape.size() - 1; dim >= 0; --dim) {
    if (shape[dim] == 1)
      continue;
    if (roles[dim] == Role::None)
      return fail("it differs between batches or heads");
    bool isRow = roles[dim] == Role::Row;
    (isRow ? rowStride : columnStride) += stride;
    limit(isRow ? boundRows : boundColumns, shape[dim]);
    stride *= shape[dim];
  }
  key << identity << "/" << rowStride << "/" << columnStride << " ";
  auto shared = std::make_shared<ConstantData>(data);
  return [shared, rowStride, columnStride](const Position &at) {
    return shared->getFloat(at.row * rowStride + at.column * columnStride);
  };
}

Element Tracer::traceRange(onnx::RangeOp range, const Roles &roles) {
  std::optional<double> start = getScalar(range.getStart(), Scalars::All);
  std::optional<double> delta = getScalar(range.getDelta(), Scalars::All);
  if (!start || delta != 1.0)
    return fail("it is computed by " + getNodeName(range));
  bool isRow = roles.back() == Role::Row;
  if (roles.back() == Role::None)
    return fail("it differs between batches or heads");
  if (isCompared)
    offsets += std::abs(*start);
  key << (isRow ? "row+" : "column+") << llvm::format("%.17g ", *start);
  return [isRow, start = *start](const Position &at) {
    return start + (isRow ? at.row : at.column);
  };
}

/// An extent as a tensor with one element.
Element Tracer::traceExtent(Value value) {
  Extent extent = getExtent(value);
  if (extent.isKnown() && extent == columns) {
    key << "columns ";
    return [](const Position &at) { return double(at.columns); };
  }
  if (extent.isKnown() && extent == rows) {
    key << "rows ";
    return [](const Position &at) { return double(at.rows); };
  }
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

Element Tracer::traceShape(Operation *op, const Roles &roles, unsigned depth,
                           bool &isShape) {
  isShape = true;
  if (auto slice = dyn_cast<onnx::SliceOp>(op)) {
    if (!isPrefix(slice))
      return fail("it is not a prefix of a constant");
    return trace(slice.getInput(), roles, depth + 1);
  }
  if (auto unsqueeze = dyn_cast<onnx::UnsqueezeOp>(op)) {
    Roles inner;
    for (auto [dim, role] : llvm::enumerate(roles))
      if (!llvm::is_contained(unsqueeze.getAxes(), int64_t(dim)))
        inner.push_back(role);
    return trace(unsqueeze.getInput(), inner, depth + 1);
  }
  if (auto squeeze = dyn_cast<onnx::SqueezeOp>(op)) {
    Roles inner = roles;
    for (int64_t axis : squeeze.getAxes())
      inner.insert(inner.begin() + axis, Role::None);
    return trace(squeeze.getInput(), inner, depth + 1);
  }
  if (auto transpose = dyn_cast<onnx::TransposeOp>(op)) {
    Roles inner(roles.size(), Role::None);
    for (auto [to, from] : llvm::enumerate(transpose.getPerm()))
      inner[from] = roles[to];
    return trace(transpose.getInput(), inner, depth + 1);
  }
  if (auto expand = dyn_cast<onnx::ExpandOp>(op))
    return trace(expand.getInput(), broadcast(expand.getInput(), roles),
                 depth + 1);
  if (auto fill = dyn_cast<onnx::ConstantOfShapeOp>(op)) {
    auto value = dyn_cast<DenseElementsAttr>(fill.getValue());
    std::optional<ConstantData> data =
        value ? ConstantData::get(value) : std::nullopt;
    if (!data || data->size() != 1)
      return fail("it is computed by " + getNodeName(op));
    return traceConstant(*data, nullptr, roles);
  }
  isShape = false;
  return nullptr;
}

Element Tracer::trace(Value value, Roles roles, unsigned depth) {
  if (std::optional<ConstantData> data = ConstantData::get(value))
    return traceConstant(*data, getIdentity(value), roles);
  Operation *op = value.getDefiningOp();
  if (!op)
    return fail("it depends on an input of the model");
  if (depth > kMaxDepth)
    return fail("it is computed by too many ops");
  bool isShape = false;
  Element element = traceShape(op, roles, depth, isShape);
  if (isShape)
    return element;
  if (auto range = dyn_cast<onnx::RangeOp>(op))
    return traceRange(range, roles);
  auto type = cast<RankedTensorType>(value.getType());
  if (type.hasStaticShape() && type.getNumElements() == 1)
    if (Element extent = traceExtent(value))
      return extent;
  if (isa<onnx::WhereOp>(op) || getUnary(op) || getBinary(op))
    return traceElementwise(op, roles, depth);
  return fail("it is computed by " + getNodeName(op));
}

std::optional<std::pair<int64_t, int64_t>> Tracer::getTested() const {
  // Comparisons of rows, columns and numbers change along lines that lie no
  // further out than the numbers' sum.
  double computed = 2.0 * offsets + 16.0;
  if ((boundRows < 0 || boundColumns < 0) && computed > kMaxTested)
    return std::nullopt;
  return std::pair(boundRows < 0 ? int64_t(computed) : boundRows,
                   boundColumns < 0 ? int64_t(computed) : boundColumns);
}

//===----------------------------------------------------------------------===//
// The matrix
//===----------------------------------------------------------------------===//

std::optional<PositionMatrix>
PositionMatrix::get(Value value, PositionVerdicts &verdicts, std::string &why) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || type.getRank() < 2) {
    why = "it is no matrix";
    return std::nullopt;
  }
  PositionMatrix matrix(verdicts);
  matrix.rows = getExtent(value, type.getRank() - 2);
  matrix.columns = getExtent(value, type.getRank() - 1);
  Roles roles(type.getRank(), Role::None);
  roles.end()[-2] = Role::Row;
  roles.end()[-1] = Role::Column;
  Tracer tracer(matrix.rows, matrix.columns, why);
  matrix.element = tracer.trace(value, roles);
  if (!matrix.element)
    return std::nullopt;
  auto tested = tracer.getTested();
  if (!tested) {
    why = "it depends on positions further apart than " +
          std::to_string(kMaxTested / 2);
    return std::nullopt;
  }
  std::tie(matrix.testedRows, matrix.testedColumns) = *tested;
  matrix.key = tracer.takeKey();
  return matrix;
}

bool PositionMatrix::all(
    StringRef question,
    llvm::function_ref<bool(const Position &, double)> holds) const {
  auto [verdict, isNew] = verdicts.try_emplace(key + question.str(), true);
  if (!isNew)
    return verdict->second;
  Position at;
  at.rows = testedRows;
  at.columns = testedColumns;
  for (at.row = 0; at.row < at.rows; ++at.row)
    for (at.column = 0; at.column < at.columns; ++at.column)
      if (!holds(at, element(at)))
        return verdict->second = false;
  return true;
}

bool PositionMatrix::isCausalCondition(bool inverted) const {
  return all(inverted ? "causal inverted" : "causal",
             [&](const Position &at, double value) {
               return ((value != 0.0) != inverted) == (at.column <= at.row);
             });
}

bool PositionMatrix::isCausalAddend() const {
  return all("causal addend", [](const Position &at, double value) {
    return at.column <= at.row ? value == 0.0 : value <= kMasked;
  });
}

bool PositionMatrix::isTrue(bool inverted) const {
  return all(inverted ? "false" : "true", [&](const Position &, double value) {
    return (value != 0.0) != inverted;
  });
}

bool PositionMatrix::isZero() const {
  return all("zero",
             [](const Position &, double value) { return value == 0.0; });
}

bool PositionMatrix::isIdentity() const {
  return all("identity", [](const Position &at, double value) {
    return value == (at.row == at.column ? 1.0 : 0.0);
  });
}

bool PositionMatrix::isCausalUniform() const {
  return all("causal uniform", [](const Position &at, double value) {
    return at.column <= at.row ? isClose(value, 1.0 / double(at.row + 1))
                               : value == 0.0;
  });
}

bool PositionMatrix::isUniform() const {
  return all("uniform", [](const Position &at, double value) {
    return isClose(value, 1.0 / double(at.columns));
  });
}

} // namespace ockham::raising
