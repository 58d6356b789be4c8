//===- RoundedMath.cpp - Arithmetic with a rounding mode ------------------===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// add.rz.ftz.f and its relatives, which libdevice is made of.
//
//===----------------------------------------------------------------------===//

#include "Handlers.h"

#include <cfenv>
#include <cmath>
#include <limits>

#pragma STDC FENV_ACCESS ON

using namespace ockham::emulator;

namespace {
/// The host's rounding mode for one operation.
class RoundingScope {
public:
  explicit RoundingScope(int mode) : previous(std::fegetround()) {
    if (mode != previous)
      std::fesetround(mode);
  }
  ~RoundingScope() { std::fesetround(previous); }

private:
  int previous;
};

/// Subnormal operands and results of .ftz instructions are zero.
template <bool ftz, typename T>
T flush(T x) {
  if (ftz && std::fabs(x) < std::numeric_limits<T>::min())
    return std::copysign(T(0), x);
  return x;
}

/// The handlers of one type, rounding mode and treatment of subnormals.
template <typename T, int mode, bool ftz>
struct Rounded {
  template <typename Operation, typename... Operands>
  static T apply(Operation operation, Operands... operands) {
    RoundingScope scope(mode);
    // Not to be computed before the mode is set.
    volatile T result = operation(flush<ftz>(operands)...);
    return flush<ftz>(T(result));
  }

  static T add(T x, T y) {
    return apply([](volatile T x, T y) { return x + y; }, x, y);
  }
  static T multiply(T x, T y) {
    return apply([](volatile T x, T y) { return x * y; }, x, y);
  }
  static T divide(T x, T y) {
    return apply([](volatile T x, T y) { return x / y; }, x, y);
  }
  static T fma(T x, T y, T z) {
    return apply([](volatile T x, T y, T z) { return std::fma(T(x), y, z); }, x,
                 y, z);
  }
  static T reciprocal(T x) {
    return apply([](volatile T x) { return T(1) / x; }, x);
  }
  static T root(T x) {
    return apply([](volatile T x) { return std::sqrt(T(x)); }, x);
  }

  static void addHandlers(HandlerTable &table, const std::string &suffix) {
    const std::string prefix = "llvm.nvvm.";
    table.addPure(prefix + "add." + suffix, add);
    table.addPure(prefix + "mul." + suffix, multiply);
    table.addPure(prefix + "div." + suffix, divide);
    table.addPure(prefix + "fma." + suffix, fma);
    table.addPure(prefix + "rcp." + suffix, reciprocal);
    table.addPure(prefix + "sqrt." + suffix, root);
  }
};
} // namespace

template <int mode>
static void addMode(HandlerTable &table, const std::string &name) {
  Rounded<float, mode, false>::addHandlers(table, name + ".f");
  Rounded<float, mode, true>::addHandlers(table, name + ".ftz.f");
  Rounded<double, mode, false>::addHandlers(table, name + ".d");
}

void ockham::emulator::addRoundedMathHandlers(HandlerTable &table) {
  addMode<FE_TONEAREST>(table, "rn");
  addMode<FE_DOWNWARD>(table, "rm");
  addMode<FE_UPWARD>(table, "rp");
  addMode<FE_TOWARDZERO>(table, "rz");
}
