//===- TransformerRowOps.cpp - Embedding, linear, norm, residuals, loss ---===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ops whose rows do not depend on each other.
//
//===----------------------------------------------------------------------===//

#include "dialects/Transformer/TransformerDialect.h"
#include "dialects/Transformer/VerifyUtils.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace ockham::tfm;
using namespace ockham::tfm::detail;

/// The segment that holds `operand`, as "is it this one?".
static bool isIn(OpOperand &operand, MutableOperandRange range) {
  return llvm::any_of(range,
                      [&](OpOperand &other) { return &other == &operand; });
}

//===----------------------------------------------------------------------===//
// EmbeddingOp
//===----------------------------------------------------------------------===//

LogicalResult EmbeddingOp::verify() {
  RankedTensorType ids = getIds().getType(), table = getTable().getType(),
                   result = getResult().getType();
  for (unsigned dim : {0, 1})
    if (failed(expectExtent(*this, "result", result, dim, ids.getDimSize(dim),
                            "as the ids")))
      return failure();
  if (failed(expectExtent(*this, "result", result, 2, widthOf(table),
                          "the width of the table")))
    return failure();
  if (Value positions = getPositionTable())
    if (failed(expectExtent(*this, "position table",
                            cast<RankedTensorType>(positions.getType()), 1,
                            widthOf(table), "the width of the table")))
      return failure();
  if (!getPast())
    return success();
  if (!getPositionTable())
    return emitOpError("expected a position table because past is given, got "
                       "none");
  return expectExtent(*this, "past", getPast().getType(), 0, ids.getDimSize(0),
                      "the batch of the ids");
}

LogicalResult
EmbeddingOp::reifyResultShapes(OpBuilder &builder,
                               ReifiedRankedShapedTypeDims &shapes) {
  SmallVector<OpFoldResult> shape = extentsOf(builder, getLoc(), getIds());
  shape.push_back(extentsOf(builder, getLoc(), getTable()).back());
  shapes.push_back(shape);
  return success();
}

SmallVector<OpOperand *> EmbeddingOp::getParameterOperands() {
  SmallVector<OpOperand *> list{&getTableMutable()};
  append(list, getPositionTableMutable());
  return list;
}

bool EmbeddingOp::isLinearIn(OpOperand &operand) {
  return &operand == &getTableMutable() && !getPositionTable();
}

bool EmbeddingOp::hasIndependentRows() { return true; }

//===----------------------------------------------------------------------===//
// LinearOp
//===----------------------------------------------------------------------===//

LogicalResult LinearOp::verify() {
  RankedTensorType input = getInput().getType(), weight = getWeight().getType(),
                   result = getResult().getType();
  unsigned inDim = getTransposed() ? 1 : 0, outDim = 1 - inDim;
  int64_t width = weight.getDimSize(outDim);
  if (failed(expectExtent(*this, "weight", weight, inDim, widthOf(input),
                          "the width of the input")) ||
      failed(expectSameExtents(*this, "result", result, input, "as the input",
                               /*skipLast=*/1)) ||
      failed(expectExtent(*this, "result", result, result.getRank() - 1, width,
                          "the output width of the weight")) ||
      failed(expectElementType(*this, "result", result, input,
                               "that of the input")))
    return failure();
  if (Value bias = getBias())
    if (failed(expectExtent(*this, "bias", getBias().getType(), 0, width,
                            "the output width of the weight")))
      return failure();
  if (Value gain = getSkipGain())
    if (failed(expectExtent(*this, "weight", weight, outDim,
                            weight.getDimSize(inDim),
                            "square because a skip gain is given")) ||
        failed(expectGain(*this, "skip gain", gain, width)))
      return failure();
  if (failed(expectGain(*this, "resid gain", getResidGain(), width)))
    return failure();
  if (Value init = getInit()) {
    auto type = cast<RankedTensorType>(init.getType());
    if (failed(expectSameExtents(*this, "init", type, result, "as the result",
                                 /*skipLast=*/0)) ||
        failed(expectElementType(*this, "init", type, result,
                                 "that of the result")))
      return failure();
  }
  if (!getRowScale())
    return success();
  auto scale = cast<RankedTensorType>(getRowScale().getType());
  if (scale.getRank() != input.getRank() - 1)
    return emitOpError() << "row scale: expected rank " << input.getRank() - 1
                         << " (one number per row), got " << scale.getRank();
  for (int64_t dim = 0; dim < scale.getRank(); ++dim)
    if (failed(expectExtent(*this, "row scale", scale, dim,
                            input.getDimSize(dim), "as the input")))
      return failure();
  return success();
}

LogicalResult LinearOp::reifyResultShapes(OpBuilder &builder,
                                          ReifiedRankedShapedTypeDims &shapes) {
  SmallVector<OpFoldResult> shape = extentsOf(builder, getLoc(), getInput());
  shape.back() =
      extentsOf(builder, getLoc(), getWeight())[getTransposed() ? 0 : 1];
  shapes.push_back(shape);
  return success();
}

SmallVector<OpOperand *> LinearOp::getParameterOperands() {
  SmallVector<OpOperand *> list{&getWeightMutable()};
  append(list, getBiasMutable());
  append(list, getSkipGainMutable());
  append(list, getResidGainMutable());
  return list;
}

bool LinearOp::isLinearIn(OpOperand &operand) {
  if (getBias() || getInit())
    return false;
  if (&operand == &getInputMutable() || isIn(operand, getRowScaleMutable()))
    return true;
  // Beside a skip path, the weight's share has a constant term next to it.
  return !getSkipGain() && (&operand == &getWeightMutable() ||
                            isIn(operand, getResidGainMutable()));
}

bool LinearOp::hasIndependentRows() { return true; }

LogicalResult LinearOp::canonicalize(LinearOp op, PatternRewriter &rewriter) {
  if (!isConstantOne(op.getResidGain()))
    return rewriter.notifyMatchFailure(op, "no resid gain of constant one");
  rewriter.modifyOpInPlace(op, [&] { op.getResidGainMutable().clear(); });
  return success();
}

//===----------------------------------------------------------------------===//
// SplitOp
//===----------------------------------------------------------------------===//

LogicalResult SplitOp::verify() {
  RankedTensorType input = getInput().getType();
  int64_t sum = 0;
  for (auto [index, type] : llvm::enumerate(getResultTypes())) {
    auto result = cast<RankedTensorType>(type);
    std::string name = "result " + std::to_string(index);
    if (failed(expectSameExtents(*this, name, result, input, "as the input",
                                 /*skipLast=*/1)) ||
        failed(
            expectElementType(*this, name, result, input, "that of the input")))
      return failure();
    if (result.isDynamicDim(result.getRank() - 1))
      return emitOpError() << name << ": expected a static width, got ?";
    sum += widthOf(result);
  }
  if (ShapedType::isStatic(widthOf(input)) && sum != widthOf(input))
    return emitOpError() << "expected results whose widths sum to "
                         << widthOf(input) << " (the width of the input), got "
                         << sum;
  return success();
}

LogicalResult SplitOp::reifyResultShapes(OpBuilder &builder,
                                         ReifiedRankedShapedTypeDims &shapes) {
  SmallVector<OpFoldResult> shape = extentsOf(builder, getLoc(), getInput());
  for (Type type : getResultTypes()) {
    shape.back() = builder.getIndexAttr(widthOf(cast<RankedTensorType>(type)));
    shapes.push_back(shape);
  }
  return success();
}

SmallVector<OpOperand *> SplitOp::getParameterOperands() { return {}; }
bool SplitOp::isLinearIn(OpOperand &) { return true; }
bool SplitOp::hasIndependentRows() { return true; }

LogicalResult SplitOp::fold(FoldAdaptor,
                            SmallVectorImpl<OpFoldResult> &results) {
  if (getNumResults() != 1 || getResult(0).getType() != getInput().getType())
    return failure();
  results.push_back(getInput());
  return success();
}

//===----------------------------------------------------------------------===//
// ActivationOp
//===----------------------------------------------------------------------===//

LogicalResult ActivationOp::verify() {
  bool leaky = getKind() == ActivationKind::LeakyReLU;
  if (leaky != bool(getSlope()))
    return emitOpError() << "expected " << (leaky ? "a" : "no")
                         << " slope for kind " << stringifyEnum(getKind())
                         << ", got " << (leaky ? "none" : "one");
  if (!leaky)
    return success();
  return expectExtentOfOne(*this, "slope", getSlope());
}

LogicalResult
ActivationOp::reifyResultShapes(OpBuilder &builder,
                                ReifiedRankedShapedTypeDims &shapes) {
  shapes.push_back(extentsOf(builder, getLoc(), getInput()));
  return success();
}

SmallVector<OpOperand *> ActivationOp::getParameterOperands() {
  SmallVector<OpOperand *> list;
  append(list, getSlopeMutable());
  return list;
}

bool ActivationOp::isLinearIn(OpOperand &) { return false; }
bool ActivationOp::hasIndependentRows() { return true; }

//===----------------------------------------------------------------------===//
// NormOp
//===----------------------------------------------------------------------===//

/// Checks that an operand or attribute is given only with kinds that read it.
static LogicalResult expectKind(NormOp op, bool given, bool read,
                                StringRef what) {
  if (!given || read)
    return success();
  return op.emitOpError() << "expected no " << what << " for kind "
                          << stringifyEnum(op.getKind()) << ", got one";
}

LogicalResult NormOp::verify() {
  int64_t width = widthOf(getInput().getType());
  NormKind kind = getKind();
  bool live = kind == NormKind::Layer || kind == NormKind::RMS;
  bool fixed = kind == NormKind::Fixed, erf = kind == NormKind::Erf;
  bool pointwise = kind == NormKind::Tanh || erf;
  bool positional = getStdAxis() == StdAxis::Position;

  if (failed(expectKind(*this, bool(getStd()), fixed, "std")) ||
      failed(expectKind(*this, bool(getAlpha()), pointwise, "alpha")) ||
      failed(expectKind(*this, bool(getOffset()), erf, "offset")) ||
      failed(expectKind(*this, !getEps().isZero(), live, "eps")) ||
      failed(expectKind(*this, getEpsOutside(), live, "eps_outside")) ||
      failed(expectKind(*this, getUncentred(), fixed, "uncentred")) ||
      failed(
          expectKind(*this, getStdAxis() != StdAxis::None, fixed, "std_axis")))
    return failure();
  if (getEps().isNegative() || getEps().isNaN())
    return emitOpError() << "expected eps of at least 0, got "
                         << getEps().convertToDouble();
  if (fixed && !getStd())
    return emitOpError("expected a std for kind fixed, got none");
  if (pointwise && !getAlpha())
    return emitOpError() << "expected an alpha for kind " << stringifyEnum(kind)
                         << ", got none";
  for (auto [what, vector] : {std::pair<StringRef, Value>("scale", getScale()),
                              {"shift", getShift()}})
    if (vector && failed(expectExtent(*this, what,
                                      cast<RankedTensorType>(vector.getType()),
                                      0, width, "the width of the input")))
      return failure();
  if (failed(expectGain(*this, "alpha", getAlpha(), width)) ||
      failed(expectGain(*this, "offset", getOffset(), width)))
    return failure();
  if (fixed) {
    RankedTensorType std = getStd().getType();
    switch (getStdAxis()) {
    case StdAxis::None:
      if (failed(expectExtentOfOne(*this, "std", getStd())))
        return failure();
      break;
    case StdAxis::Channel:
    case StdAxis::Position:
      if (std.getRank() != 1)
        return emitOpError() << "std: expected a vector along the "
                             << stringifyEnum(getStdAxis())
                             << " axis, got rank " << std.getRank();
      if (!positional && failed(expectExtent(*this, "std", std, 0, width,
                                             "the width of the input")))
        return failure();
      break;
    }
  }
  if (positional && getInput().getType().getRank() < 2)
    return emitOpError() << "expected an input of rank 2 or more because std "
                            "varies along the position, got rank "
                         << getInput().getType().getRank();
  if (!getPast())
    return success();
  if (!positional)
    return emitOpError() << "expected std_axis position because past is given, "
                            "got "
                         << stringifyEnum(getStdAxis());
  if (getInput().getType().getRank() != 3)
    return emitOpError()
           << "expected an input [batch, sequence, width] because "
              "past is given, got rank "
           << getInput().getType().getRank();
  return expectExtent(*this, "past", getPast().getType(), 0,
                      getInput().getType().getDimSize(0),
                      "the batch of the input");
}

LogicalResult NormOp::reifyResultShapes(OpBuilder &builder,
                                        ReifiedRankedShapedTypeDims &shapes) {
  shapes.push_back(extentsOf(builder, getLoc(), getInput()));
  return success();
}

SmallVector<OpOperand *> NormOp::getParameterOperands() {
  SmallVector<OpOperand *> list;
  append(list, getScaleMutable());
  append(list, getShiftMutable());
  append(list, getStdMutable());
  append(list, getAlphaMutable());
  append(list, getOffsetMutable());
  return list;
}

bool NormOp::isLinearIn(OpOperand &operand) {
  if (getShift())
    return false;
  return isIn(operand, getScaleMutable()) ||
         (&operand == &getInputMutable() && getKind() == NormKind::Fixed);
}

bool NormOp::hasIndependentRows() { return true; }

LogicalResult NormOp::canonicalize(NormOp op, PatternRewriter &rewriter) {
  if (!isConstantOne(op.getScale()))
    return rewriter.notifyMatchFailure(op, "no scale of constant one");
  rewriter.modifyOpInPlace(op, [&] { op.getScaleMutable().clear(); });
  return success();
}

//===----------------------------------------------------------------------===//
// What shares a kernel
//===----------------------------------------------------------------------===//

bool LinearOp::keepsResultInRegisters() { return true; }

SmallVector<OpOperand *> SplitOp::getRegisterOperands() {
  return {&getInputMutable()};
}
bool SplitOp::dividesColumns() { return true; }

SmallVector<OpOperand *> ActivationOp::getRegisterOperands() {
  return {&getInputMutable()};
}
bool ActivationOp::keepsResultInRegisters() { return true; }

/// The others need the whole row before they have one element.
static bool isPointwise(NormOp op) {
  return op.getKind() == NormKind::Tanh || op.getKind() == NormKind::Erf;
}

SmallVector<OpOperand *> NormOp::getRegisterOperands() {
  if (!isPointwise(*this))
    return {};
  return {&getInputMutable()};
}
bool NormOp::keepsResultInRegisters() { return true; }

SmallVector<OpOperand *> AddScaledOp::getRegisterOperands() {
  return {&getLhsMutable(), &getRhsMutable()};
}
bool AddScaledOp::keepsResultInRegisters() { return true; }

SmallVector<OpOperand *> ScaleOp::getRegisterOperands() {
  return {&getInputMutable()};
}
bool ScaleOp::keepsResultInRegisters() { return true; }

SmallVector<OpOperand *> GateOp::getRegisterOperands() {
  return {&getLhsMutable(), &getRhsMutable()};
}
bool GateOp::keepsResultInRegisters() { return true; }

//===----------------------------------------------------------------------===//
// GateOp
//===----------------------------------------------------------------------===//

LogicalResult GateOp::verify() { return success(); }

LogicalResult GateOp::reifyResultShapes(OpBuilder &builder,
                                        ReifiedRankedShapedTypeDims &shapes) {
  shapes.push_back(extentsOf(builder, getLoc(), getLhs()));
  return success();
}

SmallVector<OpOperand *> GateOp::getParameterOperands() { return {}; }
bool GateOp::isLinearIn(OpOperand &) { return true; }
bool GateOp::hasIndependentRows() { return true; }

SmallVector<OpOperand *> CastOp::getRegisterOperands() {
  return {&getInputMutable()};
}
bool CastOp::keepsResultInRegisters() { return true; }

//===----------------------------------------------------------------------===//
// CastOp
//===----------------------------------------------------------------------===//

LogicalResult CastOp::verify() {
  return expectSameExtents(*this, "result",
                           cast<RankedTensorType>(getResult().getType()),
                           cast<RankedTensorType>(getInput().getType()),
                           "as the input", /*skipLast=*/0);
}

LogicalResult CastOp::reifyResultShapes(OpBuilder &builder,
                                        ReifiedRankedShapedTypeDims &shapes) {
  shapes.push_back(extentsOf(builder, getLoc(), getInput()));
  return success();
}

SmallVector<OpOperand *> CastOp::getParameterOperands() { return {}; }
// Rounding is not linear.
bool CastOp::isLinearIn(OpOperand &) { return false; }
bool CastOp::hasIndependentRows() { return true; }

OpFoldResult CastOp::fold(FoldAdaptor) {
  if (getInput().getType() == getResult().getType())
    return getInput();
  // There and back, through a type that holds all values.
  auto before = getInput().getDefiningOp<CastOp>();
  if (!before || before.getInput().getType() != getResult().getType())
    return {};
  const llvm::fltSemantics &narrow =
      cast<FloatType>(getElementTypeOrSelf(getResult())).getFloatSemantics();
  const llvm::fltSemantics &wide =
      cast<FloatType>(getElementTypeOrSelf(getInput())).getFloatSemantics();
  if (!APFloat::isRepresentableBy(narrow, wide))
    return {};
  return before.getInput();
}

//===----------------------------------------------------------------------===//
// AddScaledOp
//===----------------------------------------------------------------------===//

LogicalResult AddScaledOp::verify() {
  int64_t width = widthOf(getLhs().getType());
  return failure(failed(expectGain(*this, "lhs gain", getLhsGain(), width)) ||
                 failed(expectGain(*this, "rhs gain", getRhsGain(), width)));
}

LogicalResult
AddScaledOp::reifyResultShapes(OpBuilder &builder,
                               ReifiedRankedShapedTypeDims &shapes) {
  shapes.push_back(extentsOf(builder, getLoc(), getLhs()));
  return success();
}

SmallVector<OpOperand *> AddScaledOp::getParameterOperands() {
  SmallVector<OpOperand *> list;
  append(list, getLhsGainMutable());
  append(list, getRhsGainMutable());
  return list;
}

// The other summand is a constant term.
bool AddScaledOp::isLinearIn(OpOperand &) { return false; }
bool AddScaledOp::hasIndependentRows() { return true; }

LogicalResult AddScaledOp::canonicalize(AddScaledOp op,
                                        PatternRewriter &rewriter) {
  bool lhs = isConstantOne(op.getLhsGain()),
       rhs = isConstantOne(op.getRhsGain());
  if (!lhs && !rhs)
    return rewriter.notifyMatchFailure(op, "no gain of constant one");
  rewriter.modifyOpInPlace(op, [&] {
    if (rhs)
      op.getRhsGainMutable().clear();
    if (lhs)
      op.getLhsGainMutable().clear();
  });
  return success();
}

ParseResult AddScaledOp::parse(OpAsmParser &parser, OperationState &result) {
  using Operand = OpAsmParser::UnresolvedOperand;
  Operand summands[2];
  SmallVector<Operand, 1> gains[2];
  Type type;
  SmallVector<Type, 1> gainTypes[2];

  auto parseSummand = [&](int i) -> ParseResult {
    if (parser.parseOperand(summands[i]))
      return failure();
    if (succeeded(parser.parseOptionalKeyword("gain")))
      return parser.parseOperand(gains[i].emplace_back());
    return success();
  };
  if (parseSummand(0) || parser.parseComma() || parseSummand(1) ||
      parser.parseColonType(type))
    return failure();
  for (int i : {0, 1})
    if (!gains[i].empty() &&
        (parser.parseComma() || parser.parseKeyword("gain") ||
         parser.parseType(gainTypes[i].emplace_back())))
      return failure();
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseOptionalAttrDict(result.attributes) ||
      parser.resolveOperands(summands, type, location, result.operands))
    return failure();
  for (int i : {0, 1})
    if (parser.resolveOperands(gains[i], gainTypes[i], location,
                               result.operands))
      return failure();
  result.addTypes(type);
  llvm::copy(
      ArrayRef<int32_t>(
          {1, 1, int32_t(gains[0].size()), int32_t(gains[1].size())}),
      result.getOrAddProperties<Properties>().operandSegmentSizes.begin());
  return success();
}

void AddScaledOp::print(OpAsmPrinter &printer) {
  printer << ' ' << getLhs();
  if (getLhsGain())
    printer << " gain " << getLhsGain();
  printer << ", " << getRhs();
  if (getRhsGain())
    printer << " gain " << getRhsGain();
  printer << " : " << getLhs().getType();
  for (Value gain : {Value(getLhsGain()), Value(getRhsGain())})
    if (gain)
      printer << ", gain " << gain.getType();
  printer.printOptionalAttrDict((*this)->getAttrs(),
                                {getOperandSegmentSizesAttrName()});
}

//===----------------------------------------------------------------------===//
// ScaleOp
//===----------------------------------------------------------------------===//

LogicalResult ScaleOp::verify() {
  return expectGain(*this, "gain", getGain(), widthOf(getInput().getType()));
}

LogicalResult ScaleOp::reifyResultShapes(OpBuilder &builder,
                                         ReifiedRankedShapedTypeDims &shapes) {
  shapes.push_back(extentsOf(builder, getLoc(), getInput()));
  return success();
}

SmallVector<OpOperand *> ScaleOp::getParameterOperands() {
  return {&getGainMutable()};
}

bool ScaleOp::isLinearIn(OpOperand &) { return true; }
bool ScaleOp::hasIndependentRows() { return true; }

OpFoldResult ScaleOp::fold(FoldAdaptor) {
  return isConstantOne(getGain()) ? getInput() : Value();
}

//===----------------------------------------------------------------------===//
// CrossEntropyOp
//===----------------------------------------------------------------------===//

LogicalResult CrossEntropyOp::verify() {
  auto logits = getLogits().getType();
  for (auto [what, value] : {std::pair<StringRef, Value>("labels", getLabels()),
                             {"result", getResult()}}) {
    auto type = cast<RankedTensorType>(value.getType());
    if (type.getRank() != logits.getRank() - 1)
      return emitOpError() << what << ": expected rank " << logits.getRank() - 1
                           << " (one per row), got " << type.getRank();
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (failed(expectExtent(*this, what, type, dim, logits.getDimSize(dim),
                              "as the logits")))
        return failure();
  }
  // Logits of 16 bits may have a loss of 32.
  Type element = logits.getElementType(),
       result = getElementTypeOrSelf(getResult());
  if (APFloat::isRepresentableBy(cast<FloatType>(element).getFloatSemantics(),
                                 cast<FloatType>(result).getFloatSemantics()))
    return success();
  return emitOpError() << "result: expected element type " << element
                       << " (that of the logits) or a wider one, got "
                       << result;
}

LogicalResult
CrossEntropyOp::reifyResultShapes(OpBuilder &builder,
                                  ReifiedRankedShapedTypeDims &shapes) {
  shapes.push_back(extentsOf(builder, getLoc(), getLogits()));
  shapes.back().pop_back();
  return success();
}

SmallVector<OpOperand *> CrossEntropyOp::getParameterOperands() { return {}; }
bool CrossEntropyOp::isLinearIn(OpOperand &) { return false; }
bool CrossEntropyOp::hasIndependentRows() { return true; }
