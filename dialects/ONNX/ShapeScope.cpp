//===- ShapeScope.cpp - Extents as expressions ----------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/ShapeScope.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "ockham/Support/ConstantData.h"

#include <cmath>

using namespace mlir;
using namespace ockham;
using namespace ockham::onnx;

//===----------------------------------------------------------------------===//
// ShapeExpr
//===----------------------------------------------------------------------===//

// Sizes come from files: nonsense there must not overflow a signed integer.
static int64_t addWrapping(int64_t lhs, int64_t rhs) {
  return static_cast<int64_t>(static_cast<uint64_t>(lhs) +
                              static_cast<uint64_t>(rhs));
}
static int64_t multiplyWrapping(int64_t lhs, int64_t rhs) {
  return static_cast<int64_t>(static_cast<uint64_t>(lhs) *
                              static_cast<uint64_t>(rhs));
}

/// Division rounding down; the divisor is neither 0 nor -1.
static int64_t floorDivide(int64_t lhs, int64_t rhs) {
  int64_t quotient = lhs / rhs;
  return quotient - (lhs % rhs != 0 && (lhs < 0) != (rhs < 0));
}

ShapeExpr::ShapeExpr(int64_t constant) {
  if (constant != 0)
    terms.push_back({{}, constant});
}

ShapeExpr ShapeExpr::atom(unsigned number) {
  ShapeExpr expr;
  expr.terms.push_back({{number}, 1});
  return expr;
}

std::optional<int64_t> ShapeExpr::getConstant() const {
  if (terms.empty())
    return 0;
  if (terms.size() == 1 && terms.front().atoms.empty())
    return terms.front().coefficient;
  return std::nullopt;
}

void ShapeExpr::addTerm(ArrayRef<unsigned> atoms, int64_t coefficient) {
  auto *it = llvm::lower_bound(
      terms, atoms, [](const Term &term, ArrayRef<unsigned> atoms) {
        return std::lexicographical_compare(
            term.atoms.begin(), term.atoms.end(), atoms.begin(), atoms.end());
      });
  if (it == terms.end() || ArrayRef<unsigned>(it->atoms) != atoms) {
    if (coefficient != 0)
      terms.insert(it, Term{SmallVector<unsigned, 2>(atoms), coefficient});
    return;
  }
  it->coefficient = addWrapping(it->coefficient, coefficient);
  if (it->coefficient == 0)
    terms.erase(it);
}

namespace ockham::onnx {

ShapeExpr operator+(const ShapeExpr &lhs, const ShapeExpr &rhs) {
  ShapeExpr sum = lhs;
  for (const ShapeExpr::Term &term : rhs.terms)
    sum.addTerm(term.atoms, term.coefficient);
  return sum;
}

ShapeExpr operator-(const ShapeExpr &lhs, const ShapeExpr &rhs) {
  ShapeExpr difference = lhs;
  for (const ShapeExpr::Term &term : rhs.terms)
    difference.addTerm(term.atoms, multiplyWrapping(term.coefficient, -1));
  return difference;
}

ShapeExpr operator*(const ShapeExpr &lhs, const ShapeExpr &rhs) {
  ShapeExpr product;
  for (const ShapeExpr::Term &left : lhs.terms)
    for (const ShapeExpr::Term &right : rhs.terms) {
      SmallVector<unsigned, 4> atoms;
      std::merge(left.atoms.begin(), left.atoms.end(), right.atoms.begin(),
                 right.atoms.end(), std::back_inserter(atoms));
      product.addTerm(atoms,
                      multiplyWrapping(left.coefficient, right.coefficient));
    }
  return product;
}

} // namespace ockham::onnx

std::optional<ShapeExpr> ShapeExpr::divideExactly(const ShapeExpr &lhs,
                                                  const ShapeExpr &rhs) {
  if (rhs.terms.size() != 1)
    return std::nullopt;
  const Term &divisor = rhs.terms.front();
  ShapeExpr quotient;
  for (const Term &term : lhs.terms) {
    if (divisor.coefficient == -1) {
      // The smallest integer has no counterpart.
      if (term.coefficient == std::numeric_limits<int64_t>::min())
        return std::nullopt;
    } else if (term.coefficient % divisor.coefficient != 0) {
      return std::nullopt;
    }
    if (!std::includes(term.atoms.begin(), term.atoms.end(),
                       divisor.atoms.begin(), divisor.atoms.end()))
      return std::nullopt;
    SmallVector<unsigned, 4> rest;
    std::set_difference(term.atoms.begin(), term.atoms.end(),
                        divisor.atoms.begin(), divisor.atoms.end(),
                        std::back_inserter(rest));
    quotient.addTerm(rest, term.coefficient / divisor.coefficient);
  }
  return quotient;
}

//===----------------------------------------------------------------------===//
// Atoms
//===----------------------------------------------------------------------===//

ShapeScope::~ShapeScope() = default;

ShapeExpr ShapeScope::getLeaf(AtomKind kind, Value value, int64_t position) {
  auto [it, isNew] = leaves.try_emplace(
      {kind, value.getAsOpaquePointer(), position}, atoms.size());
  if (isNew) {
    Atom atom;
    atom.kind = kind;
    atom.value = value;
    atom.position = position;
    atom.nonNegative = kind == AtomKind::Dim;
    atoms.push_back(std::move(atom));
  }
  return ShapeExpr::atom(it->second);
}

ShapeExpr ShapeScope::getCompound(AtomKind kind, ShapeExpr lhs, ShapeExpr rhs,
                                  bool nonNegative) {
  auto [it, isNew] = compounds.try_emplace({kind, lhs, rhs}, atoms.size());
  if (isNew) {
    Atom atom;
    atom.kind = kind;
    atom.complexity = 1 + getComplexity(lhs) + getComplexity(rhs);
    atom.operands = {std::move(lhs), std::move(rhs)};
    atom.nonNegative = nonNegative;
    atoms.push_back(std::move(atom));
  }
  return ShapeExpr::atom(it->second);
}

ShapeExpr ShapeScope::getDim(Value tensor, int64_t position) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (!type.isDynamicDim(position))
    return type.getDimSize(position);
  return getLeaf(AtomKind::Dim, tensor, position);
}

ShapeExpr ShapeScope::getElement(Value tensor, int64_t position) {
  if (std::optional<ConstantData> data = ConstantData::get(tensor))
    if (position < data->size())
      return data->getInt(position);
  return getLeaf(AtomKind::Element, tensor, position);
}

ShapeExpr ShapeScope::getScalar(Value value) {
  APInt constant;
  if (matchPattern(value, m_ConstantInt(&constant)) &&
      constant.getBitWidth() <= 64)
    return constant.getSExtValue();
  if (auto dim = value.getDefiningOp<tensor::DimOp>()) {
    std::optional<int64_t> position = dim.getConstantIndex();
    auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
    if (position && type && *position >= 0 && *position < type.getRank())
      return getDim(dim.getSource(), *position);
  }
  if (auto cast = value.getDefiningOp<arith::IndexCastOp>())
    if (cast.getIn().getType().isIntOrIndex())
      return getScalar(cast.getIn());
  return getLeaf(AtomKind::Index, value, 0);
}

ShapeExpr ShapeScope::getRangeLength(const ShapeExpr &start,
                                     const ShapeExpr &limit,
                                     const ShapeExpr &delta) {
  // Rounding up is rounding down on the other side of zero, for deltas of
  // either sign.
  return max(0, 0 - floorDiv(start - limit, delta));
}

ShapeExpr ShapeScope::getRangeLength(Value start, Value limit, Value delta) {
  auto type = cast<RankedTensorType>(start.getType());
  if (!isa<FloatType>(type.getElementType()))
    return getRangeLength(getElement(start, 0), getElement(limit, 0),
                          getElement(delta, 0));
  std::optional<ConstantData> from = ConstantData::get(start);
  std::optional<ConstantData> to = ConstantData::get(limit);
  std::optional<ConstantData> step = ConstantData::get(delta);
  if (from && to && step && from->size() && to->size() && step->size()) {
    double length =
        std::ceil((to->getFloat(0) - from->getFloat(0)) / step->getFloat(0));
    if (length <= 0)
      return 0;
    if (length < 1e15)
      return static_cast<int64_t>(length);
  }
  std::array<void *, 3> key = {start.getAsOpaquePointer(),
                               limit.getAsOpaquePointer(),
                               delta.getAsOpaquePointer()};
  auto [it, isNew] = floatRanges.try_emplace(key, atoms.size());
  if (isNew) {
    Atom atom;
    atom.kind = AtomKind::FloatRange;
    atom.values = {start, limit, delta};
    atom.nonNegative = true;
    atoms.push_back(std::move(atom));
  }
  return ShapeExpr::atom(it->second);
}

SymbolicShape ShapeScope::getDims(Value tensor) {
  SymbolicShape dims;
  for (int64_t i = 0, e = cast<RankedTensorType>(tensor.getType()).getRank();
       i < e; ++i)
    dims.push_back(getDim(tensor, i));
  return dims;
}

SymbolicShape ShapeScope::getSizes(ArrayRef<int64_t> staticSizes,
                                   ValueRange sizes) {
  SymbolicShape dims;
  unsigned next = 0;
  for (int64_t size : staticSizes)
    dims.push_back(ShapedType::isDynamic(size) ? getScalar(sizes[next++])
                                               : ShapeExpr(size));
  return dims;
}

ShapeExpr ShapeScope::getProduct(ArrayRef<ShapeExpr> dims) {
  ShapeExpr product = 1;
  for (const ShapeExpr &dim : dims)
    product = product * dim;
  return product;
}

//===----------------------------------------------------------------------===//
// Operations that are no polynomials
//===----------------------------------------------------------------------===//

void ShapeScope::forEachLeaf(
    const ShapeExpr &expr,
    function_ref<void(AtomKind, Value, int64_t)> fn) const {
  for (const ShapeExpr::Term &term : expr.getTerms())
    for (unsigned number : term.atoms) {
      const Atom &atom = atoms[number];
      if (atom.value)
        fn(atom.kind, atom.value, atom.position);
      for (Value value : atom.values)
        if (value)
          fn(atom.kind, value, 0);
      for (const ShapeExpr &operand : atom.operands)
        forEachLeaf(operand, fn);
    }
}

unsigned ShapeScope::getComplexity(const ShapeExpr &expr) const {
  unsigned complexity = 0;
  for (const ShapeExpr::Term &term : expr.getTerms())
    for (unsigned number : term.atoms)
      complexity += atoms[number].complexity;
  return complexity;
}

bool ShapeScope::isNonNegative(const ShapeExpr &expr) const {
  return llvm::all_of(expr.getTerms(), [&](const ShapeExpr::Term &term) {
    return term.coefficient > 0 &&
           llvm::all_of(term.atoms, [&](unsigned number) {
             return atoms[number].nonNegative;
           });
  });
}

ShapeExpr ShapeScope::floorDiv(const ShapeExpr &lhs, const ShapeExpr &rhs) {
  // x / x is 1 only where x is not 0: an exact quotient is taken even so,
  // because a size that divides by an empty extent has no meaning anyway.
  if (!rhs.isConstant(0))
    if (std::optional<ShapeExpr> quotient = ShapeExpr::divideExactly(lhs, rhs))
      return *quotient;
  std::optional<int64_t> left = lhs.getConstant(), right = rhs.getConstant();
  if (left && right && *right != 0 && *right != -1)
    return floorDivide(*left, *right);
  return getCompound(AtomKind::FloorDiv, lhs, rhs,
                     isNonNegative(lhs) && isNonNegative(rhs));
}

ShapeExpr ShapeScope::ceilDiv(const ShapeExpr &lhs, const ShapeExpr &rhs) {
  return floorDiv(lhs + rhs - 1, rhs);
}

ShapeExpr ShapeScope::max(const ShapeExpr &lhs, const ShapeExpr &rhs) {
  if (isNonNegative(lhs - rhs))
    return lhs;
  if (isNonNegative(rhs - lhs))
    return rhs;
  return getCompound(AtomKind::Max, std::min(lhs, rhs), std::max(lhs, rhs),
                     isNonNegative(lhs) || isNonNegative(rhs));
}

ShapeExpr ShapeScope::getSupport(const ShapeExpr &expr) {
  ShapeExpr support;
  for (const ShapeExpr::Term &term : expr.getTerms()) {
    ShapeExpr product = 1;
    for (unsigned number : term.atoms) {
      ShapeExpr factor = ShapeExpr::atom(number);
      if (std::optional<ShapeExpr> whole = getPrefixed(factor);
          whole && min(*whole, 1) == factor)
        factor = *whole;
      product = product * factor;
    }
    // Once is enough.
    if (ShapeExpr difference = support - product; !isNonNegative(difference))
      support = support + product;
  }
  return support;
}

std::optional<ShapeExpr> ShapeScope::getCommonPart(const ShapeExpr &lhs,
                                                   const ShapeExpr &rhs) const {
  ShapeExpr common;
  for (const ShapeExpr::Term &term : lhs.getTerms())
    if (!term.atoms.empty() && llvm::is_contained(rhs.getTerms(), term)) {
      ShapeExpr product = term.coefficient;
      for (unsigned number : term.atoms)
        product = product * ShapeExpr::atom(number);
      common = common + product;
    }
  if (common.isConstant(0) || !isNonNegative(lhs - common) ||
      !isNonNegative(rhs - common))
    return std::nullopt;
  return common;
}

ShapeExpr ShapeScope::min(const ShapeExpr &lhs, const ShapeExpr &rhs) {
  if (isNonNegative(lhs - rhs))
    return rhs;
  if (isNonNegative(rhs - lhs))
    return lhs;
  if (std::optional<ShapeExpr> common = getCommonPart(lhs, rhs))
    return *common + min(lhs - *common, rhs - *common);
  // min(c, min(d, e))
  auto mergeBounds = [&](const ShapeExpr &bound,
                         const ShapeExpr &expr) -> std::optional<ShapeExpr> {
    std::optional<ShapeExpr> whole = getPrefixed(expr);
    if (!whole || !bound.getConstant())
      return std::nullopt;
    ShapeExpr inner = atoms[expr.getTerms()[0].atoms[0]].operands[0];
    if (!inner.getConstant())
      inner = atoms[expr.getTerms()[0].atoms[0]].operands[1];
    return min(std::min(*bound.getConstant(), *inner.getConstant()), *whole);
  };
  if (std::optional<ShapeExpr> merged = mergeBounds(lhs, rhs))
    return *merged;
  if (std::optional<ShapeExpr> merged = mergeBounds(rhs, lhs))
    return *merged;
  // min(1, e) says whether there is anything.
  for (auto [bound, expr] : {std::pair(&lhs, &rhs), std::pair(&rhs, &lhs)})
    if (bound->isConstant(1) && isNonNegative(*expr) &&
        expr->getTerms().size() > 1)
      if (ShapeExpr support = getSupport(*expr); support != *expr)
        return min(1, support);
  return getCompound(AtomKind::Min, std::min(lhs, rhs), std::max(lhs, rhs),
                     isNonNegative(lhs) && isNonNegative(rhs));
}

std::optional<ShapeExpr>
ShapeScope::getPrefixed(const ShapeExpr &prefix) const {
  ArrayRef<ShapeExpr::Term> terms = prefix.getTerms();
  if (terms.size() != 1 || terms[0].coefficient != 1 ||
      terms[0].atoms.size() != 1)
    return std::nullopt;
  const Atom &atom = atoms[terms[0].atoms[0]];
  if (atom.kind != AtomKind::Min)
    return std::nullopt;
  if (atom.operands[0].getConstant())
    return atom.operands[1];
  if (atom.operands[1].getConstant())
    return atom.operands[0];
  return std::nullopt;
}

ShapeExpr ShapeScope::broadcast(const ShapeExpr &lhs, const ShapeExpr &rhs) {
  if (lhs == rhs || rhs.isConstant(1))
    return lhs;
  if (lhs.isConstant(1))
    return rhs;
  if (lhs.getConstant())
    return lhs;
  if (rhs.getConstant())
    return rhs;
  // A prefix of a buffer meets what it is as long as: wherever the operator is
  // defined at all they are equal.
  if (getPrefixed(lhs) == rhs)
    return rhs;
  if (getPrefixed(rhs) == lhs)
    return lhs;
  return getCompound(AtomKind::Broadcast, std::min(lhs, rhs),
                     std::max(lhs, rhs), /*nonNegative=*/true);
}

ShapeExpr ShapeScope::fromBack(const ShapeExpr &position,
                               const ShapeExpr &dim) {
  if (isNonNegative(position))
    return position;
  if (std::optional<int64_t> constant = position.getConstant())
    return dim + *constant;
  return getCompound(AtomKind::FromBack, position, dim, /*nonNegative=*/false);
}

//===----------------------------------------------------------------------===//
// Building index arithmetic
//===----------------------------------------------------------------------===//

/// max(0, ceil((limit - start) / delta)) on floats, in arith. Computed in
/// float64 whatever the type, and nothing for what is not a number; more than
/// any memory holds where it would not fit an integer.
static Value buildFloatRangeLength(OpBuilder &builder, Location loc,
                                   ArrayRef<Value> tensors) {
  Type f64 = builder.getF64Type(), i64 = builder.getI64Type();
  SmallVector<Value, 3> bounds;
  for (Value tensor : tensors) {
    Value bound = tensor::ExtractOp::create(builder, loc, tensor);
    if (bound.getType() != f64)
      bound = arith::ExtFOp::create(builder, loc, f64, bound);
    bounds.push_back(bound);
  }
  auto constant = [&](double value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getF64FloatAttr(value));
  };
  Value span = arith::SubFOp::create(builder, loc, bounds[1], bounds[0]);
  Value quotient = arith::DivFOp::create(builder, loc, span, bounds[2]);
  // These choose the number where one operand is none.
  quotient = arith::MaxNumFOp::create(builder, loc, quotient, constant(0));
  quotient = arith::MinNumFOp::create(builder, loc, quotient, constant(0x1p60));
  Value whole = arith::FPToSIOp::create(builder, loc, i64, quotient);
  Value back = arith::SIToFPOp::create(builder, loc, f64, whole);
  Value isShort = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::OLT,
                                        back, quotient);
  Value one = arith::ExtUIOp::create(builder, loc, i64, isShort);
  Value length = arith::AddIOp::create(builder, loc, whole, one);
  return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                    length);
}

Value ShapeScope::materializeAtom(OpBuilder &builder, Location loc,
                                  unsigned number) {
  // Copied: building an operand may not add atoms, but a copy is certain.
  Atom atom = atoms[number];
  auto isLess = [&](Value lhs, Value rhs) -> Value {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, lhs,
                                 rhs);
  };
  switch (atom.kind) {
  case AtomKind::Dim: {
    Value position =
        arith::ConstantIndexOp::create(builder, loc, atom.position);
    return tensor::DimOp::create(builder, loc, atom.value, position);
  }
  case AtomKind::Element: {
    auto type = cast<RankedTensorType>(atom.value.getType());
    SmallVector<Value> indices(type.getRank());
    int64_t rest = atom.position;
    for (int64_t i = type.getRank() - 1; i >= 0; --i) {
      // Only elements of statically shaped tensors are asked for, apart from
      // leading dimensions, where the position is within the last one.
      int64_t extent = type.isDynamicDim(i) ? rest + 1 : type.getDimSize(i);
      indices[i] = arith::ConstantIndexOp::create(
          builder, loc, extent > 0 ? rest % extent : 0);
      rest = extent > 0 ? rest / extent : 0;
    }
    Value element =
        tensor::ExtractOp::create(builder, loc, atom.value, indices);
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      element);
  }
  case AtomKind::Index:
    if (atom.value.getType().isIndex())
      return atom.value;
    return arith::IndexCastOp::create(builder, loc, builder.getIndexType(),
                                      atom.value);
  case AtomKind::FloatRange:
    return buildFloatRangeLength(builder, loc, atom.values);
  default:
    break;
  }

  Value lhs = materializeValue(builder, loc, atom.operands[0]);
  Value rhs = materializeValue(builder, loc, atom.operands[1]);
  switch (atom.kind) {
  case AtomKind::FloorDiv:
    return arith::FloorDivSIOp::create(builder, loc, lhs, rhs);
  case AtomKind::Max:
    return arith::MaxSIOp::create(builder, loc, lhs, rhs);
  case AtomKind::Min:
    return arith::MinSIOp::create(builder, loc, lhs, rhs);
  case AtomKind::Broadcast: {
    Value one = arith::ConstantIndexOp::create(builder, loc, 1);
    Value isOne =
        arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, lhs, one);
    return arith::SelectOp::create(builder, loc, isOne, rhs, lhs);
  }
  default: {
    Value zero = arith::ConstantIndexOp::create(builder, loc, 0);
    Value sum = arith::AddIOp::create(builder, loc, lhs, rhs);
    return arith::SelectOp::create(builder, loc, isLess(lhs, zero), sum, lhs);
  }
  }
}

Value ShapeScope::materializeValue(OpBuilder &builder, Location loc,
                                   const ShapeExpr &expr) {
  if (std::optional<int64_t> constant = expr.getConstant())
    return arith::ConstantIndexOp::create(builder, loc, *constant);
  Value sum;
  // The constant term, which sorts first, is added last.
  auto addTerm = [&](const ShapeExpr::Term &term) {
    bool negate = term.coefficient == -1 && sum;
    Value product;
    for (unsigned number : term.atoms) {
      Value factor = materializeAtom(builder, loc, number);
      product =
          product
              ? arith::MulIOp::create(builder, loc, product, factor).getResult()
              : factor;
    }
    if (!product || (term.coefficient != 1 && !negate)) {
      Value factor =
          arith::ConstantIndexOp::create(builder, loc, term.coefficient);
      product =
          product
              ? arith::MulIOp::create(builder, loc, product, factor).getResult()
              : factor;
    }
    if (!sum)
      sum = product;
    else if (negate)
      sum = arith::SubIOp::create(builder, loc, sum, product);
    else
      sum = arith::AddIOp::create(builder, loc, sum, product);
  };
  const ShapeExpr::Term *constant = nullptr;
  for (const ShapeExpr::Term &term : expr.getTerms()) {
    if (term.atoms.empty())
      constant = &term;
    else if (term.coefficient > 0)
      addTerm(term);
  }
  for (const ShapeExpr::Term &term : expr.getTerms())
    if (!term.atoms.empty() && term.coefficient < 0)
      addTerm(term);
  if (constant)
    sum = arith::AddIOp::create(
        builder, loc, sum,
        arith::ConstantIndexOp::create(builder, loc, constant->coefficient));
  return sum;
}
