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

/// What is loaded, stored, chosen and handed from block to block as f16 or bf16
/// is i16. Processors without arithmetic on these floats have no registers for
/// them: the code generator would make a branch for each element of a masked
/// access, and carry other elements one by one as f32, with a call for each.
/// Run on code that nothing rewrites any more: as few casts as there are, the
/// optimizer moves them to where it likes.
void moveFloatsAsIntegers(llvm::Module &module);

} // namespace ockham::cpu

#endif // OCKHAM_LIB_TARGET_CPU_FLOATCONVERSIONS_H
