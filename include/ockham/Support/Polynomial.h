//===- Polynomial.h - Counts as functions of extents ------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_SUPPORT_POLYNOMIAL_H
#define OCKHAM_SUPPORT_POLYNOMIAL_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <map>
#include <optional>
#include <set>
#include <string>

namespace ockham {

/// A polynomial in named extents (batch, sequence), with coefficients that are
/// whole numbers or halves: numbers of elements, of operations, of bytes.
class Polynomial {
public:
  /// Powers of extents, e.g. {batch: 1, sequence: 2}; empty for 1.
  using Monomial = std::map<std::string, unsigned>;

  Polynomial() = default;
  Polynomial(double constant) { add({}, constant); }
  static Polynomial extent(llvm::StringRef name) {
    Polynomial result;
    result.add({{name.str(), 1}}, 1.0);
    return result;
  }

  Polynomial &operator+=(const Polynomial &other);
  Polynomial &operator-=(const Polynomial &other);
  Polynomial &operator*=(const Polynomial &other);
  friend Polynomial operator+(Polynomial a, const Polynomial &b) {
    return a += b;
  }
  friend Polynomial operator-(Polynomial a, const Polynomial &b) {
    return a -= b;
  }
  friend Polynomial operator*(Polynomial a, const Polynomial &b) {
    return a *= b;
  }
  bool operator==(const Polynomial &other) const {
    return terms == other.terms;
  }
  bool operator!=(const Polynomial &other) const { return !(*this == other); }

  bool isZero() const { return terms.empty(); }
  /// The value, if no extent occurs.
  std::optional<double> getConstant() const;
  /// The quotient by a number, if every coefficient stays whole.
  std::optional<Polynomial> divideExactly(double divisor) const;

  const std::map<Monomial, double> &getTerms() const { return terms; }
  void collectExtents(std::set<std::string> &names) const;
  /// Every extent must be in `values`.
  double evaluate(const std::map<std::string, int64_t> &values) const;

  /// e.g. "B*T*(1.699e8 + 18432*T)": what all terms share stands in front, and
  /// large coefficients have four digits unless `exact`. `rename` gives the
  /// letter of an extent.
  std::string format(llvm::function_ref<std::string(llvm::StringRef)> rename,
                     bool exact = false) const;

private:
  void add(const Monomial &monomial, double coefficient);

  std::map<Monomial, double> terms;
};

/// A number as formulas have it: whole below a million, else four digits and a
/// power of ten ("1.699e8").
std::string formatCoefficient(double value);

} // namespace ockham

#endif // OCKHAM_SUPPORT_POLYNOMIAL_H
