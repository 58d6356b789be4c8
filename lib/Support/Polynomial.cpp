//===- Polynomial.cpp - Counts as functions of extents --------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Support/Polynomial.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <vector>

namespace ockham {

void Polynomial::add(const Monomial &monomial, double coefficient) {
  double &value = terms[monomial];
  value += coefficient;
  if (value == 0.0)
    terms.erase(monomial);
}

Polynomial &Polynomial::operator+=(const Polynomial &other) {
  // A copy: `other` may be this one.
  std::map<Monomial, double> added = other.terms;
  for (const auto &[monomial, coefficient] : added)
    add(monomial, coefficient);
  return *this;
}

Polynomial &Polynomial::operator-=(const Polynomial &other) {
  std::map<Monomial, double> subtracted = other.terms;
  for (const auto &[monomial, coefficient] : subtracted)
    add(monomial, -coefficient);
  return *this;
}

Polynomial &Polynomial::operator*=(const Polynomial &other) {
  Polynomial product;
  for (const auto &[left, a] : terms)
    for (const auto &[right, b] : other.terms) {
      Monomial monomial = left;
      for (const auto &[name, power] : right)
        monomial[name] += power;
      product.add(monomial, a * b);
    }
  return *this = std::move(product);
}

std::optional<double> Polynomial::getConstant() const {
  if (terms.empty())
    return 0.0;
  if (terms.size() == 1 && terms.begin()->first.empty())
    return terms.begin()->second;
  return std::nullopt;
}

std::optional<Polynomial> Polynomial::divideExactly(double divisor) const {
  if (divisor == 0.0)
    return std::nullopt;
  Polynomial quotient;
  for (const auto &[monomial, coefficient] : terms) {
    double value = coefficient / divisor;
    if (value != std::floor(value))
      return std::nullopt;
    quotient.add(monomial, value);
  }
  return quotient;
}

void Polynomial::collectExtents(std::set<std::string> &names) const {
  for (const auto &[monomial, coefficient] : terms)
    for (const auto &[name, power] : monomial)
      names.insert(name);
}

double
Polynomial::evaluate(const std::map<std::string, int64_t> &values) const {
  double sum = 0.0;
  for (const auto &[monomial, coefficient] : terms) {
    double product = coefficient;
    for (const auto &[name, power] : monomial) {
      auto found = values.find(name);
      assert(found != values.end() && "an extent without a value");
      product *= std::pow(static_cast<double>(found->second), power);
    }
    sum += product;
  }
  return sum;
}

std::string formatCoefficient(double value) {
  std::string text;
  llvm::raw_string_ostream os(text);
  double size = std::fabs(value);
  if (size < 1e6) {
    if (value == std::floor(value))
      os << static_cast<int64_t>(value);
    else
      os << llvm::format("%.6g", value);
    return text;
  }
  int exponent = static_cast<int>(std::floor(std::log10(size)));
  double mantissa = value / std::pow(10.0, exponent);
  // 9.99996 rounds up to the next power.
  if (std::fabs(mantissa) >= 9.9995) {
    mantissa /= 10.0;
    ++exponent;
  }
  std::string digits;
  llvm::raw_string_ostream(digits) << llvm::format("%.3f", mantissa);
  while (digits.back() == '0')
    digits.pop_back();
  if (digits.back() == '.')
    digits.pop_back();
  os << digits << 'e' << exponent;
  return text;
}

static std::string
formatMonomial(const Polynomial::Monomial &monomial,
               llvm::function_ref<std::string(llvm::StringRef)> rename) {
  std::string text;
  for (const auto &[name, power] : monomial) {
    if (power == 0)
      continue;
    text += (text.empty() ? "" : "*") + rename(name);
    if (power > 1)
      text += "^" + std::to_string(power);
  }
  return text;
}

std::string
Polynomial::format(llvm::function_ref<std::string(llvm::StringRef)> rename,
                   bool exact) const {
  auto formatNumber = [&](double value) {
    // 2^53: beyond, doubles skip integers.
    if (exact && value == std::floor(value) && std::fabs(value) < 9.007e15)
      return std::to_string(static_cast<int64_t>(value));
    return formatCoefficient(value);
  };
  if (terms.empty())
    return "0";
  // What all terms share.
  Monomial shared = terms.begin()->first;
  for (const auto &[monomial, coefficient] : terms)
    for (auto &[name, power] : shared) {
      auto found = monomial.find(name);
      power = std::min(power, found == monomial.end() ? 0u : found->second);
    }
  std::vector<std::pair<Monomial, double>> rest;
  for (const auto &[monomial, coefficient] : terms) {
    Monomial left = monomial;
    for (const auto &[name, power] : shared)
      if (power > 0 && (left[name] -= power) == 0)
        left.erase(name);
    rest.push_back({left, coefficient});
  }
  auto degree = [](const Monomial &monomial) {
    unsigned sum = 0;
    for (const auto &[name, power] : monomial)
      sum += power;
    return sum;
  };
  // Terms of one degree stay in the order of their names.
  std::sort(rest.begin(), rest.end(), [&](const auto &a, const auto &b) {
    return std::pair(degree(a.first), a.first) <
           std::pair(degree(b.first), b.first);
  });
  std::string sum;
  for (const auto &[monomial, coefficient] : rest) {
    double value = coefficient;
    if (!sum.empty()) {
      sum += value < 0 ? " - " : " + ";
      value = std::fabs(value);
    }
    std::string names = formatMonomial(monomial, rename);
    if (names.empty())
      sum += formatNumber(value);
    else if (value == 1.0)
      sum += names;
    else
      sum += formatNumber(value) + "*" + names;
  }
  std::string front = formatMonomial(shared, rename);
  if (front.empty())
    return sum;
  if (rest.size() > 1)
    return front + "*(" + sum + ")";
  return sum == "1" ? front : sum + "*" + front;
}

} // namespace ockham
