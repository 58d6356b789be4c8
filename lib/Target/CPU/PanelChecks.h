//===- PanelChecks.h - What kernels may read of panels ----------*- C++ -*-===//
//
// Part of the Ockham project, under the Apache License v2.0 with LLVM
// Exceptions. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef OCKHAM_LIB_TARGET_CPU_PANELCHECKS_H
#define OCKHAM_LIB_TARGET_CPU_PANELCHECKS_H

#include "dialects/Tile/TileDialect.h"

namespace ockham::cpu {

/// Refuses what the lowering of kernels has no code for: windows of products
/// that reach over several panels; of panels whose rows lie in pairs anything
/// but whole pairs, as right-hand sides of products that go down the rows, or
/// as columns that are gathered.
llvm::LogicalResult verifyPanels(tile::KernelOp kernel);

} // namespace ockham::cpu

#endif // OCKHAM_LIB_TARGET_CPU_PANELCHECKS_H
