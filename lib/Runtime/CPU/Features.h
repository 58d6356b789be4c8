//===- Features.h - Instruction sets of this machine ------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_RUNTIME_CPU_FEATURES_H
#define OCKHAM_RUNTIME_CPU_FEATURES_H

#include <string>
#include <vector>

namespace ockham::runtime {

struct MissingFeatures {
  std::vector<std::string> absent;  ///< This CPU, or its system, has none.
  std::vector<std::string> unknown; ///< This runtime has never heard of them.
  /// Present, but not among those that OCKHAM_CPU names.
  std::vector<std::string> hidden;
  bool any() const {
    return !absent.empty() || !unknown.empty() || !hidden.empty();
  }
};

/// Those of `features` (separated by spaces; names as in /proc/cpuinfo or as
/// LLVM writes them, and levels such as x86-64-v3) that code cannot use here.
/// Asks the system for permission where a feature needs it (AMX).
MissingFeatures findMissingFeatures(const std::string &features);

/// What OCKHAM_CPU names and this runtime does not know; empty if it is not set
/// or fine.
std::string findUnknownLimits();

/// e.g. "x86-64".
const char *architectureName();

} // namespace ockham::runtime

#endif // OCKHAM_RUNTIME_CPU_FEATURES_H
