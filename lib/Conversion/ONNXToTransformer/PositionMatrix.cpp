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
  /// How many rows and columns there are to look at; none if that would not
  /// show all of a computed matrix.
  SmallVector<std::pair<int64_t, int64_t>, 3> getTested() const;

private:
  Element fail(const Twine &reason) {
    why = reason.str();
    return nullptr;
  }
  Element traceConstant(const ConstantData &data, const void *identity,
                        const Roles &roles);
  Element traceRange(onnx::RangeOp range, const Roles &roles);
  Element traceExtent(const Extent &extent);
  Element traceSlice(onnx::SliceOp slice, const Roles &roles, unsigned depth);
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
  /// How many of their first rows and columns were cut off.
  int64_t skippedRows = 0, skippedColumns = 0;
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
    limit(isRow ? boundRows : boundColumns,
          shape[dim] - (isRow ? skippedRows : skippedColumns));
    stride *= shape[dim];
  }
  key << identity << "/" << rowStride << "/" << columnStride << " ";
  auto shared = std::make_shared<ConstantData>(data);
  return [shared, rowStride, columnStride](const Position &at) {
    return shared->getFloat(at.row * rowStride + at.column * columnStride);
  };
}

Element Tracer::traceRange(onnx::RangeOp range, const Roles &roles) {
  if (getScalar(range.getDelta(), Scalars::All) != 1.0)
    return fail("it is computed by " + getNodeName(range));
  bool isRow = roles.back() == Role::Row;
  if (roles.back() == Role::None)
    return fail("it differs between batches or heads");
  key << (isRow ? "row+" : "column+");
  Element start;
  if (std::optional<double> number =
          getScalar(range.getStart(), Scalars::All)) {
    if (isCompared)
      offsets += std::abs(*number);
    key << llvm::format("%.17g ", *number);
    start = [number = *number](const Position &) { return number; };
  } else {
    start = traceExtent(getExtent(range.getStart()));
  }
  if (!start)
    return fail("it is computed by " + getNodeName(range));
  return [isRow, start](const Position &at) {
    return start(at) + static_cast<double>(isRow ? at.row : at.column);
  };
}

/// A number that follows from how many rows and columns there are.
Element Tracer::traceExtent(const Extent &extent) {
  if (!extent.isKnown())
    return nullptr;
  for (auto [withRows, withColumns] :
       {std::pair(0, 0), std::pair(0, 1), std::pair(1, 0), std::pair(-1, 1)}) {
    Extent base = Extent::getStatic(0);
    if (withColumns)
      base = base + columns;
    Extent rest = withRows < 0 ? extent + rows - base
                               : extent - (withRows ? base + rows : base);
    if (!rest.isStatic())
      continue;
    double number = static_cast<double>(rest.getNumber());
    if (isCompared)
      offsets += std::abs(number);
    key << withRows << "rows" << withColumns << "columns" << rest.getNumber()
        << " ";
    return [withRows = withRows, withColumns = withColumns,
            number](const Position &at) {
      return number + static_cast<double>(withRows * at.rows) +
             static_cast<double>(withColumns * at.columns);
    };
  }
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

/// Rows or columns from a known one on.
Element Tracer::traceSlice(onnx::SliceOp slice, const Roles &roles,
                           unsigned depth) {
  Element firstRow, firstColumn;
  llvm::SaveAndRestore<int64_t> rowsBefore(skippedRows),
      columnsBefore(skippedColumns);
  unsigned dynamic = 0;
  for (auto [i, axis] : llvm::enumerate(slice.getAxes())) {
    int64_t start = slice.getStaticStarts()[i];
    Extent first = ShapedType::isDynamic(start)
                       ? getExtent(slice.getStarts()[dynamic++])
                       : Extent::getStatic(start);
    if (slice.getSteps()[i] != 1 || start < 0)
      if (!ShapedType::isDynamic(start) || slice.getSteps()[i] != 1)
        return fail("it is cut by " + getNodeName(slice));
    if (first.isStatic(0) || roles[axis] == Role::None)
      continue;
    bool isRow = roles[axis] == Role::Row;
    if (first.isStatic()) {
      (isRow ? skippedRows : skippedColumns) += first.getNumber();
      offsets += static_cast<double>(first.getNumber());
    }
    key << (isRow ? "rows from " : "columns from ");
    Element &element = isRow ? firstRow : firstColumn;
    element = traceExtent(first);
    if (!element)
      return fail("it is cut by " + getNodeName(slice));
  }
  Element inner = trace(slice.getInput(), roles, depth + 1);
  if (!inner || (!firstRow && !firstColumn))
    return inner;
  return [inner, firstRow, firstColumn](const Position &at) {
    Position moved = at;
    if (firstRow)
      moved.row += static_cast<int64_t>(firstRow(at));
    if (firstColumn)
      moved.column += static_cast<int64_t>(firstColumn(at));
    return inner(moved);
  };
}

Element Tracer::traceShape(Operation *op, const Roles &roles, unsigned depth,
                           bool &isShape) {
  isShape = true;
  if (auto slice = dyn_cast<onnx::SliceOp>(op))
    return traceSlice(slice, roles, depth);
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
  if (auto reshape = dyn_cast<onnx::ReshapeOp>(op)) {
    // Only dimensions of extent 1 come and go.
    Roles kept, inner;
    auto type = cast<RankedTensorType>(reshape.getType());
    for (auto [dim, role] : llvm::enumerate(roles))
      if (type.getDimSize(dim) != 1)
        kept.push_back(role);
    auto from = cast<RankedTensorType>(reshape.getInput().getType());
    unsigned next = 0;
    for (int64_t extent : from.getShape())
      inner.push_back(extent == 1 || next == kept.size() ? Role::None
                                                         : kept[next++]);
    if (llvm::count_if(from.getShape(), [](int64_t extent) {
          return extent != 1;
        }) != static_cast<int64_t>(kept.size()))
      return fail("it is reshaped by " + getNodeName(op));
    // With one dimension nothing can move between them.
    for (int64_t dim = 0, to = 0; kept.size() > 1 && dim < from.getRank();
         ++dim) {
      if (from.getDimSize(dim) == 1)
        continue;
      while (type.getDimSize(to) == 1)
        ++to;
      if (getExtent(reshape.getInput(), dim) != getExtent(reshape, to++))
        return fail("it is reshaped by " + getNodeName(op));
    }
    return trace(reshape.getInput(), inner, depth + 1);
  }
  if (auto expand = dyn_cast<onnx::ExpandOp>(op))
    return trace(expand.getInput(), broadcast(expand.getInput(), roles),
                 depth + 1);
  if (auto fill = dyn_cast<onnx::ConstantOfShapeOp>(op)) {
    auto scalar = RankedTensorType::get({}, fill.getValue().getType());
    std::optional<ConstantData> data = ConstantData::get(
        DenseElementsAttr::get(scalar, Attribute(fill.getValue())));
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
    if (Element extent = traceExtent(getExtent(value)))
      return extent;
  if (isa<onnx::WhereOp>(op) || getUnary(op) || getBinary(op))
    return traceElementwise(op, roles, depth);
  return fail("it is computed by " + getNodeName(op));
}

SmallVector<std::pair<int64_t, int64_t>, 3> Tracer::getTested() const {
  // Comparisons of rows, columns and numbers change along lines that lie no
  // further out than the numbers' sum.
  double distance = 2.0 * offsets + 16.0;
  if ((boundRows < 0 || boundColumns < 0) && distance > kMaxTested)
    return {};
  auto enough = static_cast<int64_t>(distance);
  if (rows == columns || rows.isStatic() || columns.isStatic())
    return {{rows.isStatic() ? rows.getNumber()
                             : (boundRows < 0 ? enough : boundRows),
             columns.isStatic() ? columns.getNumber()
                                : (boundColumns < 0 ? enough : boundColumns)}};
  // With a cache: none of it, some, and more than any number in the formula.
  int64_t bound = 2 * enough;
  for (int64_t limited : {boundRows, boundColumns})
    if (limited >= 0)
      bound = std::min(bound, limited);
  return {{bound, bound},
          {std::max<int64_t>(bound - 1, 0), bound},
          {bound / 2, bound}};
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
  matrix.tested = tracer.getTested();
  if (matrix.tested.empty()) {
    why = "it depends on positions further apart than " +
          std::to_string(kMaxTested / 2);
    return std::nullopt;
  }
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
  for (auto [rowCount, columnCount] : tested) {
    at.rows = rowCount;
    at.columns = columnCount;
    for (at.row = 0; at.row < at.rows; ++at.row)
      for (at.column = 0; at.column < at.columns; ++at.column)
        if (!holds(at, element(at)))
          return verdict->second = false;
  }
  return true;
}

/// The column of the row's own position.
static int64_t getOwnColumn(const Position &at, Diagonal diagonal) {
  return at.row + (diagonal == Diagonal::ToLast ? at.columns - at.rows : 0);
}

/// The name of a question about one of the two diagonals.
static std::string ask(StringRef question, Diagonal diagonal) {
  return (question + (diagonal == Diagonal::ToLast ? " to last" : "")).str();
}

bool PositionMatrix::isCausalCondition(bool inverted, Diagonal diagonal) const {
  return all(ask(inverted ? "causal inverted" : "causal", diagonal),
             [&](const Position &at, double value) {
               return ((value != 0.0) != inverted) ==
                      (at.column <= getOwnColumn(at, diagonal));
             });
}

bool PositionMatrix::isCausalAddend(Diagonal diagonal) const {
  return all(
      ask("causal addend", diagonal), [&](const Position &at, double value) {
        return at.column <= getOwnColumn(at, diagonal) ? value == 0.0
                                                       : value <= kMasked;
      });
}

bool PositionMatrix::isTrue(bool inverted) const {
  return all(inverted ? "false" : "true", [&](const Position &, double value) {
    return (value != 0.0) != inverted;
  });
}

std::string PositionMatrix::explainNotCausal(bool inverted,
                                             Diagonal diagonal) const {
  Position at;
  std::tie(at.rows, at.columns) = tested.front();
  for (at.row = 0; at.row < at.rows; ++at.row)
    for (at.column = 0; at.column < at.columns; ++at.column) {
      bool isSeen = (element(at) != 0.0) != inverted;
      if (isSeen != (at.column <= getOwnColumn(at, diagonal)))
        return "query " + std::to_string(at.row) +
               (isSeen ? " sees key " : " does not see key ") +
               std::to_string(at.column);
    }
  return "other numbers of queries or keys";
}

bool PositionMatrix::doesEveryRowSee(bool inverted) const {
  // Of a prefix, only what lies before the diagonal is certain to be there.
  bool isFixed = rows.isStatic() && columns.isStatic();
  bool isSeen = false;
  return all(inverted ? "no row true" : "every row true",
             [&](const Position &at, double value) {
               bool counts = isFixed || at.column <= at.row;
               isSeen = (at.column != 0 && isSeen) ||
                        (counts && (value != 0.0) != inverted);
               return isSeen || at.column + 1 < at.columns;
             });
}

bool PositionMatrix::isZero() const {
  return all("zero",
             [](const Position &, double value) { return value == 0.0; });
}

bool PositionMatrix::isIdentity(Diagonal diagonal) const {
  return all(ask("identity", diagonal), [&](const Position &at, double value) {
    return value == (at.column == getOwnColumn(at, diagonal) ? 1.0 : 0.0);
  });
}

bool PositionMatrix::isCausalUniform(Diagonal diagonal) const {
  return all(ask("causal uniform", diagonal),
             [&](const Position &at, double value) {
               int64_t own = getOwnColumn(at, diagonal);
               return at.column <= own ? isClose(value, 1.0 / double(own + 1))
                                       : value == 0.0;
             });
}

bool PositionMatrix::isUniform() const {
  return all("uniform", [](const Position &at, double value) {
    return isClose(value, 1.0 / double(at.columns));
  });
}

} // namespace ockham::raising
