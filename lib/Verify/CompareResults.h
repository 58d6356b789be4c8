//===- CompareResults.h - What rounding explains ----------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_VERIFY_COMPARERESULTS_H
#define OCKHAM_LIB_VERIFY_COMPARERESULTS_H

#include "ockham/Interpreter/Tensor.h"

#include <optional>
#include <string>
#include <vector>

namespace ockham::verify {

/// One value of a module: without rounding, and rounded to its element type
/// after every op.
struct Evaluation {
  interpreter::Tensor exact, rounded;
};

/// How two tensors differ, in float64 and root mean squares.
struct Difference {
  /// What differs, with both values, and in which precision.
  std::string text;
};

/// Whether `after` is more than rounding away from `before`. The distance of
/// `before.rounded` from `before.exact` is what rounding does to this value.
/// Integers have to be equal, infinities too, and NaN stays NaN.
std::optional<Difference> compare(const Evaluation &before,
                                  const Evaluation &after);

/// Relative distance of two tensors of one shape, in root mean squares; for
/// remarks about passes that may change results.
double getDistance(const interpreter::Tensor &before,
                   const interpreter::Tensor &after);

} // namespace ockham::verify

#endif // OCKHAM_LIB_VERIFY_COMPARERESULTS_H
