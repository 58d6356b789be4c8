//===- FormBlocks.cpp - Ops of one transformer block become tfm.block -----===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "Raising.h"
namespace ockham::raising {
void formBlocks(Raiser &raiser) {}
} // namespace ockham::raising
