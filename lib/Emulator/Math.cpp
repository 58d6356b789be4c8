//===- Math.cpp - Arithmetic and libdevice --------------------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What is exact, or rounded as IEEE 754 says.
//
//===----------------------------------------------------------------------===//

#include "Handlers.h"
#include "NumberFormats.h"
#include "llvm/ADT/bit.h"

#include <cmath>
#include <cstring>

using namespace ockham::emulator;

namespace {
float exp2Of(float x) { return std::exp2(x); }
float log2Of(float x) { return std::log2(x); }
float rsqrtOf(float x) { return float(1.0 / std::sqrt(double(x))); }
float sqrtOf(float x) { return std::sqrt(x); }
float tanhOf(float x) { return std::tanh(x); }
float sinOf(float x) { return std::sin(x); }
float cosOf(float x) { return std::cos(x); }
float expOf(float x) { return std::exp(x); }
float logOf(float x) { return std::log(x); }
float log1pOf(float x) { return std::log1p(x); }
float expm1Of(float x) { return std::expm1(x); }
float erfOf(float x) { return std::erf(x); }
float powOf(float x, float y) { return std::pow(x, y); }
float absOf(float x) { return std::fabs(x); }
float floorOf(float x) { return std::floor(x); }
float ceilOf(float x) { return std::ceil(x); }
float truncOf(float x) { return std::trunc(x); }
/// A NaN gives zero.
float saturate(float x) { return std::fmin(std::fmax(x, 0.f), 1.f); }
float roundOf(float x) { return std::nearbyint(x); }
float fmaOf(float x, float y, float z) { return std::fma(x, y, z); }
/// A NaN gives the other operand.
float maxOf(float x, float y) { return std::fmax(x, y); }
float minOf(float x, float y) { return std::fmin(x, y); }
double sqrtOfDouble(double x) { return std::sqrt(x); }
double expOfDouble(double x) { return std::exp(x); }

uint32_t toInt(float x) {
  if (std::isnan(x))
    return 0;
  float rounded = std::nearbyint(x);
  if (rounded >= 2147483648.f)
    return 0x7fffffff;
  if (rounded < -2147483648.f)
    return 0x80000000u;
  return int32_t(rounded);
}
float fromInt(uint32_t x) { return int32_t(x); }

uint32_t toBFloat16(float value) { return roundToBFloat16(value); }
uint32_t toTF32(float value) { return roundToTF32(value); }
/// The first operand goes to the upper half.
void packBFloat16(ResultSlot *slot, float high, float low) {
  uint32_t packed =
      uint32_t(roundToBFloat16(high)) << 16 | roundToBFloat16(low);
  std::memcpy(slot, &packed, sizeof(packed));
}
void packHalf(ResultSlot *slot, float high, float low) {
  uint32_t packed = packHalves(low, high);
  std::memcpy(slot, &packed, sizeof(packed));
}

/// prmt: each nibble of the selector names a byte of the two words, or, with
/// its upper bit set, that byte's sign.
uint32_t permuteBytes(uint32_t low, uint32_t high, uint32_t selector) {
  uint64_t bytes = uint64_t(high) << 32 | low;
  uint32_t result = 0;
  for (unsigned i = 0; i < 4; ++i) {
    uint32_t select = selector >> 4 * i & 0xf;
    uint32_t byte = bytes >> 8 * (select & 7) & 0xff;
    if (select & 8)
      byte = byte & 0x80 ? 0xff : 0;
    result |= byte << 8 * i;
  }
  return result;
}
} // namespace

static void addIntrinsics(HandlerTable &table) {
  const std::string prefix = "llvm.nvvm.";
  struct Function {
    const char *name;
    float (*function)(float);
  };
  const Function functions[] = {
      {"sqrt.f", sqrtOf},       {"fabs.f32", absOf},
      {"fabs.f", absOf},        {"fabs.ftz.f32", absOf},
      {"fabs.ftz.f", absOf},    {"floor.f", floorOf},
      {"floor.ftz.f", floorOf}, {"trunc.f", truncOf},
      {"trunc.ftz.f", truncOf}, {"ceil.f", ceilOf},
      {"ceil.ftz.f", ceilOf},   {"round.f", roundOf},
      {"saturate.f", saturate}, {"saturate.ftz.f", saturate},
  };
  for (const Function &entry : functions)
    table.addPure(prefix + entry.name, entry.function);
  for (const char *ftz : {"", ".ftz"}) {
    table.addPure(prefix + "fmax" + ftz + ".f", maxOf);
    table.addPure(prefix + "fmin" + ftz + ".f", minOf);
    table.addPure(prefix + "f2i.rn" + ftz, toInt);
  }
  table.addPure(prefix + "i2f.rn", fromInt);
  table.addPure(prefix + "ff2bf16x2.rn", packBFloat16);
  table.addPure(prefix + "ff2f16x2.rn", packHalf);
  table.addPure(prefix + "f2bf16.rn", toBFloat16);
  table.addPure(prefix + "f2tf32.rna", toTF32);
  table.addPure(prefix + "prmt", permuteBytes);
}

/// What libdevice has, for modules that it is not linked into.
static void addLibdevice(HandlerTable &table) {
  struct Function {
    const char *name;
    float (*function)(float);
  };
  const Function functions[] = {
      {"expf", expOf},        {"fast_expf", expOf}, {"exp2f", exp2Of},
      {"logf", logOf},        {"fast_logf", logOf}, {"log2f", log2Of},
      {"fast_log2f", log2Of}, {"log1pf", log1pOf},  {"expm1f", expm1Of},
      {"rsqrtf", rsqrtOf},    {"sqrtf", sqrtOf},    {"tanhf", tanhOf},
      {"fast_tanhf", tanhOf}, {"erff", erfOf},      {"sinf", sinOf},
      {"fast_sinf", sinOf},   {"cosf", cosOf},      {"fast_cosf", cosOf},
      {"fabsf", absOf},       {"floorf", floorOf},  {"ceilf", ceilOf},
      {"rintf", roundOf}};
  for (const Function &entry : functions)
    table.addPure(std::string("__nv_") + entry.name, entry.function);
  table.addPure("__nv_powf", powOf);
  table.addPure("__nv_fast_powf", powOf);
  table.addPure("__nv_fmaf", fmaOf);
  table.addPure("__nv_fmaxf", maxOf);
  table.addPure("__nv_fminf", minOf);
  table.addPure("__nv_sqrt", sqrtOfDouble);
  table.addPure("__nv_exp", expOfDouble);
}

void ockham::emulator::addMathHandlers(HandlerTable &table) {
  addIntrinsics(table);
  addLibdevice(table);
}
