//===- Expressions.h - Elementwise arithmetic in normal form ----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Exporters write one formula in many ways: operands swapped, constants split
// or multiplied out, a square as Pow or as Mul. Matchers therefore compare
// formulas, not ops: an elementwise value is a sum of terms, each a coefficient
// times integer powers of atoms, and an atom is whatever is not Add, Sub, Mul,
// Div, Neg, Reciprocal or Pow with a small integer.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_EXPRESSIONS_H
#define OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_EXPRESSIONS_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace ockham::raising {

/// Relative difference below which two constants of a formula are the same:
/// they were rounded to float32 on the way.
constexpr double kConstantTolerance = 1e-6;

inline bool isClose(double value, double expected) {
  double difference = value < expected ? expected - value : value - expected;
  return difference <=
         kConstantTolerance * (expected < 0 ? -expected : expected);
}

struct Factor {
  mlir::Value atom;
  int exponent;
  bool operator==(const Factor &other) const {
    return atom == other.atom && exponent == other.exponent;
  }
};

/// coefficient * product of powers; every atom once, none with exponent 0.
struct Term {
  double coefficient = 1.0;
  llvm::SmallVector<Factor, 4> factors;

  /// The exponent of an atom, 0 if it does not occur.
  int getExponent(mlir::Value atom) const;
  /// The term without an atom.
  Term without(mlir::Value atom) const;
  /// True if the factors are exactly these.
  bool hasFactors(llvm::ArrayRef<Factor> expected) const;
  /// The atom, if the term is one atom to the power of one.
  mlir::Value getSingleAtom() const;
};

/// A sum of terms with different factors; a term without factors is the
/// constant.
struct Expression {
  llvm::SmallVector<Term, 4> terms;

  double getConstant() const;
  /// The terms that are not the constant.
  llvm::SmallVector<Term, 4> getVariableTerms() const;
  /// The coefficient of the term with these factors, 0 if there is none.
  double getCoefficient(llvm::ArrayRef<Factor> factors) const;
};

enum class Scalars {
  /// Only constants of the graph are numbers; parameters with one element stay
  /// atoms, because they may be trained.
  Constants,
  /// Parameters with one element are numbers too, where a formula has a fixed
  /// constant in that place: some exporters write all constants as
  /// initializers.
  All
};

/// The normal form of a value. The `stops` are atoms even where they could be
/// looked into.
Expression getExpression(mlir::Value value,
                         llvm::ArrayRef<mlir::Value> stops = {},
                         Scalars scalars = Scalars::Constants);

/// The number that a constant with one element holds.
std::optional<double> getScalar(mlir::Value value,
                                Scalars scalars = Scalars::Constants);

/// The elementwise results that are computed from `value` within `depth` ops,
/// nearest first.
llvm::SmallVector<mlir::Value> getElementwiseReaders(mlir::Value value,
                                                     unsigned depth);

} // namespace ockham::raising

#endif // OCKHAM_LIB_CONVERSION_ONNXTOTRANSFORMER_EXPRESSIONS_H
