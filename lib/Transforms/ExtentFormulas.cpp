//===- ExtentFormulas.cpp - Index values as functions of shapes -----------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ExtentFormulas.h"

#include "dialects/Ockham/OckhamDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"
#include "ockham-c/ModelABI.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace mlir;

namespace ockham {

static std::string identity(StringRef name) { return name.str(); }

std::string formatBytes(const Polynomial &value) {
  return formatBytes(value, identity);
}

std::string formatBytes(const Polynomial &value, SymbolNames names) {
  return value.format(names, /*exact=*/true);
}

//===----------------------------------------------------------------------===//
// Symbols
//===----------------------------------------------------------------------===//

Polynomial ExtentFormulas::makeSymbol(const Twine &name, Symbol symbol) {
  std::string text = name.str();
  symbols.try_emplace(text, std::move(symbol));
  return Polynomial::extent(text);
}

/// How an op is written in a formula.
static StringRef getShortName(Operation *op) {
  if (isa<arith::MinSIOp, arith::MinUIOp, affine::AffineMinOp>(op))
    return "min";
  if (isa<arith::MaxSIOp, arith::MaxUIOp, affine::AffineMaxOp>(op))
    return "max";
  if (isa<arith::DivSIOp, arith::DivUIOp, arith::FloorDivSIOp>(op))
    return "floordiv";
  if (isa<arith::CeilDivSIOp, arith::CeilDivUIOp>(op))
    return "ceildiv";
  if (isa<arith::RemSIOp, arith::RemUIOp>(op))
    return "mod";
  return op->getName().stripDialect();
}

/// How a comparison is written. Numbers that may be negative are compared
/// without sign as what they are then: that is said.
static std::string getRelation(arith::CmpIPredicate predicate,
                               bool areNonNegative) {
  bool isUnsigned = false;
  std::string text;
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return "==";
  case arith::CmpIPredicate::ne:
    return "!=";
  case arith::CmpIPredicate::ult:
    isUnsigned = true;
    [[fallthrough]];
  case arith::CmpIPredicate::slt:
    text = "<";
    break;
  case arith::CmpIPredicate::ule:
    isUnsigned = true;
    [[fallthrough]];
  case arith::CmpIPredicate::sle:
    text = "<=";
    break;
  case arith::CmpIPredicate::ugt:
    isUnsigned = true;
    [[fallthrough]];
  case arith::CmpIPredicate::sgt:
    text = ">";
    break;
  case arith::CmpIPredicate::uge:
    isUnsigned = true;
    [[fallthrough]];
  case arith::CmpIPredicate::sge:
    text = ">=";
    break;
  }
  return isUnsigned && !areNonNegative ? text + " unsigned" : text;
}

std::string ExtentFormulas::getName(Operation *op,
                                    ArrayRef<Polynomial> operands) {
  bool areNonNegative = llvm::all_of(
      operands, [&](const Polynomial &p) { return isNonNegative(p); });
  std::string name;
  llvm::raw_string_ostream os(name);
  auto compare = dyn_cast<arith::CmpIOp>(op);
  if (compare && compare.getLhs().getType().isIndex()) {
    os << formatBytes(operands[0]) << ' '
       << getRelation(compare.getPredicate(), areNonNegative) << ' '
       << formatBytes(operands[1]);
    return name;
  }
  bool isIndex = op->getResult(0).getType().isIndex();
  if (isa<arith::SelectOp>(op) && isIndex) {
    os << "if(" << formatBytes(operands[0]) << ", " << formatBytes(operands[1])
       << ", " << formatBytes(operands[2]) << ')';
    return name;
  }
  std::optional<double> divisor;
  if (isa<arith::DivSIOp, arith::DivUIOp, arith::FloorDivSIOp>(op) &&
      areNonNegative && isIndex)
    divisor = operands[1].getConstant();
  if (divisor && *divisor > 1) {
    Polynomial dividend = operands[0] - Polynomial(*divisor - 1);
    if (isNonNegative(dividend) && dividend.getTerms().count({}) == 0) {
      os << "ceildiv(" << formatBytes(dividend) << ", "
         << formatBytes(operands[1]) << ')';
      return name;
    }
  }
  os << getShortName(op) << '(';
  llvm::interleaveComma(operands, os,
                        [&](const Polynomial &p) { os << formatBytes(p); });
  os << ')';
  // Attributes that say what is computed belong to the name. Flags on overflow
  // do not, and a dictionary is printed in the order of its keys.
  for (NamedAttribute attr : op->getAttrDictionary())
    if (attr.getName() != "overflowFlags")
      os << '{' << attr.getName().getValue() << '=' << attr.getValue() << '}';
  SmallVector<Type> types(op->getOperandTypes());
  llvm::append_range(types, op->getResultTypes());
  if (!llvm::all_of(types, [](Type type) { return type.isIndex(); }))
    os << ':' << ArrayRef<Type>(types);
  return name;
}

Polynomial ExtentFormulas::makeOpSymbol(Operation *op,
                                        ArrayRef<Polynomial> operands) {
  Symbol symbol;
  symbol.op = op;
  symbol.operands.assign(operands.begin(), operands.end());
  symbol.isNonNegative = false;
  bool areNonNegative = llvm::all_of(
      operands, [&](const Polynomial &p) { return isNonNegative(p); });
  if (isa<arith::MinSIOp, arith::MinUIOp>(op) && areNonNegative) {
    symbol.isNonNegative = true;
    symbol.upper =
        isAtMost(operands[0], operands[1]) ? operands[0] : operands[1];
  } else if (isa<arith::MaxSIOp, arith::MaxUIOp>(op) && areNonNegative) {
    symbol.isNonNegative = true;
    symbol.upper = operands[0] + operands[1];
    symbol.lower =
        isAtMost(operands[0], operands[1]) ? operands[1] : operands[0];
  } else if (isa<arith::MaxSIOp>(op)) {
    symbol.isNonNegative =
        isNonNegative(operands[0]) || isNonNegative(operands[1]);
  } else if (isa<arith::DivSIOp, arith::DivUIOp, arith::FloorDivSIOp,
                 arith::CeilDivSIOp, arith::CeilDivUIOp>(op) &&
             areNonNegative) {
    symbol.isNonNegative = true;
    symbol.upper = operands[0];
  } else if (isa<arith::SelectOp>(op)) {
    symbol.isNonNegative =
        isNonNegative(operands[1]) && isNonNegative(operands[2]);
    if (symbol.isNonNegative)
      symbol.upper = operands[1] + operands[2];
  }
  return makeSymbol(getName(op, operands), std::move(symbol));
}

bool ExtentFormulas::isNonNegative(const Polynomial &value) const {
  return llvm::all_of(value.getTerms(), [&](const auto &term) {
    return term.second >= 0 &&
           llvm::all_of(term.first, [&](const auto &factor) {
             auto found = symbols.find(factor.first);
             return found != symbols.end() && found->second.isNonNegative;
           });
  });
}

/// Symbols with positive coefficients by what they are at least, those with
/// negative ones by what they are at most: never more than `value`.
Polynomial ExtentFormulas::replaceBounded(const Polynomial &value) const {
  Polynomial sum;
  for (const auto &[monomial, coefficient] : value.getTerms()) {
    Polynomial product(coefficient);
    for (const auto &[name, power] : monomial) {
      auto found = symbols.find(name);
      const std::optional<Polynomial> *bound = nullptr;
      if (found != symbols.end())
        bound = coefficient > 0 ? &found->second.lower : &found->second.upper;
      Polynomial factor = bound && *bound ? **bound : Polynomial::extent(name);
      for (unsigned i = 0; i < power; ++i)
        product *= factor;
    }
    sum += product;
  }
  return sum;
}

bool ExtentFormulas::isAtMost(const Polynomial &a, const Polynomial &b) const {
  Polynomial difference = b - a;
  // Bounds may have bounds.
  for (int depth = 0; depth < 4; ++depth) {
    if (isNonNegative(difference))
      return true;
    // Symbols that may be negative have no order.
    for (const auto &[monomial, coefficient] : difference.getTerms())
      for (const auto &[name, power] : monomial) {
        auto found = symbols.find(name);
        if (found == symbols.end() || !found->second.isNonNegative)
          return false;
      }
    Polynomial replaced = replaceBounded(difference);
    if (replaced == difference)
      return false;
    difference = replaced;
  }
  return false;
}

std::vector<std::string> ExtentFormulas::getInputExtents() const {
  std::vector<std::string> names;
  for (const auto &entry : symbols)
    if (entry.second.argument >= 0)
      names.push_back(entry.first().str());
  llvm::sort(names);
  return names;
}

//===----------------------------------------------------------------------===//
// Formulas
//===----------------------------------------------------------------------===//

/// The extent's name in the signature, or a name from the argument's.
static std::string getExtentName(func::FuncOp function, unsigned argument,
                                 int64_t dim) {
  if (auto names =
          function.getArgAttrOfType<ArrayAttr>(argument, kDimsAttrName))
    if (dim < static_cast<int64_t>(names.size()))
      if (auto name = dyn_cast<StringAttr>(names[dim]))
        if (!name.getValue().empty())
          return name.getValue().str();
  std::string text = "arg" + std::to_string(argument);
  if (auto name =
          function.getArgAttrOfType<StringAttr>(argument, kNameAttrName))
    text = name.getValue().str();
  return text + "[" + std::to_string(dim) + "]";
}

std::optional<Polynomial> ExtentFormulas::getExtent(Value buffer, int64_t dim) {
  auto type = dyn_cast<MemRefType>(buffer.getType());
  if (!type || dim < 0 || dim >= type.getRank())
    return nothing("a buffer of unknown rank");
  if (!type.isDynamicDim(dim))
    return Polynomial(static_cast<double>(type.getDimSize(dim)));
  if (auto argument = dyn_cast<BlockArgument>(buffer)) {
    if (argument.getOwner() != &function.getBody().front())
      return nothing(
          "an argument of '" +
          argument.getOwner()->getParentOp()->getName().getStringRef() + "'");
    Symbol symbol;
    symbol.argument = argument.getArgNumber();
    symbol.dim = dim;
    return makeSymbol(getExtentName(function, argument.getArgNumber(), dim),
                      symbol);
  }
  Operation *op = buffer.getDefiningOp();
  unsigned position = type.getDynamicDimIndex(dim);
  if (auto alloc = dyn_cast<AllocateOp>(op))
    return getFormula(alloc.getDynamicSizes()[position]);
  if (auto output = dyn_cast<OutputOp>(op))
    return getFormula(output.getDynamicSizes()[position]);
  if (auto alloc = dyn_cast<memref::AllocOp>(op))
    return getFormula(alloc.getDynamicSizes()[position]);
  if (auto view = dyn_cast<memref::ViewOp>(op))
    return getFormula(view.getSizes()[position]);
  if (auto view = dyn_cast<memref::ReinterpretCastOp>(op))
    return getFormula(view.getDynamicSizes()[position]);
  if (auto view = dyn_cast<memref::ExpandShapeOp>(op)) {
    OpFoldResult extent = view.getMixedOutputShape()[dim];
    return getFormula(cast<Value>(extent));
  }
  if (auto view = dyn_cast<memref::CastOp>(op))
    return getExtent(view.getSource(), dim);
  if (auto view = dyn_cast<memref::TransposeOp>(op))
    return getExtent(view.getIn(), view.getPermutation().getDimPosition(dim));
  if (auto view = dyn_cast<memref::SubViewOp>(op)) {
    llvm::SmallBitVector dropped = view.getDroppedDims();
    for (auto [index, size] : llvm::enumerate(view.getMixedSizes())) {
      if (dropped.test(index))
        continue;
      if (dim-- == 0)
        return getFormula(cast<Value>(size));
    }
  }
  if (auto view = dyn_cast<memref::CollapseShapeOp>(op)) {
    Polynomial product(1.0);
    for (int64_t from : view.getReassociationIndices()[dim]) {
      std::optional<Polynomial> extent = getExtent(view.getSrc(), from);
      if (!extent)
        return std::nullopt;
      product *= *extent;
    }
    return product;
  }
  return nothing("'" + op->getName().getStringRef() + "'");
}

std::optional<Polynomial> ExtentFormulas::getFormula(Value index) {
  auto found = known.find(index);
  if (found != known.end() && found->second)
    return found->second;
  // Computing one adds others.
  std::optional<Polynomial> formula = compute(index);
  // Coefficients are doubles, and must be exact.
  if (formula && llvm::any_of(formula->getTerms(), [](const auto &term) {
        return std::fabs(term.second) > 9007199254740992.0;
      }))
    formula = nothing("a number of more than 53 bits");
  known[index] = formula;
  return formula;
}

std::optional<Polynomial>
ExtentFormulas::computeAffine(AffineExpr expression, AffineMap map,
                              ArrayRef<Polynomial> operands) {
  if (auto number = dyn_cast<AffineConstantExpr>(expression))
    return Polynomial(static_cast<double>(number.getValue()));
  if (auto dim = dyn_cast<AffineDimExpr>(expression))
    return operands[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expression))
    return operands[map.getNumDims() + symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expression);
  auto lhs = computeAffine(binary.getLHS(), map, operands);
  auto rhs = computeAffine(binary.getRHS(), map, operands);
  if (!lhs || !rhs)
    return std::nullopt;
  if (binary.getKind() == AffineExprKind::Add)
    return *lhs + *rhs;
  if (binary.getKind() == AffineExprKind::Mul)
    return *lhs * *rhs;
  return std::nullopt;
}

std::optional<Polynomial> ExtentFormulas::compute(Value index) {
  APInt number;
  if (matchPattern(index, m_ConstantInt(&number)))
    return Polynomial(static_cast<double>(number.getBitWidth() == 1
                                              ? number.getZExtValue()
                                              : number.getSExtValue()));
  Operation *op = index.getDefiningOp();
  if (!op) {
    auto argument = cast<BlockArgument>(index);
    return nothing(
        "an argument of '" +
        argument.getOwner()->getParentOp()->getName().getStringRef() + "'");
  }
  if (auto dim = dyn_cast<memref::DimOp>(op)) {
    std::optional<int64_t> constant = dim.getConstantIndex();
    if (!constant)
      return nothing("an extent whose number is computed");
    return getExtent(dim.getSource(), *constant);
  }
  if (op->getNumRegions() != 0 || op->getNumResults() != 1 || !isPure(op) ||
      op->getNumOperands() == 0 ||
      !llvm::all_of(op->getOperandTypes(),
                    [](Type type) { return type.isIntOrIndex(); }))
    return nothing("'" + op->getName().getStringRef() + "'");
  SmallVector<Polynomial, 3> operands;
  for (Value operand : op->getOperands()) {
    std::optional<Polynomial> formula = getFormula(operand);
    if (!formula)
      return std::nullopt;
    operands.push_back(std::move(*formula));
  }
  // An index has 64 bits. Sums and products of narrower integers may wrap.
  Type type = index.getType();
  bool isWide = type.isIndex() || type.isInteger(64);
  if (isa<arith::IndexCastOp, arith::ExtSIOp>(op) && isWide &&
      !op->getOperand(0).getType().isInteger(1))
    return operands[0];
  if (isa<arith::AddIOp>(op) && isWide)
    return operands[0] + operands[1];
  if (isa<arith::SubIOp>(op) && isWide)
    return operands[0] - operands[1];
  if (isa<arith::MulIOp>(op) && isWide)
    return operands[0] * operands[1];
  if (isa<arith::DivSIOp, arith::DivUIOp, arith::FloorDivSIOp>(op))
    if (std::optional<double> divisor = operands[1].getConstant())
      if (auto quotient = operands[0].divideExactly(*divisor))
        return quotient;
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    if (auto formula = computeAffine(apply.getMap().getResult(0),
                                     apply.getMap(), operands))
      return formula;
  // Broadcasting takes one extent or the other.
  if (isa<arith::SelectOp>(op) && operands[1] == operands[2])
    return operands[1];
  if (isa<arith::MinSIOp, arith::MaxSIOp>(op)) {
    bool takesLess = isa<arith::MinSIOp>(op);
    if (isAtMost(operands[0], operands[1]))
      return operands[takesLess ? 0 : 1];
    if (isAtMost(operands[1], operands[0]))
      return operands[takesLess ? 1 : 0];
  }
  return makeOpSymbol(op, operands);
}

Polynomial ExtentFormulas::countBytes(MemRefType type,
                                      ArrayRef<Polynomial> dynamicExtents) {
  Polynomial bytes(static_cast<double>(
      std::max<int64_t>(1, type.getElementTypeBitWidth() / 8)));
  for (int64_t extent : type.getShape())
    if (!ShapedType::isDynamic(extent))
      bytes *= Polynomial(static_cast<double>(extent));
  for (const Polynomial &extent : dynamicExtents) {
    if (isNonNegative(extent)) {
      bytes *= extent;
      continue;
    }
    Symbol clamp;
    clamp.isClamp = true;
    clamp.operands.push_back(extent);
    bytes *= makeSymbol("max(0, " + formatBytes(extent) + ")", clamp);
  }
  Polynomial roundedUp;
  bool isRound = true;
  for (const auto &[monomial, coefficient] : bytes.getTerms()) {
    double rounded =
        std::ceil(coefficient / OCKHAM_ALIGNMENT) * OCKHAM_ALIGNMENT;
    isRound &= rounded == coefficient;
    Polynomial product(rounded);
    for (const auto &[name, power] : monomial)
      for (unsigned i = 0; i < power; ++i)
        product *= Polynomial::extent(name);
    roundedUp += product;
  }
  if (isRound || bytes.getConstant())
    return roundedUp;
  // A multiple of the alignment that is no less than the bytes is no less than
  // the bytes rounded up.
  Symbol align;
  align.isAlignment = true;
  align.operands.push_back(bytes);
  align.lower = bytes;
  align.upper = roundedUp;
  return makeSymbol("align(" + formatBytes(bytes) + ")", align);
}

//===----------------------------------------------------------------------===//
// Numbers
//===----------------------------------------------------------------------===//

/// For comparing plans only: ops without a rule are as large as their operands.
double ExtentFormulas::evaluateSymbol(
    const Symbol &symbol, const std::map<std::string, int64_t> &inputs) const {
  SmallVector<double, 3> values;
  for (const Polynomial &operand : symbol.operands)
    values.push_back(evaluate(operand, inputs));
  if (symbol.isClamp)
    return std::max(0.0, values[0]);
  if (symbol.isAlignment)
    return std::ceil(values[0] / OCKHAM_ALIGNMENT) * OCKHAM_ALIGNMENT;
  StringRef name = getShortName(symbol.op);
  if (name == "min")
    return *llvm::min_element(values);
  if (name == "floordiv" && values[1] != 0)
    return std::floor(values[0] / values[1]);
  if (name == "ceildiv" && values[1] != 0)
    return std::ceil(values[0] / values[1]);
  if (isa<arith::SelectOp>(symbol.op))
    return std::max(values[1], values[2]);
  return *llvm::max_element(values);
}

double
ExtentFormulas::evaluate(const Polynomial &value,
                         const std::map<std::string, int64_t> &inputs) const {
  double sum = 0.0;
  for (const auto &[monomial, coefficient] : value.getTerms()) {
    double product = coefficient;
    for (const auto &[name, power] : monomial) {
      const Symbol &symbol = symbols.find(name)->second;
      double factor = symbol.argument >= 0
                          ? static_cast<double>(inputs.at(name))
                          : evaluateSymbol(symbol, inputs);
      product *= std::pow(factor, power);
    }
    sum += product;
  }
  return sum;
}

//===----------------------------------------------------------------------===//
// Building
//===----------------------------------------------------------------------===//

Value ExtentFormulas::Builder::constant(int64_t value) {
  Value &built = constants[value];
  if (!built)
    built = arith::ConstantIndexOp::create(b, loc, value);
  return built;
}

Value ExtentFormulas::Builder::buildSymbol(StringRef name) {
  auto found = symbols.find(name);
  if (found != symbols.end())
    return found->second;
  const Symbol &symbol = formulas.symbols.find(name)->second;
  Value value;
  if (symbol.argument >= 0) {
    value = memref::DimOp::create(b, loc, arguments[symbol.argument],
                                  constant(symbol.dim));
  } else {
    IRMapping mapping;
    SmallVector<Value> operands;
    for (auto [formula, operand] :
         llvm::zip_equal(symbol.operands, symbol.op->getOperands())) {
      Value built = build(formula);
      if (built.getType() != operand.getType()) {
        if (operand.getType().isInteger(1) || built.getType().isInteger(1))
          built =
              arith::IndexCastUIOp::create(b, loc, operand.getType(), built);
        else
          built = arith::IndexCastOp::create(b, loc, operand.getType(), built);
      }
      mapping.map(operand, built);
    }
    value = b.clone(*symbol.op, mapping)->getResult(0);
    if (value.getType().isInteger(1))
      value = arith::IndexCastUIOp::create(b, loc, b.getIndexType(), value);
    else if (!value.getType().isIndex())
      value = arith::IndexCastOp::create(b, loc, b.getIndexType(), value);
  }
  symbols[name] = value;
  return value;
}

Value ExtentFormulas::Builder::build(const Polynomial &value) {
  std::string text = formatBytes(value);
  auto found = built.find(text);
  if (found != built.end())
    return found->second;
  Value sum;
  for (const auto &[monomial, coefficient] : value.getTerms()) {
    Value product;
    for (const auto &[name, power] : monomial)
      for (unsigned i = 0; i < power; ++i) {
        Value factor = buildSymbol(name);
        product =
            product ? arith::MulIOp::create(b, loc, product, factor).getResult()
                    : factor;
      }
    if (!product || coefficient != 1.0) {
      Value number = constant(static_cast<int64_t>(coefficient));
      product = product
                    ? arith::MulIOp::create(b, loc, product, number).getResult()
                    : number;
    }
    sum =
        sum ? arith::AddIOp::create(b, loc, sum, product).getResult() : product;
  }
  if (!sum)
    sum = constant(0);
  built[text] = sum;
  return sum;
}

} // namespace ockham
