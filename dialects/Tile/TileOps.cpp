//===- TileOps.cpp - Windows, blocks, loops -------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/TileDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

#include <numeric>

using namespace mlir;
using namespace ockham::tile;

#define GET_OP_CLASSES
#include "dialects/Tile/TileOps.cpp.inc"

/// Both types hold elements of one type.
static LogicalResult verifyElements(Operation *op, Type view, Type block) {
  Type have = getElementTypeOrSelf(block);
  Type want = cast<ViewType>(view).getElementType();
  if (have == want)
    return success();
  return op->emitOpError() << "has a block of " << have
                           << " but the view holds " << want;
}

namespace {
/// Columns at which windows of one op start: `first`, and others in steps.
struct Places {
  int64_t first, step = 0;
};
} // namespace

/// Where windows at `col` start, as far as that can be seen. The loop whose
/// streams they are checks them itself.
static std::optional<Places> findPlaces(Operation *op, Value col) {
  APInt value;
  if (matchPattern(col, m_ConstantInt(&value)))
    return Places{value.getSExtValue()};
  auto argument = dyn_cast<BlockArgument>(col);
  Operation *parent = argument ? argument.getOwner()->getParentOp() : nullptr;
  if (auto kernel = dyn_cast_or_null<KernelOp>(parent)) {
    for (auto [d, index] : llvm::enumerate(kernel.getGridIndices()))
      if (index == col)
        return Places{0, kernel.getSteps()[d]};
  } else if (auto loop = dyn_cast_or_null<ForOp>(parent)) {
    if (loop != op && loop.getPosition() == col &&
        matchPattern(loop.getLower(), m_ConstantInt(&value)))
      return Places{value.getSExtValue(), static_cast<int64_t>(loop.getStep())};
  }
  return std::nullopt;
}

/// The window of a packed view starts with a panel and ends with one or within
/// it, or lies inside of one, so that each of its rows lies in panels.
static LogicalResult verifyPanels(Operation *op, ViewType view, Value col,
                                  int64_t cols) {
  if (!view.isPacked())
    return success();
  int64_t panel = view.getPanel();
  if (cols > panel && cols % panel != 0)
    return op->emitOpError()
           << "has a window of " << cols
           << " columns, which is no multiple of the panels of " << panel
           << " columns";
  std::optional<Places> places = findPlaces(op, col);
  if (!places)
    return success();
  // In their panels windows start at `first` modulo this.
  int64_t apart = std::gcd(places->step, panel);
  if (llvm::mod(places->first, apart) + std::min(cols, panel) <= apart)
    return success();
  InFlightDiagnostic error = op->emitOpError()
                             << "has a window of " << cols
                             << " columns at column " << places->first;
  if (places->step != 0)
    error << ", and from there in steps of " << places->step;
  return error << ", which crosses panels of " << panel << " columns";
}

//===----------------------------------------------------------------------===//
// Windows
//===----------------------------------------------------------------------===//

/// A static extent agrees with a constant operand.
static LogicalResult verifyExtent(Operation *op, StringRef what, int64_t have,
                                  Value operand) {
  APInt value;
  if (ShapedType::isDynamic(have) ||
      !matchPattern(operand, m_ConstantInt(&value)) ||
      value.getSExtValue() == have)
    return success();
  return op->emitOpError() << "has a result of " << have << " " << what
                           << " but takes " << value.getSExtValue();
}

LogicalResult SubviewOp::verify() {
  ViewType from = getView().getType(), to = getResult().getType();
  if (from.getElementType() != to.getElementType() ||
      from.getPanel() != to.getPanel() ||
      from.getInterleave() != to.getInterleave())
    return emitOpError() << "gives a view of another layout or element type: "
                         << to << " from " << from;
  if (failed(verifyExtent(*this, "rows", to.getRows(), getRows())) ||
      failed(verifyExtent(*this, "columns", to.getCols(), getCols())))
    return failure();
  APInt col;
  if (from.isPacked() && matchPattern(getCol(), m_ConstantInt(&col)) &&
      col.getSExtValue() % from.getPanel() != 0)
    return emitOpError() << "starts at column " << col.getSExtValue()
                         << ", expected a multiple of the panel, "
                         << from.getPanel();
  if (from.isPacked() && !matchPattern(getRow(), m_Zero()))
    return emitOpError("takes rows of a packed view; expected all of them, "
                       "from row 0");
  return success();
}

LogicalResult LoadOp::verify() {
  if (failed(verifyElements(*this, getView().getType(), getResult().getType())))
    return failure();
  return verifyPanels(*this, getView().getType(), getCol(),
                      getResult().getType().getDimSize(1));
}

LogicalResult GatherOp::verify() {
  auto block = getResult().getType();
  auto rows = getRows().getType();
  if (rows.getDimSize(1) != 1 || rows.getDimSize(0) != block.getDimSize(0))
    return emitOpError() << "gathers " << block.getDimSize(0)
                         << " rows with indices of type " << rows
                         << ", expected one column of as many";
  if (getView().getType().isPacked() && !getTransposed())
    return emitOpError() << "gathers rows of a packed view "
                         << getView().getType()
                         << ", expected columns (transposed)";
  return verifyElements(*this, getView().getType(), block);
}

LogicalResult StoreOp::verify() {
  if (failed(verifyElements(*this, getView().getType(), getValue().getType())))
    return failure();
  return verifyPanels(*this, getView().getType(), getCol(),
                      getValue().getType().getDimSize(1));
}

/// A slice has the layout and the elements of its view.
static LogicalResult verifySlice(Operation *op, ViewType view, SliceType slice,
                                 Value col) {
  SliceType want = getSliceType(view, slice.getRows(), slice.getCols());
  if (slice != want)
    return op->emitOpError()
           << "gives " << slice << ", expected " << want << " from " << view;
  if (view.getInterleave() > 1 && slice.getRows() % view.getInterleave() != 0)
    return op->emitOpError()
           << "has a window of " << slice.getRows() << " rows, but rows are "
           << "interleaved by " << view.getInterleave();
  return verifyPanels(op, view, col, slice.getCols());
}

LogicalResult SliceOp::verify() {
  return verifySlice(*this, getView().getType(), getResult().getType(),
                     getCol());
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

namespace {
struct Factor {
  int64_t rows, cols;
  Type element;
};
} // namespace

static Factor getFactor(Value value) {
  if (auto slice = dyn_cast<SliceType>(value.getType()))
    return {slice.getRows(), slice.getCols(), slice.getElementType()};
  auto block = cast<RankedTensorType>(value.getType());
  return {block.getDimSize(0), block.getDimSize(1), block.getElementType()};
}

LogicalResult DotOp::verify() {
  Factor acc = getFactor(getAcc()), lhs = getFactor(getLhs()),
         rhs = getFactor(getRhs());
  if (getTransposed())
    std::swap(rhs.rows, rhs.cols);
  StringRef right = getTransposed() ? "rhs (transposed)" : "rhs";
  if (lhs.cols != rhs.rows)
    return emitOpError() << "lhs has " << lhs.cols << " columns but " << right
                         << " has " << rhs.rows << " rows";
  if (acc.rows != lhs.rows)
    return emitOpError() << "acc has " << acc.rows << " rows but lhs has "
                         << lhs.rows;
  if (acc.cols != rhs.cols)
    return emitOpError() << "acc has " << acc.cols << " columns but " << right
                         << " has " << rhs.cols;
  for (Type element : {lhs.element, rhs.element})
    if (!isa<FloatType>(element) ||
        element.getIntOrFloatBitWidth() > acc.element.getIntOrFloatBitWidth())
      return emitOpError() << "sums products of " << element << " in "
                           << acc.element
                           << ", expected a float type at least as wide";
  auto slice = dyn_cast<SliceType>(getRhs().getType());
  if (getTransposed() && slice && slice.isPacked())
    return emitOpError() << "transposes packed " << slice
                         << "; pack the transposed matrix instead";
  return success();
}

void DotOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  for (OpOperand *operand : {&getLhsMutable(), &getRhsMutable()})
    if (isa<SliceType>(operand->get().getType()))
      effects.emplace_back(MemoryEffects::Read::get(), operand);
}

LogicalResult ReduceOp::verify() {
  auto from = getInput().getType(), to = getResult().getType();
  auto want =
      RankedTensorType::get({from.getDimSize(0), 1}, from.getElementType());
  if (to != want)
    return emitOpError() << "gives " << to << ", expected " << want;
  return success();
}

OpFoldResult ReduceOp::fold(FoldAdaptor) {
  // One element is its own maximum and sum.
  if (getInput().getType() == getResult().getType())
    return getInput();
  return {};
}

LogicalResult TransposeOp::verify() {
  auto from = getInput().getType(), to = getResult().getType();
  auto want = RankedTensorType::get({from.getDimSize(1), from.getDimSize(0)},
                                    from.getElementType());
  if (to != want)
    return emitOpError() << "gives " << to << ", expected " << want;
  return success();
}

LogicalResult DeinterleaveOp::verify() {
  auto from = getInput().getType(), to = getEven().getType();
  if (from.getDimSize(1) % 2 != 0)
    return emitOpError() << "splits " << from
                         << ", expected an even number of columns";
  auto want = RankedTensorType::get(
      {from.getDimSize(0), from.getDimSize(1) / 2}, from.getElementType());
  if (to != want)
    return emitOpError() << "gives " << to << ", expected " << want;
  return success();
}

LogicalResult ScalarOp::verify() {
  auto from = getInput().getType();
  if (from.getNumElements() != 1 ||
      from.getElementType() != getResult().getType())
    return emitOpError() << "gives " << getResult().getType() << " from "
                         << from << ", expected the one element of a block";
  return success();
}

LogicalResult BroadcastOp::verify() {
  RankedTensorType to = getResult().getType();
  Type element = getElementTypeOrSelf(getInput().getType());
  if (element != to.getElementType())
    return emitOpError() << "repeats elements of " << element << " as "
                         << to.getElementType();
  auto from = dyn_cast<RankedTensorType>(getInput().getType());
  if (!from)
    return success();
  for (auto [have, want] : llvm::zip(from.getShape(), to.getShape()))
    if (have != want && have != 1)
      return emitOpError() << "repeats " << from << " to " << to
                           << ": an extent is " << have << ", expected 1 or "
                           << want;
  return success();
}

OpFoldResult BroadcastOp::fold(FoldAdaptor) {
  if (getInput().getType() == getResult().getType())
    return getInput();
  return {};
}

LogicalResult IotaOp::verify() {
  RankedTensorType type = getResult().getType();
  if (type.getDimSize(0) != 1 && type.getDimSize(1) != 1)
    return emitOpError() << "gives " << type
                         << ", expected one row or one column";
  return success();
}

//===----------------------------------------------------------------------===//
// Loops
//===----------------------------------------------------------------------===//

void ForOp::build(OpBuilder &b, OperationState &state, Value lower, Value upper,
                  int64_t step, ValueRange views, ValueRange places,
                  ArrayRef<bool> alongRows, TypeRange slices,
                  ValueRange inits) {
  state.addOperands({lower, upper});
  state.addOperands(views);
  state.addOperands(places);
  state.addOperands(inits);
  auto count = [](ValueRange values) {
    return static_cast<int32_t>(values.size());
  };
  Properties &properties = state.getOrAddProperties<Properties>();
  properties.operandSegmentSizes = {1, 1, count(views), count(places),
                                    count(inits)};
  properties.setStep(b.getI64IntegerAttr(step));
  properties.setAlongRows(b.getDenseBoolArrayAttr(alongRows));
  state.addTypes(inits.getTypes());
  Region *body = state.addRegion();
  SmallVector<Type> types{b.getIndexType()};
  llvm::append_range(types, slices);
  llvm::append_range(types, inits.getTypes());
  OpBuilder::InsertionGuard guard(b);
  b.createBlock(body, {}, types,
                SmallVector<Location>(types.size(), state.location));
}

LogicalResult ForOp::verify() {
  if (static_cast<int64_t>(getStep()) < 1)
    return emitOpError() << "has step " << static_cast<int64_t>(getStep())
                         << ", expected at least 1";
  if (getPlaces().size() != getViews().size() ||
      getAlongRows().size() != getViews().size())
    return emitOpError() << "has " << getViews().size() << " streams but "
                         << getPlaces().size() << " places and "
                         << getAlongRows().size() << " directions";
  if (getInits().getTypes() != getResultTypes())
    return emitOpError() << "carries " << getInits().getTypes() << " but gives "
                         << getResultTypes();
  return success();
}

LogicalResult ForOp::verifyRegions() {
  Block &block = getBlock();
  size_t streams = getViews().size();
  if (block.getNumArguments() != 1 + streams + getInits().size())
    return emitOpError() << "has a body of " << block.getNumArguments()
                         << " arguments, expected "
                         << 1 + streams + getInits().size()
                         << ": the position, the windows, the carried values";
  if (!getPosition().getType().isIndex())
    return emitOpError() << "has a position of type " << getPosition().getType()
                         << ", expected index";
  int64_t step = getStep();
  for (size_t i = 0; i < streams; ++i) {
    auto view = cast<ViewType>(getViews()[i].getType());
    auto slice = dyn_cast<SliceType>(getWindows()[i].getType());
    if (!slice)
      return emitOpError() << "gives window #" << i << " as "
                           << getWindows()[i].getType() << ", expected a slice";
    bool rows = goesAlongRows(i);
    Value place = getPlaces()[i];
    if (failed(verifySlice(*this, view, slice,
                           rows ? place : Value(getPosition()))))
      return failure();
    int64_t extent = rows ? slice.getRows() : slice.getCols();
    if (extent != step)
      return emitOpError() << "has steps of " << step << " but window #" << i
                           << " is " << extent << (rows ? " rows" : " columns")
                           << " long";
    if (rows || !view.isPacked())
      continue;
    int64_t panel = view.getPanel();
    if (step % panel != 0 && panel % step != 0)
      return emitOpError() << "has steps of " << step
                           << " columns, which is neither a multiple nor a "
                              "part of the panels of "
                           << panel << " columns of stream #" << i;
    APInt lower;
    if (matchPattern(getLower(), m_ConstantInt(&lower)) &&
        lower.getSExtValue() % std::min(step, panel) != 0)
      return emitOpError() << "starts at column " << lower.getSExtValue()
                           << " in steps of " << step
                           << ", whose windows cross panels of " << panel
                           << " columns of stream #" << i;
  }
  for (auto [i, argument] : llvm::enumerate(getCarried()))
    if (argument.getType() != getInits()[i].getType())
      return emitOpError() << "carries value #" << i << " of type "
                           << getInits()[i].getType() << " but its body takes "
                           << argument.getType();
  auto yield = cast<YieldOp>(block.getTerminator());
  if (yield.getValues().getTypes() != getResultTypes())
    return emitOpError() << "yields " << yield.getValues().getTypes()
                         << " but gives " << getResultTypes();
  return success();
}

void ForOp::getAsmBlockArgumentNames(Region &, OpAsmSetValueNameFn setNameFn) {
  setNameFn(getPosition(), "k");
  for (Value window : getWindows())
    setNameFn(window, "window");
}

ParseResult ForOp::parse(OpAsmParser &parser, OperationState &result) {
  OpAsmParser::Argument position;
  OpAsmParser::UnresolvedOperand lower, upper;
  int64_t step = 0;
  Builder &b = parser.getBuilder();
  if (parser.parseArgument(position) || parser.parseEqual() ||
      parser.parseOperand(lower) || parser.parseKeyword("to") ||
      parser.parseOperand(upper) || parser.parseKeyword("step") ||
      parser.parseInteger(step))
    return failure();
  position.type = b.getIndexType();
  SmallVector<OpAsmParser::Argument> arguments{position};
  SmallVector<OpAsmParser::UnresolvedOperand> views, places, inits;
  SmallVector<Type> viewTypes, initTypes;
  SmallVector<bool> alongRows;
  auto parseStream = [&]() -> ParseResult {
    OpAsmParser::Argument window;
    OpAsmParser::UnresolvedOperand view, row, col;
    SMLoc loc = parser.getCurrentLocation();
    if (parser.parseArgument(window) || parser.parseEqual() ||
        parser.parseOperand(view) || parser.parseLSquare() ||
        parser.parseOperand(row) || parser.parseComma() ||
        parser.parseOperand(col) || parser.parseRSquare() ||
        parser.parseColonType(viewTypes.emplace_back()) ||
        parser.parseArrow() || parser.parseType(window.type))
      return failure();
    auto isPosition = [&](const OpAsmParser::UnresolvedOperand &operand) {
      return operand.name == position.ssaName.name &&
             operand.number == position.ssaName.number;
    };
    if (isPosition(row) == isPosition(col))
      return parser.emitError(loc, "expected the loop's position in one of the "
                                   "two coordinates of a stream");
    arguments.push_back(window);
    views.push_back(view);
    places.push_back(isPosition(row) ? col : row);
    alongRows.push_back(isPosition(row));
    return success();
  };
  if (succeeded(parser.parseOptionalKeyword("streams")) &&
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseStream))
    return failure();
  auto parseCarried = [&]() -> ParseResult {
    OpAsmParser::Argument argument;
    if (parser.parseArgument(argument) || parser.parseEqual() ||
        parser.parseOperand(inits.emplace_back()) ||
        parser.parseColonType(argument.type))
      return failure();
    initTypes.push_back(argument.type);
    arguments.push_back(argument);
    return success();
  };
  if (succeeded(parser.parseOptionalKeyword("iter_args")) &&
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseCarried))
    return failure();
  Region *body = result.addRegion();
  if (parser.parseRegion(*body, arguments) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes))
    return failure();
  ensureTerminator(*body, b, result.location);
  SMLoc loc = parser.getCurrentLocation();
  Type index = b.getIndexType();
  if (parser.resolveOperand(lower, index, result.operands) ||
      parser.resolveOperand(upper, index, result.operands) ||
      parser.resolveOperands(views, viewTypes, loc, result.operands) ||
      parser.resolveOperands(places, index, result.operands) ||
      parser.resolveOperands(inits, initTypes, loc, result.operands))
    return failure();
  Properties &properties = result.getOrAddProperties<Properties>();
  auto count = [](const auto &list) {
    return static_cast<int32_t>(list.size());
  };
  properties.operandSegmentSizes = {1, 1, count(views), count(places),
                                    count(inits)};
  properties.setStep(b.getI64IntegerAttr(step));
  properties.setAlongRows(b.getDenseBoolArrayAttr(alongRows));
  result.addTypes(initTypes);
  return success();
}

void ForOp::print(OpAsmPrinter &p) {
  p << ' ' << getPosition() << " = " << getLower() << " to " << getUpper()
    << " step " << getStep();
  if (!getViews().empty()) {
    p << " streams(";
    llvm::interleaveComma(
        llvm::seq<size_t>(0, getViews().size()), p, [&](size_t i) {
          Value row = getPosition(), col = getPlaces()[i];
          if (!goesAlongRows(i))
            std::swap(row, col);
          p << getWindows()[i] << " = " << getViews()[i] << '[' << row << ", "
            << col << "] : " << getViews()[i].getType() << " -> "
            << getWindows()[i].getType();
        });
    p << ')';
  }
  if (!getInits().empty()) {
    p << " iter_args(";
    llvm::interleaveComma(
        llvm::zip(getCarried(), getInits()), p, [&](auto pair) {
          auto [argument, init] = pair;
          p << argument << " = " << init << " : " << init.getType();
        });
    p << ')';
  }
  p << ' ';
  p.printRegion(getBody(), /*printEntryBlockArgs=*/false,
                /*printBlockTerminators=*/!getInits().empty());
  p.printOptionalAttrDictWithKeyword(
      (*this)->getAttrs(),
      {"step", "alongRows", getOperandSegmentSizesAttrName()});
}
