//===- FloatConversions.h - Conversions that processors lack ----*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_CPU_FLOATCONVERSIONS_H
#define OCKHAM_LIB_TARGET_CPU_FLOATCONVERSIONS_H

namespace llvm {
class Module;
} // namespace llvm

namespace ockham::cpu {

/// Where the module computes with f16 or bf16, defines the functions that code
/// generators call to convert them. They belong to the compiler's runtime
/// library, which the process that loads a model need not have.
void defineFloatConversions(llvm::Module &module);

/// Masked accesses of vectors of f16 and bf16 become such of i16: processors
/// without arithmetic on these floats have no others, and the code generator
/// would make a branch for each element.
void accessFloatsAsIntegers(llvm::Module &module);

} // namespace ockham::cpu

#endif // OCKHAM_LIB_TARGET_CPU_FLOATCONVERSIONS_H
