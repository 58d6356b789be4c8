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

#endif // OCKHAM_TARGET_CPU_CPUDIALECT_H
