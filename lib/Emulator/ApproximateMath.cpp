//===- ApproximateMath.cpp - ex2.approx and its like ----------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Results are off by as much as PTX's manual allows and no more: by a part of
// the bound that depends on the operands' bits alone. What the hardware returns
// differs in the last bits, but a kernel that cannot stand the error is noticed
// here too. Where the manual names special cases (zeros, infinities, NaNs),
// these are exact.
//
//===----------------------------------------------------------------------===//

#include "Handlers.h"
#include "llvm/ADT/bit.h"

#include <cmath>
#include <limits>

using namespace ockham::emulator;

/// The manual's bounds: relative errors, or absolute where that is said.
static const double kExp2Error = std::exp2(-22);
/// Absolute for operands between 0.5 and 2.
static const double kLog2Error = std::exp2(-22);
static const double kReciprocalError = std::exp2(-23);
static const double kSqrtError = std::exp2(-23);
static const double kRsqrtError = std::exp2(-22.9);
/// Two units in the last place.
static const double kDivisionError = std::exp2(-22);
static const double kTanhError = std::exp2(-11);
/// Absolute within two pi of zero, and relative beyond.
static const double kSineError = std::exp2(-20.5);
static const double kFarSineError = std::exp2(-14.7);

/// Between -1 and 1, for each operand another.
static double getShare(uint32_t bits) {
  bits ^= bits >> 16;
  bits *= 0x7feb352du;
  bits ^= bits >> 15;
  bits *= 0x846ca68bu;
  bits ^= bits >> 16;
  return std::ldexp(double(int32_t(bits)), -31);
}

/// `exact`, off by a share of `bound`. Rounding to f32 is part of that.
static float addError(double exact, double bound, float operand) {
  if (exact == 0 || !std::isfinite(exact))
    return exact;
  double rounding = std::ldexp(std::fabs(exact), -24);
  double error = std::max(bound - rounding, 0.0);
  return exact + error * getShare(llvm::bit_cast<uint32_t>(operand));
}

static float addRelativeError(double exact, double bound, float operand) {
  return addError(exact, bound * std::fabs(exact), operand);
}

namespace {
/// Subnormal results and operands of .ftz instructions are zero.
float flush(float x) {
  return std::fabs(x) < std::numeric_limits<float>::min()
             ? std::copysign(0.f, x)
             : x;
}

float exp2Of(float x) {
  if (x == 0)
    return 1;
  return addRelativeError(std::exp2(double(x)), kExp2Error, x);
}

float log2Of(float x) {
  double exact = std::log2(double(x));
  bool isNearOne = x > 0.5f && x < 2;
  return addError(exact, kLog2Error * (isNearOne ? 1 : std::fabs(exact)), x);
}

float reciprocalOf(float x) {
  return addRelativeError(1 / double(x), kReciprocalError, x);
}
float sqrtOf(float x) {
  return std::copysign(addRelativeError(std::sqrt(double(x)), kSqrtError, x),
                       x);
}
float rsqrtOf(float x) {
  return addRelativeError(1 / std::sqrt(double(x)), kRsqrtError, x);
}
float tanhOf(float x) {
  double exact = std::tanh(double(x));
  float result = addRelativeError(exact, kTanhError, x);
  return std::isinf(x) ? exact : std::fmin(std::fmax(result, -1.f), 1.f);
}

float addSineError(double exact, float x) {
  if (std::fabs(x) <= 2 * M_PI)
    return addError(exact, kSineError, x);
  return addRelativeError(exact, kFarSineError, x);
}
float sinOf(float x) { return addSineError(std::sin(double(x)), x); }
float cosOf(float x) { return addSineError(std::cos(double(x)), x); }

float divide(float x, float y) {
  return addRelativeError(double(x) / y, kDivisionError, x + y);
}

template <float (*function)(float)>
float flushed(float x) {
  return flush(function(flush(x)));
}
float divideFlushed(float x, float y) {
  return flush(divide(flush(x), flush(y)));
}
} // namespace

void ockham::emulator::addApproximateMathHandlers(HandlerTable &table) {
  const std::string prefix = "llvm.nvvm.";
  struct Function {
    const char *name;
    float (*function)(float);
  };
  const Function functions[] = {
      {"ex2.approx.f", exp2Of},
      {"ex2.approx.f32", exp2Of},
      {"ex2.approx.ftz.f", flushed<exp2Of>},
      {"ex2.approx.ftz.f32", flushed<exp2Of>},
      {"lg2.approx.f", log2Of},
      {"lg2.approx.ftz.f", flushed<log2Of>},
      {"rcp.approx.ftz.f", flushed<reciprocalOf>},
      {"rsqrt.approx.f", rsqrtOf},
      {"rsqrt.approx.ftz.f", flushed<rsqrtOf>},
      {"sqrt.approx.f", sqrtOf},
      {"sqrt.approx.ftz.f", flushed<sqrtOf>},
      {"tanh.approx.f32", tanhOf},
      {"sin.approx.f", sinOf},
      {"sin.approx.ftz.f", flushed<sinOf>},
      {"cos.approx.f", cosOf},
      {"cos.approx.ftz.f", flushed<cosOf>},
  };
  for (const Function &entry : functions)
    table.addPure(prefix + entry.name, entry.function);
  // What NVPTX's backend makes approximate instructions of, or nothing; reading
  // a module turns nvvm.tanh.approx into one of them.
  const Function generic[] = {{"llvm.exp2.f32", exp2Of},
                              {"llvm.log2.f32", log2Of},
                              {"llvm.sin.f32", sinOf},
                              {"llvm.cos.f32", cosOf},
                              {"llvm.tanh.f32", tanhOf}};
  for (const Function &entry : generic)
    table.addPure(entry.name, entry.function);
  table.addPure(prefix + "div.approx.f", divide);
  table.addPure(prefix + "div.approx.ftz.f", divideFlushed);
  // libdevice has this one as inline PTX.
  table.addPTX("rcp.approx.ftz.f32",
               [](const PTXInstruction &instruction,
                  PTXBuilder &builder) -> llvm::Error {
                 auto result =
                     builder.call("llvm.nvvm.rcp.approx.ftz.f",
                                  {builder.read(instruction.operands[1])});
                 if (!result)
                   return result.takeError();
                 return builder.write(instruction.operands[0], *result);
               });
  // What "full" range means is that large divisors are scaled first.
  table.addPure(prefix + "div.full", divide);
  table.addPure(prefix + "div.full.ftz", divideFlushed);
}
