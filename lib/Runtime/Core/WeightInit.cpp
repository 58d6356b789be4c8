//===- WeightInit.cpp - Initial weights from a recipe ---------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ockham/Runtime/WeightInit.h"
#include <cmath>
#include <cstring>

// A fused multiply-add rounds once where two operations round twice.
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#elif defined(__GNUC__)
#pragma GCC optimize("fp-contract=off")
#endif

namespace ockham::runtime {

//===----------------------------------------------------------------------===//
// The generator
//===----------------------------------------------------------------------===//

namespace {
struct Words {
  uint32_t w[4];
};
} // namespace

static Words philox(uint64_t counter, uint64_t seed) {
  Words x = {{static_cast<uint32_t>(counter),
              static_cast<uint32_t>(counter >> 32), 0, 0}};
  uint32_t key0 = static_cast<uint32_t>(seed);
  uint32_t key1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    uint64_t a = static_cast<uint64_t>(0xD2511F53u) * x.w[0];
    uint64_t b = static_cast<uint64_t>(0xCD9E8D57u) * x.w[2];
    x = {{static_cast<uint32_t>(b >> 32) ^ x.w[1] ^ key0,
          static_cast<uint32_t>(b),
          static_cast<uint32_t>(a >> 32) ^ x.w[3] ^ key1,
          static_cast<uint32_t>(a)}};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return x;
}

/// ln(x) for normal x > 0. With x = m * 2^e and m in [sqrt(1/2), sqrt(2)):
/// ln(m) = 2 artanh(s), s = (m - 1) / (m + 1), |s| < 0.172, as a series whose
/// first left-out term is below 1e-17.
static double portableLog(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, 8);
  int64_t exponent = static_cast<int64_t>(bits >> 52) - 1023;
  bits = (bits & 0x000fffffffffffffull) | 0x3ff0000000000000ull;
  double m;
  std::memcpy(&m, &bits, 8);
  if (m >= 1.4142135623730951) {
    m *= 0.5;
    ++exponent;
  }
  double s = (m - 1.0) / (m + 1.0), square = s * s, sum = 0;
  static constexpr double series[] = {1.0 / 19, 1.0 / 17, 1.0 / 15, 1.0 / 13,
                                      1.0 / 11, 1.0 / 9,  1.0 / 7,  1.0 / 5,
                                      1.0 / 3,  1.0};
  for (double coefficient : series)
    sum = sum * square + coefficient;
  return static_cast<double>(exponent) * 0.69314718055994530942 + 2.0 * s * sum;
}

/// Cosine and sine of 2 pi u for u in [0, 1): the turn is cut into eighths, the
/// rest |r| <= pi/4 goes through Taylor series, exact to 1e-16.
static void portableCosSin(double u, double &cosine, double &sine) {
  double turn = u * 4.0;
  int quarter = static_cast<int>(turn + 0.5);
  double r = (turn - quarter) * 1.57079632679489661923, square = r * r;
  // 1 / n!, alternating, from n = 16 and n = 17 down.
  static constexpr double cosines[] = {1.0 / 20922789888000.0,
                                       -1.0 / 87178291200.0,
                                       1.0 / 479001600.0,
                                       -1.0 / 3628800.0,
                                       1.0 / 40320.0,
                                       -1.0 / 720.0,
                                       1.0 / 24.0,
                                       -1.0 / 2.0,
                                       1.0};
  static constexpr double sines[] = {1.0 / 355687428096000.0,
                                     -1.0 / 1307674368000.0,
                                     1.0 / 6227020800.0,
                                     -1.0 / 39916800.0,
                                     1.0 / 362880.0,
                                     -1.0 / 5040.0,
                                     1.0 / 120.0,
                                     -1.0 / 6.0,
                                     1.0};
  double c = 0, s = 0;
  for (int k = 0; k < 9; ++k) {
    c = c * square + cosines[k];
    s = s * square + sines[k];
  }
  s *= r;
  switch (quarter & 3) {
  case 0:
    cosine = c, sine = s;
    break;
  case 1:
    cosine = -s, sine = c;
    break;
  case 2:
    cosine = -c, sine = -s;
    break;
  default:
    cosine = s, sine = -c;
    break;
  }
}

/// Normals 4 * counter to 4 * counter + 3 of `seed`.
static void fourNormals(uint64_t counter, uint64_t seed, double out[4]) {
  Words words = philox(counter, seed);
  for (int pair = 0; pair < 2; ++pair) {
    constexpr double unit = 1.0 / 4294967296.0;
    double u = (words.w[2 * pair] + 0.5) * unit;
    double v = (words.w[2 * pair + 1] + 0.5) * unit;
    double radius = std::sqrt(-2.0 * portableLog(u));
    double cosine, sine;
    portableCosSin(v, cosine, sine);
    out[2 * pair] = radius * cosine;
    out[2 * pair + 1] = radius * sine;
  }
}

//===----------------------------------------------------------------------===//
// Rounding
//===----------------------------------------------------------------------===//

/// Rounds to a format of `mantissaBits` and a largest exponent, through
/// integers; double to 16 bits in one step, not by way of float.
static uint16_t roundTo16(double value, int mantissaBits, int exponentBits) {
  uint64_t bits;
  std::memcpy(&bits, &value, 8);
  uint16_t sign = static_cast<uint16_t>(bits >> 48) & 0x8000;
  uint64_t magnitude = bits & 0x7fffffffffffffffull;
  uint16_t infinity =
      static_cast<uint16_t>(((1 << exponentBits) - 1) << mantissaBits);
  if (magnitude > 0x7ff0000000000000ull)
    return sign | infinity | (1 << (mantissaBits - 1));
  if (magnitude == 0x7ff0000000000000ull)
    return sign | infinity;
  int bias = (1 << (exponentBits - 1)) - 1;
  int exponent = static_cast<int>(magnitude >> 52) - 1023;
  uint64_t mantissa = (magnitude & 0x000fffffffffffffull) | 0x10000000000000ull;
  if (exponent < -1022)
    return sign; // A subnormal double is far below either format.
  // Bits to drop; more where the result is subnormal.
  int drop = 52 - mantissaBits;
  int scaled = exponent + bias;
  if (scaled < 1) {
    drop += 1 - scaled;
    scaled = 1;
  }
  if (drop > 54)
    return sign;
  uint64_t kept = mantissa >> drop;
  uint64_t rest = mantissa & ((1ull << drop) - 1), half = 1ull << (drop - 1);
  kept += rest > half || (rest == half && (kept & 1));
  // The implicit one counts the exponent up by one; so does a carry.
  uint64_t result = (static_cast<uint64_t>(scaled - 1) << mantissaBits) + kept;
  return sign | (result >= infinity ? infinity : static_cast<uint16_t>(result));
}

uint16_t roundToHalf(double value) { return roundTo16(value, 10, 5); }

uint16_t roundToBFloat16(double value) { return roundTo16(value, 7, 8); }

//===----------------------------------------------------------------------===//
// Filling
//===----------------------------------------------------------------------===//

static void store(void *data, int32_t dtype, uint64_t index, double value) {
  switch (dtype) {
  case OCKHAM_F64:
    static_cast<double *>(data)[index] = value;
    break;
  case OCKHAM_F32:
    static_cast<float *>(data)[index] = static_cast<float>(value);
    break;
  case OCKHAM_BF16:
    static_cast<uint16_t *>(data)[index] = roundToBFloat16(value);
    break;
  case OCKHAM_F16:
    static_cast<uint16_t *>(data)[index] = roundToHalf(value);
    break;
  case OCKHAM_I64:
    static_cast<int64_t *>(data)[index] = static_cast<int64_t>(value);
    break;
  case OCKHAM_I32:
    static_cast<int32_t *>(data)[index] = static_cast<int32_t>(value);
    break;
  case OCKHAM_I16:
    static_cast<int16_t *>(data)[index] = static_cast<int16_t>(value);
    break;
  case OCKHAM_I8:
    static_cast<int8_t *>(data)[index] = static_cast<int8_t>(value);
    break;
  case OCKHAM_U16:
    static_cast<uint16_t *>(data)[index] = static_cast<uint16_t>(value);
    break;
  case OCKHAM_U32:
    static_cast<uint32_t *>(data)[index] = static_cast<uint32_t>(value);
    break;
  case OCKHAM_U64:
    static_cast<uint64_t *>(data)[index] = static_cast<uint64_t>(value);
    break;
  default:
    static_cast<uint8_t *>(data)[index] = static_cast<uint8_t>(value);
    break;
  }
}

bool canInitialize(int32_t dtype, const WeightRecipe &recipe) {
  if (recipe.init != OCKHAM_INIT_NORMAL && recipe.init != OCKHAM_INIT_CONSTANT)
    return false;
  if (dtype >= OCKHAM_F16 && dtype <= OCKHAM_F64)
    return recipe.init == OCKHAM_INIT_CONSTANT ||
           (std::isfinite(recipe.mean) && std::isfinite(recipe.std));
  if (recipe.init != OCKHAM_INIT_CONSTANT ||
      recipe.mean != std::floor(recipe.mean))
    return false;
  switch (dtype) {
  case OCKHAM_BOOL:
    return recipe.mean == 0 || recipe.mean == 1;
  case OCKHAM_U8:
    return recipe.mean >= 0 && recipe.mean <= 255;
  case OCKHAM_I8:
    return recipe.mean >= -128 && recipe.mean <= 127;
  case OCKHAM_I16:
    return recipe.mean >= -32768 && recipe.mean <= 32767;
  case OCKHAM_I32:
    return recipe.mean >= -2147483648.0 && recipe.mean <= 2147483647.0;
  case OCKHAM_U16:
    return recipe.mean >= 0 && recipe.mean <= 65535;
  case OCKHAM_U32:
    return recipe.mean >= 0 && recipe.mean <= 4294967295.0;
  case OCKHAM_I64:
    return std::fabs(recipe.mean) <= 9007199254740992.0;
  case OCKHAM_U64:
    return recipe.mean >= 0 && recipe.mean <= 9007199254740992.0;
  }
  return false;
}

void initializeWeight(void *data, int32_t dtype, const WeightRecipe &recipe,
                      uint64_t begin, uint64_t end) {
  if (recipe.init == OCKHAM_INIT_CONSTANT) {
    for (uint64_t i = begin; i < end; ++i)
      store(data, dtype, i, recipe.mean);
    return;
  }
  double normals[4];
  for (uint64_t i = begin; i < end; ++i) {
    if (i == begin || i % 4 == 0)
      fourNormals(i / 4, recipe.seed, normals);
    store(data, dtype, i, recipe.mean + recipe.std * normals[i % 4]);
  }
}

} // namespace ockham::runtime
