//===- AttentionOp.cpp - tfm.attention ------------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Transformer/TransformerDialect.h"
#include "dialects/Transformer/VerifyUtils.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace ockham::tfm;
using namespace ockham::tfm::detail;

void AttentionOp::build(OpBuilder &builder, OperationState &state, Value query,
                        Value key, Value value, int64_t numHeads, double scale,
                        bool causal) {
  auto type = cast<RankedTensorType>(query.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = widthOf(cast<RankedTensorType>(value.getType()));
  build(builder, state, /*output=*/type.clone(shape), /*logsumexp=*/Type(),
        /*entropy=*/Type(), query, key, value, /*past=*/Value(),
        /*key_lengths=*/Value(),
        /*mask=*/Value(), /*alpha=*/Value(), /*beta=*/Value(),
        /*gamma=*/Value(), /*query_scale=*/Value(), /*key_scale=*/Value(),
        /*cos=*/Value(), /*sin=*/Value(), numHeads, numHeads, APFloat(scale),
        causal, /*soft_cap=*/FloatAttr(), Centre::All,
        /*qk_norm=*/NormKindAttr(), /*qk_norm_eps=*/APFloat(0.0),
        /*qk_norm_eps_outside=*/false, /*interleaved=*/false);
}

//===----------------------------------------------------------------------===//
// Verification
//===----------------------------------------------------------------------===//

/// Checks that a width is a whole number of heads.
static LogicalResult expectHeads(AttentionOp op, StringRef what,
                                 RankedTensorType type, int64_t heads) {
  int64_t width = widthOf(type);
  if (ShapedType::isDynamic(width))
    return op.emitOpError() << what << ": expected a static width, got ?";
  if (width % heads == 0)
    return success();
  return op.emitOpError() << what << ": expected a width divisible by " << heads
                          << " heads, got " << width;
}

static LogicalResult verifyMask(AttentionOp op) {
  auto mask = cast<RankedTensorType>(op.getMask().getType());
  Type element = mask.getElementType();
  if (!element.isInteger(1) && !isa<FloatType>(element))
    return op.emitOpError()
           << "mask: expected i1 or float elements, got " << element;
  if (mask.getRank() != 4)
    return op.emitOpError()
           << "mask: expected rank 4 ([batch, heads, queries, keys]), got "
           << mask.getRank();
  RankedTensorType query = op.getQuery().getType(), key = op.getKey().getType();
  int64_t extents[] = {query.getDimSize(0), int64_t(op.getNumHeads()),
                       query.getDimSize(1), key.getDimSize(1)};
  StringRef reasons[] = {"the batch", "the heads", "the queries", "the keys"};
  for (unsigned dim = 0; dim < 4; ++dim) {
    // All but the keys may be broadcast.
    if (dim < 3 && mask.getDimSize(dim) == 1)
      continue;
    if (failed(expectExtent(op, "mask", mask, dim, extents[dim], reasons[dim])))
      return failure();
  }
  return success();
}

static LogicalResult verifyRotary(AttentionOp op) {
  if (bool(op.getCos()) != bool(op.getSin()))
    return op.emitOpError() << "expected both cos and sin, got only "
                            << (op.getCos() ? "cos" : "sin");
  if (!op.getCos()) {
    if (op.getInterleaved())
      return op.emitOpError(
          "expected cos and sin because interleaved is set, got none");
    return success();
  }
  RankedTensorType cos = op.getCos().getType(), sin = op.getSin().getType();
  if (failed(expectSameExtents(op, "sin", sin, cos, "as cos", /*skipLast=*/0)))
    return failure();
  if (cos.isDynamicDim(1))
    return op.emitOpError("cos: expected a static number of columns, got ?");
  if (2 * cos.getDimSize(1) <= op.getQueryHeadDim())
    return success();
  return op.emitOpError() << "cos: expected at most "
                          << op.getQueryHeadDim() / 2
                          << " columns (half the width of a head), got "
                          << cos.getDimSize(1);
}

/// Checks an optional result of one number per listed extent.
static LogicalResult verifySummary(AttentionOp op, StringRef what, Value value,
                                   ArrayRef<int64_t> extents) {
  if (!value)
    return success();
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getRank() != int64_t(extents.size()))
    return op.emitOpError() << what << ": expected rank " << extents.size()
                            << ", got " << type.getRank();
  StringRef reasons[] = {"the batch", "the heads", "the queries"};
  for (auto [dim, extent] : llvm::enumerate(extents))
    if (failed(expectExtent(op, what, type, dim, extent, reasons[dim])))
      return failure();
  return success();
}

LogicalResult AttentionOp::verify() {
  RankedTensorType query = getQuery().getType(), key = getKey().getType(),
                   value = getValue().getType(), output = getOutput().getType();
  int64_t heads = getNumHeads(), kvHeads = getNumKvHeads();
  if (heads < 1 || kvHeads < 1)
    return emitOpError() << "expected at least 1 head and 1 kv head, got "
                         << heads << " and " << kvHeads;
  if (heads % kvHeads != 0)
    return emitOpError() << "expected a number of kv heads that divides "
                         << heads << " heads, got " << kvHeads;
  if (failed(expectHeads(*this, "query", query, heads)) ||
      failed(expectHeads(*this, "key", key, kvHeads)) ||
      failed(expectHeads(*this, "value", value, kvHeads)))
    return failure();
  int64_t batch = query.getDimSize(0), queries = query.getDimSize(1);
  int64_t headDim = getQueryHeadDim();
  if (failed(expectExtent(*this, "key", key, 2, kvHeads * headDim,
                          "kv heads times the head width of the query")) ||
      failed(expectExtent(*this, "key", key, 0, batch,
                          "the batch of the query")) ||
      failed(expectSameExtents(*this, "value", value, key, "as the key",
                               /*skipLast=*/1)) ||
      failed(expectSameExtents(*this, "output", output, query, "as the query",
                               /*skipLast=*/1)) ||
      failed(expectExtent(*this, "output", output, 2, heads * getValueHeadDim(),
                          "heads times the head width of the value")))
    return failure();
  std::pair<StringRef, RankedTensorType> activations[] = {
      {"key", key}, {"value", value}, {"output", output}};
  for (auto [what, type] : activations)
    if (failed(
            expectElementType(*this, what, type, query, "that of the query")))
      return failure();

  std::tuple<StringRef, Value, int64_t, StringRef> vectors[] = {
      {"past", getPast(), batch, "the batch of the query"},
      {"key lengths", getKeyLengths(), batch, "the batch of the query"},
      {"alpha", getAlpha(), heads, "one per head"},
      {"beta", getBeta(), heads, "one per head"},
      {"gamma", getGamma(), heads, "one per head"},
      {"query scale", getQueryScale(), headDim, "the width of a head"},
      {"key scale", getKeyScale(), headDim, "the width of a head"}};
  for (auto [what, vector, extent, reason] : vectors)
    if (vector && failed(expectExtent(*this, what,
                                      cast<RankedTensorType>(vector.getType()),
                                      0, extent, reason)))
      return failure();

  if (auto kind = getQkNorm()) {
    if (*kind != NormKind::Layer && *kind != NormKind::RMS)
      return emitOpError() << "expected qk_norm layer or rms, got "
                           << stringifyEnum(*kind);
  } else if (getQueryScale() || getKeyScale() || !getQkNormEps().isZero() ||
             getQkNormEpsOutside()) {
    return emitOpError() << "expected qk_norm because "
                         << (getQueryScale()         ? "a query scale"
                             : getKeyScale()         ? "a key scale"
                             : getQkNormEpsOutside() ? "qk_norm_eps_outside"
                                                     : "qk_norm_eps")
                         << " is given, got none";
  }
  if (auto cap = getSoftCap(); cap && !(*cap > APFloat(0.0)))
    return emitOpError() << "expected a soft cap above 0, got "
                         << cap->convertToDouble();
  if (getCentre() == Centre::Visible && !getGamma())
    return emitOpError("expected a gamma because centre is visible, got none");
  if ((getMask() && failed(verifyMask(*this))) || failed(verifyRotary(*this)) ||
      failed(verifySummary(*this, "logsumexp", getLogsumexp(),
                           {batch, heads, queries})) ||
      failed(verifySummary(*this, "entropy", getEntropy(), {batch, heads})))
    return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Interfaces
//===----------------------------------------------------------------------===//

LogicalResult
AttentionOp::reifyResultShapes(OpBuilder &builder,
                               ReifiedRankedShapedTypeDims &shapes) {
  SmallVector<OpFoldResult> shape = extentsOf(builder, getLoc(), getQuery());
  OpFoldResult heads = builder.getIndexAttr(getNumHeads());
  OpFoldResult batch = shape[0], queries = shape[1];
  shape[2] = builder.getIndexAttr(getNumHeads() * getValueHeadDim());
  shapes.push_back(shape);
  if (getLogsumexp())
    shapes.push_back({batch, heads, queries});
  if (getEntropy())
    shapes.push_back({batch, heads});
  return success();
}

SmallVector<OpOperand *> AttentionOp::getParameterOperands() {
  SmallVector<OpOperand *> list;
  append(list, getAlphaMutable());
  append(list, getBetaMutable());
  append(list, getGammaMutable());
  append(list, getQueryScaleMutable());
  append(list, getKeyScaleMutable());
  append(list, getCosMutable());
  append(list, getSinMutable());
  return list;
}

bool AttentionOp::isLinearIn(OpOperand &operand) {
  // The other results are functions of the scores alone.
  return &operand == &getValueMutable() && !getLogsumexp() && !getEntropy();
}

bool AttentionOp::hasIndependentRows() { return false; }

LogicalResult AttentionOp::canonicalize(AttentionOp op,
                                        PatternRewriter &rewriter) {
  if (!isConstantOne(op.getBeta()))
    return rewriter.notifyMatchFailure(op, "no beta of constant one");
  rewriter.modifyOpInPlace(op, [&] { op.getBetaMutable().clear(); });
  return success();
}

//===----------------------------------------------------------------------===//
// Assembly
//===----------------------------------------------------------------------===//

namespace {
/// A clause with operands: `past %p`, `shape(%alpha, none, %gamma)`. The same
/// clause names the types behind the colon.
struct OperandClause {
  StringLiteral keyword;
  unsigned count;
};
} // namespace

/// In the order of the operands behind query, key and value.
static constexpr OperandClause clauses[] = {
    {"past", 1},        {"key_lengths", 1}, {"mask", 1},  {"shape", 3},
    {"query_scale", 1}, {"key_scale", 1},   {"rotary", 2}};
static constexpr unsigned numOptional = 10;

/// Parses the clauses, calling `parseItem(i)` for each of the optional operands
/// that is given.
static ParseResult parseClauses(OpAsmParser &parser, bool commaBefore,
                                function_ref<ParseResult(unsigned)> parseItem) {
  unsigned index = 0;
  // With a comma before each clause, none may follow but a clause.
  bool open = !commaBefore || succeeded(parser.parseOptionalComma());
  for (const OperandClause &clause : clauses) {
    unsigned first = index;
    index += clause.count;
    if (!open || failed(parser.parseOptionalKeyword(clause.keyword)))
      continue;
    if (clause.count == 1) {
      if (parseItem(first))
        return failure();
    } else {
      if (parser.parseLParen())
        return failure();
      for (unsigned i = first; i < index; ++i) {
        if (i != first && parser.parseComma())
          return failure();
        if (failed(parser.parseOptionalKeyword("none")) && parseItem(i))
          return failure();
      }
      if (parser.parseRParen())
        return failure();
    }
    open = !commaBefore || succeeded(parser.parseOptionalComma());
  }
  if (commaBefore && open)
    return parser.emitError(parser.getCurrentLocation(),
                            "expected the type of another operand");
  return success();
}

static void printClauses(OpAsmPrinter &printer, AttentionOp op, bool types) {
  Value values[numOptional] = {
      op.getPast(), op.getKeyLengths(), op.getMask(),       op.getAlpha(),
      op.getBeta(), op.getGamma(),      op.getQueryScale(), op.getKeyScale(),
      op.getCos(),  op.getSin()};
  auto printItem = [&](Value value) {
    if (!value)
      printer << "none";
    else if (types)
      printer << value.getType();
    else
      printer << value;
  };
  ArrayRef<Value> rest(values);
  for (const OperandClause &clause : clauses) {
    ArrayRef<Value> items = rest.take_front(clause.count);
    rest = rest.drop_front(clause.count);
    if (llvm::none_of(items, [](Value value) { return bool(value); }))
      continue;
    printer << (types ? ", " : " ") << clause.keyword;
    if (clause.count == 1) {
      printer << ' ';
      printItem(items[0]);
      continue;
    }
    printer << '(';
    llvm::interleaveComma(items, printer, printItem);
    printer << ')';
  }
}

/// Parses `keyword value` into an f64 attribute of the op, if it is there.
static ParseResult parseOptionalNumber(OpAsmParser &parser, StringRef keyword,
                                       FloatAttr &attr) {
  if (failed(parser.parseOptionalKeyword(keyword)))
    return success();
  return parser.parseAttribute(attr, parser.getBuilder().getF64Type());
}

ParseResult AttentionOp::parse(OpAsmParser &parser, OperationState &result) {
  using Operand = OpAsmParser::UnresolvedOperand;
  Builder &builder = parser.getBuilder();
  auto &properties = result.getOrAddProperties<Properties>();
  Operand required[3];
  SmallVector<Operand, 1> optional[numOptional];
  if (parser.parseOperand(required[0]) || parser.parseComma() ||
      parser.parseOperand(required[1]) || parser.parseComma() ||
      parser.parseOperand(required[2]) ||
      parseClauses(parser, /*commaBefore=*/false, [&](unsigned i) {
        return parser.parseOperand(optional[i].emplace_back());
      }))
    return failure();

  int64_t heads, kvHeads;
  if (parser.parseKeyword("heads") || parser.parseInteger(heads))
    return failure();
  kvHeads = heads;
  if (succeeded(parser.parseOptionalKeyword("kv_heads")) &&
      parser.parseInteger(kvHeads))
    return failure();
  properties.num_heads = builder.getI64IntegerAttr(heads);
  properties.num_kv_heads = builder.getI64IntegerAttr(kvHeads);
  if (parser.parseKeyword("scale") ||
      parser.parseAttribute(properties.scale, builder.getF64Type()))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("causal")))
    properties.causal = builder.getUnitAttr();
  if (parseOptionalNumber(parser, "soft_cap", properties.soft_cap))
    return failure();
  if (succeeded(parser.parseOptionalKeyword("centre"))) {
    auto parsed = FieldParser<Centre>::parse(parser);
    if (failed(parsed))
      return failure();
    properties.centre = CentreAttr::get(builder.getContext(), *parsed);
  }
  if (succeeded(parser.parseOptionalKeyword("qk_norm"))) {
    auto parsed = FieldParser<NormKind>::parse(parser);
    if (failed(parsed))
      return failure();
    properties.qk_norm = NormKindAttr::get(builder.getContext(), *parsed);
    if (parseOptionalNumber(parser, "eps", properties.qk_norm_eps))
      return failure();
    if (succeeded(parser.parseOptionalKeyword("outside")))
      properties.qk_norm_eps_outside = builder.getUnitAttr();
  }
  if (succeeded(parser.parseOptionalKeyword("interleaved")))
    properties.interleaved = builder.getUnitAttr();

  Type requiredTypes[3];
  SmallVector<Type, 1> optionalTypes[numOptional];
  SMLoc location = parser.getCurrentLocation();
  if (parser.parseOptionalAttrDict(result.attributes) || parser.parseColon() ||
      parser.parseType(requiredTypes[0]) || parser.parseComma() ||
      parser.parseType(requiredTypes[1]) || parser.parseComma() ||
      parser.parseType(requiredTypes[2]) ||
      parseClauses(parser, /*commaBefore=*/true, [&](unsigned i) {
        return parser.parseType(optionalTypes[i].emplace_back());
      }))
    return failure();

  if (parser.resolveOperands(required, requiredTypes, location,
                             result.operands))
    return failure();
  auto *segments = properties.operandSegmentSizes.begin();
  segments = std::fill_n(segments, 3, 1);
  for (unsigned i = 0; i < numOptional; ++i) {
    if (parser.resolveOperands(optional[i], optionalTypes[i], location,
                               result.operands))
      return failure();
    *segments++ = optional[i].size();
  }

  properties.resultSegmentSizes = {1, 0, 0};
  if (parser.parseArrow() || parser.parseType(result.types.emplace_back()))
    return failure();
  StringRef summaries[] = {"logsumexp", "entropy"};
  for (unsigned i = 0; i < 2; ++i) {
    if (failed(parser.parseOptionalKeyword(summaries[i])))
      continue;
    if (parser.parseType(result.types.emplace_back()))
      return failure();
    properties.resultSegmentSizes[i + 1] = 1;
  }
  return success();
}

void AttentionOp::print(OpAsmPrinter &printer) {
  auto printNumber = [&](StringRef keyword, FloatAttr value) {
    printer << ' ' << keyword << ' ';
    printer.printAttributeWithoutType(value);
  };
  printer << ' ' << getQuery() << ", " << getKey() << ", " << getValue();
  printClauses(printer, *this, /*types=*/false);
  printer << " heads " << getNumHeads();
  if (getNumKvHeads() != getNumHeads())
    printer << " kv_heads " << getNumKvHeads();
  printNumber("scale", getScaleAttr());
  if (getCausal())
    printer << " causal";
  if (getSoftCapAttr())
    printNumber("soft_cap", getSoftCapAttr());
  if (getCentre() != Centre::All)
    printer << " centre " << stringifyEnum(getCentre());
  if (auto kind = getQkNorm()) {
    printer << " qk_norm " << stringifyEnum(*kind);
    if (!getQkNormEps().isZero())
      printNumber("eps", getQkNormEpsAttr());
    if (getQkNormEpsOutside())
      printer << " outside";
  }
  if (getInterleaved())
    printer << " interleaved";
  SmallVector<StringRef> elided(getAttributeNames());
  elided.push_back("resultSegmentSizes");
  printer.printOptionalAttrDict((*this)->getAttrs(), elided);
  printer << " : " << getQuery().getType() << ", " << getKey().getType() << ", "
          << getValue().getType();
  printClauses(printer, *this, /*types=*/true);
  printer << " -> " << getOutput().getType();
  if (getLogsumexp())
    printer << " logsumexp " << getLogsumexp().getType();
  if (getEntropy())
    printer << " entropy " << getEntropy().getType();
}
