//===- WeightInit.h - Initial weights from a recipe -------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Element i of a weight depends on the recipe and on i alone, never on who
// computes it: pieces can be filled in any order by any number of threads, and
// compiler and runtime, which share this file, agree to the last bit on every
// machine.
//
// The generator: Philox4x32-10 (Salmon, Moraes, Dror, Shaw, "Parallel random
// numbers: as easy as 1, 2, 3", SC 2011), key = seed, counter = i / 4. Its four
// words give four normals by the Box-Muller transform: words 0 and 1 elements 0
// and 1, words 2 and 3 elements 2 and 3, the even one with the cosine. A word w
// stands for the uniform number (w + 1/2) / 2^32, so |N| < 6.8. Logarithm, sine
// and cosine are computed here in double from +, -, *, / and sqrt, which every
// machine rounds alike; libm's are not.
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_WEIGHTINIT_H
#define OCKHAM_RUNTIME_WEIGHTINIT_H

#include "ockham-c/ModelABI.h"

namespace ockham::runtime {

/// How the elements of a weight start.
struct WeightRecipe {
  int32_t init; ///< OCKHAM_INIT_NORMAL or OCKHAM_INIT_CONSTANT
  double mean;
  double std;
  uint64_t seed;
};

/// Whether elements of `dtype` can be made from a recipe: floating-point types
/// from both, integers and bool from constants that they represent exactly.
bool canInitialize(int32_t dtype, const WeightRecipe &recipe);

/// Writes elements [begin, end) of a weight whose element 0 lies at `data`.
/// Requires canInitialize.
void initializeWeight(void *data, int32_t dtype, const WeightRecipe &recipe,
                      uint64_t begin, uint64_t end);

/// Rounds to the nearest, ties to even; overflow becomes infinity.
uint16_t roundToHalf(double value);
uint16_t roundToBFloat16(double value);

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_WEIGHTINIT_H
