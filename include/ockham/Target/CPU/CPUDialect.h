//===- CPUDialect.h - How a CPU runs kernels --------------------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_TARGET_CPU_CPUDIALECT_H
#define OCKHAM_TARGET_CPU_CPUDIALECT_H

#include "dialects/Tile/TileDialect.h"

#include "ockham/Target/CPU/CPUDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "ockham/Target/CPU/CPUAttrs.h.inc"

namespace ockham::cpu {

/// Registers that a product of `rows` x `vectors` accumulators needs: these,
/// one operand of each row or of each vector, and the other operand.
int64_t countRegisters(int64_t rows, int64_t vectors);
int64_t countPresentRegisters(int64_t vectorBytes);

/// How many of the `vectors` of a row a product accumulates at once. Where it
/// is a step of a loop that carries the accumulators, all of them; else it goes
/// through its columns in parts that fit.
int64_t getVectorsAtOnce(tile::DotOp dot, int64_t rows, int64_t vectors,
                         int64_t vectorBytes);
constexpr int64_t kLineBytes = 64; ///< Of a cache.
/// Lines that a step of the loop reads of the panels that it goes down.
int64_t countPanelLines(tile::ForOp loop);

/// What the sums of a block may take on the stack between parts of a depth.
constexpr int64_t kMostSumBytes = 1 << 17;

/// True if the product is such a step.
bool isStepOfLoop(tile::DotOp dot);

/// True if a product of the kernel reads pairs of bf16 on both sides.
bool multipliesBf16Pairs(tile::KernelOp kernel);

} // namespace ockham::cpu

#endif // OCKHAM_TARGET_CPU_CPUDIALECT_H
