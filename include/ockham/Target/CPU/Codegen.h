//===- Codegen.h - LLVM code for one CPU ------------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TARGET_CPU_CODEGEN_H
#define OCKHAM_TARGET_CPU_CODEGEN_H

#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace llvm {
class Module;
class TargetMachine;
class raw_pwrite_stream;
} // namespace llvm

namespace ockham {

/// The processor that code is generated for.
struct CPUTarget {
  std::string triple;
  /// LLVM's name, e.g. "x86-64-v4" or "znver4".
  std::string cpu;
  /// LLVM's feature string, e.g. "+avx512f,+fma".
  std::string features;
  /// Width of the widest vector register in bytes.
  int64_t vectorBytes = 16;
  /// There is an instruction that multiplies pairs of bf16 (AVX512-BF16). Only
  /// functions with such products may use what comes with it: it would flush
  /// small numbers to zero elsewhere, too.
  bool hasBf16Pairs = false;
  /// There is a matrix unit for bf16 (AMX). Only functions that use it may:
  /// tiles are configured and released per function.
  bool hasAMX = false;
  /// Nothing gains from it but products of bf16 on both sides.
  bool isForBf16Pairs = false;
  /// What a machine needs to run the code, as ockham_model.features says it:
  /// names as in /proc/cpuinfo, separated by spaces.
  std::string requirements;
};

/// The processor that `name` stands for: "native" for this machine, "baseline"
/// for the least of its architecture, or an LLVM CPU name; with instruction
/// sets that it has besides: "x86-64-v4+avx512bf16+amx-bf16".
llvm::Expected<CPUTarget> getCPUTarget(llvm::StringRef name);

/// The processors of a model that chooses when it is loaded, from the least
/// demanding on: for "portable" the levels of the architecture that differ in
/// their vectors or in what multiplies bf16, else the one that `name` stands
/// for.
llvm::Expected<std::vector<CPUTarget>> getCPUTargets(llvm::StringRef name);

/// What a machine needs to run the module: the requirements of the target, and
/// the instruction sets for bf16 that functions use.
std::string findRequirements(const CPUTarget &target,
                             const llvm::Module &module);

/// LLVM's code generator for the target.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createTargetMachine(const CPUTarget &target);

/// Optimises the module for the target and writes an object file.
llvm::Error emitObject(llvm::Module &module, const CPUTarget &target,
                       llvm::TargetMachine &machine,
                       llvm::raw_pwrite_stream &os);

} // namespace ockham

#endif // OCKHAM_TARGET_CPU_CODEGEN_H
