//===- Einsum.cpp - Sums of products with named dimensions ----------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An equation is taken apart into the ops that the same model would have if it
// had been written with matrix products, so that whoever looks for an attention
// finds one spelling of it. Operands are joined in pairs, from the left; only
// diagonals stay onnx.Einsum.
//
//===----------------------------------------------------------------------===//

#include "Operators.h"

#include "llvm/ADT/StringExtras.h"

#include <string>

using namespace mlir;

namespace ockham::importer {

namespace {
/// A tensor and the letters of its dimensions.
struct Term {
  Value value;
  std::string letters;

  bool has(char letter) const {
    return letters.find(letter) != std::string::npos;
  }
};

struct Equation {
  SmallVector<std::string> inputs;
  std::string output;
};
} // namespace

//===----------------------------------------------------------------------===//
// The equation
//===----------------------------------------------------------------------===//

/// The letters of one operand or of the result, its ellipsis (if any) replaced
/// by the last `broadcastRank` of `broadcast`.
static FailureOr<std::string> expandTerm(NodeImporter &n, StringRef term,
                                         StringRef broadcast) {
  std::string letters;
  bool hasEllipsis = false;
  for (size_t i = 0; i < term.size(); ++i) {
    if (llvm::isAlpha(term[i])) {
      letters += term[i];
    } else if (term.substr(i).starts_with("...") && !hasEllipsis) {
      hasEllipsis = true;
      letters += broadcast;
      i += 2;
    } else {
      return n.fail("equation has " + quote(term.substr(i, 1)) + " in " +
                    quote(term) + ", expected letters and one '...'");
    }
  }
  return letters;
}

/// How many dimensions the ellipsis of operand `i` stands for.
static FailureOr<int64_t> getEllipsisRank(NodeImporter &n, StringRef term,
                                          unsigned i) {
  int64_t rank = n.getType(n.getOperand(i)).getRank();
  int64_t letters = llvm::count_if(term, llvm::isAlpha);
  bool hasEllipsis = term.contains("...");
  if (hasEllipsis ? rank < letters : rank != letters)
    return n.fail("equation has " + quote(term) + " for operand #" +
                  llvm::Twine(i) + ", which has rank " + llvm::Twine(rank));
  return hasEllipsis ? rank - letters : 0;
}

static FailureOr<Equation> readEquation(NodeImporter &n) {
  std::string text = n.getString("equation", "").str();
  llvm::erase(text, ' ');
  auto [left, right] = StringRef(text).split("->");
  bool isExplicit = StringRef(text).contains("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != n.getNumOperands())
    return n.fail("equation " + quote(text) + " is for " +
                  count(terms.size(), "operand") + ", but there are " +
                  llvm::Twine(n.getNumOperands()));

  // Letters for the dimensions of ellipses, which are aligned at the last one.
  int64_t most = 0;
  SmallVector<int64_t> ranks;
  for (auto [i, term] : llvm::enumerate(terms)) {
    if (!n.hasOperand(i))
      return n.fail("operand #" + llvm::Twine(i) + " is left out");
    auto rank = getEllipsisRank(n, term, i);
    if (failed(rank))
      return failure();
    ranks.push_back(*rank);
    most = std::max(most, *rank);
  }
  std::string broadcast;
  for (char letter :
       StringRef("ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba"))
    if (static_cast<int64_t>(broadcast.size()) < most &&
        text.find(letter) == std::string::npos)
      broadcast += letter;
  if (static_cast<int64_t>(broadcast.size()) < most)
    return n.fail("equation " + quote(text) + " has too many dimensions");

  Equation equation;
  for (auto [term, rank] : llvm::zip_equal(terms, ranks)) {
    auto letters = expandTerm(n, term, StringRef(broadcast).take_back(rank));
    if (failed(letters))
      return failure();
    equation.inputs.push_back(*letters);
  }
  if (isExplicit) {
    auto letters = expandTerm(n, right, broadcast);
    if (failed(letters))
      return failure();
    equation.output = *letters;
  } else {
    // The broadcast dimensions, then the letters that appear once.
    std::string all = llvm::join(equation.inputs, "");
    std::string once;
    for (char letter : all)
      if (llvm::count(all, letter) == 1 &&
          !llvm::is_contained(broadcast, letter))
        once += letter;
    llvm::sort(once);
    equation.output = broadcast + once;
  }
  for (auto [i, letter] : llvm::enumerate(equation.output)) {
    StringRef name(&letter, 1);
    if (StringRef(equation.output).take_front(i).contains(letter))
      return n.fail("equation " + quote(text) + " names " + quote(name) +
                    " twice in its result");
    if (llvm::none_of(equation.inputs,
                      [&](StringRef input) { return input.contains(letter); }))
      return n.fail("equation " + quote(text) + " has " + quote(name) +
                    " in its result, which no operand has");
  }
  return equation;
}

//===----------------------------------------------------------------------===//
// Single operands
//===----------------------------------------------------------------------===//

/// Letters that a term has twice become one: its diagonal.
static Term takeDiagonals(NodeImporter &n, Term term) {
  std::string once;
  for (char letter : term.letters)
    if (once.find(letter) == std::string::npos)
      once += letter;
  if (once == term.letters)
    return term;
  return {n.create<onnx::EinsumOp>(
              n.getElement(term.value),
              n.getBuilder().getStringAttr(term.letters + "->" + once),
              ValueRange(term.value)),
          once};
}

/// Without the dimensions of extent 1 that meet longer ones elsewhere: the one
/// element goes with each of those.
static Term dropBroadcast(NodeImporter &n, Term term, ArrayRef<Term> others) {
  SmallVector<int64_t> axes;
  std::string kept;
  for (auto [i, letter] : llvm::enumerate(term.letters)) {
    bool isBroadcast =
        n.getType(term.value).getDimSize(i) == 1 &&
        llvm::any_of(others, [&](const Term &other) {
          size_t position = other.letters.find(letter);
          return position != std::string::npos &&
                 n.getType(other.value).getDimSize(position) != 1;
        });
    if (isBroadcast)
      axes.push_back(i);
    else
      kept += letter;
  }
  if (axes.empty())
    return term;
  return {n.create<onnx::SqueezeOp>(n.getElement(term.value), term.value,
                                    ArrayRef<int64_t>(axes)),
          kept};
}

/// Summed over the letters that `isKept` does not want.
template <typename Fn>
static Term sumOver(NodeImporter &n, Term term, Fn isKept) {
  SmallVector<int64_t> axes;
  std::string kept;
  for (auto [i, letter] : llvm::enumerate(term.letters))
    if (isKept(letter))
      kept += letter;
    else
      axes.push_back(i);
  if (axes.empty() || !term.value)
    return {term.value, kept};
  return {n.create<onnx::ReduceSumOp>(n.getElement(term.value), term.value,
                                      ArrayRef<int64_t>(axes), false),
          kept};
}

/// With its dimensions in the order of `letters`.
static Term reorder(NodeImporter &n, Term term, const std::string &letters) {
  if (!term.value || term.letters == letters)
    return term;
  SmallVector<int64_t> perm;
  for (char letter : letters)
    perm.push_back(term.letters.find(letter));
  return {n.create<onnx::TransposeOp>(n.getElement(term.value), term.value,
                                      ArrayRef<int64_t>(perm)),
          letters};
}

//===----------------------------------------------------------------------===//
// Pairs
//===----------------------------------------------------------------------===//

/// The letters of `order` that `isWanted` wants.
template <typename Fn>
static std::string filter(const std::string &order, Fn isWanted) {
  std::string letters;
  for (char letter : order)
    if (isWanted(letter))
      letters += letter;
  return letters;
}

/// No letter is summed over: an elementwise product.
static Term multiplyElements(NodeImporter &n, const Term &lhs, const Term &rhs,
                             const std::string &result) {
  Value factors[2];
  for (int i = 0; i < 2; ++i) {
    const Term &term = i == 0 ? lhs : rhs;
    Term ordered = reorder(
        n, term, filter(result, [&](char letter) { return term.has(letter); }));
    SmallVector<int64_t> axes;
    for (auto [axis, letter] : llvm::enumerate(result))
      if (!term.has(letter))
        axes.push_back(axis);
    factors[i] = axes.empty()
                     ? ordered.value
                     : n.create<onnx::UnsqueezeOp>(n.getElement(lhs.value),
                                                   ordered.value,
                                                   ArrayRef<int64_t>(axes));
  }
  return {
      n.create<onnx::MulOp>(n.getElement(lhs.value), factors[0], factors[1]),
      result};
}

/// Merges the dimensions [begin, end) into one.
static Value mergeDims(NodeImporter &n, Value value, int64_t begin,
                       int64_t end) {
  if (!value || end - begin == 1)
    return value;
  SmallVector<OpFoldResult> shape;
  for (int64_t dim = 0, e = n.getType(value).getRank(); dim <= e; ++dim) {
    if (dim == begin)
      shape.push_back(n.getDimProduct(value, begin, end));
    if (dim < e && (dim < begin || dim >= end))
      shape.push_back(n.getDim(value, dim));
  }
  return n.createReshape(value, shape);
}

/// A matrix product, with the letters that both have and keep as its batch.
static Term multiplyMatrices(NodeImporter &n, Term lhs, Term rhs,
                             const std::string &result) {
  auto inBoth = [&](char letter) { return lhs.has(letter) && rhs.has(letter); };
  auto isKept = [&](char letter) {
    return result.find(letter) != std::string::npos;
  };
  std::string batch = filter(result, inBoth);
  // The side whose letters come first in the result is the left one.
  for (char letter : result)
    if (!inBoth(letter)) {
      if (rhs.has(letter))
        std::swap(lhs, rhs);
      break;
    }
  auto isOnly = [&](const Term &term) {
    return [&](char letter) { return term.has(letter) && !inBoth(letter); };
  };
  std::string rows = filter(result, isOnly(lhs));
  std::string columns = filter(result, isOnly(rhs));
  std::string depth = filter(lhs.letters, [&](char letter) {
    return inBoth(letter) && !isKept(letter);
  });
  Value a = reorder(n, lhs, batch + rows + depth).value;
  Value b = reorder(n, rhs, batch + depth + columns).value;
  if (!a || !b)
    return {};
  // Extents of the result, while the operands still have a dimension for each.
  SmallVector<OpFoldResult> shape;
  int64_t at = batch.size(), m = rows.size(), k = depth.size();
  int64_t p = columns.size();
  for (int64_t dim = 0; dim < at + m; ++dim)
    shape.push_back(n.getDim(a, dim));
  for (int64_t dim = 0; dim < p; ++dim)
    shape.push_back(n.getDim(b, at + k + dim));

  a = mergeDims(n, a, at + m, at + m + k);
  // Without a batch, all leading dimensions of the left side are rows.
  bool mergesRows = !batch.empty() && m != 1;
  if (mergesRows)
    a = mergeDims(n, a, at, at + m);
  bool mergesColumns = p != 1 && (p > 1 || !batch.empty());
  b = mergeDims(n, b, at, at + k);
  if (mergesColumns)
    b = mergeDims(n, b, at + 1, at + 1 + p);
  Value product = n.create<onnx::MatMulOp>(n.getElement(lhs.value), a, b);
  if (mergesRows || mergesColumns)
    product = n.createReshape(product, shape);
  return {product, batch + rows + columns};
}

/// The product of two terms, summed over the letters that nobody needs.
static Term contract(NodeImporter &n, Term lhs, Term rhs,
                     const std::string &wanted) {
  auto isWanted = [&](char letter) {
    return wanted.find(letter) != std::string::npos;
  };
  // What only one side has is summed up before.
  Term left = sumOver(
      n, lhs, [&](char letter) { return isWanted(letter) || rhs.has(letter); });
  Term right = sumOver(
      n, rhs, [&](char letter) { return isWanted(letter) || lhs.has(letter); });
  if (!left.value || !right.value)
    return {};
  std::string result = filter(wanted, [&](char letter) {
    return left.has(letter) || right.has(letter);
  });
  bool isProduct = llvm::all_of(left.letters, [&](char letter) {
    return isWanted(letter) || !right.has(letter);
  });
  return isProduct ? multiplyElements(n, left, right, result)
                   : multiplyMatrices(n, left, right, result);
}

LogicalResult importEinsum(NodeImporter &n) {
  auto equation = readEquation(n);
  if (failed(equation))
    return failure();
  SmallVector<Term> terms;
  for (auto [i, letters] : llvm::enumerate(equation->inputs)) {
    terms.push_back(takeDiagonals(n, {n.getOperand(i), letters}));
    if (!terms.back().value)
      return failure();
  }
  SmallVector<Term> whole = terms;
  for (auto [i, term] : llvm::enumerate(terms)) {
    SmallVector<Term> others;
    for (auto [j, other] : llvm::enumerate(whole))
      if (i != j)
        others.push_back(other);
    term = dropBroadcast(n, term, others);
  }
  Term result = terms.front();
  for (size_t i = 1; i < terms.size(); ++i) {
    // In the result's order what it wants, then what later operands want.
    std::string wanted = equation->output;
    for (const Term &later : ArrayRef<Term>(terms).drop_front(i + 1))
      for (char letter : later.letters)
        if (wanted.find(letter) == std::string::npos)
          wanted += letter;
    result = contract(n, result, terms[i], wanted);
    if (!result.value)
      return failure();
  }
  result = sumOver(n, result, [&](char letter) {
    return equation->output.find(letter) != std::string::npos;
  });
  return n.setResult(reorder(n, result, equation->output).value);
}

} // namespace ockham::importer
