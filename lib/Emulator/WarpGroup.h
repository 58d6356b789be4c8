//===- WarpGroup.h - What an instruction wgmma multiplies -------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_EMULATOR_WARPGROUP_H
#define OCKHAM_LIB_EMULATOR_WARPGROUP_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSwitch.h"

#include <cstdint>
#include <optional>

namespace ockham::emulator {

enum class WarpGroupType : uint8_t { F16, BF16, TF32, E4M3, E5M2 };

/// Whatever the type, an instruction takes 32 bytes along k.
constexpr uint32_t kWarpGroupKBytes = 32;
constexpr uint32_t kMaxWarpGroupK = 32;
constexpr uint32_t kMaxWarpGroupN = 256;

constexpr uint32_t getWarpGroupK(WarpGroupType type) {
  return type == WarpGroupType::TF32   ? 8
         : type <= WarpGroupType::BF16 ? 16
                                       : 32;
}

inline std::optional<WarpGroupType> parseWarpGroupType(llvm::StringRef name) {
  return llvm::StringSwitch<std::optional<WarpGroupType>>(name)
      .Case("f16", WarpGroupType::F16)
      .Case("bf16", WarpGroupType::BF16)
      .Case("tf32", WarpGroupType::TF32)
      .Case("e4m3", WarpGroupType::E4M3)
      .Case("e5m2", WarpGroupType::E5M2)
      .Default(std::nullopt);
}

/// One thread's part.
struct WarpGroupCall {
  uint32_t *words = nullptr;
  uint32_t n = 0;
  WarpGroupType typeA = WarpGroupType::F16, typeB = WarpGroupType::F16;
  bool aInRegisters = false, halfAccumulators = false;
  /// Whether rows are contiguous instead of k.
  bool transposeA = false, transposeB = false;
  uint64_t descriptorA = 0, descriptorB = 0;
  bool accumulate = false, negate = false;
};

/// What is fixed in the instruction, as one constant of the call.
inline uint32_t encodeWarpGroupTypes(const WarpGroupCall &call) {
  return uint32_t(call.typeA) | uint32_t(call.typeB) << 4 |
         uint32_t(call.aInRegisters) << 8 |
         uint32_t(call.halfAccumulators) << 9 |
         uint32_t(call.transposeA) << 10 | uint32_t(call.transposeB) << 11;
}

inline WarpGroupCall decodeWarpGroupTypes(uint32_t bits) {
  WarpGroupCall call;
  call.typeA = WarpGroupType(bits & 0xf);
  call.typeB = WarpGroupType(bits >> 4 & 0xf);
  call.aInRegisters = bits >> 8 & 1;
  call.halfAccumulators = bits >> 9 & 1;
  call.transposeA = bits >> 10 & 1;
  call.transposeB = bits >> 11 & 1;
  return call;
}

} // namespace ockham::emulator

#endif // OCKHAM_LIB_EMULATOR_WARPGROUP_H
