//===- NumberFormats.h - Elements of matrices -------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EMULATOR_NUMBERFORMATS_H
#define OCKHAM_LIB_EMULATOR_NUMBERFORMATS_H

#include "llvm/ADT/bit.h"

#include <cstdint>

namespace ockham::emulator {

struct BFloat16Format {
  static constexpr int kPerRegister = 2;
  static float get(uint32_t word, int i) {
    return llvm::bit_cast<float>(i ? word & 0xffff0000 : word << 16);
  }
};

struct HalfFormat {
  static constexpr int kPerRegister = 2;
  static float get(uint32_t word, int i) {
    return float(llvm::bit_cast<_Float16>(uint16_t(i ? word >> 16 : word)));
  }
};

/// f32 of which the hardware ignores the lowest 13 bits.
struct TF32Format {
  static constexpr int kPerRegister = 1;
  static float get(uint32_t word, int) {
    return llvm::bit_cast<float>(word & 0xffffe000);
  }
};

/// Rounds to nearest, and away from zero in the middle.
inline uint32_t roundToTF32(float value) {
  uint32_t bits = llvm::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return 0x7fffffff;
  return (bits + 0x1000) & 0xffffe000;
}

/// Rounds to nearest even.
inline uint16_t roundToBFloat16(float value) {
  uint32_t bits = llvm::bit_cast<uint32_t>(value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return 0x7fff;
  return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

inline uint32_t packHalves(float low, float high) {
  return llvm::bit_cast<uint16_t>(static_cast<_Float16>(low)) |
         uint32_t(llvm::bit_cast<uint16_t>(static_cast<_Float16>(high))) << 16;
}

/// An fp8 number of `exponentBits` 4 (e4m3: no infinities, one NaN) or 5
/// (e5m2, like a half with fewer digits).
inline float getFloat8(uint8_t bits, int exponentBits) {
  if (exponentBits == 5)
    return float(llvm::bit_cast<_Float16>(uint16_t(bits << 8)));
  uint32_t sign = uint32_t(bits & 0x80) << 24;
  uint32_t exponent = bits >> 3 & 0xf, fraction = bits & 7;
  if ((bits & 0x7f) == 0x7f)
    return llvm::bit_cast<float>(sign | 0x7fc00000);
  if (exponent == 0) {
    float value = float(fraction) / 512; // 2^-6 / 8
    return sign ? -value : value;
  }
  return llvm::bit_cast<float>(sign | (exponent + 120) << 23 | fraction << 20);
}

} // namespace ockham::emulator

#endif // OCKHAM_LIB_EMULATOR_NUMBERFORMATS_H
